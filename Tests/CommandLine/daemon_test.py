"""The daemon from outside: starting, refusing to start, locking, stopping, and what it must never show."""

import re
import unittest

from common import *

ROOT_ONLY = unittest.skipUnless(ROOT, "needs root")


def start_and_fail(d, timeout=20):
    """(exit code, what it said) of a daemon that must not start."""
    try:
        done = subprocess.run(d.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              env=clean_environment(d.env), timeout=timeout)
    except subprocess.TimeoutExpired as e:
        return None, (e.stderr or b"").decode()
    return done.returncode, done.stderr.decode()


class Starting(unittest.TestCase):
    def refused(self, d, code, *texts):
        got, said = start_and_fail(d, 10)
        self.assertEqual(got, code, said)
        for text in texts:
            self.assertIn(text, said)
        self.assertNotIn("Fatal", said)
        return said

    def test_two_daemons(self):
        d = Daemon()
        d.put("a")
        same_store = Daemon(folder=d.folder, socket=d.folder + "/other", start=False)
        self.refused(same_store, 75, d.store)
        other = Daemon(start=False, socket=d.socket)
        self.refused(other, 75, d.socket)
        self.assertEqual(d.ok("get", "a").text, PLANT + "a")
        self.assertFalse(os.path.exists(d.folder + "/other"))
        for verb in (["slot", "list", "--store", d.store], ["slot", "add", "recovery", "--store", d.store, "--key-file", d.key]):
            self.assertEqual(coffer(*verb).code, 7, verb)
        self.assertEqual(d.stop(), 0)

    def test_after_a_kill(self):
        d = Daemon()
        d.put("a")
        d.kill()
        self.assertTrue(os.path.exists(d.socket))
        self.assertEqual(d.cli("get", "a").code, 6)
        d.start()
        self.assertEqual(d.ok("get", "a").text, PLANT + "a")
        self.assertEqual(d.stop(), 0)
        self.assertFalse(os.path.exists(d.socket), "the socket goes with the daemon")

    def test_an_older_store(self):
        d = Daemon()
        d.put("a", "old")
        self.assertEqual(d.stop(), 0)
        data = d.store + "/current/data.mdb"
        with open(data, "rb") as file:
            older = file.read()
        d.start()
        d.put("a", "new")
        d.put("b", "new")
        known = d.ok("status", "--json").json["revision"]
        self.assertEqual(d.stop(), 0)
        with open(data, "wb") as file:
            file.write(older)
        said = self.refused(d, 65, "older copy", str(known))
        found = re.search(r"--accept-rollback (\d+)", said).group(1)
        self.assertLess(int(found), int(known))
        d.arguments = ["--accept-rollback", str(int(found) + 1)]
        self.refused(d, 65, "--accept-rollback " + found)
        d.arguments = ["--accept-rollback", found]
        d.start()
        self.assertIn("took an older store", d.log_text())
        self.assertEqual(d.ok("get", "a").text, "old")
        self.assertEqual(d.cli("get", "b").code, 3)
        after = d.ok("status", "--json").json["revision"]
        self.assertGreaterEqual(int(after), int(known) + 2**32)
        d.put("a", "went on")
        self.assertEqual(d.stop(), 0)
        # Without the flag it is a store like any other; with it as well.
        d.start()
        self.assertIn("had no effect", d.log_text())
        self.assertEqual(d.stop(), 0)
        d.arguments = []
        d.start()
        self.assertEqual(d.ok("get", "a").text, "went on")
        self.assertEqual(d.stop(), 0)

    def test_bad_sockets(self):
        base = space()
        long = Daemon(start=False, socket=base + "/" + "x" * (108 - len(base)))
        self.refused(long, 73, "107")
        got, said = start_and_fail(Daemon(start=False, socket=base + "/no/s.sock"))
        self.assertEqual(got, 73, "docs of cofferd: 73 something cannot be made; " + said)
        with open(base + "/file", "w"):
            pass
        self.refused(Daemon(start=False, socket=base + "/file"), 75, "not a socket")
        self.assertTrue(os.path.isfile(base + "/file"))
        os.mkdir(base + "/open", 0o777)
        os.chmod(base + "/open", 0o777)
        self.refused(Daemon(start=False, socket=base + "/open/s.sock"), 77, base + "/open")
        edge = Daemon(socket=base + "/" + "x" * (106 - len(base)))
        self.assertEqual(len(edge.socket), 107)
        edge.ok("status")
        edge.stop()

    @ROOT_ONLY
    def test_squatters(self):
        base = space()
        os.chmod(base, 0o1777)
        path = base + "/s.sock"
        script = "import socket,sys,time; s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(5)\nwhile 1:\n c,_=s.accept(); d=c.recv(1)\n"
        script += " open(sys.argv[2],'ab').write(d)\n"
        squatter = subprocess.Popen(as_user(ONE) + ["/usr/bin/python3", "-c", script, path, base + "/got"])
        self.addCleanup(squatter.wait)
        self.addCleanup(squatter.kill)
        while not os.path.exists(path):
            time.sleep(0.02)
        said = self.refused(Daemon(start=False, socket=path), 75)
        self.assertIn("1001", said)
        self.assertTrue(os.path.exists(path))
        os.chmod(path, 0o777)
        for uid in (None, TWO):
            result = coffer("put", "a", "--json", env={"COFFER_SOCKET": path}, uid=uid, input=PLANT)
            self.assertEqual((result.code, result.failure["code"]), (6, "untrusted-server"), result)
        time.sleep(0.2)
        self.assertFalse(os.path.exists(base + "/got") and os.path.getsize(base + "/got"), "bytes were sent to a server that is not trusted")

    @ROOT_ONLY
    def test_a_store_that_cannot_be_looked_into(self):
        d = Daemon()
        d.stop()
        got, said = start_and_fail(Daemon(folder=d.folder, uid=ONE, start=False, socket=space(ONE) + "/s.sock"))
        self.assertIn(got, (73, 77), said)
        self.assertNotIn("no store", said, "a store that may not be looked into is taken for none")

    @ROOT_ONLY
    def test_a_folder_that_cannot_be_written(self):
        got, said = start_and_fail(Daemon(start=False, uid=ONE, folder=space()))
        self.assertEqual(got, 73, said)

    @ROOT_ONLY
    def test_a_store_of_another_user(self):
        mine = Daemon(uid=ONE)
        mine.ok("put", "a", uid=ONE, input="x")
        mine.stop()
        taken = Daemon(folder=mine.folder, start=False, socket=space() + "/s.sock")
        got, said = start_and_fail(taken, 5)
        self.assertEqual(got, 77, "root took over a store of uid 1001: " + said)
        self.assertEqual(run(["find", mine.store, "-user", "0"]).out, b"", "root's files in a user's store")
        mine.start()
        self.assertEqual(mine.ok("get", "a", uid=ONE).text, "x")
        mine.stop()

    def test_store_modes(self):
        d = Daemon()
        d.stop()
        for path in [d.store] + [os.path.join(folder, f) for folder, _, files in os.walk(d.store) for f in files]:
            self.assertEqual(mode(path) & 0o077, 0, path)
        self.assertEqual(mode(d.key), 0o600)
        with open(d.key) as f:
            self.assertRegex(f.read(), r"^[0-9a-f]{64}\n$")
        os.chmod(d.key, 0o644)
        d.start()
        self.assertEqual(d.cli("get", "a").code, 5, "a key file that others may read does not open the store")
        self.assertIn("0600", d.log_text())
        self.assertEqual(d.cli("status").code, 0)
        d.stop()

    def test_accidents(self):
        d = Daemon()
        d.put("a")
        d.stop()
        os.rename(d.store, d.store + ".away")
        got, said = start_and_fail(d)
        self.assertNotIn(got, (0, None), said)
        self.assertFalse(os.path.exists(d.store), "a key without its store is an accident: no new one is made")
        os.rename(d.store + ".away", d.store)
        os.rename(d.key, d.key + ".away")
        d.start()
        self.assertEqual(d.cli("get", "a").code, 5)
        self.assertFalse(os.path.exists(d.key))
        d.ok("unlock", "--key-file", d.key + ".away")
        self.assertEqual(d.ok("get", "a").text, PLANT + "a")
        d.stop()
        with open(d.key, "w") as f:
            f.write("00" * 32 + "\n")
        os.chmod(d.key, 0o600)
        d.start()
        self.assertEqual(d.cli("get", "a").code, 5)
        d.stop()
        with open(d.key, "w") as f:
            f.write("nonsense")
        d.start()
        self.assertEqual(d.cli("get", "a").code, 5)
        self.assertNotIn("nonsense", d.log_text())
        d.stop()

    def test_key_inside_the_store(self):
        base = space()
        os.mkdir(base + "/real")
        os.symlink(base + "/real", base + "/link")
        for store, key in (("store", "store/key"), ("store", "store/../store/key"), ("store", "x/../store/key"), ("store/", "store//./key"),
                           ("link/store", "real/store/key"), ("real/store", "link/store/key")):
            with self.subTest(store=store, key=key):
                os.makedirs(base + "/x", exist_ok=True)
                result = coffer("init", "--store", base + "/" + store, "--key-file", base + "/" + key)
                self.assertEqual(result.code, 64, result)
                got, said = start_and_fail(self.named(base, store, key), 3)
                self.assertEqual(got, 78, "cofferd took a key file inside the store: " + said)
                shutil.rmtree(base + "/store", ignore_errors=True)
                shutil.rmtree(base + "/real/store", ignore_errors=True)

    def named(self, base, store, key):
        d = Daemon(folder=base, start=False)
        d.store, d.key = base + "/" + store, base + "/" + key
        return d

    def test_configuration(self):
        base = space()
        path = base + "/c.yaml"
        with open(path, "w") as f:
            f.write("# comment\nstore: relative\nquotta: 5\nloops: 65\nsocket_mode: 0777\nquota: lots\nlog_level: [x]\nmap_size: 1\n")
        for flag in ([], ["--check-config"]):
            d = Daemon(*flag, "--index-size", "huge", folder=base, config=path, start=False, env={"COFFER_CONNECTIONS_PER_UID": "0"})
            got, said = start_and_fail(d, 5)
            self.assertEqual(got, 78, said)
            for line, word in ((2, "store"), (3, "quotta"), (4, "loops"), (5, "socket_mode"), (6, "quota"), (7, "log_level"), (8, "map_size")):
                self.assertRegex(said, r"c\.yaml:%d: .*%s" % (line, word))
            self.assertIn("--index-size", said)
            self.assertIn("COFFER_CONNECTIONS_PER_UID", said)
        self.assertFalse(os.path.exists(d.store))
        for text in ("store: [\n", "- a\n", "store: /a\nstore: /b\n", "\xff", "store: /a\n---\nstore: /b\n"):
            with open(path, "w", encoding="latin-1") as f:
                f.write(text)
            got, said = start_and_fail(Daemon("--check-config", folder=base, config=path, start=False), 5)
            self.assertEqual(got, 78, (text, said))
        got, said = start_and_fail(Daemon("--check-config", folder=base, config=base + "/none", start=False), 5)
        self.assertEqual(got, 78, said)
        with open(path, "w") as f:
            f.write("quota: 64MiB\nloops: 2\n")
        d = Daemon("--check-config", folder=base, config=path, start=False)
        done = run(d.command())
        self.assertEqual(done.code, 0, done)
        self.assertFalse(os.path.exists(d.store), "--check-config makes nothing")
        self.assertEqual(run([binary("cofferd"), "--no-such"]).code, 64)
        # Flags come before the environment, and that before the file.
        with open(path, "w") as f:
            f.write("quota: 64MiB\nlog_level: error\n")
        for env, flags, want in (({}, [], 64), ({"COFFER_QUOTA": "32MiB"}, [], 32), ({"COFFER_QUOTA": "32MiB"}, ["--quota", "16MiB"], 16)):
            d = Daemon(*flags, config=path, env=env)
            status = d.ok("status", "--json").json
            self.assertEqual(status.get("quota-bytes", status.get("quota_bytes")), want << 20)
            d.stop()

    def test_socket_mode(self):
        d = Daemon("--socket-mode", "0600")
        self.assertEqual(mode(d.socket), 0o600)
        if ROOT:
            self.assertEqual(d.cli("status", uid=ONE).code, 6)
        d.stop()
        d = Daemon()
        self.assertEqual(mode(d.socket), 0o666)
        d.stop()


class Init(unittest.TestCase):
    def test_init(self):
        base = space()
        store, key = base + "/n/store", base + "/m/key"
        result = coffer("init", "--store", store, "--key-file", key, "--json")
        self.assertEqual((result.code, sorted(result.json)), (0, ["key_file", "recovery_key", "store"]))
        self.assertEqual((mode(key), mode(store) & 0o077), (0o600, 0))
        with open(key) as f:
            before = f.read()
        for arguments in (["--store", store, "--key-file", base + "/k2"], ["--store", base + "/s2", "--key-file", key]):
            again = coffer("init", *arguments)
            self.assertEqual(again.code, 73, again)
        with open(key) as f:
            self.assertEqual(f.read(), before)
        self.assertEqual(sorted(os.listdir(base)), ["m", "n"], "a refused init left something behind")
        d = Daemon(folder=base, start=False)
        d.store, d.key = store, key
        d.start()
        d.put("a")
        d.stop()

    def test_init_with_slots(self):
        base = space()
        fd = pipe_with(b"pass phrase\n")
        result = coffer("init", "--store", base + "/store", "--key-file", base + "/key", "--passphrase-fd", str(fd), "--recovery", pass_fds=[fd])
        os.close(fd)
        self.assertEqual(result.code, 0, result)
        recovery = re.search(r"\n\n  (\S+)\n", result.text).group(1)
        listed = coffer("slot", "list", "--store", base + "/store", "--json").json
        self.assertEqual([s["kind"] for s in listed], ["key-file", "passphrase", "recovery"])
        os.unlink(base + "/key")
        d = Daemon(folder=base)
        self.assertEqual(d.cli("list").code, 5)
        fd = pipe_with(recovery.lower().replace("-", " ").encode())
        d.ok("unlock", "--recovery", "--passphrase-fd", str(fd), pass_fds=[fd])
        os.close(fd)
        d.ok("lock")
        fd = pipe_with(b"pass phrase")
        d.ok("unlock", "--passphrase-fd", str(fd), pass_fds=[fd])
        os.close(fd)
        for text in (recovery, "pass phrase"):
            self.assertNotIn(text, d.log_text())
        d.stop()

    def test_prompted_passphrase(self):
        base = space()
        t = Terminal([binary("coffer"), "init", "--store", base + "/store", "--key-file", base + "/key", "--passphrase"])
        t.until(b": ")
        t.type(b"typed phrase\n")
        t.until(b"(again): ")
        t.type(b"typed phrase\n")
        code, rest = t.end()
        self.assertEqual(code, 0, rest)
        self.assertNotIn(b"typed", rest)
        d = Daemon(folder=base)
        d.ok("lock")
        t = Terminal([binary("coffer"), "unlock"], {"COFFER_SOCKET": d.socket})
        t.until(b": ")
        t.type(b"typed phrase\n")
        code, rest = t.end()
        self.assertEqual(code, 0, rest)
        self.assertNotIn(b"typed", rest)
        d.stop()

    def test_nowhere_to_write(self):
        if not ROOT:
            self.skipTest("needs root")
        base = space()
        result = coffer("init", "--store", base + "/store", "--key-file", base + "/key", uid=ONE)
        self.assertEqual(result.code, 73, result)
        for bad in ("/proc/nothing/store", "/dev/null/store"):
            result = coffer("init", "--store", bad, "--key-file", base + "/key")
            self.assertEqual(result.code, 73, result)
            self.assertFalse(os.path.exists(base + "/key"), "the key file of a store that was not made stays")


class Slots(unittest.TestCase):
    def test_slots(self):
        d = Daemon()
        d.put("a")
        slots = d.ok("slot", "list", "--json").json
        self.assertEqual(sorted(slots[0]), ["created", "id", "in_use", "kind", "label"])
        self.assertEqual((len(slots), slots[0]["kind"], slots[0]["in_use"]), (1, "key-file", True))
        last = d.cli("slot", "remove", str(slots[0]["id"]), "--json")
        self.assertEqual(last.failure["code"], "last-slot")
        self.assertNotIn(last.code, (0, 3))
        self.assertEqual(d.cli("slot", "remove", "99").code, 3)
        k2 = d.folder + "/k2"
        added = d.ok("slot", "add", "key-file", "--path", k2, "--label", "usb", "--json").json
        self.assertEqual(sorted(added), ["id", "kind", "path"])
        self.assertEqual(mode(k2), 0o600)
        exists = d.cli("slot", "add", "key-file", "--path", k2)
        self.assertEqual(exists.code, 73)
        credential = d.ok("slot", "add", "credential", "--path", d.folder + "/cred", "--json").json
        recovery = d.ok("slot", "add", "recovery", "--json").json
        self.assertEqual(sorted(recovery), ["id", "kind", "recovery_key"])
        fd = pipe_with(b"open sesame\n")
        phrase = d.ok("slot", "add", "passphrase", "--passphrase-fd", str(fd), "--json", pass_fds=[fd]).json
        os.close(fd)
        self.assertNotIn(recovery["recovery_key"], d.ok("slot", "list").text)
        self.assertEqual([s["kind"] for s in d.ok("slot", "list", "--json").json], ["key-file", "key-file", "credential", "recovery", "passphrase"])
        self.assertEqual(d.cli("slot", "add", "passphrase", "--passphrase-fd", "77").code, 64)
        fd = pipe_with(b"")
        self.assertEqual(d.cli("slot", "add", "passphrase", "--passphrase-fd", str(fd), pass_fds=[fd]).code, 65)
        os.close(fd)
        # Each opens it; a removed one does not.
        d.ok("lock")
        for arguments, secret in ((["--key-file", k2], None), (["--recovery"], recovery["recovery_key"]), ([], "open sesame")):
            self.unlock(d, arguments, secret, 0)
            d.ok("lock")
        d.ok("unlock", "--key-file", d.key)
        for slot, arguments, secret in ((added, ["--key-file", k2], None), (recovery, ["--recovery"], recovery["recovery_key"]),
                                        (phrase, [], "open sesame")):
            removed = d.ok("slot", "remove", str(slot["id"]))
            self.assertIn("copies and backups", removed.text)
            d.ok("lock")
            self.unlock(d, arguments, secret, 5)
            d.ok("unlock", "--key-file", d.key)
        d.stop()
        # The credential opens it without a person.
        cred = space()
        shutil.copyfile(d.folder + "/cred", cred + "/coffer.key")
        os.chmod(cred + "/coffer.key", 0o600)
        os.rename(d.key, d.key + ".away")
        again = Daemon(folder=d.folder, env={"CREDENTIALS_DIRECTORY": cred})
        self.assertEqual(again.ok("get", "a").text, PLANT + "a")
        self.assertEqual([s["in_use"] for s in again.ok("slot", "list", "--json").json if s["kind"] == "credential"], [True])
        again.stop()
        # A stopped store.
        os.rename(d.key + ".away", d.key)
        store = ["--store", d.store]
        self.assertEqual(coffer("slot", "add", "recovery", *store).code, 64)
        self.assertEqual(coffer("slot", "add", "recovery", *store, "--key-file", k2).code, 5)
        offline = coffer("slot", "add", "recovery", *store, "--key-file", d.key, "--json")
        self.assertEqual(offline.code, 0, offline)
        self.assertEqual(coffer("slot", "remove", str(offline.json["id"]), *store, "--key-file", d.key).code, 0)
        self.assertEqual(coffer("slot", "remove", str(credential["id"]), *store, "--key-file", d.key).code, 0)
        last = coffer("slot", "remove", "1", *store, "--key-file", d.key)
        self.assertNotEqual(last.code, 0)
        d.start()
        self.assertEqual(d.ok("get", "a").text, PLANT + "a")
        d.stop()

    def unlock(self, d, arguments, secret, code):
        if secret is None:
            result = d.cli("unlock", *arguments)
        else:
            fd = pipe_with(secret.encode())
            result = d.cli("unlock", *arguments, "--passphrase-fd", str(fd), pass_fds=[fd])
            os.close(fd)
        self.assertEqual(result.code, code, result)
        return result

    def test_locked(self):
        d = Daemon()
        d.put("a")
        watch = subprocess.Popen([binary("coffer"), "watch", "a", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env=clean_environment({"COFFER_SOCKET": d.socket}))
        time.sleep(0.5)
        d.ok("lock")
        out, err = watch.communicate(timeout=20)
        self.assertEqual(watch.returncode, 5, err)
        for verb in (["get", "a"], ["put", "a"], ["list"], ["info", "a"], ["history", "a"], ["delete", "a"], ["destroy", "a", "--yes"], ["export"],
                     ["import", "--from", "json", "-"], ["watch", "a"], ["policy", "list"], ["policy", "show", "x"], ["explain", "get", "a"],
                     ["slot", "add", "recovery"], ["slot", "remove", "1"], ["lock"], ["update", "a", "--tag", "x"], ["activate", "a", "1"]):
            result = d.cli(*verb, "--json", input="{}")
            self.assertEqual((result.code, result.failure["code"]), (5, "locked"), verb)
        self.assertEqual(d.ok("status", "--json").json["locked"], 1)
        self.assertIn("locked", d.ok("status").text)
        self.assertEqual(d.cli("whoami").code, 0)
        self.assertEqual(d.cli("doctor").code, 1, "a locked store is a bad finding")
        d.ok("unlock", "--key-file", d.key)
        d.ok("unlock", "--key-file", d.key)           # open already
        self.assertEqual(d.ok("get", "a").text, PLANT + "a")
        d.stop()

    def test_slot_list_while_locked(self):
        d = Daemon()
        d.ok("lock")
        result = d.cli("slot", "list")
        # coffer slot list --help: "works while the store is locked".
        text = coffer("slot", "list", "--help").text
        self.assertEqual(result.code, 0 if "while the store is locked" in text else 5, (result, text[:120]))
        d.stop()

    def test_wrong_secrets_slow_down(self):
        d = Daemon()
        fd = pipe_with(b"the right one")
        d.ok("slot", "add", "passphrase", "--passphrase-fd", str(fd), pass_fds=[fd])
        os.close(fd)
        d.ok("lock")

        def wrong(*kind):
            fd = pipe_with(b"00" * 8)
            result = d.cli("unlock", *kind, "--passphrase-fd", str(fd), "--json", pass_fds=[fd])
            os.close(fd)
            return result
        codes = []
        for _ in range(4):
            result = wrong("--recovery")
            codes.append((result.code, result.failure["code"]))
        self.assertEqual(codes[:3], [(5, "unlock-failed")] * 3)
        self.assertEqual(codes[3], (7, "busy"), result)
        self.assertEqual(result.failure["retry"], "after")
        self.assertTrue(0 < result.failure["retry_after_ms"] <= 1000, result.failure)
        # The right one must wait, too; and a restart forgets nothing.
        self.assertEqual(d.cli("unlock", "--key-file", d.key).code, 7)
        time.sleep(1.05)
        self.assertEqual(wrong("--recovery").code, 5)
        d.stop()
        os.rename(d.key, d.key + ".away")
        d.start()
        result = wrong("--recovery")
        self.assertEqual(result.code, 7, "a restart forgot the wrong attempts")
        self.assertLessEqual(result.failure["retry_after_ms"], 2000)
        time.sleep(2.05)
        d.ok("unlock", "--key-file", d.key + ".away")
        d.ok("lock")
        self.assertEqual([wrong("--recovery").code for _ in range(4)], [5, 5, 5, 7], "a success begins anew")
        # Many at once are no way around it.
        time.sleep(1.05)
        codes = []
        threads = [threading.Thread(target=lambda: codes.append(wrong().code)) for _ in range(6)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(codes.count(5), 1, "attempts at the same time got around the slow-down: %s" % codes)
        d.stop()


class Stopping(unittest.TestCase):
    def test_sigterm(self):
        for sign in (signal.SIGTERM, signal.SIGINT):
            d = Daemon()
            d.put("a")
            watch = subprocess.Popen([binary("coffer"), "watch", "a"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     env=clean_environment({"COFFER_SOCKET": d.socket}))
            idle = d.client()
            time.sleep(0.3)
            start = time.monotonic()
            self.assertEqual(d.stop(sign), 0)
            self.assertLess(time.monotonic() - start, 9, "idle connections and watches held the daemon back")
            watch.kill()
            watch.communicate()
            idle.close()
            self.assertFalse(os.path.exists(d.socket))

    def test_puts_in_flight_are_answered(self):
        """All that the daemon has begun is answered before the connection ends."""
        d = Daemon()
        client = d.client()
        requests = [client.start(c.PUT, c.put_body("w/%d" % n, b"x" * 20)) for n in range(100)]
        requests[0].result(20)
        d.process.send_signal(signal.SIGTERM)
        answered = 0
        for request in requests:
            failure = request.failure(20)
            self.assertTrue(failure is None or isinstance(failure, c.Draining), failure)
            answered += failure is None
        self.assertEqual(d.stop(), 0)
        client.close()
        d.start()
        self.assertEqual(len(d.ok("list", "w/").text.split()), answered, "what was acknowledged and what is there differ")
        d.stop()

    def test_writers_all_the_while(self):
        d = Daemon("--loops", "2")
        results, going = [], threading.Event()
        # All are connected before the first writes: who comes when it stops already has nothing to be told.
        clients = [d.client() for _ in range(6)]

        def writer(number):
            client = clients[number]
            done = 0
            try:
                while True:
                    client.put("w%d/%d" % (number, done), b"x" * 1000)
                    done += 1
                    if done == 20:
                        going.set()
            except (c.Draining, c.ConnectionLost) as end:
                results.append((number, done, end))
            client.close()

        threads = [threading.Thread(target=writer, args=(n,)) for n in range(6)]
        for t in threads:
            t.start()
        going.wait(30)
        self.assertEqual(d.stop(), 0)
        for t in threads:
            t.join(20)
        self.assertEqual([type(end) for _, _, end in results], [c.Draining] * 6, results)
        d.start()
        names = set(d.ok("list").text.split())
        for number, done, _ in results:
            mine = {n for n in names if n.startswith("w%d/" % number)}
            self.assertEqual(mine, {"w%d/%d" % (number, i) for i in range(done)}, "a put was carried out and its answer not given")
        d.stop()

    def test_a_slow_client_does_not_hold_it(self):
        d = Daemon()
        half = socket.socket(socket.AF_UNIX)
        half.connect(d.socket)
        half.sendall(b"\0\0")
        start = time.monotonic()
        self.assertEqual(d.stop(), 0)
        self.assertLess(time.monotonic() - start, 12)
        half.close()


class Secrecy(unittest.TestCase):
    """No secret in logs, arguments, error texts or files; no look into the process."""

    @ROOT_ONLY
    def test_proc(self):
        d = Daemon(uid=ONE)
        for name in ("environ", "maps", "mem", "exe", "fd", "auxv", "stack", "io", "map_files", "smaps"):
            path = "/proc/%d/%s" % (d.pid, name)
            command = ["ls", path] if name in ("fd", "map_files") else ["readlink", path] if name == "exe" else ["head", "-c1", path]
            result = run(command, uid=ONE)
            self.assertNotEqual(result.code, 0, "%s is readable for the daemon's own uid" % path)
        with open("/proc/%d/limits" % d.pid) as f:
            self.assertRegex(f.read(), r"(?m)^Max core file size +0 +0 ")
        d.stop()
        d = Daemon()
        with open("/proc/%d/limits" % d.pid) as f:
            self.assertRegex(f.read(), r"(?m)^Max core file size +0 +0 ")
        self.assertEqual(os.stat("/proc/%d/environ" % d.pid).st_uid, 0)
        d.stop()

    def test_no_traces(self):
        secret = PLANT + "0123456789abcdef" * 4
        d = Daemon("--log-level", "trace")
        env = {"COFFER_SOCKET": d.socket}
        # While a put waits for its value, and while a get runs, the arguments show nothing.
        p = subprocess.Popen([binary("coffer"), "put", "traced"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=clean_environment(env))
        p.stdin.write(secret.encode())
        p.stdin.flush()
        time.sleep(0.2)
        for name in ("cmdline", "environ", "comm"):
            with open("/proc/%d/%s" % (p.pid, name), "rb") as f:
                self.assertNotIn(PLANT.encode(), f.read())
        p.communicate()
        self.assertEqual(p.returncode, 0)
        self.assertEqual(d.ok("get", "traced").text, secret)
        d.ok("export", "--to", "json")
        d.ok("import", "--from", "dotenv", "-", input="IMPORTED='%s'\n" % secret)
        fd = pipe_with(secret.encode())
        d.ok("slot", "add", "passphrase", "--passphrase-fd", str(fd), pass_fds=[fd])
        os.close(fd)
        recovery = d.ok("slot", "add", "recovery", "--json").json["recovery_key"]
        d.ok("lock")
        fd = pipe_with((secret + "x").encode())
        self.assertEqual(d.cli("unlock", "--passphrase-fd", str(fd), pass_fds=[fd]).code, 5)
        os.close(fd)
        d.ok("unlock", "--key-file", d.key)
        for verb in (["put", secret[:30] + "//bad"], ["put", "traced", "--expect", "99"], ["put", "x" * 600]):
            result = d.cli(*verb, input=secret)
            self.assertNotEqual(result.code, 0)
            self.assertNotIn(secret, result.error)
        d.ok("destroy", "traced", "--yes")
        with open(d.key) as f:
            key = f.read().strip()
        with open("/proc/%d/cmdline" % d.pid, "rb") as f:
            self.assertNotIn(key.encode(), f.read())
        self.assertEqual(d.stop(), 0)
        log = d.log_text()
        for text in (PLANT + "0", recovery, key, secret[:20]):
            self.assertNotIn(text, log)
        for folder, _, files in os.walk(d.store):
            for name in files:
                with open(os.path.join(folder, name), "rb") as f:
                    data = f.read()
                for text in (secret, "traced", "IMPORTED", recovery, key):
                    self.assertNotIn(text.encode(), data, "%s in %s" % (text[:10], name))


class Room(unittest.TestCase):
    def fill(self, d, size=100_000, limit=400):
        """Puts until it fails."""
        count = 0
        while count < limit:
            result = d.cli("put", "fill/%d" % count, "--json", input=os.urandom(size))
            if result.code:
                return count, result
            count += 1
        self.fail("nothing stopped it")

    def still_lives(self, d, count, result):
        self.assertEqual((result.code, result.failure["code"]), (7, "store-full"), result)
        self.assertNotIn("outcome", result.failure)
        self.assertEqual(d.ok("get", "kept").text, PLANT + "kept")
        self.assertEqual(len(d.ok("get", "fill/0").out), 100_000)
        self.assertEqual(d.cli("get", "fill/%d" % count).code, 3)
        # Small things may still fit or not; what makes room always does.
        for number in range(min(count, 8)):
            d.ok("delete", "fill/%d" % number)
            d.ok("destroy", "fill/%d" % number, "--yes")
        d.ok("put", "again", input=os.urandom(100_000))
        self.assertIsNone(d.process.poll())
        self.assertEqual(d.stop(), 0)
        d.start()
        self.assertEqual(d.ok("get", "kept").text, PLANT + "kept")
        self.assertEqual(len(d.ok("get", "again").out), 100_000)
        d.stop()

    def test_quota(self):
        d = Daemon("--quota", "4MiB")
        d.put("kept")
        status = d.ok("status", "--json").json
        self.assertEqual(status.get("quota-bytes", status.get("quota_bytes")), 4 << 20)
        count, result = self.fill(d)
        self.assertGreater(count, 15, "far below the quota")
        big = d.cli("import", "--from", "json", "-", "--json", input=json.dumps({"i%d" % i: "x" * 100_000 for i in range(30)}))
        self.assertEqual((big.code, big.failure["code"]), (7, "store-full"))
        self.assertEqual(d.cli("get", "i0").code, 3)
        self.assertLessEqual(sum(os.path.getsize(os.path.join(f, n)) for f, _, ns in os.walk(d.store) for n in ns if n == "data.mdb"), 5 << 20)
        self.still_lives(d, count, result)

    @ROOT_ONLY
    def test_full_disk(self):
        base = space()
        mounted = run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=755", "coffer-test", base])
        if mounted.code:
            self.skipTest("NOTE: nothing can be mounted here: a full disk is not tested (%s)" % mounted.error.strip())
        d = None
        try:
            other = space()
            d = Daemon(folder=base, socket=other + "/s.sock", start=False)
            d.log = other + "/log"
            d.start()
            d.put("kept")
            count, result = self.fill(d)
            self.still_lives(d, count, result)
        finally:
            if d:
                d.kill()
            run(["umount", "-l", base])

    @ROOT_ONLY
    def test_start_on_a_full_disk(self):
        base = space()
        if run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "coffer-test", base]).code:
            self.skipTest("nothing can be mounted here")
        try:
            with open(base + "/ballast", "wb") as f:
                try:
                    f.write(b"x" * (1 << 20))
                    f.flush()
                except OSError:
                    pass
            d = Daemon(folder=base, socket=space() + "/s.sock", start=False)
            got, said = start_and_fail(d)
            self.assertEqual(got, 73, said)
            self.assertEqual(os.listdir(base), ["ballast"], "what could not be finished was left behind")
        finally:
            run(["umount", "-l", base])

    def test_connections_per_uid(self):
        d = Daemon("--connections-per-uid", "3")
        clients = [d.client() for _ in range(3)]
        result = d.cli("status", "--json")
        self.assertEqual((result.code, result.failure["code"]), (7, "too-many-connections"), result)
        if ROOT:
            self.assertEqual(d.cli("status", uid=ONE).code, 0, "one user's connections are another's burden")
        for client in clients:
            client.close()
        time.sleep(0.2)
        self.assertEqual(d.cli("status").code, 0)
        d.stop()


if __name__ == "__main__":
    unittest.main()
