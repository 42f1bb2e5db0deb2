"""Searches of the new-api door (compat/newapi.md 1.4)."""

from urllib.parse import quote

from harness import raw, split
from newapi import *

MESSAGES = {
    "%%": "搜索模式中不允许包含连续的 % 通配符", "three": "搜索模式中最多允许包含 2 个 % 通配符",
    "short": "使用模糊搜索时，关键词长度至少为 2 个字符", "cap": "令牌数量超过上限，仅允许精确搜索，请勿使用 % 通配符",
}


class Searches:
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tokens = {}
        for name in ("Alpha one", "alpha two", "beta", "100%_off", "a_b!c", "测试令牌", "axb!c"):
            cls.ada("POST", "/api/token/", {"name": name, "unlimited_quota": True})
        cls.tokens = {t["name"]: t for t in cls.ada.everything()}
        cls.bob("POST", "/api/token/", {"name": "alpha of bob", "unlimited_quota": True})

    def search(self, **query):
        items = self.page(**query)["items"]
        self.assertEqual([t["id"] for t in items], sorted((t["id"] for t in items), reverse=True))
        return {t["name"] for t in items}

    def page(self, **query):
        return self.ada.good("GET", "/api/token/search?p=1&size=50&" + "&".join("%s=%s" % (k, quote(v)) for k, v in query.items()))

    def refused(self, **query):
        return self.ada.bad("GET", "/api/token/search?p=1&" + "&".join("%s=%s" % (k, quote(v)) for k, v in query.items()))

    def test_a_part_of_the_name_in_any_case(self):
        self.assertEqual(self.search(keyword="alpha"), {"Alpha one", "alpha two"})
        self.assertEqual(self.search(keyword="ALPHA T"), {"alpha two"})
        self.assertEqual(self.search(keyword="测试"), {"测试令牌"})
        self.assertEqual(self.search(keyword="nothing"), set())
        self.assertEqual(self.search(keyword=""), set(self.tokens))
        self.assertEqual(self.search(), set(self.tokens))
        self.assertEqual(self.page(keyword="beta")["items"], [self.tokens["beta"]])

    def test_raw_bytes_of_the_query(self):
        # As curl sends ?keyword=测试.
        reply = split_raw(self.port, b"/api/token/search?p=1&keyword=" + "测试".encode(), self.ada.pat)
        self.assertEqual([t["name"] for t in reply.json["data"]["items"]], ["测试令牌"])

    def test_underscores_stand_for_themselves(self):
        self.assertEqual(self.search(keyword="a_b"), {"a_b!c"})
        self.assertEqual(self.search(keyword="a_b%"), {"a_b!c"})
        self.assertEqual(self.search(keyword="!c"), {"a_b!c", "axb!c"})
        self.assertEqual(self.search(keyword="' or '1'='1"), set())

    def test_wildcards(self):
        self.assertEqual(self.search(keyword="alpha%"), {"Alpha one", "alpha two"})
        self.assertEqual(self.search(keyword="%two"), {"alpha two"})
        self.assertEqual(self.search(keyword="%pha%"), {"Alpha one", "alpha two"})
        self.assertEqual(self.search(keyword="al%wo"), {"alpha two"})
        self.assertEqual(self.search(keyword="pha%"), set())
        self.assertEqual(self.search(keyword="alpha two%alpha two"), set())
        for text, which in (("a%%b", "%%"), ("%a%b%", "three"), ("a%", "short"), ("%", "short"), ("%a%", "short")):
            self.assertEqual(self.refused(keyword=text), self.message(which), text)
            self.assertEqual(self.refused(token=text), self.message(which), text)

    def test_keys(self):
        number = self.tokens["beta"]["id"]
        key = self.ada.reveal(number)
        for text in (key, "sk-" + key, key[:20], key[10:30], key[-12:], key.lower(), key[:10] + "%" + key[-10:], "sk-" + key[:12] + "%"):
            self.assertEqual(self.search(token=text), {"beta"}, text)
        self.assertEqual(self.search(token=key, keyword="bet"), {"beta"})
        self.assertEqual(self.search(token=key, keyword="alpha"), set())
        self.assertEqual(self.search(token=key + "x"), set())
        self.assertEqual(self.search(token="sk-sk-" + key), set())
        other = self.bob.reveal(self.bob.find("alpha of bob")["id"])
        self.assertEqual(self.search(token=other), set())
        self.assertEqual(self.search(token=other[:20]), set())
        self.assertEqual(self.search(token="sk-"), set(self.tokens))

    def test_pages_of_a_search(self):
        found = self.ada.good("GET", "/api/token/search?keyword=a&p=2&size=2")
        self.assertEqual((found["page"], found["page_size"], found["total"]), (2, 2, sum("a" in n.lower() for n in self.tokens)))
        self.assertEqual([t["name"] for t in found["items"]], ["beta", "alpha two"])
        found = self.ada.good("GET", "/api/token/search?p=-3&size=-1")
        self.assertEqual((found["page"], found["total"]), (1, len(self.tokens)))
        self.assertLessEqual(found["page_size"], 100)

    def test_long_and_strange(self):
        self.assertEqual(self.search(keyword="x" * 5000), set())
        self.assertEqual(self.search(token="x" * 5000), set())
        self.assertEqual(self.search(keyword="\x00"), set())
        self.assertEqual(self.ada.good("GET", "/api/token/search?p=1&keyword=%FF%FE&token=%ZZ")["items"], [])
        # Of two the first counts.
        self.assertEqual([t["name"] for t in self.ada.good("GET", "/api/token/search?p=1&keyword=beta&keyword=alpha")["items"]], ["beta"])


def split_raw(port, target, pat):
    head = b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer "
    return split(raw(port, b"GET " + target + head + pat.encode() + b"\r\n\r\n"))


class OverTheCap(Door):
    """Also: what a restart leaves as it is."""
    profile = "current"

    def test_only_whole_texts(self):
        for i in range(4):
            self.ada.good("POST", "/api/token/", {"name": "t%d" % i, "unlimited_quota": True})
        page = Client(self.port)
        page.login("ada", self.word)
        before = self.ada.everything()
        self.d.stop()
        self.d.write(settings("current", more="max_tokens: 3"))
        self.d.start()
        for client in (self.ada, page):
            client.port = self.d.ports["newapi"]
            self.assertEqual(client.everything(), before)
        search = "/api/token/search?p=1&keyword="
        self.assertEqual(self.ada.bad("GET", search + quote("t1%x")), MESSAGES["cap"])
        self.assertEqual(self.ada.good("GET", search + "t1")["total"], 1)
        self.assertEqual(self.ada.bad("POST", "/api/token/", {"name": "one more"}), "已达到最大令牌数量限制 (3)")
        english = {"Accept-Language": "en"}
        self.assertEqual(self.ada.bad("POST", "/api/token/", {"name": "one more"}, headers=english), "Maximum number of tokens reached (3)")
        self.assertEqual(self.ada.everything(), before)
        self.assertEqual(self.ada.good("POST", "/api/token/batch", {"ids": [t["id"] for t in before[:2]]}), 2)
        self.ada.good("GET", search + quote("t1%x"))
        self.ada.good("POST", "/api/token/", {"name": "one more"})


class Document(Searches, Door):
    def message(self, which):
        return "搜索Token失败"


class Current(Searches, Door):
    profile = "current"

    def message(self, which):
        return MESSAGES[which]

del Searches
