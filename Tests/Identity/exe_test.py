"""Rules about executables, and connections that are not used by the process that opened them."""

import array
import fcntl
import unittest

from harness import *

ME = os.path.realpath("/proc/self/exe")        # what children that we fork run


def hello(path, greet=True):
    """A socket behind hello and confirm, without the client's reading thread."""
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10)
    s.connect(path)
    if greet:
        shake(s)
    return s


def shake(s):
    s.sendall(c.frame(c.REQUEST, c.HELLO, 1, c.hello_body("main", "exe-test")))
    body = answer(s)[3]
    r = c.Reader(body)
    assert r.u16() == 0
    s.sendall(c.frame(c.REQUEST, c.CONFIRM, 2, c.confirm_body(c.read_hello(r).nonce)))
    return outcome(answer(s))


def exactly(s, count):
    data = b""
    while len(data) < count:
        try:
            more = s.recv(count - len(data))
        except ConnectionError:
            more = b""
        if not more:
            return None
        data += more
    return data


def answer(s):
    head = exactly(s, 4)
    if head is None:
        return None
    rest = exactly(s, int.from_bytes(head, "big"))
    if rest is None:
        return None
    return rest[0], int.from_bytes(rest[2:4], "big"), int.from_bytes(rest[4:8], "big"), rest[8:]


def outcome(frame):
    """The name of the failure in a frame; None for a success, "closed" where nothing came."""
    if frame is None:
        return "closed"
    number = int.from_bytes(frame[3][:2], "big")
    return None if number == 0 else c.FAILURES[number].name


GET_A = c.frame(c.REQUEST, c.GET, 7, c.get_body(b"a"))


def ask(s):
    try:
        s.sendall(GET_A)
    except OSError:
        pass
    return outcome(answer(s))


# In children.

def open_socket(state, path, greet=True):
    # Whether honest openers are always let in is test_honest_openers; the other tests are about what comes then.
    for _ in range(50):
        try:
            state["socket"] = hello(path, greet)
            return
        except AssertionError as problem:
            last = problem
    raise last


def open_many(state, path, count):
    """How many of so many connections are let in, and get their answer."""
    good = 0
    for _ in range(count):
        try:
            with hello(path) as s:
                good += ask(s) is None
        except AssertionError:
            pass
    return good


def ask_it(state):
    return ask(state["socket"])


def shake_it(state):
    return shake(state["socket"])


def pass_on(state, through):
    """Sends the descriptor to whoever listens there."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(through)
        s.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [state["socket"].fileno()]))])


def become(state, program, *arguments, feed=b""):
    """exec, once our answer is out: another program with the socket as its standard output."""
    read, write = os.pipe()
    os.write(write, feed)
    os.close(write)
    os.dup2(read, 0)
    os.dup2(state["socket"].fileno(), 1)
    os.execv(program, [program, *arguments])


def fork_and_ask(state):
    """The answer that a fork of the opener gets on its parent's connection."""
    read, write = os.pipe()
    if os.fork() == 0:
        os.write(write, (ask(state["socket"]) or "None").encode())
        os._exit(0)
    os.close(write)
    os.wait()
    return os.read(read, 100).decode()


def forge(state, pid, uid):
    """A get with credentials of somebody else, as far as the kernel lets us."""
    try:
        state["socket"].sendmsg([GET_A], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, struct_ucred(pid, uid))])
    except PermissionError:
        return "kernel"
    return outcome(answer(state["socket"]))


def struct_ucred(pid, uid):
    import struct
    return struct.pack("3i", pid, uid, uid)


def receive_descriptor(listener):
    connection, _ = listener.accept()
    data, ancillary, _, _ = connection.recvmsg(1, socket.CMSG_SPACE(4))
    connection.close()
    fd = array.array("i", ancillary[0][2])[0]
    s = socket.socket(fileno=fd)
    s.settimeout(10)
    return s


def take_and_ask(state, listener_path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(listener_path)
    os.chmod(listener_path, 0o777)
    listener.listen(1)
    state["listener"] = listener


def then_ask(state):
    state["socket"] = receive_descriptor(state["listener"])
    return ask(state["socket"])


def only_take(state):
    state["socket"] = receive_descriptor(state["listener"])


class Programs(unittest.TestCase):
    """Which file a program is."""

    @classmethod
    def setUpClass(cls):
        cls.place = trusted_space()
        if cls.place is None:
            raise unittest.SkipTest("NOTE: no folder here that only root can write: rules about executables are not tested")
        cls.d = Daemon("--loops", "2")
        cls.d.put("a")
        cls.good = cls.copy(os.path.join(cls.place, "coffer"))

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    @staticmethod
    def copy(path, mode=0o755):
        shutil.copyfile(binary("coffer"), path)
        os.chmod(path, mode)
        return path

    def code(self, program, uid=ONE):
        codes = {self.d.cli("get", "a", program=program, uid=uid).code for _ in range(3)}
        self.assertEqual(len(codes), 1, "let in only now and then")
        return codes.pop()

    def rule(self, path):
        return self.d.allow("e", ["exe:" + path], "get", ["a"])

    def test_only_that_file(self):
        other = self.copy(os.path.join(self.place, "other"))
        self.rule(self.good)
        self.assertEqual([self.code(p) for p in (self.good, other, binary("coffer"))], [0, 4, 4])
        self.assertEqual(self.code(self.good, TWO), 0)
        both = "policy: e\nrules:\n  - {who: [['exe:%s', uid:1001]], tenant: main, noun: secret, actions: [get], names: [a]}\n"
        self.d.policy(both % self.good)
        self.assertEqual([self.code(self.good, ONE), self.code(self.good, TWO), self.code(other, ONE)], [0, 4, 4])

    def test_links(self):
        self.rule(self.good)
        hard, soft = os.path.join(self.place, "hard"), os.path.join(self.place, "soft")
        os.link(self.good, hard)
        os.symlink(self.good, soft)
        self.assertEqual(self.code(hard), 0, "a hard link is the same file")
        self.assertEqual(self.code(soft), 0, "so is what a link leads to")
        self.rule(soft)
        self.assertEqual(self.code(self.good), 0, "a rule may name a link in a safe folder")
        loose = os.path.join(space(), "link")
        os.symlink(self.good, loose)
        os.lchown(loose, ONE, ONE)
        report = self.rule(loose).text
        self.assertIn("never matches", report)
        self.assertEqual(self.code(self.good), 4, "a link that another user owns vouches for nothing")

    def test_folders_that_others_write(self):
        for mode, owner in ((0o777, 0), (0o775, 0), (0o1777, 0), (0o755, ONE)):
            with self.subTest(mode=oct(mode), owner=owner):
                folder = tempfile.mkdtemp(dir=self.place)
                program = self.copy(os.path.join(folder, "coffer"))
                os.chmod(folder, mode)
                os.chown(folder, owner, owner)
                self.assertIn("never matches", self.rule(program).text)
                self.assertEqual(self.code(program), 4)
                inner = os.path.join(folder, "inner")
                os.mkdir(inner, 0o755)
                program = self.copy(os.path.join(inner, "coffer"))
                self.assertIn("never matches", self.rule(program).text)
                self.assertEqual(self.code(program), 4)

    def test_files_that_others_write(self):
        for mode, owner in ((0o777, 0), (0o775, 0), (0o755, ONE)):
            with self.subTest(mode=oct(mode), owner=owner):
                program = self.copy(os.path.join(self.place, "loose-%o-%d" % (mode, owner)), mode)
                os.chown(program, owner, owner)
                os.chmod(program, mode)
                self.assertIn("never matches", self.rule(program).text)
                self.assertEqual(self.code(program), 4)

    def test_what_becomes_of_the_file(self):
        program = self.copy(os.path.join(self.place, "later"))
        self.rule(program)
        self.assertEqual(self.code(program), 0)
        # Loosened behind the policy: no longer trusted. Tightened: trusted again.
        os.chmod(program, 0o777)
        self.assertEqual(self.code(program), 4, "the file became writable for all after the policy was applied")
        os.chmod(program, 0o755)
        # Replaced, as an upgrade does: the new file is the program now, the old one no longer.
        old = os.path.join(self.place, "later.old")
        os.rename(program, old)
        self.copy(program)
        self.assertEqual(self.code(program), 0, "an upgraded program is let in")
        self.assertEqual(self.code(old), 4, "the file that was there before is not")
        os.unlink(program)
        self.assertEqual(self.code(old), 4)

    def test_setuid_interpreters_and_scripts(self):
        # A script is its interpreter, and the rule's path is the script: no match.
        script = os.path.join(self.place, "script")
        with open(script, "w") as f:
            f.write("#!/bin/sh\nexec %s get a\n" % binary("coffer"))
        os.chmod(script, 0o755)
        self.rule(script)
        result = run([script], uid=ONE, env={"COFFER_SOCKET": self.d.socket})
        self.assertEqual(result.code, 4)

    def test_whoami_and_explain_name_the_file(self):
        self.rule(self.good)
        self.assertIn("exe:" + self.good, self.d.cli("whoami", program=self.good, uid=ONE).text.split("\n"))
        self.assertEqual(self.d.cli("explain", "get", "a", program=self.good, uid=ONE).code, 0)
        self.assertEqual(self.d.cli("explain", "get", "a", uid=ONE).code, 4)
        self.assertEqual(self.d.cli("explain", "--as", "exe:" + self.good, "get", "a").code, 0)

    def test_spoofed_root(self):
        # A user's own mount namespace, where allowed, must not make another file the rule's.
        if run(["unshare", "-rm", "/bin/true"], uid=ONE).code != 0:
            self.skipTest("users cannot make mount namespaces here")
        self.rule(self.good)
        mine = self.copy(os.path.join(space(), "mine"))
        script = "mount --bind %s %s && exec %s get a" % (mine, self.good, self.good)
        result = run(["unshare", "-rm", "/bin/sh", "-c", script], uid=ONE, env={"COFFER_SOCKET": self.d.socket})
        self.assertNotEqual(result.code, 0, result)
        self.assertEqual(result.out, b"")


class Connections(unittest.TestCase):
    """Who uses a connection. The rule is about what this test runs as: children that it forks match it."""

    @classmethod
    def setUpClass(cls):
        cls.d = Daemon("--loops", "2")
        cls.d.put("a")
        cls.d.allow("e", ["exe:" + ME], "get", ["a"])
        with Child(ONE) as child:
            child.call(open_socket, cls.d.socket)
            if child.call(ask_it) is not None:
                cls.d.stop()
                raise unittest.SkipTest("NOTE: %s is not a file that only root can write: not tested" % ME)

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    def setUp(self):
        self.d.forget_policies()
        self.d.allow("e", ["exe:" + ME], "get", ["a"])

    def child(self, uid=ONE, **options):
        child = Child(uid, **options)
        self.addCleanup(child.end)
        return child

    def opened(self, uid=ONE, greet=True):
        child = self.child(uid)
        child.call(open_socket, self.d.socket, greet)
        return child

    def taker(self, uid):
        taker = self.child(uid)
        path = os.path.join(space(uid), "l")
        taker.call(take_and_ask, path)
        return taker, path

    def test_honest_openers(self):
        """Their hello may come between accept and whatever the daemon does then."""
        children = [self.child() for _ in range(4)]
        for child in children:
            child.start(open_many, self.d.socket, 250)
        self.assertEqual([child.finish() for child in children], [250] * 4, "honest openers were turned away")

    def test_passed_descriptors(self):
        for uid in (ONE, TWO, 0):
            with self.subTest(uid=uid):
                opener = self.opened()
                self.assertIsNone(opener.call(ask_it))
                taker, path = self.taker(uid)
                taker.start(then_ask)
                opener.call(pass_on, path)
                self.assertEqual(taker.finish(), "denied")
                self.assertEqual(opener.call(ask_it), "closed", "the whole connection fails")

    def test_passed_before_the_handshake(self):
        opener = self.opened(greet=False)
        taker, path = self.taker(TWO)
        taker.start(only_take)
        opener.call(pass_on, path)
        taker.finish()
        try:
            result = taker.call(shake_it)
        except Remote as problem:
            result = problem.name
        self.assertIsNotNone(result)

    def test_forks(self):
        self.assertEqual(self.opened().call(fork_and_ask), "denied")

    def test_opener_has_ended(self):
        opener = self.opened()
        taker, path = self.taker(ONE)
        taker.start(only_take)
        opener.call(pass_on, path)
        taker.finish()
        opener.end()
        self.assertEqual(taker.call(ask_it), "denied")

    def test_forged_credentials(self):
        opener = self.opened()
        for uid in (ONE, TWO):
            taker, path = self.taker(uid)
            taker.start(only_take)
            opener.call(pass_on, path)
            taker.finish()
            self.assertEqual(taker.call(forge, opener.pid, ONE), "kernel")
        self.assertIsNone(opener.call(ask_it))

    def test_a_rule_that_comes_later(self):
        """A connection that is open, and passed on, before any rule is about executables."""
        for patient in (False, True):
            with self.subTest(patient=patient):
                self.d.ok("policy", "delete", "e")
                opener = self.opened()
                self.assertEqual(opener.call(ask_it), "denied")
                taker, path = self.taker(TWO)
                taker.start(only_take)
                opener.call(pass_on, path)
                taker.finish()
                self.d.allow("e", ["exe:" + ME], "get", ["a"])
                if patient:
                    self.assertIsNone(opener.call(ask_it), "the opener's own first request behind the change")
                self.assertEqual(taker.call(ask_it), "denied",
                                 "the first message behind the change was not checked for its sender")

    def test_a_rule_that_comes_while_requests_wait(self):
        """Requests that were sent before the rule carry no credentials: they must not end an honest connection."""
        self.d.ok("policy", "delete", "e")
        openers = [self.opened() for _ in range(4)]
        for round in range(5):
            for opener in openers:
                opener.start(pump, 300)
            time.sleep(0.02)
            self.d.allow("e", ["exe:" + ME], "get", ["a"])
            for opener in openers:
                kinds = opener.finish()
                self.assertLessEqual(set(kinds), {None, "denied"}, kinds)
                self.assertIsNone(kinds[-1] if kinds[-1] is None else opener.call(ask_it),
                                  "an honest connection ended when a rule came")
            self.d.ok("policy", "delete", "e")
            for opener in openers:
                opener.end()
            openers = [self.opened() for _ in range(4)]

    def test_exec_behind_connect(self):
        """The opener becomes another program that has the descriptor: it is not the rule's program any more."""
        opener = self.opened()
        taker, path = self.taker(ONE)
        taker.start(only_take)
        opener.call(pass_on, path)                        # only to read what cat's request is answered with
        taker.finish()
        opener.start(become_cat)
        self.assertEqual(taker.call(read_it), "denied")

    def test_exec_before_accept(self):
        """Connect, then exec the rule's program before the daemon looks: the nonce keeps the connection shut."""
        place = trusted_space()
        if place is None:
            self.skipTest("no place")
        sleeper = os.path.join(place, "sleep")
        shutil.copyfile(os.path.realpath("/bin/sleep"), sleeper)
        os.chmod(sleeper, 0o755)
        self.d.policy("policy: e\nrules:\n  - {who: ['exe:%s'], tenant: main, noun: secret, actions: [get], names: [a]}\n" % sleeper)
        os.kill(self.d.pid, signal.SIGSTOP)
        try:
            opener = self.opened(greet=False)
            taker, path = self.taker(ONE)
            taker.start(only_take)
            opener.call(pass_on, path)
            taker.finish()
            opener.start(become_sleep, sleeper)
            time.sleep(0.2)
        finally:
            os.kill(self.d.pid, signal.SIGCONT)
        try:
            self.assertNotEqual(taker.call(shake_it), None)
        except Remote:
            pass
        self.assertNotEqual(taker.call(ask_it), None)

    def test_pid_reuse(self):
        """The opener ends, and its number is given to a process that has the descriptor."""
        if not os.access("/proc/sys/kernel/ns_last_pid", os.W_OK):
            self.skipTest("numbers of processes cannot be chosen here")
        opener = self.opened()
        taker, path = self.taker(ONE)
        taker.start(only_take)
        opener.call(pass_on, path)
        taker.finish()
        number = opener.pid
        opener.end()
        for _ in range(50):
            taker.start(fork_with_number, number)
            try:
                with open("/proc/sys/kernel/ns_last_pid", "w") as f:
                    f.write(str(number - 1))
            except OSError as problem:
                taker.finish()
                self.skipTest("numbers of processes cannot be chosen here: %s" % problem)
            result = taker.finish()
            if result != "other number":
                break
        else:
            self.skipTest("the number was never given again")
        self.assertIn(result, ("denied", "closed"))

    def test_watch_of_an_opener_that_ended(self):
        """Events with values go to a connection whose opener has ended, and that somebody else holds."""
        opener = self.opened()
        opener.call(send_watch)
        taker, path = self.taker(TWO)
        taker.start(only_take)
        opener.call(pass_on, path)
        taker.finish()
        opener.end()
        time.sleep(0.1)
        self.d.put("a", PLANT + "second")
        self.assertNotIn(PLANT.encode(), taker.call(drain, 1.0), "a value was sent to a connection whose opener has ended")

    def test_connections_without_such_rules(self):
        """Where no rule about executables matches, a passed descriptor works: the connection is the opener's."""
        self.d.forget_policies()
        self.d.allow("u", ["uid:1001"], "get", ["a"])
        opener = self.opened()
        taker, path = self.taker(TWO)
        taker.start(then_ask)
        opener.call(pass_on, path)
        self.assertIsNone(taker.finish())


def pump(state, count):
    """Many requests at once; what was answered."""
    s = state["socket"]
    kinds = []
    for _ in range(count // 50):
        try:
            s.sendall(GET_A * 50)
        except OSError:
            return kinds + ["closed"]
        for _ in range(50):
            frame = answer(s)
            if frame is None or frame[2] == 0:
                return kinds + ["closed" if frame is None else "ended: " + str(outcome(frame))]
            kinds.append(outcome(frame))
        time.sleep(0.01)
    return sorted(set(kinds[:-1]), key=str) + kinds[-1:]


def read_it(state):
    return outcome(answer(state["socket"]))


def become_cat(state):
    become(state, "/bin/cat", feed=GET_A)


def become_sleep(state, program):
    become(state, program, "30")


def send_watch(state):
    s = state["socket"]
    s.sendall(c.frame(c.REQUEST, c.WATCH, 9, c.watch_body(b"a", exact=True, values=True, credit=100)))
    assert outcome(answer(s)) is None


def drain(state, wait):
    s = state["socket"]
    s.settimeout(wait)
    data = b""
    try:
        while True:
            more = s.recv(65536)
            if not more:
                return data
            data += more
    except OSError:
        return data


def fork_with_number(state, number):
    """Forks (and asks in the fork) until the number is ours again; the parent sets the last one given meanwhile."""
    end = time.monotonic() + 0.2
    while time.monotonic() < end:
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            if os.getpid() == number:
                os.write(write, (ask(state["socket"]) or "answered").encode())
            os._exit(0)
        os.close(write)
        os.waitpid(pid, 0)
        said = os.read(read, 100).decode()
        os.close(read)
        if pid == number:
            return said
    return "other number"


if __name__ == "__main__":
    unittest.main()
