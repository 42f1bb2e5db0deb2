"""In which order a key is refused at the new-api door, and in which words (compat/newapi.md 3; decisions 12)."""

from newapi import *

ENGLISH = {"Accept-Language": "en"}


def source(address):
    return {"X-Forwarded-For": address}


class Refusing(Keys):
    def test_no_key_and_unknown_keys(self):
        _, key = self.made()
        _, coffer = self.d.api_key(self.n, "--owner", "ada", "--unlimited")
        _, ragflow = self.d.api_key(self.n, "--owner", "ada", "--unlimited", "--form", "ragflow")
        for path in GATEWAY:
            self.refused(path, None, 401, self.no_key)
        for path in READING:
            self.denied(path, None, 401, "未提供令牌")
            self.denied(path, None, 401, "Token not provided", headers=ENGLISH)
        bad = ["x", key[:-1], key + "x", key.swapcase(), "sk-" + key, self.ada.pat, coffer, ragflow, key + "%00", " ".join(key),
               "x" * 9000, "NaN", "-", "--", key[:24]]
        for text in bad:
            for path in GATEWAY[:2]:
                self.refused(path, text, 401, "无效的令牌")
                self.refused(path, text, 401, "Invalid token", headers=ENGLISH)
            for path in READING:
                self.denied(path, text, 401, "无效的令牌")
        for header in ("Basic " + key, "Token " + key, "Digest sk-" + key):
            for path in READING + GATEWAY:
                self.assertEqual(self.gateway(path, headers={"Authorization": header}).status, 401, header)
        for path in READING[:2]:
            self.denied(path, key, 401, "Invalid Bearer token", prefix="")

    def test_a_channel_behind_the_key(self):
        _, key = self.made()
        for text in (key + "-1", key + "-", key + "-1-2"):
            self.refused("/v1/models", text, 403, "普通用户不支持指定渠道")
            self.assertEqual(self.usage(text)["name"], self.n)
        self.d.user("root2", "admin")
        _, key = self.d.api_key(self.n, "--owner", "root2", "--form", "sk", "--unlimited")
        self.assertEqual(self.gateway("/v1/models", key.removeprefix("sk-") + "-1").status, 200)

    def test_disabled_expired_exhausted(self):
        token, key = self.made(remain_quota=10, unlimited_quota=False)
        self.ada.good("PUT", "/api/token/?status_only=true", {"id": token["id"], "status": 2})
        for path in GATEWAY:
            self.refused(path, key, 401, "无效的令牌")
        for path in READING:
            self.denied(path, key, 401, "该令牌状态不可用")
        self.ada.good("PUT", "/api/token/?status_only=true", {"id": token["id"], "status": 1})
        # Expired: unusable, and may be asked about.
        self.ada.good("PUT", "/api/token/", {"id": token["id"], "expired_time": 1000000000})
        for path in GATEWAY:
            self.refused(path, key, 401, "无效的令牌")
        self.assertEqual(self.usage(key)["expires_at"], 1000000000)
        status = self.ada.show(token["id"])["status"]
        self.assertIn(status, (1, 3))
        if status == 3:
            for path in ("/api/token/?status_only=true", "/api/token/"):
                self.assertEqual(self.ada.bad("PUT", path, {"id": token["id"], "status": 1, "expired_time": -1}),
                                 "令牌已过期，无法启用，请先修改令牌过期时间，或者设置为永不过期")
            self.assertTrue(self.ada.bad("PUT", "/api/token/", {"id": token["id"], "status": 1},
                                         headers=ENGLISH).startswith("Token has expired"))
        self.ada.good("PUT", "/api/token/", {"id": token["id"], "expired_time": -1})
        self.ada.good("PUT", "/api/token/?status_only=true", {"id": token["id"], "status": 1})
        self.assertEqual(self.gateway("/v1/models", key).status, 200)
        # Exhausted likewise.
        self.charge(key, token, 10, self.n)
        for path in GATEWAY:
            self.refused(path, key, 401, "无效的令牌")
        self.assertEqual(self.usage(key)["total_available"], 0)
        status = self.ada.show(token["id"])["status"]
        self.assertIn(status, (1, 4))
        if status == 4:
            self.assertEqual(self.ada.bad("PUT", "/api/token/?status_only=true", {"id": token["id"], "status": 1}),
                             "令牌可用额度已用尽，无法启用，请先修改令牌剩余额度，或者设置为无限额度")
        self.ada.good("PUT", "/api/token/", {"id": token["id"], "remain_quota": 5})
        self.ada.good("PUT", "/api/token/?status_only=true", {"id": token["id"], "status": 1})
        self.assertEqual(self.gateway("/v1/models", key).status, 200)

    def test_addresses(self):
        token, key = self.made(allow_ips="203.0.113.7\n10.1.0.0/16,2001:db8::/32")
        for address in ("203.0.113.7", "10.1.255.255", "2001:db8::1", "::ffff:10.1.2.3"):
            for path in GATEWAY[:2] + READING:
                self.assertEqual(self.gateway(path, key, headers=source(address)).status, 200, address)
        for address in ("203.0.113.8", "10.2.0.1", "2001:db9::1", "127.0.0.1", "::1", "203.0.113.7, 198.51.100.1", "garbage",
                        "203.0.113.7 garbage"):
            for path in GATEWAY:
                self.refused(path, key, 403, "您的 IP 不在令牌允许访问的列表中", headers=source(address), code="access_denied")
            for path in READING:
                self.assertEqual(self.gateway(path, key, headers=source(address)).status, 403)
        self.assertEqual(self.gateway("/v1/models", key).status, 403)
        # What the client itself put in front is not believed; the proxy adds behind it.
        self.assertEqual(self.gateway("/v1/models", key, headers=source("203.0.113.7, 192.0.2.1")).status, 403)
        self.assertEqual(self.gateway("/v1/models", key, headers=source("192.0.2.1, 203.0.113.7")).status, 200)
        for header in ("X-Real-IP", "Forwarded", "CF-Connecting-IP", "X-Client-IP", "True-Client-IP"):
            self.assertEqual(self.gateway("/v1/models", key, headers={header: "203.0.113.7"}).status, 403)

    def test_the_address_goes_before_the_state(self):
        token, key = self.made(allow_ips="203.0.113.7", expired_time=1000000000, remain_quota=0, unlimited_quota=False)
        inside, outside = source("203.0.113.7"), source("192.0.2.1")
        before = self.ada.show(token["id"])
        self.refused("/v1/models", key, 403, "您的 IP 不在令牌允许访问的列表中", headers=outside, code="access_denied")
        self.assertEqual(self.ada.show(token["id"]), before)
        self.refused("/v1/models", key, 401, "无效的令牌", headers=inside)
        self.ada.good("PUT", "/api/token/?status_only=true", {"id": token["id"], "status": 2})
        self.refused("/v1/models", key, 403, "您的 IP 不在令牌允许访问的列表中", headers=outside, code="access_denied")
        # Nothing of a key is told to who may not use it.
        for path in READING:
            self.assertEqual(self.gateway(path, key, headers=outside).status, 403)

    def test_owner_and_group(self):
        eve = self.fresh("eve")
        token = eve.create(self.n, group="vip")
        key = eve.reveal(token["id"])
        self.assertEqual(self.gateway("/v1/models", key).status, 200)
        self.d.ok("user", "disable", "eve")
        for path in GATEWAY:
            self.refused(path, key, 403, "用户已被封禁")
        self.refused("/v1/models", key, 403, "User has been banned", headers=ENGLISH)
        for path in READING:
            self.denied(path, key, 403, "用户已被封禁")
        self.d.ok("user", "enable", "eve")
        _, other = self.made(self.n + " x", group="no such group")
        self.refused("/v1/models", other, 403, "无权访问 no such group 分组")
        eve.good("PUT", "/api/token/", {"id": token["id"], "group": ""})
        self.assertEqual(self.gateway("/v1/models", key).status, 200)
        eve.good("DELETE", "/api/token/%d/" % token["id"])
        self.refused("/v1/models", key, 401, "无效的令牌")
        self.denied("/api/usage/token", key, 401, "无效的令牌")


class Document(Refusing, Door):
    no_key = "未提供令牌"


class Current(Refusing, Door):
    profile, no_key = "current", "无效的令牌"


del Keys, Refusing
