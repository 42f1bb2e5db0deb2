"""Each verb as docs/cli.md has it: output, fields of --json, exit codes."""

import unittest

from common import *

TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"


class Verbs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Daemon()

    @classmethod
    def tearDownClass(cls):
        assert cls.d.stop() == 0

    def setUp(self):
        self.n = self.id().split(".")[-1]

    def fields(self, value, *names):
        self.assertEqual(sorted(value), sorted(names))
        return value

    def test_put_and_get(self):
        d, n = self.d, self.n
        self.assertEqual(d.ok("put", n, input="one").text, "%s: version 1\n" % n)
        result = self.fields(d.ok("put", n, "--json", input="two\n").json, "name", "version", "revision")
        self.assertEqual((result["name"], result["version"]), (n, 2))
        self.assertEqual(d.ok("get", n).out, b"two\n")
        self.assertEqual(d.ok("get", n, "--newline").out, b"two\n\n")
        self.assertEqual(d.ok("get", n, "--version", "1").out, b"one")
        value = self.fields(d.ok("get", n, "--json").json, "name", "version", "revision", "expires", "content_type", "value")
        self.assertEqual((value["value"], value["version"], value["expires"], value["content_type"]), ("two\n", 2, None, ""))
        d.ok("put", n, "--trim-newline", input="three\r\n")
        self.assertEqual(d.ok("get", n).out, b"three")
        d.ok("put", n, "--trim-newline", input="four\n\n")
        self.assertEqual(d.ok("get", n).out, b"four\n")
        self.assertIn("not active", d.ok("put", n, "--no-activate", input="five").text)
        self.assertEqual(d.ok("get", n).out, b"four\n")
        self.assertEqual(d.ok("put", n, "--expires", "1h", "--content-type", "text/plain", "--metadata", "a=b=c", "--tag", "t",
                              "--keep-last", "4", "--delete-after", "2d", input="six").code, 0)
        value = d.ok("get", n, "--json").json
        self.assertRegex(value["expires"], TIME)
        self.assertEqual(value["content_type"], "text/plain")

    def test_binary_round_trip(self):
        d = self.d
        everything = bytes(range(256)) * 4096                       # 1 MiB: the largest
        for value in (b"", b"\0", b"\n", b"\r\n", bytes(range(256)), everything, "ä€𝄞".encode(), b"\xff" * 100):
            d.ok("put", self.n, input=value)
            self.assertEqual(d.ok("get", self.n).out, value)
            got = d.ok("get", self.n, "--json").json
            try:
                text = value.decode()
                self.assertEqual(got.get("value"), text, (value[:20], got.keys()))
                self.assertNotIn("value_base64", got)
            except UnicodeDecodeError:
                import base64
                self.assertEqual(base64.b64decode(got["value_base64"]), value)
        big = d.cli("put", self.n, input=everything + b"x")
        self.assertEqual(big.code, 65)
        self.assertEqual(d.ok("get", self.n).out, b"\xff" * 100)
        path = os.path.join(d.folder, "value")
        with open(path, "wb") as f:
            f.write(everything)
        d.ok("put", self.n, "--file", path)
        self.assertEqual(d.ok("get", self.n).out, everything)
        d.ok("put", self.n, "--file", "-", input="dash")
        self.assertEqual(d.ok("get", self.n).out, b"dash")
        self.assertEqual(d.cli("put", self.n, "--file", "/no/such/file").code, 65)

    def test_output_files(self):
        d = self.d
        d.ok("put", self.n, input=b"\0secret\n")
        folder = space()
        path = os.path.join(folder, "o")
        old = os.umask(0)
        try:
            self.assertEqual(d.ok("get", self.n, "--output", path).out, b"")
            self.assertEqual(mode(path), 0o600)
            os.chmod(path, 0o666)
            d.ok("get", self.n, "-o", path)
            self.assertEqual(mode(path), 0o600)
        finally:
            os.umask(old)
        with open(path, "rb") as f:
            self.assertEqual(f.read(), b"\0secret\n")
        os.unlink(path)
        self.assertEqual(d.cli("get", "not/there", "--output", path).code, 3)
        d.ok("put", self.n + "/binary", input=b"\xff")
        self.assertEqual(d.cli("export", self.n, "--to", "json", "--output", path).code, 65)
        self.assertEqual(os.listdir(folder), [], "a failed command left a file")
        self.assertEqual(d.cli("get", self.n, "--output", "/no/such/folder/o").code, 73)
        os.mkdir(os.path.join(folder, "dir"))
        self.assertEqual(d.cli("get", self.n, "--output", os.path.join(folder, "dir")).code, 73)
        os.symlink("/etc/passwd-not", os.path.join(folder, "link"))
        self.assertEqual(d.cli("get", self.n, "--output", os.path.join(folder, "link")).code, 73)
        self.assertEqual(sorted(f for f in os.listdir(folder) if f != "o"), ["dir", "link"])

    def test_info_and_history(self):
        d, n = self.d, self.n
        d.ok("put", n, "--tag", "x", "--tag", "y", "--metadata", "owner=me", "--delete-after", "1d", "--keep-last", "3", input="1")
        d.ok("put", n, "--content-type", "a/b", input="22")
        info = self.fields(
            d.ok("info", n, "--json").json, "name", "deleted", "active_version", "latest_version", "created", "updated", "revision",
            "keep_last", "delete_after_ms", "metadata", "tags", "versions")
        self.assertEqual((info["metadata"], info["tags"], info["keep_last"], info["delete_after_ms"]),
                         ({"owner": "me"}, ["x", "y"], 3, 86400000))
        history = d.ok("history", n, "--json").json
        self.assertEqual(history, info["versions"])
        last = self.fields(history[1], "version", "active", "state", "created", "expires", "deleted", "size", "content_type", "created_by")
        self.assertEqual((last["version"], last["active"], last["state"], last["size"], last["content_type"], last["created_by"]),
                         (2, True, "live", 2, "a/b", "uid:%d" % os.geteuid()))
        self.assertRegex(last["created"], TIME)
        self.assertIn("2 *", d.ok("history", n).text)
        self.assertIn("owner=me", d.ok("info", n).text)
        for verb in ("info", "history"):
            self.assertEqual(d.cli(verb, "not/there").code, 3)

    def test_list(self):
        d, n = self.d, self.n
        for name in ("b", "a/x", "a", "ab", "é"):
            d.ok("put", n + "/" + name, input="v")
        d.ok("delete", n + "/ab")
        self.assertEqual(d.ok("list", n + "/").text, "".join(n + "/" + x + "\n" for x in ("a", "a/x", "b", "é")))
        self.assertEqual(d.ok("list", n + "/a").text, "%s/a\n%s/a/x\n" % (n, n))
        self.assertIn("%s/ab\tdeleted\n" % n, d.ok("list", n, "--deleted").text)
        listed = d.ok("list", n + "/", "--deleted", "--json").json
        self.assertEqual([(self.fields(e, "name", "deleted")["name"], e["deleted"]) for e in listed],
                         [(n + "/" + x, x == "ab") for x in ("a", "a/x", "ab", "b", "é")])
        cut = d.ok("list", n + "/", "--limit", "2")
        self.assertEqual(len(cut.text.split()), 2)
        self.assertIn("more", cut.error)
        self.assertEqual(d.ok("list", n + "/", "--limit", "4").error, "")
        self.assertEqual(d.ok("list", "nothing/here").out, b"")
        self.assertEqual(d.ok("list", "nothing/here", "--json").json, [])
        self.assertEqual(d.cli("list", "--limit", "0").code, 64)

    def test_activate_delete_undelete_destroy(self):
        d, n = self.d, self.n
        for value in ("1", "2", "3"):
            d.ok("put", n, input=value)
        self.fields(d.ok("activate", n, "2", "--json").json, "name", "version", "revision")
        self.assertEqual(d.ok("get", n).text, "2")
        self.assertEqual(d.cli("activate", n, "9").code, 3)
        self.assertEqual(d.cli("activate", n, "0").code, 65)
        self.assertEqual(d.cli("activate", n, "1", "--expect", "3").code, 2)
        d.ok("activate", n, "3", "--expect", "2")
        self.fields(d.ok("delete", n, "--version", "1", "--json").json, "name", "version", "revision")
        self.assertEqual(d.cli("get", n, "--version", "1").code, 3)
        d.ok("undelete", n, "--version", "1")
        self.assertEqual(d.ok("get", n, "--version", "1").text, "1")
        self.fields(d.ok("rm", n, "--json").json, "name", "revision")
        gone = d.cli("get", n, "--json")
        self.assertEqual((gone.code, self.fields(gone.failure, "code", "message", "retry")["code"]), (3, "deleted"))
        self.assertEqual(d.cli("undelete", n, "--expect", "7").code, 2)
        d.ok("undelete", n, "--json")
        self.assertEqual(d.ok("get", n).text, "3")
        d.ok("destroy", n, "--version", "1", "--yes", "--json")
        self.assertEqual(d.cli("get", n, "--version", "1").code, 3)
        self.assertEqual(d.cli("undelete", n, "--version", "1").code, 3)
        d.ok("destroy", n)                      # no terminal: no question
        self.assertEqual(d.cli("get", n).code, 3)
        self.assertEqual(d.ok("put", n, "--json", "--expect", "0", input="x").json["version"], 4, "numbers never repeat")

    def test_update(self):
        d, n = self.d, self.n
        d.ok("put", n, "--tag", "a", "--metadata", "k=v", input="x")
        d.ok("update", n, "--tag", "b", "--tag", "c", "--keep-last", "2", "--delete-after", "1d12h", "--json")
        info = d.ok("info", n, "--json").json
        self.assertEqual((info["tags"], info["metadata"], info["keep_last"], info["delete_after_ms"], info["latest_version"]),
                         (["b", "c"], {"k": "v"}, 2, 129600000, 1))
        d.ok("update", n, "--clear-tags", "--clear-metadata", "--delete-after", "never")
        info = d.ok("info", n, "--json").json
        self.assertEqual((info["tags"], info["metadata"], info["delete_after_ms"]), ([], {}, 0))
        self.assertEqual(d.cli("update", n, "--tag", "x", "--expect", "9").code, 2)
        self.assertEqual(d.cli("update", "not/there", "--tag", "x").code, 3)
        for bad in (["--keep-last", "0"], ["--keep-last", "101"], ["--keep-last", "x"], ["--delete-after", "soon"], ["--metadata", "novalue"],
                    [], ["--tag", "a", "--tag", "a"], ["--clear-tags", "--tag", "x"]):
            self.assertIn(d.cli("update", n, *bad).code, (64, 65), bad)

    def test_expect(self):
        d, n = self.d, self.n
        d.ok("put", n, "--expect", "0", input="x")
        for verb in (["put", n, "--expect", "0"], ["put", n, "--expect", "2"], ["delete", n, "--expect", "9"], ["destroy", n, "--yes", "--expect", "9"]):
            result = d.cli(*verb, "--json", input="y")
            self.assertEqual((result.code, result.failure["code"], result.failure["retry"]), (2, "conflict", "never"), verb)
        d.ok("put", n, "--expect", "1", input="y")
        self.assertEqual(d.ok("get", n).text, "y")

    def test_expiry(self):
        d, n = self.d, self.n
        d.ok("put", n, "--expires", "1s", input="x")
        time.sleep(1.1)
        result = d.cli("get", n, "--json")
        self.assertEqual((result.code, result.failure["code"]), (3, "expired"))
        self.assertEqual(d.ok("history", n, "--json").json[0]["state"], "expired")
        for bad in ("yesterday", "0s", "-1d", "1x", "99999999999999w"):
            self.assertEqual(d.cli("put", n, "--expires=" + bad, input="x").code, 64, bad)
        past = d.cli("put", n, "--expires", "2001-01-31T12:00:00Z", input="x")
        self.assertIn(past.code, (64, 65))
        d.ok("put", n, "--expires", "2099-01-31T12:00:00Z", input="x")
        self.assertEqual(d.ok("get", n, "--json").json["expires"][:20], "2099-01-31T12:00:00Z"[:20])

    def test_bad_names(self):
        for name in ("", "/a", "a/", "a//b", "a/./b", "..", "a*", "a\nb", "a\u200bb", "x" * 513, "y/" + "x" * 256):
            for verb in (["put", name], ["get", name], ["info", name], ["delete", name]):
                result = self.d.cli(*verb, input="x")
                self.assertEqual(result.code, 65, (verb[0], name[:20], result))
                self.assertEqual(result.error.count("\n"), 1, "an error is one line")
        for name in ("ä", "a b", "-x", "…", "a" * 255, "/".join(["n" * 127] * 4)):
            self.d.ok("put", "--", name, input="x")
            self.assertEqual(self.d.ok("get", "--", name).text, "x")

    def test_watch(self):
        d, n = self.d, self.n
        watch = subprocess.Popen([binary("coffer"), "watch", "--prefix", n + "/", "--values", "--json", "--count", "3"],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment({"COFFER_SOCKET": d.socket}))
        time.sleep(0.7)
        d.ok("put", n + "/a", input="v1")
        d.ok("put", n + "x", input="other")
        d.ok("put", n + "/a", input=b"\xff")
        d.ok("delete", n + "/a")
        out, err = watch.communicate(timeout=20)
        lines = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([line["operation"] if "operation" in line else line for line in lines], ["put", "put", "delete"], (out, err))
        self.assertEqual((watch.returncode, lines[0]["name"], lines[0]["value"], lines[0]["version"]), (0, n + "/a", "v1", 1))
        self.assertIn("value_base64", lines[1])
        again = d.ok("watch", "--prefix", n + "/", "--json", "--from", lines[0]["position"], "--count", "2").out.splitlines()
        self.assertEqual([json.loads(x)["revision"] for x in again], [lines[1]["revision"], lines[2]["revision"]])
        plain = d.ok("watch", n + "/a", "--from", lines[0]["position"], "--count", "1").text
        self.assertIn(n + "/a", plain)
        for bad in ([], [n, "--prefix", n], [n, "--from", "nonsense"], [n, "--count", "0"]):
            self.assertEqual(d.cli("watch", *bad, timeout=5).code, 64, bad)
        # Ctrl-C ends it as it should.
        watch = subprocess.Popen([binary("coffer"), "watch", n], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env=clean_environment({"COFFER_SOCKET": d.socket}))
        time.sleep(0.5)
        watch.send_signal(signal.SIGINT)
        out, err = watch.communicate(timeout=10)
        self.assertIn(watch.returncode, (0, -2, 130), err)

    def test_policy_json(self):
        d = self.d
        source = "policy: cli\nrules:\n  - {who: [uid:1001], tenant: main, noun: secret, actions: [get], names: [x]}\n"
        path = os.path.join(d.folder, "p.yaml")
        with open(path, "w") as f:
            f.write(source)
        dry = self.fields(d.ok("policy", "apply", path, "--dry-run", "--json").json, "revision", "dry_run", "report")
        self.assertEqual((dry["dry_run"], d.ok("policy", "list", "--json").json), (True, []))
        self.assertFalse(self.fields(d.ok("policy", "apply", path, "--json").json, "revision", "dry_run", "report")["dry_run"])
        self.assertEqual(d.ok("policy", "list", "--json").json, ["cli"])
        shown = self.fields(d.ok("policy", "show", "cli", "--json").json, "name", "revision", "source")
        self.assertEqual(shown["source"].strip(), source.strip())
        self.fields(d.ok("explain", "get", "x", "--as", "uid:1001", "--json").json, "allowed", "policy", "rule", "notes")
        self.fields(d.ok("policy", "rm", "cli", "--json").json, "name", "deleted")
        self.assertEqual(d.cli("policy", "apply", "/no/such").code, 65)

    def test_status_doctor_whoami_version(self):
        d = self.d
        status = d.ok("status", "--json").json
        for key in ("locked", "version", "pid", "revision", "secrets", "file-bytes", "quota-bytes", "uptime-ms") if os.geteuid() == 0 else ("locked", "version"):
            # docs/cli.md: JSON has snake_case fields.
            self.assertTrue(key in status or key.replace("-", "_") in status, (key, status))
        bad = [k for k in status if not re.fullmatch(r"[a-z][a-z0-9_]*", k)]
        self.assertEqual(bad, [], "docs/cli.md: JSON has snake_case fields")
        for finding in d.ok("doctor", "--json").json:
            self.fields(finding, "check", "verdict", "message")
            self.assertIn(finding["verdict"], ("good", "warning", "bad"))
        self.assertIn("uid:%d" % os.geteuid(), d.ok("whoami", "--json").json)
        self.fields(coffer("version", "--json").json, "version", "protocol_minimum", "protocol_maximum")
        self.assertEqual(coffer("--version").out, coffer("version").out)

    def test_usage(self):
        for arguments in (["nonsense"], ["get"], ["get", "a", "b"], ["put"], ["list", "--limit", "x"], ["get", "a", "--version", "-1"],
                          ["get", "a", "--no-such-option"], ["--json"], ["activate", "a"], ["activate", "a", "b"], ["slot", "remove", "x"],
                          ["get", "a", "--timeout", "x"], ["unlock", "--key-file", "x", "--recovery"], ["completion", "tcsh"],
                          ["import"], ["import", "x.unknown"], ["explain"]):
            result = self.d.cli(*arguments)
            self.assertEqual(result.code, 64, (arguments, result))
            self.assertTrue(arguments == ["--json"] or result.error.startswith("coffer: "), result)
            self.assertEqual(result.out, b"")
            as_json = self.d.cli(*arguments, "--json")
            self.assertEqual((as_json.code, as_json.failure["code"]), (64, "usage"), arguments)
        for verb in ([], ["slot"], ["slot", "add"], ["policy"]):
            self.assertIn(self.d.cli(*verb).code, (0, 64))
            self.assertEqual(self.d.cli(*verb, "--help").code, 0)

    def test_timeouts_and_closed_pipes(self):
        d = Daemon()
        d.put("a")
        os.kill(d.pid, signal.SIGSTOP)
        try:
            start = time.monotonic()
            result = d.cli("get", "a", "--timeout", "1", "--json")
            self.assertEqual((result.code, result.failure["code"]), (8, "timed-out"), result)
            self.assertLess(time.monotonic() - start, 5)
            put = d.cli("put", "a", "--timeout", "1", "--json", input="x")
            self.assertEqual(put.code, 8, put)
        finally:
            os.kill(d.pid, signal.SIGCONT)
        d.stop()
        dead = subprocess.run("%s list | head -c 0; exit ${PIPESTATUS[0]}" % binary("coffer"), shell=True, executable="/bin/bash",
                              env=clean_environment({"COFFER_SOCKET": self.d.socket}), stderr=subprocess.PIPE)
        self.assertIn(dead.returncode, (0, 1), dead.stderr)

    def test_unreachable(self):
        folder = space()
        for path in (folder + "/none", folder, "/" + "x" * 200, "relative"):
            result = coffer("get", "a", "--socket", path, "--json", timeout=10)
            self.assertIn(result.code, (6, 64, 65), (path, result))
            self.assertEqual(coffer("get", "a", env={"COFFER_SOCKET": path}, timeout=10).code, result.code, path)
        with socket.socket(socket.AF_UNIX) as s:                   # somebody who hangs up
            s.bind(folder + "/s")
            s.listen(5)
            result = subprocess.Popen([binary("coffer"), "get", "a", "--socket", folder + "/s", "--timeout", "3"], stderr=subprocess.PIPE,
                                      stdout=subprocess.PIPE, env=clean_environment())
            peer, _ = s.accept()
            peer.recv(10)
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            peer.close()
            s.close()
            out, err = result.communicate(timeout=20)
            self.assertIn(result.returncode, (1, 6), err)
            self.assertEqual(out, b"")

    def test_completions(self):
        for shell in ("bash", "zsh", "fish"):
            script = coffer("completion", shell)
            self.assertEqual(script.code, 0)
            self.assertIn(b"undelete", script.out)
            if shutil.which(shell):
                path = os.path.join(space(), "script")
                with open(path, "wb") as f:
                    f.write(script.out)
                check = run([shell, "--no-execute" if shell == "fish" else "-n", path])
                self.assertEqual((check.code, check.err), (0, b""), shell)
        # bash: it loads, and completes verbs and formats.
        path = os.path.join(space(), "script")
        with open(path, "wb") as f:
            f.write(coffer("completion", "bash").out)
        probe = """set -u; source %s || exit 9
complete -p coffer >/dev/null || exit 8
f=$(complete -p coffer | sed -n 's/.*-F \\([^ ]*\\).*/\\1/p')
COMP_WORDS=(coffer und) COMP_CWORD=1 COMP_LINE='coffer und' COMP_POINT=10 COMP_TYPE=9; cur=und prev=coffer
"$f" coffer und coffer 2>/dev/null; echo "${COMPREPLY[@]}"
""" % path
        result = run(["bash", "--norc", "-c", probe])
        self.assertEqual(result.code, 0, result)
        self.assertIn("undelete", result.text)


class Inputs(unittest.TestCase):
    """Where secrets may come from, and where not."""

    @classmethod
    def setUpClass(cls):
        cls.d = Daemon()
        cls.env = {"COFFER_SOCKET": cls.d.socket, "TERM": "dumb"}

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    SECRET = "S3cr3t/xyzzy-K1"

    def test_prompt(self):
        t = Terminal([binary("coffer"), "put", "prompted"], self.env)
        seen = t.until(b": ")
        t.type(self.SECRET.encode() + b"\n")
        seen += t.until(b"(again): ")
        t.type(self.SECRET.encode() + b"\n")
        code, rest = t.end()
        self.assertEqual(code, 0, seen + rest)
        self.assertNotIn(self.SECRET.encode(), seen + rest)
        self.assertEqual(self.d.ok("get", "prompted").text, self.SECRET)
        # On a terminal a line end follows.
        t = Terminal([binary("coffer"), "get", "prompted"], self.env)
        self.assertEqual(t.end(), (0, self.SECRET.encode() + b"\r\n"))

    def test_prompt_that_differs(self):
        t = Terminal([binary("coffer"), "put", "differs"], self.env)
        t.until(b": ")
        t.type(b"one-secret\n")
        t.until(b"(again): ")
        t.type(b"two-secret\n")
        code, rest = t.end()
        self.assertEqual(code, 65)
        self.assertNotIn(b"-secret", rest)
        self.assertEqual(self.d.cli("get", "differs").code, 3)

    def test_ctrl_c_at_the_prompt(self):
        import termios
        t = Terminal([binary("coffer"), "put", "interrupted"], self.env)
        t.until(b": ")
        t.type(b"half\x03")
        code, rest = t.end()
        self.assertIn(code, (-2, 130, 1), rest)
        self.assertNotIn(b"half", rest)
        self.assertEqual(self.d.cli("get", "interrupted").code, 3)
        # The terminal has its echo again: seen from a shell that goes on.
        t = Terminal(["/bin/sh", "-c", "%s put x; stty -a | tr ' ' '\\n' | grep -w echo" % binary("coffer")], self.env)
        t.until(b": ")
        t.type(b"\x04")
        code, rest = t.end()
        self.assertRegex(rest, rb"(?m)^echo")

    def test_destroy_asks(self):
        self.d.put("asked")
        for answer, code_wanted, there in ((b"no\n", None, 0), (b"y\n", None, 0), (b"yes\n", 0, 3)):
            t = Terminal([binary("coffer"), "destroy", "asked"], self.env)
            t.until(b"yes: ")
            t.type(answer)
            code, rest = t.end()
            if code_wanted is None:
                self.assertNotEqual(code, 0, rest)
            else:
                self.assertEqual(code, 0, rest)
            self.assertEqual(self.d.cli("get", "asked").code, there)

    def test_no_secret_on_the_command_line(self):
        for arguments in (["put", "n", self.SECRET], ["put", "n", "--value", self.SECRET], ["put", "n", "--value=" + self.SECRET],
                          ["put", "--value=" + self.SECRET, "n"], ["put", "n", "-v", self.SECRET], ["put", "n", "-p" + self.SECRET],
                          ["put", "n", "--file", "f", self.SECRET], ["put", "n", "--passphrase", self.SECRET],
                          ["unlock", self.SECRET], ["unlock", "--passphrase", self.SECRET], ["unlock", "--passphrase=" + self.SECRET],
                          ["unlock", "--passphrase-fd", self.SECRET], ["unlock", "--recovery", self.SECRET],
                          ["unlock", "--recovery=" + self.SECRET], ["unlock", "--recovery-key", self.SECRET],
                          ["init", self.SECRET], ["init", "--passphrase", self.SECRET], ["init", "--passphrase=" + self.SECRET],
                          ["init", "--passphrase-fd", self.SECRET],
                          ["slot", "add", "passphrase", self.SECRET], ["slot", "add", "passphrase", "--passphrase", self.SECRET],
                          ["slot", "add", "passphrase", "--passphrase-fd=" + self.SECRET], ["slot", "add", "recovery", self.SECRET],
                          ["import", "f.env", self.SECRET], ["import", "--from", self.SECRET, "f"],
                          ["put", "n", "--keep-last", self.SECRET], ["put", "n", "--expect", self.SECRET], ["put", "n", "--expires", self.SECRET],
                          ["put", "n", "--timeout", self.SECRET], ["put", "n", "-" + self.SECRET],
                          ["put", "--json", "n", self.SECRET], ["--json", "put", "n", self.SECRET]):
            with self.subTest(arguments=arguments):
                result = self.d.cli(*arguments, input="")
                self.assertEqual(result.code, 64, result)
                self.assertNotIn(self.SECRET, result.text + result.error, "the text is repeated")
        self.assertEqual(self.d.cli("get", "n").code, 3)

    def test_no_option_takes_a_value(self):
        for verb in (["put"], ["unlock"], ["init"], ["slot", "add", "passphrase"]):
            text = coffer(*verb, "--help").text
            self.assertNotRegex(text, r"--(value|password|secret|passphrase <)")


if __name__ == "__main__":
    unittest.main()
