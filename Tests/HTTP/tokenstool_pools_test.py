"""TokensTool's door: pools, their tokens, and channels of one-api (compat/tokenstool.md 1.4, 1.5, 2.2, 2.3, 3 and 7.1)."""

import re

from harness import secret
from oneapi_upstream import OneAPI
from pandora_upstream import PREFIX
from tokenstool import CHANNEL_KEYS, TokensToolCase

POOL = re.compile(r"\Apk-[0-9A-Za-z_-]{43}\Z")
NO_MEMBERS = "pool_token数据添加失败，请先按全部选择并生成，并确保url配对正确！"
REFRESH_FAILED = "没有找到该pool_token或share_token过期,刷新失败！"
VERIFY_FAILED = "poolToken失效或请求网址失效，请刷新或检查请求网址!"


class PoolCase(TokensToolCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.key = secret("one-api-Token0")
        cls.oneapi = OneAPI(cls.key)
        assert cls.client.good("POST", "/api/controllerTask", {
            "auto_updateSession": False, "pandoraNext_outUrl": "http://127.0.0.1:%d" % cls.pandora.port,
            "oneAPi_outUrl": cls.oneapi.url, "oneAPi_intoToken": cls.key}) == "修改定时任务和url成功！"
        for name in ("m1", "m2", "m3"):
            user, _ = cls.pandora.account(name, "x"), None
            assert cls.client.add(name, secret(cls.pandora.session(name)), username=name)["code"] == 1
        cls.client.add("web", "a,b", setPoolToken=False)
        cls.shares = {name: row["share_token"] for name, row in cls.client.tokens().items()}

    @classmethod
    def tearDownClass(cls):
        cls.oneapi.close()
        super().tearDownClass()

    def setUp(self):
        super().setUp()
        self.oneapi.calls.clear()
        self.oneapi.refuses = False

    def tearDown(self):
        for row in self.client.pools().values():
            self.client.good("POST", "/api/deletePoolToken", row)

    def body(self, name, members, **fields):
        return dict({"poolName": name, "poolToken": "", "shareTokens": members, "intoOneApi": False, "poolOneApi_models": "gpt-3.5-turbo",
                     "poolModel_mapping": "{}", "oneApi_pandoraUrl": "http://127.0.0.1:9/x", "groupChecked": "default,svip,vip",
                     "priority": 3}, **fields)

    def add(self, name, members, **fields):
        return self.client.raw("POST", "/api/addPoolToken", self.body(name, members, **fields)).json


class PoolTests(PoolCase):
    def test_make_show_delete(self):
        answer = self.add("池1", ["m2", "m1", "web", "nobody"])
        self.assertEqual(answer, {"code": 1, "msg": "success", "data": "pool_token数据添加成功"})
        self.assertEqual(self.pandora.asked("pool"), [{"share_tokens": self.shares["m2"] + "\n" + self.shares["m1"] + "\n", "pool_token": ""}])
        row = self.client.pools()["池1"]
        self.assertRegex(row["poolToken"], POOL)
        self.assertEqual(row, dict(self.body("池1", ["m2", "m1", "web"]), poolToken=row["poolToken"], poolTime=row["poolTime"], checkPool=True))
        # No change of a pool tells the proxy to reload.
        self.assertEqual(self.pandora.asked("reload"), [])
        self.pandora.forget()
        self.assertEqual(self.client.good("POST", "/api/deletePoolToken", row), "删除成功！")
        self.assertEqual(self.pandora.asked("pool"), [{"share_tokens": "", "pool_token": row["poolToken"]}])
        self.assertEqual(self.client.pools(), {})
        self.assertEqual(self.client.bad("POST", "/api/deletePoolToken", row), "节点未找到！")

    def test_no_member_is_nobody_not_everybody(self):
        for members in ([], ["nobody"], ["web"], None):
            self.assertEqual(self.add("none", members), {"code": 0, "msg": NO_MEMBERS, "data": None})
        self.assertEqual(self.add("", ["m1"])["msg"], "添加失败！")
        self.assertEqual(self.add(None, ["m1"])["msg"], "添加失败！")
        self.assertEqual(self.pandora.kinds, [])
        self.assertEqual(self.client.pools(), {})

    def test_the_proxy_refuses(self):
        for status in (500, 0, 400):
            self.pandora.fail("pool", status)
            self.assertEqual(self.add("no", ["m1"])["msg"], NO_MEMBERS)
        self.assertEqual(self.client.pools(), {})

    def test_expired_members_do_not_take_part(self):
        self.pandora.account("old", "x")
        self.client.add("old", secret(self.pandora.session("old")))
        self.pandora.end("old")
        self.client.bad("POST", "/api/updateToken", {"name": "old", "setPoolToken": True})
        self.pandora.forget()
        self.assertEqual(self.add("some", ["old", "m3"])["code"], 1)
        self.assertEqual(self.pandora.asked("pool")[0]["share_tokens"], self.shares["m3"] + "\n")
        self.assertEqual(self.add("only", ["old"])["msg"], NO_MEMBERS)
        self.client.good("PUT", "/api/deleteToken", {"name": "old"})
        # The pool keeps the name, as TokensTool does.
        self.assertEqual(self.client.pools()["some"]["shareTokens"], ["old", "m3"])

    def test_a_deleted_member_that_is_added_again_is_a_member_again(self):
        self.pandora.account("back", "x")
        self.client.add("back", secret(self.pandora.session("back")))
        self.add("pool", ["back", "m1"])
        self.client.good("PUT", "/api/deleteToken", {"name": "back"})
        self.pandora.forget()
        self.assertEqual(self.client.good("POST", "/api/refreshSimplyPoolToken", {"poolName": "pool"}), "刷新pool_token成功")
        self.assertEqual(self.pandora.asked("pool")[0]["share_tokens"], self.shares["m1"] + "\n")
        self.client.add("back", secret(self.pandora.session("back")))
        self.pandora.forget()
        self.client.good("POST", "/api/refreshSimplyPoolToken", {"poolName": "pool"})
        self.assertEqual(self.pandora.asked("pool")[0]["share_tokens"].count("fk-"), 2)
        self.client.good("PUT", "/api/deleteToken", {"name": "back"})

    def test_edit(self):
        self.add("e", ["m1"])
        row = self.client.pools()["e"]
        self.pandora.forget()
        self.assertEqual(self.client.good("POST", "/api/requirePoolToken", dict(row, shareTokens=["m3", "m1"], priority=9)), "pool_token数据修改成功")
        self.assertEqual(self.pandora.asked("pool"), [{"share_tokens": self.shares["m3"] + "\n" + self.shares["m1"] + "\n",
                                                      "pool_token": row["poolToken"]}])
        after = self.client.pools()["e"]
        self.assertEqual((after["shareTokens"], after["priority"], after["poolToken"]), (["m3", "m1"], 9, row["poolToken"]))
        # A new name makes one.
        self.assertEqual(self.client.good("POST", "/api/requirePoolToken", self.body("new", ["m2"])), "pool_token数据修改成功")
        self.assertRegex(self.client.pools()["new"]["poolToken"], POOL)
        self.assertEqual(self.client.bad("POST", "/api/requirePoolToken", dict(row, shareTokens=["nobody"])), NO_MEMBERS)
        self.assertEqual(self.client.pools()["e"]["shareTokens"], ["m3", "m1"])

    def test_one_that_is_replaced_is_taken_back(self):
        self.add("r", ["m1"])
        old = self.client.pools()["r"]["poolToken"]
        self.pandora.forget()
        self.add("r", ["m2"])
        self.assertEqual([c["pool_token"] for c in self.pandora.asked("pool")], ["", old])
        self.assertNotIn(old, self.pandora.pools)

    def test_refresh(self):
        self.add("f", ["m1", "m2"])
        row = self.client.pools()["f"]
        self.pandora.forget()
        self.assertEqual(self.client.good("POST", "/api/refreshSimplyPoolToken", {"poolName": "f"}), "刷新pool_token成功")
        self.assertEqual(self.pandora.asked("pool"), [{"share_tokens": self.shares["m1"] + "\n" + self.shares["m2"] + "\n",
                                                      "pool_token": row["poolToken"]}])
        self.assertEqual(self.client.pools()["f"]["poolToken"], row["poolToken"])
        self.assertEqual(self.client.bad("POST", "/api/refreshSimplyPoolToken", {"poolName": "none"}), REFRESH_FAILED)
        self.assertEqual(self.client.bad("POST", "/api/refreshSimplyPoolToken", {}), REFRESH_FAILED)
        self.pandora.fail("pool", 500)
        self.assertEqual(self.client.bad("POST", "/api/refreshSimplyPoolToken", row), REFRESH_FAILED)
        self.assertEqual(self.client.good("POST", "/api/refreshSimplyPoolTokenList", [row, {"poolName": "none"}]), "刷新成功：1，失败：1")
        self.assertEqual(self.client.good("GET", "/api/updateAllPoolToken"), "<br>pool_token刷新成功:1，失败:0")

    def test_renew(self):
        self.add("n", ["m1"])
        row = self.client.pools()["n"]
        self.pandora.forget()
        self.assertEqual(self.client.good("POST", "/api/changePoolToken", dict(row, shareTokens=["m2"])), "修改成功！")
        self.assertEqual(self.pandora.asked("pool"), [{"share_tokens": "", "pool_token": row["poolToken"]},
                                                      {"share_tokens": self.shares["m2"] + "\n", "pool_token": ""}])
        after = self.client.pools()["n"]
        self.assertNotEqual(after["poolToken"], row["poolToken"])
        self.assertEqual(after["shareTokens"], ["m2"])
        # One that the proxy does not know any more is as good as taken back.
        self.pandora.pools.clear()
        self.assertEqual(self.client.good("POST", "/api/changePoolToken", after), "修改成功！")
        last = self.client.pools()["n"]
        # It cannot be taken back: nothing changes.
        self.pandora.fail("pool", 500)
        self.assertEqual(self.client.bad("POST", "/api/changePoolToken", last), "注销poolToken失败")
        self.assertEqual(self.client.pools()["n"], last)
        # Taken back, and no new one: it is kept, and marked (Q8).
        self.pandora.fail("pool", 400, 500)
        self.assertEqual(self.client.bad("POST", "/api/changePoolToken", last), "更换失败！")
        marked = self.client.pools()["n"]
        self.assertEqual((marked["checkPool"], marked["poolToken"]), (False, last["poolToken"]))
        self.assertEqual(self.client.bad("POST", "/api/changePoolToken", {"poolName": "none"}), "节点未找到或不是对象！")
        self.assertEqual(self.client.good("POST", "/api/changePoolTokenList", [marked, {"poolName": "none"}]), "更换成功：1，失败：1")

    def test_verify(self):
        self.add("v", ["m1"])
        row = self.client.pools()["v"]
        verify = "/api/verifySimplyPoolToken"
        self.assertEqual(self.client.good("POST", verify, row), "pool_token正常，请放心使用！")
        asked = self.pandora.asked("chat")[0]
        self.assertEqual((asked["pool"], asked["body"]["model"], asked["body"]["temperature"]), (row["poolToken"], "gpt-3.5-turbo", 0.7))
        self.pandora.expired_pools.add(row["poolToken"])
        self.assertEqual(self.client.good("POST", verify, row), "pool_token过期，请重新刷新，修改成功！")
        self.assertEqual(self.client.pools()["v"]["checkPool"], False)
        self.assertEqual(self.client.good("POST", verify, {"poolName": "other", "poolToken": row["poolToken"]}), "pool_token过期，请重新刷新！")
        self.pandora.expired_pools.clear()
        self.pandora.fail("chat", 0)
        self.assertEqual(self.client.bad("POST", verify, row), VERIFY_FAILED)
        self.assertEqual(self.client.pools()["v"]["checkPool"], False)
        self.assertEqual(self.client.good("POST", "/api/verifySimplyPoolTokenList", [row, {"poolName": "none"}]), "检验请求成功：1，失败：1")
        self.assertEqual(self.client.pools()["v"]["checkPool"], True)
        self.assertEqual(self.client.good("GET", "/api/verifyAllPoolToken"), "poolToken验证成功：1，失败：0")
        self.pandora.fail("chat", 404)
        self.assertEqual(self.client.good("POST", verify, row), "请检查PandoraNext公网地址是否填写正确！")

    def test_lists_are_deleted(self):
        self.add("d1", ["m1"])
        self.add("d2", ["m1"])
        self.assertEqual(self.client.good("POST", "/api/deletePoolTokenList", [{"poolName": "d1"}, {"poolName": "x"}, {"poolName": "d2"}]),
                         "删除成功：2，失败：1")

    def test_the_public_path(self):
        word = secret("Public0PoolPassword")
        self.client.set(isGetToken=True, getTokenPassword=word)
        self.add("pub", ["m1"])
        token = self.client.pools()["pub"]["poolToken"]
        for path in ("/token/pool_token", "/pool_token"):
            self.assertEqual(self.client.good("GET", "%s?password=%s&tokenName=pub" % (path, word)), token)

    def test_in_one_api(self):
        self.assertEqual(self.add("o", ["m1"], intoOneApi=True)["code"], 1)
        row = self.client.pools()["o"]
        channel = self.oneapi.find("o")
        self.assertEqual({k: channel[k] for k in ("type", "key", "name", "base_url", "other", "models", "group", "groups", "model_mapping", "priority")},
                         {"type": 8, "key": row["poolToken"], "name": "o", "base_url": "http://127.0.0.1:9/x", "other": "",
                          "models": "gpt-3.5-turbo", "group": "default,svip,vip", "groups": ["default,svip,vip"], "model_mapping": "{}",
                          "priority": 3})
        self.assertEqual(self.client.good("POST", "/api/changePoolToken", row), "pool_token更换成功")
        row = self.client.pools()["o"]
        self.assertEqual(self.oneapi.find("o")["key"], row["poolToken"])
        self.oneapi.channels.clear()
        self.assertEqual(self.client.good("POST", "/api/changePoolToken", row), "未在oneapi找到相应的渠道，已为你自动添加并更换成功！")
        self.oneapi.refuses = True
        row = self.client.pools()["o"]
        self.assertEqual(self.client.bad("POST", "/api/changePoolToken", row), "pool_token更换失败")
        self.assertEqual(self.client.bad("POST", "/api/requirePoolToken", row), "pool_token修改进one-api失败！")
        self.assertEqual(self.client.bad("POST", "/api/deletePoolToken", row), "删除oneApi中的poolToken失败！")
        self.assertIn("o", self.client.pools())
        self.assertEqual(self.add("o2", ["m1"], intoOneApi=True)["msg"], "pool_token添加进one-api失败！")
        self.assertNotIn("o2", self.client.pools())
        self.oneapi.refuses = False
        self.assertEqual(self.client.good("POST", "/api/deletePoolToken", row), "删除成功！")
        self.assertIsNone(self.oneapi.find("o"))


class ChannelTests(PoolCase):
    def body(self, name, token, **fields):
        return dict({"oneApi_name": name, "token_name": token, "token_value": "", "oneApi_baseUrl": "http://127.0.0.1:9/y",
                     "oneApi_models": "gpt-4", "oneApi_groups": "default", "model_mapping": "{}", "priority": 5}, **fields)

    def channels(self):
        rows = self.client.good("GET", "/api/selectShareToken?name=")
        for row in rows:
            assert set(row) == CHANNEL_KEYS, row
        return {row["oneApi_name"]: row for row in rows}

    def test_channels(self):
        self.assertEqual(self.channels(), {})
        self.assertEqual(self.client.good("POST", "/api/addShareToken", self.body("c1", "m1")), "share_token数据添加成功")
        row = self.channels()["c1"]
        self.assertEqual((row["token_value"], row["priority"]), (self.shares["m1"], 5))
        channel = self.oneapi.find("c1")
        self.assertEqual((channel["key"], channel["priority"], channel["base_url"]), (self.shares["m1"], 5, "http://127.0.0.1:9/y"))
        self.assertEqual(self.client.good("POST", "/api/requireShareToken", dict(row, token_name="m2", oneApi_models="gpt-5")), "share_token数据修改成功")
        self.assertEqual((self.oneapi.find("c1")["key"], self.oneapi.find("c1")["models"]), (self.shares["m2"], "gpt-5"))
        # Nothing has changed since: nothing is told.
        before = len(self.oneapi.calls)
        self.assertTrue(self.client.good("GET", "/api/updateAllToken").endswith("<br>share_tokens in oneApi刷新成功/未过期：0/1，失败：0"))
        self.assertEqual(len(self.oneapi.calls), before)
        self.oneapi.channels.clear()
        self.assertEqual(self.client.good("POST", "/api/requireShareToken", self.channels()["c1"]), "未在oneapi找到相应的渠道，已为你自动添加并修改成功！")
        self.oneapi.refuses = True
        self.assertEqual(self.client.bad("PUT", "/api/deleteShareToken", row), "删除oneApi中的shareToken失败！")
        self.assertEqual(self.client.bad("POST", "/api/addShareToken", self.body("c2", "m1")), "share_token添加进one-api失败！")
        self.assertEqual(self.client.bad("POST", "/api/requireShareToken", row), "share_token数据修改失败")
        self.oneapi.refuses = False
        self.assertEqual(self.client.good("PUT", "/api/deleteShareToken", row), "删除成功！")
        self.assertEqual(self.client.bad("PUT", "/api/deleteShareToken", row), "节点未找到！")
        self.assertEqual((self.channels(), self.oneapi.channels), ({}, {}))

    def test_without_a_priority_nothing_is_made(self):
        for body in (self.body("c3", "m1", priority=None), self.body("", "m1"), self.body(None, "m1")):
            self.assertEqual(self.client.bad("POST", "/api/addShareToken", body), "添加失败！")
        self.assertEqual(self.client.bad("POST", "/api/addShareToken", self.body("c3", "nobody")), "share_token添加进one-api失败！")
        self.assertEqual(self.oneapi.calls, [])


if __name__ == "__main__":
    import unittest
    unittest.main()
