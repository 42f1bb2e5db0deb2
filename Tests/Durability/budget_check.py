"""The books behind a crash: what each budget shows, against what its takers were told.

First all records are read, then what got no answer is sent again: the answer says whether it had been done before the
crash. With that the books can be compared to the unit: `used` is what ended reservations were charged, `reserved` what
the open ones hold, and nothing that was given comes or goes. Only what verify took out of its block is known within
bounds: what was left of a block, or not told to the store yet, is forfeited in a crash, and shown (formats.md 11).
"""
import time
from collections import namedtuple

from budget_load import ASKED, ENDED, ENDING, NONE, OPEN, now, repeated
from load import Broken, c

Shown = namedtuple("Shown", "quota used reserved forfeited in_flight")
AT_ONCE = 80     # answers that were given are asked for again, at most so many of each kind


class Books:
    def __init__(self, budgets, wallets):
        self.budgets, self.wallets = budgets, wallets
        self.problems = []
        self.came_through = self.not_there = self.asked_again = self.expired = 0

    # Reading.

    @staticmethod
    def read(link, budgets):
        shown = []
        for answer in link.ask_all([(c.RECORD_SHOW, c.record_show_body("apikey", str(b.number))) for b in budgets]):
            if isinstance(answer, c.Failure):
                raise Broken(f"LOST: an API key: {answer}")
            fields = answer.record.fields
            shown.append(Shown(*(int(fields[name]) for name in ("quota", "used", "reserved", "forfeited", "in_flight_now"))))
        return shown

    def read_wallets(self, link):
        answers = link.ask_all([(c.RECORD_SHOW, c.record_show_body("user", wallet.name)) for wallet in self.wallets])
        return [(int(a.record.fields["wallet"]), int(a.record.fields["wallet_used"])) for a in answers]

    def snapshot(self, link):
        """All budgets, as soon as the blocks of the daemon that died are among what is forfeited."""
        end = time.monotonic() + 2
        while True:
            before = now()
            shown = dict(zip(self.budgets, self.read(link, self.budgets)))
            blocks = [b for b in self.budgets if b.kind == "verify" and sum(shown[b][:4]) != b.given]
            if not blocks or time.monotonic() > end:
                return before, shown, self.read_wallets(link)
            time.sleep(0.002)

    # Checking.

    def look(self, link, chooser, tamper=None):
        """Compares everything. Behind it the holds that are left are known to be open, and `settled` is up to date."""
        before, shown, purses = self.snapshot(link)
        after = now()
        was_open, charged = self._settle(link, chooser, tamper)
        for budget in self.budgets:
            self._budget(budget, shown[budget], was_open[budget], charged[budget], before, after)
        for wallet, purse in zip(self.wallets, purses):
            self._wallet(wallet, purse, was_open, charged)
        for budget in self.budgets:
            ended = [hold for hold in budget.holds.values() if hold.state == ENDED]
            budget.settled += sum(hold.charged for hold in ended)
            if budget.wallet:
                budget.wallet.settled += sum(hold.charged for hold in ended)
            budget.shown = shown[budget]
            budget.holds = {hold.id: hold for hold in budget.holds.values() if hold.state == OPEN}

    def _settle(self, link, chooser, tamper):
        """Finds out what had been done: for each budget the holds that were open, and what ended ones were charged."""
        holds = [hold for budget in self.budgets for hold in budget.holds.values()]
        sure = {state: [hold for hold in holds if hold.state == state] for state in (OPEN, ENDED)}
        again = [("asked", hold, hold.reserve()) for hold in holds if hold.state == ASKED]
        again += [("ending", hold, hold.finish()) for hold in holds if hold.state == ENDING]
        for state in (OPEN, ENDED):
            some = chooser.sample(sure[state], min(len(sure[state]), AT_ONCE))
            again += [("reserve again", hold, hold.reserve()) for hold in some]
        again += [("end again", hold, hold.finish()) for hold in chooser.sample(sure[ENDED], min(len(sure[ENDED]), AT_ONCE))]
        was_open = {budget: {hold for hold in budget.holds.values() if hold.state == OPEN} for budget in self.budgets}
        charged = {budget: sum(hold.charged for hold in budget.holds.values() if hold.state == ENDED) for budget in self.budgets}
        answers = link.ask_all([request for _, _, request in again])
        self.asked_again += len(answers)
        for (what, hold, _), answer in zip(again, answers):
            if tamper:
                answer = tamper(what, hold, answer)
            if isinstance(answer, c.Failure):
                self.problems.append(f"LOST: {hold}: sent again: {answer}")
            elif what == "asked":
                self._asked(hold, answer, was_open)
            elif what == "ending":
                self._ending(hold, answer, was_open, charged)
            else:
                repeated(hold, what, answer, self.problems)
        return was_open, charged

    def _asked(self, hold, answer, was_open):
        # One of twins may have been answered already: then it is no longer open whether it is there.
        there = answer.verdict.reason == c.VALID and answer.repeated
        if there:
            was_open[hold.budget].add(hold)
        self.came_through += there
        self.not_there += not there
        if answer.verdict.reason == c.VALID:
            hold.granted(answer, self.problems)
            hold.state = OPEN
        elif answer.verdict.reason in (c.NO_QUOTA, c.NO_WALLET):
            hold.state = NONE
        else:
            self.problems.append(f"{hold}: sent again it was refused with reason {answer.verdict.reason}")

    def _ending(self, hold, answer, was_open, charged):
        hold.charge(answer, self.problems)
        hold.state = ENDED
        self.came_through += answer.repeated
        self.not_there += not answer.repeated
        if answer.repeated:
            charged[hold.budget] += hold.charged
        else:
            was_open[hold.budget].add(hold)

    def _budget(self, budget, shown, was_open, charged, before, after):
        wrong = []
        if sum(shown[:4]) != budget.given:
            wrong.append(f"{sum(shown[:4])} units are there, {budget.given} were given")
        if min(shown) < 0:
            wrong.append("something is below 0")
        used, held = budget.settled + charged, sum(hold.amount for hold in was_open)
        # Apart from the daemon's own sums: what takers hold in their hands.
        if used + held > budget.given:
            wrong.append(f"OVERDRAWN: settled {used} and open {held} are more than the {budget.given} that were given")
        if budget.kind == "short":
            # Those whose time has passed go back when the daemon looks, once a second; no other does.
            least = [hold for hold in was_open if hold.acknowledged and hold.expires > after]
            if not sum(hold.amount for hold in least) <= shown.reserved <= held or not len(least) <= shown.in_flight <= len(was_open):
                wrong.append(f"reserved should be {sum(hold.amount for hold in least)} to {held} in {len(least)} to {len(was_open)}")
        elif (shown.reserved, shown.in_flight) != (held, len(was_open)):
            wrong.append(f"reserved should be {held} in {len(was_open)}")
        if budget.kind == "verify":
            if not used <= shown.used <= used + budget.tried or used + budget.verified > shown.used + shown.forfeited:
                wrong.append(f"settled {used}, verified {budget.verified} of {budget.tried}")
            lost, most = self._lost(budget, shown)
            if lost > most:
                wrong.append(f"one crash forfeited {lost}, more than 1 % of what was left, {most}")
        elif shown.used != used or shown.forfeited:
            wrong.append(f"used should be {used}")
        self.problems += [f"LOST or wrong: {budget.name} ({budget.kind}): {problem}; {shown}" for problem in wrong]

    @staticmethod
    def _lost(budget, shown):
        if budget.shown is None:
            return shown.forfeited, budget.given // 100
        # What was reserved may have gone back meanwhile, before the block was taken.
        return shown.forfeited - budget.shown.forfeited, (budget.shown.quota + budget.shown.reserved) // 100

    def _wallet(self, wallet, purse, was_open, charged):
        left, used = purse
        held = sum(hold.amount for budget in wallet.budgets for hold in was_open[budget])
        wanted = wallet.settled + sum(charged[budget] for budget in wallet.budgets)
        if used != wanted or left + used + held != wallet.given or left < 0:
            self.problems.append(f"LOST or wrong: the wallet of {wallet.name}: left {left}, used {used}, {held} held by its keys; "
                                 f"given {wallet.given}, used should be {wanted}")

    # Between the rounds.

    def wait_for_expiry(self, link):
        """All that is short-lived must come back by itself, soon behind its time, and none before it."""
        for budget in self.budgets:
            if budget.kind != "short":
                continue
            last = max((hold.expires for hold in budget.holds.values()), default=0)
            while True:
                (shown,) = self.read(link, [budget])
                late = now() - last
                if shown.in_flight == 0 or late > 3_000:
                    break
                time.sleep(0.05)
            if late < 0 or (shown.in_flight, shown.reserved, shown.quota) != (0, 0, budget.given):
                self.problems.append(f"{budget.name}: {late} ms behind the last expiry: {shown}, {budget.given} were given")
            self.expired += len(budget.holds)
            budget.holds.clear()

    def give_more(self, link, chooser):
        """Small budgets, and wallets, that have run dry get new units; not always at once."""
        requests = []
        for budget in self.budgets:
            held = sum(hold.amount for hold in budget.holds.values())
            if budget.kind != "small" or budget.given - budget.settled - held > 3 or chooser.random() < 0.3:
                continue
            units = chooser.randint(50, 150)
            budget.given = units + budget.settled + held
            requests.append(("apikey", str(budget.number), {"quota": str(units), "status": "enabled"}))
        for wallet in self.wallets:
            held = sum(hold.amount for budget in wallet.budgets for hold in budget.holds.values())
            if wallet.given - wallet.settled - held > 500 or chooser.random() < 0.5:
                continue
            units = chooser.randint(20_000, 60_000)
            wallet.given = units + wallet.settled + held
            requests.append(("user", wallet.name, {"wallet": str(units)}))
        for answer in link.ask_all([(c.RECORD_UPDATE, c.record_update_body(*request)) for request in requests]):
            if isinstance(answer, c.Failure):
                raise Broken(f"giving more: {answer}")
