"""What a restore leaves around it: watches begin anew, the generation of before goes or stays, and what was killed is cleared away."""

import json
import os
import select
import subprocess
import time
import unittest

from backups import Daemon, Keys, backup, binary, clean_environment, restore, space


def line(process, seconds=20):
    """The next line that a process says, within bounded time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([process.stdout], [], [], 0.5)[0]:
            return process.stdout.readline().decode()
    raise AssertionError("nothing came within %d s" % seconds)


class Generations(unittest.TestCase):

    def setUp(self):
        self.folder = space()
        self.keys = Keys(self.folder)
        self.path = os.path.join(self.folder, "b.age")

    def daemon(self, *arguments):
        daemon = Daemon(*arguments)
        self.addCleanup(daemon.kill)
        return daemon

    @staticmethod
    def folders(daemon):
        return sorted(name for name in os.listdir(daemon.store) if name.startswith("gen-"))

    def kept(self, daemon):
        return [f["message"] for f in daemon.cli("doctor", "--json").json if f["check"] == "kept-generations"]

    def test_watches(self):
        daemon = self.daemon()
        daemon.put("a/1", "one")
        backup(daemon, self.path, self.keys)
        daemon.put("a/1", "two")
        watch = subprocess.Popen([binary("coffer"), "watch", "--prefix", "a/", "--json"], stdout=subprocess.PIPE,
                                 env=clean_environment({"COFFER_SOCKET": daemon.socket}))
        self.addCleanup(watch.stdout.close)
        self.addCleanup(watch.wait)
        self.addCleanup(watch.kill)
        # It listens once it tells of a change.
        for _ in range(100):
            daemon.put("a/2", "known")
            if select.select([watch.stdout], [], [], 0.2)[0]:
                break
        first = json.loads(line(watch))
        self.assertEqual(first["event"], "change", first)
        done = restore(daemon, self.path, self.keys, "--replace", "--discard-newer")
        self.assertEqual(done.code, 0, done)
        again = json.loads(line(watch))
        while again["event"] == "change":
            again = json.loads(line(watch))
        self.assertEqual(again["event"], "resync", again)
        self.assertNotEqual(again["position"].split(":")[0], first["position"].split(":")[0])
        self.assertEqual(daemon.ok("get", "a/1").text, "one")

    def test_the_generation_before_goes(self):
        daemon = self.daemon()
        daemon.put("a", "1")
        backup(daemon, self.path, self.keys)
        for _ in range(3):
            self.assertEqual(restore(daemon, self.path, self.keys, "--replace", "--discard-newer").code, 0)
        daemon.ok("list")
        self.assertEqual(len(self.folders(daemon)), 1)
        self.assertEqual(self.kept(daemon), [])
        self.assertEqual(daemon.stop(), 0)

    def test_kept_generations_are_told(self):
        daemon = self.daemon("--keep-generations", "1")
        daemon.put("a", "1")
        backup(daemon, self.path, self.keys)
        for _ in range(3):
            self.assertEqual(restore(daemon, self.path, self.keys, "--replace", "--discard-newer").code, 0)
        daemon.ok("list")
        folders = self.folders(daemon)
        self.assertEqual(len(folders), 2)
        self.assertIn(folders[0], self.kept(daemon)[0])
        self.assertEqual(daemon.stop(), 0)
        # What a killed restore left is gone with the next start.
        os.mkdir(daemon.store + "/gen-000099.new", 0o700)
        with open(daemon.store + "/gen-000099.new/data.mdb", "wb") as file:
            file.write(b"half")
        daemon.start()
        self.assertEqual(self.folders(daemon), folders)
        self.assertEqual(daemon.ok("get", "a").text, "1")
        self.assertEqual(daemon.stop(), 0)


if __name__ == "__main__":
    unittest.main()
