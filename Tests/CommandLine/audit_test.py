"""The audit log from outside: what is in it, what happens when it cannot be written, and what is found out."""

import glob
import unittest

from common import *
from scripted_upstream import Upstream

ROOT_ONLY = unittest.skipUnless(ROOT, "needs root")


def lines(result):
    return [json.loads(line) for line in result.text.splitlines()]


def search(d, *arguments, **options):
    return lines(d.ok("audit", "search", "--json", *arguments, **options))


def until(what, wanted, seconds=15):
    """Asks until the answer is good; the last one otherwise."""
    end = time.monotonic() + seconds
    while True:
        answer = what()
        if wanted(answer) or time.monotonic() > end:
            return answer
        time.sleep(0.1)


def configured(text, folder):
    path = os.path.join(folder, "coffer.yaml")
    with open(path, "w") as file:
        file.write(text)
    return path


def flood(state, path, rounds):
    """In a child of another uid: asks for what nobody allows, by names that it makes up. Returns how often it was refused."""
    client = c.Client.connect(path, timeout=20)
    refused = 0
    for number in range(rounds):
        for ask in (lambda n: client.get(n), lambda n: client.put(n, b"x"), lambda n: client.delete(n, 0)):
            try:
                ask("made/up/%d" % number)
            except c.Denied:
                refused += 1
    client.close()
    return refused


class Recording(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Daemon()

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    def test_changes_reads_and_the_last_of_both(self):
        d = self.d
        d.put("a/changed")
        d.put("a/changed", "second")
        for _ in range(3):
            d.ok("get", "a/changed")
        changes = search(d, "--name", "a/changed", "--action", "put")
        self.assertEqual([(e["version"], e["result"], e["tenant"]) for e in changes], [(1, "ok", "main"), (2, "ok", "main")])
        self.assertTrue(all(e["digest"] for e in changes))
        reads = until(lambda: search(d, "--name", "a/changed", "--action", "get"), lambda r: sum(e["count"] for e in r) >= 3)
        self.assertEqual(sum(e["count"] for e in reads), 3)
        self.assertEqual({(e["who"], e["version"], e["door"]) for e in reads}, {("uid:%d" % os.geteuid(), 2, "socket")})
        self.assertTrue(all(e["pid"] > 0 for e in reads))
        last = d.ok("audit", "last", "a/changed", "--json").json
        self.assertEqual((last["read"]["action"], last["changed"]["version"]), ("get", 2))
        self.assertIn("version 2", d.ok("audit", "last", "a/changed").text)

    def test_which_change_wrote_this_value(self):
        d = self.d
        d.put("v/one", "alpha")
        d.put("v/two", "beta")
        found = search(d, "--value", input="beta")
        self.assertEqual([e["name"] for e in found], ["v/two"])
        self.assertEqual(search(d, "--value", input="gamma"), [])
        self.assertEqual([e["name"] for e in search(d, "--value", "--trim-newline", input="alpha\n")], ["v/one"])

    def test_bad_questions_are_refused(self):
        d = self.d
        for arguments in (["--result", "no-such"], ["--since", "yesterday"], ["--until", "x"]):
            self.assertEqual(d.cli("audit", "search", *arguments).code, 64, arguments)
        for arguments in (["--noun", "nothing"], ["--action", "sing"], ["--name", "a//b"]):
            result = d.cli("audit", "search", "--json", *arguments)
            self.assertEqual((result.code, result.failure["code"]), (65, "invalid-argument"), arguments)

    def test_export_names_each_value(self):
        d = self.d
        for name in ("e/1", "e/2"):
            d.put(name)
        d.ok("export", "e/", "--to", "json")
        read = until(lambda: search(d, "--action", "export"), lambda r: len(r) >= 2)
        self.assertEqual(sorted(e["name"] for e in read), ["e/1", "e/2"])

    @ROOT_ONLY
    def test_refusals_say_who_and_what(self):
        d = self.d
        d.put("r/secret")
        self.assertEqual(d.cli("get", "r/secret", uid=ONE).code, 4)
        self.assertEqual(d.cli("put", "r/secret", input="x", uid=ONE).code, 4)
        self.assertEqual(d.cli("audit", "tail", uid=ONE).code, 4)
        found = until(lambda: search(d, "--who", "uid:%d" % ONE, "--result", "denied"), lambda r: len(r) >= 3)
        self.assertEqual(sorted((e["noun"], e["action"], e["name"]) for e in found),
                         [("audit", "info", ""), ("secret", "get", "r/secret"), ("secret", "put", "r/secret")])
        self.assertIn("gid:%d" % ONE, found[0]["selectors"])

    @ROOT_ONLY
    def test_a_rule_lets_others_read_it(self):
        d = self.d
        d.allow("auditors", ["uid:%d" % TWO], "info", None, noun="audit")
        self.assertEqual(d.cli("audit", "tail", "-n", "1", uid=TWO).code, 0)
        self.assertEqual(d.cli("audit", "verify", uid=TWO).code, 4)
        self.assertEqual(d.cli("audit", "repair", uid=TWO).code, 4)
        d.forget_policies()

    def test_nothing_readable_lies_there(self):
        d = self.d
        d.put("plainly/named", "plainvalue")
        d.ok("get", "plainly/named")
        for path in glob.glob(os.path.join(d.store, "audit", "*")):
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
            with open(path, "rb") as file:
                content = file.read()
            for word in (b"plainly", b"plainvalue", b"uid:"):
                self.assertNotIn(word, content)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(d.store, "audit")).st_mode), 0o700)


class Life(unittest.TestCase):
    def test_start_lock_unlock_and_stop(self):
        d = Daemon()
        d.ok("lock")
        self.assertEqual(d.cli("unlock", "--key-file", os.devnull).code != 0, True)
        wrong = os.path.join(d.folder, "wrong")
        with open(wrong, "wb") as file:
            file.write(os.urandom(32))
        os.chmod(wrong, 0o600)
        self.assertEqual(d.cli("unlock", "--key-file", wrong).code, 5)
        d.ok("unlock", "--key-file", d.key)
        acts = until(lambda: search(d, "--noun", "store"), lambda r: len(r) >= 3)
        self.assertEqual([(e["action"], e["result"]) for e in acts if e["action"] in ("lock", "unlock")],
                         [("lock", "ok"), ("unlock", "unlock-failed"), ("unlock", "ok")])
        self.assertEqual(d.stop(), 0)
        d.start()
        life = until(lambda: search(d, "--noun", "daemon"), lambda r: len(r) >= 3)
        self.assertEqual([e["action"] for e in life], ["start", "stop", "start"])
        self.assertEqual(d.ok("audit", "verify", "--json").json["whole"], True)
        d.stop()
        stopped = run([binary("coffer"), "audit", "verify", "--store", d.store, "--key-file", d.key])
        self.assertEqual(stopped.code, 0, stopped)
        shown = run([binary("coffer"), "audit", "search", "--store", d.store, "--key-file", d.key, "--noun", "daemon", "--json"])
        self.assertEqual([e["action"] for e in lines(shown)], ["start", "stop", "start", "stop"])

    def test_acknowledged_changes_are_there_after_kill_9(self):
        d = Daemon()
        for number in range(20):
            d.put("k/%d" % number)
        d.kill()
        d.start()
        self.assertEqual(len(search(d, "--name", "k/*", "--action", "put")), 20)
        self.assertEqual(d.cli("audit", "verify").code, 0)
        d.stop()

    def test_tail_follows(self):
        d = Daemon()
        d.put("t/before")
        tail = subprocess.Popen([binary("coffer"), "audit", "tail", "-f", "-n", "1", "--name", "t/*", "--json"], stdout=subprocess.PIPE,
                                env=clean_environment({"COFFER_SOCKET": d.socket}))
        try:
            self.assertEqual(json.loads(tail.stdout.readline())["name"], "t/before")
            d.put("t/after")
            self.assertEqual(json.loads(tail.stdout.readline())["name"], "t/after")
        finally:
            tail.kill()
            tail.wait()
            tail.stdout.close()
        d.stop()


@ROOT_ONLY
class Flood(unittest.TestCase):
    def test_who_may_nothing_pushes_nothing_out(self):
        folder = space()
        d = Daemon(folder=folder, config=configured("audit: {segment: 64KiB, keep: 2}\n", folder))
        d.put("f/kept")
        with Child(ONE) as child:
            refused = child.call(flood, d.socket, 2_000)
        self.assertEqual(refused, 6_000)
        # Others are refused by name meanwhile, and are not counted with the flood.
        self.assertEqual(d.cli("get", "f/kept", uid=TWO).code, 4)
        asked = ["--result", "denied", "--who", "uid:%d" % ONE]
        found = until(lambda: search(d, *asked), lambda r: sum(e["count"] for e in r) >= 6_000)
        self.assertEqual(sum(e["count"] for e in found), 6_000)
        self.assertLess(len(found), 1_000)
        self.assertTrue(any(e["name"] for e in found) and any(e["count"] > 1 and not e["name"] for e in found))
        other = until(lambda: search(d, "--who", "uid:%d" % TWO), lambda r: r)
        self.assertEqual([(e["name"], e["result"]) for e in other], [("f/kept", "denied")])
        self.assertEqual(len(search(d, "--name", "f/kept", "--action", "put", "--result", "ok")), 1)
        self.assertLess(sum(os.path.getsize(p) for p in glob.glob(os.path.join(d.store, "audit", "*"))), 256 << 10)
        self.assertEqual(d.cli("audit", "verify").code, 0)
        d.stop()


class Modes(unittest.TestCase):
    def daemon(self, text):
        folder = space()
        return Daemon(folder=folder, config=configured(text, folder))

    def test_sync_is_there_when_the_answer_is(self):
        d = self.daemon("audit: {reads: sync}\n")
        d.put("s/1", "one")
        for number in range(3):
            self.assertEqual(d.ok("get", "s/1").text, "one")
            d.kill()
            d.start()
            self.assertEqual(sum(e["count"] for e in search(d, "--name", "s/1", "--action", "get")), number + 1)
        self.assertEqual(d.cli("get", "s/none").code, 3)
        d.stop()

    def test_sync_is_there_also_when_a_token_had_to_be_fetched(self):
        d = self.daemon("audit: {reads: sync}\n")
        upstream = Upstream()
        self.addCleanup(upstream.close)
        d.ok("credential", "add", "fetched", "--provider", "oauth2", "--param", "token_url=%s/token" % upstream.url, "--client-id", "web",
             "--secret", "refresh", input=upstream.new(PLANT) + "\n")
        for number in range(2):
            # The first is refreshed, the second lies in the store.
            d.ok("token", "fetched")
            d.kill()
            d.start()
            self.assertEqual(sum(e["count"] for e in search(d, "--name", "fetched", "--action", "token")), number + 1)
        d.stop()

    def test_off_records_changes_only(self):
        d = self.daemon("audit: {reads: off}\n")
        d.put("o/1", "one")
        d.ok("get", "o/1")
        shutil.rmtree(os.path.join(d.store, "audit"))
        # Reads do not fail; changes do.
        self.assertEqual(d.cli("put", "o/1", input="two").code, 7)
        self.assertEqual(d.ok("get", "o/1").text, "one")
        d.kill()

    def test_rotation_keeps_the_newest(self):
        d = self.daemon("audit: {segment: 64KiB, keep: 2}\n")
        for number in range(40):
            d.ok("import", "--from", "dotenv", "-", input="".join("R%d_%d=%d\n" % (number, i, i) for i in range(30)))
        self.assertLessEqual(len(glob.glob(os.path.join(d.store, "audit", "*.log"))), 2)
        self.assertEqual(d.cli("audit", "verify").code, 0)
        d.stop()

    def test_settings_are_checked(self):
        for text, word in (("audit: {reads: never}\n", "reads"), ("audit: {segment: 1}\n", "segment"), ("audit: {keep: 1}\n", "keep"),
                           ("audit: {folder: here}\n", "folder"), ("audit: {colour: red}\n", "colour"), ("audit: yes\n", "audit")):
            folder = space()
            d = Daemon(folder=folder, config=configured(text, folder), start=False)
            done = subprocess.run(d.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment(), timeout=20)
            self.assertEqual(done.returncode, 78, done)
            self.assertIn(word, done.stderr.decode())


class Down(unittest.TestCase):
    def fails_closed(self, d):
        """Until reads are refused; what helps is answered all the while."""
        def refused():
            return d.cli("get", "d/1", "--json")
        result = until(refused, lambda r: r.code == 7)
        self.assertEqual((result.code, result.failure["code"]), (7, "audit-unavailable"), result)
        self.assertEqual(d.cli("put", "d/1", "--json", input="x").failure["code"], "audit-unavailable")
        self.assertEqual(d.cli("list").code, 7)
        for verb in ("status", "doctor", "whoami"):
            self.assertEqual(d.cli(verb).code, 0 if verb != "doctor" else d.cli(verb).code, verb)
        self.assertIn("audit", d.cli("doctor").text)
        self.assertEqual(d.ok("status", "--json").json["audit_down"], 1)

    def test_a_deleted_file(self):
        d = Daemon()
        d.put("d/1", "one")
        for path in glob.glob(os.path.join(d.store, "audit", "*.log")):
            os.unlink(path)
        d.cli("get", "d/1")
        self.fails_closed(d)
        self.assertIn("begins anew", d.ok("audit", "repair").text)
        self.assertEqual(d.ok("get", "d/1").text, "one")
        d.put("d/1", "two")
        self.assertEqual(d.cli("audit", "verify").code, 0)
        self.assertIn("known", d.ok("audit", "verify").text)
        d.stop()
        d.start()
        self.assertEqual(d.ok("get", "d/1").text, "two")
        d.stop()

    def test_another_file_in_its_place(self):
        d = Daemon()
        d.put("d/1", "one")
        path = glob.glob(os.path.join(d.store, "audit", "*.log"))[0]
        shutil.copyfile(path, path + ".copy")
        os.rename(path + ".copy", path)
        d.cli("get", "d/1")
        self.fails_closed(d)
        d.kill()

    def test_a_cut_log_is_found_at_the_start(self):
        d = Daemon()
        d.put("d/1", "one")
        size = os.path.getsize(glob.glob(os.path.join(d.store, "audit", "*.log"))[0])
        d.put("d/2")
        d.stop()
        path = glob.glob(os.path.join(d.store, "audit", "*.log"))[0]
        os.truncate(path, size)
        d.start()
        self.fails_closed(d)
        wrong = d.cli("audit", "verify")
        self.assertEqual(wrong.code, 65, wrong)
        self.assertIn("the store knows of", wrong.text)
        d.ok("audit", "repair")
        self.assertEqual(d.ok("get", "d/1").text, "one")
        d.stop()

    def test_reads_that_were_cut_off_are_missed(self):
        folder = space()
        d = Daemon(folder=folder, config=configured("audit: {reads: sync}\n", folder))
        d.put("d/1", "one")
        path = glob.glob(os.path.join(d.store, "audit", "*.log"))[0]
        size = os.path.getsize(path)
        for _ in range(3):
            d.ok("get", "d/1")
        d.stop()
        os.truncate(path, size)
        stopped = ["--store", d.store, "--key-file", d.key]
        verdict = run([binary("coffer"), "audit", "verify", *stopped])
        self.assertEqual(verdict.code, 65, verdict)
        self.assertIn("its end was cut off", verdict.text)
        d.start()
        self.assertEqual(d.ok("get", "d/1").text, "one")
        self.assertEqual(len(search(d, "--action", "cut")), 1)
        self.assertEqual(d.cli("audit", "verify").code, 65)
        self.assertIn("cut off", d.cli("doctor").text)
        d.ok("audit", "repair")
        self.assertEqual(d.cli("audit", "verify").code, 0)
        d.stop()
        self.assertEqual(run([binary("coffer"), "audit", "verify", *stopped]).code, 0)

    def test_a_folder_that_is_not_there_is_not_made(self):
        d = Daemon()
        d.put("d/1", "one")
        d.stop()
        absent = os.path.join(d.folder, "absent")
        for verb in (["verify"], ["search"], ["tail"], ["repair"]):
            asked = run([binary("coffer"), "audit", *verb, "--json", "--store", d.store, "--key-file", d.key, "--folder", absent])
            self.assertEqual((asked.code, asked.failure["code"]), (3, "not-found"), verb)
            self.assertFalse(os.path.exists(absent), verb)
        shutil.rmtree(os.path.join(d.store, "audit"))
        gone = run([binary("coffer"), "audit", "verify", "--store", d.store, "--key-file", d.key])
        self.assertEqual(gone.code, 65, gone)
        self.assertIn("the store knows of", gone.text)
        self.assertFalse(os.path.exists(os.path.join(d.store, "audit")))

    def test_an_edited_record_is_named(self):
        d = Daemon()
        for number in range(5):
            d.put("d/%d" % number)
        d.stop()
        path = glob.glob(os.path.join(d.store, "audit", "*.log"))[0]
        with open(path, "r+b") as file:
            file.seek(300)
            byte = file.read(1)
            file.seek(300)
            file.write(bytes([byte[0] ^ 1]))
        verdict = run([binary("coffer"), "audit", "verify", "--json", "--store", d.store, "--key-file", d.key])
        self.assertEqual(verdict.code, 65, verdict)
        self.assertEqual(verdict.json["whole"], False)
        self.assertGreater(verdict.json["findings"][0]["record"], 0)

    @ROOT_ONLY
    def test_a_full_disk_and_room_again(self):
        folder = space()
        disk = os.path.join(folder, "disk")
        os.mkdir(disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk])
        if mounted.returncode != 0:
            self.skipTest("no tmpfs can be mounted here")
        try:
            d = Daemon(folder=folder, config=configured("audit: {folder: %s/log}\n" % disk, folder))
            d.put("d/1", "one")
            filler = os.path.join(disk, "filler")
            with open(filler, "wb", buffering=0) as file:
                try:
                    while True:
                        file.write(bytes(4096))
                except OSError:
                    pass
            # Some room is set aside for the log: until it is used up, all goes on.
            self.assertEqual(d.cli("put", "d/2", input="x").code, 0)
            many = "".join("FULL_%d=1\n" % number for number in range(1_000))
            until(lambda: d.cli("import", "--from", "dotenv", "-", input=many.replace("=1", "=%s" % time.monotonic())).code, lambda code: code == 7)
            self.fails_closed(d)
            before = d.ok("status", "--json").json["revision"]
            self.assertEqual(d.cli("put", "d/3", input="x").code, 7)
            self.assertEqual(d.ok("status", "--json").json["revision"], before)
            os.unlink(filler)
            self.assertEqual(until(lambda: d.cli("get", "d/1").code, lambda code: code == 0), 0)
            d.put("d/3", "three")
            self.assertEqual(d.cli("audit", "verify").code, 0)
            self.assertEqual(d.stop(), 0)
        finally:
            subprocess.run(["umount", "-l", disk])


if __name__ == "__main__":
    unittest.main()
