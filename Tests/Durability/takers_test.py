#!/usr/bin/env python3
"""A thousand takers at once on a budget of a hundred: exactly a hundred get something.

    takers_test.py --bin DIR --work DIR [--takers 1000] [--connections 50] [--units 100] [--times 5]

Each taker wants one unit, all of them at the same moment over many connections: by reserve on one API key; by reserve on ten
keys whose owner's wallet holds the hundred; by verify with a cost; and by all three kinds of request on one key, of
which some give back or settle at once. What is taken, and what the books show, must be the hundred: none more, none
less. Ends with 1 where it is not.
"""
import argparse
import os
import random
import selectors
import shutil
import sys
import time

from load import Broken, Daemon, c, decode

MINUTE = 60_000


class Crowd:
    """Connections over which everything is sent before anything is read."""

    def __init__(self, daemon, count):
        self.links = [daemon.connect() for _ in range(count)]

    def ask(self, requests):
        """The answers, in the order of the requests. Each connection has its share of them under way at once."""
        waiting, answers = [{} for _ in self.links], [None] * len(requests)
        bursts = [[] for _ in self.links]
        for at, request in enumerate(requests):
            bursts[at % len(self.links)].append((at, request))
        for link, unanswered, burst in zip(self.links, waiting, bursts):
            frames = b""
            for at, (operation, body) in burst:
                unanswered[link._next] = at
                frames += c.frame(c.REQUEST, operation, link._next, body)
                link._next += 1
            link.sock.sendall(frames)
        with selectors.DefaultSelector() as selector:
            for link, unanswered in zip(self.links, waiting):
                selector.register(link.sock, selectors.EVENT_READ, (link, unanswered))
            left, end = len(requests), time.monotonic() + 60
            while left:
                if time.monotonic() > end:
                    raise Broken(f"{left} requests are unanswered since 60 s")
                for key, _ in selector.select(1):
                    link, unanswered = key.data
                    for _, operation, request_id, body in link.receive():
                        answers[unanswered.pop(request_id)] = decode(operation, body)
                        left -= 1
        return answers


class Case:
    def __init__(self, crowd, options, name):
        self.link, self.crowd, self.options, self.name = crowd.links[0], crowd, options, name
        self.problems, self.keys, self.more = [], [], 0

    def create(self, noun, fields, secret=b""):
        answer = self.link.ask(c.RECORD_CREATE, c.record_create_body(noun, fields, secret))
        if isinstance(answer, c.Failure):
            raise Broken(f"{noun}: {answer}")
        return answer

    def key(self, quota, **fields):
        answer = self.create("apikey", {"name": self.name, "quota": str(quota + self.more), **fields})
        self.keys.append(answer.record.id)
        return answer.secret

    def expect(self, what, found, wanted):
        if found != wanted:
            self.problems.append(f"{what}: {found}, wanted {wanted}")

    def verdicts(self, answers, refusal):
        """How many got it; the others must have been refused for that one reason."""
        failures = [answer for answer in answers if isinstance(answer, c.Failure)]
        if failures:
            raise Broken(f"{self.name}: {len(failures)} failures, such as {failures[0]}")
        reasons = [getattr(answer, "verdict", answer).reason for answer in answers]
        self.expect("other reasons", sorted(set(reasons) - {c.VALID, refusal}), [])
        return reasons.count(c.VALID)

    def books(self, **wanted):
        """The sums of all keys."""
        shown = [self.link.ask(c.RECORD_SHOW, c.record_show_body("apikey", number)).record.fields for number in self.keys]
        found = {name: sum(int(fields[name]) for fields in shown) for name in wanted}
        self.expect("the books", found, wanted)

    def takes(self, keys, refusal):
        """One reserve of one unit for each taker."""
        answers = self.crowd.ask([(c.RESERVE, c.reserve_body(keys[at % len(keys)], 1, f"t{at}", MINUTE))
                                  for at in range(self.options.takers)])
        self.expect("takers", self.verdicts(answers, refusal), self.options.units)
        return answers


def of_one_key(case, units):
    key = case.key(units)
    case.takes([key], c.NO_QUOTA)
    case.books(quota=0, reserved=units, used=0, forfeited=0, in_flight_now=units)
    # The same takers again: whoever had something is told so, nobody gets more.
    again = case.takes([key], c.NO_QUOTA)
    case.expect("repeated", sum(answer.repeated for answer in again), units)
    case.books(quota=0, reserved=units, used=0, forfeited=0, in_flight_now=units)


def of_one_wallet(case, units):
    case.create("user", {"name": "crowd", "wallet": str(units)}, b"correct horse 7")
    case.takes([case.key(10 * units, owner="crowd") for _ in range(10)], c.NO_WALLET)
    case.books(reserved=units, used=0, quota=99 * units, in_flight_now=units)
    owner = case.link.ask(c.RECORD_SHOW, c.record_show_body("user", "crowd")).record.fields
    case.expect("the wallet", (owner["wallet"], owner["wallet_used"]), ("0", "0"))


def by_verify(case, units):
    key = case.key(units)
    answers = case.crowd.ask([(c.VERIFY, c.verify_body(key, cost=1))] * case.options.takers)
    case.expect("takers", case.verdicts(answers, c.NO_QUOTA), units)
    case.books(quota=0, used=units, reserved=0, forfeited=0)


def by_everything(case, units):
    """What is given back is free for others, so that only the books say how many had it."""
    key, chooser = case.key(units), random.Random(1)
    number, requests = int(case.keys[0]), []
    for at in range(case.options.takers // 2):
        # The end is on its way before the reserve is answered, over another connection: sometimes it is too early.
        requests += [(c.RESERVE, c.reserve_body(key, 1, f"e{at}", MINUTE)), chooser.choice((
            (c.SETTLE, c.settle_body(number, f"e{at}", 1)), (c.RELEASE, c.release_body(number, f"e{at}")),
            (c.VERIFY, c.verify_body(key, cost=1))))]
    answers = case.crowd.ask(requests)
    verified = settled = reserved = ended = 0
    for (operation, _), answer in zip(requests, answers):
        if isinstance(answer, c.NotFound) and operation in (c.SETTLE, c.RELEASE):
            continue
        if isinstance(answer, c.Failure):
            raise Broken(f"{case.name}: {answer}")
        verified += operation == c.VERIFY and answer.reason == c.VALID
        reserved += operation == c.RESERVE and answer.verdict.reason == c.VALID
        ended += operation in (c.SETTLE, c.RELEASE)
        settled += operation == c.SETTLE and answer.charged
    open_now = reserved - ended
    if verified + settled + open_now > units:
        case.problems.append(f"OVERDRAWN: verified {verified}, settled {settled}, open {open_now} of {units}")
    case.books(used=verified + settled, reserved=open_now, quota=units - verified - settled - open_now, forfeited=0)


def planted(run, crowd, options):
    case = Case(crowd, options, "planted")
    case.more = 1
    run(case, options.units)
    return case.problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--takers", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--units", type=int, default=100)
    parser.add_argument("--times", type=int, default=5, help="how often, each time on new keys")
    options = parser.parse_args()
    work = os.path.abspath(options.work)
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    daemon, wrong = Daemon(os.path.join(options.bin, "cofferd"), work), 0
    try:
        crowd = Crowd(daemon, options.connections)
        # The planted fault: a unit more than is asked about.
        blind = [run.__name__ for run in (of_one_key, by_verify) if not planted(run, crowd, options)]
        print(f"FAILED  planted: {', '.join(blind)} does not see a unit too many" if blind else "ok      planted: a unit too many is seen")
        wrong += bool(blind)
        for run in (of_one_key, of_one_wallet, by_verify, by_everything):
            problems = []
            for _ in range(1 if run is of_one_wallet else options.times):
                case = Case(crowd, options, run.__name__)
                run(case, options.units)
                problems += case.problems
            wrong += bool(problems)
            print(f"{'FAILED ' if problems else 'ok     '} {run.__name__}: {options.takers} takers over {options.connections} connections, "
                  f"{options.units} units" + "".join(f"\n        {problem}" for problem in problems[:5]), flush=True)
    finally:
        daemon.kill()
    shutil.rmtree(work)
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as problem:
        print(f"FAILED  {problem}")
        sys.exit(1)
