"""The operator's page: each page is opened, each main action done, in both languages, against the real daemon."""

import re
import time
import unittest

from harness import Served, binary, request, run, secret, space
from operator_ import MISSING, Operator

SECTIONS = ["overview", "credentials", "pools", "apikeys", "secrets", "policies", "schedules", "audit", "backups", "settings"]
SCRIPT = "<img src=x onerror=document.title='hacked'>"


@unittest.skipIf(MISSING, MISSING)
class Page(unittest.TestCase):
    language = "en"

    @classmethod
    def setUpClass(cls):
        keys = run([binary("coffer"), "backup", "keygen"])
        identity = space() + "/identity"
        with open(identity, "wb") as file:
            file.write(keys.out)
        cls.recipient = re.search(rb"age1[0-9a-z]+", keys.out + keys.err)[0].decode()
        cls.d = Served('admin: { listen: "127.0.0.1:0" }\nhealth: { listen: "127.0.0.1:0" }', more="backups:\n  folder: %s\n  recipients: [%s]\n  rehearsal_identity: %s\n" % (
            "/tmp/coffer-page-backups-%d" % time.time_ns(), cls.recipient, identity))
        cls.password = cls.d.user("root1", "root")
        cls.token = cls.d.token("root1")
        cls.operator = Operator(cls.d, cls.language)
        cls.operator.log_in("root1", cls.password)

    @classmethod
    def tearDownClass(cls):
        cls.operator.close()
        cls.d.finish()

    def setUp(self):
        self.o = self.operator

    def tearDown(self):
        self.assertEqual(self.o.troubles(), [], "the console must be empty")
        self.o.browser.log = []

    def api(self, method, path, body=None, **headers):
        reply = request(self.d.ports["admin"], method, path, body, {
            "Authorization": "Bearer " + self.token, **({"Content-Type": "application/json"} if body is not None else {}), **headers})
        self.assertLess(reply.status, 300, reply)
        return reply.json if reply.body else None

    def credential(self, name, **more):
        return self.api("POST", "/v1/credentials", {"name": name, "provider": "openai", **more})


class Pages(Page):
    def test_each_page(self):
        self.credential("picture", memo=SCRIPT, tags=["team-a"], secret={"refresh": secret("rt-of-the-picture")})
        self.api("PUT", "/v1/secrets/app%2Fpicture", {"value": secret("value-of-the-picture")})
        self.api("POST", "/v1/pools", {"name": "picture-pool", "members": ["picture"]})
        secret(self.api("POST", "/v1/api-keys", {"name": "picture-key", "quota": 5, "expires": int(time.time() + 86_400) * 1_000})["secret"])
        self.api("POST", "/v1/schedules", {"name": "nightly", "action": "refresh", "rule": "daily at 02:00", "target": "*"})
        for section in SECTIONS:
            self.o.go(section)
            self.assertEqual(self.o.browser.all('[data-test="page-problem"]'), [], section)
            self.o.picture("%s-%s" % (self.language, section))
        for section, name in (("credentials", "picture"), ("pools", "picture-pool"), ("secrets", "app/picture"), ("schedules", "nightly")):
            self.o.go(section, name)
            self.o.picture("%s-%s-one" % (self.language, section))
        self.assertNotIn("rt-of-the-picture", self.o.source)
        self.assertNotIn("value-of-the-picture", self.o.source)
        self.o.click("theme")
        self.o.go("overview")
        self.o.picture("%s-overview-other-theme" % self.language)
        self.o.click("theme")
        self.o.browser.driver.set_window_size(390, 840)
        for section in ("overview", "credentials", "secrets"):
            self.o.go(section)
            wide = self.o.browser.script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
            self.assertLessEqual(wide, 0, "%s scrolls sideways" % section)
            self.o.picture("%s-%s-narrow" % (self.language, section))
        self.o.browser.driver.set_window_size(1280, 900)

    def test_both_languages_have_all_texts(self):
        text = lambda name: request(self.d.ports["admin"], "GET", "/page/" + name).text
        keys = {name: re.findall(r"^  '([^']+)':", text(name), re.M) for name in ("en.js", "zh.js")}
        self.assertEqual(keys["en.js"], keys["zh.js"])
        self.assertEqual(len(keys["en.js"]), len(set(keys["en.js"])))
        used = set()
        for name in SECTIONS + ["app", "login", "dialog", "form", "collection", "credential-import", "plot", "state"]:
            used |= set(re.findall(r"\bt\('([^']+)'", text(name + ".js")))
        self.assertEqual(sorted(used - set(keys["en.js"])), [])


class Chinese(Pages):
    language = "zh"

    def test_it_is_chinese(self):
        self.o.go("credentials")
        self.o.read("凭据")


class Actions(Page):
    def test_a_credential(self):
        token = secret("rt-typed-into-the-page")
        self.o.go("credentials")
        self.o.click("add")
        self.o.type("field-name", "typed")
        self.o.type("field-provider", "openai")
        self.o.type("field-secret.refresh", token)
        self.o.save()
        self.o.read("typed")
        self.o.wait("the page of it", "return location.hash === '#/credentials/typed' && document.querySelector('[data-test=title]')")
        self.assertNotIn(token, self.o.source)
        self.o.click("disable")
        self.o.wait("disabled", "return document.querySelector('.head [data-state=disabled]')")
        self.o.click("enable")
        self.o.wait("enabled again", "return document.querySelector('.head [data-state=empty]')")
        self.o.click("edit")
        self.o.type("field-memo", SCRIPT)
        self.o.save()
        self.o.read(SCRIPT)
        self.assertNotIn("hacked", self.o.browser.script("return document.title"))
        self.o.click("reveal-refresh")
        self.o.step_up(self.password)
        self.o.wait("the token", "return document.querySelector('[data-test=secret-value]')?.textContent === arguments[0]", token)
        self.o.click("secret-close")
        self.o.gone("secret-dialog")
        self.assertNotIn(token, self.o.source)
        self.o.click("delete")
        self.o.click("toast-action")
        self.o.wait("it is back", "return location.hash === '#/credentials/typed' && document.querySelector('[data-test=title]')")

    def test_names_are_text(self):
        self.credential(SCRIPT)
        self.o.go("credentials")
        self.o.type("filter-contains", "onerror")
        self.o.read(SCRIPT)
        self.o.go("credentials", SCRIPT)
        self.o.wait("its title", "return document.querySelector('[data-test=title]')?.textContent === arguments[0]", SCRIPT)
        self.assertNotIn("hacked", self.o.browser.script("return document.title"))

    def test_an_import(self):
        lines = "".join('{"name":"import-%d","provider":"openai","secrets":{"refresh":"%s"}}\n' % (n, secret("rt-imported-%04d" % n)) for n in range(1_200))
        self.o.go("credentials")
        self.o.click("import")
        self.o.type("import-text", lines + "broken\n")
        self.o.click("import-check")
        self.o.wait("the report", "return /1,?200/.test(document.querySelector('[data-test=import-report]').innerText)")
        self.assertEqual(self.api("GET", "/v1/credentials?contains=import-&limit=1")["total"], 0)
        self.o.click("import-run")
        self.o.wait("the rows", "return document.querySelector('dialog progress.hidden') && document.querySelector('[data-test=import-report]').innerText.includes('line 1201')")
        self.o.click("import-close")
        self.o.gone("import-dialog")
        self.o.type("filter-contains", "import-11")
        self.o.wait("the filter", "const rows = [...document.querySelectorAll('[data-test=rows] tr')]; return rows.length > 50 - 1 && rows.every(row => row.dataset.id.startsWith('import-11'))")
        self.assertNotIn("rt-imported", self.o.source)
        # Many at once: the confirm names the count.
        self.o.type("filter-contains", "import-110")
        self.o.wait("eleven", "return document.querySelectorAll('[data-test=rows] tr').length === 11")
        self.o.browser.script("document.querySelector('thead input[type=checkbox]').click()")
        self.o.click("batch-disable")
        self.o.wait("disabled", "return document.querySelectorAll('[data-test=rows] [data-state=disabled]').length === 11")
        self.o.browser.script("document.querySelector('thead input[type=checkbox]').click()")
        self.o.click("batch-delete")
        self.o.read("11")
        self.o.confirm("11")
        self.o.see("empty")

    def test_a_pool(self):
        self.credential("m1")
        self.credential("m2")
        self.o.go("pools")
        self.o.click("add")
        self.o.type("field-name", "pool-1")
        self.o.type("field-members", "m1")
        self.o.save()
        self.o.wait("the pool", "return location.hash === '#/pools/pool-1' && document.querySelector('[data-test=members]')")
        self.o.click("addMember")
        self.o.type("field-credential", "m2")
        self.o.save()
        self.o.wait("two members", "return document.querySelectorAll('[data-test=members] tbody tr').length === 2")
        self.o.click("remove")
        self.o.wait("one member", "return document.querySelectorAll('[data-test=members] tbody tr').length === 1")
        self.o.click("toast-action")
        self.o.wait("two again", "return document.querySelectorAll('[data-test=members] tbody tr').length === 2")
        self.o.click("delete")
        self.o.confirm("pool-1")
        self.o.wait("the list without it", "return location.hash === '#/pools' && document.querySelector('main[data-shown=pools] [data-test=rows]')")

    def test_an_api_key(self):
        self.o.go("apikeys")
        self.o.click("add")
        self.o.type("field-name", "gate")
        self.o.type("field-quota", "1000")
        self.o.click("save")
        key = self.o.wait("the key", "return document.querySelector('[data-test=secret-value]')?.textContent")
        secret(key)
        self.o.click("secret-close")
        self.o.gone("secret-dialog")
        self.assertNotIn(key, self.o.source)
        self.assertTrue(self.api("POST", "/v1/verify", {"key": key, "cost": 10})["valid"])
        self.o.read("gate")
        number = [k["id"] for k in self.api("GET", "/v1/api-keys?contains=gate")["items"]][0]
        self.o.go("apikeys", number)
        self.o.read("990")
        self.o.click("disable")
        self.o.wait("disabled", "return document.querySelector('.head [data-state=disabled]')")
        self.assertFalse(self.api("POST", "/v1/verify", {"key": key})["valid"])
        self.o.go("apikeys")
        self.o.browser.script("document.querySelector('thead input[type=checkbox]').click()")
        count = len(self.o.browser.all("[data-test=rows] tr"))
        self.o.click("batch-delete")
        self.o.confirm(str(count))
        self.o.see("empty")

    def test_a_secret(self):
        first, second = secret("first-line\nold-value-1"), secret("first-line\nnew-value-2")
        self.o.go("secrets")
        self.o.click("add")
        self.o.type("field-name", "app/page")
        self.o.type("field-value", first)
        self.o.save()
        self.o.wait("the secret", "return location.hash === '#/secrets/app%2Fpage' && document.querySelector('[data-test=versions]')")
        self.o.click("newVersion")
        self.o.type("field-value", second)
        self.o.save()
        self.o.wait("two versions", "return document.querySelectorAll('[data-test=versions] tbody tr').length === 2")
        self.assertNotIn("new-value-2", self.o.source)
        # Whether it was stepped up by another test: the value comes either way, and never without the password.
        self.o.click("compare")
        self.o.wait("password or difference", "return document.querySelector('[data-test=step-up-password]') || document.querySelector('[data-test=diff] .came')")
        if self.o.browser.all("[data-test=step-up-password]"):
            self.o.step_up(self.password)
        self.o.wait("the masked difference", "return document.querySelector('[data-test=diff] .came')?.textContent.includes('•')")
        self.assertNotIn("new-value-2", self.o.source)
        self.o.click("unmask")
        self.o.wait("the difference", "return document.querySelector('[data-test=diff] .came')?.textContent.includes('new-value-2')")
        self.o.browser.script("document.querySelector('dialog[open]').close()")
        self.o.gone("diff-dialog")
        self.assertNotIn("new-value-2", self.o.source)
        self.o.click("activate-1")
        self.o.wait("the rollback", "return document.querySelectorAll('[data-test=versions] tbody tr')[1].innerText.includes(arguments[0])", "当前" if self.language == "zh" else "active")
        self.assertEqual(self.d.ok("get", "app/page").out.decode(), first)
        self.o.click("delete")
        self.o.click("toast-action")
        self.o.wait("it is back", "return !document.querySelector('.head [data-state=deleted]')")

    def test_policies_and_explain(self):
        self.o.go("policies")
        self.o.click("add")
        self.o.type("field-source", "policy: page\nrules:\n  - {who: [\"login:ci\"], tenant: main, noun: secret, actions: [get], names: [\"app/**\"]}\n")
        self.o.save()
        self.o.read("page")
        self.o.type("field-who", "login:ci")
        self.o.type("field-name", "app/x")
        self.o.click("explain")
        self.o.wait("the verdict", "return document.querySelector('[data-test=explain-answer] .good')")
        self.o.type("field-action", "put")
        self.o.click("explain")
        self.o.wait("the other", "return document.querySelector('[data-test=explain-answer] .bad')")
        self.o.go("policies", "page")
        self.o.click("delete")
        self.o.confirm("page")
        self.o.shown("policies")

    def test_a_schedule(self):
        self.o.go("schedules")
        self.o.click("add")
        self.o.type("field-name", "at-night")
        self.o.save()
        self.o.read("at-night")
        self.o.go("schedules", "at-night")
        self.o.click("disable")
        self.o.wait("disabled", "return document.querySelector('.head [data-state=disabled]')")
        self.o.click("delete")
        self.o.confirm("at-night")
        self.o.shown("schedules")

    def test_audit_and_backups(self):
        self.api("PUT", "/v1/secrets/audited%2Fa", {"value": "x"})
        time.sleep(1.2)
        self.o.go("audit")
        self.o.type("filter-name", "audited/**")
        self.o.wait("the record", "return [...document.querySelectorAll('[data-test=rows] tr')].some(row => row.innerText.includes('audited/a'))")
        self.o.click("verify")
        self.o.wait("the verdict", "return document.querySelector('[data-test=verify-dialog] .good')")
        self.o.browser.script("document.querySelector('dialog[open]').close()")
        self.o.go("backups")
        before = len(self.o.browser.all("[data-test=rows] tr"))
        self.api("PUT", "/v1/secrets/audited%2Fb", {"value": "x"})
        self.o.click("backUpNow")
        self.o.wait("another backup", "return document.querySelectorAll('[data-test=rows] tr').length > arguments[0]", before)
        self.o.click("verifyBackup")
        self.o.read("内容与写入时一致" if self.language == "zh" else "opens, and all of it is as it was written")
        self.o.click("download")
        self.o.type("field-recipients", "age1nonsense")
        self.o.click("save")
        self.o.wait("the problem at its field", "return document.querySelector('[aria-invalid=true]')")
        self.o.browser.log = [entry for entry in self.o.browser.console() if "download" not in entry[1]]
        self.o.type("field-recipients", self.recipient)
        self.o.click("save")
        if self.o.wait("password or end", "return document.querySelector('[data-test=step-up-password]') ? 1 : document.querySelector('[data-test=editor]') ? 0 : 2") == 1:
            self.o.step_up(self.password)
        self.o.gone("editor")


class ActionsInChinese(Actions):
    language = "zh"


class Together(Page):
    def test_what_changes_elsewhere_shows(self):
        self.o.go("credentials")
        self.credential("from-elsewhere")
        self.o.read("from-elsewhere")
        self.o.go("secrets")
        self.d.ok("put", "socket/new", input=secret("value-from-the-socket"))
        self.o.read("socket/new")

    def test_many_tabs_share_one_stream(self):
        """A browser opens six connections to a server; a stream in each tab would leave the seventh without any."""
        driver, first = self.o.browser.driver, self.o.browser.driver.current_window_handle
        self.o.go("credentials")
        others = []
        for number in range(8):
            driver.switch_to.new_window("tab")
            others.append(driver.current_window_handle)
            self.o.browser.open(self.o.url + "/#/credentials")
            self.o.shown("credentials")
        for number, changed in ((1, others + [first]), (2, others)):
            self.credential("for-all-tabs-%d" % number)
            for tab in changed:
                driver.switch_to.window(tab)
                self.o.read("for-all-tabs-%d" % number)
            if number == 1:
                # The tab that has the stream leaves; another takes over.
                driver.switch_to.window(first)
                self.o.browser.open("about:blank")
        for tab in others:
            driver.switch_to.window(tab)
            driver.close()
        driver.switch_to.window(first)
        self.o.browser.open(self.o.url + "/#/credentials")
        self.o.shown("credentials")
        self.credential("behind-all-tabs")
        self.o.read("behind-all-tabs")

    def test_a_narrow_window_has_its_menu_closed(self):
        driver = self.o.browser.driver
        driver.set_window_size(480, 900)
        try:
            self.o.go("pools")
            menu = "return getComputedStyle(document.querySelector('.side nav')).display"
            self.assertEqual(self.o.browser.script(menu), "none")
            self.o.click("menu")
            self.assertNotEqual(self.o.browser.script(menu), "none")
            self.o.go("credentials")
            self.assertEqual(self.o.browser.script(menu), "none", "it closes behind a choice")
        finally:
            driver.set_window_size(1280, 900)

    def test_two_operators_change_the_same(self):
        self.credential("shared", memo="before")
        self.o.go("credentials", "shared")
        self.o.click("edit")
        self.o.type("field-memo", "mine")
        self.api("PATCH", "/v1/credentials/shared", {"memo": "theirs"})
        self.o.click("save")
        self.o.see("conflict")
        self.o.read("theirs")
        self.o.read("mine")
        self.o.browser.log = [entry for entry in self.o.browser.console() if "412" not in entry[1]]
        self.o.click("keep-mine")
        self.o.gone("editor")
        self.assertEqual(self.api("GET", "/v1/credentials/shared")["memo"], "mine")

    def test_the_daemon_starts_anew(self):
        self.o.go("credentials")
        port = self.d.ports["admin"]
        self.d.stop()
        self.o.see("banner-lost")
        self.d.write('admin: { listen: "127.0.0.1:%d" }' % port)
        self.d.start()
        self.o.see("banner-good")
        # Not logged in anew: the session lies in the store.
        self.credential("after-the-restart")
        self.o.read("after-the-restart")
        self.o.browser.console()
        self.o.browser.log = []

    def test_a_locked_store(self):
        self.o.go("credentials")
        self.d.ok("lock")
        self.o.see("banner-bad")
        self.o.read("coffer unlock")
        self.d.ok("unlock", "--key-file", self.d.key)
        self.o.see("banner-good")
        self.o.shown("credentials")
        self.o.browser.console()
        self.o.browser.log = []

    def test_z_logging_out(self):
        self.o.click("logout")
        self.o.see("login-name")
        self.o.type("login-name", "root1")
        self.o.type("login-password", "wrong")
        self.o.click("login")
        self.o.wait("the refusal", "return document.querySelector('[data-test=login-problem]').textContent !== ''")
        self.o.browser.console()
        self.o.browser.log = []


if __name__ == "__main__":
    unittest.main()
