"""OpenAI's token endpoint and two pages of its backend, as far as RT-manage's contract knows them (compat/rtmanage.md 3).

Refresh tokens are single use: each refresh gives the next one of its family, and presenting an old one again ends the
whole family. Every dial is counted, with the token that it presented. `script` makes the next answers go wrong."""

import base64
import http.server
import json
import os
import threading
import time

REUSED = "Your refresh token has already been used to generate a new access token. Please try signing in again."


def jwt(subject, seconds=864000):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
    return ".".join([part({"alg": "RS256"}), part({"sub": subject, "exp": int(time.time()) + seconds}),
                     base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")])


class OpenAI:
    def __init__(self):
        self.lock = threading.Lock()
        self.family = {}                       # refresh token: family
        self.current = {}                      # family: the one token that is good; None: the family is over
        self.access = {}                       # access token: family
        self.dials = []                        # (refresh token, parsed body)
        self.requests = []                     # (method, path, headers)
        self.scripts = []                      # what becomes of the next refreshes; see `script`
        self.info_status = 200
        self.accounts = {"accounts": {"a1": {"account": {"plan_type": "free"}}, "a2": {"account": {"plan_type": "team"}},
                                      "a3": {"account": {"plan_type": "plus"}}}, "account_ordering": ["a1", "a3", "a2"]}
        self.released = threading.Event()
        self.entered = threading.Semaphore(0)
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, body, kind="application/json", headers=()):
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                owner.requests.append(("POST", self.path, dict(self.headers)))
                owner.refresh(self, body)

            def do_GET(self):
                owner.requests.append(("GET", self.path, dict(self.headers)))
                owner.page(self)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def configuration(self):
        """The part of the daemon's configuration that leads here."""
        at = "http://127.0.0.1:%d" % self.port
        return "upstream:\n  providers:\n    openai: { auth: \"%s\", backend: \"%s/backend-api\" }\n" % (at, at)

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def issue(self, family):
        """A first refresh token."""
        token = "rt_%s_%s" % (family, base64.urlsafe_b64encode(os.urandom(24)).decode().rstrip("="))
        with self.lock:
            self.family[token] = family
            self.current[family] = token
        return token

    def script(self, *words):
        """Of the next refreshes in turn: `ok`, `html`, `close` (takes the token, then hangs up), `hold` (until released),
        `busy` (429), `down` (500), `no-refresh`, `short`, or (status, body)."""
        with self.lock:
            self.scripts += words

    def dials_of(self, token):
        return sum(1 for dialled, _ in self.dials if dialled == token)

    def refresh(self, handler, body):
        try:
            given = json.loads(body)
        except ValueError:
            return handler.answer(400, {"error": {"message": "not JSON", "type": "invalid_request_error", "code": "bad_json"}})
        token = given.get("refresh_token")
        with self.lock:
            self.dials.append((token, given))
            word = self.scripts.pop(0) if self.scripts else "ok"
        if handler.path != "/oauth/token" or given.get("grant_type") != "refresh_token" or not given.get("client_id"):
            return handler.answer(400, {"error": {"message": "bad request", "type": "invalid_request_error", "code": "bad"}})
        if isinstance(word, tuple):
            return handler.answer(word[0], word[1], "application/json" if not isinstance(word[1], bytes) else "text/html")
        if word == "busy":
            return handler.answer(429, {"error": {"message": "slow down", "code": "rate_limited"}}, headers=[("Retry-After", "7")])
        if word == "down":
            return handler.answer(500, {"error": {"message": "oops", "code": "server_error"}})
        with self.lock:
            family = self.family.get(token)
            good = family is not None and self.current.get(family) == token
            if family is not None and not good:
                self.current[family] = None    # reuse: nobody of this family is trusted any more
            if good:
                fresh = "rt_%s_%s" % (family, base64.urlsafe_b64encode(os.urandom(24)).decode().rstrip("="))
                if word == "short":
                    fresh = "rt_s%d" % len(self.dials)
                if word != "no-refresh":
                    self.family[fresh] = family
                    self.current[family] = fresh
                access = jwt(family)
                self.access[access] = family
        if not good:
            code = "refresh_token_reused" if family is not None else "refresh_token_invalidated"
            return handler.answer(401, {"error": {"message": REUSED, "type": "invalid_request_error", "param": None, "code": code}})
        if word == "hold":
            self.entered.release()
            self.released.wait(20)
        if word == "close":
            handler.close_connection = True
            return handler.connection.close()
        if word == "html":
            return handler.answer(200, b"<html>a proxy in between</html>", "text/html")
        answer = {"access_token": access, "refresh_token": fresh, "id_token": jwt("id"), "token_type": "Bearer", "expires_in": 864000,
                  "scope": "openid profile"}
        if word == "no-refresh":
            del answer["refresh_token"]
        handler.answer(200, answer)

    def page(self, handler):
        family = self.access.get((handler.headers.get("Authorization") or "")[7:])
        if self.info_status != 200:
            return handler.answer(self.info_status, b"<html>blocked</html>", "text/html")
        if family is None:
            return handler.answer(401, {"detail": {"message": "Could not validate your token"}})
        if handler.path == "/backend-api/me":
            return handler.answer(200, {"id": "user-1", "email": family + "@example.com", "name": "Name of " + family})
        if handler.path == "/backend-api/accounts/check/v4-2023-04-27?timezone_offset_min=-480":
            return handler.answer(200, self.accounts)
        handler.answer(404, {"detail": "Not Found"})
