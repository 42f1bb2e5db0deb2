"""Tests of a running daemon through coffer_client.py, which was written from protocol.md alone.

    COFFER_SOCKET=<path> python3 interop_test.py

Run as root, against a fresh, empty and unlocked daemon. Where the daemon runs as a uid that the
client would not trust by itself, COFFER_INTEROP_TRUST names that uid. Names are unique in each
run and each test, so a second run on the same store works as well. About 40 s of it are waiting
for the protocol's own time limits.
"""

import os
import random
import shutil
import signal
import socket
import struct
import tempfile
import threading
import time
import unittest

import coffer_client as c
from coffer_client import Client, Entry, Expect, Position, Settings

RUN = "interop-" + os.urandom(6).hex()
TRUSTED = tuple(int(u) for u in os.environ.get("COFFER_INTEROP_TRUST", "").split(",") if u)
OTHER = b"\x5a" * 16                           # an incarnation that no store has


def path():
    found = os.environ.get("COFFER_SOCKET")
    if not found:
        raise RuntimeError("COFFER_SOCKET must name the socket of a running daemon")
    return found


class Raw:
    """A connection whose bytes the test makes and reads itself."""

    def __init__(self, opened=True, timeout=20):
        self.sock = c.open_socket(path(), TRUSTED)
        self.sock.settimeout(timeout)
        self.nonce = None
        if opened:
            self.hello()
            self.send(c.CONFIRM, 2, c.confirm_body(self.nonce))
            assert self.read() == (c.RESPONSE, c.CONFIRM, 2, b"\0\0"), "confirm failed"

    def hello(self, **fields):
        fields = {"tenant": "main", "client_name": "interop/1.0", **fields}
        self.send(c.HELLO, 1, c.hello_body(**fields))
        kind, operation, request_id, body = self.read()
        assert (kind, operation, request_id) == (c.RESPONSE, c.HELLO, 1), "not hello's response"
        r = c.Reader(body)
        if r.u16() != 0:
            return body
        answer = c.read_hello(r)
        r.done()
        self.nonce = answer.nonce
        return answer

    def bytes(self, data):
        self.sock.sendall(data)

    def send(self, operation, request_id, body=b"", kind=c.REQUEST):
        self.bytes(c.frame(kind, operation, request_id, body))

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            try:
                more = self.sock.recv(count - len(data))
            except ConnectionResetError:       # closed, with something of ours unread
                more = b""
            if not more:
                return None
            data += more
        return data

    def read(self):
        """(kind, operation, id, body), or None where the connection ends."""
        head = self._exactly(4)
        if head is None:
            return None
        length = int.from_bytes(head, "big")
        assert 8 <= length <= c.LARGE_FRAME, "length %d" % length
        rest = self._exactly(length)
        if rest is None:
            return None
        kind, reserved, operation, request_id = struct.unpack_from(">BBHI", rest)
        assert reserved == 0
        return kind, operation, request_id, rest[8:]

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def failure_of(body):
    r = c.Reader(body)
    number = r.u16()
    assert number != 0, "a success, not a failure"
    return c.read_failure(r, number)


class Case(unittest.TestCase):
    maxDiff = 2000
    # Seconds for an answer.
    patience = 60

    def setUp(self):
        self.space = "%s/%s" % (RUN, self.id().split(".", 1)[-1])
        self._connections = []

    def tearDown(self):
        for connection in self._connections:
            connection.close()

    def connect(self, **options):
        client = Client.connect(path(), trusted=TRUSTED, timeout=self.patience, **options)
        self._connections.append(client)
        return client

    def raw(self, **options):
        raw = Raw(**options)
        self._connections.append(raw)
        return raw

    def name(self, last="x"):
        return self.space + "/" + last

    def longest(self):
        """A name of 512 bytes, in segments of at most 255."""
        start = self.name("") + "s" * 150 + "/" + "t" * 100 + "/"
        return start + "u" * (512 - len(start))

    def fails(self, error, call, *arguments, **options):
        with self.assertRaises(error) as caught:
            call(*arguments, **options)
        self.assertIs(type(caught.exception), error)
        return caught.exception

    def ended(self, raw, error):
        """The next frame is the failure of the connection, and nothing follows."""
        frame = raw.read()
        self.assertIsNotNone(frame, "closed without a failure")
        kind, operation, request_id, body = frame
        self.assertEqual((kind, operation, request_id), (c.END, 0, 0))
        failure = failure_of(body)
        self.assertIs(type(failure), error, failure)
        self.assertIsNone(raw.read(), "a frame behind the end of the connection")
        return failure

    def alive(self, raw, request_id=0x7001):
        raw.send(c.PING, request_id, c.empty_body())
        kind, operation, answered, body = raw.read()
        self.assertEqual((kind, operation, answered), (c.RESPONSE, c.PING, request_id))
        self.assertEqual((len(body), body[:2]), (10, b"\0\0"))


# ------------------------------------------------------------------ the client's own check

class TrustTests(unittest.TestCase):
    """The check of the server's uid; needs root but no daemon."""

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.path = os.path.join(self.folder, "s")
        self.child = None

    def tearDown(self):
        if self.child:
            os.kill(self.child, signal.SIGKILL)
            os.waitpid(self.child, 0)
        shutil.rmtree(self.folder)

    def listen(self, uid):
        """A process of that uid that answers nothing, on a socket that root made."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.bind(self.path)
        ready, tell = os.pipe()
        self.child = os.fork()
        if self.child == 0:
            try:
                os.setuid(uid)
                sock.listen(8)
                os.write(tell, b"!")
                time.sleep(120)
            finally:
                os._exit(1)
        os.close(tell)
        self.assertEqual(os.read(ready, 1), b"!")
        os.close(ready)
        sock.close()

    def test_foreign_server_is_refused(self):
        self.listen(65534)
        with self.assertRaises(c.NotTrusted):
            c.open_socket(self.path)
        with self.assertRaises(c.NotTrusted):
            c.open_socket(self.path, trusted=(1234,))

    def test_configured_server_is_trusted(self):
        self.listen(65534)
        c.open_socket(self.path, trusted=(65534,)).close()

    def test_own_server_is_trusted(self):
        self.listen(os.geteuid())
        c.open_socket(self.path).close()

    def test_owner_below_a_sticky_folder_is_refused(self):
        os.chmod(self.folder, 0o1777)
        inner = os.path.join(self.folder, "inner")
        os.mkdir(inner, 0o755)
        os.chown(inner, 65534, 65534)
        self.path = os.path.join(inner, "s")
        self.listen(65534)
        with self.assertRaises(c.NotTrusted):
            c.open_socket(self.path)

    def test_folders(self):
        class Stat:
            def __init__(self, uid, mode):
                self.st_uid, self.st_mode = uid, mode

        def vouches(inner, outer, acls=()):
            known = {"/": (0, 0o755), "/nowhere-a": outer, "/nowhere-a/b": inner}
            return c.folder_vouches_for("/nowhere-a/b/s", 7, lambda f: Stat(*known[f]),
                                        lambda f: f in acls)

        self.assertTrue(vouches((7, 0o755), (0, 0o755)))
        self.assertTrue(vouches((7, 0o700), (7, 0o755)))
        self.assertFalse(vouches((8, 0o755), (0, 0o755)), "another owner")
        self.assertFalse(vouches((0, 0o755), (0, 0o755)), "root's folder says nothing of uid 7")
        self.assertFalse(vouches((7, 0o775), (0, 0o755)), "the group can write")
        self.assertFalse(vouches((7, 0o757), (0, 0o755)), "others can write")
        self.assertFalse(vouches((7, 0o755), (0, 0o1777)), "a sticky folder above")
        self.assertFalse(vouches((7, 0o755), (8, 0o755)), "somebody else's folder above")
        self.assertFalse(vouches((7, 0o755), (0, 0o755), ("/nowhere-a",)), "an ACL above")


# ------------------------------------------------------------------------- the handshake

class HandshakeTests(Case):

    def refused(self, error, **fields):
        """Hello's response is this failure, and the connection closes."""
        raw = self.raw(opened=False)
        failure = failure_of(raw.hello(**fields))
        self.assertIs(type(failure), error, failure)
        self.assertIsNone(raw.read())
        return failure

    def test_hello(self):
        client = self.connect()
        hello = client.hello
        self.assertEqual((hello.version, hello.features), (1, 0))
        self.assertEqual(hello.frame_limit, 1_114_112)
        self.assertEqual(hello.requests_in_flight, 256)
        self.assertEqual(hello.unsent_limit, 4_194_304)
        self.assertFalse(hello.locked)
        self.assertNotEqual(hello.position.incarnation, bytes(16))
        self.assertNotEqual(hello.store_id, bytes(16))
        self.assertLess(abs(hello.server_time - time.time() * 1000), 60_000)
        again = self.connect().hello
        self.assertEqual(again.store_id, hello.store_id)
        self.assertEqual(again.position.incarnation, hello.position.incarnation)
        self.assertNotEqual(again.nonce, hello.nonce)

    def test_highest_common_version(self):
        raw = self.raw(opened=False)
        self.assertEqual(raw.hello(minimum=1, maximum=65535).version, 1)

    def test_wrong_version_range(self):
        failure = self.refused(c.UnsupportedVersion, minimum=2, maximum=3)
        self.assertIn("1", failure.message)
        self.assertEqual((failure.retry, failure.outcome), (0, 0))
        self.refused(c.UnsupportedVersion, minimum=65535, maximum=65535)

    def test_reversed_version_range(self):
        self.refused(c.Malformed, minimum=2, maximum=1)

    def test_wrong_magic(self):
        failure = self.refused(c.Malformed, magic=b"COFX")
        self.assertTrue(failure.message.startswith("magic:"), failure.message)

    def test_features_are_cleared(self):
        # All but those that this version defines.
        features = self.raw(opened=False).hello(features=2**64 - 1).features
        self.assertEqual(features & ~(c.FEATURE_ACCOUNTS | c.FEATURE_CREDENTIALS | c.FEATURE_AUDIT), 0)

    def test_extensions(self):
        unknown = [(65535, b""), (7, b"x" * 1024), (7, b"again")]
        self.assertEqual(self.raw(opened=False).hello(extensions=unknown).version, 1)
        self.assertEqual(self.raw(opened=False).hello(extensions=[(9, b"")] * 16).version, 1)
        self.refused(c.Malformed, extensions=[(9, b"")] * 17)
        self.refused(c.Malformed, extensions=[(9, b"x" * 1025)])

    def test_hello_texts(self):
        self.refused(c.Malformed, tenant="")
        self.refused(c.Malformed, tenant="t" * 256)
        self.refused(c.Malformed, tenant=b"\xff")
        self.refused(c.Malformed, client_name="n" * 256)
        self.assertEqual(self.raw(opened=False).hello(client_name="").version, 1)

    def test_hello_with_bytes_behind_it(self):
        raw = self.raw(opened=False)
        raw.send(c.HELLO, 1, c.hello_body("main", "x") + b"\0")
        kind, operation, request_id, body = raw.read()
        self.assertEqual((kind, operation, request_id), (c.RESPONSE, c.HELLO, 1))
        self.assertIsInstance(failure_of(body), c.Malformed)
        self.assertIsNone(raw.read())

    def test_unknown_tenant_is_told_by_each_request(self):
        client = self.connect(tenant="no-such-tenant-" + RUN)
        for _ in range(2):
            with self.assertRaises((c.Denied, c.NotFound)):
                client.get(self.name())
        client.ping()

    def test_request_before_hello(self):
        for operation, body in ((c.PING, c.empty_body()), (c.CONFIRM, c.confirm_body(bytes(16))),
                                (c.GET, c.get_body("x")), (0x7777, c.empty_body())):
            with self.subTest(operation=operation):
                raw = self.raw(opened=False)
                raw.send(operation, 7, body)
                failure = self.ended(raw, c.Unexpected)
                self.assertEqual((failure.retry, failure.retry_after, failure.outcome), (0, 0, 0))

    def test_other_kinds_before_hello(self):
        for kind in (c.RESPONSE, c.CHUNK, c.END, c.EVENT, c.CANCEL, c.CREDIT):
            with self.subTest(kind=kind):
                raw = self.raw(opened=False)
                raw.send(c.HELLO, 7, c.hello_body("main", "x"), kind=kind)
                self.ended(raw, c.Unexpected)

    def test_other_request_than_confirm(self):
        for operation, body in ((c.PING, c.empty_body()), (c.HELLO, c.hello_body("main", "x"))):
            with self.subTest(operation=operation):
                raw = self.raw(opened=False)
                raw.hello()
                raw.send(operation, 2, body)
                self.ended(raw, c.Unexpected)

    def test_wrong_nonce(self):
        raw = self.raw(opened=False)
        raw.hello()
        wrong = bytes([raw.nonce[0] ^ 1]) + raw.nonce[1:]
        name = self.name()
        raw.bytes(c.frame(c.REQUEST, c.CONFIRM, 2, c.confirm_body(wrong))
                  + c.frame(c.REQUEST, c.PUT, 3, c.put_body(name, b"x")))
        kind, operation, request_id, body = raw.read()
        self.assertEqual((kind, operation, request_id), (c.RESPONSE, c.CONFIRM, 2))
        self.assertIsInstance(failure_of(body), c.Denied)
        self.assertIsNone(raw.read(), "the request behind a failed confirm was answered")
        self.fails(c.NotFound, self.connect().get, name)

    def test_requests_right_behind_confirm(self):
        raw = self.raw(opened=False)
        raw.hello()
        raw.bytes(c.frame(c.REQUEST, c.CONFIRM, 2, c.confirm_body(raw.nonce))
                  + c.frame(c.REQUEST, c.PUT, 3, c.put_body(self.name(), b"early"))
                  + c.frame(c.REQUEST, c.PING, 4, c.empty_body()))
        self.assertEqual(raw.read(), (c.RESPONSE, c.CONFIRM, 2, b"\0\0"))
        answers = {frame[2]: frame for frame in (raw.read(), raw.read())}
        self.assertEqual(sorted(answers), [3, 4])
        self.assertEqual(answers[3][3][:2], b"\0\0")
        self.assertEqual(self.connect().get(self.name()).value, b"early")

    def test_hello_byte_by_byte(self):
        raw = self.raw(opened=False)
        for byte in c.frame(c.REQUEST, c.HELLO, 1, c.hello_body("main", "slow/1.0")):
            raw.bytes(bytes([byte]))
        self.assertEqual(raw.read()[:3], (c.RESPONSE, c.HELLO, 1))

    def test_hello_and_confirm_again(self):
        for operation, body in ((c.HELLO, c.hello_body("main", "x")),
                                (c.CONFIRM, c.confirm_body(bytes(16)))):
            with self.subTest(operation=operation):
                raw = self.raw()
                raw.send(operation, 9, body)
                self.ended(raw, c.Unexpected)

    def test_small_limit_before_and_within_the_handshake(self):
        raw = self.raw(opened=False)
        raw.bytes(struct.pack(">I", 4097))     # the first four bytes suffice
        self.ended(raw, c.TooLarge)
        raw = self.raw(opened=False)
        raw.hello()
        raw.bytes(struct.pack(">I", 4097))
        self.ended(raw, c.TooLarge)

    def test_handshake_takes_too_long(self):
        raw = self.raw(opened=False)
        began = time.monotonic()
        raw.hello()
        failure = self.ended(raw, c.DeadlineExceeded)
        self.assertTrue(3.5 < time.monotonic() - began < 12, time.monotonic() - began)
        self.assertEqual(failure.outcome, 0)


# ------------------------------------------------------------------------------- frames

class FrameTests(Case):

    def test_frame_errors_end_the_connection(self):
        ping = c.empty_body()
        for what, data, error in (
                ("length 0", struct.pack(">I", 0), c.Malformed),
                ("length 7", struct.pack(">I", 7), c.Malformed),
                ("kind 0", struct.pack(">IBBHI", 12, 0, 0, c.PING, 7) + ping, c.Malformed),
                ("kind 8", struct.pack(">IBBHI", 12, 8, 0, c.PING, 7) + ping, c.Malformed),
                ("kind 255", struct.pack(">IBBHI", 12, 255, 0, c.PING, 7) + ping, c.Malformed),
                ("reserved", struct.pack(">IBBHI", 12, 1, 1, c.PING, 7) + ping, c.Malformed),
                ("one too long", struct.pack(">I", c.LARGE_FRAME + 1), c.TooLarge),
                ("longest", struct.pack(">I", 2**32 - 1), c.TooLarge),
                ("request id 0", c.frame(c.REQUEST, c.PING, 0, ping), c.Unexpected),
                ("response", c.frame(c.RESPONSE, c.PING, 7, ping), c.Unexpected),
                ("event", c.frame(c.EVENT, c.WATCH, 7, ping), c.Unexpected)):
            with self.subTest(what):
                raw = self.raw()
                self.alive(raw)
                raw.bytes(data)
                self.ended(raw, error)

    def watching(self, request_id=9):
        raw = self.raw()
        raw.send(c.WATCH, request_id, c.watch_body(self.name(), credit=0))
        kind, operation, answered, body = raw.read()
        self.assertEqual((kind, operation, answered, body[:2]),
                         (c.RESPONSE, c.WATCH, request_id, b"\0\0"))
        return raw

    def test_duplicate_id(self):
        raw = self.watching()
        raw.send(c.PING, 9, c.empty_body())
        self.ended(raw, c.Unexpected)

    def test_other_operation_than_the_requests(self):
        for kind, body in ((c.CANCEL, b""), (c.CREDIT, c.credit_body(1))):
            with self.subTest(kind=kind):
                raw = self.watching()
                raw.send(c.LIST, 9, body, kind=kind)
                self.ended(raw, c.Unexpected)

    def test_kind_that_the_operation_does_not_have(self):
        chunk = c.entries_body([c.entry_bytes(Entry(b"x", b"y"))])
        for kind, body in ((c.CHUNK, chunk), (c.END, c.finish_body(0))):
            with self.subTest("watch", kind=kind):
                raw = self.watching()
                raw.send(c.WATCH, 9, body, kind=kind)
                self.ended(raw, c.Unexpected)
        with self.subTest("import: credit is the server's"):
            raw = self.raw()
            raw.send(c.IMPORT, 9, c.import_body())
            self.assertEqual(raw.read()[:3], (c.CREDIT, c.IMPORT, 9))
            raw.send(c.IMPORT, 9, c.credit_body(1), kind=c.CREDIT)
            while True:                        # more credit may have been on its way
                frame = raw.read()
                if frame[0] != c.CREDIT:
                    break
            self.assertEqual(frame[:3], (c.END, 0, 0))
            self.assertIsInstance(failure_of(frame[3]), c.Unexpected)
            self.assertIsNone(raw.read())

    def test_late_frames_are_ignored(self):
        raw = self.raw()
        for operation, kind, body in ((c.WATCH, c.CANCEL, b""), (c.WATCH, c.CANCEL, b"junk"),
                                      (c.LIST, c.CREDIT, c.credit_body(0)),
                                      (c.LIST, c.CREDIT, b""), (c.IMPORT, c.CHUNK, b"junk"),
                                      (c.IMPORT, c.END, b"")):
            raw.send(operation, 4711, body, kind=kind)
            self.alive(raw)

    def test_bad_body_of_a_later_frame_ends_the_request_only(self):
        for kind, body in ((c.CANCEL, b"x"), (c.CREDIT, b""), (c.CREDIT, c.credit_body(0)),
                           (c.CREDIT, c.credit_body(1) + b"x")):
            with self.subTest(kind=kind, body=body):
                raw = self.watching()
                raw.send(c.WATCH, 9, body, kind=kind)
                got, operation, request_id, answer = raw.read()
                self.assertEqual((got, operation, request_id), (c.END, c.WATCH, 9))
                self.assertIsInstance(failure_of(answer), c.Malformed)
                self.alive(raw, 9)             # the id is free again

    def test_truncated_frame(self):
        name = self.name()
        whole = c.frame(c.REQUEST, c.PUT, 7, c.put_body(name, b"never"))
        client = self.connect()
        for cut in (1, 4, 11, 12, 30, len(whole) - 1):
            with self.subTest(cut=cut):
                raw = self.raw()
                raw.bytes(whole[:cut])
                raw.sock.shutdown(socket.SHUT_WR)
                while True:                    # no answer to what never was complete
                    frame = raw.read()
                    if frame is None:
                        break
                    self.assertEqual(frame[:3], (c.END, 0, 0))
                self.fails(c.NotFound, client.get, name)

    def test_closing_the_sending_half_ends_the_connection(self):
        raw = self.watching()
        raw.sock.shutdown(socket.SHUT_WR)
        while True:
            frame = raw.read()
            if frame is None:
                break
            self.assertEqual(frame[0], c.END)

    def test_frame_takes_too_long(self):
        raw = self.raw(timeout=60)
        whole = c.frame(c.REQUEST, c.PUT, 7, c.put_body(self.name(), b"never"))
        began = time.monotonic()
        raw.bytes(whole[:-1])
        self.ended(raw, c.DeadlineExceeded)
        self.assertTrue(25 < time.monotonic() - began < 45, time.monotonic() - began)
        self.fails(c.NotFound, self.connect().get, self.name())

    def test_frame_in_pieces(self):
        raw = self.raw()
        whole = c.frame(c.REQUEST, c.PUT, 7, c.put_body(self.name(), b"pieces"))
        for byte in whole:
            raw.bytes(bytes([byte]))
        self.assertEqual(raw.read()[:3], (c.RESPONSE, c.PUT, 7))
        self.assertEqual(self.connect().get(self.name()).value, b"pieces")

    def test_id_is_free_again(self):
        raw = self.raw()
        for request_id in (1, 2**32 - 1):
            for _ in range(3):
                self.alive(raw, request_id)

    def test_unknown_operation(self):
        raw = self.raw()
        for operation in (0, 0x0009, 0x010C, 0x0205, 0x7777, 0xFFFF):
            with self.subTest(operation=operation):
                raw.send(operation, 7, c.empty_body())
                kind, answered, request_id, body = raw.read()
                self.assertEqual((kind, answered, request_id), (c.RESPONSE, operation, 7))
                self.assertIsInstance(failure_of(body), c.UnknownOperation)
        self.alive(raw)
        client = self.connect()
        self.fails(c.UnknownOperation, client.start(0x7777, c.empty_body()).result)
        client.ping()

    def test_malformed_body_keeps_the_connection(self):
        d, n = bytes(4), b"\0\1n"
        none = b"\0"
        put = d + n + none + none + b"\1" + bytes(8)           # up to content_type
        keep = bytes(4)
        table = [                              # operation, body, the field that is named
            (c.PING, b"", "deadline"),
            (c.PING, b"\0\0\0", "deadline"),
            (c.PING, d + b"\0", None),
            (c.STATUS, d + b"\0", None),
            (c.GET, d, "name"),
            (c.GET, d + b"\0\5name", "name"),
            (c.GET, d + struct.pack(">H", 513) + b"n" * 513 + bytes(9), "name"),
            (c.GET, d + n + bytes(7), "version"),
            (c.GET, d + n + bytes(8) + b"\3", None),
            (c.GET, d + n + bytes(8) + b"\1" + bytes(7), None),
            (c.GET, c.get_body("n") + b"\0", None),
            (c.PUT, d + n + none + b"\2" + bytes(40), "idempotency_key"),
            (c.PUT, d + n + none + b"\1" + bytes(15), "bytes16"),
            (c.PUT, d + n + b"\2" + bytes(15), "bytes16"),
            (c.PUT, d + n + none + none + b"\2" + bytes(40), "activate"),
            (c.PUT, put[:-1], "expires"),
            (c.PUT, put + struct.pack(">H", 256) + b"t" * 256 + keep + bytes(4), "content_type"),
            (c.PUT, put + b"\0\1\xff" + keep + bytes(4), "content_type"),
            (c.PUT, put + b"\0\2\xc0\x80" + keep + bytes(4), "content_type"),
            (c.PUT, put + b"\0\3\xed\xa0\x80" + keep + bytes(4), "content_type"),
            (c.PUT, put + b"\0\4\xf4\x90\x80\x80" + keep + bytes(4), "content_type"),
            (c.PUT, put + b"\0\0" + b"\2" + bytes(7), "metadata"),
            (c.PUT, put + b"\0\0" + b"\1\0\x41" + b"\0\1k\0\0" * 65 + bytes(7), "metadata"),
            (c.PUT, put + b"\0\0" + b"\1\0\1" + b"\0\0\0\0" + bytes(7), "metadata.key"),
            (c.PUT, put + b"\0\0" + b"\1\0\1" + b"\0\x81" + b"k" * 129 + b"\0\0" + bytes(7),
             "metadata.key"),
            (c.PUT, put + b"\0\0" + b"\1\0\1" + b"\0\1k\2\1" + b"v" * 513 + bytes(7),
             "metadata.value"),
            (c.PUT, put + b"\0\0\0" + b"\1\0\x41" + b"\0\1t" * 65 + bytes(6), "tags"),
            (c.PUT, put + b"\0\0\0" + b"\1\0\1" + b"\0\0" + bytes(6), "tag"),
            (c.PUT, put + b"\0\0\0\0" + b"\2" + bytes(7), "keep_last"),
            (c.PUT, put + b"\0\0\0\0\0" + b"\2" + bytes(4), "delete_after"),
            (c.PUT, put + b"\0\0" + keep + struct.pack(">I", 5) + b"abcd", "value"),
            (c.PUT, c.put_body("n", b"v") + b"\0", None),
            (c.LIST, c.list_body("n", page_size=0), "page_size"),
            (c.LIST, c.list_body("n", page_size=1001), "page_size"),
            (c.LIST, d + n + none + b"\0\1" + bytes(4) + b"\2" + bytes(4), "include_deleted"),
            (c.LIST, d + n + b"\1" + bytes(15), "bytes16"),
            (c.LIST, c.list_body("n")[:-1], "credit"),
            (c.EXPORT, d + n, "credit"),
            (c.IMPORT, d + b"\2\0\0", "dry_run"),
            (c.IMPORT, d + b"\0\2\0", "create_only"),
            (c.WATCH, d + b"\2\0" + n + none + bytes(4), "exact"),
            (c.WATCH, d + b"\0\2" + n + none + bytes(4), "values"),
            (c.WATCH, d + b"\0\0" + n + b"\2" + bytes(4), "from"),
            (c.WATCH, d + b"\0\0" + n + b"\1" + bytes(15), "bytes16"),
            (c.WATCH, d + b"\0\0" + n + b"\1" + bytes(23), "revision"),
        ]
        raw = self.raw()
        for operation, body, field in table:
            with self.subTest(operation=hex(operation), body=body[:60]):
                raw.send(operation, 7, body)
                kind, answered, request_id, answer = raw.read()
                wanted = c.END if operation in c.STREAMS else c.RESPONSE
                self.assertEqual((kind, answered, request_id), (wanted, operation, 7))
                failure = failure_of(answer)
                self.assertIs(type(failure), c.Malformed, failure)
                self.assertEqual((failure.retry, failure.retry_after, failure.outcome), (0, 0, 0))
                if field:
                    self.assertTrue(failure.message.startswith(field + ":"), failure.message)
                self.alive(raw)


# ---------------------------------------------------------------------- the server itself

class ServerTests(Case):

    def test_ping(self):
        client = self.connect()
        first = client.ping()
        self.assertLess(abs(first - time.time() * 1000), 60_000)
        time.sleep(0.05)
        self.assertGreater(client.ping(), first)

    def test_status(self):
        client = self.connect()
        before = client.status()
        self.assertEqual(before["locked"], 0)
        self.assertIsInstance(before["version"], str)
        revision = client.put(self.name(), b"x").revision
        after = client.status()
        self.assertEqual(after["revision"], revision)
        self.assertEqual(after["secrets"], before["secrets"] + 1)
        for key in after:
            self.assertEqual(key, key.lower())

    def test_whoami(self):
        items = self.connect().whoami()
        self.assertIn("uid:%d" % os.geteuid(), items)
        self.assertTrue(all(":" in item for item in items), items)


# -------------------------------------------------------------------------- put and get

class AuditTests(Case):
    def test_the_audit_log_has_what_was_done(self):
        client = self.connect()
        client.put(b"audited/one", b"first value")
        client.put(b"audited/two", b"second value")
        client.delete(b"audited/two")
        changes = client.audit_search(name="audited/*", noun="secret", result=c.AUDIT_DONE)
        self.assertEqual([(e.action, e.name, e.version) for e in changes if e.revision], [
            ("put", b"audited/one", 1), ("put", b"audited/two", 1), ("delete", b"audited/two", 0)])
        self.assertTrue(all(e.tenant == "main" and e.who == "uid:%d" % os.geteuid() for e in changes))
        self.assertEqual([e.has_digest for e in changes if e.revision], [True, True, False])
        self.assertEqual([e.name for e in client.audit_search(value=b"second value")], [b"audited/two"])
        self.assertEqual(client.audit_search(value=b"third value"), [])
        client.get(b"audited/one")
        end = time.monotonic() + 10
        reads = []
        while not reads and time.monotonic() < end:
            reads = client.audit_search(name="audited/one", action="get")
            time.sleep(0.05)
        self.assertEqual((reads[0].version, reads[0].pid, reads[0].door), (1, os.getpid(), "socket"))
        verdict = client.audit_verify()
        self.assertEqual(verdict.findings, [])
        self.assertEqual(verdict.last - verdict.first + 1, verdict.records)
        self.assertIn("nothing to repair", client.audit_repair())


class ScrubTests(Case):
    def test_a_scrub_of_a_store_that_nobody_touched(self):
        client = self.connect()
        client.put(self.name(), b"value")
        before = client.status()
        state = client.scrub(1)
        end = time.monotonic() + 120
        while state.running:
            self.assertLessEqual(state.done, state.total)
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
            state = client.scrub()
        self.assertEqual(state.interval, 7 * 86_400_000)
        last = state.last
        self.assertEqual((last.failure, last.finding_count, last.findings), ("", 0, []))
        self.assertEqual(last.position.incarnation.hex(), before["incarnation"])
        self.assertGreaterEqual(last.position.revision, before["revision"])
        self.assertGreaterEqual(last.tables["secrets"], 1)
        # The head is the one record that is counted in no table.
        self.assertEqual(last.records, sum(last.tables.values()) + 1)
        self.assertLessEqual(last.began, last.finished)
        after = client.status()
        self.assertEqual((after["scrub-findings"], after["scrub-revision"], after["scrub-last"]),
                         (0, last.position.revision, last.finished))

    def test_where_none_runs_there_is_nothing_to_end(self):
        client = self.connect()
        self.assertFalse(client.scrub(2).running)

    def test_acts_that_there_are_not(self):
        raw = self.raw()
        for body in (b"\0\0\0\0\3", b"\0\0\0\0\xff", b"\0\0\0\0", b"\0\0\0\0\1\0"):
            raw.send(c.SCRUB, 9, body)
            kind, operation, answered, answer = raw.read()
            self.assertEqual((kind, operation, answered), (c.RESPONSE, c.SCRUB, 9))
            self.assertIs(type(failure_of(answer)), c.Malformed)
        self.alive(raw)


class ValueTests(Case):

    def test_values(self):
        client, reader = self.connect(), self.connect()
        for what, value in (("empty", b""), ("one", b"\0"), ("all-bytes", bytes(range(256)) * 5),
                            ("newline", b"a\r\n\0"), ("not-text", b"\xff\xfe\xc0\x80"),
                            ("long", os.urandom(1_048_575)), ("longest", os.urandom(1_048_576))):
            with self.subTest(what):
                name = self.name(what)
                written = client.put(name, value)
                self.assertEqual(written.version, 1)
                got = reader.get(name)
                self.assertEqual(len(got.value), len(value))
                self.assertTrue(got.value == value, "another value came back")
                self.assertEqual((got.version, got.revision), written)
                self.assertEqual((got.expires, got.content_type), (0, ""))
                self.assertEqual(client.info(name).versions[0].size, len(value))

    def test_too_long_value(self):
        client = self.connect()
        failure = self.fails(c.Malformed, client.put, self.name(), bytes(1_048_577))
        self.assertTrue(failure.message.startswith("value:"), failure.message)
        self.fails(c.NotFound, client.get, self.name())
        client.ping()

    def test_largest_put(self):
        """The longest name, all metadata and tags, the longest type, the largest value."""
        client = self.connect()
        name = self.longest()
        self.assertEqual(len(name), 512)
        pairs = [("%03d" % i + "k" * 125, "v" * 512) for i in range(64)]
        tags = ["%03d" % i + "t" * 125 for i in range(64)]
        value = os.urandom(1_048_576)
        client.put(name, value, Expect(0, client.incarnation), c.new_key(), True,
                   client.ping() + 3_600_000, "c" * 255, Settings(pairs, tags, 100, 3_600_000))
        got, info = client.get(name), client.info(name)
        self.assertTrue(got.value == value and got.content_type == "c" * 255)
        self.assertEqual((info.metadata, info.tags), (pairs, tags))
        self.assertEqual([e.name for p in client.list(name) for e in p.entries], [name.encode()])

    def test_everything_about_a_put(self):
        client = self.connect()
        name, expires = self.name(), client.ping() + 3_600_000
        settings = Settings([("owner", "payments"), ("note", ""), ("a", "é*\n")],
                            ["live", "pci", "a"], 20, 86_400_000)
        written = client.put(name, b"v", expires=expires, content_type="text/plain",
                             settings=settings)
        got = client.get(name)
        self.assertEqual(got, c.Secret(1, written.revision, expires, b"v", "text/plain"))
        info = client.info(name)
        self.assertEqual((info.active_version, info.latest_version, info.deleted), (1, 1, False))
        self.assertEqual(info.revision, written.revision)
        self.assertEqual((info.keep_last, info.delete_after), (20, 86_400_000))
        self.assertEqual(info.metadata, settings.metadata)     # the order is kept
        self.assertEqual(info.tags, settings.tags)
        self.assertLess(abs(info.created - client.ping()), 60_000)
        self.assertGreaterEqual(info.updated, info.created)
        self.assertEqual(len(info.versions), 1)
        version = info.versions[0]
        self.assertEqual((version.version, version.state, version.expires, version.size,
                          version.content_type), (1, c.LIVE, expires, 1, "text/plain"))
        self.assertEqual(version.created_by, "uid:%d" % os.geteuid())

    def test_defaults(self):
        client = self.connect()
        client.put(self.name(), b"v")
        info = client.info(self.name())
        self.assertEqual((info.keep_last, info.delete_after, info.metadata, info.tags),
                         (10, 0, [], []))
        self.assertEqual((info.versions[0].expires, info.versions[0].deleted), (0, 0))

    def test_revisions_go_up(self):
        client = self.connect()
        revisions = [client.put(self.name(str(i)), b"").revision for i in range(20)]
        self.assertEqual(revisions, sorted(set(revisions)))
        self.assertEqual(revisions[-1] - revisions[0], 19)
        self.assertEqual(self.connect().hello.position.revision, revisions[-1])

    def test_answered_change_is_seen_by_others(self):
        one, other = self.connect(), self.connect()
        for i in range(50):
            one.put(self.name(), b"%d" % i)
            self.assertEqual(other.get(self.name()).value, b"%d" % i)

    def test_missing(self):
        client = self.connect()
        name = self.name()
        for call in (client.get, client.info, client.delete, client.undelete, client.destroy):
            failure = self.fails(c.NotFound, call, name)
            self.assertEqual((failure.retry, failure.outcome), (0, 0))
        self.fails(c.NotFound, client.get, name, 1)
        self.fails(c.NotFound, client.activate, name, 1)
        self.fails(c.NotFound, client.update, name, Settings(keep_last=3))

    def test_unknown_version(self):
        client = self.connect()
        name = self.name()
        client.put(name, b"1")
        for version in (2, 99, 2**64 - 1):
            self.fails(c.VersionNotFound, client.get, name, version)
            self.fails(c.VersionNotFound, client.activate, name, version)
            self.fails(c.VersionNotFound, client.delete, name, version)
            self.fails(c.VersionNotFound, client.destroy, name, version)
        self.assertEqual(client.get(name, 1).value, b"1")

    def test_arguments_without_sense(self):
        client = self.connect()
        name = self.name()
        for what, options in (
                ("expired already", {"expires": client.ping() - 1000}),
                ("expires at 1", {"expires": 1}),
                ("keep none", {"settings": Settings(keep_last=0)}),
                ("keep 101", {"settings": Settings(keep_last=101)}),
                ("a key twice", {"settings": Settings(metadata=[("k", "1"), ("k", "2")])}),
                ("a tag twice", {"settings": Settings(tags=["t", "u", "t"])})):
            with self.subTest(what):
                self.fails(c.InvalidArgument, client.put, name, b"x", **options)
        self.fails(c.NotFound, client.info, name)
        client.put(name, b"x")
        self.fails(c.InvalidArgument, client.activate, name, 0)
        self.fails(c.InvalidArgument, client.update, name, Settings(keep_last=101))

    def test_expiry(self):
        client = self.connect()
        name = self.name()
        client.put(name, b"stays", content_type="a")
        client.put(name, b"goes", expires=client.ping() + 1500)
        self.assertEqual(client.get(name).value, b"goes")
        time.sleep(2)
        self.fails(c.Expired, client.get, name)
        self.fails(c.Expired, client.get, name, 2)
        self.fails(c.Expired, client.activate, name, 2)
        self.assertEqual([v.state for v in client.info(name).versions], [c.LIVE, c.EXPIRED])
        client.activate(name, 1)
        self.assertEqual(client.get(name).value, b"stays")

    def test_delete_after(self):
        client = self.connect()
        name = self.name()
        client.put(name, b"before")
        client.update(name, Settings(delete_after=1500))
        client.put(name, b"behind")
        versions = client.info(name).versions
        self.assertEqual(versions[0].deleted, 0, "only versions made from then on")
        self.assertEqual(versions[1].deleted, versions[1].created + 1500)
        self.assertEqual((versions[1].state, client.get(name).value), (c.LIVE, b"behind"))
        time.sleep(2)
        self.fails(c.Deleted, client.get, name, 2)
        self.assertEqual(client.info(name).versions[1].state, c.DELETED)
        self.assertEqual(client.get(name, 1).value, b"before")


# ------------------------------------------------------------------------------- names

GOOD_NAMES = [
    "a", " ", " a ", "a b/c d", "...", ".a", "a.", "..a", "a..", "é", "e\u0301", "A", "~", "%2F",
    "\\", "?", "[x]", "\u00a0", "\u200a", "\u2010", "\u2027", "\u202f", "\u205f", "\u2070",
    "\ufdcf", "\ufdf0", "\ufffd", "\U00010000", "\U0001fffd", "\U0010fffd", "x" * 255, "é" * 127,
]

BAD_NAMES = [
    b"", b"/", b"/a", b"a/", b"a//b", b".", b"..", b"a/.", b"./a", b"a/../b", b"a/..",
    b"*", b"a*b", b"a/*", b"x" * 256, "é".encode() * 128, b"a/" + b"x" * 256,
    b"\xff", b"a\x80", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xed\xbf\xbf",
    b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98",
] + [("a" + point + "b").encode() for point in (
    "\0", "\t", "\n", "\x1f", "\x7f", "\x80", "\x9f", "\u200b", "\u200d", "\u200f", "\u2028",
    "\u2029", "\u202a", "\u202e", "\u2060", "\u2066", "\u206f", "\ufeff", "\ufdd0", "\ufdef",
    "\ufffe", "\uffff", "\U0001fffe", "\U0001ffff", "\U000ffffe", "\U0010fffe", "\U0010ffff")]


class NameTests(Case):

    def test_good_names(self):
        client = self.connect()
        for i, last in enumerate(GOOD_NAMES):
            with self.subTest(ascii(last)):
                self.assertEqual(client.put(self.name(last), b"%d" % i).version, 1)
        for i, last in enumerate(GOOD_NAMES):
            self.assertEqual(client.get(self.name(last)).value, b"%d" % i)
        wanted = sorted(self.name(last).encode() for last in GOOD_NAMES)
        self.assertEqual(client.names(self.name("")), wanted)

    def test_bad_names(self):
        client = self.connect()
        for name in BAD_NAMES:
            with self.subTest(name[:40]):
                self.fails(c.InvalidName, client.put, name, b"x")
                self.fails(c.InvalidName, client.get, name)
                self.fails(c.InvalidName, client.info, name)
                self.fails(c.InvalidName, client.delete, name)
                self.fails(c.InvalidName, client.undelete, name)
                self.fails(c.InvalidName, client.destroy, name)
                self.fails(c.InvalidName, client.activate, name, 1)
                self.fails(c.InvalidName, client.update, name, Settings(keep_last=1))
                self.fails(c.InvalidName, client.watch, name, exact=True)
        client.ping()

    def test_bad_names_are_fine_prefixes(self):
        client = self.connect()
        for prefix in BAD_NAMES:
            client.names(prefix, limit=1)
            watch = client.watch(prefix)
            watch.cancel()
            self.assertIsInstance(watch.end(), c.Cancelled)

    def test_lengths(self):
        client = self.connect()
        longest = self.longest()
        client.put(longest, b"x")
        self.assertEqual(client.get(longest).value, b"x")
        self.fails(c.Malformed, client.put, longest + "b", b"x")
        self.fails(c.Malformed, client.get, longest + "b")
        client.names("p" * 512)
        with self.assertRaises(c.Malformed):
            client.names("p" * 513)


# ------------------------------------------------------------------ versions and states

class VersionTests(Case):

    def states(self, client, name):
        return [(v.version, v.state) for v in client.info(name).versions]

    def test_versions_and_activate(self):
        client = self.connect()
        name = self.name()
        written = [client.put(name, b"v%d" % i) for i in (1, 2, 3)]
        self.assertEqual([w.version for w in written], [1, 2, 3])
        self.assertEqual(client.get(name).value, b"v3")
        for w in written:
            got = client.get(name, w.version)
            self.assertEqual((got.value, got.revision), (b"v%d" % w.version, w.revision))
        revision = client.activate(name, 1)
        self.assertEqual(revision, written[-1].revision + 1)
        got = client.get(name)
        self.assertEqual((got.version, got.value, got.revision), (1, b"v1", written[0].revision))
        info = client.info(name)
        self.assertEqual((info.active_version, info.latest_version), (1, 3))
        self.assertEqual(info.revision, revision)
        self.assertEqual(client.activate(name, 1), revision, "nothing was changed")

    def test_put_without_activate(self):
        client = self.connect()
        name = self.name()
        client.put(name, b"first")
        self.assertEqual(client.put(name, b"second", activate=False).version, 2)
        self.assertEqual(client.get(name).value, b"first")
        self.assertEqual(client.get(name, 2).value, b"second")
        other = self.name("never-active")
        client.put(other, b"x", activate=False)
        self.fails(c.VersionNotFound, client.get, other)
        self.assertEqual(client.info(other).active_version, 0)
        client.activate(other, 1)
        self.assertEqual(client.get(other).value, b"x")

    def test_delete_and_undelete_a_name(self):
        client = self.connect()
        name = self.name()
        client.put(name, b"1", settings=Settings(tags=["kept"]))
        last = client.put(name, b"2")
        revision = client.delete(name)
        self.assertEqual(revision, last.revision + 1)
        self.fails(c.Deleted, client.get, name)
        self.fails(c.Deleted, client.get, name, 1)
        self.fails(c.Deleted, client.update, name, Settings(keep_last=5))
        self.fails(c.Deleted, client.delete, name, 1)
        info = client.info(name)
        self.assertTrue(info.deleted)
        self.assertEqual((info.latest_version, info.tags), (2, ["kept"]))
        self.assertEqual(client.delete(name), revision, "nothing was changed")
        self.assertEqual(client.undelete(name), revision + 1)
        self.assertEqual((client.get(name).value, client.get(name, 1).value), (b"2", b"1"))
        self.assertFalse(client.info(name).deleted)

    def test_put_revives_a_deleted_name(self):
        client = self.connect()
        name = self.name()
        client.put(name, b"1", settings=Settings(tags=["kept"]))
        client.delete(name)
        self.assertEqual(client.put(name, b"2").version, 2)
        self.assertEqual(client.get(name).value, b"2")
        self.fails(c.Deleted, client.get, name, 1)
        self.assertEqual(self.states(client, name), [(1, c.DELETED), (2, c.LIVE)])
        self.assertEqual(client.info(name).tags, ["kept"])
        client.undelete(name, 1)
        self.assertEqual(client.get(name, 1).value, b"1")
        self.assertEqual(client.get(name).value, b"2")

    def test_delete_and_undelete_a_version(self):
        client = self.connect()
        name = self.name()
        client.put(name, b"1")
        client.put(name, b"2")
        client.delete(name, 1)
        self.fails(c.Deleted, client.get, name, 1)
        self.fails(c.Deleted, client.activate, name, 1)
        self.assertEqual(client.get(name).value, b"2")
        info = client.info(name)
        self.assertFalse(info.deleted)
        self.assertEqual(self.states(client, name), [(1, c.DELETED), (2, c.LIVE)])
        self.assertNotEqual(info.versions[0].deleted, 0)
        client.undelete(name, 1)
        self.assertEqual(client.get(name, 1).value, b"1")
        self.assertEqual(self.states(client, name), [(1, c.LIVE), (2, c.LIVE)])

    def test_destroy_a_version(self):
        client = self.connect()
        name = self.name()
        for i in (1, 2, 3):
            client.put(name, b"%d" % i)
        client.destroy(name, 1)
        self.fails(c.VersionNotFound, client.get, name, 1)
        self.fails(c.VersionNotFound, client.activate, name, 1)
        info = client.info(name)
        self.assertEqual(self.states(client, name),
                         [(1, c.DESTROYED), (2, c.LIVE), (3, c.LIVE)])
        self.assertEqual(info.versions[0].size, 0)
        client.destroy(name, 3)                # the active one
        self.fails(c.VersionNotFound, client.get, name)
        self.assertEqual(client.info(name).active_version, 0)
        self.assertEqual(client.get(name, 2).value, b"2")
        self.assertEqual(client.put(name, b"4").version, 4)

    def test_destroy_a_name(self):
        client = self.connect()
        name = self.name()
        client.put(name, b"1", settings=Settings([("k", "v")], ["t"], 33, 86_400_000))
        client.put(name, b"2")
        client.destroy(name)
        for call in (client.get, client.info, client.undelete):
            self.fails(c.NotFound, call, name)
        self.assertEqual(client.names(name, include_deleted=True), [])
        self.assertEqual(client.put(name, b"3").version, 3, "numbers never repeat")
        info = client.info(name)
        self.assertEqual((info.keep_last, info.delete_after, info.metadata, info.tags),
                         (10, 0, [], []))
        self.fails(c.VersionNotFound, client.get, name, 2)

    def test_destroy_a_deleted_name(self):
        client = self.connect()
        name = self.name()
        client.put(name, b"1")
        client.delete(name)
        client.destroy(name)
        self.fails(c.NotFound, client.get, name)
        self.fails(c.NotFound, client.undelete, name)

    def test_keep_last(self):
        client = self.connect()
        name = self.name()
        client.put(name, b"1", settings=Settings(keep_last=3))
        for i in range(2, 7):
            client.put(name, b"%d" % i)
        self.assertEqual(self.states(client, name),
                         [(1, c.DESTROYED), (2, c.DESTROYED), (3, c.DESTROYED),
                          (4, c.LIVE), (5, c.LIVE), (6, c.LIVE)])
        self.fails(c.VersionNotFound, client.get, name, 3)
        self.assertEqual(client.get(name, 4).value, b"4")

    def test_keep_last_spares_the_active_version(self):
        client = self.connect()
        name = self.name()
        client.put(name, b"active", settings=Settings(keep_last=2))
        for i in range(2, 7):
            client.put(name, b"%d" % i, activate=False)
        self.assertEqual(client.get(name).value, b"active")
        self.assertEqual(client.get(name, 6).value, b"6")
        self.fails(c.VersionNotFound, client.get, name, 3)

    def test_update(self):
        client = self.connect()
        name = self.name()
        client.put(name, b"1", settings=Settings([("a", "1")], ["t"], 20, 5_000_000))
        revision = client.update(name, Settings(tags=["u", "v"]))
        info = client.info(name)
        self.assertEqual((info.metadata, info.tags, info.keep_last, info.delete_after),
                         ([("a", "1")], ["u", "v"], 20, 5_000_000))
        self.assertEqual((info.latest_version, info.revision), (1, revision))
        client.update(name, Settings(metadata=[], tags=[], delete_after=0))
        info = client.info(name)
        self.assertEqual((info.metadata, info.tags, info.keep_last, info.delete_after),
                         ([], [], 20, 0))
        before = client.status()["revision"]
        self.assertEqual(client.update(name, Settings(keep_last=20)), before)
        self.assertEqual(client.update(name, Settings()), before)
        self.assertEqual(client.status()["revision"], before)


# --------------------------------------------------------------------- compare-and-set

class ExpectationTests(Case):

    def test_put(self):
        client = self.connect()
        name, here = self.name(), client.incarnation
        self.fails(c.Conflict, client.put, name, b"x", Expect(1))
        self.assertEqual(client.put(name, b"1", Expect(0)).version, 1)
        failure = self.fails(c.Conflict, client.put, name, b"x", Expect(0))
        self.assertEqual((failure.retry, failure.outcome), (0, 0))
        self.fails(c.Conflict, client.put, name, b"x", Expect(0, here))
        self.assertEqual(client.put(name, b"2", Expect(1)).version, 2)
        self.assertEqual(client.put(name, b"3", Expect(2, here)).version, 3)
        self.fails(c.Conflict, client.put, name, b"x", Expect(2, here))
        self.fails(c.Resync, client.put, name, b"x", Expect(3, OTHER))
        client.activate(name, 1)               # the latest counts, not the active one
        self.fails(c.Conflict, client.put, name, b"x", Expect(1))
        self.assertEqual(client.put(name, b"4", Expect(3)).version, 4)
        self.assertEqual(client.info(name).latest_version, 4)

    def test_deleted_and_destroyed_count_as_0(self):
        client = self.connect()
        name = self.name()
        client.put(name, b"1")
        client.delete(name)
        self.fails(c.Conflict, client.put, name, b"x", Expect(1))
        self.assertEqual(client.put(name, b"2", Expect(0)).version, 2)
        client.destroy(name)
        self.fails(c.Conflict, client.put, name, b"x", Expect(2))
        self.assertEqual(client.put(name, b"3", Expect(0)).version, 3)

    def test_other_changes(self):
        client = self.connect()
        name, here = self.name(), client.incarnation
        client.put(name, b"1")
        client.put(name, b"2")
        wrong = (Expect(1), Expect(1, here), Expect(0))
        for expected in wrong:
            self.fails(c.Conflict, client.update, name, Settings(keep_last=5), expected)
            self.fails(c.Conflict, client.delete, name, 0, expected)
            self.fails(c.Conflict, client.destroy, name, 0, expected)
            self.fails(c.Conflict, client.activate, name, 1, expected)
        for call in (client.delete, client.destroy):
            self.fails(c.Resync, call, name, 0, Expect(2, OTHER))
        self.fails(c.Resync, client.activate, name, 1, Expect(2, OTHER))
        self.fails(c.Resync, client.update, name, Settings(keep_last=5), Expect(2, OTHER))
        client.update(name, Settings(keep_last=5), Expect(2))
        client.activate(name, 1, Expect(2, here))
        self.fails(c.Conflict, client.activate, name, 2, Expect(2))
        client.activate(name, 2, Expect(1))
        client.delete(name, 0, Expect(2, here))
        for expected in wrong:                 # the latest, deleted or not
            self.fails(c.Conflict, client.undelete, name, 0, expected)
        client.undelete(name, 0, Expect(2))
        self.assertEqual(client.get(name).value, b"2")
        client.delete(name)
        client.destroy(name, 0, Expect(2))
        self.fails(c.NotFound, client.get, name)

    def test_activate_expecting_none(self):
        client = self.connect()
        name = self.name()
        client.put(name, b"1", activate=False)
        self.fails(c.Conflict, client.activate, name, 1, Expect(1))
        client.activate(name, 1, Expect(0))
        self.assertEqual(client.get(name).value, b"1")

    def test_get_unless(self):
        client = self.connect()
        name, here = self.name(), client.incarnation
        client.put(name, b"1")
        client.put(name, b"2")
        self.fails(c.NotModified, client.get, name, unless=Expect(2))
        self.fails(c.NotModified, client.get, name, unless=Expect(2, here))
        self.fails(c.NotModified, client.get, name, 1, unless=Expect(1))
        self.fails(c.Resync, client.get, name, unless=Expect(2, OTHER))
        self.assertEqual(client.get(name, unless=Expect(1)).value, b"2")
        self.assertEqual(client.get(name, unless=Expect(0, here)).value, b"2")
        self.assertEqual(client.get(name, 1, unless=Expect(2)).value, b"1")

    def test_one_of_many_wins(self):
        clients = [self.connect() for _ in range(8)]
        results = [None] * 8
        gate = threading.Barrier(8)

        def run(i):
            gate.wait()
            try:
                results[i] = clients[i].put(self.name(), b"%d" % i, Expect(0))
            except c.Conflict as failure:
                results[i] = failure

        threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        winners = [i for i, r in enumerate(results) if isinstance(r, c.Written)]
        losers = [r for r in results if isinstance(r, c.Conflict)]
        self.assertEqual((len(winners), len(losers)), (1, 7))
        self.assertEqual(clients[0].get(self.name()).value, b"%d" % winners[0])


class IdempotencyTests(Case):

    def test_put_twice(self):
        client, key = self.connect(), c.new_key()
        name = self.name()
        first = client.put(name, b"once", key=key)
        self.assertEqual(client.put(name, b"once", key=key), first)
        client.put(name, b"in between")
        self.assertEqual(self.connect().put(name, b"once", key=key), first)
        self.assertEqual(client.info(name).latest_version, 2)
        self.assertEqual(client.get(name).value, b"in between")

    def test_put_twice_with_expectation(self):
        """The second one would be a conflict if it were carried out."""
        client, key = self.connect(), c.new_key()
        first = client.put(self.name(), b"once", Expect(0), key)
        self.assertEqual(client.put(self.name(), b"once", Expect(0), key), first)

    def test_put_twice_at_once(self):
        client, key = self.connect(), c.new_key()
        body = c.put_body(self.name(), b"once", key=key)
        requests = [client.start(c.PUT, body) for _ in range(20)]
        self.assertEqual({r.result() for r in requests}, {requests[0].result()})
        self.assertEqual(client.info(self.name()).latest_version, 1)

    def test_same_key_with_another_request(self):
        client, key = self.connect(), c.new_key()
        name = self.name()
        client.put(name, b"once", key=key)
        self.fails(c.Conflict, client.put, name, b"other", key=key)
        self.fails(c.Conflict, client.put, self.name("y"), b"once", key=key)
        self.fails(c.Conflict, client.delete, name, key=key)
        self.assertEqual((client.get(name).value, client.info(name).latest_version), (b"once", 1))

    def test_failures_are_not_remembered(self):
        client, key = self.connect(), c.new_key()
        name = self.name()
        self.fails(c.Conflict, client.put, name, b"x", Expect(1), key)
        client.put(name, b"1")
        self.assertEqual(client.put(name, b"x", Expect(1), key).version, 2)

    def test_other_changes(self):
        client = self.connect()
        name = self.name()
        client.put(name, b"1")
        client.put(name, b"2")
        keys = [c.new_key() for _ in range(5)]
        first = client.activate(name, 1, key=keys[0])
        client.activate(name, 2)
        self.assertEqual(client.activate(name, 1, key=keys[0]), first)
        self.assertEqual(client.get(name).value, b"2", "it was carried out again")
        first = client.update(name, Settings(tags=["t"]), key=keys[1])
        client.update(name, Settings(tags=[]))
        self.assertEqual(client.update(name, Settings(tags=["t"]), key=keys[1]), first)
        self.assertEqual(client.info(name).tags, [], "it was carried out again")
        first = client.delete(name, key=keys[2])
        second = client.undelete(name, key=keys[3])
        self.assertEqual(client.delete(name, key=keys[2]), first)
        self.assertEqual(client.get(name).value, b"2", "it was carried out again")
        client.delete(name)
        self.assertEqual(client.undelete(name, key=keys[3]), second)
        self.fails(c.Deleted, client.get, name)
        first = client.destroy(name, key=keys[4])
        client.put(name, b"3")
        self.assertEqual(client.destroy(name, key=keys[4]), first)
        self.assertEqual(client.get(name).value, b"3", "it was carried out again")


# -------------------------------------------------------------------------- pipelining

class PipelineTests(Case):

    def test_200_requests(self):
        client = self.connect()
        for i in range(50):
            client.put(self.name(str(i)), b"value %d" % i)
        requests = []
        for i in range(50):
            name = self.name(str(i))
            requests += [(i, "get", client.start(c.GET, c.get_body(name))),
                         (i, "info", client.start(c.INFO, c.info_body(name))),
                         (i, "absent", client.start(c.GET, c.get_body(name + "-absent"))),
                         (i, "ping", client.start(c.PING, c.empty_body()))]
        self.assertEqual(len(requests), 200)
        for i, what, request in reversed(requests):
            if what == "get":
                self.assertEqual(request.result().value, b"value %d" % i)
            elif what == "info":
                self.assertEqual(request.result().versions[0].size, len(b"value %d" % i))
            elif what == "absent":
                self.fails(c.NotFound, request.result)
            else:
                self.assertGreater(request.result(), 0)

    def test_200_requests_in_one_write(self):
        raw = self.raw()
        ids = list(range(200, 0, -1))
        raw.bytes(b"".join(c.frame(c.REQUEST, c.PUT, i, c.put_body(self.name(str(i)), b"%d" % i))
                           for i in ids))
        revisions = {}
        for _ in ids:
            kind, operation, request_id, body = raw.read()
            self.assertEqual((kind, operation), (c.RESPONSE, c.PUT))
            r = c.Reader(body)
            self.assertEqual((r.u16(), r.u64()), (0, 1))
            self.assertNotIn(request_id, revisions)
            revisions[request_id] = r.u64()
            r.done()
        self.assertEqual(sorted(revisions), sorted(ids))
        # Changes of one connection are carried out in the order in which they were sent.
        self.assertEqual(sorted(ids, key=revisions.get), ids)
        client = self.connect()
        for i in ids:
            self.assertEqual(client.get(self.name(str(i))).value, b"%d" % i)

    def test_gets_of_all_kinds_in_one_write(self):
        """Plain ones are looked at ahead, in groups: others among them change nothing about anybody's answer."""
        client = self.connect()
        for i in range(40):
            client.put(self.name(str(i)), b"value %d" % i * (i * 50))
        client.put(self.name("3"), b"newer")
        raw = self.raw()
        kinds = [
            lambda i: (c.get_body(self.name(str(i))), 0, b"newer" if i == 3 else b"value %d" % i * (i * 50)),
            lambda i: (c.get_body(self.name(str(i)), version=1), 0, b"value %d" % i * (i * 50)),
            lambda i: (c.get_body(self.name(str(i)), version=9), c.VersionNotFound.number, None),
            lambda i: (c.get_body(self.name("absent-%d" % i)), c.NotFound.number, None),
            lambda i: (c.get_body(self.name(str(i)) + "/"), c.InvalidName.number, None),
            lambda i: (c.get_body(self.name(str(i)), deadline=60_000), 0, b"newer" if i == 3 else b"value %d" % i * (i * 50)),
            lambda i: (c.get_body(self.name(str(i)))[:-1], c.Malformed.number, None),
        ]
        for weights in ([1, 0, 0, 0, 0, 0, 0], [40, 1, 1, 1, 1, 1, 1], [1] * 7):
            expected, frames = {}, b""
            for request in range(1, 201):
                body, error, value = random.choices(kinds, weights)[0](random.randrange(40))
                expected[request] = error, value
                frames += c.frame(c.REQUEST, c.GET, request, body)
            # Also with an end in the middle of a frame.
            cut = random.randrange(len(frames))
            raw.bytes(frames[:cut])
            time.sleep(0.02)
            raw.bytes(frames[cut:])
            for _ in range(200):
                kind, operation, request, body = raw.read()
                self.assertEqual((kind, operation), (c.RESPONSE, c.GET))
                error, value = expected.pop(request)
                r = c.Reader(body)
                self.assertEqual(r.u16(), error)
                if value is not None:
                    self.assertEqual(body[31:31 + len(value)], value)
            self.assertEqual(expected, {})
        self.alive(raw)

    def test_an_id_that_is_not_finished_is_not_taken_twice_among_gets(self):
        self.connect().put(self.name(), b"1")
        raw = self.raw()
        # The second one waits for the list of names; the last one has its id.
        names = [self.name(), self.name("absent"), self.name()]
        raw.bytes(b"".join(c.frame(c.REQUEST, c.GET, i, c.get_body(n)) for i, n in zip([1, 2, 2], names)))
        answers = []
        while not answers or answers[-1][0] != c.END:
            answers.append(raw.read())
        self.assertEqual([(kind, request) for kind, _, request, _ in answers], [(c.RESPONSE, 1), (c.END, 0)])

    def test_changes_of_one_name_keep_their_order(self):
        client = self.connect()
        requests = [client.start(c.PUT, c.put_body(self.name(), b"%d" % i)) for i in range(200)]
        written = [r.result() for r in requests]
        self.assertEqual([w.version for w in written], list(range(1, 201)))
        self.assertEqual(client.get(self.name()).value, b"199")

    def test_more_than_may_be_in_flight(self):
        raw = self.raw()
        raw.bytes(b"".join(c.frame(c.REQUEST, c.PING, i, c.empty_body()) for i in range(1, 1001)))
        answered = [raw.read()[2] for _ in range(1000)]
        self.assertEqual(sorted(answered), list(range(1, 1001)))

    def test_much_output_read_late(self):
        value = os.urandom(1_048_576)
        self.connect().put(self.name(), value)
        raw = self.raw(timeout=60)
        raw.bytes(b"".join(c.frame(c.REQUEST, c.GET, i, c.get_body(self.name()))
                           for i in range(1, 21)))
        time.sleep(1)
        answered = set()
        for _ in range(20):
            kind, operation, request_id, body = raw.read()
            self.assertEqual((kind, operation, body[:2]), (c.RESPONSE, c.GET, b"\0\0"))
            self.assertTrue(body[31:] == value, "another value")
            answered.add(request_id)
        self.assertEqual(answered, set(range(1, 21)))
        self.alive(raw)


# -------------------------------------------------------------------------------- list

class ListTests(Case):
    space_2500 = RUN + "/list-2500"

    @classmethod
    def setUpClass(cls):
        odd = ["-", "0", "A", "a", "a-", "a0", "a/b", "a/b/c", "a b", "~", "é", "e\u0301", "\u4e2d",
               "\U0001f511", "z/" + "s" * 255]
        names = odd + ["n%04d/%s" % (i, "x" * (i % 7)) if i % 7 else "n%04d" % i
                       for i in range(2500 - len(odd))]
        cls.all = sorted(("%s/%s" % (cls.space_2500, n)).encode() for n in names)
        assert len(set(cls.all)) == 2500
        shuffled = list(cls.all)
        random.Random(7).shuffle(shuffled)
        with Client.connect(path(), trusted=TRUSTED) as client:
            requests = [client.start(c.PUT, c.put_body(n, n[-3:])) for n in shuffled]
            cls.revision = max(r.result().revision for r in requests)

    @property
    def prefix(self):
        return self.space_2500 + "/"

    def test_all_in_order(self):
        client = self.connect()
        for page_size in (1000, 999, 7):
            with self.subTest(page_size=page_size):
                stream = client.list(self.prefix, page_size=page_size)
                names, revisions = [], []
                for page in stream:
                    self.assertTrue(1 <= len(page.entries) <= page_size)
                    self.assertFalse(any(e.deleted for e in page.entries))
                    names += [e.name for e in page.entries]
                    revisions.append(page.revision)
                self.assertEqual(len(names), 2500)
                self.assertEqual(names, self.all)
                self.assertGreaterEqual(revisions[0], self.revision)
                self.assertEqual(revisions, sorted(revisions))
                self.assertEqual(stream.end, c.ListEnd(revisions[-1], False))

    def test_everything_contains_these(self):
        names = self.connect().names(b"")
        self.assertEqual(names, sorted(set(names)))
        self.assertEqual([n for n in names if n.startswith(self.prefix.encode())], self.all)

    def test_prefixes_are_bytes(self):
        client = self.connect()
        start = self.prefix.encode()
        for last in (b"n1", b"n12", b"n0007/", b"n0007", b"a", b"a/", b"a/b", b"\xc3", b"\xe4\xb8",
                     b"e", b"z/ssss", b"n9999", b"N"):
            with self.subTest(last):
                wanted = [n for n in self.all if n.startswith(start + last)]
                self.assertEqual(client.names(start + last, page_size=100), wanted)
        self.assertEqual(client.names(self.space_2500.encode() + b"0"), [])

    def test_limit_and_cursor(self):
        client = self.connect()
        names, cursor, rounds = [], None, 0
        while True:
            stream = client.list(self.prefix, cursor=cursor, limit=600, page_size=250)
            got = [e.name for page in stream for e in page.entries]
            self.assertLessEqual(len(got), 600)
            names += got
            rounds += 1
            if not stream.end.more:
                break
            self.assertEqual(len(got), 600)
            cursor = (client.incarnation, got[-1])
        self.assertEqual((rounds, names), (5, self.all))
        exact = client.list(self.prefix, limit=2500)
        self.assertEqual(sum(len(p.entries) for p in exact), 2500)
        self.assertFalse(exact.end.more, "the limit cut nothing")
        one_less = client.list(self.prefix, limit=2499)
        self.assertEqual(sum(len(p.entries) for p in one_less), 2499)
        self.assertTrue(one_less.end.more)

    def test_cursor_lies_anywhere(self):
        client = self.connect()
        here = client.incarnation
        self.assertEqual(client.names(self.prefix, cursor=(here, b"")), self.all)
        self.assertEqual(client.names(self.prefix, cursor=(here, b"\xff")), [])
        after = self.prefix.encode() + b"n1"   # no name
        self.assertEqual(client.names(self.prefix, cursor=(here, after)),
                         [n for n in self.all if n > after])
        with self.assertRaises(c.Resync):
            client.names(self.prefix, cursor=(OTHER, self.all[0]))

    def test_credit(self):
        client = self.connect()
        stream = client.list(self.prefix, page_size=100, credit=0, refill=False)
        with self.assertRaises(TimeoutError):
            stream.request.next(0.5)
        names = []
        for credit in (1, 3):
            stream.give_credit(credit)
            for _ in range(credit):
                names += [e.name for e in stream.request.next().entries]
            with self.assertRaises(TimeoutError):
                stream.request.next(0.5)
        self.assertTrue(0 < len(names) <= 400)
        stream.give_credit(2500)
        names += [e.name for page in stream for e in page.entries]
        self.assertEqual(names, self.all)

    def test_nothing_needs_no_credit(self):
        client = self.connect()
        request = client.start(c.LIST, c.list_body(self.name("absent"), credit=0), 0)
        end = request.result(10)
        self.assertFalse(end.more)
        self.assertIsNone(request.next(1))

    def test_deleted_names(self):
        client = self.connect()
        for last in "abc":
            client.put(self.name(last), b"x")
        client.delete(self.name("b"))
        client.delete(self.name("c"), 1)       # a version only: the name is there
        a, b, d = [self.name(last).encode() for last in "abc"]
        self.assertEqual(client.names(self.name("")), [a, d])
        entries = [e for p in client.list(self.name(""), include_deleted=True) for e in p.entries]
        self.assertEqual(entries, [(a, False), (b, True), (d, False)])

    def test_cancel(self):
        client = self.connect()
        stream = client.list(self.prefix, page_size=1, credit=1, refill=False)
        stream.request.next()
        stream.cancel()
        failure = stream.request.failure(10)
        self.assertIs(type(failure), c.Cancelled)
        self.assertEqual(failure.outcome, 0)
        client.ping()


# ---------------------------------------------------------------------- export, import

class TransferTests(Case):

    def test_export(self):
        client = self.connect()
        expires = client.ping() + 3_600_000
        client.put(self.name("a"), b"A", content_type="t", expires=expires,
                   settings=Settings([("k", "v")], ["x"], 20, 86_400_000))
        client.put(self.name("b"), b"old")
        client.put(self.name("b"), b"")
        client.put(self.name("deleted"), b"x")
        client.delete(self.name("deleted"))
        client.put(self.name("inactive"), b"x", activate=False)
        stream = client.export(self.name(""))
        entries = [e for chunk in stream for e in chunk]
        self.assertEqual(entries, [
            Entry(self.name("a").encode(), b"A", "t", expires,
                  Settings([("k", "v")], ["x"], 20, 86_400_000), 1),
            Entry(self.name("b").encode(), b"", "", 0, Settings([], [], 10, 0), 2)])
        self.assertEqual(stream.end.count, 2)
        self.assertGreater(stream.end.revision, 0)

    def test_export_of_nothing(self):
        client = self.connect()
        stream = client.export(self.name("absent"), credit=0)
        self.assertEqual(list(stream), [])
        self.assertEqual(stream.end.count, 0)
        self.assertEqual(stream.end.revision, client.status()["revision"])

    def test_large_values_both_ways(self):
        client = self.connect()
        wanted = [Entry(self.name(str(i)).encode(), os.urandom(size)) for i, size in
                  enumerate((1_048_576, 700_000, 700_000, 0, 5))]
        end, items = client.import_entries(wanted)
        self.assertEqual((end.created, end.changed, end.unchanged), (5, 0, 0))
        self.assertEqual(items, [(c.CREATED, 1)] * 5)
        got = [e for chunk in client.export(self.name(""), credit=1) for e in chunk]
        self.assertEqual([e.name for e in got], [e.name for e in wanted])
        self.assertTrue(all(a.value == b.value for a, b in zip(got, wanted)))

    def test_export_credit(self):
        client = self.connect()
        for i in range(3):
            client.put(self.name(str(i)), bytes(1_048_576))    # one for each frame
        stream = client.export(self.name(""), credit=1, refill=False)
        self.assertEqual(len(stream.request.next()), 1)
        with self.assertRaises(TimeoutError):
            stream.request.next(0.5)
        stream.give_credit(2)
        self.assertEqual(len(list(stream)), 2)
        self.assertEqual(stream.end.count, 3)

    def test_import(self):
        client = self.connect()
        client.put(self.name("same"), b"same")
        before = client.put(self.name("other"), b"old").revision
        entries = [Entry(self.name("new"), b"new", "text/plain", 0, Settings(tags=["t"])),
                   Entry(self.name("other"), b"changed"),
                   Entry(self.name("same"), b"same")]
        end, items = client.import_entries(entries, dry_run=True)
        self.assertEqual(end, (before, 1, 1, 1))
        self.assertEqual(items, [(c.CREATED, 0), (c.CHANGED, 0), (c.UNCHANGED, 1)])
        self.fails(c.NotFound, client.get, self.name("new"))
        end, items = client.import_entries(entries)
        self.assertEqual(end, (before + 1, 1, 1, 1))
        self.assertEqual(items, [(c.CREATED, 1), (c.CHANGED, 2), (c.UNCHANGED, 1)])
        got = client.get(self.name("new"))
        self.assertEqual(got, c.Secret(1, before + 1, 0, b"new", "text/plain"))
        self.assertEqual(client.info(self.name("new")).tags, ["t"])
        self.assertEqual(client.get(self.name("other")).value, b"changed")
        end, items = client.import_entries(entries)
        self.assertEqual(end, (before + 1, 0, 0, 3), "nothing was changed")
        self.assertEqual(items, [(c.UNCHANGED, 1), (c.UNCHANGED, 2), (c.UNCHANGED, 1)])

    def test_import_is_all_or_nothing(self):
        client = self.connect()
        bad = self.name("bad*name")
        failure = self.fails(c.InvalidName, client.import_entries,
                             [Entry(self.name("good"), b"x"), Entry(bad, b"y")])
        self.assertTrue(failure.message.startswith("entry 2"), failure.message)
        self.assertEqual(failure.outcome, 0)
        self.fails(c.InvalidArgument, client.import_entries,
                   [Entry(self.name("good"), b"x"),
                    Entry(self.name("old"), b"y", expires=client.ping() - 5000)])
        self.fails(c.NotFound, client.get, self.name("good"))

    def test_import_create_only(self):
        client = self.connect()
        client.put(self.name("there"), b"x")
        entries = [Entry(self.name("new"), b"1"), Entry(self.name("there"), b"2")]
        self.fails(c.Conflict, client.import_entries, entries, create_only=True)
        self.fails(c.NotFound, client.get, self.name("new"))
        client.delete(self.name("there"))      # no live version any more
        end, _ = client.import_entries(entries, create_only=True)
        self.assertEqual(client.get(self.name("there")).value, b"2")

    def test_import_with_a_wrong_count(self):
        client = self.connect()
        for wrong in (0, 2, 2**64 - 1):
            self.fails(c.InvalidArgument, client.import_entries,
                       [Entry(self.name(), b"x")], announce=wrong)
        self.fails(c.NotFound, client.get, self.name())

    def test_import_of_nothing(self):
        client = self.connect()
        end, items = client.import_entries([])
        self.assertEqual((tuple(end)[1:], items), ((0, 0, 0), []))
        self.assertEqual(end.revision, client.status()["revision"])

    def test_import_name_twice(self):
        client = self.connect()
        end, items = client.import_entries([Entry(self.name(), b"1"), Entry(self.name(), b"2")])
        self.assertEqual([item.version for item in items], [1, 2])
        self.assertEqual(client.get(self.name()).value, b"2")

    def test_import_twice_with_a_key(self):
        client, key = self.connect(), c.new_key()
        entries = [Entry(self.name(), b"1")]
        first = client.import_entries(entries, key=key)
        client.put(self.name(), b"2")
        self.assertEqual(client.import_entries(entries, key=key), first)
        self.assertEqual(client.get(self.name()).value, b"2")
        self.fails(c.Conflict, client.import_entries, [Entry(self.name(), b"9")], key=key)

    def test_import_of_many(self):
        client = self.connect()
        entries = [Entry(self.name("%05d" % i), b"%d" % i) for i in range(2500)]
        end, items = client.import_entries(entries)
        self.assertEqual((end.created, len(items)), (2500, 2500))
        self.assertEqual(len(client.names(self.name(""))), 2500)

    def test_import_with_a_malformed_chunk(self):
        name = self.name()
        for what, body in (("no entries", b"\0\0"), ("cut", c.entries_body(
                [c.entry_bytes(Entry(name, b"x"))])[:-1]), ("junk", b"junk")):
            with self.subTest(what):
                raw = self.raw()
                raw.send(c.IMPORT, 9, c.import_body())
                self.assertEqual(raw.read()[:3], (c.CREDIT, c.IMPORT, 9))
                raw.send(c.IMPORT, 9, body, kind=c.CHUNK)
                while True:
                    kind, operation, request_id, answer = raw.read()
                    if kind != c.CREDIT:
                        break
                self.assertEqual((kind, operation, request_id), (c.END, c.IMPORT, 9))
                self.assertIsInstance(failure_of(answer), c.Malformed)
                self.alive(raw)

    def test_cancelled_import(self):
        client = self.connect()
        request = client.start(c.IMPORT, c.import_body())
        self.assertTrue(request.wait_credit(10))
        entry = c.entry_bytes(Entry(self.name(), b"x"))
        client._send(c.frame(c.CHUNK, c.IMPORT, request.id, c.entries_body([entry])))
        request.cancel()
        failure = request.failure(10)
        self.assertIs(type(failure), c.Cancelled)
        self.assertEqual(failure.outcome, 0)
        self.fails(c.NotFound, client.get, self.name())


# ------------------------------------------------------------------------------- watch

PUT, ACTIVATE, DELETE, UNDELETE, DESTROY, UPDATE = range(1, 7)


class WatchTests(Case):

    def test_order_and_revisions(self):
        watcher, client = self.connect(), self.connect()
        name, encoded = self.name(), self.name().encode()
        watch = watcher.watch(self.name(""))
        self.assertEqual(watch.position.incarnation, client.incarnation)
        wanted = []

        def did(operation, version, revision):
            wanted.append((revision, 0, True, operation, version, encoded, None))

        for version in (1, 2):
            did(PUT, version, client.put(name, b"v%d" % version).revision)
        did(ACTIVATE, 1, client.activate(name, 1))
        did(DELETE, 2, client.delete(name, 2))
        did(UNDELETE, 2, client.undelete(name, 2))
        did(DELETE, 0, client.delete(name))
        did(UNDELETE, 0, client.undelete(name))
        did(UPDATE, 0, client.update(name, Settings(tags=["t"])))
        did(DESTROY, 2, client.destroy(name, 2))
        did(DESTROY, 0, client.destroy(name))
        client.put(self.space + "-outside", b"x")
        did(PUT, 3, client.put(name, b"v3").revision)
        events = [watch.next() for _ in wanted]
        self.assertGreater(events[0].revision, watch.position.revision)
        # Of an update no version is concerned; the page does not say which number stands there.
        self.assertEqual([e._replace(version=0) if e.operation == UPDATE else e for e in events],
                         wanted)
        with self.assertRaises(TimeoutError):
            watch.next(0.3)

    def test_values(self):
        watcher, client = self.connect(), self.connect()
        name = self.name()
        watch = watcher.watch(self.name(""), values=True)
        client.put(name, b"one")
        client.put(name, b"two", activate=False)
        client.activate(name, 2)
        client.update(name, Settings(tags=["t"]))
        client.put(name, b"")
        client.put(name, bytes(range(256)) * 4096)
        client.delete(name)
        events = [watch.next() for _ in range(7)]
        self.assertEqual([e.operation for e in events],
                         [PUT, PUT, ACTIVATE, UPDATE, PUT, PUT, DELETE])
        self.assertEqual([e.value for e in events[:5]], [b"one", None, b"two", None, b""])
        self.assertTrue(events[5].value == bytes(range(256)) * 4096)
        self.assertIsNone(events[6].value)

    def test_exact(self):
        watcher, client = self.connect(), self.connect()
        watch = watcher.watch(self.name("x"), exact=True)
        client.put(self.name("xy"), b"")
        client.put(self.name("x/y"), b"")
        client.put(self.name("w"), b"")
        revision = client.put(self.name("x"), b"").revision
        event = watch.next()
        self.assertEqual((event.name, event.revision), (self.name("x").encode(), revision))

    def test_no_event_where_nothing_changes(self):
        watcher, client = self.connect(), self.connect()
        name = self.name()
        client.put(name, b"x")
        watch = watcher.watch(self.name(""))
        client.activate(name, 1)
        client.undelete(name)
        client.update(name, Settings(keep_last=10))
        self.fails(c.Conflict, client.put, name, b"y", Expect(0))
        last = client.put(name, b"z").revision
        self.assertEqual(watch.next().revision, last)

    def test_import_is_one_revision(self):
        watcher, client = self.connect(), self.connect()
        watch = watcher.watch(self.name(""))
        outside = self.space + "-outside"
        end, _ = client.import_entries([Entry(self.name(str(i)), b"x") for i in range(5)]
                                       + [Entry(outside, b"x")])
        events = [watch.next() for _ in range(5)]
        self.assertEqual({e.revision for e in events}, {end.revision})
        ordinals = [e.ordinal for e in events]
        self.assertEqual(ordinals, sorted(set(ordinals)))
        self.assertEqual([e.last for e in events], [False] * 4 + [True])
        self.assertEqual([e.name for e in events], [self.name(str(i)).encode() for i in range(5)])
        self.assertEqual([e.operation for e in events], [PUT] * 5)

    def test_from_an_old_revision(self):
        client = self.connect()
        start = Position(client.incarnation, client.put(self.name("before"), b"").revision)
        revisions = [client.put(self.name("a%d" % i), b"").revision for i in range(10)]
        watch = client.watch(self.name(""), since=start)
        self.assertEqual(watch.position.incarnation, client.incarnation)
        self.assertLess(watch.position.revision, revisions[0])
        revisions += [client.put(self.name("b%d" % i), b"").revision for i in range(10)]
        events = [watch.next() for _ in range(20)]
        self.assertEqual([e.revision for e in events], revisions)
        self.assertEqual([e.name for e in events],
                         [self.name("%s%d" % (k, i)).encode() for k in "ab" for i in range(10)])

    def test_resume_from_the_last_event(self):
        client = self.connect()
        watch = client.watch(self.name(""))
        client.put(self.name("1"), b"")
        seen = watch.next()
        watch.cancel()
        watch.end()
        missed = client.put(self.name("2"), b"").revision
        watch = client.watch(self.name(""), since=Position(client.incarnation, seen.revision))
        self.assertEqual(watch.next().revision, missed)
        with self.assertRaises(TimeoutError):
            watch.next(0.3)

    def resynced(self, since):
        client = self.connect()
        before = client.put(self.name(), b"1").revision
        watch = client.watch(self.name(""), since=since(client, before))
        event = watch.next()
        self.assertIsInstance(event, c.ResyncEvent)
        self.assertEqual(event.position.incarnation, client.incarnation)
        self.assertGreaterEqual(event.position.revision, before)
        revision = client.put(self.name(), b"2").revision
        self.assertGreater(revision, event.position.revision)
        event = watch.next()
        self.assertEqual((event.revision, event.version), (revision, 2))

    def test_resync_for_another_incarnation(self):
        self.resynced(lambda client, revision: Position(OTHER, revision))

    def test_resync_for_another_incarnation_at_0(self):
        self.resynced(lambda client, revision: Position(bytes(16), 0))

    def test_resync_for_the_future(self):
        self.resynced(lambda client, revision: Position(client.incarnation, revision + 1000))

    def test_resync_needs_credit(self):
        client = self.connect()
        watch = client.watch(self.name(""), since=Position(OTHER, 1), credit=0, refill=False)
        with self.assertRaises(TimeoutError):
            watch.next(0.5)
        watch.give_credit(1)
        self.assertIsInstance(watch.next(), c.ResyncEvent)

    def test_resync_behind_1024_events(self):
        watcher, client = self.connect(), self.connect()
        watch = watcher.watch(self.name(""), credit=0, refill=False)
        requests = [client.start(c.PUT, c.put_body(self.name(), b"%d" % i)) for i in range(1200)]
        revisions = [r.result().revision for r in requests]
        watch.give_credit(2**20)
        event = watch.next()
        self.assertIsInstance(event, c.ResyncEvent)
        left = [r for r in revisions if r > event.position.revision]
        self.assertEqual([watch.next().revision for _ in left], left)
        later = client.put(self.name(), b"later").revision
        self.assertEqual(watch.next().revision, later)

    def test_1000_events_wait_for_credit(self):
        watcher, client = self.connect(), self.connect()
        watch = watcher.watch(self.name(""), credit=0, refill=False)
        requests = [client.start(c.PUT, c.put_body(self.name(), b"%d" % i)) for i in range(1000)]
        revisions = [r.result().revision for r in requests]
        watch.give_credit(1000)
        self.assertEqual([watch.next().revision for _ in revisions], revisions)

    def test_credit(self):
        client = self.connect()
        watch = client.watch(self.name(""), credit=0, refill=False)
        revisions = [client.put(self.name(), b"%d" % i).revision for i in range(6)]
        with self.assertRaises(TimeoutError):
            watch.next(0.5)
        for credit in (1, 2, 3):
            watch.give_credit(credit)
            for _ in range(credit):
                self.assertEqual(watch.next().revision, revisions.pop(0))
            with self.assertRaises(TimeoutError):
                watch.next(0.3)

    def test_cancel(self):
        raw = self.raw()
        raw.send(c.WATCH, 9, c.watch_body(self.name(""), credit=5))
        self.assertEqual(raw.read()[:3], (c.RESPONSE, c.WATCH, 9))
        raw.send(c.WATCH, 9, kind=c.CANCEL)
        kind, operation, request_id, body = raw.read()
        self.assertEqual((kind, operation, request_id), (c.END, c.WATCH, 9))
        failure = failure_of(body)
        self.assertIs(type(failure), c.Cancelled)
        self.assertEqual(failure.outcome, 0)
        self.connect().put(self.name(), b"nobody is told")
        self.alive(raw, 9)                     # the id is free again, no event comes

    def test_two_watches_on_one_connection(self):
        client = self.connect()
        one, two = client.watch(self.name("1")), client.watch(self.name(""))
        first = client.put(self.name("1"), b"").revision
        second = client.put(self.name("2"), b"").revision
        self.assertEqual([two.next().revision, two.next().revision], [first, second])
        self.assertEqual(one.next().revision, first)
        one.cancel()
        self.assertIsInstance(one.end(), c.Cancelled)
        third = client.put(self.name("1"), b"").revision
        self.assertEqual(two.next().revision, third)


# -------------------------------------------------------------------------- deadlines

class DeadlineTests(Case):

    def passes(self, request, milliseconds):
        began = time.monotonic()
        failure = request.failure(20)
        took = (time.monotonic() - began) * 1000
        self.assertIs(type(failure), c.DeadlineExceeded)
        self.assertEqual(failure.outcome, 0)
        self.assertTrue(milliseconds * 0.8 < took < milliseconds + 5000, took)

    def test_list_without_credit(self):
        client = self.connect()
        client.put(self.name(), b"x")
        self.passes(client.start(c.LIST, c.list_body(self.name(), credit=0, deadline=700)), 700)
        client.ping()

    def test_export_without_credit(self):
        client = self.connect()
        client.put(self.name(), b"x")
        self.passes(client.start(c.EXPORT, c.export_body(self.name(), 0, deadline=700)), 700)
        client.ping()

    def test_import_without_end(self):
        client = self.connect()
        request = client.start(c.IMPORT, c.import_body(deadline=700))
        self.passes(request, 700)
        client.ping()

    def test_watch_outlives_its_deadline(self):
        client = self.connect()
        watch = client.watch(self.name(""), deadline=5000)
        time.sleep(5.5)
        self.assertFalse(watch.request.finished)
        revision = client.put(self.name(), b"x").revision
        self.assertEqual(watch.next().revision, revision)

    def test_generous_deadlines_change_nothing(self):
        client = self.connect()
        client.put(self.name(), b"x", deadline=30_000)
        self.assertEqual(client.get(self.name(), deadline=2**32 - 1).value, b"x")
        client.ping(deadline=30_000)
        self.assertEqual(client.names(self.name(), deadline=30_000), [self.name().encode()])

    def test_short_deadlines_have_one_answer_each(self):
        """1 ms may or may not suffice; what is answered must be true."""
        client = self.connect()
        names = [self.name(str(i)) for i in range(100)]
        keys = [c.new_key() for _ in names]
        requests = [client.start(c.PUT, c.put_body(n, b"x", key=k, deadline=1))
                    for n, k in zip(names, keys)]
        for name, key, request in zip(names, keys, requests):
            failure = request.failure(20)
            if failure is None:
                self.assertEqual(client.get(name).value, b"x")
                continue
            self.assertIs(type(failure), c.DeadlineExceeded)
            if failure.outcome == c.OUTCOME_NONE:
                self.fails(c.NotFound, client.get, name)
            # With its key the change can simply be sent again.
            self.assertEqual(client.put(name, b"x", key=key).version, 1)


class CancelTests(Case):

    def test_cancelled_changes_tell_the_truth(self):
        client = self.connect()
        for i in range(50):
            name = self.name(str(i))
            request = client.start(c.PUT, c.put_body(name, b"x"))
            request.cancel()
            failure = request.failure(20)
            if failure is None:
                self.assertEqual(client.get(name).value, b"x")
                continue
            self.assertIs(type(failure), c.Cancelled)
            if failure.outcome == c.OUTCOME_NONE:
                self.fails(c.NotFound, client.get, name)

    def test_cancelled_reads_end_once(self):
        client = self.connect()
        client.put(self.name(), b"x")
        for _ in range(100):
            request = client.start(c.GET, c.get_body(self.name()))
            request.cancel()
            request.cancel()
            failure = request.failure(20)
            if failure is None:
                self.assertEqual(request.result().value, b"x")
            else:
                self.assertIs(type(failure), c.Cancelled)
        self.assertEqual(client.get(self.name()).value, b"x")


# -------------------------------------------------------------- the connection as a whole

class ConnectionTests(Case):

    def test_failure_is_given_to_all_unfinished_requests(self):
        client = self.connect()
        watch = client.watch(self.name(""))
        listing = client.start(c.IMPORT, c.import_body())
        client._send(c.frame(c.RESPONSE, c.PING, 99, b""))     # only a server sends it
        for request, outcome in ((watch.request, 0), (listing, 1)):
            failure = request.failure(20)
            self.assertIs(type(failure), c.Unexpected)
            self.assertTrue(failure.of_connection)
            self.assertEqual(failure.outcome, outcome)
        self.assertTrue(client.closed)
        with self.assertRaises(c.Unexpected):
            client.ping()

    def test_many_connections(self):
        clients = [self.connect() for _ in range(50)]
        for i, client in enumerate(clients):
            client.put(self.name(str(i)), b"x")
        self.assertEqual(len(clients[0].names(self.name(""))), 50)

    def test_change_survives_its_connection(self):
        """A change that was answered is there when its connection is gone."""
        client = self.connect()
        client.put(self.name(), b"x")
        client.close()
        with self.assertRaises(c.ConnectionLost):
            client.ping()
        self.assertEqual(self.connect().get(self.name()).value, b"x")


if __name__ == "__main__":
    unittest.main(verbosity=2)
