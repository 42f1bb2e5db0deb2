"""docs/operations.md and the alerts against the code: every metric and every line of the log, both ways."""

import glob
import re
import time

from common import *


def sources():
    for path in sorted(glob.glob(os.path.join(TREE, "Sources", "**", "*.swift"), recursive=True)):
        with open(path, encoding="utf-8") as file:
            yield path, file.read()


def metrics_of_the_code():
    found = set()
    for _, text in sources():
        found |= set(re.findall(r'"(coffer_[a-z_]+)"', text))
    # The page's cookie is no metric.
    found.discard("coffer_session")
    # The parts of a histogram go by its name.
    return {name for name in found if not re.search(r"_(bucket|sum|count)$", name)}


# `logger.level("text", metadata: [ … ])`, and the one place that has the text from its callers.
CALL = re.compile(r'\blogger\??\.(trace|debug|info|notice|warning|error|critical)\(\s*"((?:[^"\\]|\\.)*)"\s*(?:,\s*metadata:\s*\[(.*?)\]\s*\))?', re.S)
NOTE = re.compile(r'\bnote\("((?:[^"\\]|\\.)*)"')


def lines_of_the_code():
    """{text: (level, [fields])}"""
    found = {}
    for path, text in sources():
        for level, message, metadata in CALL.findall(text):
            assert "\\(" not in message, "%s: a message that is not constant: %s" % (path, message)
            found[message] = (level, re.findall(r'"(\w+)":', metadata))
        if path.endswith("RTManageDoor+Refresh.swift"):
            for message in NOTE.findall(text):
                found[message] = ("notice", ["door", "row", "step", "reason"])
    return found


def section(title):
    return text_of("docs", "operations.md").split("\n## %s\n" % title)[1].split("\n## ")[0]


def rows(title):
    """The cells of each line of a section's tables; a bar within code is a bar."""
    for line in section(title).split("\n"):
        if line.startswith("| ") and not line.startswith("| |"):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]


def port_of(d):
    """Of its one HTTP address, as soon as it says that it listens there."""
    for _ in range(200):
        found = re.search(r" port=(\d+) ", d.log_text())
        if found:
            return found.group(1)
        time.sleep(0.05)
    raise AssertionError("no port: " + d.log_text())


class Metrics(unittest.TestCase):
    def test_each_is_documented(self):
        documented = set()
        for first, *_ in rows("Metrics"):
            documented |= set(re.findall(r"`(coffer_[a-z_]+)", first))
        self.assertEqual(documented, metrics_of_the_code())

    def test_what_the_daemon_serves(self):
        folder = space()
        with open(folder + "/coffer.yaml", "w") as file:
            file.write('http:\n  health: { listen: "127.0.0.1:0" }\n')
        d = Daemon(folder=folder, config=folder + "/coffer.yaml")
        try:
            port = port_of(d)
            served = run(["curl", "-sf", "http://127.0.0.1:%s/metrics" % port], env={"PATH": os.environ["PATH"]}).text
            health = run(["curl", "-s", "http://127.0.0.1:%s/health" % port], env={"PATH": os.environ["PATH"]}).text
        finally:
            self.assertEqual(d.stop(), 0)
        names = set(re.findall(r"(?m)^# TYPE (\S+)", served))
        self.assertEqual(names - metrics_of_the_code(), set())
        self.assertGreater(len(names), 30)
        said = section("Metrics")
        for line in health.strip().split("\n"):
            self.assertIn("`%s`" % line.split(" ")[0], said)


class Log(unittest.TestCase):
    def test_each_line_is_documented(self):
        documented = {}
        for level, texts, fields, *_ in rows("The log"):
            if level == "level":
                continue
            for text in re.findall(r"`([^`]+)`", texts):
                documented[text] = (level, re.findall(r"\w+", fields))
        self.maxDiff = None
        self.assertEqual(documented, lines_of_the_code())


class Alerts(unittest.TestCase):
    def rules(self):
        text = text_of("packaging", "prometheus", "coffer.rules.yaml")
        return re.findall(r"- alert: (\w+)\n((?:(?!      - alert:).*\n?)*)", text)

    def test_what_they_ask_for_is_there(self):
        known = metrics_of_the_code()
        alerts = self.rules()
        self.assertGreater(len(alerts), 10)
        for name, body in alerts:
            asked = set(re.findall(r"coffer_[a-z_]+", re.search(r"expr: (.*)", body).group(1)))
            self.assertEqual(asked - known, set(), name)
            self.assertTrue(asked or name == "CofferDown", name)
            self.assertRegex(body, r"severity: (page|ticket)", name)
            self.assertIn("summary:", body, name)

    def test_each_has_its_advice(self):
        said = set(re.findall(r"`(Coffer\w+)`", section("Alerts worth having")))
        self.assertEqual(said, {name for name, _ in self.rules()})

    def test_labels_are_ones_that_exist(self):
        text = "".join(body for _, body in sources())
        states = set(re.findall(r"`([a-z-]+)`", next(what for first, what, *_ in rows("Metrics") if "coffer_credentials" in first)))
        for state in ("needs-person", "dead"):
            self.assertIn(state, states)
            self.assertIn('"%s"' % state, text)

    def test_prometheus_takes_them(self):
        path = os.path.join(TREE, "packaging", "prometheus", "coffer.rules.yaml")
        done = run([tool("promtool"), "check", "rules", path])
        self.assertEqual(done.code, 0, done)


if __name__ == "__main__":
    unittest.main()
