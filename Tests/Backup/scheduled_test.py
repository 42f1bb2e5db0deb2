"""Backups that the daemon takes by itself: on time, proven, as many as asked for, and overdue where that fails."""

import http.client
import json
import os
import re
import signal
import time
import unittest

from backups import *  # noqa: F401,F403


class Scheduled:
    """A daemon with a `backups` section."""

    def __init__(self, every="1h", keep=3, rehearsal=True, folder=None, more="", start=True):
        self.space = space()
        self.folder = folder or os.path.join(self.space, "backups")
        self.keys = Keys(self.space)
        self.config = os.path.join(self.space, "coffer.yaml")
        self.write(every, keep, rehearsal, more)
        self.daemon = Daemon(folder=self.space, config=self.config, start=start)

    def write(self, every="1h", keep=3, rehearsal=True, more=""):
        with open(self.config, "w") as file:
            file.write("http:\n  health: { listen: \"127.0.0.1:0\" }\nbackups:\n  folder: %s\n  every: %s\n  keep: %d\n  recipients: [%s]\n"
                       % (self.folder, every, keep, self.keys.recipient))
            if rehearsal:
                file.write("  rehearsal_identity: %s\n" % self.keys.identity)
            file.write(more)

    def list(self):
        return self.daemon.ok("backup", "list", "--json").json

    def until(self, holds, timeout=30):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            listed = self.list()
            if holds(listed):
                return listed
            time.sleep(0.05)
        raise AssertionError("it did not happen: %r\n%s" % (self.list(), self.daemon.log_text()[-2000:]))

    def get(self, path):
        ports = re.findall(r" port=(\d+) .*\[CofferHTTP\] listening", self.daemon.log_text())
        connection = http.client.HTTPConnection("127.0.0.1", int(ports[-1]), timeout=20)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def metric(self, name):
        return float(re.search(r"^%s (\S+)$" % name, self.get("/metrics")[1], re.M).group(1))

    def files(self):
        return sorted(name for name in os.listdir(self.folder) if name.endswith(".age"))


class ScheduledTests(unittest.TestCase):

    def setUp(self):
        self._daemons = []

    def tearDown(self):
        for scheduled in self._daemons:
            scheduled.daemon.kill()

    def scheduled(self, **options):
        made = Scheduled(**options)
        self._daemons.append(made)
        return made

    def test_taken_proven_and_let_go(self):
        one = self.scheduled(every="1s", keep=2)
        one.daemon.put("a")
        listed = one.until(lambda l: len(l["backups"]) == 2 and l["backups"][-1]["proof"] == "identity" and l["backups"][-1]["revision"] > 1)
        self.assertEqual([b["proof"] for b in listed["backups"]], ["identity"] * 2)
        self.assertFalse(listed["overdue"])
        first = one.files()[0]
        one.until(lambda l: first not in [b["file"] for b in l["backups"]])
        self.assertLessEqual(len(one.files()), 3)
        self.assertEqual(mode(one.folder), 0o700)
        self.assertTrue(all(mode(os.path.join(one.folder, name)) == 0o600 for name in one.files()))
        last = one.list()["backups"][-1]
        verified = coffer("backup", "verify", os.path.join(one.folder, last["file"]), "--identity", one.keys.identity, "--json")
        self.assertEqual((verified.code, verified.json["digest"], verified.json["revision"]), (0, last["digest"], last["revision"]))
        status, text = one.get("/health")
        self.assertEqual(status, 200, text)
        self.assertIn("backups ok", text)
        self.assertEqual(one.metric("coffer_backup_overdue"), 0)
        self.assertLess(one.metric("coffer_backup_last_proven_age_seconds"), 60)
        entries = one.daemon.ok("status", "--json").json
        self.assertEqual(entries["backup_overdue"], 0)
        self.assertGreater(entries["backup_last_proven"], 0)

    def test_only_its_own_files_go(self):
        one = self.scheduled(every="1s", keep=1, start=False)
        os.mkdir(one.folder)
        others = ["coffer-20200101T000000Z-r1.age", "mine.age", "note.txt"]
        for name in others:
            with open(os.path.join(one.folder, name), "w") as file:
                file.write("mine")
        one.daemon.start()
        one.until(lambda l: l["backups"])
        store = one.daemon.ok("status", "--json").json["store_id"]
        one.daemon.kill()
        for name in (store, "0" * 32):         # left half written by this store's daemon, and by another one's
            with open(os.path.join(one.folder, ".coffer-%s-1abc.age.tmp" % name), "w") as file:
                file.write("half")
        one.daemon.start()
        first = one.until(lambda l: l["backups"])["backups"][0]["file"]
        one.until(lambda l: l["backups"] and l["backups"][0]["file"] != first)
        for name in others:
            self.assertTrue(os.path.exists(os.path.join(one.folder, name)), name)
        one.daemon.stop()
        self.assertEqual(leftovers(one.folder), sorted([".coffer-%s-1abc.age.tmp" % ("0" * 32), ".coffer-backups-" + store]))

    def test_a_disk_that_is_away(self):
        """An empty mount point is not the folder: nothing is forgotten, nothing is written there, and everybody is told."""
        one = self.scheduled(every="1h")
        before = one.until(lambda l: l["last_proven"] and not l["running"])
        one.daemon.stop()
        os.rename(one.folder, one.folder + ".disk")
        os.mkdir(one.folder)
        one.daemon.start()
        away = one.until(lambda l: l["last_error"])
        self.assertIn("mounted", away["last_error"])
        self.assertEqual((away["backups"], away["last_proven"]), (before["backups"], before["last_proven"]))
        self.assertIn("mounted", one.daemon.ok("status", "--json").json["backup_trouble"])
        status, text = one.get("/health")
        self.assertEqual(status, 503)
        self.assertIn("backups failing", text)
        self.assertEqual(one.metric("coffer_backup_folder_missing"), 1)
        self.assertIn("bad", [f["verdict"] for f in one.daemon.cli("doctor", "--json").json if f["check"] == "backups"])
        self.assertEqual(one.daemon.cli("backup", "run").code, 1)
        self.assertEqual(os.listdir(one.folder), [])
        os.rmdir(one.folder)
        os.rename(one.folder + ".disk", one.folder)
        one.daemon.ok("backup", "run")
        self.assertEqual(len(one.list()["backups"]), 2)
        self.assertEqual(one.metric("coffer_backup_folder_missing"), 0)
        self.assertEqual(one.get("/health")[0], 200)
        # Another folder in the configuration is a new beginning; the files of the old one stay.
        one.daemon.stop()
        files = one.files()
        old, one.folder = one.folder, one.folder + ".other"
        one.write()
        one.daemon.start()
        one.daemon.ok("backup", "run")
        self.assertEqual(len(one.list()["backups"]), 1)
        self.assertTrue(set(files) <= set(os.listdir(old)))

    def test_overdue_and_what_is_remembered(self):
        """No identity, no proof: the last proven one stays, however many follow, and the age survives a restart."""
        one = self.scheduled(every="1s", keep=1)
        good = one.until(lambda l: l["last_proven"] and not l["running"])
        os.rename(one.keys.identity, one.keys.identity + ".away")
        late = one.until(lambda l: l["overdue"])
        self.assertIn("rehearsal", late["last_error"])
        proven = [b for b in late["backups"] if b["proof"]]
        self.assertEqual(len(proven), 1, late)
        self.assertGreaterEqual(proven[0]["proven"], good["last_proven"])
        status, text = one.get("/health")
        self.assertEqual(status, 503)
        self.assertIn("backups failing", text)
        self.assertEqual(one.metric("coffer_backup_overdue"), 1)
        self.assertGreater(one.metric("coffer_backup_failures_total"), 0)
        doctor = one.daemon.cli("doctor", "--json").json
        self.assertIn("bad", [f["verdict"] for f in doctor if f["check"] == "backups"])
        one.daemon.kill()                      # as by kill -9
        one.daemon.start()
        self.assertTrue(one.list()["overdue"])
        os.rename(one.keys.identity + ".away", one.keys.identity)
        one.until(lambda l: not l["overdue"])
        self.assertEqual(one.get("/health")[0], 200)

    def test_wrong_identity(self):
        one = self.scheduled(every="1h")
        one.until(lambda l: l["last_proven"])
        Keys(one.space, "other")
        os.replace(os.path.join(one.space, "other"), one.keys.identity)
        result = one.daemon.cli("backup", "run")
        self.assertEqual(result.code, 1, result)
        self.assertIn("rehearsal", one.list()["last_error"])
        self.assertIsNone(one.list()["backups"][-1]["proof"])

    def test_without_an_identity(self):
        one = self.scheduled(every="1h", rehearsal=False)
        one.until(lambda l: l["last_proven"])
        taken = one.daemon.ok("backup", "run", "--json").json
        self.assertEqual(taken["proof"], "file")
        self.assertEqual(taken["file"], one.list()["backups"][-1]["file"])

    def test_locked(self):
        one = self.scheduled(every="1s")
        one.until(lambda l: l["backups"])
        one.daemon.ok("lock")
        count = len(one.files())
        self.assertEqual(one.daemon.cli("backup", "run").code, 5)
        time.sleep(2.5)                        # two would have been taken meanwhile
        self.assertLessEqual(len(one.files()), count + 1)
        self.assertEqual(one.get("/health")[0], 503)
        one.daemon.ok("unlock", "--key-file", one.daemon.key)
        one.until(lambda l: not l["overdue"])

    def test_the_disk_is_full_or_not_there(self):
        if not ROOT:
            self.skipTest("NOTE: not root: a full disk is left out")
        base = space()
        if run(["mount", "-t", "tmpfs", "-o", "size=128k,mode=755", "coffer-test", base]).code:
            self.skipTest("NOTE: nothing can be mounted here: a full disk is left out")
        try:
            one = self.scheduled(every="1h", folder=base)
            one.until(lambda l: l["last_proven"])
            one.daemon.put("large", b"x" * 300_000)
            result = one.daemon.cli("backup", "run")
            self.assertEqual(result.code, 7, result)
            self.assertIn("space", one.list()["last_error"])
            self.assertEqual(len(one.files()), 1)
            self.assertEqual([name for name in leftovers(base) if not name.startswith(".coffer-backups-")], [])
            one.daemon.ok("destroy", "large", "--yes")
            one.daemon.ok("backup", "run")     # room again: it goes on without a restart
            self.assertIsNone(one.list()["last_error"])
        finally:
            run(["umount", "-l", base])
        os.rmdir(base)
        result = one.daemon.cli("backup", "run")
        self.assertEqual(result.code, 1, result)
        self.assertFalse(os.path.exists(base), "a disk that is not mounted must not be replaced by a folder")

    def test_damage_is_noticed(self):
        """A file that is not what was written has no proof; what was proven before is remembered."""
        one = self.scheduled(every="1h")
        listed = one.until(lambda l: l["last_proven"])
        path = os.path.join(one.folder, listed["backups"][-1]["file"])
        with open(path, "r+b") as file:
            file.seek(-20, os.SEEK_END)
            byte = file.read(1)
            file.seek(-20, os.SEEK_END)
            file.write(bytes([byte[0] ^ 1]))
        self.assertEqual(coffer("backup", "verify", path, "--identity", one.keys.identity).code, 65)

    def test_configuration(self):
        one = Scheduled(start=False)
        for text, words in (
                ("backups:\n  every: 1h\n", ["folder"]),
                ("backups:\n  folder: relative\n  every: fast\n  keep: 0\n  colour: red\n  recipients: [age1bad]\n",
                 ["folder", "every", "keep", "colour", "recipients"]),
                ("backups:\n  folder: /b\n", ["recipients"]),
                ("backups:\n  folder: /b\n  every: 1h\n  at: \"02:30\"\n  recipients: [%s]\n" % one.keys.recipient, ["'every'"]),
                ("backups:\n  folder: /b\n  at: \"25:00\"\n  time_zone: Nowhere/Town\n  recipients: [%s]\n" % one.keys.recipient,
                 ["at", "time_zone"]),
                ("backups:\n  folder: %s/in\n  recipients: [%s]\n" % (one.daemon.store, one.keys.recipient), ["store's folder"])):
            with self.subTest(text):
                with open(one.config, "w") as file:
                    file.write(text)
                result = run(one.daemon.command() + ["--check-config"])
                self.assertEqual(result.code, 78, result)
                for word in words:
                    self.assertIn(word, result.error)
        secret = [l for l in content_of(one.keys.identity).decode().split("\n") if l.startswith("AGE-")][0]
        with open(one.config, "w") as file:
            file.write("backups:\n  folder: /b\n  recipients: [%s]\n" % secret)
        result = run(one.daemon.command() + ["--check-config"])
        self.assertEqual(result.code, 78)
        self.assertNotIn(secret, result.error)
        self.assertFalse(os.path.exists(one.daemon.store))


if __name__ == "__main__":
    unittest.main(verbosity=2)
