#!/usr/bin/env python3
"""What the audit of reads costs a GET: cofferd with audit.reads off, async and sync, over its Unix socket.

    audit.py --cofferd PROGRAM --coffer PROGRAM --coffer-bench PROGRAM [--rounds 7] [--seconds 2] [--keys 100000]

Three daemons run at once on one CPU, their logs' threads too, the generator on another, as a third uid that a policy
lets in; only one is measured at a time, and they take turns within each round. A cost is the median, over the
rounds, of what a mode lost of the throughput of off in the same round. Keys are asked for at random: with more of
them fewer reads are equal, and the log has more to write; --keys 100 shows the other end.

Exit code: 0; 1 where async costs 10 % or more in a shape and --gate is given; 2 the measurement could not be made.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile

from servers import Coffer, Server, Trouble, Work, add_arguments

SHAPES = "1x1,16x1,50x1,16x16"
MODES = ("off", "async", "sync")


class Mode(Coffer):
    def __init__(self, work, mode):
        folder = tempfile.mkdtemp(prefix="store-", dir=work.folder)
        config = os.path.join(folder, "coffer.yaml")
        with open(config, "w") as file:
            file.write(f"audit:\n  reads: {mode}\n")
        Server.__init__(self, work, "coffer-" + mode, [
            os.path.abspath(work.options.cofferd), "--store", os.path.join(folder, "store"), "--socket",
            work.path(f"coffer-{mode}.sock"), "--key-file", os.path.join(folder, "key"), "--config", config
        ] + work.options.cofferd_argument)
        # As the generator calls what it talks to.
        self.mode, self.target = mode, "coffer"


def measure(work, servers, connections, depth, options):
    rounds = []
    for number in range(options.rounds):
        turn = number % len(servers)
        rounds.append({server.mode: work.run(
            server, connections=connections, depth=depth, value_size=options.value_size, keys=options.keys,
            duration_seconds=options.seconds, warmup_seconds=options.warmup, seed=number + 1)
            for server in servers[turn:] + servers[:turn]})
    return rounds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--shapes", default=SHAPES, help="CONNECTIONSxDEPTH, separated by commas")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--warmup", type=float, default=0.5)
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--value-size", type=int, default=128)
    parser.add_argument("--gate", action="store_true", help="async must cost less than 10 %%")
    options = parser.parse_args()
    worst = 0.0
    with Work(options) as work, Mode(work, "off") as off, Mode(work, "async") as later, Mode(work, "sync") as sync:
        servers = [off, later, sync]
        for server in servers:
            work.run(server, load=True, duration_seconds=0, connections=4, depth=16, value_size=options.value_size, keys=options.keys)
        print(f"{options.keys:,} keys at random, {options.value_size} B, {options.rounds} rounds of {options.seconds:g} s; "
              "GETs a second, server CPU for each, cost against off")
        for shape in options.shapes.split(","):
            connections, depth = map(int, shape.split("x"))
            rounds = measure(work, servers, connections, depth, options)
            cells = []
            for mode in MODES:
                rate = statistics.median(r[mode]["ops_per_second"] for r in rounds)
                cpu = statistics.median(r[mode]["server_cpu_ns_per_op"] for r in rounds)
                cost = 1 - statistics.median(r[mode]["ops_per_second"] / r["off"]["ops_per_second"] for r in rounds)
                cells.append(f"{mode} {rate:,.0f}/s {cpu:,.0f} ns {cost:+.1%}")
                if mode == "async":
                    worst = max(worst, cost)
            print(f"{shape:>6}  " + "   ".join(cells), flush=True)
    return 1 if options.gate and worst >= 0.10 else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Trouble, subprocess.CalledProcessError) as error:
        print(f"audit.py: {error}", file=sys.stderr)
        sys.exit(2)
