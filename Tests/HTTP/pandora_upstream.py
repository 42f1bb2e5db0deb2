"""A Pandora-style proxy as far as TokensTool's contract knows it (compat/tokenstool.md 3): U1 to U11, U14, and the licence's quota.

Everything that is asked is kept in `calls` as (what, fields). `fail` makes the next answers of one kind go wrong."""

import base64
import email.parser
import email.policy
import hashlib
import http.server
import json
import os
import threading
import time
import urllib.parse

PREFIX = "prefix0proxy"


def letters(seed, count):
    text = base64.urlsafe_b64encode(hashlib.sha512(seed.encode()).digest()).decode().replace("=", "")
    return (text * (count // len(text) + 1))[:count]


def jwt(subject, seconds, size):
    """A JWT of at least `size` letters that begins as OpenAI's do: eyJhb."""
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
    body = {"sub": subject, "exp": int(time.time()) + seconds, "jti": base64.b64encode(os.urandom(12)).decode(), "pad": "x" * size}
    return ".".join([part({"alg": "RS256", "typ": "JWT"}), part(body), base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")])


class Pandora:
    def __init__(self):
        self.lock = threading.Lock()
        self.accounts = {}                     # user: password
        self.sessions = {}                     # session token: user
        self.refreshes = {}                    # refresh token: user
        self.access = {}                       # access token: user
        self.shares = {}                       # fk-: (name, user)
        self.pools = {}                        # pk-: [fk-]
        self.calls = []
        self.failures = {}                     # what: [status, …]
        self.expired_pools = set()
        self.usage = {"current": 12, "ip": "127.0.0.1", "total": 1000, "ttl": 86400}
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.answer(*owner.post(self.path, self.headers, body))

            def do_GET(self):
                self.answer(*owner.get(self.path, self.headers))

            def do_OPTIONS(self):
                # A page asks U14 from elsewhere: its browser asks first whether it may.
                self.answer(200, {})

            def answer(self, status, value):
                body = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                if self.headers.get("Origin"):
                    self.send_header("Access-Control-Allow-Origin", "*")
                    self.send_header("Access-Control-Allow-Headers", "Authorization")
                self.send_header("Content-Type", "text/html" if isinstance(value, bytes) else "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    # What a test says and asks.

    def account(self, user, word):
        self.accounts[user] = word
        return user, word

    def session(self, user, size=300):
        """A session token as people paste one."""
        token = jwt(user, 80 * 86400, size)
        self.sessions[token] = user
        return token

    def refresh_token(self, user):
        token = "rt-" + letters("refresh" + user + str(time.time()), 40)
        self.refreshes[token] = user
        return token

    def end(self, user):
        """All sessions of the user are over."""
        with self.lock:
            self.sessions = {t: u for t, u in self.sessions.items() if u != user}
            self.refreshes = {t: u for t, u in self.refreshes.items() if u != user}

    def fail(self, what, *statuses):
        """The next answers of this kind: a status each, 0: HTML with 200."""
        self.failures[what] = list(statuses)

    def asked(self, what=None):
        with self.lock:
            return [fields for kind, fields in self.calls if what is None or kind == what]

    def forget(self):
        with self.lock:
            self.calls.clear()

    @property
    def kinds(self):
        """What was asked, without reloads."""
        with self.lock:
            return [kind for kind, _ in self.calls if kind != "reload"]

    # The proxy.

    def note(self, what, fields):
        with self.lock:
            self.calls.append((what, fields))
            waiting = self.failures.get(what)
            return waiting.pop(0) if waiting else None

    def post(self, path, headers, body):
        if path == "/%s/v1/chat/completions" % PREFIX:
            return self.chat(headers, body)
        known = {"/auth/login": "login", "/auth/login2": "login2", "/auth/session": "session", "/auth/refresh": "refresh",
                 "/token/register": "register", "/pool/update": "pool", "/setup/reload": "reload"}
        start = "/%s/api" % PREFIX
        what = known.get(path[len(start):]) if path.startswith(start) else None
        if what is None:
            self.note("unknown", {"path": path})
            return 404, {"detail": "Not Found"}
        fields = multipart(headers, body) if "multipart" in headers.get("Content-Type", "") else form(body)
        status = self.note(what, fields)
        if status is not None:
            return (200, b"<html>") if status == 0 else (status, {"detail": "scripted"})
        with self.lock:
            return getattr(self, "do_" + what)(fields)

    def do_login(self, fields):
        if self.accounts.get(fields.get("username")) != fields.get("password"):
            return 403, {"detail": "wrong login"}
        return 200, {"session_token": self.session(fields["username"])}

    def do_login2(self, fields):
        if self.accounts.get(fields.get("username")) != fields.get("password"):
            return 403, {"detail": "wrong login"}
        return 200, {"refresh_token": self.refresh_token(fields["username"])}

    def new_access(self, user):
        token = jwt(user, 10 * 86400, 400)
        self.access[token] = user
        return 200, {"access_token": token}

    def do_session(self, fields):
        user = self.sessions.get(fields.get("session_token"))
        return self.new_access(user) if user else (401, {"detail": "session expired"})

    def do_refresh(self, fields):
        user = self.refreshes.get(fields.get("refresh_token"))
        return self.new_access(user) if user else (401, {"detail": "refresh token expired"})

    def do_register(self, fields):
        user = self.access.get(fields.get("access_token"))
        if not user:
            return 401, {"detail": "access token expired"}
        # The same name and account give the same token.
        share = "fk-" + letters(user + "/" + fields["unique_name"], 43)
        if fields["expires_in"] == "-1":
            self.shares.pop(share, None)
            return 200, {"token_key": share, "expire_at": 0}
        self.shares[share] = (fields["unique_name"], user)
        return 200, {"token_key": share, "unique_name": fields["unique_name"]}

    def do_pool(self, fields):
        members = [line for line in fields.get("share_tokens", "").split("\n") if line]
        pool = fields.get("pool_token", "")
        if not members:
            if self.pools.pop(pool, None) is None:
                return 400, {"detail": "pool token does not exist"}
            return 200, {"detail": "revoked"}
        if any(member not in self.shares for member in members):
            return 400, {"detail": "unknown share token"}
        pool = pool or "pk-" + letters("pool" + str(len(self.calls)) + str(time.time()), 43)
        self.pools[pool] = members
        return 200, {"count": len(members), "pool_token": pool}

    def do_reload(self, _):
        return 200, {"detail": "ok"}

    def chat(self, headers, body):
        pool = (headers.get("Authorization") or "").replace("Bearer ", "")
        status = self.note("chat", {"pool": pool, "body": json.loads(body)})
        if status is not None:
            return (200, b"<html>") if status == 0 else (status, {"detail": "scripted"})
        if pool not in self.pools or pool in self.expired_pools:
            return 401, {"error": {"message": "expired"}}
        return 200, {"choices": [{"message": {"role": "assistant", "content": "This is a test!"}}]}

    def get(self, path, headers):
        if path.startswith("/api/") and path.endswith("/usage"):
            status = self.note("quota", {"license": path.split("/")[2]})
            return (status, {"detail": "ip"}) if status is not None else (200, self.usage)
        start = "/%s/api/token/info/" % PREFIX
        if path.startswith(start):
            share, access = path[len(start):], (headers.get("Authorization") or "").replace("Bearer ", "")
            self.note("info", {"share_token": share, "access_token": access})
            if share not in self.shares or access not in self.access:
                return 401, {"detail": "unknown"}
            return 200, {"usage": {"range": "2024-03-15", "gpt-4": 3, "gpt-3.5-turbo": 9}}
        self.note("unknown", {"path": path})
        return 404, {"detail": "Not Found"}


def form(body):
    return {k: v for k, v in urllib.parse.parse_qsl(body.decode(), keep_blank_values=True)}


def multipart(headers, body):
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(
        b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + body)
    return {part.get_param("name", header="content-disposition"): part.get_content().rstrip("\r\n") for part in message.iter_parts()}
