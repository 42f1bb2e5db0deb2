#!/usr/bin/env python3
"""What readers notice of a change of the record keys, or of a scrub.

    rekey.py --cofferd PROGRAM --coffer PROGRAM --coffer-bench PROGRAM [--beside rekey|scrub] [--rounds 5] [--seconds 2]
             [--keys 100000] [--whole]

One daemon with its default settings holds so many secrets. GETs of 128 bytes with and without the other work beside them take turns;
where that comes to its end it is begun anew. Every answer is checked. With --whole, one work is done from its beginning to its end
first, with nothing beside it.

Exit code: 0 the median p99 with it is at most --limit (2) times the one without, 1 more than that, 2 nothing could be
measured.
"""
import argparse
import json
import statistics
import sys
import threading
import time

from compare import describe_machine
from servers import Coffer, Trouble, Work, add_arguments


class Change:
    """A change of the record keys that does not end as long as the block lasts."""

    WHOLE = ("rekey", "start", "--wait", "--json")

    def __init__(self, server):
        self.server, self.stopping, self.trouble = server, threading.Event(), None

    def __enter__(self):
        self.thread = threading.Thread(target=self.go_on)
        self.begin()
        self.thread.start()
        return self

    def begin(self):
        self.server.command("rekey", "start", "--no-wait", "--json")

    def is_over(self):
        return json.loads(self.server.command("rekey", "status", "--json"))["state"] == "idle"

    def stop(self):
        self.server.command("rekey", "stop")

    def go_on(self):
        try:
            while not self.stopping.wait(0.2):
                if self.is_over():
                    self.begin()
        except Trouble as trouble:
            self.trouble = trouble

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()
        self.stop()
        if self.trouble:
            raise self.trouble


class Scrub(Change):
    """The same of a scrub: where one runs, to begin one changes nothing."""

    WHOLE = ("scrub", "--json")

    def begin(self):
        self.server.command("scrub", "--background")

    def is_over(self):
        return True

    def stop(self):
        self.server.command("scrub", "--stop")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--beside", choices=("rekey", "scrub"), default="rekey")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--warmup", type=float, default=0.5)
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--depth", type=int, default=1)
    parser.add_argument("--limit", type=float, default=2)
    options = parser.parse_args()
    shape = dict(connections=options.connections, depth=options.depth, keys=options.keys, value_size=128,
                 duration_seconds=options.seconds, warmup_seconds=options.warmup)
    columns = ("ops_per_second", "p50_us", "p99_us", "server_cpu_ns_per_op")
    beside = Scrub if options.beside == "scrub" else Change
    try:
        print(describe_machine())
        with Work(options) as work, Coffer(work) as server:
            # The first run fills the store.
            work.run(server, load=True, **dict(shape, duration_seconds=0))
            if options.whole:
                started = time.monotonic()
                server.command(*beside.WHOLE)
                print(f"{options.beside} of {options.keys:,} secrets, alone: {time.monotonic() - started:.1f} s", flush=True)
            rounds = []
            for number in range(options.rounds):
                found = {}
                for kind in ("without", "with") if number % 2 == 0 else ("with", "without"):
                    if kind == "without":
                        found[kind] = work.run(server, seed=number, **shape)
                    else:
                        with beside(server):
                            found[kind] = work.run(server, seed=number, **shape)
                rounds.append(found)
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 2
    print(f"GET, {options.connections}x{options.depth}, {options.keys:,} keys; {options.rounds} rounds of {options.seconds:g} s; medians")
    print(f"{options.beside:8} {'operations/s':>12} {'p50 µs':>8} {'p99 µs':>8} {'server CPU ns/op':>17}")
    for kind in ("without", "with"):
        found = [statistics.median(r[kind][column] for r in rounds) for column in columns]
        print(f"{kind:8} {found[0]:12,.0f} {found[1]:8.1f} {found[2]:8.1f} {found[3]:17,.0f}")
    ratio = statistics.median(r["with"]["p99_us"] for r in rounds) / statistics.median(r["without"]["p99_us"] for r in rounds)
    print(f"p99 with it is {ratio:.2f} times the one without (limit {options.limit:g})")
    return 0 if ratio <= options.limit else 1


if __name__ == "__main__":
    sys.exit(main())
