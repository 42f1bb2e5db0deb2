#!/usr/bin/env python3
"""Compares cofferd with redis-server, both over a Unix socket, on this machine.

    compare.py --cofferd PROGRAM --coffer PROGRAM --coffer-bench PROGRAM [--rounds 7] [--seconds 2] [--keys 100000]

Both servers run at once on one CPU, the generator on another; only one is measured at a time, and the two take
turns within each round, so that whatever else the machine does meets both. A ratio is the median of the ratios of
the rounds, the other numbers are medians. Needs root, two CPUs, redis-server, taskset, setpriv.

A shape is CONNECTIONSxDEPTH, then @VALUE_SIZE (128 if left out), then :READS in percent (100 if left out).
Redis keeps nothing on disk here (no save, no append-only file); cofferd syncs each write before it answers. So a
shape with writes compares two different promises, and is marked.
"""
import argparse
import json
import platform
import re
import statistics
import subprocess
import sys

from servers import Coffer, Redis, Trouble, Work, add_arguments

SHAPES = "1x1,16x1,50x1,16x16,1x64,16x1@1024,16x16@1024,16x1:90"
COLUMNS = ("ops_per_second", "p50_us", "p99_us", "p999_us", "server_cpu_ns_per_op")


class Shape:
    def __init__(self, text):
        found = re.fullmatch(r"(\d+)x(\d+)(?:@(\d+))?(?::(\d+))?", text)
        if not found:
            raise argparse.ArgumentTypeError(f"{text}: not CONNECTIONSxDEPTH@VALUE_SIZE:READS")
        self.connections, self.depth = int(found[1]), int(found[2])
        self.value_size, self.reads = int(found[3] or 128), int(found[4] or 100)

    def __str__(self):
        return f"{self.connections}x{self.depth} {self.value_size} B {self.reads}%" + ("*" if self.reads < 100 else "")


def measure(work, servers, shape, options):
    """The rounds of one shape: a list of {target: line}."""
    rounds = []
    for number in range(options.rounds):
        # Whoever is first in one round is second in the next.
        order = servers if number % 2 == 0 else servers[::-1]
        rounds.append({server.target: work.run(
            server, connections=shape.connections, depth=shape.depth, value_size=shape.value_size, reads=shape.reads,
            keys=options.keys, duration_seconds=options.seconds, warmup_seconds=options.warmup, seed=number + 1)
            for server in order})
    return rounds


def medians(rounds):
    found = {name: {target: statistics.median(r[target][name] for r in rounds) for target in ("coffer", "redis")}
             for name in COLUMNS}
    found["ratio"] = statistics.median(r["coffer"]["ops_per_second"] / r["redis"]["ops_per_second"] for r in rounds)
    # A generator that fills its CPU is what was measured, not the server.
    found["generator"] = max(r[target]["generator_cpu_ns_per_op"] * r[target]["ops_per_second"] / 1e9
                             for r in rounds for target in ("coffer", "redis"))
    return found


def row(shape, found):
    def pair(name, form):
        return f"{found[name]['coffer']:{form}} {found[name]['redis']:{form}}"
    return (f"{str(shape):18} {pair('ops_per_second', '10,.0f')} {found['ratio']:6.2f}  {pair('p50_us', '8.1f')}  "
            f"{pair('p99_us', '8.1f')}  {pair('p999_us', '9.1f')}  {pair('server_cpu_ns_per_op', '8,.0f')} {found['generator']:5.0%}")


HEAD = (f"{'':18} {'operations/s':>21} {'ours/':>6}  {'p50 µs':>17}  {'p99 µs':>17}  {'p99.9 µs':>19}  "
        f"{'server CPU ns/op':>17} {'gen.':>5}\n"
        f"{'shape':18} {'ours':>10} {'redis':>10} {'redis':>6}  {'ours':>8} {'redis':>8}  {'ours':>8} {'redis':>8}  "
        f"{'ours':>9} {'redis':>9}  {'ours':>8} {'redis':>8} {'CPU':>5}")


def describe_machine():
    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    return f"Linux {platform.release()}, {model[1] if model else platform.machine()}"


def describe(options):
    version = subprocess.run(["redis-server", "--version"], stdout=subprocess.PIPE, text=True).stdout
    print(f"{options.keys:,} keys; {options.rounds} rounds of {options.seconds:g} s a server and shape; medians")
    print(f"{describe_machine()}, {' '.join(version.split()[:3])}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each run")
    parser.add_argument("--warmup", type=float, default=0.3, help="seconds before each run")
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--shapes", default=SHAPES, help=f"default: {SHAPES}")
    parser.add_argument("--json", metavar="FILE", help="write every line of every round there")
    options = parser.parse_args()
    try:
        shapes = [Shape(text) for text in options.shapes.split(",")]
    except argparse.ArgumentTypeError as error:
        parser.error(str(error))
    everything = []
    describe(options)
    print(HEAD, flush=True)
    with Work(options) as work:
        # Each size has its own stores. Writes come last within a size: they leave versions behind.
        for size in sorted({shape.value_size for shape in shapes}):
            with Coffer(work) as coffer, Redis(work) as redis:
                for server in (coffer, redis):
                    work.run(server, load=True, duration_seconds=0, connections=4, depth=32, value_size=size, keys=options.keys)
                for shape in sorted((s for s in shapes if s.value_size == size), key=lambda s: -s.reads):
                    rounds = measure(work, [coffer, redis], shape, options)
                    everything += [{"shape": str(shape), "round": n, **line} for n, r in enumerate(rounds) for line in r.values()]
                    print(row(shape, medians(rounds)), flush=True)
    if any(shape.reads < 100 for shape in shapes):
        print("\n* with writes: cofferd syncs each to disk before it answers, redis keeps them in memory only")
    print("gen. CPU: the most of its CPU that the generator used in a round; near 100 % it is the limit")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(everything, file, indent=1)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as error:
        print(f"compare.py: {error}", file=sys.stderr)
        sys.exit(2)
