"""The process from outside: tracing, memory, core dumps; and the socket by other ways than its path."""

import array
import ctypes
import shutil
import unittest

from exe_test import hello
from harness import *

PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206


def ptrace(state, request, pid):
    """The errno of a ptrace call; 0 where it succeeded."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    return ctypes.get_errno() if libc.ptrace(request, pid, None, None) < 0 else 0


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def read_memory(state, pid, address):
    """process_vm_readv: bytes read, or minus the errno."""
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(64)
    ours, theirs = Vector(ctypes.cast(buffer, ctypes.c_void_p), 64), Vector(address, 64)
    count = libc.process_vm_readv(pid, ctypes.byref(ours), ctypes.c_ulong(1), ctypes.byref(theirs), ctypes.c_ulong(1), ctypes.c_ulong(0))
    return count if count >= 0 else -ctypes.get_errno()


def open_memory(state, pid):
    try:
        with open("/proc/%d/mem" % pid, "rb"):
            return "opened"
    except OSError as problem:
        return type(problem).__name__


def send_socket(state, path, through):
    """Connects, shakes hands, and gives the connection to another process."""
    # Without the client's reading thread, which would take the other's answers.
    state["kept"] = hello(path)
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(through)
        s.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [state["kept"].fileno()]))])


def listen(state, path):
    state["listener"] = socket.socket(socket.AF_UNIX)
    state["listener"].bind(path)
    os.chmod(path, 0o777)
    state["listener"].listen(1)


def take_and_get(state, name):
    """On a connection that somebody else opened: the number of the answer's error."""
    connection, _ = state["listener"].accept()
    _, ancillary, _, _ = connection.recvmsg(1, socket.CMSG_SPACE(4))
    s = socket.socket(fileno=array.array("i", ancillary[0][2])[0])
    s.settimeout(10)
    s.sendall(c.frame(c.REQUEST, c.GET, 70, c.get_body(name)))
    data = b""
    while len(data) < 14:
        data += s.recv(4096)
    return int.from_bytes(data[12:14], "big")


class Process(unittest.TestCase):
    """A daemon of a plain user, and another process of the same user. Root always gets in, and is not kept out."""

    @classmethod
    def setUpClass(cls):
        cls.d = Daemon(uid=ONE)
        cls.d.ok("put", "a", uid=ONE, input=PLANT + "memory")

    @classmethod
    def tearDownClass(cls):
        cls.d.kill()

    def test_the_same_user_cannot_trace_it(self):
        for uid in (ONE, TWO):
            with Child(uid) as child:
                # The check can fail: its own child may be traced.
                self.assertEqual(child.call(own_child_can_be_traced), 0)
                for request in (PTRACE_ATTACH, PTRACE_SEIZE):
                    self.assertEqual(child.call(ptrace, request, self.d.pid), 1, "EPERM was wanted (uid %d)" % uid)

    def test_the_same_user_cannot_read_its_memory(self):
        with open("/proc/%d/maps" % self.d.pid) as maps:
            address = int(next(line for line in maps if " rw-p " in line).split("-")[0], 16)
        for uid in (ONE, TWO):
            with Child(uid) as child:
                self.assertGreater(child.call(own_memory), 0, "the check itself does not work")
                self.assertEqual(child.call(read_memory, self.d.pid, address), -1)
                self.assertEqual(child.call(open_memory, self.d.pid), "PermissionError")

    @unittest.skipUnless(shutil.which("gdb"), "NOTE: gdb is not installed: only the calls that it makes are tried")
    def test_gdb(self):
        for uid in (ONE, TWO):
            tried = run(["gdb", "-batch", "-nx", "-p", str(self.d.pid), "-ex", "info proc"], uid=uid)
            self.assertRegex(tried.text + tried.error, "(?i)ptrace: (operation not permitted|inappropriate)|Operation not permitted")
        # The check can fail: a process that hides nothing is attached to.
        sleeper = subprocess.Popen(as_user(ONE) + ["sleep", "60"])
        try:
            tried = run(["gdb", "-batch", "-nx", "-p", str(sleeper.pid), "-ex", "info proc"], uid=ONE)
            if "Operation not permitted" not in tried.text + tried.error:
                self.assertIn("sleep", tried.text)
        finally:
            sleeper.kill()
            sleeper.wait()

    def test_no_core_is_dumped(self):
        for sign in (signal.SIGSEGV, signal.SIGABRT, signal.SIGQUIT):
            d = Daemon(uid=ONE)
            d.ok("put", "a", uid=ONE, input=PLANT + "core")
            before = set(os.listdir(d.folder))
            os.kill(d.pid, sign)
            _, status = os.waitpid(d.pid, 0)
            d.process.returncode = -sign
            self.assertFalse(os.WCOREDUMP(status), "a core was dumped on %s" % sign)
            self.assertTrue(set(os.listdir(d.folder)) <= before)
            self.assertNotIn(PLANT, d.log_text())
            d.stop()
            # What was acknowledged is there.
            again = Daemon(uid=ONE, folder=d.folder)
            self.assertEqual(again.ok("get", "a", uid=ONE).text, PLANT + "core")
            again.stop()


def own_child_can_be_traced(state):
    # A program of its own: a fork of ours has changed its user and may not be traced for that.
    child = subprocess.Popen(["sleep", "30"])
    try:
        time.sleep(0.2)
        return ptrace(state, PTRACE_SEIZE, child.pid)
    finally:
        child.kill()
        child.wait()


def own_memory(state):
    kept = ctypes.create_string_buffer(64)
    return read_memory(state, os.getpid(), ctypes.addressof(kept))


class Ways(unittest.TestCase):
    """Whichever way somebody reaches the socket, the kernel says who it is."""

    @classmethod
    def setUpClass(cls):
        above = trusted_space()
        if above is None:
            raise unittest.SkipTest("NOTE: no folder here that only root can write")
        folder = os.path.join(above, "d")
        os.mkdir(folder, 0o755)
        cls.d = Daemon(folder=folder)
        cls.d.put("a", "value")
        cls.d.allow("one", ["uid:%d" % ONE], "get", ["a"])
        cls.above = above

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    def asks(self, path):
        """What ONE, who may, and TWO, who may not, get there."""
        found = []
        for uid in (ONE, TWO):
            with Child(uid) as child:
                child.call(connect, path)
                found.append(child.call(call, "get", "a")[0])
        return found

    def test_its_own_path(self):
        self.assertEqual(self.asks(self.d.socket), [None, "denied"])

    def test_a_hard_link(self):
        other = os.path.join(self.above, "linked")
        os.link(self.d.socket, other)
        self.addCleanup(os.unlink, other)
        self.assertEqual(self.asks(other), [None, "denied"])

    def test_a_symbolic_link(self):
        other = os.path.join(self.above, "symbolic")
        os.symlink(self.d.socket, other)
        self.addCleanup(os.unlink, other)
        self.assertEqual(self.asks(other), [None, "denied"])

    def test_a_bind_mount(self):
        other = os.path.join(self.above, "mounted")
        os.close(os.open(other, os.O_CREAT | os.O_WRONLY))
        self.addCleanup(os.unlink, other)
        script = "mount --bind %s %s && exec setpriv --reuid $0 --regid $0 --clear-groups %s --socket %s get a" % (
            self.d.socket, other, binary("coffer"), other)
        for uid, code in ((ONE, 0), (TWO, 4)):
            done = run(["unshare", "-m", "--propagation", "private", "sh", "-c", script, str(uid)])
            self.assertEqual(done.code, code, done)

    def test_a_user_namespace(self):
        """uid 0 of a namespace of one's own is no root: the kernel translates."""
        tried = run(["unshare", "-r", binary("coffer"), "--socket", self.d.socket, "get", "a"], uid=TWO)
        if "unshare failed" in tried.error or "Operation not permitted" in tried.error:
            self.skipTest("NOTE: users may not make namespaces here")
        # It cannot even be told whose the socket is: a client that trusts only root or itself goes away.
        self.assertIn(tried.code, (4, 6), tried)
        self.assertEqual(tried.out, b"")

    def test_a_passed_connection_is_its_openers(self):
        for opener, taker, wanted in ((ONE, TWO, 0), (TWO, ONE, c.Denied.number)):
            place = space(taker)
            with Child(taker) as takes, Child(opener) as opens:
                os.chmod(place, 0o755)
                through = os.path.join(place, "p")
                takes.call(listen, through)
                takes.start(take_and_get, "a")
                opens.call(send_socket, self.d.socket, through)
                self.assertEqual(takes.finish(), wanted)

    def test_a_squatted_socket_is_not_spoken_to(self):
        place = space(TWO)
        os.chmod(place, 0o755)
        with Child(TWO) as squatter:
            squatter.call(listen, os.path.join(place, "s.sock"))
            for uid in (ONE, None):
                self.assertEqual(run([binary("coffer"), "--socket", os.path.join(place, "s.sock"), "get", "a"], uid=uid).code, 6)


if __name__ == "__main__":
    unittest.main()
