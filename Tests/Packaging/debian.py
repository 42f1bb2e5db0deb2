"""A Debian of its own to install things in: a debootstrap root, made once and kept as an archive in the user's cache folder."""

import os
import subprocess
import unittest

from common import binary, shutil, space, tool

INCLUDED = "ca-certificates,libcurl4,liblmdb0,libsodium23,libsqlite3-0,init-system-helpers,passwd"


def _archive():
    folder = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "coffer-test")
    with open("/etc/os-release") as file:
        release = dict(line.strip().split("=", 1) for line in file if "=" in line)
    suite = release.get("VERSION_CODENAME", "bookworm").strip('"')
    path = os.path.join(folder, "debian-%s.tar" % suite)
    if not os.path.exists(path):
        os.makedirs(folder, exist_ok=True)
        root = space() + "/root"
        done = subprocess.run([tool("debootstrap"), "--variant=minbase", "--include=" + INCLUDED, suite, root],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise unittest.SkipTest("NOTE: debootstrap cannot run here: packages are not tested (%s)" % done.stdout.strip().split("\n")[-1])
        subprocess.run(["tar", "-C", root, "-cf", path + ".new", "."], check=True)
        os.rename(path + ".new", path)
        shutil.rmtree(root)
    return path


class Root:
    """An installed system; commands run in it one after the other, each with /proc and /dev."""

    def __init__(self):
        if os.geteuid() != 0:
            raise unittest.SkipTest("NOTE: not root: nothing can be installed")
        tool("debootstrap")
        self.path = space() + "/root"
        os.mkdir(self.path)
        subprocess.run(["tar", "-C", self.path, "-xf", _archive()], check=True)
        self._lend_runtime()

    def _lend_runtime(self):
        """Programs of a debug build need this machine's Swift runtime, at the place where they look for it."""
        for line in subprocess.run(["ldd", binary("cofferd")], capture_output=True, text=True).stdout.split("\n"):
            found = line.partition("=> ")[2].split(" (")[0]
            if "/swift/" in found:
                target = self.path + found
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy(os.path.realpath(found), target)

    def command(self, *arguments):
        mounted = 'mount -t proc proc "$0/proc" && mount --bind /dev "$0/dev" && exec chroot "$0" "$@"'
        return ["unshare", "--mount", "sh", "-c", mounted, self.path, *arguments]

    def environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}

    def run(self, *arguments, input=""):
        """(exit code, all that it said)"""
        done = subprocess.run(self.command(*arguments), input=input, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env=self.environment(), timeout=170)
        return done.returncode, done.stdout

    def ok(self, *arguments, input=""):
        code, said = self.run(*arguments, input=input)
        assert code == 0, "%s: %d: %s" % (" ".join(arguments), code, said)
        return said

    def start(self, user, *arguments):
        """A process in it, as a user of its own."""
        return subprocess.Popen(self.command("setpriv", "--reuid", user, "--regid", user, "--clear-groups", *arguments),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.environment())
