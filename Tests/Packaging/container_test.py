"""The container's files without a container engine: rules that a linter has, the last stage's RUN lines in a Debian, and the daemon as its
image runs it."""

from common import *
from debian import Root


def instructions():
    """[(stage, WORD, rest)] of the Dockerfile, lines joined."""
    text = re.sub(r"(?m)^#.*\n", "", text_of("packaging", "container", "Dockerfile")).replace("\\\n", " ")
    stage, found = -1, []
    for line in filter(None, (line.strip() for line in text.split("\n"))):
        word, _, rest = line.partition(" ")
        stage += word == "FROM"
        found.append((stage, word, re.sub(r" {2,}", " ", rest)))
    return found


def last_stage():
    found = instructions()
    return [(word, rest) for stage, word, rest in found if stage == found[-1][0]]


def value(word):
    return [rest for name, rest in last_stage() if name == word]


class Rules(unittest.TestCase):
    def test_the_dockerfile(self):
        known = {"FROM", "RUN", "WORKDIR", "COPY", "USER", "ENV", "VOLUME", "EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT"}
        found = instructions()
        self.assertGreater(found[-1][0], 0, "more than one stage")
        for _, word, rest in found:
            self.assertIn(word, known)
            if word == "FROM":
                self.assertRegex(rest, r"^[\w./-]+:[\w.-]+( AS \w+)?$", "a tag")
                self.assertNotIn(":latest", rest)
            if word == "RUN" and "apt-get" in rest:
                self.assertRegex(rest, r"^apt-get update && apt-get install -y --no-install-recommends .* && rm -rf /var/lib/apt/lists/\*$")
            if word == "RUN":
                self.assertNotRegex(rest, r"\b(sudo|curl|wget)\b|chmod 777")
            if word == "COPY" and not rest.startswith("--from"):
                for source in rest.split()[:-1]:
                    self.assertTrue(os.path.exists(os.path.join(TREE, source)), source)
        self.assertRegex(value("USER")[-1], r"^[1-9]\d*:[1-9]\d*$", "not root, and a number that an orchestrator can check")
        for word in ("ENTRYPOINT", "VOLUME"):
            json.loads(value(word)[0])
        json.loads(value("HEALTHCHECK")[0].split(" CMD ")[1])
        self.assertTrue(any("--static-swift-stdlib" in rest for stage, _, rest in found if stage == 0))

    def test_compose_publishes_what_the_settings_open(self):
        settings = re.sub(r"(?m)^ *#.*\n", "", text_of("packaging", "container", "coffer.yaml"))
        opened = set(re.findall(r'listen: "0\.0\.0\.0:(\d+)"', settings))
        compose = text_of("packaging", "container", "compose.yaml")
        published = re.findall(r'(?m)^ +- "127\.0\.0\.1:(\d+):(\d+)"', compose)
        self.assertEqual({inside for _, inside in published}, opened)
        self.assertEqual({outside for outside, _ in published}, {"3000", "9380", "8080", "8081", "9640"})
        self.assertEqual(set(value("EXPOSE")[0].split()), opened)
        for line in ("read_only: true", "cap_drop: [ALL]", 'security_opt: ["no-new-privileges:true"]', "memswap_limit: 2g", "mem_limit: 2g"):
            self.assertIn(line, compose)
        for path in json.loads(value("VOLUME")[0]):
            self.assertRegex(compose, r"(?m)^ +- \w+:%s$" % path)

    def test_the_settings(self):
        done = run([binary("cofferd"), "--check-config", "--config", os.path.join(TREE, "packaging", "container", "coffer.yaml")])
        self.assertEqual(done.code, 0, done)


class Image(unittest.TestCase):
    def test_the_last_stage(self):
        root = Root()
        for word, rest in last_stage():
            if word == "RUN":
                root.ok("/bin/sh", "-ec", rest)
        for program in ("coffer", "cofferd"):
            shutil.copy(binary(program), root.path + "/usr/bin/" + program)
        # The image's ports may be taken on the machine that tests: free ones, each door at an address of its own.
        numbers = iter(range(2, 100))
        with open(root.path + "/etc/coffer/coffer.yaml", "w") as file:
            file.write(re.sub(r"0\.0\.0\.0:\d+", lambda _: "127.0.0.%d:0" % next(numbers), text_of("packaging", "container", "coffer.yaml")))
        user = value("USER")[0].split(":")[0]
        daemon = root.start(user, *json.loads(value("ENTRYPOINT")[0]))
        try:
            check = json.loads(value("HEALTHCHECK")[0].split(" CMD ")[1])
            end, code, said = time.monotonic() + 30, None, ""
            while code != 0 and time.monotonic() < end and daemon.poll() is None:
                code, said = root.run("setpriv", "--reuid", user, "--regid", user, "--clear-groups", "env",
                                      *value("ENV")[0].split(), *check)
                time.sleep(0.1)
            self.assertEqual(code, 0, said)
        finally:
            daemon.terminate()
            daemon.wait(30)
            said = daemon.stdout.read().decode()
            daemon.stdout.close()
        self.assertIn("ready", said)


if __name__ == "__main__":
    unittest.main()
