"""The migration guides: each command list of docs/migration is run, in order, against a daemon and an export of the system it tells of.

What stands before a guide's settings (```yaml) is run on a daemon without doors; then the daemon is started anew with
these settings, and the rest is run. Addresses in the guides are the systems' own; here free ones take their place."""

import sqlite3
import sys

from common import *

sys.path.insert(0, os.path.join(HERE, "..", "HTTP"))

from freeapi_upstream import FreeAPI  # noqa: E402

FIXTURES = os.path.join(HERE, "fixtures")
GUIDES = os.path.join(TREE, "docs", "migration")
API_KEY = "sk-" + "ForTestsOnly" * 4


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Guide:
    """One guide, gone through from its beginning to its end."""
    name = None
    environment = {}
    files = {}
    replaced = {}

    def setUp(self):
        self.d = Daemon()
        self.addCleanup(self.d.kill)
        self.folder = os.path.join(space(), "work")
        shutil.copytree(os.path.join(FIXTURES, self.name), self.folder)
        # Not as wide open as the tree may be: a sink does not write where others could put another folder.
        os.chmod(self.folder, 0o755)
        for at, _, names in os.walk(self.folder):
            for name in names:
                if name.endswith(".sql"):
                    path = os.path.join(at, name)
                    db = sqlite3.connect(path[:-4] + ".db")
                    with open(path) as file:
                        db.executescript(file.read())
                    db.close()
                    os.unlink(path)
        for name, content in self.files.items():
            with open(os.path.join(self.folder, name), "w") as file:
                file.write(content)
        self.ports = {}
        self.said = []

    def blocks(self):
        text = text_of("docs", "migration", self.name + ".md")
        for language, body in re.findall(r"(?m)^```(\w+)\n(.*?)^```$", text, re.S):
            yield language, self.here(body)

    def here(self, text):
        for old, new in self.replaced.items():
            text = text.replace(old, new)
        return re.sub(r"127\.0\.0\.1:(\d+)(?=[\"/])", lambda m: "127.0.0.1:%s" % self.port(m.group(1)), text)

    def port(self, theirs):
        if theirs not in self.ports:
            self.ports[theirs] = free_port()
        return self.ports[theirs]

    def go(self):
        for language, body in self.blocks():
            if language == "yaml":
                self.assertEqual(self.d.stop(), 0)
                self.d.config = self.d.folder + "/coffer.yaml"
                with open(self.d.config, "w") as file:
                    file.write(body)
                self.d.start()
                end = time.monotonic() + 20
                while "[CofferHTTP] listening" not in self.d.log_text():
                    self.assertLess(time.monotonic(), end, self.d.log_text())
                    time.sleep(0.02)
            elif language == "sh":
                self.said.append(self.run_block(body))
        self.assertEqual(self.d.stop(), 0)
        log = self.d.log_text().lower()
        for secret in ("for-tests-only", "fortestsonly", "a long password"):
            self.assertNotIn(secret, log)

    def run_block(self, body):
        path = os.path.dirname(binary("coffer")) + ":" + os.environ["PATH"]
        done = run(["/bin/bash", "-euo", "pipefail", "-c", body], cwd=self.folder,
                   env={"PATH": path, "COFFER_SOCKET": self.d.socket, "HOME": self.folder, **self.environment})
        self.assertEqual(done.code, 0, "%s\n%s\n%s" % (body, done.text, done.error))
        return done.text + done.error

    def test_commands(self):
        self.go()
        self.check()


class NewAPI(Guide, unittest.TestCase):
    name = "new-api"
    environment = {"API_KEY": API_KEY}
    files = {"ada.password": "a long password"}

    def check(self):
        imported, verified, door, _ = self.said
        self.assertIn("0 created, 0 changed, 4 unchanged, 0 refused", imported, "what is there is left as it is")
        self.assertRegex(imported, r"(?m)^\S+ +ada\b|^ada\b|\bada ")
        self.assertIn("valid", verified)
        self.assertIn('"total_available":250000', door)


class RAGFlow(Guide, unittest.TestCase):
    name = "ragflow"
    environment = {"API_KEY": "ragflow-ForTestsOnlyForTestsOnlyForTest", "TENANT": "0000000000000000000000000000ada0"}

    def setUp(self):
        super().setUp()
        key = self.d.folder + "/login.pem"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, stderr=subprocess.DEVNULL)
        os.chmod(key, 0o600)
        self.replaced = {"/etc/coffer/ragflow-login.pem": key}

    def check(self):
        imported, verified, door, _ = self.said
        self.assertIn("8 created", imported)
        self.assertIn("ada@example.org", imported)
        self.assertIn("valid", verified)
        self.assertIn("registerEnabled", door)


class RTManage(Guide, unittest.TestCase):
    name = "rt-manage"
    files = {"new-password": "a long password", "new-api-secret": "for-tests-only-api-secret"}

    def check(self):
        imported, _, door, _ = self.said
        self.assertIn('listen: "127.0.0.1:8080"', imported)
        self.assertIn("rtmanage", imported)
        self.assertIn("for-tests-only-at-1", door)
        self.assertIn("user001", door)


class TokensTool(Guide, unittest.TestCase):
    name = "tokenstool"
    files = {"new-login-password": "a long password", "new-query-password": "for-tests-only-query"}

    def setUp(self):
        super().setUp()
        os.mkdir(self.folder + "/proxy", 0o700)
        self.environment = {"PROXY_FOLDER": self.folder + "/proxy"}

    def check(self):
        self.assertIn("all", self.said[0])
        self.assertIn("for-tests-only-access", self.said[2])
        self.assertIn("tokenstool-regenerate", self.said[2])
        with open(self.folder + "/proxy/tokens.json") as file:
            self.assertEqual(sorted(json.load(file)), ["ada", "bob"])


class TokenStatusCheck(Guide, unittest.TestCase):
    name = "tokenstatuscheck"
    environment = {"UserAuthorization": "for-tests-only-authorization"}

    def setUp(self):
        super().setUp()
        self.upstream = FreeAPI()
        self.addCleanup(self.upstream.close)
        self.ports["8000"] = self.upstream.port

    def check(self):
        self.assertIn('"tokenStatus":"tokentrue","totalTokenCount":3,"invalidCount":1,"invalidTokenPositions":[2]', self.said[1])
        self.assertIn("deep-check", self.said[2])


class All(unittest.TestCase):
    def test_each_guide(self):
        names = sorted(name[:-3] for name in os.listdir(GUIDES))
        tested = sorted(guide.name for guide in Guide.__subclasses__())
        self.assertEqual(names, tested)
        for name in names:
            text = text_of("docs", "migration", name + ".md")
            self.assertIn("\n| you had | you have |\n", text, name)
            for readme in ("README.md", "README.zh-CN.md"):
                self.assertIn("(docs/migration/%s.md)" % name, text_of(readme), name)


if __name__ == "__main__":
    unittest.main()
