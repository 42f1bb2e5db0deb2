"""An OAuth 2 token endpoint with rotating single-use refresh tokens, written from RFC 6749 section 6 and RFC 9700 4.14.2.

Each refresh token may be used once; its answer carries the next one. A second use of any token of a family is theft for all
the server knows: the whole family is invalidated. Every request is counted, with what came of it. `script` may change what is
answered to the next request; the token is used up all the same, unless the script says otherwise."""

import base64
import http.server
import json
import secrets
import socket
import socketserver
import threading
import time
import urllib.parse


class Family:
    """What belongs to one grant."""

    def __init__(self, name):
        self.name = name
        self.live = "rt-%s-%s" % (name, secrets.token_urlsafe(24))
        self.used = set()
        self.access = []               # every access token that was issued
        self.dead = False


class Answer:
    """One scripted answer. `consume`: whether the refresh token is used up by it."""

    def __init__(self, act, consume=True):
        self.act, self.consume = act, consume


class Upstream(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 512

    def __init__(self, lifetime=3600, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.lifetime = lifetime
        self.lock = threading.Lock()
        self.families = {}
        self.by_token = {}
        self.dials = 0                 # requests of the token endpoint that arrived whole
        self.reuses = []               # (family, token) that were presented a second time
        self.presented = []            # every refresh token, in order
        self.scripts = []              # answers for the next requests, in order
        self.seen = []                 # (path, headers, form) of each request
        self.arrived = threading.Event()
        self.hold = None               # an Event: answers wait for it
        self.delay = 0.0
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.server_address[1]

    def grant(self, name):
        """A new family; its first refresh token."""
        with self.lock:
            family = Family(name)
            self.families[name] = family
            self.by_token[family.live] = family
            return family.live

    def handle_error(self, *_):
        """Whoever asked has been killed in the middle: that is what the tests are about."""

    def stop(self):
        if self.hold:
            self.hold.set()
        self.shutdown()
        self.server_close()

    def use(self, token, consume):
        """(status, body) for a refresh token that is presented."""
        with self.lock:
            self.presented.append(token)
            family = self.by_token.get(token)
            if family is None or family.dead:
                return 400, {"error": "invalid_grant", "error_description": "unknown or revoked"}
            if token in family.used:
                self.reuses.append((family.name, token))
                family.dead = True
                return 400, {"error": "invalid_grant", "error_description": "the token was used before: its family is revoked"}
            if not consume:
                return 503, {"error": "temporarily_unavailable"}
            family.used.add(token)
            family.live = "rt-%s-%s" % (family.name, secrets.token_urlsafe(24))
            self.by_token[family.live] = family
            access = "at-%s-%d-%s" % (family.name, len(family.access), secrets.token_urlsafe(18))
            family.access.append(access)
            return 200, {"access_token": access, "token_type": "Bearer", "expires_in": self.lifetime,
                         "refresh_token": family.live, "scope": "all"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer(404, {"error": "not_found"})

    def do_POST(self):
        server = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        form = dict(urllib.parse.parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        with server.lock:
            server.seen.append((self.path, dict(self.headers), form))
            server.dials += 1
            script = server.scripts.pop(0) if server.scripts else None
        server.arrived.set()
        if form.get("grant_type") != "refresh_token":
            return self.answer(400, {"error": "unsupported_grant_type"})
        status, reply = server.use(form.get("refresh_token", ""), script.consume if script else True)
        if server.delay:
            time.sleep(server.delay)
        if server.hold:
            server.hold.wait(60)
        if script:
            return script.act(self, status, reply)
        self.answer(status, reply)

    def answer(self, status, reply, headers=()):
        body = json.dumps(reply).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass                       # whoever asked has been killed: that is what the tests are about

    def raw(self, data):
        """Bytes as they are, then the end of the connection."""
        self.close_connection = True
        try:
            self.wfile.write(data)
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass


# Answers that a script can give. Each is (handler, status, reply) -> None.

def status(code, reply=None, headers=()):
    return lambda h, _s, _r: h.answer(code, reply if reply is not None else {"error": "server_error"}, headers)


def partial(handler, code, reply):
    body = json.dumps(reply).encode()
    handler.raw(b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (code, len(body)) + body[:len(body) // 2])


def silent(handler, _code, _reply):
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def html(handler, _code, _reply):
    body = b"<html><body>Welcome to the hotel's network</body></html>"
    handler.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def redirect(handler, _code, _reply):
    handler.raw(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\n\r\n")


def huge(handler, _code, reply):
    reply = dict(reply, padding="x" * (8 << 20))
    body = json.dumps(reply).encode()
    handler.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def wrong_charset(handler, _code, reply):
    body = json.dumps(reply).encode("utf-16")
    handler.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-16\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def binary(handler, _code, _reply):
    body = bytes(range(256))
    handler.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def without_refresh_token(handler, code, reply):
    handler.answer(code, {k: v for k, v in reply.items() if k != "refresh_token"})


def without_access_token(handler, code, reply):
    handler.answer(code, {k: v for k, v in reply.items() if k != "access_token"})


def slow(handler, code, reply, seconds=3.0):
    """A byte now and then, whole in the end."""
    body = json.dumps(reply).encode()
    try:
        handler.wfile.write(b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (code, len(body)))
        for at in range(0, len(body), 32):
            handler.wfile.write(body[at:at + 32])
            handler.wfile.flush()
            time.sleep(seconds / (len(body) / 32))
    except OSError:
        pass


def jwt(claims):
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    return "%s.%s.%s" % (part({"alg": "none"}), part(claims), "c2ln")
