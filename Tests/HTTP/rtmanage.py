"""A client of the RT-manage door, and what its tests have in common. Names and texts are those of compat/rtmanage.md."""

import re
import unittest

from harness import Served, password, request, secret
from openai_upstream import OpenAI

KEYS = {"id", "biz_id", "user_name", "email", "type", "rt", "at", "proxy", "client_id", "tag", "enabled", "last_rt", "refresh_result",
        "user_info", "account_info", "last_refresh_time", "memo", "create_time", "update_time"}
BASES = ("/internalweb/v1", "/api")
CLIENT_ID = "app_WXrF1LSkiTtfYqiL6XtjygvX"
TIME = re.compile(r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)\Z")
NOT_FOUND = {"success": False, "msg": "API路径不存在"}


class Client:
    """An administrator or, with `api_secret`, a program of the public API."""

    def __init__(self, port, token=None, api_secret=None, base=BASES[0]):
        self.port, self.token, self.api_secret, self.base = port, token, api_secret, base

    def raw(self, method, path, body=None, headers=None, **options):
        given = {}
        if self.token is not None:
            given["Authorization"] = "Bearer " + self.token
        if self.api_secret is not None:
            given["X-API-Secret"] = self.api_secret
        given.update(headers or {})
        reply = request(self.port, method, path, body, given, **options)
        if reply.body and reply.status not in (301, 307):
            assert reply.header("Content-Type") == "application/json; charset=utf-8", reply
        return reply

    def post(self, path, body=None, **options):
        return self.raw("POST", self.base + path, {} if body is None else body, **options)

    def good(self, path, body=None, msg=None, **options):
        """`data`; None where there is none."""
        reply = self.post(path, body, **options)
        found = reply.json
        assert reply.status == 200 and found["success"] is True, reply
        if msg is not None:
            assert found["msg"] == msg, found
        return found.get("data")

    def bad(self, path, body=None, status=400, **options):
        reply = self.post(path, body, **options)
        found = reply.json
        assert reply.status == status and found["success"] is False and set(found) == {"success", "msg"}, reply
        return found["msg"]

    def login(self, name, word, base=None):
        reply = request(self.port, "POST", (base or self.base) + "/auth/login", {"username": name, "password": word})
        if reply.status == 200:
            assert set(reply.json) == {"token", "username"}, reply
            self.token = secret(reply.json["token"])
        return reply

    # Rows.

    def create(self, token, biz_id="", **fields):
        row = self.good("/rts/create", {"rt_token": secret(token), "biz_id": biz_id, **fields}, msg="创建成功")
        self.check(row)
        return row

    def check(self, row):
        assert set(row) == KEYS, row
        assert all(isinstance(row[k], str) for k in KEYS - {"id", "enabled", "last_refresh_time"}), row
        assert isinstance(row["id"], int) and isinstance(row["enabled"], bool), row
        assert TIME.match(row["create_time"]) and TIME.match(row["update_time"]), row
        assert row["last_refresh_time"] is None or TIME.match(row["last_refresh_time"]), row
        for key in ("rt", "at", "last_rt"):
            secret(row[key])

    def list(self, **query):
        data = self.good("/rts/list", query, msg="获取成功")
        assert set(data) == {"items", "total", "page", "page_size"}, data
        for row in data["items"]:
            self.check(row)
        return data

    def row(self, number):
        found = [row for row in self.list(page_size=-1)["items"] if row["id"] == number]
        assert len(found) == 1, (number, found)
        return found[0]

    def find(self, path, body, status=200):
        """A call of the public API."""
        reply = self.raw("POST", "/public-api" + path, body)
        assert reply.status == status, reply
        return reply.json


class Door(unittest.TestCase):
    """Tests of one daemon before one upstream; each test has its own names for what it makes."""
    more = ""

    @classmethod
    def setUpClass(cls):
        cls.up = OpenAI()
        cls.d = Served("rtmanage:\n  listen: \"127.0.0.1:0\"\n" + cls.more, more=cls.up.configuration)
        cls.port = cls.d.ports["rtmanage"]
        cls.word, cls.api_secret = password("rt-admin"), password("rt-api-secret")
        cls.d.ok("door", "set", "rtmanage", "password", input=cls.word)
        cls.d.ok("door", "set", "rtmanage", "api_secret", input=cls.api_secret)
        cls.admin = Client(cls.port)
        assert cls.admin.login("admin", cls.word).status == 200
        cls.public = Client(cls.port, api_secret=cls.api_secret)

    @classmethod
    def tearDownClass(cls):
        cls.up.close()
        cls.d.finish()

    def issue(self, family):
        return secret(self.up.issue(family))
