"""TokensTool's door: tokens, and what it asks its proxy for because of them (compat/tokenstool.md 1.3, 2.1, 3 and 7.1)."""

import re
import urllib.parse

from harness import password, secret
from pandora_upstream import jwt
from tokenstool import MASK, NOT_MADE, SWITCHED_OFF, TokensToolCase

ADDED, EDITED = "添加成功！", "修改成功！"
SHARE = re.compile(r"\Afk-[0-9A-Za-z_-]{43}\Z")
GENERATE_FAILED = "生成access_token和share_token失败,请请确保填写token为session或refresh_token！"
REFRESH_FAILED = "刷新失败,请尝重新刷新或检查proxy的url填写是否正确！"


class AddTests(TokensToolCase):
    def tearDown(self):
        for row in self.client.tokens().values():
            self.client.good("PUT", "/api/deleteToken", row)

    def test_with_a_session(self):
        session = self.token("plain", shared=True, auto_shared=True, show_user_info=True, plus=True)
        row = self.client.tokens()["plain"]
        self.assertEqual((row["token"], row["username"], row["userPassword"], row["password"]), (session, "plain@example.org", "", ""))
        self.assertEqual([row[k] for k in ("shared", "auto_shared", "show_user_info", "plus", "setPoolToken", "useRefreshToken", "checkSession")],
                         [True, True, True, True, True, False, True])
        self.assertRegex(row["share_token"], SHARE)
        self.assertEqual(self.pandora.kinds, ["session", "register"])
        self.assertEqual(self.pandora.asked("session"), [{"session_token": session}])
        self.assertEqual(self.pandora.asked("register"), [{
            "unique_name": "plain", "access_token": row["access_token"], "expires_in": "0", "show_conversations": "false",
            "show_userinfo": "true"}])
        # The proxy was told behind it.
        self.assertEqual(len(self.pandora.asked("reload")), 1)

    def test_by_logging_in(self):
        for name, is_refresh, dials in (("login", False, ["login", "session", "register"]), ("login2", True, ["login2", "refresh", "register"])):
            user, word = self.user(name)
            self.pandora.forget()
            answer = self.client.add(name, username=user, userPassword=word, useRefreshToken=is_refresh)
            self.assertEqual(answer, {"code": 1, "msg": "success", "data": ADDED})
            self.assertEqual(self.pandora.kinds, dials)
            self.assertEqual(self.pandora.asked(dials[0]), [{"username": user, "password": word}])
            row = self.client.tokens()[name]
            secret(row["token"])
            self.assertEqual((row["userPassword"], row["useRefreshToken"]), (MASK, is_refresh))
        self.assertTrue(self.client.tokens()["login"]["token"].startswith("eyJhb"))
        self.assertTrue(self.client.tokens()["login2"]["token"].startswith("rt-"))

    def test_for_the_web_alone(self):
        user, word = self.user("web")
        self.assertEqual(self.client.add("web", user + "," + word, user, word, setPoolToken=False, password=password("web0door"))["data"], ADDED)
        row = self.client.tokens()["web"]
        self.assertEqual((row["token"], row["userPassword"], row["password"]), (user + "," + MASK, MASK, MASK))
        self.assertEqual((row["access_token"], row["share_token"], row["setPoolToken"]), (NOT_MADE, NOT_MADE, False))
        self.assertEqual(self.pandora.kinds, [])

    def test_what_does_not_prove_good_is_not_stored(self):
        user, word = self.user("bad")
        cases = [
            (dict(username=user, userPassword="wrong-word-1"), "添加失败,检查你的账号密码是否正确或刷新token网址有误！"),
            (dict(username="", userPassword=""), "添加失败,检查你的账号密码是否正确或刷新token网址有误！"),
            (dict(token=secret(jwt("nobody", 999, 300))), "添加失败！请确保自己填写的token为正确的session_token"),
            (dict(token="rt-nothing-at-all", useRefreshToken=True), "添加失败！请确保自己填写的token为正确的refresh_token"),
        ]
        for fields, text in cases:
            self.assertEqual(self.client.add("bad", **fields), {"code": 0, "msg": text, "data": None})
        for name in (None, "", "x" * 256, "line\nfeed", "nul\0"):
            self.assertEqual(self.client.add(name, token="a,b", setPoolToken=False)["msg"], "添加失败！", name)
        self.assertEqual(self.client.add("big", token="x" * 65537, setPoolToken=False)["msg"], "添加失败！")
        self.assertEqual(self.client.tokens(), {})

    def test_a_failed_share_does_not_stop_it(self):
        user, _ = self.user("noshare")
        self.pandora.fail("register", 500)
        self.assertEqual(self.client.add("noshare", secret(self.pandora.session(user)))["data"], ADDED)
        row = self.client.tokens()["noshare"]
        self.assertTrue(row["access_token"].startswith("eyJhb"))
        self.assertEqual(row["share_token"], NOT_MADE)

    def test_a_name_keeps_its_place_and_is_replaced(self):
        for name in ("one", "two", "three"):
            self.token(name)
        before = self.client.tokens()
        user, _ = self.user("other")
        self.pandora.forget()
        session = secret(self.pandora.session(user))
        self.assertEqual(self.client.add("two", session)["data"], ADDED)
        after = self.client.tokens()
        self.assertEqual(list(after), ["one", "two", "three"])
        self.assertEqual((after["two"]["token"], after["two"]["username"]), (session, ""))
        self.assertNotEqual(after["two"]["share_token"], before["two"]["share_token"])
        # The share token of the other account was taken back (Q17).
        self.assertEqual(self.pandora.kinds, ["session", "register", "register"])
        self.assertEqual(self.pandora.asked("register")[-1]["expires_in"], "-1")
        self.assertEqual(self.pandora.asked("register")[-1]["access_token"], before["two"]["access_token"])

    def test_a_hostile_name_is_one_field(self):
        for name in ("x&expires_in=-1", "名字 with blank", "a/b", "%2e", "'; drop", "<b>"):
            session = self.token(name)
            self.assertEqual(self.pandora.asked("register")[-1]["unique_name"], name)
            self.assertEqual(self.pandora.asked("register")[-1]["expires_in"], "0")
            rows = self.client.tokens(urllib.parse.quote(name))
            self.assertEqual(rows[name]["token"], session)

    def test_names_are_looked_for_in_part(self):
        for name in ("Alpha", "alphabet", "beta"):
            self.client.add(name, "t,p", setPoolToken=False)
        self.assertEqual(list(self.client.tokens("alpha")), ["alphabet"])
        self.assertEqual(list(self.client.tokens("a")), ["Alpha", "alphabet", "beta"])
        self.assertEqual(list(self.client.tokens("nothing")), [])

    def test_scalars_are_taken_in_other_forms(self):
        self.assertEqual(self.client.raw("POST", "/api/addToken", {"name": 17, "token": "a,b", "setPoolToken": "false", "shared": 1,
                                                                   "plus": None, "unknown": {"x": 1}}).json["data"], ADDED)
        row = self.client.tokens()["17"]
        self.assertEqual((row["shared"], row["plus"], row["auto_shared"]), (True, False, True))

    def test_another_providers_credential_is_no_token(self):
        self.daemon.ok("credential", "create", "foreign", "--provider", "oauth2", "--param", "token_url=http://127.0.0.1:9/t")
        self.assertEqual(self.client.add("foreign", "a,b", setPoolToken=False)["msg"], "添加失败！")
        self.assertEqual(self.client.tokens(), {})
        self.assertEqual(self.client.bad("PUT", "/api/deleteToken", {"name": "foreign"}), "token未找到！")


class EditTests(TokensToolCase):
    def tearDown(self):
        for row in self.client.tokens().values():
            self.client.good("PUT", "/api/deleteToken", row)

    def edit(self, row, **fields):
        return self.client.raw("POST", "/api/requiredToken", dict(row, **fields)).json

    def test_what_was_shown_sent_back_changes_nothing(self):
        self.token("same", userPassword=secret("Kept0Password"), password=secret("Door0Password"))
        user, word = self.user("samewb")
        self.client.add("web", user + "," + word, user, word, setPoolToken=False)
        before = self.client.tokens()
        self.pandora.forget()
        for name in before:
            self.assertEqual(self.edit(before[name])["data"], EDITED)
        self.assertEqual(self.client.tokens(), before)
        self.assertEqual(self.pandora.kinds, [])
        # The mask was not stored: the login behind it still works.
        self.assertEqual(self.client.good("POST", "/api/updateSessionToken", self.client.tokens()["web"]), "刷新成功！")
        self.assertEqual(self.pandora.asked("login"), [{"username": user, "password": word}])

    def test_flags(self):
        self.token("flags")
        row = self.client.tokens()["flags"]
        self.pandora.forget()
        self.assertEqual(self.edit(row, shared=True, auto_shared=True, plus=True, show_user_info=True)["data"], EDITED)
        self.assertEqual(self.client.tokens()["flags"], dict(row, shared=True, auto_shared=True, plus=True, show_user_info=True))
        self.assertEqual(self.pandora.kinds, [])
        self.assertEqual(len(self.pandora.asked("reload")), 1)

    def test_unknown(self):
        self.assertEqual(self.client.bad("POST", "/api/requiredToken", {"name": "nobody"}), "节点未找到或不是对象！")
        self.assertEqual(self.client.bad("POST", "/api/requiredToken", {}), "节点未找到或不是对象！")
        # Also behind a failure the proxy is told.
        self.assertEqual(len(self.pandora.asked("reload")), 2)

    def test_from_the_api_to_the_web(self):
        self.token("down", userPassword=secret("Switch0Password"))
        row = self.client.tokens()["down"]
        self.pandora.forget()
        self.assertEqual(self.edit(row, setPoolToken=False)["data"], EDITED)
        after = self.client.tokens()["down"]
        self.assertEqual((after["token"], after["access_token"], after["share_token"], after["setPoolToken"]),
                         ("down@example.org," + MASK, SWITCHED_OFF, SWITCHED_OFF, False))
        self.assertEqual(self.pandora.kinds, [])

    def test_from_the_web_to_the_api(self):
        user, word = self.user("up")
        self.client.add("up", user + "," + word, user, word, setPoolToken=False)
        row = self.client.tokens()["up"]
        self.assertEqual(self.edit(row, setPoolToken=True)["data"], EDITED)
        # Once, not twice (Q18).
        self.assertEqual(self.pandora.kinds, ["login", "session", "register"])
        after = self.client.tokens()["up"]
        self.assertTrue(secret(after["token"]).startswith("eyJhb"))
        self.assertRegex(after["share_token"], SHARE)

    def test_a_new_value_must_prove_good(self):
        old = self.token("value")
        row = self.client.tokens()["value"]
        self.pandora.forget()
        self.assertEqual(self.edit(row, token=secret(jwt("x", 99, 300)))["msg"], "修改失败！请填写正确的session_token或开启使用refresh_token后重新尝试")
        self.assertEqual(self.edit(row, token="rt-x", useRefreshToken=True)["msg"], "添加失败！请填写正确的refresh_token或关闭使用refresh_token后重新尝试")
        self.assertEqual(self.edit(row, token="")["msg"], "修改失败！请填写正确的session_token或开启使用refresh_token后重新尝试")
        self.pandora.fail("register", 500)
        new = secret(self.pandora.session("value@example.org"))
        self.assertEqual(self.edit(row, token=new)["msg"], "access_token转share_token失败！")
        self.assertEqual(self.client.tokens()["value"], row)
        self.assertEqual(self.edit(row, token=new)["data"], EDITED)
        after = self.client.tokens()["value"]
        self.assertEqual(after["token"], new)
        self.assertNotEqual(after["token"], old)
        self.assertNotEqual(after["access_token"], row["access_token"])

    def test_the_other_kind_is_got_by_logging_in(self):
        user, word = self.user("kind")
        self.client.add("kind", username=user, userPassword=word)
        row = self.client.tokens()["kind"]
        self.pandora.forget()
        self.assertEqual(self.edit(row, useRefreshToken=True)["data"], EDITED)
        self.assertEqual(self.pandora.kinds, ["login2", "refresh", "register"])
        after = self.client.tokens()["kind"]
        self.assertTrue(after["token"].startswith("rt-"))
        self.pandora.accounts[user] = secret("Changed0Word")
        self.assertEqual(self.edit(after, useRefreshToken=False)["msg"], "修改失败，请确保你的账号密码是否正确且proxy的url配置是否正确，或者余额不足")
        self.assertEqual(self.client.tokens()["kind"], after)

    def test_a_password_of_a_row_for_the_web(self):
        user, word = self.user("pw")
        self.client.add("pw", user + "," + word, user, word, setPoolToken=False)
        row = self.client.tokens()["pw"]
        new = secret("Brand0New0Word")
        self.assertEqual(self.edit(row, token=user + "," + new, userPassword=new)["data"], EDITED)
        self.assertEqual(self.pandora.kinds, [])
        self.pandora.accounts[user] = new
        self.assertEqual(self.client.good("POST", "/api/updateSessionToken", self.client.tokens()["pw"]), "刷新成功！")
        self.assertEqual(self.pandora.asked("login"), [{"username": user, "password": new}])


class MovingTests(TokensToolCase):
    def test_tokens_follow_the_proxy(self):
        self.token("moving")
        self.assertEqual(self.client.set(autoToken_url="http://127.0.0.1:%d/%s/" % (self.pandora.port, "elsewhere00"))["code"], 1)
        self.pandora.forget()
        self.assertEqual(self.generate(), GENERATE_FAILED)
        self.assertEqual(self.pandora.asked("unknown"), [{"path": "/elsewhere00/api/auth/session"}])
        self.assertEqual(self.client.set(autoToken_url="default")["code"], 1)
        self.assertEqual(self.generate(), None)

    def generate(self):
        answer = self.client.raw("POST", "/api/updateToken", {"name": "moving", "setPoolToken": True}).json
        return answer["msg"] if answer["code"] == 0 else None


class DeleteTests(TokensToolCase):
    def test_here_and_at_the_proxy(self):
        self.token("gone")
        row = self.client.tokens()["gone"]
        self.assertIn(row["share_token"], self.pandora.shares)
        self.pandora.forget()
        self.assertEqual(self.client.good("PUT", "/api/deleteToken", row), "删除并销毁share_token成功！")
        self.assertEqual(self.pandora.asked("register"), [{
            "unique_name": "gone", "access_token": row["access_token"], "expires_in": "-1", "show_conversations": "false",
            "show_userinfo": "false"}])
        self.assertNotIn(row["share_token"], self.pandora.shares)
        self.assertEqual(self.client.bad("PUT", "/api/deleteToken", row), "token未找到！")
        self.assertEqual(self.client.bad("PUT", "/api/deleteToken", {}), "token未找到！")

    def test_the_name_is_enough(self):
        self.token("byname")
        self.assertEqual(self.client.good("PUT", "/api/deleteToken", {"name": "byname"}), "删除并销毁share_token成功！")

    def test_as_the_older_page_asks(self):
        self.client.add("old form", "a,b", setPoolToken=False)
        self.assertEqual(self.client.good("PUT", "/api/deleteToken?name=old%20form", b"", headers={
            "Content-Type": "application/x-www-form-urlencoded"}), "删除成功！")
        self.assertEqual(self.client.tokens(), {})

    def test_a_proxy_that_does_not_answer(self):
        self.token("silent")
        self.pandora.fail("register", 500)
        self.assertEqual(self.client.good("PUT", "/api/deleteToken", {"name": "silent"}), "删除成功！")
        self.assertEqual(self.client.tokens(), {})

    def test_lists(self):
        for name in ("l1", "l2"):
            self.client.add(name, "a,b", setPoolToken=False)
        self.assertEqual(self.client.good("PUT", "/api/deleteTokenList", [{"name": "l1"}, {"name": "none"}, {}, {"name": "l2"}]), "删除成功：2，失败：2")
        self.assertEqual(self.client.good("PUT", "/api/deleteTokenList", []), "删除成功：0，失败：0")
        self.assertEqual(self.client.tokens(), {})

    def test_it_can_be_brought_back(self):
        session = self.token("undo")
        self.client.good("PUT", "/api/deleteToken", {"name": "undo"})
        self.daemon.ok("credential", "undelete", "undo")
        self.assertEqual(self.client.tokens()["undo"]["token"], session)
        self.client.good("PUT", "/api/deleteToken", {"name": "undo"})


class RenewTests(TokensToolCase):
    def tearDown(self):
        for row in self.client.tokens().values():
            self.client.good("PUT", "/api/deleteToken", row)

    def generate(self, row):
        return self.client.raw("POST", "/api/updateToken", row).json

    def test_generate(self):
        session = self.token("gen", shared=False, auto_shared=True)
        row = self.client.tokens()["gen"]
        self.pandora.forget()
        answer = self.generate(row)
        self.client.check(answer["data"])
        self.assertNotEqual(answer["data"]["access_token"], row["access_token"])
        self.assertEqual(answer["data"]["share_token"], row["share_token"])
        self.assertEqual((answer["data"]["token"], answer["data"]["updateTime"], answer["data"]["shared"]), (session, row["updateTime"], True))
        self.assertEqual(self.client.tokens()["gen"], answer["data"])
        self.assertEqual(self.pandora.kinds, ["session", "register"])
        # This one does not tell the proxy.
        self.assertEqual(self.pandora.asked("reload"), [])

    def test_only_the_name_is_taken_from_the_client(self):
        user, word = self.user("keep")
        self.client.add("keep", username=user, userPassword=word)
        row = self.client.tokens()["keep"]
        answer = self.generate({"name": "keep", "setPoolToken": True})
        self.assertEqual(answer["data"]["username"], user)
        self.assertEqual(answer["data"]["token"], row["token"])

    def test_what_cannot_be_generated(self):
        self.client.add("web", "a,b", setPoolToken=False)
        for body in ({"name": "none", "setPoolToken": True}, {"name": "web", "setPoolToken": False}, {"name": "web", "setPoolToken": True}, {}):
            self.assertEqual(self.generate(body), {"code": 0, "msg": GENERATE_FAILED, "data": None})
        self.assertEqual(self.pandora.kinds, [])

    def test_a_verdict_makes_it_yellow_and_a_hiccup_does_not(self):
        self.token("yellow", shared=True, auto_shared=True)
        row = self.client.tokens()["yellow"]
        for status in (500, 0, 502):
            self.pandora.fail("session", status)
            self.assertEqual(self.generate(row)["msg"], GENERATE_FAILED)
            self.assertEqual(self.client.tokens()["yellow"], row, status)
        self.pandora.end("yellow@example.org")
        self.assertEqual(self.generate(row)["msg"], GENERATE_FAILED)
        after = self.client.tokens()["yellow"]
        self.assertEqual((after["checkSession"], after["shared"], after["auto_shared"]), (False, False, True))
        # It is tried again, and lives again.
        self.pandora.sessions[row["token"]] = "yellow@example.org"
        answer = self.generate(after)
        self.assertEqual((answer["data"]["checkSession"], answer["data"]["shared"]), (True, True))

    def test_refresh_logs_in(self):
        user, word = self.user("re")
        self.client.add("re", username=user, userPassword=word)
        row = self.client.tokens()["re"]
        for _ in range(2):
            self.pandora.forget()
            self.assertEqual(self.client.good("POST", "/api/updateSessionToken", row), "刷新成功！")
            self.assertEqual(self.pandora.kinds, ["login", "session", "register"])
        after = self.client.tokens()["re"]
        self.assertNotEqual(secret(after["token"]), row["token"])
        self.assertEqual(len(self.pandora.asked("reload")), 1)

    def test_a_refused_login_changes_nothing(self):
        user, word = self.user("no")
        self.client.add("no", username=user, userPassword=word)
        row = self.client.tokens()["no"]
        self.pandora.accounts[user] = secret("Somewhere0Else")
        self.assertEqual(self.client.bad("POST", "/api/updateSessionToken", row), REFRESH_FAILED)
        self.assertEqual(self.client.tokens()["no"], row)
        self.assertEqual(self.client.bad("POST", "/api/updateSessionToken", {"name": "nobody"}), REFRESH_FAILED)
        # A login that is given with it and works is kept.
        self.assertEqual(self.client.good("POST", "/api/updateSessionToken", dict(row, userPassword=self.pandora.accounts[user])), "刷新成功！")
        self.pandora.forget()
        self.assertEqual(self.client.good("POST", "/api/updateSessionToken", self.client.tokens()["no"]), "刷新成功！")
        self.assertEqual(self.pandora.asked("login")[0]["password"], self.pandora.accounts[user])

    def test_a_refused_login_leaves_the_session_alone(self):
        user, word = self.user("alone")
        self.client.add("alone", username=user, userPassword=word)
        self.pandora.accounts[user] = secret("Elsewhere0Word")
        row = self.client.tokens()["alone"]
        self.assertEqual(self.client.bad("POST", "/api/updateSessionToken", row), REFRESH_FAILED)
        self.assertEqual(self.generate(row)["code"], 1)
        self.assertEqual(self.client.tokens()["alone"]["checkSession"], True)

    def test_refresh_turns_a_row_for_the_web_into_one_for_the_api(self):
        user, word = self.user("flip")
        self.client.add("flip", user + "," + word, user, word, setPoolToken=False)
        self.assertEqual(self.client.good("POST", "/api/updateSessionToken", self.client.tokens()["flip"]), "刷新成功！")
        row = self.client.tokens()["flip"]
        self.assertEqual(row["setPoolToken"], True)
        self.assertTrue(secret(row["token"]).startswith("eyJhb"))

    def test_refresh_lists(self):
        user, word = self.user("list")
        self.client.add("list", username=user, userPassword=word)
        self.client.add("web", "a,b", setPoolToken=False)
        rows = list(self.client.tokens().values())
        self.assertEqual(self.client.good("POST", "/api/updateSessionTokenList", rows + [{"name": "none", "setPoolToken": True}]), "刷新成功：2，失败：1")

    def test_everything(self):
        self.client.add("web", "a,b", setPoolToken=False)
        self.assertEqual(self.client.bad("GET", "/api/updateAllToken"), "生成access_token和share_token失败")
        self.token("all1")
        self.token("all2")
        self.pandora.end("all2@example.org")
        self.pandora.forget()
        self.assertEqual(
            self.client.good("GET", "/api/updateAllToken"),
            "自动生成Token成功：1<br>session或refresh过期：1<br>pool_token刷新成功:0，失败:0<br>share_tokens in oneApi刷新成功/未过期：0/0，失败：0")
        self.assertEqual(self.client.tokens()["all2"]["checkSession"], False)
        self.assertEqual(len(self.pandora.asked("reload")), 1)


if __name__ == "__main__":
    import unittest
    unittest.main()
