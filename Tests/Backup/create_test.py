"""coffer backup create and verify: what is written, by whom it opens, and what is refused."""

import fcntl
import json
import os
import signal
import threading
import time
import unittest

from backups import *  # noqa: F401,F403
from backups import c


class CreateTests(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon()
        cls.folder = space()
        cls.keys = Keys(cls.folder)
        for number in range(20):
            cls.daemon.put("many/%02d" % number)
        cls.daemon.put("many/00", b"\x00\xff\x80" * 1000)
        cls.daemon.ok("delete", "many/01")

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()

    def path(self, name):
        return os.path.join(self.folder, name)

    def test_stock_age_and_json_open_it(self):
        path = self.path("one.age")
        made = backup(self.daemon, path, self.keys)
        self.assertEqual(mode(path), 0o600)
        self.assertEqual(made["size"], os.path.getsize(path))
        lines = opened(path, self.keys)
        first, last = json.loads(lines[0]), trailer(lines)
        self.assertEqual((first["coffer"], first["version"], first["revision"]), ("backup", 1, made["revision"]))
        self.assertEqual(last["digest"], digest(lines))
        self.assertEqual(made["digest"], digest(lines))
        self.assertEqual(last["lines"], len(content(lines)))
        self.assertEqual(made["bytes"], sum(len(line) + 1 for line in lines))
        values = {(d["value_of"], d["version"]): d for d in map(json.loads, lines) if "value_of" in d}
        self.assertEqual(values["many/07", 1]["value"], PLANT + "many/07")
        self.assertIn("value64", values["many/00", 2])
        secrets = {d["secret"]: d for d in map(json.loads, lines) if "secret" in d}
        self.assertGreater(secrets["many/01"]["deleted"], 0)
        # Another backup of the same content has the same digest, though each file is another one.
        again = backup(self.daemon, self.path("two.age"), self.keys)
        self.assertEqual(again["digest"], made["digest"])
        self.assertNotEqual(content_of(path), content_of(self.path("two.age")))
        self.assertNotIn(PLANT.encode(), content_of(path))

    def test_what_age_wrote_is_verified(self):
        path = self.path("three.age")
        made = backup(self.daemon, path, self.keys)
        copy = sealed(opened(path, self.keys), self.path("copy.age"), self.keys)
        self.assertEqual(figures(copy, self.keys)["digest"], made["digest"])
        armored = self.path("armored.age")
        done = run(["age", "-a", "-r", self.keys.recipient, "-o", armored], input=b"".join(l + b"\n" for l in opened(path, self.keys)))
        self.assertEqual(done.code, 0, done)
        self.assertTrue(content_of(armored).startswith(b"-----BEGIN AGE"))
        self.assertEqual(figures(armored, self.keys)["digest"], made["digest"])

    def test_passphrase(self):
        path = self.path("pass.age")
        made = self.daemon.ok("backup", "create", "--to", path, "--passphrase", "--json", input="correct horse\n").json
        good = coffer("backup", "verify", path, "--passphrase", "--json", input="correct horse\n")
        self.assertEqual((good.code, good.json["digest"]), (0, made["digest"]))
        wrong = coffer("backup", "verify", path, "--passphrase", input="battery staple\n")
        self.assertEqual(wrong.code, 5, wrong)
        # Asked twice at a terminal; two that differ change nothing.
        shown = Terminal([binary("coffer"), "backup", "create", "--to", self.path("differ.age"), "--passphrase"],
                         env={"COFFER_SOCKET": self.daemon.socket})
        shown.until(b"passphrase: ")
        shown.type(b"one\n")
        shown.until(b"again): ")
        shown.type(b"two\n")
        code, text = shown.end()
        self.assertEqual(code, 65, text)
        for bad, word in ((b"two\nlines\n", "line"), (b"\n", "empty"), (b"x" * 1100 + b"\n", "more than")):
            result = self.daemon.cli("backup", "create", "--to", self.path("bad.age"), "--passphrase", input=bad)
            self.assertEqual(result.code, 65, result)
            self.assertIn(word, result.error)
        fd = pipe_with(b"with\nnewline")
        try:
            result = self.daemon.cli("backup", "create", "--to", self.path("bad.age"), "--passphrase-fd", str(fd), pass_fds=[fd])
            self.assertEqual(result.code, 65, result)
        finally:
            os.close(fd)
        self.assertEqual(leftovers(self.folder), [])
        self.assertFalse(os.path.exists(self.path("bad.age")) or os.path.exists(self.path("differ.age")))

    def test_what_is_refused(self):
        flipped = self.keys.recipient[:-1] + ("q" if self.keys.recipient[-1] != "q" else "p")
        secret = [l for l in content_of(self.keys.identity).decode().split("\n") if l.startswith("AGE-")][0]
        there = self.path("there.age")
        with open(there, "w") as f:
            f.write("mine")
        to = ["backup", "create", "--to", self.path("new.age")]
        for arguments, code, word in (
                (to, 64, "always encrypted"),
                (to + ["--recipient", flipped], 65, flipped),
                (to + ["--recipient", self.keys.recipient[:9].upper() + self.keys.recipient[9:]], 65, "recipient"),
                (to + ["--recipient", self.keys.recipient, "--passphrase"], 64, "alone"),
                (to + ["--recipients-file", self.path("no-such")], 65, "no-such"),
                (to + ["--recipient", self.keys.recipient, "--key-file", "/x"], 64, "--store"),
                (["backup", "create", "--to", there, "--recipient", self.keys.recipient], 73, "--force"),
                (["backup", "create", "--to", self.folder, "--recipient", self.keys.recipient], 73, "not a file"),
                (["backup", "create", "--to", "/no/such/folder/x.age", "--recipient", self.keys.recipient], 73, "cannot create")):
            with self.subTest(arguments):
                result = self.daemon.cli(*arguments)
                self.assertEqual(result.code, code, result)
                self.assertIn(word, result.error)
        # An identity in place of a recipient is never repeated.
        for arguments in (to + ["--recipient", secret], to + ["--recipients-file", self.keys.identity]):
            result = self.daemon.cli(*arguments)
            self.assertEqual(result.code, 65, result)
            self.assertNotIn(secret, result.error + result.text)
        self.assertEqual(content_of(there).decode(), "mine")
        self.assertFalse(os.path.exists(self.path("new.age")))
        self.assertEqual(leftovers(self.folder), [])
        self.daemon.ok("backup", "create", "--to", there, "--recipient", self.keys.recipient, "--force")
        self.assertTrue(content_of(there).startswith(b"age-encryption.org/v1\n"))
        self.assertEqual(mode(there), 0o600)

    def test_rights(self):
        if not ROOT:
            self.skipTest("NOTE: not root: other users are left out")
        path = os.path.join(space(owner=1001), "x.age")
        arguments = ["backup", "create", "--to", path, "--recipient", self.keys.recipient]
        self.assertEqual(self.daemon.cli(*arguments, uid=1001).code, 4)
        self.assertEqual(self.daemon.cli("backup", "list", uid=1001).code, 4)
        self.daemon.allow("backups", ["uid:1001"], "create, info", None, noun="backup")
        try:
            self.daemon.ok(*arguments, uid=1001)
            self.assertEqual(figures(path, self.keys)["digest"], backup(self.daemon, self.path("r.age"), self.keys)["digest"])
            self.assertEqual(self.daemon.cli("backup", "list", uid=1001).code, 0)
            # Restore is for administrators, whatever the rules say.
            os.chmod(self.keys.identity, 0o644)
            refused = self.daemon.cli("restore", path, "--identity", self.keys.identity, "--replace", uid=1001)
            self.assertEqual(refused.code, 4, refused)
        finally:
            os.chmod(self.keys.identity, 0o600)
            self.daemon.forget_policies()

    def test_online_is_one_revision(self):
        """Pairs are written together; a backup that were no snapshot would hold one of two."""
        stop = threading.Event()
        problems = []

        def write():
            client = self.daemon.client()
            number = 0
            try:
                while not stop.is_set():
                    number += 1
                    value = b"%d" % number
                    client.import_entries([c.Entry(b"pair/a", value), c.Entry(b"pair/b", value)])
            except Exception as problem:  # noqa: B902 - told below
                problems.append(problem)
            finally:
                client.close()
            self.written = number

        writer = threading.Thread(target=write)
        writer.start()
        try:
            seen = set()
            for attempt in range(4):
                path = self.path("online-%d.age" % attempt)
                made = backup(self.daemon, path, self.keys)
                lines = [json.loads(line) for line in opened(path, self.keys)]
                last = {d["secret"]: d["active"] for d in lines if d.get("secret", "").startswith("pair/")}
                values = {(d["value_of"], d["version"]): d["value"] for d in lines if d.get("value_of", "").startswith("pair/")}
                if last:
                    self.assertEqual(values["pair/a", last["pair/a"]], values["pair/b", last["pair/b"]])
                    seen.add(values["pair/a", last["pair/a"]])
                self.assertLessEqual(max(d["revision"] for d in lines if "revision" in d), made["revision"])
        finally:
            stop.set()
            writer.join()
        self.assertEqual(problems, [])
        self.assertGreater(len(seen), 1, "the writer did not write: the test proves nothing")

    def test_a_locked_store_says_so(self):
        daemon = Daemon()
        try:
            daemon.put("a")
            daemon.ok("lock")
            result = daemon.cli("backup", "create", "--to", self.path("locked.age"), "--recipient", self.keys.recipient)
            self.assertEqual(result.code, 5, result)
            self.assertFalse(os.path.exists(self.path("locked.age")))
        finally:
            daemon.stop()

    def test_a_stopped_store(self):
        daemon = Daemon()
        daemon.put("offline")
        online = backup(daemon, self.path("on.age"), self.keys)
        offline = ["backup", "create", "--to", self.path("off.age"), "--recipient", self.keys.recipient, "--store", daemon.store,
                   "--key-file", daemon.key, "--json"]
        self.assertEqual(coffer(*offline).code, 7)         # the daemon has it
        daemon.stop()
        made = coffer(*offline)
        self.assertEqual((made.code, made.json["digest"]), (0, online["digest"]), made)

    def test_full_disk(self):
        if not ROOT:
            self.skipTest("NOTE: not root: a full disk is left out")
        base = space()
        if run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=755", "coffer-test", base]).code:
            self.skipTest("NOTE: nothing can be mounted here: a full disk is left out")
        try:
            self.daemon.put("large", b"x" * 200_000)
            result = self.daemon.cli("backup", "create", "--to", os.path.join(base, "x.age"), "--recipient", self.keys.recipient)
            self.assertEqual(result.code, 73, result)
            self.assertIn("space", result.error)
            self.assertEqual(os.listdir(base), [])
        finally:
            run(["umount", "-l", base])

    def test_ended_in_the_middle(self):
        """Ctrl-C leaves nothing; the daemon forgets whoever hangs up, and takes four at a time."""
        daemon = Daemon()
        try:
            for number in range(12):
                daemon.put("big/%d" % number, os.urandom(500_000))
            target = space()
            import subprocess
            process = subprocess.Popen(
                [binary("coffer"), "backup", "create", "--to", os.path.join(target, "x.age"), "--recipient", self.keys.recipient],
                env={"COFFER_SOCKET": daemon.socket, "HOME": "/nonexistent"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            end = time.monotonic() + 20
            while not os.listdir(target) and time.monotonic() < end:
                pass
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
            self.assertIn(os.listdir(target), ([], ["x.age"]))
            self.assertEqual(leftovers(target), [])
            # Four that take nothing; the fifth is told to come later, until one of them goes.
            clients = [daemon.client() for _ in range(4)]
            for client in clients:
                client.start(c.BACKUP_CREATE, c.backup_create_body(credit=0))
            self.assertTrue(self.eventually(lambda: daemon.cli(
                "backup", "create", "--to", os.path.join(target, "y.age"), "--recipient", self.keys.recipient).code == 7))
            clients[0].close()
            self.assertTrue(self.eventually(lambda: daemon.cli(
                "backup", "create", "--to", os.path.join(target, "y.age"), "--recipient", self.keys.recipient, "--force").code == 0))
            for client in clients[1:]:
                client.close()
        finally:
            daemon.stop()

    def eventually(self, holds):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if holds():
                return True
        return False

    def test_a_killed_one_leaves_nothing_for_long(self):
        """kill -9 leaves a hidden draft; the next backup to that place takes it away, and none that is being written."""
        target = os.path.join(self.folder, "left")
        os.mkdir(target)
        path = os.path.join(target, "b.age")
        stale, foreign = os.path.join(target, ".b.age.0abc.tmp"), os.path.join(target, ".b.age.note.from.me.tmp")
        for name in (stale, foreign):
            with open(name, "w") as file:
                file.write("half")
            os.chmod(name, 0o600)
        living = os.path.join(target, ".b.age.1abc.tmp")
        with open(living, "w") as file:
            os.chmod(living, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            backup(self.daemon, path, self.keys)
            self.assertEqual(leftovers(target), sorted(map(os.path.basename, (living, foreign))))
        backup(self.daemon, path, self.keys, "--force")
        self.assertEqual(leftovers(target), [os.path.basename(foreign)])


if __name__ == "__main__":
    unittest.main(verbosity=2)
