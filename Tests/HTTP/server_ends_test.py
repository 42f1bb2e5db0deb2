"""TLS and its renewal, clients that are slow, and how the doors end (docs/configuration.md "HTTP", decisions 20)."""

import http.client
import os
import signal
import socket
import ssl
import subprocess
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from harness import Reply, Served, request, secret, space, split
from ragflow import Person, key_pair, served


def certificate(folder, name):
    """Makes a self-signed pair for localhost in `folder`; (certificate, key)."""
    paths = os.path.join(folder, "%s.crt" % name), os.path.join(folder, "%s.key" % name)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + name,
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "2", "-keyout", paths[1], "-out", paths[0]],
                   check=True, capture_output=True)
    os.chmod(paths[1], 0o600)
    return paths


def tls_request(port, path, trusted=None, headers=None, options=None):
    """(reply, the server's certificate as DER, version)"""
    context = ssl.create_default_context(cafile=trusted) if trusted else ssl._create_unverified_context()
    if options:
        options(context)
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
    try:
        connection.request("GET", path, headers=headers or {})
        found = connection.sock.getpeercert(True), connection.sock.version()
        answer = connection.getresponse()
        return Reply(answer.status, answer.getheaders(), answer.read()), *found
    finally:
        connection.close()


def der(path):
    with open(path) as file:
        return ssl.PEM_cert_to_DER_cert(file.read())


def until(check, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            return True
        time.sleep(0.2)
    return False


class TLS(unittest.TestCase):
    @classmethod
    def begin(cls):
        cls.folder = space()
        cls.first, cls.second = certificate(cls.folder, "first"), certificate(cls.folder, "second")
        cls.crt, cls.key = os.path.join(cls.folder, "live.crt"), os.path.join(cls.folder, "live.key")
        cls.put(cls.first)
        cls.d = Served("tls: { certificate: %s, key: %s }\nhealth: { listen: ':0' }\nragflow: { listen: '127.0.0.1:0', login_key: %s }" % (
            cls.crt, cls.key, key_pair()[0]))
        cls.port = cls.d.ports["ragflow"]
        cls.both = os.path.join(cls.folder, "both.crt")
        with open(cls.both, "w") as file:
            for path in (cls.first[0], cls.second[0]):
                with open(path) as one:
                    file.write(one.read())

    @classmethod
    def put(cls, pair):
        for source, target in zip(pair, (cls.crt, cls.key)):
            with open(source) as file:
                text = file.read()
            with open(target + ".new", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                file.write(text)
            os.rename(target + ".new", target)

    def test_versions_and_plain_http(self):
        reply, presented, version = tls_request(self.port, "/v1/system/ping", self.both)
        self.assertEqual((reply.status, version), (200, "TLSv1.3"))
        self.assertIn(presented, (der(self.first[0]), der(self.second[0])))
        def at_most(version):
            def change(context):
                context.set_ciphers("ALL:@SECLEVEL=0")
                context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, version
            return change
        self.assertEqual(tls_request(self.port, "/v1/system/ping", options=at_most(ssl.TLSVersion.TLSv1_2))[2], "TLSv1.2")
        with self.assertRaises((ssl.SSLError, OSError)):
            tls_request(self.port, "/v1/system/ping", options=at_most(ssl.TLSVersion.TLSv1_1))
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(b"GET /v1/system/ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
            found = b""
            try:
                while more := connection.recv(65536):
                    found += more
            except ConnectionResetError:
                pass
        self.assertNotIn(b"HTTP/1.1 200", found)
        self.assertEqual(tls_request(self.d.ports["health"], "/health", headers={"Host": "svc"})[0].status, 200, "without insecure")
        reply = tls_request(self.port, "/v1/system/ping", headers={"Host": "evil.example"})[0]
        self.assertEqual(reply.status, 403)

    def test_renewal(self):
        Background.renewal.result()

    def renew(self):
        def presented():
            return tls_request(self.port, "/v1/system/ping")[1]
        kept = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=ssl._create_unverified_context())
        def ask():
            kept.request("GET", "/v1/system/ping")
            return kept.getresponse().read()
        self.assertEqual(ask(), b"pong")
        # First a pair that does not fit: the old one stays, and the log says so.
        self.put((self.second[0], self.first[1]))
        self.assertTrue(until(lambda: "new certificate is not used" in self.d.log_text(), 15))
        self.assertEqual(presented(), der(self.first[0]))
        self.put(self.second)
        self.assertTrue(until(lambda: presented() == der(self.second[0]), 15), "the new pair is not used")
        self.assertEqual(ask(), b"pong", "connections that are there go on")
        kept.close()


class Ending(unittest.TestCase):
    def setUp(self):
        self.d = served()
        self.port = self.d.ports["ragflow"]

    def tearDown(self):
        self.d.kill()

    def open(self, data=b""):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=15)
        connection.sendall(data)
        return connection

    def rest(self, connection):
        found = b""
        try:
            while more := connection.recv(65536):
                found += more
        except ConnectionResetError:
            pass
        return found

    def test_what_is_running_is_finished(self):
        alice = Person(self.d, "alice").ready()
        idle = self.open(b"GET /v1/system/ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertIn(b"pong", idle.recv(65536))
        silent = self.open()
        begun = self.open(b"POST /v1/system/new_token HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\nContent-Length: 2\r\n\r\n{"
                          % alice.token.encode())
        time.sleep(0.3)
        before = time.monotonic()
        self.d.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.rest(idle), b"")
        self.assertEqual(self.rest(silent), b"")
        self.assertLess(time.monotonic() - before, 3, "idle connections end at once")
        with self.assertRaises(OSError):
            for _ in range(20):
                self.open().close()
                time.sleep(0.1)
        begun.sendall(b"}")
        reply = split(self.rest(begun))
        self.assertEqual((reply.status, reply.json["code"]), (200, 0), "a request that had begun is answered")
        secret(reply.json["data"]["token"])
        self.assertEqual(reply.header("Connection"), "close")
        self.d.finish()
        self.assertLess(time.monotonic() - before, 9)
        for connection in (idle, silent, begun):
            connection.close()
        # And it was committed.
        self.d.start()
        self.port = self.d.ports["ragflow"]
        self.assertEqual(alice.tokens(), [reply.json["data"]["token"]], "logins outlive the daemon as well")
        self.d.finish()

    def test_stopping_does_not_wait_for_ever(self):
        self.assertLess(Background.stopping.result(), 14)


class Slow(unittest.TestCase):
    def test_heads(self):
        """10 s."""
        self.check(["silent", "line", "head", "dripping head"], 9, 14)

    def test_bodies(self):
        """30 s."""
        self.check(["body", "dripping body", "chunks"], 28, 36)

    def check(self, names, shortest, longest):
        for name in names:
            data, seconds = Background.slow[name].result()
            self.assertTrue(shortest < seconds < longest, (name, seconds))
            if name in ("silent", "line"):
                self.assertEqual(data, b"", name)
                continue
            reply = split(data)
            self.assertEqual(reply.status, 408, name)
            self.assertNotIn(reply.json["code"], (0, 401), name)
        self.assertEqual(request(Background.d.ports["ragflow"], "GET", "/v1/system/ping").text, "pong")


class Background:
    """What takes its time, all at once and beside the other tests of this file."""

    head = b"POST /v1/system/new_token HTTP/1.1\r\nHost: localhost\r\n"
    cases = {
        "silent": (b"",), "line": (b"GET /v1/sys",), "head": (head,), "dripping head": (head + b"X: ", b"y"),
        "body": (head + b"Content-Length: 9\r\n\r\n{",), "dripping body": (head + b"Content-Length: 1000\r\n\r\n", b"y"),
        "chunks": (head + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",),
    }

    @classmethod
    def begin(cls):
        TLS.begin()
        cls.d, cls.other = served(), served()
        cls.pool = ThreadPoolExecutor(len(cls.cases) + 2)
        cls.slow = {name: cls.pool.submit(cls.send, *case) for name, case in cls.cases.items()}
        cls.renewal = cls.pool.submit(TLS().renew)
        cls.stopping = cls.pool.submit(cls.stop)

    @classmethod
    def end(cls):
        cls.pool.shutdown()
        cls.d.finish()
        TLS.d.finish()

    @classmethod
    def send(cls, data, drip=b""):
        """A client that is too slow: (everything that came, seconds until the end)."""
        begin, found = time.monotonic(), b""
        with socket.create_connection(("127.0.0.1", cls.d.ports["ragflow"]), timeout=1) as connection:
            connection.sendall(data)
            while time.monotonic() - begin < 40:
                try:
                    if drip:
                        connection.sendall(drip)
                    more = connection.recv(65536)
                    if not more:
                        break
                    found += more
                except socket.timeout:
                    pass
                except OSError:
                    break
        return found, time.monotonic() - begin

    @classmethod
    def stop(cls):
        """Seconds that a daemon with clients that never end takes for it."""
        where = "127.0.0.1", cls.other.ports["ragflow"]
        with socket.create_connection(where) as body, socket.create_connection(where) as line:
            body.sendall(cls.head + b"Content-Length: 2\r\n\r\n{")
            line.sendall(b"GET /v1/system/pi")
            time.sleep(0.3)
            before = time.monotonic()
            cls.other.finish()
            return time.monotonic() - before


def setUpModule():
    Background.begin()


def tearDownModule():
    Background.end()


if __name__ == "__main__":
    unittest.main()
