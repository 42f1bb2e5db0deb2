"""TokensTool's door: paths, shapes, logins, the public paths and what a page is served (compat/tokenstool.md 0, 1.1, 1.2 and 7.2)."""

import os
import time

from harness import raw, request, secret, space, split
from tokenstool import MASK, NAME, NOT_MADE, SWITCHED_OFF, UNAVAILABLE, Client, TokensToolCase

MANAGED = [
    ("GET", "/api/selectLogin"), ("GET", "/api/selectToken?name="), ("POST", "/api/addToken"), ("POST", "/api/requiredToken"),
    ("PUT", "/api/deleteToken"), ("PUT", "/api/deleteTokenList"), ("POST", "/api/updateToken"), ("POST", "/api/updateSessionToken"),
    ("POST", "/api/updateSessionTokenList"), ("GET", "/api/updateAllToken"), ("GET", "/api/selectPoolToken?name="),
    ("POST", "/api/addPoolToken"), ("POST", "/api/requirePoolToken"), ("POST", "/api/deletePoolToken"),
    ("POST", "/api/deletePoolTokenList"), ("POST", "/api/refreshSimplyPoolToken"), ("POST", "/api/refreshSimplyPoolTokenList"),
    ("POST", "/api/changePoolToken"), ("POST", "/api/changePoolTokenList"), ("GET", "/api/updateAllPoolToken"),
    ("POST", "/api/verifySimplyPoolToken"), ("POST", "/api/verifySimplyPoolTokenList"), ("GET", "/api/verifyAllPoolToken"),
    ("GET", "/api/selectShareToken?name="), ("POST", "/api/addShareToken"), ("POST", "/api/requireShareToken"),
    ("PUT", "/api/deleteShareToken"), ("GET", "/api/selectSetting"), ("POST", "/api/requireSetting"), ("POST", "/api/controllerTask"),
    ("GET", "/api/restart"), ("GET", "/api/close"), ("GET", "/api/open"), ("GET", "/api/reload"), ("GET", "/api/getPandoraNext"),
]
OBJECTS = [p for m, p in MANAGED if m in ("POST", "PUT") and not p.endswith("List")]
LISTS = [p for m, p in MANAGED if p.endswith("List")]


class ShapeTests(TokensToolCase):
    def test_nobody_gets_in_without_a_login(self):
        stranger = Client(self.port)
        for method, path in MANAGED:
            with self.subTest(path=path):
                for headers in ({}, {"Authorization": "Basic eA=="}, {"Authorization": "Bearer "}, {"Authorization": "bearer " + self.client.jwt},
                                {"Authorization": "Bearer " + self.client.jwt[:-2]}, {"Authorization": self.client.jwt}):
                    reply = stranger.raw(method, path, {} if method != "GET" else None, headers=headers)
                    self.assertEqual((reply.status, reply.body), (200, b'{"code":0,"msg":"NOT_LOGIN"}'))
                    self.assertIsNone(reply.header("Content-Type"))
        self.assertEqual(stranger.raw("GET", "/api/nothing").body, b'{"code":0,"msg":"NOT_LOGIN"}')
        self.assertEqual(self.client.framework(404, "GET", "/api/nothing"), "Not Found")

    def test_the_word_login_opens_nothing(self):
        stranger = Client(self.port)
        for path in ("/api/selectToken;login?name=", "/api/selectToken?name=&login", "/api/login/../selectToken?name=",
                     "/api//selectToken?name=login", "/api/selectToken/login", "/api/%73electToken?name=login"):
            reply = stranger.raw("GET", path)
            self.assertEqual((reply.status, reply.body), (200, b'{"code":0,"msg":"NOT_LOGIN"}'), path)
        answer = split(raw(self.port, b"GET /api/selectToken?name= HTTP/1.1\r\nHost: login.localhost\r\nConnection: close\r\n\r\n"))
        self.assertNotIn(b'"code":1', answer.body)

    def test_framework_errors(self):
        client = self.client
        self.assertEqual(client.framework(400, "GET", "/api/selectToken"), "Bad Request")
        self.assertEqual(client.framework(404, "GET", "/api/selectToken/?name="), "Not Found")
        self.assertEqual(client.framework(404, "GET", "/shared_token/?password=x"), "Not Found")
        self.assertEqual(client.framework(404, "GET", "/v1/models"), "Not Found")
        self.assertEqual(Client(self.port).framework(400, "POST", "/api/loginToken", b""), "Bad Request")
        for path in OBJECTS:
            with self.subTest(path=path):
                method = next(m for m, p in MANAGED if p == path)
                for body in (b"", b"{", b"[]", b"1", b"null", b'{"name":{}', b'"x"', b"\xff\xfe", b"[" * 100000):
                    self.assertEqual(client.framework(400, method, path, body, headers={"Content-Type": "application/json"}), "Bad Request")
                self.assertEqual(client.framework(415, method, path, b"{}", headers={"Content-Type": "text/plain"}), "Unsupported Media Type")
                self.assertEqual(client.framework(415, method, path, b"{}", headers={"Content-Type": ""}), "Unsupported Media Type")
        for path in LISTS:
            method = next(m for m, p in MANAGED if p == path)
            for body in (b"{}", b"[1]", b'[{}, "x"]', b""):
                self.assertEqual(client.framework(400, method, path, body, headers={"Content-Type": "application/json"}), "Bad Request")
        for body in ({"name": []}, {"name": "x", "shared": "maybe"}, {"name": "x", "setPoolToken": {}}):
            self.assertEqual(client.framework(400, "POST", "/api/addToken", body), "Bad Request")
        self.assertEqual(self.pandora.kinds, [])

    def test_a_wrong_method_needs_no_login(self):
        stranger = Client(self.port)
        for method, path in MANAGED:
            wrong = "DELETE" if method != "DELETE" else "GET"
            reply = stranger.raw(wrong, path.split("?")[0])
            self.assertEqual(reply.status, 405, path)
            self.assertIn(method, reply.header("Allow"))
        self.assertEqual(stranger.raw("POST", "/shared_token").status, 405)

    def test_a_browser_gets_a_page(self):
        reply = self.client.raw("GET", "/nothing", headers={"Accept": "text/html,*/*"})
        self.assertEqual((reply.status, reply.header("Content-Type")), (404, "text/html; charset=utf-8"))

    def test_head_changes_nothing(self):
        for path in ("/api/updateAllToken", "/api/reload", "/api/restart"):
            self.assertEqual(self.client.raw("HEAD", path).status, 405)
        self.assertEqual(self.client.raw("HEAD", "/api/selectToken?name=").status, 200)
        self.assertEqual(self.pandora.asked(), [])

    def test_without_a_page_the_root_explains_itself(self):
        reply = request(self.port, "GET", "/")
        self.assertEqual(reply.status, 200)
        self.assertIn("TokensTool", reply.text)
        self.assertEqual(request(self.port, "GET", "/index.html").status, 404)

    def test_answers_stay_with_whoever_asked(self):
        for path in ("/shared_token?password=x", "/api/selectToken?name=", "/"):
            reply = self.client.raw("GET", path)
            self.assertEqual(reply.header("Referrer-Policy"), "no-referrer")
            self.assertIn("no-store", reply.header("Cache-Control"))
            self.assertIsNone(reply.header("Access-Control-Allow-Origin"))


class LoginTests(TokensToolCase):
    def test_login_and_check(self):
        stranger = Client(self.port)
        self.assertEqual(stranger.good("POST", "/api/loginToken?token=" + self.client.jwt, b""), "YES_LOGIN")
        self.assertEqual(stranger.good("POST", "/api/loginToken", b"", headers={"Authorization": "Bearer " + self.client.jwt}), "YES_LOGIN")
        for token in ("", "x", "a.b.c", self.client.jwt[:-3] + "AAA"):
            self.assertEqual(stranger.bad("POST", "/api/loginToken?token=" + token, b""), "NOT_LOGIN")
        self.assertEqual(stranger.framework(415, "POST", "/api/login", b"{}", headers={"Content-Type": "text/plain"}), "Unsupported Media Type")

    def test_chances_are_counted_down_and_then_over(self):
        stranger = Client(self.port)
        for left in range(15, -1, -1):
            answer = stranger.login("wrong-%d" % left, source="127.0.0.77").json
            self.assertEqual(answer["msg"], "账号密码错误，请检查文件是否配置正确，还有%d次机会！" % left)
        for word in ("wrong", self.word):
            answer = stranger.login(word, source="127.0.0.77", headers={"X-Forwarded-For": "10.1.1.1"}).json
            self.assertEqual(answer["msg"], "ip为127.0.0.77的用户你已被封禁！！！")
        # Nobody else is out, and the log says who was.
        self.assertEqual(stranger.login(self.word, source="127.0.0.78").json["code"], 1)
        rows = {row["requestIp"]: row for row in self.client.good("GET", "/api/selectLogin")}
        self.assertEqual(set(rows["127.0.0.77"]), {"ipAddress", "requestIp", "outRequestNumber", "inRequestNumber", "lastLoginTime"})
        self.assertEqual((rows["127.0.0.77"]["outRequestNumber"], rows["127.0.0.77"]["inRequestNumber"]), (16, 0))
        self.assertEqual((rows["127.0.0.78"]["outRequestNumber"], rows["127.0.0.78"]["inRequestNumber"]), (0, 1))

    def test_a_new_password_ends_all_logins_and_other_settings_none(self):
        old = self.log_in()
        self.assertEqual(old.set(isolated_conv_title="x")["code"], 1)
        self.assertEqual(old.good("POST", "/api/loginToken?token=" + old.jwt, b""), "YES_LOGIN")
        new = secret("Another0Password")
        self.assertEqual(old.set(loginPassword=new)["code"], 1)
        self.assertEqual(old.raw("GET", "/api/selectSetting").body, b'{"code":0,"msg":"NOT_LOGIN"}')
        self.assertEqual(old.login(self.word, source="127.0.0.81").json["code"], 0)
        back = Client(self.port)
        back.jwt = secret(back.login(new, source="127.0.0.82").json["data"])
        self.assertEqual(back.set(loginPassword=self.word)["code"], 1)
        type(self).client = self.log_in()

    def test_a_restart_ends_no_login(self):
        self.daemon.stop()
        self.daemon.start()
        type(self).port = self.daemon.ports["tokenstool"]
        self.client.port = self.port
        self.assertEqual(self.client.settings()["loginUsername"], NAME)

    def test_samples_are_no_passwords(self):
        for word in ("123456", "password"):
            self.assertIn("修改config.json失败", self.client.set(loginPassword=word)["msg"])
        self.assertEqual(self.client.settings()["loginPassword"], MASK)


class PublicTests(TokensToolCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.public = secret("Public0Password")

    def open(self, **fields):
        self.assertEqual(self.client.set(isGetToken=True, getTokenPassword=self.public, **fields)["code"], 1)

    def test_order_of_refusals(self):
        stranger = Client(self.port)
        two = ("/shared_token", "/access_token")
        three = ("/token/shared_token", "/token/access_token", "/token/pool_token", "/pool_token")
        self.client.set(isGetToken=False, getTokenPassword=self.public)
        for path in two + three:
            self.assertEqual(stranger.framework(400, "GET", path), "Bad Request")
        for path in three:
            self.assertEqual(stranger.framework(400, "GET", path + "?password=" + self.public), "Bad Request")
        for path in two + three:
            self.assertEqual(stranger.bad("GET", path + "?tokenName=x&password=" + self.public), "Not_Open")
            self.assertEqual(stranger.bad("GET", path + "?tokenName=x&password=wrong"), "Not_Open")
        # A switch without a password opens nothing.
        self.client.set(isGetToken=True, getTokenPassword="")
        self.assertEqual(stranger.bad("GET", "/shared_token?password="), "Not_Open")
        self.open()
        self.assertEqual(stranger.bad("GET", "/shared_token?password=", source="127.0.0.91"), "Not_Login")
        self.assertEqual(stranger.bad("GET", "/shared_token?password=" + self.public[:-1], source="127.0.0.91"), "Not_Login")
        self.assertEqual(stranger.good("GET", "/shared_token?password=" + self.public), [])
        self.assertEqual(stranger.good("GET", "/shared_token", headers={"Authorization": "Bearer " + self.public}), [])
        for path, text in (("/token/shared_token", "未找到该tokenName！"), ("/token/access_token", "未找到该tokenName！"),
                           ("/token/pool_token", "该tokensTool没有正确生成相应名称的pool_Token"),
                           ("/pool_token", "该tokensTool没有正确生成相应名称的pool_Token")):
            self.assertEqual(stranger.bad("GET", path + "?tokenName=none&password=" + self.public), text)

    def test_tokens_are_handed_out(self):
        self.open()
        self.token("first")
        self.client.add("second", username="a@example.org", userPassword="x", token="a@example.org,x", setPoolToken=False)
        self.pandora.fail("register", 500)
        user, _ = self.user("third")
        self.assertEqual(self.client.add("third", secret(self.pandora.session(user)), username=user)["data"], "添加成功！")
        rows = self.client.tokens()
        stranger, word = Client(self.port), "?password=" + self.public
        self.assertEqual(stranger.good("GET", "/shared_token" + word), [rows["first"]["share_token"]])
        self.assertEqual(stranger.good("GET", "/access_token" + word), [rows["first"]["access_token"], rows["third"]["access_token"]])
        word += "&tokenName="
        self.assertEqual(stranger.good("GET", "/token/shared_token" + word + "first"), rows["first"]["share_token"])
        self.assertEqual(stranger.good("GET", "/token/access_token" + word + "third"), rows["third"]["access_token"])
        self.assertEqual(stranger.bad("GET", "/token/shared_token" + word + "third"), "该tokenName没有存放Shared_Token")
        self.assertEqual(stranger.bad("GET", "/token/access_token" + word + "second"), "该tokenName没有存放Access_Token")
        self.assertEqual(stranger.bad("GET", "/token/access_token" + word + "First"), "未找到该tokenName！")
        self.assertEqual(rows["second"]["access_token"], NOT_MADE)
        for name in ("first", "second", "third"):
            self.client.good("PUT", "/api/deleteToken", rows[name])

    def test_guessing_is_slowed_down(self):
        self.open()
        stranger = Client(self.port)
        for number in range(6):
            self.assertEqual(stranger.bad("GET", "/shared_token?password=guess%d" % number, source="127.0.0.92"), "Not_Login")
        # Whoever has guessed too often has to wait, even with the right one; others have not.
        self.assertEqual(stranger.bad("GET", "/shared_token?password=" + self.public, source="127.0.0.92"), "Not_Login")
        self.assertEqual(stranger.good("GET", "/shared_token?password=" + self.public, source="127.0.0.93"), [])


class CurrentTests(TokensToolCase):
    OPTIONS = ", profile: current, query_password: false"

    def test_as_the_program_answers(self):
        word = secret("Current0Password")
        self.client.set(isGetToken=True, getTokenPassword=word)
        self.client.add("web", "a,b", setPoolToken=False)
        self.token("api")
        stranger, bearer = Client(self.port), {"Authorization": "Bearer " + word}
        share = self.client.tokens()["api"]["share_token"]
        self.assertEqual(stranger.good("GET", "/shared_token", headers=bearer), [NOT_MADE, share])
        self.assertEqual(stranger.good("GET", "/token/access_token?tokenName=web", headers=bearer), NOT_MADE)
        # The password in the query counts for nothing here.
        self.assertEqual(stranger.bad("GET", "/shared_token?password=" + word), "Not_Login")
        self.assertEqual(stranger.framework(400, "GET", "/shared_token"), "Bad Request")
        # A person's switch from the API to the web is told apart.
        self.client.raw("POST", "/api/requiredToken", dict(self.client.tokens()["api"], setPoolToken=False))
        self.assertEqual(stranger.good("GET", "/shared_token", headers=bearer), [NOT_MADE, SWITCHED_OFF])


class LockedTests(TokensToolCase):
    def test_locked_is_told_apart_from_not_logged_in(self):
        self.daemon.ok("lock")
        try:
            for method, path in (("GET", "/api/selectToken?name="), ("GET", "/shared_token?password=x"), ("GET", "/api/nothing")):
                reply = self.client.raw(method, path)
                self.assertEqual((reply.status, reply.json), (200, {"code": 0, "msg": UNAVAILABLE, "data": None}), path)
                self.assertEqual(reply.header("Retry-After"), "5")
            self.assertEqual(self.client.login(self.word).json["msg"], UNAVAILABLE)
        finally:
            self.daemon.stop()
            self.daemon.start()
            type(self).port = self.daemon.ports["tokenstool"]
            self.client.port = self.port
        self.assertEqual(self.client.tokens(), {})


class PageTests(TokensToolCase):
    @classmethod
    def options(cls):
        cls.web = space()
        for name, text in (("index.html", "<p>page</p>"), ("js/app.0a1b.js", "1"), ("css/app.css", "a{}"), (".secret", "no"),
                           ("img/a.png", "png")):
            path = os.path.join(cls.web, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        cls.outside = space()
        with open(os.path.join(cls.outside, "out.js"), "w") as file:
            file.write("outside")
        os.symlink(os.path.join(cls.outside, "out.js"), os.path.join(cls.web, "js", "link.js"))
        os.symlink(cls.outside, os.path.join(cls.web, "linked"))
        os.mkfifo(os.path.join(cls.web, "pipe.js"))
        return ", web: %s, prefix: /tokensTool, origins: [\"https://pages.example.org\"]" % cls.web

    @classmethod
    def log_in(cls, **options):
        return super().log_in(prefix="/tokensTool")

    def test_files_are_served(self):
        for path, kind, text in (("/", "text/html; charset=utf-8", "<p>page</p>"), ("/index.html", "text/html; charset=utf-8", "<p>page</p>"),
                                 ("/js/app.0a1b.js", "text/javascript; charset=utf-8", "1"), ("/css/app.css", "text/css; charset=utf-8", "a{}"),
                                 ("/img/a.png", "image/png", "png")):
            reply = request(self.port, "GET", "/tokensTool" + path)
            self.assertEqual((reply.status, reply.header("Content-Type"), reply.text), (200, kind, text))
            rules = reply.header("Content-Security-Policy")
            self.assertIn("script-src 'self';", rules)
            self.assertIn("style-src 'self' 'unsafe-inline'", rules)
            self.assertIn("connect-src 'self';", rules)
        self.assertEqual(request(self.port, "GET", "/tokensTool").header("Location"), "/tokensTool/")
        self.assertEqual(request(self.port, "GET", "/").status, 404)
        self.assertEqual(request(self.port, "HEAD", "/tokensTool/").body, b"")

    def test_what_the_page_calls_elsewhere_is_named(self):
        self.assertEqual(self.client.good("POST", "/api/controllerTask", {
            "auto_updateSession": False, "pandoraNext_outUrl": "https://proxy.example.org:8443/x"}), "修改定时任务和url成功！")
        rules = request(self.port, "GET", "/tokensTool/").header("Content-Security-Policy")
        self.assertIn("connect-src 'self' https://proxy.example.org:8443;", rules)
        self.assertEqual(self.client.good("POST", "/api/controllerTask", {
            "auto_updateSession": False, "pandoraNext_outUrl": ""}), "修改定时任务和url成功！")

    def test_views_of_the_page_are_the_page(self):
        browser = {"Accept": "text/html,application/xhtml+xml"}
        self.assertEqual(request(self.port, "GET", "/tokensTool/login", headers=browser).text, "<p>page</p>")
        self.assertEqual(request(self.port, "GET", "/tokensTool/login").status, 404)
        self.assertEqual(request(self.port, "GET", "/tokensTool/none.js", headers=browser).status, 404)
        self.assertEqual(request(self.port, "GET", "/tokensTool/a/b", headers=browser).status, 404)
        self.assertEqual(request(self.port, "GET", "/tokensTool/favicon.ico").status, 204)

    def test_nothing_else_is(self):
        for path in ("/.secret", "/js/../.secret", "/js/%2e%2e/.secret", "/js/link.js", "/linked/out.js", "/pipe.js", "/js", "/js/", "/%2e%2e/x",
                     "/js//app.0a1b.js", "/..%2f..%2fetc%2fpasswd", "/index.html/", "/img/a.png%00.js", "/\\index.html", "/js/.."):
            reply = request(self.port, "GET", "/tokensTool" + path)
            self.assertEqual(reply.status, 404, (path, reply))
            self.assertNotIn(b"outside", reply.body)

    def test_listed_origins_may_call(self):
        for origin, allowed in (("https://pages.example.org", "https://pages.example.org"), ("https://evil.example.org", None)):
            reply = self.client.raw("GET", "/api/selectToken?name=", headers={"Origin": origin})
            self.assertEqual(reply.header("Access-Control-Allow-Origin"), allowed)
        reply = request(self.port, "OPTIONS", "/tokensTool/api/selectToken", headers={
            "Origin": "https://pages.example.org", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"})
        self.assertEqual((reply.status, reply.header("Access-Control-Allow-Origin")), (200, "https://pages.example.org"))
        self.assertIn("Authorization", reply.header("Access-Control-Allow-Headers"))


if __name__ == "__main__":
    import unittest
    unittest.main()
