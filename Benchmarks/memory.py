#!/usr/bin/env python3
"""What many secrets cost in memory, at the start, and those who ask for a few of them.

    memory.py --cofferd PROGRAM --coffer PROGRAM --coffer-bench PROGRAM [--many 1000000] [--parts memory,start,cold]

Parts:
  memory  anonymous memory with 100,000 secrets (names of 40 bytes, values of 128), each read, less that of an empty daemon. Goal: below
          48 MiB. Then 2,000 values of 256 KiB: the index of sealed records stays within its setting (--index-size 64MiB).
  start   with a million secrets, a key file, and the file in the page cache: from the program's start to the first answer of a get.
          Goal: below 200 ms; the median of 5.
  cold    the p99 of a hot set of 1,000 names while somebody else reads a million: stated.

Exit code: 0; 1 where a goal is missed and --gate is given; 2 the measurement could not be made.
"""
import argparse
import os
import statistics
import subprocess
import sys
import threading
import time

from servers import Coffer, Trouble, Work, add_arguments

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Tests", "Interop"))
import coffer_client  # noqa: E402

COUNT = 100_000
REST = 8


def anonymous(server):
    with open(f"/proc/{server.process.pid}/smaps_rollup") as file:
        return sum(int(line.split()[1]) << 10 for line in file if line.startswith("Anonymous:"))


def verdict(name, value, goal, unit):
    print(f"{name}: {value:,.1f} {unit} (goal: below {goal}){'' if value < goal else '  MISSED'}", flush=True)
    return value < goal


def measure_memory(work, options):
    with Coffer(work) as server:
        empty = anonymous(server)
        work.run(server, load=True, duration_seconds=0, connections=4, depth=64, keys=COUNT)
        work.run(server, connections=16, depth=16, keys=COUNT, warmup_seconds=0, count=10 * COUNT, duration_seconds=0)
        burst = anonymous(server)
        # The audit log gives back what it took for the burst when nothing has come for some seconds.
        time.sleep(REST)
        full = anonymous(server)
    print(f"empty {empty / 2**20:.1f} MiB, with {COUNT:,} secrets {burst / 2**20:.1f} MiB right behind the reads, {full / 2**20:.1f} MiB at rest")
    good = verdict("more, at rest", (full - empty) / 2**20, 48, "MiB")
    with Coffer(work, arguments=["--index-size", "64MiB"]) as server:
        work.run(server, load=True, duration_seconds=0, connections=4, depth=4, keys=2_000, value_size=256 << 10)
        work.run(server, connections=4, depth=4, keys=2_000, value_size=256 << 10, warmup_seconds=0, count=10_000, duration_seconds=0)
        large = anonymous(server)
    return verdict("500 MiB of large values, index_size 64 MiB: more", (large - empty) / 2**20, 128, "MiB") & good


def load_many(work, server, options):
    work.run(server, load=True, duration_seconds=0, connections=4, depth=64, keys=options.many)


def measure_start(work, options):
    with Coffer(work) as server:
        load_many(work, server, options)
        command = server.process.args
        times = []
        for _ in range(5):
            server.stop()
            begin = time.perf_counter()
            with open(server.log, "ab") as log:
                server.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            times.append((first_answer(server) - begin) * 1000)
    return verdict(f"start with {options.many:,} secrets to the first answer", statistics.median(times), 200, "ms")


def first_answer(server):
    """When a get was answered."""
    for _ in range(10_000):
        try:
            client = coffer_client.Client.connect(server.socket)
            client.get("bench/%034d" % 7)
            return time.perf_counter()
        except (OSError, coffer_client.CofferError):
            if server.process.poll() is not None:
                raise Trouble(f"it ended{server.last_words()}") from None
            time.sleep(0.001)
    raise Trouble(f"no answer{server.last_words()}")


def measure_cold(work, options):
    with Coffer(work) as server:
        load_many(work, server, options)
        hot = dict(connections=16, depth=1, keys=1_000, duration_seconds=3, warmup_seconds=0.5)
        alone = work.run(server, **hot)
        reader = threading.Thread(target=lambda: work.run(
            server, connections=4, depth=16, keys=options.many, duration_seconds=5, warmup_seconds=0, seed=5))
        reader.start()
        beside = work.run(server, **hot)
        reader.join()
    print(f"GET of 1,000 hot names, p99: {alone['p99_us']:.0f} us alone, {beside['p99_us']:.0f} us while another client reads "
          f"{options.many:,} names (both generators on one CPU)")
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--parts", default="memory,start,cold", help="separated by commas")
    parser.add_argument("--gate", action="store_true", help="the goals must be met")
    options = parser.parse_args()
    parts = {"memory": measure_memory, "start": measure_start, "cold": measure_cold}
    with Work(options) as work:
        good = [parts[name](work, options) for name in options.parts.split(",")]
    return 1 if options.gate and not all(good) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as error:
        print(f"memory.py: {error}", file=sys.stderr)
        sys.exit(2)
