"""TokensTool's door: settings, schedule, quota, the proxy's reload, containers and the proxy's files (compat/tokenstool.md 1.6, 2.4, 4, 6)."""

import json
import os
import stat
import time

from docker_engine import Engine
from harness import password, secret, space
from pandora_upstream import PREFIX
from tokenstool import MASK, NAME, Client, TokensToolCase

CHANGED, FAILED = "修改config.json成功，快去重启PandoraNext吧!", "修改config.json失败"
TASK, TASK_REFUSED = "修改定时任务和url成功！", "修改自动更新任务和网页失败！"


def read(path):
    with open(path) as file:
        return json.load(file)


class SettingsTests(TokensToolCase):
    def test_defaults(self):
        found = self.client.settings()
        self.assertEqual(
            {k: found[k] for k in found if k not in ("bing", "proxy_api_prefix")},
            {"loginUsername": NAME, "loginPassword": MASK, "autoToken_url": "default", "setup_password": "", "site_password": "",
             "license_id": "", "isGetToken": False, "getTokenPassword": "", "containerName": "PandoraNext", "isolated_conv_title": "*",
             "timeout": 600, "public_share": False, "proxy_url": "", "whitelist": None,
             "tls": {"enabled": False, "cert_file": "", "key_file": ""},
             "validation": {"provider": "", "site_key": "", "site_secret": "", "site_login": False, "setup_login": False,
                            "oai_username": False, "oai_password": False},
             "disable_signup": False, "auto_conv_arkose": False, "proxy_file_service": False, "custom_doh_host": "",
             "auto_updateSession": False, "auto_updateTime": 5, "auto_updateNumber": 1, "pandoraNext_outUrl": "", "oneAPi_outUrl": "",
             "oneAPi_intoToken": "", "configPosition": None})

    def test_change_and_send_back(self):
        before = self.client.settings()
        new = dict(before, setup_password=secret("Setup0Password"), site_password=secret("Site00Password"), license_id=secret("license-0-id"),
                   isGetToken="true", getTokenPassword=secret("Gate00Password"), containerName="next_1.a-b", timeout="30", public_share=True,
                   proxy_url=secret("http://user:proxy0pass@127.0.0.1:1"), tls={"enabled": True, "cert_file": "/a", "key_file": "/b"},
                   validation=dict(before["validation"], provider="turnstile", site_key="k", site_secret=secret("Captcha0Secret"), site_login=True))
        self.assertEqual(self.client.good("POST", "/api/requireSetting", new), CHANGED)
        after = self.client.settings()
        for key in ("setup_password", "site_password", "getTokenPassword"):
            self.assertEqual(after[key], MASK)
        self.assertEqual(after["validation"], dict(new["validation"], site_secret=MASK))
        for key in ("license_id", "containerName", "public_share", "proxy_url", "tls"):
            self.assertEqual(after[key], new[key])
        self.assertEqual((after["isGetToken"], after["timeout"]), (True, 30))
        self.assertEqual(self.client.good("POST", "/api/requireSetting", after), CHANGED)
        self.assertEqual(self.client.settings(), after)
        # The masks were not stored.
        self.assertEqual(self.client.good("GET", "/shared_token?password=Gate00Password"), [])
        # Null keeps, an empty text is one.
        self.assertEqual(self.client.good("POST", "/api/requireSetting", {
            "loginUsername": NAME, "loginPassword": MASK, "tls": {}, "validation": {}, "timeout": None, "license_id": ""}), CHANGED)
        last = self.client.settings()
        self.assertEqual(last, dict(after, license_id=""))
        self.assertEqual(len(self.pandora.asked("reload")), 3)
        self.daemon.stop()
        self.daemon.start()
        type(self).port = self.client.port = self.daemon.ports["tokenstool"]
        self.assertEqual(self.client.settings(), last)
        self.assertEqual(self.client.good("POST", "/api/requireSetting", dict(before, getTokenPassword="", site_password="", setup_password="")), CHANGED)

    def test_what_the_original_needs(self):
        whole = self.client.settings()
        for key in ("loginUsername", "loginPassword", "tls", "validation"):
            for body in ({k: v for k, v in whole.items() if k != key}, dict(whole, **{key: None})):
                self.assertEqual(self.client.bad("POST", "/api/requireSetting", body), FAILED)
        self.assertEqual(self.client.settings(), whole)

    def test_what_does_harm_is_refused(self):
        whole = self.client.settings()
        for fields in (dict(containerName="a;reboot"), dict(containerName="-x"), dict(containerName="x" * 129), dict(containerName="$(id)"),
                       dict(bing="8181"), dict(bing="127.0.0.1:80:80"), dict(bing="127.0.0.1:x"), dict(bing="127.0.0.1:`id`"),
                       dict(proxy_api_prefix="a b"), dict(proxy_api_prefix="../x"), dict(proxy_api_prefix="x;y"),
                       dict(autoToken_url="file:///etc/passwd"), dict(autoToken_url="http://a b"), dict(autoToken_url="http://x/$(id)"),
                       dict(loginUsername=""), dict(loginPassword=""), dict(timeout=0), dict(timeout=-5), dict(custom_doh_host="x" * 5000)):
            text = self.client.bad("POST", "/api/requireSetting", dict(whole, **fields))
            self.assertTrue(text.startswith(FAILED + "："), (fields, text))
        for fields in (dict(timeout="x"), dict(timeout=2 ** 40), dict(isGetToken=[]), dict(tls=1), dict(whitelist=["a"])):
            self.assertEqual(self.client.framework(400, "POST", "/api/requireSetting", dict(whole, **fields)), "Bad Request")
        self.assertEqual(self.client.settings(), whole)

    def test_whitelist(self):
        for sent, shown in (("a@b.c,d@e.f", '["a@b.c","d@e.f"]'), ('["a@b.c","d@e.f"]', '["a@b.c","d@e.f"]'), ("[a@b.c, d@e.f]", '["a@b.c","d@e.f"]'),
                            ("[]", "[]"), ("", None), ("null", None), (None, None), ("x", '["x"]')):
            self.client.set(whitelist=sent)
            self.assertEqual(self.client.settings()["whitelist"], shown, sent)
            # Sent back it is the same.
            self.client.set()
            self.assertEqual(self.client.settings()["whitelist"], shown, sent)
        self.client.set(whitelist=None)

    def test_task(self):
        url = "/api/controllerTask"
        for body in ({}, {"auto_updateSession": None}, {"auto_updateSession": True}, {"auto_updateSession": True, "auto_updateTime": 0},
                     {"auto_updateSession": True, "auto_updateTime": -1}, {"auto_updateSession": True, "auto_updateTime": 367},
                     {"auto_updateSession": True, "auto_updateTime": 3, "auto_updateNumber": 0}):
            self.assertEqual(self.client.bad("POST", url, body), TASK_REFUSED, body)
        self.assertEqual(self.client.framework(400, "POST", url, {"auto_updateSession": True, "auto_updateTime": "x"}), "Bad Request")
        self.assertEqual(self.client.settings()["auto_updateSession"], False)
        self.assertEqual(self.client.good("POST", url, {"auto_updateSession": True, "auto_updateTime": 7, "auto_updateNumber": 2,
                                                        "oneAPi_intoToken": secret("One0Api0Token")}), TASK)
        found = self.client.settings()
        self.assertEqual([found[k] for k in ("auto_updateSession", "auto_updateTime", "auto_updateNumber", "oneAPi_intoToken")], [True, 7, 2, MASK])
        self.assertEqual(self.client.good("POST", url, {"auto_updateSession": False, "oneAPi_intoToken": MASK}), TASK)
        found = self.client.settings()
        self.assertEqual([found[k] for k in ("auto_updateSession", "auto_updateTime", "auto_updateNumber", "oneAPi_intoToken")], [False, 7, 2, MASK])
        self.assertTrue(self.client.bad("POST", url, {"auto_updateSession": False, "pandoraNext_outUrl": "javascript:1"}).startswith("修改定时任务和url失败！"))

    def test_quota(self):
        path = "/api/getPandoraNext"
        self.client.set(license_id="")
        self.assertEqual(self.client.bad("GET", path), "查询PandoraNext余额失败!")
        self.client.set(license_id=secret("Licence0Of0Mine"))
        self.assertEqual(self.client.good("GET", path), {"current": 12, "ip": "127.0.0.1", "total": 1000, "ttl": 86400})
        self.assertEqual(self.pandora.asked("quota"), [{"license": "Licence0Of0Mine"}])
        self.pandora.fail("quota", 403)
        self.assertEqual(self.client.bad("GET", path), "查询PandoraNext余额失败，请检查ip绑定是否成功!")
        self.client.set(license_id="")

    def test_reload(self):
        self.assertEqual(self.client.good("GET", "/api/reload"), "重置PandoraNext服务成功！")
        for status in (401, 404, 500):
            self.pandora.fail("reload", status)
            self.assertEqual(self.client.good("POST", "/api/reload", b""), "重置PandoraNext服务成功！")
        port = self.client.settings()["bing"]
        self.client.set(bing="127.0.0.1:1")
        self.assertEqual(self.client.good("GET", "/api/reload"), "无法重载PandoraNext服务")
        self.client.set(bing=port)

    def test_containers_are_off(self):
        for path, text in (("restart", "重启PandoraNext镜像失败！"), ("close", "暂停PandoraNext镜像失败"), ("open", "开启PandoraNext镜像失败！")):
            answer = self.client.bad("GET", "/api/" + path)
            self.assertTrue(answer.startswith(text) and "http.tokenstool.containers" in answer, answer)


class ReleasesTests(TokensToolCase):
    OPTIONS = ", containers: { mode: releases }"

    def test_no_program_is_run(self):
        for path, text in (("restart", "重启PandoraNext镜像失败！"), ("close", "暂停PandoraNext镜像失败"), ("open", "开启PandoraNext镜像失败！")):
            answer = self.client.bad("GET", "/api/" + path)
            self.assertTrue(answer.startswith(text) and "releases" in answer, answer)


class ContainerTests(TokensToolCase):
    @classmethod
    def options(cls):
        cls.engine = Engine(space())
        return ", containers: { socket: %s, names: [PandoraNext, other] }" % cls.engine.path

    @classmethod
    def tearDownClass(cls):
        cls.engine.close()
        super().tearDownClass()

    def setUp(self):
        super().setUp()
        self.engine.calls.clear()
        self.engine.status = None
        self.engine.states = {"PandoraNext": "running", "hers": "running"}

    def test_start(self):
        self.assertEqual(self.client.good("GET", "/api/open"), "容器 PandoraNext 未停止,不能重复启动")
        self.engine.states["PandoraNext"] = "exited"
        self.assertEqual(self.client.good("GET", "/api/open"), "开启PandoraNext镜像成功")
        self.assertEqual(self.engine.calls[-2:], [("GET", "/containers/PandoraNext/json"), ("POST", "/containers/PandoraNext/start")])
        self.engine.states.clear()
        self.assertEqual(self.client.good("GET", "/api/open"), "容器 PandoraNext 未停止,不能重复启动")
        self.engine.status = 500
        self.assertEqual(self.client.framework(500, "GET", "/api/open"), "Internal Server Error")

    def test_stop_and_restart(self):
        self.assertEqual(self.client.good("GET", "/api/close"), "暂停PandoraNext镜像成功")
        self.assertEqual(self.engine.states["PandoraNext"], "exited")
        self.assertEqual(self.client.good("POST", "/api/restart", b""), "重启PandoraNext镜像成功")
        self.assertEqual(self.engine.states["PandoraNext"], "running")
        self.engine.states.clear()
        self.assertEqual(self.client.bad("GET", "/api/close"), "暂停PandoraNext镜像失败")
        self.assertEqual(self.client.bad("GET", "/api/restart"), "重启PandoraNext镜像失败！")

    def test_others_are_left_alone(self):
        self.assertEqual(self.client.set(containerName="hers")["code"], 1)
        self.assertTrue(self.client.bad("GET", "/api/close").startswith("暂停PandoraNext镜像失败"))
        self.assertEqual((self.engine.calls, self.engine.states["hers"]), ([], "running"))
        self.client.set(containerName="PandoraNext")

    def test_no_engine(self):
        os.rename(self.engine.path, self.engine.path + ".away")
        try:
            self.assertEqual(self.client.bad("GET", "/api/restart"), "重启PandoraNext镜像失败！")
        finally:
            os.rename(self.engine.path + ".away", self.engine.path)


class ScheduleTests(TokensToolCase):
    OPTIONS = ", regenerate_at: \"03:30\", time_zone: Asia/Shanghai"

    def schedules(self):
        answer = self.daemon.ok("schedule", "list", "--json").text
        rows = [json.loads(line) for line in answer.splitlines()] if answer.lstrip().startswith("{") else json.loads(answer)
        return {row["name"]: row for row in (rows if isinstance(rows, list) else rows["items"])}

    def test_the_daily_run_and_the_sessions_are_schedules(self):
        daily = self.schedules()["tokenstool-regenerate"]
        self.assertIn("03:30", json.dumps(daily))
        self.assertIn("Asia/Shanghai", json.dumps(daily))
        self.client.good("POST", "/api/controllerTask", {"auto_updateSession": True, "auto_updateTime": 4, "auto_updateNumber": 2})
        self.assertIn("tokenstool-sessions", self.schedules())
        # Run by hand it does what the page's button does.
        self.token("sched")
        self.pandora.forget()
        self.daemon.ok("schedule", "run", "tokenstool-regenerate")
        self.assertEqual(self.pandora.kinds, ["session", "register"])
        # The sessions are got by logging in, the oldest first, two of them.
        for name in ("s1", "s2"):
            user, word = self.user(name)
            self.client.add(name, username=user, userPassword=word)
        self.client.good("PUT", "/api/deleteToken", {"name": "sched"})
        self.pandora.forget()
        self.daemon.ok("schedule", "run", "tokenstool-sessions")
        self.assertEqual(sorted(call["username"] for call in self.pandora.asked("login")), ["s1@example.org", "s2@example.org"])


class FileTests(TokensToolCase):
    def test_the_proxy_reads_its_files(self):
        folder = space()
        tokens, config = os.path.join(folder, "tokens.json"), os.path.join(folder, "config.json")
        self.daemon.ok("sink", "create", "next-tokens", "--renderer", "tokenstool-tokens", "--path", tokens, "--target", "*")
        self.daemon.ok("sink", "create", "next-config", "--renderer", "tokenstool-config", "--path", config, "--target", "*")
        user, word = self.user("file")
        self.client.add("file", username=user, userPassword=word, shared=True, auto_shared=True, password="Door0Of0File")
        self.client.add("web", user + "," + word, user, word, setPoolToken=False)
        row = self.client.tokens()["file"]
        # What was answered is in the files: no waiting.
        found = read(tokens)
        self.assertEqual(list(found), ["file", "web"])
        self.assertEqual(found["file"], {
            "token": row["token"], "username": user, "userPassword": word, "shared": True, "auto_shared": True, "show_user_info": False,
            "plus": False, "setPoolToken": True, "useRefreshToken": False, "password": "Door0Of0File", "access_token": row["access_token"],
            "share_token": row["share_token"], "updateTime": row["updateTime"], "checkSession": True})
        self.assertEqual(found["web"]["token"], user + "," + word)
        self.assertNotIn("access_token", found["web"])
        self.assertEqual(stat.S_IMODE(os.stat(tokens).st_mode), 0o600)
        self.client.set(setup_password="Setup0Of0Proxy", whitelist="a@b.c", timeout=44)
        found = read(config)
        self.assertEqual((found["setup_password"], found["whitelist"], found["timeout"], found["bind"], found["proxy_api_prefix"]),
                         ("Setup0Of0Proxy", ["a@b.c"], 44, "127.0.0.1:%d" % self.pandora.port, PREFIX))
        self.assertFalse({"loginPassword", "getTokenPassword", "oneAPi_intoToken"} & set(found))
        self.assertNotIn(self.word, json.dumps(found))
        self.client.good("PUT", "/api/deleteToken", {"name": "web"})
        self.assertEqual(list(read(tokens)), ["file"])


class ImportTests(TokensToolCase):
    @classmethod
    def begin(cls):
        pass

    def test_a_data_folder_moves_in(self):
        folder = space()
        user, word = self.user("moved")
        session, share = secret(self.pandora.session(user)), "fk-" + "s" * 43
        pool = secret("pk-" + "p" * 43)
        self.pandora.pools[pool] = []
        entry = {"username": user, "userPassword": word, "shared": True, "auto_shared": True, "show_user_info": False, "plus": True,
                 "useRefreshToken": False, "password": "", "updateTime": "2023-12-20 01:02:03", "checkSession": True}
        files = {
            "tokens.json": {
                "api": dict(entry, token=session, setPoolToken=True, access_token="eyJhb-old", share_token=secret(share)),
                "web": dict(entry, token=user + "," + word, setPoolToken=False, password="Door0Of0Web"),
                "old": dict(entry, token=secret("eyJhb-gone"), setPoolToken=True, checkSession=False)},
            "pool.json": {"池": {"poolToken": pool, "shareTokens": ["api"], "poolTime": "2023-12-21 04:05:06", "checkPool": True,
                                "intoOneApi": False, "poolOneApi_models": "gpt-4", "poolModel_mapping": "{}", "oneApi_pandoraUrl": "",
                                "groupChecked": "default"}},
            "share.json": {"ch": {"token_name": "api", "token_value": share, "oneApi_baseUrl": "http://x", "oneApi_models": "m",
                                  "oneApi_groups": "g", "model_mapping": "{}", "priority": 4, "shareTime": "2023-12-22 00:00:00"}},
            "config.json": {"bind": "127.0.0.1:%d" % self.pandora.port, "proxy_api_prefix": PREFIX, "loginUsername": "chief",
                            "loginPassword": secret("Chief0Password"), "isGetToken": "true", "getTokenPassword": secret("Gate0Of0Chief"),
                            "setup_password": secret("Setup0Of0Chief"), "license_id": secret("licence-of-chief"), "timeout": 77,
                            "whitelist": ["a@b.c"], "captcha": {"provider": "x", "site_secret": secret("Captcha0Chief"), "oai_signup": True}}}
        for name, value in files.items():
            with open(os.path.join(folder, name), "w") as file:
                json.dump(value, file)
        self.daemon.ok("import", "--from", "tokenstool", folder)
        client = Client(self.port)
        client.jwt = secret(client.login("Chief0Password", name="chief").json["data"])
        rows = client.tokens()
        self.assertEqual(list(rows), ["api", "web", "old"])
        self.assertEqual(rows["api"], {
            "name": "api", "token": session, "username": user, "userPassword": MASK, "shared": True, "auto_shared": True,
            "show_user_info": False, "plus": True, "setPoolToken": True, "useRefreshToken": False, "password": "",
            "access_token": "eyJhb-old", "share_token": share, "updateTime": "2023-12-20 01:02:03", "checkSession": True})
        self.assertEqual((rows["web"]["token"], rows["web"]["password"], rows["web"]["updateTime"]), (user + "," + MASK, MASK, "2023-12-20 01:02:03"))
        self.assertEqual((rows["old"]["checkSession"], rows["old"]["shared"], rows["old"]["auto_shared"]), (False, False, True))
        found = client.pools()["池"]
        self.assertEqual((found["poolToken"], found["shareTokens"], found["poolTime"], found["poolOneApi_models"], found["groupChecked"]),
                         (pool, ["api"], "2023-12-21 04:05:06", "gpt-4", "default"))
        self.assertEqual(client.good("GET", "/api/selectShareToken?name="), [dict(files["share.json"]["ch"], oneApi_name="ch")])
        found = client.settings()
        self.assertEqual([found[k] for k in ("loginUsername", "isGetToken", "timeout", "whitelist", "setup_password", "license_id")],
                         ["chief", True, 77, '["a@b.c"]', MASK, "licence-of-chief"])
        self.assertEqual(found["validation"]["site_secret"], MASK)
        self.assertEqual(client.good("GET", "/shared_token?password=Gate0Of0Chief"), [share])
        # What was brought is refreshed where the proxy is.
        answer = client.good("POST", "/api/updateToken", rows["api"])
        self.assertNotEqual(answer["access_token"], "eyJhb-old")
        self.assertEqual(answer["updateTime"], "2023-12-20 01:02:03")
        self.assertEqual(client.good("POST", "/api/refreshSimplyPoolToken", {"poolName": "池"}), "刷新pool_token成功")


if __name__ == "__main__":
    import unittest
    unittest.main()
