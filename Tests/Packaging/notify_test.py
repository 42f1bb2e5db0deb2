"""What the daemon tells a service manager, and the socket that it takes from one. The test is the service manager."""

import ctypes
import time
import unittest

from common import *


class Manager:
    """A socket for sd_notify."""

    def __init__(self, abstract=False):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.name = "@coffer-test-%d-%d" % (os.getpid(), id(self)) if abstract else space() + "/notify"
        self.socket.bind("\0" + self.name[1:] if abstract else self.name)

    def environment(self, watchdog=None):
        env = {"NOTIFY_SOCKET": self.name}
        if watchdog:
            env["WATCHDOG_USEC"] = str(int(watchdog * 1_000_000))
        return env

    def next(self, timeout=10.0):
        """The next message, {key: value}; None where none comes in time."""
        self.socket.settimeout(timeout)
        try:
            data = self.socket.recv(4096)
        except TimeoutError:
            return None
        return dict(line.split("=", 1) for line in data.decode().split("\n"))

    def until(self, key, timeout=10.0):
        """The next message that has a key, others are passed over."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            message = self.next(max(0.01, end - time.monotonic()))
            if message and key in message:
                return message
        raise AssertionError("no %s came" % key)

    def forget(self):
        """What is waiting."""
        while self.next(0.01):
            pass


class Notifying(unittest.TestCase):
    def life(self, manager):
        d = Daemon(env=manager.environment())
        self.assertEqual(manager.next(), {"READY": "1", "STATUS": "serving"})
        d.ok("lock")
        self.assertEqual(manager.next(), {"STATUS": "locked: waits for 'coffer unlock'"})
        d.ok("unlock", "--key-file", d.key)
        self.assertEqual(manager.next(), {"STATUS": "serving"})
        self.assertEqual(d.stop(), 0)
        self.assertEqual(manager.next(), {"STOPPING": "1", "STATUS": "stopping"})
        self.assertIsNone(manager.next(0.1), "nobody asked for a watchdog")
        return d

    def test_a_life(self):
        d = self.life(Manager())
        os.rename(d.key, d.key + ".away")
        manager = Manager()
        again = Daemon(folder=d.folder, env=manager.environment())
        message = manager.next()
        self.assertEqual(message["READY"], "1", "a locked daemon serves: it tells who asks that it is locked")
        self.assertIn("locked", message["STATUS"])
        self.assertEqual(again.stop(), 0)

    def test_an_abstract_socket(self):
        self.life(Manager(abstract=True))

    def test_ready_means_that_it_listens(self):
        manager = Manager()
        d = Daemon(env=manager.environment(), start=False)
        d.start(wait=False)
        manager.until("READY", 20)
        self.assertEqual(d.cli("status").code, 0)
        self.assertEqual(d.stop(), 0)

    def test_never_ready(self):
        manager = Manager()
        d = Daemon(env=manager.environment(), start=False, socket=space() + "/no/s.sock")
        d.start(wait=False)
        self.assertEqual(d.process.wait(20), 73)
        self.assertIsNone(manager.next(0.1))

    def test_nobody_listens(self):
        d = Daemon(env={"NOTIFY_SOCKET": space() + "/gone", "WATCHDOG_USEC": "200000"})
        d.ok("status")
        self.assertEqual(d.stop(), 0)
        self.assertIn("the service manager cannot be told", d.log_text())
        for name in ("relative", "", "/", "/" + "x" * 200):
            d = Daemon(env={"NOTIFY_SOCKET": name})
            # It listens before it serves, and takes a signal to end as it should from then on.
            d.ok("status")
            self.assertEqual(d.stop(), 0)

    def test_the_watchdog(self):
        manager = Manager()
        d = Daemon("--loops", "2", env=manager.environment(watchdog=0.4))
        manager.until("READY")
        begin = time.monotonic()
        for _ in range(4):
            self.assertEqual(manager.next(2), {"WATCHDOG": "1"})
        self.assertGreater(time.monotonic() - begin, 0.5, "it is told twice within its patience, no more")
        self.assertEqual(d.stop(), 0)
        # Another process is watched.
        manager = Manager()
        d = Daemon(env={**manager.environment(watchdog=0.2), "WATCHDOG_PID": "1"})
        manager.until("READY")
        self.assertIsNone(manager.next(0.5))
        self.assertEqual(d.stop(), 0)

    @ROOT_ONLY
    def test_a_thread_that_hangs(self):
        manager = Manager()
        d = Daemon("--loops", "2", env=manager.environment(watchdog=0.4))
        manager.until("READY")
        tasks = {}
        for tid in os.listdir("/proc/%d/task" % d.pid):
            with open("/proc/%d/task/%s/comm" % (d.pid, tid)) as file:
                tasks[file.read().strip()] = int(tid)
        for name in ("coffer-loop-0", "coffer-loop-1", "coffer-accept"):
            with self.subTest(name):
                manager.until("WATCHDOG", 2)
                with Halted(tasks[name]):
                    # One answer may have been on its way.
                    manager.next(0.3)
                    manager.forget()
                    self.assertIsNone(manager.next(1), "%s hangs, and the daemon says that it lives" % name)
                manager.until("WATCHDOG", 3)
        self.assertEqual(d.stop(), 0)
        self.assertIn("does not answer", d.log_text())


class Halted:
    """One thread of a process that does not run."""

    SEIZE, INTERRUPT, DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long

    def __init__(self, tid):
        self.tid = tid

    def call(self, request):
        if self.libc.ptrace(request, self.tid, None, None) != 0:
            raise unittest.SkipTest("NOTE: threads cannot be halted here: %s" % os.strerror(ctypes.get_errno()))

    def __enter__(self):
        self.call(self.SEIZE)
        self.call(self.INTERRUPT)
        os.waitpid(self.tid, self.WALL)

    def __exit__(self, *_):
        self.call(self.DETACH)


class Activation(unittest.TestCase):
    """Descriptors from 3 on, for the process that LISTEN_PID names."""

    def listener(self, folder, mode=0o666):
        path = folder + "/passed.sock"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        os.chmod(path, mode)
        listener.listen(64)
        self.addCleanup(listener.close)
        return listener, path

    def daemon(self, *passed, env=None, pid="$$", **options):
        """A daemon to which sockets are handed over."""
        d = Daemon(start=False, env=env, **options)
        plain, count = d.command, len(passed)
        # Out of the way first, then into their places: they may be each other's.
        moves = "".join("exec %d<&%d; " % (20 + n, s.fileno()) for n, s in enumerate(passed))
        moves += "".join("exec %d<&%d %d<&-; " % (3 + n, 20 + n, 20 + n) for n in range(count))
        script = moves + "export LISTEN_FDS=%d LISTEN_PID=%s; exec \"$@\"" % (count, pid)
        d.command = lambda: ["/bin/bash", "-c", script, "sh"] + plain()
        d.passed = [s.fileno() for s in passed]
        return d

    def begin(self, d, manager=None):
        with open(d.log, "ab") as log:
            d.process = subprocess.Popen(d.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=clean_environment(d.env),
                                         pass_fds=d.passed)
        self.addCleanup(d.kill)
        return d

    def test_a_passed_socket(self):
        folder = space()
        listener, path = self.listener(folder, 0o640)
        manager = Manager()
        d = self.begin(self.daemon(listener, env={**manager.environment(), "LISTEN_FDNAMES": "socket"}))
        # Who connects before it is ready waits, and is served.
        d.own, d.socket = d.socket, path
        d.put("early")
        manager.until("READY")
        self.assertEqual(d.ok("get", "early").text, PLANT + "early")
        self.assertFalse(os.path.exists(d.own), "it listens where it was told, and nowhere else")
        self.assertEqual(d.ok("status", "--json").json["socket"], path)
        finding = [f for f in d.cli("doctor", "--json").json if f["check"] == "socket-mode"]
        self.assertEqual(finding[0]["verdict"], "good", finding)
        # Descriptors are not for children.
        with open("/proc/%d/fdinfo/3" % d.pid) as file:
            flags = int(re.search(r"flags:\s*(\d+)", file.read()).group(1), 8)
        self.assertTrue(flags & os.O_CLOEXEC and flags & os.O_NONBLOCK, oct(flags))
        self.assertEqual(d.stop(), 0)
        self.assertTrue(os.path.exists(path), "the socket is the service manager's")
        # The next daemon serves who came in between.
        waiting = subprocess.Popen([binary("coffer"), "get", "early"], env=clean_environment({"COFFER_SOCKET": path}), stdout=subprocess.PIPE)
        time.sleep(0.1)
        self.assertIsNone(waiting.poll())
        again = self.daemon(listener, folder=d.folder)
        self.begin(again)
        self.assertEqual(waiting.communicate(timeout=20)[0].decode(), PLANT + "early")
        self.assertEqual(again.stop(), 0)

    def test_for_somebody_else(self):
        listener, path = self.listener(space())
        d = self.begin(self.daemon(listener, pid="1"))
        end = time.monotonic() + 20
        while not os.path.exists(d.socket) and time.monotonic() < end:
            time.sleep(0.02)
        d.ok("status")
        self.assertEqual(d.stop(), 0)
        self.assertFalse(os.path.exists(d.socket))

    def test_what_is_no_such_socket(self):
        folder = space()
        listener, path = self.listener(folder)
        datagram = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        datagram.bind(folder + "/datagram")
        deaf = socket.socket(socket.AF_UNIX)
        deaf.bind(folder + "/deaf")
        network = socket.create_server(("127.0.0.1", 0))
        nameless = socket.socket(socket.AF_UNIX)
        nameless.bind("\0coffer-test-%d" % os.getpid())
        nameless.listen(1)
        file = open(folder + "/file", "w")
        for passed in ([datagram], [deaf], [network], [nameless], [file], [listener, network], [listener, listener]):
            with self.subTest(passed=passed):
                d = self.begin(self.daemon(*passed))
                self.assertEqual(d.process.wait(20), 78, d.log_text())
                self.assertIn("the service manager hands over", d.log_text())
                self.assertFalse(os.path.exists(d.store), "a daemon that cannot be reached leaves nothing behind")
        for other in (datagram, deaf, network, nameless, file):
            other.close()


class Credential(unittest.TestCase):
    """$CREDENTIALS_DIRECTORY/coffer.key."""

    def prepared(self):
        d = Daemon()
        d.put("a")
        folder = space()
        d.ok("slot", "add", "credential", "--path", folder + "/coffer.key")
        self.assertEqual(d.stop(), 0)
        os.rename(d.key, d.key + ".away")
        return d, folder

    def serves(self, d, folder):
        again = Daemon(folder=d.folder, env={"CREDENTIALS_DIRECTORY": folder})
        code = again.cli("get", "a").code
        self.assertEqual(again.stop(), 0)
        return code == 0

    @ROOT_ONLY
    def test_modes(self):
        d, folder = self.prepared()
        path = folder + "/coffer.key"
        # As the service manager gives it to another user: root's, with an access list whose mask stands in the group's place.
        for mode, gid, good in ((0o400, 0, True), (0o440, 0, True), (0o440, 1001, False), (0o444, 0, False), (0o460, 0, False)):
            os.chmod(path, mode)
            os.chown(path, 0, gid)
            self.assertEqual(self.serves(d, folder), good, (oct(mode), gid))

    def test_without_its_store(self):
        d, folder = self.prepared()
        os.rename(d.store, d.store + ".away")
        done = subprocess.run(d.command(), capture_output=True, env=clean_environment({"CREDENTIALS_DIRECTORY": folder}), timeout=20)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"coffer.key", done.stderr)
        self.assertFalse(os.path.exists(d.store), "a credential without its store is an accident: no new one is made")
        self.assertFalse(os.path.exists(d.key))


if __name__ == "__main__":
    unittest.main()
