"""Policies, judged by what other users really get."""

import json
import unittest

from harness import *

ACTIONS = ["get", "info", "list", "put", "activate", "delete", "destroy"]


def attempt(child, action, name):
    """Tries what an action stands for; the name of the failure, or None."""
    if action == "get":
        return child.call(call, "get", name)[0]
    if action == "put":
        return child.call(call, "put", name, b"new")[0]
    if action == "info":
        return child.call(call, "info", name)[0]
    if action == "list":
        return None if name.encode() in child.call(call, "names")[1] else "denied"
    if action == "activate":
        return child.call(call, "activate", name, 1)[0]
    return child.call(call, action, name)[0]


class Rules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Daemon("--loops", "2")
        for name in ("a", "a/b", "a/b/c", "ab", "web/key", "web/x/key", "z"):
            cls.d.put(name)

    @classmethod
    def tearDownClass(cls):
        assert cls.d.stop() == 0

    def setUp(self):
        self.d.forget_policies()

    def user(self, uid=ONE, **options):
        child = Child(uid, **options)
        self.addCleanup(child.end)
        child.selectors = child.call(connect, self.d.socket)
        return child

    def test_default_deny(self):
        for uid in (ONE, TWO):
            child = self.user(uid)
            self.assertIn("uid:%d" % uid, child.selectors)
            for name in ("a", "a/b", "not/there", "bad//name"):
                for action in ACTIONS:
                    self.assertEqual(attempt(child, action, name), "denied", (uid, action, name))
            self.assertEqual(child.call(call, "names"), (None, []))
            self.assertEqual(child.call(call, "export"), (None, []))
            self.assertEqual(child.call(call, "update", "a", c.Settings(tags=["x"]))[0], "denied")
            self.assertEqual(child.call(call, "undelete", "a")[0], "denied")
            status = child.call(call, "status")[1]
            self.assertEqual(sorted(status), ["locked", "version"], "an outsider learns too much")
        for arguments in (["policy", "list"], ["slot", "list"], ["doctor"], ["lock"], ["policy", "show", "x"],
                          ["policy", "delete", "x"], ["slot", "remove", "1"], ["slot", "add", "recovery"],
                          ["explain", "--as", "uid:1001", "get", "a"], ["watch", "a"], ["get", "a"],
                          ["unlock", "--key-file", self.d.key]):
            if arguments[0] == "unlock":
                continue
            result = self.d.cli(*arguments, uid=ONE)
            if arguments == ["policy", "list"]:
                self.assertEqual((result.code, result.out), (0, b""))
            else:
                self.assertEqual(result.code, 4, (arguments, result))
        fake = os.path.join(space(ONE), "key")
        with open(fake, "w") as f:
            f.write("00" * 32)
        os.chmod(fake, 0o644)
        self.assertEqual(self.d.cli("unlock", "--key-file", fake, uid=ONE).code, 4)

    def test_each_action_alone(self):
        for action in ACTIONS:
            with self.subTest(action=action):
                name = "solo/" + action
                self.d.put(name)
                self.d.put(name)
                self.d.allow("solo", ["uid:%d" % ONE], action, [name])
                child, other = self.user(), self.user(TWO)
                for tried in ACTIONS:
                    if tried == action:
                        continue
                    self.assertEqual(attempt(child, tried, name), "denied", (action, tried))
                self.assertEqual(attempt(other, action, name), "denied")
                self.assertEqual(attempt(child, action, name + "x"), "denied")
                self.assertEqual(attempt(child, action, "solo"), "denied")
                self.assertIsNone(attempt(child, action, name), action)
                if action == "put":
                    self.assertIsNone(child.call(call, "update", name, c.Settings(tags=["x"]))[0])
                if action == "delete":
                    self.assertIsNone(child.call(call, "undelete", name)[0])

    def test_who(self):
        group = "mail"
        import grp
        mail = grp.getgrnam(group).gr_gid
        cases = [
            (["uid:1001"], [(ONE, None, (), True), (TWO, None, (), False), (1000, None, (), False)]),
            (["gid:1002"], [(ONE, None, (), False), (ONE, TWO, (), True), (ONE, None, (TWO,), True), (TWO, None, (), True)]),
            (["group:" + group], [(ONE, None, (), False), (ONE, mail, (), True), (ONE, None, (5, mail), True)]),
            (["account:daemon"], [(1, 1, (), True), (ONE, 1, (), False)]),
            (["uid:1001", "uid:1002"], [(ONE, None, (), True), (TWO, None, (), True), (1003, None, (), False)]),
            ([["uid:1001", "gid:1002"]], [(ONE, None, (), False), (TWO, None, (), False), (ONE, TWO, (), True),
                                          (ONE, None, (TWO,), True)]),
            ([["uid:1001", "group:" + group], "uid:1003"], [(ONE, None, (), False), (ONE, mail, (), True), (1003, None, (), True)]),
            (["any"], [(ONE, None, (), True), (65534, None, (), True)]),
            ([["any", "door:socket", "uid:1002"]], [(ONE, None, (), False), (TWO, None, (), True)]),
            (["role:admin", "login:root", "token:x"], [(ONE, None, (), False)]),
            (["unit:web.service"], [(ONE, None, (), False)]),
        ]
        for who, callers in cases:
            self.d.allow("who", who, "get", ["a"])
            for uid, gid, groups, allowed in callers:
                with self.subTest(who=who, uid=uid, gid=gid, groups=groups):
                    child = self.user(uid, gid=gid, groups=groups)
                    self.assertEqual(child.call(call, "get", "a")[0], None if allowed else "denied")
                    child.end()

    def test_root_is_no_account_rule(self):
        self.d.allow("r", ["account:root"], "get", ["a"])
        self.assertEqual(self.user().call(call, "get", "a")[0], "denied")
        self.assertEqual(self.d.ok("get", "a").text, PLANT + "a")

    def test_many_groups(self):
        # More than the first buffer for groups holds (64).
        self.d.allow("g", ["gid:5099"], "get", ["a"])
        self.assertIsNone(self.user(groups=range(5000, 5100)).call(call, "get", "a")[0])

    def test_globs(self):
        names = ["a", "a/b", "a/b/c", "ab", "web/key", "web/x/key", "z"]
        cases = {
            "a": ["a"], "*": ["a", "ab", "z"], "a*": ["a", "ab"], "a/*": ["a/b"], "a/**": ["a", "a/b", "a/b/c"],
            "**": names, "**/key": ["web/key", "web/x/key"], "web/*/key": ["web/x/key"], "*b": ["ab"],
            "web/**/key": ["web/key", "web/x/key"], "*/*": ["a/b", "web/key"], "a/b/c/**": ["a/b/c"], "A": [],
        }
        child = self.user()
        for glob, matches in cases.items():
            with self.subTest(glob=glob):
                self.d.allow("glob", ["uid:1001"], "get, list", [glob])
                self.assertEqual([n for n in names if child.call(call, "get", n)[0] is None], matches)
                listed = [n.decode() for n in child.call(call, "names")[1]]
                self.assertEqual([n for n in listed if n in names], matches)

    def test_nothing_between_tenants(self):
        self.d.allow("t", ["uid:1001"], "get, list, put, info", ["**"])
        for uid in (ONE, None):
            result = self.d.cli("get", "a", "--tenant", "other", uid=uid)
            self.assertIn(result.code, (3, 4), result)
            self.assertEqual(result.out, b"")
        self.assertIn(self.d.cli("put", "a", "--tenant", "other", uid=ONE, input="x").code, (3, 4))
        self.assertEqual(self.d.ok("get", "a").text, PLANT + "a")

    def test_changes_reach_open_connections(self):
        children = [self.user() for _ in range(3)]      # on both loops
        for round in range(12):
            self.d.allow("now", ["uid:1001"], "get", ["a"])
            for child in children:
                self.assertEqual(child.call(call, "get", "a")[0], None, "round %d: not yet allowed" % round)
            if round % 2:
                self.d.ok("policy", "delete", "now")
            else:
                self.d.allow("now", ["uid:1002"], "get", ["a"])
            for child in children:
                self.assertEqual(child.call(call, "get", "a")[0], "denied", "round %d: not yet revoked" % round)

    def test_several_policies_add_up(self):
        child = self.user()
        self.d.allow("p1", ["uid:1001"], "get", ["a"])
        self.d.allow("p2", ["gid:1001"], "get", ["z"])
        self.assertEqual([child.call(call, "get", n)[0] for n in ("a", "z", "ab")], [None, None, "denied"])
        self.d.ok("policy", "delete", "p1")
        self.assertEqual([child.call(call, "get", n)[0] for n in ("a", "z")], ["denied", None])

    def test_policies_survive_a_restart(self):
        d = Daemon()
        d.put("a")
        d.allow("p", ["uid:1001"], "get", ["a"])
        self.assertEqual(d.stop(), 0)
        d.start()
        self.assertEqual(d.cli("get", "a", uid=ONE).text, PLANT + "a")
        self.assertEqual(d.cli("get", "a", uid=TWO).code, 4)
        d.ok("lock")
        self.assertEqual(d.cli("get", "a", uid=ONE).code, 5)
        d.ok("unlock", "--key-file", d.key)
        self.assertEqual(d.cli("get", "a", uid=ONE).text, PLANT + "a")
        self.assertEqual(d.cli("get", "a", uid=TWO).code, 4)
        d.stop()

    def test_denied_and_absent_look_alike(self):
        d = self.d
        d.put("blind/gone")
        d.ok("delete", "blind/gone")
        d.put("blind/old")
        d.ok("put", "blind/short", "--expires", "1s", input="x")
        d.put("seen/gone")
        d.ok("delete", "seen/gone")
        d.policy("""
policy: blind
rules:
  - {who: ["uid:1001"], tenant: main, noun: secret, actions: [get, put, activate, delete, destroy], names: ["blind/**"]}
  - {who: ["uid:1001"], tenant: main, noun: secret, actions: [get, info, activate, delete, destroy], names: ["seen/**"]}
""")
        time.sleep(1.1)
        want = None
        for verb in (["get", "blind/none"], ["get", "blind/gone"], ["get", "blind/short"], ["get", "blind/old", "--version", "9"],
                     ["get", "z"], ["get", "nothing"], ["info", "blind/old"], ["info", "blind/none"],
                     ["activate", "blind/none", "1"], ["activate", "blind/old", "9"], ["activate", "blind/gone", "1"],
                     ["delete", "blind/none"], ["delete", "blind/old", "--version", "7"],
                     ["undelete", "blind/none"], ["destroy", "blind/none", "--yes"], ["destroy", "z", "--yes"],
                     ["destroy", "blind/old", "--version", "9", "--yes"], ["get", "no/../name"], ["update", "blind/none", "--tag", "x"],
                     ["update", "blind/gone", "--tag", "x"], ["watch", "z", "--values"], ["watch", "nothing", "--values"]):
            with self.subTest(verb=verb):
                result = d.cli(*verb, "--json", uid=ONE)
                self.assertEqual((result.code, result.out), (4, b""), result)
                failure = result.failure
                failure["message"] = failure["message"].replace(verb[1], "NAME")
                want = want or failure
                self.assertEqual(failure, want)
        for verb, code in ((["get", "seen/none"], 3), (["get", "seen/gone"], 3), (["info", "seen/none"], 3),
                           (["info", "seen/gone"], 0), (["activate", "seen/none", "1"], 3), (["delete", "seen/none"], 3),
                           (["destroy", "seen/none", "--yes"], 3), (["put", "seen/x"], 4)):
            self.assertEqual(d.cli(*verb, uid=ONE, input="x").code, code, verb)

    def test_export_skips(self):
        self.d.allow("e", ["uid:1001"], "get", ["web/**"])
        out = self.d.ok("export", "--to", "json", uid=ONE).json
        self.assertEqual(sorted(out), ["web/key", "web/x/key"])
        child = self.user()
        entries = child.call(call, "export")[1]
        self.assertEqual([e.name for e in entries], [b"web/key", b"web/x/key"])
        self.assertEqual(child.call(call, "export", "a")[1], [])

    def test_import_is_all_or_nothing(self):
        self.d.allow("i", ["uid:1001"], "put", ["in/**"])
        bad = self.d.cli("import", "--from", "json", "-", uid=ONE, input='{"in": {"one": "1", "two": "2"}, "out": "3"}')
        self.assertEqual(bad.code, 4, bad)
        self.assertIn("out", bad.error)
        self.assertEqual(self.d.ok("list", "in/").out, b"")
        for flag in ([], ["--dry-run"]):
            self.assertEqual(self.d.cli("import", "--from", "json", "-", *flag, uid=ONE, input='{"z": "3"}').code, 4)
        good = self.d.ok("import", "--from", "json", "-", uid=ONE, input='{"in": {"one": "1", "two": "2"}}')
        self.assertEqual(self.d.ok("list", "in/").text, "in/one\nin/two\n", good)

    def test_watch(self):
        d = self.d
        d.allow("w", ["uid:1001"], "info", ["web/**"])
        d.allow("v", ["uid:1002"], "get", ["web/**"])
        seer, getter = self.user(ONE), self.user(TWO)
        self.assertIsNone(seer.call(watch, "", False, False)[0])
        self.assertIsNone(getter.call(watch, "", False, True)[0])
        d.put("web/key", "v1")
        d.put("a", "hidden")
        d.put("web/x/key", "v2")
        d.ok("policy", "delete", "w")
        d.put("web/key", "v3")
        d.allow("w", ["uid:1001"], "info", ["web/x/**"])
        d.put("web/key", "v4")
        d.put("web/x/key", "v5")
        self.assertEqual([(e.name, e.value) for e in seer.call(events, 0.7)],
                         [(b"web/key", None), (b"web/x/key", None), (b"web/x/key", None)])
        self.assertEqual([(e.name, e.value) for e in getter.call(events, 0.7)], [
            (b"web/key", b"v1"), (b"web/x/key", b"v2"), (b"web/key", b"v3"), (b"web/key", b"v4"), (b"web/x/key", b"v5")])
        # Values need get, plain events info; exact ones are refused at once.
        third = self.user(TWO)
        self.assertIsNone(third.call(watch, "web/", False, False)[0])
        d.put("web/key", "v6")
        self.assertEqual(third.call(events, 0.5), [])
        for uid, values, failure in ((ONE, True, "denied"), (TWO, False, "denied"), (TWO, True, None)):
            self.assertEqual(self.user(uid).call(watch, "web/x/key" if uid == TWO else "web/x/key", True, values)[0], failure)
        # A resumed watch is judged, too, by the rules of now.
        d.ok("policy", "delete", "v")
        d.put("web/key", "v7")
        self.assertEqual([e for e in getter.call(events, 0.5) if getattr(e, "value", None) == b"v7"], [])

    def test_explain(self):
        d = self.d
        d.allow("ex", ["uid:1001"], "get", ["web/**"])
        yes = d.ok("explain", "get", "web/key", "--json", uid=ONE).json
        self.assertEqual((yes["allowed"], yes["policy"], yes["rule"]), (True, "ex", 1))
        no = d.cli("explain", "put", "web/key", "--json", uid=ONE)
        self.assertEqual((no.code, no.json["allowed"], no.json["policy"]), (4, False, None))
        self.assertEqual(d.cli("explain", "--as", "uid:1002", "get", "web/key", uid=ONE).code, 4)
        self.assertEqual(d.ok("explain", "--as", "uid:1001", "get", "web/key", "--json").json["allowed"], True)
        self.assertEqual(d.cli("explain", "--as", "uid:1002", "get", "web/key").code, 4)
        self.assertTrue(d.ok("explain", "--as", "uid:0", "get", "nothing", "--json").json["allowed"])
        self.assertTrue(d.ok("explain", "--as", "account:root", "get", "nothing", "--json").json["allowed"])
        d.allow("ex2", ["uid:1001"], "info", ["**"], noun="policy")
        self.assertEqual(d.ok("explain", "--as", "uid:1001", "get", "web/key", "--json", uid=ONE).json["policy"], "ex")
        for bad in (["fly", "web/key"], ["get", "--noun", "pony", "x"], ["get", "--as", "user", "x"],
                    ["get", "--as", "uid:-1", "x"], ["get", "bad//name"], ["lock", "x"]):
            self.assertEqual(d.cli("explain", *bad).code, 65, bad)
        # What explain says is what happens.
        for action in ACTIONS:
            for name in ("web/key", "z"):
                said = d.cli("explain", action, name, uid=ONE).code == 0
                if action in ("get", "info"):
                    self.assertEqual(said, d.cli(action, name, uid=ONE).code == 0, (action, name))

    def test_store_rights(self):
        d = Daemon()
        d.put("a")
        self.addCleanup(d.stop)
        d.allow("s", ["uid:1001"], "info", None, noun="store")
        self.assertIn("key-file", d.ok("slot", "list", uid=ONE).text)
        self.assertEqual(d.cli("doctor", uid=ONE).code, 0)
        self.assertIn("revision", d.ok("status", "--json", uid=ONE).json)
        for verb in (["lock"], ["slot", "add", "recovery"], ["slot", "remove", "1"]):
            self.assertEqual(d.cli(*verb, uid=ONE).code, 4, verb)
        d.allow("s", ["uid:1001"], "slots", None, noun="store")
        self.assertEqual(d.cli("slot", "list", uid=ONE).code, 4)
        added = d.ok("slot", "add", "recovery", "--json", uid=ONE).json
        self.assertTrue(added["recovery_key"])
        d.ok("slot", "remove", str(added["id"]), uid=ONE)
        self.assertEqual(d.cli("lock", uid=ONE).code, 4)
        d.allow("s", ["uid:1001"], "lock", None, noun="store")
        self.assertEqual(d.cli("slot", "add", "recovery", uid=ONE).code, 4)
        d.ok("lock", uid=ONE)
        self.assertEqual(d.ok("status", "--json", uid=ONE).json["locked"], 1)
        for verb in (["get", "a"], ["list"], ["slot", "list"], ["doctor"], ["lock"], ["explain", "get", "a"], ["put", "x"]):
            self.assertEqual(d.cli(*verb, uid=ONE, input="x").code, 5, verb)
        shutil.copyfile(d.key, d.folder + "/copy")
        os.chmod(d.folder + "/copy", 0o644)
        self.assertEqual(d.cli("unlock", "--key-file", d.folder + "/copy", uid=ONE).code, 4, "only root and the daemon's uid unlock")
        d.ok("unlock", "--key-file", d.folder + "/copy")
        # No rule can give unlock.
        result = d.cli("policy", "apply", "-", input="policy: u\nrules:\n  - {who: [uid:1001], tenant: main, noun: store, actions: [unlock]}\n")
        if result.code == 0:
            self.assertNotEqual(d.cli("explain", "--noun", "store", "unlock", uid=ONE).code, 0,
                                "explain says that unlock is allowed, but no rule can give it")
        self.assertEqual(d.cli("unlock", "--key-file", d.folder + "/copy", uid=ONE).code, 4)

    def test_policy_rights(self):
        d = self.d
        d.allow("web", ["uid:1003"], "get", ["a"])
        d.allow("own", ["uid:1001"], "info, put", ["web"], noun="policy")
        self.assertEqual(d.ok("policy", "list", uid=ONE).text, "web\n")
        self.assertIn("uid:1003", d.ok("policy", "show", "web", uid=ONE).text)
        self.assertEqual(d.cli("policy", "show", "own", uid=ONE).code, 4)
        self.assertEqual(d.cli("policy", "delete", "web", uid=ONE).code, 4)
        self.assertEqual(d.cli("policy", "delete", "none", uid=ONE).code, 4)
        source = "policy: %s\nrules:\n  - {who: [uid:1001], tenant: main, noun: secret, actions: [get], names: [a]}\n"
        self.assertEqual(d.cli("policy", "apply", "-", uid=ONE, input=source % "own").code, 4)
        both = source % "web" + "---\n" + source % "other"
        self.assertEqual(d.cli("policy", "apply", "-", uid=ONE, input=both).code, 4)
        self.assertEqual(d.ok("policy", "list").text, "own\nweb\n")
        self.assertEqual(d.cli("get", "a", uid=ONE).code, 4, "a refused file must change nothing")
        # Policy comes before what is wrong with the file: an outsider learns nothing of either.
        self.assertEqual(d.cli("policy", "apply", "-", uid=TWO, input="policy: x\nrules: [{who: ['account:nobodyx']}]\n").code, 4)
        d.ok("policy", "apply", "-", uid=ONE, input=source % "web")
        self.assertEqual(d.cli("get", "a", uid=ONE).code, 0)


class PolicyFiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Daemon()
        cls.d.put("a")
        cls.d.allow("keep", ["uid:1001"], "get", ["a"])

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    def refused(self, source, *wanted):
        before = self.d.ok("status", "--json").json["revision"]
        for flag in ([], ["--dry-run"]):
            result = self.d.cli("policy", "apply", "-", *flag, input=source)
            self.assertEqual(result.code, 65, result)
            self.assertEqual(result.out, b"")
            for line, text in wanted:
                self.assertRegex(result.error, r"(?s)line %d\b[^;\n]*%s" % (line, text), (line, text, result.error))
        self.assertEqual(self.d.ok("policy", "list").text, "keep\n")
        self.assertEqual(self.d.ok("status", "--json").json["revision"], before, "a refused file changed something")
        self.assertEqual(self.d.cli("get", "a", uid=ONE).code, 0)
        return result

    RULE = "  - {who: [uid:1001], tenant: main, noun: secret, actions: [get], names: [a]}\n"

    def test_all_at_once(self):
        self.refused(
            "policy: p\n"                                                                          # 1
            "rules:\n"                                                                             # 2
            "  - who: [uid:1001]\n"                                                               # 3
            "    tenant: main\n"                                                                   # 4
            "    noun: secret\n"                                                                   # 5
            "    actions: [get, fly]\n"                                                            # 6
            "    names: [a]\n"                                                                     # 7
            "  - who: ['account:no-such-user-here']\n"                                             # 8
            "    tenant: main\n"                                                                   # 9
            "    noun: secret\n"                                                                   # 10
            "    actions: [get]\n"                                                                 # 11
            "    names: [a]\n"                                                                     # 12
            "  - {who: [uid:1], tenant: main, noun: pony, actions: [get], names: [a]}\n"           # 13
            "  - {who: [uid:1], tenant: mars, noun: secret, actions: [get], names: [a]}\n"         # 14
            "  - {who: [uid:1], tenant: main, noun: secret, actions: [get], names: [a], deny: x}\n"  # 15
            "  - {who: [uid:1], tenant: main, noun: secret, actions: [], names: [a]}\n"            # 16
            "  - {who: [], tenant: main, noun: secret, actions: [get], names: [a]}\n"              # 17
            "  - {who: [uid:1], tenant: main, noun: secret, actions: [get]}\n"                     # 18
            "  - {who: [uid:9], tenant: main, noun: secret, actions: [get], names: ['a//b']}\n"    # 19
            "---\n"                                                                                # 20
            "policy: q\n"                                                                          # 21
            "colour: red\n"                                                                        # 22
            "rules:\n" + self.RULE + self.RULE,                                                    # 24, 25
            (6, "fly"), (8, "no-such-user-here"), (13, "pony"), (14, "mars"), (15, "deny"), (16, "empty"), (17, "empty"),
            (18, "names"), (19, ""), (22, "colour"), (25, "line 24"))

    def test_each(self):
        for source, line, text in (
                ("policy: p\nrules:\n" + self.RULE + "---\npolicy: p\nrules:\n" + self.RULE, 5, "line 1"),
                ("policy: p\n", 1, "rules"), ("rules: []\n", 1, ""), ("", 1, ""), ("# nothing\n", 1, ""),
                ("policy: p\nrules:\n" + self.RULE.replace("[get]", "[get, get]"), 3, "twice"),
                ("policy: p\npolicy: q\nrules:\n" + self.RULE, 1, ""),
                ("policy: 'a*'\nrules:\n" + self.RULE, 1, ""),
                ("policy: p\nrules:\n" + self.RULE.replace("uid:1001", "uid:4294967295"), 3, ""),
                ("policy: p\nrules:\n" + self.RULE.replace("uid:1001", "uid:01001"), 3, ""),
                ("policy: p\nrules:\n" + self.RULE.replace("uid:1001", "'exe:relative'"), 3, ""),
                ("policy: p\nrules:\n" + self.RULE.replace("uid:1001", "'exe:/a/../b'"), 3, ""),
                ("policy: p\nrules:\n" + self.RULE.replace("[a]", "['a**']"), 3, ""),
                ("policy: p\nrules:\n" + self.RULE.replace("[a]", "[*]"), 3, ""),
                ("policy: p\nrules:\n" + self.RULE.replace("uid:1001", "group:no-such-group"), 3, "no-such-group"),
                ("policy: p\nrules:\n" + self.RULE.replace("secret", "store").replace("get", "put"), 3, "put"),
                ("policy: [\n", 1, ""), ("- a\n", 1, ""), ("\tx: 1\n", 1, "")):
            with self.subTest(source=source):
                result = self.d.cli("policy", "apply", "-", input=source)
                self.assertEqual(result.code, 65, result)
                self.assertRegex(result.error, r"line \d+")
                if text:
                    self.refused(source, (line, text))
        self.assertEqual(self.d.cli("policy", "apply", "-", input=b"\xff\xfe").code, 65)
        self.assertEqual(self.d.cli("policy", "apply", "-", input=b"x" * (1 << 19)).code, 65)
        self.assertEqual(self.d.ok("policy", "list").text, "keep\n")

    def test_never_matching_rules_are_reported(self):
        report = self.d.ok("policy", "apply", "-", "--dry-run", "--json", input=(
            "policy: never\nrules:\n"
            "  - {who: ['exe:/no/such/program'], tenant: main, noun: secret, actions: [get], names: [a]}\n"
            "  - {who: [[uid:1, uid:2]], tenant: main, noun: secret, actions: [get], names: [a]}\n"
            "  - {who: [door:http], tenant: main, noun: secret, actions: [get], names: [a]}\n")).json
        self.assertTrue(report["dry_run"])
        for line in (3, 4, 5):
            self.assertTrue(any("line %d" % line in text for text in report["report"]), report)
        self.assertEqual(self.d.ok("policy", "list").text, "keep\n")

    def test_round_trip(self):
        source = "# a comment\npolicy: round\nrules:\n" + self.RULE
        self.d.policy(source)
        self.assertEqual(self.d.ok("policy", "show", "round").text.strip(), source.strip())
        self.d.ok("policy", "delete", "round")
        self.assertEqual(self.d.cli("policy", "show", "round").code, 3)
        self.assertEqual(self.d.cli("policy", "delete", "round").code, 3)


class Daemons(unittest.TestCase):
    def test_daemon_of_a_plain_user(self):
        above = trusted_space()
        if above is None:
            self.skipTest("no place here that only root can write")
        folder = os.path.join(above, "d")
        os.mkdir(folder, 0o755)
        os.chown(folder, ONE, ONE)
        d = Daemon(uid=ONE, folder=folder)
        self.addCleanup(d.stop)
        d.ok("put", "a", uid=ONE, input="mine")
        for uid in (ONE, None):
            self.assertEqual(d.ok("get", "a", uid=uid).text, "mine")
            self.assertIn("key-file", d.ok("slot", "list", uid=uid).text)
            d.ok("lock", uid=uid)
            d.ok("unlock", "--key-file", d.key, uid=uid)
        self.assertEqual(d.ok("whoami", uid=ONE).text.split("\n")[0], "uid:1001")
        self.assertEqual(d.cli("get", "a", uid=TWO).code, 4)
        d.ok("policy", "apply", "-", uid=ONE, input="policy: p\nrules:\n"
             "  - {who: [uid:1002], tenant: main, noun: secret, actions: [get], names: [a]}\n")
        self.assertEqual(d.ok("get", "a", uid=TWO).text, "mine")
        self.assertEqual(d.cli("put", "a", uid=TWO, input="x").code, 4)
        self.assertEqual(d.cli("get", "a", uid=1003).code, 4)
        self.assertEqual((stat_mode(d.store), stat_mode(d.key)), (0o700, 0o600))
        # Others could put a socket there now: nobody but its own user trusts it any more.
        os.chmod(folder, 0o775)
        self.assertEqual([d.cli("get", "a", uid=uid).code for uid in (ONE, TWO, None)], [0, 6, 6])
        os.chmod(folder, 0o755)
        self.assertEqual(d.cli("get", "a", uid=TWO).code, 0)
        # An executable rule needs a right that this daemon lacks for other users: it never matches for them.
        real = os.path.realpath("/proc/self/exe")
        source = "policy: e\nrules:\n  - {who: ['exe:%s'], tenant: main, noun: secret, actions: [get], names: [a]}\n" % real
        d.ok("policy", "apply", "-", uid=ONE, input=source)
        with Child(1003) as child:
            child.call(connect, d.socket)
            self.assertEqual(child.call(call, "get", "a")[0], "denied")


def stat_mode(path):
    return os.stat(path).st_mode & 0o777


if __name__ == "__main__":
    unittest.main()
