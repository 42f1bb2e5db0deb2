"""An older copy in the store's place: known by the counter and by the audit log, also across a restore, and taken only with a record."""

import glob
import os
import shutil
import unittest

from common import *
from audit_test import configured, lines, search


def stopped(d, *arguments, **options):
    """The command on the store of a daemon that is stopped."""
    return coffer(*arguments, "--store", d.store, "--key-file", d.key, **options)


def stopped_search(d, *arguments):
    result = stopped(d, "audit", "search", "--json", *arguments)
    assert result.code == 0, result
    return lines(result)


def generation(d):
    return os.path.join(d.store, os.readlink(os.path.join(d.store, "current")))


class Backup:
    """A backup of a daemon's store, and how it is put back."""

    def __init__(self, d):
        self.path, self.identity = os.path.join(d.folder, "b.age"), os.path.join(d.folder, "b.identity")
        recipient = coffer("backup", "keygen", "--output", self.identity, "--json").json["recipient"]
        d.ok("backup", "create", "--to", self.path, "--recipient", recipient)

    def restore(self, *more):
        return ["restore", self.path, "--identity", self.identity, "--replace", "--discard-newer", *more]


class AcrossRestores(unittest.TestCase):
    """An older store file is one of before the restore: another incarnation, with lower revisions."""

    def start_refused(self, d):
        done = subprocess.run(d.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment(), timeout=20)
        self.assertEqual(done.returncode, 65, done)
        self.assertIn("older copy", done.stderr.decode())
        return done.stderr.decode()

    def before_and_after(self, restore):
        d = Daemon()
        self.addCleanup(d.kill)
        d.put("a", "first")
        backup = Backup(d)
        d.put("a", "second")
        self.assertEqual(d.stop(), 0)
        before = os.path.join(d.folder, "before")
        shutil.copytree(generation(d), before)
        restore(d, backup)
        # The restore itself is no rollback, with the counter and without.
        d.start()
        self.assertEqual(d.ok("get", "a").text, "first")
        self.assertEqual(d.stop(), 0)
        os.unlink(os.path.join(d.store, "counter"))
        d.start()
        self.assertEqual(d.ok("get", "a").text, "first")
        known = d.ok("status", "--json").json["revision"]
        self.assertEqual(d.stop(), 0)
        present = generation(d)
        shutil.rmtree(present)
        shutil.copytree(before, present)
        os.unlink(os.path.join(d.store, "counter"))
        self.assertIn(str(known), self.start_refused(d))
        # It does not get used to it.
        self.start_refused(d)
        self.assertEqual(stopped(d, "slot", "add", "recovery").code, 65)
        return d

    def test_by_the_daemon(self):
        def restore(d, backup):
            d.start()
            d.ok(*backup.restore())
            self.assertEqual(d.stop(), 0)
        self.before_and_after(restore)

    def test_on_a_stopped_store(self):
        def restore(d, backup):
            done = stopped(d, *backup.restore())
            self.assertEqual(done.code, 0, done)
        self.before_and_after(restore)

    def test_killed_behind_the_answer(self):
        def restore(d, backup):
            d.start()
            d.ok(*backup.restore())
            d.kill()
        self.before_and_after(restore)

    def test_on_a_new_machine(self):
        d = Daemon()
        d.put("a", "first")
        backup = Backup(d)
        d.stop()
        other = Daemon(start=False)
        done = stopped(other, "restore", backup.path, "--identity", backup.identity)
        self.assertEqual(done.code, 0, done)
        self.assertEqual([(e["action"], e["who"], e["door"]) for e in stopped_search(other, "--noun", "backup")],
                         [("restore", "uid:%d" % os.geteuid(), "stopped")] * 2)
        other.start()
        self.assertEqual(other.ok("get", "a").text, "first")
        self.assertEqual(other.cli("audit", "verify").code, 0)
        other.stop()


class Accepting(unittest.TestCase):
    def rolled_back(self):
        d = Daemon()
        self.addCleanup(d.kill)
        d.put("a", "old")
        self.assertEqual(d.stop(), 0)
        old = os.path.join(d.folder, "old")
        shutil.copytree(generation(d), old)
        d.start()
        d.put("a", "new")
        self.assertEqual(d.stop(), 0)
        present = generation(d)
        shutil.rmtree(present)
        shutil.copytree(old, present)
        done = subprocess.run(d.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment(), timeout=20)
        self.assertEqual(done.returncode, 65, done)
        return d, re.search(r"--accept-rollback (\d+)", done.stderr.decode()).group(1)

    def test_the_record_comes_first(self):
        d, found = self.rolled_back()
        # A log that cannot be written: nothing is taken.
        log = os.path.join(d.store, "audit")
        os.rename(log, log + ".away")
        with open(log, "w"):
            pass
        d.arguments = ["--accept-rollback", found]
        for _ in range(2):
            done = subprocess.run(d.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment(), timeout=20)
            self.assertEqual(done.returncode, 73, done)
            self.assertIn("audit log cannot be written", done.stderr.decode())
        refused = stopped(d, "slot", "add", "recovery", "--accept-rollback", found, "--json")
        self.assertEqual((refused.code, refused.failure["code"]), (7, "audit-unavailable"), refused)
        os.unlink(log)
        os.rename(log + ".away", log)
        self.assertEqual(stopped_search(d, "--action", "accept-rollback"), [])
        d.start()
        taken = search(d, "--action", "accept-rollback")
        self.assertEqual([(e["who"], e["result"]) for e in taken], [("daemon", "ok")])
        self.assertIn("revision %s" % found, taken[0]["note"])
        d.kill()
        # Durable before it took effect: a kill takes neither away.
        d.arguments = []
        d.start()
        self.assertEqual(len(search(d, "--action", "accept-rollback")), 1)
        self.assertEqual(d.ok("get", "a").text, "old")
        d.stop()

    def test_by_a_command_on_the_stopped_store(self):
        d, found = self.rolled_back()
        self.assertEqual(stopped(d, "slot", "add", "recovery").code, 65)
        self.assertEqual(stopped(d, "slot", "add", "recovery", "--accept-rollback", str(int(found) + 1)).code, 65)
        done = stopped(d, "slot", "add", "recovery", "--accept-rollback", found)
        self.assertEqual(done.code, 0, done)
        taken = stopped_search(d, "--action", "accept-rollback")
        self.assertEqual([(e["who"], e["uid"], e["door"]) for e in taken], [("uid:%d" % os.geteuid(), os.geteuid(), "stopped")])
        self.assertEqual(coffer("slot", "list", "--store", d.store, "--accept-rollback", found).code, 64)
        d.start()
        self.assertEqual(d.ok("get", "a").text, "old")
        d.stop()

    def test_the_log_is_read_and_repaired_before(self):
        d, found = self.rolled_back()
        # Looking at the log takes nothing.
        self.assertEqual([e["name"] for e in stopped_search(d, "--noun", "secret", "--action", "put")], ["a", "a"])
        shutil.rmtree(os.path.join(d.store, "audit"))
        self.assertEqual(stopped(d, "audit", "verify").code, 65)
        d.arguments = ["--accept-rollback", found]
        done = subprocess.run(d.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment(), timeout=20)
        self.assertEqual(done.returncode, 73, done)
        self.assertIn("coffer audit repair", done.stderr.decode())
        repaired = stopped(d, "audit", "repair")
        self.assertEqual(repaired.code, 0, repaired)
        d.start()
        self.assertEqual(d.ok("get", "a").text, "old")
        # The repair says what it did, and what it accepted.
        actions = [e["action"] for e in search(d)]
        self.assertEqual(set(actions[:actions.index("accept-rollback")]), {"repair"})
        d.stop()


if __name__ == "__main__":
    unittest.main()
