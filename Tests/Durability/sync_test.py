#!/usr/bin/env python3
"""Whether each change that cofferd acknowledged was on the disk, synced, before its answer was sent.

    sync_test.py --bin DIR --work DIR --tools DIR [--seed N] [--prefixes N]

cofferd runs under the recorder, from the making of its store on, while 8 connections change names of their own. For
each answer the files are rebuilt as a power cut just before that answer's send would have left them: first with what
was written and synced alone, then with random parts of the rest. A real cofferd opens the copy, with the key
file as it was then, and must hold everything that had been acknowledged, this answer included. The same before each write, sync
and change of a name, from the first one on (`--prefixes`: so many of them, default 20; 0: every one): what was written and synced by
then, and that with random parts of the rest in any order within a flush, opens and holds what had been acknowledged.

Planted faults, which must be found: LMDB without syncs (MDB_NOSYNC), and a power cut one sync earlier.
Green and 0 only if the honest run holds everywhere and the planted ones do not. DIR of --tools is what tools.sh made.
"""
import argparse
import bisect
import os
import random
import shutil
import struct
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from load import Broken, Check, Daemon, Writer, c, frames_of, run_load
from replay import Recording

WRITERS, CHANGES = 8, 20
COUNTER = "store/counter"


class Recorded:
    """One run under the recorder. `base`: a run is made on this store and key, and not from nothing."""

    def __init__(self, options, name, planted=False, base=None):
        self.binary, self.seed = os.path.join(options.bin, "cofferd"), options.seed
        self.work = os.path.join(options.work, name)
        if os.path.isdir(self.work):
            shutil.rmtree(self.work)
        # Store and key lie below the root; what is no part of the test does not.
        self.root = os.path.join(self.work, "root")
        if base:
            shutil.copytree(base, self.root, symlinks=True)
        else:
            os.makedirs(self.root)
        log, mark = os.path.join(self.work, "recording"), os.path.join(self.work, "planted")
        tool = lambda file: os.path.join(os.path.abspath(options.tools), file)
        preload = [tool("recorder.so")] + ([tool("nosync.so")] if planted else [])
        for path in preload:
            if not os.path.exists(path):
                raise SystemExit(f"{path} is not there: run tools.sh {options.tools}")
        daemon = Daemon(self.binary, self.root, socket_path=os.path.join(self.work, "s"), environment={
            "LD_PRELOAD": ":".join(preload), "RECORDER_ROOT": self.root, "RECORDER_LOG": log, "NOSYNC_MARK": mark})
        self.writers = [Writer(at, {}, random.Random(f"{self.seed}/{name}/{at}"), name, fresh=6, window=4) for at in range(WRITERS)]
        try:
            wrong = run_load(daemon, self.writers, most=CHANGES, keep=True)
            if wrong:
                raise Broken(wrong[0])
            code = daemon.stop()
            if code != 0:
                raise Broken(f"cofferd ended with {code}: {daemon.log()[-600:]}")
        finally:
            daemon.kill()
        if planted != os.path.exists(mark):
            raise Broken("MDB_NOSYNC was not planted" if planted else "MDB_NOSYNC was planted")
        self.log, self.base = log, base
        self._match()

    def recording(self):
        return Recording(self.log, base=self.base, ignore=["*lock.mdb", "*owner.lock", "log"])

    def _match(self):
        """self.sent: change -> the event behind which its answer was sent. The recorded streams must be, byte by
        byte, what the connections got: nothing went out beside the recorder."""
        recording = self.recording()
        streams = {}
        for answer in recording.answers():
            if answer.cut:
                raise Broken("an answer that is cut off")
            starts, data = streams.setdefault((answer.pid, answer.fd, answer.connection), ([], bytearray()))
            starts.append((len(data), answer.index))
            data += answer.data
        by_bytes = {bytes(data): starts for starts, data in streams.values()}
        self.sent = {}
        for writer in self.writers:
            starts = by_bytes.get(bytes(writer.link.received))
            if starts is None:
                raise Broken(f"writer {writer.number}: what it received was not recorded as sent")
            by_id = {3 + at: change for at, change in enumerate(writer.changes)}
            for start, _ in frames_of(writer.link.received):
                change = by_id.get(struct.unpack_from(">I", writer.link.received, start + 8)[0])
                if change is not None:
                    # The send that holds the frame's first byte.
                    self.sent[change] = starts[bisect.bisect_right(starts, (start, 1 << 62)) - 1][1]
        if len(self.sent) != sum(len(writer.changes) for writer in self.writers) or any(
                not change.answer for change in self.sent):
            raise Broken("a change without a recorded answer")
        self.moments = sorted(set(self.sent.values()))
        self.events = recording.events
        # Meta pages go through an O_DSYNC descriptor: a commit is complete with this.
        self.commits = [event.index for event in recording.events if event.type == "WRITE_DONE" and event.value > 0]
        self.syncs = sum(event.type == "SYNC_DONE" for event in recording.events)

    def check(self, cuts, random_parts=False, whole_counter=True):
        """cuts: (moment of an answer, event before which the power goes). `whole_counter`: a counter file whose bytes
        are not all there is taken away. Returns the problems, how many answers of the daemons were compared, how many
        copies lack something, and how many acknowledged changes were looked for."""
        recording, results = self.recording(), []
        # Two copies are looked at while the next one is made.
        with ThreadPoolExecutor(2) as pool:
            waiting = []
            for number, (moment, event) in enumerate(sorted(cuts, key=lambda cut: cut[1])):
                folder = os.path.join(self.work, f"c{number}")
                recording.materialise(event, folder, "random" if random_parts else "none", self.seed * 1000 + number)
                self._counter(recording, folder, whole_counter)
                waiting.append(pool.submit(self._open, folder, moment))
                if len(waiting) > 3:
                    results.append(waiting.pop(0).result())
            results += [future.result() for future in waiting]
        return (sum((found for found, _, _ in results), []), sum(looked for _, looked, _ in results),
                sum(bool(found) for found, _, _ in results), sum(count for _, _, count in results))

    @staticmethod
    def _counter(recording, folder, whole):
        """The counter follows lazily: it may be an older one, or none. Whether a torn one does harm is a check of
        its own, so that it does not hide what the others look for."""
        path, file = os.path.join(folder, COUNTER), recording.names.get(COUNTER)
        if whole and file is not None and os.path.getsize(path) != file.size:
            os.unlink(path)

    def torn_counters(self):
        """The moments at which a power cut leaves a counter of another length than it was written with."""
        recording, found = self.recording(), []
        for moment in self.moments:
            recording.materialise(moment, os.path.join(self.work, "t"))
            file = recording.names.get(COUNTER)
            if file is not None and len(file.durable) != file.size:
                found.append((moment, moment))
            shutil.rmtree(os.path.join(self.work, "t"))
        return found

    def _open(self, folder, moment):
        acknowledged = {change for change, sent in self.sent.items() if sent <= moment}
        highest = max((change.answer[1] for change in acknowledged), default=0)
        what = f"power cut at event {moment}, {len(acknowledged)} changes acknowledged"
        check = Check({}, self.writers, acknowledged=acknowledged.__contains__)
        daemon = Daemon(self.binary, folder)
        try:
            link = daemon.connect()
            if link.hello.locked:
                raise Broken(daemon.log()[-600:])
            if link.hello.position.revision < highest:
                check.problems.append(f"LOST: revision {link.hello.position.revision}, but {highest} was acknowledged")
            check.list(link, check.look(link))
            link.close()
        except (Broken, OSError) as problem:
            # While the store is being made, a key without a store is what may be left; nothing was acknowledged then.
            if acknowledged or "there is a key file" not in str(problem):
                check.problems.append(f"LOST: the copy does not open: {problem}")
        finally:
            daemon.kill()
        shutil.rmtree(folder)
        return [f"{what}: {problem}" for problem in check.problems], check.looked_at, len(acknowledged)

    def prefixes(self, most, chooser):
        """(moment of the last answer before it, event) of each event that changes files; `most` of them, 0: all."""
        changing = ("WRITE", "WRITE_DONE", "TRUNCATE", "ALLOCATE", "RENAME", "SYMLINK", "LINK", "UNLINK", "RMDIR", "MKDIR", "SYNC", "SYNC_DONE", "OPEN")
        found = [event.index for event in self.events if event.type in changing and event.index <= self.moments[-1]]
        chosen = sorted(chooser.sample(found, most)) if most and most < len(found) else found
        cuts = []
        for event in chosen:
            at = bisect.bisect_left(self.moments, event)
            cuts.append((self.moments[at - 1] if at else -1, event))
        return cuts, len(found)

    def folders(self):
        """Names are durable by the fsync of their folder: those that were made, renamed or linked before the first
        answer and whose folder was not synced between. (The replay takes names as durable at once.)"""
        first, unsynced, handles = self.moments[0], {}, {}
        for event in self.events:
            if event.index >= first:
                break
            key = (event.pid, event.fd)
            paths = []
            if event.type == "OPEN":
                handles[key] = event.text
                if event.offset & os.O_CREAT and event.value == 0:
                    paths = [event.text]
            elif event.type == "CLOSE":
                handles.pop(key, None)
            elif event.type == "MKDIR":
                paths = [event.text]
            elif event.type in ("SYMLINK", "RENAME", "LINK"):
                old, new = event.text.split("\0")
                paths = [new]
                if event.type == "RENAME":
                    unsynced.pop(old, None)
                    unsynced = {path: at for path, at in unsynced.items() if not path.startswith(old + "/")}
            elif event.type in ("UNLINK", "RMDIR"):
                unsynced.pop(event.text, None)
            elif event.type == "SYNC_DONE" and event.value == 0:
                folder = handles.get(key)
                unsynced = {path: at for path, at in unsynced.items() if (os.path.dirname(path) or ".") != folder}
            unsynced.update({path: event.index for path in paths})
        # The locks and the log hold nothing that must last; the counter and the end of the audit log that is kept beside it may lag.
        return sorted(path for path in unsynced if os.path.basename(path) not in ("lock.mdb", "owner.lock", "log", "counter", "audit.head"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--bin", "--work", "--tools"):
        parser.add_argument(name, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--prefixes", type=int, default=20)
    options = parser.parse_args()
    options.work = os.path.realpath(options.work)
    os.makedirs(options.work, exist_ok=True)
    start, failures = time.monotonic(), 0

    def say(good, text):
        nonlocal failures
        failures += not good
        print(("ok      " if good else "FAILED  ") + text, flush=True)

    print(f"sync_test: seed {options.seed}, {WRITERS} connections with {CHANGES} changes each", flush=True)
    honest = Recorded(options, "h")
    exact = [(moment, moment) for moment in honest.moments]
    print(f"        recorded: {len(honest.sent)} acknowledged changes in {len(exact)} sends, {len(honest.commits)} commits, "
          f"{honest.syncs} syncs; the recorded bytes are those that were received")
    for random_parts in (False, True):
        problems, looked_at, bad, acknowledged = honest.check(exact, random_parts)
        say(not problems, f"power cut before each of {len(exact)} sends, " + ("with random unsynced parts: " if random_parts else "only what was synced: ") +
            f"{bad} copies lack something; {acknowledged} acknowledged changes looked for, {looked_at} answers compared")
        for problem in problems[:8]:
            print("        " + problem)
    for random_parts in (False, True):
        cuts, events = honest.prefixes(options.prefixes, random.Random(f"{options.seed}/{random_parts}"))
        problems, looked_at, bad, acknowledged = honest.check(cuts, random_parts)
        say(not problems, f"power cut before {len(cuts)} of {events} writes, syncs and changes of names, " +
            ("with random unsynced parts: " if random_parts else "only what was synced: ") +
            f"{bad} copies lack something; {acknowledged} acknowledged changes looked for, {looked_at} answers compared")
        for problem in problems[:8]:
            print("        " + problem)
    torn = honest.torn_counters()
    problems, _, bad, _ = honest.check(torn[:6], whole_counter=False)
    say(not problems, f"counter file: renamed into place before its bytes were synced at {len(torn)} of {len(exact)} moments; of {len(torn[:6])} "
        f"copies with such a counter {bad} fail" + (f", such as: {problems[0]}" if problems else ""))
    late = honest.folders()
    say(not late, "each name made before the first answer was followed by a sync of its folder" + (f", but not: {', '.join(late)}" if late else ""))

    # Planted: the last commit before the answer did not complete.
    early = []
    for moment in random.Random(options.seed).sample(honest.moments, min(len(exact), 16)):
        commit = bisect.bisect_left(honest.commits, moment) - 1
        if commit >= 1:
            early.append((moment, honest.commits[commit]))
    problems, _, bad, _ = honest.check(early)
    say(bad > 0, f"planted 'one sync too early': found in {bad} of {len(early)} copies" + (f", such as: {problems[0]}" if problems else ""))

    # Planted: MDB_NOSYNC, on a store that an honest cofferd has made, so that there is something to open.
    base = os.path.join(options.work, "base")
    shutil.rmtree(base, ignore_errors=True)
    os.makedirs(base)
    daemon = Daemon(os.path.join(options.bin, "cofferd"), base)
    daemon.connect().close()
    daemon.stop()
    for name in ("log", "s.sock"):
        if os.path.lexists(os.path.join(base, name)):
            os.unlink(os.path.join(base, name))
    planted = Recorded(options, "n", planted=True, base=base)
    cuts = [(moment, moment) for moment in planted.moments]
    some = random.Random(options.seed).sample(cuts[:-1], min(len(cuts) - 1, 11)) + cuts[-1:]
    problems, _, bad, _ = planted.check(some)
    lost = sum("LOST" in problem for problem in problems)
    say(lost > 0, f"planted MDB_NOSYNC: found in {bad} of {len(some)} copies, {lost} losses" +
        (f", such as: {next(problem for problem in problems if 'LOST' in problem)}" if lost else ""))

    if not failures:
        for folder in (honest.work, planted.work, base):
            shutil.rmtree(folder)
    print(f"sync_test: {'good' if not failures else f'{failures} FAILED'} in {time.monotonic() - start:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as problem:
        print(f"FAILED  {problem}")
        sys.exit(1)
