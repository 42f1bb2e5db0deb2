"""A client of the RAGFlow door, as RAGFlow's page and its test suites call it (compat/ragflow.md)."""

import base64
import os
import re
import subprocess

from harness import Served, password, request, secret, space

UNAUTHORIZED = {"code": 401, "data": None, "message": "<Unauthorized '401: Unauthorized'>"}
ROW = {"tenant_id", "token", "dialog_id", "source", "beta", "create_time", "create_date", "update_time", "update_date"}
NEW_ROW = {"tenant_id", "token", "beta", "create_time", "create_date", "update_time", "update_date"}
TOKEN, BETA, ID = r"^ragflow-[A-Za-z0-9_-]{32}$", r"^[A-Za-z0-9_-]{32}$", r"^[0-9a-f]{32}$"
_pair = None


def key_pair():
    """(private key file, public key file), made once by openssl."""
    global _pair
    if _pair is None:
        folder = space()
        private, public = os.path.join(folder, "login.pem"), os.path.join(folder, "login.pub")
        subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", private],
                       check=True, capture_output=True)
        os.chmod(private, 0o600)
        subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True, capture_output=True)
        _pair = private, public
    return _pair


def encrypt(plain):
    """base64( RSA-PKCS1v1.5( base64(plain) ) ), as the page does."""
    inner = base64.b64encode(plain.encode() if isinstance(plain, str) else plain)
    return encrypt_raw(inner)


def encrypt_raw(inner):
    done = subprocess.run(["openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey", key_pair()[1], "-pkeyopt", "rsa_padding_mode:pkcs1"],
                          input=inner, check=True, capture_output=True)
    return base64.b64encode(done.stdout).decode()


def served(more="", others=""):
    """A daemon with the door, and with others where wanted."""
    return Served('ragflow: { listen: "127.0.0.1:0", login_key: %s%s }\n%s' % (key_pair()[0], more, others))


class Person:
    """Somebody with an account, logged in or not."""

    def __init__(self, daemon, name, source=None):
        self.daemon, self.name, self.source = daemon, name, source
        self.email = name if "@" in name else name + "@example.org"
        self.password = password(name)
        self.token = None

    @property
    def port(self):
        return self.daemon.ports["ragflow"]

    def call(self, method, path, body=None, headers=None, **options):
        """With the login token as it is, as R1's page sends it."""
        headers = dict(headers or {})
        if self.token and "Authorization" not in headers:
            headers["Authorization"] = self.token
        options.setdefault("source", self.source)
        return request(self.port, method, path, body, headers, **options)

    def register(self, path="/v1/user/register"):
        return request(self.port, "POST", path, {"email": self.email, "nickname": self.name, "password": encrypt(self.password)},
                       source=self.source)

    def login(self, path="/v1/user/login"):
        reply = request(self.port, "POST", path, {"email": self.email, "password": encrypt(self.password)}, source=self.source)
        if reply.header("Authorization"):
            self.token = secret(reply.header("Authorization"))
        return reply

    def ready(self):
        """Registered and logged in."""
        reply = self.register()
        assert reply.json["code"] == 0, reply
        reply = self.login()
        assert reply.json["code"] == 0, reply
        return self

    # Tokens.

    def new(self, path="/v1/system/new_token", body=b"{}"):
        reply = self.call("POST", path, body)
        assert reply.status == 200 and reply.json["code"] == 0, reply
        row = reply.json["data"]
        remember(row)
        return row

    def list(self, path="/v1/system/token_list"):
        reply = self.call("GET", path)
        assert reply.status == 200 and reply.json["code"] == 0, reply
        for row in reply.json["data"]:
            remember(row)
        return reply.json["data"]

    def tokens(self):
        return [row["token"] for row in self.list()]


def remember(row):
    if re.match(r"^ragflow-[A-Za-z0-9_-]{32,}$", row["token"]):
        secret(row["token"])
    if row.get("beta"):
        secret(row["beta"])


def bearer(token):
    return {"Authorization": "Bearer " + token}
