#!/usr/bin/env python3
"""Reads a log of Tests/Tools/recorder and rebuilds the files as a crash at any event would have left them.

    recording = Recording("log")                   # base="folder": what lay below the root before
    for answer in recording.answers():             # what was sent on Unix sockets, in order
        recording.materialise(answer.index, "new-folder")           # written and synced by then, alone
        recording.materialise(answer.index, "other", unsynced="random", seed=7)   # and some of the rest

By hand:  replay.py LOG                            what is in it
          replay.py LOG --materialise N FOLDER     the files at event N  [--random SEED] [--base FOLDER]
          replay.py --selftest                     the recorder and this, with known writes and with LMDB
disk.py says what counts as durable. The format stands in Tests/Tools/recorder/log.h.
"""
import argparse
import collections
import fnmatch
import mmap
import os
import random
import stat
import struct
import sys

from disk import KEEP_SIZE, PUNCH_HOLE, ZERO_RANGE, Change, File, read_folder

TYPES = ["", "START", "OPEN", "CLOSE", "LSEEK", "WRITE", "WRITE_DONE", "TRUNCATE", "ALLOCATE", "RENAME", "SYMLINK",
         "LINK", "UNLINK", "RMDIR", "MKDIR", "SYNC", "SYNC_DONE", "ANSWER", "ANSWER_DONE"]
HEADER = struct.Struct("<IHHIIiIQQqqQ")
DSYNC, CUT = 1, 2
COMPLETING = ("WRITE_DONE", "SYNC_DONE", "ANSWER_DONE")

# `begun` of a completing event and `done` of the event that it completes are indices into Recording.events.
Event = collections.namedtuple("Event", "index type flags pid tid fd time offset value reference text data")
# `data`: the bytes that were sent. `finished` is False where the process died inside the call: they may have been
# sent. `cut`: more was sent than was recorded. `connection` counts the users of one descriptor.
Answer = collections.namedtuple("Answer", "index pid fd connection data finished cut")


class ReplayError(Exception):
    """The log does not hold what is asked for."""


class Recording:
    """A log, read whole. `ignore`: patterns of paths whose bytes may be unknown (fnmatch)."""

    def __init__(self, path, base=None, ignore=()):
        self.base, self.ignore = base, tuple(ignore)
        self.events, self.begun, self.done = [], {}, {}
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            bytes_ = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)) if size else memoryview(b"")
        at, open_calls = 0, {}
        while at + HEADER.size <= size:
            length, kind, flags, pid, tid, fd, text, sequence, time, offset, value, reference = HEADER.unpack_from(bytes_, at)
            if length < HEADER.size + text or not 0 < kind < len(TYPES):
                raise ReplayError(f"{path}: no record at byte {at}")
            if at + length > size:
                break  # the process was killed while it appended
            data, index = at + HEADER.size + text, len(self.events)
            event = Event(index, TYPES[kind], flags, pid, tid, fd, time, offset, value, reference,
                          os.fsdecode(bytes(bytes_[at + HEADER.size:data])), bytes_[data:at + length])
            if event.type == "START":
                open_calls = {key: found for key, found in open_calls.items() if key[0] != pid}
            elif event.type in COMPLETING and (pid, reference) in open_calls:
                self.begun[index] = open_calls.pop((pid, reference))
                self.done[self.begun[index]] = index
            if event.type in ("WRITE", "SYNC", "ANSWER"):
                open_calls[pid, sequence] = index
            self.events.append(event)
            at += length
        self._rewind()

    def answers(self):
        """What was sent. An answer's index is that of the event before its call: materialise(answer.index) holds
        nothing that became durable after the peer could have read it."""
        users = {}
        for event in self.events:
            if event.type == "START":
                users = {key: count for key, count in users.items() if key[0] != event.pid}
            elif event.type == "CLOSE":
                users[event.pid, event.fd] = users.get((event.pid, event.fd), 0) + 1
            elif event.type == "ANSWER":
                done = self.done.get(event.index)
                sent = event.value if done is None else self.events[done].value
                if sent > 0:
                    data = bytes(event.data[:sent])
                    yield Answer(event.index, event.pid, event.fd, users.get((event.pid, event.fd), 0), data,
                                 done is not None, len(data) < sent)

    def materialise(self, upto_event, folder, unsynced="none", seed=0):
        """Writes the files into `folder` (made here; it must be new or empty) as a crash just before the event
        `upto_event` would have left them. Going forward from call to call costs only what is new."""
        if unsynced not in ("none", "random"):
            raise ValueError("unsynced is 'none' or 'random'")
        os.makedirs(folder, exist_ok=True)
        if os.listdir(folder):
            raise ReplayError(f"{folder} is not empty")
        self._advance(upto_event)
        chooser = random.Random(seed) if unsynced == "random" else None
        for path, node in sorted(self.names.items()):
            place = os.path.join(folder, path)
            os.makedirs(place if node is None else os.path.dirname(place), exist_ok=True)
            if isinstance(node, str):
                os.symlink(node, place)
            elif isinstance(node, File):
                if node in self.unknown and not any(fnmatch.fnmatch(path, pattern) for pattern in self.ignore):
                    raise ReplayError(f"{path}: was changed by calls that are not recorded ({self.unknown[node]})")
                with open(place, "wb") as file:
                    file.write(node.image(chooser))
                os.chmod(place, node.mode | 0o600)

    # -- from here on: the state at event `self.position`

    def _rewind(self):
        # names: path -> File, None (a folder) or str (a symbolic link's target).
        self.position, self.names, self.open, self.unknown, self.direct = 0, {}, {}, {}, {}
        if self.base:
            self.names = read_folder(self.base)

    def _advance(self, upto):
        if not 0 <= upto <= len(self.events):
            raise ReplayError(f"event {upto} of {len(self.events)}")
        if upto < self.position:
            self._rewind()
        while self.position < upto:
            event = self.events[self.position]
            handler = getattr(self, "_on_" + event.type.lower(), lambda *_: None)
            handler(event, self.open.get((event.pid, event.fd)))
            self.position += 1

    def _on_start(self, event, _):
        # A program that died left its O_DSYNC writes unfinished; they stay pending and no later sync covers them.
        self.open = {key: file for key, file in self.open.items() if key[0] != event.pid}

    def _on_open(self, event, _):
        self.open.pop((event.pid, event.fd), None)
        if not stat.S_ISREG(event.reference):
            if stat.S_ISDIR(event.reference) and event.text != ".":
                self.names.setdefault(event.text, None)
            return
        file = self.names.get(event.text)
        if not isinstance(file, File):
            file = self.names[event.text] = File(event.reference)
            if event.value:
                self.unknown[file] = f"it had {event.value} bytes when it was first opened"
        if event.offset & os.O_TRUNC and file.size:
            file.change(Change(event.index, "truncate"))
        if file.size != event.value:
            self.unknown[file] = f"{event.value} bytes at event {event.index}, {file.size} by the recording"
            file.size = event.value
        self.open[event.pid, event.fd] = file

    def _on_close(self, event, _):
        self.open.pop((event.pid, event.fd), None)

    def _on_write(self, event, file):
        if file is None or event.value <= 0:
            return
        file.change(Change(event.index, "write", event.offset, event.data))
        if event.flags & DSYNC:
            self.direct.setdefault(file, set()).add(event.index)

    def _on_write_done(self, event, file):
        begun = self.begun.get(event.index)
        if file is not None and begun is not None:
            file.finish_direct(begun, event.offset, event.value)
            self.direct[file].discard(begun)

    def _on_truncate(self, event, file):
        if file is not None:
            file.change(Change(event.index, "truncate", size=event.value))

    def _on_allocate(self, event, file):
        if file is None:
            return
        if event.reference & ~(KEEP_SIZE | PUNCH_HOLE | ZERO_RANGE):
            raise ReplayError(f"event {event.index}: fallocate mode {event.reference} is not modelled")
        if event.reference & (PUNCH_HOLE | ZERO_RANGE):
            file.change(Change(event.index, "zero", event.offset, size=event.value))
        if not event.reference & KEEP_SIZE:
            file.change(Change(event.index, "grow", event.offset + event.value))

    def _on_sync_done(self, event, file):
        begun = self.begun.get(event.index)
        if file is not None and begun is not None:
            (file.synced if event.value == 0 else file.failed)(begun, self.direct.get(file, ()))

    def _on_rename(self, event, _):
        old, new = event.text.split("\0")
        if not new:
            return self._forget(old)
        if not old:
            raise ReplayError(f"event {event.index}: {new} was renamed from outside the root")
        moved = {path: node for path, node in self.names.items() if path == old or path.startswith(old + "/")}
        for path in moved:
            del self.names[path]
        self._forget(new)
        if not moved:
            moved[old] = File()
            self.unknown[moved[old]] = "it was renamed, and made before that by calls that are not recorded"
        for path, node in moved.items():
            self.names[new + path[len(old):]] = node

    def _on_symlink(self, event, _):
        target, path = event.text.split("\0")
        self.names[path] = target

    def _on_link(self, event, _):
        old, new = event.text.split("\0")
        self.names[new] = self.names.get(old) or File()
        if old not in self.names:
            self.unknown[self.names[new]] = "it was linked from a file that is not known"

    def _on_mkdir(self, event, _):
        self.names[event.text] = None

    def _on_unlink(self, event, _):
        self._forget(event.text)

    _on_rmdir = _on_unlink

    def _forget(self, path):
        for found in [name for name in self.names if name == path or name.startswith(path + "/")]:
            del self.names[found]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", nargs="?")
    parser.add_argument("--materialise", nargs=2, metavar=("EVENT", "FOLDER"))
    parser.add_argument("--random", type=int, metavar="SEED")
    parser.add_argument("--base")
    parser.add_argument("--selftest", action="store_true")
    options = parser.parse_args()
    if options.selftest:
        import replay_selftest
        return replay_selftest.main()
    if not options.log:
        parser.error("a log is needed")
    recording = Recording(options.log, base=options.base)
    if options.materialise:
        event, folder = options.materialise
        recording.materialise(int(event), folder, "none" if options.random is None else "random", options.random or 0)
        return 0
    for name, count in sorted(collections.Counter(event.type for event in recording.events).items()):
        print(f"{count:10} {name}")
    print(f"{sum(1 for _ in recording.answers()):10} answers that were sent")
    return 0


if __name__ == "__main__":
    sys.exit(main())
