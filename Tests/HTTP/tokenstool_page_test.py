"""What TokensTool's compiled page does, call by call: each answer must be one that it goes on with (compat/tokenstool.md)."""

from harness import secret
from pandora_upstream import PREFIX
from tokenstool import MASK, Client, TokensToolCase


class PageTests(TokensToolCase):
    """One visit: the calls in the order in which a person makes the page send them."""

    @classmethod
    def prepare(cls):
        pass

    def call(self, method, path, body=None):
        """As axios sends it."""
        headers = {"Accept": "application/json, text/plain, */*", "Origin": "http://127.0.0.1:%d" % self.port,
                   "Referer": "http://127.0.0.1:%d/" % self.port}
        return self.page.raw(method, path, body, headers=headers).json

    def done(self, method, path, body=None):
        answer = self.call(method, path, body)
        self.assertEqual(answer["code"], 1, answer)
        self.assertIsNotNone(answer["data"])
        return answer["data"]

    def test_a_visit(self):
        self.page = Client(self.port)
        # It looks whether the login that it kept is still good, and is told that there is none.
        self.assertEqual(self.call("POST", "/api/loginToken?token=")["code"], 0)
        self.assertEqual(self.page.login("not-the-word").json["code"], 0)
        self.page.jwt = secret(self.page.login(self.word).json["data"])
        self.assertEqual(self.done("POST", "/api/loginToken?token=" + self.page.jwt), "YES_LOGIN")
        self.assertEqual(self.done("GET", "/api/selectToken?name="), [])
        # Settings: it fills its form, the person changes two fields, the form goes back whole.
        form = self.done("GET", "/api/selectSetting")
        form.update(bing="127.0.0.1:%d" % self.pandora.port, proxy_api_prefix=PREFIX, loginPassword=MASK)
        self.done("POST", "/api/requireSetting", form)
        self.assertEqual(self.done("POST", "/api/loginToken?token=" + self.page.jwt), "YES_LOGIN")
        # Where there is no address yet, the page sends the slash that it puts behind one.
        self.done("POST", "/api/controllerTask", {
            "auto_updateSession": False, "auto_updateTime": 5, "auto_updateNumber": 1, "pandoraNext_outUrl": "/", "oneAPi_outUrl": "",
            "oneAPi_intoToken": ""})
        self.assertEqual(self.done("GET", "/api/selectSetting")["pandoraNext_outUrl"], "")
        self.done("POST", "/api/controllerTask", {
            "auto_updateSession": True, "auto_updateTime": 5, "auto_updateNumber": 1,
            "pandoraNext_outUrl": "http://127.0.0.1:%d" % self.pandora.port, "oneAPi_outUrl": "", "oneAPi_intoToken": ""})
        # Add: one by its login, one by its session, one for the web.
        user, word = self.user("page")
        other, _ = self.user("page2")
        fields = {"shared": False, "show_user_info": False, "plus": False, "useRefreshToken": False, "auto_shared": False, "password": ""}
        self.done("POST", "/api/addToken", dict(fields, name="login", token="", username=user, userPassword=word, setPoolToken=True))
        self.done("POST", "/api/addToken", dict(
            fields, name="session", token=secret(self.pandora.session(other)), username=other, userPassword="x", setPoolToken=True))
        self.done("POST", "/api/addToken", dict(
            fields, name="web", token=user + "," + word, username=user, userPassword=word, setPoolToken=False, password="Visitor0Word"))
        rows = {row["name"]: row for row in self.done("GET", "/api/selectToken?name=")}
        self.assertEqual(list(rows), ["login", "session", "web"])
        # Search, look at one, edit it with what the form shows.
        self.assertEqual([row["name"] for row in self.done("GET", "/api/selectToken?name=ses")], ["session"])
        self.done("POST", "/api/requiredToken", dict(rows["session"], shared=True, auto_shared=True))
        self.done("POST", "/api/requiredToken", dict(rows["web"], token=user + "," + MASK))
        # Refresh, generate.
        self.done("POST", "/api/updateSessionToken", rows["login"])
        renewed = self.done("POST", "/api/updateToken", {row["name"]: row for row in self.done("GET", "/api/selectToken?name=")}["login"])
        self.assertEqual(renewed["name"], "login")
        # A pool: made from names, refreshed, renewed, verified.
        self.done("POST", "/api/addPoolToken", {
            "poolName": "池", "shareTokens": ["login", "session"], "poolToken": "", "intoOneApi": False, "poolOneApi_models": "",
            "poolModel_mapping": "{}", "oneApi_pandoraUrl": "", "groupChecked": "", "priority": 0})
        pool = self.done("GET", "/api/selectPoolToken?name=")[0]
        self.assertEqual(pool["shareTokens"], ["login", "session"])
        self.done("POST", "/api/requirePoolToken", dict(pool, shareTokens=["session"]))
        self.done("POST", "/api/refreshSimplyPoolToken", pool)
        self.done("POST", "/api/changePoolToken", self.done("GET", "/api/selectPoolToken?name=")[0])
        pool = self.done("GET", "/api/selectPoolToken?name=")[0]
        secret(pool["poolToken"])
        self.assertEqual(self.done("POST", "/api/verifySimplyPoolToken", pool), "pool_token正常，请放心使用！")
        self.assertIn("成功", self.done("GET", "/api/verifyAllPoolToken"))
        # Everything at once, then the lists.
        self.assertIn("自动生成Token成功：2", self.done("GET", "/api/updateAllToken"))
        self.assertIn("成功", self.done("GET", "/api/updateAllPoolToken"))
        self.done("POST", "/api/refreshSimplyPoolTokenList", [pool])
        self.done("POST", "/api/verifySimplyPoolTokenList", [pool])
        self.assertEqual(self.done("GET", "/api/selectShareToken?name="), [])
        self.assertEqual(len(self.done("GET", "/api/selectLogin")), 1)
        self.assertEqual(self.done("GET", "/api/modelsUsage"), [])
        self.done("GET", "/api/reload")
        # Delete, and nothing is left.
        self.done("POST", "/api/deletePoolToken", pool)
        rows = self.done("GET", "/api/selectToken?name=")
        for row in rows:
            for key in ("token", "access_token", "share_token"):
                if row["setPoolToken"]:
                    secret(row[key])
        self.done("PUT", "/api/deleteToken", rows[0])
        self.done("PUT", "/api/deleteTokenList", rows[1:])
        self.assertEqual(self.done("GET", "/api/selectToken?name="), [])
        self.assertEqual(self.done("GET", "/api/selectPoolToken?name="), [])
        self.assertEqual((self.pandora.pools, self.pandora.shares), ({}, {}))


if __name__ == "__main__":
    import unittest
    unittest.main()
