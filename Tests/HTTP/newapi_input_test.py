"""Bad input at the new-api door: the API's own failure shape, nothing changed, nothing leaked (compat/newapi.md 1.5 to 1.12)."""

from harness import raw, split
from newapi import *

ENGLISH = {"Accept-Language": "en"}


class Inputs:
    def unchanged(self, work):
        before = self.ada.everything()
        work()
        self.assertEqual(self.ada.everything(), before)

    def test_bodies_that_are_no_token(self):
        token = self.ada.create(self.n)
        bodies = [
            b"", b"{", b"x", b"[]", b"[{}]", b'"x"', b"1", b"{\"name\":}", b'{"name":"a"', b"{'name':'a'}", b"\xff\xfe{}",
            b'{"name":"\xff"',
            b"NaN", b'{"expired_time":NaN}', b'{"expired_time":Infinity}', b'{"a":' * 20000, b"[" * 100000, b'{"name":"a\nb"}',
            b'{"name":"\\x"}',
            b'{"name":"\\ud800', b"\x00", b'{"expired_time":01}', b'{"expired_time":+1}', b'{"expired_time":.5}',
            b'{"unlimited_quota":TRUE}',
        ]
        fields = {
            "expired_time": ["1", "", "NaN", "-1", 1.5, 2 ** 63, -2 ** 63 - 1, 10 ** 400, True, [], {}],
            "remain_quota": ["1", "NaN", 1.5, 2 ** 63, True, [1], {}], "unlimited_quota": ["true", 1, 0, [], {}],
            "model_limits_enabled": ["true", 1, []], "model_limits": [1, True, {}, [1], ["a", 1], [None], [["a"]]],
            "allow_ips": [1, True, {}, [1], ["10.0.0.1", 2]], "group": [1, True, [], {}], "cross_group_retry": ["x", 2],
            "auto_groups": ["x", 1, {}, [1]], "name": [1, True, [], {}, ["a"]],
        }
        bodies += [{field: value} for field, values in fields.items() for value in values]

        def work():
            for body in bodies:
                shown = body if isinstance(body, bytes) else main_json(body)
                message = self.ada.bad("POST", "/api/token/", shown)
                self.assertLess(len(message), 300, shown[:80])
                if isinstance(body, dict):
                    self.ada.bad("PUT", "/api/token/", main_json(dict(body, id=token["id"])))
                    self.ada.bad("PUT", "/api/token/?status_only=1", main_json(dict(body, id=token["id"], status=2)))
                else:
                    self.ada.bad("PUT", "/api/token/", shown)
        self.unchanged(work)

    def test_ids(self):
        token = self.ada.create(self.n)
        def work():
            for number in (0, -1, token["id"] + 10 ** 6, 2 ** 31, 2 ** 63 - 1):
                for query in ("", "?status_only=true"):
                    self.ada.bad("PUT", "/api/token/" + query, {"id": number, "name": "x", "status": 2})
                self.ada.bad("GET", "/api/token/%d" % number)
                self.ada.bad("DELETE", "/api/token/%d/" % number)
                self.ada.bad("POST", "/api/token/%d/key" % number)
            for number in ("abc", "NaN", "1.0", "1e3", "0x1", "9223372036854775808", "-9223372036854775809", "1%00", "%31x", "1;login",
                           "1%2F..",
                           "..;", "null", "१", "%EF%BC%91", "1 ".replace(" ", "%20"), "9" * 5000):
                reply = self.ada("GET", "/api/token/" + number) if number.isascii() else None
                if reply is not None:
                    self.assertIn((reply.status, reply.json.get("success")), ((200, False), (404, None)), number)
                    self.ada.bad("DELETE", "/api/token/%s/" % number)
                    self.ada.bad("POST", "/api/token/%s/key" % number)
            for number in ("abc", "1.0", 2 ** 63, 1.5, True, None, [token["id"]], {}, str(token["id"])):
                self.ada.bad("PUT", "/api/token/", {"id": number, "name": "x"})
                self.ada.bad("PUT", "/api/token/?status_only=1", {"id": number, "status": 2})
            self.ada.bad("PUT", "/api/token/", {"name": "x"})
        self.unchanged(work)

    def test_batches(self):
        token = self.ada.create(self.n)
        def work():
            for body in (b"", b"{", b"[]", b"null", {}, {"ids": None}, {"ids": []}, {"ids": token["id"]}, {"ids": str(token["id"])},
                         {"ids": [str(token["id"])]},
                         {"ids": [token["id"], "x"]}, {"ids": [1.5]}, {"ids": [2 ** 63]}, {"ids": {"0": token["id"]}},
                         {"ids": [[token["id"]]]},
                         {"id": [token["id"]]}, {"ids": [True]}):
                for path in ("/api/token/batch", "/api/token/batch/keys"):
                    self.assertEqual(self.ada.bad("POST", path, body), self.invalid, (path, body))
            self.assertEqual(self.ada.bad("POST", "/api/token/batch", {}, headers=ENGLISH), "Invalid parameters")
            self.assertEqual(self.ada.bad("POST", "/api/token/batch/keys", {"ids": list(range(1, 102))}), "批量请求数量过多，最多 100 条")
            self.assertEqual(self.ada.bad("POST", "/api/token/batch/keys", {"ids": list(range(1, 102))}, headers=ENGLISH),
                             "Too many items in batch request, maximum is 100")
        self.unchanged(work)

    def test_quota(self):
        largest = 500000000000000
        def work():
            for quota, text in ((-1, "额度值不能为负数"), (-2 ** 63, "额度值不能为负数"), (largest + 1, "额度值超出有效范围，最大值为 %d" % largest),
                                (2 ** 63 - 1, "额度值超出有效范围，最大值为 %d" % largest)):
                self.assertEqual(self.ada.bad("POST", "/api/token/", {"name": self.n, "remain_quota": quota}), text)
        self.unchanged(work)
        token = self.ada.create(self.n, remain_quota=largest, unlimited_quota=False)
        self.assertEqual(token["remain_quota"], largest)
        self.ada.bad("PUT", "/api/token/", {"id": token["id"], "remain_quota": -1})
        self.ada.bad("PUT", "/api/token/", {"id": token["id"], "remain_quota": largest + 1})
        # An unlimited token's number means nothing, and pages send negative ones back.
        back = self.ada.good("PUT", "/api/token/", dict(token, unlimited_quota=True, remain_quota=-5))
        self.assertIs(back["unlimited_quota"], True)
        self.ada.good("POST", "/api/token/", {"name": self.n + "u", "remain_quota": -5, "unlimited_quota": True})

    def test_moments(self):
        for sent, stored in ((None, -1), (0, -1), (-1, -1), (4102444800, 4102444800), (1, 1)):
            body = {"name": "%s %s" % (self.n, sent), "unlimited_quota": True}
            self.ada.good("POST", "/api/token/", body if sent is None else dict(body, expired_time=sent))
            self.assertEqual(self.ada.find(body["name"])["expired_time"], stored)
        for sent in (-2, 2 ** 63 - 1, -2 ** 63):
            reply = self.ada("POST", "/api/token/", {"name": "%s far %d" % (self.n[:5], sent), "expired_time": sent,
                                                     "unlimited_quota": True})
            self.assertIn(reply.json["success"], (True, False))
            if reply.json["success"]:
                self.assertEqual(self.ada.find("%s far %d" % (self.n[:5], sent))["expired_time"], sent)
        # An end in the past, and below -1, makes a token that cannot be used.
        token = self.ada.find("%s 1" % self.n)
        self.assertEqual(self.gateway("/v1/models", self.ada.reveal(token["id"])).status, 401)

    def test_case_of_names_and_unknown_ones(self):
        body = b'{"NAME":"%s","Unlimited_Quota":true,"nope":[{"a":1}],"name ":"x"} trailing' % self.n.encode()
        self.ada.good("POST", "/api/token/", body, headers={"Content-Type": "application/x-www-form-urlencoded"})
        token = self.ada.find(self.n)
        self.assertIs(token["unlimited_quota"], True)
        # Of duplicates the last counts.
        self.ada.good("PUT", "/api/token/", b'{"id":%d,"group":"default","Group":"vip","group":"vip"}' % token["id"])
        self.assertEqual(self.ada.show(token["id"])["group"], "vip")
        self.ada.good("POST", "/api/token/", {"name": self.n + " n", "expired_time": None, "remain_quota": None, "model_limits": None,
                                              "allow_ips": None, "group": None, "auto_groups": None})
        token = self.ada.find(self.n + " n")
        self.assertEqual((token["expired_time"], token["remain_quota"], token["unlimited_quota"], token["group"]), (-1, 0, False, ""))
        self.assertEqual((token["model_limits"], token["allow_ips"]), ("", ""))

    def test_what_only_the_server_sets(self):
        self.ada.good("POST", "/api/token/", {
            "name": self.n, "id": 1, "user_id": self.bob.number, "key": "x" * 48, "status": 2, "used_quota": 5, "created_time": 1,
            "accessed_time": 1,
            "DeletedAt": "2020-01-01T00:00:00Z", "unlimited_quota": True})
        token = self.ada.find(self.n)
        self.assertEqual((token["user_id"], token["status"], token["used_quota"], token["DeletedAt"]), (self.ada.number, 1, 0, None))
        self.assertGreater(token["created_time"], 1)
        self.assertNotEqual(self.ada.reveal(token["id"]), "x" * 48)

    def test_strange_names(self):
        for name in ("", " blanks ", "测试", "\U0001f511", "a\"b\\c", "<script>", "a/b", "'; drop table tokens; --", "%s%n", "NaN",
                     "\\u0000"):
            token = self.ada.create(name)
            self.assertEqual(self.ada.show(token["id"])["name"], name)
            self.ada.good("DELETE", "/api/token/%d/" % token["id"])
        # Names need not be unique.
        self.ada.create(self.n)
        self.ada.create(self.n)
        self.assertEqual(self.ada.names().count(self.n), 2)
        for name in ("a\x00b", "\ud800"):
            self.assertIn(self.ada("POST", "/api/token/", {"name": name}).status, (200,))

    def test_addresses(self):
        for sent in ("10.0.0.1,10.1.0.0/16", "10.0.0.1\n10.1.0.0/16", "10.0.0.1; 10.1.0.0/16", " 10.0.0.1  10.1.0.0/16 ",
                     "10.0.0.1\r\n10.1.0.0/16\r\n",
                     ["10.0.0.1", "10.1.0.0/16"]):
            token = self.ada.create(self.n, allow_ips=sent)
            if isinstance(sent, str):
                self.assertIn(token["allow_ips"], (sent, "10.0.0.1\n10.1.0.0/16"))
            else:
                self.assertEqual(token["allow_ips"], "10.0.0.1\n10.1.0.0/16")
            # Whatever was sent, the key is not open to us.
            self.assertEqual(self.gateway("/v1/models", self.ada.reveal(token["id"])).status, 403, sent)
            self.ada.good("DELETE", "/api/token/%d" % token["id"])
        def work():
            for bad in ("localhost", "10.0.0", "10.0.0.256", "10.0.0.1/33", "::1/129", "1.2.3.4.5", "192.168.1.110.0.0.1", "010.0.0.1",
                        "10.0.0.1/", "::g",
                        "fe80::1%eth0", "10.0.0.1/-1", "*", "测试", "0x7f000001", "10.0.0.1/8.0", ["10.0.0.1", "x"], ["*"], "10.0.0.1\nx"):
                self.ada.bad("POST", "/api/token/", {"name": self.n, "allow_ips": bad})
        self.unchanged(work)

    def test_models(self):
        for sent in ("gpt-4o, claude-3 ,gpt-4o,,", ["gpt-4o", "claude-3", " gpt-4o"]):
            token = self.ada.create(self.n, model_limits=sent, model_limits_enabled=True)
            self.assertEqual(token["model_limits"], "gpt-4o,claude-3")
            self.ada.good("DELETE", "/api/token/%d" % token["id"])

    def test_large(self):
        def work():
            self.ada.bad("POST", "/api/token/", {"name": "n" * 10 ** 6})
            self.ada.bad("POST", "/api/token/", {"name": self.n, "group": "g" * 10 ** 6})
            for body in ({"name": self.n, "model_limits": "m" * 10 ** 6}, {"name": self.n, "allow_ips": "10.0.0.1\n" * 90000}):
                self.ada.bad("POST", "/api/token/", body)
            reply = self.ada("POST", "/api/token/", b'{"name":"' + b"n" * (2 * 10 ** 6) + b'"}')
            self.assertEqual((reply.status, reply.json["success"]), (413, False))
        self.unchanged(work)

    def test_paths(self):
        token = self.ada.create(self.n)
        head = "Host: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer %s\r\n\r\n" % self.ada.pat
        def work():
            for path in ("//api/token/", "/api//token/", "/api/token//", "/api/token/;login", "/api/token;x", "/api/./token/",
                         "/api/token/../user/self",
                         "/api/%74oken/", "/api/token%2F", "/api/token/%2e%2e/user/self", "/API/token/", "/api/Token/",
                         "/api/token/%d/key" % token["id"],
                         "/api/tokens", "/", "/login", "/v1", "/api", "/api/user", "/api/token/%d/key/x" % token["id"], "/x\"y", "/%00",
                         "/api/user/login"):
                reply = split(raw(self.port, ("GET %s HTTP/1.1\r\n" % path + head).encode()))
                self.assertIn(reply.status, (200, 404), path)
                if reply.status == 200:
                    self.assertIs(reply.json["success"], False, path)
                else:
                    self.assertEqual(reply.json, {"error": {"message": "Invalid URL (GET %s)" % path, "type": "invalid_request_error",
                                                            "param": "", "code": ""}})
            for method in ("PATCH", "HEAD", "OPTIONS", "TRACE", "PURGE", "DELETE"):
                reply = self.ada(method, "/api/token/batch/keys")
                self.assertEqual(reply.status, 404, method)
            for method, path in (("DELETE", "/api/token/"), ("PATCH", "/api/token/%d" % token["id"]),
                                 ("PUT", "/api/token/%d" % token["id"])):
                reply = self.ada(method, path, {"id": token["id"], "name": "x"})
                self.assertEqual(reply.json["error"]["message"], "Invalid URL (%s %s)" % (method, path))
            for host in ("login.x", "evil.example:%d" % self.port, "127.0.0.1.nip.io", "", "localhost.evil", "127.0.0.1@evil"):
                reply = self.ada("GET", "/api/token/", headers={"Host": host}, check=False)
                self.assertIn(reply.status, (400, 403), host)
            self.assertNotIn(token["key"].encode(), reply.body)
        self.unchanged(work)


class Document(Inputs, Door):
    invalid = "参数错误"

    def test_length_of_names(self):
        for name in ("n" * 30, "测" * 30, "n" * 29 + "é"):
            self.ada.create(name)
        for name in ("n" * 31, "测" * 31, "n" * 51):
            self.assertEqual(self.ada.bad("POST", "/api/token/", {"name": name}), "令牌名称过长")
            self.assertEqual(self.ada.bad("POST", "/api/token/", {"name": name}, headers=ENGLISH), "Token name is too long")

    def test_words_of_the_document(self):
        for path in ("/api/token/999999", "/api/token/abc", "/api/token/0"):
            self.assertEqual(self.ada.bad("GET", path), "Token不存在")
        self.assertEqual(self.ada.bad("DELETE", "/api/token/999999"), "Token不存在")


class Current(Inputs, Door):
    profile, invalid = "current", "无效的参数"

    def test_length_of_names(self):
        for name in ("n" * 50, "测" * 16 + "nn"):
            self.ada.create(name)
        for name in ("n" * 51, "测" * 17):
            self.assertEqual(self.ada.bad("POST", "/api/token/", {"name": name}), "令牌名称过长")
            self.assertEqual(self.ada.bad("POST", "/api/token/", {"name": name}, headers=ENGLISH), "Token name is too long")

    def test_words_of_the_program(self):
        self.assertEqual(self.ada.bad("GET", "/api/token/999999"), "record not found")
        self.assertEqual(self.ada.bad("GET", "/api/token/abc"), 'strconv.Atoi: parsing "abc": invalid syntax')
        self.assertEqual(self.ada.bad("GET", "/api/token/9223372036854775808"),
                         'strconv.Atoi: parsing "9223372036854775808": value out of range')
        for path in ("/api/token/0", "/api/token/abc"):
            self.assertEqual(self.ada.bad("DELETE", path), "id 或 userId 为空！")
        self.assertEqual(self.ada.bad("DELETE", "/api/token/999999"), "record not found")

    def test_words_of_the_decoder(self):
        for body, text in ((b"", "EOF"), (b"{", "unexpected EOF"), (b"x", "invalid character 'x' looking for beginning of value"),
                           (b"[]", "json: cannot unmarshal array into Go value of type model.Token")):
            self.assertEqual(self.ada.bad("POST", "/api/token/", body), text)
        self.assertIn("cannot unmarshal string into Go struct field Token.expired_time of type int64",
                      self.ada.bad("POST", "/api/token/", {"expired_time": "1"}))


del Inputs
