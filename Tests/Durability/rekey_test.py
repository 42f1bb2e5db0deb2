#!/usr/bin/env python3
"""Kills cofferd at random moments while record keys give way, under writers; and looks whether all is there.

    rekey_test.py --bin DIR --work DIR [--records 2000] [--kills 8] [--writers 32] [--seed N]

A store of so many records; then, until so many kills have fallen into a change of the record keys, `rekey`: 32 writers
change names of their own, SIGKILL, a new start. Each time every change that was acknowledged is there, each other one
wholly or not at all; the change of keys goes on by itself, and does not do again what was done. At the end one key is
left, every record opens with it, and the store is opened once more without its daemon. The planted fault: a record that
the change of keys cannot open must keep the old key.

The long form is --records 100000 --kills 100. DIR of --bin holds cofferd and coffer.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import time

from load import Broken, Check, Daemon, Writer, c, run_load


class Run:
    def __init__(self, options, work):
        self.binary, self.coffer = os.path.join(options.bin, "cofferd"), os.path.join(options.bin, "coffer")
        self.work, self.options = work, options
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        self.states, self.problems = {}, []
        self.acknowledged = self.kills = self.during = self.changes = 0
        self.environment = {"COFFER_SOCKET": os.path.join(work, "s.sock")}

    def rekey(self, link, act=c.LOOK):
        answer = link.ask(c.REKEY, c.rekey_body(act))
        if isinstance(answer, c.Failure):
            raise Broken(f"rekey {act}: {answer}")
        return answer

    def cli(self, *arguments, code=0):
        done = subprocess.run([self.coffer, *arguments], capture_output=True, timeout=600, env=dict(os.environ, **self.environment))
        if done.returncode != code:
            raise Broken(f"coffer {' '.join(arguments)}: exit {done.returncode}: {done.stderr.decode(errors='replace')[-600:]}")
        return done.stdout.decode()

    def fill(self):
        """The records that nobody changes."""
        daemon = Daemon(self.binary, self.work)
        link = daemon.connect()
        count = self.options.records // 2  # a name's record and its value
        for start in range(0, count, 5000):
            puts = [(c.PUT, c.put_body(f"still/{n}", f"value {n}".encode())) for n in range(start, min(start + 5000, count))]
            for answer in link.ask_all(puts, window=256):
                if isinstance(answer, c.Failure):
                    raise Broken(f"filling: {answer}")
        link.close()
        daemon.stop()

    def look(self, link, sample):
        wrong = []
        for n, answer in zip(sample, link.ask_all([(c.GET, c.get_body(f"still/{n}")) for n in sample])):
            if isinstance(answer, c.Failure) or answer.value != f"value {n}".encode():
                wrong.append(f"still/{n}: {answer}")
        return wrong

    def round(self, number):
        chooser = random.Random(f"{self.options.seed}/{number}")
        writers = [Writer(at, self.states, random.Random(f"{self.options.seed}/{number}/{at}"), f"r{number:03}", fresh=4, window=4)
                   for at in range(self.options.writers)]
        daemon = Daemon(self.binary, self.work)
        link = daemon.connect()
        before = self.rekey(link)
        if before.phase == c.IDLE:
            before = self.rekey(link, c.START)
            self.changes += 1
        link.close()
        wrong = run_load(daemon, writers, kill_after=time.monotonic() - daemon.started + chooser.uniform(0.05, 0.6))
        self.kills += 1
        self.acknowledged += sum(1 for writer in writers for change in writer.changes if change.answer)
        daemon = Daemon(self.binary, self.work)
        try:
            link = daemon.connect()
            after = self.rekey(link)
            self.during += after.phase != c.IDLE
            if [key.state for key in after.keys].count(c.SEALING) != 1:
                wrong.append(f"not one key that seals: {after}")
            if not {key.id for key in after.keys} <= {key.id for key in before.keys}:
                wrong.append(f"a key came by itself: {before.keys}, then {after.keys}")
            check = Check(self.states, writers)
            states = check.look(link, sorted(self.states))
            wrong += check.problems
            self.states = states
            wrong += self.look(link, chooser.sample(range(self.options.records // 2), min(200, self.options.records // 2)))
            link.close()
        finally:
            daemon.kill()
        self.problems += [f"kill {self.kills}: {problem}" for problem in wrong]

    def end(self):
        """One key is left, and all opens with it; also for who opens the store without the daemon."""
        daemon = Daemon(self.binary, self.work)
        link = daemon.connect()
        limit = time.monotonic() + 60 + self.options.records / 500
        while True:
            state = self.rekey(link)
            if state.phase == c.IDLE:
                break
            if state.phase == c.WAITING or time.monotonic() > limit:
                raise Broken(f"the change of keys does not come to its end: {state}")
            time.sleep(0.05)
        if len(state.keys) != 1:
            self.problems.append(f"more than one key is left: {state.keys}")
        self.problems += self.look(link, range(self.options.records // 2))
        link.close()
        if daemon.stop() != 0:
            self.problems.append("cofferd ended badly")
        store = ["--store", os.path.join(self.work, "store"), "--key-file", os.path.join(self.work, "key")]
        self.cli("rekey", *store, "--json")
        daemon = Daemon(self.binary, self.work)
        link = daemon.connect()
        last = self.rekey(link)
        if len(last.keys) != 1 or last.keys[0].id <= state.keys[0].id:
            self.problems.append(f"the change of keys of a stopped store: {last}")
        self.problems += self.look(link, range(self.options.records // 2))
        link.close()
        daemon.stop()


def planted(options):
    """A record whose bytes were changed: its key must stay, and the others must be sealed anew."""
    run = Run(argparse.Namespace(**{**vars(options), "records": 400}), os.path.join(options.work, "p"))
    run.fill()
    data = os.path.join(run.work, "store", "current", "data.mdb")
    daemon = Daemon(run.binary, run.work)
    link = daemon.connect()
    link.ask(c.PUT, c.put_body("marked", b"m" * 1500))
    key = run.rekey(link).keys[0].id
    link.close()
    daemon.stop()
    with open(data, "r+b") as file:
        content, prefix, found, at = file.read(), bytes([1]) + key.to_bytes(4, "big"), 0, -1
        while (at := content.find(prefix, at + 1)) >= 0:
            # In front of a record lie its key of 24 bytes and LMDB's 8, which begin with the record's length. No other is as long.
            if at >= 32 and 1500 <= int.from_bytes(content[at - 32:at - 28], "little") <= 1700:
                file.seek(at + 700)
                file.write(bytes([content[at + 700] ^ 1]))
                found += 1
    if not found:
        raise Broken("the planted record was not found in the file")
    daemon = Daemon(run.binary, run.work)
    link = daemon.connect()
    run.rekey(link, c.START)
    end = time.monotonic() + 60
    while True:
        state = run.rekey(link)
        if state.phase == c.WAITING or (state.phase == c.IDLE and len(state.keys) == 1) or time.monotonic() > end:
            break
        time.sleep(0.05)
    wrong = run.look(link, range(200))
    link.close()
    daemon.kill()
    if state.phase != c.WAITING or len(state.keys) != 2 or "does not open" not in state.note or wrong:
        raise Broken(f"planted: the key of a record that does not open went: {state} {wrong[:2]}")
    shutil.rmtree(run.work)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--records", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--writers", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.work = os.path.abspath(options.work)
    sys.setswitchinterval(0.0005)
    os.makedirs(options.work, exist_ok=True)
    start = time.monotonic()
    print(f"rekey_test: seed {options.seed}, {options.records} records, {options.kills} kills, {options.writers} writers", flush=True)
    planted(options)
    print("ok      planted: a record that does not open keeps its key", flush=True)
    run = Run(options, os.path.join(options.work, "k"))
    run.fill()
    while run.kills < options.kills and not run.problems:
        run.round(run.kills + 1)
    if not run.problems:
        run.end()
    for problem in run.problems[:20]:
        print("FAILED  " + problem)
    if run.problems:
        print(f"        {len(run.problems)} problems; seed {options.seed}; the store is left in {run.work}")
        return 1
    if run.during == 0:
        print("FAILED  no kill fell into a change of the keys")
        return 1
    print(f"ok      {run.kills} kills, {run.during} of them in a change of the record keys ({run.changes} begun): "
          f"{run.acknowledged} acknowledged changes, none lost; one key is left, everything opens with it")
    shutil.rmtree(run.work)
    print(f"rekey_test: good in {time.monotonic() - start:.0f} s")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as problem:
        print(f"FAILED  {problem}")
        sys.exit(1)
