"""Whole visits of the web pages of three generations of new-api, with the headers, cookies and bodies that they send."""

import random
import string

from newapi import *


class Flows(Door):
    """The pages of 2025 log in with a cookie and name the user in each request; they speak to the published document."""

    def page(self):
        page = Client(self.port, headers={"Accept": "application/json, text/plain, */*", "Cache-Control": "no-store",
                                          "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors",
                                          "User-Agent": "Mozilla/5.0", "Accept-Encoding": "identity"})
        page.user_id = -1                       # what the pages send before anybody has logged in
        return page

    def logged_in(self):
        page = self.page()
        page.user_id = page.login("ada", self.word)["id"]
        return page

    def test_classic_pages_of_2025(self):
        page = self.page()
        page.good("GET", "/api/status")
        page = self.logged_in()
        self.assertEqual(page.good("GET", "/api/user/self")["id"], page.user_id)
        groups = page.good("GET", "/api/user/self/groups")
        self.assertTrue(all("desc" in group and "ratio" in group for group in groups.values()))
        page.good("GET", "/api/user/models")
        # "Create 3": a loop with a random end behind each name.
        for _ in range(3):
            end = "".join(random.choices(string.ascii_letters + string.digits, k=6))
            self.assertEqual(page("POST", "/api/token/", {
                "name": "e1-" + end, "remain_quota": 500000, "expired_time": 4102416000, "unlimited_quota": False,
                "model_limits_enabled": True,
                "model_limits": "gpt-4o,claude-3", "allow_ips": "", "group": "", "tokenCount": 3,
            }).json, {"success": True, "message": ""})
        listed = page.good("GET", "/api/token/?p=1&size=10")
        self.assertEqual(listed["total"], len(listed["items"]))
        found = page.good("GET", "/api/token/search?keyword=e1-&token=")
        self.assertEqual(len(found), 3)
        token = found[0]
        self.assertEqual(page.good("GET", "/api/token/search?keyword=&token=sk-" + secret(token["key"])), [token])
        # The dialog: loads one, splits its models, joins them, and sends everything back.
        loaded = page.good("GET", "/api/token/%d" % token["id"])
        models = loaded["model_limits"].split(",")
        saved = page.good("PUT", "/api/token/", dict(
            loaded, id=token["id"], name="e1 renamed", remain_quota=600000, expired_time=-1,
            model_limits=",".join(models + ["gpt-4o-mini"]),
            model_limits_enabled=True, tokenCount=1))
        self.assertEqual((saved["name"], saved["remain_quota"], saved["expired_time"]), ("e1 renamed", 600000, -1))
        self.assertEqual(saved["model_limits"], "gpt-4o,claude-3,gpt-4o-mini")
        for status in (2, 1):
            self.assertEqual(page.good("PUT", "/api/token/?status_only=true", {"id": token["id"], "status": status})["status"], status)
        self.assertEqual(self.usage(token["key"])["total_available"], 600000)
        page.good("DELETE", "/api/token/%d/" % token["id"])
        rest = [t["id"] for t in page.good("GET", "/api/token/search?keyword=e1-")]
        self.assertEqual(page.good("POST", "/api/token/batch", {"ids": rest}), 2)
        self.assertEqual(page.good("GET", "/api/token/search?keyword=e1-&token="), [])
        # "Make an access token" in the user's settings.
        pat = secret(page.good("GET", "/api/user/token"))
        type(self).ada.pat = pat
        page.good("GET", "/api/user/logout")
        page.bad("GET", "/api/token/?p=1&size=10", status=401)

    def test_a_page_that_nobody_has_logged_in_at(self):
        page = self.page()
        for path in ("/api/user/self", "/api/token/?p=1&size=10", "/api/user/models"):
            page.bad("GET", path, status=401)

    def test_a_third_party_that_counts_pages_from_zero(self):
        for i in range(3):
            self.ada.create("zero %d" % i)
        seen, page = [], 0
        while True:
            data = self.ada.good("GET", "/api/token/?p=%d&size=2" % page)
            if data["page"] == 1 and page == 0:
                page = 1                        # the door counts from one, which such clients see by this
            if not data["items"]:
                break
            seen += [t["id"] for t in data["items"]]
            page += 1
        self.assertEqual(len(seen), len(set(seen)))
        self.assertEqual(sorted(seen), sorted(t["id"] for t in self.ada.everything()))


class Newest(Flows):
    """The pages of July 2026 show masked keys; those of August keep a login token in memory and renew it by a cookie."""
    profile = "current"

    def test_classic_pages_of_2025(self):
        """Here the pages of July."""
        page = self.logged_in()
        page.good("POST", "/api/token/", {"name": "e2", "remain_quota": 0, "expired_time": -1, "unlimited_quota": True, "model_limits": "",
                                          "model_limits_enabled": False, "allow_ips": "", "group": "auto", "cross_group_retry": True})
        token = page.good("GET", "/api/token/search?keyword=e2&token=&p=1&size=10")["items"][0]
        self.assertIs(token["cross_group_retry"], True)
        self.assertIn("*" * 10, token["key"])
        key = page.reveal(token["id"])
        self.assertEqual(token["key"], masked(key))
        self.assertEqual(page.good("POST", "/api/token/batch/keys", {"ids": [token["id"]]})["keys"], {str(token["id"]): key})
        self.assertEqual(page.good("PUT", "/api/token/", dict(token, name="e2 renamed")), dict(token, name="e2 renamed"))
        # The masked key that was sent back is not the key now.
        self.assertEqual(page.reveal(token["id"]), key)
        self.assertEqual(self.gateway("/v1/models", key).status, 200)
        page.good("DELETE", "/api/token/%d/" % token["id"])

    def test_pages_with_a_login_token(self):
        page = Client(self.port, headers={"Sec-Fetch-Site": "same-origin"})
        data = page.login("ada", self.word)
        jar = {"new_api_refresh": page.cookies["new_api_refresh"]}
        api = Client(self.port, pat=data["access_token"], headers={"Sec-Fetch-Site": "same-origin"})
        self.assertEqual(api.good("GET", "/api/user/self")["id"], data["user"]["id"])
        self.assertEqual(api.good("GET", "/api/token/auto-groups")["max_count"], 5)
        token = api.create("e3", group="auto", auto_groups=["default"], cross_group_retry=True)
        self.assertEqual(token["auto_groups"], ["default"])
        self.assertEqual(api.good("PUT", "/api/token/", dict(token, auto_groups=[]))["auto_groups"], None)
        # A token that no longer holds: 401, renewed by the cookie, and once more.
        api.pat = data["access_token"][:-3] + "abc"
        self.assertEqual(api("GET", "/api/token/?p=1&size=10").status, 401)
        fresh = Client(self.port, cookies=jar, headers={"Sec-Fetch-Site": "same-origin"})("POST", "/api/user/auth/refresh")
        self.assertEqual(fresh.status, 200)
        api.pat = secret(fresh.json["data"]["access_token"])
        api.good("DELETE", "/api/token/%d/" % token["id"])
        api.good("GET", "/api/user/logout")
        reply = Client(self.port, cookies=jar)("POST", "/api/user/auth/refresh")
        self.assertEqual((reply.status, reply.json["success"]), (401, False))


class Language(Door):
    def test_what_the_header_asks_for(self):
        chinese, english = "无权进行此操作，access token 无效", "Unauthorized, invalid access token"
        no_one = Client(self.port, pat="nobody's")
        for header, text in (
            (None, chinese), ("", chinese), ("fr", chinese), ("zh-CN,zh;q=0.9,en;q=0.8", chinese), ("en", english), ("en-GB", english),
            ("EN-us", english), ("de, en;q=0.5", english), ("en;q=0.1, zh;q=0.9", chinese), ("zh;q=0.1, en;q=0.9", english),
            ("en;q=0", chinese),
            ("en;q=NaN", chinese), ("en;q=-1", chinese), ("," * 5000, chinese), ("x" * 5000, chinese), ("zh-TW", None),
        ):
            found = no_one.bad("GET", "/api/token/", status=401, headers={} if header is None else {"Accept-Language": header})
            if text:
                self.assertEqual(found, text, header and header[:40])
