#!/usr/bin/env python3
"""The allocation gate: cofferd answers a GET, and a verify without a cost, without allocating.

    allocations.py --cofferd PROGRAM --coffer PROGRAM --coffer-bench PROGRAM [--operation get|verify] [--limited] [--planted]

Runs cofferd under Tests/Tools/malloccount, warms it up, lets coffer-bench make 1,000,000 requests over connections
that are open already, and takes the difference of the counter. Allocations of 0 per request are asked for; what works
in the background meanwhile (timers, the revision's counter) may have under 1,000 in all, however many requests there are.
--limited: the API keys are good for some networks and models only, and each verify names an address and a model.

Exit code: 0 green, 1 red, 2 the measurement could not be made. --planted starts cofferd with
COFFER_PLANT_ALLOCATION=1, one allocation in the path of a request: the gate must end in 1 then. Where it does not see
one for each request it ends in 2, so that a red of another cause does not pass for the planted one.
"""
import argparse
import os
import shutil
import subprocess
import sys

from servers import Coffer, Trouble, Work, add_arguments

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "..", "Tests", "Tools", "malloccount", "malloccount.c")
# On a slow machine the log's thread needs another table of reads meanwhile, and the run takes more of its turns.
BACKGROUND = 1_000
LIMITS = dict(allow_ips="192.0.2.0/24\n198.51.100.7\n2001:db8::/32", model_limits_enabled=True, model_limits="gpt-4o,gpt-4o-mini,o3")
PRESENTED = dict(address="192.0.2.7", model="gpt-4o-mini")


def build(work):
    compiler = next((name for name in ("clang", "cc", "gcc") if shutil.which(name)), None)
    if compiler is None:
        raise Trouble("needs clang, cc or gcc, or --malloccount")
    library = work.path("malloccount.so")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, SOURCE], check=True)
    return library


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--malloccount", help="the library, if it is built already")
    parser.add_argument("--operation", choices=("get", "verify"), default="get")
    parser.add_argument("--limited", action="store_true", help="verify of keys with networks and models")
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--keys", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--depth", type=int, default=16)
    parser.add_argument("--value-size", type=int, default=128)
    parser.add_argument("--planted", action="store_true", help="with the planted allocation: must turn red")
    options = parser.parse_args()
    if options.limited and options.operation != "verify":
        parser.error("--limited goes with --operation verify")
    with Work(options) as work:
        library = os.path.abspath(options.malloccount) if options.malloccount else build(work)
        counter = work.path("allocations")
        # Made here, so that the generator's uid can read it.
        with open(counter, "wb") as file:
            file.truncate(4096)
        os.chmod(counter, 0o644)
        environment = {"LD_PRELOAD": library, "MALLOCCOUNT_FILE": counter}
        if options.planted:
            environment["COFFER_PLANT_ALLOCATION"] = "1"
        with Coffer(work, environment) as server:
            shape = dict(connections=options.connections, depth=options.depth, value_size=options.value_size, keys=options.keys)
            if options.operation == "get":
                work.run(server, load=True, duration_seconds=0, **shape)
            else:
                server.bring_api_keys(options.keys, **(LIMITS if options.limited else {}))
                shape.update(operation="verify", **(PRESENTED if options.limited else {}))
            # Long enough that each key was asked for once.
            line = work.run(server, warmup_seconds=3, count=options.requests, allocation_file=counter, **shape)
    count, requests = line["server_allocations"], line["ops"]
    red = count >= BACKGROUND
    what = options.operation.upper() if options.operation == "get" else "limited verify" if options.limited else "verify"
    print(f"{count:,} allocations ({line['server_allocated_bytes']:,} bytes) in {requests:,} × {what}: {count / requests:.6f} each; "
          f"{'RED' if red else 'green'}, the limit is under {BACKGROUND} in all" + (" (planted)" if options.planted else ""))
    if options.planted and count < requests:
        raise Trouble("the planted allocation was not seen in each request: the gate is blind")
    return 1 if red else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Trouble, subprocess.CalledProcessError) as error:
        print(f"allocations.py: {error}", file=sys.stderr)
        sys.exit(2)
