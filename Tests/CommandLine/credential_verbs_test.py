"""Tokens of other services as docs/cli.md has them: credentials, pools, providers, schedules, sinks."""

import threading
import unittest

from common import *
from scripted_upstream import Upstream

TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"


class Tokens(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Daemon()
        cls.upstream = Upstream()

    @classmethod
    def tearDownClass(cls):
        cls.upstream.close()
        assert cls.d.stop() == 0
        log = cls.d.log_text()
        assert PLANT not in log, "a token is in the log"

    def setUp(self):
        self.n = self.id().split(".")[-1]
        self.upstream.answers, self.upstream.seen = [], []

    def add(self, name=None, *options, tag=None):
        """A credential with a refresh token that works once; its name."""
        name = name or self.n
        self.d.ok("credential", "add", name, "--provider", "oauth2", "--param", "token_url=%s/token" % self.upstream.url,
                  "--client-id", "web", "--secret", "refresh", *(["--tag", tag] if tag else []), *options,
                  input=self.upstream.new(PLANT) + "\n")
        return name

    def shown(self, name=None):
        return self.d.ok("credential", "show", name or self.n, "--json").json


class Token(Tokens):
    def test_waits_for_the_refresh_and_comes_from_the_store_then(self):
        d, n = self.d, self.add()
        first = d.ok("token", n)
        self.assertRegex(first.text, "^%sat-[0-9]{6}$" % PLANT)
        self.assertEqual(d.ok("token", n).text, first.text)
        self.assertEqual(len(self.upstream.seen), 1, "it was dialled once")
        path, form = self.upstream.seen[0]
        self.assertEqual((path, form["grant_type"], form["client_id"]), ("/token", "refresh_token", "web"))
        answer = d.ok("token", n, "--json", "--min-left", "60s").json
        self.assertEqual((answer["name"], answer["kind"], answer["token"], answer["lease"]), (n, "access", first.text, None))
        self.assertRegex(answer["expires"], TIME)
        self.assertEqual(d.ok("token", n, "--newline").text, first.text + "\n")
        shown = self.shown()
        self.assertEqual((shown["state"], shown["provider"], shown["client_id"]), ("fresh", "oauth2", "web"))
        self.assertEqual([t["kind"] for t in shown["tokens"]], ["access", "refresh"])
        self.assertNotIn(PLANT, json.dumps(shown))

    def test_many_ask_at_once_and_it_is_dialled_once(self):
        n = self.add()
        results = []
        threads = [threading.Thread(target=lambda: results.append(self.d.cli("token", n))) for _ in range(12)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual({r.code for r in results}, {0})
        self.assertEqual(len({r.text for r in results}), 1)
        self.assertEqual(len(self.upstream.seen), 1)

    def test_more_time_than_is_left_gets_a_new_one(self):
        d, n = self.d, self.add()
        first = d.ok("token", n).text
        self.assertEqual(d.ok("token", n, "--min-left", "10m").text, first)
        self.assertNotEqual(d.ok("token", n, "--min-left", "59m59s").text, "")
        self.assertEqual(d.cli("token", n, "--min-left", "soon").code, 64)

    def test_exit_codes(self):
        d, n = self.d, self.n
        self.assertEqual(d.cli("token", n).code, 3)
        self.add()
        self.upstream.answers = [(400, {"error": "invalid_grant"})]
        dead = d.cli("token", n, "--json")
        self.assertEqual((dead.code, dead.failure["code"]), (11, "dead"))
        self.assertIn("credential update", dead.failure["message"])
        self.assertEqual(self.shown()["state"], "dead")
        seen = len(self.upstream.seen)
        self.assertEqual(d.cli("token", n).code, 11)
        self.assertEqual(len(self.upstream.seen), seen, "the dead are not dialled")
        # A new token ends it.
        d.ok("credential", "update", n, "--secret", "refresh", input=self.upstream.new(PLANT))
        d.ok("token", n)
        other = self.add(n + "2")
        self.upstream.answers = [(400, {"error": "invalid_client"})]
        person = d.cli("token", other)
        self.assertEqual(person.code, 10, person)
        self.assertEqual(d.cli("credential", "refresh", other).code, 10)
        self.assertEqual(d.cli("credential", "refresh", other, "--again").code, 0)
        third = self.add(n + "3")
        self.upstream.answers = [(429, {"error": "slow_down"})]
        limited = d.cli("token", third, "--json")
        self.assertEqual((limited.code, limited.failure["code"], limited.failure["retry"]), (13, "limited", "after"))
        d.ok("credential", "disable", third)
        self.assertEqual(d.cli("token", third).code, 4)
        self.assertEqual(d.cli("token").code, 64)
        self.assertEqual(d.cli("token", n, "--pool", "x").code, 64)

    def test_what_is_wrong_is_told_when_it_is_given(self):
        d, n = self.d, self.n
        for param, word in (("token_urll=http://127.0.0.1:1/", "token_urll"), ("token_url=ftp://x/", "token_url"),
                            ("token_url=http://169.254.169.254/t", "not allowed"), ("rotation=sometimes", "rotation")):
            result = d.cli("credential", "add", n, "--provider", "oauth2", "--param", param)
            self.assertEqual(result.code, 65, result)
            self.assertIn(word, result.error)
        self.add("t", tag=n)
        again = d.cli("credential", "add", n, "--provider", "oauth2", "--param", "token_url=%s/token" % self.upstream.url, "--secret",
                      "refresh", input=d.ok("credential", "reveal", "t", "refresh").text)
        self.assertEqual(again.code, 2, again)
        self.assertIn("another credential has this refresh token", again.error)
        # The name stands in front, however short it is.
        d.ok("credential", "update", "t", "--param", "token_url=http://127.0.0.1:1/")
        failed = d.cli("credential", "refresh", "t")
        self.assertEqual(failed.code, 13, failed)
        d.ok("credential", "disable", "t")
        self.assertTrue(d.cli("token", "t").error.startswith("coffer: t: "))

    def test_watch(self):
        d, n = self.d, self.add()
        watch = subprocess.Popen([binary("coffer"), "--socket", d.socket, "token", n, "--watch"], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, env=clean_environment())
        try:
            first = watch.stdout.readline()
            self.assertTrue(first.startswith(PLANT.encode()), first)
            d.ok("credential", "refresh", n)
            second = watch.stdout.readline()
            self.assertNotEqual(second, first)
            self.assertEqual(second.decode().strip(), d.ok("token", n).text)
        finally:
            watch.send_signal(signal.SIGINT)
            self.assertEqual(watch.wait(10), 0)
            watch.stdout.close()
            watch.stderr.close()


class Credentials(Tokens):
    def test_life(self):
        d, n = self.d, self.add(None, "--memo", "m", "--email", "a@example.org", "--attribute", "x.y=1", tag="life")
        shown = self.shown()
        self.assertEqual((shown["memo"], shown["email"], shown["tags"], shown["attributes"], shown["enabled"], shown["state"]),
                         ("m", "a@example.org", ["life"], {"x.y": "1"}, True, "empty"))
        self.assertEqual(d.ok("credential", "show", "#%d" % shown["number"], "--json").json["name"], n)
        self.assertEqual(d.cli("credential", "add", n, "--provider", "oauth2").code, 2)
        self.assertEqual(d.cli("credential", "add", n + "9", "--provider", "nothing").code, 3)
        d.ok("credential", "update", n, "--memo", "", "--attribute", "x.y=", "--param", "scope=a b", "--name", n + "2")
        shown = self.shown(n + "2")
        self.assertEqual((shown["memo"], shown["attributes"], shown["parameters"]["scope"]), ("", {}, "a b"))
        self.assertEqual(d.cli("credential", "update", n + "2").code, 64)
        self.assertEqual([c["name"] for c in d.ok("credential", "list", "--tag", "life", "--json").json], [n + "2"])
        self.assertIn("NAME", d.ok("credential", "list").text)
        self.assertEqual(d.cli("credential", "list", "--state", "happy").code, 65)
        d.ok("credential", "delete", n + "2")
        self.assertEqual(d.cli("credential", "show", n + "2").code, 3)
        d.ok("credential", "undelete", n + "2")
        d.ok("token", n + "2")
        self.assertEqual(d.cli("credential", "undelete", n + "2").code in (2, 3), True)
        self.assertEqual(d.cli("credential", "delete", "nobody").code, 3)

    def test_secrets_come_from_everywhere_but_the_command_line(self):
        d, n = self.d, self.n
        path = os.path.join(space(), "password")
        with open(path, "w") as f:
            f.write(PLANT + "from-file\n")
        d.ok("credential", "add", n, "--provider", "pandora", "--param", "base=http://127.0.0.1:1/x", "--secret", "username", "--secret",
             "proxy", "--secret-file", "password=" + path, input="ada\r\nsocks5://u:p@127.0.0.1:1\n")
        shown = self.shown()
        self.assertEqual((shown["secrets"], shown["proxy"]), (["password", "proxy", "username"], "socks5://127.0.0.1:1"))
        self.assertEqual(d.ok("credential", "reveal", n, "password").text, PLANT + "from-file\n")
        self.assertEqual(d.ok("credential", "reveal", n, "username").text, "ada\n")
        d.ok("credential", "update", n, "--json-secrets", input=json.dumps({"session": PLANT + "s", "proxy": None}))
        shown = self.shown()
        self.assertEqual((shown["secrets"], shown["proxy"], [t["kind"] for t in shown["tokens"]]),
                         (["password", "username"], "", ["session"]))
        d.ok("credential", "update", n, "--remove-secret", "session")
        self.assertEqual(d.cli("credential", "reveal", n, "session").code, 3)
        for bad, code in ((["--param", "password=" + PLANT], 64), (["--secret", PLANT + "x"], 64), ([PLANT + "x"], 64),
                          (["--password", PLANT], 64), (["-p" + PLANT], 64), (["--secret", "refresh", "--secret", "refresh"], 64),
                          (["--secret", "refresh", "--json-secrets"], 64), (["--param", PLANT], 64)):
            result = d.cli("credential", "update", n, *bad, input="x")
            self.assertEqual(result.code, code, (bad, result))
            self.assertNotIn(PLANT.encode(), result.out + result.err)
        for bad, text in ((["--secret", "refresh"], ""), (["--secret", "refresh"], "a\nb\n"), (["--secret", "refresh"], b"\xff\n"),
                          (["--json-secrets"], "[]"), (["--json-secrets"], '{"refresh": 5}'), (["--json-secrets"], ""),
                          (["--json-secrets"], '{"proxy": "ftp://x"}'), (["--secret-file", "refresh=/no/such"], "")):
            result = d.cli("credential", "update", n, *bad, input=text)
            self.assertEqual(result.code, 65, (bad, text, result))
        self.assertEqual(self.shown()["tokens"], [], "nothing was changed")

    def test_prompt_does_not_echo(self):
        d, n = self.d, self.n
        t = Terminal([binary("coffer"), "--socket", d.socket, "credential", "add", n, "--provider", "oauth2", "--secret", "refresh",
                      "--param", "token_url=http://127.0.0.1:1/"])
        t.until(b"Value of refresh")
        t.type(PLANT.encode() + b"typed\n")
        code, shown = t.end()
        self.assertEqual(code, 0, shown)
        self.assertNotIn(PLANT.encode(), shown)
        self.assertEqual(d.ok("credential", "reveal", n, "refresh").text, PLANT + "typed\n")

    def test_batches_tell_of_each(self):
        d, n = self.d, self.n
        names = [self.add("%s-%d" % (n, i), tag=n) for i in range(5)]
        self.upstream.answers = [(400, {"error": "invalid_grant"})]
        result = d.cli("credential", "refresh", "--tag", n)
        self.assertEqual(result.code, 1, result)
        lines = result.text.strip().split("\n")
        self.assertEqual(len(lines), 6)
        self.assertEqual(lines[-1], "4 done, 1 failed")
        self.assertEqual(sum(": refreshed" in line for line in lines), 4)
        rows = [json.loads(line) for line in d.cli("credential", "refresh", *names, "nobody", "--json").text.strip().split("\n")]
        self.assertEqual(sorted(r["ok"] for r in rows), [False, False, True, True, True, True])
        self.assertEqual({r["name"] for r in rows}, set(names) | {"nobody"})
        dead = [r["name"] for r in rows if r.get("details", {}).get("error") == "dead"]
        self.assertEqual(len(dead), 1, rows)
        d.ok("credential", "disable", "--tag", n)
        self.assertEqual({c["state"] for c in d.ok("credential", "list", "--tag", n, "--json").json}, {"disabled"})
        d.ok("credential", "enable", *names)
        self.assertEqual(d.cli("credential", "refresh").code, 64)
        self.assertEqual(d.cli("credential", "refresh", names[0], "--all").code, 64)
        self.assertEqual(d.ok("credential", "refresh", "--tag", "nobody-has-this").text, "none is found\n")
        d.ok("credential", "revive", *dead)
        history = d.ok("credential", "history", dead[0], "--json").json
        self.assertEqual((history[-1]["from"], history[-1]["to"]), ("dead", "idle"))
        self.assertRegex(history[-1]["time"], TIME)
        self.assertIn("WHY", d.ok("credential", "history", dead[0]).text)

    def test_check_and_prune(self):
        d, n = self.d, self.n
        d.ok("credential", "add", n, "--provider", "free-api", "--param", "url=%s/check" % self.upstream.url, "--secret", "access",
             input=PLANT + "tok")
        self.assertIn("live", d.ok("credential", "check", n).text)
        self.upstream.answers = [(502, "<html>"), (502, "<html>")]
        unknown = d.cli("credential", "check", n)
        self.assertEqual(unknown.code, 13, unknown)
        self.assertEqual(self.shown()["state"], "fresh" if self.shown()["access_expires"] else self.shown()["state"])
        self.upstream.answers = [(200, {"live": False})]
        suspect = d.cli("credential", "check", n)
        self.assertEqual(suspect.code, 1, suspect)
        self.assertIn("suspect", suspect.text)
        self.assertIn("kept %s: suspect" % n, d.ok("credential", "prune", n, "--dry-run").text)
        answer = d.ok("credential", "prune", n, "--dry-run", "--json").json
        self.assertEqual((answer["pruned"], answer["kept"], answer["credentials"][0]["result"]), (0, 1, "kept"))
        self.assertIn("0 of 1", d.ok("credential", "prune", n, "--remove").text)
        self.shown()
        self.assertEqual(d.cli("credential", "prune").code, 64)


class Pools(Tokens):
    def test_life(self):
        d, n = self.d, self.n
        a, b = self.add(n + "-a"), self.add(n + "-b")
        d.ok("pool", "create", n, "--member", a)
        d.ok("pool", "member", "add", n, b, "--weight", "2", "--in-flight", "1")
        self.assertEqual(d.cli("pool", "member", "add", n, b).code, 2)
        self.assertEqual(d.cli("pool", "member", "add", n, "nobody").code, 3)
        self.assertEqual(d.cli("pool", "member", "add", n, b, "--weight", "0").code, 64)
        token = d.ok("token", "--pool", n, "--json").json
        self.assertIn(token["name"], (a, b))
        self.assertRegex(token["lease"], "^[0-9a-f]{32}$")
        report = d.ok("report", token["lease"], "limited", "--retry-after", "1h", "--json").json
        self.assertEqual((report["effect"], report["state"]), ("taken", "cooling"))
        self.assertEqual(d.ok("report", token["lease"], "ok", "--json").json["effect"], "repeated")
        members = {m["credential"]: m for m in d.ok("pool", "member", "list", n, "--json").json}
        self.assertEqual((members[b]["weight"], members[b]["in_flight_limit"], members[token["name"]]["state"]), (2, 1, "cooling"))
        other = a if token["name"] == b else b
        self.assertEqual(d.ok("token", "--pool", n, "--json").json["name"], other)
        d.ok("report", "--pool", n, "--credential", other, "limited", "--retry-after", "2h")
        none = d.cli("token", "--pool", n, "--json")
        self.assertEqual((none.code, none.failure["code"], none.failure["retry"]), (12, "no-live-member", "after"))
        self.assertGreater(none.failure["retry_after_ms"], 1_000_000)
        d.ok("pool", "revive", n, "--credential", a)
        self.assertEqual(d.ok("token", "--pool", n, "--json").json["name"], a)
        refreshed = d.ok("pool", "refresh", n)
        self.assertIn("2 of 2", refreshed.text)
        self.assertEqual(d.ok("pool", "list", "--credential", a, "--json").json[0]["name"], n)
        d.ok("pool", "member", "remove", n, a)
        d.ok("pool", "update", n, "--memo", "x", "--secret", "pool", input=PLANT + "pk-1")
        self.assertEqual(d.ok("token", "--pool", n, "--json").json["token"], PLANT + "pk-1")
        d.ok("pool", "update", n, "--remove-own-token")
        self.assertFalse(d.ok("pool", "show", n, "--json").json["own_token"])
        d.ok("pool", "delete", n)
        self.assertEqual(d.cli("pool", "show", n).code, 3)
        self.shown(a)

    def test_a_deleted_member_can_be_taken_out(self):
        d, n = self.d, self.n
        a, b = self.add(n + "-a"), self.add(n + "-b")
        d.ok("pool", "create", n, "--member", a, "--member", b)
        number = self.shown(b)["number"]
        d.ok("credential", "delete", b)
        gone = [m for m in d.ok("pool", "member", "list", n, "--json").json if m["number"] == number][0]
        self.assertEqual((gone["credential"], gone["takes_part"], gone["credential_state"]), ("#%d" % number, False, "deleted"))
        self.assertEqual(d.cli("pool", "member", "remove", n, "#99999").code, 3)
        d.ok("pool", "member", "remove", n, "#%d" % number)
        self.assertEqual([m["credential"] for m in d.ok("pool", "member", "list", n, "--json").json], [a])

    def test_check_asks_about_the_own_token_too(self):
        d, n = self.d, self.n
        d.ok("provider", "apply", "-", input="""provider: checking
parameters:
  base: { type: url, required: true }
steps:
  - name: refresh
    purpose: refresh
    consumes: refresh
    replay: never
    method: POST
    url: "{base}/refresh"
    form: { token: "{refresh}" }
    take: { access: /a }
  - name: pool
    purpose: pool
    replay: safe
    method: POST
    url: "{base}/pool"
    take: { pool: /pool }
  - name: pool-check
    purpose: check
    consumes: pool
    replay: safe
    url: "{base}/check"
    headers: { Authorization: "Bearer {pool}" }
    take: { live: /live }
    rules:
      - when: { status: 401 }
        verdict: dead
        reason: it is over
""")
        d.ok("credential", "add", n, "--provider", "checking", "--param", "base=" + self.upstream.url, "--secret", "share", "--secret", "refresh",
             input=PLANT + "fk\n" + PLANT + "rt\n")
        d.ok("pool", "create", n, "--provider", "checking", "--member", n)
        self.upstream.answers = [(200, {"pool": PLANT + "pk"})]
        d.ok("pool", "renew", n)
        self.assertEqual([t["kind"] for t in self.shown()["tokens"]], ["refresh", "share"], "a pool's token is no member's")
        good = d.ok("pool", "check", n)
        self.assertIn("its own token: live", good.text)
        self.assertIn("no-check", good.text)
        self.upstream.answers = [(401, {})]
        bad = d.cli("pool", "verify", n)
        self.assertEqual(bad.code, 1, bad)
        self.assertIn("its own token: it is over (dead)", bad.text)
        self.assertEqual(d.ok("pool", "show", n, "--json").json["own_state"], "suspect")
        self.assertEqual(self.shown()["state"], "empty", "nothing is known against the member")

    def test_renew_exchanges_the_own_token(self):
        d, n = self.d, self.n
        name = "renewing"
        d.ok("provider", "apply", "-", input="""provider: %s
parameters:
  base: { type: url, required: true }
  share_tokens: { secret: true, required: true, per_call: true }
steps:
  - name: refresh
    purpose: refresh
    consumes: refresh
    replay: never
    method: POST
    url: "{base}/refresh"
    form: { token: "{refresh}" }
    take: { access: /a }
  - name: pool
    purpose: pool
    replay: safe
    method: POST
    url: "{base}/pool"
    form: { shares: "{share_tokens}", pool: { value: "{pool}", otherwise: "" } }
    take: { pool: /pool }
  - name: unpool
    purpose: unpool
    replay: safe
    method: POST
    url: "{base}/unpool"
    form: { pool: "{pool}" }
""" % name)
        d.ok("credential", "add", n, "--provider", name, "--param", "base=" + self.upstream.url, "--secret", "share", "--secret", "refresh",
             input=PLANT + "fk\n" + PLANT + "rt-renew\n")
        d.ok("pool", "create", n, "--provider", name, "--member", n)
        self.upstream.answers = [(200, {"pool": PLANT + "pk-1"})]
        d.ok("pool", "renew", n)
        self.assertEqual(self.upstream.seen, [("/pool", {"shares": PLANT + "fk\n", "pool": ""})])
        self.assertEqual(d.ok("token", "--pool", n, "--kind", "pool").text, PLANT + "pk-1")
        self.upstream.answers, self.upstream.seen = [(500, "<html>")], []
        self.assertNotEqual(d.cli("pool", "renew", n).code, 0)
        self.assertEqual([path for path, _ in self.upstream.seen], ["/unpool"])
        self.assertEqual(d.ok("token", "--pool", n, "--kind", "pool").text, PLANT + "pk-1", "not revoked, not lost")
        self.upstream.answers, self.upstream.seen = [(200, {}), (200, {"pool": PLANT + "pk-2"})], []
        d.ok("pool", "renew", n)
        self.assertEqual([path for path, _ in self.upstream.seen], ["/unpool", "/pool"])
        self.assertEqual(d.ok("token", "--pool", n, "--kind", "pool").text, PLANT + "pk-2")
        self.upstream.answers, self.upstream.seen = [(200, {"pool": PLANT + "pk-2"})], []
        d.ok("pool", "renew", n, "--keep")
        self.assertEqual(self.upstream.seen, [("/pool", {"shares": PLANT + "fk\n", "pool": PLANT + "pk-2"})])
        self.assertEqual(d.cli("pool", "renew", "nobody").code, 3)

    def test_reports_that_make_no_sense(self):
        d = self.d
        self.assertEqual(d.cli("report", "00" * 16, "ok").code, 3)
        for bad in (["ok"], ["00" * 16], ["0", "ok"], ["00" * 16, "fine"], ["--pool", "x", "ok"],
                    ["--pool", "x", "--credential", "y"], ["00" * 16, "ok", "--retry-after", "x"]):
            self.assertEqual(d.cli("report", *bad).code, 64, bad)


class Providers(Tokens):
    FILE = """provider: %s
parameters:
  where: { type: url, required: true }
steps:
  - name: refresh
    purpose: refresh
    consumes: refresh
    replay: never
    method: POST
    url: "{where}"
    form: { token: "{refresh}", me: "{name}" }
    take: { access: /a }
"""

    def test_life(self):
        d, n = self.d, "mine-" + self.n.replace("_", "-")
        source = self.FILE % n
        d.ok("provider", "apply", "-", "--dry-run", input=source)
        self.assertEqual(d.cli("provider", "show", n).code, 3)
        d.ok("provider", "apply", "-", input=source)
        self.assertEqual(d.ok("provider", "show", n).text, source)
        self.assertEqual(d.ok("provider", "show", n, "--summary", "--json").json["steps"][0]["name"], "refresh")
        listed = {p["name"]: p for p in d.ok("provider", "list", "--json").json}
        self.assertFalse(listed[n]["built_in"])
        self.assertTrue(listed["oauth2"]["built_in"])
        # One field, however the name looks.
        d.ok("credential", "add", "x&expires_in=-1", "--provider", n, "--param", "where=%s/t" % self.upstream.url, "--secret", "refresh",
             input=PLANT + "rt")
        shown = d.ok("provider", "test", n, "--credential", "x&expires_in=-1").text
        self.assertIn("me=x%26expires_in%3D-1", shown)
        self.assertIn("***", shown)
        self.assertNotIn(PLANT, shown)
        self.upstream.answers = [(200, {"a": PLANT + "at"})]
        self.assertEqual(d.ok("token", "x&expires_in=-1").text, PLANT + "at")
        self.assertEqual(self.upstream.seen[0][1], {"token": PLANT + "rt", "me": "x&expires_in=-1"})
        self.assertNotEqual(d.cli("provider", "delete", n).code, 0, "a credential names it")
        d.ok("credential", "delete", "x&expires_in=-1")

    def test_mistakes_have_their_lines(self):
        d = self.d
        for source, line in (("provider: x\nsteps: 5\n", "line 2"), (self.FILE.replace("{where}", "{nowhere}") % "x", "nowhere"),
                             ("provider: x\nsurprise: 1\n", "line 2"), ("a: &x 1\nb: *x\n", ""), ("", ""), ("\x00", "")):
            for verb in (["provider", "apply", "-"], ["provider", "test", "--file", "-"]):
                result = d.cli(*verb, input=source)
                self.assertEqual(result.code, 65, (source, result))
                self.assertIn(line, result.error)
        self.assertEqual(d.cli("provider", "apply", "-", input=b"\xff").code, 65)
        self.assertEqual(d.cli("provider", "apply", "/no/such").code, 65)
        self.assertEqual(d.cli("provider", "test").code, 64)
        self.assertEqual(d.cli("provider", "test", "nobody").code, 3)
        d.ok("credential", "add", self.n, "--provider", "oauth2")
        missing = d.cli("provider", "test", "oauth2", "--credential", self.n)
        self.assertEqual(missing.code, 1, missing)
        self.assertIn("the credential has no refresh, token_url", missing.text)

    def test_a_file_is_tested_without_a_daemon(self):
        path = os.path.join(space(), "p.yaml")
        with open(path, "w") as f:
            f.write(self.FILE % "x")
        result = coffer("provider", "test", "--file", path, "--param", "where=https://example.org/t", env={"COFFER_SOCKET": "/no/such"})
        self.assertEqual(result.code, 0, result)
        self.assertIn("POST https://example.org/t", result.text)
        self.assertIn("POST <where>", coffer("provider", "test", "--file", path).text)
        result = coffer("provider", "test", "--file", path, "--param", "where=file:///etc/passwd")
        self.assertEqual(result.code, 1, result)
        self.assertEqual(coffer("provider", "test", "--file", path, "--step", "none").code, 3)


class Schedules(Tokens):
    def test_life(self):
        d, n = self.d, self.n
        a = self.add(n + "-a", tag=n)
        d.ok("schedule", "create", n, "--action", "refresh", "--rule", "every 3 days at 01:00", "--tag", n, "--time-zone", "Europe/Berlin",
             "--count", "1", "--jitter", "5m")
        shown = d.ok("schedule", "show", n, "--json").json
        self.assertEqual((shown["action"], shown["rule"], shown["time_zone"], shown["count"], shown["jitter"], shown["target_tag"]),
                         ("refresh", "every 3 days at 01:00", "Europe/Berlin", 1, 300, n))
        self.assertRegex(shown["next_run"], TIME)
        self.assertIsNone(shown["last_run"])
        self.assertIn("1 succeeded", d.ok("schedule", "run", n).text)
        self.assertEqual(len(self.upstream.seen), 1)
        self.upstream.answers = [(400, {"error": "invalid_grant"})]
        self.assertEqual(d.cli("schedule", "run", n).code, 1)
        self.assertEqual(self.shown(a)["state"], "dead")
        d.ok("schedule", "disable", n)
        self.assertFalse(d.ok("schedule", "show", n, "--json").json["enabled"])
        d.ok("schedule", "enable", n)
        d.ok("schedule", "update", n, "--rule", "daily at 02:30", "--name", n + "2")
        self.assertIn("daily at 02:30", d.ok("schedule", "list").text)
        d.ok("schedule", "delete", n + "2")
        self.assertEqual(d.cli("schedule", "show", n + "2").code, 3)

    def test_nonsense(self):
        d, n = self.d, self.n
        base = ["schedule", "create", n, "--target", "*"]
        for bad, code in ((["--action", "refresh", "--rule", "every 0 days"], 65), (["--action", "refresh", "--rule", "every -1 days"], 65),
                          (["--action", "refresh", "--rule", "daily at 25:00"], 65), (["--action", "dance", "--rule", "every hour"], 65),
                          (["--action", "refresh", "--rule", "every hour", "--time-zone", "Europe/Atlantis"], 65),
                          (["--action", "refresh", "--rule", "every hour", "--jitter", "2d"], 64),
                          (["--action", "refresh", "--rule", "every hour", "--prune", "disable"], 65),
                          (["--action", "refresh"], 64)):
            result = d.cli(*base, *bad)
            self.assertEqual(result.code, code, (bad, result))
        self.assertEqual(d.cli("schedule", "create", n, "--action", "refresh", "--rule", "every hour").code, 64)
        self.assertEqual(d.cli("schedule", "show", n).code, 3)


    @unittest.skipUnless(ROOT, "needs another user")
    def test_a_right_on_schedules_is_none_on_credentials(self):
        d, n = self.d, self.n
        self.add("mine/" + n)
        self.add("theirs-" + n)
        d.allow(n, ["uid:%d" % ONE], "create, list, info, put, run", ["**"], "schedule")
        d.allow(n + "2", ["uid:%d" % ONE], "refresh, check", ["mine/**"], "credential")
        self.addCleanup(d.forget_policies)

        def create(name, target, *options, action="refresh"):
            return d.cli("schedule", "create", name, "--rule", "every 300 days", "--action", action, *target, *options, uid=ONE)

        for target in (["--target", "*"], ["--target", "theirs-" + n], ["--target", "min*"], ["--tag", "x"], ["--provider", "oauth2"]):
            refused = create(n, target)
            self.assertEqual(refused.code, 4, (target, refused))
        self.assertIn("by hand", refused.error)
        for options in (["--prune", "remove"], ["--prune", "disable"], ["--prune", "sink:x"]):
            self.assertEqual(create(n, ["--target", "mine/*"], *options, action="check").code, 4, options)
        for action in ("pool-refresh", "job:tokenstool-renew"):
            self.assertEqual(create(n, ["--target", "mine/*"], action=action).code, 4, action)
        self.assertEqual(self.upstream.seen, [])
        self.assertEqual(create(n, ["--target", "mine/*"]).code, 0)
        self.assertEqual(d.cli("schedule", "run", n, uid=ONE).code, 0)
        self.assertEqual(len(self.upstream.seen), 1)
        for change in (["--target", "*"], ["--action", "relogin", "--target", ""], ["--action", "pool-refresh"]):
            self.assertEqual(d.cli("schedule", "update", n, *change, uid=ONE).code, 4, change)
        self.assertEqual(d.ok("schedule", "show", n, "--json").json["target"], "mine/*")
        self.assertEqual(d.cli("schedule", "update", n, "--rule", "every 200 days", uid=ONE).code, 0)
        # What an administrator made may be run by whom a rule lets run it.
        d.ok("schedule", "update", n, "--target", "*" + n)
        self.assertEqual(d.cli("schedule", "run", n, uid=ONE).code, 0)
        self.assertEqual(len(self.upstream.seen), 3)
        d.ok("schedule", "delete", n)

    def test_what_happens_by_itself_is_shown(self):
        d, n = self.d, self.add()
        shown = self.shown()
        self.assertEqual((shown["next_refresh"], "no access token" in shown["next_refresh_why"]), (None, True))
        d.ok("token", n)
        shown = self.shown()
        self.assertRegex(shown["next_refresh"], TIME)
        self.assertLess(shown["next_refresh"], shown["access_expires"])
        self.assertEqual(shown["next_refresh_why"], "before its access token expires")
        d.ok("credential", "disable", n)
        self.assertEqual(self.shown()["next_refresh_why"], "disabled")


class Sinks(Tokens):
    def test_what_no_sink_may_write(self):
        d, n = self.d, self.n
        folder = space()
        os.makedirs(os.path.join(folder, "open", "in"))
        os.chmod(os.path.join(folder, "open"), 0o777)
        with open(d.key, "rb") as f:
            key = f.read()
        for path in (d.key, os.path.join(d.store, "x"), os.path.join(folder, "open", "x"), os.path.join(folder, "open", "in", "x")):
            refused = d.cli("sink", "create", n, "--path", path, "--element", "{name}")
            self.assertEqual(refused.code, 65, (path, refused))
            self.assertIn("path: ", refused.error)
        with open(d.key, "rb") as f:
            self.assertEqual(f.read(), key)

    def test_life(self):
        d, n = self.d, self.n
        a = self.add(n + "-a")
        folder = space()
        os.chmod(folder, 0o700)
        path = os.path.join(folder, "tokens.env")
        token = d.ok("token", a).text
        d.ok("sink", "create", n, "--path", path, "--encoding", "env", "--element", "TOKEN={token:access}", "--footer", "\n", "--target", a)
        d.ok("sink", "run", n)
        with open(path) as f:
            self.assertIn(token, f.read())
        self.assertEqual(mode(path), 0o600)
        shown = d.ok("sink", "show", n, "--json")
        self.assertNotIn(PLANT, shown.text)
        self.assertEqual((shown.json["path"], shown.json["error"]), (path, ""))
        self.assertIn(path, d.ok("sink", "list").text)
        d.ok("sink", "disable", n)
        d.ok("sink", "update", n, "--post", "http://127.0.0.1:1/reload", "--call-timeout", "2s")
        self.assertEqual(d.ok("sink", "show", n, "--json").json["action"], "call POST http://127.0.0.1:1/reload")
        d.ok("sink", "update", n, "--no-action")
        d.ok("sink", "delete", n)
        self.assertEqual(d.cli("sink", "show", n).code, 3)
        self.assertTrue(os.path.exists(path), "its file stays")

    def test_nonsense(self):
        d, n = self.d, self.n
        for bad, code in ((["--path", "relative", "--element", "x"], 65), (["--path", "/no/such/folder/x", "--element", "x"], 65),
                          (["--path", "/tmp/x"], 64), (["--path", "/tmp/x", "--element", "x", "--renderer", "y"], 64),
                          (["--path", "/tmp/x", "--element", "{nothing:x}"], 65), (["--path", "/tmp/x", "--element", "x", "--signal", "HUP"], 64),
                          (["--path", "/tmp/x", "--element", "x", "--post", "u", "--get", "u"], 64)):
            result = d.cli("sink", "create", n, *bad)
            self.assertEqual(result.code, code, (bad, result))
        self.assertEqual(d.cli("sink", "show", n).code, 3)


if __name__ == "__main__":
    unittest.main()
