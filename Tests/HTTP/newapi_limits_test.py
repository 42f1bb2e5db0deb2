"""How often the new-api door may be asked, failed logins, and a store that is locked (compat/newapi.md 1.0; decisions 20)."""

from harness import password
from newapi import *


def source(number):
    return {"X-Forwarded-For": "192.0.2.%d" % number}


class Limits(Door):
    limits = True
    more = 'trusted_proxies: ["127.0.0.1"]'

    def too_many(self, reply, at_most):
        self.assertEqual((reply.status, reply.body), (429, b""), reply)
        self.assertTrue(1 <= int(reply.header("Retry-After")) <= at_most, reply)

    def test_searches_of_a_user(self):
        for i in range(10):
            self.ada.good("GET", "/api/token/search?keyword=x", headers=source(i))
        self.too_many(self.ada("GET", "/api/token/search?keyword=x", headers=source(99)), 60)
        self.too_many(self.ada("GET", "/api/token/search/"), 60)
        self.bob.good("GET", "/api/token/search?keyword=x")
        self.ada.good("GET", "/api/token/")

    def test_showing_keys_by_address(self):
        tokens = [self.ada.create("%s %d" % (self.n, i))["id"] for i in range(2)]
        for i in range(10):
            self.ada.good("POST", "/api/token/%d/key" % tokens[0], headers=source(101))
            self.ada.good("POST", "/api/token/batch/keys", {"ids": tokens}, headers=source(101))
        for path, body in (("/api/token/%d/key" % tokens[1], None), ("/api/token/batch/keys", {"ids": tokens}),
                           ("/api/user/login", {"username": "ada", "password": self.word})):
            self.too_many(self.ada("POST", path, body, headers=source(101)), 1200)
        self.too_many(self.ada("POST", "/api/token/%d/key" % tokens[1], headers={"X-Forwarded-For": "192.0.2.7, 192.0.2.101"}), 1200)
        self.ada.good("POST", "/api/token/%d/key" % tokens[1], headers=source(102))

    def test_networks_of_ipv6_are_one(self):
        for i in range(20):
            self.gateway("/api/usage/token", "x", headers={"X-Forwarded-For": "2001:db8:1:2::%x" % i})
        self.too_many(self.gateway("/api/usage/token", "x", headers={"X-Forwarded-For": "2001:db8:1:2:ffff::1"}), 1200)
        self.assertEqual(self.gateway("/api/usage/token", "x", headers={"X-Forwarded-For": "2001:db8:1:3::1"}).status, 401)

    def test_access_tokens_of_a_user(self):
        carl = self.fresh("carl")
        page = Client(self.port)
        page.login("carl", password("carl"), headers=source(120))
        for i in range(19):
            secret(page.good("GET", "/api/user/token"))
        last = page("GET", "/api/user/token")
        self.too_many(last, 1200)
        carl.bad("GET", "/api/token/", status=401)


class Failures(Door):
    """Rate limits off: failed logins are slowed down all the same."""
    more = 'trusted_proxies: ["127.0.0.1"]'

    def test_failed_logins_are_slowed_down(self):
        page = Client(self.port)
        wrong = {"username": "ada", "password": "wrong"}
        for _ in range(5):
            page.bad("POST", "/api/user/login", wrong, headers=source(1))
        for body in (wrong, {"username": "ada", "password": self.word}):
            reply = page("POST", "/api/user/login", body, headers=source(1))
            self.assertEqual((reply.status, reply.json["success"], reply.all("Set-Cookie")), (429, False, []), reply)
            self.assertTrue(1 <= int(reply.header("Retry-After")) <= 60)
        page.login("ada", self.word, headers=source(2))
        # What is not a login does not count.
        for _ in range(7):
            page.bad("POST", "/api/user/login", b"{", headers=source(3))
        page.login("ada", self.word, headers=source(3))


class Locked(Door):
    def test_nobody_is_told_that_a_credential_is_wrong(self):
        token = self.ada.create(self.n)
        key = self.ada.reveal(token["id"])
        self.d.ok("lock")
        try:
            for method, path, body in (
                ("GET", "/api/token/", None), ("GET", "/api/token/search?keyword=x", None), ("GET", "/api/token/1", None),
                ("POST", "/api/token/", {"name": "x"}),
                ("PUT", "/api/token/", {"id": 1}), ("DELETE", "/api/token/1/", None), ("POST", "/api/token/batch", {"ids": [1]}),
                ("POST", "/api/token/1/key", None), ("POST", "/api/token/batch/keys", {"ids": [1]}), ("GET", "/api/user/self", None),
                ("GET", "/api/user/token", None),
                ("POST", "/api/user/login", {"username": "ada", "password": self.word}), ("POST", "/api/user/auth/refresh", None),
                ("GET", "/api/user/logout", None),
            ):
                for client in (self.ada, Client(self.port), Client(self.port, cookies={"session": "x"})):
                    reply = client(method, path, body)
                    self.assertEqual((reply.status, reply.json["success"]), (503, False), (path, reply))
                    self.assertGreaterEqual(int(reply.header("Retry-After")), 1)
                    self.assertEqual(reply.all("Set-Cookie"), [])
            self.assertEqual(self.ada("GET", "/api/token/").json["message"], "获取Token列表失败")
            self.assertEqual(self.ada("GET", "/api/token/search").json["message"], "搜索Token失败")
            for path in ("/v1/models", "/dashboard/billing/usage"):
                reply = self.gateway(path, key)
                self.assertEqual((reply.status, reply.json["error"]["type"]), (503, "new_api_error"))
                self.assertTrue(reply.header("Retry-After"))
            for path in ("/api/usage/token/", "/api/log/token"):
                reply = self.gateway(path, key)
                self.assertEqual((reply.status, reply.json["success"]), (503, False))
            self.assertEqual(self.ada("GET", "/api/nothing").status, 404)
        finally:
            self.d.ok("unlock", "--key-file", self.d.key)
        self.ada.good("GET", "/api/token/")
        self.assertEqual(self.gateway("/v1/models", key).status, 200)
