"""Takers of quota: connections that reserve, settle, release and verify with a cost, and note what they were told.

`Budget` is an API key with limited units, `Hold` one reservation of it. A taker is a writer of load.run_load. What
the store must hold afterwards is in budget_check.py; both are used by budget_kill_test.py.
"""
import time

from load import Broken, c, decode

DAY = 86_400_000
# What a hold is, as far as the test knows: ASKED and ENDING wait for an answer, that of the reserve or of the end.
ASKED, NONE, OPEN, ENDING, ENDED = "asked", "not there", "open", "ending", "ended"


class Budget:
    """An API key. `given`: the units that it was ever given, of which none may come or go."""

    def __init__(self, kind, record, key, wallet=None):
        self.kind, self.key, self.wallet = kind, key, wallet
        self.number, self.name = int(record.id), record.fields["name"]
        self.given = int(record.fields["quota"])
        self.settled = 0              # units that ended holds were charged, before this round
        self.shown = None             # what was read last
        self.verified = self.tried = 0  # by verify: answered as taken; sent in all
        self.holds = {}               # by request id; ended ones until the round is checked

    def amount(self, chooser):
        if self.kind == "small":
            return chooser.randint(1, 3)
        return chooser.choice((0, chooser.randint(1, 20), chooser.randint(1, 500)))


class Wallet:
    """A user, out of whose wallet all its keys take as well."""

    def __init__(self, record):
        self.name, self.given, self.settled = record.id, int(record.fields["wallet"]), 0
        self.budgets = []


class Hold:
    """A reservation, by its request id."""

    __slots__ = ("budget", "id", "amount", "lifetime", "state", "expires", "waits", "fresh", "end", "charged", "shortfall", "acknowledged")

    def __init__(self, budget, request_id, amount, lifetime):
        self.budget, self.id, self.amount, self.lifetime = budget, request_id, amount, lifetime
        self.state, self.expires, self.waits, self.fresh, self.end = ASKED, None, 0, 0, None
        self.charged = self.shortfall = 0
        self.acknowledged = False     # that it was reserved
        budget.holds[request_id] = self

    def reserve(self):
        return c.RESERVE, c.reserve_body(self.budget.key, self.amount, self.id, self.lifetime)

    def finish(self):
        if self.end is None:
            return c.RELEASE, c.release_body(self.budget.number, self.id)
        return c.SETTLE, c.settle_body(self.budget.number, self.id, self.end, "gpt-4o", 1, 2)

    def granted(self, answer, wrong):
        """Notes what was answered to a reserve as valid."""
        if answer.amount != self.amount or answer.verdict.number != self.budget.number:
            wrong.append(f"{self}: it was answered {answer.amount} units of key {answer.verdict.number}")
        if self.expires not in (None, answer.expires):
            wrong.append(f"{self}: its expiry was {self.expires}, repeated it is {answer.expires}")
        self.expires = answer.expires

    def charge(self, answer, wrong):
        """Notes what was answered to its end."""
        wanted = (0, 0)
        if self.end is not None:
            wanted = (self.end, 0) if self.end <= self.amount else (answer.charged, self.end - answer.charged)
        if (answer.charged, answer.shortfall) != wanted or not 0 <= answer.charged <= (self.end or 0) \
                or answer.charged < min(self.amount, self.end or 0):
            wrong.append(f"{self}: it was charged {answer.charged}, short of {answer.shortfall}")
        self.charged, self.shortfall = answer.charged, answer.shortfall

    def __str__(self):
        end = "" if self.state in (ASKED, NONE, OPEN) else ", release" if self.end is None else f", settle of {self.end}"
        return f"{self.id} of {self.budget.name}, {self.amount} units{end}, {self.state}"


class Taker:
    """One connection. `holds`: open ones of earlier rounds that it may end."""

    def __init__(self, number, budgets, holds, chooser, tag):
        self.number, self.budgets, self.chooser, self.tag = number, budgets, chooser, tag
        self.open = list(holds)
        self.ended, self.made, self.answers, self.refused, self.repeats = [], 0, 0, 0, 0
        self.window = chooser.randint(1, 8)

    def attach(self, link):
        self.link, self.waiting = link, {}

    def fill(self, most=None):
        while len(self.waiting) < self.window and (most is None or self.answers + len(self.waiting) < most):
            self._act()

    def _send(self, request, what, subject):
        # Noted before it is sent: it may arrive though the send is never seen to succeed.
        self.waiting[self.link._next] = (what, subject)
        self.link.send(*request)

    def _act(self):
        choose, roll = self.chooser, self.chooser.random()
        if roll < 0.4 and self.open:
            hold = self.open.pop(choose.randrange(len(self.open)))
            if hold.budget.kind != "short":
                most = hold.amount + (choose.randint(1, 50) if choose.random() < 0.1 else 0)
                hold.end = choose.randint(0, most) if choose.random() < 0.7 else None
                hold.state = ENDING
                return self._send(hold.finish(), "end", hold)
        if roll > 0.95 and self.ended:
            hold = choose.choice(self.ended)
            return self._send(hold.finish(), "end again", hold) if choose.random() < 0.5 \
                else self._send(hold.reserve(), "reserve again", hold)
        budget = choose.choice(self.budgets)
        if budget.kind == "verify" and choose.random() < 0.7:
            cost = choose.randint(1, 50)
            budget.tried += cost
            return self._send((c.VERIFY, c.verify_body(budget.key, cost=cost)), "verify", (budget, cost))
        self.made += 1
        hold = Hold(budget, f"{self.tag}/{self.number:02}/{self.made}", budget.amount(choose),
                    choose.randint(1000, 1400) if budget.kind == "short" else DAY)
        # Now and then the same twice at once: one of them must find the other.
        for _ in range(2 if choose.random() < 0.1 else 1):
            hold.waits += 1
            self._send(hold.reserve(), "reserve", hold)

    def take(self):
        """Notes answers. Returns what was wrong with them."""
        wrong = []
        for _, operation, request_id, body in self.link.receive():
            if request_id == 0:
                raise ConnectionResetError("the connection was ended")
            (what, subject), answer = self.waiting.pop(request_id), decode(operation, body)
            self.answers += 1
            if isinstance(answer, c.Failure):
                raise Broken(f"{what}: {subject}: {answer}")
            if what == "verify":
                self._verified(*subject, answer, wrong)
            elif what == "reserve":
                self._reserved(subject, answer, wrong)
            elif what == "end":
                if answer.repeated:
                    wrong.append(f"{subject}: its first end was answered as a repetition")
                subject.charge(answer, wrong)
                subject.state = ENDED
                self.ended.append(subject)
            else:
                self.repeats += 1
                repeated(subject, what, answer, wrong)
        return wrong

    def _verified(self, budget, cost, verdict, wrong):
        if verdict.reason == c.VALID:
            budget.verified += cost
        elif verdict.reason == c.NO_QUOTA:
            self.refused += 1
        else:
            wrong.append(f"verify of {budget.name}, cost {cost}: reason {verdict.reason}")

    def _reserved(self, hold, answer, wrong):
        hold.waits -= 1
        reason = answer.verdict.reason
        if reason == c.VALID:
            hold.granted(answer, wrong)
            hold.state, hold.acknowledged = OPEN, True
            hold.fresh += not answer.repeated
        elif reason == c.NO_QUOTA or (reason == c.NO_WALLET and hold.budget.wallet):
            self.refused += 1
        else:
            wrong.append(f"{hold}: refused with reason {reason}")
        if hold.waits:
            return
        if hold.state == ASKED:
            hold.state = NONE
        elif hold.fresh != 1:
            wrong.append(f"{hold}: {hold.fresh} answers say that they set units aside")
        else:
            self.open.append(hold)


def repeated(hold, what, answer, wrong):
    """Looks at the answer to what was answered before."""
    if what == "reserve again":
        if answer.verdict.reason != c.VALID or not answer.repeated:
            wrong.append(f"LOST: {hold}: reserved again it was answered {answer}")
        else:
            hold.granted(answer, wrong)
    elif not answer.repeated or (answer.charged, answer.shortfall) != (hold.charged, hold.shortfall):
        wrong.append(f"LOST: {hold}: ended again it was answered {answer}, first charged {hold.charged}, short of {hold.shortfall}")


def now():
    """Unix milliseconds, as the daemon on this machine counts them."""
    return int(time.time() * 1000)
