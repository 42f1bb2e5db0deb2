"""RAGFlow's accounts and credentials: registering, logging in, every form of the header, and what API keys may do
(compat/ragflow.md 1.1, 1.5, 4; decisions 10, 13)."""

import base64
import json
import time
import unittest

from harness import Served, password, request, secret
from ragflow import ID, UNAUTHORIZED, Person, bearer, encrypt, encrypt_raw, served

ME = ["/v1/user/info", "/api/v1/users/me"]
LIST, CREATE, DELETE = "/v1/system/token_list", "/v1/system/new_token", "/v1/system/token/"
NO_AUTH = {"Authorization": ""}


def url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unurl64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Logins(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = served()
        cls.alice = Person(cls.d, "alice").ready()

    @classmethod
    def tearDownClass(cls):
        cls.d.finish()

    def post(self, path, body, source=None, headers=None):
        return request(self.d.ports["ragflow"], "POST", path, body, headers, source=source)

    def who(self, headers, path=ME[0]):
        return request(self.d.ports["ragflow"], "GET", path, headers=headers)

    def assertUnauthorized(self, reply, hint=None):
        self.assertEqual((reply.status, reply.json), (401, UNAUTHORIZED), hint)

    def test_register_and_log_in_on_both_spellings(self):
        for number, (register, login) in enumerate((("/v1/user/register", "/v1/user/login"), ("/api/v1/users", "/api/v1/auth/login"))):
            person = Person(self.d, "new%d" % number, source="127.0.1.1")
            self.assertEqual(person.register(register).json["code"], 0)
            reply = person.register(register)
            self.assertNotEqual(reply.json["code"], 0)
            self.assertEqual(reply.json["message"], "Email: %s has already registered!" % person.email)
            self.assertIsNone(reply.header("Authorization"))
            reply = person.login(login)
            self.assertEqual((reply.status, reply.json["code"], reply.json["message"]), (200, 0, "Welcome back!"))
            self.assertIn("authorization", reply.header("Access-Control-Expose-Headers").lower())
            user = reply.json["data"]
            self.assertEqual((user["email"], user["nickname"]), (person.email, person.name))
            self.assertRegex(user["id"], ID)
            self.assertNotIn(person.password.encode(), reply.body)
            for path in ME:
                self.assertEqual(person.call("GET", path).json["data"]["id"], user["id"])

    def test_login_token_is_one_of_itsdangerous(self):
        # Its age counts from now, it carries 32 digits, and it is no JWT.
        payload, moment, signature = self.alice.token.split(".")
        self.assertRegex(json.loads(unurl64(payload)), ID)
        self.assertLess(abs(int.from_bytes(unurl64(moment), "big") - time.time()), 60)
        self.assertEqual(len(unurl64(signature)), 20)

    def test_tampered_tokens(self):
        payload, moment, signature = self.alice.token.split(".")
        digits = json.loads(unurl64(payload))
        bad = [payload, payload + "." + moment, ".".join([payload, moment, ""]), ".".join([payload, moment, signature[:-1]]),
               ".".join([payload, moment, signature + "A"]), ".".join([payload, moment, signature + "="]),
               ".".join(["", moment, signature]),
               ".".join([payload, url64(b"\x7f\xff\xff\xff"), signature]), ".".join([payload, "", signature]),
               ".".join([url64(json.dumps("0" * 32).encode()), moment, signature]), ".".join([url64(b"null"), moment, signature]),
               ".".join(["." + payload, moment, signature]), ".".join([payload, moment, signature, signature]), digits, "INVALID_" + digits,
               ".".join([payload, moment, url64(bytes(20))]), ".".join([payload, moment, signature.swapcase()]), "..", ".", "null",
               "undefined",
               '"%s"' % digits, "A" * 8_000, "Bearer", "Bearer ", "Bearer Bearer " + self.alice.token, self.alice.token + " x y",
               "a b c", ",", "%00", payload.lower() + "." + moment + "." + signature]
        for place in range(0, len(self.alice.token), 7):
            letter = "A" if self.alice.token[place] != "A" else "B"
            bad.append(self.alice.token[:place] + letter + self.alice.token[place + 1:])
        for token in bad:
            for header in (token, "Bearer " + token):
                if header.count(" ") == 1 and header.startswith("Bearer ") and header[7:] == self.alice.token:
                    continue
                self.assertUnauthorized(self.who({"Authorization": header}), header[:100])
        self.assertUnauthorized(self.who({}))
        self.assertUnauthorized(self.who(NO_AUTH))

    def test_token_of_another_store_is_none(self):
        other = served()
        try:
            eve = Person(other, "alice").ready()
            self.assertUnauthorized(self.who({"Authorization": eve.token}))
        finally:
            other.finish()

    def test_every_form_of_the_header(self):
        number, key = self.d.api_key("forms", "--form", "ragflow", "--owner", self.alice.email, "--unlimited")
        for credential in (self.alice.token, key):
            for header in (credential, "Bearer " + credential, "bearer " + credential, "BEARER " + credential, "Token " + credential):
                for path in ME:
                    reply = self.who({"Authorization": header}, path)
                    self.assertEqual((reply.status, reply.json["code"]), (200, 0), header.split(" ")[0])
                    self.assertEqual(reply.json["data"]["email"], self.alice.email)
            for path in ME:
                self.assertUnauthorized(self.who({"Authorization": "a b " + credential}, path))
        self.d.ok("apikey", "delete", str(number))

    def test_two_credentials_are_none(self):
        reply = request(self.d.ports["ragflow"], "GET", ME[0], headers=[("Authorization", "x"), ("Authorization", self.alice.token)])
        self.assertNotEqual(reply.json["code"], 0)

    def test_newer_login_and_logout_end_a_token(self):
        eve = Person(self.d, "eve", source="127.0.1.2").ready()
        first = eve.token
        self.assertEqual(eve.login().json["code"], 0)
        self.assertNotEqual(eve.token, first)
        self.assertUnauthorized(self.who({"Authorization": first}))
        self.assertEqual(self.who({"Authorization": eve.token}).json["code"], 0)
        self.assertEqual(eve.call("GET", "/v1/user/logout").json["code"], 0)
        for path in ME + [LIST, "/api/v1/system/tokens"]:
            self.assertUnauthorized(eve.call("GET", path))
        self.assertUnauthorized(eve.call("GET", "/v1/user/logout"))
        self.assertEqual(eve.login().json["code"], 0)
        self.assertEqual(eve.call("POST", "/api/v1/auth/logout").json["code"], 0)
        self.assertUnauthorized(eve.call("POST", CREATE))

    def test_cookie_of_a_login(self):
        fred = Person(self.d, "fred", source="127.0.1.3")
        fred.register()
        reply = fred.login()
        (name, (value, attributes)), = reply.cookies.items()
        secret(value)
        self.assertEqual(attributes.get("path"), "/")
        self.assertIn("httponly", attributes)
        self.assertEqual(attributes.get("samesite"), "Strict")
        self.assertEqual(self.who({"Cookie": "%s=%s" % (name, value)}).json["data"]["email"], fred.email)
        self.assertEqual(self.who({"Cookie": "a=b; %s=%s; c" % (name, value)}).json["code"], 0)
        # A page of somebody else may not ride on it.
        for more in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                     {"Origin": "null"}):
            reply = request(self.d.ports["ragflow"], "POST", CREATE, b"", {"Cookie": "%s=%s" % (name, value), **more})
            self.assertUnauthorized(reply, more)
        for cookie in ("%s=" % name, "%s=%sx" % (name, value), "%s=x; other=%s" % (name, value), "session=%s" % value):
            self.assertUnauthorized(self.who({"Cookie": cookie}), cookie.split("=")[0])
        fred.call("GET", "/v1/user/logout")
        self.assertUnauthorized(self.who({"Cookie": "%s=%s" % (name, value)}))

    def test_failures_in_upstreams_words(self):
        where = "127.0.1.4"
        for body in (b"", b"{}", b"[]", b"null", b"{", b"\xff"):
            reply = self.post("/v1/user/login", body, where)
            self.assertEqual((reply.status, reply.json["code"], reply.json["message"]), (200, 109, "Unauthorized!"), body)
        reply = self.post("/v1/user/login", {"email": "nobody@example.org", "password": encrypt("x")}, where)
        self.assertEqual((reply.status, reply.json["code"], reply.json["message"]), (200, 109,
                                                                                     "Email: nobody@example.org is not registered!"))
        reply = self.post("/v1/user/login", {"email": self.alice.email, "password": encrypt("wrong-password")}, where)
        self.assertEqual((reply.status, reply.json["code"], reply.json["message"]), (200, 109, "Email and password do not match!"))
        self.assertIsNone(reply.header("Authorization"))
        self.assertEqual(reply.cookies, {})
        for sent in (self.alice.password, ""):
            reply = self.post("/v1/user/login", {"email": self.alice.email, "password": sent}, where)
            self.assertEqual((reply.status, reply.json["code"], reply.json["message"]), (200, 500, "Fail to crypt password"))
        self.assertEqual(self.who({"Authorization": self.alice.token}).json["code"], 0, "failures of others end no login")

    def test_passwords_that_cannot_be_opened(self):
        # The same answer for all: nobody learns from it what was inside.
        bad = [encrypt_raw(b"not base64!"), encrypt_raw(b""), encrypt(""), base64.b64encode(bytes(256)).decode(),
               base64.b64encode(b"\xff" * 256).decode(), encrypt("x")[:-8], encrypt("x") + "AAAA", "!" * 100, "A" * 500_000, 7, None, True,
               ["x"], {"a": 1}]
        bodies = set()
        for number, sent in enumerate(bad):
            reply = self.post("/v1/user/login", {"email": self.alice.email, "password": sent}, "127.0.2.%d" % (number + 1))
            self.assertEqual((reply.status, reply.json["code"]), (200, 500), str(sent)[:40])
            bodies.add(reply.body)
        self.assertEqual(len(bodies), 1)

    def test_registering_needs_an_address_and_a_password(self):
        good = {"email": "x1@example.org", "nickname": "x", "password": encrypt("long-enough-1")}
        where = iter("127.0.3.%d" % number for number in range(1, 250))
        for change in ({"email": None}, {"email": "x"}, {"email": "@example.org"}, {"email": "x@"}, {"email": "x y@example.org"},
                       {"email": 7},
                       {"email": "x@example.org\n"}, {"email": "x\0@example.org"}, {"email": "x" * 1_000_000 + "@example.org"},
                       {"email": ""},
                       {"email": ["x@example.org"]}, {"nickname": None}, {"nickname": 7}, {"nickname": "n" * 1_000_000},
                       {"nickname": "a\0b"},
                       {"password": None}, {"password": "plain"}, {"password": encrypt("")}, {"password": 7}, {"email": "../x@example.org"},
                       {"email": "a@b@example.org"}, {"email": "*@example.org"}):
            body = {key: value for key, value in {**good, **change}.items() if value is not None}
            reply = self.post("/v1/user/register", body, next(where))
            self.assertEqual(reply.status, 200, change.keys())
            if change.get("email") != "../x@example.org":
                self.assertNotEqual(reply.json["code"], 0, str(change)[:60])
            self.assertLess(len(reply.body), 5_000)
        names = [user["name"] for user in self.d.ok("user", "list", "--json").json]
        self.assertEqual([name for name in names if name.startswith("x")], [], "nothing was made")

    def test_guessing_is_slowed_down_for_this_address_only(self):
        where = "127.0.4.1"
        wrong = encrypt("wrong")
        answers = [self.post("/v1/user/login", {"email": self.alice.email, "password": wrong}, where) for _ in range(7)]
        self.assertEqual([answer.json["code"] for answer in answers[:5]], [109] * 5)
        slow = [answer for answer in answers if answer.status == 429]
        self.assertTrue(slow, answers)
        self.assertGreaterEqual(int(slow[0].header("Retry-After")), 1)
        self.assertNotEqual(slow[0].json["code"], 0)
        # Nor with the right one, by either path, or by registering; and the header does not make another address of it.
        for path, more in (("/api/v1/auth/login", {}), ("/v1/user/login", {"X-Forwarded-For": "127.0.4.9"})):
            reply = self.post(path, {"email": self.alice.email, "password": encrypt(self.alice.password)}, where, more)
            self.assertEqual(reply.status, 429)
        alice = Person(self.d, "alice", source="127.0.4.2")
        self.assertEqual(alice.login().json["code"], 0)
        type(self).alice.token = alice.token

    def test_disabled_and_deleted_users(self):
        gina = Person(self.d, "gina", source="127.0.1.5").ready()
        number, key = self.d.api_key("gina's", "--form", "ragflow", "--owner", gina.email, "--unlimited")
        self.assertEqual(self.who(bearer(key)).json["code"], 0)
        self.d.ok("user", "disable", gina.email)
        self.assertUnauthorized(gina.call("GET", LIST))
        self.assertUnauthorized(gina.call("POST", CREATE))
        self.assertUnauthorized(self.who(bearer(key)))
        reply = Person(self.d, "gina", source="127.0.1.5").login()
        self.assertNotEqual(reply.json["code"], 0)
        self.assertIsNone(reply.header("Authorization"))
        self.d.ok("user", "enable", gina.email)
        self.assertEqual(self.who(bearer(key)).json["code"], 0)
        self.d.ok("user", "delete", gina.email)
        self.assertUnauthorized(gina.call("GET", LIST))
        self.assertUnauthorized(self.who(bearer(key)))

    def test_new_password_ends_the_login(self):
        hugo = Person(self.d, "hugo", source="127.0.1.6").ready()
        self.d.ok("user", "passwd", hugo.email, input=password("hugo-2"))
        self.assertUnauthorized(hugo.call("GET", LIST))
        self.assertEqual(hugo.login().json["code"], 109)
        hugo.password = password("hugo-2")
        self.assertEqual(hugo.login().json["code"], 0)

    # API keys as credentials.

    def test_api_key_manages_no_keys(self):
        token = self.alice.new()["token"]
        beta = self.alice.list()[0]["beta"]
        for headers in (bearer(token), {"Authorization": token}, bearer(beta), {"Authorization": beta}):
            for method, path in (("GET", LIST), ("POST", CREATE), ("DELETE", DELETE + token), ("GET", "/api/v1/system/tokens"),
                                 ("POST", "/api/v1/system/tokens"), ("DELETE", "/api/v1/system/keys/" + token), ("POST",
                                                                                                                 "/v1/api/new_token"),
                                 ("POST", "/v1/api/rm")):
                reply = request(self.d.ports["ragflow"], method, path, b"" if method == "POST" else None, headers)
                self.assertUnauthorized(reply, path)
        self.assertUnauthorized(self.who(bearer(beta)), "a beta is for pages of others")
        self.assertEqual(self.alice.tokens(), [token])
        self.assertEqual(self.alice.call("DELETE", DELETE + token).json["data"], True)

    def test_beta_at_the_bots(self):
        row = self.alice.new()
        for path in ("/api/v1/chatbots/x/completions", "/api/v1/agentbots/x/info", "/api/v1/searchbots/ask"):
            for headers in ({}, {"Authorization": row["beta"]}, {"Authorization": "a b c"}):
                reply = request(self.d.ports["ragflow"], "GET", path, headers=headers)
                self.assertEqual((reply.status, reply.json["code"]), (200, 102))
                self.assertTrue(reply.json["message"].startswith("Authorization is not valid!"), reply)
            for word in ("x" * 32, row["token"], "x" * 4_000):
                reply = request(self.d.ports["ragflow"], "GET", path, headers=bearer(word))
                self.assertEqual((reply.status, reply.json["code"]), (200, 102))
                self.assertTrue(reply.json["message"].startswith("Authentication error: API key is invalid!"), reply)
            reply = request(self.d.ports["ragflow"], "GET", path, headers=bearer(row["beta"]))
            self.assertEqual(reply.json["code"], 404, "the key is right, the bot is not here")
        self.alice.call("DELETE", DELETE + row["token"])

    def test_limits_of_a_key_hold_here(self):
        me = ["--form", "ragflow", "--owner", self.alice.email]
        cases = {
            "disabled": ["--unlimited"], "address": ["--unlimited", "--address", "10.1.2.0/24"], "empty": ["--quota", "0"],
            "expired": ["--unlimited"],
        }
        made = {name: self.d.api_key(name, *me, *options) for name, options in cases.items()}
        self.d.ok("apikey", "disable", str(made["disabled"][0]))
        self.d.ok("apikey", "update", str(made["expired"][0]), "--expires", "2020-01-01T00:00:00Z")
        for name, (number, key) in made.items():
            self.assertUnauthorized(self.who(bearer(key)), name)
            self.assertUnauthorized(self.who({**bearer(key), "X-Forwarded-For": "10.1.2.3"}), name)
        good = self.d.api_key("good", *me, "--unlimited", "--address", "127.0.0.0/8", "--model", "gpt-4o")
        self.assertEqual(self.who(bearer(good[1])).json["code"], 0)
        for form in ("sk", "coffer"):
            number, key = self.d.api_key(form, "--form", form, "--owner", self.alice.email, "--unlimited")
            self.assertUnauthorized(self.who(bearer(key)), form)
            made[form] = (number, key)
        self.assertEqual(len(self.alice.list()), 5, "of its own form only")
        self.d.ok("apikey", "delete", *[str(number) for number, _ in made.values()], str(good[0]))

    def test_fixtures_of_the_test_suites(self):
        for method, path in (("GET", "/v1/llm/my_llms"), ("POST", "/v1/llm/set_api_key"), ("GET", "/v1/user/tenant_info"),
                             ("POST", "/v1/user/set_tenant_info"), ("POST", "/v1/tenant/create"), ("GET", "/v1/system/version"),
                             ("GET", "/v1/system/status"), ("GET", "/v1/system/config")):
            reply = self.alice.call(method, path, {"x": 1} if method == "POST" else None)
            self.assertEqual((reply.status, reply.json["code"]), (200, 0), path)
        self.assertEqual(self.alice.call("GET", "/v1/llm/my_llms").json["data"], {})
        self.assertEqual(self.alice.call("GET", "/v1/system/version").json["data"], "v0.24.0")
        status = self.alice.call("GET", "/v1/system/status").json["data"]
        self.assertLessEqual({"doc_engine", "storage", "database", "redis"}, set(status))
        self.assertEqual(self.alice.call("GET", "/v1/system/config").json["data"]["registerEnabled"], 1)
        for path in ("/v1/llm/my_llms", "/v1/user/tenant_info", "/v1/system/status"):
            self.assertUnauthorized(request(self.d.ports["ragflow"], "GET", path))

    def test_key_sent_to_a_model_provider_is_not_kept(self):
        model_key = secret("sk-model-" + "Pr0vider" * 4)
        for path in ("/v1/llm/set_api_key", "/api/v1/llm/set_api_key", "/api/v1/providers/x/instances"):
            self.alice.call("POST", path, {"llm_factory": "OpenAI", "api_key": model_key})
        self.alice.call("PUT", "/api/v1/providers", {"provider_name": "OpenAI", "api_key": model_key})
        for path in ("/api/v1/providers", "/v1/llm/my_llms", "/api/v1/models"):
            self.assertNotIn(model_key.encode(), self.alice.call("GET", path).body)


class Variants(unittest.TestCase):
    """Doors with other settings."""

    def test_legacy_status(self):
        d = served(", legacy_status: true, registration: false, token_length: 43, version: v0.22.0")
        try:
            for headers in ({}, bearer("x"), bearer("ragflow-" + "x" * 32)):
                for path in (LIST, "/api/v1/system/tokens", ME[0]):
                    reply = request(d.ports["ragflow"], "GET", path, headers=headers)
                    self.assertEqual((reply.status, reply.json), (200, UNAUTHORIZED))
            person = Person(d, "ines")
            self.assertNotEqual(person.register().json["code"], 0)
            config = request(d.ports["ragflow"], "GET", "/v1/system/config").json["data"]
            self.assertEqual(config["registerEnabled"], 0)
            d.user(person.email, "common", "--email", person.email)
            person.password = password(person.email)
            self.assertEqual(person.login().json["code"], 0)
            self.assertEqual(person.call("POST", "/v1/tenant/create", {"name": "t"}).json["code"], 0)
            row = person.new()
            self.assertRegex(row["token"], r"^ragflow-[A-Za-z0-9_-]{43}$")
            self.assertEqual(person.list()[0]["token"], row["token"])
            self.assertEqual(person.call("GET", "/v1/system/version").json["data"], "v0.22.0")
        finally:
            d.finish()

    def test_keys_that_manage_keys(self):
        d = served(", api_keys_manage_keys: true, profile: current")
        try:
            jana = Person(d, "jana").ready()
            first = jana.new()["token"]
            key = Person(d, "jana")
            key.token = "Bearer " + first
            second = key.new("/api/v1/system/tokens")["token"]
            self.assertEqual(set(key.tokens()), {first, second})
            beta = [row["beta"] for row in key.list() if row["token"] == first][0]
            self.assertEqual(request(d.ports["ragflow"], "GET", LIST, headers=bearer(beta)).json, UNAUTHORIZED)
            self.assertEqual(key.call("DELETE", "/api/v1/system/tokens/" + first).json["data"], True)
            self.assertEqual(key.call("GET", LIST).json, UNAUTHORIZED)
            self.assertEqual(jana.tokens(), [second])
            reply = jana.call("GET", "/v1/system/nothing")
            self.assertEqual((reply.status, reply.json["code"]), (404, 404), "the newest on every path")
        finally:
            d.finish()

    def test_without_a_login_key_nobody_logs_in(self):
        d = Served('ragflow: { listen: "127.0.0.1:0" }')
        try:
            d.user("karl@example.org", "common", "--email", "karl@example.org")
            body = {"email": "karl@example.org", "password": encrypt(password("karl@example.org"))}
            reply = request(d.ports["ragflow"], "POST", "/v1/user/login", body)
            self.assertEqual((reply.json["code"], reply.json["message"]), (500, "Fail to crypt password"))
            self.assertIn("login_key", d.log_text())
        finally:
            d.finish()

    def test_locked_store_is_never_unauthorized(self):
        d = served()
        try:
            lena = Person(d, "lena").ready()
            d.ok("lock")
            for method, path, body in (("GET", LIST, None), ("POST", CREATE, b""), ("POST", "/v1/user/login",
                                                                                    {"email": "x", "password": "y"}),
                                       ("POST", "/v1/user/register", {"email": "a@b.cc", "nickname": "n", "password": "y"}),
                                       ("GET", "/api/v1/system/tokens", None), ("GET", "/api/v1/chatbots/x", None)):
                reply = lena.call(method, path, body)
                self.assertEqual(reply.status, 503, path)
                self.assertTrue(reply.header("Retry-After"), path)
                self.assertNotIn(reply.json["code"], (0, 401), path)
                self.assertIn("message", reply.json)
        finally:
            d.finish()


if __name__ == "__main__":
    unittest.main()
