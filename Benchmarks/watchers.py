#!/usr/bin/env python3
"""What a thousand watchers cost, and how soon they know.

    watchers.py --cofferd PROGRAM --coffer PROGRAM --coffer-bench PROGRAM [--watchers 1000] [--rounds 7] [--seconds 2] [--changes 200]

1. Durable PUTs, 16 connections, beside no watcher and beside a thousand watchers of *other* names, in turns. Goal: the watchers cost
   less than 10 %.
2. A thousand watchers of *one* name, on a connection each, and a change now and then: from the writer's answer until each of them has
   the event. Goal: 20 ms at p99. The same with one watcher (goal: 5 ms). All watchers are one Python process with epoll: its own time, a
   few milliseconds for a thousand, is in the figures.

Exit code: 0; 1 where a goal is missed and --gate is given; 2 the measurement could not be made.
"""
import argparse
import os
import select
import statistics
import subprocess
import sys
import time

from compare import describe_machine
from servers import Coffer, Trouble, Work, add_arguments

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Tests", "Interop"))
import coffer_client as wire  # noqa: E402


class Watcher:
    """A connection with one watch on it, without the thread that the client has for each."""

    def __init__(self, path, name):
        self.socket = wire.open_socket(path)
        self.ask(wire.HELLO, 1, wire.hello_body("main", "watchers.py"))
        hello = wire.read_hello(wire.Reader(self.answer()))
        self.ask(wire.CONFIRM, 2, wire.confirm_body(hello.nonce))
        self.answer()
        self.ask(wire.WATCH, 3, wire.watch_body(name, exact=True, credit=1_000_000))
        self.answer()

    def ask(self, operation, request, body):
        self.socket.sendall(wire.frame(wire.REQUEST, operation, request, body))

    def exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise Trouble("the daemon closed a watcher's connection")
            data += more
        return data

    def answer(self):
        """The body of the next frame, behind its error number, which must be 0."""
        frame = self.exactly(int.from_bytes(self.exactly(4), "big"))
        if frame[8:10] != b"\0\0":
            raise Trouble(f"a watcher was refused with error {int.from_bytes(frame[8:10], 'big')}")
        return memoryview(frame)[10:]

    def close(self):
        self.socket.close()


def cost(work, server, options):
    """Part 1; whether the goal was met."""
    shape = dict(connections=16, depth=1, reads=0, keys=10_000, duration_seconds=options.seconds, warmup_seconds=0.3)
    work.run(server, load=True, duration_seconds=0, connections=4, depth=64, keys=10_000)
    rounds = []
    for number in range(options.rounds):
        found = {}
        for beside in (False, True) if number % 2 == 0 else (True, False):
            watchers = [Watcher(server.socket, f"other/{index}") for index in range(options.watchers)] if beside else []
            found[beside] = work.run(server, seed=number + 1, **shape)
            for watcher in watchers:
                watcher.close()
        rounds.append(found)
    for beside in (False, True):
        print(f"{'beside them' if beside else 'alone':12} {statistics.median(r[beside]['ops_per_second'] for r in rounds):10,.0f} PUTs/s, "
              f"p99 {statistics.median(r[beside]['p99_us'] for r in rounds):,.0f} us, "
              f"{statistics.median(r[beside]['server_cpu_ns_per_op'] for r in rounds) / 1000:,.0f} us of the server's CPU each")
    loss = 1 - statistics.median(r[True]["ops_per_second"] / r[False]["ops_per_second"] for r in rounds)
    print(f"{options.watchers:,} watchers of other names cost {loss:.1%} (goal: below 10 %){'' if loss < 0.1 else '  MISSED'}", flush=True)
    return loss < 0.1


def delay(server, count, goal, options):
    """Part 2; whether the goal was met."""
    watchers = [Watcher(server.socket, "same/name") for _ in range(count)]
    poll = select.epoll()
    by_number = {watcher.socket.fileno(): watcher.socket for watcher in watchers}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    writer = wire.Client.connect(server.socket)
    times = []
    try:
        for change in range(options.changes):
            writer.put("same/name", b"%d" % change)
            answered, told = time.perf_counter(), set()
            while len(told) < count:
                ready = poll.poll(10)
                if not ready:
                    raise Trouble(f"change {change}: {count - len(told)} of {count} watchers were not told within 10 s")
                for number, _ in ready:
                    if by_number[number].recv(4096):
                        told.add(number)
                        times.append((time.perf_counter() - answered) * 1000)
            time.sleep(0.02)
    finally:
        poll.close()
        for watcher in watchers:
            watcher.close()
    times.sort()
    high = times[int(len(times) * 0.99)]
    print(f"{count:,} watcher{'s' * (count > 1)} of one name, {options.changes} changes: told p50 {times[len(times) // 2]:.2f} ms, p99 {high:.2f} ms, "
          f"worst {times[-1]:.2f} ms (goal: p99 {goal} ms){'' if high <= goal else '  MISSED'}", flush=True)
    return high <= goal


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--watchers", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--gate", action="store_true", help="the goals must be met")
    options = parser.parse_args()
    print(describe_machine())
    with Work(options) as work, Coffer(work) as server:
        # This process is the load, too.
        os.sched_setaffinity(0, {options.generator_cpu})
        found = [cost(work, server, options), delay(server, options.watchers, 20, options), delay(server, 1, 5, options)]
    return 1 if options.gate and not all(found) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Trouble, wire.CofferError, subprocess.CalledProcessError) as error:
        print(f"watchers.py: {error}", file=sys.stderr)
        sys.exit(2)
