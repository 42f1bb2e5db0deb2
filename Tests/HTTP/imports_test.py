"""What imports bring is served at the doors of the systems that it came from."""

import http.client
import json
import os
import sqlite3
import unittest

from harness import Served, password, secret, space


class Imported(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Served('rtmanage: { listen: "127.0.0.1:0" }\ntokenstool: { listen: "127.0.0.1:0" }')

    @classmethod
    def tearDownClass(cls):
        cls.d.finish()

    def ask(self, door, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.d.ports[door], timeout=20)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers or {})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def test_rtmanage(self):
        folder = space()
        config, database = os.path.join(folder, "config.yml"), os.path.join(folder, "tokens.db")
        word, key = password("boss"), secret("imported-api-secret")
        with open(config, "w") as file:
            file.write("auth: {username: boss, password: %s, api_secret: %s}\n" % (word, key))
        rows = sqlite3.connect(database)
        rows.execute("CREATE TABLE rt_rts (id integer primary key, biz_id text, rt text, at text, email text, user_name text, type text, "
                     "enabled integer)")
        rows.execute("INSERT INTO rt_rts VALUES (5, 'user001', ?, ?, 'a@example.org', 'Ada', 'team', 0)",
                     (secret("imported-rt-0001"), secret("imported-at-0001")))
        rows.commit()
        rows.close()
        self.d.ok("import", "--from", "rtmanage", config, database)
        status, answer = self.ask("rtmanage", "POST", "/public-api/get-at", {"biz_id": "user001"}, {"X-API-Secret": key})
        self.assertEqual((status, answer["data"]), (200, {
            "biz_id": "user001", "email": "a@example.org", "access_token": "imported-at-0001", "refresh_token": "imported-rt-0001",
            "type": "team", "user_name": "Ada"}))
        status, answer = self.ask("rtmanage", "POST", "/internalweb/v1/auth/login", {"username": "boss", "password": word})
        self.assertEqual(status, 200)
        status, listed = self.ask("rtmanage", "POST", "/internalweb/v1/rts/list", {}, {"Authorization": "Bearer " + secret(answer["token"])})
        self.assertEqual(status, 200, listed)
        row = listed["data"]["items"][0]
        self.assertEqual((row["id"], row["biz_id"], row["enabled"]), (5, "user001", False))

    def test_tokenstool(self):
        folder, word = space(), password("get")
        files = {
            "tokens.json": {"ada": {"token": secret("eyJhb-imported-session"), "username": "a@example.org", "userPassword": password("ada"),
                                    "setPoolToken": True, "access_token": secret("imported-access-1"), "share_token": secret("fk-imported-1"),
                                    "updateTime": "2024-01-20 03:04:05"}},
            "pool.json": {"one": {"poolToken": secret("pk-imported-1"), "shareTokens": ["ada"]}},
            "config.json": {"loginUsername": "admin9", "loginPassword": password("login"), "isGetToken": True, "getTokenPassword": word},
        }
        for name, content in files.items():
            with open(os.path.join(folder, name), "w") as file:
                json.dump(content, file)
        self.d.ok("import", "--from", "tokenstool", folder)
        for path, data in (("/token/access_token?tokenName=ada", "imported-access-1"), ("/token/pool_token?tokenName=one", "pk-imported-1"),
                           ("/shared_token?x=", ["fk-imported-1"])):
            self.assertEqual(self.ask("tokenstool", "GET", path + "&password=" + word), (200, {"code": 1, "msg": "success", "data": data}))


if __name__ == "__main__":
    unittest.main()
