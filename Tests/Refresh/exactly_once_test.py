"""One dial for each expiry, however many ask; and what becomes of callers that do not wait (design.md 6, users.md B7)."""

import os
import threading
import time
import unittest

import campaign
from campaign import Crowd, Site, c
from rotating_upstream import Upstream

EXPIRIES = int(os.environ.get("COFFER_EXPIRIES", "100"))
ASKERS = int(os.environ.get("COFFER_ASKERS", "64"))
LIFETIME = 2


class ExactlyOnce(unittest.TestCase):
    def setUp(self):
        self.upstream = Upstream(lifetime=LIFETIME)
        self.site = Site(self.upstream)

    def tearDown(self):
        self.site.stop()

    def test_a_hundred_expiries_with_64_processes(self):
        site, upstream = self.site, self.upstream
        site.add("shared", upstream.grant("shared"))
        crowd = Crowd(site.daemon.socket, "shared", ASKERS, EXPIRIES)
        losses, seen = [], []
        try:
            for at in range(EXPIRIES):
                before = time.monotonic()
                answers = crowd.ask()
                losses += [error for _, error in answers if error]
                tokens = {token for token, _ in answers if token}
                self.assertLessEqual(len(tokens), 1 if time.monotonic() - before < LIFETIME else 2, "round %d" % at)
                seen += sorted(tokens)
                # It was got before the last answer came: when the next round begins it has expired.
                time.sleep(LIFETIME + 0.05)
        finally:
            crowd.stop()
        family = upstream.families["shared"]
        print("\n%d expiries, %d processes: %d dials, %d losses" % (EXPIRIES, ASKERS, upstream.dials, len(losses)))
        self.assertEqual(losses, [])
        self.assertEqual(upstream.reuses, [])
        self.assertFalse(family.dead)
        self.assertEqual(upstream.dials, EXPIRIES)
        self.assertEqual(len(set(upstream.presented)), upstream.dials)
        self.assertTrue(set(seen) <= set(family.access))

    def test_a_caller_that_times_out_does_not_stop_the_refresh(self):
        site, upstream = self.site, self.upstream
        upstream.lifetime = 3600
        site.add("slow", upstream.grant("slow"))
        upstream.hold = threading.Event()
        client = site.daemon.client()
        with self.assertRaises(c.DeadlineExceeded):
            client.token("slow", deadline=300)
        self.assertEqual(upstream.dials, 1)
        upstream.hold.set()
        self.assertEqual(client.token("slow", deadline=10_000).value.decode(), upstream.families["slow"].access[0])
        self.assertEqual(upstream.dials, 1)
        client.close()

    def test_callers_that_hang_up_do_not_stop_the_refresh(self):
        site, upstream = self.site, self.upstream
        upstream.lifetime = 3600
        site.add("gone", upstream.grant("gone"))
        upstream.hold = threading.Event()
        for _ in range(8):
            client = site.daemon.client()
            client.start(c.TOKEN, c.token_body("gone", deadline=10_000))
            client.close()
        self.assertTrue(upstream.arrived.wait(10))
        upstream.hold.set()
        site.wait(lambda: site.state("gone") == "fresh")
        self.assertEqual(upstream.dials, 1)
        self.assertEqual(site.token("gone").text.strip(), upstream.families["gone"].access[0])
        self.assertEqual(upstream.dials, 1)

    def test_the_old_access_token_is_served_while_it_lives(self):
        site, upstream = self.site, self.upstream
        upstream.lifetime = 3600
        site.add("early", upstream.grant("early"))
        first = site.token("early").text.strip()
        upstream.hold = threading.Event()
        before = upstream.dials
        refresher = threading.Thread(target=lambda: site.daemon.cli("credential", "refresh", "early"))
        refresher.start()
        site.wait(lambda: upstream.dials == before + 1)
        self.assertEqual(site.token("early").text.strip(), first)
        upstream.hold.set()
        refresher.join(20)
        self.assertNotEqual(site.token("early").text.strip(), first)
        self.assertEqual(upstream.reuses, [])

    def test_two_forced_refreshes_at_once_are_one_dial(self):
        site, upstream = self.site, self.upstream
        upstream.lifetime = 3600
        site.add("forced", upstream.grant("forced"))
        upstream.hold = threading.Event()
        results = []
        threads = [threading.Thread(target=lambda: results.append(site.daemon.cli("credential", "refresh", "forced"))) for _ in range(6)]
        for thread in threads:
            thread.start()
        self.assertTrue(upstream.arrived.wait(10))
        time.sleep(0.5)
        upstream.hold.set()
        for thread in threads:
            thread.join(20)
        self.assertEqual([result.code for result in results], [0] * 6, results)
        self.assertEqual(upstream.reuses, [])
        # Those that came while it ran joined it; a later one dials again (decisions 14).
        self.assertEqual(len(upstream.presented), len(set(upstream.presented)))


if __name__ == "__main__":
    unittest.main()
