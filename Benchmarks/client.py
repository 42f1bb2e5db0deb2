#!/usr/bin/env python3
"""What the Swift client library costs, beside the load generator on the same daemon.

    client.py --cofferd PROGRAM --coffer PROGRAM --coffer-bench PROGRAM --coffer-bench-client PROGRAM [--rounds 7] [--seconds 2]

1. One task that awaits one GET after the other, beside the generator's 1x1: what the library adds to a round trip (goal: at most 15 us
   at p50).
2. 64 tasks that share one connection, beside the generator's 1x64: throughput (goal: at least half).

In turns, the daemon on one CPU, the generator or the program with the library on the other; every answer is checked.

Exit code: 0; 1 where a goal is missed and --gate is given; 2 the measurement could not be made.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys

from compare import describe_machine
from servers import UID, Coffer, Trouble, Work, add_arguments


def ask(work, server, program, tasks, options, seed):
    """A line of coffer-bench-client, as the same user and on the same CPU as the generator."""
    done = subprocess.run(
        ["taskset", "-c", str(options.generator_cpu), "setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", program,
         "--socket", server.socket, "--tasks", str(tasks), "--keys", str(options.keys), "--duration-seconds", str(options.seconds),
         "--seed", str(seed)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Trouble(f"coffer-bench-client ended with {done.returncode}: {done.stderr}{server.last_words()}")
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--coffer-bench-client", required=True, help="the program with the client library")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--gate", action="store_true", help="the goals must be met")
    options = parser.parse_args()
    print(f"{describe_machine()}; {options.rounds} rounds of {options.seconds:g} s, medians; {options.keys:,} keys, 128 bytes")
    print(f"{'':22} {'operations/s':>12} {'p50 µs':>8} {'p99 µs':>8}")
    good = True
    with Work(options) as work, Coffer(work) as server:
        program = shutil.copy(options.coffer_bench_client, work.path("coffer-bench-client"))
        os.chmod(program, 0o755)
        work.run(server, load=True, duration_seconds=0, connections=4, depth=64, keys=options.keys)
        for width in (1, 64):
            rounds = []
            for number in range(options.rounds):
                turns = {
                    "generator": lambda: work.run(server, connections=1, depth=width, keys=options.keys, duration_seconds=options.seconds,
                                                  warmup_seconds=0.3, seed=number + 1),
                    "library": lambda: ask(work, server, program, width, options, number + 1)}
                order = list(turns) if number % 2 == 0 else list(turns)[::-1]
                rounds.append({who: turns[who]() for who in order})
            for who, what in (("generator", f"generator, 1x{width}"), ("library", f"library, {width} task{'s' * (width > 1)}")):
                found = [statistics.median(r[who][column] for r in rounds) for column in ("ops_per_second", "p50_us", "p99_us")]
                print(f"{what:22} {found[0]:12,.0f} {found[1]:8.1f} {found[2]:8.1f}")
            if width == 1:
                more = statistics.median(r["library"]["p50_us"] - r["generator"]["p50_us"] for r in rounds)
                good &= more <= 15
                print(f"the library adds {more:.1f} us at p50 (goal: at most 15){'' if more <= 15 else '  MISSED'}", flush=True)
            else:
                ratio = statistics.median(r["library"]["ops_per_second"] / r["generator"]["ops_per_second"] for r in rounds)
                good &= ratio >= 0.5
                print(f"library / generator: {ratio:.2f} (goal: at least 0.5){'' if ratio >= 0.5 else '  MISSED'}", flush=True)
    return 1 if options.gate and not good else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as error:
        print(f"client.py: {error}", file=sys.stderr)
        sys.exit(2)
