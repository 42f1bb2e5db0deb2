"""Against OAuth servers that were not written here: oidc-provider-mock (does not rotate), django-oauth-toolkit (rotates each time and
revokes the family on reuse)."""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

import campaign
from campaign import Crowd, daemons

BIN = os.environ["COFFER_TEST_OIDC"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def post(url, fields, redirects=False):
    opener = urllib.request.build_opener(*([] if redirects else [NoRedirect]))
    try:
        return opener.open(url, urllib.parse.urlencode(fields).encode(), timeout=10)
    except urllib.error.HTTPError as error:
        return error


class Foreign(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = daemons.Daemon()

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()

    def serve(self, command, ready):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return ready(process)

    def add(self, name, url, client, secret, refresh, *options):
        self.daemon.ok(
            "credential", "add", name, "--provider", "oauth2", "--param", "token_url=" + url, "--client-id", client, *options,
            "--json-secrets", input=json.dumps({"refresh": refresh, "client_secret": secret}))

    def expire(self, name, crowd, times, seconds):
        """Asks with everybody, `times` times, each after the token has expired; the tokens that were seen."""
        seen = []
        for _ in range(times):
            answers = crowd.ask()
            self.assertEqual([error for _, error in answers if error], [])
            seen.append({token for token, _ in answers})
            time.sleep(seconds + 0.2)
        self.assertTrue(all(len(tokens) == 1 for tokens in seen), seen)
        return [tokens.pop() for tokens in seen]

    def test_oidc_provider_mock(self):
        port = free_port()

        def ready(process):
            end = time.monotonic() + 30
            while time.monotonic() < end:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    return process
                except OSError:
                    time.sleep(0.1)
            raise AssertionError("oidc-provider-mock does not listen")

        self.serve([os.path.join(BIN, "oidc-provider-mock"), "-p", str(port), "--token-max-age", "2"], ready)
        base, back = "http://127.0.0.1:%d" % port, "http://127.0.0.1/cb"
        query = urllib.parse.urlencode({"client_id": "coffer", "redirect_uri": back, "response_type": "code", "scope": "openid"})
        location = post("%s/oauth2/authorize?%s" % (base, query), {"sub": "alice"}).headers["Location"]
        code = re.search("code=([^&]+)", location).group(1)
        request = urllib.request.Request(
            base + "/oauth2/token", urllib.parse.urlencode({"grant_type": "authorization_code", "code": code, "redirect_uri": back}).encode(),
            {"Authorization": "Basic Y29mZmVyOnMzY3JldA=="})
        refresh = json.load(urllib.request.urlopen(request, timeout=10))["refresh_token"]
        self.add("oidc", base + "/oauth2/token", "coffer", "s3cret", refresh, "--param", "client_auth=basic", "--param", "rotation=static")
        # It lets what it refreshes live for days, whatever it was told: each round begins with a refresh that was asked for.
        tokens = set()
        for _ in range(4):
            self.daemon.ok("credential", "refresh", "oidc")
            tokens.add(self.daemon.ok("token", "oidc").text.strip())
        self.assertEqual(len(tokens), 4)
        crowd = Crowd(self.daemon.socket, "oidc", 16, 1)
        try:
            answers = crowd.ask()
        finally:
            crowd.stop()
        self.assertEqual({error for _, error in answers}, {None})
        self.assertEqual({token for token, _ in answers} - tokens, set())
        fresh = self.daemon.ok("token", "oidc").text.strip()
        info = urllib.request.urlopen(urllib.request.Request(base + "/userinfo", headers={"Authorization": "Bearer " + fresh}), timeout=10)
        self.assertEqual(json.load(info)["sub"], "alice")
        # A grant that the server has revoked is dead, by its own words.
        post(base + "/users/alice/revoke-tokens", {})
        self.assertNotEqual(self.daemon.cli("credential", "refresh", "oidc").code, 0)
        self.assertEqual(self.daemon.ok("credential", "show", "oidc", "--json").json["state"], "dead")

    def test_django_oauth_toolkit_rotates(self):
        folder = tempfile.mkdtemp(prefix="django-")
        self.addCleanup(shutil.rmtree, folder, True)
        line = self.serve(
            [os.path.join(BIN, "python"), os.path.join(campaign.HERE, "django_provider.py"), folder], lambda p: p.stdout.readline())
        grant = json.loads(line)
        self.add("django", grant["url"], grant["client_id"], grant["client_secret"], grant["refresh_token"])
        crowd = Crowd(self.daemon.socket, "django", 32, 8)
        try:
            tokens = self.expire("django", crowd, 8, 3)
        finally:
            crowd.stop()
        self.assertEqual(len(set(tokens)), 8)
        with open(os.path.join(folder, "dials")) as file:
            dials = file.read().split("\n")[:-1]
        self.assertEqual(dials, ["200 OK"] * 8)


if __name__ == "__main__":
    unittest.main()
