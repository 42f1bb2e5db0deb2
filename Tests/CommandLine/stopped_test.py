"""What is done to a stopped store stands in its audit log, by whom; where that cannot be written, nothing is done."""

import os
import shutil
import unittest

from common import *
from audit_test import configured, lines, search
from rollback_test import Backup, stopped, stopped_search

ME = ("uid:%d" % os.geteuid(), os.geteuid(), "stopped")


class Recorded(unittest.TestCase):
    def setUp(self):
        self.d = Daemon()
        self.addCleanup(self.d.kill)
        self.d.put("a", "1")
        self.backup = Backup(self.d)
        self.d.stop()

    def done(self, *arguments, **options):
        result = stopped(self.d, *arguments, **options)
        self.assertEqual(result.code, 0, result)
        return result

    def records(self, noun, action):
        """Of this user, with the daemon stopped."""
        found = stopped_search(self.d, "--noun", noun, "--action", action)
        return [e for e in found if (e["who"], e["uid"], e["door"]) == ME]

    def test_slots(self):
        self.done("slot", "add", "recovery")
        self.done("slot", "add", "key-file", "--path", self.d.folder + "/other")
        self.done("slot", "rotate", "1", "--path", self.d.key)
        self.done("slot", "remove", "2")
        self.assertEqual([(e["result"], e["note"]) for e in self.records("slot", "add")], [("ok", "recovery"), ("ok", "keyFile")])
        self.assertEqual([(e["version"], e["note"]) for e in self.records("slot", "rotate")], [(1, "keyFile")])
        self.assertEqual([e["version"] for e in self.records("slot", "remove")], [2])
        # What went wrong is said behind it.
        self.assertEqual(stopped(self.d, "slot", "remove", "9").code, 3)
        self.assertEqual([(e["version"], e["result"]) for e in self.records("slot", "remove")], [(2, "ok"), (9, "ok"), (9, "not-found")])
        self.d.start()
        self.assertEqual(self.d.ok("audit", "verify", "--json").json["whole"], True)
        self.d.stop()

    def test_keys(self):
        self.done("slot", "add", "recovery")
        self.done("slot", "add", "key-file", "--path", self.d.folder + "/other", "--label", "other")
        self.done("rekey", "root", "--drop-others")
        self.done("slot", "add", "recovery")
        self.done("slot", "remove", "2", "--new-root", "--drop-others")
        self.done("rekey")
        notes = [e["note"] for e in self.records("store", "rekey")]
        self.assertEqual(notes[:2], ["root: kept 1, 2; dropped 3", "root: kept 1, 3; dropped 2"])
        self.assertEqual(notes[2], "start")
        self.assertIn("dropped", notes[-1])
        self.assertEqual(len(notes), 4)

    def test_backups_and_restores(self):
        self.done("backup", "create", "--to", self.d.folder + "/c.age", "--recipient", self.recipient())
        self.assertEqual(len(self.records("backup", "create")), 1)
        self.done(*self.backup.restore("--dry-run"))
        self.assertEqual([e["note"] for e in self.records("backup", "restore")], ["dry run: replace"])
        self.done(*self.backup.restore())
        said = self.records("backup", "restore")[1:]
        self.assertEqual([(e["result"], e["note"].split(":")[0]) for e in said], [("ok", "replace"), ("ok", "done")])
        self.assertGreater(said[1]["revision"], 2**32)
        self.assertEqual(stopped(self.d, "restore", self.backup.path, "--identity", self.backup.identity).code, 2)
        self.assertEqual(self.records("backup", "restore")[-1]["result"], "conflict")

    def recipient(self):
        return coffer("backup", "keygen", "--output", self.d.folder + "/i", "--json").json["recipient"]

    def test_nothing_happens_without_its_record(self):
        log = self.d.store + "/audit"
        os.rename(log, log + ".away")
        with open(log, "w"):
            pass
        slots = coffer("slot", "list", "--store", self.d.store, "--json").json
        with open(self.d.key) as file:
            key = file.read()
        recipient = self.recipient()
        for verb in (["slot", "add", "recovery"], ["slot", "add", "key-file", "--path", self.d.folder + "/other"],
                     ["slot", "rotate", "1", "--path", self.d.key], ["slot", "remove", "1"], ["rekey"], ["rekey", "root"],
                     ["backup", "create", "--to", self.d.folder + "/c.age", "--recipient", recipient],
                     self.backup.restore(), self.backup.restore("--dry-run")):
            refused = stopped(self.d, *verb, "--json")
            self.assertEqual((refused.code, refused.failure["code"]), (7, "audit-unavailable"), (verb, refused))
            self.assertIn("nothing was done", refused.failure["message"], verb)
        self.assertEqual(coffer("slot", "list", "--store", self.d.store, "--json").json, slots)
        with open(self.d.key) as file:
            self.assertEqual(file.read(), key)
        for path in ("/c.age", "/other"):
            self.assertFalse(os.path.exists(self.d.folder + path), path)
        # Looking for damage is what a bad disk needs.
        self.assertEqual(stopped(self.d, "scrub").code, 0)
        os.unlink(log)
        os.rename(log + ".away", log)
        self.done("scrub")
        self.assertEqual(len(self.records("store", "scrub")), 1)
        self.d.start()
        self.assertEqual(self.d.ok("get", "a").text, "1")
        self.d.stop()


class Elsewhere(unittest.TestCase):
    def test_the_configured_folder_is_found(self):
        folder = space()
        d = Daemon(folder=folder, config=configured("audit: {folder: %s/trail}\n" % folder, folder))
        self.addCleanup(d.kill)
        d.put("a", "1")
        d.stop()
        self.assertEqual(os.readlink(d.store + "/audit"), folder + "/trail")
        self.assertEqual(stopped(d, "slot", "add", "recovery").code, 0)
        self.assertEqual(len(stopped_search(d, "--noun", "slot", "--action", "add")), 1)
        # Where the link is gone nobody begins another log beside the one that the store knows.
        os.unlink(d.store + "/audit")
        refused = stopped(d, "slot", "add", "recovery", "--json")
        self.assertEqual((refused.code, refused.failure["code"]), (7, "audit-unavailable"), refused)
        self.assertIn("--audit-folder", refused.failure["message"])
        self.assertEqual(stopped(d, "slot", "add", "recovery", "--audit-folder", folder + "/trail").code, 0)
        d.start()
        self.assertEqual(os.readlink(d.store + "/audit"), folder + "/trail")
        self.assertEqual(len(search(d, "--noun", "slot", "--action", "add")), 2)
        # Another folder: the link follows, once the log was moved there.
        d.stop()
        os.rename(folder + "/trail", folder + "/moved")
        configured("audit: {folder: %s/moved}\n" % folder, folder)
        d.start()
        self.assertEqual(os.readlink(d.store + "/audit"), folder + "/moved")
        self.assertEqual(d.cli("audit", "verify").code, 0)
        d.stop()

    def test_options(self):
        for verb in (["slot", "add", "recovery", "--accept-rollback", "1"], ["slot", "add", "recovery", "--audit-folder", "/x"],
                     ["backup", "create", "--to", "/x", "--recipient", "age1", "--accept-rollback", "1"]):
            self.assertEqual(coffer(*verb).code, 64, verb)


class DryRuns(unittest.TestCase):
    def test_of_the_daemon(self):
        d = Daemon()
        self.addCleanup(d.kill)
        d.put("a", "1")
        backup = Backup(d)
        d.ok(*backup.restore("--dry-run"))
        d.ok(*backup.restore())
        said = search(d, "--noun", "backup", "--action", "restore")
        self.assertEqual([e["note"].split(":")[0] for e in said], ["dry run", "replace", "done"])
        d.stop()


class KeyNotes(unittest.TestCase):
    def test_a_new_root_names_the_slots(self):
        d = Daemon()
        self.addCleanup(d.kill)
        d.ok("slot", "add", "recovery")
        d.ok("slot", "add", "key-file", "--path", d.folder + "/other", "--label", "other")
        d.ok("rekey", "root", "--drop-others")
        d.ok("slot", "add", "recovery")
        d.ok("slot", "remove", "2", "--new-root", "--drop-others")
        notes = [e["note"] for e in search(d, "--noun", "store", "--action", "rekey")]
        self.assertEqual(notes, ["root: kept 1, 2; dropped 3", "root: kept 1, 4; dropped 2"])
        d.ok("rekey", "--wait")
        found = search(d, "--noun", "store", "--action", "rekey")[2:]
        self.assertEqual([e["who"] for e in found], ["uid:%d" % os.geteuid(), "daemon"])
        self.assertEqual(found[0]["note"], "start")
        self.assertIn("dropped", found[1]["note"])
        d.stop()


if __name__ == "__main__":
    unittest.main()
