"""The Debian package in a Debian: installed, its daemon run as its unit runs it, upgraded, removed, purged."""

from common import *
from debian import Root


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = Root()
        cls.out = space()
        cls.first, cls.second = (cls.package(version) for version in ("0.1.0", "0.2.0"))

    @classmethod
    def package(cls, version):
        done = run([os.path.join(TREE, "scripts", "deb.sh"), os.path.dirname(binary("coffer")), cls.out], timeout=170,
                   env={"DEB_VERSION": version, "DEB_COMPRESSOR": "none", "PATH": os.environ["PATH"]})
        if "dpkg-shlibdeps" in done.error and done.code:
            raise unittest.SkipTest("NOTE: there is no dpkg-dev here: the package is not tested")
        assert done.code == 0, done
        name = os.path.basename(done.text.strip().split("\n")[-1])
        shutil.copy(os.path.join(cls.out, name), cls.root.path + "/" + name)
        return "/" + name

    def life(self, *acts):
        """Runs the daemon as its unit does, and the command as root meanwhile; what the command said."""
        root = self.root
        root.ok("install", "-d", "-o", "coffer", "-g", "coffer", "-m", "0755", "/run/coffer")
        daemon = root.start("coffer", "/usr/bin/cofferd", "--config", "/etc/coffer/coffer.yaml")
        try:
            end = time.monotonic() + 30
            while not os.path.exists(root.path + "/run/coffer/coffer.sock"):
                if daemon.poll() is not None or time.monotonic() > end:
                    raise AssertionError("cofferd does not listen: %s" % (daemon.stdout.read() if daemon.poll() is not None else "in time"))
                time.sleep(0.05)
            return [root.ok("coffer", *arguments, input=data) for arguments, data in acts]
        finally:
            daemon.terminate()
            daemon.wait(30)
            daemon.stdout.close()

    def mode(self, path):
        return oct(os.stat(self.root.path + path).st_mode & 0o7777)

    def test_from_the_first_to_the_last(self):
        root = self.root
        fields = root.ok("dpkg-deb", "--info", self.first)
        for library in ("libc6", "liblmdb0", "libsodium23", "libcurl4", "libsqlite3-0"):
            self.assertIn(library, fields)

        root.ok("dpkg", "--install", self.first)
        self.assertIn("coffer:", root.ok("getent", "passwd", "coffer"))
        self.assertEqual((self.mode("/var/lib/coffer"), self.mode("/etc/coffer/keys"), self.mode("/etc/coffer/coffer.yaml")),
                         ("0o700", "0o700", "0o640"))
        self.assertFalse(os.path.exists(root.path + "/var/lib/coffer/current"), "only the daemon makes a store")
        for wanted in ("multi-user.target.wants/cofferd.service", "sockets.target.wants/cofferd.socket"):
            self.assertTrue(os.path.islink(root.path + "/etc/systemd/system/" + wanted), wanted)
        self.life((("put", "kept"), "a value"))
        self.assertEqual(self.mode("/etc/coffer/keys/store.key"), "0o600")

        with open(root.path + "/etc/coffer/coffer.yaml", "a") as file:
            file.write("log_level: notice\n")
        root.ok("dpkg", "--install", self.second)
        self.assertIn("0.2.0", root.ok("dpkg-query", "-W", "coffer"))
        with open(root.path + "/etc/coffer/coffer.yaml") as file:
            self.assertTrue(file.read().endswith("log_level: notice\n"), "an upgrade changed settings")
        self.assertEqual(self.life((("get", "kept"), "")), ["a value"])

        self.assertIn("stay; purge removes them", root.ok("dpkg", "--remove", "coffer"))
        self.assertFalse(os.path.exists(root.path + "/usr/bin/cofferd"))
        root.ok("dpkg", "--install", self.second)
        self.assertEqual(self.life((("get", "kept"), "")), ["a value"])

        with open(root.path + "/var/backups/coffer/one.age", "w") as file:
            file.write("a backup")
        self.assertIn("removing the store in /var/lib/coffer", root.ok("dpkg", "--purge", "coffer"))
        for path in ("/var/lib/coffer", "/etc/coffer", "/etc/systemd/system/multi-user.target.wants/cofferd.service"):
            self.assertFalse(os.path.lexists(root.path + path), path)
        self.assertTrue(os.path.exists(root.path + "/var/backups/coffer/one.age"), "backups go when a person takes them away")


if __name__ == "__main__":
    unittest.main()
