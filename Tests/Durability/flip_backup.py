#!/usr/bin/env python3
"""Flips, cuts, lengthens and shuffles backups, and looks what their reader makes of them.

    flip_backup.py --bin DIR --work DIR [--rounds 60] [--seed N]
    flip_backup.py --bin DIR --work DIR --planted copy      one planted fault: ends with 1 where it was found, else with 0

Both forms of a backup are damaged: the encrypted file, and the JSON lines in it, encrypted again, which nothing but the lines'
own rules protects. The rule is strict: never a signal, never a hang, and never a backup that is called whole although it is not the
one that was made. Refused is with 65 (damaged) or 5 (nothing opens it), and one sentence; a flip in a part that says nothing (what the
reader skips by the age specification) may leave the file whole, with the same digest. Planted: a damaged file that is taken for the
good one by the harness. DIR of --bin holds cofferd and coffer.
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

ROUNDS_OF_LINES = 3     # of so many rounds one is about the lines
ALLOWED = (5, 65)       # exit codes of a refusal


class Campaign:
    def __init__(self, binary, work, seed, planted):
        self.cofferd, self.coffer = os.path.join(binary, "cofferd"), os.path.join(binary, "coffer")
        self.work, self.seed, self.planted = work, seed, planted
        if os.path.isdir(work):
            shutil.rmtree(work)
        os.makedirs(work)
        self.outcomes = collections.Counter()
        self.identity, self.recipient = os.path.join(work, "identity"), None

    def run(self, *arguments, data=None):
        return subprocess.run([self.coffer, *arguments], input=data, capture_output=True, timeout=60)

    def good(self, *arguments, data=None):
        done = self.run(*arguments, data=data)
        if done.returncode != 0:
            raise Broken(f"{arguments[:2]}: {done.returncode}: {done.stderr!r}")
        return done.stdout

    def make(self):
        daemon = Daemon(self.cofferd, self.work)
        link = daemon.connect()
        for number in range(120):
            link.ask(c.PUT, c.put_body(f"dir-{number % 5}/name-{number}".encode(), os.urandom(20) * (1 + number * 7 % 60)))
        link.ask(c.DELETE, c.version_body(b"dir-1/name-1", 0))
        link.ask(c.DESTROY, c.version_body(b"dir-2/name-2", 0))
        link.close()
        self.recipient = self.good("backup", "keygen", "--output", self.identity).decode().strip()
        path = os.path.join(self.work, "good.age")
        self.good("backup", "create", "--to", path, "--recipient", self.recipient, "--socket", daemon.socket_path)
        if daemon.stop() != 0:
            raise Broken("the daemon did not stop in order")
        with open(path, "rb") as file:
            self.file = file.read()
        self.lines = self.good("backup", "cat", path, "--identity", self.identity)
        self.digest = self.verify(self.file)[1]["digest"]

    def verify(self, content):
        """(exit code, its answer or its sentence)"""
        path = os.path.join(self.work, "at.age")
        with open(path, "wb") as file:
            file.write(content)
        done = self.run("backup", "verify", path, "--identity", self.identity, "--json")
        if done.returncode == 0:
            return 0, json.loads(done.stdout)
        return done.returncode, done.stderr.decode(errors="replace")

    # ------------------------------------------------------------ what is done to it

    @staticmethod
    def flipped(content, chooser, count):
        content = bytearray(content)
        for _ in range(count):
            content[chooser.randrange(len(content))] ^= chooser.randrange(1, 256)
        return bytes(content), f"{count} flipped"

    def damage(self, content, chooser, number):
        kind = chooser.random()
        if kind < 0.7:
            return self.flipped(content, chooser, 2 if number % 10 == 9 else 1)
        at, other = sorted(chooser.sample(range(1, len(content)), 2))
        if kind < 0.8:
            return content[:at], f"cut at {at}"
        if kind < 0.87:
            return content + content[at:other], f"lengthened by {other - at}"
        if kind < 0.94:
            return content[:at] + content[other:], f"{at} to {other} taken out"
        return content[:at] + content[at:other] * 2 + content[other:], f"{at} to {other} doubled"

    def damage_lines(self, chooser, number):
        """The same for the plaintext, and whole lines moved, doubled and left out."""
        if chooser.random() < 0.5:
            return self.damage(self.lines, chooser, number)
        lines = self.lines.splitlines(keepends=True)
        at, other = chooser.randrange(len(lines)), chooser.randrange(len(lines))
        kind = chooser.randrange(3)
        if kind == 0:
            del lines[at]
        elif kind == 1:
            lines.insert(other, lines[at])
        else:
            lines[at], lines[other] = lines[other], lines[at]
        return b"".join(lines), f"lines: {('left out', 'doubled', 'exchanged')[kind]} {at} {other}"

    # ------------------------------------------------------------ one round

    def round(self, number):
        chooser = random.Random(f"{self.seed}/{number}")
        about_lines = self.encrypts() and number % ROUNDS_OF_LINES == 0
        if about_lines:
            lines, what = self.damage_lines(chooser, number)
            content, same = self.encrypted(lines), lines == self.lines
        else:
            content, what = self.damage(self.file, chooser, number)
            same = content == self.file
        try:
            code, answer = self.verify(content)
        except subprocess.TimeoutExpired:
            return [f"round {number} ({what}): it does not end"]
        if self.planted and code != 0:
            code, answer = 0, {"digest": "0" * 64}
        if code == 0:
            self.outcomes["whole"] += 1
            if answer["digest"] != self.digest or not (same or self.is_blind_spot(content, about_lines)):
                return [f"round {number} ({what}): taken for whole: {answer}"]
            return []
        self.outcomes["refused"] += 1
        problems = [] if code in ALLOWED else [f"round {number} ({what}): ended with {code}: {answer[-300:]}"]
        if not answer.strip() or "Fatal" in answer:
            problems.append(f"round {number} ({what}): no sentence: {answer[-300:]!r}")
        return problems

    def is_blind_spot(self, content, about_lines):
        """Whether what was changed is nothing that a reader may object to: then its plaintext is exactly the good one."""
        if about_lines:
            return False
        path = os.path.join(self.work, "at.age")
        done = self.run("backup", "cat", path, "--identity", self.identity)
        return done.returncode == 0 and done.stdout == self.lines

    def encrypts(self):
        return shutil.which("age") is not None

    def encrypted(self, lines):
        done = subprocess.run(["age", "-r", self.recipient], input=lines, capture_output=True, timeout=60)
        if done.returncode != 0:
            raise Broken(f"age: {done.stderr!r}")
        return done.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--planted", choices=("copy",))
    options = parser.parse_args()
    campaign = Campaign(options.bin, options.work, options.seed, options.planted)
    campaign.make()
    if not campaign.encrypts():
        print("NOTE: no age here: only the encrypted files are damaged, not the lines in them", file=sys.stderr)
    began, problems = time.monotonic(), []
    for number in range(options.rounds):
        problems += campaign.round(number)
        if options.planted and problems:
            break
    if options.planted:
        print(f"planted {options.planted}: " + (f"found: {problems[0]}" if problems else "not found"))
        return 1 if problems else 0
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(campaign.outcomes.items()))
    print(f"{options.rounds} damaged backups in {time.monotonic() - began:.0f} s: {counts}")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
