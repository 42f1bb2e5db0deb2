"""RT-manage's refreshes, before a simulated upstream with rotating single-use tokens (compat/rtmanage.md 1.6 and 3)."""

import json
import threading
import time
import unittest

from harness import secret
from openai_upstream import REUSED
from rtmanage import CLIENT_ID, Door


class RefreshTest(Door):
    def refresh(self, row, **more):
        return self.admin.good("/rts/refresh", {"id": row["id"], **more}, msg="刷新成功")

    def dials(self):
        return len(self.up.dials)

    def test_a_refresh_rotates_and_keeps_one_generation(self):
        token = self.issue("rotate")
        row = self.admin.create(token, "rotate")
        fresh = self.refresh(row)
        self.admin.check(fresh)
        self.assertEqual((fresh["last_rt"], fresh["rt"]), (token, self.up.current["rotate"]))
        self.assertIn(fresh["at"], self.up.access)
        self.assertIsNotNone(fresh["last_refresh_time"])
        self.assertEqual((fresh["user_info"], fresh["email"]), ("", ""))
        body = self.up.dials[-1][1]
        self.assertEqual(body, {"client_id": CLIENT_ID, "grant_type": "refresh_token", "refresh_token": token,
                                "redirect_uri": "com.openai.chat://auth0.openai.com/ios/com.openai.chat/callback"})
        # The result is the upstream's, without its tokens.
        result = json.loads(fresh["refresh_result"])
        self.assertEqual((result["expires_in"], result["token_type"], result["scope"]), (864000, "Bearer", "openid profile"))
        for value in (fresh["rt"], fresh["at"], token, "eyJ"):
            self.assertNotIn(value, fresh["refresh_result"])
        again = self.refresh(row)
        self.assertEqual((again["last_rt"], self.up.dials_of(fresh["rt"])), (fresh["rt"], 1))

    def test_public_refresh_and_get_at(self):
        token = self.issue("public")
        self.admin.create(token, "user001")
        empty = self.public.find("/get-at", {"biz_id": "user001"})
        self.assertEqual(empty, {"success": True, "msg": "获取成功", "data": {
            "biz_id": "user001", "email": "", "access_token": "", "refresh_token": token, "type": "", "user_name": ""}})
        done = self.public.find("/refresh", {"biz_id": "user001"})
        self.assertEqual((done["success"], done["msg"], set(done["data"])), (True, "刷新成功", {
            "biz_id", "email", "access_token", "refresh_token", "type", "user_name"}))
        self.assertEqual(done["data"]["refresh_token"], self.up.current["public"])
        before = self.dials()
        self.assertEqual(self.public.find("/get-at", {"biz_id": "user001"})["data"], done["data"])
        self.assertEqual(self.dials(), before)
        # There is no "only if it has expired".
        self.public.find("/refresh", {"biz_id": "user001"})
        self.assertEqual(self.dials(), before + 1)

    def test_public_look_ups(self):
        both = {"success": False, "msg": "biz_id 和 email 至少提供一个"}
        missing = {"success": False, "msg": "RT不存在"}
        for path in ("/refresh", "/get-at"):
            self.assertEqual(self.public.find(path, {}, 400), both)
            self.assertEqual(self.public.find(path, {"biz_id": "", "email": ""}, 400), both)
            self.assertEqual(self.public.find(path, b"", 400)["msg"], "参数错误: EOF")
            self.assertIn("of type string", self.public.find(path, {"biz_id": 5}, 400)["msg"])
            self.assertEqual(self.public.find(path, {"biz_id": "nobody"}, 404), missing)
            self.assertEqual(self.public.find(path, {"email": "nobody@example.com"}, 404), missing)
        first = self.admin.create(self.issue("mail"), "mail-1")
        self.refresh(first, refresh_user_info=True)
        self.assertEqual(self.public.find("/get-at", {"email": "mail@example.com"})["data"]["biz_id"], "mail-1")
        # biz_id wins, without a second try by e-mail; case counts.
        self.assertEqual(self.public.find("/get-at", {"biz_id": "nobody", "email": "mail@example.com"}, 404), missing)
        self.assertEqual(self.public.find("/get-at", {"email": "MAIL@example.com"}, 404), missing)

    def test_user_and_account_info(self):
        row = self.admin.create(self.issue("info"), "info")
        for path, text in (("/rts/refresh-user-info", "AT为空，无法获取用户信息"), ("/rts/refresh-account-info", "AT为空，无法获取账号信息")):
            self.assertEqual(self.admin.bad(path, {"id": row["id"]}, status=500), text)
            self.assertEqual(self.admin.bad(path, {"id": 999999}, status=500), "RT不存在")
        fresh = self.refresh(row, refresh_user_info=True, refresh_account_info=True)
        self.assertEqual((fresh["email"], fresh["user_name"], fresh["type"]), ("info@example.com", "Name of info", "plus"))
        self.assertEqual(json.loads(fresh["user_info"])["id"], "user-1")
        self.assertEqual(json.loads(fresh["account_info"]), self.up.accounts)
        user = self.admin.good("/rts/refresh-user-info", {"id": row["id"]}, msg="刷新用户信息成功")
        self.assertEqual(user["email"], "info@example.com")
        self.admin.good("/rts/refresh-account-info", {"id": row["id"]}, msg="刷新账号信息成功")
        self.up.info_status = 403
        try:
            self.assertEqual(self.admin.bad("/rts/refresh-user-info", {"id": row["id"]}, status=500), "刷新用户信息失败: HTTP 403")
            self.assertEqual(self.admin.bad("/rts/refresh-account-info", {"id": row["id"]}, status=500), "刷新账号信息失败: HTTP 403")
            # Behind a refresh they change nothing.
            self.assertEqual(self.refresh(row, refresh_user_info=True, refresh_account_info=True)["email"], "info@example.com")
        finally:
            self.up.info_status = 200

    def test_a_used_token_is_refused_in_the_words_that_clients_match(self):
        token = self.issue("reused")
        row = self.admin.create(token, "reused")
        self.up.refresh_elsewhere = self.up.current["reused"] = "somebody else took it"
        inner = "刷新失败: refresh_token_reused: " + REUSED
        failed = self.public.find("/refresh", {"biz_id": "reused"}, 500)
        self.assertEqual((failed["success"], failed["msg"]), (False, "刷新失败: " + inner))
        self.assertEqual(json.loads(failed["data"]["refresh_result"])["error"]["code"], "refresh_token_reused")
        self.assertEqual(self.up.dials_of(token), 1)
        # It is over: nobody dials with it again, the answer stays.
        self.assertEqual(self.public.find("/refresh", {"biz_id": "reused"}, 500)["msg"], "刷新失败: " + inner)
        self.assertEqual(self.admin.bad("/rts/refresh", {"id": row["id"]}, status=500), "刷新失败: " + inner)
        self.assertEqual(self.up.dials_of(token), 1)
        row = self.admin.row(row["id"])
        self.assertEqual((row["rt"], row["last_rt"], row["last_refresh_time"]), (token, "", None))

    def test_other_refusals(self):
        for family, script, inner in (
                ("string", (401, {"error": "something_else", "error_description": "no"}), "刷新失败: HTTP 401: {"),
                ("noerror", (418, {"detail": "teapot"}), "刷新失败: : "),
                ("page", (503, b"<html>maintenance</html>"), "刷新失败: HTTP 503: <html>maintenance</html>"),
                ("html", "html", "解析响应失败: ")):
            token = self.issue(family)
            self.admin.create(token, family)
            self.up.script(script)
            failed = self.public.find("/refresh", {"biz_id": family}, 500)
            self.assertTrue(failed["msg"].startswith("刷新失败: " + inner), failed)
            self.assertNotIn(token, json.dumps(failed))
            # Whatever it was, the token is still there.
            self.assertEqual(self.public.find("/get-at", {"biz_id": family})["data"]["refresh_token"], token)

    def test_a_broken_answer_shows_no_token(self):
        token, fresh = self.issue("broken"), secret("rt_fresh_and_cut_off_%d" % self.port)
        row = self.admin.create(token, "broken")
        self.up.script((200, ('{"access_token":"%s","refresh_token":"%s","exp' % (secret("opaque-access-%d" % self.port), fresh)).encode()))
        failed = self.public.find("/refresh", {"biz_id": "broken"}, 500)
        self.assertEqual(failed["data"]["refresh_result"], '{"access_token":"***","refresh_token":"***","exp')
        self.assertNotIn(fresh, json.dumps(self.admin.row(row["id"])))
        self.assertEqual(self.admin.row(row["id"])["rt"], token)

    def test_what_is_no_text_takes_no_tokens_place(self):
        token = self.issue("number")
        row = self.admin.create(token, "number")
        self.up.script((200, {"access_token": 5, "refresh_token": 6}))
        self.assertTrue(self.public.find("/refresh", {"biz_id": "number"}, 500)["msg"].startswith("刷新失败: 解析响应失败: "))
        row = self.admin.row(row["id"])
        self.assertEqual((row["rt"], row["at"]), (token, ""))

    def test_an_answer_that_got_lost_is_a_persons_matter(self):
        token = self.issue("lost")
        row = self.admin.create(token, "lost")
        self.up.script("close")
        failed = self.public.find("/refresh", {"biz_id": "lost"}, 500)
        self.assertTrue(failed["msg"].startswith("刷新失败: 请求失败: Post \"https://auth.openai.com/oauth/token\": "), failed)
        for _ in range(3):
            self.assertTrue(self.public.find("/refresh", {"biz_id": "lost"}, 500)["msg"].startswith("刷新失败: "))
            self.admin.bad("/rts/refresh", {"id": row["id"]}, status=500)
        self.assertEqual(self.up.dials_of(token), 1)
        self.assertEqual(self.admin.row(row["id"])["rt"], token)

    def test_an_unknown_row(self):
        self.assertEqual(self.admin.bad("/rts/refresh", {"id": 999999}, status=500), "刷新失败: RT不存在")

    def test_an_answer_without_a_refresh_token_keeps_the_old_one(self):
        token = self.issue("keeps")
        row = self.admin.create(token, "keeps")
        self.up.script("no-refresh")
        self.assertEqual(self.refresh(row)["rt"], token)
        fresh = self.refresh(row)
        self.assertNotEqual(fresh["rt"], token)

    def test_short_tokens_are_tokens(self):
        row = self.admin.create(self.issue("short"), "short")
        self.up.script("short")
        self.assertTrue(self.refresh(row)["rt"].startswith("rt_s"))
        self.refresh(row)

    def test_a_proxy_that_is_down_is_never_gone_around(self):
        token = self.issue("proxy")
        row = self.admin.create(token, "proxy", proxy="http://127.0.0.1:9")
        failed = self.public.find("/refresh", {"biz_id": "proxy"}, 500)
        self.assertTrue(failed["msg"].startswith("刷新失败: 请求失败: "), failed)
        self.assertEqual(self.up.dials_of(token), 0)
        # Nothing was sent: once the proxy is gone it goes on.
        self.admin.good("/rts/update", {"id": row["id"], "updates": {"proxy": ""}})
        self.refresh(row)

    def test_disabled_rows_are_served(self):
        row = self.admin.create(self.issue("disabled"), "disabled", enabled=False)
        self.assertEqual(row["enabled"], False)
        self.refresh(row)
        self.assertEqual(self.public.find("/refresh", {"biz_id": "disabled"})["data"]["refresh_token"], self.up.current["disabled"])

    def test_many_at_once_dial_once(self):
        token = self.issue("once")
        self.admin.create(token, "once")
        self.up.script("hold")
        replies = []
        threads = [threading.Thread(target=lambda: replies.append(self.public.find("/refresh", {"biz_id": "once"}))) for _ in range(16)]
        self.up.released.clear()
        threads[0].start()
        self.assertTrue(self.up.entered.acquire(timeout=10))
        for thread in threads[1:]:
            thread.start()
        time.sleep(0.5)                        # the others have asked by now; those that have not dial themselves
        self.up.released.set()
        for thread in threads:
            thread.join(20)
        self.assertEqual(len(replies), 16)
        self.assertEqual(self.up.dials_of(token), 1)
        of_the_family = {value for value, _ in self.up.dials if self.up.family.get(value) == "once"}
        self.assertTrue(all(self.up.dials_of(value) == 1 for value in of_the_family))
        self.assertIsNotNone(self.up.current["once"])

    def test_batch_refresh(self):
        good = [self.admin.create(self.issue("many%d" % i), "many-%d" % i) for i in range(3)]
        bad = self.admin.create(self.issue("manybad"), "many-bad")
        self.up.current["manybad"] = "taken"
        ids = [bad["id"], good[2]["id"], good[0]["id"], 999999, good[0]["id"]]
        data = self.admin.good("/rts/batch-refresh", {"ids": ids}, msg="批量刷新完成")
        self.assertEqual((data["total_count"], data["success_count"], data["fail_count"]), (5, 2, 1))
        self.assertEqual([(r["rt_name"], r["success"]) for r in data["results"]], [("many-0", True), ("many-2", True), ("many-bad", False)])
        self.assertEqual(data["results"][0]["message"], "刷新成功")
        self.assertEqual(data["results"][2]["message"], "刷新失败: refresh_token_reused: " + REUSED)
        self.assertEqual(self.admin.row(good[0]["id"])["user_info"], "")
        self.assertEqual(self.admin.good("/rts/batch-refresh", {"ids": []}),
                         {"total_count": 0, "success_count": 0, "fail_count": 0, "results": []})

    def test_the_log_says_that_tokens_were_shown_and_not_which(self):
        self.admin.create(self.issue("shown"), "shown")
        self.admin.list(biz_id="shown")
        self.assertIn("tokens shown", self.d.log_text())
        # What must not be there, `finish` looks for.


class ScheduleTest(Door):
    def configs(self):
        return self.admin.good("/configs/get-system")["configs"]

    def save(self, **configs):
        self.admin.good("/configs/save-system", {"configs": configs}, msg="保存成功")

    def wait_for(self, what, seconds=20):
        end = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), end, "it did not happen")
            time.sleep(0.05)

    def test_switching_on_runs_at_once_and_only_what_is_enabled(self):
        on, off = self.issue("on"), self.issue("off")
        self.admin.create(on, "on", enabled=True)
        self.admin.create(off, "off", enabled=False)
        self.save(auto_refresh_enabled="true", auto_refresh_interval="3", proxy_list="[]", client_id_list="[]")
        self.wait_for(lambda: self.up.dials_of(on) == 1)
        self.assertEqual(self.configs()["auto_refresh_enabled"], "true")
        self.assertEqual(self.configs()["auto_refresh_interval"], "3")
        # A partial save leaves the schedule on.
        self.save(theme="dark")
        self.assertEqual(self.configs()["auto_refresh_enabled"], "true")
        self.save(auto_refresh_enabled="false")
        self.assertEqual(self.configs()["auto_refresh_enabled"], "false")
        self.assertEqual(self.up.dials_of(off), 0)


if __name__ == "__main__":
    unittest.main()
