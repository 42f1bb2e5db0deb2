"""Answers that no upstream should give, and that all of them give some day: nothing is lost by any."""

import threading
import unittest

import rotating_upstream as u
from campaign import Site

# The token may be used up by these, and what replaces it did not arrive: only a person can tell.
UNREADABLE = {
    "partial": u.partial, "silent": u.silent, "html": u.html, "redirect": u.redirect, "huge": u.huge, "wrong charset": u.wrong_charset,
    "binary": u.binary, "server error": u.status(500), "bad gateway": u.status(502, {"error": "bad gateway"}),
}


class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.upstream = u.Upstream()
        cls.site = Site(cls.upstream)

    @classmethod
    def tearDownClass(cls):
        cls.site.stop()

    def test_unreadable_answers_lose_nothing_and_are_not_dialled_again(self):
        for number, (what, act) in enumerate(UNREADABLE.items()):
            with self.subTest(what):
                name = "unreadable-%d" % number
                first = self.upstream.grant(name)
                self.site.add(name, first)
                self.upstream.scripts.append(u.Answer(act))
                result = self.site.token(name)
                self.assertNotEqual(result.code, 0, result)
                self.assertEqual(self.site.state(name), "needs-person", self.site.show(name))
                self.assertEqual(self.site.stored(name), first)
                dials = self.upstream.dials
                self.assertNotEqual(self.site.token(name).code, 0)
                self.assertEqual(self.upstream.dials, dials)
                self.assertNotIn(first, self.site.daemon.log_text())
        self.assertEqual(self.upstream.reuses, [])

    def test_the_old_access_token_outlives_an_unreadable_answer(self):
        name = "outlives"
        self.site.add(name, self.upstream.grant(name))
        first = self.site.token(name).text.strip()
        self.upstream.scripts.append(u.Answer(u.html))
        self.assertNotEqual(self.site.daemon.cli("credential", "refresh", name).code, 0)
        self.assertEqual(self.site.state(name), "needs-person")
        self.assertEqual(self.site.token(name).text.strip(), first)

    def test_an_answer_without_refresh_token_keeps_the_old_one(self):
        name = "kept"
        first = self.upstream.grant(name)
        self.site.add(name, first)
        self.upstream.scripts.append(u.Answer(u.without_refresh_token, consume=True))
        result = self.site.token(name)
        self.assertEqual(result.code, 0, result)
        self.assertEqual(result.text.strip(), self.upstream.families[name].access[0])
        self.assertEqual(self.site.stored(name), first)

    def test_an_answer_without_access_token_has_its_refresh_token_kept(self):
        name = "half"
        self.site.add(name, self.upstream.grant(name))
        self.upstream.scripts.append(u.Answer(u.without_access_token))
        result = self.site.token(name)
        if result.code != 0:
            result = self.site.token(name)
        # What came in place of the token that was used up was not lost: it could be used.
        self.assertEqual(result.code, 0, result)
        self.assertEqual(result.text.strip(), self.upstream.families[name].access[1])
        self.assertEqual(self.upstream.reuses, [])

    def test_a_slow_answer_arrives(self):
        name = "slow"
        self.site.add(name, self.upstream.grant(name))
        self.upstream.scripts.append(u.Answer(lambda *a: u.slow(*a, seconds=2.0)))
        result = self.site.token(name)
        self.assertEqual(result.code, 0, result)
        self.assertEqual(result.text.strip(), self.upstream.families[name].access[0])

    def test_limited_is_asked_again_later_with_the_same_token(self):
        name = "limited"
        first = self.upstream.grant(name)
        self.site.add(name, first)
        self.upstream.scripts.append(u.Answer(u.status(429, {"error": "slow_down"}, [("Retry-After", "1")]), consume=False))
        # The first answer is "wait a second"; a caller with time is served behind it.
        result = self.site.token(name)
        self.assertEqual(result.code, 0, result)
        self.assertEqual(result.text.strip(), self.upstream.families[name].access[0])
        self.assertEqual(self.upstream.reuses, [])

    def test_invalid_grant_is_the_end_and_is_not_asked_again(self):
        name = "ended"
        self.site.add(name, "rt-that-nobody-knows-" + name)
        self.assertNotEqual(self.site.token(name).code, 0)
        self.assertEqual(self.site.state(name), "dead")
        dials = self.upstream.dials
        for _ in range(5):
            self.assertNotEqual(self.site.token(name).code, 0)
        self.assertEqual(self.upstream.dials, dials)
        # A new token from a person ends it.
        self.site.daemon.ok("credential", "update", name, "--json-secrets", input='{"refresh": "%s"}' % self.upstream.grant(name))
        self.assertEqual(self.site.token(name).text.strip(), self.upstream.families[name].access[0])

    def test_an_upstream_that_is_not_there_is_no_verdict(self):
        gone = u.Upstream()
        name = "unreachable"
        first = gone.grant(name)
        self.site.daemon.ok(
            "credential", "add", name, "--provider", "oauth2", "--param", "token_url=%s/token" % gone.url, "--client-id", "a-client",
            "--json-secrets", input='{"refresh": "%s"}' % first)
        port = gone.server_address[1]
        gone.stop()
        self.assertNotEqual(self.site.daemon.cli("token", name, "--timeout", "2").code, 0)
        self.assertEqual(self.site.state(name), "cooling")
        self.assertEqual(self.site.stored(name), first)
        # It comes back at the same place, with the same grant.
        back = u.Upstream(port=port)
        try:
            family = u.Family(name)
            family.live = first
            back.families[name] = back.by_token[first] = family
            self.site.wait(lambda: self.site.daemon.cli("token", name, "--timeout", "2").code == 0, 40)
            self.assertEqual(back.presented, [first])
        finally:
            back.stop()

    def test_a_hostile_name_is_one_field(self):
        name = "x&expires_in=-1"
        self.site.add(name, self.upstream.grant("hostile"))
        self.assertEqual(self.site.token(name).code, 0)
        self.assertEqual(self.site.show(name)["name"], name)
        path, _, form = self.upstream.seen[-1]
        self.assertEqual((path, sorted(form)), ("/token", ["client_id", "grant_type", "refresh_token"]))


if __name__ == "__main__":
    unittest.main()
