"""Rows that came by an import, before an upstream whose tokens can be used once."""

import os
import sqlite3
import unittest

from harness import space
from rtmanage import Door


class ImportTest(Door):
    def database(self, *rows):
        path = os.path.join(space(), "tokens.db")
        db = sqlite3.connect(path)
        db.execute("CREATE TABLE rt_rts (id integer primary key, biz_id text, rt text, enabled integer, create_time datetime)")
        db.executemany("INSERT INTO rt_rts VALUES (?, ?, ?, 1, '2025-12-01 22:56:30')", rows)
        db.commit()
        db.close()
        return path

    def bring(self, path, code=0):
        done = self.d.cli("import", "--from", "rtmanage", path, "--json")
        self.assertEqual(done.code, code, done)
        return done.json

    def test_the_same_file_again_brings_no_second_owner_of_a_token(self):
        token, other = self.issue("again"), self.issue("other")
        path = self.database((3, "again", token), (4, "twice", token), (5, "other", other))
        answer = self.bring(path, 65)
        self.assertEqual((answer["created"], answer["refused"]), (2, 1))
        row = self.admin.list(biz_id="again")["items"][0]
        self.admin.good("/rts/update", {"id": row["id"], "updates": {"biz_id": "renamed"}})
        for _ in range(2):
            self.assertEqual(self.public.find("/refresh", {"biz_id": "renamed"})["data"]["refresh_token"], self.up.current["again"])
        answer = self.bring(path, 65)
        self.assertEqual((answer["created"], answer["refused"], answer["unchanged"]), (0, 2, 1))
        ids = [row["id"] for name in ("again", "twice", "other", "renamed") for row in self.admin.list(biz_id=name)["items"]]
        self.assertEqual(self.admin.good("/rts/batch-refresh", {"ids": ids})["success_count"], 2)
        # The family lives: nobody presented its first token again.
        self.assertEqual(self.up.dials_of(token), 1)
        self.assertIsNotNone(self.up.current["again"])
        self.assertEqual(self.admin.list(biz_id="renamed")["items"][0]["rt"], self.up.current["again"])

    def test_an_id_behind_which_there_is_none(self):
        self.bring(self.database((9223372036854775807, "largest", self.issue("largest"))))
        made = self.admin.create(self.issue("behind"), "behind")
        ids = {row["biz_id"]: row["id"] for row in self.admin.list(page_size=-1)["items"]}
        self.assertEqual(ids["behind"], made["id"])
        self.assertEqual(len(set(ids.values())), len(ids))
        self.assertLess(max(ids.values()), 1 << 53)
        self.admin.good("/rts/refresh", {"id": ids["largest"]})

    def test_what_all_rows_have_is_the_requests_mistake(self):
        before = self.admin.list()["total"]
        for field, value in (("proxy", "gopher://x"), ("client_id", "a\nb"), ("tag", "a*b")):
            msg = self.admin.bad("/rts/batch-import", {"rt_tokens": ["mistake-1", "mistake-2"], field: value})
            self.assertTrue(msg.startswith("批量导入失败: "), msg)
        self.assertEqual(self.admin.list()["total"], before)
        data = self.admin.good("/rts/batch-import", {"rt_tokens": ["x" * 70000, "kept-0001"]})
        self.assertEqual(data, {"total_count": 2, "success_count": 1, "fail_count": 1})

    def test_many_keep_their_order(self):
        tokens = ["many-%04d" % i for i in range(2500)]
        data = self.admin.good("/rts/batch-import", {"rt_tokens": tokens, "tag": "order"}, timeout=60)
        self.assertEqual(data["success_count"], 2500)
        rows = self.admin.list(tag="order", page_size=-1)["items"]
        self.assertEqual([row["rt"] for row in reversed(rows)], tokens)


if __name__ == "__main__":
    unittest.main()
