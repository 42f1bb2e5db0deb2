"""Tenants, users, API keys and doors as docs/cli.md has them, and the import of other systems' accounts."""

import sqlite3
import unittest

from common import *

TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"
BCRYPT = "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"
PASSWORD = PLANT + "correct horse"


class Accounts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Daemon()

    @classmethod
    def tearDownClass(cls):
        assert cls.d.stop() == 0

    def setUp(self):
        self.n = self.id().split(".")[-1]

    def listed(self, *arguments):
        return self.d.ok(*arguments, "--json").json

    def new_key(self, *arguments, name=None):
        """(number, readable key)"""
        answer = self.d.ok("apikey", "create", name or self.n, *arguments, "--json").json
        return answer["id"], answer["key"]

    def verify(self, key, *arguments):
        """The verdict of --json; the exit code must go with it."""
        result = self.d.cli("apikey", "verify", *arguments, "--json", input=key)
        verdict = result.json
        self.assertEqual(result.code, 0 if verdict["valid"] else 9, result)
        self.assertNotIn(key.encode(), result.out + result.err)
        return verdict


class Tenants(Accounts):
    def test_life(self):
        d, n = self.d, self.n
        self.assertIn("created", d.ok("tenant", "create", n).text)
        shown = d.ok("tenant", "show", n, "--json").json
        self.assertEqual((shown["name"], shown["reveal"]), (n, True))
        self.assertRegex(shown["created"], TIME)
        self.assertIn(n, [t["name"] for t in self.listed("tenant", "list")])
        self.assertIn("NAME", d.ok("tenant", "list").text)
        self.assertEqual(d.cli("tenant", "create", n).code, 2)
        d.ok("tenant", "update", n, "--name", n + "2", "--reveal", "no")
        self.assertEqual(d.ok("tenant", "show", n + "2", "--json").json["reveal"], False)
        self.assertEqual(d.cli("tenant", "show", n).code, 3)
        self.assertEqual(d.cli("tenant", "update", n + "2").code, 64)
        self.assertEqual(d.cli("tenant", "update", n + "2", "--reveal", "maybe").code, 64)
        d.ok("tenant", "delete", n + "2")
        self.assertEqual(d.cli("tenant", "delete", n + "2").code, 3)

    def test_members(self):
        d, n = self.d, self.n
        d.ok("tenant", "create", n)
        d.ok("user", "create", n, "--role", "common", "--no-password")
        d.ok("tenant", "member", "add", n, n, "--role", "admin")
        members = self.listed("tenant", "member", "list", n)
        self.assertEqual([(m["tenant"], m["user"], m["role"]) for m in members], [(n, n, "admin")])
        self.assertEqual(d.cli("tenant", "delete", n).code, 2, "it has a member")
        self.assertEqual(d.cli("tenant", "member", "add", n, n, "--role", "king").code, 64)
        self.assertEqual(d.cli("tenant", "member", "add", n, "nobody", "--role", "normal").code, 3)
        d.ok("tenant", "member", "remove", n, n)
        self.assertEqual(self.listed("tenant", "member", "list", n), [])
        self.assertEqual(d.cli("tenant", "member", "remove", n, n).code, 3)
        d.ok("tenant", "delete", n)


class Users(Accounts):
    def test_life(self):
        d, n = self.d, self.n
        d.ok("user", "create", n, "--role", "admin", "--email", n + "@example.org", "--display-name", "Ä " + n,
             "--wallet", "500", input=PASSWORD + "\n")
        shown = d.ok("user", "show", n, "--json").json
        self.assertEqual((shown["name"], shown["role"], shown["enabled"], shown["home"], shown["wallet"], shown["display_name"]),
                         (n, "admin", True, "main", 500, "Ä " + n))
        self.assertFalse(shown["must_set_password"])
        self.assertEqual(d.ok("user", "show", "#%d" % shown["number"], "--json").json["name"], n)
        self.assertEqual([u["name"] for u in self.listed("user", "list", "--contains", n)], [n])
        d.ok("user", "disable", n)
        self.assertFalse(d.ok("user", "show", n, "--json").json["enabled"])
        d.ok("user", "enable", n)
        d.ok("user", "update", n, "--role", "common", "--wallet", "unlimited", "--name", n + "2")
        shown = d.ok("user", "show", n + "2", "--json").json
        self.assertEqual((shown["role"], shown["wallet"], shown["enabled"]), ("common", "unlimited", True))
        d.ok("user", "passwd", n + "2", input=PASSWORD + "2")
        d.ok("user", "delete", n + "2")
        self.assertEqual(d.cli("user", "show", n + "2").code, 3)
        self.assertNotIn(PLANT, d.log_text())

    def test_passwords_come_from_one_line(self):
        d, n = self.d, self.n
        for bad in ("", "\n", "two\nlines\n", "x" * 1025):
            result = d.cli("user", "create", n, "--role", "common", input=bad)
            self.assertEqual(result.code, 65, result)
        self.assertEqual(d.cli("user", "show", n).code, 3, "nothing was made")
        for extra in ([PASSWORD], ["--password", PASSWORD], ["-p" + PASSWORD]):
            result = d.cli("user", "create", n, *extra, "--role", "common", input="x")
            self.assertEqual(result.code, 64, result)
            self.assertNotIn(PLANT.encode(), result.out + result.err)
        d.ok("user", "create", n, "--role", "common", "--no-password", stdin=subprocess.DEVNULL)
        self.assertTrue(d.ok("user", "show", n, "--json").json["must_set_password"])

    def test_prompt_asks_twice(self):
        d, n = self.d, self.n
        def ask(first, second):
            t = Terminal([binary("coffer"), "--socket", d.socket, "user", "create", n, "--role", "common"])
            t.until(b"New password of " + n.encode())
            t.type(first.encode() + b"\n")
            t.until(b"(again)")
            t.type(second.encode() + b"\n")
            code, shown = t.end()
            self.assertNotIn(PLANT.encode(), shown)
            return code
        self.assertEqual(ask(PASSWORD, PASSWORD + "x"), 65)
        self.assertEqual(ask(PASSWORD, PASSWORD), 0)

    def test_tokens(self):
        d, n = self.d, self.n
        d.ok("user", "create", n, "--role", "common", "--no-password")
        made = d.ok("user", "token", "create", n, "laptop", "--expires", "30d")
        token = made.text
        self.assertEqual(token.count("\n"), 1)
        self.assertGreater(len(token.strip()), 20)
        self.assertNotIn(token.strip(), made.error)
        tokens = self.listed("user", "token", "list", n)
        self.assertEqual([(t["name"], t["last_used"]) for t in tokens], [("laptop", None)])
        self.assertRegex(tokens[0]["expires"], TIME)
        self.assertNotIn(token.strip(), json.dumps(tokens))
        second = d.ok("user", "token", "create", n, "ever", "--expires", "never", "--json").json
        self.assertIsNone(second["expires"])
        self.assertTrue(second["token"])
        d.ok("user", "token", "revoke", tokens[0]["id"])
        self.assertEqual([t["name"] for t in self.listed("user", "token", "list", n)], ["ever"])
        self.assertEqual(d.cli("user", "token", "revoke", tokens[0]["id"]).code, 3)
        self.assertEqual(d.cli("user", "token", "create", n, "x", "--expires", "soon").code, 64)


class APIKeys(Accounts):
    def test_create_stands_alone(self):
        d = self.d
        for form, start in (("coffer", ""), ("sk", "sk-"), ("ragflow", "ragflow-")):
            made = d.ok("apikey", "create", self.n, "--form", form, "--unlimited")
            self.assertEqual(made.text.count("\n"), 1)
            self.assertTrue(made.text.startswith(start), form)
            self.assertNotIn(made.text.strip(), made.error)
            self.assertTrue(self.verify(made.text)["valid"])

    def test_fields(self):
        d, n = self.d, self.n
        d.ok("user", "create", n, "--role", "common", "--no-password")
        number, _ = self.new_key("--owner", n, "--quota", "100", "--expires", "2099-01-31T12:00:00Z", "--model", "a", "--model", "b",
                                 "--address", "10.0.0.0/8", "--tag", "x", "--requests-per-minute", "5", "--tokens-per-day", "6",
                                 "--tokens-per-month", "7", "--time-zone", "Europe/Berlin", "--in-flight", "8")
        key = d.ok("apikey", "show", number, "--json").json
        self.assertEqual(
            {f: key[f] for f in ("owner", "quota", "expires", "models", "model_limits", "addresses", "tags", "requests_per_minute",
                                 "tokens_per_day", "tokens_per_month", "time_zone", "in_flight", "tenant", "status", "unlimited")},
            {"owner": n, "quota": 100, "expires": "2099-01-31T12:00:00Z", "models": ["a", "b"], "model_limits": True,
             "addresses": ["10.0.0.0/8"], "tags": ["x"], "requests_per_minute": 5, "tokens_per_day": 6, "tokens_per_month": 7,
             "time_zone": "Europe/Berlin", "in_flight": 8, "tenant": "main", "status": "enabled", "unlimited": False})
        d.ok("apikey", "update", number, "--model", "", "--address", "", "--unlimited", "--expires", "never", "--name", n + " 2")
        key = d.ok("apikey", "show", number, "--json").json
        self.assertEqual((key["models"], key["model_limits"], key["addresses"], key["unlimited"], key["expires"], key["name"]),
                         ([], False, [], True, None, n + " 2"))
        self.assertEqual(key["tags"], ["x"], "what is not given stays")
        self.assertEqual([k["id"] for k in self.listed("apikey", "list", "--owner", n)], [number])
        self.assertEqual([k["id"] for k in self.listed("apikey", "search", n + " 2")], [number])
        self.assertEqual(d.cli("apikey", "create", n).code, 64, "neither a quota nor without one")
        for bad in (["--quota", "1", "--unlimited"], ["--quota", "-1"], ["--quota", "500000000000001"], ["--expires", "x"], []):
            self.assertEqual(d.cli("apikey", "update", number, *bad).code, 64, bad)

    def test_verify(self):
        d = self.d
        number, key = self.new_key("--quota", "10", "--model", "m", "--address", "10.0.0.0/8")
        self.assertEqual(self.verify(key, "--address", "10.1.1.1", "--model", "m")["number"], int(number))
        self.assertEqual(self.verify(key + "\n", "--address", "10.1.1.1", "--model", "m")["reason"], "valid")
        self.assertEqual(self.verify(key, "--address", "11.1.1.1", "--model", "m")["reason"], "address")
        self.assertEqual(self.verify(key, "--address", "10.1.1.1", "--model", "n")["reason"], "model")
        self.assertEqual(self.verify(key, "--address", "10.1.1.1", "--model", "m", "--cost", "11")["reason"], "quota")
        self.assertEqual(self.verify(key, "--address", "10.1.1.1", "--model", "m", "--cost", "4")["remaining"], 6)
        self.assertEqual(self.verify("sk-nothing")["reason"], "unknown-key")
        d.ok("apikey", "disable", number)
        refused = d.cli("apikey", "verify", "--address", "10.1.1.1", input=key)
        self.assertEqual(refused.code, 9)
        self.assertIn("disabled", refused.text)
        d.ok("apikey", "enable", number)
        self.assertEqual(d.cli("apikey", "verify", "--address", "10.1.1", input=key).code, 64)
        for extra in ([key], ["--key", key], ["-k" + key]):
            result = d.cli("apikey", "verify", *extra, input=key)
            self.assertEqual(result.code, 64, result)
            self.assertNotIn(key.encode(), result.out + result.err)
        self.assertEqual(d.cli("apikey", "verify", input="").code, 65)
        self.assertEqual(d.cli("apikey", "verify", input="x" * 513).code, 65)

    def test_reservations(self):
        d = self.d
        number, key = self.new_key("--quota", "100")
        def reserve(amount, name):
            return d.cli("apikey", "reserve", "--amount", str(amount), "--request-id", name, "--json", input=key)
        first = reserve(60, "a").json
        self.assertEqual((first["amount"], first["repeated"], first["remaining"]), (60, False, 40))
        self.assertRegex(first["reserved_until"], TIME)
        self.assertTrue(reserve(60, "a").json["repeated"])
        self.assertEqual(reserve(61, "a").code, 2)
        refused = reserve(50, "b")
        self.assertEqual((refused.code, refused.json["reason"], refused.json["reserved_until"]), (9, "quota", None))
        settled = d.ok("apikey", "settle", number, "--request-id", "a", "--amount", "30", "--model", "m", "--input-tokens", "5",
                       "--json").json
        self.assertEqual((settled["charged"], settled["remaining"], settled["shortfall"]), (30, 70, 0))
        self.assertEqual(reserve(70, "c").code, 0)
        self.assertEqual(d.ok("apikey", "release", number, "--request-id", "c", "--json").json["remaining"], 70)
        self.assertEqual(d.cli("apikey", "release", number, "--request-id", "never").code, 3)
        usage = d.ok("apikey", "usage", number, "--json").json
        self.assertEqual((usage["apikey"]["used"], usage["apikey"]["quota"]), (30, 70))
        self.assertEqual([(l["request_id"], l["amount"], l["model"], l["input_tokens"]) for l in usage["lines"]], [("a", 30, "m", 5)])
        self.assertEqual(d.ok("apikey", "usage", number, "--lines", "0", "--json").json["lines"], [])
        self.assertEqual(d.cli("apikey", "reserve", "--amount", "1", "--request-id", "x", "--lifetime", "2d", input=key).code, 64)

    def test_reveal_and_delete(self):
        d, n = self.d, self.n
        number, key = self.new_key("--unlimited")
        self.assertEqual(d.ok("apikey", "reveal", number).text, key + "\n")
        d.ok("tenant", "create", n, "--no-reveal")
        hidden, _ = self.new_key("--unlimited", "--tenant", n)
        self.assertEqual(d.cli("apikey", "reveal", hidden).code, 4)
        self.assertEqual([k["id"] for k in self.listed("apikey", "list", "--tenant", n)], [hidden])
        self.assertNotIn(hidden, [k["id"] for k in self.listed("apikey", "list")])
        # All or nothing: one that is not there leaves the others.
        self.assertEqual(d.cli("apikey", "delete", number, "999999999").code, 3)
        self.assertEqual(self.verify(key)["reason"], "valid")
        d.ok("apikey", "delete", number)
        self.assertEqual(self.verify(key)["reason"], "unknown-key")
        d.ok("apikey", "delete", hidden)
        self.assertEqual(d.cli("apikey", "show", hidden).code, 3)

    def test_lists_are_followed_to_their_end(self):
        n = self.n
        d = self.d
        rows = [{"id": i + 1000, "user_id": 1000, "key": "list%05d" % i, "status": 1, "name": n, "expired_time": -1,
                 "remain_quota": 0, "unlimited_quota": 1} for i in range(2500)]
        data = {"users": [{"id": 1000, "username": n, "role": 1, "status": 1}], "tokens": rows}
        d.ok("import", "--from", "newapi", "-", input=json.dumps(data))
        self.assertEqual(len(self.listed("apikey", "list", "--owner", n)), 2500)
        self.assertEqual(d.ok("apikey", "search", n).text.count("\n"), 2501)


class Doors(Accounts):
    def test_set_and_unset(self):
        d = self.d
        doors = self.listed("door", "list")
        self.assertTrue(doors)
        door, field = doors[0]["door"], doors[0]["field"]
        def state():
            return [x["set"] for x in self.listed("door", "list", door) if x["field"] == field]
        self.assertEqual(state(), [False])
        self.assertEqual(d.cli("door", "set", door, field, input="admin123").code, 65)
        self.assertEqual(state(), [False])
        d.ok("door", "set", door, field, "--allow-sample", input="admin123")
        self.assertEqual(state(), [True])
        d.ok("door", "set", door, field, input=PLANT + "door-secret-that-is-long-enough\n")
        self.assertNotIn(PLANT, d.ok("door", "list").text + d.ok("door", "list", "--json").text + d.log_text())
        d.ok("door", "set", door, field, "--unset")
        self.assertEqual(state(), [False])
        self.assertEqual(d.cli("door", "set", "nothing", "here", input="x" * 32).code in (3, 65), True)
        result = d.cli("door", "set", door, field, PLANT + "argument", input="x")
        self.assertEqual(result.code, 64)
        self.assertNotIn(PLANT.encode(), result.out + result.err)


class Imports(Accounts):
    USERS = ("CREATE TABLE users (id integer primary key, username text, password text, display_name text, role integer, "
             "status integer, email text, access_token char(32), quota integer, used_quota integer, `group` text, deleted_at datetime)")
    TOKENS = ("CREATE TABLE tokens (id integer primary key, user_id integer, key char(48), status integer, name text, "
              "created_time integer, accessed_time integer, expired_time integer, remain_quota integer, unlimited_quota numeric, "
              "model_limits_enabled numeric, model_limits text, allow_ips text, used_quota integer, `group` text, "
              "cross_group_retry numeric, auto_groups text, deleted_at datetime)")

    def database(self):
        path = os.path.join(space(), "one-api.db")
        db = sqlite3.connect(path)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute(self.USERS)
        db.execute(self.TOKENS)
        db.execute("INSERT INTO users VALUES (7, 'ada', ?, 'Ada', 10, 1, 'ada@example.org', ?, 500, 3, 'default', NULL)",
                   (BCRYPT, PLANT + "access"))
        db.execute("INSERT INTO users VALUES (8, 'gone', '', '', 1, 1, '', NULL, 0, 0, 'default', '2026-01-01')")
        add = "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, 1700000000, 0, ?, ?, ?, 0, '', ?, 4, '', 0, '', NULL)"
        for row in ((1, 7, "A" * 48, 1, "first", -1, 100, 0, "10.0.0.0/8"), (2, 7, "B" * 48, 2, "off", -1, 0, 1, ""),
                    (3, 7, "C" * 48, 1, "odd", -1, 0, 1, "everywhere"), (4, 8, "D" * 48, 1, "orphan", -1, 0, 1, ""),
                    (5, 7, "E" * 48, 1, "old", 1, 0, 1, "")):
            db.execute(add, row)
        db.commit()
        return path, db

    def test_newapi(self):
        d = self.d
        path, db = self.database()
        dry = d.cli("import", "--from", "newapi", path, "--dry-run")
        self.assertEqual(dry.code, 65, "a row is refused")
        self.assertIn("would be: ", dry.text)
        self.assertEqual(d.cli("user", "show", "ada").code, 3)
        result = d.cli("import", "--from", "newapi", path, "--json")
        self.assertEqual(result.code, 65)
        answer = result.json
        self.assertEqual((answer["created"], answer["refused"], answer["skipped"]), (4, 1, 2))
        rows = {r["origin"]: r for r in answer["rows"]}
        self.assertIn("allow_ips", rows["tokens row 3 (id 3)"]["note"])
        self.assertEqual(rows["tokens row 4 (id 4)"]["result"], "skipped")
        self.assertNotIn(PLANT.encode(), result.out + result.err)
        self.assertNotIn(b"A" * 48, result.out + result.err)
        ada = d.ok("user", "show", "ada", "--json").json
        self.assertEqual((ada["role"], ada["newapi_id"], ada["wallet"], ada["wallet_used"]), ("admin", 7, 500, 3))
        keys = {k["name"]: k for k in self.listed("apikey", "list", "--owner", "ada")}
        self.assertEqual(sorted(keys), ["first", "off", "old"])
        first = keys["first"]
        self.assertEqual((first["form"], first["status"], first["quota"], first["used"], first["newapi_id"], first["addresses"]),
                         ("sk", "enabled", 100, 4, 1, ["10.0.0.0/8"]))
        self.assertEqual(first["created"], "2023-11-14T22:13:20Z")
        self.assertEqual(self.verify("sk-" + "A" * 48, "--address", "10.1.1.1")["reason"], "valid")
        self.assertEqual(self.verify("sk-" + "A" * 48, "--address", "11.1.1.1")["reason"], "address")
        self.assertEqual(self.verify("sk-" + "B" * 48)["reason"], "disabled")
        self.assertEqual(self.verify("sk-" + "C" * 48)["reason"], "unknown-key")
        self.assertEqual(self.verify("sk-" + "E" * 48)["reason"], "expired")
        again = d.cli("import", "--from", "newapi", path, "--json").json
        self.assertEqual((again["created"], again["changed"], again["unchanged"]), (0, 0, 4))
        db.close()

    def test_ragflow(self):
        d = self.d
        ada, bob = "%032x" % 0xada, "%032x" % 0xb0b
        token = "ragflow-" + PLANT.replace("-", "x") + "k" * 20
        data = {
            "api_token": [{"tenant_id": ada, "token": token, "beta": "b" * 32, "create_time": 1767323045000}],
            "user_tenant": [{"user_id": ada, "tenant_id": ada, "role": "owner", "status": "1"},
                            {"user_id": bob, "tenant_id": ada, "role": "normal", "status": "1"}],
            "user": [{"id": ada, "nickname": "Ada", "email": "ada@ragflow.example", "password": None, "is_superuser": "0", "status": "1"},
                     {"id": bob, "nickname": "Bob", "email": "bob@ragflow.example", "password": None, "is_superuser": 1, "status": "0"}],
            "tenant": [{"id": ada, "name": "Ada's Kingdom", "status": "1"}, {"id": bob, "name": "Bob's Kingdom", "status": "1"}],
        }
        result = d.ok("import", "--from", "ragflow", "-", input=json.dumps(data))
        self.assertIn("7 created", result.text)
        self.assertNotIn(token.encode(), result.out + result.err)
        shown = d.ok("user", "show", "bob@ragflow.example", "--json").json
        self.assertEqual((shown["home"], shown["enabled"], shown["role"], shown["ragflow_id"]), (bob, False, "admin", bob))
        self.assertEqual(sorted(m["role"] for m in self.listed("tenant", "member", "list", ada)), ["normal", "owner"])
        self.assertEqual(self.verify(token)["tenant"], ada)
        self.assertEqual(self.verify("b" * 32)["scope"], "embed")
        self.assertIn("7 unchanged", d.ok("import", "--from", "ragflow", "-", input=json.dumps(data)).text)

    def test_what_is_no_such_file(self):
        d = self.d
        folder = space()
        path = os.path.join(folder, "x.db")
        for content, message in ((b"", "empty"), (b"hunter2", "neither"), (b"SQLite format 3\0" + b"x" * 200, "SQLite"),
                                 (b'{"tokens": [{"key": "hunter2"', "line 1"), (b"{}", "none of the tables")):
            with open(path, "wb") as f:
                f.write(content)
            result = d.cli("import", "--from", "newapi", path)
            self.assertEqual(result.code, 65, result)
            self.assertIn(message, result.error)
            self.assertNotIn("hunter2", result.error + result.text)
        self.assertEqual(d.cli("import", "--from", "newapi", "/no/such.db").code, 65)
        self.assertEqual(d.cli("import", "--from", "newapi", "-", input='{"tokens": []}').code, 65)
        self.assertEqual(d.cli("import", "--from", "newapi", path, "--prefix", "x/").code, 64)
        self.assertEqual(d.cli("import", "--from", "oneapi", path).code, 64)


if __name__ == "__main__":
    unittest.main()
