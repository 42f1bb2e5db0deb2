"""What a key asks about itself at the new-api door (compat/newapi.md 1.13)."""

import time

from newapi import *


class Reading(Keys):
    def test_usage(self):
        token, key = self.made(remain_quota=1000000, unlimited_quota=False, model_limits="gpt-4o,claude-3", model_limits_enabled=True)
        expected = {"object": "token_usage", "name": self.n, "total_granted": 1000000, "total_used": 0, "total_available": 1000000,
                    "unlimited_quota": False, "model_limits": {"gpt-4o": True, "claude-3": True}, "model_limits_enabled": True,
                    "expires_at": 0}
        reply = self.gateway("/api/usage/token/", key)
        self.assertEqual(reply.json, {"code": True, "message": "ok", "data": expected})
        self.assertEqual(reply.header("Access-Control-Allow-Origin"), "*")
        self.assertIsNone(reply.header("Access-Control-Allow-Credentials"))
        self.charge(key, token, 12345, self.n)
        expected.update(total_used=12345, total_available=987655)
        self.assertEqual(self.usage(key), expected)
        self.assertEqual(self.gateway("/api/usage/token", key).json["data"], expected)
        shown = self.ada.show(token["id"])
        self.assertEqual((shown["remain_quota"], shown["used_quota"]), (987655, 12345))
        end = int(time.time()) + 1000
        self.ada.good("PUT", "/api/token/", {"id": token["id"], "expired_time": end, "model_limits": "", "model_limits_enabled": False})
        data = self.usage(key)
        self.assertEqual((data["expires_at"], data["model_limits"], data["model_limits_enabled"]), (end, {}, False))
        # A change of the token does not undo what was charged meanwhile.
        self.assertEqual((data["total_used"], data["total_available"]), (12345, 987655))

    def test_billing(self):
        token, key = self.made(remain_quota=1000000, unlimited_quota=False)
        self.charge(key, token, 250000, self.n)
        for path in GATEWAY[1:3]:
            reply = self.gateway(path, key)
            self.assertEqual((reply.status, reply.json), (200, {
                "object": "billing_subscription", "has_payment_method": True, "soft_limit_usd": 2, "hard_limit_usd": 2,
                "system_hard_limit_usd": 2, "access_until": 0}))
        for path in GATEWAY[3:]:
            self.assertEqual(self.gateway(path, key).json, {"object": "list", "total_usage": 50})
        end = int(time.time()) + 1000
        token, key = self.made(self.n + " u", expired_time=end)
        data = self.gateway(GATEWAY[1], key).json
        self.assertEqual((data["hard_limit_usd"], data["access_until"]), (100000000, end))

    def test_log(self):
        token, key = self.made(remain_quota=1000000, unlimited_quota=False)
        self.assertEqual(self.gateway("/api/log/token", key).json, {"success": True, "message": "", "data": []})
        for i in range(3):
            self.charge(key, token, i + 1, "%s-%d" % (self.n, i), "--model", "gpt-4o", "--input-tokens", "5", "--output-tokens", "6")
        lines = self.gateway("/api/log/token", key).json["data"]
        self.assertEqual([line["quota"] for line in lines], [3, 2, 1])
        self.assertEqual({(line["model_name"], line["prompt_tokens"], line["completion_tokens"], line["token_name"]) for line in lines},
                         {("gpt-4o", 5, 6, self.n)})
        self.assertEqual(self.gateway("/api/log/token?key=sk-" + key).status, 401)

    def test_models(self):
        def models(key, **options):
            reply = self.gateway("/v1/models", key, **options)
            self.assertEqual((reply.status, reply.json["object"]), (200, "list"))
            return [model["id"] for model in reply.json["data"]]
        _, key = self.made()
        self.assertEqual(models(key), ["gpt-4o", "gpt-4o-mini", "claude-3"])
        _, limited = self.made(self.n + " l", model_limits="claude-3,none", model_limits_enabled=True)
        self.assertEqual(models(limited), ["claude-3"])
        _, off = self.made(self.n + " o", model_limits="claude-3", model_limits_enabled=False)
        self.assertEqual(len(models(off)), 3)
        _, nothing = self.made(self.n + " n", model_limits="", model_limits_enabled=True)
        self.assertEqual(models(nothing), [])
        for headers in ({"x-api-key": "sk-" + key}, {"X-API-Key": key}, {"mj-api-secret": key},
                        {"Authorization": "midjourney-proxy", "mj-api-secret": key},
                        {"Authorization": key}, {"Authorization": "sk-" + key}, {"Authorization": "bearer sk-" + key},
                        {"Authorization": "Bearer " + key}):
            self.assertEqual(len(models(None, headers=headers)), 3, headers)
        self.assertEqual(self.gateway(GATEWAY[1], headers={"x-api-key": key}).status, 401)

    def test_a_wallet_limits_nothing_that_is_only_read(self):
        poor = self.fresh("poor", "--wallet", "0")
        token = poor.create(self.n)
        key = poor.reveal(token["id"])
        self.assertEqual(self.gateway(GATEWAY[1], key).status, 200)
        me = poor.good("GET", "/api/user/self")
        self.assertEqual((me["quota"], me["used_quota"]), (0, 0))

    def test_other_origins(self):
        for path in READING:
            reply = self.gateway(path, headers={"Origin": "https://page.example", "Access-Control-Request-Method": "GET"})
            self.assertEqual(reply.header("Access-Control-Allow-Origin"), "*")
            reply = request(self.port, "OPTIONS", path, headers={"Origin": "https://page.example", "Access-Control-Request-Method": "GET",
                                                                 "Access-Control-Request-Headers": "authorization"})
            self.assertIn(reply.status, (200, 204))
            self.assertEqual(reply.header("Access-Control-Allow-Origin"), "*")
            self.assertIn("authorization", reply.header("Access-Control-Allow-Headers").lower())
            self.assertIsNone(reply.header("Access-Control-Allow-Credentials"))
        self.assertIsNone(self.gateway("/v1/models").header("Access-Control-Allow-Credentials"))

    def test_other_methods(self):
        _, key = self.made()
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            for path in GATEWAY + READING:
                reply = request(self.port, method, path, b"{}", {"Authorization": "Bearer sk-" + key})
                self.assertEqual((reply.status, reply.json["error"]["type"]), (404, "invalid_request_error"))


class Document(Reading, Door):
    pass


class Current(Reading, Door):
    profile = "current"


del Keys, Reading
