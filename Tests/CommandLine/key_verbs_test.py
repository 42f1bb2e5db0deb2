"""New keys and new secrets: rekey, rekey root, slot rotate, slot rehearse."""

import os
import random
import shutil
import subprocess
import time

from common import *  # noqa: F401,F403
from common import PLANT, Daemon, binary, clean_environment, coffer, mode, pipe_with, run, space

import unittest


def content(path):
    with open(path) as file:
        return file.read()


def phrase(words):
    return pipe_with(words.encode() + b"\n")


class Rekeys(unittest.TestCase):
    def test_rekey(self):
        d = Daemon()
        for number in range(200):
            d.put("n%d" % number)
        before = d.ok("rekey", "status", "--json").json
        self.assertEqual((before["state"], [k["state"] for k in before["keys"]]), ("idle", ["sealing"]))
        old = before["keys"][0]["id"]
        after = d.ok("rekey", "--wait", "--json").json
        self.assertEqual((after["state"], len(after["keys"])), ("idle", 1))
        self.assertGreater(after["keys"][0]["id"], old)
        self.assertGreaterEqual(after["resealed"], 400)
        for number in range(200):
            self.assertEqual(d.ok("get", "n%d" % number).text, PLANT + "n%d" % number)
        status = d.ok("status", "--json").json
        self.assertEqual((status["rekey"], status["record_keys"]), ("idle", 1))
        # Stopped, it stays so across a restart; then it goes on.
        d.ok("rekey", "start", "--no-wait")
        state = d.ok("rekey", "stop", "--json").json["state"]
        d.stop()
        d.start()
        self.assertEqual(d.ok("rekey", "status", "--json").json["state"], state)
        self.assertEqual(d.ok("get", "n7").text, PLANT + "n7")
        self.assertEqual(d.ok("rekey", "start", "--wait", "--json").json["state"], "idle")
        self.assertIn("no change of the record keys runs", d.ok("rekey", "status").text)
        d.ok("lock")
        self.assertEqual(d.cli("rekey").code, 5)
        d.stop()
        # A stopped store, to the end.
        self.assertEqual(coffer("rekey", "--store", d.store).code, 64)
        done = coffer("rekey", "--store", d.store, "--key-file", d.key)
        self.assertEqual(done.code, 0, done)
        self.assertIn("the old keys are gone", done.text)
        d.start()
        self.assertEqual(d.ok("get", "n7").text, PLANT + "n7")
        d.stop()

    def test_configuration(self):
        base = space()
        for bad, word in (("{every: 5}", "every"), ("{every: 0d}", "every"), ("{records_per_second: -1}", "records_per_second"),
                          ("{drop_old: perhaps}", "drop_old"), ("{evry: 90d}", "evry"), ("[1]", "mapping"), ("{every: 99999d}", "every")):
            with open(base + "/c.yaml", "w") as file:
                file.write("rekey: %s\n" % bad)
            result = run([binary("cofferd"), "--config", base + "/c.yaml", "--store", base + "/s", "--key-file", base + "/k",
                          "--socket", base + "/x.sock"])
            self.assertNotEqual(result.code, 0, bad)
            self.assertIn(word, result.error)
            self.assertFalse(os.path.exists(base + "/s"))
        with open(base + "/c.yaml", "w") as file:
            file.write("rekey: {every: 36h, records_per_second: 0, drop_old: false}\n")
        d = Daemon(config=base + "/c.yaml")
        d.put("a")
        self.assertEqual(d.ok("rekey", "--wait", "--json").json["state"], "idle")
        d.stop()


class Rotations(unittest.TestCase):
    def test_each_kind(self):
        d = Daemon()
        d.put("a")
        old = content(d.key)
        recovery = d.ok("slot", "add", "recovery", "--json").json
        fd = phrase("old words")
        d.ok("slot", "add", "passphrase", "--passphrase-fd", str(fd), pass_fds=[fd])
        d.ok("slot", "add", "credential", "--path", d.folder + "/cred")
        # The daemon's own key file: its slot is labelled with the path.
        rotated = d.ok("slot", "rotate", "1", "--json").json
        self.assertEqual((rotated["path"], mode(d.key)), (d.key, 0o600))
        self.assertNotEqual(content(d.key), old)
        self.assertFalse(os.path.exists(d.key + ".new"))
        self.assertIn("slot 1 opens", d.ok("slot", "rehearse", "1", "--path", d.key).text)
        with open(d.folder + "/old", "w") as file:
            file.write(old)
        self.assertEqual(d.cli("slot", "rehearse", "--path", d.folder + "/old").code, 5)
        drawn = d.ok("slot", "rotate", str(recovery["id"]), "--json").json["recovery_key"]
        fd = phrase(drawn)
        self.assertEqual(d.ok("slot", "rehearse", "--recovery", "--passphrase-fd", str(fd), "--json", pass_fds=[fd]).json["id"], recovery["id"])
        fd = phrase("new words")
        d.ok("slot", "rotate", "3", "--passphrase-fd", str(fd), pass_fds=[fd])
        fd = phrase("new words")
        self.assertEqual(d.ok("slot", "rehearse", "3", "--passphrase-fd", str(fd), "--json", pass_fds=[fd]).json["id"], 3)
        self.assertIn("Seal it anew", d.ok("slot", "rotate", "4", "--path", d.folder + "/cred").text)
        self.assertEqual(d.ok("slot", "rehearse", "--path", d.folder + "/cred", "--credential", "--json").json["id"], 4)
        # Locked, it can be tried and stays locked.
        d.ok("lock")
        d.ok("slot", "rehearse", "--path", d.key)
        self.assertEqual(d.cli("get", "a").code, 5)
        d.stop()
        d.start()
        self.assertEqual(d.ok("get", "a").text, PLANT + "a")
        d.stop()
        store = ["--store", d.store]
        self.assertEqual(coffer("slot", "rehearse", *store, "--path", d.key, "--json").json["id"], 1)
        self.assertEqual(coffer("slot", "rehearse", *store, "--path", d.folder + "/old").code, 5)
        offline = coffer("slot", "rotate", "1", *store, "--key-file", d.key)
        self.assertEqual(offline.code, 0, offline)
        d.start()
        self.assertEqual(d.ok("get", "a").text, PLANT + "a")
        d.stop()

    def test_refused(self):
        d = Daemon()
        fd = phrase("words")
        d.ok("slot", "add", "passphrase", "--passphrase-fd", str(fd), "--label", "me", pass_fds=[fd])
        before = content(d.key)
        self.assertEqual(d.cli("slot", "rotate", "9").code, 3)
        self.assertEqual(d.cli("slot", "rotate", "2", "--path", d.key).code, 64)
        self.assertEqual(d.cli("slot", "rotate", "x").code, 64)
        self.assertEqual(d.cli("slot", "rehearse", "0", "--path", d.key).code, 3)
        self.assertEqual(d.cli("slot", "rehearse", "9", "--path", d.key).code, 3)
        self.assertEqual(d.cli("slot", "rehearse", "--path", d.key, "--recovery").code, 64)
        os.symlink(d.key, d.folder + "/link")
        self.assertEqual(d.cli("slot", "rotate", "1", "--path", d.folder + "/link").code, 73)
        self.assertEqual(d.cli("slot", "rotate", "1", "--path", d.folder).code, 73)
        self.assertEqual(d.cli("slot", "rotate", "1", "--path", "/nowhere/key").code, 73)
        with open(d.key + ".new", "w") as file:
            file.write("not a key")
        self.assertEqual(d.cli("slot", "rotate", "1").code, 73)
        os.unlink(d.key + ".new")
        # One that never became the slot's is replaced.
        with open(d.key + ".new", "w") as file:
            file.write("ab" * 32)
        self.assertEqual(content(d.key), before)
        d.ok("slot", "rotate", "1")
        self.assertFalse(os.path.exists(d.key + ".new"))
        # After the third wrong secret the next attempts wait.
        with open(d.folder + "/wrong", "w") as file:
            file.write("cd" * 32)
        codes = [d.cli("slot", "rehearse", "--path", d.folder + "/wrong").code for _ in range(8)]
        self.assertEqual((codes[0], set(codes)), (5, {5, 7}))
        d.stop()

    def test_killed(self):
        """Killed at any moment, the key file or the new one beside it opens, and the daemon takes the right one."""
        d = Daemon()
        d.put("a")
        chooser, halfway = random.Random(5), 0
        for number in range(8):
            process = subprocess.Popen(
                [binary("coffer"), "slot", "rotate", "1", "--path", d.key], env=clean_environment({"COFFER_SOCKET": d.socket}),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            end = time.monotonic() + chooser.uniform(0, 0.06)
            # From the moment at which there is a new file it is short: most kills are to fall into that.
            while not os.path.exists(d.key + ".new") and process.poll() is None:
                pass
            time.sleep(max(0, min(0.004, end - time.monotonic())))
            process.kill()
            process.wait()
            if number % 2:
                d.kill()
            else:
                d.stop()
            halfway += os.path.exists(d.key + ".new")
            d.start()
            self.assertEqual(d.ok("get", "a").text, PLANT + "a", d.log_text())
        self.assertGreater(halfway, 0)
        d.ok("slot", "rotate", "1", "--path", d.key)
        d.stop()
        # The moment itself, made by hand: the slot has the new secret, the file not yet its name.
        old = content(d.key)
        d.start()
        d.ok("slot", "rotate", "1", "--path", d.key)
        for take in ("start", "unlock", "offline", "rotate"):
            shutil.copyfile(d.key, d.key + ".new")
            os.chmod(d.key + ".new", 0o600)
            with open(d.key, "w") as file:
                file.write(old)
            if take == "start":
                d.stop()
                d.start()
            elif take == "unlock":
                d.ok("lock")
                self.assertIn("interrupted", repr(d.ok("unlock", "--key-file", d.key)))
            elif take == "offline":
                d.stop()
                listed = coffer("slot", "add", "recovery", "--store", d.store, "--key-file", d.key)
                self.assertEqual(listed.code, 0, listed)
                d.start()
            else:
                d.ok("slot", "rotate", "1", "--path", d.key)
            self.assertFalse(os.path.exists(d.key + ".new"), take)
            self.assertEqual(d.ok("get", "a").text, PLANT + "a")
            d.ok("slot", "rehearse", "1", "--path", d.key)
        d.stop()


class Roots(unittest.TestCase):
    def test_root(self):
        d = Daemon()
        d.put("a")
        # No readable form is kept: what is left of it is its hash under a key of the keyring.
        d.ok("tenant", "update", "main", "--reveal", "no")
        key = d.ok("apikey", "create", "never-readable", "--unlimited", "--json").json["key"]
        recovery = d.ok("slot", "add", "recovery", "--label", "safe", "--json").json
        fd = phrase("words")
        d.ok("slot", "add", "passphrase", "--passphrase-fd", str(fd), "--label", "me", pass_fds=[fd])
        d.ok("slot", "add", "key-file", "--path", d.folder + "/usb", "--label", "usb")
        d.ok("slot", "add", "key-file", "--path", d.folder + "/lost", "--label", "lost")
        # What is not at hand is named, and nothing happens without a yes.
        refused = d.cli("rekey", "root")
        self.assertEqual(refused.code, 64, refused)
        for word in ("slot 3", "'me'", "'usb'", "'lost'", "--drop-others"):
            self.assertIn(word, repr(refused))
        self.assertEqual(len(d.ok("slot", "list", "--json").json), 5)
        fd = phrase("wrong words")
        self.assertEqual(d.cli("rekey", "root", "--passphrase-fd", str(fd), "--drop-others", pass_fds=[fd]).code, 5)
        self.assertEqual(d.cli("rekey", "root", "--secret-file", d.folder + "/nothing", "--drop-others").code, 65)
        fd = phrase("words")
        done = d.ok("rekey", "root", "--secret-file", d.folder + "/usb", "--passphrase-fd", str(fd), "--drop-others", "--json", pass_fds=[fd]).json
        self.assertEqual((done["kept"], done["dropped"]), ([1, 2, 3, 4], [5]))
        self.assertEqual([k["id"] for k in done["recovery_keys"]], [2])
        drawn = done["recovery_keys"][0]["recovery_key"]
        self.assertEqual(d.ok("get", "a").text, PLANT + "a")
        self.verifies(d, key)
        d.stop()
        d.start()
        self.assertEqual(d.ok("get", "a").text, PLANT + "a")
        self.verifies(d, key)
        d.ok("lock")
        self.assertEqual(d.cli("unlock", "--key-file", d.folder + "/lost").code, 5)
        d.ok("unlock", "--key-file", d.folder + "/usb")
        for text, code in ((recovery["recovery_key"], 5), (drawn, 0)):
            fd = phrase(text)
            self.assertEqual(d.cli("slot", "rehearse", "--recovery", "--passphrase-fd", str(fd), pass_fds=[fd]).code, code)
        # Without one slot, in the same step.
        done = d.ok("slot", "remove", "4", "--new-root", "--drop-others", "--json").json
        self.assertEqual((done["kept"], done["dropped"]), ([1, 2], [3, 4]))
        self.assertEqual(d.cli("slot", "remove", "4", "--drop-others").code, 64)
        self.assertEqual(d.cli("slot", "remove", "9", "--new-root").code, 3)
        self.assertEqual(d.cli("slot", "remove", "1", "--new-root", "--drop-others", "--json").failure["code"], "last-slot")
        d.stop()
        offline = coffer("rekey", "root", "--store", d.store, "--key-file", d.key)
        self.assertEqual(offline.code, 0, offline)
        self.assertIn("Recovery key of slot 2", offline.text)
        d.start()
        self.verifies(d, key)
        d.ok("rekey", "--wait")
        self.verifies(d, key)
        d.stop()

    def verifies(self, d, key):
        result = d.cli("apikey", "verify", "--json", input=key)
        self.assertEqual((result.code, result.json["valid"]), (0, True), result)


if __name__ == "__main__":
    unittest.main()
