"""A client of the new-api door, and what its tests have in common. Names are those of compat/newapi.md."""

import json
import re
import unittest

from harness import Served, request, secret

KEY = re.compile(r"\A[0-9A-Za-z]{48}\Z")
FIELDS = {
    "id", "user_id", "key", "status", "name", "created_time", "accessed_time", "expired_time", "remain_quota", "unlimited_quota",
    "model_limits_enabled", "model_limits", "allow_ips", "used_quota", "group", "cross_group_retry", "DeletedAt", "auto_groups",
}
GATEWAY = ["/v1/models", "/v1/dashboard/billing/subscription", "/dashboard/billing/subscription", "/v1/dashboard/billing/usage",
           "/dashboard/billing/usage?start_date=2026-01-01&end_date=2026-12-31"]
READING = ["/api/usage/token/", "/api/usage/token", "/api/log/token"]
SETTINGS = """
newapi:
  listen: "127.0.0.1:0"
  profile: %s
  rate_limits: %s
  models: [gpt-4o, gpt-4o-mini, claude-3]
  groups:
    default: { ratio: 1, description: standard }
    vip: { ratio: 0.5, description: for a few }
    auto: { ratio: 1, description: chosen }
"""


def settings(profile="document", limits=False, more=""):
    text = SETTINGS % (profile, "true" if limits else "false")
    return text + "".join("  %s\n" % line for line in more.split("\n") if line)


def masked(key):
    return key[:4] + "*" * 10 + key[-4:]


class Client:
    """One user of the door: an access token in Authorization, cookies, or neither."""

    def __init__(self, port, pat=None, cookies=None, user_id=None, headers=None, bare=False):
        self.port, self.pat, self.cookies, self.user_id = port, pat, dict(cookies or {}), user_id
        self.extra, self.bare = dict(headers or {}), bare

    def headers(self, more=None):
        found = dict(self.extra)
        if self.pat is not None:
            found["Authorization"] = self.pat if self.bare else "Bearer " + self.pat
        if self.cookies:
            found["Cookie"] = "; ".join("%s=%s" % pair for pair in self.cookies.items())
        if self.user_id is not None:
            found["New-API-User"] = str(self.user_id)
        found.update(more or {})
        return found

    def __call__(self, method, path, body=None, headers=None, **options):
        reply = request(self.port, method, path, body, self.headers(headers), **options)
        assert reply.header("X-Oneapi-Request-Id") == reply.header("X-Request-Id"), reply
        assert reply.header("X-New-Api-Version"), reply
        return reply

    def good(self, method, path, body=None, **options):
        """`data` of a success; None where it has none."""
        reply = self(method, path, body, **options)
        found = reply.json
        assert reply.status == 200 and found["success"] is True and found["message"] == "", reply
        assert reply.header("Content-Type") == "application/json; charset=utf-8", reply
        return found.get("data")

    def bad(self, method, path, body=None, status=200, **options):
        """The message of a failure."""
        reply = self(method, path, body, **options)
        assert reply.status == status, reply
        found = reply.json
        assert found["success"] is False and isinstance(found["message"], str) and found["message"], reply
        assert set(found) <= {"success", "message", "code"}, reply
        return found["message"]

    # What pages do with it.

    def create(self, name, **fields):
        """Creates, lists and finds by name, as every page does. The object from the list."""
        body = {"name": name, "remain_quota": 0, "expired_time": -1, "unlimited_quota": True, "model_limits_enabled": False,
                "model_limits": "", "allow_ips": "", "group": "", **fields}
        assert self("POST", "/api/token/", body).json == {"success": True, "message": ""}
        return self.find(name)

    def find(self, name):
        page = self.good("GET", "/api/token/?p=1&size=100")
        found = [item for item in page["items"] if item["name"] == name]
        assert found, "%r is not in the list" % name
        return found[0]

    def names(self):
        return [item["name"] for item in self.everything()]

    def everything(self):
        found, page = [], 1
        while True:
            data = self.good("GET", "/api/token/?p=%d&page_size=100" % page)
            found += data["items"]
            if not data["items"]:
                return found
            page += 1

    def show(self, number):
        return self.good("GET", "/api/token/%d" % number)

    def reveal(self, number):
        key = self.good("POST", "/api/token/%d/key" % number)["key"]
        assert KEY.match(key), key
        return secret(key)

    def login(self, name, word, headers=None):
        """Logs in, keeps the cookies, and gives `data`."""
        reply = self("POST", "/api/user/login?turnstile=", {"username": name, "password": word}, headers=headers)
        assert reply.status == 200 and reply.json["success"] is True, reply
        for cookie, (value, _) in reply.cookies.items():
            self.cookies[cookie] = secret(value)
        data = reply.json["data"]
        secret(data["access_token"])
        self.logged_in = reply
        return data


class Door(unittest.TestCase):
    """Tests of one daemon with one user `ada`; each test has its own name for what it makes."""
    profile = "document"
    limits = False
    more = ""

    @classmethod
    def setUpClass(cls):
        cls.d = Served(settings(cls.profile, cls.limits, cls.more))
        cls.port = cls.d.ports["newapi"]
        cls.word = cls.d.user("ada")
        cls.ada = cls.user_client("ada", cls.word)
        cls.bob = cls.user_client("bob", cls.d.user("bob"))

    @classmethod
    def tearDownClass(cls):
        cls.d.finish()

    @classmethod
    def user_client(cls, name, word):
        """Logs in once for an access token of this API, and goes on with that alone."""
        page = Client(cls.port)
        page.user_id = page.login(name, word)["id"]
        number = page.user_id
        client = Client(cls.port, pat=secret(page.good("GET", "/api/user/token")))
        client.number = number
        return client

    @classmethod
    def fresh(cls, name, *options):
        return cls.user_client(name, cls.d.user(name, "common", *options))

    def setUp(self):
        self.n = self.id().split(".")[-1].removeprefix("test_")[:26]

    def gateway(self, path, key=None, headers=None, prefix="Bearer sk-"):
        headers = dict(headers or {})
        if key is not None:
            headers["Authorization"] = prefix + key
        return request(self.port, "GET", path, headers=headers)

    def usage(self, key, **options):
        reply = self.gateway("/api/usage/token/", key, **options)
        self.assertEqual(reply.status, 200, reply)
        self.assertIs(reply.json["code"], True)
        return reply.json["data"]


class Keys:
    """Keys of `ada`, before the routes that keys are for."""
    more = 'trusted_proxies: ["127.0.0.1"]'

    def made(self, name=None, **fields):
        """(token, key)"""
        token = self.ada.create(name or self.n, **fields)
        return token, self.ada.reveal(token["id"])

    def number(self, token):
        """What the command calls it."""
        found = [k["id"] for k in self.d.ok("apikey", "list", "--owner", "ada", "--json").json if k["name"] == token["name"]]
        self.assertEqual(len(found), 1)
        return str(found[0])

    def charge(self, key, token, amount, request_id, *options):
        self.d.ok("apikey", "reserve", "--amount", str(amount), "--request-id", request_id, input=key)
        self.d.ok("apikey", "settle", self.number(token), "--amount", str(amount), "--request-id", request_id, *options)

    def refused(self, path, key, status, text, headers=None, code="", **options):
        """A refusal in the gateway's shape."""
        reply = self.gateway(path, key, headers=headers, **options)
        self.assertEqual(reply.status, status, reply)
        identity = reply.header("X-Oneapi-Request-Id")
        self.assertEqual(reply.json, {"error": {"message": "%s (request id: %s)" % (text, identity), "type": "new_api_error",
                                                "code": code}})
        self.assertNotIn(b"success", reply.body)

    def denied(self, path, key, status, text, **options):
        """A refusal of the routes that read."""
        reply = self.gateway(path, key, **options)
        self.assertEqual((reply.status, reply.json["success"], reply.json["message"]), (status, False, text), reply)
        self.assertEqual(reply.header("Access-Control-Allow-Origin"), "*")


def main_json(body):
    return json.dumps(body).encode()
