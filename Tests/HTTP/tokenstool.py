"""A client of the TokensTool door, as its page calls it, and what its tests have in common (compat/tokenstool.md)."""

import re
import unittest

from harness import Served, password, request, secret, space
from pandora_upstream import PREFIX, Pandora

TOKEN_KEYS = {"name", "token", "username", "userPassword", "shared", "auto_shared", "show_user_info", "plus", "setPoolToken",
              "useRefreshToken", "password", "access_token", "share_token", "updateTime", "checkSession"}
POOL_KEYS = {"poolName", "poolToken", "shareTokens", "poolTime", "checkPool", "intoOneApi", "poolOneApi_models", "poolModel_mapping",
             "oneApi_pandoraUrl", "groupChecked", "priority"}
CHANNEL_KEYS = {"oneApi_name", "token_name", "token_value", "oneApi_baseUrl", "oneApi_models", "oneApi_groups", "model_mapping", "priority",
                "shareTime"}
SETTING_KEYS = {"loginUsername", "loginPassword", "proxy_api_prefix", "autoToken_url", "setup_password", "site_password", "license_id",
                "isGetToken", "getTokenPassword", "containerName", "isolated_conv_title", "bing", "timeout", "public_share", "proxy_url",
                "whitelist", "tls", "validation", "disable_signup", "auto_conv_arkose", "proxy_file_service", "custom_doh_host",
                "auto_updateSession", "auto_updateTime", "auto_updateNumber", "pandoraNext_outUrl", "oneAPi_outUrl", "oneAPi_intoToken",
                "configPosition"}
TIME = re.compile(r"\A\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\Z")
NOT_MADE = "未开启pool_token无法生成"
SWITCHED_OFF = "未开启API开关无法生成"
UNAVAILABLE = "服务暂时不可用，请稍后重试"
MASK = "hidden0000hidden"
NAME = "keeper"


class Client:
    """Whoever speaks to the door; an administrator with `jwt`."""

    def __init__(self, port, jwt=None, prefix=""):
        self.port, self.jwt, self.prefix = port, jwt, prefix

    def raw(self, method, path, body=None, headers=None, **options):
        given = {"Authorization": "Bearer " + self.jwt} if self.jwt else {}
        given.update(headers or {})
        reply = request(self.port, method, self.prefix + path, body, given, **options)
        if reply.status == 200 and reply.body[:1] == b"{":
            found = reply.json
            if found == {"code": 0, "msg": "NOT_LOGIN"}:
                assert reply.header("Content-Type") is None, reply
            else:
                assert reply.header("Content-Type") == "application/json", reply
                assert set(found) == {"code", "msg", "data"}, reply
                if found["code"] == 1:
                    assert found["msg"] == "success", reply
                else:
                    assert found["code"] == 0 and found["data"] is None, reply
        return reply

    def good(self, method, path, body=None, **options):
        """`data`."""
        reply = self.raw(method, path, body, **options)
        assert reply.status == 200 and reply.json["code"] == 1, reply.text
        return reply.json["data"]

    def bad(self, method, path, body=None, **options):
        """`msg`."""
        reply = self.raw(method, path, body, **options)
        assert reply.status == 200 and reply.json["code"] == 0, reply.text
        return reply.json["msg"]

    def framework(self, status, method, path, body=None, **options):
        reply = self.raw(method, path, body, **options)
        assert reply.status == status, reply
        assert reply.header("Content-Type") == "application/json", reply
        found = reply.json
        assert set(found) == {"timestamp", "status", "error", "path"}, found
        assert re.match(r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00\Z", found["timestamp"]), found
        assert found["status"] == status and found["path"] == self.prefix + path.split("?")[0], found
        return found["error"]

    def login(self, word, name=NAME, **options):
        return self.raw("POST", "/api/login", {"loginUsername": name, "loginPassword": word}, **options)

    # Tokens and pools.

    def tokens(self, name=""):
        rows = self.good("GET", "/api/selectToken?name=" + name)
        for row in rows:
            self.check(row)
        return {row["name"]: row for row in rows}

    def check(self, row):
        assert set(row) == TOKEN_KEYS, row
        for key in TOKEN_KEYS:
            kind = bool if key in ("shared", "auto_shared", "show_user_info", "plus", "setPoolToken", "useRefreshToken", "checkSession") else str
            assert isinstance(row[key], kind), (key, row)
        assert TIME.match(row["updateTime"]), row
        assert row["userPassword"] in ("", MASK) and row["password"] in ("", MASK), row
        for key in ("access_token", "share_token"):
            if re.match(r"\A(eyJ|fk-)", row[key]):
                secret(row[key])

    def pools(self, name=""):
        rows = self.good("GET", "/api/selectPoolToken?name=" + name)
        for row in rows:
            assert set(row) == POOL_KEYS, row
            assert TIME.match(row["poolTime"]), row
            if row["poolToken"]:
                secret(row["poolToken"])
        return {row["poolName"]: row for row in rows}

    def add(self, name, token="", username="", userPassword="", **fields):
        body = {"name": name, "token": token, "username": username, "userPassword": userPassword, "shared": False, "show_user_info": False,
                "plus": False, "setPoolToken": True, "password": "", "useRefreshToken": False, "auto_shared": False}
        body.update(fields)
        return self.raw("POST", "/api/addToken", body).json

    def settings(self):
        found = self.good("GET", "/api/selectSetting")
        assert set(found) == SETTING_KEYS, set(found) ^ SETTING_KEYS
        return found

    def set(self, **fields):
        return self.raw("POST", "/api/requireSetting", dict(self.settings(), **fields)).json


class TokensToolCase(unittest.TestCase):
    """A daemon with the door and a proxy that it drives, and an administrator who is logged in."""

    OPTIONS = ""

    @classmethod
    def setUpClass(cls):
        cls.pandora = Pandora()
        cls.daemon = Served(
            'tokenstool: { listen: "127.0.0.1:0"%s }' % cls.options(),
            more='upstream: { providers: { pandora: { dash: "http://127.0.0.1:%d" } } }\n' % cls.pandora.port)
        cls.port = cls.daemon.ports["tokenstool"]
        cls.begin()

    @classmethod
    def begin(cls):
        cls.word = password("tokenstool0")
        cls.daemon.ok("door", "set", "tokenstool", "login_username", input=NAME)
        cls.daemon.ok("door", "set", "tokenstool", "login_password", input=cls.word)
        cls.client = cls.log_in()
        cls.prepare()

    @classmethod
    def options(cls):
        return cls.OPTIONS

    @classmethod
    def log_in(cls, **options):
        client = Client(cls.port, **options)
        reply = client.login(cls.word)
        assert reply.json["code"] == 1, reply.text
        client.jwt = secret(reply.json["data"])
        return client

    @classmethod
    def prepare(cls):
        """The proxy's address."""
        answer = cls.client.set(bing="127.0.0.1:%d" % cls.pandora.port, proxy_api_prefix=PREFIX)
        assert answer["code"] == 1, answer

    @classmethod
    def tearDownClass(cls):
        cls.pandora.close()
        cls.daemon.finish()

    def setUp(self):
        self.pandora.forget()
        self.pandora.failures.clear()

    def user(self, name):
        """(name, password) of an account of the upstream."""
        return self.pandora.account(name + "@example.org", secret("Word0" + name + "OfTheAccount"))

    def token(self, name, **fields):
        """A token for the API that was added with a session."""
        user, _ = self.user(name)
        session = secret(self.pandora.session(user))
        answer = self.client.add(name, session, username=user, **fields)
        self.assertEqual(answer["data"], "添加成功！", answer)
        return session
