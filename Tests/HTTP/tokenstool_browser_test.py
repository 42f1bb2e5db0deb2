"""A page of TokensTool's kind in a browser: served from `web`, it does what the compiled page does, with the policy that the door sets
for it, and the console stays empty (compat/tokenstool.md, decisions 18). The page in `page` is the tests' own."""

import os
import shutil
import unittest

from browser import MISSING, Browser
from harness import Served, password, request, secret, space
from oneapi_upstream import OneAPI
from pandora_upstream import PREFIX, Pandora
from tokenstool import MASK, NAME

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "page")


@unittest.skipIf(MISSING, MISSING or "")
class BrowserCase(unittest.TestCase):
    MORE = ""
    FOLDER = PAGE

    @classmethod
    def setUpClass(cls):
        cls.pandora = Pandora()
        cls.daemon = Served(
            'tokenstool: { listen: "127.0.0.1:0", web: "%s"%s }' % (cls.FOLDER, cls.MORE),
            more='upstream: { providers: { pandora: { dash: "http://127.0.0.1:%d" } } }\n' % cls.pandora.port)
        cls.word = password("browser0tokenstool")
        cls.daemon.ok("door", "set", "tokenstool", "login_username", input=NAME)
        cls.daemon.ok("door", "set", "tokenstool", "login_password", input=cls.word)
        cls.port = cls.daemon.ports["tokenstool"]
        cls.home = "http://127.0.0.1:%d" % cls.port
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.pandora.close()
        cls.daemon.finish()

    # What a person does.

    def idle(self):
        self.browser.wait("an end", "return window.page && document.body.dataset.busy === '0'")

    def open(self, path):
        self.browser.open(self.home + path)
        self.idle()

    def act(self, selector, asks=False):
        """Clicks, says yes where it is asked, and waits for what the page says: (kind, text)."""
        before = self.browser.script("return window.page.said")
        self.browser.find(selector).click()
        if asks:
            self.browser.driver.switch_to.alert.accept()
        return self.said(before)

    def said(self, before):
        self.browser.wait("a word", "return window.page.said > arguments[0]", before)
        self.idle()
        # Another view may be on its way, with nothing said yet.
        return tuple(self.browser.script("const said = document.getElementById('message'); return [said.dataset.kind, said.textContent]"))

    def menu(self, name, asks=False):
        return self.act('#menu [data-action="%s"]' % name, asks)

    def row(self, table, name, action, asks=False):
        return self.act('#%s [data-name="%s"] [data-action="%s"]' % (table, name, action), asks)

    def fill(self, opens, /, **fields):
        """Opens a form, changes these fields, sends it."""
        self.browser.find(opens).click()
        for name, value in fields.items():
            place = self.browser.find('#form [name="%s"]' % name)
            if isinstance(value, bool):
                if place.is_selected() != value:
                    place.click()
            else:
                # Typing thousands of letters takes long.
                self.browser.script("arguments[0].value = arguments[1]", place, value)
        return self.act('#form [type="submit"]')

    def form(self, action, /, **fields):
        return self.fill('#menu [data-action="%s"]' % action, **fields)

    def select(self, table, *names):
        for line in self.browser.all("#%s tr" % table):
            box = line.find_element("css selector", ".select")
            if box.is_selected() != (line.get_attribute("data-name") in names):
                box.click()

    def names(self, table):
        return [line.get_attribute("data-name") for line in self.browser.all("#%s tr" % table)]

    def cells(self, table, name):
        return [cell.text for cell in self.browser.all('#%s [data-name="%s"] td' % (table, name))]

    def log_in(self, word):
        self.browser.find('#login [name="username"]').clear()
        self.browser.find('#login [name="username"]').send_keys(NAME)
        self.browser.find('#login [name="password"]').clear()
        self.browser.find('#login [name="password"]').send_keys(word)

    def enter(self):
        self.log_in(self.word)
        self.browser.find('#login [type="submit"]').click()
        self.browser.wait("the view", "return document.querySelector('#home #details') && document.body.dataset.busy === '0'")
        secret(self.browser.script("return localStorage.getItem('jwtToken')"))

    def check_console(self):
        self.assertEqual(self.browser.script("return window.page.troubles"), [])
        self.assertEqual(self.browser.errors(), [])


class VisitTests(BrowserCase):
    """One visit, in the order of a person's."""

    def good(self, result, text=None):
        self.assertEqual(result[0], "success", result)
        if text is not None:
            self.assertEqual(result[1], text)

    def account(self, name):
        return self.pandora.account(name + "@example.org", secret("Word0" + name + "OfTheAccount"))

    def test_a_visit(self):
        oneapi = OneAPI(secret("one-api-key-of-the-browser"))
        self.addCleanup(oneapi.close)
        self.first_look()
        self.settings(oneapi)
        self.tokens()
        self.pools()
        self.shares()
        self.rest()
        self.check_console()

    def test_where_no_address_is_set_a_token_stands_in_a_path(self):
        """The page then asks its own origin for the usage: that path must be in no log."""
        share = secret("fk-" + "s" * 43)
        reply = request(self.port, "GET", "/%s/api/token/info/%s" % (PREFIX, share), headers={"Authorization": "Bearer " + secret("eyJhb.a.b")})
        self.assertEqual(reply.status, 404)

    def first_look(self):
        self.open("/")
        self.assertGreater(self.browser.script("return document.querySelector('#login img').naturalWidth"), 0)
        self.assertEqual(self.browser.script("return getComputedStyle(document.querySelector('h1')).color"), "rgb(14, 162, 126)")
        self.assertEqual(self.browser.script("return getComputedStyle(document.body).marginLeft"), "8px")
        self.log_in("not-the-word")
        self.browser.find('#login [name="remember"]').click()
        kind, text = self.act('#login [type="submit"]')
        self.assertEqual(kind, "error")
        self.assertIn("还有15次机会", text)
        self.enter()
        self.assertEqual(self.browser.script("return location.hash + localStorage.getItem('savedUsername')"), "#/home" + NAME)
        self.assertEqual((self.names("tokens"), self.names("pools"), self.names("shares")), ([], [], []))
        self.check_console()

    def settings(self, oneapi):
        # The schedule alone, without any address: the page puts a slash behind it.
        self.good(self.form("task", auto_updateSession=True, auto_updateTime="3"), "修改定时任务和url成功！")
        self.good(self.form(
            "settings", bing="127.0.0.1:%d" % self.pandora.port, proxy_api_prefix=PREFIX, setup_password=secret("Setup0Browser"),
            license_id=secret("license-of-the-browser"), timeout="60"), "修改config.json成功，快去重启PandoraNext吧!")
        self.good(self.form(
            "task", pandoraNext_outUrl="http://127.0.0.1:%d" % self.pandora.port, oneAPi_outUrl=oneapi.url, oneAPi_intoToken=oneapi.token))
        # As it was loaded it knows nothing of the proxy's address; after a reload it does.
        self.browser.driver.refresh()
        self.idle()
        found = self.browser.script("return page.get('/api/selectSetting').then(answer => answer.data.data)")
        self.assertEqual((found["auto_updateSession"], found["auto_updateTime"], found["timeout"]), (True, 3, 60))
        self.assertEqual((found["loginPassword"], found["setup_password"], found["whitelist"]), (MASK, MASK, None))
        # Sent back as it is shown, everything stays.
        self.good(self.form("settings"))
        self.assertEqual(self.browser.script("return page.get('/api/selectSetting').then(answer => answer.data.data)"), found)
        self.check_console()

    def tokens(self):
        user, word = self.account("page1")
        self.good(self.form("add", name="login", username=user, userPassword=word, setPoolToken=True), "添加成功！")
        user, _ = self.account("page2")
        session = secret(self.pandora.session(user, 2000))
        self.good(self.form("add", name="session", token=session, username=user, userPassword=secret("Not0TheWord"), setPoolToken=True))
        user, word = self.account("page3")
        self.good(self.form("add", name="网页", username=user, userPassword=word, password=secret("Visitor0Word")))
        self.assertEqual(self.form("add", name="bad", token="no-token", username="a", userPassword="b", setPoolToken=True)[0], "error")
        self.assertEqual(self.names("tokens"), ["login", "session", "网页"])
        shown = self.cells("tokens", "session")
        self.assertEqual((shown[1], shown[4], shown[6]), ("sesAPI", MASK, "80天"))
        self.assertEqual(shown[5], session[:30] + "...")
        self.assertEqual(self.cells("tokens", "网页")[6], "永久")
        for text, found in (("网", ["网页"]), ("API", ["login", "session"]), ("WEB", ["网页"]), ("ALL", ["login", "session", "网页"])):
            self.browser.script(
                "document.getElementById('search').value = arguments[0]; window.done = document.querySelector('#tokens tr')", text)
            self.browser.find('#menu [data-action="search"]').click()
            self.browser.wait("rows", "return document.querySelector('#tokens tr') !== window.done && document.body.dataset.busy === '0'")
            self.assertEqual(self.names("tokens"), found)
        # Edited as it is shown; then from the API to the web and back.
        edit = '#tokens [data-name="%s"] [data-action="edit"]'
        asked = len(self.pandora.kinds)
        self.good(self.fill(edit % "session", shared=True), "修改成功！")
        self.good(self.fill(edit % "网页", password=secret("Visitor1Word")), "修改成功！")
        self.assertEqual(len(self.pandora.kinds), asked)
        self.good(self.fill(edit % "login", setPoolToken=False), "修改成功！")
        self.assertEqual(self.cells("tokens", "login")[1], "Web")
        self.good(self.fill(edit % "login", setPoolToken=True), "修改成功！")
        self.assertEqual(self.cells("tokens", "login")[1], "sesAPI")
        self.good(self.row("tokens", "login", "refresh", asks=True), "刷新成功！")
        self.good(self.row("tokens", "login", "generate"))
        self.assertEqual(self.row("tokens", "网页", "generate")[0], "error")
        self.good(self.row("tokens", "网页", "view"))
        # The proxy is asked by the page itself, from another origin.
        self.good(self.row("tokens", "session", "view"))
        self.assertIn("2024-03-15 gpt-4,gpt-3.5-turbo", self.browser.find("#details").text)
        self.assertEqual(len(self.pandora.asked("info")), 1)
        self.check_console()

    def pools(self):
        self.select("tokens", "login", "session")
        self.good(self.form("pool-add", poolName="池子一"), "pool_token数据添加成功")
        shown = self.cells("pools", "池子一")
        self.assertEqual((shown[1], shown[4]), ("Json", "login,session"))
        first = secret(shown[3])
        self.good(self.row("pools", "池子一", "view"))
        self.good(self.row("pools", "池子一", "verify"), "pool_token正常，请放心使用！")
        self.good(self.row("pools", "池子一", "refresh"), "刷新pool_token成功")
        self.good(self.row("pools", "池子一", "renew"), "修改成功！")
        second = secret(self.cells("pools", "池子一")[3])
        self.assertNotEqual(first, second)
        self.select("tokens", "session")
        self.select("pools", "池子一")
        self.good(self.form("pool-edit"), "pool_token数据修改成功")
        self.assertEqual(self.cells("pools", "池子一")[3:5], [second, "session"])
        for action, text in (("pools-verify", "检验请求成功：1，失败：0"), ("pools-refresh", "刷新成功：1，失败：0"),
                             ("pools-renew", "更换成功：1，失败：0")):
            self.select("pools", "池子一")
            self.good(self.menu(action, asks=True), text)
        secret(self.cells("pools", "池子一")[3])
        self.pandora.expired_pools.update(self.pandora.pools)
        self.good(self.row("pools", "池子一", "verify"), "pool_token过期，请重新刷新，修改成功！")
        self.assertEqual(self.browser.find('#pools [data-name="池子一"]').get_attribute("class"), "warning-row")
        self.good(self.menu("generate-all"))
        self.assertIn("自动生成Token成功：2", self.browser.find("#details").text)
        self.check_console()

    def shares(self):
        url = "http://127.0.0.1:%d/%s" % (self.pandora.port, PREFIX)
        self.good(self.form("share-add", oneApi_name="channel", token_name="login", oneApi_baseUrl=url, oneApi_models="gpt-4"))
        self.good(self.fill('#shares [data-name="channel"] [data-action="edit"]', priority="7", oneApi_models="gpt-4,gpt-3.5-turbo"))
        secret(self.cells("shares", "channel")[3])
        self.good(self.row("shares", "channel", "delete", asks=True), "删除成功！")
        self.check_console()

    def rest(self):
        self.browser.find('#menu [data-action="quota"]').click()
        self.browser.wait("the quota", "return document.getElementById('quota').textContent.startsWith('12/1000 127.0.0.1')")
        kind, text = self.menu("logins")
        self.assertRegex(text, r"\A本机 127\.0\.0\.1 1/1 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\Z")
        self.good(self.menu("usage"), "usage 0")
        self.good(self.menu("copy"))
        self.good(self.menu("reload"), "重置PandoraNext服务成功！")
        for action in ("open", "close", "restart"):
            self.assertEqual(self.menu(action)[0], "error")
        self.select("tokens", "login")
        self.good(self.menu("refresh-tokens", asks=True), "刷新成功：1，失败：0")
        self.good(self.row("tokens", "session", "delete", asks=True), "删除并销毁share_token成功！")
        self.select("tokens", "login", "网页")
        self.good(self.menu("delete-tokens", asks=True), "删除成功：2，失败：0")
        self.good(self.row("pools", "池子一", "delete", asks=True), "删除成功！")
        self.assertEqual((self.names("tokens"), self.names("pools")), ([], []))
        # Another password ends the login, and the page goes back to where one logs in.
        type(self).word = password("browser1tokenstool")
        self.form("settings", loginPassword=self.word)
        self.browser.wait("the login", "return document.querySelector('#login [type=submit]')")
        self.enter()
        self.browser.find('#menu [data-action="logout"]').click()
        self.browser.wait("the login", "return document.querySelector('#login [type=submit]')")


class PrefixTests(BrowserCase):
    """The page takes the first part of its path as prefix of the API's."""

    MORE = ", prefix: /tokensTool"

    def test_below_a_prefix(self):
        self.open("/tokensTool")
        self.assertEqual(self.browser.script("return location.pathname + page.prefix"), "/tokensTool//tokensTool")
        self.enter()
        self.assertEqual(self.names("tokens"), [])
        self.browser.driver.refresh()
        self.idle()
        self.assertEqual(self.browser.script("return location.hash"), "#/home")
        self.check_console()


class PolicyTests(BrowserCase):
    """What the policy forbids is seen here: otherwise nothing above would mean anything."""

    @classmethod
    def setUpClass(cls):
        if not MISSING:
            cls.FOLDER = os.path.join(space(), "page")
            shutil.copytree(PAGE, cls.FOLDER)
            with open(os.path.join(cls.FOLDER, "inline.html"), "w") as file:
                file.write('<!doctype html><title>x</title><script defer src="js/app.1.js"></script><div id="app"></div>'
                           '<script>window.ran = 1</script>')
        super().setUpClass()

    def test_scripts_within_and_other_origins(self):
        self.open("/inline.html")
        self.assertIsNone(self.browser.script("return window.ran || null"))
        self.assertEqual(self.browser.script("return fetch('http://127.0.0.1:%d/').then(() => 1, () => 0)" % self.pandora.port), 0)
        self.assertEqual(self.browser.script(
            "return new Promise(done => document.head.append(page.make('script', {"
            " src: 'http://127.0.0.1:%d/x.js', onload: () => done(1), onerror: () => done(0) })))" % self.pandora.port), 0)
        troubles = self.browser.script("return window.page.troubles")
        self.assertTrue(any(text.startswith("policy: connect-src http://127.0.0.1:%d" % self.pandora.port) for text in troubles), troubles)
        self.assertTrue(any(text.startswith("policy: script-src-elem http://127.0.0.1:%d" % self.pandora.port) for text in troubles), troubles)
        # That one ran before the page could listen; the console has it.
        self.assertTrue(any("inline.html" in text and "Content Security Policy" in text for text in self.browser.errors()), self.browser.log)


if __name__ == "__main__":
    unittest.main()
