#!/usr/bin/env python3
"""What writes cost those who read: GETs with and without a full load of durable PUTs beside them.

    writes.py --cofferd PROGRAM --coffer PROGRAM --coffer-bench PROGRAM [--rounds 5] [--seconds 2] [--keys 100000]

16 connections read, 16 others write as fast as they are answered; the daemon, its writer's thread too, on one CPU, both generators on
the other, in turns with and without. Goal: with them at least 0.7 of the throughput of reads: no read waits for the writer's lock.

Exit code: 0; 1 where the goal is missed and --gate is given; 2 the measurement could not be made.
"""
import argparse
import statistics
import sys
import threading

from servers import Coffer, Trouble, Work, add_arguments


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--gate", action="store_true", help="the goal must be met")
    options = parser.parse_args()
    reads = dict(connections=16, depth=1, keys=options.keys, duration_seconds=options.seconds, warmup_seconds=0.3)
    ratios, written = [], []
    with Work(options) as work, Coffer(work) as server:
        work.run(server, load=True, duration_seconds=0, connections=4, depth=64, keys=options.keys)
        for number in range(options.rounds):
            alone = work.run(server, seed=number + 1, **reads)
            beside = []
            # They begin before and end behind the reads.
            writer = threading.Thread(target=lambda: beside.append(work.run(
                server, connections=16, depth=1, reads=0, keys=options.keys, seed=number + 100, warmup_seconds=0.2,
                duration_seconds=options.seconds + 1)))
            writer.start()
            both = work.run(server, seed=number + 1, **reads)
            writer.join()
            if not beside:
                raise Trouble("the writes failed")
            ratios.append(both["ops_per_second"] / alone["ops_per_second"])
            written.append(beside[0]["ops_per_second"])
            print(f"  {alone['ops_per_second']:,.0f} GETs/s alone, p99 {alone['p99_us']:.0f} us; {both['ops_per_second']:,.0f} beside "
                  f"{written[-1]:,.0f} PUTs/s, p99 {both['p99_us']:.0f} us", flush=True)
    ratio = statistics.median(ratios)
    print(f"reads beside {statistics.median(written):,.0f} durable writes a second keep {ratio:.2f} (goal 0.7)"
          f"{'' if ratio >= 0.7 else '  MISSED'}")
    return 1 if options.gate and ratio < 0.7 else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as error:
        print(f"writes.py: {error}", file=sys.stderr)
        sys.exit(2)
