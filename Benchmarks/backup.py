#!/usr/bin/env python3
"""What a backup costs: its time beside `mdb_copy -c STORE | age -r` of the same store, its memory, and what it does to a GET.

    backup.py --cofferd PROGRAM --coffer PROGRAM --coffer-bench PROGRAM [--keys 1000000] [--rounds 5] [--value-size 128]
              [--parts time,get,back]

Parts:
  time  `coffer backup create` beside mdb_copy and age, in turns, all of them free to use every CPU; both write to the disk and sync.
        Goals: at most twice the time, and below 100 MiB in the daemon beyond what it had, and in the command.
  get   GETs with and without backups that follow each other, in turns; the daemon on its CPU, the generator on the other.
        Goal: with them a p99 of at most twice the one without.
  back  `coffer backup verify`, and `coffer restore` into a daemon whose store is fresh. No goal.
Times are medians over the rounds; of `back` there is one.

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


def processor_seconds(pid):
    """What all threads of a process used of the CPUs so far."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def of_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def allow(pid, cpus):
    """Threads that come later follow the one that starts them."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(thread), cpus)


def command(work, server, *arguments):
    started = time.monotonic()
    done = subprocess.run([os.path.abspath(work.options.coffer), *arguments], env=dict(os.environ, COFFER_SOCKET=server.socket),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise Trouble(f"coffer {' '.join(arguments)}: {done.stderr.decode()}")
    return time.monotonic() - started


def ours(work, server, recipient, target):
    """Seconds, and seconds of CPU."""
    before = processor_seconds(server.process.pid) + of_children()
    length = command(work, server, "backup", "create", "--to", target, "--recipient", recipient, "--force")
    return length, processor_seconds(server.process.pid) + of_children() - before


def theirs(store, recipient, target):
    started, before = time.monotonic(), of_children()
    with open(target, "wb") as out:
        copy = subprocess.Popen(["mdb_copy", "-c", store], stdout=subprocess.PIPE)
        seal = subprocess.Popen(["age", "-r", recipient], stdin=copy.stdout, stdout=out)
        copy.stdout.close()
        if seal.wait() or copy.wait():
            raise Trouble("mdb_copy or age failed")
        os.fsync(out.fileno())
    return time.monotonic() - started, of_children() - before


def take_time(work, server, recipient, options, missed):
    store = store_of(work)
    size = os.path.getsize(os.path.join(store, "data.mdb"))
    print(f"{options.keys:,} secrets of {options.value_size} B, a file of {size >> 20} MiB, {options.rounds} rounds", flush=True)
    own, other, memory = [], [], 0
    before = os.sched_getaffinity(server.process.pid)
    allow(server.process.pid, os.sched_getaffinity(0))
    for _ in range(options.rounds):
        with Peak(server.process.pid) as peak:
            own.append(ours(work, server, recipient, work.path("ours.age")))
        memory = max(memory, peak.bytes - peak.first)
        other.append(theirs(store, recipient, work.path("theirs.age")))
        print(f"  ours {own[-1][0]:.2f} s, {own[-1][1]:.2f} s of CPU; theirs {other[-1][0]:.2f} s, {other[-1][1]:.2f} s of CPU", flush=True)
    allow(server.process.pid, before)
    used = largest_command(work, server, recipient)
    (first, first_cpu), (second, second_cpu) = ([statistics.median(column) for column in zip(*times)] for times in (own, other))
    ratio = first / second
    print(f"coffer backup create {first:.2f} s, {first_cpu:.2f} s of CPU ({options.keys / first:,.0f} secrets/s, "
          f"{os.path.getsize(work.path('ours.age')) >> 20} MiB), mdb_copy | age {second:.2f} s, {second_cpu:.2f} s of CPU "
          f"({os.path.getsize(work.path('theirs.age')) >> 20} MiB): {ratio:.2f} times, {first_cpu / second_cpu:.2f} times the CPU", flush=True)
    print(f"memory: daemon {memory >> 20} MiB more than before, command {used >> 20} MiB", flush=True)
    if ratio > 2:
        missed.append("time")
    if memory > SMALL or used > SMALL:
        missed.append("memory")


def largest_command(work, server, recipient):
    """The most memory that `backup create` had, as it says itself: children of this process were many."""
    script = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
              "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    done = subprocess.run(
        [sys.executable, "-c", script, os.path.abspath(work.options.coffer), "backup", "create", "--to", work.path("ours.age"),
         "--recipient", recipient, "--force"],
        env=dict(os.environ, COFFER_SOCKET=server.socket), stdout=subprocess.PIPE, check=True)
    return int(done.stdout) << 10


def take_gets(work, server, recipient, options, missed):
    shape = dict(connections=16, depth=1, value_size=options.value_size, keys=options.keys, duration_seconds=options.seconds)
    quiet, during = [], []
    for number in range(options.rounds):
        quiet.append(work.run(server, seed=number + 1, **shape))
        stop = threading.Event()

        def again():
            while not stop.is_set():
                ours(work, server, recipient, work.path("ours.age"))

        thread = threading.Thread(target=again)
        thread.start()
        try:
            during.append(work.run(server, seed=number + 1, **shape))
        finally:
            stop.set()
            thread.join()
    before, meanwhile = (statistics.median(run["p99_us"] for run in runs) for runs in (quiet, during))
    rates = [statistics.median(run["ops_per_second"] for run in runs) for runs in (quiet, during)]
    print(f"GET, 16 connections: {rates[0]:,.0f}/s, p99 {before:.0f} us without, {rates[1]:,.0f}/s, p99 {meanwhile:.0f} us during backups: "
          f"{meanwhile / before:.2f} times", flush=True)
    if meanwhile > 2 * before:
        missed.append("p99")


def take_back(work, recipient, identity):
    with Coffer(work) as fresh:
        allow(fresh.process.pid, os.sched_getaffinity(0))
        before = of_children()
        length = command(work, fresh, "backup", "verify", work.path("ours.age"), "--identity", identity)
        print(f"coffer backup verify {length:.2f} s, {of_children() - before:.2f} s of CPU", flush=True)
        before = processor_seconds(fresh.process.pid) + of_children()
        # The benchmarks' policy is in it.
        length = command(work, fresh, "restore", work.path("ours.age"), "--identity", identity, "--replace")
        used = processor_seconds(fresh.process.pid) + of_children() - before
        print(f"coffer restore {length:.2f} s, {used:.2f} s of CPU", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--value-size", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement of GET")
    parser.add_argument("--parts", default="time,get,back", help="separated by commas")
    parser.add_argument("--gate", action="store_true", help="the goals must be met")
    options = parser.parse_args()
    for program in ("mdb_copy", "age"):
        if not shutil.which(program):
            raise Trouble(f"needs {program}")
    missed = []
    parts = options.parts.split(",")
    with Work(options) as work:
        identity = work.path("identity")
        made = subprocess.run([options.coffer, "backup", "keygen", "--output", identity], stdout=subprocess.PIPE, check=True)
        recipient = made.stdout.decode().strip()
        with Coffer(work) as server:
            work.run(server, load=True, duration_seconds=0, connections=4, depth=16, value_size=options.value_size, keys=options.keys)
            if "time" in parts:
                take_time(work, server, recipient, options, missed)
            if "get" in parts:
                take_gets(work, server, recipient, options, missed)
            if "back" in parts and not os.path.exists(work.path("ours.age")):
                ours(work, server, recipient, work.path("ours.age"))
        if "back" in parts:
            take_back(work, recipient, identity)
    if missed:
        print("missed: " + ", ".join(missed))
    return 1 if missed and options.gate else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as trouble:
        print(f"backup.py: {trouble}", file=sys.stderr)
        sys.exit(2)
