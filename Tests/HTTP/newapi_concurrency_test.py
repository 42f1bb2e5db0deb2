"""Many at once at the new-api door: limits hold, nothing is counted twice, nothing is lost."""

from concurrent.futures import ThreadPoolExecutor

from harness import password
from newapi import *


class Concurrency(Door):
    more = "max_tokens: 12"

    def together(self, work, count=16):
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(work, range(count)))

    def test_the_largest_number_of_tokens_holds(self):
        eve = self.fresh("eve")
        replies = self.together(lambda i: eve("POST", "/api/token/", {"name": "t%d" % i, "unlimited_quota": True}).json, 20)
        self.assertEqual(sum(r["success"] for r in replies), 12)
        self.assertEqual({r["message"] for r in replies}, {"", "已达到最大令牌数量限制 (12)"})
        items = eve.everything()
        self.assertEqual((len(items), len({t["id"] for t in items}), len({t["key"] for t in items})), (12, 12, 12))
        # Each is deleted once.
        numbers = [t["id"] for t in items]
        self.assertEqual(sum(self.together(lambda i: eve.good("POST", "/api/token/batch", {"ids": numbers[i:] + numbers[:i]}), 8)), 12)
        self.assertEqual(eve.everything(), [])

    def test_one_delete_wins(self):
        token = self.ada.create(self.n)
        found = self.together(lambda _: self.ada("DELETE", "/api/token/%d/" % token["id"]).json)
        self.assertEqual(sorted(r["success"] for r in found), [False] * 15 + [True])
        self.assertEqual({r["message"] for r in found}, {"", "Token不存在"})

    def test_one_access_token_lives(self):
        page = Client(self.port)
        page.login("bob", password("bob"))
        made = self.together(lambda _: secret(page.good("GET", "/api/user/token")))
        alive = [t for t in made if Client(self.port, pat=t)("GET", "/api/token/").status == 200]
        self.assertEqual(len(alive), 1)
        self.assertEqual(self.bob("GET", "/api/token/").status, 401)

    def test_the_same_get_in_flight(self):
        self.ada.create(self.n)
        bodies = {r.body for r in self.together(lambda _: self.ada("GET", "/api/token/?p=1&size=10"))}
        self.assertEqual(len(bodies), 1)

    def test_updates_do_not_mix(self):
        token = self.ada.create(self.n)

        def change(i):
            return self.ada.good("PUT", "/api/token/", {
                "id": token["id"], "name": "w%d" % i, "remain_quota": i, "unlimited_quota": False, "group": "vip" if i % 2 else ""})
        self.together(change)
        last = self.ada.show(token["id"])
        i = last["remain_quota"]
        self.assertEqual((last["name"], last["group"]), ("w%d" % i, "vip" if i % 2 else ""))
        self.assertEqual({k: v for k, v in last.items() if k not in ("name", "remain_quota", "unlimited_quota", "group")},
                         {k: v for k, v in token.items() if k not in ("name", "remain_quota", "unlimited_quota", "group")})
