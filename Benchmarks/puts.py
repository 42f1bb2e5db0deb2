#!/usr/bin/env python3
"""Durable PUTs beside a Redis that syncs each of them, and beside bare LMDB doing the same rows in groups of the same size.

    puts.py --cofferd PROGRAM --coffer PROGRAM --coffer-bench PROGRAM [--rounds 7] [--seconds 2] [--keys 100000]

For each shape, in turns: cofferd, redis-server (appendfsync always), and bare_lmdb.c (built here) on a copy of the store, which
writes the rows that a put needs with random bytes and syncs as LMDB does, so many puts to a commit as cofferd had in that round. Goals:
0.55, 0.55 and 0.15 of Redis, and 0.8 of bare LMDB.

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
from servers import Coffer, Redis, Trouble, Work, add_arguments

HERE = os.path.dirname(os.path.abspath(__file__))
SHAPES = ((1, 1, 0.55), (16, 1, 0.55), (16, 16, 0.15))
GOAL_OF_LMDB = 0.8


def build(work):
    program = work.path("bare_lmdb")
    compiler = next((name for name in ("cc", "clang", "gcc") if shutil.which(name)), None)
    if compiler is None:
        raise Trouble("needs cc, clang or gcc")
    done = subprocess.run([compiler, "-O2", "-o", program, os.path.join(HERE, "bare_lmdb.c"), "-llmdb"], stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Trouble(f"bare_lmdb.c: {done.stderr}")
    return program


def copy_of(work, server, name):
    """The store's data file, as it is when nothing writes."""
    folder = work.path(name)
    os.makedirs(folder)
    store = server.process.args[server.process.args.index("--store") + 1]
    shutil.copy(os.path.join(store, "current", "data.mdb"), folder)
    return folder


def commits(server):
    return int(json.loads(server.command("status", "--json"))["commits"])


def measure(work, servers, program, bare, shape, options):
    connections, depth = shape
    rounds = []
    for number in range(options.rounds):
        found = {}
        for server in servers if number % 2 == 0 else servers[::-1]:
            before = commits(server) if server.target == "coffer" else 0
            found[server.target] = line = work.run(
                server, connections=connections, depth=depth, reads=0, keys=options.keys, duration_seconds=options.seconds, warmup_seconds=0,
                seed=number + 1)
            if server.target == "coffer":
                found["group"] = line["ops"] / max(1, commits(server) - before)
        done = subprocess.run(
            ["taskset", "-c", str(options.server_cpu), program, bare, str(max(1, round(found["group"]))), str(options.seconds)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise Trouble(done.stderr)
        found["lmdb"] = {"ops_per_second": json.loads(done.stdout)["puts_per_second"]}
        rounds.append(found)
    return rounds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--gate", action="store_true", help="the goals must be met")
    options = parser.parse_args()
    print(f"{describe_machine()}; {options.rounds} rounds of {options.seconds:g} s, medians; {options.keys:,} keys, 128 bytes")
    print(f"{'PUT':6} {'ours/s':>8} {'redis/s':>8} {'LMDB/s':>8} {'a commit':>9} {'of redis':>9} {'of LMDB':>8} {'p50 µs':>8} {'p99 µs':>8} {'CPU µs':>7}")
    good = True
    with Work(options) as work:
        program = build(work)
        with Coffer(work) as coffer, Redis(work, durable=True) as redis:
            for server in (coffer, redis):
                work.run(server, load=True, duration_seconds=0, connections=4, depth=32, keys=options.keys)
            bare = copy_of(work, coffer, "bare")
            for connections, depth, goal in SHAPES:
                rounds = measure(work, [coffer, redis], program, bare, (connections, depth), options)

                def middle(who, column="ops_per_second"):
                    return statistics.median(r[who][column] for r in rounds)
                of = {peer: statistics.median(r["coffer"]["ops_per_second"] / r[peer]["ops_per_second"] for r in rounds) for peer in ("redis", "lmdb")}
                met = of["redis"] >= goal and of["lmdb"] >= GOAL_OF_LMDB
                good &= met
                print(f"{f'{connections}x{depth}':6} {middle('coffer'):8,.0f} {middle('redis'):8,.0f} {middle('lmdb'):8,.0f} "
                      f"{statistics.median(r['group'] for r in rounds):9.1f} {of['redis']:9.2f} {of['lmdb']:8.2f} {middle('coffer', 'p50_us'):8.0f} "
                      f"{middle('coffer', 'p99_us'):8.0f} {middle('coffer', 'server_cpu_ns_per_op') / 1000:7.0f}{'' if met else '  MISSED'}", flush=True)
    return 1 if options.gate and not good else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as error:
        print(f"puts.py: {error}", file=sys.stderr)
        sys.exit(2)
