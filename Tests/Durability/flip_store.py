#!/usr/bin/env python3
"""Flips bytes of a stopped store, and looks what the daemon makes of it.

    flip_store.py --bin DIR --work DIR [--rounds 60] [--seed N]
    flip_store.py --bin DIR --work DIR --planted wrong|blind      one planted fault: ends with 1 where it was found, else with 0

Each round begins with the same store, in whose data file, header, key file or counter one byte is changed (every tenth
round: two). Then the real daemon is started on it. It must refuse with exit code 65 (1 where the
header claims to be of another format) and one sentence, or stay locked and say why, or serve: every value that it hands out is the right one, and whatever is no longer there is named by
`coffer scrub`. It must never hang, die of a signal, hand out anything else, or call a store good in which something is
missing. Planted: a wrong expectation, and a harness that takes every scrub for good. DIR of --bin holds cofferd and coffer.
"""
import argparse
import collections
import json
import os
import random
import shutil
import subprocess
import sys
import time

from load import Broken, Daemon, c

NAMES = 60
LONGEST_START = 10      # seconds until a daemon has refused
EXIT_DAMAGED = 65
OTHER_REFUSALS = ("has format", "uses features that this version does not know", "has no header of a Coffer store")
PAGE = 4096


def value(number):
    return f"value {number} of a store that somebody damages ".encode() * (1 + number * 13 % 90)


def name(number):
    return f"dir-{number % 7}/name-{number}"


class Campaign:
    def __init__(self, binary, work, seed, planted):
        self.cofferd, self.coffer = os.path.join(binary, "cofferd"), os.path.join(binary, "coffer")
        self.work, self.seed, self.planted = work, seed, planted
        if os.path.isdir(work):
            shutil.rmtree(work)
        os.makedirs(work)
        self.pristine = os.path.join(work, "pristine")
        self.at = os.path.join(work, "at")
        self.expected, self.outcomes, self.slowest = {}, collections.Counter(), 0.0

    # ------------------------------------------------------------ the store

    def command(self, daemon, *arguments, data=None):
        return subprocess.run(
            [self.coffer, *arguments, "--socket", daemon.socket_path, "--timeout", "60"], input=data, capture_output=True, timeout=120)

    def make(self):
        os.makedirs(self.pristine)
        daemon = Daemon(self.cofferd, self.pristine)
        link = daemon.connect()
        puts = [(name(number), value(number)) for number in range(NAMES)]
        # Some have more versions, and one that was deleted and came back.
        puts += [(name(number), value(number + 100)) for number in range(0, NAMES, 5)]
        for answer in link.ask_all([(c.PUT, c.put_body(key.encode(), content)) for key, content in puts]):
            if isinstance(answer, c.Failure):
                raise Broken(f"the store cannot be filled: {answer}")
        self.expected = {key: content for key, content in puts}
        link.ask(c.DELETE, c.version_body(name(3).encode(), 0))
        link.ask(c.UNDELETE, c.version_body(name(3).encode(), 0))
        link.ask(c.DESTROY, c.version_body(name(4).encode(), 0))
        del self.expected[name(4)]
        link.close()
        policy = b"policy: readers\nrules:\n  - who: [any]\n    tenant: main\n    noun: secret\n    names: [\"dir-0/**\"]\n    actions: [get]\n"
        for arguments, data in [(("policy", "apply", "-"), policy)] + [(("tenant", "create", f"tenant-{at}"), None) for at in range(5)]:
            done = self.command(daemon, *arguments, data=data)
            if done.returncode != 0:
                raise Broken(f"the store cannot be filled: {done.stderr!r}")
        if daemon.stop() != 0:
            raise Broken("the daemon did not stop in order")
        if self.planted == "wrong":
            self.expected[name(7)] = b"something else"

    def files(self):
        """What is damaged: (path below the folder, the places of its bytes that may be chosen)."""
        data = os.path.join("store", "current", "data.mdb")
        with open(os.path.join(self.pristine, data), "rb") as file:
            content = file.read()
        headers, at = [], content.find(b"COFFERST")
        while at >= 0:
            headers += range(at, min(at + 700, len(content)))
            at = content.find(b"COFFERST", at + 1)
        return data, len(content), headers

    def damage(self, number):
        """Changes bytes of a fresh copy. Says which."""
        chooser = random.Random(f"{self.seed}/{number}")
        shutil.rmtree(self.at, ignore_errors=True)
        shutil.copytree(self.pristine, self.at, symlinks=True)
        data, size, headers = self.files()
        if self.planted:
            # In the keys and records of leaves, where things get lost.
            chooser = random.Random(f"planted/{number}")
        places = []
        for _ in range(2 if number % 10 == 9 else 1):
            kind = chooser.random()
            if kind < 0.05 and not self.planted:
                path, offset = "key", chooser.randrange(64)
            elif kind < 0.10 and not self.planted:
                path = os.path.join("store", "counter")
                offset = chooser.randrange(os.path.getsize(os.path.join(self.at, path)))
            elif kind < 0.20 and not self.planted:
                path, offset = data, chooser.choice(headers)
            else:
                # Every other one among the first bytes of a page, where LMDB keeps what it trusts.
                path, page = data, chooser.randrange(size // PAGE) * PAGE
                offset = page + chooser.randrange(48 if chooser.random() < 0.5 and not self.planted else PAGE)
            with open(os.path.join(self.at, path), "r+b") as file:
                file.seek(offset)
                before = file.read(1)[0]
                file.seek(offset)
                file.write(bytes([before ^ chooser.randrange(1, 256)]))
            places.append(f"{path} at {offset}")
        return ", ".join(places)

    # ------------------------------------------------------------ one round

    def round(self, number):
        """What is wrong about what happened; nothing where all is well."""
        places = self.damage(number)
        try:
            outcome, problems = self.look()
        except (Broken, OSError, subprocess.TimeoutExpired, ValueError) as problem:
            outcome, problems = "broken", [str(problem)]
        self.outcomes[outcome] += 1
        return [f"round {number} ({places}): {outcome}: {problem}" for problem in problems]

    def look(self):
        daemon = Daemon(self.cofferd, self.at)
        try:
            try:
                link = daemon.connect(timeout=30)
            except Broken:
                return self.refused(daemon)
            self.slowest = max(self.slowest, time.monotonic() - daemon.started)
            try:
                return self.serving(daemon, link)
            finally:
                link.close()
        finally:
            if daemon.process.poll() is None:
                daemon.kill()

    def refused(self, daemon):
        code = daemon.process.wait(10)
        took = time.monotonic() - daemon.started
        self.slowest = max(self.slowest, took)
        problems = []
        # What the header says of its own format is read before anything can vouch for it.
        is_typed = code == EXIT_DAMAGED or code == 1 and any(text in daemon.log() for text in OTHER_REFUSALS)
        if not is_typed or not daemon.log().startswith("cofferd: "):
            problems.append(f"it ended with {code}: {daemon.log()[-400:]}")
        if took > LONGEST_START:
            problems.append(f"it took {took:.1f} s to refuse")
        return "refused", problems

    def serving(self, daemon, link):
        status = link.ask(c.STATUS, c.empty_body())
        if isinstance(status, c.Failure):
            return "status", [f"no status: {status}"]
        if status["locked"]:
            problems = [] if status.get("unlock-note") else ["it is locked and does not say why"]
            return "locked", problems + self.ending(daemon)
        lost, problems = self.read_all(link)
        listed = self.list_all(link)
        found, clean, complaint = self.scrub(daemon)
        problems += complaint
        if self.planted == "blind":
            found, clean = set(), True
        for key, why in lost.items():
            if clean:
                problems.append(f"{key} is lost ({why}), and the scrub calls the store good")
            elif key not in found and why == "notFound":
                problems.append(f"{key} is not found, and the scrub does not name it")
        if clean and listed is not None and listed != set(self.expected):
            problems.append(f"the list differs by {sorted(listed ^ set(self.expected))[:3]}, and the scrub calls the store good")
        answer = link.ask(c.PUT, c.put_body(b"new/name", b"new"))
        if isinstance(answer, c.Failure) and answer.name not in ("damaged", "failed", "readOnly"):
            problems.append(f"a put was answered {answer}")
        outcome = "untouched" if clean else "named"
        return outcome, problems + self.ending(daemon)

    def read_all(self, link):
        keys = list(self.expected)
        lost, problems = {}, []
        for key, answer in zip(keys, link.ask_all([(c.GET, c.get_body(key.encode())) for key in keys])):
            if not isinstance(answer, c.Failure):
                if answer.value != self.expected[key]:
                    problems.append(f"{key} has a wrong value")
            elif answer.name in ("notFound", "versionNotFound", "damaged"):
                lost[key] = answer.name
            else:
                problems.append(f"{key}: {answer}")
        gone = link.ask(c.GET, c.get_body(name(4).encode()))
        if not isinstance(gone, c.Failure):
            problems.append("a destroyed name is there again")
        return lost, problems

    def list_all(self, link):
        try:
            return {key for key, deleted in link.names().items() if not deleted}
        except Broken:
            return None

    def scrub(self, daemon):
        """(names in the findings, whether nothing was found, what is wrong about the scrub itself)"""
        done = self.command(daemon, "scrub", "--json")
        if done.returncode not in (0, EXIT_DAMAGED):
            return set(), False, [f"the scrub ended with {done.returncode}: {done.stderr[-300:]!r} {done.stdout[-300:]!r}"]
        result = json.loads(done.stdout)
        problems = [] if result["ok"] == (done.returncode == 0) else ["the scrub's answer and its exit code differ"]
        return {finding["name"] for finding in result["findings"] if finding.get("name")}, result["ok"], problems

    def ending(self, daemon):
        code = daemon.stop()
        return [] if code == 0 else [f"it ended with {code}: {daemon.log()[-400:]}"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--planted", choices=("wrong", "blind"))
    options = parser.parse_args()
    campaign = Campaign(options.bin, options.work, options.seed, options.planted)
    campaign.make()
    began, problems = time.monotonic(), []
    for number in range(options.rounds):
        problems += campaign.round(number)
        if options.planted and problems:
            break
    shutil.rmtree(campaign.at, ignore_errors=True)
    if options.planted:
        print(f"planted {options.planted}: " + (f"found: {problems[0]}" if problems else "not found"))
        return 1 if problems else 0
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(campaign.outcomes.items()))
    print(f"{options.rounds} flipped stores in {time.monotonic() - began:.0f} s: {counts}; slowest start {campaign.slowest:.1f} s")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
