"""Who may speak to the new-api door: passwords, cookies, login tokens, access tokens, other sites (compat/newapi.md 1.1)."""

import base64
import hashlib
import hmac
import time

from newapi import *

ENGLISH = {"Accept-Language": "en-US,en;q=0.9"}


def parts(token):
    def decoded(text):
        return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    head, body, _ = token.split(".")
    return decoded(head), decoded(body)


def forged(head, body, key=b""):
    def encoded(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    text = encoded(main_json(head)) + "." + encoded(main_json(body))
    if head.get("alg") == "none":
        return text + "."
    return text + "." + encoded(hmac.new(key, text.encode(), hashlib.sha256).digest())


class Logins(Door):
    def page(self):
        page = Client(self.port)
        data = page.login("ada", self.word)
        page.user_id = data["id"]
        return page, data

    def test_the_answer_has_both_forms(self):
        page, data = self.page()
        for field, value in (("username", "ada"), ("role", 1), ("status", 1), ("token_type", "Bearer"), ("id", self.ada.number)):
            self.assertEqual(data[field], value)
        for field in ("display_name", "group", "access_token", "access_expires_at", "session", "user"):
            self.assertIn(field, data)
        self.assertTrue(data["session"]["sid"])
        self.assertEqual(data["user"]["id"], data["id"])
        self.assertAlmostEqual(data["access_expires_at"], time.time() + 900, delta=10)
        cookies = page.logged_in.cookies
        value, attributes = cookies["session"]
        self.assertEqual((attributes["path"], attributes["samesite"].lower(), "httponly" in attributes), ("/", "strict", True))
        self.assertEqual(int(attributes["max-age"]), 30 * 86400)
        self.assertNotIn("secure", attributes)
        # Nobody is trusted to say that it was TLS.
        reply = page("POST", "/api/user/login", {"username": "ada", "password": self.word}, headers={"X-Forwarded-Proto": "https"})
        self.assertNotIn("secure", reply.cookies["session"][1])
        value, attributes = cookies["new_api_refresh"]
        self.assertEqual((attributes["path"], attributes["samesite"].lower(), "httponly" in attributes), ("/api/user/auth", "strict", True))
        head, body = parts(data["access_token"])
        self.assertEqual(head["alg"], "HS256")
        self.assertEqual((body["iss"], body["aud"]), ("new-api", "new-api-dashboard"))

    def test_cookie_login_token_and_access_token_are_the_same_user(self):
        page, data = self.page()
        pat = secret(page.good("GET", "/api/user/token"))
        self.assertRegex(pat, r"\A[A-Za-z0-9+/=]{28,32}\Z")
        type(self).ada.pat = pat
        for client in (page, Client(self.port, cookies=page.cookies), Client(self.port, pat=pat), Client(self.port, pat=pat, bare=True),
                       Client(self.port, pat=data["access_token"]), Client(self.port, pat=data["access_token"], bare=True),
                       Client(self.port, headers={"authorization": "bearer " + pat}), Client(self.port, pat=pat, user_id=self.ada.number)):
            self.assertEqual(client.good("GET", "/api/user/self")["username"], "ada")

    def test_the_next_access_token_ends_the_one_before(self):
        page, _ = self.page()
        first = secret(page.good("GET", "/api/user/token"))
        second = secret(page.good("GET", "/api/user/token"))
        type(self).ada.pat = second
        self.assertNotEqual(first, second)
        Client(self.port, pat=first).bad("GET", "/api/token/", status=401)
        Client(self.port, pat=second).good("GET", "/api/token/")

    def test_head_makes_nothing(self):
        page, _ = self.page()
        self.assertIn(page("HEAD", "/api/user/token").status, (404, 405))
        self.assertIn(page("HEAD", "/api/user/token/").status, (404, 405))
        self.ada.good("GET", "/api/token/")
        self.assertIn(page("HEAD", "/api/user/logout").status, (404, 405))
        page.good("GET", "/api/user/self")
        reply = page("HEAD", "/api/user/self")
        self.assertEqual((reply.status, reply.body), (200, b""))

    def test_unknown_credentials(self):
        no_one = Client(self.port)
        self.assertEqual(no_one.bad("GET", "/api/token/", status=401), "无权进行此操作，未登录且未提供 access token")
        self.assertEqual(no_one.bad("GET", "/api/token/", status=401, headers=ENGLISH),
                         "Unauthorized, not logged in and no access token provided")
        reply = no_one("GET", "/api/token/")
        self.assertEqual(reply.json["code"], "AUTH_UNAUTHORIZED")
        _, key = self.d.api_key(self.n, "--owner", "ada", "--form", "sk", "--unlimited")
        other = self.d.token("ada", self.n)
        for text in ("x", "Bearer", "Bearer ", "Basic YTpi", self.ada.pat[:-1], self.ada.pat + "x", self.ada.pat.swapcase(), "sk-" + key,
                     key,
                     other, "Bearer Bearer " + self.ada.pat, "a.b.c", "..", "." * 1000, "x" * 10000, "NaN"):
            for path in ("/api/token/", "/api/token/search", "/api/user/self", "/api/user/token"):
                reply = Client(self.port, headers={"Authorization": text})("GET", path)
                self.assertEqual((reply.status, reply.json["success"]), (401, False), (text[:40], reply))
        self.assertEqual(Client(self.port, pat="x").bad("GET", "/api/token/", status=401), "无权进行此操作，access token 无效")
        self.assertEqual(Client(self.port, pat="x").bad("GET", "/api/token/", status=401, headers=ENGLISH),
                         "Unauthorized, invalid access token")
        for cookie in ("", "x", "a" * 5000, "%00", "\"\""):
            Client(self.port, cookies={"session": cookie}).bad("GET", "/api/token/", status=401)
        # An invalid cookie does not hide a valid token.
        Client(self.port, cookies={"session": "x"}, pat=self.ada.pat).good("GET", "/api/token/")

    def test_cookies_are_good_for_one_purpose(self):
        page, data = self.page()
        session, refresh = page.cookies["session"], page.cookies["new_api_refresh"]
        for pat in (session, refresh, refresh.split(".")[0], data["session"]["sid"]):
            self.assertEqual(Client(self.port, pat=pat)("GET", "/api/token/").status, 401)
        for value in (refresh, data["access_token"], self.ada.pat, data["session"]["sid"]):
            self.assertEqual(Client(self.port, cookies={"session": value})("GET", "/api/token/").status, 401)
        for value in (session, data["access_token"], "", "x", ".", refresh + "x", refresh[:-1], "x" + refresh):
            self.assertEqual(Client(self.port, cookies={"new_api_refresh": value})("POST", "/api/user/auth/refresh").status, 401)

    def test_tampered_login_tokens(self):
        _, data = self.page()
        token = data["access_token"]
        head, body = parts(token)
        a, b, c = token.split(".")
        other = body if "sub" not in body else dict(body, sub="2")
        for bad in (
            forged({"alg": "none", "typ": "JWT"}, body), forged({"alg": "HS256", "typ": "JWT"}, body), forged(head, body, b"secret"),
            forged({"alg": "HS256"}, other, b""), a + "." + b + ".", a + "." + b + "." + c[:-2], a + "." + b[:-4] + "AAAA." + c,
            forged({"alg": "HS512"}, body), forged({"alg": "HS256", "kid": "../../etc/passwd"}, body),
            forged({"alg": "none"}, dict(body, exp=2 ** 63)), a + "." + b + "." + c + "=", a + ".." + c, token + ".x", token * 2,
        ):
            reply = Client(self.port, pat=bad)("GET", "/api/user/self")
            self.assertEqual((reply.status, reply.json["success"]), (401, False), bad)

    def test_refresh(self):
        page, data = self.page()
        fresh = page.good("POST", "/api/user/auth/refresh")
        secret(fresh["access_token"])
        self.assertEqual((fresh["token_type"], fresh["session"]["sid"]), ("Bearer", data["session"]["sid"]))
        Client(self.port, pat=fresh["access_token"]).good("GET", "/api/token/")
        Client(self.port, pat=data["access_token"]).good("GET", "/api/token/")
        reply = Client(self.port)("POST", "/api/user/auth/refresh")
        self.assertEqual((reply.status, reply.json["success"]), (401, False))

    def test_logout_ends_the_session(self):
        page, data = self.page()
        other, _ = self.page()
        cookies = dict(page.cookies)
        reply = page("GET", "/api/user/logout")
        self.assertIs(reply.json["success"], True)
        for name in ("session", "new_api_refresh"):
            self.assertEqual((reply.cookies[name][0], reply.cookies[name][1]["max-age"]), ("", "0"))
        Client(self.port, cookies=cookies).bad("GET", "/api/token/", status=401)
        self.assertEqual(Client(self.port, cookies=cookies)("POST", "/api/user/auth/refresh").status, 401)
        reply = Client(self.port, pat=data["access_token"])("GET", "/api/token/")
        self.assertEqual((reply.status, reply.json["code"]), (401, "AUTH_SESSION_REVOKED"))
        other.good("GET", "/api/user/self")
        Client(self.port, pat=self.ada.pat).good("GET", "/api/token/")
        self.assertIs(Client(self.port)("GET", "/api/user/logout").json["success"], True)

    def test_a_changed_password_ends_sessions_and_a_disabled_user_is_out(self):
        word = self.d.user("dan")
        page = Client(self.port)
        data = page.login("dan", word)
        pat = secret(page.good("GET", "/api/user/token"))
        self.d.ok("user", "passwd", "dan", input=secret(word + "-new"))
        self.assertEqual(page("GET", "/api/user/self").status, 401)
        self.assertEqual(Client(self.port, pat=data["access_token"])("GET", "/api/user/self").status, 401)
        self.assertEqual(page.bad("POST", "/api/user/login", {"username": "dan", "password": word}), "用户名或密码错误，或用户已被封禁")
        page.login("dan", word + "-new")
        pat = secret(page.good("GET", "/api/user/token"))
        self.d.ok("user", "disable", "dan")
        for client in (page, Client(self.port, pat=pat)):
            reply = client("GET", "/api/token/")
            self.assertEqual((reply.status, reply.json["success"]), (401, False), reply)
        self.assertEqual(page.bad("POST", "/api/user/login", {"username": "dan", "password": word + "-new"}), "用户名或密码错误，或用户已被封禁")
        self.d.ok("user", "enable", "dan")
        Client(self.port).login("dan", word + "-new")

    def test_logins_that_fail(self):
        page = Client(self.port)
        for body in (b"", b"{", b"[]", b"null", {}, {"username": "ada"}, {"password": "x"}, {"username": "", "password": ""},
                     {"username": 1, "password": "x"}, {"username": "ada", "password": ["x"]}, {"username": None, "password": None}):
            self.assertEqual(page.bad("POST", "/api/user/login", body), "参数错误", body)
        self.assertEqual(page.bad("POST", "/api/user/login", b"{", headers=ENGLISH), "Invalid parameters")
        known = page.bad("POST", "/api/user/login", {"username": "ada", "password": "wrong"})
        self.assertEqual(known, page.bad("POST", "/api/user/login", {"username": "nobody", "password": "wrong"}))
        self.assertEqual(known, "用户名或密码错误，或用户已被封禁")
        # Names of the JSON object match whatever their case; bytes behind it do not count; the type is not looked at.
        page("POST", "/api/user/login", b'{"USERNAME":"ada","Password":"%s"} x' % self.word.encode(),
             headers={"Content-Type": "text/plain"})
        reply = request(self.port, "POST", "/api/user/login", b'{"USERNAME":"ada","Password":"%s"} x' % self.word.encode())
        self.assertIs(reply.json["success"], True)

    def test_names_and_passwords_that_nobody_has(self):
        page = Client(self.port)
        self.d.ok("user", "create", "mute", "--role", "common", "--no-password")
        for name, word in (
            ("ada\0", self.word), ("ada ", self.word), ("ada/", self.word), ("a" * 500000, self.word), ("ada", "x" * 500000),
            ("ada", self.word + "\0"), ("ada", self.word[:-1]), ("ada", self.word + "x"), ("mute", "x"), ("mute", "\0"), ("*", self.word),
            ("' or ''='", self.word), ("#%d" % self.ada.number, self.word), (str(self.ada.number), self.word), ("login:ada", self.word),
        ):
            found = page("POST", "/api/user/login", {"username": name, "password": word})
            self.assertEqual((found.status, found.all("Set-Cookie")), (200, []), (name[:20], found))
            self.assertEqual(found.json, {"success": False, "message": "用户名或密码错误，或用户已被封禁"}, name[:20])
            page.login("ada", self.word)       # forgets the failure, or the sixth would have to wait

    def test_the_user_header(self):
        page, data = self.page()
        for client in (page, Client(self.port, pat=self.ada.pat), Client(self.port, pat=data["access_token"])):
            client.user_id = str(self.ada.number)
            client.good("GET", "/api/token/")
            for value, text in ((str(self.ada.number + 1), "与登录用户不匹配"), ("0", "与登录用户不匹配"), ("-1", "与登录用户不匹配"), ("abc", "格式错误"),
                                ("1.0", "格式错误"), ("9223372036854775808", "格式错误"), ("NaN", "格式错误"), ("1e0", "格式错误"), ("0x1", "格式错误")):
                client.user_id = value
                self.assertEqual(client.bad("GET", "/api/token/", status=401), "无权进行此操作，New-Api-User " + text)
            client.user_id = "x"
            self.assertEqual(client.bad("GET", "/api/token/", status=401, headers=ENGLISH),
                             "Unauthorized, New-Api-User header format error")
