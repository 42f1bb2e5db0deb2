"""Imports from systems that kept tokens, as docs/cli.md has them, and of Coffer's own format."""

import subprocess
import sqlite3
import unittest

from common import *


class Imports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Daemon()

    @classmethod
    def tearDownClass(cls):
        assert cls.d.stop() == 0
        assert PLANT not in cls.d.log_text(), "a secret is in the log"

    def setUp(self):
        self.n = self.id().split(".")[-1]

    def folder(self, files):
        path = space()
        for name, content in files.items():
            os.makedirs(os.path.dirname(os.path.join(path, name)), exist_ok=True)
            with open(os.path.join(path, name), "wb") as f:
                f.write(content.encode() if isinstance(content, str) else content)
        return path

    def bring(self, source, *arguments, code=0, input=b""):
        result = self.d.cli("import", "--from", source, *arguments, "--json", input=input)
        self.assertEqual(result.code, code, result)
        self.assertNotIn(PLANT.encode(), result.out + result.err)
        return result.json

    def shown(self, name, noun="credential"):
        return self.d.ok(noun, "show", name, "--json").json

    def revealed(self, name, field):
        return self.d.ok("credential", "reveal", name, field).text.rstrip("\n")


class TokensTool(Imports):
    def test_folder(self):
        d, n = self.d, self.n
        tokens = {
            n + " ada": {"token": PLANT + "session", "username": "ada@example.org", "userPassword": PLANT + "pw", "shared": True,
                         "setPoolToken": True, "access_token": PLANT + "access", "share_token": PLANT + "fk", "password": PLANT + "entry",
                         "updateTime": "2024-01-20 03:04:05", "checkSession": True},
            n + " web": {"token": "bob@example.org," + PLANT + "x", "username": "bob@example.org", "userPassword": PLANT + "x"},
            n + " bad": {"token": [PLANT]},
        }
        pools = {n: {"poolToken": PLANT + "pk", "shareTokens": [n + " ada", "gone"], "poolTime": "", "priority": 2}}
        config = {"loginUsername": "boss" + n, "loginPassword": "123456", "getTokenPassword": PLANT + "get", "bind": "127.0.0.1:8181",
                  "proxy_api_prefix": "prefix12", "unknown": 1}
        share = {"one": {"token_name": n + " ada", "priority": 1}}
        path = self.folder({"tokens.json": json.dumps(tokens, ensure_ascii=False), "pool.json": json.dumps(pools),
                            "config.json": json.dumps(config), "share.json": json.dumps(share)})
        dry = self.bring("tokenstool", path, "--dry-run", code=65)
        self.assertEqual((dry["created"], dry["refused"]), (3, 1))
        self.assertEqual(d.cli("credential", "show", n + " ada").code, 3)
        answer = self.bring("tokenstool", path, code=65)
        self.assertEqual((answer["created"], answer["refused"]), (3, 1))
        ada = self.shown(n + " ada")
        self.assertEqual((ada["provider"], ada["email"], ada["secrets"], ada["parameters"]["base"]),
                         ("pandora", "ada@example.org", ["password", "tokenstool.password", "username"], "http://127.0.0.1:8181/prefix12"))
        self.assertEqual([t["kind"] for t in ada["tokens"]], ["access", "session", "share"])
        self.assertEqual((ada["attributes"]["tokenstool.shared"], ada["attributes"]["tokenstool.set_pool_token"]), ("true", "true"))
        self.assertEqual(self.revealed(n + " ada", "session"), PLANT + "session")
        self.assertEqual(self.shown(n + " web")["tokens"], [])
        pool = self.shown(n, "pool")
        self.assertEqual((pool["members"], pool["own_token"], pool["attributes"]["tokenstool.priority"]), (1, True, "2"))
        settings = {s["key"]: s for s in answer["settings"]}
        self.assertEqual((settings["loginPassword"]["result"], settings["getTokenPassword"]["result"], settings["bind"]["result"]),
                         ("refused", "taken", "taken"))
        doors = {f["field"]: f["set"] for f in d.ok("door", "list", "tokenstool", "--json").json}
        self.assertEqual((doors["login_username"], doors["token_password"], doors["login_password"], doors["settings"], doors["share_channels"]),
                         (True, True, False, True, True))
        again = self.bring("tokenstool", path, code=65)
        self.assertEqual((again["created"], again["changed"], again["unchanged"]), (0, 0, 3))
        self.assertEqual({s["result"] for s in again["settings"] if s["key"] == "getTokenPassword"}, {"not needed"})

    def test_what_is_no_such_folder(self):
        for files, message in (({}, "has none of the files"), ({"tokens.json": "{\"a\": "}, "tokens.json: line 1"),
                               ({"tokens.json": b"\xff\x00"}, "tokens.json: line 1: not valid UTF-8"),
                               ({"tokens.json": "{}"}, "nothing to import")):
            result = self.d.cli("import", "--from", "tokenstool", self.folder(files))
            self.assertEqual(result.code, 65, result)
            self.assertIn(message, result.error)
        self.assertEqual(self.d.cli("import", "--from", "tokenstool", "/no/such/folder").code, 65)
        self.assertEqual(self.d.cli("import", "--from", "tokenstool", "a", "b").code, 64)


class RTManage(Imports):
    CONFIG = """server: {host: 127.0.0.1, port: 8080, mode: release}
database: {type: sqlite, database: ./data/tokens.db}
openai: {schedule_enabled: true, refresh_interval: 3}
auth:
  username: boss
  password: %s
  jwt_secret: x
  jwt_expire_hours: 48
  api_secret: my-api-secret-2025
surprise: 1
"""

    def database(self, rows, prefix="rt_"):
        path = os.path.join(space(), "tokens.db")
        db = sqlite3.connect(path)
        db.execute("CREATE TABLE %srts (id integer primary key, biz_id text, user_name text, email text, type text, rt text, at text, "
                   "proxy text, client_id text, tag text, enabled numeric, last_rt text, refresh_result text, user_info text, "
                   "account_info text, last_refresh_time datetime, memo text, create_time datetime, update_time datetime)" % prefix)
        for row in rows:
            db.execute("INSERT INTO %srts (%s) VALUES (%s)" % (prefix, ", ".join(row), ", ".join("?" * len(row))), list(row.values()))
        db.commit()
        db.close()
        return path

    def test_configuration_and_database(self):
        d, n = self.d, self.n
        config = os.path.join(self.folder({"config.yml": self.CONFIG % (PLANT + "password")}), "config.yml")
        database = self.database([
            {"id": 7, "biz_id": n, "rt": PLANT + "rt", "at": PLANT + "at", "email": "a@example.org", "tag": "x,y", "enabled": 1,
             "last_rt": PLANT + "old", "user_info": "{}", "proxy": "http://u:%s@127.0.0.1:1" % PLANT, "refresh_result": PLANT,
             "create_time": "2025-12-01 22:56:30.123456789+08:00", "memo": "two\nlines"},
            {"id": 8, "biz_id": n + "8", "rt": "", "enabled": 0},
            {"id": 9, "biz_id": n + "9", "rt": PLANT + "rt9", "enabled": 0, "proxy": "gopher://x"},
        ])
        answer = self.bring("rtmanage", config, database, code=65)
        self.assertEqual((answer["created"], answer["refused"]), (2, 2))
        shown = self.shown(n)
        self.assertEqual((shown["provider"], shown["email"], shown["tags"], shown["proxy"], shown["enabled"], shown["memo"]),
                         ("openai", "a@example.org", ["x", "y"], "http://127.0.0.1:1", True, ""))
        self.assertEqual((shown["attributes"]["rtmanage.id"], shown["attributes"]["rtmanage.create_time"], shown["attributes"]["rtmanage.memo"]),
                         ("7", "1764600990123", "two\nlines"))
        self.assertEqual(self.revealed(n, "refresh"), PLANT + "rt")
        self.assertEqual(self.revealed(n, "previous_refresh"), PLANT + "old")
        self.assertEqual(d.cli("credential", "show", n + "9").code, 3, "a proxy that could never be used refuses the row")
        keys = {s["key"]: s["result"] for s in answer["settings"]}
        self.assertEqual((keys["server.port"], keys["server.mode"], keys["auth.password"], keys["auth.api_secret"], keys["surprise"],
                          keys["database.type"]), ("taken", "not needed", "taken", "refused", "refused", "not needed"))
        self.assertEqual(answer["configuration"], ["rtmanage:", '  listen: "127.0.0.1:8080"', "  jwt_expire_hours: 48"])
        schedule = d.ok("schedule", "show", "rtmanage", "--json").json
        self.assertEqual((schedule["action"], schedule["rule"], schedule["target_provider"]), ("refresh", "every 72 hours", "openai"))
        doors = {f["field"]: f["set"] for f in d.ok("door", "list", "rtmanage", "--json").json}
        self.assertEqual((doors["username"], doors["password"], doors["api_secret"]), (True, True, False))
        text = d.cli("import", "--from", "rtmanage", config).text
        self.assertIn("auth.password: not needed because rtmanage/password is set already", text)
        self.assertIn("auth.api_secret: refused: it is a sample value", text)
        self.assertIn('  rtmanage:\n    listen: "127.0.0.1:8080"', text)
        self.bring("rtmanage", config, "--allow-sample", code=65)
        self.assertTrue({f["field"]: f["set"] for f in d.ok("door", "list", "rtmanage", "--json").json}["api_secret"])

    def test_csv(self):
        n = self.n
        path = os.path.join(self.folder({"rts.csv": "id,biz_id,rt,enabled,email\n1,%s,%scsv1,1,\\N\n2,x\n\"3\"x,y\n4,%s,%scsv2,0,NULL\n" % (
            n, PLANT, n + "2", PLANT)}), "rts.csv")
        answer = self.bring("rtmanage", path, code=65)
        self.assertEqual((answer["created"], answer["refused"]), (2, 2))
        self.assertEqual({r["origin"] for r in answer["rows"] if r["result"] == "refused"}, {"line 3", "line 4"})
        self.assertFalse(self.shown(n + "2")["enabled"])

    def test_what_is_no_such_file(self):
        for name, content, message in (("config.yml", "", "empty"), ("config.yml", "- a", "line 1"), ("config.yml", "a: [", "not valid YAML"),
                                       ("rts.csv", "a,b\n", "must name the columns"), ("x.db", b"SQLite format 3\0" + b"x" * 200, "SQLite")):
            path = os.path.join(self.folder({name: content}), name)
            result = self.d.cli("import", "--from", "rtmanage", path)
            self.assertEqual(result.code, 65, result)
            self.assertIn(message, result.error)
        self.assertEqual(self.d.cli("import", "--from", "rtmanage", "/no/such").code, 65)
        self.assertEqual(self.d.cli("import", "--from", "rtmanage", "x", "--upstream", "deep=http://x").code, 64)


class TokenStatusCheck(Imports):
    def test_folder(self):
        d = self.d
        path = self.folder({"LLM-Deep/token.json": "%sone\n%stwo\r\n\n%sone\n" % (PLANT, PLANT, PLANT), "LLM-Qwen/token.json": "",
                            "OfficialToken/deep_user.json": "13912341234-%spass-word\nbroken\n" % PLANT})
        answer = self.bring("tokenstatuscheck", path, "--upstream", "deep=http://127.0.0.1:1/token/check", code=65)
        self.assertEqual((answer["created"], answer["skipped"], answer["refused"]), (3, 1, 1))
        deep = d.ok("credential", "list", "--tag", "deep", "--json").json
        self.assertEqual(len(deep), 2)
        self.assertEqual({c["parameters"]["url"] for c in deep}, {"http://127.0.0.1:1/token/check"})
        self.assertEqual(self.revealed(deep[0]["name"], "access"), PLANT + "one")
        self.assertEqual(self.revealed("deepseek 13912341234", "password"), PLANT + "pass-word")
        self.assertEqual(self.bring("tokenstatuscheck", path, code=65)["unchanged"], 3)
        self.assertEqual(d.cli("import", "--from", "tokenstatuscheck", path, "--upstream", "nobody=http://x").code, 64)
        fresh = self.folder({"LLM-Step/token.json": PLANT + "step"})
        result = d.cli("import", "--from", "tokenstatuscheck", fresh,
                       env={"TokenStatuCheckUrls__StepTokenCheckUrl": "http://127.0.0.1:1/step"})
        self.assertEqual(result.code, 0, result)
        self.assertEqual(d.ok("credential", "list", "--tag", "step", "--json").json[0]["parameters"], {"url": "http://127.0.0.1:1/step"})


class OwnFormat(Imports):
    def test_json_lines(self):
        d, n = self.d, self.n
        lines = [json.dumps({"name": n, "provider": "oauth2", "tags": ["a"], "parameters": {"token_url": "http://127.0.0.1:1/"},
                             "attributes": {"k": "v"}, "secrets": {"refresh": PLANT + "rt", "access": PLANT + "at"},
                             "expires": {"access": "2099-01-31T12:00:00Z"}, "enabled": True}),
                 "", '{"name": "%s", "provider": "nothing"}' % (n + "2"), "{" + PLANT, '{"name": "x", "password": "%s"}' % PLANT,
                 json.dumps({"name": n + "3", "provider": "openai"}), json.dumps({"name": n, "provider": "openai"})]
        data = "\n".join(lines)
        dry = self.bring("credentials", "-", "--dry-run", code=65, input=data)
        self.assertEqual(d.cli("credential", "show", n).code, 3)
        answer = self.bring("credentials", "-", code=65, input=data)
        self.assertEqual((answer["created"], answer["refused"]), (2, 3 if answer["unchanged"] else 4))
        rows = {r["origin"]: r for r in answer["rows"]}
        self.assertEqual([rows["line %d" % i]["result"] for i in (1, 3, 4, 5, 6)], ["created", "refused", "refused", "refused", "created"])
        self.assertIn("provider", rows["line 3"]["note"])
        self.assertIn("there is no field 'password'", rows["line 5"]["note"])
        shown = self.shown(n)
        self.assertEqual((shown["access_expires"], shown["state"], shown["attributes"]), ("2099-01-31T12:00:00Z", "fresh", {"k": "v"}))
        self.assertEqual(d.ok("token", n).text, PLANT + "at")

    def test_csv(self):
        n = self.n
        data = "name,provider,tags,secrets.refresh,parameters.token_url\n%s,oauth2,a;b,\"%s,\"\"x\"\"\",http://127.0.0.1:1/\n" % (n, PLANT)
        result = self.d.ok("credential", "import", "-", input=data)
        self.assertIn("line 2: created", result.text)
        self.assertEqual(self.revealed(n, "refresh"), PLANT + ',"x"')
        self.assertEqual(self.shown(n)["tags"], ["a", "b"])
        self.assertEqual(self.d.cli("credential", "import", "-", input="nome,provider\n").code, 65)

    def test_nothing_is_a_clear_result(self):
        for data in ("", "\n\n", "name,provider\n"):
            result = self.d.cli("credential", "import", "-", input=data)
            self.assertEqual(result.code, 65)
            self.assertIn("there is no line to import", result.error)
        self.assertEqual(self.d.cli("credential", "import", "/no/such").code, 65)
        self.assertEqual(self.d.cli("import", "--from", "credentials", "x", "--prefix", "y").code, 64)

    def test_a_long_file_is_not_held_in_memory(self):
        """100,000 broken lines between a few good ones: the command stays small, and tells of each."""
        d, n = self.d, self.n
        path = os.path.join(space(), "long.jsonl")
        with open(path, "w") as f:
            for i in range(100_000):
                f.write('{"name": "%s", "provider": "openai"}\n' % (n + str(i)) if i % 25_000 == 0 else "x" * 400 + "\n")
        with open(os.path.join(space(), "out"), "w+b") as output:
            command = subprocess.Popen([binary("coffer"), "--socket", d.socket, "credential", "import", path],
                                       stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.DEVNULL)
            # This one's memory: what other children took earlier does not count.
            _, status, usage = os.wait4(command.pid, 0)
            command.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            text = output.read().decode()
        self.assertEqual(command.returncode, 65)
        self.assertIn("4 created, 0 changed, 0 unchanged, 99996 refused, 0 skipped", text)
        self.assertEqual(text.count("\n"), 100_001)
        self.assertLess(usage.ru_maxrss, 200_000, "KiB")


if __name__ == "__main__":
    unittest.main()
