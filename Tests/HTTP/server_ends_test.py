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
    def setUpClass(cls):
        cls.folder = space()
        cls.first, cls.second = certificate(cls.folder, "first"), certificate(cls.folder, "second")
        cls.crt, cls.key = os.path.join(cls.folder, "live.crt"), os.path.join(cls.folder, "live.key")
        cls.put(cls.first)
        cls.d = Served("tls: { certificate: %s, key: %s }\nhealth: { listen: ':0' }\nragflow: { listen: '127.0.0.1:0', login_key: %s }" % (
            cls.crt, cls.key, key_pair()[0]))
        cls.port = cls.d.ports["ragflow"]

    @classmethod
    def tearDownClass(cls):
        cls.d.finish()

    @classmethod
    def put(cls, pair):
        for source, target in zip(pair, (cls.crt, cls.key)):
            with open(source) as file:
                text = file.read()
            with open(target + ".new", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                file.write(text)
            os.rename(target + ".new", target)

    def test_versions_and_plain_http(self):
        reply, presented, version = tls_request(self.port, "/v1/system/ping", self.first[0])
        self.assertEqual((reply.status, presented, version), (200, der(self.first[0]), "TLSv1.3"))
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
        def presented():
            return tls_request(self.port, "/v1/system/ping")[1]
        kept = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=ssl._create_unverified_context())
        kept.request("GET", "/v1/system/ping")
        kept.getresponse().read()
        # First a pair that does not fit: the old one stays, and the log says so.
        self.put((self.second[0], self.first[1]))
        self.assertTrue(until(lambda: "new certificate is not used" in self.d.log_text(), 15))
        self.assertEqual(presented(), der(self.first[0]))
        self.put(self.second)
        self.assertTrue(until(lambda: presented() == der(self.second[0]), 15), "the new pair is not used")
        kept.request("GET", "/v1/system/ping")
        self.assertEqual(kept.getresponse().status, 200, "connections that are there go on")
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
        begun = self.open(b"POST /v1/system/new_token HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\nContent-Length: 2\r\n\r\n{" % alice.token.encode())
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
        stuck = self.open(b"POST /v1/system/new_token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{")
        half = self.open(b"GET /v1/system/pi")
        time.sleep(0.3)
        before = time.monotonic()
        self.d.finish()
        self.assertLess(time.monotonic() - before, 14)
        stuck.close()
        half.close()

    def test_slow_clients(self):
        """All at once: the limits are 10 s for a head and 30 s for a body."""
        def timed(data, drip=b""):
            begin = time.monotonic()
            connection = self.open(data)
            connection.settimeout(1)
            found = b""
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
            connection.close()
            return found, time.monotonic() - begin
        head = b"POST /v1/system/new_token HTTP/1.1\r\nHost: localhost\r\n"
        cases = {
            "silent": (b"",), "line": (b"GET /v1/sys",), "head": (head,), "dripping head": (head + b"X: ", b"y"),
            "body": (head + b"Content-Length: 9\r\n\r\n{",), "dripping body": (head + b"Content-Length: 1000\r\n\r\n", b"y"),
            "chunks": (head + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",),
        }
        with ThreadPoolExecutor(len(cases)) as pool:
            done = {name: pool.submit(timed, *case) for name, case in cases.items()}
            # Others are served meanwhile.
            self.assertEqual(request(self.port, "GET", "/v1/system/ping").text, "pong")
            found = {name: result.result() for name, result in done.items()}
        for name, (data, seconds) in found.items():
            if "body" in name or name == "chunks":
                self.assertTrue(28 < seconds < 36, (name, seconds))
            else:
                self.assertTrue(9 < seconds < 14, (name, seconds))
            if name in ("silent", "line"):
                self.assertEqual(data, b"", name)
                continue
            reply = split(data)
            self.assertEqual(reply.status, 408, name)
            self.assertNotIn(reply.json["code"], (0, 401), name)
        self.d.finish()


if __name__ == "__main__":
    unittest.main()
