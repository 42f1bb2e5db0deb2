"""Rules of the HTTP server under all doors, seen at RAGFlow's: hosts, proxies, framing, limits, shared addresses, the log
(docs/configuration.md "HTTP", decisions 21)."""

import socket
import unittest

from harness import Served, raw, request, secret, split
from ragflow import UNAUTHORIZED, Person, bearer, key_pair, served

LIST, CREATE, ME = "/v1/system/token_list", "/v1/system/new_token", "/v1/user/info"
DONE = {"code": 0, "data": True, "message": "success"}


class Rules(unittest.TestCase):
    http = """
ragflow: { listen: "127.0.0.1:0", login_key: %s, trusted_proxies: [127.0.0.2, 10.0.0.0/8, "2001:db8::/32"], hosts: [coffer.internal] }
admin: { listen: "[::1]:0" }
health: { listen: ":0", insecure: true }
"""

    @classmethod
    def setUpClass(cls):
        cls.d = Served(cls.http % key_pair()[0] + "hosts: [svc]\n")
        cls.port = cls.d.ports["ragflow"]
        cls.alice = Person(cls.d, "alice").ready()

    @classmethod
    def tearDownClass(cls):
        cls.d.finish()

    def head(self, method, path, *lines, host=True):
        fixed = ["%s %s HTTP/1.1" % (method, path)] + (["Host: localhost"] if host else []) + ["Authorization: " + self.alice.token]
        return "\r\n".join([*fixed, *lines, "", ""]).encode()

    def guess(self, forwarded, source="127.0.0.2"):
        """A login that fails, through a proxy."""
        return request(self.port, "POST", "/v1/user/login", {"email": "x@y.zz", "password": "x"}, {"X-Forwarded-For": forwarded},
                       source=source)

    def assertRefused(self, reply, status, hint=None):
        """In the door's own failure shape."""
        self.assertEqual(reply.status, status, (hint, reply))
        self.assertIn("code", reply.json, hint)
        self.assertNotIn(reply.json["code"], (0, 401), hint)
        self.assertTrue(reply.json["message"], hint)
        self.assertTrue(reply.header("X-Request-Id"))
        self.assertEqual(reply.header("X-Content-Type-Options"), "nosniff")

    # Hosts.

    def test_hosts_on_loopback(self):
        for host in ("localhost", "LOCALHOST", "localhost:80", "127.0.0.1", "127.0.0.1:65535", "127.9.9.9", "[::1]", "[::1]:80",
                     "coffer.internal",
                     "Coffer.Internal:80", "localhost."):
            self.assertEqual(self.alice.call("GET", ME, headers={"Host": host}).json["code"], 0, host)
        for host in ("login.x", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:80",
                     "localhost@evil.example", "svc",
                     "evil.example@localhost", "localhost/evil", "localhost, evil", "127.0.0.1:80:80", "127.0.0.1:x", "2130706433",
                     "0x7f000001",
                     "127.1", "0.0.0.0", "192.0.2.1", "[::]", "[2001:db8::1]", "coffer.internal.evil", "xcoffer.internal", "[::1", "::1]",
                     "localhost:",
                     "a" * 300, "localhost%00", "[::1%25lo]", "*"):
            reply = self.alice.call("GET", ME, headers={"Host": host})
            if reply.status == 200 and host == "localhost:":
                continue                                        # an empty port is allowed by RFC 3986
            self.assertRefused(reply, 403, host)
            self.assertNotIn(host.lower().encode(), reply.body.lower() if len(host) > 6 else b"")
        self.assertEqual(self.alice.tokens(), [])

    def test_exactly_one_host(self):
        for lines in ([], ["Host: localhost", "Host: localhost"], ["Host: localhost", "Host: login.x"], ["Host:"], ["Host: login.x",
                                                                                                                    "Host: localhost"]):
            reply = split(raw(self.port, self.head("POST", CREATE, *lines, "Content-Length: 0", host=False)))
            self.assertIn(reply.status, (400, 403), lines)
            self.assertEqual(self.alice.tokens(), [])
        reply = split(raw(self.port, b"GET /v1/system/ping HTTP/1.0\r\n\r\n"))
        self.assertEqual(reply.status, 400)
        # Nothing else names the host.
        reply = self.alice.call("GET", ME, headers={"Host": "evil.example", "X-Forwarded-Host": "localhost", "Forwarded": "host=localhost"})
        self.assertRefused(reply, 403)

    def test_hosts_elsewhere(self):
        port = self.d.ports["health"]
        for host in ("svc", "svc:80", "127.0.0.1", "127.0.0.1:9"):
            self.assertEqual(request(port, "GET", "/health", headers={"Host": host}).status, 200, host)
        for host in ("localhost", "evil.example", "127.0.0.2", "10.0.0.1", "coffer.internal"):
            self.assertEqual(request(port, "GET", "/health", headers={"Host": host}).status, 403, host)

    def test_ipv6(self):
        port = self.d.ports["admin"]
        self.assertEqual(request(port, "GET", "/v1/whoami", host="::1", headers={"Host": "[::1]"}).status, 401)
        self.assertEqual(request(port, "GET", "/v1/whoami", host="::1", headers={"Host": "evil.example"}).status, 403)
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=2)

    # Proxies. The key answers from one network only, so what the server takes for the client can be seen.

    def test_forwarded_addresses(self):
        number, key = self.d.api_key("net", "--form", "ragflow", "--owner", self.alice.email, "--unlimited", "--address", "198.51.100.0/24",
                                     "--address", "2001:db9::/32")
        def seen(forwarded, source="127.0.0.2", name="X-Forwarded-For"):
            pairs = list(bearer(key).items()) + [(name, value) for value in ([forwarded] if isinstance(forwarded, str) else forwarded)]
            reply = request(self.port, "GET", ME, headers=pairs, source=source)
            self.assertIn(reply.status, (200, 401))
            return reply.status == 200
        for chain in ("198.51.100.7", "203.0.113.9, 198.51.100.7", "198.51.100.7, 10.1.2.3", "x, 198.51.100.7",
                      "unknown,198.51.100.7 ,10.0.0.1",
                      "198.51.100.7:4711", "::ffff:198.51.100.7", "2001:db9::1", "[2001:db9::1]:80", "[2001:db9::1]",
                      "198.51.100.7, 2001:db8::5",
                      ["203.0.113.9", "198.51.100.7"], ["198.51.100.7", "10.0.0.1, 10.0.0.2"], "127.0.0.1, 198.51.100.7",
                      "\t198.51.100.7\t"):
            self.assertTrue(seen(chain), chain)
        for chain in ("203.0.113.9", "198.51.100.7, 203.0.113.9", "198.51.100.7, garbage", "198.51.100.7,", "198.51.100.7, ", "",
                      "198.51.100.7, 127.0.0.1",
                      "198.51.100.07", "198.51.100.7.", "198.51.100", "198.51.100.7 10.0.0.1", "198.51.100.7;10.0.0.1",
                      "198.51.100.7, 10.0.0",
                      ["198.51.100.7", "203.0.113.9"], ["198.51.100.7", "x"], "198.51.100.7" + ", 10.0.0.1" * 200, "10.0.0.1",
                      "fe80::1%198.51.100.7",
                      "\"198.51.100.7\", unknown", "198.51.100.7/24", "for=198.51.100.7"):
            self.assertFalse(seen(chain), chain)
        for source in ("127.0.0.1", "127.0.0.3"):
            self.assertFalse(seen("198.51.100.7", source), "a peer that nobody trusts")
        for name in ("X-Real-IP", "Forwarded", "CF-Connecting-IP", "True-Client-IP", "X-Client-IP", "X-Forwarded", "X_Forwarded_For"):
            self.assertFalse(seen("198.51.100.7", name=name), name)
        self.assertIn("client=198.51.100.7", self.d.log_text())
        self.d.ok("apikey", "delete", str(number))

    def test_forwarded_protocol(self):
        for source, value, secure in (("127.0.0.2", "https", True), ("127.0.0.2", "HTTPS", True), ("127.0.0.2", "http", False),
                                      ("127.0.0.2", "https, http", False), ("127.0.0.1", "https", False), ("127.0.0.2", "", False)):
            reply = request(self.port, "GET", "/v1/user/logout", headers={"Authorization": self.alice.token, "X-Forwarded-Proto": value},
                            source=source)
            self.assertEqual(reply.json, DONE)
            (_, attributes), = reply.cookies.values()
            self.assertEqual("secure" in attributes, secure, (source, value))
            self.assertEqual(self.alice.login().json["code"], 0)

    def test_guessing_is_counted_by_the_real_client(self):
        for _ in range(7):
            reply = self.guess("203.0.113.77")
        self.assertEqual(reply.status, 429)
        self.assertEqual(self.guess("203.0.113.78").json["code"], 109, "another client of the same proxy")
        self.assertEqual(self.guess("203.0.113.77", "127.0.0.9").json["code"], 109, "a peer that says so without being a proxy")
        # One IPv6 customer has a whole /64.
        for n in range(7):
            reply = self.guess("2001:db9:1:2::%x" % n)
        self.assertEqual(reply.status, 429)
        self.assertEqual(self.guess("2001:db9:1:3::1").json["code"], 109)

    # Framing.

    def test_ambiguous_requests(self):
        inner = self.head("POST", CREATE, "Content-Length: 0")
        cases = [
            ["Content-Length: 5", "Transfer-Encoding: chunked"], ["Transfer-Encoding: chunked", "Content-Length: 5"], ["Content-Length: 0",
                                                                                                                       "Content-Length: 5"],
            ["Content-Length: 0", "Content-Length: 0"], ["Content-Length: 0, 0"], ["Content-Length: +0"], ["Content-Length: -1"],
            ["Content-Length: 0x0"],
            ["Content-Length: "], ["Content-Length: 00000000000000000000000000001x"], ["Content-Length: 99999999999999999999999"],
            ["Content-Length: 1e1"],
            ["Transfer-Encoding: identity"], ["Transfer-Encoding: xchunked"], ["Transfer-Encoding: chunked, identity"],
            ["Transfer-Encoding: gzip, chunked"],
            ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
            ["Transfer-Encoding : chunked"], [" Transfer-Encoding: chunked"], ["Content-Length : 0"], ["Content-Length: 0", " 5"], ["X: y",
                "\tz: w"],
            ["Content-Length: 0\nX: y"], ["X: a\rb"], ["X: a\0b"], ["X\0: b"], ["X Y: b"], ["novalue"], [": empty"],
            ["Transfer-Encoding:\x0bchunked"],
            ["Transfer-Encoding: \"chunked\""], ["Transfer-Encoding: chunked;x=y"],
        ]
        for lines in cases:
            found = raw(self.port, self.head("POST", "/v1/system/tokens/x", *lines) + b"0\r\n\r\n" + inner, timeout=3)
            self.assertEqual(found.count(b"HTTP/1.1 "), 1, (lines, found[:300]))
            self.assertEqual(split(found).status, 400, lines)
        self.assertEqual(self.alice.tokens(), [], "nothing was smuggled in")

    def test_bad_chunks(self):
        inner = self.head("POST", CREATE, "Content-Length: 0")
        for body in (b"x\r\n", b"-1\r\n", b"+0\r\n\r\n", b"0x0\r\n\r\n", b"FFFFFFFFFFFFFFFFF\r\n", b" 0\r\n\r\n", b"2\r\nabc\r\n0\r\n\r\n",
                     b"1\r\naX0\r\n\r\n",
                     b"1\na\n0\n\n", b"1\r\na\n0\r\n\r\n", b"0\r\nX Y: z\r\n\r\n"):
            found = raw(self.port, self.head("POST", "/v1/api/rm", "Transfer-Encoding: chunked") + body + inner, timeout=3)
            self.assertEqual(found.count(b"HTTP/1.1 "), 1, (body, found[:300]))
            self.assertRefused(split(found), 400, body)
        self.assertEqual(self.alice.tokens(), [])

    def test_request_lines(self):
        # More blanks than one mean the same to every reader.
        for line in (b"GET /v1/system/ping", b"GET /v1/system/ping HTTP/2.0",
                     b"GET /v1/system/ping HTTP/1.2", b"GET\t/v1/system/ping HTTP/1.1", b"GET http://localhost/v1/system/ping HTTP/1.1",
                     b"GET v1/system/ping HTTP/1.1", b"GET * HTTP/1.1", b"CONNECT localhost:80 HTTP/1.1", b"GET / v1 HTTP/1.1", b"\0\0\0\0",
                     b"\x16\x03\x01\x02",
                     b"PRI * HTTP/2.0", b"GET /v1/system/ping\0 HTTP/1.1", b"G@T / HTTP/1.1", b" GET / HTTP/1.1", b"GET /\x01 HTTP/1.1",
                     b"OPTIONS * HTTP/1.1"):
            found = raw(self.port, line + b"\r\nHost: localhost\r\n\r\n", timeout=3)
            self.assertLessEqual(found.count(b"HTTP/1.1 "), 1, line)
            if found:
                self.assertNotIn(split(found).status // 100, (2, 5), (line, found[:200]))
        self.assertEqual(request(self.port, "GET", "/v1/system/ping").status, 200)

    def test_pipelines_and_chunks_that_are_right(self):
        one = b"GET /v1/system/ping HTTP/1.1\r\nHost: localhost\r\n\r\n"
        last = b"GET /v1/system/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        found = raw(self.port, one * 20 + last)
        self.assertEqual(found.count(b"HTTP/1.1 200"), 20)
        self.assertEqual(found.count(b"HTTP/1.1 "), 21)
        body = b'{"tokens":[],"tenant_id":"x"}'
        chunks = b"".join(b"1;ext=\"y\"\r\n%c\r\n" % byte for byte in body) + b"0\r\nTrailer: z\r\n\r\n"
        data = self.head("POST", "/v1/api/rm", "Transfer-Encoding: chunked", "Connection: close") + chunks
        self.assertEqual(split(raw(self.port, data)).json, DONE)
        # Byte for byte, and with a question before the body.
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in self.head("POST", "/v1/api/rm", "Content-Length: %d" % len(body), "Expect: 100-continue", "Connection: close"):
                connection.sendall(bytes([byte]))
            self.assertEqual(connection.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.sendall(body)
            found = b""
            while more := connection.recv(65536):
                found += more
        self.assertEqual(split(found).json, DONE)

    def test_bytes_beyond_ascii(self):
        token = self.alice.new()["token"]
        found = raw(self.port,
                    "DELETE /v1/system/token/测试?q=é HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\nConnection: close\r\n\r\n".format(
            self.alice.token).encode())
        self.assertEqual(split(found).json, DONE)
        self.assertEqual(split(raw(self.port,
                                   b"GET /v1/nothing/\xff\xfe\x80 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).json["code"],
                                   100)
        found = raw(self.port, self.head("GET", ME, "X: \u00e9", "Connection: close"), timeout=3)
        self.assertEqual(split(found).status // 100, 4 if split(found).status != 200 else 2)
        self.assertEqual(self.alice.tokens(), [token])
        self.alice.call("DELETE", "/v1/system/token/" + token)

    # Limits.

    def test_limits_of_the_head(self):
        self.assertEqual(self.alice.call("GET", ME + "?" + "x" * 16_000).json["code"], 0)
        for path in (ME + "?" + "x" * 17_000, "/" + "x" * 1_000_000):
            found = raw(self.port, self.head("GET", path))
            self.assertIn(split(found).status, (400, 414), len(path))
        many = ["X-%d: y" % n for n in range(90)]
        self.assertEqual(split(raw(self.port, self.head("GET", ME, *many, "Connection: close"))).json["code"], 0)
        for lines in (["X-%d: y" % n for n in range(110)], ["X: " + "y" * 66_000], ["X: " + "y" * 5_000_000],
                      ["X%d: %s" % (n, "y" * 1_000) for n in range(80)],
                      ["X" * 70_000 + ": y"]):
            found = raw(self.port, self.head("POST", CREATE, *lines, "Content-Length: 0"))
            self.assertIn(split(found).status, (400, 413, 431), lines[0][:20])
        self.assertEqual(self.alice.tokens(), [])

    def test_limit_of_the_body(self):
        reply = self.alice.call("POST", "/v1/api/rm", b"x" * (1 << 20))
        self.assertEqual((reply.status, reply.json["code"]), (200, 101), "1 MiB is read")
        reply = split(raw(self.port, self.head("POST", CREATE, "Content-Length: %d" % ((1 << 20) + 1))))
        self.assertRefused(reply, 413)
        self.assertEqual(reply.header("Connection"), "close")
        chunks = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
        reply = split(raw(self.port, self.head("POST", CREATE, "Transfer-Encoding: chunked") + chunks * 17))
        self.assertRefused(reply, 413)
        reply = split(raw(self.port, self.head("POST", CREATE, "Content-Length: 9223372036854775807")))
        self.assertRefused(reply, 413)
        self.assertEqual(self.alice.tokens(), [])

    def test_clients_that_go_away(self):
        for data in (b"", b"G", b"GET / HT", self.head("GET", ME)[:-2], self.head("POST", CREATE, "Content-Length: 10") + b"x",
                     self.head("POST", CREATE, "Transfer-Encoding: chunked") + b"5\r\nab"):
            for half_close in (True, False):
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                    connection.sendall(data)
                    if half_close:
                        connection.shutdown(socket.SHUT_WR)
                        while connection.recv(65536):
                            pass
        self.assertEqual(self.alice.tokens(), [])
        found = raw(self.port, self.head("GET", LIST), half_close=True)
        self.assertEqual(split(found).json["code"], 0, "who has asked and then only listens gets the answer")

    # Every reply, and the log.

    def test_headers_of_every_reply(self):
        ids = set()
        for method, path in (("GET", ME), ("GET", "/nothing"), ("HEAD", ME), ("POST", CREATE + "/x"), ("OPTIONS", ME)):
            reply = self.alice.call(method, path)
            self.assertRegex(reply.header("X-Request-Id"), r"^[a-z0-9]{20}$")
            self.assertEqual(reply.header("Cache-Control"), "no-store")
            self.assertEqual(len(reply.all("Content-Length")), 1)
            ids.add(reply.header("X-Request-Id"))
            self.assertIsNone(reply.header("Server"))
        self.assertEqual(len(ids), 5)
        reply = self.alice.call("GET", ME, headers={"X-Request-Id": "mine"})
        self.assertNotEqual(reply.header("X-Request-Id"), "mine")
        head, get = self.alice.call("HEAD", ME), self.alice.call("GET", ME)
        self.assertEqual((head.body, head.header("Content-Length")), (b"", get.header("Content-Length")))

    def test_log_has_routes_and_no_requests(self):
        marks = [secret("Marked-%s-4711" % word) for word in ("path", "query", "header", "body", "agent", "method")]
        self.alice.call("DELETE", "/v1/system/token/%s?q=%s" % (marks[0], marks[1]), headers={"X-Mark": marks[2], "User-Agent": marks[4]})
        reply = self.alice.call("POST", "/v1/api/rm", {"tokens": [marks[3]], "tenant_id": marks[3]})
        self.alice.call("GET", "/" + marks[0])
        raw(self.port, b"%s / HTTP/1.1\r\nHost: localhost\r\n\r\n" % marks[5].encode(), timeout=3)
        raw(self.port, b"GET /%s HTTP/1.1\r\nHost: %s\r\n\r\n" % (marks[0].encode(), marks[2].encode()), timeout=3)
        line = [line for line in self.d.log_text().split("\n") if reply.header("X-Request-Id") in line]
        self.assertEqual(len(line), 1)
        for word in ("door=ragflow", "method=POST", "/v1/api/rm", "status=200", "principal=login:" + self.alice.email, "client=127.0.0.1"):
            self.assertIn(word, line[0])
        for mark in marks:
            self.assertNotIn(mark, self.d.log_text())


class Shared(unittest.TestCase):
    def test_two_doors_at_one_address(self):
        d = served(others='newapi: { listen: "127.0.0.1:0", rate_limits: false }\nhealth: { listen: "127.0.0.1:0" }')
        try:
            port = d.ports["ragflow"]
            self.assertEqual({d.ports["newapi"], d.ports["health"]}, {port})
            alice = Person(d, "alice").ready()
            self.assertEqual(alice.new()["token"], alice.tokens()[0])
            self.assertIs(request(port, "GET", "/api/status").json["success"], True)
            self.assertEqual(request(port, "GET", "/health").status, 200)
            for path in ("/", "/nothing", "/v1", "/v2", "/api", "/apix/token", "/healthx", "/health/x", "/v1/systemx", "/%61pi/status",
                         "//api/status"):
                reply = request(port, "GET", path)
                self.assertEqual((reply.status, reply.body), (404, b"404 page not found\n"), path)
            for path, shape in (("/v1/system/tokens", "code"), ("/api/token/", "success"), ("/v1/models", "error")):
                reply = request(port, "GET", path, headers={"Host": "evil.example"})
                self.assertEqual(reply.status, 403)
                self.assertIn(shape, reply.json, path)
            # A credential of one is none at the other.
            self.assertNotEqual(request(port, "GET", "/api/user/self", headers={"Authorization": alice.token}).json.get("success"), True)
            d.user("bob")
            pat = d.token("bob")
            self.assertEqual(request(port, "GET", "/v1/system/tokens", headers=bearer(pat)).json, UNAUTHORIZED)
        finally:
            d.finish()

    def test_rules_of_one_door_replace_those_of_all(self):
        d = Served("trusted_proxies: [127.0.0.1]\nragflow: { listen: '127.0.0.1:0', login_key: %s, trusted_proxies: [] }\n"
                   "newapi: { listen: 'localhost:0', trusted_proxies: [] }" % key_pair()[0])
        try:
            alice = Person(d, "alice").ready()
            _, key = d.api_key("net", "--form", "ragflow", "--owner", alice.email, "--unlimited", "--address", "198.51.100.7")
            self.assertEqual(request(d.ports["ragflow"], "GET", ME, headers={**bearer(key), "X-Forwarded-For": "198.51.100.7"}).status, 401)
        finally:
            d.finish()


if __name__ == "__main__":
    unittest.main()
