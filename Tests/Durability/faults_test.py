#!/usr/bin/env python3
"""Lets the n-th call of a daemon's life fail, for every n, and looks what it says, does and keeps.

    faults_test.py --bin DIR --work DIR --tools DIR [--sample N] [--seed N] [--only CALL] [--jobs N]

A life is scripted (faults_life.py): a store is made, secrets, a policy, an API key and a credential come, change and go, the
daemon is stopped. In each life one call fails: open, lseek, write, writev, pwrite, pwritev, ftruncate, fallocate,
rename, fsync, fdatasync on files of the store, mmap, and malloc in LMDB, libsodium and libcurl, with EIO, ENOSPC,
EINTR, EMFILE, ENOMEM, and writes that write half. `--sample`: so many lives, evenly over all calls; without it all.

Never: death by a signal, a connection lost while the daemon goes on, a wrong answer, a change that was acknowledged and
is not there, one that was refused and is. Once the fault is over a change must succeed again without a restart, and the
next clean start holds what it must. Where a write or a sync failed, the files are also rebuilt as a power cut would
have left them, with everything lost that a failed sync should have covered: a failed sync is never taken for success.

Planted: a preloaded library that takes failed syncs for success, and a life whose last acknowledged put is taken away.
Both must be found. DIR of --tools is what tools.sh made.
"""
import argparse
import collections
import errno
import os
import random
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from faults import CALLS, SHORT, Faults, errors_of, name_of
from faults_life import ABSENT, Life, upstreams
from load import Broken, c
from replay import Recording

REPLAYED = ("write", "writev", "pwrite", "pwritev", "ftruncate", "fallocate", "fsync", "fdatasync")
Spec = collections.namedtuple("Spec", "call number error many")
Outcome = collections.namedtuple("Outcome", "spec problems failures where injected started steps")


def named(spec):
    return "none" if spec is None else f"{spec.call} {spec.number} {name_of(spec.error)}" + (f" × {spec.many}" if spec.many > 1 else "")


class Campaign:
    def __init__(self, options):
        self.options, self.work = options, options.work
        self.upstream_port = 0

    def live(self, spec, number, swallow=False, lose=False):
        """One life, and all that is looked at behind it."""
        work = os.path.join(self.work, f"l{number}")
        shutil.rmtree(work, ignore_errors=True)
        root = os.path.join(work, "r")
        os.makedirs(root)
        upstream = upstreams.Upstream()
        faults = Faults(os.path.join(work, "page"), root, self.options.tools)
        replayed = spec is not None and spec.call in REPLAYED
        above = (["swallow.so"] if swallow else []) + (["recorder.so"] if replayed else [])
        environment = faults.environment(*above, RECORDER_ROOT=root, RECORDER_LOG=os.path.join(work, "recording")) if replayed \
            else faults.environment(*above)
        try:
            if spec is not None:
                faults.arm(spec.call, spec.number, spec.error, spec.many)
            life = Life(self.options.bin, root, upstream, environment, log_folder=work)
            try:
                started = life.begin()
                if started:
                    life.run()
                self.seen = faults.seen()
                injected, where = faults.injected, faults.where
                faults.disarm()
                if started:
                    self.goes_on(life)
                life.end()
            finally:
                life.daemon.kill()
            problems = list(life.problems)
            if lose:
                life.things.may[("secret", "b/5")] = {("value", b"another")}
            if replayed:
                problems += self.after(life, self.power_cut(work, root), "after a power cut", started, upstream)
            problems += self.after(life, root, "at the next start", started, upstream)
            if not problems:
                shutil.rmtree(work)
            return Outcome(spec, problems, life.failures, where, injected, started, life.steps)
        except Broken as problem:
            return Outcome(spec, [str(problem)], [], faults.where, faults.injected, False, 0)
        finally:
            faults.close()
            upstream.stop()

    @staticmethod
    def goes_on(life, seconds=10):
        """The fault is over: within 10 s a change succeeds, without a restart."""
        if not life.alive:
            return life.problems.append(f"it ended by itself with {life.daemon.process.returncode}: {life.daemon.log()[-600:]}")
        end, problem = time.monotonic() + seconds, None
        while time.monotonic() < end and life.alive:
            try:
                life.client.put("again", b"works")
                life.things.may[("secret", "again")] = {("value", b"works")}
                return
            except (c.CofferError, OSError, TimeoutError) as failure:
                problem = failure
                if isinstance(failure, c.Locked):
                    # What failed was its own unlocking at the start: a person does it, still without a restart.
                    life.command("unlock", "--key-file", os.path.join(life.folder, "key"))
                if life.client.closed:
                    try:
                        life.client = c.Client.connect(life.daemon.socket_path, timeout=20)
                    except (c.CofferError, OSError):
                        pass
                time.sleep(0.05)
        life.problems.append(f"STUCK: the fault is over and no change succeeds: {problem}")

    def power_cut(self, work, root):
        recording = Recording(os.path.join(work, "recording"), ignore=["*lock.mdb", "*owner.lock"])
        folder = os.path.join(work, "c")
        recording.materialise(len(recording.events), folder)
        counter = os.path.join(folder, "store/counter")
        # It follows lazily (sync_test.py looks at torn ones).
        if os.path.exists(counter) and os.path.getsize(counter) != os.path.getsize(os.path.join(root, "store/counter")):
            os.unlink(counter)
        return folder

    def after(self, life, folder, when, started, upstream):
        acknowledged = any(states != {ABSENT} and len(states) == 1 for states in life.things.may.values())
        again = Life(self.options.bin, folder, upstream, things=life.things)
        try:
            if not again.begin():
                text = " ".join(text for _, text in again.failures)
                if not acknowledged and not started and ("there is a key file" in text):
                    return again.problems
                return again.problems + [f"{when}: it does not start: {text}"]
            again.look()
            code = again.end()
            if code != 0:
                again.problems.append(f"it ended with {code}: {again.daemon.log()[-600:]}")
            return [f"{when}: {problem}" for problem in again.problems]
        except (Broken, OSError, c.CofferError) as problem:
            return again.problems + [f"{when}: {problem}"]
        finally:
            again.daemon.kill()


def every(counts, only):
    """Each call of a life with each of its errors; every tenth fails for three calls in a row."""
    specs = []
    for call in CALLS:
        if only and call not in only:
            continue
        for number in range(1, counts[call] + 1):
            for error in errors_of(call):
                specs.append(Spec(call, number, error, 3 if len(specs) % 10 == 9 else 1))
    return specs


def sample(specs, count, chooser):
    """Some of each call, evenly over its numbers."""
    by_call = collections.defaultdict(list)
    for spec in specs:
        by_call[spec.call].append(spec)
    chosen, each = [], max(1, count // len(by_call))
    for of_call in by_call.values():
        step = len(of_call) / min(each, len(of_call))
        chosen += [of_call[min(len(of_call) - 1, int(at * step + chooser.random() * step))] for at in range(min(each, len(of_call)))]
    return chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--bin", "--work", "--tools"):
        parser.add_argument(name, required=True)
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=CALLS)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    options = parser.parse_args()
    options.work = os.path.realpath(options.work)
    os.makedirs(options.work, exist_ok=True)
    start, chooser = time.monotonic(), random.Random(options.seed)
    campaign = Campaign(options)

    clean = campaign.live(None, "clean")
    if clean.problems or clean.failures:
        raise Broken(f"a life without faults fails: {(clean.problems or clean.failures)[0]}")
    specs = every(campaign.seen, options.only)
    print(f"faults_test: seed {options.seed}; a life of {clean.steps} steps makes " +
          ", ".join(f"{campaign.seen[call]} {call}" for call in CALLS) + f": {len(specs)} lives for every one", flush=True)
    if options.sample:
        specs = sample(specs, options.sample, chooser)

    outcomes, bad = [], []
    with ThreadPoolExecutor(options.jobs) as pool:
        for outcome in pool.map(lambda at: campaign.live(specs[at], at), range(len(specs))):
            outcomes.append(outcome)
            if outcome.problems:
                bad.append(outcome)
                if len(bad) <= 40:
                    print(f"FAILED  {named(outcome.spec)}: {outcome.where}", flush=True)
                    for problem in outcome.problems[:4]:
                        print("        " + problem[:600], flush=True)
    struck = [outcome for outcome in outcomes if outcome.injected]
    refused = sum(bool(outcome.failures) for outcome in struck)
    unstarted = sum(not outcome.started for outcome in struck)
    print(f"{'FAILED ' if bad else 'ok     '} {len(outcomes)} lives, in {len(struck)} the call was made and failed: {len(struck) - refused} went on as if "
          f"nothing was, {unstarted} did not start and said why, {refused - unstarted} refused something and went on; {len(bad)} were wrong", flush=True)
    if len(struck) < len(outcomes) * 0.6:
        print("FAILED  too few faults were met: the script or the counting is broken")
        bad.append(None)

    # Planted: data syncs that fail and are taken for success, somewhere behind the making of the store.
    found = 0
    for number in range(4):
        planted = campaign.live(Spec("fdatasync", campaign.seen["fdatasync"] // 2 + number, errno.EIO, 40), f"s{number}", swallow=True)
        found += any("LOST" in problem or "does not start" in problem for problem in planted.problems)
    print(f"{'ok     ' if found else 'FAILED '} planted 'a failed sync is taken for success': found in {found} of 4 lives")
    planted = campaign.live(Spec("write", 10_000, errno.EIO, 1), "lose", lose=True)
    lost = sum("LOST" in problem for problem in planted.problems)
    print(f"{'ok     ' if lost else 'FAILED '} planted 'an acknowledged put is another one': found {lost} times")
    good = not bad and found and lost
    if good:
        shutil.rmtree(options.work)
    print(f"faults_test: {'good' if good else 'FAILED'} in {time.monotonic() - start:.0f} s")
    return 0 if good else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as problem:
        print(f"FAILED  {problem}")
        sys.exit(1)
