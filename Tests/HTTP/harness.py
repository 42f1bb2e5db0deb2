"""What the tests of the HTTP doors share: daemons that serve HTTP, accounts made by the command, and HTTP clients.

A daemon of Tests/Identity's harness with a configuration of its own. What a test learns or draws that nobody else may
know (passwords, access tokens, API keys, cookies) is told to `secret`; `Served.finish` looks for all of it in the log
and in the store's files."""

import http.client
import importlib.util
import json
import os
import re
import socket
import time

_HERE = os.path.dirname(os.path.abspath(__file__))
_spec = importlib.util.spec_from_file_location("coffer_daemons", os.path.join(_HERE, "..", "Identity", "harness.py"))
daemons = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(daemons)

binary, run, space = daemons.binary, daemons.run, daemons.space

_secrets = set()


def secret(value):
    """Remembers what must not be in a log or a file, and gives it back."""
    text = value.encode() if isinstance(value, str) else bytes(value)
    if len(text) >= 8:                         # shorter ones stand in a log by chance
        _secrets.add(text)
    return value


def password(name):
    """A password that is found again wherever it is written."""
    return secret(daemons.PLANT + "pw-" + name)


class Served(daemons.Daemon):
    """A daemon with doors. `http` is the mapping below `http:` in the configuration, in YAML; free ports by ':0'. `more`: further
    sections, whole."""

    def __init__(self, http, **options):
        folder = options.pop("folder", None) or space()
        self.file = os.path.join(folder, "coffer.yaml")
        self.more = options.pop("more", "")
        self.write(http)
        self.ports = {}
        super().__init__(folder=folder, config=self.file, **options)

    def write(self, http):
        lines = [line for line in http.strip("\n").split("\n")]
        with open(self.file, "w") as file:
            file.write("http:\n" + "".join("  %s\n" % line for line in lines) + self.more)

    def start(self, wait=True):
        before = len(self.log_text()) if os.path.exists(self.log) else 0
        super().start(wait)
        if wait:
            self.ports = self._wait_for_doors(before)
        return self

    def _wait_for_doors(self, begin):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            text = self.log_text()[begin:]
            if "[CofferDaemon] ready" in text:
                found = {}
                for line in text.split("\n"):
                    if line.endswith("[CofferHTTP] listening"):
                        fields = dict(part.split("=", 1) for part in line.split() if "=" in part)
                        doors = re.search(r" doors=(.*?) port=", line).group(1)
                        for door in re.split(r"[, ]+", doors):
                            found[door] = int(fields["port"])
                return found
            time.sleep(0.02)
        raise AssertionError("cofferd is not ready: " + self.log_text())

    def finish(self):
        """Ends the daemon; it must end well, and neither its log nor its store may have a secret of the run."""
        code = self.stop()
        assert code == 0, "cofferd ended with %r: %s" % (code, self.log_text()[-4000:])
        assert "secrets=0 " in self.log_text(), "the log is not the daemon's"
        for name in self.leaks():
            raise AssertionError(name)

    def leaks(self):
        found = []
        paths = [self.log] + [os.path.join(at, name) for at, _, names in os.walk(self.store) for name in names]
        for path in paths:
            with open(path, "rb") as file:
                content = file.read()
            for value in _secrets:
                if value in content:
                    found.append("%s has %r" % (path, value))
        return found

    # Accounts, by the command.

    def user(self, name, role="common", *options):
        """A user with a password, which is given back."""
        word = password(name)
        self.ok("user", "create", name, "--role", role, *options, input=word)
        return word

    def token(self, user, name="test", expires="1d"):
        """An access token of a user."""
        return secret(self.ok("user", "token", "create", user, name, "--expires", expires).text.strip())

    def api_key(self, name, *options):
        """(number, readable API key)"""
        answer = self.ok("apikey", "create", name, *options, "--json").json
        return answer["id"], secret(answer["key"])


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        """The only value of a header; None where there is none."""
        found = self.all(name)
        assert len(found) < 2, "%s: %r" % (name, found)
        return found[0] if found else None

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        """The body; a member that stands twice is an error."""
        def pairs(found):
            assert len({key for key, _ in found}) == len(found), "a member stands twice: %r" % (found,)
            return dict(found)
        return json.loads(self.body, object_pairs_hook=pairs)

    @property
    def cookies(self):
        """{name: (value, {attribute: value})}, the attributes in lower case."""
        found = {}
        for line in self.all("Set-Cookie"):
            first, *rest = [part.strip() for part in line.split(";")]
            name, _, value = first.partition("=")
            found[name] = (value, {k.lower(): v for k, _, v in (part.partition("=") for part in rest)})
        return found

    def __repr__(self):
        return "%d %r %r" % (self.status, self.headers, self.body[:1000])


def request(port, method, path, body=None, headers=None, host="127.0.0.1", timeout=15, check=True, source=None):
    """One request on a connection of its own. A body that is not bytes is sent as JSON. Headers: mapping or pairs;
    Host is set unless it is among them. `source`: the loopback address that it comes from, such as 127.0.0.9."""
    pairs = list(headers.items() if isinstance(headers, dict) else headers or [])
    names = {name.lower() for name, _ in pairs}
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        if "content-type" not in names:
            pairs.append(("Content-Type", "application/json"))
    connection = http.client.HTTPConnection(host, port, timeout=timeout, source_address=(source, 0) if source else None)
    try:
        connection.putrequest(method, path, skip_host="host" in names, skip_accept_encoding=True)
        for name, value in pairs:
            connection.putheader(name, value)
        if "content-length" not in names and "transfer-encoding" not in names and (body is not None or method in ("POST", "PUT", "PATCH")):
            connection.putheader("Content-Length", str(len(body or b"")))
        connection.endheaders(body)
        answer = connection.getresponse()
        reply = Reply(answer.status, answer.getheaders(), answer.read())
    finally:
        connection.close()
    if check:
        assert reply.header("X-Request-Id"), reply
        assert reply.header("X-Content-Type-Options") == "nosniff", reply
        assert reply.header("Cache-Control"), reply
        assert reply.header("Date"), reply
    return reply


def raw(port, data, host="127.0.0.1", timeout=15, half_close=False):
    """Bytes as they are; everything that comes until the other side closes, or nothing more comes for `timeout`."""
    with socket.create_connection((host, port), timeout=timeout) as connection:
        try:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass                               # it may close before it has read everything
        found = b""
        while True:
            try:
                more = connection.recv(65536)
            except (socket.timeout, ConnectionResetError):
                return found
            if not more:
                return found
            found += more


def split(data):
    """The first reply of raw bytes."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    status = int(first.split(" ")[1]) if first else 0
    return Reply(status, [tuple(line.split(": ", 1)) for line in lines], body)
