"""What the web pages of three generations of new-api do with their tokens (compat/newapi.md 1.3 to 1.11, 5)."""

import time

from newapi import *


class Pages:
    """In both profiles."""

    def test_create_list_find_reveal(self):
        before = int(time.time())
        token = self.ada.create(self.n, remain_quota=500000, unlimited_quota=False, remain_amount=1.0, tokenCount=1,
                                auto_groups=None, cross_group_retry=False, tokenName="x")
        self.assertEqual(set(token), FIELDS)
        self.assertEqual(token["user_id"], self.ada.number)
        self.assertEqual((token["status"], token["used_quota"], token["remain_quota"], token["expired_time"]), (1, 0, 500000, -1))
        self.assertEqual((token["model_limits"], token["allow_ips"], token["group"]), ("", "", ""))
        self.assertEqual((token["unlimited_quota"], token["model_limits_enabled"], token["cross_group_retry"]), (False, False, False))
        self.assertIsNone(token["DeletedAt"])
        self.assertIsNone(token["auto_groups"])
        self.assertTrue(before <= token["created_time"] <= time.time() + 1)
        self.assertEqual(token["accessed_time"], token["created_time"])
        reply = self.ada("POST", "/api/token/%d/key" % token["id"])
        for part in ("no-store", "no-cache", "must-revalidate", "private", "max-age=0"):
            self.assertIn(part, reply.header("Cache-Control"))
        self.assertEqual((reply.header("Pragma"), reply.header("Expires")), ("no-cache", "0"))
        key = secret(reply.json["data"]["key"])
        self.assertRegex(key, KEY)
        self.assertEqual(token["key"], self.as_listed(key))
        self.assertEqual(self.usage(key)["name"], self.n)

    def test_put_of_the_fetched_object(self):
        token = self.ada.create(self.n, model_limits="gpt-4o,claude-3", model_limits_enabled=True, allow_ips="10.0.0.1\n10.1.0.0/16",
                                remain_quota=7, unlimited_quota=False, group="vip")
        key = self.ada.reveal(token["id"])
        sent = dict(token, name=self.n + " 2", remain_amount=0.000014, DeletedAt=None, used_quota=99, user_id=1, created_time=1,
                    accessed_time=1, quota_per_unit=0.5)
        back = self.ada.good("PUT", "/api/token/", sent)
        self.assertEqual(back, dict(token, name=self.n + " 2"))
        self.assertEqual(self.ada.show(token["id"]), back)
        self.assertEqual(self.ada.reveal(token["id"]), key)

    def test_put_with_a_text_list_as_pages_join_it(self):
        token = self.ada.create(self.n)
        back = self.ada.good("PUT", "/api/token/", dict(token, model_limits="gpt-4o,gpt-4o-mini", model_limits_enabled=True, status=1))
        self.assertEqual((back["model_limits"], back["model_limits_enabled"]), ("gpt-4o,gpt-4o-mini", True))
        back = self.ada.good("PUT", "/api/token/", dict(back, model_limits="", model_limits_enabled=False))
        self.assertEqual((back["model_limits"], back["model_limits_enabled"]), ("", False))

    def test_absent_fields_keep_their_value(self):
        token = self.ada.create(self.n, model_limits="gpt-4o", model_limits_enabled=True, allow_ips="10.0.0.1", remain_quota=5,
                                unlimited_quota=False, group="vip", expired_time=4102444800)
        self.assertEqual(self.ada.good("PUT", "/api/token/", {"id": token["id"], "name": "x"}), dict(token, name="x"))
        self.assertEqual(self.ada.good("PUT", "/api/token/", {"id": token["id"], "remain_quota": 6}), dict(token, name="x", remain_quota=6))

    def test_status_only(self):
        token = self.ada.create(self.n)
        key = self.ada.reveal(token["id"])
        for number, query in ((2, "true"), (1, "true"), (2, "1"), (1, "false")):
            back = self.ada.good("PUT", "/api/token/?status_only=" + query, {"id": token["id"], "status": number, "name": "not this"})
            self.assertEqual(back, dict(token, status=number))
            self.assertEqual(self.gateway("/v1/models", key).status, 200 if number == 1 else 401)
        # Empty: not that mode. The name is taken.
        self.assertEqual(self.ada.good("PUT", "/api/token/?status_only=", {"id": token["id"], "name": "this"})["name"], "this")
        # A full update leaves the status alone, whatever is sent: a mobile client sends 2, programs with a struct 0.
        for number in (2, 0, 1, 3, 4, 99, None):
            self.assertEqual(self.ada.good("PUT", "/api/token/", dict(token, status=number)), token)
        for number in (0, 3, 4, 99, -1, None):
            self.ada.bad("PUT", "/api/token/?status_only=true", {"id": token["id"], "status": number})
        self.assertEqual(self.ada.show(token["id"]), token)

    def test_delete_with_and_without_the_slash(self):
        for slash in ("/", ""):
            token = self.ada.create(self.n)
            key = self.ada.reveal(token["id"])
            reply = self.ada("DELETE", "/api/token/%d%s" % (token["id"], slash))
            self.assertEqual(reply.json, {"success": True, "message": ""})
            self.assertEqual(self.ada.bad("GET", "/api/token/%d" % token["id"]), self.not_found)
            self.assertEqual(self.ada.bad("DELETE", "/api/token/%d%s" % (token["id"], slash)), self.not_found)
            self.assertEqual(self.gateway("/v1/models", key).status, 401)
            self.assertNotIn(self.n, self.ada.names())

    def test_routes_with_and_without_the_slash(self):
        for path in ("/api/token", "/api/token/", "/api/token/?p=1", "/api/token?p=1"):
            self.assertEqual(self.ada("GET", path).status, 200)
        self.ada.good("POST", "/api/token", {"name": self.n})
        token = self.ada.find(self.n)
        self.ada.good("PUT", "/api/token", {"id": token["id"], "name": self.n})
        self.assertEqual(self.ada.show(token["id"]), self.ada.good("GET", "/api/token/%d/" % token["id"]))

    def test_pages(self):
        eve = self.fresh("eve")
        self.assertEqual(eve.good("GET", "/api/token/"), {"page": 1, "page_size": self.page_size, "total": 0, "items": []})
        for i in range(23):
            self.assertTrue(eve("POST", "/api/token/", {"name": "t%d" % i}).json["success"])
        first = eve.good("GET", "/api/token/")
        self.assertEqual((first["page"], first["page_size"], first["total"]), (1, self.page_size, 23))
        self.assertEqual([t["name"] for t in first["items"]], ["t%d" % i for i in range(22, 22 - self.page_size, -1)])
        numbers = [t["id"] for t in first["items"]]
        self.assertEqual(numbers, sorted(numbers, reverse=True))
        self.assertEqual(eve.good("GET", "/api/token/?p=0"), first)
        for size in ("page_size=5", "ps=5", "size=5", "page_size=0&ps=5", "page_size=x&size=5"):
            second = eve.good("GET", "/api/token/?p=2&" + size)
            self.assertEqual((second["page"], second["page_size"], second["total"]), (2, 5, 23), size)
            self.assertEqual([t["name"] for t in second["items"]], ["t17", "t16", "t15", "t14", "t13"])
        self.assertEqual(eve.good("GET", "/api/token/?p=9&size=5")["items"], [])
        self.assertEqual(eve.good("GET", "/api/token/?p=9&size=5")["total"], 23)
        for query in ("p=-1", "p=abc", "p=NaN", "p=1e3", "p=9223372036854775808", "p=%31"):
            page = eve.good("GET", "/api/token/?size=3&" + query)
            self.assertEqual((page["page"], [t["name"] for t in page["items"]]), (1, ["t22", "t21", "t20"]), query)
        self.assertEqual(eve.good("GET", "/api/token/?p=9223372036854775807&size=100")["items"], [])
        for query, size in (("size=-1", range(1, 101)), ("size=100000", [100]), ("size=9223372036854775807", [100]),
                            ("ps=-9223372036854775808", range(1, 101))):
            page = eve.good("GET", "/api/token/?" + query)
            self.assertIn(page["page_size"], size)
            self.assertLessEqual(len(page["items"]), page["page_size"])

    def test_batch(self):
        made = [self.ada.create("%s %d" % (self.n, i))["id"] for i in range(4)]
        other = self.bob.create(self.n)["id"]
        self.assertEqual(self.ada.good("POST", "/api/token/batch", {"ids": [made[0], made[0], other, 999999, made[1], -1, 0]}), 2)
        self.assertEqual(self.ada.good("POST", "/api/token/batch", {"ids": [made[0], other]}), 0)
        self.assertEqual(self.bob.show(other)["name"], self.n)
        self.assertEqual({t["id"] for t in self.ada.everything()} & set(made), set(made[2:]))
        keys = self.ada.good("POST", "/api/token/batch/keys", {"ids": [made[2], made[3], other, 999999, made[2]]})["keys"]
        self.assertEqual(set(keys), {str(made[2]), str(made[3])})
        self.assertEqual(keys[str(made[2])], self.ada.reveal(made[2]))
        many = [{"ids": list(range(10 ** 6, 10 ** 6 + 9999)) + [made[2]]}]
        self.assertEqual(self.ada.good("POST", "/api/token/batch", many[0]), 1)
        self.ada.bad("POST", "/api/token/batch/keys", {"ids": list(range(1, 102))})
        self.assertEqual(self.ada.good("POST", "/api/token/batch/keys", {"ids": list(range(10 ** 6, 10 ** 6 + 100))}), {"keys": {}})

    def test_groups(self):
        token = self.ada.create(self.n, group="auto", cross_group_retry=True, auto_groups=["vip", "default"])
        self.assertEqual((token["group"], token["cross_group_retry"], token["auto_groups"]), ("auto", True, ["vip", "default"]))
        back = self.ada.good("PUT", "/api/token/", dict(token, group="default"))
        self.assertEqual((back["group"], back["cross_group_retry"], back["auto_groups"]), ("default", False, None))
        for groups in (["vip", "vip"], ["nobody"], ["auto"], ["a", "b", "c", "d", "e", "f"]):
            self.ada.bad("PUT", "/api/token/", dict(back, group="auto", auto_groups=groups))
        self.assertEqual(self.ada.show(token["id"]), back)
        self.assertEqual(self.ada.good("GET", "/api/token/auto-groups"), {"groups": ["default", "vip"], "max_count": 5})
        listed = self.ada.good("GET", "/api/user/self/groups")
        self.assertEqual(listed["vip"], {"ratio": 0.5, "desc": "for a few"})
        self.assertEqual(listed["auto"]["ratio"], "自动")

    def test_small_routes(self):
        self.assertEqual(self.ada.good("GET", "/api/user/models"), ["gpt-4o", "gpt-4o-mini", "claude-3"])
        me = self.ada.good("GET", "/api/user/self")
        self.assertEqual((me["id"], me["username"], me["role"], me["status"]), (self.ada.number, "ada", 1, 1))
        for field in ("group", "quota", "used_quota", "display_name"):
            self.assertIn(field, me)
        status = Client(self.port).good("GET", "/api/status")
        self.assertEqual((status["quota_per_unit"], status["price"], status["server_address"]), (500000, 7.3, ""))

    def test_others_see_nothing(self):
        token = self.ada.create(self.n)
        number = token["id"]
        for method, path, body in (
            ("GET", "/api/token/%d" % number, None), ("POST", "/api/token/%d/key" % number, None),
            ("DELETE", "/api/token/%d" % number, None),
            ("PUT", "/api/token/", {"id": number, "name": "mine"}), ("PUT", "/api/token/?status_only=true", {"id": number, "status": 2}),
        ):
            self.assertEqual(self.bob.bad(method, path, body), self.bob.bad(method, path.replace(str(number), "987654"),
                                                                            body and dict(body, id=987654)))
        self.assertEqual(self.ada.show(number), token)
        self.assertNotIn(self.n, self.bob.names())
        found = self.bob.good("GET", "/api/token/search?p=1&size=10&keyword=" + self.n)
        self.assertEqual((found["items"], found["total"]), ([], 0))


class Document(Pages, Door):
    profile, page_size, not_found = "document", 20, "Token不存在"

    def as_listed(self, key):
        return key

    def test_search_is_an_array_unless_pages_are_asked_for(self):
        token = self.ada.create(self.n)
        self.assertEqual(self.ada.good("GET", "/api/token/search?keyword=" + self.n), [token])
        self.assertEqual(self.ada.good("GET", "/api/token/search?keyword=" + self.n + "&token="), [token])
        page = self.ada.good("GET", "/api/token/search?keyword=%s&p=1&size=20" % self.n)
        self.assertEqual(page, {"page": 1, "page_size": 20, "total": 1, "items": [token]})

    def test_show_and_update_have_the_whole_key(self):
        token = self.ada.create(self.n)
        self.assertRegex(self.ada.show(token["id"])["key"], KEY)
        self.assertEqual(self.ada.good("PUT", "/api/token/", token)["key"], token["key"])
        secret(token["key"])


class Current(Pages, Door):
    profile, page_size, not_found = "current", 10, "record not found"

    def as_listed(self, key):
        return masked(key)

    def test_search_is_a_page(self):
        token = self.ada.create(self.n)
        page = self.ada.good("GET", "/api/token/search?keyword=" + self.n)
        self.assertEqual(page, {"page": 1, "page_size": 10, "total": 1, "items": [token]})

    def test_keys_are_masked_everywhere(self):
        token = self.ada.create(self.n)
        key = self.ada.reveal(token["id"]).encode()
        for reply in (self.ada("GET", "/api/token/?size=100"), self.ada("GET", "/api/token/%d" % token["id"]),
                      self.ada("PUT", "/api/token/", token),
                      self.ada("GET", "/api/token/search?p=1&keyword=" + self.n),
                      self.ada("PUT", "/api/token/?status_only=1", dict(token, status=2))):
            self.assertIn(masked(key.decode()).encode(), reply.body)
            self.assertNotIn(key, reply.body)


del Pages
