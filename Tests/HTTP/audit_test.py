"""What the audit log has of the doors' requests: before they change anything, and no matter how many there are."""

import json
import unittest

from harness import Served, request, secret
from newapi import Client, settings


def entries(d, *arguments):
    return [json.loads(line) for line in d.ok("audit", "search", "--json", *arguments).text.splitlines()]


class Sync(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Served(settings(), more="audit: {reads: sync}\n")
        cls.port = cls.d.ports["newapi"]
        page = Client(cls.port)
        page.user_id = page.login("ada", cls.d.user("ada"))["id"]
        cls.ada = Client(cls.port, pat=secret(page.good("GET", "/api/user/token")))

    @classmethod
    def tearDownClass(cls):
        cls.d.finish()

    def test_what_changes_something_is_recorded_before_it_does(self):
        self.ada.create("first")
        found = entries(self.d, "--since", "1h")
        acts = [(e["noun"], e["name"], e["note"]) for e in found if e["noun"] in ("door", "apikey")]
        begins = acts.index(("door", "POST /api/token", "begins"))
        changes = next(index for index, act in enumerate(acts) if index > begins and act[0] == "apikey")
        ends = next(index for index, act in enumerate(acts) if act == ("door", "POST /api/token", "status 200"))
        self.assertTrue(begins < changes < ends, acts)

    def test_a_get_that_changes_something_is_a_change(self):
        self.assertTrue([e for e in entries(self.d, "--name", "**", "--noun", "door") if (e["name"], e["note"]) == ("GET /api/user/token", "begins")])

    def test_what_only_asks_is_recorded_once(self):
        self.ada.everything()
        found = [e for e in entries(self.d, "--noun", "door") if e["name"] == "GET /api/token"]
        self.assertEqual({e["note"] for e in found}, {"status 200"})
        self.assertEqual({e["who"] for e in found}, {"login:ada"})


class Crowd(unittest.TestCase):
    def test_requests_without_end_are_counted(self):
        d = Served(settings(), more="audit: {segment: 64KiB, keep: 2}\n")
        port = d.ports["newapi"]
        d.put("kept")
        for number in range(700):
            request(port, "GET", "/api/user/self?%d" % number, check=False)
            request(port, "GET", "/no/such/%d" % number, check=False)
        d.stop()
        d.start()
        found = entries(d, "--noun", "door")
        for name in ("GET /api/user/self", "unknown"):
            asked = [e for e in found if e["name"] == name]
            self.assertEqual(sum(e["count"] for e in asked), 700, name)
            self.assertLess(len(asked), 500)
            self.assertTrue(all(e["address"] == "127.0.0.1" for e in asked))
        self.assertEqual(len(entries(d, "--name", "kept", "--action", "put")), 1)
        d.finish()


if __name__ == "__main__":
    unittest.main()
