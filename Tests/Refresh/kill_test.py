"""kill -9 at every step of a refresh, by appointment and at random: afterwards the state is good or needs-person, never silently
lost, and no token was presented twice unless the first time provably nothing was sent."""

import os
import random
import threading
import time
import unittest

import rotating_upstream as u
from campaign import Site

ROUNDS = int(os.environ.get("COFFER_KILLS", "40"))


class Kill(unittest.TestCase):
    def setUp(self):
        self.upstream = u.Upstream()
        self.site = Site(self.upstream)

    def tearDown(self):
        self.site.stop()

    def ask(self, name):
        thread = threading.Thread(target=lambda: self.site.token(name, "--timeout", "5"), daemon=True)
        thread.start()
        return thread

    def restart(self):
        self.site.daemon.kill()
        self.site.daemon.start()

    def check(self, name):
        """Good, or in need of a person; a good one has the upstream's present tokens."""
        family = self.upstream.families[name]
        state = self.site.wait(lambda: (s := self.site.state(name)) not in ("claimed", "dialled", "cooling") and s)
        self.assertIn(state, ("fresh", "due", "empty", "needs-person"), self.site.show(name))
        self.assertEqual(self.upstream.reuses, [])
        self.assertFalse(family.dead)
        if state == "needs-person":
            # Nothing of what was there is gone: the token that was presented still lies in the store.
            self.assertIn(self.site.stored(name), family.used | {family.live})
        else:
            self.assertEqual(self.site.stored(name), family.live)
        return state

    def test_waiting_for_its_turn(self):
        """Claimed at most: another credential of the provider has all its places. Nothing was sent: it goes on by itself."""
        names = ["busy-%d" % at for at in range(70)]
        for name in names:
            self.site.add(name, self.upstream.grant(name))
        self.upstream.hold = threading.Event()
        threads = [self.ask(name) for name in names]
        self.assertTrue(self.upstream.arrived.wait(10))
        time.sleep(1)
        sent = {token.split("-")[2] for token in self.upstream.presented}
        self.site.daemon.kill()
        self.upstream.hold.set()
        for thread in threads:
            thread.join(20)
        self.upstream.hold = None
        self.site.daemon.start()
        waited = [name for name in names if name.split("-")[1] not in sent]
        self.assertTrue(waited, "all of them were sent at once: nothing waited")
        for name in waited[:5]:
            result = self.site.token(name)
            self.assertEqual(result.code, 0, result)
        for name in [name for name in names if name not in waited][:5]:
            self.assertEqual(self.check(name), "needs-person")
        self.assertEqual(self.upstream.reuses, [])

    def test_dialled_and_not_answered(self):
        self.site.add("held", self.upstream.grant("held"))
        self.upstream.hold = threading.Event()
        thread = self.ask("held")
        self.assertTrue(self.upstream.arrived.wait(10))
        self.site.daemon.kill()
        self.upstream.hold.set()
        thread.join(20)
        self.upstream.hold = None
        self.site.daemon.start()
        self.assertEqual(self.check("held"), "needs-person")
        dials = self.upstream.dials
        self.assertNotEqual(self.site.token("held").code, 0)
        self.assertEqual(self.upstream.dials, dials)
        # The person takes the risk, or has a new token.
        self.site.daemon.ok("credential", "update", "held", "--json-secrets", input='{"refresh": "%s"}' % self.upstream.families["held"].live)
        self.assertEqual(self.site.token("held").code, 0)

    def test_at_random_moments(self):
        names = ["random-%d" % at for at in range(4)]
        for name in names:
            self.site.add(name, self.upstream.grant(name))
        outcomes = {}
        for round in range(ROUNDS):
            self.upstream.delay = random.choice([0, 0, 0.005, 0.02])
            before = self.upstream.dials
            threads = [threading.Thread(target=lambda n=name: self.site.daemon.cli("credential", "refresh", n, "--timeout", "5"), daemon=True) for name in names]
            for thread in threads:
                thread.start()
            # At a moment around the dial, where the interesting steps are.
            end = time.monotonic() + 5
            while self.upstream.dials == before and time.monotonic() < end:
                time.sleep(0.0005)
            time.sleep(random.random() * 0.03)
            self.restart()
            for thread in threads:
                thread.join(20)
            for name in names:
                state = self.check(name)
                outcomes[state] = outcomes.get(state, 0) + 1
                if state == "needs-person":
                    # A person looks at the upstream and brings its present token.
                    self.site.daemon.ok("credential", "update", name, "--json-secrets", input='{"refresh": "%s"}' % self.upstream.families[name].live)
        print("\n%d kills: %s; %d dials" % (ROUNDS, outcomes, self.upstream.dials))
        self.assertEqual(len(self.upstream.presented), len(set(self.upstream.presented)))


if __name__ == "__main__":
    unittest.main()
