"""RAGFlow's API tokens: list, create, delete, those of dialogs, and whose they are (compat/ragflow.md 1.2 to 1.6, 3, 5)."""

import json
import time
import unittest
from email.utils import parsedate_to_datetime
from concurrent.futures import ThreadPoolExecutor

from harness import request, secret
from ragflow import BETA, ID, NEW_ROW, ROW, TOKEN, UNAUTHORIZED, Person, bearer, served

LISTS = ["/v1/system/token_list", "/v1/system/tokens", "/api/v1/system/tokens", "/api/v1/system/keys"]
CREATES = ["/v1/system/new_token", "/v1/system/tokens", "/api/v1/system/tokens", "/api/v1/system/keys"]
DELETES = ["/v1/system/token/", "/v1/system/tokens/", "/api/v1/system/tokens/", "/api/v1/system/keys/"]
DONE = {"code": 0, "data": True, "message": "success"}


class Tokens(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = served()
        cls.alice = Person(cls.d, "alice").ready()
        cls.bob = Person(cls.d, "bob").ready()

    @classmethod
    def tearDownClass(cls):
        cls.d.finish()

    def tearDown(self):
        for person in (self.alice, self.bob):
            for token in person.tokens():
                self.assertEqual(person.call("DELETE", "/v1/system/token/" + token).json, DONE)

    def assertRow(self, row, keys):
        self.assertEqual(set(row), keys)
        self.assertRegex(row["tenant_id"], ID)
        self.assertRegex(row["token"], TOKEN)
        self.assertRegex(row["beta"], BETA)
        self.assertIs(type(row["create_time"]), int)
        self.assertLess(abs(row["create_time"] / 1000 - time.time()), 60)
        # RFC 1123 with GMT, in UTC, of the same second.
        self.assertRegex(row["create_date"], r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$")
        self.assertEqual(int(parsedate_to_datetime(row["create_date"]).timestamp()), row["create_time"] // 1000)

    def test_life_of_a_token_on_every_spelling(self):
        for lists, creates, deletes in zip(LISTS, CREATES, DELETES):
            with self.subTest(lists):
                self.assertEqual(self.alice.list(lists), [])
                made = self.alice.new(creates)
                self.assertRow(made, NEW_ROW)
                self.assertIsNone(made["update_time"])
                self.assertIsNone(made["update_date"])
                row, = self.alice.list(lists)
                self.assertRow(row, ROW)
                self.assertEqual((row["token"], row["beta"], row["tenant_id"]), (made["token"], made["beta"], made["tenant_id"]))
                self.assertIsNone(row["dialog_id"])
                self.assertIsNone(row["source"])
                self.assertIs(type(row["update_time"]), int)
                self.assertTrue(row["update_date"].endswith(" GMT"))
                self.assertEqual(self.alice.call("DELETE", deletes + made["token"]).json, DONE)
                self.assertEqual(self.alice.list(lists), [])
                self.assertEqual(self.alice.call("DELETE", deletes + made["token"]).json, DONE, "true whether or not there was one")

    def test_envelope_is_as_upstream_writes_it(self):
        reply = self.alice.call("GET", LISTS[0])
        self.assertEqual(reply.body, b'{"code":0,"data":[],"message":"success"}\n')
        self.assertEqual(reply.header("Content-Type").split(";")[0], "application/json")
        self.assertEqual(reply.header("Access-Control-Allow-Origin"), "*")
        created = self.alice.call("POST", CREATES[0], b"{}")
        secret(created.json["data"]["token"])
        self.assertTrue(created.body.startswith(b'{"code":0,"data":{'), created)
        self.assertTrue(created.body.endswith(b'},"message":"success"}\n'), created)

    def test_slash_behind_a_path_is_no_redirect(self):
        self.assertEqual(self.alice.call("GET", LISTS[0] + "/").json["data"], [])
        made = self.alice.call("POST", CREATES[2] + "/", b"{}").json["data"]["token"]
        self.assertIn(secret(made), self.alice.tokens())
        self.assertEqual(self.alice.call("DELETE", DELETES[0] + made + "/").json, DONE)
        self.assertEqual(self.alice.tokens(), [])

    def test_query_and_body_of_a_list_do_not_matter(self):
        made = self.alice.new()
        for path, body in [("?page=0&page_size=0&id=x&token=&%00=%ff", None), ("?limit=0", b"{not json"), ("?", b'{"tenant_id":"x"}')]:
            reply = self.alice.call("GET", LISTS[0] + path, body)
            self.assertEqual([row["token"] for row in reply.json["data"]], [made["token"]], path)

    def test_nothing_in_the_body_of_create_matters(self):
        cases = [(None, {}), (b"", {}), (b"{}", {}), (b"{", {}), (b"null", {}), (b"[1,2]", {}), (b"\xff\xfe\x00", {}), (b'{"dialogId":"d"}',
                                                                                                                        {}),
                 (b'{"dialog_id":"d","tenant_id":"x","token":"ragflow-mine","beta":"mine","create_time":1}', {}),
                 (b"a=b", {"Content-Type": "application/x-www-form-urlencoded"}), (b"x", {"Content-Type": "text/plain"}),
                 (b'{"a":1,"a":2}', {}), (b"[" * 5000, {}), (b"x" * 100_000, {"Content-Type": "multipart/form-data"})]
        for number, (body, headers) in enumerate(cases):
            with self.subTest(number):
                reply = self.alice.call("POST", CREATES[number % 4] + "?name=n%00&dialog_id=d", body, headers)
                self.assertEqual((reply.status, reply.json["code"]), (200, 0), reply)
                self.assertRow(reply.json["data"], NEW_ROW)
                self.assertNotIn("mine", (reply.json["data"]["token"], reply.json["data"]["beta"]))
        self.assertEqual(len(self.alice.list()), len(cases))
        self.assertEqual({row["dialog_id"] for row in self.alice.list()}, {None})

    def test_first_token_stays_first(self):
        made = []
        for _ in range(6):
            made.append(self.alice.new()["token"])
            time.sleep(0.003)
        rows = self.alice.list()
        self.assertEqual([row["token"] for row in rows], made)
        self.assertEqual(rows, self.alice.list(LISTS[2]), "the same, every time")

    def test_tokens_are_drawn_at_random(self):
        rows = [self.alice.new() for _ in range(20)]
        self.assertEqual(len({row["token"] for row in rows} | {row["beta"] for row in rows}), 40)
        for row in rows:
            self.assertNotEqual(row["beta"], row["token"][8:40])
            # Upstream's were slices of base64 of a time-based UUID: the same letters in the same place.
        for place in range(8, 40):
            self.assertGreater(len({row["token"][place] for row in rows}), 1, place)

    def test_tenant_is_that_of_registration(self):
        info = self.alice.call("GET", "/v1/user/info").json["data"]
        self.assertRegex(info["id"], ID)
        self.assertEqual(info["email"], self.alice.email)
        self.assertEqual(self.alice.new()["tenant_id"], info["id"])
        self.assertEqual(self.alice.call("GET", "/v1/user/tenant_info").json["data"]["tenant_id"], info["id"])
        self.assertNotIn("password", info)

    def test_others_see_and_delete_nothing(self):
        hers, his = self.alice.new()["token"], self.bob.new()["token"]
        self.assertEqual(self.alice.tokens(), [hers])
        for path in DELETES:
            self.assertEqual(self.bob.call("DELETE", path + hers).json, DONE)
        tenant = self.alice.list()[0]["tenant_id"]
        reply = self.bob.call("POST", "/v1/api/rm", {"tokens": [hers], "tenant_id": tenant})
        self.assertEqual(reply.json, DONE)
        self.assertEqual(self.alice.tokens(), [hers], "upstream's hole: the tenant came from the caller")
        self.assertEqual(self.bob.tokens(), [his])

    def test_members_of_a_team_do_not_have_its_keys(self):
        hers = self.alice.new()["token"]
        tenant = self.alice.list()[0]["tenant_id"]
        for role in ("invite", "normal", "admin"):
            self.d.ok("tenant", "member", "add", tenant, self.bob.email, "--role", role)
            self.assertEqual(self.bob.tokens(), [], role)
            self.assertEqual(self.bob.call("DELETE", DELETES[0] + hers).json, DONE)
            self.assertEqual(self.alice.tokens(), [hers], role)
            self.d.ok("tenant", "member", "remove", tenant, self.bob.email)

    def test_delete_takes_the_token_and_nothing_near_it(self):
        row = self.alice.new()
        token, beta = row["token"], row["beta"]
        near = [beta, token[:-1], token + "x", token.upper(), token[8:], "ragflow-", "%2e%2e", "..", ".", "%00", "%", "%zz", "%ff", "*",
                "x" * 10_000, token + "%00", "%20" + token, token + ";login", "%2F" + token, "ragflow-" + beta, "null", "undefined", "0"]
        for word in near:
            reply = self.alice.call("DELETE", DELETES[0] + word)
            self.assertEqual(reply.json, DONE, word[:80])
        for path in (DELETES[0], DELETES[0] + "/" + token, DELETES[0] + "a/" + token, "//v1/system/token/" + token,
                     "/v1/system/./token/" + token, "/v1/system/x/../token/" + token, "/v1/system/%74oken/" + token,
                     "/v1//system/token/" + token):
            reply = self.alice.call("DELETE", path)
            self.assertNotEqual(reply.json.get("code"), 0, path)
        self.assertEqual(self.alice.tokens(), [token])
        encoded = "".join("%%%02x" % byte for byte in token.encode())
        self.assertEqual(self.alice.call("DELETE", DELETES[0] + encoded).json, DONE)
        self.assertEqual(self.alice.tokens(), [], "a percent-encoded token is the token")

    def test_deleted_token_is_dead_at_once(self):
        token = self.alice.new()["token"]
        def ask():
            return request(self.d.ports["ragflow"], "GET", "/v1/user/info", headers=bearer(token)).json
        self.assertEqual(ask()["code"], 0)
        self.alice.call("DELETE", DELETES[0] + token)
        self.assertEqual(ask(), UNAUTHORIZED)
        self.assertEqual(self.d.cli("apikey", "verify", input=token).code, 9)

    def test_beta_is_made_once_and_by_list_only(self):
        number, token = self.d.api_key("lazy", "--form", "ragflow", "--owner", self.alice.email, "--unlimited")
        def revision():
            return self.d.ok("apikey", "show", number, "--json").json["revision"]
        made = revision()
        self.alice.call("GET", "/v1/api/token_list?dialog_id=x")
        self.assertEqual(revision(), made, "nothing was written")
        with ThreadPoolExecutor(8) as pool:
            rows = list(pool.map(lambda _: self.alice.list()[0], range(16)))
        self.assertEqual(len({row["beta"] for row in rows}), 1, "two lists at the same time give the same beta")
        filled = revision()
        self.assertNotEqual(filled, made)
        self.assertRegex(rows[0]["beta"], BETA)
        self.assertNotEqual(rows[0]["beta"], token[8:40])
        self.assertEqual(self.alice.list()[0]["beta"], rows[0]["beta"])
        self.assertEqual(revision(), filled, "written once")

    def tenant(self):
        return self.alice.call("GET", "/v1/user/info").json["data"]["id"]

    def test_two_who_create_at_the_same_time_both_succeed(self):
        with ThreadPoolExecutor(8) as pool:
            rows = list(pool.map(lambda _: self.alice.new(), range(16)))
        self.assertEqual(sorted(row["token"] for row in rows), sorted(self.alice.tokens()))
        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda row: self.alice.call("DELETE", DELETES[0] + row["token"]).json, rows * 2))
        self.assertTrue(all(reply == DONE for reply in replies))
        self.assertEqual(self.alice.tokens(), [])

    def test_wrong_method(self):
        for method, path in [("POST", LISTS[0]), ("GET", CREATES[0]), ("PUT", LISTS[2]), ("GET", DELETES[0] + "x"), ("POST",
                                                                                                                     DELETES[0] + "x"),
                             ("PATCH", CREATES[0]), ("GET", "/v1/user/login"), ("DELETE", LISTS[1]), ("BREW", LISTS[0]), ("get", LISTS[0])]:
            reply = self.alice.call(method, path)
            with self.subTest(method + " " + path):
                if method in ("BREW", "get") and reply.status == 400:
                    continue
                self.assertEqual((reply.status, reply.json),
                                 (200, {"code": 100, "data": None, "message": "<MethodNotAllowed '405: Method Not Allowed'>"}))
        self.assertEqual(self.alice.tokens(), [])

    def test_head_changes_nothing(self):
        for path in LISTS + CREATES:
            reply = self.alice.call("HEAD", path)
            self.assertEqual(reply.body, b"")
        self.assertEqual(self.alice.tokens(), [])

    def test_unknown_paths_by_generation(self):
        for path in ("/v1/system/nothing", "/v1", "/v1/", "/v1/system/token_list/x", "/v1/system/token_listx", "/V1/system/token_list"):
            reply = self.alice.call("GET", path)
            if path.startswith("/v1"):
                self.assertEqual((reply.status, reply.json), (200, {"code": 100, "data": None, "message": "<NotFound '404: Not Found'>"}),
                                 path)
        for path in ("/api/v1/system/nothing", "/api/v1/system/tokensx", "/"):
            reply = self.alice.call("GET", path)
            self.assertEqual((reply.status, reply.json),
                             (404, {"code": 404, "data": None, "error": "Not Found", "message": "Not Found: " + path}), path)

    def test_preflight(self):
        reply = request(self.d.ports["ragflow"], "OPTIONS", LISTS[0], headers={
            "Origin": "http://page.example", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization,x-y"})
        self.assertIn(reply.status, (200, 204))
        self.assertEqual(reply.header("Access-Control-Allow-Origin"), "*")
        self.assertIn("authorization", reply.header("Access-Control-Allow-Headers").lower())
        self.assertIn("DELETE", reply.header("Access-Control-Allow-Methods"))
        self.assertIsNone(reply.header("Access-Control-Allow-Credentials"), "an open door must not take cookies of others")

    # Dialogs.

    def test_tokens_of_dialogs_and_agents(self):
        made = self.alice.call("POST", "/v1/api/new_token", {"dialog_id": "d" * 32}).json["data"]
        agent = self.alice.call("POST", "/v1/api/new_token", {"canvas_id": "c1"}).json["data"]
        for row in (made, agent):
            secret(row["token"])
            self.assertRegex(row["token"], TOKEN)
            self.assertNotIn("beta", row)
        self.assertEqual(made["dialog_id"], "d" * 32)
        self.assertNotIn("source", made)
        self.assertEqual((agent["dialog_id"], agent["source"]), ("c1", "agent"))
        listed = self.alice.call("GET", "/v1/api/token_list?dialog_id=" + "d" * 32).json["data"]
        self.assertEqual([row["token"] for row in listed], [made["token"]])
        listed = self.alice.call("GET", "/v1/api/token_list?canvas_id=c1").json["data"]
        self.assertEqual([(row["token"], row["source"]) for row in listed], [(agent["token"], "agent")])
        self.assertEqual(self.alice.call("GET", "/v1/api/token_list?dialog_id=other").json["data"], [])
        self.assertEqual(self.bob.call("GET", "/v1/api/token_list?canvas_id=c1").json["data"], [])
        self.assertEqual(set(self.alice.tokens()), {made["token"], agent["token"]}, "the tenant's list has them too")
        reply = self.alice.call("POST", "/v1/api/rm", {"tokens": [made["token"], agent["token"], "unknown", 7, None], "tenant_id": "x"})
        self.assertEqual(reply.json, DONE)
        self.assertEqual(self.alice.tokens(), [])

    def test_bad_input_of_dialog_routes(self):
        row = self.alice.new()
        for body in (b"", b"{}", b"[]", b"null", b"{", b'{"dialog_id":null}', b'{"dialog_id":7}', b'{"dialog_id":["x"]}',
                     b'{"dialog_id":""}',
                     json.dumps({"dialog_id": "x" * 33}).encode(), json.dumps({"dialog_id": "x" * 1_000_000}).encode(),
                     b'{"dialog_id":"a","dialog_id":7}', b'{"dialog_id":1e999}', b'{"dialog_id":NaN}',
                     b'{"dialog_id":9223372036854775808}'):
            reply = self.alice.call("POST", "/v1/api/new_token", body)
            self.assertEqual(reply.status, 200, body[:60])
            self.assertNotEqual(reply.json["code"], 0, body[:60])
        self.assertEqual(self.alice.call("POST", "/v1/api/new_token", b"{}").json["message"], "KeyError('dialog_id')")
        for body, missing in ((b"{}", ("tokens", "tenant_id")), (b'{"tokens":[]}', ("tenant_id",)), (b'{"tenant_id":"x"}', ("tokens",))):
            reply = self.alice.call("POST", "/v1/api/rm", body)
            self.assertEqual((reply.json["code"], reply.json["message"]),
                             (101, "required argument are missing: %s; " % ",".join(missing)))
        for tokens in ("x", {"a": 1}, 7, None, row["token"]):
            reply = self.alice.call("POST", "/v1/api/rm", {"tokens": tokens, "tenant_id": "x"})
            self.assertNotEqual(reply.json["code"], 0, tokens)
        many = ["ragflow-" + "x" * 32] * 9_999 + [row["token"]]
        self.assertEqual(self.alice.tokens(), [row["token"]], "nothing was changed")
        reply = self.alice.call("POST", "/v1/api/rm", {"tokens": many, "tenant_id": "x"})
        self.assertEqual((reply.status, reply.json), (200, DONE), "10,000 of them")
        self.assertEqual(self.alice.tokens(), [])

    # Who has no tenant, and who shows nothing.

    def test_without_a_tenant_of_ones_own(self):
        nobody = Person(self.d, "nobody@example.org")
        self.d.user(nobody.email, "common", "--email", nobody.email)
        self.assertEqual(nobody.login().json["code"], 0)
        for method, path in (("GET", LISTS[0]), ("POST", CREATES[0]), ("GET", LISTS[2]), ("POST", CREATES[2])):
            reply = nobody.call(method, path)
            self.assertEqual((reply.status, reply.json), (200, {"code": 102, "message": "Tenant not found!"}), path)
        self.d.ok("tenant", "member", "add", self.tenant(), nobody.email, "--role", "normal")
        for method, path in (("GET", LISTS[0]), ("POST", CREATES[0])):
            reply = nobody.call(method, path)
            self.assertEqual((reply.status, reply.json), (200, {"code": 102, "message": "Tenant not found!"}), path)
        reply = nobody.call("DELETE", DELETES[0] + "x")
        self.assertEqual(reply.status, 200)

    def test_tenant_that_shows_no_keys(self):
        carol = Person(self.d, "carol").ready()
        shown = carol.new()
        tenant = shown["tenant_id"]
        self.d.ok("tenant", "update", tenant, "--reveal", "no")
        hidden = carol.new()
        self.assertRegex(hidden["token"], TOKEN, "shown once")
        reply = carol.call("GET", LISTS[0])
        self.assertEqual((reply.status, reply.json["code"]), (200, 0), "the list does not break")
        rows = reply.json["data"]
        self.assertEqual(len(rows), 2)
        for row in rows:
            self.assertEqual(set(row), ROW)
        for word in (shown["token"], hidden["token"], shown["beta"]):
            self.assertNotIn(word.encode(), reply.body)
        self.assertEqual(len({row["token"] for row in rows}), 2, "rowKey of the page is the token")
        for token in (shown["token"], hidden["token"]):
            self.assertEqual(self.d.cli("apikey", "verify", input=token).code, 0)
        # On again: what was made without stays without, and everything can be deleted.
        self.d.ok("tenant", "update", tenant, "--reveal", "yes")
        third = carol.new()
        self.assertEqual(len(carol.list()), 3)
        self.assertIn(third["token"], carol.tokens())
        self.d.ok("tenant", "update", tenant, "--reveal", "no")
        for token in (shown["token"], hidden["token"], third["token"]):
            self.assertEqual(carol.call("DELETE", DELETES[0] + token).json, DONE)
            self.assertEqual(self.d.cli("apikey", "verify", input=token).code, 9)
        self.assertEqual(carol.list(), [])

    def test_imported_key_with_a_beta_where_nothing_is_shown(self):
        dora = Person(self.d, "dora").ready()
        tenant = dora.call("GET", "/v1/user/info").json["data"]["id"]
        self.d.ok("tenant", "update", tenant, "--reveal", "no")
        token, beta = secret("ragflow-" + "Imp0rted" * 4), secret("Be1a" * 8)
        rows = {"api_token": [{"tenant_id": tenant, "token": token, "beta": beta, "dialog_id": None, "source": None}]}
        result = self.d.cli("import", "--from", "ragflow", "-", input=json.dumps(rows))
        self.assertIn("created", result.text, result)
        self.assertEqual(self.d.cli("apikey", "verify", input=token).code, 0)
        self.assertEqual(self.d.cli("apikey", "verify", input=beta).code, 0, "pages that are embedded go on")
        self.assertEqual(len(dora.list()), 1)
        # The switch on and off again: the beta has no readable form to delete.
        self.d.ok("tenant", "update", tenant, "--reveal", "yes")
        self.assertEqual(len(dora.list()), 1)
        self.d.ok("tenant", "update", tenant, "--reveal", "no")
        self.assertEqual(dora.call("DELETE", DELETES[0] + token).json, DONE)
        self.assertEqual(self.d.cli("apikey", "verify", input=token).code, 9)
        self.assertEqual(dora.list(), [])
        self.assertIn("created", self.d.cli("import", "--from", "ragflow", "-", input=json.dumps(rows)).text)
        self.d.ok("user", "delete", dora.email)
        self.assertEqual(self.d.cli("apikey", "verify", input=token).code, 9)


if __name__ == "__main__":
    unittest.main()
