"""What the configuration of the doors may say, and how a daemon ends that cannot serve it (docs/configuration.md, "HTTP")."""

import os
import socket
import subprocess
import unittest
from concurrent.futures import ThreadPoolExecutor

from harness import Served, binary, run, space
from ragflow import key_pair

CONFIGURATION, IN_USE = 78, 75
WRONG = ["newapi: { listen: 'x' }", "newapi: { listen: ':0' }", "hosts: ['a b']\nhealth: { listen: '127.0.0.1:0' }",
         "trusted_proxies: ['*']\nhealth: { listen: '127.0.0.1:0' }", "ragflow: { listen: '127.0.0.1:0', login_key: /nonexistent }",
         "tls: { certificate: /nonexistent, key: /nonexistent }\nhealth: { listen: '127.0.0.1:0' }"]


class Starting(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # A daemon that cannot bind takes its time to end: meanwhile the others are tested.
        cls.holder = socket.socket()
        cls.holder.bind(("127.0.0.1", 0))
        cls.holder.listen()
        cls.pool = ThreadPoolExecutor(2)
        self = cls()
        binary("cofferd")
        cls.taken = cls.pool.submit(self.start, "newapi: { listen: '127.0.0.1:%d' }" % cls.holder.getsockname()[1])
        cls.elsewhere = cls.pool.submit(self.start, "newapi: { listen: '192.0.2.1:39000', insecure: true }")

    @classmethod
    def tearDownClass(cls):
        cls.pool.shutdown()
        cls.holder.close()

    def start(self, http, *arguments):
        """(exit code, what it said) of a daemon that should not come up."""
        folder = space()
        path = os.path.join(folder, "coffer.yaml")
        with open(path, "w") as file:
            file.write("http:\n" + "".join("  %s\n" % line for line in http.split("\n")))
        done = run([binary("cofferd"), "--store", os.path.join(folder, "store"), "--key-file", os.path.join(folder, "key"),
                    "--socket", os.path.join(folder, "s.sock"), "--config", path, *arguments], timeout=20)
        return done.code, (done.out + done.err).decode()

    def refused(self, http, *words):
        """A daemon with this does not come up, and says why."""
        code, said = self.start(http)
        self.assertNotEqual(code, 0, http)
        for word in words:
            self.assertIn(word, said, http)

    def test_check_config_finds_what_the_start_refuses(self):
        for http in WRONG:
            self.assertEqual(self.start(http, "--check-config")[0], CONFIGURATION, http)

    def test_wrong_configuration_has_its_exit_code(self):
        for http in WRONG:
            self.assertEqual(self.start(http)[0], CONFIGURATION, http)

    def test_taken_address_has_its_exit_code(self):
        self.assertEqual(self.taken.result()[0], IN_USE)

    def test_good_ones(self):
        for http in ('health: { listen: "127.0.0.1:0" }', 'health: { listen: "[::1]:0" }', 'health: { listen: "localhost:0" }',
                     'health: { listen: ":0", insecure: true }', "trusted_proxies: [10.0.0.0/8, '::1', 192.0.2.1]\nhosts: [coffer, a.b.c]"):
            code, said = self.start(http, "--check-config")
            self.assertEqual(code, 0, said)

    def test_wrong_addresses(self):
        for listen in ("example.org:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:http", "127.0.0.1:80:80",
                       "",
                       "010.0.0.1:80", "[127.0.0.1]:80", "::1:80", "http://127.0.0.1:80", "/run/x.sock", " 127.0.0.1:80", "127.0.0.1:8 0"):
            self.refused('health: { listen: "%s" }' % listen, "http.health")

    def test_plain_http_beyond_loopback(self):
        for listen in ("0.0.0.0:0", "[::]:0", ":0", "192.0.2.1:80"):
            self.refused('newapi: { listen: "%s" }' % listen, "http.newapi.listen", "insecure")

    def test_trusting_everybody(self):
        for proxy in ("*", "0.0.0.0/0", "::/0", "::ffff:0.0.0.0/96", "proxy.example", "10.0.0.0/33", "10.0.0.1/-1", "", "10.0.0.0/08",
                      "10.0.0"):
            self.refused("trusted_proxies: ['%s']\nhealth: { listen: '127.0.0.1:0' }" % proxy, "http.trusted_proxies")
            self.refused("newapi: { listen: '127.0.0.1:0', trusted_proxies: ['%s'] }" % proxy, "http.newapi.trusted_proxies")

    def test_hosts(self):
        for host in ("http://a", "a/b", "a b", "", "a:80", "*", "a" * 254):
            self.refused("hosts: ['%s']\nhealth: { listen: '127.0.0.1:0' }" % host, "http.hosts")

    def test_collisions_name_both_doors(self):
        self.refused("admin: { listen: '127.0.0.1:39641' }\nragflow: { listen: 'localhost:39641', login_key: %s }" % key_pair()[0],
                     "admin", "ragflow", "/v1")

    def test_files(self):
        folder = space()
        open_key = os.path.join(folder, "open.pem")
        with open(key_pair()[0]) as source, open(open_key, "w") as target:
            target.write(source.read())
        os.chmod(open_key, 0o644)
        garbage = os.path.join(folder, "garbage.pem")
        with open(garbage, "w") as file:
            file.write("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
        os.chmod(garbage, 0o600)
        for path, word in ((os.path.join(folder, "none.pem"), "none.pem"), (open_key, "others"), (garbage, "garbage.pem"), (folder, folder),
                           ("login.pem", "login_key")):
            self.refused("ragflow: { listen: '127.0.0.1:0', login_key: '%s' }" % path, word)
        certificate = os.path.join(folder, "certificate.pem")
        subprocess.run(["openssl", "req", "-x509", "-new", "-key", key_pair()[0], "-subj", "/CN=localhost", "-days", "2", "-out",
                        certificate],
                       check=True, capture_output=True)
        other = os.path.join(folder, "other.pem")
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", other], check=True,
                       capture_output=True)
        os.chmod(other, 0o600)
        for path in (os.path.join(folder, "none.pem"), open_key, garbage, folder, other):
            self.refused("tls: { certificate: '%s', key: '%s' }\nhealth: { listen: '127.0.0.1:0' }" % (certificate, path), path)
        for tls in ("{ certificate: /a }", "{ key: /a }", "{}", "{ certificate: a, key: /b }", "/a", "[]"):
            self.refused("tls: %s\nhealth: { listen: '127.0.0.1:0' }" % tls, "http.tls")

    def test_unknown_keys_and_values(self):
        for http, word in (("nothing: {}", "nothing"), ("newapi: { listen: '127.0.0.1:0', port: 1 }", "port"), ("newapi: {}", "listen"),
                           ("newapi: { listen: '127.0.0.1:0', profile: old }", "profile"), ("newapi: 7", "newapi"), ("newapi: []",
                                                                                                                     "newapi"),
                           ("ragflow: { listen: '127.0.0.1:0', token_length: 40 }", "token_length"),
                           ("ragflow: { listen: '127.0.0.1:0', session_days: 0 }", "session_days"),
                           ("ragflow: { listen: '127.0.0.1:0', registration: maybe }", "registration"),
                           ("newapi: { listen: '127.0.0.1:0', max_tokens: 9223372036854775808 }", "max_tokens"),
                           ("newapi: { listen: '127.0.0.1:0', price: .nan }", "price"),
                           ("newapi: { listen: '127.0.0.1:0', listen: '127.0.0.1:0' }", "listen")):
            self.refused(http, word)

    def test_keys_of_tokenstool(self):
        for more, word in (("web: static", "http.tokenstool.web"), ("prefix: x", "http.tokenstool.prefix"), ("prefix: /x/", "prefix"),
                           ("prefix: /a;b", "prefix"), ("regenerate_at: '25:00'", "regenerate_at"), ("regenerate_at: 2", "regenerate_at"),
                           ("time_zone: Mars/Base", "time_zone"), ("session_days: 0", "session_days"), ("origins: [x]", "origins"),
                           ("hot_reload: 1", "hot_reload"), ("containers: { names: ['a;b'] }", "http.tokenstool.containers.names"),
                           ("containers: { mode: podman }", "mode"), ("containers: { socket: docker.sock }", "socket"),
                           ("containers: { other: 1 }", "other"), ("containers: 1", "containers"), ("profile: old", "profile"),
                           ("shell: true", "shell")):
            self.refused("tokenstool: { listen: '127.0.0.1:0', %s }" % more, word)

    def test_all_that_is_wrong_is_said_at_once(self):
        http = "newapi: { listen: '127.0.0.1:0', profile: old }\nragflow: { listen: '127.0.0.1:0', token_length: 1 }\nmore: 1"
        for arguments in (["--check-config"], []):
            code, said = self.start(http, *arguments)
            self.assertEqual(code, CONFIGURATION)
            for word in ("profile", "token_length", "more", ":2:", ":3:", ":4:"):
                self.assertIn(word, said)

    def test_addresses_that_cannot_be_bound(self):
        for result, address in ((self.taken, "127.0.0.1:%d" % self.holder.getsockname()[1]), (self.elsewhere, "192.0.2.1:39000")):
            code, said = result.result()
            self.assertNotEqual(code, 0)
            self.assertIn("http.newapi", said)
            self.assertIn(address, said)
            self.assertNotIn("] ready", said)

    def test_nothing_listens_unless_it_is_said(self):
        d = Served("hosts: [a]\ntrusted_proxies: []")
        try:
            self.assertEqual(d.ports, {})
            listening = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True).stdout if os.path.exists("/usr/bin/ss") else ""
            self.assertNotIn("pid=%d," % d.pid, listening)
        finally:
            d.finish()


if __name__ == "__main__":
    unittest.main()
