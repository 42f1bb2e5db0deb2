#!/usr/bin/env python3
"""A disk that is full, at every step of a daemon's life; then there is space again, and it goes on without a restart.

    full_test.py --bin DIR --work DIR [--step BYTES] [--moments N] [--seed N]

Store and key lie on a tmpfs of their own. First the disk is small from the beginning: a life (faults_life.py) on 64 KiB, then
on --step more (65,536), and so on, until it fits: wherever it ends, the daemon refuses with a typed error or does not start and
says why, and what was acknowledged is there. Then the disk is filled at a moment (before each step of the life, or
--moments of them), in a running daemon, until three things were refused; the space comes back, and the next change must succeed
without a restart. Reads are right, or refused because the audit log cannot be written. Planted: a file that takes the space again must be noticed.
Needs root (mount). Each daemon must end well, and a clean start must hold what was acknowledged.
"""
import argparse
import errno
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

from faults_life import Life, upstreams
from faults_test import Campaign
from load import Broken


class Disk:
    """A tmpfs. Its size can change while it is used."""

    def __init__(self, folder, size):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "coffer-full", folder], check=True)

    def fill(self):
        """Takes all that is left."""
        path, size = os.path.join(self.folder, "ballast"), 1 << 20
        with open(path, "ab", 0) as file:
            while size >= 1:
                try:
                    if file.write(bytes(size)) < size:
                        raise OSError(errno.ENOSPC, "full")
                except OSError:
                    size //= 16

    def free(self):
        os.unlink(os.path.join(self.folder, "ballast"))

    def grow(self, size):
        subprocess.run(["mount", "-o", f"remount,size={size}", self.folder], check=True)

    def end(self):
        subprocess.run(["umount", "-l", self.folder], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


class Full:
    def __init__(self, options):
        self.options, self.bad, self.count = options, 0, 0

    def say(self, good, text, problems=()):
        self.bad += not good
        print(("ok      " if good else "FAILED  ") + text, flush=True)
        for problem in list(problems)[:6]:
            print("        " + str(problem)[:500], flush=True)

    def life(self, size):
        self.count += 1
        work = os.path.join(self.options.work, f"d{self.count}")
        upstream, disk = upstreams.Upstream(), Disk(work, size)
        return work, upstream, disk, Life(self.options.bin, work, upstream, log_folder=self.options.work)

    def after(self, life, folder, started, upstream):
        return Campaign.after(Campaign(self.options), life, folder, "at the next start", started, upstream)

    def small(self):
        """A disk of each size: from too small for anything to large enough."""
        size, lives, refused, problems, fits = 65_536, 0, 0, [], False
        while not fits and lives < 400:
            work, upstream, disk, life = self.life(size)
            try:
                started = life.begin()
                if started:
                    life.run(most_failures=5)
                    if life.failures and life.alive:
                        disk.grow(size + (16 << 20))
                        Campaign.goes_on(life)
                fits = started and not life.failures
                refused += not started
                life.end()
                problems += [f"{size} bytes: {problem}" for problem in life.problems]
                disk.grow(size + (64 << 20))
                problems += [f"{size} bytes: {problem}" for problem in self.after(life, work, started, upstream)]
            finally:
                life.daemon.kill()
                upstream.stop()
                disk.end()
            lives, size = lives + 1, size + self.options.step
        self.say(not problems and fits, f"{lives} disks, the largest of {size - self.options.step} bytes is enough: {refused} were too small for a store, "
                 f"{lives - refused - 1} became full on the way; {len(problems)} were wrong", problems)

    def moments(self):
        """A large disk that is filled before one step, and emptied behind the next four."""
        work, upstream, disk, life = self.life(64 << 20)
        life.begin()
        life.run()
        steps = life.steps
        life.end()
        upstream.stop()
        disk.end()
        # The last steps may find room in the file's own free pages.
        last = steps - 6
        at = sorted(random.Random(self.options.seed).sample(range(last), min(last, self.options.moments or last)))
        problems, refused = [], 0
        for moment in at:
            work, upstream, disk, life = self.life(64 << 20)
            try:
                if not life.begin():
                    raise Broken(str(life.failures))
                script, full, done = life.script(), False, object()
                while life.alive and next(script, done) is not done:
                    if life.steps >= moment and not full:
                        disk.fill()
                        full = True
                        # What was set aside and the file's free pages are used first.
                        for number in range(24):
                            if life.failures or not life.alive:
                                break
                            life.put(f"f/{moment}/{number}", os.urandom(900_000))
                    elif len(life.failures) >= 3:
                        break
                # What is read is right or refused, because the audit log cannot be written; status is answered in any case.
                for name in ("a/0", "a/big"):
                    before = len(life.failures)
                    life.get(name)
                    problems += [f"step {moment}: a read failed on a full disk: {failure}" for failure in life.failures[before:]
                                 if not failure[1].startswith(("notFound", "deleted", "auditUnavailable"))]
                if not life.client.status()["secrets"] >= 0:
                    problems.append(f"step {moment}: status is wrong")
                refused += bool(life.failures)
                disk.free()
                begun = time.monotonic()
                Campaign.goes_on(life)
                slow = time.monotonic() - begun
                if slow > 5:
                    problems.append(f"step {moment}: it went on only after {slow:.1f} s")
                life.end()
                problems += [f"step {moment}: {problem}" for problem in life.problems]
                problems += [f"step {moment}: {problem}" for problem in self.after(life, work, True, upstream)]
            finally:
                life.daemon.kill()
                upstream.stop()
                disk.end()
        self.say(not problems, f"a disk that is full from one step on, at {len(at)} of {steps} steps, then has space again: {refused} times something was "
                 f"refused; each went on without a restart, {len(problems)} were wrong", problems)
        self.say(refused * 3 >= len(at), "the disks were full")

    def planted(self):
        """Space that does not come back must be seen."""
        work, upstream, disk, life = self.life(8 << 20)
        try:
            life.begin()
            disk.fill()
            # The file's own free pages are used first.
            for number in range(200):
                life.put(f"p/{number}", os.urandom(60_000))
                if life.failures:
                    break
            full = [text for _, text in life.failures]
            Campaign.goes_on(life, 1)
            self.say(bool(full) and any("STUCK" in problem for problem in life.problems), f"planted: space that does not come back is seen ({full[:1]})")
        finally:
            life.daemon.kill()
            upstream.stop()
            disk.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--step", type=int, default=65_536)
    parser.add_argument("--moments", type=int)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.work = os.path.realpath(options.work)
    os.makedirs(options.work, exist_ok=True)
    probe = tempfile.mkdtemp(dir=options.work)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", probe], stderr=subprocess.DEVNULL).returncode != 0:
        print("NOTE: a tmpfs cannot be mounted here: the test of full disks is left out", file=sys.stderr)
        return 0
    subprocess.run(["umount", probe], check=True)
    begun, test = time.monotonic(), Full(options)
    for part in (test.small, test.moments, test.planted):
        part()
    print(f"full_test: {'good' if not test.bad else f'{test.bad} FAILED'} in {time.monotonic() - begun:.0f} s")
    return 1 if test.bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as problem:
        print(f"FAILED  {problem}")
        sys.exit(1)
