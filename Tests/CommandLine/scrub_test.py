"""coffer scrub, with a daemon and for a stopped store, and what the daemon says of a file that is damaged."""

import unittest

from common import *

DATA = os.path.join("current", "data.mdb")


def flip(path, offset, mask=0x10):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ mask]))


def fill(d):
    """30 names, each by a change of its own."""
    with d.client() as client:
        for number in range(30):
            client.put("name-%d" % number, b"%s%d" % (PLANT.encode(), number))


class WithDaemon(unittest.TestCase):
    def setUp(self):
        self.d = Daemon()
        self.addCleanup(self.d.kill)
        fill(self.d)

    def test_nothing_is_found_where_nobody_did_anything(self):
        said = self.d.cli("scrub")
        self.assertEqual(said.code, 0, said.err)
        self.assertIn("everything is as the store left it", said.text)
        revision = self.d.cli("status", "--json").json["revision"]
        self.assertIn("at revision %d;" % revision, said.text)
        result = self.d.cli("scrub", "--json").json
        self.assertEqual((result["ok"], result["finding_count"], result["findings"], result["failure"]), (True, 0, [], None))
        self.assertEqual((result["revision"], result["tables"]["secrets"], result["tables"]["values"]), (revision, 30, 30))
        self.assertEqual(self.d.cli("scrub", "--last", "--json").json, result)
        status = self.d.cli("status", "--json").json
        self.assertEqual((status["scrub_findings"], status["scrub_revision"], status["scrub_running"]), (0, revision, 0))
        self.assertGreater(status["scrub_records"], 60)
        doctor = {finding["check"]: finding for finding in self.d.cli("doctor", "--json").json}
        self.assertEqual(doctor["scrub"]["verdict"], "good")

    def test_the_last_one_is_known_behind_a_restart(self):
        self.assertEqual(self.d.cli("scrub", "--last").code, 3)
        self.assertEqual(self.d.cli("scrub").code, 0)
        last = self.d.cli("status", "--json").json["scrub_last"]
        self.assertEqual(self.d.stop(), 0)
        again = Daemon(folder=self.d.folder)
        self.addCleanup(again.kill)
        self.assertEqual(again.cli("status", "--json").json["scrub_last"], last)
        self.assertEqual(again.cli("scrub", "--last").code, 3)

    def test_in_the_background_and_without_one_that_runs(self):
        self.assertEqual(self.d.cli("scrub", "--stop").text.strip(), "none runs")
        self.assertEqual(self.d.cli("scrub", "--background").code, 0)
        end = time.monotonic() + 20
        while self.d.cli("scrub", "--last").code == 3:
            self.assertLess(time.monotonic(), end)
        self.assertEqual(self.d.cli("scrub", "--last").code, 0)

    def test_a_locked_store_is_not_looked_at(self):
        self.assertEqual(self.d.cli("lock").code, 0)
        self.assertEqual(self.d.cli("scrub").code, 5)

    @unittest.skipUnless(ROOT, "needs root")
    def test_it_takes_a_right(self):
        self.assertEqual(self.d.cli("scrub", uid=ONE).code, 4)
        self.assertEqual(self.d.cli("scrub", "--last", uid=ONE).code, 4)
        self.d.allow("p", ["uid:%d" % ONE], "scrub", None, noun="store")
        self.assertEqual(self.d.cli("scrub", uid=ONE).code, 0)


class Scheduled(unittest.TestCase):
    def test_the_daemon_scrubs_by_itself(self):
        folder = space()
        config = os.path.join(folder, "c.yaml")
        with open(config, "w") as file:
            file.write("scrub: { every: 1s }\n")
        d = Daemon(folder=folder, config=config)
        self.addCleanup(d.kill)
        end = time.monotonic() + 30
        while "scrub_last" not in d.cli("status", "--json").json:
            self.assertLess(time.monotonic(), end)
        self.assertEqual(d.cli("scrub", "--last").code, 0)

    def test_what_is_no_time_is_refused(self):
        folder = space()
        for text in ("7", "d", "0s", "-1d", "367d", "1w", "7 d", "99999999999999999999d", "[7d]"):
            config = os.path.join(folder, "c.yaml")
            with open(config, "w") as file:
                file.write("scrub:\n  every: %s\n" % text)
            d = Daemon(folder=folder, config=config, start=False)
            done = subprocess.run(d.command() + ["--check-config"], capture_output=True, env=clean_environment())
            self.assertEqual(done.returncode, 78, text)
            self.assertIn(b"scrub.every", done.stderr)


class Damaged(unittest.TestCase):
    def setUp(self):
        self.d = Daemon()
        self.addCleanup(self.d.kill)
        fill(self.d)
        self.assertEqual(self.d.stop(), 0)
        self.data = os.path.join(self.d.store, DATA)

    def scrub(self, *arguments):
        return coffer("scrub", "--store", self.d.store, "--key-file", self.d.key, *arguments)

    def refused(self):
        began = time.monotonic()
        done = subprocess.run(self.d.command(), capture_output=True, env=clean_environment(), timeout=20)
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(done.returncode, 65, done.stderr)
        for word in (b"damaged", b"restore", b"backup"):
            self.assertIn(word, done.stderr)
        for said in (self.scrub(), coffer("slot", "list", "--store", self.d.store)):
            self.assertEqual(said.code, 65, said.err)
            self.assertIn("damaged", said.error)

    def test_a_stopped_store(self):
        self.assertEqual(self.scrub().code, 0)
        self.assertTrue(self.scrub("--json").json["ok"])
        self.assertEqual(coffer("scrub", "--store", self.d.store).code, 64)

    def test_both_meta_pages(self):
        for page in (0, 1):
            flip(self.data, page * 4096 + 16)
        self.refused()

    def test_a_file_that_was_cut(self):
        os.truncate(self.data, os.path.getsize(self.data) // 8192 * 4096)
        self.refused()

    def test_an_empty_file(self):
        os.truncate(self.data, 0)
        self.refused()

    def test_nothing_but_noise(self):
        size = os.path.getsize(self.data)
        with open(self.data, "r+b") as file:
            file.seek(8192)
            file.write(os.urandom(size - 8192))
        self.refused()

    def test_a_page_that_points_at_itself(self):
        """Every page of a tree's inside is made its own child: LMDB would go round for ever."""
        with open(self.data, "r+b") as file:
            content = bytearray(file.read())
            for at in range(8192, len(content), 4096):
                if content[at + 10] == 1:
                    place = content[at + 16] | content[at + 17] << 8
                    content[at + place:at + place + 4] = content[at:at + 4]
            branches = sum(content[at + 10] == 1 for at in range(8192, len(content), 4096))
            file.seek(0)
            file.write(content)
        if branches:
            self.refused()


if __name__ == "__main__":
    unittest.main(verbosity=2)
