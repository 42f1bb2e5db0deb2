"""The admin API's resources as docs/admin-api.md and its OpenAPI document have them: secrets, records, sessions, conditions, repeated
requests, events, the protocol behind an upgrade."""

import base64
import http.client
import json
import re
import socket
import threading
import time
import unittest

from harness import Served, binary, password, request, run, secret, space

DOORS = 'admin: { listen: "127.0.0.1:0" }\nhealth: { listen: "127.0.0.1:0" }'
READER = """policy: reader
rules:
  - {who: ["login:reader"], tenant: main, noun: secret, actions: [list, info], names: ["app/**"]}
"""


class AdminAPI(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Served(DOORS)
        cls.password = cls.d.user("root1", "root")
        cls.d.user("reader")
        cls.root = cls.d.token("root1", "main")
        cls.reader = cls.d.token("reader", "main")
        cls.d.policy(READER)

    @classmethod
    def tearDownClass(cls):
        cls.d.finish()

    def ask(self, method, path, body=None, token=None, headers=None):
        headers = dict(headers or {})
        if token is not False:
            headers.setdefault("Authorization", "Bearer " + (token or self.root))
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        return request(self.d.ports["admin"], method, path, body, headers)

    def good(self, method, path, body=None, status=200, **options):
        reply = self.ask(method, path, body, **options)
        self.assertEqual(reply.status, status, reply)
        return reply.json if reply.body else None

    def refused(self, reply, status, code, field=None):
        self.assertEqual((reply.status, reply.json["code"]), (status, code), reply)
        self.assertEqual(reply.header("Content-Type"), "application/problem+json")
        if field is not None:
            self.assertEqual(reply.json.get("field"), field, reply)
        return reply.json

    def log_in(self, name="root1", word=None):
        reply = self.ask("POST", "/v1/session", {"login": name, "password": word or self.password}, token=False)
        self.assertEqual(reply.status, 200, reply)
        cookie = secret(re.match(r"coffer_session=([^;]+);", reply.header("Set-Cookie"))[1])
        return {"Cookie": "coffer_session=" + cookie}, reply.json


class Secrets(AdminAPI):
    def test_a_life(self):
        value = secret("value-of-a-life-1")
        path = "/v1/secrets/app%2Flife"
        reply = self.ask("PUT", path, {"value": value, "metadata": {"owner": "ops"}, "tags": ["a", "b"]}, headers={"If-None-Match": "*"})
        self.assertEqual((reply.status, reply.json["version"], reply.header("ETag")), (200, 1, '"1"'))
        self.refused(self.ask("PUT", path, {"value": "x"}, headers={"If-None-Match": "*"}), 412, "version-conflict")
        self.refused(self.ask("PUT", path, {"value": "x"}, headers={"If-Match": '"7"'}), 412, "version-conflict")
        self.good("PUT", path, {"value_base64": base64.b64encode(b"\xff\x00raw").decode()}, headers={"If-Match": '"1"'})
        info = self.good("GET", path)
        self.assertEqual((info["name"], info["version"], info["metadata"], info["tags"]), ("app/life", 2, {"owner": "ops"}, ["a", "b"]))
        self.assertEqual([v["state"] for v in info["versions"]], ["live", "live"])
        self.assertNotIn(value, json.dumps(info))
        self.assertEqual(self.good("GET", path + "/value?version=1")["value"], value)
        self.assertEqual(base64.b64decode(self.good("GET", path + "/value")["value_base64"]), b"\xff\x00raw")
        self.good("POST", path + "/activate", {"version": 1})
        self.assertEqual(self.good("GET", path + "/value")["value"], value)
        self.good("PATCH", path, {"metadata": {"owner": "dev"}})
        self.assertEqual(self.good("GET", path)["metadata"], {"owner": "dev"})
        self.good("DELETE", path, status=204)
        self.refused(self.ask("GET", path + "/value"), 410, "deleted")
        self.assertEqual([s["name"] for s in self.good("GET", "/v1/secrets?prefix=app/life&deleted=true")["items"]], ["app/life"])
        self.good("POST", path + "/undelete")
        self.good("POST", path + "/destroy", {"version": 2})
        self.assertEqual([v["state"] for v in self.good("GET", path)["versions"]], ["live", "destroyed"])
        # The socket has the same.
        self.assertEqual(self.d.ok("get", "app/life").out, value.encode())

    def test_pages(self):
        for number in range(25):
            self.good("PUT", "/v1/secrets/pages%%2F%02d" % number, {"value": "x"})
        names, after = [], ""
        for _ in range(10):
            page = self.good("GET", "/v1/secrets?prefix=pages/&limit=7" + ("&after=" + after if after else ""))
            names += [s["name"] for s in page["items"]]
            after = page["next"]
            if not after:
                break
        self.assertEqual(names, ["pages/%02d" % n for n in range(25)])
        self.refused(self.ask("GET", "/v1/secrets?after=zz"), 400, "invalid-argument", "after")

    def test_names_of_all_kinds(self):
        for name in ("<script>alert(1)</script>", "über/straße", "a b", "%2F", "日本"):
            encoded = "".join("%%%02X" % b for b in name.encode())
            self.good("PUT", "/v1/secrets/" + encoded, {"value": "x"})
            self.assertEqual(self.good("GET", "/v1/secrets/" + encoded)["name"], name)
        self.refused(self.ask("PUT", "/v1/secrets/%zz", {"value": "x"}), 400, "invalid-argument", "path")
        self.refused(self.ask("PUT", "/v1/secrets/a%2F%2Fb", {"value": "x"}), 400, "invalid-name")
        self.refused(self.ask("PUT", "/v1/secrets/" + "a" * 600, {"value": "x"}), 400, "invalid-argument")

    def test_bad_bodies(self):
        path = "/v1/secrets/app%2Fbad"
        for body, field in (({}, "value"), ({"value": 1}, "value"), ({"value": "x", "value_base64": "eA=="}, "value"), ({"value_base64": "!"}, "value_base64"),
                            ({"value": "x", "expires": "soon"}, "expires"), ({"value": "x", "tags": "a"}, "tags"), ({"value": "x", "metadata": []}, "metadata"),
                            ({"value": "x", "other": 1}, "other"), (b'{"value":"x","value":"y"}', "value"), ({"value": "x", "activate": 1}, "activate")):
            self.refused(self.ask("PUT", path, body), 400, "invalid-argument", field)
        self.refused(self.ask("PUT", path, b"{", headers={"Content-Type": "application/json"}), 400, "invalid-argument")
        self.refused(self.ask("PUT", path, b"x", headers={"Content-Type": "text/plain"}), 415, "unsupported-media-type")
        self.refused(self.ask("GET", "/v1/secrets?limit=0"), 400, "invalid-argument", "limit")
        self.refused(self.ask("GET", "/v1/secrets?limit=5&limit=6"), 400, "invalid-argument", "limit")
        self.refused(self.ask("GET", "/v1/secrets?nothing=1"), 400, "invalid-argument", "nothing")
        self.refused(self.ask("GET", path), 404, "not-found")

    def test_policies_decide(self):
        self.good("PUT", "/v1/secrets/app%2Fseen", {"value": secret("seen-value-1")})
        self.good("PUT", "/v1/secrets/other%2Funseen", {"value": "x"})
        names = [s["name"] for s in self.good("GET", "/v1/secrets", token=self.reader)["items"]]
        self.assertIn("app/seen", names)
        self.assertNotIn("other/unseen", names)
        self.good("GET", "/v1/secrets/app%2Fseen", token=self.reader)
        for method, path, body in (("GET", "/v1/secrets/app%2Fseen/value", None), ("PUT", "/v1/secrets/app%2Fseen", {"value": "y"}),
                                   ("GET", "/v1/secrets/other%2Funseen", None), ("DELETE", "/v1/secrets/app%2Fseen", None), ("GET", "/v1/audit", None),
                                   ("POST", "/v1/users", {"name": "x", "role": "root"}), ("GET", "/v1/doctor", None),
                                   ("POST", "/v1/backups/download", {"recipients": [RECIPIENT]})):
            self.refused(self.ask(method, path, body, token=self.reader), 403, "denied")
        # The log knows who was refused.
        time.sleep(1.5)
        found = self.good("GET", "/v1/audit?who=login:reader&result=refused&noun=secret&action=get")["items"]
        self.assertTrue(any(r["name"] == "app/seen" and r["result"] == "denied" and r["door"] == "admin" and r["address"] == "127.0.0.1" for r in found), found)


RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


class Records(AdminAPI):
    def test_credentials(self):
        token = secret("rt-of-a-credential-1")
        made = self.good("POST", "/v1/credentials", {"name": "alice", "provider": "openai", "tags": ["a"], "memo": "<b>x</b>", "secret": {"refresh": token}}, status=201)
        self.assertEqual((made["state"], made["tags"], made["enabled"], made["memo"]), ("empty", ["a"], True, "<b>x</b>"))
        self.assertNotIn(token, json.dumps(made))
        reply = self.ask("GET", "/v1/credentials/alice")
        tag = reply.header("ETag")
        self.assertEqual(tag, '"%d"' % made["revision"])
        changed = self.good("PATCH", "/v1/credentials/alice", {"tags": ["a", "b"], "enabled": False}, headers={"If-Match": tag})
        self.assertEqual((changed["tags"], changed["state"]), (["a", "b"], "disabled"))
        self.refused(self.ask("PATCH", "/v1/credentials/alice", {"memo": "late"}, headers={"If-Match": tag}), 412, "version-conflict")
        self.refused(self.ask("POST", "/v1/credentials", {"name": "alice", "provider": "openai"}), 409, "conflict")
        for body, field in (({"name": "b", "provider": "openai", "tags": "a"}, "tags"), ({"name": "b", "provider": "openai", "nothing": 1}, "nothing"),
                            ({"name": 1, "provider": "openai"}, "name"), ({"name": "b", "provider": "openai", "enabled": "yes"}, "enabled"),
                            ({"name": "b", "provider": "openai", "secret": "x"}, "secret"), ({"name": "b", "provider": "openai", "secret": {"refresh": 1}}, "secret")):
            self.refused(self.ask("POST", "/v1/credentials", body), 400, "invalid-argument", field)
        self.assertEqual(self.good("POST", "/v1/credentials/alice/reveal", {"field": "refresh"})["secret"], token)
        results = self.good("POST", "/v1/credentials/acts", {"act": "enable", "ids": ["alice", "nobody"]})["results"]
        self.assertEqual([(r["id"], r["ok"]) for r in results], [("alice", True), ("nobody", False)])
        self.assertEqual(results[1]["code"], "not-found")
        self.good("DELETE", "/v1/credentials/alice", status=204)
        self.refused(self.ask("GET", "/v1/credentials/alice"), 404, "not-found")
        self.assertEqual(self.good("POST", "/v1/credentials/alice/undelete")["record"]["name"], "alice")

    def test_an_import_reports_each_line(self):
        text = '{"name":"i1","provider":"openai","secrets":{"refresh":"%s"}}\n{"name":"i2","provider":"nobody"}\nbroken\n' % secret("rt-imported-0001")
        dry = self.good("POST", "/v1/credentials/import", {"text": text, "dry_run": True})
        self.assertEqual([line["outcome"] for line in dry["lines"]].count("refused"), 2, dry)
        self.refused(self.ask("GET", "/v1/credentials/i1"), 404, "not-found")
        done = self.good("POST", "/v1/credentials/import", {"text": text})
        self.assertEqual(len(done["lines"]), 3)
        self.good("GET", "/v1/credentials/i1")

    def test_api_keys(self):
        made = self.good("POST", "/v1/api-keys", {"name": "k", "quota": 100, "models": ["m"], "expires": 4_000_000_000_000}, status=201)
        key = secret(made["secret"])
        self.assertEqual((made["quota"], made["models"], made["expires"]), (100, ["m"], 4_000_000_000_000))
        self.assertTrue(self.good("POST", "/v1/verify", {"key": key, "model": "m", "cost": 7})["valid"])
        self.assertEqual(self.good("GET", "/v1/api-keys/%s" % made["id"])["quota"], 93)
        self.assertNotIn(key, json.dumps(self.good("GET", "/v1/api-keys")))
        self.assertEqual(self.good("POST", "/v1/api-keys/%s/reveal" % made["id"])["secret"], key)
        self.good("GET", "/v1/api-keys/%s/usage" % made["id"])
        self.refused(self.ask("POST", "/v1/api-keys", {"name": "k"}), 400, "invalid-argument")
        self.assertEqual(self.good("POST", "/v1/api-keys/delete", {"ids": [made["id"]]})["deleted"], 1)

    def test_every_collection_answers(self):
        for name in ("tenants", "users", "api-keys", "door-settings", "credentials", "pools", "providers", "schedules", "sinks", "policies", "slots"):
            page = self.good("GET", "/v1/" + name)
            self.assertIn("items", page, name)
        self.good("GET", "/v1/members?tenant=main")
        self.good("GET", "/v1/tokens?user=root1")
        self.good("POST", "/v1/pools", {"name": "p"}, status=201)
        self.good("GET", "/v1/pool-members?pool=p")
        made = self.good("POST", "/v1/schedules", {"name": "s", "action": "refresh", "rule": "daily at 02:00", "target": "*"}, status=201)
        self.assertTrue(made["next_run"])
        self.good("DELETE", "/v1/schedules/s", status=204)
        for path in ("status", "doctor", "backups", "overview", "settings", "whoami", "audit"):
            self.good("GET", "/v1/" + path)

    def test_policies_and_explain(self):
        source = "policy: p1\nrules:\n  - {who: [\"login:x\"], tenant: main, noun: secret, actions: [get], names: [\"x/**\"]}\n"
        self.good("PUT", "/v1/policies/p1", {"source": source})
        self.assertEqual(self.good("GET", "/v1/policies/p1")["source"], source)
        self.refused(self.ask("PUT", "/v1/policies/p2", {"source": source}), 400, "invalid-argument", "source")
        self.refused(self.ask("PUT", "/v1/policies/p1", {"source": "policy: p1\nrules: 7\n"}), 400, "invalid-argument")
        verdict = self.good("POST", "/v1/explain", {"who": ["login:x"], "noun": "secret", "action": "get", "name": "x/y"})
        self.assertEqual((verdict["allowed"], verdict["policy"], verdict["rule"]), (True, "p1", 1))
        self.assertFalse(self.good("POST", "/v1/explain", {"who": ["login:x"], "noun": "secret", "action": "put", "name": "x/y"})["allowed"])
        self.good("DELETE", "/v1/policies/p1", status=204)

    def test_repeated_requests(self):
        headers = {"Idempotency-Key": "once-1"}
        first = self.ask("POST", "/v1/api-keys", {"name": "r", "quota": 1}, headers=headers)
        secret(first.json["secret"])
        again = self.ask("POST", "/v1/api-keys", {"name": "r", "quota": 1}, headers=headers)
        self.assertEqual((again.status, again.json["id"], again.header("Idempotency-Replayed")), (201, first.json["id"], "true"))
        self.assertNotIn("secret", again.json)
        self.refused(self.ask("POST", "/v1/api-keys", {"name": "other", "quota": 1}, headers=headers), 409, "conflict")
        # What failed may be tried again.
        bad = {"Idempotency-Key": "once-2"}
        self.refused(self.ask("POST", "/v1/api-keys", {"name": "r"}, headers=bad), 400, "invalid-argument")
        self.assertEqual(self.ask("POST", "/v1/pools", {"name": "once-pool"}, headers=bad).status, 201)
        one, two = ({"Idempotency-Key": "put-1"} for _ in range(2))
        self.assertEqual(self.good("PUT", "/v1/secrets/once", {"value": "v"}, headers=one), self.good("PUT", "/v1/secrets/once", {"value": "v"}, headers=two))
        self.assertEqual(self.good("GET", "/v1/secrets/once")["latest"], 1)

    def test_a_download_is_an_age_file(self):
        folder = self.d.folder
        keys = run([binary("coffer"), "backup", "keygen"])
        identity = folder + "/identity"
        with open(identity, "wb") as file:
            file.write(keys.out)
        recipient = re.search(rb"age1[0-9a-z]+", keys.out + keys.err)[0].decode()
        reply = self.ask("POST", "/v1/backups/download", {"recipients": [recipient]})
        self.assertEqual((reply.status, reply.header("Content-Type")), (200, "application/octet-stream"))
        self.assertTrue(reply.body.startswith(b"age-encryption.org/v1\n"))
        with open(folder + "/x.age", "wb") as file:
            file.write(reply.body)
        self.assertEqual(run([binary("coffer"), "backup", "verify", folder + "/x.age", "--identity", identity]).code, 0)
        self.refused(self.ask("POST", "/v1/backups/download", {"recipients": ["age1x"]}), 400, "invalid-argument", "recipients")


class Backups(unittest.TestCase):
    """Of a daemon that takes backups, and has an identity to rehearse with."""

    def served(self, rehearses):
        folder = space()
        keys = run([binary("coffer"), "backup", "keygen"])
        with open(folder + "/identity", "wb") as file:
            file.write(keys.out)
        recipient = re.search(rb"age1[0-9a-z]+", keys.out + keys.err)[0].decode()
        more = "backups:\n  folder: %s/backups\n  recipients: [%s]\n" % (folder, recipient)
        d = Served(DOORS, folder=folder, more=more + ("  rehearsal_identity: %s/identity\n" % folder if rehearses else ""))
        self.addCleanup(d.finish)
        d.user("root1", "root")
        return d, folder, d.token("root1", "main")

    def ask(self, d, token, method, path, body=None):
        return request(d.ports["admin"], method, path, body, {
            "Authorization": "Bearer " + token, **({"Content-Type": "application/json"} if body is not None else {})})

    def test_a_scheduled_one_is_verified(self):
        d, folder, token = self.served(True)
        d.ok("put", "a/b", input=secret("value-of-the-verified-backup"))
        taken = self.ask(d, token, "POST", "/v1/backups")
        self.assertEqual((taken.status, taken.json["proof"]), (201, "identity"))
        path = "/v1/backups/%s/verify" % taken.json["file"]
        found = self.ask(d, token, "POST", path)
        self.assertEqual((found.status, found.json["whole"], found.json["problem"]), (200, True, None))
        self.assertGreaterEqual(found.json["backup"]["proven"], taken.json["proven"])
        self.assertEqual(self.ask(d, token, "POST", path, {"x": 1}).status, 400)
        for name in ("other.age", "..%2Fidentity", "x"):
            reply = self.ask(d, token, "POST", "/v1/backups/%s/verify" % name)
            self.assertEqual((reply.status, reply.json["code"]), (404, "not-found"), name)
        file = folder + "/backups/" + taken.json["file"]
        with open(file, "r+b") as backup:
            backup.seek(-5, 2)
            byte = backup.read(1)
            backup.seek(-5, 2)
            backup.write(bytes([byte[0] ^ 1]))
        broken = self.ask(d, token, "POST", path)
        self.assertEqual((broken.status, broken.json["whole"], broken.json["backup"]["proof"]), (200, False, None))
        self.assertIn(taken.json["file"], broken.json["problem"])
        self.assertNotIn("AGE-SECRET-KEY", d.log_text())
        d.user("nobody1")
        self.assertEqual(self.ask(d, d.token("nobody1"), "POST", path).status, 403)

    def test_without_an_identity_it_is_said_where_it_can_be_done(self):
        d, _, token = self.served(False)
        taken = self.ask(d, token, "POST", "/v1/backups").json
        reply = self.ask(d, token, "POST", "/v1/backups/%s/verify" % taken["file"])
        self.assertEqual((reply.status, reply.json["code"]), (409, "conflict"))
        self.assertIn("rehearsal_identity", reply.json["detail"])
        self.assertEqual(self.ask(d, token, "GET", "/v1/backups").json["items"][0]["proof"], "file", "what is known of it stays")


class Sessions(AdminAPI):
    def test_a_session(self):
        self.assertEqual(self.ask("GET", "/v1/session", token=False).status, 204)
        reply = self.ask("POST", "/v1/session", {"login": "root1", "password": self.password}, token=False)
        cookie = reply.header("Set-Cookie")
        for attribute in ("HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(attribute, cookie)
        self.assertNotIn("Secure", cookie)
        headers, session = self.log_in()
        self.assertEqual((session["login"], session["role"], session["tenant"], session["step_up_until"]), ("root1", "root", "main", None))
        self.good("GET", "/v1/credentials", token=False, headers=headers)
        # A change needs the token of the page; a cookie alone, which another site can make a browser send, does not do.
        self.refused(self.ask("PUT", "/v1/secrets/csrf", {"value": "x"}, token=False, headers=headers), 403, "csrf")
        self.refused(self.ask("PUT", "/v1/secrets/csrf", {"value": "x"}, token=False, headers={**headers, "X-CSRF-Token": "0" * 32}), 403, "csrf")
        own = {**headers, "X-CSRF-Token": session["csrf"]}
        self.good("PUT", "/v1/secrets/csrf", {"value": secret("value-behind-step-up")}, token=False, headers=own)
        self.refused(self.ask("GET", "/v1/secrets/csrf/value", token=False, headers=own), 403, "step-up-required")
        self.refused(self.ask("POST", "/v1/session/step-up", {"password": "wrong"}, token=False, headers=own), 401, "unauthorized")
        self.assertTrue(self.good("POST", "/v1/session/step-up", {"password": self.password}, token=False, headers=own)["step_up_until"])
        self.good("GET", "/v1/secrets/csrf/value", token=False, headers=own)
        self.good("DELETE", "/v1/session", token=False, headers=own, status=204)
        self.refused(self.ask("GET", "/v1/credentials", token=False, headers=own), 401, "unauthorized")

    def test_what_ends_sessions(self):
        word, other = self.d.user("leaver"), password("leaver-2")
        headers, session = self.log_in("leaver", word)
        self.good("GET", "/v1/whoami", token=False, headers=headers)
        self.d.ok("user", "passwd", "leaver", input=other)
        self.refused(self.ask("GET", "/v1/whoami", token=False, headers=headers), 401, "unauthorized")
        headers, session = self.log_in("leaver", other)
        self.d.ok("user", "disable", "leaver")
        self.refused(self.ask("GET", "/v1/whoami", token=False, headers=headers), 401, "unauthorized")
        self.refused(self.ask("GET", "/v1/whoami", token=False, headers={"Cookie": "coffer_session=" + "x" * 43}), 401, "unauthorized")

    def test_a_login_of_another_site(self):
        for site in ("cross-site", "same-site"):
            reply = self.ask("POST", "/v1/session", {"login": "root1", "password": self.password}, token=False, headers={"Sec-Fetch-Site": site})
            self.refused(reply, 403, "csrf")
        reply = self.ask("POST", "/v1/session", b"login=root1", token=False, headers={"Content-Type": "application/x-www-form-urlencoded"})
        self.refused(reply, 415, "unsupported-media-type")

    def test_sessions_survive_a_restart(self):
        headers, session = self.log_in()
        self.d.stop()
        self.d.start()
        self.assertEqual(self.good("GET", "/v1/session", token=False, headers=headers)["csrf"], session["csrf"])


class Backoff(unittest.TestCase):
    def test_guessing_is_slowed(self):
        d = Served(DOORS)
        try:
            d.user("root1", "root")
            replies = [request(d.ports["admin"], "POST", "/v1/session", {"login": "root1", "password": "wrong-%d" % n}) for n in range(7)]
            self.assertEqual([r.status for r in replies[:5]], [401] * 5)
            self.assertEqual((replies[-1].status, replies[-1].json["code"]), (429, "too-many-attempts"))
            self.assertTrue(int(replies[-1].header("Retry-After")) >= 1)
            self.assertEqual({r.body for r in replies[:5]}, {replies[0].body})
        finally:
            d.finish()


class Events(AdminAPI):
    def listen(self, seconds, want):
        """The events that come, until `want` holds."""
        connection = http.client.HTTPConnection("127.0.0.1", self.d.ports["admin"], timeout=seconds)
        connection.request("GET", "/v1/events", headers={"Authorization": "Bearer " + self.root})
        reply = connection.getresponse()
        self.assertEqual((reply.status, reply.getheader("Content-Type")), (200, "text/event-stream"))
        found = []

        def read():
            try:
                while True:
                    line = reply.readline()
                    if not line:
                        return
                    found.append(line.decode().rstrip("\n"))
            except (OSError, ValueError):
                pass
        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return connection, found

    def test_changes_arrive(self):
        connection, found = self.listen(30, None)
        time.sleep(1.5)
        self.good("PUT", "/v1/secrets/event%2Fa", {"value": secret("value-of-an-event")})
        self.good("POST", "/v1/credentials", {"name": "event-c", "provider": "openai"}, status=201)
        self.good("POST", "/v1/tenants", {"name": "event-t"}, status=201)
        end = time.monotonic() + 15
        while time.monotonic() < end:
            text = "\n".join(found)
            if '"name":"event/a"' in text and '"name":"event-c"' in text and '"noun":"other"' in text:
                break
            time.sleep(0.1)
        else:
            self.fail(found)
        self.assertNotIn("value-of-an-event", "\n".join(found))
        self.d.ok("lock")
        self.d.ok("unlock", "--key-file", self.d.key)
        end = time.monotonic() + 15
        while time.monotonic() < end and not ("event: locked" in found and "event: unlocked" in found and "event: resync" in found):
            time.sleep(0.1)
        self.assertIn("event: locked", found)
        self.assertIn("event: unlocked", found)
        connection.close()

    def test_a_stopping_daemon_ends_them(self):
        connection, found = self.listen(30, None)
        time.sleep(0.5)
        begin = time.monotonic()
        self.d.stop()
        self.assertLess(time.monotonic() - begin, 9)
        self.d.start()
        connection.close()


class Tunnel(AdminAPI):
    def remote(self, *arguments, token=None, code=0, **options):
        file = self.d.folder + "/remote-token"
        with open(file, "w") as out:
            out.write((token or self.root) + "\n")
        url = "http://127.0.0.1:%d" % self.d.ports["admin"]
        result = run([binary("coffer"), *arguments, "--url", url, "--token-file", file], **options)
        self.assertEqual(result.code, code, result)
        return result

    def test_the_command_line_from_another_machine(self):
        self.remote("put", "remote/a", input=secret("value-through-a-tunnel"))
        self.assertEqual(self.remote("get", "remote/a").out, b"value-through-a-tunnel")
        self.assertIn(b"login:root1", self.remote("whoami").out)
        lines = "".join("K%d=%s\n" % (n, "x" * 500) for n in range(3_000))
        self.remote("import", "-", "--from", "dotenv", "--prefix", "remote-many/", input=lines)
        self.assertEqual(self.remote("list", "remote-many/").out.count(b"\n"), 3_000)
        self.assertEqual(self.remote("get", "remote/a", token=self.reader, code=4).out, b"")
        self.assertIn(b"does not know the access token", self.remote("whoami", token="x" * 30, code=4).err)

    def test_only_for_tokens(self):
        headers, _ = self.log_in()
        reply = self.ask("GET", "/v1/socket", token=False, headers={**headers, "Connection": "Upgrade", "Upgrade": "coffer"})
        self.refused(reply, 403, "denied")
        self.refused(self.ask("GET", "/v1/socket"), 426, "upgrade-required")
        self.refused(self.ask("GET", "/v1/socket", headers={"Connection": "Upgrade", "Upgrade": "websocket"}), 426, "upgrade-required")

    def test_a_token_that_is_revoked_cuts_it(self):
        token = self.d.token("root1", "cut")
        number = [t["id"] for t in self.good("GET", "/v1/tokens?user=root1")["items"] if t["name"] == "cut"][0]
        end = socket.create_connection(("127.0.0.1", self.d.ports["admin"]))
        end.sendall(("GET /v1/socket HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\nUpgrade: coffer\r\nAuthorization: Bearer %s\r\n\r\n"
                     % (self.d.ports["admin"], token)).encode())
        self.assertIn(b"101 Switching Protocols", end.recv(4096))
        self.good("DELETE", "/v1/tokens/" + number, status=204)
        end.settimeout(12)
        self.assertEqual(end.recv(4096), b"")
        end.close()


if __name__ == "__main__":
    unittest.main()
