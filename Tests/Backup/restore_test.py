"""coffer restore: what comes back, what is refused, and that nothing is lost on the way."""

import json
import os
import random
import signal
import subprocess
import time
import unittest

from backups import *  # noqa: F401,F403
from backups import c

ROUNDS = int(os.environ.get("COFFER_BACKUP_ROUNDS", "6"))


def furnish(daemon):
    """Something of each kind. Returns the readable form of an API key that is stored readable nowhere."""
    for number in range(12):
        daemon.put("many/%02d" % number)
    for value in ("one", "two", "three"):
        daemon.put("versions", PLANT + value)
    daemon.ok("activate", "versions", "2")
    daemon.put("binary", bytes(range(256)))
    daemon.put("deleted")
    daemon.ok("delete", "deleted")
    daemon.put("purged", "1")
    daemon.put("purged", "2")
    daemon.ok("destroy", "purged", "--yes")
    daemon.put("tagged")
    daemon.ok("update", "tagged", "--tag", "live", "--metadata", "owner=ada")
    daemon.allow("web", ["uid:1001"], "get", ["many/*"])
    daemon.ok("tenant", "create", "acme", "--no-reveal")
    daemon.ok("user", "create", "ada", "--role", "common", input="pa55-w0rd-for-ada\n")
    for number, name in enumerate(("main", "spare")):
        daemon.ok("credential", "add", name, "--provider", "oauth2", "--param", "token_url=http://127.0.0.1:9/token", "--client-id", "web",
                  "--secret", "refresh", input=PLANT + "refresh-%d\n" % number)
    daemon.ok("pool", "create", "gpt", "--member", "main", "--member", "spare")
    daemon.ok("schedule", "create", "nightly", "--action", "refresh", "--rule", "daily at 02:00", "--target", "*")
    key = daemon.ok("apikey", "create", "ci", "--quota", "5000", "--tenant", "acme", "--json").json
    daemon.ok("apikey", "reserve", "--amount", "60", "--request-id", "r-1", "--lifetime", "1h", input=key["key"])
    return key


class RestoreTests(unittest.TestCase):

    def setUp(self):
        self._daemons = []
        self.folder = space()
        self.keys = Keys(self.folder)

    def tearDown(self):
        for daemon in self._daemons:
            daemon.kill()

    def daemon(self, *arguments, **options):
        made = Daemon(*arguments, **options)
        self._daemons.append(made)
        return made

    def path(self, name):
        return os.path.join(self.folder, name)

    # What comes back.

    def test_a_new_machine_in_two_commands(self):
        old = self.daemon()
        key = furnish(old)
        made = backup(old, self.path("b.age"), self.keys)
        old.stop()
        new = self.daemon(start=False)
        result = coffer("restore", self.path("b.age"), "--identity", self.keys.identity, "--store", new.store, "--key-file", new.key,
                        "--json")
        self.assertEqual(result.code, 0, result)
        self.assertTrue(result.json["whole"], result.json)
        self.assertEqual(result.json["digest"], made["digest"])
        self.assertNotEqual(result.json["incarnation"], made["incarnation"])
        self.assertGreaterEqual(result.json["revision"], made["revision"] + 2**32)
        new.start()
        self.compare(new, key)
        again = backup(new, self.path("again.age"), self.keys)
        # What was asked of the key since has changed nothing that a backup holds but the numbers written below.
        self.assertNotEqual(again["store"], made["store"])

    def compare(self, daemon, key):
        """Everything that `furnish` made is there and works."""
        self.assertEqual(daemon.ok("get", "many/07").out, (PLANT + "many/07").encode())
        self.assertEqual(daemon.ok("get", "versions").text, PLANT + "two")
        self.assertEqual(daemon.ok("get", "versions", "--version", "3").text, PLANT + "three")
        self.assertEqual(daemon.ok("get", "binary").out, bytes(range(256)))
        self.assertEqual(daemon.cli("get", "deleted").code, 3)
        daemon.ok("undelete", "deleted")
        self.assertEqual(daemon.ok("get", "deleted").text, PLANT + "deleted")
        self.assertEqual(daemon.cli("get", "purged").code, 3)
        self.assertEqual(daemon.ok("put", "purged", "--json", input="3").json["version"], 3)
        info = daemon.ok("info", "tagged", "--json").json
        self.assertEqual((info["tags"], info["metadata"]), (["live"], {"owner": "ada"}))
        self.assertEqual(daemon.ok("policy", "list").text, "web\n")
        if ROOT:
            self.assertEqual(daemon.cli("get", "many/01", uid=1001).code, 0)
            self.assertEqual(daemon.cli("get", "binary", uid=1001).code, 4)
        self.assertIn("acme", daemon.ok("tenant", "list").text)
        self.assertIn("ada", daemon.ok("user", "list").text)
        self.assertEqual([x["name"] for x in daemon.ok("credential", "list", "--json").json], ["main", "spare"])
        members = daemon.ok("pool", "member", "list", "gpt", "--json").json
        self.assertEqual([m["credential"] for m in members], ["main", "spare"])
        self.assertEqual([x["name"] for x in daemon.ok("schedule", "list", "--json").json], ["nightly"])
        # Never stored readable, and it verifies: the key of its hash came along.
        verdict = daemon.ok("apikey", "verify", "--json", input=key["key"]).json
        self.assertEqual((verdict["reason"], verdict["name"], verdict["tenant"]), ("valid", "ci", "acme"), verdict)
        settled = daemon.ok("apikey", "settle", key["id"], "--request-id", "r-1", "--amount", "30", "--json").json
        self.assertEqual(settled["charged"], 30)

    def test_the_same_again_has_the_same_digest(self):
        old = self.daemon()
        furnish(old)
        made = backup(old, self.path("b.age"), self.keys)
        new = self.daemon()                    # an empty store of its own, with a running daemon
        result = restore(new, self.path("b.age"), self.keys)
        self.assertEqual(result.code, 0, result)
        self.assertEqual(backup(new, self.path("c.age"), self.keys)["digest"], made["digest"])
        # Through another reader and writer of the format, in another order of the file's bytes.
        other = self.daemon()
        copy = sealed(opened(self.path("c.age"), self.keys), self.path("copy.age"), self.keys)
        self.assertEqual(restore(other, copy, self.keys).code, 0)
        self.assertEqual(backup(other, self.path("d.age"), self.keys)["digest"], made["digest"])
        other.stop()
        other.start()
        self.assertEqual(backup(other, self.path("e.age"), self.keys)["digest"], made["digest"])

    # Flags.

    def test_not_empty_and_newer(self):
        daemon = self.daemon()
        daemon.put("a", "1")
        made = backup(daemon, self.path("b.age"), self.keys)
        refused = restore(daemon, self.path("b.age"), self.keys)
        self.assertEqual(refused.code, 2, refused)
        self.assertIn("--replace", refused.failure["message"])
        daemon.put("a", "2")
        daemon.put("b", "1")
        refused = restore(daemon, self.path("b.age"), self.keys, "--replace")
        self.assertEqual(refused.code, 2, refused)
        self.assertIn("--discard-newer", refused.failure["message"])
        dry = restore(daemon, self.path("b.age"), self.keys, "--replace", "--discard-newer", "--dry-run")
        self.assertEqual(dry.code, 0, dry)
        effects = {n["name"]: n["effect"] for n in dry.json["names"] if n["kind"] == "secrets"}
        self.assertEqual((effects["a"], effects["b"]), ("changed", "removed"))
        self.assertEqual(daemon.ok("get", "a").text, "2")
        done = restore(daemon, self.path("b.age"), self.keys, "--replace", "--discard-newer")
        self.assertEqual(done.code, 0, done)
        self.assertEqual(daemon.ok("get", "a").text, "1")
        self.assertEqual(daemon.cli("get", "b").code, 3)
        # Numbers go on above what store and backup knew, also of names that only the store had.
        self.assertEqual(daemon.ok("put", "a", "--json", input="3").json["version"], 3)
        self.assertEqual(daemon.ok("put", "b", "--json", input="2").json["version"], 2)
        self.assertGreater(daemon.ok("status", "--json").json["revision"], made["revision"])

    def test_merge(self):
        daemon = self.daemon()
        daemon.put("both", "old")
        daemon.put("only-backup", "1")
        backup(daemon, self.path("b.age"), self.keys)
        daemon.ok("destroy", "only-backup", "--yes")
        daemon.put("both", "new")
        daemon.put("only-store", "1")
        done = restore(daemon, self.path("b.age"), self.keys, "--merge")
        self.assertEqual(done.code, 0, done)
        self.assertEqual(daemon.ok("get", "both").text, "new")
        self.assertEqual(daemon.ok("get", "only-store").text, "1")
        self.assertFalse(done.json["whole"])

    def test_only(self):
        daemon = self.daemon()
        for name in ("payments/a", "payments/b", "mail/a"):
            daemon.put(name, "old")
        backup(daemon, self.path("b.age"), self.keys)
        for name in ("payments/a", "payments/b", "mail/a", "payments/new"):
            daemon.put(name, "new")
        done = restore(daemon, self.path("b.age"), self.keys, "--replace", "--discard-newer", "--only", "payments/*")
        self.assertEqual(done.code, 0, done)
        self.assertEqual([daemon.ok("get", name).text for name in ("payments/a", "payments/b", "mail/a")], ["old", "old", "new"])
        for bad in ("payments/**x", "/x", ""):
            self.assertIn(restore(daemon, self.path("b.age"), self.keys, "--merge", "--only", bad).code, (64, 65), bad)
        for arguments in (["--only", "a"], ["--merge", "--replace"], ["--discard-newer"], ["--store", "/x"]):
            self.assertEqual(restore(daemon, self.path("b.age"), self.keys, *arguments).code, 64, arguments)

    # A copy that is tried out.

    def test_rehearsal(self):
        """A copy on another machine says that it is one; a daemon that rehearses uses nothing up and writes nothing outside of its store."""
        old = self.daemon()
        furnish(old)
        target = self.path("tokens.txt")
        old.ok("sink", "create", "out", "--path", target, "--encoding", "plain", "--element", "{name}\n")
        old.ok("sink", "run", "out")
        self.assertTrue(os.path.exists(target))
        made = backup(old, self.path("b.age"), self.keys)
        old.stop()
        os.unlink(target)
        copy = self.daemon("--rehearsal", start=False)
        arguments = ["restore", self.path("b.age"), "--identity", self.keys.identity, "--store", copy.store, "--key-file", copy.key]
        told = coffer(*arguments)
        self.assertEqual(told.code, 0, told)
        self.assertIn("--rehearsal", told.text)
        copy.start()
        self.assertEqual(copy.ok("status", "--json").json["rehearsal"], 1)
        self.assertIn("rehearsal", [f["check"] for f in copy.cli("doctor", "--json").json])
        self.assertEqual(copy.ok("get", "many/07").text, PLANT + "many/07")
        for act in (["credential", "refresh", "main"], ["sink", "run", "out"], ["schedule", "run", "nightly"]):
            refused = copy.cli(*act)
            self.assertNotEqual(refused.code, 0, act)
            self.assertIn("--rehearsal", refused.error + refused.text, act)
        self.assertFalse(os.path.exists(target))
        self.assertEqual(backup(copy, self.path("again.age"), self.keys)["digest"], made["digest"])
        # Into the store that it was taken of, it is no copy.
        back = coffer("restore", self.path("b.age"), "--identity", self.keys.identity, "--store", old.store, "--key-file", old.key,
                      "--replace", "--discard-newer", "--json")
        self.assertEqual((back.code, back.json["warning"]), (0, None), back)

    # Bad input.

    def test_what_no_service_can_read(self):
        """Well-formed lines, rightly encrypted, that would leave a daemon which lets nobody in, or rules that nobody wrote."""
        daemon = self.daemon()
        furnish(daemon)
        before = backup(daemon, self.path("b.age"), self.keys)["digest"]
        lines = opened(self.path("b.age"), self.keys)
        counts = trailer(lines)["counts"]

        def forged(table, old, new):
            found = [i for i, line in enumerate(lines) if line.startswith(b'{"document":"%s"' % table.encode()) and old in line]
            self.assertTrue(found, (table, old))
            body = list(lines[:-1])
            body[found[0]] = body[found[0]].replace(old, new)
            return sealed(with_trailer(body, counts), self.path("forged.age"), self.keys)

        for table, old, new in (("users", b'"number":', b'"number":7'), ("tenants", b'"name":"acme","allows', b'"name":"","allows'),
                                ("schedules", b'"action":"refresh"', b'"action":"explode"'), ("credentials", b'"name":"main"', b'"name":""'),
                                ("policies", b'{"uid":1001}', b'{"any":true}'), ("policies", b'"names":["many/*"]', b'"names":["**"]')):
            with self.subTest(table=table, new=new):
                path = forged(table, old, new)
                verified = coffer("backup", "verify", path, "--identity", self.keys.identity)
                self.assertEqual(verified.code, 65, verified)
                self.assertIn(" of %s" % table, verified.error)
                refused = restore(daemon, path, self.keys, "--replace", "--discard-newer")
                self.assertEqual(refused.code, 65, refused)
                self.assertIn(" of %s" % table, refused.failure["message"])
                os.unlink(path)
        self.assertEqual(backup(daemon, self.path("after.age"), self.keys)["digest"], before)

    def test_bad_files(self):
        daemon = self.daemon()
        furnish(daemon)
        path = self.path("b.age")
        before = backup(daemon, path, self.keys)
        whole = content_of(path)
        lines = opened(path, self.keys)
        counts = trailer(lines)["counts"]
        value = next(i for i, line in enumerate(lines) if line.startswith(b'{"value_of"'))
        body = lines[:-1]

        def file(name, data):
            with open(self.path(name), "wb") as out:
                out.write(data)
            return self.path(name)

        def lined(name, data):
            return sealed(data, self.path(name), self.keys)

        scrypt = b"age-encryption.org/v1\n-> scrypt bBjlhJVYZeE4aqUdmtRHfw 40\n" + b"A" * 43 + b"\n--- " + b"A" * 43 + b"\n" + b"\0" * 48
        large = self.path("large.age")
        with subprocess.Popen(["age", "-r", self.keys.recipient, "-o", large], stdin=subprocess.PIPE) as pipe:
            pipe.stdin.write(lines[0] + b"\n{\"secret\":\"")
            for _ in range(100):
                pipe.stdin.write(b"x" * (1 << 20))
        header = json.loads(lines[0])
        cases = {
            "empty": file("empty.age", b""),
            "cut": file("cut.age", whole[:-1]),
            "cut in the header": file("cut-header.age", whole[:60]),
            "half": file("half.age", whole[:len(whole) // 2]),
            "more": file("more.age", whole + b"x"),
            "twice": file("twice.age", whole + whole),
            "flipped": file("flipped.age", whole[:-30] + bytes([whole[-30] ^ 1]) + whole[-29:]),
            "foreign": file("foreign.age", age("-r", self.keys.recipient, input=b"a letter\n")),
            "no age file": file("text.age", b"{\"coffer\":\"backup\"}\n"),
            "doubled lines": lined("doubled.age", body[:4] + body[3:] + lines[-1:]),
            "doubled, counted": lined("doubled2.age", with_trailer(body[:value + 1] + body[value:], {**counts, "versions": counts["versions"] + 1})),
            "reordered": lined("reordered.age", [lines[0]] + body[1:][::-1] + lines[-1:]),
            "no trailer": lined("no-trailer.age", body),
            "no header": lined("no-header.age", lines[1:]),
            "behind the trailer": lined("behind.age", lines + [body[3]]),
            "one line less": lined("less.age", body[:-1] + lines[-1:]),
            "another value": lined("value.age", [line.replace(PLANT.encode(), b"other-value-of-16") for line in lines]),
            "newer": lined("newer.age", [json.dumps({**header, "version": 2}, separators=(",", ":")).encode()] + lines[1:]),
            "blank line": lined("blank.age", body[:2] + [b""] + body[2:] + lines[-1:]),
            "a line of 100 MB": large,
            "2^40": file("scrypt.age", scrypt),
        }
        for name, bad in cases.items():
            with self.subTest(name):
                started = time.monotonic()
                passphrase = name == "2^40"
                with_ = ["--passphrase"] if passphrase else ["--identity", self.keys.identity]
                for verb in (["backup", "verify", bad], ["restore", bad, "--replace", "--discard-newer"]):
                    result = daemon.cli(*verb, *with_, "--json", input="secret\n" if passphrase else b"")
                    self.assertEqual(result.code, 65, (name, result))
                    self.assertNotIn(PLANT, result.error)
                self.assertLess(time.monotonic() - started, 60)
        Keys(self.folder, "other")
        wrong = daemon.cli("restore", path, "--identity", self.path("other"), "--replace")
        self.assertEqual(wrong.code, 5, wrong)
        self.assertEqual(daemon.cli("restore", "-", "--identity", self.keys.identity, "--replace", input=whole).code, 64)
        self.assertEqual(daemon.cli("restore", self.path("none.age"), "--identity", self.keys.identity).code, 65)
        after = backup(daemon, self.path("after.age"), self.keys)
        self.assertEqual((after["digest"], after["incarnation"], after["revision"]),
                         (before["digest"], before["incarnation"], before["revision"]))
        self.assertEqual([name for name in os.listdir(daemon.store) if "new" in name], [])

    def test_a_locked_store(self):
        daemon = self.daemon()
        daemon.put("a")
        backup(daemon, self.path("b.age"), self.keys)
        daemon.ok("lock")
        result = restore(daemon, self.path("b.age"), self.keys, "--replace")
        self.assertEqual(result.code, 5, result)
        daemon.stop()
        there = coffer("restore", self.path("b.age"), "--identity", self.keys.identity, "--store", daemon.store, "--key-file",
                       self.path("no-key"))
        self.assertNotEqual(there.code, 0)
        self.assertFalse(os.path.exists(self.path("no-key")))

    # Nothing is lost on the way.

    def test_reads_go_on(self):
        daemon = self.daemon()
        furnish(daemon)
        backup(daemon, self.path("b.age"), self.keys)
        process = subprocess.Popen(
            [binary("coffer"), "restore", self.path("b.age"), "--identity", self.keys.identity, "--replace", "--json"],
            env=clean_environment({"COFFER_SOCKET": daemon.socket}), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        client = daemon.client()
        reads = busy = 0
        while process.poll() is None:
            try:
                self.assertEqual(client.get(b"many/03").value, (PLANT + "many/03").encode())
                reads += 1
            except c.Busy:
                busy += 1
        self.assertEqual(process.returncode, 0, process.communicate())
        process.communicate()
        self.assertGreater(reads, 0)
        self.assertEqual(client.get(b"many/03").value, (PLANT + "many/03").encode())
        client.close()

    def test_killed(self):
        """kill -9 of the daemon, or of the command, somewhere in a restore: what is there behind it is the old content or the new, whole."""
        source = self.daemon()
        for number in range(40):
            source.put("new/%02d" % number, os.urandom(20_000))
        backup(source, self.path("new.age"), self.keys)
        source.stop()
        daemon = self.daemon()
        for number in range(10):
            daemon.put("old/%02d" % number)
        backup(daemon, self.path("old.age"), self.keys)
        new, old = self.values(self.path("new.age")), self.values(self.path("old.age"))
        command = [binary("coffer"), "restore", self.path("new.age"), "--identity", self.keys.identity, "--replace", "--json"]
        environment = clean_environment({"COFFER_SOCKET": daemon.socket})
        started = time.monotonic()
        subprocess.run(command + ["--dry-run"], env=environment, stdout=subprocess.DEVNULL, check=True)
        length = time.monotonic() - started
        chance = random.Random(4711)
        seen = {"old": 0, "new": 0}
        for attempt in range(ROUNDS):
            process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0, length * 1.2))
            victim = process if attempt % 3 == 2 else daemon.process
            victim.kill()
            process.wait()
            if victim is not process:
                daemon.kill()
                daemon.start()
                # What the killed one was building is gone with the next start.
                self.assertEqual([name for name in os.listdir(daemon.store) if name.endswith(".new")], [])
            got = self.values(self.backed(daemon, "k.age"))
            self.assertIn(got, (old, new), "round %d: neither the old content nor the new" % attempt)
            seen["new" if got == new else "old"] += 1
            if got == new:
                back = self.eventually(lambda: restore(daemon, self.path("old.age"), self.keys, "--replace", "--discard-newer"))
                self.assertEqual(back.code, 0, back)
        self.assertGreater(seen["old"], 0, seen)

    def eventually(self, act):
        """Whatever the killed command had begun may still be under way for a moment."""
        end = time.monotonic() + 20
        while True:
            result = act()
            if result.code != 7 or time.monotonic() > end:
                return result
            time.sleep(0.1)

    def values(self, path):
        """What is in a backup to be read: names, versions, values."""
        lines = map(json.loads, opened(path, self.keys))
        return {(line["value_of"], line["version"]): line.get("value", line.get("value64")) for line in lines if "value_of" in line}

    def backed(self, daemon, name):
        backup(daemon, self.path(name), self.keys, "--force")
        return self.path(name)

    def test_full_disk(self):
        if not ROOT:
            self.skipTest("NOTE: not root: a full disk is left out")
        source = self.daemon()
        for number in range(10):
            source.put("new/%02d" % number, os.urandom(400_000))
        backup(source, self.path("new.age"), self.keys)
        source.stop()
        base = space()
        if run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=755", "coffer-test", base]).code:
            self.skipTest("NOTE: nothing can be mounted here: a full disk is left out")
        try:
            daemon = self.daemon(folder=base)
            daemon.put("old")
            before = backup(daemon, self.path("old.age"), self.keys)
            result = restore(daemon, self.path("new.age"), self.keys, "--replace")
            self.assertEqual(result.code, 7, result)
            self.assertEqual(daemon.ok("get", "old").text, PLANT + "old")
            self.assertEqual(backup(daemon, self.path("old2.age"), self.keys)["digest"], before["digest"])
            daemon.put("goes-on")
            daemon.stop()
        finally:
            run(["umount", "-l", base])


if __name__ == "__main__":
    unittest.main(verbosity=2)
