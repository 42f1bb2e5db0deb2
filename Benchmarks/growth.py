#!/usr/bin/env python3
"""What growth costs a GET: more secrets, more rules, more loops.

    growth.py --cofferd PROGRAM --coffer PROGRAM --coffer-bench PROGRAM [--rounds 5] [--seconds 1] [--parts secrets,rules,loops]

Parts:
  secrets  cofferd and redis-server with 10,000 and with 1,000,000 secrets of 128 bytes, all four at once on one CPU, one measured at a
           time in turns. Goal: the ratio to Redis with a million is at least 0.85 of that with ten thousand, at 16x1 and 16x16.
  rules    cofferd with 5 rules and with 5,000. Goal: at least 0.95 of the throughput.
  loops    cofferd with one loop thread and with two, free to use both CPUs, one connection. Goal: two are not slower (0.95).

A ratio is the median of the ratios of the rounds. Exit code: 0; 1 where a goal is missed and --gate is given; 2 the measurement could
not be made.
"""
import argparse
import os
import statistics
import sys

from servers import Coffer, POLICY, Redis, Trouble, UID, Work, add_arguments

FEW, MANY = 10_000, 1_000_000


def take_turns(work, servers, options, **shape):
    """The rounds: a list of {place in `servers`: operations per second}. Each server comes with its number of keys."""
    rounds = []
    for number in range(options.rounds):
        found = {}
        for place in range(len(servers)):
            place = (place + number) % len(servers)
            server, keys = servers[place]
            found[place] = work.run(server, keys=keys, duration_seconds=options.seconds, warmup_seconds=options.warmup,
                                    seed=number + 1, **shape)["ops_per_second"]
        rounds.append(found)
    return rounds


def load(work, server, keys):
    work.run(server, load=True, duration_seconds=0, connections=4, depth=64, keys=keys)


def verdict(name, ratio, goal):
    print(f"{name}: {ratio:.2f} (goal {goal}){'' if ratio >= goal else '  MISSED'}", flush=True)
    return ratio >= goal


def grow_secrets(work, options):
    good = True
    with Coffer(work, name="coffer-few") as few, Redis(work, name="redis-few") as redis_few, \
            Coffer(work, name="coffer-many") as many, Redis(work, name="redis-many") as redis_many:
        for server, keys in ((few, FEW), (redis_few, FEW), (many, options.many), (redis_many, options.many)):
            load(work, server, keys)
        servers = [(few, FEW), (redis_few, FEW), (many, options.many), (redis_many, options.many)]
        for connections, depth in ((16, 1), (16, 16)):
            rounds = take_turns(work, servers, options, connections=connections, depth=depth)
            small, large = (statistics.median(r[a] / r[a + 1] for r in rounds) for a in (0, 2))
            print(f"{connections}x{depth}: {FEW:,} secrets {small:.2f} of Redis, {options.many:,} secrets {large:.2f} of Redis")
            ratio = statistics.median((r[2] / r[3]) / (r[0] / r[1]) for r in rounds)
            good &= verdict(f"{connections}x{depth}: with {options.many:,} against {FEW:,}", ratio, 0.85)
    return good


def rules(count):
    """A policy with so many rules beside that of the benchmarks, in sources of 500."""
    sources = [POLICY]
    for first in range(0, count, 500):
        lines = [f"policy: more-{first}", "rules:"]
        for number in range(first, min(first + 500, count)):
            lines.append(f"  - {{who: [uid:{UID if number % 2 else UID + 1 + number}], tenant: main, noun: secret, actions: [get], "
                         f"names: [\"other/{number}/**\"]}}")
        sources.append("\n".join(lines) + "\n")
    return sources


def grow_rules(work, options):
    good = True
    with Coffer(work, name="coffer-few") as few, Coffer(work, name="coffer-many", policies=rules(5_000)) as many:
        for server in (few, many):
            load(work, server, FEW)
        for connections, depth in ((16, 1), (16, 16)):
            rounds = take_turns(work, [(few, FEW), (many, FEW)], options, connections=connections, depth=depth)
            good &= verdict(f"{connections}x{depth}: with 5,000 rules more", statistics.median(r[1] / r[0] for r in rounds), 0.95)
    return good


def grow_loops(work, options):
    with Coffer(work, name="coffer-one") as one, Coffer(work, name="coffer-two", arguments=["--loops", "2"]) as two:
        for server in (one, two):
            for thread in os.listdir(f"/proc/{server.process.pid}/task"):
                os.sched_setaffinity(int(thread), {options.server_cpu, options.generator_cpu})
            load(work, server, FEW)
        rounds = take_turns(work, [(one, FEW), (two, FEW)], options, connections=1, depth=1)
    return verdict("1x1: with two loop threads", statistics.median(r[1] / r[0] for r in rounds), 0.95)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--warmup", type=float, default=0.3)
    parser.add_argument("--many", type=int, default=MANY, help="secrets of the larger store")
    parser.add_argument("--parts", default="secrets,rules,loops", help="separated by commas")
    parser.add_argument("--gate", action="store_true", help="the goals must be met")
    options = parser.parse_args()
    parts = {"secrets": grow_secrets, "rules": grow_rules, "loops": grow_loops}
    with Work(options) as work:
        good = [parts[name](work, options) for name in options.parts.split(",")]
    return 1 if options.gate and not all(good) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as error:
        print(f"growth.py: {error}", file=sys.stderr)
        sys.exit(2)
