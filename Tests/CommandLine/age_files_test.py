"""The keys of backups, and age files of any origin: `coffer backup keygen` and `coffer backup cat`."""

import shutil
import sys
import unittest

from common import *

VECTORS = os.path.join(HERE, "..", "Vectors", "age")
sys.path.insert(0, VECTORS)

import age_cases  # noqa: E402
import age_format  # noqa: E402
import at_terminal  # noqa: E402

HAS_AGE = shutil.which("age") is not None
if not HAS_AGE:
    print("NOTE: no age: what it reads and writes is not tested", file=sys.stderr)
PASSWORD = "correct horse"


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = space()
        self.identity = self.write("identity", age_format.identity(age_cases.ME) + "\n")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return self.path(name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def cat(self, file, *arguments, **options):
        return coffer("backup", "cat", file, *arguments, **options)


class Cases(Folder):
    """Those that AgeTests has no files of, since they are large, and some of each kind through the command."""

    def test_cases(self):
        small = {"x25519", "scrypt", "x25519_no_match", "scrypt_no_match", "scrypt_work_factor_40", "scrypt_work_factor_21", "hmac_bad",
                 "header_crlf", "version_unsupported", "empty", "stream_missing_tag", "armor", "armor_crlf", "armor_garbage_trailing",
                 "x25519_low_order", "scrypt_and_x25519"}
        self.assertLess(small, set(age_cases.CASES))
        codes = {"success": {0}, "no match": {5}}
        for name, case in age_cases.CASES.items():
            if len(case.data) <= 8_192 and name not in small:
                continue
            with self.subTest(name):
                file = self.write("file", case.data)
                if case.passphrase:
                    result = self.cat(file, "--passphrase", input=case.passphrase + "\n")
                else:
                    result = self.cat(file, "--identity", self.write("identities", "\n".join(case.identities)))
                self.assertIn(result.code, codes.get(case.expect, {65}), result)
                self.assertEqual(result.out, case.payload)
                self.assertEqual(result.error.count("\n"), 0 if case.expect == "success" else 1, result)

    def test_pieces_from_a_pipe(self):
        case = age_cases.CASES["armor_two_chunks"]
        reader, writer = os.pipe()
        command = subprocess.Popen([binary("coffer"), "backup", "cat", "-", "--identity", self.identity], stdin=reader,
                                   stdout=subprocess.PIPE, env=clean_environment(None))
        os.close(reader)
        for at in range(0, len(case.data), 4_099):
            os.write(writer, case.data[at:at + 4_099])
        os.close(writer)
        self.assertEqual(command.communicate(timeout=30)[0], case.payload)
        self.assertEqual(command.returncode, 0)


class Unlocking(Folder):
    def setUp(self):
        super().setUp()
        self.file = self.write("file", age_cases.CASES["x25519"].data)
        self.locked = self.write("locked", age_cases.CASES["scrypt"].data)

    def test_several_identity_files(self):
        other = self.write("other", "# comment\n\n" + age_format.identity(age_cases.OTHER) + "\r\n")
        self.assertEqual(self.cat(self.file, "--identity", other, "--identity", self.identity).out, b"age")
        self.assertEqual(self.cat(self.file, "--identity", other).code, 5)
        self.assertEqual(self.cat(self.file, "--identity", "-", input=age_format.identity(age_cases.ME)).out, b"age")

    def test_passphrases(self):
        self.assertEqual(self.cat(self.locked, "--passphrase", input="password").out, b"age")
        self.assertEqual(self.cat(self.locked, "--passphrase", input="password\r\n").out, b"age")
        fd = pipe_with(b"password\n")
        self.assertEqual(self.cat(self.locked, "--passphrase-fd", str(fd), pass_fds=[fd]).out, b"age")
        os.close(fd)
        for wrong, code in (("", 65), ("\n", 65), ("pass\nword", 65), ("x" * 1_025, 65), ("passwort", 5)):
            result = self.cat(self.locked, "--passphrase", input=wrong)
            self.assertEqual((result.code, result.out), (code, b""), result)
            self.assertNotIn("passwort", result.error)
        self.assertEqual(self.cat(self.locked, "--passphrase-fd", "77").code, 64)

    def test_a_prompt_where_there_is_a_terminal(self):
        code, shown = at_terminal.run("password", [binary("coffer"), "backup", "cat", self.locked, "--passphrase"])
        self.assertEqual(code, 0, shown)
        self.assertTrue(shown.endswith(b"age") and b"password" not in shown.lower().replace(b"passphrase", b""), shown)

    def test_work_factors(self):
        result = self.cat(self.write("f", age_cases.CASES["scrypt_work_factor_21"].data), "--passphrase", input="password")
        self.assertEqual(result.code, 65)
        self.assertIn("--work-factor-limit", result.error)
        self.assertEqual(self.cat(self.locked, "--passphrase", "--work-factor-limit", "9", input="password").code, 65)
        self.assertEqual(self.cat(self.locked, "--passphrase", "--work-factor-limit", "10", input="password").out, b"age")
        for wrong in ("0", "23", "-1", "x"):
            self.assertEqual(self.cat(self.locked, "--passphrase", "--work-factor-limit", wrong, input="password").code, 64, wrong)

    def test_usage(self):
        for arguments in ([], ["--passphrase", "--identity", self.identity], ["--passphrase", "--passphrase-fd", "0"],
                          ["--identity", self.identity, "--work-factor-limit", "20"]):
            self.assertEqual(self.cat(self.file, *arguments).code, 64, arguments)
        self.assertEqual(self.cat("-", "--identity", "-").code, 64)
        self.assertEqual(self.cat("-", "--passphrase-fd", "0").code, 64)
        self.assertEqual(self.cat(self.path("missing"), "--identity", self.identity).code, 65)
        self.assertEqual(self.cat(self.file, "--identity", self.path("missing")).code, 65)
        self.assertEqual(self.cat(self.folder, "--identity", self.identity).code, 65)

    def test_identities_are_never_repeated(self):
        secret = age_format.identity(age_cases.ME)
        wrong = self.write("wrong", "\n" + secret[:-1] + "\n")
        result = self.cat(self.file, "--identity", wrong)
        self.assertEqual(result.code, 65)
        self.assertIn("line 2", result.error)
        for result in (result, self.cat(self.file, "--identity", secret), self.cat(self.file, secret, "--identity", self.identity),
                       self.cat(self.file, "--identity=" + secret.lower()), self.cat(self.file, "--passphrase=" + secret)):
            self.assertIn(result.code, (64, 65))
            self.assertNotIn(secret[20:40].lower(), result.error.lower())

    def test_json_errors(self):
        result = self.cat(self.file, "--passphrase", "--json", input="x")
        self.assertEqual((result.code, json.loads(result.error)["error"]["code"]), (5, "no-match"))

    def test_a_reader_that_goes(self):
        file = self.write("large", age_cases.CASES["stream_three_chunks"].data)
        reader, writer = os.pipe()
        os.close(reader)
        command = subprocess.run([binary("coffer"), "backup", "cat", file, "--identity", self.identity], stdout=writer,
                                 stderr=subprocess.PIPE, env=clean_environment(None), timeout=30)
        os.close(writer)
        self.assertEqual((command.returncode, command.stderr), (1, b""))


class Keygen(Folder):
    def test_a_file(self):
        path = self.path("new")
        result = coffer("backup", "keygen", "--output", path)
        self.assertEqual((result.code, result.err), (0, b""))
        self.assertEqual(mode(path), 0o600)
        lines = self.read("new").decode().splitlines()
        recipient = result.text.strip()
        self.assertRegex(recipient, "^age1[a-z0-9]{58}$")
        self.assertRegex(lines[0], r"^# created: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(lines[1], "# public key: " + recipient)
        self.assertRegex(lines[2], "^AGE-SECRET-KEY-1[A-Z0-9]{58}$")
        self.assertEqual(len(lines), 3)
        before = self.read("new")
        result = coffer("backup", "keygen", "--output", path)
        self.assertEqual((result.code, result.out), (73, b""))
        self.assertEqual(self.read("new"), before)

    def test_places_where_none_can_be(self):
        os.symlink(self.path("target"), self.path("link"))
        for path in ("link", "missing/new", "."):
            self.assertEqual(coffer("backup", "keygen", "--output", self.path(path)).code, 73, path)
        self.assertFalse(os.path.exists(self.path("target")))
        self.assertEqual(coffer("backup", "keygen", "--output", "").code, 64)

    def test_standard_output(self):
        for arguments in ([], ["--output", "-"]):
            result = coffer("backup", "keygen", *arguments)
            self.assertEqual(result.code, 0)
            self.assertIn("\nAGE-SECRET-KEY-1", result.text)
            self.assertIn(result.error.split()[-1], result.text)
            self.assertNotIn("AGE-SECRET-KEY", result.error)
        self.assertNotEqual(coffer("backup", "keygen").out, coffer("backup", "keygen").out)
        with open(self.path("open"), "wb") as file:
            os.chmod(self.path("open"), 0o644)
            done = subprocess.run([binary("coffer"), "backup", "keygen"], stdout=file, stderr=subprocess.PIPE, env=clean_environment(None))
        self.assertIn(b"others may read", done.stderr)

    def test_not_on_a_terminal(self):
        terminal = Terminal([binary("coffer"), "backup", "keygen"])
        code, shown = terminal.end()
        self.assertEqual(code, 64)
        self.assertNotIn(b"AGE-SECRET-KEY", shown)
        code, shown = Terminal([binary("coffer"), "backup", "keygen", "--output", "-"]).end()
        self.assertEqual(code, 0)
        self.assertIn(b"AGE-SECRET-KEY", shown)

    def test_json(self):
        result = coffer("backup", "keygen", "--json")
        self.assertEqual(set(result.json), {"recipient", "identity"})
        result = coffer("backup", "keygen", "--json", "--output", self.path("new"))
        self.assertEqual(result.json["path"], self.path("new"))
        self.assertIn(result.json["recipient"], self.read("new").decode())

    def test_what_is_typed_by_mistake_is_not_repeated(self):
        for wrong in ("AGE-SECRET-KEY-1ABC", "-oAGE-SECRET-KEY-1ABC", "--output=AGE-SECRET-KEY-1ABC/x"):
            self.assertNotIn("SECRET-KEY-1ABC", coffer("backup", "keygen", wrong).error.replace("'AGE-SECRET-KEY-1ABC/x'", ""), wrong)


@unittest.skipUnless(HAS_AGE, "no age")
class StockAge(Folder):
    def age(self, *arguments, input=b""):
        done = subprocess.run(["age", *arguments], input=input, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_what_age_wrote(self):
        recipient = coffer("backup", "keygen", "--output", self.path("new")).text.strip()
        for size in (0, 1, 65_536, 65_537, 200_000):
            plaintext = os.urandom(size)
            for armor in ([], ["-a"]):
                self.write("file", self.age(*armor, "-r", recipient, "-r", age_format.recipient(age_cases.OTHER), input=plaintext))
                result = self.cat(self.path("file"), "--identity", self.path("new"))
                self.assertEqual((result.code, result.out), (0, plaintext), (size, armor))

    def test_what_age_wrote_with_a_passphrase(self):
        self.write("plaintext", "hello")
        code, shown = at_terminal.run(PASSWORD, ["age", "-p", "-a", "-o", self.path("file"), self.path("plaintext")])
        self.assertEqual(code, 0, shown)
        result = self.cat(self.path("file"), "--passphrase", input=PASSWORD + "\n")
        self.assertEqual((result.code, result.out), (0, b"hello"), result)

    def test_an_identity_of_ours_opens_with_age(self):
        recipient = coffer("backup", "keygen", "--output", self.path("new")).text.strip()
        self.assertEqual(subprocess.run(["age-keygen", "-y", self.path("new")], capture_output=True).stdout.decode().strip(), recipient)
        file = self.write("file", self.age("-r", recipient, input=b"x"))
        self.assertEqual(self.age("-d", "-i", self.path("new"), file), b"x")


if __name__ == "__main__":
    unittest.main()
