"""TokensTool's door asked by many at once: nothing is lost, and one refresh is one dial (compat/tokenstool.md 7.2, W11; decisions 14)."""

import threading
import unittest

from harness import secret
from tokenstool import TokensToolCase


def at_once(jobs):
    """What each came to, in order."""
    results = [None] * len(jobs)
    barrier = threading.Barrier(len(jobs))

    def run(place, job):
        barrier.wait(20)
        try:
            results[place] = job()
        except BaseException as error:         # told by the test
            results[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


class ConcurrencyTests(TokensToolCase):
    def test_writers_lose_nothing(self):
        sessions = {}
        for number in range(12):
            user, _ = self.user("w%d" % number)
            sessions["w%d" % number] = secret(self.pandora.session(user))
        answers = at_once([lambda n=name, t=token: self.client.add(n, t) for name, token in sessions.items()]
                          + [lambda n=n: self.client.set(isolated_conv_title="t%d" % n) for n in range(4)])
        self.assertEqual([a["code"] for a in answers], [1] * 16)
        rows = self.client.tokens()
        self.assertEqual({name: row["token"] for name, row in rows.items()}, sessions)
        self.assertRegex(self.client.settings()["isolated_conv_title"], r"\At[0-3]\Z")
        # The same name by many: one of them is there, whole.
        others = [secret(self.pandora.session("w0@example.org")) for _ in range(6)]
        at_once([lambda t=token: self.client.add("w0", t) for token in others])
        self.assertIn(self.client.tokens()["w0"]["token"], others)
        self.assertEqual(len(self.client.tokens()), 12)
        answer = self.client.good("PUT", "/api/deleteTokenList", [{"name": name} for name in sessions])
        self.assertEqual(answer, "删除成功：12，失败：0")

    def test_many_who_want_the_same_share_a_dial(self):
        user, word = self.user("same")
        self.client.add("same", username=user, userPassword=word)
        self.pandora.forget()
        row = self.client.tokens()["same"]
        answers = at_once([lambda: self.client.raw("POST", "/api/updateToken", row, timeout=60).json for _ in range(12)])
        self.assertEqual({a["code"] for a in answers}, {1})
        # One dial for those who came while it ran; whoever came behind it has its own.
        self.assertLess(len(self.pandora.asked("session")), 12)
        self.assertEqual(len({a["data"]["access_token"] for a in answers}), len(self.pandora.asked("session")))
        for answer in answers:
            self.client.check(answer["data"])
        self.client.good("PUT", "/api/deleteToken", {"name": "same"})

    def test_reading_goes_on_while_everything_is_renewed(self):
        for name in ("r1", "r2"):
            self.token(name)
        done = threading.Event()
        result = []

        def renew():
            result.append(self.client.raw("GET", "/api/updateAllToken", timeout=60).json)
            done.set()

        thread = threading.Thread(target=renew)
        thread.start()
        reads = 0
        while not done.is_set() and reads < 10000:
            self.assertEqual(set(self.client.tokens()), {"r1", "r2"})
            reads += 1
        thread.join(60)
        self.assertIn("自动生成Token成功：2", result[0]["data"])
        self.assertGreater(reads, 1)
        for name in ("r1", "r2"):
            self.client.good("PUT", "/api/deleteToken", {"name": name})


if __name__ == "__main__":
    unittest.main()
