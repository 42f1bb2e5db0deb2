"""Requests at the new-api door that are cut off, ambiguous or hide a second one: the API's failure shape, nothing changed."""

from harness import raw, split
from newapi import *


class Wire(Door):
    def head(self, line, *headers, pat=None):
        lines = [line, "Host: 127.0.0.1", "Authorization: Bearer " + (pat or self.ada.pat), *headers]
        return "\r\n".join(lines).encode() + b"\r\n\r\n"

    def unchanged(self, work):
        before = self.ada.everything()
        work()
        self.assertEqual(self.ada.everything(), before)

    def body(self, name=None):
        return main_json({"name": name or self.n, "unlimited_quota": True})

    def test_chunks(self):
        body = self.body()
        chunks = b"".join(b"%x\r\n%s\r\n" % (1, body[i:i + 1]) for i in range(len(body))) + b"0\r\n\r\n"
        reply = split(raw(self.port, self.head("POST /api/token/ HTTP/1.1", "Transfer-Encoding: chunked", "Connection: close") + chunks))
        self.assertEqual(reply.json, {"success": True, "message": ""})
        self.ada.find(self.n)

    def test_bodies_that_end_early(self):
        def work():
            body = self.body()
            for more in (1, 100):
                head = self.head("POST /api/token/ HTTP/1.1", "Content-Length: %d" % (len(body) + more))
                raw(self.port, head + body, half_close=True, timeout=5)
            head = self.head("POST /api/token/ HTTP/1.1", "Transfer-Encoding: chunked")
            raw(self.port, head + b"%x\r\n%s\r\n" % (len(body), body), half_close=True, timeout=5)
        self.unchanged(work)

    def test_ambiguous_lengths(self):
        body = self.body()
        length = "Content-Length: %d" % len(body)

        def work():
            for headers in (
                (length, "Transfer-Encoding: chunked"), ("Transfer-Encoding: chunked", length), (length, "Content-Length: 5"),
                (length, "Content-Length: 5, 5"),
                ("Content-Length: -1",), ("Content-Length: +%d" % len(body),), ("Content-Length: 0x10",),
                ("Content-Length: 9223372036854775808",),
                ("Transfer-Encoding: chunked, identity",), ("Transfer-Encoding: xchunked",), ("Transfer-Encoding : chunked", length),
                ("Content-Length: NaN",),
                (" Content-Length: 5", length), ("X: y\r\n folded", length, "Transfer-Encoding: chunked"), ("Host: login.x", length),
                ("X: a\rb", length),
                ("X: a\0b", length),
            ):
                reply = split(raw(self.port, self.head("POST /api/token/ HTTP/1.1", *headers) + body, timeout=5))
                self.assertIn(reply.status, (400, 413), headers)
                if reply.body:
                    self.assertIs(reply.json["success"], False, headers)
                    self.assertTrue(reply.header("X-Oneapi-Request-Id"))
        self.unchanged(work)

    def test_a_request_inside_of_a_body(self):
        victim = self.ada.create(self.n)
        inner = self.head("DELETE /api/token/%d/ HTTP/1.1" % victim["id"])
        for headers in (("Content-Length: %d" % len(inner),), ("Content-Length: %d" % len(inner), "Transfer-Encoding: chunked"),
                        ("Content-Length: 0, %d" % len(inner),)):
            for line in ("GET /api/token/ HTTP/1.1", "POST /api/token/ HTTP/1.1", "GET /api/nothing HTTP/1.1", "HEAD /api/token/ HTTP/1.1"):
                found = raw(self.port, self.head(line, *headers, "Connection: close") + inner, timeout=5)
                self.assertEqual(found.count(b"HTTP/1.1 "), 1, (headers, line))
        self.assertEqual(self.ada.show(victim["id"]), victim)

    def test_requests_one_behind_the_other(self):
        names = ["%s %d" % (self.n, i) for i in range(5)]
        data = b""
        for body in map(self.body, names):
            data += self.head("POST /api/token/ HTTP/1.1", "Content-Length: %d" % len(body)) + body
        found = raw(self.port, data + self.head("GET /api/token/?size=5 HTTP/1.1", "Connection: close"))
        self.assertEqual(found.count(b"HTTP/1.1 200"), 6)
        self.assertEqual([t["name"] for t in split(found[found.rindex(b"HTTP/1.1 "):]).json["data"]["items"]], names[::-1])

    def test_one_connection_is_not_one_user(self):
        mine = self.ada.create(self.n)
        path = "GET /api/token/%d HTTP/1.1" % mine["id"]
        found = raw(self.port, self.head(path) + self.head(path, "Connection: close", pat=self.bob.pat))
        first, second = found[:found.rindex(b"HTTP/1.1 ")], found[found.rindex(b"HTTP/1.1 "):]
        self.assertEqual((split(first).json["success"], split(second).json["message"]), (True, "Token不存在"))
        bare = b"GET /api/token/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        found = raw(self.port, self.head(path) + bare)
        self.assertEqual(split(found[found.rindex(b"HTTP/1.1 "):]).status, 401)

    def test_refusals_have_the_shape_of_their_path(self):
        def sent(path, *headers):
            return split(raw(self.port, self.head("POST %s HTTP/1.1" % path, *headers), timeout=5))
        for path, keys in (("/api/token/", {"success", "message"}), ("/v1/models", {"error"}), ("/dashboard/billing/usage", {"error"}),
                           ("/api/usage/token/", {"success", "message"})):
            reply = sent(path, "Content-Length: 5000000")
            self.assertEqual((reply.status, set(reply.json)), (413, keys))
            self.assertEqual(reply.header("Connection"), "close")
            self.assertEqual(len(reply.all("X-Oneapi-Request-Id")), 1)
        reply = sent("/v1/models", "Content-Length: 5000000")
        self.assertEqual(set(reply.json["error"]) >= {"message", "type", "code"}, True)

    def test_two_credentials(self):
        """The first header counts; a second one does not make another user."""
        for first, second in ((self.ada.pat, self.bob.pat), ("x", self.ada.pat)):
            head = ("GET /api/user/self HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer %s\r\n"
                    "Authorization: Bearer %s\r\n\r\n" % (first, second)).encode()
            reply = split(raw(self.port, head))
            if first == self.ada.pat:
                self.assertIn(reply.status, (200, 400, 401))
                self.assertNotIn(b'"bob"', reply.body)
            else:
                self.assertIn(reply.status, (400, 401))
