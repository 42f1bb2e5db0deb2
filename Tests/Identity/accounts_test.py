"""Rights over accounts, judged by what other users really get: API keys, users, tenants, doors, and the admin API.

The file of the same name in Tests/Interop asks as an administrator; here nobody does but to set the stage."""

import http.client
import json
import time
import unittest

from harness import *

ADDRESS = bytes([192, 0, 2, 7])
NOWHERE = "999999999"                          # a number that nothing has
LONG = "l" * 1024


def enter(state, path, tenant):
    """Connects to a tenant."""
    state["client"] = c.Client.connect(path, tenant=tenant, timeout=30)
    return state["client"].whoami()


def begin(state, method, *arguments):
    """Sends a request without waiting for its answer."""
    operation, body = getattr(c, method), getattr(c, method.lower() + "_body")
    state.setdefault("begun", []).append(state["client"].start(operation, body(*arguments)))


def begin_apart(state, path, method, *arguments):
    """The same on a connection of its own: changes of one connection wait for each other."""
    state.setdefault("others", []).append(state.get("client"))
    enter(state, path, "main")
    begin(state, method, *arguments)


def ended(state):
    """How the requests that `begin` sent have ended: names of failures, None where one succeeded."""
    found = []
    for request in state.pop("begun"):
        try:
            request.result(60)
            found.append(None)
        except c.Failure as failure:
            found.append(failure.name)
    return found


def import_rows(state, rows, dry_run):
    try:
        return None, state["client"].import_accounts("newapi", rows, dry_run=dry_run)
    except c.Failure as failure:
        return failure.name, failure.message


class AccountCase(unittest.TestCase):
    """One daemon for a class; each test has tenants, users and keys of its own."""
    options = ("--loops", "2")
    count = 0

    @classmethod
    def setUpClass(cls):
        cls.d = Daemon(*cls.options)
        cls.admin = cls.d.client()

    @classmethod
    def tearDownClass(cls):
        cls.admin.close()
        code, log = cls.d.stop(), cls.d.log_text()
        assert code == 0, "cofferd ended with %r: %s" % (code, log[-4000:])
        assert PLANT not in log, "a secret is in the log"

    def setUp(self):
        self.d.forget_policies()
        AccountCase.count += 1
        self.tag = "t%d" % AccountCase.count

    def child(self, uid=ONE, tenant="main"):
        child = Child(uid)
        self.addCleanup(child.end)
        child.call(enter, self.d.socket, tenant)
        return child

    def rules(self, *rules, name="p", who="uid:%d" % ONE):
        """A policy of (tenant, noun, actions, names)."""
        lines = ["policy: %s" % name, "rules:"]
        for tenant, noun, actions, names in rules:
            lines.append("  - {who: [%s], tenant: %s, noun: %s, actions: [%s], names: %s}" % (
                json.dumps(who), json.dumps(tenant), noun, actions, json.dumps(names)))
        self.d.policy("\n".join(lines) + "\n")

    def tenant(self, name=None):
        name = name or self.tag + "-tenant"
        self.admin.create_record("tenant", {"name": name})
        return name

    def user(self, name, **fields):
        return self.admin.create_record("user", {"name": name, **fields}).record

    def key(self, name, tenant="main", **fields):
        """(id, readable form)"""
        made = self.admin.create_record("apikey", {"name": name, "tenant": tenant, "quota": "1000", **fields})
        return made.record.id, made.secret

    def denied(self, child, *attempt):
        got = child.call(call, *attempt)
        self.assertEqual(got[0], "denied", (attempt, got))
        return got

    def alike(self, child, first, second):
        """Two questions get the same answer, to the letter."""
        one, two = child.call(call, *first), child.call(call, *second)
        self.assertEqual(one, two, (first, second))
        return one

    def given(self, child, *attempt):
        failure, answer = child.call(call, *attempt)
        self.assertIsNone(failure, (attempt, failure, answer))
        return answer

    def ids(self, child, noun, filter=(), limit=1000):
        """What a list shows, all pages of it; the totals must say the same."""
        found, after = [], ""
        totals = set()
        while True:
            page = self.given(child, "records", noun, filter, after, limit)
            found += [record.id for record in page.records]
            totals.add(page.total)
            after = page.next
            if not after:
                self.assertEqual(totals, {len(found)}, (noun, filter))
                return found


class EachAction(AccountCase):
    """Each action alone gives what it says, and nothing else does."""

    def each(self, noun, actions, tenant, names, attempts, refused=None):
        """`attempts`: by action, a list of (call…); all succeed with the action and are denied without.
        `refused`: what else than denied an action's absence may look like."""
        for action in actions:
            with self.subTest(noun=noun, action=action):
                self.rules((tenant, noun, action, names))
                child, other = self.child(), self.child(TWO)
                for tried in actions:
                    for attempt in attempts[tried]():
                        if tried == "list":
                            shown = self.ids(child, *attempt[1:])
                            self.assertEqual(bool(shown), action == "list", (action, attempt, shown))
                            self.assertEqual(self.ids(other, *attempt[1:]), [])
                            continue
                        self.denied(other, *attempt)
                        if tried == action:
                            self.given(child, *attempt)
                        else:
                            self.denied(child, *attempt)
                child.end()
                other.end()

    def test_apikey(self):
        name = self.tag + "/key"
        number, key = self.key(name)
        made = []

        def spare():
            made.append(self.key(name)[0])
            return made[-1]

        def reserved(request):
            self.admin.reserve(key, 1, request)
            return request

        requests = iter(range(10_000))
        self.each("apikey", ["create", "list", "info", "put", "delete", "verify", "reserve", "settle", "reveal"], "main",
                  [self.tag + "/**"], {
                      "create": lambda: [("create_record", "apikey", {"name": name, "quota": "1"})],
                      "list": lambda: [("records", "apikey", {"contains": self.tag + "/"}), ("records", "apikey", {"tenant": "main"})],
                      "info": lambda: [("record", "apikey", number), ("usage", number)],
                      "put": lambda: [("update_record", "apikey", number, {"group": "default"}),
                                      ("update_record", "apikey", number, {"status": "enabled"})],
                      "delete": lambda: [("delete_records", "apikey", [spare()])],
                      "verify": lambda: [("verify", key, ADDRESS)],
                      "reserve": lambda: [("reserve", key, 1, "r%d" % next(requests))],
                      "settle": lambda: [("settle", int(number), reserved("s%d" % next(requests)), 1),
                                         ("release", int(number), reserved("s%d" % next(requests)))],
                      "reveal": lambda: [("reveal", number)],
                  })

    def test_user(self):
        name = self.tag + "/user"
        user = self.user(name)
        numbers = iter(range(10_000))

        def token():
            return self.admin.create_record("token", {"user": name, "name": "x"}).record.id

        def spare():
            spare = self.tag + "/spare%d" % next(numbers)
            self.user(spare)
            return spare

        self.each("user", ["create", "list", "info", "put", "delete"], "main", [self.tag + "/**"], {
            "create": lambda: [("create_record", "user", {"name": self.tag + "/new%d" % next(numbers)})],
            "list": lambda: [("records", "user", {"contains": self.tag + "/"})],
            "info": lambda: [("record", "user", name), ("record", "user", "#" + user.fields["number"]),
                             ("records", "token", {"user": name}), ("record", "token", token())],
            "put": lambda: [("update_record", "user", name, {"display_name": "D"}),
                            ("update_record", "user", name, {}, PLANT.encode()),
                            ("update_record", "user", name, {"wallet": "9"}),
                            ("create_record", "token", {"user": name, "name": "t"}), ("delete_records", "token", [token()])],
            "delete": lambda: [("delete_records", "user", [spare()])],
        })

    def test_tenant(self):
        name = self.tag + "/tenant"
        self.tenant(name)
        user = self.tag + "-member"
        self.user(user)
        numbers = iter(range(10_000))

        def spare():
            return self.tenant(self.tag + "/spare%d" % next(numbers))

        self.each("tenant", ["create", "list", "info", "put", "delete"], "main", [self.tag + "/**"], {
            "create": lambda: [("create_record", "tenant", {"name": self.tag + "/new%d" % next(numbers)})],
            "list": lambda: [("records", "tenant")],
            "info": lambda: [("record", "tenant", name), ("records", "member", {"tenant": name})],
            "put": lambda: [("update_record", "tenant", name, {"reveal": "true"})],
            "delete": lambda: [("delete_records", "tenant", [spare()])],
        })

    def test_member(self):
        tenant, user = self.tenant(), self.tag + "-user"
        self.user(user)
        fields, member = {"tenant": tenant, "user": user, "role": "normal"}, tenant + "/" + user
        child = self.child()
        for rules in ([("main", "tenant", "info", [tenant])], [("main", "tenant", "put", [tenant])],
                      [("main", "user", "info,put", [user])],
                      [("main", "tenant", "info", [tenant]), ("main", "user", "info", [user])]):
            self.rules(*rules)
            self.denied(child, "create_record", "member", fields)
        self.rules(("main", "tenant", "put,info", [tenant]), ("main", "user", "info", [user]))
        self.given(child, "create_record", "member", fields)
        self.assertEqual(self.ids(child, "member", {"tenant": tenant}), [member])
        self.assertEqual(self.ids(child, "member", {"user": user}), [member])
        self.assertEqual(self.given(child, "record", "member", member).fields["role"], "normal")
        self.rules(("main", "tenant", "info", [tenant]))
        self.denied(child, "delete_records", "member", [member])
        self.denied(child, "records", "member", {"user": user})
        self.rules(("main", "user", "info", [user]))
        self.denied(child, "record", "member", member)
        self.assertEqual(self.ids(child, "member", {"user": user}), [], "memberships of a tenant that is not the caller's")
        self.rules(("main", "tenant", "put", [tenant]))
        self.given(child, "delete_records", "member", [member])
        self.admin.create_record("member", fields)
        self.assertEqual(self.admin.delete_records("member", [member]), 1)
        self.admin.delete_records("tenant", [tenant])

    def test_door(self):
        field = self.admin.all_records("door")[0]
        door = field.fields["door"]
        child, other = self.child(), self.child(TWO)
        for actions, may_look, may_set in (("info", True, False), ("put", False, True)):
            self.rules(("main", "door", actions, [door]))
            for who, look, change in ((child, may_look, may_set), (other, False, False)):
                self.assertEqual(bool(self.ids(who, "door", {"door": door})), look)
                self.assertEqual(bool(self.ids(who, "door")), look)
                self.assertEqual(who.call(call, "record", "door", field.id)[0], None if look else "denied")
                got = who.call(call, "update_record", "door", field.id, {}, b"7300")
                self.assertEqual(got[0], None if change else "denied", got)
                if change:
                    self.given(who, "update_record", "door", field.id, {})
                else:
                    self.denied(who, "update_record", "door", field.id, {})
                self.denied(who, "record", "door", "nodoor/x")
        self.rules(("main", "door", "info,put", [door + "x"]))
        self.denied(child, "record", "door", field.id)
        self.assertEqual(self.ids(child, "door"), [])

    def test_without_any_right(self):
        number, key = self.key(self.tag)
        self.user(self.tag)
        self.tenant(self.tag)
        rows = [c.Row("user", {"name": self.tag + "-import"}, {}, "users 1")]
        for rules in (None, [("main", "secret", "get,info,list,put", ["**"]), ("main", "policy", "info", ["**"])]):
            if rules:
                self.rules(*rules)
            child = self.child()
            for attempt in (
                    ("create_record", "apikey", {"name": "x", "quota": "1"}), ("record", "apikey", number), ("usage", number),
                    ("reveal", number), ("update_record", "apikey", number, {"name": "y"}), ("delete_records", "apikey", [number]),
                    ("verify", key), ("verify", b"nobody"), ("reserve", key, 1, "r"), ("settle", int(number), "r", 1),
                    ("release", int(number), "r"), ("create_record", "user", {"name": "x"}), ("record", "user", self.tag),
                    ("update_record", "user", self.tag, {}, PLANT.encode()), ("delete_records", "user", [self.tag]),
                    ("create_record", "tenant", {"name": "x"}), ("record", "tenant", "main"), ("delete_records", "tenant", [self.tag]),
                    ("create_record", "member", {"tenant": self.tag, "user": self.tag, "role": "owner"}),
                    ("create_record", "token", {"user": self.tag, "name": "x"}), ("records", "token", {"user": self.tag}),
                    ("record", "door", "newapi/none"), ("records", "member", {"tenant": self.tag})):
                self.denied(child, *attempt)
            for noun in ("apikey", "user", "tenant", "door"):
                self.assertEqual(self.ids(child, noun), [])
            # Not even a name that could not be is judged.
            for noun in ("user", "tenant"):
                for name in ("a*b", "", "x" * 300, "\x01"):
                    self.denied(child, "create_record", noun, {"name": name})
            for dry_run in (False, True):
                got = child.call(import_rows, rows, dry_run)
                self.assertEqual(got[0], "denied", got)

    def test_import_is_for_administrators(self):
        everything = [("main", noun, actions, ["**"]) for noun, actions in (
            ("apikey", "create,put,info,list"), ("user", "create,put,info,list,delete"), ("tenant", "create,put,info,list"),
            ("door", "info,put"))]
        self.rules(*everything)
        child = self.child()
        name = self.tag + "-imported"
        got = child.call(import_rows, [c.Row("user", {"name": name, "role": "root"}, {}, "users 1")], False)
        self.assertEqual(got[0], "denied", got)
        self.assertEqual(child.call(call, "record", "user", name)[0], "notFound")
        end = self.admin.import_accounts("newapi", [c.Row("user", {"name": name, "role": "root"}, {}, "users 1")], dry_run=True)
        self.assertEqual(len(end.effects), 1)


class Reach(AccountCase):
    """Which names and tenants a rule reaches."""

    def test_names_of_api_keys(self):
        names = ["with blanks in it", " ", "", "a/b/c", "a//b", "/a", "a/", LONG, "ü/ö", "star*", "A/B"]
        odd = ["", "a//b", "/a", "a/"]
        keys = {name: self.key(name, self.tag_tenant()) for name in names}
        tenant = self.tag_tenant()
        cases = {
            "**": names, "*": ["with blanks in it", " ", "", LONG, "star*"], "with blanks in it": ["with blanks in it"],
            "* blanks *": ["with blanks in it"], "a/**": ["a/b/c", "a//b", "a/"], "a/*/c": ["a/b/c"],
            "ü/*": ["ü/ö"], "A/B": ["A/B"], "l*": [LONG], "star*": ["star*"], "a/b/*": ["a/b/c"],
        }
        child = self.child()
        for pattern, reached in cases.items():
            with self.subTest(pattern=pattern[:40]):
                self.rules((tenant, "apikey", "info,list,verify,put,reveal", [pattern]))
                shown = self.ids(child, "apikey", limit=3)
                for name, (number, key) in keys.items():
                    may = name in reached
                    if pattern != "**" and name in odd:
                        # Empty segments: what a pattern makes of them is its own business, but all questions agree.
                        may = number in shown
                    self.assertEqual(number in shown, may, name[:40])
                    self.assertEqual(child.call(call, "record", "apikey", number)[0], None if may else "denied", name[:40])
                    verdict = self.given(child, "verify", key)
                    self.assertEqual(verdict.reason, c.VALID if may else c.UNKNOWN_KEY, name[:40])
                    self.assertEqual(child.call(call, "reveal", number)[0], None if may else "denied", name[:40])
                    self.assertEqual(child.call(call, "update_record", "apikey", number, {"name": name})[0],
                                     None if may else "denied", name[:40])
        self.rules((tenant, "apikey", "info,list,verify,put,reveal", ["**"]))
        self.assertEqual(len(self.ids(child, "apikey")), len(names), "'**' covers all names there are")

    def tag_tenant(self):
        name = self.tag + "-names"
        try:
            self.tenant(name)
        except c.Conflict:
            pass
        return name

    def test_tenants(self):
        one, two = self.tenant(self.tag + "-a"), self.tenant(self.tag + "-b")
        name = self.tag + "-same"
        keys = {tenant: self.key(name, tenant) for tenant in (one, two, "main")}
        users = {tenant: self.user(name + "-" + tenant, home=tenant).id for tenant in (one, two, "main")}
        self.rules((one, "apikey", "create,list,info,put,delete,verify,reserve,settle,reveal", ["**"]),
                   (one, "user", "create,list,info,put,delete", ["**"]))
        for connected in (one, two, "main"):
            child = self.child(tenant=connected)
            self.assertEqual(self.ids(child, "apikey"), [keys[one][0]])
            self.assertEqual(self.ids(child, "user"), [users[one]])
            for tenant in (two, "main"):
                number, key = keys[tenant]
                for attempt in (("record", "apikey", number), ("reveal", number), ("usage", number),
                                ("update_record", "apikey", number, {"quota": "9"}), ("delete_records", "apikey", [number]),
                                ("settle", int(number), "r", 1), ("release", int(number), "r"),
                                ("create_record", "apikey", {"name": name, "tenant": tenant, "quota": "1"}),
                                ("create_record", "user", {"name": self.tag + "-n", "home": tenant}),
                                ("delete_records", "apikey", [keys[one][0], number])):
                    self.denied(child, *attempt)
                self.assertEqual(self.given(child, "verify", key), c.Verdict(c.UNKNOWN_KEY))
                self.assertEqual(self.given(child, "reserve", key, 1, "r").verdict, c.Verdict(c.UNKNOWN_KEY))
                for attempt in (("record", "user", users[tenant]), ("update_record", "user", users[tenant], {"group": "g"}),
                                ("delete_records", "user", [users[tenant]]), ("records", "token", {"user": users[tenant]}),
                                ("create_record", "token", {"user": users[tenant], "name": "x"})):
                    got = child.call(call, *attempt)
                    self.assertIn(got[0], ("denied", "notFound"), (attempt, got))
            self.assertEqual(self.given(child, "verify", keys[one][1]).reason, c.VALID)
            self.assertEqual(self.given(child, "record", "user", users[one]).fields["home"], one)
            child.end()
        self.assertEqual(self.admin.record("apikey", keys[one][0]).fields["name"], name)
        # Rules about tenants and doors name 'main', whatever they are about.
        self.rules((one, "tenant", "info,list,put", ["**"]), (one, "door", "info,put", ["**"]))
        child = self.child(tenant=one)
        self.assertEqual(self.ids(child, "tenant") + self.ids(child, "door"), [])
        self.denied(child, "record", "tenant", one)

    def test_explain_says_what_happens(self):
        one = self.tenant()
        child = self.child(tenant=one)
        for noun, action, name, probe in (
                ("tenant", "info", one, ("record", "tenant", one)),
                ("door", "info", "newapi", ("record", "door", self.admin.all_records("door", {"door": "newapi"})[0].id)),
                ("policy", "info", "p", None)):
            for where in ("main", one):
                with self.subTest(noun=noun, where=where):
                    self.rules((where, noun, action, ["**"]))
                    answer = self.d.cli("explain", "--tenant", one, "--noun", noun, action, name, uid=ONE)
                    self.assertEqual(answer.code, 0 if where == "main" else 4, answer)
                    if probe:
                        self.assertEqual(child.call(call, *probe)[0], None if where == "main" else "denied")
        key = self.tag + "-k"
        self.key(key, one)
        self.rules((one, "apikey", "info", [key]))
        self.assertEqual(self.d.cli("explain", "--tenant", one, "--noun", "apikey", "info", key, uid=ONE).code, 0)
        self.assertEqual(self.d.cli("explain", "--tenant", "main", "--noun", "apikey", "info", key, uid=ONE).code, 4)

    def test_renaming(self):
        inside, outside = self.tag + "/in", self.tag + "-out"
        within, without = self.key(inside)[0], self.key(outside)[0]
        self.user(inside)
        self.user(outside)
        self.tenant(inside)
        self.tenant(outside)
        self.rules(("main", "apikey", "put,info", [self.tag + "/**"]), ("main", "user", "put,info", [self.tag + "/**"]),
                   ("main", "tenant", "put,info", [self.tag + "/**"]))
        child = self.child()
        for noun, own, foreign in (("apikey", within, without), ("user", inside, outside), ("tenant", inside, outside)):
            self.denied(child, "update_record", noun, own, {"name": self.tag + "-elsewhere"})
            self.denied(child, "update_record", noun, foreign, {"name": self.tag + "/mine"})
            # Not even in a request that says more, or that names what cannot be.
            self.denied(child, "update_record", noun, own, {"name": self.tag + "-elsewhere", "group": "g"} if noun != "tenant"
                        else {"name": self.tag + "-elsewhere", "reveal": "false"})
            self.denied(child, "update_record", noun, foreign, {"name": self.tag + "/a*b"})
            if noun != "apikey":
                self.denied(child, "update_record", noun, own, {"name": self.tag + "-a*b"})
                self.assertEqual(child.call(call, "update_record", noun, own, {"name": self.tag + "/a*b"})[0], "invalidName")
            self.assertEqual(self.given(child, "update_record", noun, own, {"name": self.tag + "/other"}).fields["name"],
                             self.tag + "/other")
        self.assertEqual(self.admin.record("user", self.tag + "/other").fields["group"], "default")
        self.assertEqual(self.admin.record("user", outside).fields["group"], "default")

    def test_lists_show_what_may_be_listed(self):
        tenant = self.tenant()
        mine, numbers = [], []
        for at in range(12):
            keep = at % 3 == 0
            name = "%s/%s/%02d" % (self.tag, "mine" if keep else "theirs", at)
            number = self.key(name, tenant)[0]
            self.user(name, home=tenant)
            self.tenant(name)
            if keep:
                mine.append(name)
                numbers.append(number)
        pattern = [self.tag + "/mine/**"]
        self.rules((tenant, "apikey", "list", pattern), (tenant, "user", "list", pattern), ("main", "tenant", "list", pattern))
        for connected in ("main", tenant):
            child = self.child(tenant=connected)
            for limit in (1, 2, 3, 4, 5, 1000):
                self.assertEqual(self.ids(child, "apikey", limit=limit), numbers)
                self.assertEqual(self.ids(child, "apikey", {"contains": "MINE"}, limit=limit), numbers)
                self.assertEqual(self.ids(child, "apikey", {"contains": "theirs"}, limit=limit), [])
                self.assertEqual(self.ids(child, "user", limit=limit), mine)
                self.assertEqual(self.ids(child, "user", {"contains": "theirs"}, limit=limit), [])
                self.assertEqual(self.ids(child, "tenant", limit=limit), mine)
        # The connection's own tenant may be named; others only by whoever may know of them.
        self.assertEqual(self.ids(child, "apikey", {"tenant": tenant}), numbers)
        self.assertEqual(self.ids(child, "user", {"tenant": tenant}), mine)
        outside = self.child(tenant="main")
        self.denied(outside, "records", "apikey", {"tenant": tenant})
        self.rules((tenant, "apikey", "list", pattern), ("main", "tenant", "info", [tenant]))
        self.assertEqual(self.ids(outside, "apikey", {"tenant": tenant}), numbers)

    def test_a_cursor_is_no_way_around(self):
        first = self.key(self.tag + "/a")[0]
        for at in range(5):
            self.key(self.tag + "/hidden")
        last = self.key(self.tag + "/z")[0]
        self.rules(("main", "apikey", "list", [self.tag + "/a", self.tag + "/z"]))
        child = self.child()
        page = self.given(child, "records", "apikey", (), "", 1)
        self.assertEqual(([r.id for r in page.records], page.next, page.total), ([first], first, 2))
        page = self.given(child, "records", "apikey", (), page.next, 1)
        self.assertEqual([r.id for r in page.records], [last])
        for after in ("0", NOWHERE, str(2**64 - 1)):
            self.given(child, "records", "apikey", (), after, 3)
            self.given(child, "records", "user", (), after, 3)
        for after in ("-1", "x", str(2**64)):
            self.assertEqual(child.call(call, "records", "apikey", (), after)[0], "invalidArgument")
            self.assertEqual(child.call(call, "records", "user", (), after)[0], "invalidArgument")


class Alike(AccountCase):
    """What is not there and what is not the caller's cannot be told apart."""

    def test_api_keys(self):
        foreign, key = self.key(self.tag + "-theirs", addresses="10.0.0.0/8", models="m", expires="1")
        self.rules(("main", "apikey", "create,list,info,put,delete,verify,reserve,settle,reveal", [self.tag + "/**"]))
        child = self.child()
        for attempt in (lambda n: ("record", "apikey", n), lambda n: ("reveal", n), lambda n: ("usage", n),
                        lambda n: ("update_record", "apikey", n, {"quota": "1"}),
                        lambda n: ("update_record", "apikey", n, {"quota": "1"}, b"", 3),
                        lambda n: ("update_record", "apikey", n, {"unicorn": "1"}),
                        lambda n: ("update_record", "apikey", n, {}, b"secret"), lambda n: ("delete_records", "apikey", [n]),
                        lambda n: ("settle", int(n), "r", 1), lambda n: ("release", int(n), "r")):
            got = self.alike(child, attempt(foreign), attempt(NOWHERE))
            self.assertEqual(got[0], "denied")
        for ask in (lambda k: ("verify", k), lambda k: ("verify", k, ADDRESS, "other", 7), lambda k: ("reserve", k, 5, "r"),
                    lambda k: ("reserve", k, 5, "r", 1000, ADDRESS)):
            got = self.alike(child, ask(key), ask(b"sk-nobody"))
            self.assertEqual(getattr(got[1], "verdict", got[1]), c.Verdict(c.UNKNOWN_KEY))
        # Asking changed nothing: no window counts it, no status was written.
        record = self.admin.record("apikey", foreign)
        self.assertEqual((record.fields["status"], record.fields["in_flight_now"]), ("enabled", "0"))
        # A reservation of a foreign key is no more than the key.
        other, theirs = self.key(self.tag + "-reserved")
        self.admin.reserve(theirs, 5, "known")
        for end in (lambda r: ("settle", int(other), r, 5), lambda r: ("release", int(other), r)):
            self.assertEqual(self.alike(child, end("known"), end("unknown"))[0], "denied")
        self.assertEqual(self.admin.record("apikey", other).fields["reserved"], "5")

    def test_numbers_that_are_none(self):
        self.rules(("main", "apikey", "info,put,delete,settle,reveal", ["**"]), ("main", "user", "info,put,delete", ["**"]))
        child = self.child()
        own = self.key(self.tag)[0]
        for number in ("-1", "1.0", "0x1", "+1", " 1", str(2**64), "9" * 100, "a/b", "#1", "+" + own, "0" + own):
            self.assertEqual(self.alike(child, ("record", "apikey", number), ("record", "apikey", NOWHERE))[0], "denied")
            self.assertEqual(child.call(call, "record", "token", number)[0], "denied")
        for number in (0, 2**63, 2**64 - 1):
            self.denied(child, "settle", number, "r", 1)
            self.denied(child, "release", number, "r")
        for number in ("#0", "#-1", "#" + "9" * 30, "#x", "#"):
            self.assertIn(child.call(call, "record", "user", number)[0], ("denied", "notFound"))

    def test_users(self):
        here, there = self.tenant(self.tag + "-here"), self.tenant(self.tag + "-there")
        foreign = self.user(self.tag + "-f", home=there, email=self.tag + "@example.org")
        absent = self.tag + "-g"
        number = foreign.fields["number"]
        token = self.admin.create_record("token", {"user": foreign.id, "name": "x"}).record.id
        child = self.child(tenant=here)
        for actions in ("create,list,info,put,delete", "create,put,delete", "info"):
            self.rules((here, "user", actions, ["**"]))
            for attempt in (lambda u: ("record", "user", u), lambda u: ("update_record", "user", u, {"group": "g"}),
                            lambda u: ("update_record", "user", u, {}, PLANT.encode()), lambda u: ("delete_records", "user", [u]),
                            lambda u: ("update_record", "user", u, {"role": "admin"}),
                            lambda u: ("records", "token", {"user": u}), lambda u: ("create_record", "token", {"user": u, "name": "x"}),
                            lambda u: ("records", "member", {"user": u}), lambda u: ("records", "apikey", {"owner": u}),
                            lambda u: ("create_record", "apikey", {"name": "x", "owner": u, "quota": "1"})):
                self.alike(child, attempt(foreign.id), attempt(absent))
                self.alike(child, attempt("#" + number), attempt("#" + NOWHERE))
            for attempt in (lambda t: ("record", "token", t), lambda t: ("delete_records", "token", [t])):
                self.assertEqual(self.alike(child, attempt(token), attempt(NOWHERE))[0], "denied")
        self.assertEqual(self.admin.record("user", foreign.id), foreign)

    def test_tenants(self):
        foreign, absent = self.tenant(), self.tag + "-absent"
        user = self.user(self.tag + "-user")
        self.admin.create_record("member", {"tenant": foreign, "user": user.id, "role": "normal"})
        self.rules(("main", "apikey", "list,create,info", ["**"]), ("main", "user", "list,create,info", ["**"]),
                   ("main", "tenant", "list,info,put,delete,create", [self.tag + "/**"]))
        child = self.child()
        for attempt in (lambda t: ("record", "tenant", t), lambda t: ("update_record", "tenant", t, {"reveal": "false"}),
                        lambda t: ("update_record", "tenant", t, {"name": self.tag + "/x"}), lambda t: ("delete_records", "tenant", [t]),
                        lambda t: ("records", "member", {"tenant": t}), lambda t: ("record", "member", t + "/" + user.id),
                        lambda t: ("create_record", "member", {"tenant": t, "user": user.id, "role": "normal"}),
                        lambda t: ("delete_records", "member", [t + "/" + user.id]),
                        lambda t: ("records", "apikey", {"tenant": t}), lambda t: ("records", "user", {"tenant": t}),
                        lambda t: ("create_record", "apikey", {"name": "x", "tenant": t, "quota": "1"}),
                        lambda t: ("create_record", "user", {"name": self.tag + "-new", "home": t})):
            self.assertEqual(self.alike(child, attempt(foreign), attempt(absent))[0], "denied")

    def test_members(self):
        tenant, other = self.tenant(self.tag + "-a"), self.tenant(self.tag + "-b")
        user, stranger = self.user(self.tag + "-u"), self.user(self.tag + "-s")
        self.admin.create_record("member", {"tenant": other, "user": user.id, "role": "normal"})
        self.rules(("main", "tenant", "info,put", [tenant]))
        child = self.child()
        self.alike(child, ("record", "member", other + "/" + user.id), ("record", "member", other + "/" + stranger.id))
        self.alike(child, ("record", "member", other + "/" + user.id), ("record", "member", "none/none"))
        # A user that the caller may not know, and none at all.
        self.alike(child, ("create_record", "member", {"tenant": tenant, "user": user.id, "role": "normal"}),
                   ("create_record", "member", {"tenant": tenant, "user": "nobody", "role": "normal"}))
        self.alike(child, ("records", "member", {"user": user.id}), ("records", "member", {"user": "nobody"}))

    def test_members_of_names_with_slashes(self):
        """'a/b/c' may be b/c in a, or c in a/b: no guess is made."""
        one, two = self.tenant(self.tag), self.tenant(self.tag + "/b")
        long, short = self.user("b/c" + self.tag), self.user("c" + self.tag)
        self.admin.create_record("member", {"tenant": one, "user": long.id, "role": "normal"})
        id = "%s/b/c%s" % (self.tag, self.tag)
        self.assertEqual(self.admin.record("member", id).fields["tenant"], one)
        self.admin.create_record("member", {"tenant": two, "user": short.id, "role": "owner"})
        for ask in (lambda: self.admin.record("member", id), lambda: self.admin.delete_records("member", [id])):
            with self.assertRaises(c.Conflict):
                ask()
        # Who may know of one of them only is told of that one.
        self.rules(("main", "tenant", "info", [two]))
        self.assertEqual(self.given(self.child(), "record", "member", id).fields["tenant"], two)
        self.assertEqual(len(self.admin.all_records("member", {"tenant": one})), 1)

    def test_what_is_taken(self):
        """Whoever may make something learns that a name is taken, but not whose it is."""
        self.user(self.tag + "-hidden", email=self.tag + "@example.org")
        self.rules(("main", "user", "create,put", [self.tag + "/**"]))
        child = self.child()
        got = child.call(call, "create_record", "user", {"name": self.tag + "/a", "email": self.tag + "@Example.ORG"})
        self.assertEqual(got[0], "conflict")
        self.assertNotIn("hidden", got[1])
        self.denied(child, "create_record", "user", {"name": self.tag + "-hidden"})


class Ranks(AccountCase):
    """Users of the roles admin and root are beyond the reach of rules."""
    everything = [("main", "user", "create,list,info,put,delete", ["**"])]

    def test_administrators_are_out_of_reach(self):
        self.rules(*self.everything)
        child = self.child()
        for role in ("admin", "root"):
            with self.subTest(role=role):
                user = self.user("%s-%s" % (self.tag, role), role=role)
                token = self.admin.create_record("token", {"user": user.id, "name": "x"}).record.id
                for id in (user.id, "#" + user.fields["number"]):
                    for fields in ({"display_name": "x"}, {"enabled": "false"}, {"role": "common"}, {"role": role}, {"wallet": "0"},
                                   {"name": self.tag + "-other"}, {"email": "x@example.org"}, {"group": "x"}, {}):
                        self.denied(child, "update_record", "user", id, fields)
                    self.denied(child, "update_record", "user", id, {}, PLANT.encode())
                    self.denied(child, "delete_records", "user", [id])
                self.denied(child, "create_record", "token", {"user": user.id, "name": "x"})
                self.denied(child, "delete_records", "token", [token])
                self.assertEqual(self.given(child, "record", "user", user.id), user)
                self.assertEqual(self.ids(child, "token", {"user": user.id}), [token])
                self.admin.delete_records("token", [token])

    def test_nobody_is_raised(self):
        self.rules(*self.everything)
        child = self.child()
        user = self.user(self.tag)
        for role in ("admin", "root"):
            name = self.tag + "-" + role
            self.denied(child, "create_record", "user", {"name": name, "role": role})
            self.denied(child, "create_record", "user", {"name": name, "role": role}, PLANT.encode())
            self.denied(child, "update_record", "user", user.id, {"role": role})
            self.denied(child, "update_record", "user", user.id, {"role": role, "name": name}, PLANT.encode())
            self.assertEqual(child.call(call, "record", "user", name)[0], "notFound")
        self.assertEqual(self.admin.record("user", user.id), user)
        self.given(child, "create_record", "user", {"name": self.tag + "-common", "role": "common"})
        # One in a list of many.
        other = self.user(self.tag + "-boss", role="admin")
        self.denied(child, "delete_records", "user", [user.id, other.id])
        self.assertEqual(self.admin.record("user", user.id), user)

    def test_raised_while_the_password_is_hashed(self):
        """The rank counts when the change is made: a hash takes long, and the user may be an administrator by then."""
        self.rules(*self.everything)
        child = self.child()
        names = ["%s-%d" % (self.tag, at) for at in range(6)]
        for name in names:
            self.user(name)
        target = self.user(self.tag + "-target")
        for name in names + [target.id]:
            child.call(begin_apart, self.d.socket, "RECORD_UPDATE", "user", name, {}, PLANT.encode())
        child.call(call, "ping")
        raised = self.admin.update_record("user", target.id, {"role": "admin"})
        outcomes = child.call(ended)
        self.assertEqual(outcomes[:-1], [None] * len(names))
        self.assertEqual(outcomes[-1], "denied")
        self.assertEqual(self.admin.record("user", target.id), raised)
        self.assertEqual(raised.fields["must_set_password"], "true")

    def test_renamed_while_the_password_is_hashed(self):
        self.rules(("main", "user", "info,put", [self.tag + "/**"]))
        child = self.child()
        names = ["%s/%d" % (self.tag, at) for at in range(6)]
        for name in names + [self.tag + "/target"]:
            self.user(name)
        for name in names + [self.tag + "/target"]:
            child.call(begin_apart, self.d.socket, "RECORD_UPDATE", "user", name, {}, PLANT.encode())
        child.call(call, "ping")
        self.admin.update_record("user", self.tag + "/target", {"name": self.tag + "-away"})
        self.assertEqual(child.call(ended)[-1], "denied")
        self.assertEqual(self.admin.record("user", self.tag + "-away").fields["must_set_password"], "true")

    def test_a_bad_password_changes_nothing(self):
        user = self.user(self.tag)
        for password in (b"x" * 1025, b"x" * 65_536):
            with self.assertRaises(c.InvalidArgument):
                self.admin.update_record("user", user.id, {"name": self.tag + "-new", "wallet": "1"}, password)
        self.assertEqual(self.admin.record("user", user.id), user)

    def test_a_number_is_no_name(self):
        """'#7' is the user of this number: nobody else can be called so."""
        self.rules(*self.everything)
        child = self.child()
        user = self.user(self.tag)
        for name in ("#1", "#" + user.fields["number"], "#" + NOWHERE):
            self.assertEqual(child.call(call, "create_record", "user", {"name": name})[0], "invalidName")
            self.assertEqual(child.call(call, "update_record", "user", user.id, {"name": name})[0], "invalidName")
        self.given(child, "create_record", "user", {"name": "#" + self.tag})


class OpenConnections(AccountCase):
    """What changes reaches connections that are open already."""

    def test_a_policy_holds_before_its_answer(self):
        number, key = self.key(self.tag)
        self.user(self.tag)
        child = self.child()
        for _ in range(20):
            self.rules(("main", "apikey", "verify,info,reserve", [self.tag]), ("main", "user", "info", [self.tag]))
            self.assertEqual(self.given(child, "verify", key).reason, c.VALID)
            self.given(child, "record", "apikey", number)
            self.given(child, "record", "user", self.tag)
            self.rules(("main", "apikey", "verify", [self.tag + "x"]))
            self.assertEqual(self.given(child, "verify", key).reason, c.UNKNOWN_KEY)
            self.denied(child, "record", "apikey", number)
            self.denied(child, "record", "user", self.tag)
            self.denied(child, "reserve", key, 1, "r")
            self.d.ok("policy", "delete", "p")
            self.denied(child, "verify", key)

    def test_a_renamed_key_is_judged_by_its_new_name(self):
        number, key = self.key(self.tag + "/a")
        self.rules(("main", "apikey", "verify,info,settle", [self.tag + "/**"]))
        child = self.child()
        self.assertEqual(self.given(child, "verify", key).reason, c.VALID)
        self.admin.update_record("apikey", number, {"name": self.tag})
        # 'a/**' covers a itself.
        self.assertEqual(self.given(child, "verify", key).name, self.tag)
        self.admin.update_record("apikey", number, {"name": self.tag + "x"})
        self.assertEqual(self.given(child, "verify", key), c.Verdict(c.UNKNOWN_KEY))
        self.denied(child, "record", "apikey", number)
        self.denied(child, "settle", int(number), "r", 1)

    def test_a_tenant_that_is_renamed_or_deleted(self):
        tenant, moved = self.tag + "-a", self.tag + "-b"
        self.tenant(tenant)
        number, key = self.key(self.tag, tenant)
        self.rules((tenant, "apikey", "list,info,verify,create", ["**"]), (tenant, "secret", "put,get,info,list", ["**"]))
        child = self.child(tenant=tenant)
        self.given(child, "put", "s", b"one")
        self.admin.update_record("tenant", tenant, {"name": moved})
        # Names are in a tenant that is there no more; what is named by itself stays the caller's.
        self.denied(child, "put", "s", b"two")
        self.denied(child, "get", "s")
        self.denied(child, "create_record", "apikey", {"name": "x", "quota": "1"})
        self.assertEqual(self.given(child, "verify", key).tenant, moved)
        self.assertEqual(self.given(child, "record", "apikey", number).fields["tenant"], moved)
        self.assertEqual(self.ids(child, "apikey"), [number])
        again = self.child(tenant=moved)
        self.assertEqual(bytes(self.given(again, "get", "s").value), b"one")
        # Another tenant under the old name is another tenant: its rules are not these.
        self.tenant(tenant)
        other = self.key(self.tag, tenant)[0]
        self.denied(child, "get", "s")
        self.denied(child, "record", "apikey", other)
        self.denied(child, "create_record", "apikey", {"name": "x", "quota": "1"})
        self.assertEqual(self.ids(child, "apikey"), [number])
        self.admin.delete_records("apikey", [other, number])
        self.admin.delete_records("tenant", [tenant])
        self.denied(child, "create_record", "apikey", {"name": "x", "quota": "1"})
        self.assertEqual(self.ids(child, "apikey"), [])
        self.admin.update_record("tenant", moved, {"name": tenant})
        self.assertEqual(bytes(self.given(child, "get", "s").value), b"one")

    def test_lock_and_unlock(self):
        number, key = self.key(self.tag)
        self.user(self.tag)
        self.rules(("main", "apikey", "verify,info,list,reserve,settle", [self.tag]), ("main", "user", "info,put", [self.tag]))
        child = self.child()
        for _ in range(3):
            self.assertEqual(self.given(child, "verify", key).reason, c.VALID)
            self.d.ok("lock")
            for attempt in (("verify", key), ("verify", b"nobody"), ("record", "apikey", number), ("record", "apikey", NOWHERE),
                            ("records", "apikey"), ("reserve", key, 1, "r"), ("settle", int(number), "r", 1), ("record", "user", self.tag),
                            ("update_record", "user", self.tag, {}, PLANT.encode()), ("create_record", "tenant", {"name": "x"})):
                self.assertEqual(child.call(call, *attempt)[0], "locked", attempt)
            self.assertEqual(child.call(import_rows, [], False)[0], "locked")
            self.d.ok("unlock", "--key-file", self.d.key)
            self.assertEqual(self.given(child, "verify", key).reason, c.VALID)
            self.assertEqual(self.given(child, "record", "apikey", number).id, number)
            self.assertEqual(self.ids(child, "apikey"), [number])
            self.given(child, "update_record", "user", self.tag, {"display_name": "x"})
            self.denied(child, "record", "apikey", NOWHERE)

    def test_lock_in_the_middle(self):
        """Passwords that are being hashed while the store is locked: each request has its answer, and nothing is written."""
        self.rules(("main", "user", "info,put", ["**"]))
        child = self.child()
        names = ["%s-%d" % (self.tag, at) for at in range(6)]
        for name in names:
            self.user(name)
            child.call(begin_apart, self.d.socket, "RECORD_UPDATE", "user", name, {}, PLANT.encode())
        self.d.ok("lock")
        outcomes = child.call(ended)
        self.assertTrue(set(outcomes) <= {None, "locked"}, outcomes)
        self.d.ok("unlock", "--key-file", self.d.key)
        for name, outcome in zip(names, outcomes):
            if outcome is None:
                self.assertEqual(self.admin.record("user", name).fields["must_set_password"], "false")
        self.given(child, "update_record", "user", names[0], {}, PLANT.encode())

    def test_changes_keep_their_order(self):
        """Sent without waiting: what came last is what stands, though a slow password was among it."""
        self.rules(("main", "user", "info,put", [self.tag]), ("main", "apikey", "info,put", [self.tag]))
        self.user(self.tag)
        number = self.key(self.tag)[0]
        child = self.child()
        for turn in range(60):
            secret = PLANT.encode() if turn == 30 else b""
            child.call(begin, "RECORD_UPDATE", "user", self.tag, {"display_name": "turn %d" % turn}, secret)
            child.call(begin, "RECORD_UPDATE", "apikey", number, {"quota": str(turn), "status": "disabled" if turn % 2 else "enabled"})
        self.assertEqual(set(child.call(ended)), {None})
        self.assertEqual(self.admin.record("user", self.tag).fields["display_name"], "turn 59")
        fields = self.admin.record("apikey", number).fields
        self.assertEqual((fields["quota"], fields["status"]), ("59", "disabled"))

    def test_a_client_that_hangs_up(self):
        self.rules(("main", "user", "info,put,create", ["**"]))
        for _ in range(5):
            child = self.child()
            for at in range(8):
                child.call(begin, "RECORD_CREATE", "user", {"name": "%s-%d-%d" % (self.tag, _, at)}, PLANT.encode())
            child.end()
        end = time.monotonic() + 20
        while True:                            # the daemon is as it was before
            try:
                self.admin.update_record("user", self.user(self.tag + "-after").id, {}, PLANT.encode())
                break
            except c.Busy:
                self.admin.delete_records("user", [self.tag + "-after"])
                self.assertLess(time.monotonic(), end)
                time.sleep(0.05)

    def test_stopping_with_unfinished_changes(self):
        d = Daemon()
        child = Child(0)
        try:
            child.call(enter, d.socket, "main")
            for at in range(8):
                child.call(begin, "RECORD_CREATE", "user", {"name": "u%d" % at}, PLANT.encode())
            child.call(call, "status")
            self.assertEqual(d.stop(), 0)
            outcomes = []
            try:
                outcomes = child.call(ended)
            except Remote as lost:
                self.fail("the connection ended before its requests: %s" % lost)
            self.assertEqual(outcomes, [None] * 8)
        finally:
            child.end()
            d.kill()


class Sizes(AccountCase):
    """Bounds: a page is one frame, and nobody makes the daemon hold what it cannot."""

    def test_many_long_tokens(self):
        self.rules(("main", "user", "info,put", [self.tag]))
        self.user(self.tag)
        child = self.child()
        for start in range(0, 900, 150):
            for at in range(start, start + 150):
                child.call(begin, "RECORD_CREATE", "token", {"user": self.tag, "name": "%04d" % at + "n" * 1020})
            self.assertEqual(set(child.call(ended)), {None})
        found, after = [], ""
        while True:
            page = self.given(child, "records", "token", {"user": self.tag}, after, 1000)
            self.assertEqual(page.total, 900)
            found += [record.fields["name"][:4] for record in page.records]
            after = page.next
            if not after:
                break
        self.assertEqual(found, ["%04d" % at for at in range(900)])
        self.assertEqual(child.call(call, "records", "token", {"user": self.tag}, "x")[0], "invalidArgument")

    def test_large_keys_fit_a_page(self):
        tenant = self.tenant()
        models = "\n".join("%04d" % at + "m" * 251 for at in range(1024))
        tags = "\n".join("%02d" % at + "t" * 253 for at in range(64))
        addresses = " ".join("192.0.2.%d" % (at % 256) for at in range(2300))
        numbers = [self.key(LONG, tenant, models=models, tags=tags, addresses=addresses)[0] for _ in range(9)]
        self.rules((tenant, "apikey", "list,info,put", ["**"]))
        child = self.child(tenant=tenant)
        self.assertEqual(self.ids(child, "apikey"), numbers)
        self.assertEqual(len(self.given(child, "record", "apikey", numbers[0]).fields["models"].split("\n")), 1024)

    def test_lists_of_a_stranger_cost_little(self):
        """Whoever may list nothing, or little, page by page: not one walk through everything for each key there is."""
        rows = [c.Row("user", {"name": self.tag + "-owner"}, {}, "users 1")]
        rows += [c.Row("apikey", {"name": "%s-%d" % (self.tag, at), "owner": self.tag + "-owner", "tenant": "main", "form": "sk",
                                  "quota": "1", "unlimited": "false", "expires": "never", "status": "enabled"},
                       {"key": ("%s%045d" % ("k" * 3, at + AccountCase.count * 100_000)).encode()}, "tokens %d" % at) for at in range(900)]
        end = self.admin.import_accounts("newapi", rows)
        self.assertEqual(set(end.effects), {0}, end.notes[:3])
        child = self.child()
        began = time.monotonic()
        for _ in range(20):
            self.assertEqual(self.ids(child, "apikey", limit=1), [])
        self.assertLess(time.monotonic() - began, 5)
        self.rules(("main", "apikey", "list", [self.tag + "-899"]))
        began = time.monotonic()
        for _ in range(5):
            self.assertEqual(len(self.ids(child, "apikey", limit=1)), 1)
        self.assertLess(time.monotonic() - began, 5)

    def test_requests_that_nobody_waits_for(self):
        """A cancel frees the id, not the daemon's memory: what is begun is bounded all the same."""
        child = self.child()
        self.assertIsNone(child.call(flood, 400))
        self.denied(child, "record", "user", self.tag)
        self.assertEqual(self.admin.record("tenant", "main").id, "main")


def flood(state, count):
    """Large requests, each cancelled at once."""
    client = state["client"]
    filter = {"contains": "x" * 500_000, "group": "y" * 500_000}
    for at in range(count):
        request = client.start(c.RECORD_LIST, c.record_list_body("apikey", filter, "", 1000))
        request.cancel()
        try:
            request.result(30)
        except c.Failure as failure:
            if failure.name not in ("cancelled", "busy"):
                return failure.name
    return None


class AdminAPI(unittest.TestCase):
    """The HTTP API: by token, and by what policies say of its login, its role, its name and the door."""

    @classmethod
    def setUpClass(cls):
        folder = space()
        config = os.path.join(folder, "coffer.yaml")
        with open(config, "w") as file:
            file.write('http:\n  admin: { listen: "127.0.0.1:0" }\n')
        cls.d = Daemon("--loops", "1", folder=folder, config=config)
        end = time.monotonic() + 20
        cls.port = None
        while cls.port is None:
            found = re.search(r"\[CofferHTTP\] listening.*?port=(\d+)|port=(\d+).*?\[CofferHTTP\] listening", cls.d.log_text())
            if found:
                cls.port = int(found.group(1) or found.group(2))
            elif time.monotonic() > end:
                raise AssertionError(cls.d.log_text())
            else:
                time.sleep(0.02)
        cls.admin = cls.d.client()
        cls.admin.create_record("tenant", {"name": "other"})
        cls.key = cls.make_key("gate/one")
        cls.far = cls.make_key("away")
        cls.foreign = cls.make_key("gate/one", "other")
        for name, role in (("ci", "common"), ("boss", "admin"), ("top", "root"), ("idle", "common")):
            cls.admin.create_record("user", {"name": name, "role": role})

    @classmethod
    def tearDownClass(cls):
        cls.admin.close()
        assert cls.d.stop() == 0, cls.d.log_text()[-2000:]
        for secret in cls.secrets:
            assert secret not in cls.d.log_text(), "a token or a key is in the log"

    secrets = []

    @classmethod
    def make_key(cls, name, tenant="main"):
        made = cls.admin.create_record("apikey", {"name": name, "tenant": tenant, "quota": "1000"})
        cls.secrets.append(made.secret.decode())
        return int(made.record.id), made.secret.decode()

    def setUp(self):
        self.d.forget_policies()

    def token(self, user, name="t", **fields):
        made = self.admin.create_record("token", {"user": user, "name": name, **fields})
        self.secrets.append(made.secret.decode())
        return made.secret.decode(), made.record.id

    def ask(self, path, token, body=None, method=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            headers = {"Authorization": "Bearer " + token} if token else {}
            if body is not None:
                body = json.dumps(body)
                headers["Content-Type"] = "application/json"
            connection.request(method or ("GET" if body is None else "POST"), path, body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def reason(self, token, key=None):
        status, answer = self.ask("/v1/verify", token, {"key": key or self.key[1]})
        return answer["reason"] if status == 200 else answer["code"]

    def allow(self, who, actions="verify", names=("gate/**",), tenant="main"):
        self.d.policy("policy: p\nrules:\n  - {who: %s, tenant: %s, noun: apikey, actions: [%s], names: %s}\n" % (
            json.dumps([who]), tenant, actions, json.dumps(list(names))))

    def test_selectors(self):
        ci, boss, top = self.token("ci", "deploy")[0], self.token("boss", "other")[0], self.token("top", "deploy2")[0]
        ci2 = self.token("ci", "second")[0]
        for token in (ci, boss, ci2):
            self.assertEqual(self.reason(token), "denied", "nothing is allowed until a policy allows it")
        self.assertEqual(self.reason(top), "valid", "root administers")
        cases = [
            ("login:ci", (ci, ci2), (boss,)), ("login:c", (), (ci, boss)), ("role:common", (ci, ci2), (boss,)),
            ("role:admin", (boss,), (ci,)), ("token:deploy", (ci,), (ci2, boss)), ("door:admin", (ci, ci2, boss), ()),
            ("any", (ci, boss), ()), (["login:ci", "token:second"], (ci2,), (ci, boss)), (["door:admin", "role:admin"], (boss,), (ci,)),
            ("door:socket", (), (ci, boss)), ("uid:0", (), (ci, boss)), ("uid:1001", (), (ci, boss)),
        ]
        for who, allowed, refused in cases:
            with self.subTest(who=who):
                self.allow(who)
                for token in allowed:
                    self.assertEqual(self.reason(token), "valid")
                    self.assertEqual(self.reason(token, self.far[1]), "unknown-key")
                    self.assertEqual(self.reason(token, self.foreign[1]), "unknown-key")
                    self.assertEqual(self.reason(token, "nobody"), "unknown-key")
                for token in refused:
                    self.assertEqual(self.reason(token), "denied")
        # A rule about logins gives the socket nothing, whatever the user there is called.
        self.allow("role:common")
        child = Child(ONE)
        self.addCleanup(child.end)
        child.call(enter, self.d.socket, "main")
        self.assertEqual(child.call(call, "verify", self.key[1].encode())[0], "denied")

    def test_each_action_alone(self):
        token = self.token("ci")[0]
        number, key = self.key
        requests = iter(range(1000))

        def asks():
            request = "h%d" % next(requests)
            self.admin.reserve(key.encode(), 1, request)
            return {"verify": ("/v1/verify", {"key": key}),
                    "reserve": ("/v1/reserve", {"key": key, "amount": 1, "request_id": "i%d" % next(requests)}),
                    "settle": ("/v1/settle", {"number": number, "request_id": request, "amount": 1})}

        for action in ("verify", "reserve", "settle"):
            self.allow("login:ci", action)
            for tried, (path, body) in asks().items():
                status, answer = self.ask(path, token, body)
                self.assertEqual(status, 200 if tried == action else 403, (action, tried, answer))
        # Foreign and absent numbers and keys, with the right for others.
        self.allow("login:ci", "verify,reserve,settle")
        for path, field, foreign, absent in (
                ("/v1/settle", "number", self.far[0], 99_999_999), ("/v1/release", "number", self.foreign[0], 99_999_999)):
            body = {"request_id": "r"} if path.endswith("release") else {"request_id": "r", "amount": 1}
            self.assertEqual(self.ask(path, token, {**body, field: foreign}), self.ask(path, token, {**body, field: absent}))
        for path, extra in (("/v1/verify", {}), ("/v1/reserve", {"amount": 1, "request_id": "r"})):
            found = [self.ask(path, token, {"key": k, **extra}) for k in (self.far[1], self.foreign[1], "sk-nobody", "ckx")]
            self.assertEqual(found, [found[0]] * 4)
            self.assertEqual(found[0], (200, {"valid": False, "reason": "unknown-key"}))
        self.assertEqual(self.admin.record("apikey", str(self.far[0])).fields["reserved"], "0")

    def test_tokens_that_do_not_count(self):
        self.allow("any")
        token, number = self.token("idle")
        unknown = self.ask("/v1/whoami", "cpat_" + "x" * 43)
        self.assertEqual((unknown[0], unknown[1]["code"]), (401, "unauthorized"))
        for wrong in (None, "x", token[:-1], token + "x", token.swapcase(), self.key[1]):
            self.assertEqual(self.ask("/v1/whoami", wrong), unknown)
        self.assertEqual(self.ask("/v1/whoami", token)[1]["login"], "idle")
        self.admin.update_record("user", "idle", {"enabled": "false"})
        self.assertEqual(self.ask("/v1/verify", token, {"key": self.key[1]}), unknown)
        self.admin.update_record("user", "idle", {"enabled": "true"})
        self.assertEqual(self.reason(token), "valid")
        self.admin.delete_records("token", [number])
        self.assertEqual(self.ask("/v1/verify", token, {"key": self.key[1]}), unknown)
        now = int(time.time() * 1000)
        short = self.token("idle", "short", expires=str(now + 1500))[0]
        self.assertEqual(self.reason(short), "valid")
        end = time.monotonic() + 10
        while self.reason(short) == "valid":
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)
        self.assertGreaterEqual(int(time.time() * 1000), now + 1500)
        self.assertEqual(self.ask("/v1/verify", short, {"key": self.key[1]}), unknown)
        with self.assertRaises(c.InvalidArgument):
            self.token("idle", "past", expires=str(now - 1))
        gone = self.token("idle")[0]
        self.admin.delete_records("user", ["idle"])
        self.assertEqual(self.ask("/v1/whoami", gone), unknown)
        self.admin.create_record("user", {"name": "idle"})
        self.assertEqual(self.ask("/v1/whoami", gone), unknown, "a new user of the name is another")

    def test_changes_hold_at_once(self):
        token = self.token("ci")[0]
        for _ in range(10):
            self.allow("login:ci")
            self.assertEqual(self.reason(token), "valid")
            self.allow("login:ci", names=["gate/two"])
            self.assertEqual(self.reason(token), "unknown-key")
            self.d.ok("policy", "delete", "p")
            self.assertEqual(self.reason(token), "denied")
        self.allow("role:admin")
        self.assertEqual(self.reason(token), "denied")
        self.admin.update_record("user", "ci", {"role": "admin"})
        self.assertEqual(self.reason(token), "valid")
        self.admin.update_record("user", "ci", {"role": "common"})
        self.assertEqual(self.reason(token), "denied")
        self.allow("login:ci")
        self.admin.update_record("user", "ci", {"name": "ci2"})
        self.assertEqual(self.reason(token), "denied", "the rule is about another login")
        self.admin.update_record("user", "ci2", {"name": "ci"})
        self.assertEqual(self.reason(token), "valid")

    def test_locked(self):
        self.allow("login:ci")
        token = self.token("ci")[0]
        self.d.ok("lock")
        for used in (token, "cpat_" + "x" * 43, None):
            status, answer = self.ask("/v1/verify", used, {"key": self.key[1]})
            self.assertEqual((status, answer["code"]), (503, "locked"))
        self.d.ok("unlock", "--key-file", self.d.key)
        self.assertEqual(self.reason(token), "valid")


if __name__ == "__main__":
    unittest.main()
