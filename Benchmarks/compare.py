#!/usr/bin/env python3
"""Compares cofferd with redis-server, both over a Unix socket, on this machine.

    compare.py --cofferd PROGRAM --coffer PROGRAM --coffer-bench PROGRAM [--rounds 7] [--seconds 1] [--keys 100000] [--json FILE]

Both servers run at once on one CPU, the generator on another; only one is measured at a time, and the two take
turns within each round, so that whatever else the machine does meets both. A ratio is the median of the ratios of
the rounds, the other numbers are medians. Needs root, two CPUs, redis-server, taskset, setpriv.

A shape is CONNECTIONSxDEPTH, then as needed @VALUE_SIZE (128), /HOT (only so many of the keys are asked for), :READS (in
percent; 100) and = (server and generator share one CPU).

For reads Redis keeps nothing on disk (no save, no append-only file). Writes are compared alone, :0, with a Redis that
syncs each to disk before it answers (appendfsync always), as cofferd does.

--json writes an array of rows for machines: op, connections, depth, value_bytes, keys, same_cpu, ours and peer
(ops_per_second, p50_us, p99_us, p999_us, cpu_us), ratio.
"""
import argparse
import json
import platform
import re
import statistics
import subprocess
import sys

from servers import Coffer, Redis, Trouble, Work, add_arguments

READS = ["1x1=", "16x1", "50x1", "16x16", "1x64"]
SHAPES = ",".join(
    [shape.replace("=", "") + size + ("=" if "=" in shape else "") for size in ("", "/1000", "@1024", "@4096") for shape in READS]
    + ["1x1:0", "16x1:0", "16x16:0"])
COLUMNS = ("ops_per_second", "p50_us", "p99_us", "p999_us", "server_cpu_ns_per_op")


class Shape:
    def __init__(self, text):
        found = re.fullmatch(r"(\d+)x(\d+)(?:@(\d+))?(?:/(\d+))?(?::(0|100))?(=)?", text)
        if not found:
            raise argparse.ArgumentTypeError(f"{text}: not CONNECTIONSxDEPTH@VALUE_SIZE/HOT:READS=, READS being 0 or 100")
        self.connections, self.depth = int(found[1]), int(found[2])
        self.value_size, self.hot, self.reads = int(found[3] or 128), int(found[4] or 0), int(found[5] or 100)
        self.same_cpu = bool(found[6])

    @property
    def writes(self):
        return self.reads == 0

    def __str__(self):
        return (f"{'put' if self.writes else 'get'} {self.connections}x{self.depth} {self.value_size} B"
                + (f" hot {self.hot:,}" if self.hot else "") + (" same CPU" if self.same_cpu else ""))


def measure(work, servers, shape, options):
    """The rounds of one shape: a list of {target: line}."""
    rounds = []
    for number in range(options.rounds):
        # Whoever is first in one round is second in the next.
        order = servers if number % 2 == 0 else servers[::-1]
        rounds.append({server.target: work.run(
            server, connections=shape.connections, depth=shape.depth, value_size=shape.value_size, reads=shape.reads,
            keys=min(shape.hot or options.keys, options.keys), duration_seconds=options.seconds, warmup_seconds=options.warmup,
            seed=number + 1, cpu=options.server_cpu if shape.same_cpu else None)
            for server in order})
    return rounds


def medians(rounds):
    found = {name: {target: statistics.median(r[target][name] for r in rounds) for target in ("coffer", "redis")}
             for name in COLUMNS}
    found["ratio"] = statistics.median(r["coffer"]["ops_per_second"] / r["redis"]["ops_per_second"] for r in rounds)
    found["cpu_ratio"] = statistics.median(r["coffer"]["server_cpu_ns_per_op"] / r["redis"]["server_cpu_ns_per_op"] for r in rounds)
    # A generator that fills its CPU is what was measured, not the server.
    found["generator"] = max(r[target]["generator_cpu_ns_per_op"] * r[target]["ops_per_second"] / 1e9
                             for r in rounds for target in ("coffer", "redis"))
    return found


def machine_row(shape, found, options):
    """What --json writes of a shape."""
    def side(target):
        values = {name: round(found[name][target], 2) for name in COLUMNS}
        return {**{name: values[name] for name in COLUMNS[:4]}, "cpu_us": round(values["server_cpu_ns_per_op"] / 1000, 4)}
    return {"op": "put" if shape.writes else "get", "connections": shape.connections, "depth": shape.depth,
            "value_bytes": shape.value_size, "keys": min(shape.hot or options.keys, options.keys), "same_cpu": shape.same_cpu,
            "ours": side("coffer"), "peer": side("redis"), "ratio": round(found["ratio"], 4)}


def row(shape, found):
    def pair(name, form):
        return f"{found[name]['coffer']:{form}} {found[name]['redis']:{form}}"
    return (f"{str(shape):26} {pair('ops_per_second', '10,.0f')} {found['ratio']:6.2f}  {pair('p50_us', '8.1f')}  "
            f"{pair('p99_us', '8.1f')}  {pair('p999_us', '9.1f')}  {pair('server_cpu_ns_per_op', '8,.0f')} {found['cpu_ratio']:6.2f} {found['generator']:5.0%}")


HEAD = (f"{'':26} {'operations/s':>21} {'ours/':>6}  {'p50 µs':>17}  {'p99 µs':>17}  {'p99.9 µs':>19}  "
        f"{'server CPU ns/op':>17} {'ours/':>6} {'gen.':>5}\n"
        f"{'shape':26} {'ours':>10} {'redis':>10} {'redis':>6}  {'ours':>8} {'redis':>8}  {'ours':>8} {'redis':>8}  "
        f"{'ours':>9} {'redis':>9}  {'ours':>8} {'redis':>8} {'redis':>6} {'CPU':>5}")


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
    parser.add_argument("--seconds", type=float, default=1.0, help="of each run")
    parser.add_argument("--warmup", type=float, default=0.3, help="seconds before each run")
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--shapes", default=SHAPES, help=f"default: {SHAPES}")
    parser.add_argument("--json", metavar="FILE", help="write a row for each shape there")
    parser.add_argument("--lines", metavar="FILE", help="write every line of every round there")
    options = parser.parse_args()
    try:
        shapes = [Shape(text) for text in options.shapes.split(",")]
    except argparse.ArgumentTypeError as error:
        parser.error(str(error))
    rows, lines = [], []
    describe(options)
    print(HEAD, flush=True)
    with Work(options) as work:
        # Each size has its own stores; writes too, as they leave versions behind and want another Redis.
        for size, writes in sorted({(shape.value_size, shape.writes) for shape in shapes}, key=lambda kind: (kind[1], kind[0])):
            with Coffer(work) as coffer, Redis(work, durable=writes) as redis:
                for server in (coffer, redis):
                    work.run(server, load=True, duration_seconds=0, connections=4, depth=32, value_size=size, keys=options.keys)
                for shape in (s for s in shapes if (s.value_size, s.writes) == (size, writes)):
                    rounds = measure(work, [coffer, redis], shape, options)
                    found = medians(rounds)
                    rows.append(machine_row(shape, found, options))
                    lines += [{"shape": str(shape), "round": n, **line} for n, r in enumerate(rounds) for line in r.values()]
                    print(row(shape, found), flush=True)
    print("\nput: both sync each write to disk before they answer (redis: appendfsync always)")
    print("gen. CPU: the most of its CPU that the generator used in a round; near 100 % it is the limit")
    for path, content in ((options.json, rows), (options.lines, lines)):
        if path:
            with open(path, "w") as file:
                json.dump(content, file, indent=1)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as error:
        print(f"compare.py: {error}", file=sys.stderr)
        sys.exit(2)
