"""Live tokens and reports over Coffer's own HTTP API, as docs/admin-api.md has them."""

import importlib.util
import json
import os
import unittest

from harness import Served, request, secret

_path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Refresh", "rotating_upstream.py")
_spec = importlib.util.spec_from_file_location("rotating_upstream", _path)
u = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(u)

POLICY = """policy: tokens
rules:
  - {who: ["login:svc"], tenant: main, noun: credential, actions: [token], names: ["team/**"]}
  - {who: ["login:svc"], tenant: main, noun: pool, actions: [token, report], names: ["team/**"]}
"""


class Tokens(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.upstream = u.Upstream()
        cls.d = Served('admin: { listen: "127.0.0.1:0" }')
        cls.d.user("root1", "root")
        cls.d.user("svc")
        cls.root = cls.d.token("root1", "main")
        cls.svc = cls.d.token("svc", "service")
        cls.d.policy(POLICY)

    @classmethod
    def tearDownClass(cls):
        cls.upstream.stop()
        cls.d.finish()

    def setUp(self):
        self.n = self.id().split(".")[-1]

    def add(self, name, refresh=None, **secrets):
        grant = self.upstream.grant(name.replace("/", "_")) if refresh is None else refresh
        self.d.ok("credential", "add", name, "--provider", "oauth2", "--param", "token_url=%s/token" % self.upstream.url,
                  "--client-id", "c", "--json-secrets", input=json.dumps({"refresh": secret(grant), **secrets}))
        return self.upstream.families.get(name.replace("/", "_"))

    def ask(self, path, body, token=None):
        return request(self.d.ports["admin"], "POST", path, body, {"Authorization": "Bearer " + (token or self.svc)}, timeout=40)

    def good(self, path, body, token=None):
        reply = self.ask(path, body, token)
        self.assertEqual(reply.status, 200, reply)
        return reply.json

    def assertFailure(self, reply, status, code, field=None):
        self.assertEqual((reply.status, reply.json["code"]), (status, code), reply)
        if field is not None:
            self.assertEqual(reply.json.get("field"), field, reply)

    def test_a_token_of_a_credential(self):
        family = self.add("team/" + self.n)
        answer = self.good("/v1/token", {"credential": "team/" + self.n})
        self.assertEqual(set(answer), {"token", "kind", "expires_at", "credential", "revision", "lease"})
        self.assertEqual((answer["token"], answer["kind"], answer["credential"], answer["lease"]), (
            secret(family.access[0]), "access", "team/" + self.n, None))
        self.assertEqual(self.good("/v1/token", {"credential": "team/" + self.n})["token"], family.access[0])
        self.assertEqual(len(family.access), 1)

    def test_what_policy_does_not_allow(self):
        self.add("other/" + self.n)
        self.assertFailure(self.ask("/v1/token", {"credential": "other/" + self.n}), 403, "denied")
        self.assertFailure(self.ask("/v1/token", {"credential": "other/nobody"}), 403, "denied")
        self.assertFailure(self.ask("/v1/token", {"pool": "other"}), 403, "denied")
        self.assertFailure(self.ask("/v1/token", {"credential": "team/x", "tenant": "nowhere"}), 403, "denied")
        self.good("/v1/token", {"credential": "other/" + self.n}, self.root)

    def test_bad_requests(self):
        for body, field in (
                ({}, "credential"), ({"credential": "a", "pool": "b"}, "credential"), ({"credential": ""}, "credential"),
                ({"credential": 7}, "credential"), ({"credential": "team/a", "kind": "refresh"}, "kind"),
                ({"credential": "team/a", "min_left_ms": -1}, "min_left_ms"), ({"credential": "team/a", "colour": 1}, "colour"),
                ({"credential": "team/a", "timeout_ms": 0}, "timeout_ms"), ({"credential": "x" * 256}, "credential")):
            self.assertFailure(self.ask("/v1/token", body), 400, "invalid-argument", field)
        for body, field in (
                ({"lease": "0" * 32}, "result"), ({"lease": "0" * 32, "result": "fine"}, "result"), ({"lease": "0" * 31, "result": "ok"}, "lease"),
                ({"lease": "g" * 32, "result": "ok"}, "lease"), ({"result": "ok"}, "lease"), ({"lease": "0" * 32, "status": 302}, "status"),
                ({"lease": "0" * 32, "status": 200, "result": "ok"}, "result"), ({"pool": "team/p", "result": "ok"}, "lease")):
            self.assertFailure(self.ask("/v1/report", body), 400, "invalid-argument", field)
        self.assertFailure(self.ask("/v1/report", {"lease": "0" * 32, "result": "ok"}), 404, "not-found", "lease")
        self.assertFailure(self.ask("/v1/token", {"credential": "team/nobody"}), 404, "not-found")

    def test_dead_and_in_need_of_a_person(self):
        self.add("team/" + self.n, refresh="rt-that-nobody-knows-at-all")
        self.assertFailure(self.ask("/v1/token", {"credential": "team/" + self.n}), 502, "dead")
        self.add("team/lost-" + self.n)
        self.upstream.scripts.append(u.Answer(u.html))
        self.assertFailure(self.ask("/v1/token", {"credential": "team/lost-" + self.n}), 502, "needs-person")

    def test_a_pool_and_its_reports(self):
        pool = "team/" + self.n
        for member in ("one", "two"):
            self.add("%s-%s" % (pool, member))
        self.d.ok("pool", "create", pool)
        for member in ("one", "two"):
            self.d.ok("pool", "member", "add", pool, "%s-%s" % (pool, member))
        first = self.good("/v1/token", {"pool": pool})
        self.assertRegex(first["lease"], "^[0-9a-f]{32}$")
        secret(first["token"])
        taken = self.good("/v1/report", {"lease": first["lease"], "status": 429, "retry_after_ms": 600_000})
        self.assertEqual((taken["effect"], taken["state"]), ("taken", "cooling"))
        self.assertEqual(self.good("/v1/report", {"lease": first["lease"], "result": "ok"})["effect"], "repeated")
        for _ in range(5):
            other = self.good("/v1/token", {"pool": pool})
            secret(other["token"])
            self.assertNotEqual(other["credential"], first["credential"])
        self.good("/v1/report", {"pool": pool, "credential": other["credential"], "result": "limited", "retry_after_ms": 300_000})
        reply = self.ask("/v1/token", {"pool": pool, "timeout_ms": 1_000})
        self.assertFailure(reply, 503, "no-live-member")
        self.assertLessEqual(int(reply.header("Retry-After")), 360)
        self.assertGreater(int(reply.header("Retry-After")), 200)


if __name__ == "__main__":
    unittest.main()
