#!/usr/bin/env python3
"""What a verify of an API key costs the server, against a GET of 128 bytes, and that it costs no sync.

    verify.py --cofferd PROGRAM --coffer PROGRAM --coffer-bench PROGRAM [--rounds 7] [--seconds 2] [--keys 100000]

One daemon holds as many secrets as API keys (unlimited ones of a user with a wallet, as `coffer import --from newapi`
brings them). Both operations take turns within each round, so that whatever else the machine does meets both; the
ratio is the median of the ratios of the rounds, the other numbers are medians. Every answer is checked, and the store's
revision may not have moved behind all of them. Then the same for keys with networks and models, for comparison only. At
last 200,000 verifies of a daemon whose syncs are recorded (syncs.py): there may be none; a put behind them shows that
they would be seen.

Exit code: 0 at most --limit (1.5) times the CPU of a GET and no sync, 1 more than that, 2 nothing could be measured.
"""
import argparse
import json
import os
import statistics
import sys

from allocations import LIMITS, PRESENTED
from compare import describe_machine
from servers import Coffer, Trouble, Work, add_arguments
from syncs import SyncCounter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Tests", "Interop"))
import coffer_client  # noqa: E402

COLUMNS = ("ops_per_second", "p50_us", "p99_us", "server_cpu_ns_per_op", "generator_cpu_ns_per_op")


def measure(work, server, options, presented):
    """The rounds: a list of {operation: line}."""
    shape = dict(connections=options.connections, depth=options.depth, keys=options.keys, value_size=128,
                 duration_seconds=options.seconds, warmup_seconds=options.warmup)
    rounds = []

    def verify(seed):
        rounds[-1]["verify"] = work.run(server, operation="verify", seed=seed, **presented, **shape)

    def get(seed):
        rounds[-1]["get"] = work.run(server, seed=seed, **shape)

    for number in range(options.rounds):
        rounds.append({})
        # Whoever is first in one round is second in the next.
        for operation in (verify, get) if number % 2 == 0 else (get, verify):
            operation(number + 1)
    return rounds


def report(name, rounds, options):
    """Prints one table. Returns the ratio of the CPU."""
    ratio = statistics.median(r["verify"]["server_cpu_ns_per_op"] / r["get"]["server_cpu_ns_per_op"] for r in rounds)
    print(f"{name}, {options.connections}x{options.depth}, {options.keys:,} keys; "
          f"{options.rounds} rounds of {options.seconds:g} s; medians")
    print(f"{'':8} {'operations/s':>12} {'p50 µs':>8} {'p99 µs':>8} {'server CPU ns/op':>17} {'generator ns/op':>16}")
    for operation in ("get", "verify"):
        found = [statistics.median(r[operation][column] for r in rounds) for column in COLUMNS]
        print(f"{operation:8} {found[0]:12,.0f} {found[1]:8.1f} {found[2]:8.1f} {found[3]:17,.0f} {found[4]:16,.0f}")
    print(f"server CPU of verify / GET: {ratio:.2f}\n", flush=True)
    return ratio


def count_syncs(work, options):
    """Syncs in 200,000 verifies."""
    counter = SyncCounter(work)
    with Coffer(work, counter.environment) as server:
        server.bring_api_keys(options.keys)
        shape = dict(operation="verify", connections=16, depth=16, keys=options.keys, warmup_seconds=0)
        work.run(server, count=200_000, **shape)
        syncs, answers = counter.syncs(lambda: work.run(server, count=200_000, **shape))
        client = coffer_client.Client.connect(server.socket)
        control, _ = counter.syncs(lambda: client.put("bench/control", b"x"))
        client.close()
    if answers == 0 or control == 0:
        raise Trouble(f"{answers} sends of answers and {control} syncs of a put were recorded: syncs cannot be seen here")
    print(f"syncs in 200,000 verifies (16x16): {syncs}; in one put: {control}", flush=True)
    return syncs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each run")
    parser.add_argument("--warmup", type=float, default=0.3, help="seconds before each run")
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--depth", type=int, default=16)
    parser.add_argument("--limit", type=float, default=1.5, help="times the CPU of a GET that a verify may take")
    parser.add_argument("--json", metavar="FILE", help="write every line of every round there")
    options = parser.parse_args()
    everything, wrong = {}, []
    print(describe_machine())
    with Work(options) as work:
        for name, limits, presented in (("plain keys", {}, {}), ("keys with 3 networks and 3 models", LIMITS, PRESENTED)):
            with Coffer(work) as server:
                work.run(server, load=True, duration_seconds=0, connections=4, depth=32, value_size=128, keys=options.keys)
                server.bring_api_keys(options.keys, **limits)
                # The first verify of a key hashes what was presented, the first GET reads the store: both are over then.
                for operation in ("get", "verify"):
                    work.run(server, operation=operation, connections=16, depth=16, value_size=128, keys=options.keys,
                             count=15 * options.keys, warmup_seconds=0, **(presented if operation == "verify" else {}))
                client = coffer_client.Client.connect(server.socket)
                before = client.status()["revision"]
                rounds = measure(work, server, options, presented)
                moved = client.status()["revision"] - before
                client.close()
                ratio = report(name, rounds, options)
                everything[name] = rounds
                if moved != 0:
                    wrong.append(f"{name}: the store has {moved} revisions more behind the verifies")
                if not limits and ratio > options.limit:
                    wrong.append(f"{name}: a verify takes {ratio:.2f} times the CPU of a GET, more than {options.limit:g}")
        syncs = count_syncs(work, options)
        if syncs:
            wrong.append(f"{syncs} syncs in 200,000 verifies")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(everything, file, indent=1)
    for problem in wrong:
        print(f"RED: {problem}")
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as error:
        print(f"verify.py: {error}", file=sys.stderr)
        sys.exit(2)
