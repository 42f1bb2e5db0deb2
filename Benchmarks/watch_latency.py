#!/usr/bin/env python3
"""How long a committed change takes to reach a watcher: one watcher, the daemon at rest.

    watch_latency.py --cofferd PROGRAM [--changes 1000]

For each change: from the moment at which the writer has its answer to the moment at which the watcher has the event, and
from the moment at which the put was sent. Both ends are Python clients in one process: their own time is in the figures.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Tests", "Interop"))
import coffer_client  # noqa: E402


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000


def measure(socket, changes):
    seen = {}
    ready = threading.Event()

    def follow():
        watch = coffer_client.Client.connect(socket).watch(b"latency/", credit=changes + 1, refill=False)
        ready.set()
        for _ in range(changes):
            event = watch.next(10)
            seen[event.revision] = time.perf_counter()

    watcher = threading.Thread(target=follow, daemon=True)
    watcher.start()
    ready.wait(10)
    writer = coffer_client.Client.connect(socket)
    sent, answered = {}, {}
    for number in range(changes):
        before = time.perf_counter()
        revision = writer.put("latency/%d" % (number % 50), b"%d" % number).revision
        answered[revision], sent[revision] = time.perf_counter(), before
        time.sleep(0.002)
    watcher.join(15)
    if len(seen) != changes:
        sys.exit("only %d of %d changes were told" % (len(seen), changes))
    for what, start in (("answer to event", answered), ("put to event", sent)):
        times = [seen[revision] - start[revision] for revision in seen]
        print("%-16s p50 %6.2f ms   p99 %6.2f ms   worst %6.2f ms" % (
            what, percentile(times, 0.5), percentile(times, 0.99), max(times) * 1000))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cofferd", required=True)
    parser.add_argument("--changes", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="coffer-watch-") as folder:
        socket = os.path.join(folder, "s")
        daemon = subprocess.Popen(
            [os.path.abspath(options.cofferd), "--store", folder + "/store", "--key-file", folder + "/key", "--socket", socket,
             "--config", "/dev/null"], stderr=subprocess.DEVNULL)
        try:
            for _ in range(200):
                if os.path.exists(socket):
                    break
                time.sleep(0.05)
            measure(socket, options.changes)
        finally:
            daemon.terminate()
            daemon.wait(20)


if __name__ == "__main__":
    main()
