"""Import and export: what is taken, what is refused and how, and that what is written can be read back."""

import base64
import unittest

from common import *

MARK = "xyzzy-S3cr3t"


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Daemon()

    @classmethod
    def tearDownClass(cls):
        assert cls.d.stop() == 0

    def setUp(self):
        self.n = self.id().split(".")[-1] + "/"

    def take(self, text, format="dotenv", *more):
        return self.d.cli("import", "--from", format, "-", "--prefix", self.n, *more, input=text)

    def values(self):
        out = self.d.ok("export", self.n, "--strip-prefix", "--to", "json").json
        return out

    def test_dotenv(self):
        text = ("\ufeff# comment\n\nPLAIN=value\n  export SPACED =  in between  # comment\nHASH=a#b\nSINGLE='it is $HOME \\n'\n"
                'DOUBLE="a\\nb\\t\\"q\\" \\$HOME \\x"\nMULTI="line1\nline2"\nJOIN="a\\\nb"\nEMPTY=\nEMPTY2=""\nEXPAND=$HOME`date`\n'
                "BACK=a\\nb\nEQ=a=b=c\n")
        self.assertEqual(self.take(text).code, 0)
        self.assertEqual(self.values(), {
            "PLAIN": "value", "SPACED": "in between", "HASH": "a#b", "SINGLE": "it is $HOME \\n", "DOUBLE": 'a\nb\t"q" $HOME \\x',
            "MULTI": "line1\nline2", "JOIN": "ab", "EMPTY": "", "EMPTY2": "", "EXPAND": "$HOME`date`", "BACK": "a\\nb", "EQ": "a=b=c"})

    def test_dotenv_with_crlf(self):
        self.assertEqual(self.take("A=1\r\nB='x\r\ny'\r\n").code, 0)
        self.assertEqual(self.values(), {"A": "1", "B": "x\ny"})
        self.assertEqual(self.take("A=2\nB='x\r\ny'\n").code, 0)
        self.assertEqual(self.values(), {"A": "2", "B": "x\r\ny"})

    def test_json(self):
        self.assertEqual(self.take('{"a": "t\\u00e4xt", "n": 1.50, "big": 123456789012345678901234567890, "t": true, "o": {"x": {"y": ""}}}', "json").code, 0)
        self.assertEqual(self.values(), {"a": "täxt", "n": "1.50", "big": "123456789012345678901234567890", "t": "true", "o/x/y": ""})

    def test_yaml(self):
        self.assertEqual(self.take("a: yes\nb: 010\nc: 1.50\nd: 'q'\ne:\n  f: |\n    two\n    lines\nbin: !!binary AP8=\n", "yaml").code, 0)
        out = self.d.ok("export", self.n, "--strip-prefix", "--to", "yaml").text
        self.assertEqual(self.d.ok("get", self.n + "bin").out, b"\0\xff")
        for name, value in (("a", b"yes"), ("b", b"010"), ("c", b"1.50"), ("d", b"q"), ("e/f", b"two\nlines\n")):
            self.assertEqual(self.d.ok("get", self.n + name).out, value, out)

    def test_broken(self):
        M = MARK
        cases = [
            ("dotenv", "A=1\nB\n", 2), ("dotenv", "A=1\n\n%s\n" % M, 3), ("dotenv", "A='%s\nB=2\n" % M, 1), ("dotenv", 'A="%s' % M, 1),
            ("dotenv", "A='x'%s\n" % M, 1), ("dotenv", "A=1\nA=%s\n" % M, 2), ("dotenv", "A=1\n=%s\n" % M, 2), ("dotenv", b"A=1\nB=\xff" + M.encode(), None),
            ("dotenv", "A B=%s\n" % M, 1), ("dotenv", "A*=%s\n" % M, 1), ("dotenv", "a//b=%s\n" % M, 1), ("dotenv", "A\x00B=%s\n" % M, 1),
            ("json", '{"a": "%s",\n "b": }' % M, 2), ("json", '{"a": "%s"\n "b": 1}' % M, 2), ("json", '["%s"]' % M, 1), ("json", '"%s"' % M, 1),
            ("json", '{"a": "%s",\n"a": "2"}' % M, 2), ("json", '{"a": "%s",\n"b": null}' % M, 2), ("json", '{"a": ["%s"]}' % M, 1),
            ("json", '{"a": {"b": "1"},\n "a/b": "%s"}' % M, 2), ("json", '{"a": "%s\\ud800"}' % M, 1), ("json", '{"a": "%s"} x' % M, 1),
            ("json", "{" + '"a":{' * 70 + "}" * 71, 1), ("json", "", None), ("json", '{"a": "%s' % M, None), ("json", '{"": "%s"}' % M, 1),
            ("yaml", "a: %s\nb: [1, %s]\n" % (M, M), 2), ("yaml", "a: %s\nb:\n" % M, 2), ("yaml", "a: &x %s\nb: *x\n" % M, None),
            ("yaml", "a: %s\na: 2\n" % M, None), ("yaml", "a: %s\n b: 1\n" % M, None), ("yaml", "- %s\n" % M, 1), ("yaml", M, 1),
            ("yaml", "a: 1\n---\nb: %s\n" % M, None), ("yaml", "a: !!python/object %s\n" % M, 1), ("yaml", "a: !!binary '%s'\n" % M, 1),
            ("yaml", "a: 'x\n\n%s\n" % M, None), ("yaml", "<<: {a: %s}\n" % M, 1), ("yaml", "a: %s\nb: ~\n" % M, 2), ("yaml", "a: \"%s\\q\"\n" % M, 1),
            ("yaml", "? [%s]\n: 1\n" % M, 1), ("yaml", "a: {b: 1}\na/b: %s\n" % M, 2), ("yaml", "%s: @x\n" % "a", 1), ("yaml", "a: %%%s\n" % M, 1),
        ]
        for number, (format, text, line) in enumerate(cases):
            with self.subTest(format=format, text=text[:60]):
                for flags in [([], ["--dry-run"], ["--json"])[number % 3]]:
                    result = self.take(text, format, *flags)
                    self.assertEqual(result.code, 65, result)
                    self.assertNotIn(MARK, result.text + result.error, "a value is in the message")
                    self.assertEqual(result.error.count("\n"), 1)
                    if line:
                        self.assertRegex(result.error, r"line %d\b" % line)
        self.assertEqual(self.d.ok("list", self.n).out, b"", "a broken file changed something")

    def test_results_and_dry_run(self):
        d = self.d
        d.put(self.n + "SAME", "1")
        d.put(self.n + "OTHER", "1")
        text = "SAME=1\nOTHER=2\nNEW=3\n"
        before = d.ok("status", "--json").json["revision"]
        dry = self.take(text, "dotenv", "--dry-run", "--json")
        self.assertEqual(dry.code, 0, dry)
        self.assertEqual(d.ok("status", "--json").json["revision"], before)
        plain = self.take(text, "dotenv", "--dry-run").text
        for word in ("created", "changed", "unchanged"):
            self.assertIn(word, plain)
        self.assertNotIn("NEW", d.ok("list", self.n).text)
        real = self.take(text, "dotenv", "--json")
        self.assertEqual(real.code, 0)
        for result in (dry.json, real.json):
            self.assertEqual((result["created"], result["changed"], result["unchanged"]), (1, 1, 1), result)
        self.assertEqual(d.ok("status", "--json").json["revision"], before + 1, "an import is one revision")
        self.assertEqual(len(d.ok("history", self.n + "SAME", "--json").json), 1)
        again = self.take(text, "dotenv", "--json").json
        self.assertEqual((again["created"], again["changed"], again["unchanged"]), (0, 0, 3))
        refused = self.take("SAME=9\nNEWER=1\n", "dotenv", "--create-only", "--json")
        self.assertEqual((refused.code, refused.failure["code"]), (2, "conflict"))
        self.assertEqual(d.cli("get", self.n + "NEWER").code, 3)

    def test_format_by_name(self):
        folder = space()
        for name, text in ((".env", "A=1\n"), (".env.local", "A=2\n"), ("x.env", "A=3\n"), ("x.json", '{"A": "4"}'), ("x.yaml", "A: 5\n"), ("x.yml", "A: 6\n")):
            path = os.path.join(folder, name)
            with open(path, "w") as f:
                f.write(text)
            self.d.ok("import", path, "--prefix", self.n)
        self.assertEqual(len(self.d.ok("history", self.n + "A", "--json").json), 6)
        self.assertEqual(self.d.cli("import", "/no/such.env").code, 65)
        self.assertEqual(self.d.cli("import", folder + "/x.json", "--from", "yaml", "--prefix", self.n).code, 0, "JSON is YAML")

    def test_round_trips(self):
        nasty = ["", " ", "  lead and trail  ", "a'b", 'a"b', "a\\b", "$HOME", "`id`", "$(id)", "#", "a # b", "a\nb", "\n", "a\r\nb", "\r", "\t", "~", "null",
                 "yes", "010", "!x", "&a", "*a", "- a", "{a}", "[", "%", "@", "a: b", "'", '"', "''", "\\", "\\n", "é€𝄞", "\u2028", "\u0085", "\ufeff", "\x7f",
                 "\x01", "a" * 5000, "---", "...", "=", "!", "a!b", "\u200b", "<<", "0x1F", "1_000", "2001-01-01", "\\\n", "x\\\ny", "a\\"]
        for number, value in enumerate(nasty):
            self.d.put(self.n + "K%d" % number, value)
        for format in ("dotenv", "json", "yaml"):
            with self.subTest(format=format):
                out = self.d.ok("export", self.n, "--strip-prefix", "--to", format)
                result = self.d.cli("import", "--from", format, "-", "--prefix", self.n, "--json", input=out.out)
                self.assertEqual(result.code, 0, result)
                self.assertEqual(result.json["unchanged"], len(nasty), result.json)
        # A shell reads the dotenv file the same way.
        path = os.path.join(space(), "e.env")
        self.d.ok("export", self.n, "--strip-prefix", "--output", path)
        self.assertEqual(mode(path), 0o600)
        for shell in ("bash", "dash"):
            if shutil.which(shell):
                probe = run([shell, "-c", 'set -a; . "$1"; exec env -0', shell, path])
                got = dict(e.split("=", 1) for e in probe.out.decode().split("\0") if "=" in e)
                for number, value in enumerate(nasty):
                    self.assertEqual(got.get("K%d" % number), value, (shell, value))
        # YAML takes everything; nothing else takes bytes, and dotenv no other names.
        self.d.put(self.n + "bin", bytes(range(256)))
        self.d.put(self.n + "a b/ü", "x")
        out = self.d.ok("export", self.n, "--to", "yaml").out
        result = self.d.cli("import", "--from", "yaml", "-", "--json", input=out)
        self.assertEqual((result.code, result.json["unchanged"]), (0, len(nasty) + 2), result)
        for format in ("dotenv", "json"):
            path = os.path.join(space(), "o")
            for more in ([], ["--output", path]):
                result = self.d.cli("export", self.n, "--strip-prefix", "--to", format, *more)
                self.assertEqual((result.code, result.out), (65, b""), result)
                self.assertIn("bin" if format == "json" else "a b", result.error)
            self.assertFalse(os.path.exists(path))

    def test_demo(self):
        demo = os.path.join(HERE, "..", "..", "Examples", "demo.env")
        self.d.ok("import", demo, "--prefix", self.n)
        out = self.d.ok("export", self.n, "--strip-prefix").out
        self.assertEqual(self.take(out, "dotenv", "--json").json["changed"], 0)

    def test_many(self):
        text = "".join("K%d=v%d\n" % (i, i) for i in range(10_000))
        self.assertEqual(self.take(text, "dotenv").code, 0)
        self.assertEqual(len(self.d.ok("list", self.n).text.split()), 10_000)
        self.assertEqual(self.d.ok("get", self.n + "K9999").text, "v9999")
        bad = text + "K5=again\n"
        self.assertRegex(self.take(bad).error, r"line 10001\b")


if __name__ == "__main__":
    unittest.main()
