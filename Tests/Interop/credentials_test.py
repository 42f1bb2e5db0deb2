"""Tests of credentials, pools, live tokens and their watches in a running daemon, written from
protocol.md alone.

    COFFER_SOCKET=<path> python3 credentials_test.py

Run as root, against a daemon that is unlocked. The upstream is a small HTTP server of this file.
Names are unique in each run, so a second run on the same store works as well.
"""

import http.server
import json
import os
import threading
import time
import unittest
import urllib.parse

import coffer_client as c
import accounts_test
from accounts_test import AccountCase
from interop_test import Case, failure_of

HOUR = 3_600_000


def now():
    return int(time.time() * 1000)


class TokenServer(http.server.ThreadingHTTPServer):
    """A token endpoint: each refresh token may be used once, and its answer brings the next."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), TokenHandler)
        self.lock = threading.Lock()
        self.live = {}                         # refresh token: number of its family
        self.dials = 0
        self.refusal = None                    # status and body in place of tokens
        self.held = threading.Event()          # answers wait for it
        self.held.set()
        self.asked = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return "http://127.0.0.1:%d/token" % self.server_address[1]

    def grant(self):
        token = "rt-" + os.urandom(8).hex()
        with self.lock:
            self.live[token] = 1
        return token

    def refresh(self, token):
        with self.lock:
            self.dials += 1
            if self.refusal:
                return self.refusal
            if token not in self.live:
                return 400, {"error": "invalid_grant"}
            count = self.live.pop(token) + 1
            following = "rt-" + os.urandom(8).hex()
            self.live[following] = count
        return 200, {"access_token": "at-%d-%s" % (count, following[3:]), "token_type": "bearer",
                     "expires_in": 3600, "refresh_token": following}


class TokenHandler(http.server.BaseHTTPRequestHandler):

    def do_POST(self):
        form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.asked.set()
        self.server.held.wait(30)
        token = urllib.parse.parse_qs(form).get("refresh_token", [""])[0]
        status, answer = self.server.refresh(token)
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class CredentialCase(AccountCase):

    def setUp(self):
        super().setUp()
        self.upstream = TokenServer()

    def tearDown(self):
        self.upstream.held.set()
        super().tearDown()
        self.upstream.shutdown()
        self.upstream.server_close()

    def credential(self, last="credential", access=None, left=HOUR, refresh=True, **fields):
        """A credential; with an access token that lives for `left` ms, if one is given."""
        secret, expiries = {}, {}
        if refresh:
            secret["refresh"] = self.upstream.grant()
        if access:
            secret["access"] = access
            expiries["access"] = str(now() + left)
        given = {"name": self.called(last), "provider": "oauth2", "client_id": "a-client",
                 "parameters": json.dumps({"token_url": self.upstream.url}),
                 "expiries": json.dumps(expiries), **fields}
        return self.make("credential", given, json.dumps(secret).encode()).record

    def pool(self, *members, **fields):
        given = {"name": self.called("pool"), "members": "\n".join(m.id for m in members),
                 **fields}
        return self.make("pool", given).record


class HandshakeTests(Case):

    def test_bad_bodies_are_answered_and_the_connection_goes_on(self):
        raw = self.raw()
        w = c._request
        bad = [
            (c.TOKEN, w().text("").bool(False).text("access").u32(0).bytes8(b""), "name"),
            (c.TOKEN, w().text("x").u8(2).text("access").u32(0).bytes8(b""), "pool"),
            (c.TOKEN, w().text("x").bool(False).text("").u32(0).bytes8(b""), "kind"),
            (c.TOKEN, w().text("x").bool(False).text("a").u32(0).bytes8(b"s" * 129), "sticky"),
            (c.REPORT, w().u8(2).raw(bytes(16)).u8(0).u32(0), "target"),
            (c.REPORT, w().u8(0).raw(bytes(16)).u8(5).u32(0), "verdict"),
            (c.CREDENTIAL_ACT, w().text("credential").text("x").text("").u16(0).bytes32(b""), "verb"),
            (c.TOKEN_WATCH, w().bool(False).bool(False).bytes16(b"n" * 256).bool(False).u32(1),
             "name"),
            (c.CREDENTIAL_IMPORT, w().text("x").bool(False).u16(0), "rows"),
        ]
        for at, (operation, body, field) in enumerate(bad, 10):
            with self.subTest(operation=operation, field=field):
                raw.send(operation, at, body.done())
                kind, answered, request_id, body = raw.read()
                self.assertEqual((kind, answered, request_id), (c.RESPONSE, operation, at))
                failure = failure_of(body)
                self.assertIs(type(failure), c.Malformed)
                self.assertTrue(failure.message.startswith(field + ":"), failure.message)
        self.alive(raw)


class RecordTests(CredentialCase):

    def test_life(self):
        made = self.credential(
            access="at-1", tags="ci\nopenai", memo="of the build", email="ada@example.org",
            attributes='{"tokenstool.shared":"true"}')
        self.assertEqual((made.fields["state"], made.fields["enabled"], made.fields["provider"]),
                         ("fresh", "true", "oauth2"))
        self.assertEqual(json.loads(made.fields["attributes"]), {"tokenstool.shared": "true"})
        kinds = [line.split(" ")[0] for line in made.fields["tokens"].split("\n")]
        self.assertEqual(kinds, ["access", "refresh"])
        self.assertNotIn("at-1", repr(made))
        self.assertEqual(self.coffer.record("credential", made.id), made)
        self.assertEqual(self.coffer.record("credential", "#" + made.fields["number"]), made)
        for filters in ({"tag": "ci"}, {"provider": "oauth2"}, {"state": "fresh"},
                        {"enabled": "true"}, {"contains": made.id[5:]}):
            with self.subTest(filters=filters):
                self.assertIn(made, self.coffer.all_records("credential", filters, limit=2))
        self.assertNotIn(made, self.coffer.all_records("credential", {"state": "dead"}))
        changed = self.coffer.update_record(
            "credential", made.id, {"enabled": "false", "attributes": '{"tokenstool.shared":null,"a":"b"}'},
            json.dumps({"proxy": "http://me:word@127.0.0.1:9"}).encode(), expected=made.revision)
        self.assertEqual((changed.fields["state"], changed.fields["proxy"]),
                         ("disabled", "http://127.0.0.1:9"))
        self.assertEqual(json.loads(changed.fields["attributes"]), {"a": "b"})
        self.assertNotIn("word", repr(changed))
        self.fails(c.Conflict, self.coffer.update_record, "credential", made.id, {"memo": "x"},
                   expected=made.revision)
        self.assertEqual(self.coffer.delete_records("credential", [made.id]), 1)
        self.fails(c.NotFound, self.coffer.record, "credential", made.id)
        back = self.coffer.act("credential", made.id, "undelete")
        self.assertEqual(back.record.id, made.id)

    def test_what_is_refused(self):
        name = self.called()
        good = {"name": name, "provider": "oauth2", "client_id": "c",
                "parameters": json.dumps({"token_url": self.upstream.url})}
        for error, fields, secret in (
                (c.NotFound, {"provider": "nobody"}, b""),
                (c.InvalidName, {"name": "a*b"}, b""), (c.InvalidName, {"name": "#7"}, b""),
                (c.InvalidArgument, {"parameters": "[]"}, b""),
                (c.InvalidArgument, {"parameters": '{"a":1}'}, b""),
                (c.InvalidArgument, {"parameters": '{"a":"1","a":"2"}'}, b""),
                (c.InvalidArgument, {"expiries": '{"access":"-1"}'}, b""),
                (c.InvalidArgument, {"enabled": "yes"}, b""),
                (c.InvalidArgument, {"state": "dead"}, b""),
                (c.InvalidArgument, {"email": "x" * 255}, b""),
                (c.InvalidArgument, {}, b"refresh"), (c.InvalidArgument, {}, b'{"refresh":1}'),
                (c.InvalidArgument, {}, b'{"refresh":""}'), (c.InvalidArgument, {}, b"\xff"),
                (c.InvalidArgument, {}, b'{"proxy":"ftp://x"}')):
            with self.subTest(fields=fields, secret=secret):
                self.fails(error, self.coffer.create_record, "credential", {**good, **fields}, secret)
        self.fails(c.InvalidArgument, self.coffer.create_record, "credential", {"name": name})
        self.fails(c.InvalidArgument, self.coffer.records, "credential", {"state": "happy"})
        made = self.make("credential", good).record
        self.fails(c.Conflict, self.coffer.create_record, "credential", good)
        self.assertEqual(made.fields["state"], "empty")

    def test_providers(self):
        oauth = self.coffer.record("provider", "oauth2")
        self.assertEqual(oauth.fields["built_in"], "true")
        self.assertIn("oauth2", [r.id for r in self.coffer.all_records("provider", limit=1)])
        source = oauth.fields["source"]
        name = "mine-" + os.urandom(4).hex()
        mine = source.replace("oauth2", name, 1)
        tried = self.coffer.create_record("provider", {"dry_run": "true", "source": mine}).record
        self.assertEqual(tried.id, name)
        self.fails(c.NotFound, self.coffer.record, "provider", name)
        made = self.make("provider", {}, mine.encode()).record
        self.assertEqual((made.id, made.fields["built_in"]), (name, "false"))
        self.fails(c.InvalidArgument, self.coffer.update_record, "provider", name, {"source": source})
        broken = self.fails(c.InvalidArgument, self.coffer.create_record, "provider",
                            {"source": mine + "\nsteps: 7\n"})
        self.assertIn("line ", broken.message)
        self.fails(c.InvalidArgument, self.coffer.create_record, "provider", {"source": ""})
        user = self.credential(provider=name)
        self.fails(c.Conflict, self.coffer.delete_records, "provider", [name])
        self.assertEqual(self.coffer.delete_records("credential", [user.id]), 1)

    def test_schedules(self):
        name = self.called()
        made = self.make("schedule", {"name": name, "action": "refresh", "target": self.called("*"),
                                      "rule": "every 3 days at 01:00", "time_zone": "Europe/Berlin",
                                      "count": "2"}).record
        self.assertEqual((made.fields["rule"], made.fields["enabled"]), ("every 3 days at 01:00", "true"))
        self.assertGreater(int(made.fields["next_run"]), now())
        for bad in ({"rule": "every 0 days"}, {"rule": "every -1 days"}, {"rule": "daily at 25:00"},
                    {"rule": "now and then"}, {"time_zone": "Mars/Olympus"}, {"action": "dance"},
                    {"target": ""}, {"jitter": "86401"}, {"prune": "burn"}, {"result": "x"}):
            with self.subTest(bad=bad):
                self.fails(c.InvalidArgument, self.coffer.update_record, "schedule", name, bad)
        self.assertEqual(self.coffer.record("schedule", name), made)
        member = self.credential()
        done = self.coffer.act("schedule", name, "run")
        self.assertEqual((done.details["succeeded"], done.details["failed"]), ("1", "0"))
        self.assertEqual(self.coffer.record("credential", member.id).fields["state"], "fresh")
        off = self.coffer.update_record("schedule", name, {"enabled": "false"})
        self.assertEqual(off.fields["next_run"], "never")

    def test_sinks(self):
        folder = os.path.join(os.path.dirname(os.environ["COFFER_SOCKET"]), self.called("sink"))
        os.mkdir(folder, 0o700)
        one = self.credential(access="at-shown", refresh=False)
        path = os.path.join(folder, "tokens.json")
        sink = self.make("sink", {
            "name": self.called(), "path": path, "encoding": "json", "header": "[", "footer": "]",
            "separator": ",", "element": '{{"name":{name},"token":{token:access}}', "target": one.id}).record
        done = self.coffer.act("sink", sink.id, "run")
        self.assertEqual((done.details["ok"], done.record.fields["error"]), ("true", ""))
        with open(path, encoding="utf-8") as written:
            self.assertEqual(json.load(written), [{"name": one.id, "token": "at-shown"}])
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.assertNotIn("at-shown", repr(done))
        for bad in ({"path": "tokens.json"}, {"encoding": "xml"}, {"action": "call POST nowhere"},
                    {"action": "shout"}, {"timeout": "10"}, {"renderer": "nobody"},
                    {"element": "{nothing}"}):
            with self.subTest(bad=bad):
                self.fails(c.InvalidArgument, self.coffer.update_record, "sink", sink.id, bad)


class TokenTests(CredentialCase):

    def test_from_the_store(self):
        made = self.credential(access="at-1", left=HOUR)
        token = self.coffer.token(made.id)
        self.assertEqual((token.value, token.kind, token.name, token.lease),
                         (b"at-1", "access", made.id, b""))
        self.assertEqual((token.number, token.revision),
                         (int(made.fields["number"]), int(made.fields["token_revision"])))
        self.assertAlmostEqual(token.expires, now() + HOUR, delta=60_000)
        self.assertEqual(self.upstream.dials, 0)

    def test_a_refresh_where_none_lives(self):
        made = self.credential(access="at-old", left=-HOUR)
        token = self.coffer.token(made.id, deadline=20_000)
        self.assertTrue(token.value.startswith(b"at-2-"), token)
        self.assertEqual(self.coffer.token(made.id), token)
        self.assertEqual(self.upstream.dials, 1)
        more = self.coffer.token(made.id, minimum_left=3000)
        self.assertEqual(more, token)

    def test_many_who_ask_at_once_wait_for_one_refresh(self):
        made = self.credential()
        self.upstream.held.clear()
        requests = [self.coffer.start(c.TOKEN, c.token_body(made.id, deadline=20_000))
                    for _ in range(50)]
        self.assertTrue(self.upstream.asked.wait(20))
        impatient = self.coffer.start(c.TOKEN, c.token_body(made.id, deadline=100))
        self.assertIs(type(impatient.failure(20)), c.DeadlineExceeded)
        requests[0].cancel()
        self.assertIs(type(requests[0].failure(20)), c.Cancelled)
        self.upstream.held.set()
        self.assertEqual(len({request.result(20) for request in requests[1:]}), 1)
        self.assertEqual(self.upstream.dials, 1)

    def test_kinds(self):
        made = self.credential(access="at-1")
        refresh = self.coffer.token(made.id, kind="refresh")
        self.assertTrue(refresh.value.startswith(b"rt-"))
        revealed = self.coffer.act("credential", made.id, "reveal", {"field": "refresh"})
        self.assertEqual(revealed.secret, refresh.value)
        self.assertEqual(self.coffer.act("credential", made.id, "reveal", {"field": "access"}).secret, b"at-1")
        self.fails(c.NotFound, self.coffer.act, "credential", made.id, "reveal", {"field": "share"})

    def test_what_is_refused(self):
        self.fails(c.NotFound, self.coffer.token, self.called("nobody"))
        self.fails(c.NotFound, self.coffer.token, self.called("nobody"), pool=True)
        off = self.credential(access="at-1", enabled="false")
        self.fails(c.Denied, self.coffer.token, off.id)
        lonely = self.credential("lonely", refresh=False)
        self.fails(c.NeedsPerson, self.coffer.token, lonely.id, deadline=20_000)

    def test_dead(self):
        made = self.credential()
        self.upstream.refusal = 400, {"error": "invalid_grant"}
        self.fails(c.Dead, self.coffer.token, made.id, deadline=20_000)
        self.assertEqual(self.coffer.record("credential", made.id).fields["state"], "dead")
        dials = self.upstream.dials
        self.fails(c.Dead, self.coffer.token, made.id, deadline=20_000)
        self.assertEqual(self.upstream.dials, dials)
        self.upstream.refusal = None
        again = self.coffer.update_record(
            "credential", made.id, {}, json.dumps({"refresh": self.upstream.grant()}).encode())
        self.assertNotEqual(again.fields["state"], "dead")
        self.assertTrue(self.coffer.token(made.id, deadline=20_000).value.startswith(b"at-"))


class ActTests(CredentialCase):

    def test_refresh(self):
        made = self.credential(access="at-1")
        done = self.coffer.act("credential", made.id, "refresh")
        self.assertEqual((done.details["dialled"], done.details["renewed"], done.details["verdict"]),
                         ("true", "true", "ok"))
        self.assertNotEqual(self.coffer.token(made.id).value, b"at-1")
        self.upstream.refusal = 503, {}
        failed = self.coffer.act("credential", made.id, "refresh")
        self.assertEqual((failed.details["dialled"], failed.details["renewed"]), ("true", "false"))
        self.assertIn("error", failed.details)
        self.assertNotEqual(failed.result, "")
        # What lives is handed out all the same.
        self.assertTrue(self.coffer.token(made.id).value.startswith(b"at-2-"))

    def test_what_is_refused(self):
        made = self.credential()
        for error, ask in (
                (c.InvalidArgument, ("unicorn", made.id, "refresh")),
                (c.InvalidArgument, ("credential", made.id, "dance")),
                (c.InvalidArgument, ("credential", made.id, "refresh", {"colour": "red"})),
                (c.InvalidArgument, ("credential", made.id, "refresh", {"kinds": ""})),
                (c.InvalidArgument, ("credential", made.id, "refresh", {}, b"secret")),
                (c.InvalidArgument, ("credential", made.id, "reveal")),
                (c.InvalidArgument, ("credential", made.id, "step", {"step": "none"})),
                (c.NotFound, ("credential", self.called("nobody"), "refresh")),
                (c.NotFound, ("credential", self.called("nobody"), "undelete")),
                (c.NotFound, ("pool", self.called("nobody"), "check")),
                (c.NotFound, ("schedule", self.called("nobody"), "run")),
                (c.NotFound, ("sink", self.called("nobody"), "run"))):
            with self.subTest(ask=ask):
                self.fails(error, self.coffer.act, *ask)
        self.assertEqual(self.upstream.dials, 0)

    def test_prune(self):
        made = self.credential(access="at-1")
        done = self.coffer.act("credential", made.id, "prune", {"dry_run": "true"})
        self.assertEqual(done.details, {"pruned": "0", "kept": "0", "credentials": ""})
        self.fails(c.InvalidArgument, self.coffer.act, "credential", "*", "prune", {"action": "burn"})


class PoolTests(CredentialCase):

    def test_life(self):
        first, second = self.credential("a", access="at-a"), self.credential("b", access="at-b")
        pool = self.pool(first)
        self.assertEqual((pool.fields["members"], pool.fields["live"], pool.fields["state"]),
                         ("1", "1", "live"))
        member = self.make("poolmember", {"pool": pool.id, "credential": second.id, "weight": "3"}).record
        self.assertEqual(member.id, pool.id + "/" + second.id)
        self.fails(c.Conflict, self.coffer.create_record, "poolmember",
                   {"pool": pool.id, "credential": second.id})
        self.assertEqual([m.fields["credential"] for m in self.coffer.all_records(
            "poolmember", {"pool": pool.id}, limit=1)], [first.id, second.id])
        changed = self.coffer.update_record("poolmember", member.id, {"weight": "1", "in_flight_limit": "5"})
        self.assertEqual((changed.fields["weight"], changed.fields["in_flight_limit"]), ("1", "5"))
        for bad in ({"weight": "0"}, {"weight": "1001"}, {"state": "live"}, {"in_flight_limit": "-1"}):
            self.fails(c.InvalidArgument, self.coffer.update_record, "poolmember", member.id, bad)
        self.assertIn(pool.id, [p.id for p in self.coffer.all_records("pool", {"credential": second.id})])
        self.assertEqual(self.coffer.delete_records("poolmember", [member.id]), 1)
        self.fails(c.NotFound, self.coffer.record, "poolmember", member.id)
        self.fails(c.InvalidArgument, self.coffer.records, "poolmember")
        self.fails(c.NotFound, self.coffer.create_record, "pool",
                   {"name": self.called("other"), "members": self.called("nobody")})

    def test_tokens_and_reports(self):
        first, second = self.credential("a", access="at-a"), self.credential("b", access="at-b")
        pool = self.pool(first, second)
        tokens = [self.coffer.token(pool.id, pool=True) for _ in range(60)]
        # Members are drawn by weight: 60 of one in a row are as good as impossible.
        self.assertEqual({t.value for t in tokens}, {b"at-a", b"at-b"})
        self.assertEqual(len({t.lease for t in tokens}), 60)
        sticky = {self.coffer.token(pool.id, pool=True, sticky=b"me").value for _ in range(4)}
        self.assertEqual(len(sticky), 1)
        done = self.coffer.report(c.TOO_MANY, tokens[0].lease, retry_after=30_000)
        self.assertEqual((done.effect, done.state), (c.TAKEN, "cooling"))
        self.assertGreater(done.until, now())
        self.assertEqual(self.coffer.report(c.OK, tokens[0].lease).effect, c.REPEATED)
        rest = {self.coffer.token(pool.id, pool=True).value for _ in range(4)}
        self.assertEqual(rest, {b"at-a", b"at-b"} - {tokens[0].value})
        other = next(m for m in (first, second) if m.id != tokens[0].name)
        self.coffer.report(c.TOO_MANY, pool=pool.id, credential=other.id, retry_after=30_000)
        none = self.fails(c.NoLiveMember, self.coffer.token, pool.id, pool=True, deadline=20_000)
        self.assertEqual(none.retry, c.RETRY_AFTER)
        self.assertLessEqual(none.retry_after, 60_000)
        self.assertEqual(self.coffer.record("pool", pool.id).fields["state"], "no-live-member")
        revived = self.coffer.act("pool", pool.id, "revive", {"credential": other.id})
        self.assertEqual(revived.details["revived"], "1")
        self.assertEqual(self.coffer.token(pool.id, pool=True).name, other.id)

    def test_reports_that_are_refused(self):
        pool = self.pool(self.credential(access="at-a"))
        self.fails(c.NotFound, self.coffer.report, c.OK, os.urandom(16))
        self.fails(c.NotFound, self.coffer.report, c.OK, pool=pool.id, credential=self.called("nobody"))
        self.fails(c.NotFound, self.coffer.report, c.OK, pool=self.called("nobody"), credential="x")

    def test_an_empty_pool(self):
        pool = self.pool()
        self.assertEqual(pool.fields["state"], "empty")
        self.fails(c.NoLiveMember, self.coffer.token, pool.id, pool=True, deadline=20_000)

    def test_its_own_token(self):
        pool = self.pool(self.credential(access="at-a"))
        own = self.coffer.update_record("pool", pool.id, {}, b'{"pool":"pk-1"}')
        self.assertEqual(own.fields["own_token"], "true")
        token = self.coffer.token(pool.id, pool=True)
        self.assertEqual((token.value, token.number, token.name), (b"pk-1", 0, ""))
        self.assertEqual(self.coffer.act("pool", pool.id, "reveal").secret, b"pk-1")
        self.coffer.update_record("pool", pool.id, {}, b'{"pool":null}')
        self.assertEqual(self.coffer.token(pool.id, pool=True).value, b"at-a")
        self.fails(c.InvalidArgument, self.coffer.update_record, "pool", pool.id, {}, b'{"refresh":"x"}')

    def test_all_members_are_refreshed(self):
        pool = self.pool(self.credential("a"), self.credential("b"))
        done = self.coffer.act("pool", pool.id, "refresh")
        self.assertEqual((done.details["good"], done.details["failed"]), ("2", "0"))
        self.assertEqual(len(done.details["members"].split("\n")), 2)
        self.assertEqual(self.upstream.dials, 2)


class WatchTests(CredentialCase):

    def until(self, watch, wanted):
        for _ in range(50):
            event = watch.next(20)
            if wanted(event):
                return event
        self.fail("the event did not come")

    def test_one_credential(self):
        made = self.credential(access="at-1")
        watch = self.coffer.watch_tokens(made.id, exact=True)
        self.coffer.act("credential", made.id, "refresh")
        event = self.until(watch, lambda e: e.state == "fresh" and e.token_revision
                           > int(made.fields["token_revision"]))
        self.assertEqual((event.name, event.number), (made.id, int(made.fields["number"])))
        self.assertEqual(self.coffer.token(made.id).revision, event.token_revision)
        self.assertNotIn("at-", repr(event))
        self.coffer.update_record("credential", made.id, {"enabled": "false"})
        self.until(watch, lambda e: e.state == "disabled")
        self.coffer.update_record("credential", made.id, {"name": self.called("other")})
        gone = self.until(watch, lambda e: e.state == "gone")
        self.assertEqual((gone.name, gone.token_revision), (made.id, 0))
        self._left.append(("credential", self.called("other")))
        watch.cancel()
        self.assertIs(type(watch.end(20)), c.Cancelled)

    def test_a_prefix_from_a_position(self):
        start = self.coffer.watch_tokens(self.called(""))
        position = start.position
        start.cancel()
        first, second = self.credential("a", access="at-a"), self.credential("b", access="at-b")
        watch = self.coffer.watch_tokens(self.called(""), since=position)
        names = {self.until(watch, lambda e: True).name, self.until(watch, lambda e: True).name}
        self.assertEqual(names, {first.id, second.id})
        self.coffer.delete_records("credential", [first.id])
        self.assertEqual(self.until(watch, lambda e: e.state == "gone").name, first.id)

    def test_another_history(self):
        foreign = c.Position(b"\x5a" * 16, 3)
        watch = self.coffer.watch_tokens(self.called(""), since=foreign)
        self.assertIsInstance(watch.next(20), c.ResyncEvent)

    def test_pools_hear_of_their_members(self):
        member = self.credential(access="at-1")
        pool = self.pool(member)
        watch = self.coffer.watch_tokens(pool.id, exact=True, pool=True)
        self.coffer.update_record("credential", member.id, {"enabled": "false"})
        event = self.until(watch, lambda e: e.state == "no-live-member")
        self.assertEqual(event.name, pool.id)

    def test_no_event_without_credit(self):
        made = self.credential(access="at-1")
        watch = self.coffer.watch_tokens(made.id, exact=True, credit=0, refill=False)
        for at in range(5):
            self.coffer.update_record("credential", made.id, {"memo": str(at)})
        with self.assertRaises(TimeoutError):
            watch.next(0.3)
        watch.give_credit(10)
        last = watch.next(20)                  # several changes of one are told as one
        self.assertEqual(last.revision, self.coffer.record("credential", made.id).revision)
        with self.assertRaises(TimeoutError):
            watch.next(0.3)

    def test_names(self):
        self.fails(c.InvalidName, self.coffer.watch_tokens, "a*b", exact=True)


class ImportTests(CredentialCase):

    def rows(self, count=3):
        rows = [c.Row("credential", {
            "name": self.called(str(at)), "provider": "oauth2", "client_id": "c",
            "parameters": json.dumps({"token_url": self.upstream.url})},
            {"refresh": self.upstream.grant().encode()}, "line %d" % (at + 1)) for at in range(count)]
        self._left += [("credential", row.fields["name"]) for row in rows]
        return rows

    def test_rows(self):
        rows = self.rows()
        tried = self.coffer.import_credentials("credentials", rows, dry_run=True)
        self.assertEqual(tried.effects, [c.CREATED] * 3)
        self.fails(c.NotFound, self.coffer.record, "credential", rows[0].fields["name"])
        rows[1] = rows[1]._replace(fields={**rows[1].fields, "provider": "nobody"})
        end = self.coffer.import_credentials("credentials", rows)
        self.assertEqual(end.effects, [c.CREATED, c.REFUSED, c.CREATED])
        self.assertEqual([row for row, _ in end.notes], [1])
        again = self.coffer.import_credentials("credentials", [rows[0], rows[2]])
        self.assertEqual(again.effects, [c.UNCHANGED] * 2)
        self.assertTrue(self.coffer.token(rows[2].fields["name"], deadline=20_000).value)

    def test_pools_and_schedules_come_behind_their_credentials(self):
        rows = self.rows(2)
        pool = c.Row("pool", {"name": self.called("pool"), "members": "\n".join(
            row.fields["name"] for row in rows)}, {"pool": b"pk-1"}, "pool 1")
        schedule = c.Row("schedule", {
            "name": self.called("nightly"), "action": "refresh", "rule": "daily at 03:00",
            "time_zone": "UTC", "target_provider": "oauth2", "kinds": "access"}, {}, "config 3")
        bad = schedule._replace(fields={**schedule.fields, "name": "x", "rule": "every 0 days"})
        end = self.coffer.import_credentials("rtmanage", [pool, schedule, bad] + rows)
        self._left += [("pool", pool.fields["name"]), ("schedule", schedule.fields["name"])]
        self.assertEqual(end.effects, [c.CREATED, c.CREATED, c.REFUSED, c.CREATED, c.CREATED])
        made = self.coffer.record("pool", pool.fields["name"])
        self.assertEqual((made.fields["members"], made.fields["own_token"]), ("2", "true"))
        self.assertEqual(self.coffer.record("schedule", schedule.fields["name"]).fields["target_provider"],
                         "oauth2")
        again = self.coffer.import_credentials("rtmanage", [pool, schedule])
        self.assertEqual(again.effects, [c.UNCHANGED] * 2)

    def test_other_nouns(self):
        end = self.coffer.import_credentials("credentials", [c.Row("unicorn", {"name": "x"}, {}, "")])
        self.assertEqual(end.effects, [c.REFUSED])


class StrangerTests(CredentialCase):

    as_stranger = accounts_test.RightsTests.as_stranger

    def test_a_stranger_learns_nothing(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become somebody else")
        if self.as_stranger(lambda k: k.ping()) == "PermissionError":
            self.skipTest("the socket lies where only its owner can reach it")
        made = self.credential(access="at-1")
        pool = self.pool(made)
        lease = self.coffer.token(pool.id, pool=True).lease
        row = c.Row("credential", {"name": "x", "provider": "oauth2"}, {}, "")
        for ask in (lambda k: k.token(made.id), lambda k: k.token("nobody"),
                    lambda k: k.token(pool.id, pool=True), lambda k: k.report(c.OK, lease),
                    lambda k: k.report(c.OK, pool=pool.id, credential=made.id),
                    lambda k: k.act("credential", made.id, "refresh"),
                    lambda k: k.act("credential", made.id, "reveal", {"field": "access"}),
                    lambda k: k.act("credential", "*", "prune"),
                    lambda k: k.act("pool", pool.id, "revive"),
                    lambda k: k.watch_tokens(made.id, exact=True),
                    lambda k: k.import_credentials("x", [row]),
                    lambda k: k.record("credential", made.id), lambda k: k.record("credential", "nobody"),
                    lambda k: k.record("pool", pool.id), lambda k: k.record("provider", "oauth2"),
                    lambda k: k.record("poolmember", pool.id + "/" + made.id),
                    lambda k: k.create_record("sink", {"name": "x"}),
                    lambda k: k.create_record("provider", {"source": "name: x"}),
                    lambda k: k.delete_records("credential", [made.id])):
            self.assertEqual(self.as_stranger(ask), "Denied")
        for noun in ("credential", "pool", "provider", "schedule", "sink"):
            self.assertEqual(self.as_stranger(lambda k, noun=noun: k.records(noun).records), "[]")
        self.assertEqual(self.coffer.token(made.id).value, b"at-1")


if __name__ == "__main__":
    unittest.main(verbosity=2)
