"""Counts what a daemon forces to the disk: fsync, fdatasync, and writes through an O_DSYNC descriptor.

By Tests/Tools/recorder, preloaded. /proc/PID/io will not do: LMDB's lock file is a mapping, whose pages count as
written whenever a reader touches them behind the kernel's own writeback, without any sync.
"""
import os
import subprocess
import sys
from collections import Counter

from servers import Trouble

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Tests")
sys.path.insert(0, os.path.join(TESTS, "Durability"))
from replay import DSYNC, HEADER, TYPES  # noqa: E402


class SyncCounter:
    """For a daemon that is started with `environment`; `work.folder` holds all of its files."""

    def __init__(self, work):
        tools, self.log = work.path("tools"), work.path("recorder.log")
        done = subprocess.run([os.path.join(TESTS, "Durability", "tools.sh"), tools], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise Trouble(f"the recorder could not be built: {done.stdout}")
        self.environment = {"LD_PRELOAD": os.path.join(tools, "recorder.so"), "RECORDER_LOG": self.log, "RECORDER_ROOT": work.folder}

    def syncs(self, call):
        """How many there were while `call` ran, and how many answers were sent."""
        start = os.path.getsize(self.log)
        call()
        with open(self.log, "rb") as file:
            file.seek(start)
            data = file.read()
        found, at = Counter(), 0
        while at + HEADER.size <= len(data):
            length, kind, flags = HEADER.unpack_from(data, at)[:3]
            if length < HEADER.size or not 0 < kind < len(TYPES):
                raise Trouble(f"the recorder's log has no record at byte {start + at}")
            found["forced write" if TYPES[kind] == "WRITE" and flags & DSYNC else TYPES[kind]] += 1
            at += length
        return found["SYNC"] + found["forced write"], found["ANSWER"]
