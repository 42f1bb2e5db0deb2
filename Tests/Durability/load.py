"""A daemon under load, and what its store must hold afterwards. Used by kill_test.py and sync_test.py.

Each writer has one connection and names of its own. The server hands the changes of one connection to the store in
the order in which they came (protocol.md 5), so what a crash leaves of a writer is its first k changes, all of them
whole, and k counts at least everything that was acknowledged. `Check` looks for that k, and then at every value.
"""
import os
import random
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import namedtuple

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Interop"))
import coffer_client as c  # noqa: E402

KEEP = 10        # versions of a name that keep their value
LONGEST = 4000   # bytes of a value


class Broken(Exception):
    """The daemon did what it must never do; the test cannot go on."""


# ------------------------------------------------------------------ the daemon

class Daemon:
    """cofferd on store, key and s.sock in `folder`."""

    def __init__(self, binary, folder, environment=None, socket_path=None, log_folder=None, arguments=()):
        self.socket_path = socket_path or os.path.join(folder, "s.sock")
        if len(os.fsencode(self.socket_path)) > 107:
            raise SystemExit(f"{self.socket_path}: too long for a socket, choose a shorter --work")
        self.log_path = os.path.join(log_folder or folder, "log")
        self.started = time.monotonic()
        with open(self.log_path, "ab") as log:
            self.log_start = log.tell()
            self.process = subprocess.Popen(
                [binary, "--store", os.path.join(folder, "store"), "--key-file", os.path.join(folder, "key"),
                 "--socket", self.socket_path, "--config", "/dev/null", *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=dict(os.environ, **(environment or {})))

    def log(self):
        with open(self.log_path, "rb") as log:
            log.seek(self.log_start)
            return " | ".join(log.read().decode(errors="replace").split("\n")).strip(" |")

    def connect(self, timeout=20, **options):
        """A link, as soon as the daemon answers."""
        end = time.monotonic() + timeout
        while True:
            try:
                return Link(self.socket_path, **options)
            except OSError as problem:
                if self.process.poll() is not None:
                    raise Broken(f"cofferd ended with {self.process.returncode}: {self.log()[-600:]}") from problem
                if time.monotonic() > end:
                    raise Broken(f"cofferd does not answer: {problem}; {self.log()[-600:]}") from problem
                time.sleep(0.001)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGTERM. Returns its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Broken("cofferd did not stop within 20 s of SIGTERM") from None


class Link:
    """A connection that sends whenever it likes and takes answers as they come."""

    def __init__(self, path, keep=False):
        self.received = bytearray() if keep else None  # everything that came, where it is wanted
        self._buffer = bytearray()
        self._next = 3
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(20)
        try:
            self.sock.connect(path)
            self.sock.sendall(c.frame(c.REQUEST, c.HELLO, 1, c.hello_body("main", "durability/1.0")))
            self.hello = c.read_hello(self._success(1))
            self.sock.sendall(c.frame(c.REQUEST, c.CONFIRM, 2, c.confirm_body(self.hello.nonce)))
            self._success(2)
        except BaseException:
            self.sock.close()
            raise

    def _success(self, request_id):
        frames = []
        while not frames:
            frames = self.receive()
        (kind, _, answered, body), = frames
        reader = c.Reader(body)
        error = reader.u16()
        if error or answered != request_id:
            raise Broken(f"the handshake failed: {c.read_failure(reader, error) if error else answered}")
        return reader

    def send(self, operation, body):
        request_id = self._next
        self._next += 1
        self.sock.sendall(c.frame(c.REQUEST, operation, request_id, body))
        return request_id

    def receive(self):
        """The frames that one recv completes: (kind, operation, id, body)."""
        data = self.sock.recv(1 << 18)
        if not data:
            raise ConnectionResetError("closed")
        if self.received is not None:
            self.received += data
        self._buffer += data
        found, at = [], 0
        for start, end in frames_of(self._buffer):
            kind, _, operation, request_id = struct.unpack_from(">BBHI", self._buffer, start + 4)
            found.append((kind, operation, request_id, bytes(self._buffer[start + 12:end])))
            at = end
        del self._buffer[:at]
        return found

    def ask_all(self, requests, window=64):
        """The decoded answers, or failures, of (operation, body) pairs, in their order."""
        answers, waiting, sent = [None] * len(requests), {}, 0
        while sent < len(requests) or waiting:
            while sent < len(requests) and len(waiting) < window:
                waiting[self.send(*requests[sent])] = sent
                sent += 1
            for _, operation, request_id, body in self.receive():
                answers[waiting.pop(request_id)] = decode(operation, body)
        return answers

    def ask(self, operation, body):
        return self.ask_all([(operation, body)])[0]

    def names(self):
        """Name -> whether it is deleted, in the order of the list."""
        request_id, found, last = self.send(c.LIST, c.list_body(include_deleted=True, credit=1 << 20)), {}, b""
        while True:
            for kind, operation, answered, body in self.receive():
                if answered != request_id:
                    raise Broken("an answer to another request than the list")
                if kind == c.END:
                    end = decode(operation, body)
                    if isinstance(end, c.Failure):
                        raise Broken(f"list: {end}")
                    return found
                for entry in c.read_page(c.Reader(body)).entries:
                    if entry.name <= last:
                        raise Broken(f"list: {entry.name!r} behind {last!r}")
                    last = entry.name
                    found[entry.name.decode()] = entry.deleted

    def close(self):
        self.sock.close()


def frames_of(data):
    """(start, end) of each whole frame."""
    at = 0
    while at + 4 <= len(data):
        end = at + 4 + int.from_bytes(data[at:at + 4], "big")
        if end > len(data):
            return
        yield at, end
        at = end


def decode(operation, body):
    """A response's or end's answer, or its Failure."""
    reader = c.Reader(body)
    error = reader.u16()
    if error:
        return c.read_failure(reader, error)
    answer = c.ANSWERS[operation][0](reader)
    reader.done()
    return answer


# ---------------------------------------------------------- names and changes

class Change:
    """put (again: the same with the same key), delete, undelete, destroy of a whole name."""

    __slots__ = ("kind", "name", "value", "key", "version", "answer", "first")

    def __init__(self, kind, name, version, value=None, key=None, first=None):
        self.kind, self.name, self.value, self.key, self.first = kind, name, value, key, first
        self.version = version   # that a put must be given
        self.answer = None       # (version, revision); None: none came

    def request(self):
        if self.kind in ("put", "again"):
            return c.PUT, c.put_body(self.name, self.value, key=self.key)
        number = {"delete": c.DELETE, "undelete": c.UNDELETE, "destroy": c.DESTROY}[self.kind]
        return number, c.version_body(self.name, 0, key=self.key)

    @property
    def effective(self):
        return self.kind != "again"

    def __str__(self):
        what = f"{self.kind} of {self.name}"
        if self.value is not None:
            what += f", version {self.version}, {len(self.value)} bytes"
        return what + (f", revision {self.answer[1]}" if self.answer else ", no answer")


# versions: those with a value, oldest first: (number, the put, deleted by itself)
State = namedtuple("State", "exists latest hidden versions")
ABSENT = State(False, 0, False, ())


def after(state, change):
    """The state of a name behind one more change."""
    if change.kind == "put":
        older = state.versions
        if state.hidden:
            older = tuple((number, put, True) for number, put, _ in older)
        number = state.latest + 1
        return State(True, number, False, (older + ((number, change, False),))[-KEEP:])
    if change.kind == "delete":
        return state._replace(hidden=True)
    if change.kind == "undelete":
        return state._replace(hidden=False)
    if change.kind == "destroy":
        return State(False, state.latest, False, ())
    return state


class Writer:
    """Makes up changes of its own names, one behind the other, as they would be if all of them came through."""

    def __init__(self, number, states, chooser, tag, fresh=10, window=8):
        self.number, self.chooser, self.tag, self.fresh = number, chooser, tag, fresh
        self.prefix = f"w{number:02}/"
        # Of old names a handful for each round, so that a long run does not look at everything each time.
        old = sorted(name for name in states if name.startswith(self.prefix))
        self.pool = chooser.sample(old, min(len(old), 12))
        self.made = 0
        self.states = {name: states[name] for name in self.pool}
        self.lived = {name for name in self.pool if states[name].exists}
        self.changes = []
        self.window = chooser.randint(1, window)

    def next(self):
        choose, roll = self.chooser, self.chooser.random()
        last = self.changes[-1] if self.changes else None
        if last is not None and last.kind == "put" and last.key and roll < 0.4:
            return self._note(Change("again", last.name, last.version, last.value, last.key, last))
        if not self.pool or (roll < 0.35 and self.made < self.fresh):
            name = f"{self.prefix}{self.tag}/{self.made:03}" + "é" * choose.randint(0, 3)
            self.made += 1
            self.pool.append(name)
            self.states[name] = ABSENT
        else:
            name = choose.choice(self.pool)
        state = self.states[name]
        if state.exists and state.hidden and choose.random() < 0.4:
            return self._note(Change("undelete", name, 0))
        if state.exists and not state.hidden and choose.random() < 0.18:
            # A destroy of what was made in the same run would leave it open, where no answer came, whether both are
            # there or neither.
            if name in self.lived and choose.random() < 0.2:
                self.lived.discard(name)
                return self._note(Change("destroy", name, 0))
            return self._note(Change("delete", name, 0))
        size = choose.choice((choose.randint(0, 64), choose.randint(0, LONGEST), choose.randint(0, LONGEST)))
        key = choose.randbytes(16) if choose.random() < 0.3 else None
        return self._note(Change("put", name, state.latest + 1, choose.randbytes(size), key))

    def _note(self, change):
        self.states[change.name] = after(self.states[change.name], change)
        self.changes.append(change)
        return change

    # In the load.

    def attach(self, link):
        self.link, self.waiting = link, {}

    def fill(self, most=None):
        """Sends until the window is full; `most`: changes in all."""
        while len(self.waiting) < self.window and (most is None or len(self.changes) < most):
            change = self.next()
            operation, body = change.request()
            # Noted before it is sent: it may arrive though the send is never seen to succeed.
            self.waiting[self.link._next] = change
            self.link.send(operation, body)

    def take(self):
        """Notes answers. Returns what was wrong with them."""
        wrong = []
        for _, operation, request_id, body in self.link.receive():
            if request_id == 0:
                raise ConnectionResetError(str(c.read_failure(c.Reader(body[2:]), body[1])))
            change, answer = self.waiting.pop(request_id), decode(operation, body)
            if isinstance(answer, c.Failure):
                raise Broken(f"{change}: {answer}")
            change.answer = tuple(answer) if operation == c.PUT else (change.version, answer)
            if change.answer[0] != change.version:
                wrong.append(f"{change}: was answered with version {change.answer[0]}")
            if change.first is not None and change.answer != change.first.answer:
                wrong.append(f"{change}: repeated by its key it was answered {change.answer}, first {change.first.answer}")
        return wrong


def run_load(daemon, writers, kill_after=None, most=None, keep=False):
    """All writers at once, until the daemon is killed, `kill_after` seconds behind its start, or each writer has
    `most` answers. Returns what was wrong with the answers."""
    wrong, killed = [], threading.Event()

    def killer():
        time.sleep(max(0, daemon.started + kill_after - time.monotonic()))
        if daemon.process.poll() is not None:
            wrong.append(f"cofferd ended by itself with {daemon.process.returncode}: {daemon.log()[-600:]}")
        killed.set()
        daemon.kill()

    thread = threading.Thread(target=killer)
    if kill_after is not None:
        thread.start()
    selector = selectors.DefaultSelector()
    links = []
    try:
        waiting = list(writers)
        open_links, end = 0, time.monotonic() + 60
        while waiting or open_links:
            if time.monotonic() > end:
                raise Broken(f"{open_links} connections wait for answers since 60 s: {daemon.log()[-600:]}")
            if waiting:
                writer = waiting[0]
                try:
                    link = daemon.connect(keep=keep)
                    waiting.pop(0)
                    links.append(link)
                    writer.attach(link)
                    writer.fill(most)
                    selector.register(link.sock, selectors.EVENT_READ, writer)
                    open_links += 1
                except (OSError, Broken):
                    if not killed.is_set():
                        raise
                    waiting = []
            for key, _ in selector.select(0 if waiting else 0.5):
                writer = key.data
                try:
                    wrong += writer.take()
                    writer.fill(most)
                    done = not writer.waiting
                except OSError as problem:
                    if not killed.wait(1 if kill_after else 0):
                        wrong.append(f"writer {writer.number}: the connection was lost: {problem}")
                    done = True
                if done:
                    selector.unregister(key.fileobj)
                    open_links -= 1
    finally:
        if kill_after is not None:
            thread.join()
        selector.close()
        for link in links:
            link.close()
    return wrong


# -------------------------------------------------------------------- checking

class Check:
    """Compares a store with what writers were told. `states`: all names before these writers began.
    `acknowledged(change)`: whether it counts as that."""

    def __init__(self, states, writers, acknowledged=lambda change: change.answer is not None):
        self.states, self.writers, self.acknowledged = states, writers, acknowledged
        self.problems, self.looked_at, self.present = [], 0, {}
        self.applied_without_answer = self.dropped_without_answer = 0
        self.fewest = self.most = 0   # effective changes that are there
        self.kept = {}                # writer -> its changes that are there

    def look(self, link, sample=(), tamper=None):
        """The states of all names, settled; problems are in self.problems."""
        touched = sorted({change.name for writer in self.writers for change in writer.changes})
        names = touched + sorted(set(sample) - set(touched))
        seen = dict(zip(names, self._ask(link, [(c.INFO, name, 0) for name in names], tamper)))
        states = dict(self.states)
        for writer in self.writers:
            self._settle(writer, seen, states)
        for name in sorted(set(sample) - set(touched)):
            self._same(name, seen[name], states.get(name, ABSENT))
        self._values(link, touched, names, states, seen, tamper)
        states = {name: state for name, state in states.items() if state.exists or state.latest}
        return states

    def _ask(self, link, questions, tamper):
        bodies = [(operation, c.info_body(name) if operation == c.INFO else c.get_body(name, version))
                  for operation, name, version in questions]
        answers = link.ask_all(bodies)
        self.looked_at += len(answers)
        if tamper:
            answers = [tamper(*question, answer) for question, answer in zip(questions, answers)]
        return answers

    @staticmethod
    def _fits(info, state):
        if isinstance(info, c.Failure):
            return isinstance(info, c.NotFound) and not state.exists
        # A name that is hidden shows its newest version as the active one; whether, is not written down.
        return state.exists and info.latest_version == state.latest and info.deleted == state.hidden

    def _same(self, name, info, state):
        if not self._fits(info, state):
            self.problems.append(f"{name}: {_shown(info)}, wanted {_wanted(state)}")

    def _settle(self, writer, seen, states):
        """Finds how many of the writer's changes are there."""
        changes = writer.changes
        least = max((at + 1 for at, change in enumerate(changes) if self.acknowledged(change)), default=0)
        names = {change.name for change in changes}
        now = {name: self.states.get(name, ABSENT) for name in names}
        unfit = {name for name in names if not self._fits(seen[name], now[name])}
        fitting, ever = [], set()   # ever: names that fit at some count that is allowed
        for count in range(len(changes) + 1):
            if count:
                name = changes[count - 1].name
                now[name] = after(now[name], changes[count - 1])
                (unfit.discard if self._fits(seen[name], now[name]) else unfit.add)(name)
            if count >= least:
                ever |= names - unfit
                if not unfit:
                    fitting.append(count)
        if fitting:
            kept = fitting[-1]
            self.fewest += sum(change.effective for change in changes[:fitting[0]])
            self.most += sum(change.effective for change in changes[:kept])
            self.applied_without_answer += kept - least
            self.dropped_without_answer += len(changes) - kept
        else:
            kept = least
            for name in sorted(names - ever):
                last = [change for change in changes[:least] if change.name == name]
                self.problems.append(f"LOST or wrong: {name}: {_shown(seen[name])}; of {least} changes that were acknowledged "
                                     f"the last one here: {last[-1] if last else 'none'}")
            if not names - ever:
                self.problems.append(f"writer {writer.number}: each name could be right, but there is no moment at which "
                                     f"all of them looked so")
        self.kept[writer] = kept
        for change in changes[:kept]:
            states[change.name] = after(states.get(change.name, ABSENT), change)

    def _values(self, link, touched, names, states, seen, tamper):
        """Reads the active version of all names, and each version that was written."""
        written = [(change.name, change.version) for writer in self.writers for change in writer.changes[:self.kept[writer]]
                   if change.kind == "put"]
        lost = [(change.name, change.version) for writer in self.writers for change in writer.changes[self.kept[writer]:]
                if change.kind == "put"]
        questions = [(c.GET, name, 0) for name in names]
        questions += [(c.GET, name, version) for name, version in dict.fromkeys(written + lost)]
        for (_, name, version), answer in zip(questions, self._ask(link, questions, tamper)):
            state, which = states.get(name, ABSENT), version or "active"
            held = {number: (put, deleted) for number, put, deleted in state.versions}
            put, deleted = held.get(version or state.latest, (None, False))
            if not state.exists:
                wanted = c.NotFound
            elif state.hidden or deleted:
                wanted = c.Deleted
            elif put is None:
                wanted = c.VersionNotFound
            else:
                wanted = None
            if wanted is not None:
                # Of a hidden name the version may be asked for, too.
                if not isinstance(answer, (wanted, c.VersionNotFound) if state.hidden else wanted):
                    self.problems.append(f"{name} version {which}: {_shown(answer)}, wanted {wanted.name}")
            elif isinstance(answer, c.Failure):
                self.problems.append(f"LOST: {put}: {_shown(answer)}")
            else:
                if answer.version != put.version or answer.value != put.value:
                    self.problems.append(f"LOST or torn: {put}: {_shown(answer)}")
                if put.answer and answer.revision != put.answer[1]:
                    self.problems.append(f"{put}: its revision is {answer.revision}")
                if not put.answer:
                    self.present[put] = answer.revision

    def list(self, link, states):
        """The list of names, and the figures of status, against the states."""
        wanted = {name: state.hidden for name, state in states.items() if state.exists}
        found = link.names()
        if found != wanted:
            for name in sorted(set(found.items()) ^ set(wanted.items()))[:5]:
                self.problems.append(f"list: {name[0]} is {found.get(name[0], 'absent')}, wanted {wanted.get(name[0], 'absent')} (deleted)")
        status = link.ask(c.STATUS, c.empty_body())
        if isinstance(status, c.Failure):
            raise Broken(f"status: {status}")
        if status["locked"] != 0 or status["secrets"] != len(wanted):
            self.problems.append(f"status: locked {status['locked']}, {status['secrets']} secrets, wanted {len(wanted)}")
        return status


def _shown(answer):
    if isinstance(answer, c.Failure):
        return str(answer)
    if isinstance(answer, c.Info):
        return f"latest version {answer.latest_version}" + (", deleted" if answer.deleted else "")
    return f"version {answer.version}, {len(answer.value)} bytes {answer.value[:8].hex()}…"


def _wanted(state):
    return f"latest version {state.latest}" + (", deleted" if state.hidden else "") if state.exists else "nothing"
