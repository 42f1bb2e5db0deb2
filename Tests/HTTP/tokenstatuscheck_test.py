"""TokenStatusCheck's pages before simulated upstreams (compat/tokenstatuscheck.md 1 to 3)."""

import json
import os
import threading
import time
import unittest

from freeapi_upstream import FreeAPI, Platform
from harness import Served, binary, password, request, run, secret, space

PROVIDERS = {"deep": "Deep", "qwen": "Qwen", "hailuo": "Hailuo", "mita": "Mita", "step": "Step", "glm": "Glm", "moonshot": "Moonshot",
             "spark": "Spark"}
ROOT = "/api/LLM_TokenCheck/Check/"
OFFICIAL = "/api/OfficialTokenCheck/Check/deep/"


def write(folder, name, content):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
    os.chmod(path, 0o600)


class Door(unittest.TestCase):
    """One daemon with token files, before both upstreams."""
    shape = "old"
    settings = "  account_gap: 0\n"

    @classmethod
    def setUpClass(cls):
        cls.up, cls.platform = FreeAPI(), Platform(cls.shape)
        cls.data = space()
        cls.word = password("user-authorization")
        urls = ", ".join("%s: \"%s\"" % (name, cls.up.url) for name in PROVIDERS if name != "spark")
        cls.d = Served("tokenstatuscheck:\n  listen: \"127.0.0.1:0\"\n  data: %s\n  urls: { %s }\n%s" % (cls.data, urls, cls.settings),
                       more=cls.platform.configuration, env={"UserAuthorization": cls.word})
        cls.port = cls.d.ports["tokenstatuscheck"]

    @classmethod
    def tearDownClass(cls):
        cls.up.hold.set()
        cls.up.close()
        cls.platform.close()
        cls.d.finish()

    def tokens(self, provider, *lines):
        write(self.data, "LLM-%s/token.json" % PROVIDERS[provider], "\n".join(lines) + "\n")

    def call(self, method, path, token=None, **options):
        headers = {"Authorization": "Bearer " + token} if token is not None else {}
        headers.update(options.pop("headers", {}))
        reply = request(self.port, method, path, headers=headers, timeout=60, **options)
        if method != "HEAD":
            self.assertEqual(reply.header("Content-Type"), "application/json; charset=utf-8")
        return reply

    def check(self, provider, status=200):
        reply = self.call("POST", ROOT + provider, self.word)
        self.assertEqual(reply.status, status, reply)
        return reply.json


class CheckTest(Door):
    def test_the_sample_of_the_document(self):
        self.tokens("deep", "live-a", "dead-b", "live-c", "live-d")
        reply = self.call("POST", ROOT + "deep", self.word)
        self.assertEqual(reply.body.decode(), '{"tokenStatus":"tokentrue","totalTokenCount":4,"invalidCount":1,'
                         '"invalidTokenPositions":[2],"validTokenPercentage":"75%"}')

    def test_all_eight_providers(self):
        for name, word in PROVIDERS.items():
            write(self.data, "LLM-%s/token.json" % word, "live-%s\ndead-%s\n" % (name, name))
            if name == "spark":
                self.assertEqual(self.check(name, 503), {"error": "provider_not_configured"})
            else:
                self.assertEqual(self.check(name)["validTokenPercentage"], "50%")
                self.assertIn("live-" + name, self.up.asked)

    def test_half_is_enough(self):
        self.tokens("qwen", "live-1", "dead-1")
        self.assertEqual(self.check("qwen")["tokenStatus"], "tokentrue")
        self.tokens("qwen", "live-1", "dead-1", "refused-1")
        found = self.check("qwen")
        self.assertEqual((found["tokenStatus"], found["invalidTokenPositions"], found["validTokenPercentage"]), ("tokenfalse", [2, 3], "33.33%"))

    def test_files_are_read_at_each_call_and_tolerantly(self):
        write(self.data, "LLM-Glm/token.json", b"\xef\xbb\xbf  live-g1 \r\n\r\n\t\r\nlive-g2\r\nlive-g1\n\n dead-g3")
        found = self.check("glm")
        self.assertEqual((found["totalTokenCount"], found["invalidTokenPositions"], found["validTokenPercentage"]), (4, [4], "75%"))
        # One that stands twice is asked about once.
        self.assertEqual(self.up.asked.count("live-g1"), 1)
        self.tokens("glm")
        empty = {"tokenStatus": "tokenfalse", "totalTokenCount": 0, "invalidCount": 0, "invalidTokenPositions": [], "validTokenPercentage": "0%"}
        self.assertEqual(self.check("glm"), empty)
        os.remove(os.path.join(self.data, "LLM-Glm/token.json"))
        self.assertEqual(self.check("glm"), empty)

    def test_a_token_goes_out_as_it_stands(self):
        odd = ["live-a@b.c_d+e/f=%25", "live-" + "x" * 3000, "live-\"quoted\\\" 测试"]
        self.tokens("step", *odd)
        self.assertEqual(self.check("step")["validTokenPercentage"], "100%")
        for token in odd:
            self.assertIn(token, self.up.asked)

    def test_unknown_is_neither_alive_nor_dead(self):
        self.tokens("mita", "live-m", "busy-m", "timeout-m", "gateway-m", "text-m", "array-m", "redirect-m", "dead-m", "expired-m", "refused-m")
        found = self.check("mita")
        self.assertEqual(found, {
            "tokenStatus": "tokenfalse", "totalTokenCount": 10, "invalidCount": 3, "invalidTokenPositions": [8, 9, 10],
            "validTokenPercentage": "10%", "unknownCount": 6, "unknownTokenPositions": [2, 3, 4, 5, 6, 7]})
        # Asked once more, and only those; a redirect would have carried the token elsewhere.
        self.assertEqual([self.up.asked.count(t) for t in ("live-m", "busy-m", "gateway-m", "dead-m")], [1, 2, 2, 1])
        self.assertNotIn("ELSEWHERE", self.up.asked)

    def test_a_second_question_helps(self):
        self.tokens("moonshot", "flaky-1", "live-1")
        self.assertEqual(self.check("moonshot")["validTokenPercentage"], "100%")

    def test_where_nobody_knows_anything_it_is_down(self):
        self.tokens("hailuo", "gateway-1", "busy-1")
        self.assertEqual(self.check("hailuo", 502), {"error": "upstream_unavailable"})

    def test_not_utf8_is_unknown(self):
        write(self.data, "LLM-Hailuo/token.json", b"live-1\n\xff\xfe\xff-2\n")
        self.assertEqual(self.check("hailuo")["unknownTokenPositions"], [2])

    def test_four_at_once_and_one_check_at_a_time(self):
        self.up.most = 0
        self.tokens("qwen", *["live-p%d" % i for i in range(20)])
        replies = []
        threads = [threading.Thread(target=lambda: replies.append(self.check("qwen"))) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        self.assertEqual([r["validTokenPercentage"] for r in replies], ["100%"] * 6)
        self.assertLessEqual(self.up.most, 4)

    # Who may ask, and what is there.

    def test_nothing_without_the_secret(self):
        unauthorized = (401, {"error": "unauthorized"})
        for token in (None, "", "no", self.word + "x", self.word[:-1]):
            for method, path in (("POST", ROOT + "deep"), ("POST", ROOT + "nobody"), ("GET", OFFICIAL + "list")):
                reply = self.call(method, path, token)
                self.assertEqual((reply.status, reply.json), unauthorized)
                self.assertEqual(reply.header("WWW-Authenticate"), "Bearer")
        reply = self.call("POST", ROOT + "deep", headers={"Authorization": "Basic " + self.word})
        self.assertEqual((reply.status, reply.json), unauthorized)
        self.tokens("deep", "live-a")
        for scheme in ("bearer ", "BEARER "):
            self.assertEqual(self.call("POST", ROOT + "deep", headers={"Authorization": scheme + self.word}).status, 200)

    def test_paths_and_methods(self):
        self.tokens("deep", "live-a")
        self.assertEqual(self.check("nobody", 404), {"error": "unknown_provider"})
        for path in ("/api/llm_tokencheck/check/DEEP", "/API/LLM_TokenCheck/Check/deep/"):
            self.assertEqual(self.call("POST", path, self.word).status, 200)
        for method, path, allow in (("GET", ROOT + "deep", "POST"), ("DELETE", ROOT + "deep", "POST"), ("POST", OFFICIAL + "single", "GET"),
                                    ("HEAD", OFFICIAL + "list", "GET"), ("PUT", OFFICIAL + "list", "GET")):
            reply = self.call(method, path, self.word)
            self.assertEqual((reply.status, reply.header("Allow")), (405, allow))
        for path in ("/", "/LLM-Deep/token.json", "/OfficialToken/deep_user.json", ROOT, ROOT + "deep/one", OFFICIAL + "keylist"):
            self.assertEqual(self.call("GET", path, self.word).status, 404)
        # A body says nothing, whatever it is.
        self.assertEqual(self.call("POST", ROOT + "deep", self.word, body=b"\xff{", ).status, 200)

    # DeepSeek's own pages.

    def test_single_relays_what_the_platform_says(self):
        self.platform.sessions["user-token-1"] = "13912341234"
        reply = self.call("GET", OFFICIAL + "single", "user-token-1")
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.json, {"code": 0, "msg": "", "data": self.platform.summary("13912341234")})
        self.assertIn(b"123456789012345678", reply.body)
        self.assertIn(b'"0E-20"', reply.body)
        reply = self.call("GET", OFFICIAL + "single", "no such token")
        self.assertEqual((reply.status, reply.json), (200, {"code": 40003, "msg": "Authorization Failed (invalid token)", "data": None}))

    def test_single_keeps_our_own_secret_here(self):
        before = len(self.platform.summaries)
        self.assertEqual((self.call("GET", OFFICIAL + "single", self.word).status), 400)
        self.assertEqual(self.call("GET", OFFICIAL + "single", self.word).json, {"error": "wrong_token_kind"})
        self.assertEqual(self.call("GET", OFFICIAL + "single").json, {"error": "unauthorized"})
        self.assertEqual(len(self.platform.summaries), before)

    def test_single_when_the_platform_makes_no_sense(self):
        try:
            for status, body in ((403, b"<html>firewall</html>"), (200, b"<html>"), (302, b"")):
                self.platform.page = (status, body)
                reply = self.call("GET", OFFICIAL + "single", "user-token-2")
                self.assertEqual((reply.status, reply.json), (502, {"error": "upstream_unavailable"}))
            self.platform.page = (422, {"code": 422, "msg": "missing field", "data": None})
            reply = self.call("GET", OFFICIAL + "single", "user-token-2")
            self.assertEqual((reply.status, reply.json["code"]), (422, 422))
        finally:
            self.platform.page = None

    def test_list_has_a_text_for_each_account(self):
        self.assertEqual(self.call("GET", OFFICIAL + "list", self.word).json, [])
        write(self.data, "OfficialToken/deep_user.json",
              "13912341234-%s\n\nno dash here\n13800000000-wrong\r\n13800000000-other\n" % secret("pass-with-dashes"))
        self.platform.logins.clear()
        reply = self.call("GET", OFFICIAL + "list", self.word)
        self.assertEqual((reply.status, reply.json), (200, ["5000000", "error", "error", "4722170"]))
        self.assertEqual(self.platform.logins, ["13912341234", "13800000000", "13800000000"])
        # Sessions are kept while they last …
        self.assertEqual(self.call("GET", OFFICIAL + "list", self.word).json, ["5000000", "error", "error", "4722170"])
        self.assertEqual(self.platform.logins, ["13912341234", "13800000000", "13800000000", "13800000000"])
        # … and got anew when they are over.
        self.platform.sessions.clear()
        self.assertEqual(self.call("GET", OFFICIAL + "list", self.word).json[0], "5000000")
        self.assertEqual(self.platform.logins.count("13912341234"), 2)
        os.remove(os.path.join(self.data, "OfficialToken/deep_user.json"))


class NewShapeTest(Door):
    shape = "new"
    settings = "  account_gap: 0\n  total_seconds: 2\n  cache_minutes: 10\n"

    def test_what_is_wrapped_once_more_is_lifted(self):
        self.platform.sessions["user-token-1"] = "13912341234"
        reply = self.call("GET", OFFICIAL + "single", "user-token-1")
        self.assertEqual(reply.json, {"code": 0, "msg": "", "data": self.platform.summary("13912341234")})
        write(self.data, "OfficialToken/deep_user.json", "13912341234-%s" % secret("pass-with-dashes"))
        self.assertEqual(self.call("GET", OFFICIAL + "list", self.word).json, ["5000000"])

    def test_time_is_up(self):
        self.tokens("deep", "live-1", "hang-2", "live-3")
        begin = time.monotonic()
        found = self.check("deep")
        self.assertLess(time.monotonic() - begin, 20)
        self.assertEqual((found["unknownTokenPositions"], found["invalidTokenPositions"]), ([2], []))
        self.up.hold.set()

    def test_a_result_may_be_told_again(self):
        self.tokens("glm", "live-1")
        self.assertIsNone(self.call("POST", ROOT + "glm", self.word).header("Age"))
        asked = len(self.up.asked)
        reply = self.call("POST", ROOT + "glm", self.word)
        self.assertTrue(reply.header("Age").isdigit())
        self.assertEqual((reply.json["totalTokenCount"], len(self.up.asked)), (1, asked))


class StartTest(unittest.TestCase):
    """Where the secret and the addresses come from."""

    def start(self, env, more=""):
        d = Served("tokenstatuscheck:\n  listen: \"127.0.0.1:0\"\n" + more, env=env, start=False)
        done = run(d.command(), env=env, timeout=20)
        return done

    def test_it_does_not_start_without_a_secret(self):
        for env in ({}, {"UserAuthorization": ""}, {"UserAuthorization": "admin123"}):
            done = self.start(env)
            self.assertEqual(done.code, 78, done)
            self.assertIn("UserAuthorization", done.error)

    def test_the_secret_of_the_environment_is_taken_over(self):
        first, second = password("tsc-first"), password("tsc-second")
        data = space()
        write(data, "LLM-Deep/token.json", "")
        settings = "tokenstatuscheck:\n  listen: \"127.0.0.1:0\"\n  data: %s\n  urls: { deep: \"http://127.0.0.1:9/token/check\" }" % data
        d = Served(settings, env={"UserAuthorization": first})
        check = lambda word: request(d.ports["tokenstatuscheck"], "POST", ROOT + "deep", headers={"Authorization": "Bearer " + word}).status
        self.assertEqual((check(first), check(second)), (200, 401))
        d.stop()
        d.env = {}
        d.start()
        self.assertEqual((check(first), check(second)), (200, 401))
        # What the store has counts, whatever the environment says then.
        d.ok("door", "set", "tokenstatuscheck", "user_authorization", input=second)
        self.assertEqual((check(first), check(second)), (401, 200))
        d.stop()
        d.env = {"UserAuthorization": first}
        d.start()
        self.assertEqual((check(first), check(second)), (401, 200))
        d.ok("lock")
        reply = request(d.ports["tokenstatuscheck"], "POST", ROOT + "deep", headers={"Authorization": "Bearer " + second})
        self.assertEqual((reply.status, reply.json), (503, {"error": "unavailable"}))
        self.assertTrue(reply.header("Retry-After"))
        d.finish()

    def test_addresses_of_the_environment(self):
        up = FreeAPI()
        data = space()
        write(data, "LLM-Spark/token.json", "live-1\n")
        word = password("tsc-env")
        d = Served("tokenstatuscheck: { listen: \"127.0.0.1:0\", data: %s }" % data,
                   env={"UserAuthorization": word, "TokenStatuCheckUrls__SparkTokenCheckUrl": up.url})
        reply = request(d.ports["tokenstatuscheck"], "POST", ROOT + "spark", headers={"Authorization": "Bearer " + word})
        self.assertEqual(reply.json["validTokenPercentage"], "100%")
        # The names are reported, the values are not.
        text = d.cli("doctor").text
        self.assertIn("TokenStatuCheckUrls__SparkTokenCheckUrl, UserAuthorization", text)
        self.assertNotIn(word, text)
        d.finish()
        up.close()
        done = self.start({"UserAuthorization": word, "TokenStatuCheckUrls__SparkTokenCheckUrl": "[http://spark:8000/token/check]"})
        self.assertEqual(done.code, 78)
        self.assertIn("TokenStatuCheckUrls__SparkTokenCheckUrl", done.error)

    def test_mistakes_in_the_file_are_named(self):
        for line, part in (("urls: { deep: \"ftp://x\" }", "urls.deep"), ("urls: { deap: \"http://x/y\" }", "deap"), ("data: here", "data"),
                           ("total_seconds: 0", "total_seconds")):
            d = Served("tokenstatuscheck:\n  listen: \"127.0.0.1:0\"\n  " + line, start=False)
            done = run([binary("cofferd"), "--config", d.file, "--store", d.store, "--key-file", d.key, "--socket", d.socket, "--check-config"])
            self.assertEqual(done.code, 78)
            self.assertIn("coffer.yaml:4:", done.error)
            self.assertIn(part, done.error)


if __name__ == "__main__":
    unittest.main()
