"""Coffer's own HTTP API as docs/admin-api.md has it: callers, rights, verdicts, reservations, and what is wrong with requests."""

import json
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from harness import Served, raw, request, secret, split

POSTS = ["/v1/verify", "/v1/reserve", "/v1/settle", "/v1/release"]
PAST = "2020-01-01T00:00:00Z"
QUOTA = 500_000_000_000_000
POLICY = """policy: gateway
rules:
  - {who: ["login:ci"], tenant: main, noun: apikey, actions: [verify, reserve, settle], names: ["team/**"]}
  - {who: ["login:checker"], tenant: main, noun: apikey, actions: [verify], names: ["**"]}
  - {who: ["token:deploy"], tenant: main, noun: apikey, actions: [verify], names: ["**"]}
"""


class Admin(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Served('admin: { listen: "127.0.0.1:0" }')
        cls.d.user("root1", "root")
        cls.d.user("ci")
        cls.root = cls.d.token("root1", "main")
        cls.ci = cls.d.token("ci", "gateway", "90d")
        cls.d.policy(POLICY)

    @classmethod
    def tearDownClass(cls):
        cls.d.finish()

    def setUp(self):
        self.n = self.id().split(".")[-1]

    @property
    def port(self):
        return self.d.ports["admin"]

    def ask(self, method, path, body=None, token=None, headers=None, **options):
        headers = dict(headers or {})
        headers.setdefault("Authorization", "Bearer " + (token or self.root))
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        reply = request(self.port, method, path, body, headers, **options)
        if reply.body and path.startswith("/v1"):
            problem = reply.status >= 400
            self.assertEqual(reply.header("Content-Type"), "application/problem+json" if problem else "application/json")
        return reply

    def good(self, path, body, token=None):
        reply = self.ask("POST", path, body, token)
        self.assertEqual(reply.status, 200, reply)
        return reply.json

    def assertFailure(self, reply, status, code, field=None, hint=None):
        self.assertEqual(reply.status, status, (hint, reply))
        error = reply.json
        self.assertLessEqual(set(error), {"type", "title", "status", "code", "detail", "field", "request_id"})
        self.assertEqual((error["status"], error["code"]), (status, code), hint)
        self.assertTrue(error["detail"] and error["title"])
        if field is not None:
            self.assertEqual(error.get("field"), field, (hint, error))
        return error

    def new_key(self, *options, name=None):
        number, key = self.d.api_key(name or self.n, *(options or ("--unlimited",)))
        return int(number), key

    def remaining(self, key):
        return self.good("/v1/verify", {"key": key})["remaining"]


class Callers(Admin):
    def test_whoami(self):
        answer = self.ask("GET", "/v1/whoami", token=self.ci).json
        self.assertEqual(set(answer), {"login", "role", "tenant", "token", "expires_at", "selectors"})
        self.assertEqual((answer["login"], answer["role"], answer["tenant"], answer["token"]), ("ci", "common", "main", "gateway"))
        self.assertLess(abs(answer["expires_at"] / 1000 - time.time() - 90 * 86400), 120, "milliseconds")
        forever = self.d.token("ci", "forever", "never")
        self.assertIsNone(self.ask("GET", "/v1/whoami", token=forever).json["expires_at"])
        reply = self.ask("HEAD", "/v1/whoami")
        self.assertEqual((reply.status, reply.body), (200, b""))

    def test_who_is_nobody(self):
        short = self.d.token("ci", "short", "1s")
        self.d.user("off")
        disabled = self.d.token("off", "x")
        self.d.ok("user", "disable", "off")
        revoked = self.d.token("ci", "revoked")
        self.assertEqual(self.ask("GET", "/v1/whoami", token=revoked).status, 200)
        number = [t["id"] for t in self.d.ok("user", "token", "list", "ci", "--json").json if t["name"] == "revoked"][0]
        self.d.ok("user", "token", "revoke", str(number))
        _, key = self.new_key()
        time.sleep(1.1)
        headers = [None, "", "Bearer", "Bearer ", self.root, "Basic " + self.root, "Bearer x " + self.root, "Bearer " + self.root + "x",
                   "Bearer " + self.root[:-1], "Bearer " + self.root.swapcase(), "Bearer " + key, "Bearer " + short, "Bearer " + disabled,
                   "Bearer " + revoked, "Bearer " + "x" * 10_000, "Bearer null", "Bearer\t" + self.root + "\tx", "Bearer," + self.root]
        for header in headers:
            for method, path in (("GET", "/v1/whoami"), ("POST", "/v1/verify")):
                body = {"key": key} if method == "POST" else None
                reply = request(self.port, method, path, body, {} if header is None else {"Authorization": header})
                self.assertFailure(reply, 401, "unauthorized", hint=(header or "")[:12])
                self.assertTrue(reply.header("WWW-Authenticate").startswith("Bearer"))
        for path in ("/v1/whoami?access_token=" + self.root, "/v1/whoami?token=" + self.root):
            self.assertEqual(request(self.port, "GET", path).status, 401)
        self.assertEqual(request(self.port, "GET", "/v1/whoami", headers={"Cookie": "token=" + self.root}).status, 401)
        reply = request(self.port, "GET", "/v1/whoami", headers=[("Authorization", "Bearer x"), ("Authorization", "Bearer " + self.root)])
        self.assertNotEqual(reply.status, 200)
        for scheme in ("bearer", "BEARER"):
            self.assertEqual(self.ask("GET", "/v1/whoami", headers={"Authorization": scheme + " " + self.root}).status, 200)
        self.d.ok("user", "delete", "off")

    def test_unauthorized_before_anything_else(self):
        for method, path, body in (("POST", "/v1/verify", b"{"), ("DELETE", "/v1/verify", None), ("GET", "/v1/reserve", None)):
            self.assertFailure(request(self.port, method, path, body), 401, "unauthorized")

    def test_rights_are_those_of_policies(self):
        _, inside = self.new_key(name="team/a")
        number, outside = self.new_key(name="other/a")
        self.assertTrue(self.good("/v1/verify", {"key": inside}, self.ci)["valid"])
        unknown = self.ask("POST", "/v1/verify", {"key": "sk-" + "x" * 48}, self.ci)
        hidden = self.ask("POST", "/v1/verify", {"key": outside}, self.ci)
        self.assertEqual((hidden.status, hidden.body), (200, unknown.body), "as if there were none")
        self.assertEqual(hidden.json, {"valid": False, "reason": "unknown-key"})
        body = {"key": outside, "amount": 1, "request_id": self.n}
        self.assertEqual(self.good("/v1/reserve", body, self.ci)["reason"], "unknown-key")
        answers = []
        for which in (number, 999_999):
            answers += [self.ask("POST", path, {"number": which, "request_id": "x", **more}, self.ci)
                        for path, more in (("/v1/settle", {"amount": 1}), ("/v1/release", {}))]
        for answer in answers:
            self.assertFailure(answer, 404, "not-found")
        self.assertEqual(len({answer.body for answer in answers}), 1, "as if there were none")
        # Who may only verify.
        self.d.user("checker")
        checker = self.d.token("checker")
        self.assertTrue(self.good("/v1/verify", {"key": outside}, checker)["valid"])
        for path in POSTS[1:]:
            self.assertFailure(self.ask("POST", path, {}, checker), 403, "denied")
        # One token of a user, not the other.
        self.d.user("dave")
        deploy, plain = self.d.token("dave", "deploy"), self.d.token("dave", "plain")
        self.assertTrue(self.good("/v1/verify", {"key": outside}, deploy)["valid"])
        self.assertFailure(self.ask("POST", "/v1/verify", {"key": outside}, plain), 403, "denied")
        for path in POSTS:
            self.assertFailure(self.ask("POST", path, {}, plain), 403, "denied")

    def test_a_changed_policy_holds_at_once(self):
        _, key = self.new_key()
        self.d.user("erin")
        erin = self.d.token("erin")
        self.assertEqual(self.ask("POST", "/v1/verify", {"key": key}, erin).status, 403)
        for who in ('["login:erin"]', '["role:common"]', '["door:admin"]', '[["login:erin", "role:common", "door:admin"]]'):
            self.d.policy("policy: erin\nrules:\n  - {who: %s, tenant: main, noun: apikey, actions: [verify], names: ['**']}\n" % who)
            self.assertTrue(self.good("/v1/verify", {"key": key}, erin)["valid"], who)
            self.d.ok("policy", "delete", "erin")
            self.assertEqual(self.ask("POST", "/v1/verify", {"key": key}, erin).status, 403)
        self.d.policy("policy: erin\nrules:\n"
                      "  - {who: ['door:socket', 'uid:0'], tenant: main, noun: apikey, actions: [verify], names: ['**']}\n")
        self.assertEqual(self.ask("POST", "/v1/verify", {"key": key}, erin).status, 403, "another door's callers")
        self.d.ok("policy", "delete", "erin")

    def test_rules_of_another_tenant(self):
        self.d.ok("tenant", "create", "elsewhere")
        _, key = self.new_key("--tenant", "elsewhere", "--unlimited", name="team/x")
        self.assertEqual(self.good("/v1/verify", {"key": key}, self.ci)["reason"], "unknown-key")
        answer = self.good("/v1/verify", {"key": key})
        self.assertEqual((answer["valid"], answer["tenant"]), (True, "elsewhere"))


class Verdicts(Admin):
    def test_valid(self):
        self.d.user("olga")
        number, key = self.new_key("--owner", "olga", "--quota", "100", "--expires", "30d")
        answer = self.good("/v1/verify", {"key": key, "cost": 30, "ip": "10.0.0.1", "model": "gpt-4o"})
        self.assertEqual(set(answer), {"valid", "reason", "number", "name", "tenant", "owner", "scope", "group", "unlimited", "remaining",
                                       "expires_at"})
        self.assertEqual((answer["valid"], answer["reason"], answer["number"], answer["name"], answer["tenant"], answer["owner"]),
                         (True, "valid", number, self.n, "main", "olga"))
        self.assertEqual((answer["scope"], answer["unlimited"], answer["remaining"]), ("full", False, 70))
        self.assertLess(abs(answer["expires_at"] / 1000 - time.time() - 30 * 86400), 120, "milliseconds, as everywhere in this API")
        self.assertIsNone(self.good("/v1/verify", {"key": self.new_key()[1]})["expires_at"])

    def test_reasons(self):
        self.d.user("pia", "common", "--wallet", "5")
        self.d.user("gone")
        cases = {
            "address": (["--unlimited", "--address", "10.0.0.0/8"], {"ip": "11.0.0.1"}),
            "disabled": (["--unlimited"], {}), "expired": (["--unlimited"], {}),
            "owner-disabled": (["--unlimited", "--owner", "gone"], {}), "model": (["--unlimited", "--model", "gpt-4o"], {"model": "gpt-4"}),
            "quota": (["--quota", "5"], {"cost": 6}), "wallet": (["--quota", "50", "--owner", "pia"], {"cost": 6}),
        }
        made = {reason: self.new_key(*options, name=reason) for reason, (options, _) in cases.items()}
        self.d.ok("apikey", "disable", str(made["disabled"][0]))
        self.d.ok("user", "disable", "gone")
        self.d.ok("apikey", "update", str(made["expired"][0]), "--expires", PAST)
        for reason, (_, more) in cases.items():
            number, key = made[reason]
            answer = self.good("/v1/verify", {"key": key, **more})
            self.assertEqual((answer["valid"], answer["reason"], answer["number"]), (False, reason, number))
            body = {"key": key, "amount": more.get("cost", 1), "request_id": reason, **{k: v for k, v in more.items() if k != "cost"}}
            answer = self.good("/v1/reserve", body)
            self.assertEqual((answer["valid"], answer["reason"]), (False, reason))
            self.assertNotIn("reservation", answer)
        self.assertEqual(self.remaining(made["quota"][1]), 5, "a refused one costs nothing")
        self.assertEqual(self.good("/v1/verify", {"key": made["quota"][1], "cost": 5})["remaining"], 0)
        self.assertEqual(self.good("/v1/verify", {"key": made["quota"][1]})["reason"], "quota")

    def test_addresses(self):
        _, key = self.new_key("--unlimited", "--address", "10.0.0.0/8", "--address", "2001:db8::/32", "--address", "192.0.2.1")
        for address in ("10.255.255.255", "::ffff:10.1.1.1", "2001:db8::1", "2001:0DB8:0:0:0:0:0:1", "192.0.2.1"):
            self.assertTrue(self.good("/v1/verify", {"key": key, "ip": address})["valid"], address)
        for address in ("11.0.0.0", "9.255.255.255", "2001:db9::", "192.0.2.2", "::10.1.1.1", "::"):
            self.assertEqual(self.good("/v1/verify", {"key": key, "ip": address})["reason"], "address", address)
        self.assertEqual(self.good("/v1/verify", {"key": key})["reason"], "address", "not known is refused")
        # Whose request it is, not who asks.
        reply = self.ask("POST", "/v1/verify", {"key": key}, headers={"X-Forwarded-For": "10.0.0.1"})
        self.assertEqual(reply.json["reason"], "address")

    def test_order(self):
        """Whoever has several faults gets the first (decisions 12)."""
        self.d.user("rita", "common", "--wallet", "0")
        number, key = self.new_key("--quota", "0", "--owner", "rita", "--address", "10.0.0.1", "--model", "m", "--group", "nothing")
        self.d.ok("user", "disable", "rita")
        self.d.ok("apikey", "update", str(number), "--expires", PAST)
        self.d.ok("apikey", "disable", str(number))
        def reason(**more):
            return self.good("/v1/verify", {"key": key, "model": "x", "cost": 1, **more})["reason"]
        self.assertEqual(reason(ip="10.0.0.2"), "address")
        self.assertEqual(reason(ip="10.0.0.1"), "disabled")
        self.d.ok("apikey", "update", str(number), "--expires", "never")
        self.d.ok("apikey", "enable", str(number))
        self.d.ok("apikey", "update", str(number), "--expires", PAST)
        self.assertEqual(reason(ip="10.0.0.1"), "expired")
        self.d.ok("apikey", "update", str(number), "--expires", "never")
        self.d.ok("apikey", "enable", str(number))
        self.assertEqual(reason(ip="10.0.0.1"), "owner-disabled")
        self.d.ok("user", "enable", "rita")
        second = reason(ip="10.0.0.1")
        self.assertIn(second, ("group", "model"))
        self.assertEqual(reason(ip="10.0.0.1", model="m") if second == "model" else second, "quota" if second == "model" else "group")

    def test_windows(self):
        _, key = self.new_key("--unlimited", "--requests-per-minute", "2")
        answers = [self.good("/v1/verify", {"key": key}) for _ in range(3)]
        self.assertEqual([answer["reason"] for answer in answers], ["valid", "valid", "requests-per-minute"])
        # The minute before counts by what of it is still inside: it can take the rest of this one and part of the next.
        self.assertTrue(0 < answers[2]["retry_after_ms"] <= 120_000)
        self.assertNotIn("retry_after_ms", answers[0])
        _, key = self.new_key("--unlimited", "--in-flight", "1")
        self.assertTrue(self.good("/v1/reserve", {"key": key, "amount": 1, "request_id": "1"})["valid"])
        self.assertEqual(self.good("/v1/reserve", {"key": key, "amount": 1, "request_id": "2"})["reason"], "in-flight")

    def test_beta_of_ragflow_has_its_scope(self):
        rows = {"tenant": [{"id": "a" * 32, "status": "1"}], "api_token": [
            {"tenant_id": "a" * 32, "token": secret("ragflow-" + "T0ken" * 6), "beta": secret("B3ta" * 8)}]}
        self.d.ok("import", "--from", "ragflow", "-", input=json.dumps(rows))
        self.assertEqual(self.good("/v1/verify", {"key": "B3ta" * 8})["scope"], "embed")
        self.assertEqual(self.good("/v1/verify", {"key": "ragflow-" + "T0ken" * 6})["scope"], "full")

    def test_integers_that_javascript_would_lose(self):
        _, key = self.new_key("--quota", str(QUOTA))
        answer = self.good("/v1/verify", {"key": key, "cost": "7"})
        self.assertEqual(answer["remaining"], QUOTA - 7, "below 2^53 it is a number")
        for text in ("07", "+7", " 7", "7 ", "0x7", "7.0", "1e3", "", "-7", "٧", "NaN", "9" * 30):
            self.assertFailure(self.ask("POST", "/v1/verify", {"key": key, "cost": text}), 400, "invalid-argument", "cost", text)
        self.assertEqual(self.remaining(key), QUOTA - 7)


class Reservations(Admin):
    def reserve(self, key, amount, request_id, **more):
        return self.good("/v1/reserve", {"key": key, "amount": amount, "request_id": request_id, **more})

    def settle(self, number, amount, request_id, **more):
        return self.good("/v1/settle", {"number": number, "amount": amount, "request_id": request_id, **more})

    def test_life(self):
        number, key = self.new_key("--quota", "100")
        answer = self.reserve(key, 40, "one")
        self.assertEqual((answer["valid"], answer["number"], answer["remaining"]), (True, number, 60))
        reservation = answer["reservation"]
        self.assertEqual(set(reservation), {"request_id", "amount", "expires_at", "repeated"})
        self.assertEqual((reservation["request_id"], reservation["amount"], reservation["repeated"]), ("one", 40, False))
        self.assertLess(abs(reservation["expires_at"] / 1000 - time.time() - 600), 60)
        again = self.reserve(key, 40, "one")
        self.assertEqual((again["reservation"]["repeated"], again["reservation"]["expires_at"]), (True, reservation["expires_at"]))
        self.assertEqual(self.remaining(key), 60)
        self.assertFailure(self.ask("POST", "/v1/reserve", {"key": key, "amount": 41, "request_id": "one"}), 409, "conflict")
        settled = self.settle(number, 25, "one", model="gpt-4o", input_tokens=7, output_tokens="9")
        self.assertEqual(settled, {"number": number, "charged": 25, "shortfall": 0, "unlimited": False, "remaining": 75, "repeated": False})
        self.assertEqual(self.settle(number, 25, "one"), {**settled, "repeated": True})
        self.assertFailure(self.ask("POST", "/v1/settle", {"number": number, "amount": 26, "request_id": "one"}), 409, "conflict")
        self.assertFailure(self.ask("POST", "/v1/release", {"number": number, "request_id": "one"}), 409, "conflict")
        line, = self.d.ok("apikey", "usage", str(number), "--json").json["lines"]
        self.assertEqual((line["model"], line["input_tokens"], line["output_tokens"], line["amount"]), ("gpt-4o", 7, 9, 25))

    def test_release(self):
        number, key = self.new_key("--quota", "100")
        self.reserve(key, 40, "one")
        answer = self.good("/v1/release", {"number": number, "request_id": "one"})
        self.assertEqual(answer, {"number": number, "charged": 0, "shortfall": 0, "unlimited": False, "remaining": 100, "repeated": False})
        self.assertTrue(self.good("/v1/release", {"number": number, "request_id": "one"})["repeated"])
        self.assertFailure(self.ask("POST", "/v1/settle", {"number": number, "amount": 1, "request_id": "one"}), 409, "conflict")
        self.assertEqual(self.remaining(key), 100)

    def test_never_below_zero(self):
        number, key = self.new_key("--quota", "100")
        self.reserve(key, 90, "a")
        self.assertEqual(self.reserve(key, 11, "b")["reason"], "quota")
        answer = self.settle(number, 130, "a")
        self.assertEqual((answer["charged"], answer["shortfall"], answer["remaining"]), (100, 30, 0))
        number, key = self.new_key("--unlimited")
        self.reserve(key, QUOTA, "a")
        answer = self.settle(number, QUOTA, "a")
        self.assertEqual((answer["charged"], answer["shortfall"], answer["unlimited"]), (QUOTA, 0, True))

    def test_many_at_once_take_what_is_there(self):
        number, key = self.new_key("--quota", "100")
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda i: self.reserve(key, 10, "r%d" % i), range(24)))
        self.assertEqual(sum(answer["valid"] for answer in answers), 10)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda i: self.ask("POST", "/v1/settle", {"number": number, "amount": 5,
                                                                              "request_id": "r%d" % (i % 24)}),
                                    range(48)))
        done = [answer.json for answer in answers if answer.status == 200]
        self.assertEqual(sum(not answer["repeated"] for answer in done), 10)
        self.assertEqual(self.remaining(key), 50)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda i: self.reserve(key, 7, "same"), range(16)))
        self.assertEqual(sum(not answer["reservation"]["repeated"] for answer in answers), 1)
        self.assertEqual(self.remaining(key), 43)

    def test_expiry_gives_back(self):
        number, key = self.new_key("--quota", "100")
        self.reserve(key, 100, "x", lifetime_ms=1_000)
        self.assertEqual(self.good("/v1/verify", {"key": key})["reason"], "quota")
        end = time.monotonic() + 10
        while self.good("/v1/verify", {"key": key}).get("remaining") != 100:
            self.assertLess(time.monotonic(), end, "the units did not come back")
            time.sleep(0.2)
        self.assertFailure(self.ask("POST", "/v1/settle", {"number": number, "amount": 1, "request_id": "x"}), 409, "conflict")

    def test_unknown_reservations(self):
        number, key = self.new_key("--quota", "100")
        other, _ = self.new_key("--quota", "100")
        self.reserve(key, 10, "x")
        for path, more in (("/v1/settle", {"amount": 1}), ("/v1/release", {})):
            self.assertFailure(self.ask("POST", path, {"number": number, "request_id": "y", **more}), 404, "not-found")
            self.assertFailure(self.ask("POST", path, {"number": other, "request_id": "x", **more}), 404, "not-found", hint="another key's")
            self.assertFailure(self.ask("POST", path, {"number": 10**9, "request_id": "x", **more}), 404, "not-found")
        self.assertEqual(self.remaining(key), 90)

    def test_largest_numbers_do_no_harm(self):
        number, key = self.new_key("--unlimited", "--tokens-per-day", str(QUOTA), "--tokens-per-month", str(QUOTA))
        for name in ("a", "b", "c"):
            self.reserve(key, 0, name)
            for tokens, wanted in ((str(2**63 - 1), (400,)), (QUOTA, (200, 404))):
                reply = self.ask("POST", "/v1/settle", {"number": number, "amount": QUOTA, "request_id": name, "input_tokens": tokens,
                                                        "output_tokens": tokens})
                self.assertIn(reply.status, wanted, reply)
        self.assertEqual(self.good("/v1/verify", {"key": key, "cost": 1})["reason"], "tokens-per-day")
        self.assertEqual(self.ask("GET", "/v1/whoami").status, 200)
        self.d.ok("apikey", "usage", str(number))


class BadInput(Admin):
    def setUp(self):
        super().setUp()
        self.number, self.key = self.new_key("--quota", "100")
        self.bodies = {
            "/v1/verify": {"key": self.key, "ip": "10.0.0.1", "model": "m", "cost": 1},
            "/v1/reserve": {"key": self.key, "amount": 1, "request_id": "r", "ip": "10.0.0.1", "model": "m", "lifetime_ms": 60_000},
            "/v1/settle": {"number": self.number, "request_id": "r", "amount": 1, "model": "m", "input_tokens": 1, "output_tokens": 1},
            "/v1/release": {"number": self.number, "request_id": "r"},
        }

    def tearDown(self):
        self.assertEqual(self.remaining(self.key), 100, "nothing changed")

    def refused(self, path, body, field, hint=None, token=None):
        reply = self.ask("POST", path, body, token)
        error = self.assertFailure(reply, 400, "invalid-argument", field, hint or str(body)[:100])
        self.assertNotIn(self.key, reply.text)
        return error

    def test_missing_unknown_and_wrong_members(self):
        needed = {"/v1/verify": {"key"}, "/v1/reserve": {"key", "amount", "request_id"}, "/v1/settle": {"number", "request_id", "amount"},
                  "/v1/release": {"number", "request_id"}}
        for path, body in self.bodies.items():
            for member in body:
                if member in needed[path]:
                    self.refused(path, {k: v for k, v in body.items() if k != member}, member)
                wrong = [True, [], {}, 1.5, [body[member]], {"a": body[member]}, -1, 10**30]
                if member in ("key", "request_id", "model", "ip"):
                    wrong += [7, 0] + ([] if member == "model" else [""])
                else:
                    wrong += ["x", "", 2**63, 2**64, -2**63, str(2**63), "NaN", "Infinity", "-0", "1e1"]
                if member != "ip":
                    wrong.append(None)
                for value in wrong:
                    self.refused(path, {**body, member: value}, member)
            for extra in ("Key", "key ", "", "__proto__", "x" * 1_000, "a\u0000b"):
                error = self.refused(path, {**body, extra: 1}, None, extra[:20])
                self.assertLess(len(error.get("field", "")), 100)
            for member in body:
                twice = json.dumps(body)[:-1] + ", " + json.dumps(member) + ": " + json.dumps(body[member]) + "}"
                self.refused(path, twice.encode(), member, "twice")
                spelled = json.dumps(body)[:-1] + ", \"\\u%04x%s\": 1}" % (ord(member[0]), member[1:])
                self.refused(path, spelled.encode(), member, "twice, spelled otherwise")

    def test_ranges(self):
        verify, reserve, settle, release = (self.bodies[path] for path in POSTS)
        for path, body, member, values in (
                ("/v1/verify", verify, "cost", (QUOTA + 1, -1)), ("/v1/verify", verify, "key", ("x" * 513, "")),
                ("/v1/verify", verify, "model", ("x" * 256,)), ("/v1/reserve", reserve, "amount", (QUOTA + 1,)),
                ("/v1/reserve", reserve, "lifetime_ms", (999, 86_400_001, 0)), ("/v1/settle", settle, "amount", (QUOTA + 1,)),
                ("/v1/reserve", reserve, "request_id", ("x" * 129, "a\nb", "a\0b", "a*", "\x7f", "x" * 1_000_000)),
                ("/v1/settle", settle, "input_tokens", (QUOTA + 1, str(2**63 - 1))), ("/v1/settle", settle, "output_tokens", (QUOTA + 1,)),
                ("/v1/verify", verify, "ip", ("10.0.0.1:80", "10.0.0", "010.0.0.1", "1.2.3.4.5", "localhost", "fe80::1%eth0", "[::1]",
                                              "10.0.0.0/8", "10.0.0.1, 10.0.0.2", "::1::", "", "0x7f.1", "2130706433", " 10.0.0.1"))):
            for value in values:
                self.refused(path, {**body, member: value}, member)

    def test_bodies_that_are_no_object(self):
        for path in POSTS:
            for body in (b"", b" ", b"null", b"[]", b'"x"', b"7", b"{", b"}", b"{}{}", b'{"a":1}x', b"\xff\xfe{}", b"\xef\xbb\xbf{}",
                         b"{'key':1}",
                         b'{"key":"x",}', b'{"key":"x"} //', b'{"key":NaN}', b'{"key":+1}', b'{"key":01}', b'{"key":.5}', b"[" * 100_000,
                         b'{"key":' * 10_000, b'{"key":"\xff"}', b'{"key":"\\ud800"}', b'{"key":"\n"}', b'{"key":"\\x"}', b"nul"):
                reply = self.ask("POST", path, body, headers={"Content-Type": "application/json"})
                self.assertFailure(reply, 400, "invalid-argument", hint=body[:30])

    def test_content_types(self):
        body = json.dumps(self.bodies["/v1/verify"]).encode()
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/jsonx", "text/json", "json",
                     "application/xml; application/json", "application/json, text/plain"):
            self.assertFailure(self.ask("POST", "/v1/verify", body, headers={"Content-Type": kind}), 415, "unsupported-media-type",
                               hint=kind)
        self.assertEqual(self.ask("POST", "/v1/verify", body, headers={"Content-Type": "Application/JSON ; charset=UTF-8"}).status, 200)
        reply = raw(self.port,
                    b"POST /v1/verify HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\nConnection: close"
                    b"\r\n\r\n%s" % (self.root.encode(), len(body), body))
        self.assertFailure(split(reply), 415, "unsupported-media-type", hint="none at all")
        # Set back what the good one cost.
        self.d.ok("apikey", "update", str(self.number), "--quota", "100")

    def test_methods_and_paths(self):
        for path in POSTS:
            for method in ("GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
                reply = self.ask(method, path, self.bodies[path] if method in ("PUT", "PATCH") else None)
                self.assertEqual(reply.status, 405, method)
        self.assertFailure(self.ask("POST", "/v1/whoami", {}), 405, "method-not-allowed")
        for path in ("/v1", "/v1/", "/v1/nothing", "/v1/verify/x", "/v1/verify;login", "/v1/%76erify", "/v1/./verify", "/v1/x/../verify",
                     "/v1//verify",
                     "/V1/verify", "/v1/Verify", "/v1/verify%00", "/v1/verify%2f", "/v1/%2e%2e/v1/verify", "//v1/verify"):
            reply = self.ask("POST", path, self.bodies["/v1/verify"])
            self.assertEqual(reply.status, 404, path)
            self.assertNotIn(self.key, reply.text)

    def test_too_large(self):
        reply = self.ask("POST", "/v1/verify", b'{"key":"' + b"x" * 2_000_000 + b'"}', headers={"Content-Type": "application/json"})
        self.assertEqual(reply.status, 413)
        self.assertEqual(reply.json["code"], "too-large")
        reply = self.ask("POST", "/v1/verify", b'{"key":"' + b"x" * 1_000_000 + b'"}', headers={"Content-Type": "application/json"})
        self.assertFailure(reply, 400, "invalid-argument", "key")


class Locked(unittest.TestCase):
    def test_locked_is_never_unauthorized(self):
        d = Served('admin: { listen: "127.0.0.1:0" }\nhealth: { listen: "127.0.0.1:0" }')
        try:
            d.user("root1", "root")
            token = d.token("root1")
            _, key = d.api_key("k", "--unlimited")
            d.ok("lock")
            for method, path, body in (("GET", "/v1/whoami", None), ("POST", "/v1/verify", {"key": key}),
                                       ("POST", "/v1/reserve", {"key": key, "amount": 1, "request_id": "x"})):
                for headers in ({"Authorization": "Bearer " + token}, {}):
                    reply = request(d.ports["admin"], method, path, body, headers)
                    self.assertEqual((reply.status, reply.json["code"]), (503, "locked"))
                    self.assertTrue(reply.header("Retry-After"))
            reply = request(d.ports["health"], "GET", "/health")
            self.assertEqual(reply.status, 503)
            self.assertIn("failing: locked", reply.text)
            self.assertIn("\ncoffer_locked 1\n", request(d.ports["health"], "GET", "/metrics").text)
            d.ok("unlock", "--key-file", d.key)
            self.assertEqual(request(d.ports["admin"], "GET", "/v1/whoami", headers={"Authorization": "Bearer " + token}).status, 200)
            self.assertEqual(request(d.ports["health"], "GET", "/health").status, 200)
        finally:
            d.finish()


if __name__ == "__main__":
    unittest.main()
