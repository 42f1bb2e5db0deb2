#!/usr/bin/env python3
"""Kills cofferd at random moments under load, and looks whether everything is there that it acknowledged.

    kill_test.py --bin DIR --work DIR [--rounds 50] [--seed N]
    kill_test.py --bin DIR --work DIR --planted lose|torn|older      one planted fault: ends with 1 where it was found, else with 0

Each round, all on one store: 16 connections change names of their own, one more makes, changes and deletes users; SIGKILL; a new start; then every change that was
acknowledged is there, each other one wholly or not at all, in the order of its connection, and the revision counts
them. Behind that, changes with an idempotency key are sent again. A run begins with the planted faults, which
must be found. DIR of --bin holds cofferd. This does not test what a power cut leaves: sync_test.py does.
"""
import argparse
import os
import random
import shutil
import sys
import time

from load import ABSENT, Broken, Check, Daemon, Writer, after, c, run_load
from records_load import RecordWriter

WRITERS = 16


class Run:
    def __init__(self, binary, work, seed):
        self.binary, self.work, self.seed = os.path.join(binary, "cofferd"), work, seed
        if os.path.isdir(work):
            shutil.rmtree(work)
        os.makedirs(work)
        self.states, self.revision, self.incarnation = {}, None, None
        self.users = {}
        self.highest, self.revisions = 0, {}
        self.problems = []
        self.acknowledged = self.without = self.came_through = self.looked_at = self.repeated = self.empty = 0

    def begin(self):
        daemon = Daemon(self.binary, self.work)
        link = daemon.connect()
        self.revision, self.incarnation = link.hello.position.revision, link.hello.position.incarnation
        link.close()
        daemon.stop()

    def round(self, number, planted=None, everything=False):
        chooser = random.Random(f"{self.seed}/{number}")
        writers = [Writer(at, self.states, random.Random(f"{self.seed}/{number}/{at}"), f"r{number:03}") for at in range(WRITERS)]
        self.records = RecordWriter(self.users, random.Random(f"{self.seed}/{number}/records"), f"r{number:03}")
        if planted == "older":
            shutil.copytree(os.path.join(self.work, "store"), os.path.join(self.work, "older"), symlinks=True)
        try:
            wrong = self.kill_and_look(writers, chooser, planted, everything)
        except (Broken, OSError) as problem:
            wrong = [str(problem)]
        self.problems += [f"round {number}: {problem}" for problem in wrong]
        return wrong

    def kill_and_look(self, writers, chooser, planted, everything):
        daemon = Daemon(self.binary, self.work)
        seconds = chooser.uniform(*((0.3, 0.4) if planted else (0.02, 0.4)))
        # Every fourth time from its start on, which may hit the opening of the store; else from its first answer on: the machine may be slow.
        if planted or chooser.random() < 0.75:
            daemon.connect().close()
            seconds += time.monotonic() - daemon.started
        wrong = run_load(daemon, writers + [self.records], kill_after=seconds)
        changes = [change for writer in writers for change in writer.changes]
        answered = [change for change in changes if change.answer]
        self.acknowledged += len(answered)
        self.without += len(changes) - len(answered)
        self.empty += not answered
        for change in answered:
            if not change.effective:
                continue
            other = self.revisions.setdefault(change.answer[1], change)
            if other is not change:
                wrong.append(f"one revision for two: {change} and {other}")
        self.highest = max([self.highest] + [change.answer[1] for change in answered])
        if planted == "older":
            shutil.rmtree(os.path.join(self.work, "store"))
            os.rename(os.path.join(self.work, "older"), os.path.join(self.work, "store"))

        daemon = Daemon(self.binary, self.work)
        try:
            wrong += self.look(daemon, writers, chooser, planted, everything)
            if chooser.random() < 0.5:
                code = daemon.stop()
                if code != 0:
                    wrong.append(f"cofferd ended with {code} on SIGTERM: {daemon.log()[-600:]}")
        finally:
            daemon.kill()
        return wrong

    def look(self, daemon, writers, chooser, planted, everything):
        link = daemon.connect()
        wrong, position = [], link.hello.position
        if position.incarnation != self.incarnation:
            wrong.append(f"the incarnation is another one: {position.incarnation.hex()}, was {self.incarnation.hex()}")
        if position.revision < self.highest:
            wrong.append(f"LOST: revision {position.revision} is below the highest that was acknowledged, {self.highest}")
        check = Check(self.states, writers)
        names = sorted(self.states)
        sample = names if everything else chooser.sample(names, min(len(names), 150))
        states = check.look(link, sample, tamper=self.tamper(planted, writers))
        status = check.list(link, states)
        wrong += check.problems
        torn, came = self.records.look(link)
        wrong += torn
        self.acknowledged += len(self.records.done)
        self.without += self.records.open is not None
        self.came_through += came
        check.fewest += len(self.records.done)
        check.most += len(self.records.done) + (self.records.open is not None)
        if not wrong and not self.revision + check.fewest <= position.revision <= self.revision + check.most:
            wrong.append(f"revision {position.revision}, but {self.revision} and {check.fewest} to {check.most} changes since")
        if status["revision"] != position.revision:
            wrong.append(f"status: revision {status['revision']}, hello's was {position.revision}")
        if not wrong:
            wrong += self.repeat(link, check, states, chooser)
        self.states = states
        self.revision = link.ask(c.STATUS, c.empty_body())["revision"]
        self.highest = max(self.highest, self.revision)
        self.came_through += check.applied_without_answer
        self.looked_at += check.looked_at
        link.close()
        return wrong

    def repeat(self, link, check, states, chooser):
        """Sends changes with a key again: done once is done, lost is done now."""
        wrong, done, lost = [], [], []
        for writer in check.writers:
            kept = check.kept[writer]
            done += [change for change in writer.changes[:kept] if change.kind == "put" and change.key]
            # Of each name only the first that was lost: those behind it would get other versions than they were meant to.
            first = {}
            for change in writer.changes[kept:]:
                if change.kind == "put":
                    first.setdefault(change.name, change)
            lost += [change for change in first.values() if change.key]
        done = chooser.sample(done, min(len(done), 12))
        again = done + chooser.sample(lost, min(len(lost), 8))
        for change, answer in zip(again, link.ask_all([change.request() for change in again])):
            self.repeated += 1
            if isinstance(answer, c.Failure):
                wrong.append(f"{change}: sent again: {answer}")
            elif change in done:
                revision = change.answer[1] if change.answer else check.present.get(change, answer.revision)
                if answer != (change.version, revision):
                    wrong.append(f"{change}: sent again it was answered {tuple(answer)}, wanted {(change.version, revision)}")
            else:
                state = states.get(change.name, ABSENT)
                change.version, change.answer = state.latest + 1, tuple(answer)
                if answer.version != change.version or answer.revision <= self.highest:
                    wrong.append(f"{change}: sent again behind its loss it was answered {tuple(answer)}")
                states[change.name] = after(state, change)
        return wrong

    @staticmethod
    def tamper(planted, writers):
        """Makes the daemon seem to have lost, or torn, one acknowledged put."""
        if planted not in ("lose", "torn"):
            return None
        target = None
        for writer in writers:
            last = {change.name: change for change in writer.changes}
            for change in last.values():
                if change.kind == "put" and change.answer and change.value:
                    target = change
        if target is None:
            return None

        def lie(operation, name, version, answer):
            if name != target.name or isinstance(answer, c.Failure):
                return answer
            if planted == "torn" and operation == c.GET and answer.version == target.version:
                return answer._replace(value=answer.value[:-1] + bytes([answer.value[-1] ^ 1]))
            if planted == "lose" and operation == c.INFO:
                return answer._replace(latest_version=answer.latest_version - 1) if answer.latest_version > 1 else c.NotFound()
            if planted == "lose" and operation == c.GET and answer.version == target.version:
                return c.VersionNotFound() if version else c.NotFound()
            return answer
        return lie


def plant(options, kind):
    """The problems that a planted fault brings; two good rounds go before it."""
    run = Run(options.bin, os.path.join(options.work, "p"), f"{options.seed}/{kind}")
    run.begin()
    for number in range(1, 8):
        before, planted = run.acknowledged, kind if number > 2 else None
        wrong = run.round(number, planted=planted)
        if not planted and wrong:
            raise Broken("a round before the planted one failed: " + wrong[0])
        if planted and (wrong or run.acknowledged > before + 5):
            shutil.rmtree(run.work)
            return wrong
    raise Broken("hardly anything was acknowledged in the planted rounds")


def first_starts(options, tries=20):
    """SIGKILL while the first start makes key and store. The next start has a whole store, makes one, or says that
    there is a key without its store; nothing else. Returns what was wrong, and how many said so."""
    wrong, refused, chooser = [], 0, random.Random(f"{options.seed}/first")
    binary, work = os.path.join(options.bin, "cofferd"), os.path.join(options.work, "f")
    for number in range(tries):
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        daemon, key = Daemon(binary, work), os.path.join(work, "key")
        while not os.path.exists(key) and daemon.process.poll() is None:
            time.sleep(0.0001)
        time.sleep(chooser.uniform(0, 0.02))
        daemon.kill()
        daemon = Daemon(binary, work)
        try:
            link = daemon.connect()
            name, value = f"first/{number}", chooser.randbytes(100)
            written, read = link.ask(c.PUT, c.put_body(name, value)), link.ask(c.GET, c.get_body(name))
            if isinstance(written, c.Failure) or isinstance(read, c.Failure) or read.value != value:
                wrong.append(f"first start {number}: put {written}, get {read}")
            link.close()
        except Broken as problem:
            refused += 1
            if "there is a key file" not in str(problem):
                wrong.append(f"first start {number}: {problem}")
        finally:
            daemon.kill()
    shutil.rmtree(work, ignore_errors=True)
    return wrong, refused


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--planted", choices=("lose", "torn", "older"))
    parser.add_argument("--unplanted", action="store_true", help="without the planted faults and the kills of first starts, for a daemon that is slow to start")
    options = parser.parse_args()
    options.work = os.path.abspath(options.work)
    sys.setswitchinterval(0.0005)
    os.makedirs(options.work, exist_ok=True)
    start = time.monotonic()
    print(f"kill_test: seed {options.seed}, {options.rounds} rounds, {WRITERS} connections", flush=True)

    for kind in [options.planted] if options.planted else () if options.unplanted else ("lose", "torn", "older"):
        wrong = plant(options, kind)
        print(f"{'ok     ' if wrong else 'FAILED '} planted '{kind}': " +
              (f"{len(wrong)} problems, such as: {next((p for p in wrong if 'LOST or' in p), wrong[0])}" if wrong else "was not found"), flush=True)
        if options.planted:
            return 1 if wrong else 0
        if not wrong:
            return 1

    wrong, refused = first_starts(options, 0 if options.unplanted else 20)
    if not options.unplanted:
        print(f"{'FAILED ' if wrong else 'ok     '} 20 kills while the store was being made: {20 - refused} came up again, {refused} say that "
              f"there is a key without a store" + "".join(f"\n        {problem}" for problem in wrong), flush=True)
    if wrong:
        return 1

    run = Run(options.bin, os.path.join(options.work, "k"), options.seed)
    run.begin()
    for number in range(1, options.rounds + 1):
        run.round(number, everything=number % 10 == 0 or number == options.rounds)
        if run.problems:
            break
    for problem in run.problems[:20]:
        print("FAILED  " + problem)
    if run.problems:
        print(f"        {len(run.problems)} problems; seed {options.seed}; the store is left in {run.work}")
        return 1
    if run.acknowledged < 2 * options.rounds:
        print(f"FAILED  {run.acknowledged} changes were acknowledged in {options.rounds} rounds: that proves nothing")
        return 1
    print(f"ok      {options.rounds} kills ({run.empty} before the first answer): {run.acknowledged} acknowledged changes, none lost")
    print(f"ok      {run.without} changes without an answer: {run.came_through} wholly there, the others not at all")
    print(f"ok      {run.looked_at} answers compared, {run.repeated} changes sent again by their key; "
          f"{len(run.states)} names, revision {run.revision}")
    shutil.rmtree(run.work)
    print(f"kill_test: good in {time.monotonic() - start:.0f} s")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as problem:
        print(f"FAILED  {problem}")
        sys.exit(1)
