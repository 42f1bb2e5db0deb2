"""Who sees which tokens at the new-api door: tenants, forms of keys, keys that are not kept readable, values in the store."""

from newapi import *


class Tenants(Door):
    profile = "document"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.d.ok("tenant", "create", "far")
        cls.d.ok("tenant", "create", "quiet", "--no-reveal")
        cls.far = cls.fresh("fay", "--tenant", "far")
        cls.quiet = cls.fresh("quinn", "--tenant", "quiet")

    def test_other_tenants_see_nothing(self):
        token = self.ada.create(self.n)
        key = self.ada.reveal(token["id"])
        for other in (self.far, self.quiet, self.bob):
            for method, path, body in (
                ("GET", "/api/token/%d" % token["id"], None), ("POST", "/api/token/%d/key" % token["id"], None),
                ("DELETE", "/api/token/%d/" % token["id"], None), ("PUT", "/api/token/", dict(token, name="mine")),
                ("PUT", "/api/token/?status_only=true", {"id": token["id"], "status": 2}),
            ):
                self.assertEqual(other.bad(method, path, body), "Token不存在")
            self.assertEqual(other.good("POST", "/api/token/batch", {"ids": [token["id"]]}), 0)
            self.assertEqual(other.good("POST", "/api/token/batch/keys", {"ids": [token["id"]]}), {"keys": {}})
            self.assertEqual(other.good("GET", "/api/token/search?token=" + key), [])
            self.assertNotIn(self.n, other.names())
        self.assertEqual(self.ada.show(token["id"]), token)

    def test_administrators_see_their_own_too(self):
        self.ada.create(self.n)
        for role in ("admin", "root"):
            word = self.d.user(role + "1", role)
            admin = self.user_client(role + "1", word)
            self.assertEqual(admin.good("GET", "/api/user/self")["role"], {"admin": 10, "root": 100}[role])
            self.assertEqual(admin.names(), [])

    def test_ids_are_one_series(self):
        mine = [self.ada.create(self.n)["id"]]
        mine.append(self.far.create(self.n)["id"])
        mine.append(self.bob.create(self.n)["id"])
        self.assertEqual(len(set(mine)), 3)
        # An id that was deleted does not come again.
        self.bob.good("DELETE", "/api/token/%d" % mine[2])
        self.assertGreater(self.ada.create(self.n + "2")["id"], mine[2])

    def test_keys_of_other_forms(self):
        made = {}
        for form in ("sk", "ragflow", "coffer"):
            made[form] = self.d.api_key("%s %s" % (self.n, form), "--owner", "ada", "--form", form, "--unlimited")
        self.assertEqual([name for name in self.ada.names() if name.startswith(self.n)], [self.n + " sk"])
        self.assertRegex(made["sk"][1].removeprefix("sk-"), KEY)
        self.assertEqual(self.ada.reveal(self.ada.find(self.n + " sk")["id"]), made["sk"][1].removeprefix("sk-"))
        for form in ("ragflow", "coffer"):
            self.assertEqual(self.ada.good("GET", "/api/token/search?token=" + made[form][1]), [])
            self.assertEqual(self.gateway("/v1/models", made[form][1], prefix="Bearer ").status, 401)
            self.assertEqual(self.gateway("/api/usage/token/", made[form][1], prefix="Bearer ").status, 401)

    def test_keys_that_are_not_kept_readable(self):
        number, key = self.d.api_key(self.n, "--owner", "quinn", "--form", "sk", "--unlimited")
        key = secret(key.removeprefix("sk-"))
        token = self.quiet.find(self.n)
        self.assertNotEqual(token["key"], key)
        self.assertIn("*", token["key"])
        self.assertEqual(set(token), FIELDS)
        self.assertEqual(self.quiet.show(token["id"]), token)
        self.quiet.bad("POST", "/api/token/%d/key" % token["id"])
        self.assertEqual(self.quiet.good("POST", "/api/token/batch/keys", {"ids": [token["id"]]}), {"keys": {}})
        self.assertEqual(self.quiet.good("GET", "/api/token/search?token=sk-" + key), [token])
        self.assertEqual(self.quiet.good("GET", "/api/token/search?token=" + key[10:30]), [])
        self.assertEqual(self.usage(key)["name"], self.n)
        self.assertEqual(self.quiet.good("PUT", "/api/token/", dict(token, name=self.n + "2"))["name"], self.n + "2")
        self.quiet.good("DELETE", "/api/token/%d/" % token["id"])
        self.assertEqual(self.gateway("/v1/models", key).status, 401)

    def test_a_tenant_that_no_longer_keeps_them(self):
        self.d.ok("tenant", "create", "late")
        late = self.fresh("lou", "--tenant", "late")
        token = late.create(self.n)
        key = late.reveal(token["id"])
        self.d.ok("tenant", "update", "late", "--reveal", "no")
        self.assertNotIn(key.encode(), late("GET", "/api/token/").body)
        late.bad("POST", "/api/token/%d/key" % token["id"])
        self.assertEqual(self.gateway("/v1/models", key).status, 200)
        self.assertEqual(late.good("POST", "/api/token/batch", {"ids": [token["id"]]}), 1)

    def test_values_in_the_store(self):
        page = Client(self.port)
        page.user_id = page.login("ada", self.word)["id"]
        there = {"Origin": "https://tokens.example.com"}
        self.assertEqual(page("POST", "/api/token/batch", {"ids": [1]}, headers=there).status, 403)
        for field, value in (("server_address", "https://tokens.example.com/x"), ("price", "2.5"), ("quota_per_unit", "1000"),
                             ("system_name", "测")):
            self.d.ok("door", "set", "newapi", field, input=value)
        status = page.good("GET", "/api/status")
        self.assertEqual((status["server_address"], status["price"], status["quota_per_unit"], status["system_name"]),
                         ("https://tokens.example.com/x", 2.5, 1000, "测"))
        self.assertEqual(page("POST", "/api/token/batch", {"ids": [10 ** 6]}, headers=there).json["success"], True)
        token = self.ada.create(self.n, remain_quota=5000, unlimited_quota=False)
        self.assertEqual(self.gateway("/dashboard/billing/subscription", self.ada.reveal(token["id"])).json["hard_limit_usd"], 5)
        for field in ("server_address", "price", "quota_per_unit", "system_name"):
            self.d.ok("door", "set", "newapi", field, "--unset")
        self.assertEqual(page.good("GET", "/api/status")["price"], 7.3)
