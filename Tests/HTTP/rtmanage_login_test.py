"""Who may ask RT-manage: login, bearer tokens, the API secret, CORS, and what the routes are (compat/rtmanage.md 1.0 to 1.2)."""

import base64
import hashlib
import hmac
import json
import time
import unittest

from harness import Served, binary, password, request, run
from rtmanage import BASES, NOT_FOUND, Client, Door

ADMIN = ["/user/info", "/rts/list", "/rts/create", "/rts/update", "/rts/delete", "/rts/batch-delete", "/rts/batch-import", "/rts/refresh",
         "/rts/batch-refresh", "/rts/refresh-user-info", "/rts/refresh-account-info", "/configs/get-system", "/configs/save-system",
         "/configs/get-proxy-list", "/configs/get-clientid-list"]


def part(value):
    return base64.urlsafe_b64encode(value if isinstance(value, bytes) else json.dumps(value).encode()).decode().rstrip("=")


def payload(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


class LoginTest(Door):
    def test_login_answers_without_the_envelope_under_both_bases(self):
        for base in BASES:
            client = Client(self.port, base=base)
            reply = client.login("admin", self.word)
            self.assertEqual(reply.status, 200)
            self.assertEqual(reply.json["username"], "admin")
            self.assertEqual(client.post("/user/info").json, {"success": True, "msg": "获取成功", "username": "admin"})

    def test_the_token_says_what_the_contract_says(self):
        claims = payload(self.admin.token)
        self.assertEqual(set(claims), {"username", "exp", "iat", "nbf", "iss"})
        self.assertEqual((claims["username"], claims["iss"]), ("admin", "rt-manage"))
        self.assertEqual(claims["exp"] - claims["iat"], 240 * 3600)
        self.assertLess(abs(claims["iat"] - time.time()), 60)

    def test_a_wrong_pair_is_one_answer(self):
        for name, word in (("admin", "wrong"), ("Admin", self.word), ("root", self.word), ("admin", self.word + " ")):
            reply = request(self.port, "POST", "/internalweb/v1/auth/login", {"username": name, "password": word}, source="127.0.0.7")
            self.assertIn(reply.status, (401, 429))
            if reply.status == 401:
                self.assertEqual(reply.json, {"error": "用户名或密码错误"})

    def test_what_is_no_login_is_one_answer(self):
        for body in (b"", b"{", b"[]", b"null", {}, {"username": "admin"}, {"username": "", "password": "x"}, {"username": 1, "password": "x"},
                     {"username": ["admin"], "password": "x"}):
            reply = request(self.port, "POST", "/api/auth/login", body)
            self.assertEqual((reply.status, reply.json), (400, {"error": "请求参数错误"}))

    def test_guessing_is_slowed_down(self):
        for _ in range(5):
            reply = request(self.port, "POST", "/api/auth/login", {"username": "admin", "password": "no"}, source="127.0.0.8")
            self.assertEqual(reply.status, 401)
        reply = request(self.port, "POST", "/api/auth/login", {"username": "admin", "password": self.word}, source="127.0.0.8")
        self.assertEqual((reply.status, set(reply.json)), (429, {"error"}))
        self.assertGreaterEqual(int(reply.header("Retry-After")), 1)

    def test_admin_routes_want_a_bearer_before_they_read_the_body(self):
        cases = [({}, "未提供认证令牌"), ({"Authorization": "Bearer"}, "认证令牌格式错误，应为: Bearer <token>"),
                 ({"Authorization": "bearer x"}, "认证令牌格式错误，应为: Bearer <token>"),
                 ({"Authorization": "Basic x"}, "认证令牌格式错误，应为: Bearer <token>"),
                 ({"Authorization": "Bearer x"}, "认证失败：令牌无效或已过期"),
                 ({"Authorization": "Bearer  " + self.admin.token}, "认证失败：令牌无效或已过期"),
                 # Not an administrator unless the configuration says so.
                 ({"Authorization": "Bearer " + self.api_secret}, "认证失败：令牌无效或已过期")]
        for base in BASES:
            for path in ADMIN:
                for headers, msg in cases[:2] if path != "/rts/list" else cases:
                    reply = request(self.port, "POST", base + path, b"{broken", headers)
                    self.assertEqual((reply.status, reply.json), (401, {"success": False, "msg": msg}), (path, headers))

    def test_forged_tokens_are_refused(self):
        head, body, sign = self.admin.token.split(".")
        claims = payload(self.admin.token)
        forged = [head + "." + body + ".", head + "." + part({**claims, "exp": claims["exp"] + 1}) + "." + sign,
                  part({"alg": "none", "typ": "JWT"}) + "." + body + ".", part({"alg": "HS512", "typ": "JWT"}) + "." + body + "." + sign,
                  self.admin.token + "=", self.admin.token[:-1] + ("A" if self.admin.token[-1] != "A" else "B"), "a.b.c", ".."]
        for key in (b"your-secret-key-change-this-in-production", b""):
            signed = part({"alg": "HS256", "typ": "JWT"}) + "." + body
            forged.append(signed + "." + part(hmac.new(key, signed.encode(), hashlib.sha256).digest()))
        for token in forged:
            reply = request(self.port, "POST", "/api/rts/list", {}, {"Authorization": "Bearer " + token})
            self.assertEqual(reply.status, 401, token)

    def test_the_public_api_wants_its_secret(self):
        for method, path in (("GET", "/health"), ("POST", "/refresh"), ("POST", "/get-at")):
            for headers, msg in (({}, "缺少API密钥"), ({"X-API-Secret": ""}, "缺少API密钥"), ({"X-API-Secret": "no"}, "API密钥无效"),
                                 ({"X-API-Secret": "your-api-secret-here"}, "API密钥无效"), ({"X-API-Secret": self.word}, "API密钥无效")):
                reply = request(self.port, method, "/public-api" + path, b"{" if method == "POST" else None, headers)
                self.assertEqual((reply.status, reply.json), (401, {"success": False, "msg": msg}))

    def test_health(self):
        healthy = {"status": "ok", "message": "service is healthy"}
        self.assertEqual(request(self.port, "GET", "/health").json, healthy)
        self.assertEqual(self.public.raw("GET", "/public-api/health").json, healthy)

    def test_unknown_paths_and_methods(self):
        for method, path in (("POST", "/health"), ("GET", "/healthz"), ("GET", "/internalweb/v1/rts/list"), ("POST", "/internalweb/v1/rts/show"),
                             ("GET", "/public-api/refresh"), ("POST", "/public-api/nope"), ("GET", "/"), ("GET", "/index.html"),
                             ("PUT", "/api/rts/update"), ("POST", "/api//rts/list"), ("POST", "/api/rts/list;x"), ("POST", "/API/rts/list"),
                             ("POST", "/api/rts%2Flist")):
            reply = request(self.port, method, path, {} if method != "GET" else None)
            self.assertEqual((reply.status, reply.json), (404, NOT_FOUND), path)

    def test_a_slash_at_the_end_is_sent_back(self):
        reply = request(self.port, "POST", "/internalweb/v1/rts/list/?a=b", {})
        self.assertEqual((reply.status, reply.header("Location")), (307, "/internalweb/v1/rts/list?a=b"))
        reply = request(self.port, "GET", "/health/")
        self.assertEqual((reply.status, reply.header("Location")), (301, "/health"))
        self.assertEqual(request(self.port, "GET", "/internalweb/v1/rts/list/").status, 404)

    def test_options_and_no_cors(self):
        for path in ("/internalweb/v1/rts/list", "/anything", "/public-api/refresh"):
            reply = request(self.port, "OPTIONS", path, headers={"Origin": "https://page.example", "Access-Control-Request-Method": "POST"})
            self.assertEqual((reply.status, reply.body), (204, b""))
            self.assertEqual([n for n, _ in reply.headers if n.lower().startswith("access-control")], [])

    def test_a_new_password_ends_all_logins(self):
        other = Served("rtmanage: { listen: \"127.0.0.1:0\" }")
        words = password("rt-first"), password("rt-second")
        client = Client(other.ports["rtmanage"])
        # Nothing is set: nobody logs in, and no secret opens anything.
        self.assertEqual(client.login("admin", "admin123").status, 401)
        self.assertEqual(request(client.port, "GET", "/public-api/health", headers={"X-API-Secret": "my-api-secret-2025"}).status, 401)
        other.ok("door", "set", "rtmanage", "username", input="admin")
        other.ok("door", "set", "rtmanage", "username", input="boss")
        other.ok("door", "set", "rtmanage", "password", input=words[0])
        self.assertEqual(client.login("boss", words[0]).json["username"], "boss")
        client.good("/rts/list")
        other.ok("door", "set", "rtmanage", "password", input=words[1])
        self.assertEqual(client.bad("/rts/list", status=401), "认证失败：令牌无效或已过期")
        self.assertEqual(client.login("boss", words[0]).status, 401)
        self.assertEqual(client.login("boss", words[1]).status, 200)
        client.good("/rts/list")
        # The same key after a restart.
        other.stop()
        other.start()
        client.port = other.ports["rtmanage"]
        client.good("/rts/list")
        other.finish()

    def test_sample_values_are_refused(self):
        for field, value in (("password", "admin123"), ("api_secret", "my-api-secret-2025"), ("api_secret", "your-api-secret-here")):
            self.assertNotEqual(self.d.cli("door", "set", "rtmanage", field, input=value).code, 0)


class SettingsTest(Door):
    more = ("  public_api_prefix: /tokens\n  api_secret_is_admin: true\n  jwt_expire_hours: 1\n"
            "  cors: [\"https://page.example\"]\n")

    def test_the_api_secret_is_an_administrator_where_it_is_said(self):
        client = Client(self.port, token=self.api_secret)
        self.assertEqual(client.post("/user/info").json, {"success": True, "msg": "获取成功", "username": "api_user"})
        client.good("/rts/list")

    def test_hours_and_prefix(self):
        claims = payload(self.admin.token)
        self.assertEqual(claims["exp"] - claims["iat"], 3600)
        self.assertEqual(self.public.raw("GET", "/tokens/health").status, 200)
        self.assertEqual(self.public.raw("GET", "/public-api/health").status, 404)

    def test_cors_for_those_that_are_listed(self):
        reply = request(self.port, "OPTIONS", "/tokens/refresh", headers={"Origin": "https://page.example"})
        self.assertEqual(reply.header("Access-Control-Allow-Origin"), "https://page.example")
        self.assertEqual(reply.header("Access-Control-Allow-Credentials"), "true")
        self.assertIn("X-API-Secret", reply.header("Access-Control-Allow-Headers"))
        reply = request(self.port, "GET", "/health", headers={"Origin": "https://page.example"})
        self.assertEqual(reply.header("Access-Control-Allow-Origin"), "https://page.example")
        reply = request(self.port, "GET", "/health", headers={"Origin": "https://other.example"})
        self.assertIsNone(reply.header("Access-Control-Allow-Origin"))


class LockedTest(unittest.TestCase):
    def test_locked_is_503_in_each_shape(self):
        d = Served("rtmanage: { listen: \"127.0.0.1:0\" }")
        port = d.ports["rtmanage"]
        d.ok("lock")
        for path, keys in (("/internalweb/v1/rts/list", {"success", "msg"}), ("/api/auth/login", {"error"}), ("/public-api/refresh", {"success", "msg"})):
            reply = request(port, "POST", path, {}, {"Authorization": "Bearer x", "X-API-Secret": "x"})
            self.assertEqual((reply.status, set(reply.json)), (503, keys))
            self.assertTrue(reply.header("Retry-After"))
        self.assertEqual(request(port, "GET", "/health").status, 503)
        d.kill()


class ConfigurationTest(unittest.TestCase):
    def test_mistakes_are_named_with_their_line(self):
        for line, part in (("public_api_prefix: /health", "public_api_prefix"), ("public_api_prefix: api", "public_api_prefix"),
                           ("jwt_expire_hours: 0", "jwt_expire_hours"), ("cors: [\"page.example\"]", "cors"), ("secret: x", "unknown setting")):
            d = Served("rtmanage:\n  listen: \"127.0.0.1:0\"\n  %s" % line, start=False)
            done = run([binary("cofferd"), "--config", d.file, "--store", d.store, "--key-file", d.key, "--socket", d.socket, "--check-config"])
            self.assertEqual(done.code, 78)
            self.assertIn("coffer.yaml:4:", done.error)
            self.assertIn(part, done.error)


if __name__ == "__main__":
    unittest.main()
