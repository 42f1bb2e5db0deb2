#!/usr/bin/env python3
"""What live tokens cost, and what ten thousand credentials do to the daemon.

    credentials.py --cofferd PROGRAM --coffer PROGRAM --coffer-bench PROGRAM [--rounds 7] [--seconds 2] [--credentials 10000]

1. A live token from the store beside a GET of a secret of the same size, in turns, at several numbers of connections and
   depths: operations a second, p50, p99, and the server's CPU. Every answer is checked.
2. Anonymous memory that the credentials take, and the time of a start with them.
3. Refreshes a second: every credential is asked to be refreshed, against a fast simulated upstream.
4. The time to check all of them with 50 at once, each check taking 20 ms upstream, and how many really ran at once.

Exit code: 0; 2 where nothing could be measured.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request

from compare import describe_machine
from servers import Coffer, Trouble, Work, add_arguments
from upstream import Upstream

SHAPES = ((1, 1), (16, 1), (16, 16), (1, 64))
CHECKED = """provider: bench-check
title: Answers each check with live
concurrency: 50
bases: { api: "%s" }
steps:
  - name: check
    purpose: check
    consumes: session
    method: POST
    url: "{api}/check"
    json: { token: "{session}" }
    rules:
      - { when: { body: { /live: true } }, verdict: ok }
"""


def name(number):
    return "bench/%034d" % number


def anonymous(pid):
    """KiB of anonymous memory."""
    with open("/proc/%d/smaps_rollup" % pid) as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Anonymous:"))


def bring(server, work, options, url, provider="oauth2", **more):
    """Credentials that are called as the load generator asks, with tokens of 128 bytes that begin with their names."""
    path = work.path("credentials.jsonl")
    expires = int(time.time() * 1000) + 86_400_000
    with open(path, "w") as file:
        for number in range(options.credentials):
            token = name(number).ljust(128, "x")
            file.write(json.dumps({
                "name": name(number), "provider": provider, "client_id": "bench",
                "parameters": {"token_url": url + "/token"} if provider == "oauth2" else {},
                "secrets": {"access": token, "refresh": "rt-%d.0" % number, "session": "s-%d" % number},
                "expires": {"access": expires}, **more}) + "\n")
    began = time.monotonic()
    server.command("import", "--from", "credentials", path)
    return time.monotonic() - began


def compare(work, server, options):
    """Tokens beside secrets, in turns."""
    print(f"\nlive token beside GET, 128 bytes, {options.credentials:,} of each; {options.rounds} rounds of {options.seconds:g} s, medians")
    print(f"{'':6} {'':7} {'operations/s':>12} {'p50 µs':>8} {'p99 µs':>8} {'server CPU ns/op':>17}")
    for connections, depth in SHAPES:
        shape = dict(connections=connections, depth=depth, keys=options.credentials, value_size=128, duration_seconds=options.seconds,
                     warmup_seconds=0.3)
        rounds = []
        for number in range(options.rounds):
            rounds.append({})
            for operation in ("get", "token") if number % 2 == 0 else ("token", "get"):
                rounds[-1][operation] = work.run(server, operation=operation, seed=number + 1, **shape)
        for operation in ("get", "token"):
            found = [statistics.median(r[operation][column] for r in rounds)
                     for column in ("ops_per_second", "p50_us", "p99_us", "server_cpu_ns_per_op")]
            print(f"{f'{connections}x{depth}':6} {operation:7} {found[0]:12,.0f} {found[1]:8.1f} {found[2]:8.1f} {found[3]:17,.0f}")
        ratio = statistics.median(r["token"]["ops_per_second"] / r["get"]["ops_per_second"] for r in rounds)
        print(f"{'':6} token / GET: {ratio:.2f}", flush=True)


def counts(upstream):
    return json.load(urllib.request.urlopen(upstream.url + "/counts", timeout=10))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--credentials", type=int, default=10_000)
    options = parser.parse_args()
    print(describe_machine())
    with Work(options) as work, Upstream(cpu=options.generator_cpu) as upstream:
        with Coffer(work) as server:
            empty = anonymous(server.process.pid)
            seconds = bring(server, work, options, upstream.url)
            full = anonymous(server.process.pid)
            print(f"{options.credentials:,} credentials: imported in {seconds:.1f} s; {(full - empty) / 1024:.1f} MiB of anonymous memory "
                  f"more ({(full - empty) * 1024 / options.credentials:,.0f} bytes each)")
            work.run(server, load=True, duration_seconds=0, connections=4, depth=32, value_size=128, keys=options.credentials)
            compare(work, server, options)
            began, before = time.monotonic(), counts(upstream)["dials"]
            server.command("credential", "refresh", "--all")
            seconds = time.monotonic() - began
            dials = counts(upstream)["dials"] - before
            print(f"\nrefresh of all: {dials:,} dials in {seconds:.1f} s, {dials / seconds:,.0f} a second")
            if dials != options.credentials:
                raise Trouble(f"{dials} dials for {options.credentials} credentials")
    with Work(options) as work, Upstream(delay=0.02) as upstream:
        with Coffer(work) as server:
            path = work.path("provider.yaml")
            with open(path, "w") as file:
                file.write(CHECKED % upstream.url)
            server.command("provider", "apply", path)
            bring(server, work, options, upstream.url, provider="bench-check")
            began = time.monotonic()
            server.command("credential", "check", "--all")
            seconds = time.monotonic() - began
            found = counts(upstream)
            print(f"check of all, 20 ms each upstream: {found['checks']:,} checks in {seconds:.1f} s, {found['most']} at once at most; "
                  f"{options.credentials * 0.02 / 50:.1f} s is what 50 at once must take")
            if found["checks"] != options.credentials:
                raise Trouble(f"{found['checks']} checks for {options.credentials} credentials")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Trouble, subprocess.CalledProcessError) as error:
        print(f"credentials.py: {error}", file=sys.stderr)
        sys.exit(2)
