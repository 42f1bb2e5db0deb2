"""RT-manage's rows: create, list, update, delete, import (compat/rtmanage.md 1.3 to 1.5, 1.7), and what Go's binding says."""

import datetime
import json
import re
import unittest

from harness import secret
from rtmanage import CLIENT_ID, Client, Door


class RowsTest(Door):
    def test_a_created_row_has_all_its_keys(self):
        row = self.admin.create("rt-create-one-token", "create-1", proxy="http://user:pw@proxy.example:8080", tag="t", memo="m", enabled=True,
                                client_id="app_other")
        self.assertEqual((row["biz_id"], row["rt"], row["at"], row["last_rt"]), ("create-1", "rt-create-one-token", "", ""))
        self.assertEqual((row["proxy"], row["client_id"], row["tag"], row["memo"], row["enabled"]),
                         ("http://user:pw@proxy.example:8080", "app_other", "t", "m", True))
        self.assertIsNone(row["last_refresh_time"])
        self.assertEqual(self.admin.row(row["id"]), row)

    def test_defaults_of_a_created_row(self):
        row = self.admin.create("rt-create-two-token", "  ")
        self.assertRegex(row["biz_id"], r"\A[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}\Z")
        self.assertEqual((row["client_id"], row["proxy"], row["tag"], row["enabled"], row["memo"]), (CLIENT_ID, "", "", False, ""))
        # Neither the name nor the token is trimmed.
        row = self.admin.create(" rt-padded-token ", " padded ")
        self.assertEqual((row["biz_id"], row["rt"]), (" padded ", " rt-padded-token "))

    def test_duplicates_are_refused_the_name_first(self):
        self.admin.create("rt-double-token", "double")
        self.assertEqual(self.admin.bad("/rts/create", {"rt_token": "rt-double-token", "biz_id": "double"}), "RT名称 'double' 已存在")
        self.assertEqual(self.admin.bad("/rts/create", {"rt_token": "rt-double-token", "biz_id": "other"}), "此RT Token已存在")
        self.assertEqual(self.admin.list(biz_id="other")["total"], 0)

    def test_what_cannot_be_a_row_is_named(self):
        for body in ({"rt_token": "rt-bad", "biz_id": "a\x01b"}, {"rt_token": "rt-bad", "biz_id": "n" * 256},
                     {"rt_token": "rt-bad", "biz_id": "p", "proxy": "ftp://x"}, {"rt_token": "rt-bad", "biz_id": "p", "proxy": "proxy.example"},
                     {"rt_token": "r" * 70000, "biz_id": "p"}):
            self.assertTrue(self.admin.bad("/rts/create", body))
        self.assertEqual([row for row in self.admin.list(page_size=-1)["items"] if row["rt"] == "rt-bad"], [])

    def test_ids_ascend_and_are_not_used_again(self):
        first = self.admin.create("rt-ids-1", "ids-1")["id"]
        second = self.admin.create("rt-ids-2", "ids-2")["id"]
        self.admin.good("/rts/delete", {"id": second})
        third = self.admin.create("rt-ids-3", "ids-3")["id"]
        self.assertTrue(first < second < third, (first, second, third))

    def test_binding_errors_are_gos(self):
        required = "参数错误: Key: '%s' Error:Field validation for '%s' failed on the 'required' tag"
        for path, body, msg in (
                ("/rts/list", b"", "参数错误: EOF"), ("/rts/list", b"{", "参数错误: unexpected EOF"),
                ("/rts/list", b"x", "参数错误: invalid character 'x' looking for beginning of value"),
                ("/rts/delete", {"id": "1"}, "参数错误: json: cannot unmarshal string into Go struct field .id of type int64"),
                ("/rts/delete", {"id": 1.5}, "参数错误: json: cannot unmarshal number 1.5 into Go struct field .id of type int64"),
                ("/rts/delete", {"id": 0}, required % ("ID", "ID")), ("/rts/delete", b"null", required % ("ID", "ID")),
                ("/rts/create", {"rt_token": ""}, required % ("RTToken", "RTToken")),
                ("/rts/batch-delete", {"ids": None}, required % ("IDs", "IDs")),
                ("/rts/batch-import", {}, required % ("RTTokens", "RTTokens")),
                ("/rts/update", {}, required % ("ID", "ID") + "\n" + (required % ("Updates", "Updates"))[len("参数错误: "):]),
                ("/rts/update", {"id": 1}, required % ("Updates", "Updates")),
                ("/configs/save-system", {}, required % ("Configs", "Configs")),
                ("/configs/save-system", {"configs": {"a": True}}, "参数错误: json: cannot unmarshal bool into Go struct field .configs of type string")):
            self.assertEqual(self.admin.bad(path, body), msg, (path, body))
        # Names in any case, unknown ones, what follows the value, and a Content-Type of any kind are all the same to it.
        reply = self.admin.post("/rts/list", b'{"PAGE_SIZE":3,"nothing":[1]} trailing', headers={"Content-Type": "text/plain"})
        self.assertEqual(reply.json["data"]["page_size"], 3)

    def test_hostile_bodies_change_nothing(self):
        before = self.admin.list(page_size=-1)["total"]
        for body in (b"\xff\xfe", b"[" * 5000, b'{"rt_token":' + b"[" * 100, b'{"rt_token":{"a":1}}', b"\x00"):
            self.admin.bad("/rts/create", body)
        self.assertEqual(self.admin.list(page_size=-1)["total"], before)

    # List.

    def test_list_filters_sorts_and_pages(self):
        for i in range(7):
            self.admin.create("rt-list-%d" % i, "list_%d" % i, tag="Alpha" if i % 2 else "beta", enabled=i < 3)
        data = self.admin.list(biz_id="list_")
        self.assertEqual((data["total"], data["page"], data["page_size"]), (7, 1, 10))
        self.assertEqual([row["biz_id"] for row in data["items"]], ["list_%d" % i for i in reversed(range(7))])
        names = lambda **query: [row["biz_id"] for row in self.admin.list(**query)["items"]]
        self.assertEqual(names(biz_id="list_", page=2, page_size=3), ["list_3", "list_2", "list_1"])
        self.assertEqual(names(biz_id="list_", page=4, page_size=3), [])
        self.assertEqual(names(biz_id="list_", page=-1, page_size=2), ["list_6", "list_5"])
        self.assertEqual(len(names(biz_id="list_", page_size=-1)), 7)
        self.assertEqual(self.admin.list(biz_id="list_", page_size=-1)["page_size"], -1)
        self.assertEqual(names(biz_id="LIST%3"), ["list_3"])
        self.assertEqual(len(names(biz_id="l_st__")), 7)
        self.assertEqual(names(biz_id="list_", tag="ALPHA", enabled=True), ["list_1"])
        self.assertEqual(len(names(biz_id="list_", enabled=None)), 7)
        self.assertEqual(names(biz_id="list_", enabled=False, tag="bet"), ["list_6", "list_4"])
        self.assertEqual(names(biz_id="list_", email="nobody"), [])
        today = datetime.date.today()
        days = {self.admin.list(biz_id="list_", create_date=str(today + datetime.timedelta(days=d)))["total"] for d in (-1, 0, 1)}
        self.assertIn(7, days)
        for bad in ("2025-13-40", "today", "2025-1-1"):
            self.assertEqual(self.admin.list(biz_id="list_", create_date=bad)["total"], 0)
        self.assertEqual(self.admin.list(biz_id="no such row")["items"], [])

    def test_wrong_types_in_a_query(self):
        self.assertIn("of type int", self.admin.bad("/rts/list", {"page": "1"}))
        self.assertIn("of type bool", self.admin.bad("/rts/list", {"enabled": "true"}))

    # Update.

    def test_update_changes_what_it_names_and_nothing_else(self):
        row = self.admin.create("rt-update-1", "update-1", tag="a", memo="b", proxy="socks5://proxy.example:1080")
        new = self.admin.good("/rts/update", {"id": row["id"], "updates": {
            "biz_id": "update-2", "proxy": "", "client_id": "", "tag": "", "memo": "line one\nline two", "enabled": True}}, msg="更新成功")
        self.assertEqual({k: new[k] for k in ("biz_id", "proxy", "client_id", "tag", "memo", "enabled")},
                         {"biz_id": "update-2", "proxy": "", "client_id": "", "tag": "", "memo": "line one\nline two", "enabled": True})
        ignored = self.admin.good("/rts/update", {"id": row["id"], "updates": {
            "biz_id": "", "enabled": "false", "tag": 5, "rt": "other", "at": "x", "email": "a@b", "type": "pro", "nothing": []}})
        for key in new:
            if key != "update_time":
                self.assertEqual(ignored[key], new[key], key)
        again = self.admin.good("/rts/update", {"id": row["id"], "updates": {}})
        # As texts `.62Z` would lie behind `.623Z`.
        moments = [datetime.datetime.fromisoformat(row["update_time"]) for row in (ignored, again)]
        self.assertEqual(moments, sorted(moments))

    def test_update_of_what_is_not_there_or_is_taken(self):
        one = self.admin.create("rt-update-3", "update-3")
        self.admin.create("rt-update-4", "update-4")
        self.assertEqual(self.admin.bad("/rts/update", {"id": 999999, "updates": {}}), "RT不存在")
        self.assertEqual(self.admin.bad("/rts/update", {"id": -1, "updates": {}}), "RT不存在")
        self.assertEqual(self.admin.bad("/rts/update", {"id": one["id"], "updates": {"biz_id": "update-4"}}), "RT名称 'update-4' 已被使用")
        self.assertEqual(self.admin.good("/rts/update", {"id": one["id"], "updates": {"biz_id": "update-3"}})["biz_id"], "update-3")

    # Delete.

    def test_deleting_what_is_not_there_is_a_success(self):
        row = self.admin.create("rt-delete-1", "delete-1")
        self.assertEqual(self.admin.post("/rts/delete", {"id": row["id"]}).json, {"success": True, "msg": "删除成功"})
        self.assertEqual(self.admin.post("/rts/delete", {"id": row["id"]}).json, {"success": True, "msg": "删除成功"})
        self.assertEqual(self.admin.list(biz_id="delete-1")["total"], 0)
        # Name and token are free again.
        self.admin.create("rt-delete-1", "delete-1")

    def test_batch_delete(self):
        rows = [self.admin.create("rt-batch-%d" % i, "batch-%d" % i)["id"] for i in range(3)]
        data = self.admin.good("/rts/batch-delete", {"ids": rows + [999999, rows[0]]}, msg="批量删除完成")
        self.assertEqual(data, {"success_count": 5, "fail_count": 0, "error": None})
        self.assertEqual(self.admin.list(biz_id="batch-")["total"], 0)
        self.assertEqual(self.admin.good("/rts/batch-delete", {"ids": []}), {"success_count": 0, "fail_count": 0, "error": None})

    # Import.

    def test_batch_import_keeps_order_and_counts_as_the_contract_says(self):
        self.admin.create("rt-import-known", "import-known")
        reply = self.admin.post("/rts/batch-import", {"rt_tokens": [" rt-import-a ", "", "rt-import-b", "rt-import-a", "rt-import-known", "  "],
                                                      "tag": "import", "batch_name": "ignored", "proxy": "http://p.example:1"})
        self.assertEqual(reply.json["msg"], "批量导入完成: 成功 2 个, 失败/跳过 1 个")
        self.assertEqual(reply.json["data"], {"total_count": 6, "success_count": 2, "fail_count": 1})
        rows = self.admin.list(tag="import")["items"]
        self.assertEqual([row["rt"] for row in rows], ["rt-import-b", "rt-import-a"])
        self.assertTrue(all(not row["enabled"] and row["proxy"] == "http://p.example:1" and row["client_id"] == CLIENT_ID for row in rows))
        self.assertTrue(all(re.match(r"\A[0-9a-f]{32}\Z", row["biz_id"]) for row in rows))

    def test_an_import_is_bounded(self):
        self.assertIn("10001", self.admin.bad("/rts/batch-import", {"rt_tokens": ["x"] * 10001}))
        self.assertIn("10001", self.admin.bad("/rts/batch-delete", {"ids": [1] * 10001}))

    def test_rows_made_elsewhere_are_rows_here(self):
        made = json.dumps({"refresh": secret("rt-made-by-the-command")})
        answer = self.d.cli("credential", "create", "made elsewhere", "--provider", "openai", "--json-secrets", input=made)
        if answer.code != 0:
            self.skipTest("the command cannot do it yet: " + answer.error)
        rows = self.admin.list(biz_id="made elsewhere")["items"]
        self.assertEqual([row["rt"] for row in rows], ["rt-made-by-the-command"])
        self.assertGreater(rows[0]["id"], 0)


class ConfigsTest(Door):
    def configs(self):
        data = self.admin.good("/configs/get-system", b"", msg="获取成功")
        self.assertEqual(set(data), {"configs", "env_configs"})
        self.assertEqual(data["env_configs"], {})
        return data["configs"]

    def save(self, **configs):
        self.assertEqual(self.admin.post("/configs/save-system", {"configs": configs}).json, {"success": True, "msg": "保存成功"})

    def test_settings_from_the_first_to_the_last(self):
        self.assertEqual(self.configs(), {"proxy_list": "[]", "client_id_list": "[]", "auto_refresh_enabled": "false", "auto_refresh_interval": "2"})
        self.assertEqual(self.admin.good("/configs/get-proxy-list", b""), [])
        self.assertEqual(self.admin.good("/configs/get-clientid-list", b""), [CLIENT_ID])
        mine = self.admin.create("rt-conf-1", "conf-1", proxy="http://mine.example:1", client_id="app_mine")
        # The first save of a page that changes nothing overwrites nothing.
        self.save(proxy_list="[]", client_id_list="[]", auto_refresh_enabled="false", auto_refresh_interval="2")
        row = self.admin.row(mine["id"])
        self.assertEqual((row["proxy"], row["client_id"]), ("http://mine.example:1", "app_mine"))
        self.assertEqual(json.loads(self.configs()["client_id_list"]), [CLIENT_ID])
        # Lists that change are dealt out.
        proxies = ["http://u:%s@a.example:1" % secret("proxy-pass-a"), "socks5://b.example:2"]
        self.save(proxy_list=json.dumps(proxies), client_id_list=json.dumps(["app_x", "app_y"]))
        row = self.admin.row(mine["id"])
        self.assertIn(row["proxy"], proxies)
        self.assertIn(row["client_id"], ["app_x", "app_y"])
        self.assertEqual(self.admin.good("/configs/get-proxy-list"), proxies)
        self.assertEqual(self.admin.good("/configs/get-clientid-list"), ["app_x", "app_y"])
        # The same again leaves what was set by hand.
        self.admin.good("/rts/update", {"id": mine["id"], "updates": {"proxy": "http://hand.example:3"}})
        self.save(proxy_list=json.dumps(proxies), client_id_list=json.dumps(["app_x", "app_y"]))
        self.assertEqual(self.admin.row(mine["id"])["proxy"], "http://hand.example:3")
        # A partial save leaves the rest.
        self.save(theme="dark")
        found = self.configs()
        self.assertEqual((found["theme"], json.loads(found["proxy_list"])), ("dark", proxies))
        self.assertEqual(self.admin.row(mine["id"])["proxy"], "http://hand.example:3")
        # Imports choose from the lists.
        self.admin.good("/rts/batch-import", {"rt_tokens": ["rt-conf-imported"], "tag": "conf"})
        row = self.admin.list(tag="conf")["items"][0]
        self.assertIn(row["proxy"], proxies)
        self.assertIn(row["client_id"], ["app_x", "app_y"])
        # An empty list takes all proxies away.
        self.save(proxy_list="[]")
        self.assertEqual(self.admin.row(mine["id"])["proxy"], "")
        # They outlive a restart.
        self.assertEqual(self.configs()["theme"], "dark")

    def test_what_is_no_list_is_refused_and_changes_nothing(self):
        before = self.configs()
        for key, value, text in (("proxy_list", "x", "保存失败: 代理列表格式错误: invalid character 'x' looking for beginning of value"),
                                 ("proxy_list", "", "保存失败: 代理列表格式错误: unexpected end of JSON input"),
                                 ("proxy_list", "[1]", "保存失败: 代理列表格式错误: json: cannot unmarshal number into Go value of type string"),
                                 ("proxy_list", '["ftp://x"]', "保存失败: 代理列表格式错误: "),
                                 ("client_id_list", "{}", "保存失败: Client ID 列表格式错误: json: cannot unmarshal object into Go value of type []string"),
                                 ("auto_refresh_interval", "0", "保存失败: "), ("auto_refresh_interval", "-1", "保存失败: "),
                                 ("auto_refresh_interval", "366", "保存失败: "), ("auto_refresh_interval", "two", "保存失败: "),
                                 ("theme", "x" * 70000, "保存失败: ")):
            self.assertTrue(self.admin.bad("/configs/save-system", {"configs": {key: value}}).startswith(text), (key, value))
        self.assertEqual(self.configs(), before)
        self.save(proxy_list="null")


if __name__ == "__main__":
    unittest.main()
