#!/usr/bin/env python3
"""The allocation gate: cofferd answers a GET without allocating.

    allocations.py --cofferd PROGRAM --coffer PROGRAM --coffer-bench PROGRAM [--planted]

Runs cofferd under Tests/Tools/malloccount, warms it up, lets coffer-bench make 1,000,000 GETs over connections
that are open already, and takes the difference of the counter. Allocations of 0 per GET are asked for; what works
in the background meanwhile (timers, the revision's counter) may have under 100 in all, however many GETs there are.

Exit code: 0 green, 1 red, 2 the measurement could not be made. --planted starts cofferd with
COFFER_PLANT_ALLOCATION=1, one allocation in the path of a GET: the gate must end in 1 then. Where it does not see
one for each GET it ends in 2, so that a red of another cause does not pass for the planted one.
"""
import argparse
import os
import shutil
import subprocess
import sys

from servers import Coffer, Trouble, Work, add_arguments

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "..", "Tests", "Tools", "malloccount", "malloccount.c")
BACKGROUND = 100


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
    parser.add_argument("--gets", type=int, default=1_000_000)
    parser.add_argument("--keys", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--depth", type=int, default=16)
    parser.add_argument("--value-size", type=int, default=128)
    parser.add_argument("--planted", action="store_true", help="with the planted allocation: must turn red")
    options = parser.parse_args()
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
            work.run(server, load=True, duration_seconds=0, **shape)
            line = work.run(server, warmup_seconds=3, count=options.gets, allocation_file=counter, **shape)
    count, gets = line["server_allocations"], line["ops"]
    red = count >= BACKGROUND
    print(f"{count:,} allocations ({line['server_allocated_bytes']:,} bytes) in {gets:,} GETs: {count / gets:.6f} per GET; "
          f"{'RED' if red else 'green'}, the limit is under {BACKGROUND} in all" + (" (planted)" if options.planted else ""))
    if options.planted and count < gets:
        raise Trouble("the planted allocation was not seen in each GET: the gate is blind")
    return 1 if red else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Trouble, subprocess.CalledProcessError) as error:
        print(f"allocations.py: {error}", file=sys.stderr)
        sys.exit(2)
