#!/usr/bin/env python3
"""What a backup costs: its time beside `mdb_copy -c STORE | age -r` of the same store, its memory, and what it does to a GET.

    backup.py --cofferd PROGRAM --coffer PROGRAM --coffer-bench PROGRAM [--keys 1000000] [--rounds 5] [--value-size 128]

Goals: at most twice the time of mdb_copy and age, below 100 MiB in the daemon beyond what it had and in the command, and a p99 of GET
during a backup of at most twice the one without. Times are medians over the rounds; the two take turns. `coffer backup create` writes to
the disk and syncs, and so does the other.

Exit code: 0; 1 where a goal is missed and --gate is given; 2 the measurement could not be made.
"""
import argparse
import glob
import os
import resource
import shutil
import statistics
import subprocess
import sys
import threading
import time

from servers import Coffer, Trouble, Work, add_arguments

SMALL = 100 << 20


def resident(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def anonymous(pid):
    """Resident bytes that are the process's own: pages of the mapped file come and go as the kernel likes."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return sum(int(line.split()[1]) << 10 for line in file if line.startswith("Anonymous:"))


class Peak:
    """The largest anonymous memory of a process meanwhile."""

    def __init__(self, pid):
        self.pid, self.bytes, self.going = pid, anonymous(pid), True

    def __enter__(self):
        self.first = self.bytes
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self):
        while self.going:
            self.bytes = max(self.bytes, anonymous(self.pid))
            time.sleep(0.02)

    def __exit__(self, *_):
        self.going = False
        self.thread.join()


def store_of(work):
    """The folder that holds LMDB's data file."""
    found = glob.glob(os.path.join(work.folder, "store-*", "store", "current", "data.mdb"))
    if len(found) != 1:
        raise Trouble(f"the store's file is not where it was thought to be: {found}")
    return os.path.realpath(os.path.dirname(found[0]))


def ours(work, server, recipient, target):
    command = [os.path.abspath(work.options.coffer), "backup", "create", "--to", target, "--recipient", recipient, "--force"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    started = time.monotonic()
    done = subprocess.run(command, env=dict(os.environ, COFFER_SOCKET=server.socket), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    length = time.monotonic() - started
    if done.returncode:
        raise Trouble(f"{' '.join(command)}: {done.stderr.decode()}")
    return length, max(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, before) << 10


def theirs(store, recipient, target):
    started = time.monotonic()
    with open(target, "wb") as out:
        copy = subprocess.Popen(["mdb_copy", "-c", store], stdout=subprocess.PIPE)
        seal = subprocess.Popen(["age", "-r", recipient], stdin=copy.stdout, stdout=out)
        copy.stdout.close()
        if seal.wait() or copy.wait():
            raise Trouble("mdb_copy or age failed")
        os.fsync(out.fileno())
    return time.monotonic() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--value-size", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement of GET")
    parser.add_argument("--gate", action="store_true", help="the goals must be met")
    options = parser.parse_args()
    for program in ("mdb_copy", "age"):
        if not shutil.which(program):
            raise Trouble(f"needs {program}")
    missed = []
    with Work(options) as work, Coffer(work) as server:
        made = subprocess.run([options.coffer, "backup", "keygen", "--output", work.path("identity")], stdout=subprocess.PIPE, check=True)
        recipient = made.stdout.decode().strip()
        work.run(server, load=True, duration_seconds=0, connections=4, depth=16, value_size=options.value_size, keys=options.keys)
        store = store_of(work)
        size = os.path.getsize(os.path.join(store, "data.mdb"))
        print(f"{options.keys:,} secrets of {options.value_size} B, a file of {size >> 20} MiB, {options.rounds} rounds", flush=True)
        own, other, memory, command = [], [], 0, 0
        for _ in range(options.rounds):
            with Peak(server.process.pid) as peak:
                length, used = ours(work, server, recipient, work.path("ours.age"))
            own.append(length)
            memory, command = max(memory, peak.bytes - peak.first), max(command, used)
            other.append(theirs(store, recipient, work.path("theirs.age")))
        first, second = statistics.median(own), statistics.median(other)
        ratio = first / second
        print(f"coffer backup create {first:.2f} s ({options.keys / first:,.0f} secrets/s, {os.path.getsize(work.path('ours.age')) >> 20} MiB), "
              f"mdb_copy | age {second:.2f} s ({os.path.getsize(work.path('theirs.age')) >> 20} MiB): {ratio:.2f} times", flush=True)
        print(f"memory: daemon {memory >> 20} MiB more than before, command {command >> 20} MiB", flush=True)
        shape = dict(connections=16, depth=1, value_size=options.value_size, keys=options.keys, duration_seconds=options.seconds)
        quiet, during = [], []
        for number in range(options.rounds):
            quiet.append(work.run(server, seed=number + 1, **shape)["p99_us"])
            stop = threading.Event()

            def again():
                while not stop.is_set():
                    ours(work, server, recipient, work.path("ours.age"))

            thread = threading.Thread(target=again)
            thread.start()
            try:
                during.append(work.run(server, seed=number + 1, **shape)["p99_us"])
            finally:
                stop.set()
                thread.join()
        before, meanwhile = statistics.median(quiet), statistics.median(during)
        print(f"GET, 16 connections: p99 {before:.0f} us without, {meanwhile:.0f} us during a backup: {meanwhile / before:.2f} times")
        if ratio > 2:
            missed.append("time")
        if memory > SMALL or command > SMALL:
            missed.append("memory")
        if meanwhile > 2 * before:
            missed.append("p99")
    if missed:
        print("missed: " + ", ".join(missed))
    return 1 if missed and options.gate else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as trouble:
        print(f"backup.py: {trouble}", file=sys.stderr)
        sys.exit(2)
