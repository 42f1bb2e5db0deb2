"""The health page and the metrics (docs/configuration.md; Prometheus' text format 0.0.4)."""

import os
import re
import time
import unittest

from harness import Served, request
from ragflow import Person, key_pair

NAME = r"[a-zA-Z_][a-zA-Z0-9_]*"
LABEL = NAME + r'="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(r"^(%s)(\{%s(?:,%s)*\})? (-?[0-9.e+-]+|\+Inf|NaN)$" % (NAME, LABEL, LABEL))


class Health(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Served('health: { listen: "127.0.0.1:0", hosts: [prometheus.internal] }\n'
                       'ragflow: { listen: "localhost:0", login_key: %s }\nadmin: { listen: "[::1]:0" }' % key_pair()[0])
        cls.port = cls.d.ports["health"]

    @classmethod
    def tearDownClass(cls):
        cls.d.finish()

    def metrics(self):
        """{family: type}, {(name, labels): value}; the format is checked."""
        reply = request(self.port, "GET", "/metrics")
        self.assertEqual((reply.status, reply.header("Content-Type")), (200, "text/plain; version=0.0.4; charset=utf-8"))
        self.assertTrue(reply.text.endswith("\n"))
        types, samples, family = {}, {}, None
        for line in reply.text.split("\n")[:-1]:
            if line.startswith("# HELP "):
                family = line.split(" ")[2]
                self.assertNotIn(family, types, "a family stands once")
                continue
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                self.assertEqual(name, family)
                self.assertIn(kind, ("counter", "gauge", "histogram"))
                types[name] = kind
                continue
            found = SAMPLE.match(line)
            self.assertTrue(found, line)
            self.assertTrue(found[1] == family or types[family] == "histogram" and found[1].startswith(family + "_"), line)
            key = found[1], tuple(sorted(re.findall(r'(%s)="((?:[^"\\]|\\.)*)"' % NAME, found[2] or "")))
            self.assertNotIn(key, samples, "a sample stands once")
            samples[key] = float(found[3])
        return types, samples

    def test_health(self):
        for path in ("/health", "/health/", "/health?x=y"):
            reply = request(self.port, "GET", path)
            self.assertEqual((reply.status, reply.header("Content-Type").split(";")[0]), (200, "text/plain"))
            lines = reply.text.strip().split("\n")
            self.assertTrue(all(re.match(r"^[a-z]+ ok$", line) for line in lines), lines)
            self.assertLessEqual({"store ok", "socket ok"}, set(lines))
        head = request(self.port, "HEAD", "/health")
        self.assertEqual((head.status, head.body), (200, b""))

    def test_nothing_else(self):
        for path in ("/", "/healthz", "/health/x", "/metrics/x", "/HEALTH", "//health", "/%68ealth", "/v1/whoami"):
            reply = request(self.port, "GET", path)
            self.assertEqual((reply.status, reply.body), (404, b"404 page not found\n"), path)
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            reply = request(self.port, method, "/health")
            self.assertEqual((reply.status, reply.header("Allow")), (405, "GET, HEAD"))
        self.assertEqual(request(self.port, "GET", "/health", headers={"Host": "evil.example"}).status, 403)

    def test_requests_are_counted(self):
        port = self.d.ports["ragflow"]
        types, before = self.metrics()
        self.assertEqual((types["coffer_http_requests_total"], types["coffer_http_request_seconds"]), ("counter", "histogram"))
        for _ in range(5):
            request(port, "GET", "/v1/system/ping")
        for _ in range(3):
            request(port, "GET", "/v1/system/tokens")
        request(port, "GET", "/v1/system/ping", headers={"Host": "evil.example"})
        _, after = self.metrics()
        def grown(code):
            key = ("coffer_http_requests_total", (("code", code), ("door", "ragflow")))
            return after.get(key, 0) - before.get(key, 0)
        self.assertEqual((grown("2xx"), grown("4xx"), grown("5xx")), (5, 4, 0))
        buckets = sorted((float(dict(labels)["le"]), value) for (name, labels), value in after.items()
                         if name == "coffer_http_request_seconds_bucket" and ("door", "ragflow") in labels)
        self.assertEqual(buckets[-1][0], float("inf"))
        self.assertEqual([value for _, value in buckets], sorted(value for _, value in buckets), "cumulated")
        count = after[("coffer_http_request_seconds_count", (("door", "ragflow"),))]
        self.assertEqual(buckets[-1][1], count)
        self.assertEqual(count, sum(value for (name, labels), value in after.items()
                                    if name == "coffer_http_requests_total" and ("door", "ragflow") in labels))
        self.assertTrue(0 < after[("coffer_http_request_seconds_sum", (("door", "ragflow"),))] < 60)

    def test_numbers_follow_and_no_names(self):
        _, before = self.metrics()
        alice = Person(self.d, "metrical-alice").ready()
        row = alice.new()
        self.d.put("metrical/secret")
        _, after = self.metrics()
        for name, grown in (("coffer_users", 1), ("coffer_tenants", 1), ("coffer_api_keys", 1), ("coffer_secrets", 1)):
            self.assertEqual(after[(name, ())] - before[(name, ())], grown, name)
        self.assertEqual(after[("coffer_locked", ())], 0)
        self.assertLess(abs(after[("coffer_start_time_seconds", ())] - time.time()), 120)
        for path in ("/metrics", "/health"):
            text = request(self.port, "GET", path).text
            for word in ("metrical", row["token"], row["tenant_id"], self.d.folder):
                self.assertNotIn(word, text)

    def test_socket_that_is_gone(self):
        os.rename(self.d.socket, self.d.socket + ".away")
        try:
            reply = request(self.port, "GET", "/health")
            self.assertEqual(reply.status, 503)
            self.assertRegex(reply.text, r"(?m)^socket failing: ")
            self.assertRegex(reply.text, r"(?m)^store ok$")
        finally:
            os.rename(self.d.socket + ".away", self.d.socket)
        self.assertEqual(request(self.port, "GET", "/health").status, 200)

    def test_hosts_of_its_own(self):
        reply = request(self.port, "GET", "/health", headers={"Host": "prometheus.internal"})
        self.assertEqual(reply.status, 200)


if __name__ == "__main__":
    unittest.main()
