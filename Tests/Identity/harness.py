"""What the tests of Identity and CommandLine share: daemons of their own, the command, and other users.

COFFER_TEST_BIN names the folder of cofferd and coffer, COFFER_TEST_WORK one to work in (run.sh sets both). The
programs are copied first: other users must be able to run them, and a build may replace them while the tests run."""

import atexit
import json
import os
import pickle
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "Interop"))

import coffer_client as c  # noqa: E402

# Whoever runs the tests in the background ignores these, and every command under test would go on ignoring them.
for _number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, signal.SIG_DFL)

ROOT = os.geteuid() == 0
ONE, TWO = 1001, 1002                          # users that need no account
PLANT = "PLANTED-s3cr3t-"                      # begins every value, so that a leak can be found
_running = []
_folders = []
_bin = None


def work():
    path = os.environ.get("COFFER_TEST_WORK")
    if not path:
        path = os.environ["COFFER_TEST_WORK"] = tempfile.mkdtemp(prefix="coffer-test-")
        _folders.append(path)
    os.makedirs(path, exist_ok=True)
    return path


def binary(name):
    global _bin
    if _bin is None:
        _bin = tempfile.mkdtemp(prefix="bin-", dir=work())
        _folders.append(_bin)
        os.chmod(_bin, 0o755)
        for program in ("coffer", "cofferd"):
            target = os.path.join(_bin, program)
            shutil.copyfile(os.path.join(os.environ["COFFER_TEST_BIN"], program), target)
            os.chmod(target, 0o755)
    return os.path.join(_bin, name)


def space(owner=None):
    """A new folder, short enough for a socket in it, that other users can walk through."""
    parent = work() if len(work()) < 70 else tempfile.gettempdir()
    path = tempfile.mkdtemp(prefix="t-", dir=parent)
    os.chmod(path, 0o755)
    if owner is not None:
        os.chown(path, owner, owner)
    _folders.append(path)
    return path


def trusted_space():
    """A new folder into which, all the way up, nobody but root can write; None where there is no such place."""
    for parent in (work(), "/var/lib", "/usr/local/lib", "/opt", "/srv"):
        at, good = os.path.realpath(parent), os.path.isdir(parent)
        while good:
            s = os.stat(at)
            good = s.st_uid == 0 and not s.st_mode & 0o022
            if at == "/":
                break
            at = os.path.dirname(at)
        if good:
            path = tempfile.mkdtemp(prefix="coffer-test-", dir=parent)
            os.chmod(path, 0o755)
            _folders.append(path)
            return path
    return None


@atexit.register
def _clean():
    for daemon in list(_running):
        daemon.kill()
    for path in reversed(_folders):
        shutil.rmtree(path, ignore_errors=True)


def reachable(path, uid):
    """Whether a user can walk to a path."""
    return subprocess.run(as_user(uid) + ["/usr/bin/test", "-e", path]).returncode == 0


def as_user(uid, gid=None, groups=()):
    if uid is None:
        return []
    command = ["setpriv", "--reuid", str(uid), "--regid", str(uid if gid is None else gid)]
    return command + (["--groups", ",".join(map(str, groups))] if groups else ["--clear-groups"])


def clean_environment(extra=None):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("COFFER_", "XDG_"))}
    env["HOME"] = "/nonexistent"
    env.update(extra or {})
    return env


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def text(self):
        return self.out.decode()

    @property
    def error(self):
        return self.err.decode()

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def failure(self):
        """The error object of --json."""
        return json.loads(self.err)["error"]

    def __repr__(self):
        return "exit %d\nout: %r\nerr: %r" % (self.code, self.out[:2000], self.err[:2000])


def run(arguments, input=b"", uid=None, gid=None, groups=(), env=None, timeout=60, **options):
    if isinstance(input, str):
        input = input.encode()
    stdin = {} if "stdin" in options else {"input": input}
    done = subprocess.run(as_user(uid, gid, groups) + list(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=clean_environment(env), timeout=timeout, **stdin, **options)
    return Result(done.returncode, done.stdout, done.stderr)


class Daemon:
    """A daemon on a folder of its own (or on that of an earlier one)."""

    def __init__(self, *arguments, folder=None, uid=None, start=True, config="/dev/null", env=None, socket=None,
                 groups=()):
        self.uid = uid
        self.folder = folder or space(uid)
        self.socket = socket or os.path.join(self.folder, "s.sock")
        self.store = os.path.join(self.folder, "store")
        self.key = os.path.join(self.folder, "key")
        self.log = os.path.join(self.folder, "log")
        self.arguments = list(arguments)
        self.config, self.env, self.groups = config, env, groups
        self.process = None
        if start:
            self.start()

    def command(self):
        base = ["--store", self.store, "--key-file", self.key, "--socket", self.socket]
        if self.config:
            base += ["--config", self.config]
        return as_user(self.uid, groups=self.groups) + [binary("cofferd")] + base + self.arguments

    def start(self, wait=True):
        with open(self.log, "ab") as log:
            begin = log.tell()
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=clean_environment(self.env))
        _running.append(self)
        if wait:
            end = time.monotonic() + 20
            while True:
                if self.process.poll() is not None:
                    raise AssertionError("cofferd ended with %d: %s" % (self.process.returncode, self.log_text()))
                with socket.socket(socket.AF_UNIX) as probe:
                    try:
                        probe.connect(self.socket)
                        break
                    except OSError:
                        pass
                if time.monotonic() > end:
                    raise AssertionError("cofferd does not listen: " + self.log_text())
                time.sleep(0.02)
            self._wait_until_ready(begin)
        return self

    def _wait_until_ready(self, begin):
        """It listens before it serves; from then on a signal ends it as it should. A log that says less is not waited for."""
        for _ in range(100):
            with open(self.log, "rb") as log:
                log.seek(begin)
                if b"ready" in log.read() or self.process.poll() is not None:
                    return
            time.sleep(0.02)

    @property
    def pid(self):
        return self.process.pid

    def log_text(self):
        with open(self.log, errors="replace") as log:
            return log.read()

    def stop(self, sign=signal.SIGTERM, timeout=30):
        """The exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(sign)
        try:
            code = self.process.wait(timeout)
        finally:
            if self in _running:
                _running.remove(self)
        return code

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self in _running:
            _running.remove(self)

    def cli(self, *arguments, **options):
        env = {"COFFER_SOCKET": self.socket, **(options.pop("env", None) or {})}
        return run([options.pop("program", None) or binary("coffer"), *arguments], env=env, **options)

    def ok(self, *arguments, **options):
        """The command; it must succeed."""
        result = self.cli(*arguments, **options)
        if result.code != 0:
            raise AssertionError("coffer %s: %r" % (" ".join(arguments), result))
        return result

    def put(self, name, value=None):
        self.ok("put", name, input=PLANT + name if value is None else value)

    def policy(self, source):
        return self.ok("policy", "apply", "-", input=source)

    def allow(self, name, who, actions, names, noun="secret"):
        names = "" if names is None else ", names: %s" % json.dumps(names)
        return self.policy("policy: %s\nrules:\n  - {who: %s, tenant: main, noun: %s, actions: [%s]%s}\n" % (
            name, json.dumps(who), noun, actions, names))

    def forget_policies(self):
        for name in self.ok("policy", "list").text.split("\n"):
            if name:
                self.ok("policy", "delete", name)

    def client(self, **options):
        return c.Client.connect(self.socket, **options)


class Child:
    """A fork of this process as another user, that calls functions for us: an own pid, and whatever it opens."""

    def __init__(self, uid, gid=None, groups=()):
        self._ours, theirs = socket.socketpair()
        self.state = {}
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self._ours.close()
                os.setgroups(list(groups))
                gid = uid if gid is None else gid
                os.setresgid(gid, gid, gid)
                os.setresuid(uid, uid, uid)
                self._serve(theirs)
            finally:
                os._exit(0)
        theirs.close()
        self._stream = self._ours.makefile("rwb")

    def _serve(self, theirs):
        stream = theirs.makefile("rwb")
        while True:
            try:
                function, arguments = pickle.load(stream)
            except EOFError:
                return
            try:
                answer = (True, function(self.state, *arguments))
            except BaseException as problem:  # noqa: B902 - it goes to the parent
                answer = (False, (type(problem).__name__, str(problem), traceback.format_exc()))
            pickle.dump(answer, stream)
            stream.flush()

    def start(self, function, *arguments):
        pickle.dump((function, arguments), self._stream)
        self._stream.flush()

    def finish(self):
        good, answer = pickle.load(self._stream)
        if not good:
            raise Remote(*answer)
        return answer

    def call(self, function, *arguments):
        self.start(function, *arguments)
        return self.finish()

    def end(self):
        try:
            self._stream.close()
            self._ours.close()
        except OSError:
            pass
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


class Remote(Exception):
    """What a function raised in a child."""

    def __init__(self, name, message, trace):
        super().__init__("%s: %s" % (name, message))
        self.name, self.message, self.trace = name, message, trace


# What children do: functions of this module, called with their state.

def connect(state, path, trusted=()):
    state["client"] = c.Client.connect(path, trusted=trusted, timeout=20)
    return state["client"].whoami()


def call(state, method, *arguments):
    """A call of the open client: (None, answer), or (name of the failure, message)."""
    try:
        answer = getattr(state["client"], method)(*arguments)
        return None, ([e for chunk in answer for e in chunk] if isinstance(answer, c.Stream) else answer)
    except c.Failure as failure:
        return failure.name, failure.message
    except c.ConnectionLost as lost:
        return "connectionLost", str(lost)


def watch(state, name, exact, values):
    try:
        state["watch"] = state["client"].watch(name, exact=exact, values=values)
        return None, None
    except c.Failure as failure:
        return failure.name, failure.message


def events(state, wait):
    """What the watch has brought, and what comes within `wait` seconds."""
    found = []
    while True:
        try:
            event = state["watch"].next(timeout=wait)
        except TimeoutError:
            return found
        except c.Failure as failure:
            return found + [failure.name]
        if event is None:
            return found + ["end"]
        found.append(event)
