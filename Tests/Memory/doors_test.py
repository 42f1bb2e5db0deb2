#!/usr/bin/env python3
"""Secrets go through every HTTP door; then everything is searched for them: memory, command line, environment, log, metrics, files.

    doors_test.py --bin DIR --work DIR [--all] [CASE...]

The cases are those of Tests/HTTP, on their own daemons: what they learn or draw that nobody else may know (passwords, API keys, access
tokens, cookies, tokens of upstreams) they tell to `harness.secret`. Before such a daemon ends all its connections are closed, and the
places are searched; each secret must be nowhere outside guarded pages. Without --all one case for each door.
Planted: a name of a user, told as if it were secret, must be found in the log, and a password on its way in the memory.
"""
import argparse
import os
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "HTTP"))
import harness  # noqa: E402
from places import around, files, hits, of_process  # noqa: E402

# One for each door, and within it the case that hands most out.
ONE_EACH = ["newapi_flows_test.Flows.test_classic_pages_of_2025", "ragflow_tokens_test.Tokens.test_life_of_a_token_on_every_spelling",
            "rtmanage_rows_test.RowsTest.test_a_created_row_has_all_its_keys", "rtmanage_refresh_test", "tokenstool_tokens_test.AddTests",
            "admin_test.Callers.test_whoami", "admin_tokens_test"]


class Search:
    def __init__(self):
        self.daemons = self.searched = 0
        self.found = []

    def __call__(self, daemon):
        """All places of one daemon."""
        # Connections that the tests left open are closed by their end; buffers go with them.
        # What came by an environment variable of an older system stands there (decisions 19).
        given = {value.encode() for value in (daemon.env or {}).values()}
        needles = sorted(value for value in harness._secrets if len(value) >= 8 and value not in given)
        self.daemons, self.searched = self.daemons + 1, self.searched + len(needles)
        time.sleep(0.5)
        if "health" in daemon.ports:
            self.look("the metrics", harness.request(daemon.ports["health"], "GET", "/metrics").body, needles)
        self.look("what status says", daemon.ok("status", "--json").out, needles)
        for name, text in of_process(daemon.pid):
            self.look(name, text, needles)
        for path, content in files(daemon.store):
            self.look(path, content, needles)
        self.look("the log", daemon.log_text().encode(), needles)
        for needle, places in hits(daemon.pid, needles).items():
            for place in places[:2]:
                self.found.append("%r in memory at %s: %s" % (needle[:24], place, around(daemon.pid, place)))

    def look(self, where, text, needles):
        self.found += ["%r in %s" % (needle[:24], where) for needle in needles if needle in text]


def suites(names):
    for name in names:
        module, _, case = name.partition(".")
        __import__(module)
        loader = unittest.defaultTestLoader
        yield loader.loadTestsFromName(case, sys.modules[module]) if case else loader.loadTestsFromModule(sys.modules[module])


def planted():
    """Both kinds of places are searched: the log, and memory."""
    daemon = harness.Served("admin: {listen: '127.0.0.1:0'}\nhealth: {listen: '127.0.0.1:0'}\n")
    search, name, word = Search(), "planted-" + os.urandom(6).hex(), os.urandom(12).hex()
    harness._secrets.clear()
    daemon.user(name)
    token = daemon.token(name)
    harness.request(daemon.ports["admin"], "GET", "/v1/whoami", headers={"Authorization": "Bearer " + token})
    connection = harness.socket.create_connection(("127.0.0.1", daemon.ports["admin"]))
    connection.sendall(b"POST /v1/verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\nContent-Type: application/json\r\n\r\n{\"key\":\"" + word.encode())
    time.sleep(0.3)
    harness.secret(name)
    harness.secret(word)
    search(daemon)
    connection.close()
    daemon.stop()
    harness._secrets.clear()
    return [place for place in ("the log", "in memory") if not any(place in found for found in search.found)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()
    if not harness.daemons.ROOT:
        print("NOTE: not root: the daemon's memory cannot be read, the scan is left out")
        return 0
    os.environ["COFFER_TEST_BIN"], os.environ["COFFER_TEST_WORK"] = os.path.abspath(options.bin), os.path.abspath(options.work)
    os.makedirs(options.work, exist_ok=True)
    os.chmod(options.work, 0o755)
    missed = planted()
    print("%s planted: a name in the log, a word on its way in memory%s" % ("FAILED " if missed else "ok     ", ": not found in " + ", ".join(missed) if missed else ""))
    search, finish = Search(), harness.Served.finish

    def finish_searched(daemon):
        search(daemon)
        finish(daemon)
        harness._secrets.clear()
    harness.Served.finish = finish_searched
    everything = sorted(name[:-3] for name in os.listdir(os.path.join(HERE, "..", "HTTP")) if name.endswith("_test.py") and "browser" not in name)
    names = options.cases or (everything if options.all else ONE_EACH)
    result = unittest.TextTestRunner(verbosity=0, stream=open(os.path.join(options.work, "tests.log"), "w")).run(unittest.TestSuite(suites(names)))
    for case, problem in result.errors + result.failures:
        print("FAILED  %s\n%s" % (case, problem[-1500:]))
    for found in search.found[:40]:
        print("FAILED  " + found)
    good = not missed and not search.found and result.wasSuccessful() and search.searched > 50
    print("%s %d daemons, %d tests, %d secrets searched for: %d left" % (
        "ok     " if good else "FAILED ", search.daemons, result.testsRun, search.searched, len(search.found)))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
