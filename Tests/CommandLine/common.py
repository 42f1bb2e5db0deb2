"""The harness of Tests/Identity, for the tests of this folder."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Identity"))

from harness import *  # noqa: E402,F401,F403
import harness  # noqa: E402
from harness import c  # noqa: E402,F401

import pty  # noqa: E402
import stat  # noqa: E402


def coffer(*arguments, **options):
    """The command, without a daemon."""
    return run([binary("coffer"), *arguments], **options)


class Terminal:
    """A command at a terminal of its own. What it shows is read as it comes."""

    def __init__(self, arguments, env=None):
        self.shown = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.clear()
            os.environ.update(clean_environment(env))
            os.execv(arguments[0], list(arguments))

    def until(self, text, timeout=10):
        end = time.monotonic() + timeout
        while text not in self.shown:
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError("%r did not come, but %r" % (text, self.shown))
            try:
                more = os.read(self.fd, 4096)
            except OSError:
                more = b""
            if not more:
                raise AssertionError("%r did not come, but %r" % (text, self.shown))
            self.shown += more
        # Prompts may come twice: what was seen is not looked at again.
        seen, self.shown = self.shown, b""
        return seen

    def type(self, data):
        # Echo is off shortly before the prompt is shown; what is typed behind it is never echoed.
        os.write(self.fd, data)

    def end(self, timeout=20):
        """(exit code, everything that was still shown)"""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if not select.select([self.fd], [], [], 0.2)[0]:
                continue
            try:
                more = os.read(self.fd, 4096)
            except OSError:
                break
            if not more:
                break
            self.shown += more
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status), self.shown


def pipe_with(data):
    """A descriptor to read `data` from."""
    read, write = os.pipe()
    os.write(write, data)
    os.close(write)
    return read


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)
