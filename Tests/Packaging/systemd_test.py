"""The units: what systemd says of them without running, and that what they forbid is nothing that the daemon needs."""

import re

from common import *

UNITS = os.path.join(TREE, "packaging", "systemd")


def settings(unit):
    """[(key, value)] of a unit, in order."""
    lines = [line.strip() for line in text_of("packaging", "systemd", unit).split("\n")]
    return [tuple(line.split("=", 1)) for line in lines if "=" in line and not line.startswith("#")]


def values(unit, key):
    return [value for name, value in settings(unit) if name == key]


class Units(unittest.TestCase):
    def folder(self):
        """The units in a folder, with a program that is there."""
        folder = space()
        for name in ("cofferd.service", "cofferd.socket"):
            with open(os.path.join(folder, name), "w") as file:
                file.write(text_of("packaging", "systemd", name).replace("/usr/bin/cofferd", binary("cofferd")))
        return folder

    def test_verify(self):
        analyze, folder = tool("systemd-analyze"), self.folder()
        paths = [os.path.join(folder, name) for name in ("cofferd.service", "cofferd.socket")]
        # It ends with 0 on unknown keys: it must say nothing.
        done = run([analyze, "verify", "--man=no", *paths])
        said = [line for line in (done.text + done.error).split("\n") if line and "cofferd" in line]
        self.assertEqual((done.code, said), (0, []), done)
        with open(paths[0], "a") as file:
            file.write("\n[Service]\nNoSuchSetting=yes\n")
        done = run([analyze, "verify", "--man=no", *paths])
        self.assertIn("NoSuchSetting", done.text + done.error, "verify does not see what is wrong")

    def test_security(self):
        done = run([tool("systemd-analyze"), "security", "--offline=true", os.path.join(self.folder(), "cofferd.service")])
        level = float(re.search(r"exposure level for cofferd.service: ([0-9.]+)", done.text).group(1))
        self.assertLessEqual(level, 2.0, done.text)

    def test_what_both_units_and_the_settings_agree_on(self):
        file = text_of("packaging", "coffer.yaml")
        place = re.search(r"^socket: (.*)$", file, re.M).group(1)
        self.assertEqual(values("cofferd.socket", "ListenStream"), [place])
        self.assertEqual(values("cofferd.service", "ExecStart"), ["/usr/bin/cofferd --config /etc/coffer/coffer.yaml"])
        key = re.search(r"^key_file: (.*)$", file, re.M).group(1)
        self.assertIn("-" + os.path.dirname(key), values("cofferd.service", "ReadWritePaths")[0].split())
        self.assertEqual(re.search(r"^store: (.*)$", file, re.M).group(1), "/var/lib/" + values("cofferd.service", "StateDirectory")[0])
        self.assertEqual(values("cofferd.service", "Type"), ["notify"])
        self.assertEqual(values("cofferd.service", "LoadCredentialEncrypted"), ["coffer.key"])
        self.assertEqual(values("cofferd.service", "MemorySwapMax"), ["0"])
        self.assertEqual(values("cofferd.service", "RuntimeDirectoryPreserve"), ["yes"], "the socket would go with the service")
        tmpfiles = text_of("packaging", "systemd", "coffer.tmpfiles")
        for path in (os.path.dirname(place), os.path.dirname(key), "/var/lib/coffer"):
            self.assertRegex(tmpfiles, r"(?m)^d %s 0[0-7]{3} coffer coffer " % path)
        # Exit codes behind which it is not started again are the ones of docs/configuration.md that a person must look at.
        documented = {int(code) for code in re.findall(r"^\| (\d+) \|", text_of("docs", "configuration.md").split("## Exit codes")[1], re.M)}
        kept = {int(code) for code in values("cofferd.service", "RestartPreventExitStatus")[0].split()}
        self.assertEqual(kept, documented - {0, 1, 75})

    def test_the_settings(self):
        with_doors = text_of("packaging", "coffer.yaml")
        path = space() + "/coffer.yaml"
        with open(path, "w") as file:
            # What stands behind '# ' as an example must be right, too. Recipients are the reader's.
            file.write(re.sub(r"(?m)^# (?=http:|  |backups:)", "", with_doors).replace("[age1…]", "[age1%s]" % ("q" * 58)))
        done = run([binary("cofferd"), "--check-config", "--config", path])
        self.assertEqual(done.code, 78, "an invented recipient is refused")
        self.assertEqual(len(done.error.strip().split("\n")), 1, done)
        self.assertIn("recipient", done.error)
        with open(path, "w") as file:
            file.write(re.sub(r"(?m)^# (?=http:|  (?:health|newapi):)", "", with_doors))
        done = run([binary("cofferd"), "--check-config", "--config", path])
        self.assertEqual(done.code, 0, done)
        self.assertIn("store /var/lib/coffer, socket /run/coffer/coffer.sock, key file /etc/coffer/keys/store.key", done.text)

    def test_sysusers_and_tmpfiles(self):
        root = space()
        for name in ("etc", "run", "var/lib"):
            os.makedirs(os.path.join(root, name))
        for name in ("passwd", "group"):
            with open(os.path.join(root, "etc", name), "w") as file:
                file.write("root:x:0:0:root:/root:/bin/sh\n" if name == "passwd" else "root:x:0:\n")
        done = run([tool("systemd-sysusers"), "--root=" + root, os.path.join(UNITS, "coffer.sysusers")])
        self.assertEqual(done.code, 0, done)
        with open(root + "/etc/passwd") as file:
            user = re.search(r"(?m)^coffer:x:(\d+):(\d+):[^:]*:/var/lib/coffer:(.*)$", file.read())
        self.assertTrue(user and user.group(3).endswith("nologin"), user)
        if os.geteuid() != 0:
            self.skipTest("NOTE: not root: folders are not made")
        os.makedirs(root + "/etc/coffer")
        with open(root + "/etc/coffer/coffer.yaml", "w") as file:
            file.write("")
        # A user of an image is no user of this machine: numbers in place of the name.
        conf = os.path.join(root, "tmpfiles.conf")
        with open(conf, "w") as file:
            for line in text_of("packaging", "systemd", "coffer.tmpfiles").split("\n"):
                words = [user.group(1) if word == "coffer" else word for word in line.split()]
                file.write(" ".join(words) + "\n")
        done = run([tool("systemd-tmpfiles"), "--create", "--root=" + root, conf])
        self.assertEqual(done.code, 0, done)
        seen = {}
        for path in ("/run/coffer", "/var/lib/coffer", "/etc/coffer", "/etc/coffer/keys", "/etc/coffer/coffer.yaml"):
            status = os.stat(root + path)
            seen[path] = (oct(status.st_mode & 0o7777), status.st_uid)
        uid = int(user.group(1))
        self.assertEqual(seen, {
            "/run/coffer": ("0o755", uid), "/var/lib/coffer": ("0o700", uid), "/etc/coffer": ("0o755", 0),
            "/etc/coffer/keys": ("0o700", uid), "/etc/coffer/coffer.yaml": ("0o640", 0)})


class Sandbox(unittest.TestCase):
    """What the service may not do, the daemon does not: every system call of a life is one that the filter lets through."""

    def allowed(self):
        analyze = tool("systemd-analyze")

        def expand(name, seen=()):
            if not name.startswith("@"):
                return {name}
            if name in seen:
                return set()
            lines = run([analyze, "syscall-filter", "--no-pager", name]).text.split("\n")[1:]
            found = set()
            for line in lines:
                word = re.sub(r"\x1b\[[0-9;]*m", "", line).strip()
                if word and not word.startswith("#"):
                    found |= expand(word, (*seen, name))
            return found

        allowed = set()
        for line in values("cofferd.service", "SystemCallFilter"):
            names = set().union(*(expand(name) for name in line.lstrip("~").split()))
            allowed = allowed - names if line.startswith("~") else allowed | names
        self.assertIn("openat", allowed)
        self.assertNotIn("ptrace", allowed)
        return allowed

    def test_system_calls(self):
        strace, allowed = tool("strace"), self.allowed()
        d = Daemon(start=False, config=space() + "/coffer.yaml")
        with open(d.config, "w") as file:
            file.write("http:\n  health: { listen: \"127.0.0.1:0\" }\nbackups:\n  folder: %s/backups\n  every: 1s\n  recipients: [%s]\n" % (
                d.folder, binary_recipient()))
        plain, trace = d.command, d.folder + "/trace"
        d.command = lambda: [strace, "-f", "-qq", "-o", trace] + plain()
        d.start()
        d.put("a")
        d.ok("get", "a")
        d.ok("scrub")
        d.ok("user", "create", "alice", "--role", "common", input="a long password")
        d.ok("apikey", "create", "one", "--owner", "alice", "--unlimited")
        d.ok("backup", "run")
        d.ok("lock")
        d.ok("unlock", "--key-file", d.key)
        # A signal to strace would not reach the daemon.
        pid = int(run(["pgrep", "-P", str(d.pid)]).text.split()[0])
        os.kill(pid, 15)
        self.assertEqual(d.process.wait(30), 0, d.log_text())
        with open(trace) as file:
            lines = file.read().split("\n")
        used = set(filter(None, (re.match(r"\d+ +(\w+)\(", line) and re.match(r"\d+ +(\w+)\(", line).group(1) for line in lines)))
        self.assertIn("epoll_wait", used)
        self.assertEqual(used - allowed, set(), "the service's filter forbids what the daemon does")
        # MemoryDenyWriteExecute, RestrictAddressFamilies.
        for line in lines:
            if "mmap(" in line or "mprotect(" in line:
                self.assertFalse("PROT_WRITE" in line and "PROT_EXEC" in line, line)
            family = re.search(r"socket\((AF_\w+|PF_\w+)", line)
            if family and "EAFNOSUPPORT" not in line and family.group(1) != "AF_NETLINK":
                self.assertIn(family.group(1), values("cofferd.service", "RestrictAddressFamilies")[0].split(), line)


def binary_recipient():
    done = run([binary("coffer"), "backup", "keygen", "--output", space() + "/identity"])
    return done.text.strip()


if __name__ == "__main__":
    unittest.main()
