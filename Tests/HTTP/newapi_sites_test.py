"""Cookies that another site makes a browser send, and the stricter rules of 2025 (compat/newapi.md 1.1)."""

from newapi import *

ENGLISH = {"Accept-Language": "en-US,en;q=0.9"}


class OtherSites(Door):
    """What a browser sends for a page of another site is refused where a cookie says who it is."""

    def test_cookies_of_another_site(self):
        page = Client(self.port)
        page.user_id = page.login("ada", self.word)["id"]
        token = page.create(self.n)
        own = "http://127.0.0.1:%d" % self.port
        bad = [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1"},
               {"Origin": own.replace("http", "https")},
               {"Origin": own + ".evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
               {"Sec-Fetch-Site": "cross-site", "Origin": own}, {"Sec-Fetch-Site": ""}]
        pat = self.ada.pat
        for headers in bad:
            for method, path, body in (
                ("POST", "/api/token/", {"name": "evil"}), ("PUT", "/api/token/", {"id": token["id"], "name": "evil"}),
                ("DELETE", "/api/token/%d" % token["id"], None), ("POST", "/api/token/batch", {"ids": [token["id"]]}),
                ("POST", "/api/token/%d/key" % token["id"], None), ("POST", "/api/token/batch/keys", {"ids": [token["id"]]}),
                ("GET", "/api/user/token", None), ("GET", "/api/user/logout", None), ("POST", "/api/user/auth/refresh", None),
                ("POST", "/api/user/login", {"username": "ada", "password": self.word}),
            ):
                reply = page(method, path, body, headers=headers)
                self.assertEqual((reply.status, reply.json["success"]), (403, False), (headers, method, path, reply))
                self.assertEqual(reply.all("Set-Cookie"), [])
                self.assertIsNone(reply.header("Access-Control-Allow-Origin"))
        self.assertEqual(page.show(token["id"]), token)
        self.assertNotIn("evil", page.names())
        Client(self.port, pat=pat).good("GET", "/api/token/")
        for headers in ({"Origin": own}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {}):
            self.assertTrue(page("PUT", "/api/token/", token, headers=headers).json["success"])
        # An access token is nothing that a browser adds by itself.
        self.assertTrue(self.ada("PUT", "/api/token/", token, headers={"Origin": "https://evil.example"}).json["success"])

    def test_no_route_of_management_is_open_to_other_origins(self):
        for method, path in (("GET", "/api/token/"), ("OPTIONS", "/api/token/"), ("GET", "/api/user/self"), ("GET", "/api/status")):
            reply = self.ada(method, path, headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"})
            self.assertEqual([name for name, _ in reply.headers if name.lower().startswith("access-control")], [])


class BehindAProxy(Door):
    """The proxy speaks TLS and says so."""
    more = 'trusted_proxies: ["127.0.0.1"]\nhosts: [tokens.example.com]'

    def test_cookies_and_origins(self):
        there = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1", "Host": "tokens.example.com"}
        page = Client(self.port, headers=there)
        page.login("ada", self.word, headers={"Origin": "https://tokens.example.com"})
        for name in ("session", "new_api_refresh"):
            self.assertIn("secure", page.logged_in.cookies[name][1])
        for origin, status in (("https://tokens.example.com", 200), ("http://tokens.example.com", 403),
                               ("https://tokens.example.com:8443", 403),
                               ("https://example.com", 403), ("https://127.0.0.1:%d" % self.port, 403)):
            self.assertEqual(page("POST", "/api/token/", {"name": self.n}, headers={"Origin": origin}).status, status, origin)
        self.assertEqual(page.names(), [self.n])
        # Hosts that are not listed are not answered, whatever is forwarded.
        for headers in ({"Host": "other.example.com"}, {"Host": "other.example.com", "X-Forwarded-Host": "tokens.example.com"}):
            self.assertEqual(page("GET", "/api/token/", headers=headers).status, 403)


class Strict(Door):
    """As versions of 2025 were."""
    more = "require_new_api_user: true\nlegacy_status: true\nsession_days: 2"

    @classmethod
    def user_client(cls, name, word):
        client = super().user_client(name, word)
        client.user_id = client.number
        return client

    def test_the_header_is_needed(self):
        self.ada.good("GET", "/api/token/")
        bare = Client(self.port, pat=self.ada.pat)
        self.assertEqual(bare.bad("GET", "/api/token/", status=401), "无权进行此操作，未提供 New-Api-User")
        self.assertEqual(bare.bad("GET", "/api/token/", status=401, headers=ENGLISH), "Unauthorized, New-Api-User header not provided")
        self.assertEqual(bare.bad("GET", "/api/token/", status=401, headers={"New-Api-User": ""}), "无权进行此操作，未提供 New-Api-User")
        page = Client(self.port)
        page.login("ada", self.word)
        self.assertEqual(page.bad("GET", "/api/token/", status=401), "无权进行此操作，未提供 New-Api-User")
        self.assertEqual(page.logged_in.cookies["session"][1]["max-age"], str(2 * 86400))

    def test_unknown_tokens_get_200(self):
        self.assertEqual(Client(self.port, pat="x" * 32, user_id=1).bad("GET", "/api/token/"), "无权进行此操作，access token 无效")
        self.assertEqual(Client(self.port).bad("GET", "/api/token/", status=401), "无权进行此操作，未登录且未提供 access token")
        self.d.ok("user", "disable", "bob")
        self.assertEqual(self.bob.bad("GET", "/api/token/"), "用户已被封禁")
        self.d.ok("user", "enable", "bob")
