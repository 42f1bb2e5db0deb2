#!/usr/bin/env python3
"""Kills cofferd at random moments while 16 connections spend quota, and looks whether the books are right to the unit.

    budget_kill_test.py --bin DIR --work DIR [--rounds 200] [--seed N]
    budget_kill_test.py --bin DIR --work DIR --planted gift|charge|twice|older   ends with 1 where it was found, else with 0

Each round, all on one store: takers reserve, settle, release and verify with a cost, on API keys of five kinds (large; with
an owner's wallet; small enough to run dry; short-lived; with verify's blocks); SIGKILL; a new start; then everything
that was acknowledged is there, each other request wholly or not at all, and for each budget what was settled, is
reserved, is left and was forfeited makes up what was given. Short-lived reservations come back by themselves. A run
begins with the planted faults, which must be found. DIR of --bin holds cofferd.
"""
import argparse
import os
import random
import shutil
import sys
import time

from budget_check import Books
from budget_load import ASKED, ENDING, Budget, Taker, Wallet
from load import Broken, Daemon, c, run_load

TAKERS = 16
# Kind, how many, units. Of a million and more a block of 1 % holds many costs, of a thousand none.
KEYS = (("plain", 3, 1_000_000_000), ("wallet", 3, 1_000_000_000), ("small", 4, 100), ("short", 1, 10_000_000),
        ("verify", 1, 1_000_000), ("verify", 1, 20_000), ("verify", 1, 1_000))


class Run:
    def __init__(self, binary, work, seed):
        self.binary, self.work, self.seed = os.path.join(binary, "cofferd"), work, seed
        if os.path.isdir(work):
            shutil.rmtree(work)
        os.makedirs(work)
        self.problems = []
        self.answers = self.refused = self.repeats = self.unanswered = self.empty = 0

    def begin(self):
        daemon = Daemon(self.binary, self.work)
        link = daemon.connect()
        owner = self.create(link, "user", {"name": "owner", "wallet": "50000"}, b"correct horse 7")
        wallet, budgets = Wallet(owner.record), []
        for kind, count, units in KEYS:
            for _ in range(count):
                fields = {"name": f"{kind}-{len(budgets)}", "quota": str(units), "tenant": "main"}
                answer = self.create(link, "apikey", dict(fields, owner="owner") if kind == "wallet" else fields)
                budgets.append(Budget(kind, answer.record, answer.secret, wallet if kind == "wallet" else None))
        wallet.budgets = [budget for budget in budgets if budget.wallet]
        link.close()
        daemon.kill()
        self.books = Books(budgets, [wallet])

    @staticmethod
    def create(link, noun, fields, secret=b""):
        answer = link.ask(c.RECORD_CREATE, c.record_create_body(noun, fields, secret))
        if isinstance(answer, c.Failure):
            raise Broken(f"{noun} {fields['name']}: {answer}")
        return answer

    def round(self, number, planted=None, waits=False, stops=False):
        """Load and a kill on one daemon, a look with the next, which the load of the next round does not see."""
        chooser = random.Random(f"{self.seed}/{number}")
        if planted == "older":
            shutil.copytree(os.path.join(self.work, "store"), os.path.join(self.work, "older"), symlinks=True)
        try:
            wrong = self.load(number, chooser, 0.3 if planted else chooser.uniform(0.01, 0.2))
            if planted == "older":
                shutil.rmtree(os.path.join(self.work, "store"))
                os.rename(os.path.join(self.work, "older"), os.path.join(self.work, "store"))
            wrong += self.look(chooser, planted, waits, stops)
        except (Broken, OSError) as problem:
            wrong = [str(problem)]
        self.problems += [f"round {number}: {problem}" for problem in wrong]
        return wrong

    def load(self, number, chooser, seconds):
        budgets = self.books.budgets
        pools = [[] for _ in range(TAKERS)]
        for at, hold in enumerate(hold for budget in budgets for hold in budget.holds.values()):
            pools[at % TAKERS].append(hold)
        takers = [Taker(at, budgets, pools[at], random.Random(f"{self.seed}/{number}/{at}"), f"r{number:03}") for at in range(TAKERS)]
        daemon = Daemon(self.binary, self.work)
        daemon.connect().close()
        wrong = run_load(daemon, takers, kill_after=time.monotonic() - daemon.started + seconds)
        for taker in takers:
            self.answers += taker.answers
            self.refused += taker.refused
            self.repeats += taker.repeats
        self.empty += not any(taker.answers for taker in takers)
        self.unanswered += sum(hold.state in (ASKED, ENDING) for budget in budgets for hold in budget.holds.values())
        return wrong

    def look(self, chooser, planted, waits, stops):
        daemon = Daemon(self.binary, self.work)
        books, books.problems = self.books, []
        try:
            link = daemon.connect()
            if planted in ("gift", "charge"):
                self.tamper(link, planted)
            books.look(link, chooser, lie_of_twice if planted == "twice" else None)
            if not books.problems:
                books.give_more(link, chooser)
                if waits:
                    books.wait_for_expiry(link)
                if stops:
                    self.stop(daemon, link)
            link.close()
        finally:
            daemon.kill()
        return books.problems

    def stop(self, daemon, link):
        """An orderly stop gives the blocks back: nothing is forfeited by it."""
        exact = [budget for budget in self.books.budgets if budget.kind != "short"]
        before = self.books.read(link, exact)
        link.close()
        code = daemon.stop()
        if code != 0:
            self.books.problems.append(f"cofferd ended with {code} on SIGTERM: {daemon.log()[-600:]}")
        again = Daemon(self.binary, self.work)
        try:
            for budget, old, new in zip(exact, before, self.books.read(again.connect(), exact)):
                if old != new:
                    self.books.problems.append(f"{budget.name}: {old} before an orderly stop, {new} behind it")
        finally:
            again.kill()

    def tamper(self, link, planted):
        """Changes the books behind the test's back."""
        budget = self.books.budgets[0]
        if planted == "gift":
            shown, = self.books.read(link, [budget])
            link.ask(c.RECORD_UPDATE, c.record_update_body("apikey", str(budget.number), {"quota": str(shown.quota + 1)}))
        else:
            link.ask(c.RESERVE, c.reserve_body(budget.key, 1, "tampered", 60_000))
            link.ask(c.SETTLE, c.settle_body(budget.number, "tampered", 1))


def lie_of_twice(what, _, answer):
    """As if what is asked for again were done again."""
    return answer if what in ("asked", "ending") or isinstance(answer, c.Failure) else answer._replace(repeated=False)


def plant(options, kind):
    run = Run(options.bin, os.path.join(options.work, "p"), f"{options.seed}/{kind}")
    run.begin()
    wrong = run.round(0)
    if wrong:
        raise Broken(f"before the fault was planted: {wrong[0]}")
    wrong = run.round(1, planted=kind)
    shutil.rmtree(run.work)
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--planted", choices=("gift", "charge", "twice", "older"))
    options = parser.parse_args()
    options.work = os.path.abspath(options.work)
    sys.setswitchinterval(0.0005)
    os.makedirs(options.work, exist_ok=True)
    start = time.monotonic()
    print(f"budget_kill_test: seed {options.seed}, {options.rounds} rounds, {TAKERS} connections", flush=True)

    for kind in [options.planted] if options.planted else ("gift", "charge", "twice", "older"):
        wrong = plant(options, kind)
        print(f"{'ok     ' if wrong else 'FAILED '} planted '{kind}': " +
              (f"{len(wrong)} problems, such as: {wrong[0]}" if wrong else "was not found"), flush=True)
        if options.planted:
            return 1 if wrong else 0
        if not wrong:
            return 1

    run = Run(options.bin, os.path.join(options.work, "k"), options.seed)
    run.begin()
    for number in range(1, options.rounds + 1):
        run.round(number, waits=number % 12 == 0 or number == options.rounds, stops=number % 25 == 0)
        if run.problems:
            break
    for problem in run.problems[:20]:
        print("FAILED  " + problem)
    if run.problems:
        print(f"        {len(run.problems)} problems; seed {options.seed}; the store is left in {run.work}")
        return 1
    books = run.books
    forfeited = sum(budget.shown.forfeited for budget in books.budgets)
    print(f"ok      {options.rounds} kills ({run.empty} before the first answer): {run.answers} answers, {run.refused} of them refusals, "
          f"{run.repeats} repetitions; no budget overdrawn, no unit lost or found")
    print(f"ok      {run.unanswered} requests without an answer: {books.came_through} wholly there, {books.not_there} not at all; "
          f"{books.asked_again} requests sent again behind a crash")
    print(f"ok      {books.expired} short-lived reservations came back; {forfeited} units forfeited by verify's blocks, and shown")
    shutil.rmtree(run.work)
    print(f"budget_kill_test: good in {time.monotonic() - start:.0f} s")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as problem:
        print(f"FAILED  {problem}")
        sys.exit(1)
