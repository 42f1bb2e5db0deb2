"""A client for the Coffer daemon, protocol version 1.

Written from protocol.md alone, with nothing but Python's standard library: it
shows that the page suffices. It covers the connection, the secrets, records,
API keys and live tokens, and the harmless questions to the server (ping, status, whoami).

    with Client.connect() as coffer:
        coffer.put("payments/key", b"value")
        print(coffer.get("payments/key").value)

One thread reads all the time; any number of threads may ask.
"""

import os
import queue
import secrets
import socket
import stat
import struct
import threading
from typing import List, NamedTuple, Optional, Tuple

# ------------------------------------------------------------------ numbers

REQUEST, RESPONSE, CHUNK, END, EVENT, CANCEL, CREDIT = range(1, 8)

HELLO, CONFIRM, PING, STATUS = 0x0001, 0x0002, 0x0003, 0x0004
WHOAMI = 0x0008
GET, PUT, INFO, LIST = 0x0100, 0x0101, 0x0102, 0x0103
ACTIVATE, DELETE, UNDELETE, DESTROY = 0x0104, 0x0105, 0x0106, 0x0107
UPDATE, EXPORT, IMPORT, WATCH = 0x0108, 0x0109, 0x010A, 0x010B
UNLOCK, LOCK = 0x0005, 0x0006
SLOT_LIST, SLOT_ADD, SLOT_REMOVE, SLOT_ROTATE, SLOT_REHEARSE = range(0x0300, 0x0305)
REKEY, REKEY_ROOT = 0x0310, 0x0311
RECORD_CREATE, RECORD_LIST, RECORD_SHOW, RECORD_UPDATE = 0x0400, 0x0401, 0x0402, 0x0403
RECORD_DELETE, REVEAL, USAGE, ACCOUNT_IMPORT = 0x0404, 0x0405, 0x0406, 0x0407
VERIFY, RESERVE, SETTLE, RELEASE = 0x0410, 0x0411, 0x0412, 0x0413
TOKEN, REPORT, CREDENTIAL_ACT, TOKEN_WATCH, CREDENTIAL_IMPORT = range(0x0500, 0x0505)
BACKUP_CREATE, RESTORE, BACKUP_LIST, BACKUP_RUN = range(0x0600, 0x0604)
SCRUB = 0x0610
AUDIT_SEARCH, AUDIT_VERIFY, AUDIT_REPAIR = range(0x0700, 0x0703)

IMPORTS = (IMPORT, ACCOUNT_IMPORT, RESTORE)
STREAMS = (LIST, EXPORT, BACKUP_CREATE) + IMPORTS
WATCHES = (WATCH, TOKEN_WATCH)
CHANGES = (PUT, ACTIVATE, DELETE, UNDELETE, DESTROY, UPDATE, RECORD_CREATE, RECORD_UPDATE,
           RECORD_DELETE, VERIFY, RESERVE, SETTLE, RELEASE, REPORT, CREDENTIAL_ACT,
           CREDENTIAL_IMPORT, SLOT_ADD, SLOT_REMOVE, SLOT_ROTATE, REKEY, REKEY_ROOT) + IMPORTS

FEATURE_ACCOUNTS = 1
FEATURE_CREDENTIALS = 2
FEATURE_AUDIT = 4

SMALL_FRAME = 4096
LARGE_FRAME = 1_114_112
MAX_VALUE = 1_048_576
MAX_NAME = 512
MAX_CREDIT = 2**32 - 1
MAX_UNITS = 500_000_000_000_000
MAX_BACKUP_CHUNK = 1_048_576

RETRY_NEVER, RETRY_NOW, RETRY_AFTER = 0, 1, 2
OUTCOME_NONE, OUTCOME_UNKNOWN = 0, 1


# ------------------------------------------------------------------- errors

class CofferError(Exception):
    """Anything that this client raises."""


class NotTrusted(CofferError):
    """Whoever listens on the socket is nobody to give secrets to."""


class ProtocolError(CofferError):
    """The server sent what the page does not allow; the connection is closed."""


class ConnectionLost(CofferError):
    """The connection ended without a word. Of a change, the outcome is unknown."""

    def __init__(self, message="the connection was closed", outcome=OUTCOME_UNKNOWN):
        super().__init__(message)
        self.outcome = outcome


class Failure(CofferError):
    """A failure as the server reports it. `of_connection`: it ended everything."""

    number = 0
    name = ""

    def __init__(self, retry=0, retry_after=0, outcome=0, message="", of_connection=False):
        super().__init__("%s: %s" % (self.name, message))
        self.retry = retry
        self.retry_after = retry_after
        self.outcome = outcome
        self.message = message
        self.of_connection = of_connection

    def for_request(self, outcome):
        """The same failure, as one request of a failed connection sees it."""
        return type(self)(self.retry, self.retry_after, outcome, self.message, True)


class Malformed(Failure): number, name = 1, "malformed"
class UnsupportedVersion(Failure): number, name = 2, "unsupportedVersion"
class UnknownOperation(Failure): number, name = 3, "unknownOperation"
class Unexpected(Failure): number, name = 4, "unexpected"
class TooLarge(Failure): number, name = 5, "tooLarge"
class Busy(Failure): number, name = 6, "busy"
class DeadlineExceeded(Failure): number, name = 7, "deadlineExceeded"
class Cancelled(Failure): number, name = 8, "cancelled"
class Locked(Failure): number, name = 9, "locked"
class Denied(Failure): number, name = 10, "denied"
class NotFound(Failure): number, name = 11, "notFound"
class Conflict(Failure): number, name = 12, "conflict"
class InvalidName(Failure): number, name = 13, "invalidName"
class InvalidArgument(Failure): number, name = 14, "invalidArgument"
class Expired(Failure): number, name = 15, "expired"
class VersionNotFound(Failure): number, name = 16, "versionNotFound"
class Deleted(Failure): number, name = 17, "deleted"
class NotModified(Failure): number, name = 18, "notModified"
class Resync(Failure): number, name = 19, "resync"
class StoreFull(Failure): number, name = 20, "storeFull"
class Damaged(Failure): number, name = 21, "damaged"
class Failed(Failure): number, name = 22, "failed"
class OutcomeUnknown(Failure): number, name = 23, "outcomeUnknown"
class UnlockFailed(Failure): number, name = 24, "unlockFailed"
class LastSlot(Failure): number, name = 25, "lastSlot"
class ReadOnly(Failure): number, name = 26, "readOnly"
class Draining(Failure): number, name = 27, "draining"
class TooManyConnections(Failure): number, name = 28, "tooManyConnections"
class InternalError(Failure): number, name = 29, "internalError"
class NeedsPerson(Failure): number, name = 30, "needsPerson"
class Dead(Failure): number, name = 31, "dead"
class NoLiveMember(Failure): number, name = 32, "noLiveMember"
class Limited(Failure): number, name = 33, "limited"
class Upstream(Failure): number, name = 34, "upstream"
class AuditUnavailable(Failure): number, name = 38, "auditUnavailable"


FAILURES = {c.number: c for c in Failure.__subclasses__()}


# -------------------------------------------------------------------- fields

class Writer:
    """Fields, one behind the other."""

    def __init__(self):
        self._parts = []

    def done(self) -> bytes:
        return b"".join(self._parts)

    def _int(self, form, value):
        try:
            self._parts.append(struct.pack(form, value))
        except struct.error as problem:
            raise ValueError("%r does not fit its field" % (value,)) from problem
        return self

    def u8(self, v): return self._int(">B", v)
    def u16(self, v): return self._int(">H", v)
    def u32(self, v): return self._int(">I", v)
    def u64(self, v): return self._int(">Q", v)
    def i64(self, v): return self._int(">q", v)
    def bool(self, v): return self.u8(1 if v else 0)

    def raw(self, data):
        self._parts.append(bytes(data))
        return self

    def id16(self, data):
        if len(data) != 16:
            raise ValueError("an id has 16 bytes")
        return self.raw(data)

    def bytes8(self, data): return self.u8(len(data)).raw(data)
    def bytes16(self, data): return self.u16(len(data)).raw(data)
    def bytes32(self, data): return self.u32(len(data)).raw(data)
    def text(self, s): return self.bytes16(_bytes(s))
    def text32(self, s): return self.bytes32(_bytes(s))

    def optional(self, value, write):
        self.bool(value is not None)
        if value is not None:
            write(value)
        return self

    def list(self, items, write):
        self.u16(len(items))
        for item in items:
            write(item)
        return self


class Reader:
    """Fields out of a body; whatever is not exactly as the page says is refused."""

    def __init__(self, body):
        self._body = body
        self._at = 0

    def done(self):
        if self._at != len(self._body):
            raise ProtocolError("bytes behind the last field")

    def raw(self, count) -> bytes:
        if self._at + count > len(self._body):
            raise ProtocolError("the body ends early")
        self._at += count
        return bytes(self._body[self._at - count:self._at])

    def u8(self): return self.raw(1)[0]
    def u16(self): return int.from_bytes(self.raw(2), "big")
    def u32(self): return int.from_bytes(self.raw(4), "big")
    def u64(self): return int.from_bytes(self.raw(8), "big")
    def i64(self): return int.from_bytes(self.raw(8), "big", signed=True)
    def id16(self): return self.raw(16)

    def choice(self, allowed):
        v = self.u8()
        if v not in allowed:
            raise ProtocolError("value %d is not in its table" % v)
        return v

    def bool(self): return bool(self.choice((0, 1)))

    def _limited(self, length, low, high):
        if not low <= length <= high:
            raise ProtocolError("length %d is not %d-%d" % (length, low, high))
        return self.raw(length)

    def bytes8(self, low, high): return self._limited(self.u8(), low, high)
    def bytes16(self, low, high): return self._limited(self.u16(), low, high)
    def bytes32(self, low, high): return self._limited(self.u32(), low, high)

    def text(self, low, high):
        return _utf8(self.bytes16(low, high))

    def text32(self, low, high):
        return _utf8(self.bytes32(low, high))

    def optional(self, read):
        return read() if self.bool() else None

    def list(self, low, high, read):
        count = self.u16()
        if not low <= count <= high:
            raise ProtocolError("%d items are not %d-%d" % (count, low, high))
        return [read() for _ in range(count)]


def _utf8(data) -> str:
    try:
        return data.decode("utf-8", "strict")
    except UnicodeDecodeError as problem:
        raise ProtocolError("a text is not UTF-8") from problem


def _bytes(s) -> bytes:
    return s.encode("utf-8") if isinstance(s, str) else bytes(s)


# ---------------------------------------------------------------- the things

class Position(NamedTuple):
    incarnation: bytes
    revision: int


class Expect(NamedTuple):
    """The version that is expected; with an incarnation where a program remembers it."""
    version: int
    incarnation: Optional[bytes] = None


class Settings(NamedTuple):
    """What is None stays as it is."""
    metadata: Optional[List[Tuple[str, str]]] = None
    tags: Optional[List[str]] = None
    keep_last: Optional[int] = None
    delete_after: Optional[int] = None


KEEP = Settings()


class Hello(NamedTuple):
    version: int
    features: int
    frame_limit: int
    requests_in_flight: int
    unsent_limit: int
    store_id: bytes
    position: Position
    server_time: int
    locked: bool
    nonce: bytes
    server_name: str


class Secret(NamedTuple):
    version: int
    revision: int
    expires: int
    value: bytes
    content_type: str


class Written(NamedTuple):
    version: int
    revision: int


class VersionInfo(NamedTuple):
    version: int
    state: int
    created: int
    expires: int
    deleted: int
    size: int
    content_type: str
    created_by: str


LIVE, DELETED, DESTROYED, EXPIRED = range(4)


class Info(NamedTuple):
    active_version: int
    latest_version: int
    deleted: bool
    created: int
    updated: int
    revision: int
    keep_last: int
    delete_after: int
    metadata: List[Tuple[str, str]]
    tags: List[str]
    versions: List[VersionInfo]


class Listed(NamedTuple):
    name: bytes
    deleted: bool


class Page(NamedTuple):
    revision: int
    entries: List[Listed]


class ListEnd(NamedTuple):
    revision: int
    more: bool


class Entry(NamedTuple):
    """A secret on its way out of, or into, the store."""
    name: bytes
    value: bytes
    content_type: str = ""
    expires: int = 0
    settings: Settings = KEEP
    version: int = 0


class ExportEnd(NamedTuple):
    revision: int
    count: int


CREATED, CHANGED, UNCHANGED = range(3)


class ImportItem(NamedTuple):
    result: int
    version: int


class ImportEnd(NamedTuple):
    revision: int
    created: int
    changed: int
    unchanged: int


class Change(NamedTuple):
    revision: int
    ordinal: int
    last: bool
    operation: int
    version: int
    name: bytes
    value: Optional[bytes]


class ResyncEvent(NamedTuple):
    position: Position


class Record(NamedTuple):
    noun: str
    id: str
    revision: int
    fields: dict


class RecordAnswer(NamedTuple):
    """A record; `secret` is what create drew and shows this once."""
    record: Record
    secret: bytes = b""


class RecordPage(NamedTuple):
    records: List[Record]
    next: str
    total: int


VALID, UNKNOWN_KEY, BAD_ADDRESS, DISABLED, KEY_EXPIRED, OWNER_DISABLED = range(6)
BAD_GROUP, BAD_MODEL, NO_QUOTA, NO_WALLET = range(6, 10)
TOO_MANY_A_MINUTE, TOO_MANY_A_DAY, TOO_MANY_A_MONTH, TOO_MANY_OPEN = range(10, 14)
SCOPE_FULL, SCOPE_EMBED = range(2)


class Verdict(NamedTuple):
    """What an API key may do. A refusal is one, too: `reason` is not VALID."""
    reason: int
    scope: int = SCOPE_FULL
    unlimited: bool = False
    remaining: int = 0
    expires: int = 0
    retry_after: int = 0
    number: int = 0
    tenant: str = ""
    owner: str = ""
    name: str = ""
    group: str = ""


class Reservation(NamedTuple):
    verdict: Verdict
    amount: int = 0
    expires: int = 0
    repeated: bool = False


class Settlement(NamedTuple):
    charged: int
    shortfall: int
    remaining: int
    unlimited: bool
    repeated: bool


class UsageLine(NamedTuple):
    time: int
    amount: int
    request_id: str
    model: str
    input_tokens: int
    output_tokens: int


class Usage(NamedTuple):
    record: Record
    lines: List[UsageLine]


class Row(NamedTuple):
    """A row of an import of accounts."""
    noun: str
    fields: dict
    secrets: dict = {}
    origin: str = ""


REFUSED = 3                                    # an effect, behind CREATED, CHANGED, UNCHANGED


class AccountImportEnd(NamedTuple):
    revision: int
    effects: List[int]
    notes: List[Tuple[int, str]]
    more_notes: int


# ------------------------------------------------------- bodies, out and back

OK, UNAUTHORIZED, PAYMENT_REQUIRED, TOO_MANY, SERVER_ERROR = range(5)
TAKEN, REPEATED, OUTDATED = range(3)


class Token(NamedTuple):
    """A token that lives. Without a pool the lease is empty."""
    expires: int
    revision: int
    number: int
    lease: bytes
    kind: str
    name: str
    value: bytes


class Reported(NamedTuple):
    effect: int
    state: str
    until: int


class Acted(NamedTuple):
    record: Record
    result: str
    details: dict
    secret: bytes


INTO_EMPTY, REPLACE, MERGE = range(3)
ADDED, DIFFERENT, KEPT, REMOVED = range(4)
NOT_PROVEN, PROVEN_BY_FILE_KEY, PROVEN_BY_IDENTITY = range(3)


class BackupFacts(NamedTuple):
    """What a backup says of itself."""
    created: int
    store_id: bytes
    position: Position
    lines: int
    bytes: int
    digest: bytes
    counts: List[Tuple[str, int]]


class BackupChunk(NamedTuple):
    done: int
    total: int
    data: bytes


class RestoreDifference(NamedTuple):
    kind: str
    added: int = 0
    changed: int = 0
    same: int = 0
    kept: int = 0
    removed: int = 0


class RestoredName(NamedTuple):
    kind: str
    tenant: int
    name: bytes
    effect: int


class Restored(NamedTuple):
    """The verdict of a restore."""
    backup: BackupFacts
    position: Position
    digest: bytes
    differences: List[RestoreDifference]
    names: List[RestoredName]


class ScheduledBackup(NamedTuple):
    file: str
    created: int
    revision: int
    size: int
    digest: bytes
    proof: int
    proven: int


class BackupList(NamedTuple):
    folder: str
    interval: int
    next: int
    last_taken: int
    last_proven: int
    overdue: bool
    running: bool
    last_error: str
    backups: List[ScheduledBackup]


class ScrubFinding(NamedTuple):
    kind: int
    table: str
    tenant: str
    name: bytes
    version: int
    message: str


class ScrubResult(NamedTuple):
    began: int
    finished: int
    failure: str
    position: Position
    records: int
    bytes: int
    tables: dict
    finding_count: int
    findings: List[ScrubFinding]


class Scrubs(NamedTuple):
    running: bool
    done: int
    total: int
    interval: int
    last: Optional[ScrubResult]


class AuditEntry(NamedTuple):
    sequence: int
    time: int
    last: int
    count: int
    who: str
    uid: int
    pid: int
    door: str
    address: str
    selectors: List[str]
    noun: str
    action: str
    result: int
    tenant: str
    name: bytes
    version: int
    revision: int
    has_digest: bool
    note: str


class AuditPage(NamedTuple):
    entries: List[AuditEntry]
    cursor: int
    more: bool


class AuditFinding(NamedTuple):
    file: int
    record: int
    is_known: bool
    message: str


class AuditVerdict(NamedTuple):
    files: int
    records: int
    first: int
    last: int
    findings: List[AuditFinding]


class TokenChange(NamedTuple):
    """How a credential or pool stands now."""
    revision: int
    last: bool
    number: int
    name: str
    state: str
    expires: int
    token_revision: int


KEY_FILE, PASSPHRASE, SERVICE_CREDENTIAL, RECOVERY = range(1, 5)
LOOK, START, STOP = range(3)
IDLE, RUNNING, STOPPED, WAITING = range(4)
SEALING, OPENING, LEAVING, LEAVING_STOPPED = range(1, 5)


class Slot(NamedTuple):
    id: int
    kind: int
    label: str
    created: int
    in_use: bool


class SlotAdded(NamedTuple):
    id: int
    recovery_key: str


class RecordKey(NamedTuple):
    id: int
    state: int
    suite: str
    created: int
    seals: int
    limit: int


class Rekey(NamedTuple):
    """Where the change of the record keys stands."""
    phase: int
    done: int
    total: int
    resealed: int
    started: int
    note: str
    keys: List[RecordKey]


def frame(kind, operation, request_id, body=b"") -> bytes:
    return struct.pack(">IBBHI", 8 + len(body), kind, 0, operation, request_id) + body


def _request(deadline=0) -> Writer:
    return Writer().u32(deadline)


def _expectation(w: Writer, expected: Optional[Expect]) -> Writer:
    if expected is None:
        return w.u8(0)
    if expected.incarnation is None:
        return w.u8(1).u64(expected.version)
    return w.u8(2).id16(expected.incarnation).u64(expected.version)


def _write_settings(w: Writer, s: Settings) -> Writer:
    w.optional(s.metadata, lambda pairs: w.list(pairs, lambda p: w.text(p[0]).text(p[1])))
    w.optional(s.tags, lambda tags: w.list(tags, w.text))
    w.optional(s.keep_last, w.u16)
    w.optional(s.delete_after, w.u64)
    return w


def _read_pairs(r: Reader): return r.list(0, 64, lambda: (r.text(1, 128), r.text(0, 512)))
def _read_tags(r: Reader): return r.list(0, 64, lambda: r.text(1, 128))


def _read_settings(r: Reader) -> Settings:
    return Settings(r.optional(lambda: _read_pairs(r)), r.optional(lambda: _read_tags(r)),
                    r.optional(r.u16), r.optional(r.u64))


def _read_position(r: Reader) -> Position:
    return Position(r.id16(), r.u64())


def hello_body(tenant, client_name, minimum=1, maximum=1, features=0, extensions=(),
               deadline=0, magic=b"COFR") -> bytes:
    w = _request(deadline).raw(magic).u16(minimum).u16(maximum).u64(features)
    w.text(tenant).text(client_name)
    return w.list(extensions, lambda e: w.u16(e[0]).bytes16(e[1])).done()


def confirm_body(nonce, deadline=0) -> bytes:
    return _request(deadline).id16(nonce).done()


def empty_body(deadline=0) -> bytes:
    return _request(deadline).done()


def get_body(name, version=0, unless=None, deadline=0) -> bytes:
    return _expectation(_request(deadline).bytes16(_bytes(name)).u64(version), unless).done()


def put_body(name, value, expected=None, key=None, activate=True, expires=0, content_type="",
             settings=KEEP, deadline=0) -> bytes:
    w = _expectation(_request(deadline).bytes16(_bytes(name)), expected)
    w.optional(key, w.id16).bool(activate).u64(expires).text(content_type)
    return _write_settings(w, settings).bytes32(value).done()


def info_body(name, deadline=0) -> bytes:
    return _request(deadline).bytes16(_bytes(name)).done()


def version_body(name, version, expected=None, key=None, deadline=0) -> bytes:
    """activate, delete, undelete, destroy"""
    w = _expectation(_request(deadline).bytes16(_bytes(name)).u64(version), expected)
    return w.optional(key, w.id16).done()


def update_body(name, settings, expected=None, key=None, deadline=0) -> bytes:
    w = _expectation(_request(deadline).bytes16(_bytes(name)), expected)
    return _write_settings(w.optional(key, w.id16), settings).done()


def list_body(prefix=b"", cursor=None, page_size=1000, limit=0, include_deleted=False, credit=1,
              deadline=0) -> bytes:
    w = _request(deadline).bytes16(_bytes(prefix))
    w.optional(cursor, lambda c: w.id16(c[0]).bytes16(_bytes(c[1])))
    return w.u16(page_size).u32(limit).bool(include_deleted).u32(credit).done()


def export_body(prefix=b"", credit=1, deadline=0) -> bytes:
    return _request(deadline).bytes16(_bytes(prefix)).u32(credit).done()


def import_body(dry_run=False, create_only=False, key=None, deadline=0) -> bytes:
    w = _request(deadline).bool(dry_run).bool(create_only)
    return w.optional(key, w.id16).done()


def entry_bytes(e: Entry) -> bytes:
    w = Writer().bytes16(_bytes(e.name)).u64(e.version).u64(e.expires).text(e.content_type)
    return _write_settings(w, e.settings).bytes32(e.value).done()


def entries_body(encoded) -> bytes:
    """An import chunk, of entries that entry_bytes made."""
    return Writer().u16(len(encoded)).done() + b"".join(encoded)


def finish_body(count) -> bytes:
    return Writer().u64(count).done()


def watch_body(name=b"", exact=False, values=False, since=None, credit=1, deadline=0) -> bytes:
    w = _request(deadline).bool(exact).bool(values).bytes16(_bytes(name))
    w.optional(since, lambda p: w.id16(p[0]).u64(p[1]))
    return w.u32(credit).done()


def _fields(w: Writer, fields) -> Writer:
    """In the one order: that of the bytes of their names."""
    items = sorted((_bytes(name), _bytes(value)) for name, value in fields.items())
    return w.list(items, lambda f: w.bytes16(f[0]).bytes32(f[1]))


def record_create_body(noun, fields, secret=b"", deadline=0) -> bytes:
    return _fields(_request(deadline).text(noun), fields).bytes32(secret).done()


def record_list_body(noun, filter=(), after="", limit=1000, deadline=0) -> bytes:
    return _fields(_request(deadline).text(noun), dict(filter)).text(after).u16(limit).done()


def record_show_body(noun, record_id, deadline=0) -> bytes:
    return _request(deadline).text(noun).text(record_id).done()


def record_update_body(noun, record_id, fields, secret=b"", expected=0, deadline=0) -> bytes:
    w = _fields(_request(deadline).text(noun).text(record_id), fields)
    return w.bytes32(secret).u64(expected).done()


def record_delete_body(noun, ids, deadline=0) -> bytes:
    w = _request(deadline).text(noun)
    return w.list(ids, w.text).done()


def reveal_body(record_id, deadline=0) -> bytes:
    return _request(deadline).text(record_id).done()


def usage_body(record_id, limit=1000, deadline=0) -> bytes:
    return _request(deadline).text(record_id).u16(limit).done()


def _presented(key, address, model, units, deadline) -> Writer:
    return _request(deadline).bytes16(_bytes(key)).bytes8(address).text(model).u64(units)


def verify_body(key, address=b"", model="", cost=0, deadline=0) -> bytes:
    return _presented(key, address, model, cost, deadline).done()


def reserve_body(key, amount, request_id, lifetime, address=b"", model="", deadline=0) -> bytes:
    w = _presented(key, address, model, amount, deadline)
    return w.text(request_id).u32(lifetime).done()


def settle_body(number, request_id, amount, model="", input_tokens=0, output_tokens=0,
                deadline=0) -> bytes:
    w = _request(deadline).u64(number).text(request_id).u64(amount)
    return w.text(model).u64(input_tokens).u64(output_tokens).done()


def release_body(number, request_id, deadline=0) -> bytes:
    return _request(deadline).u64(number).text(request_id).done()


def account_import_body(source, dry_run=False, deadline=0) -> bytes:
    return _request(deadline).text(source).bool(dry_run).done()


def row_bytes(row: Row) -> bytes:
    w = _fields(Writer().text(row.origin).text(row.noun), row.fields)
    secrets = sorted((_bytes(name), bytes(value)) for name, value in row.secrets.items())
    return w.list(secrets, lambda s: w.bytes16(s[0]).bytes32(s[1])).done()


def token_body(name, pool=False, kind="access", minimum_left=0, sticky=b"", deadline=0) -> bytes:
    w = _request(deadline).text(name).bool(pool).text(kind)
    return w.u32(minimum_left).bytes8(sticky).done()


def report_body(verdict, lease=None, pool="", credential="", retry_after=0, deadline=0) -> bytes:
    """Of a lease, or of a member by its names."""
    w = _request(deadline)
    if lease is not None:
        w.u8(0).id16(lease)
    else:
        w.u8(1).text(pool).text(credential)
    return w.u8(verdict).u32(retry_after).done()


def scrub_body(act, deadline=0) -> bytes:
    return _request(deadline).u8(act).done()


AUDIT_ANY, AUDIT_DONE, AUDIT_REFUSED = 0, 1, 2


def audit_search_body(name=b"", who="", noun="", action="", result=AUDIT_ANY, code=0, since=0, until=0,
                      newest_first=False, cursor=0, limit=100, value=None, deadline=0) -> bytes:
    """result: one of the three above; with `code` the error of this number."""
    w = _request(deadline).bytes16(_bytes(name)).text(who).text(noun).text(action)
    if code:
        w.u8(3).u16(code)
    else:
        w.u8(result)
    w.u64(since).u64(until).bool(newest_first).u64(cursor).u16(limit)
    w.optional(value, lambda v: w.bytes32(_bytes(v)))
    return w.done()


def act_body(noun, record_id, verb, options=(), secret=b"", deadline=0) -> bytes:
    w = _request(deadline).text(noun).text(record_id).text(verb)
    return _fields(w, dict(options)).bytes32(secret).done()


def token_watch_body(name=b"", exact=False, pool=False, since=None, credit=1, deadline=0) -> bytes:
    w = _request(deadline).bool(pool).bool(exact).bytes16(_bytes(name))
    w.optional(since, lambda p: w.id16(p.incarnation).u64(p.revision))
    return w.u32(credit).done()


def credential_import_body(source, rows, dry_run=False, deadline=0) -> bytes:
    w = _request(deadline).text(source).bool(dry_run)
    return w.list(rows, lambda row: w.raw(row_bytes(row))).done()


def unlock_body(kind, secret, deadline=0) -> bytes:
    return _request(deadline).u8(kind).bytes16(secret).done()


def slot_add_body(kind, label, secret, deadline=0) -> bytes:
    return _request(deadline).u8(kind).text(label).bytes16(secret).done()


def slot_remove_body(slot_id, deadline=0) -> bytes:
    return _request(deadline).u32(slot_id).done()


def slot_secret_body(slot_id, kind, secret, deadline=0) -> bytes:
    """Of slotRotate and slotRehearse."""
    return _request(deadline).u32(slot_id).u8(kind).bytes16(secret).done()


def rekey_body(act, deadline=0) -> bytes:
    return _request(deadline).u8(act).done()


def rekey_root_body(kept, dropped=(), deadline=0) -> bytes:
    """`kept`: (id, kind, secret)."""
    w = _request(deadline)
    w.list(list(dropped), lambda slot_id: w.u32(slot_id))
    return w.list(list(kept), lambda slot: w.u32(slot[0]).u8(slot[1]).bytes16(slot[2])).done()


def backup_create_body(credit=1, deadline=0) -> bytes:
    return _request(deadline).u32(credit).done()


def restore_body(mode=INTO_EMPTY, only=(), discard_newer=False, dry_run=False, deadline=0) -> bytes:
    w = _request(deadline).u8(mode)
    w.list(list(only), lambda pattern: w.text(pattern))
    return w.bool(discard_newer).bool(dry_run).done()


def restore_chunk_body(data) -> bytes:
    return Writer().bytes32(data).done()


def credit_body(count) -> bytes:
    return Writer().u32(count).done()


def read_failure(r: Reader, number, of_connection=False) -> Failure:
    """What stands behind `error` where that is not 0, up to the end of the body."""
    if number not in FAILURES:
        raise ProtocolError("error %d is not defined" % number)
    retry, after, outcome = r.choice((0, 1, 2)), r.u32(), r.choice((0, 1))
    message = r.text(0, 4096)
    r.done()
    if (retry == RETRY_AFTER) != (after > 0):
        raise ProtocolError("retry %d with retry_after %d" % (retry, after))
    return FAILURES[number](retry, after, outcome, message, of_connection)


def read_nothing(r): return None
def read_u64(r): return r.u64()
def read_written(r): return Written(r.u64(), r.u64())
def read_items(r): return r.list(0, 10_000, lambda: r.text(0, 4096))
def read_list_end(r): return ListEnd(r.u64(), r.bool())
def read_export_end(r): return ExportEnd(r.u64(), r.u64())
def read_import_end(r): return ImportEnd(r.u64(), r.u64(), r.u64(), r.u64())


def read_hello(r: Reader) -> Hello:
    h = Hello(r.u16(), r.u64(), r.u32(), r.u32(), r.u32(), r.id16(), _read_position(r), r.u64(),
              r.bool(), r.id16(), r.text(0, 255))
    if h.frame_limit < 4096 or h.requests_in_flight < 2:
        raise ProtocolError("the server's limits are too low")
    return h


def read_get(r: Reader) -> Secret:
    version, revision, expires = r.u64(), r.u64(), r.u64()
    type_length, value_length = r.u8(), r.u32()
    if value_length > MAX_VALUE:
        raise ProtocolError("the value is too long")
    value = r.raw(value_length)
    return Secret(version, revision, expires, value, _utf8(r.raw(type_length)))


def read_info(r: Reader) -> Info:
    def one():
        return VersionInfo(r.u64(), r.choice((0, 1, 2, 3)), r.u64(), r.u64(), r.u64(), r.u32(),
                           r.text(0, 255), r.text(0, 255))
    return Info(r.u64(), r.u64(), r.bool(), r.u64(), r.u64(), r.u64(), r.u16(), r.u64(),
                _read_pairs(r), _read_tags(r), r.list(0, 1000, one))


def read_status(r: Reader):
    def one():
        key = r.text(1, 128)
        return key, (r.u64() if r.choice((0, 1)) == 0 else r.text(0, 4096))
    entries = r.list(0, 1000, one)
    keys = [k.encode() for k, _ in entries]
    if any(a >= b for a, b in zip(keys, keys[1:])):
        raise ProtocolError("the keys of status are not in ascending order")
    return dict(entries)


def read_page(r: Reader) -> Page:
    return Page(r.u64(), r.list(0, 1000, lambda: Listed(r.bytes16(1, MAX_NAME), r.bool())))


def read_entries(r: Reader) -> List[Entry]:
    def one():
        name, version, expires = r.bytes16(0, MAX_NAME), r.u64(), r.u64()
        content_type, settings = r.text(0, 255), _read_settings(r)
        return Entry(name, r.bytes32(0, MAX_VALUE), content_type, expires, settings, version)
    return r.list(1, 10_000, one)


def read_exported(r: Reader) -> List[Entry]:
    entries = read_entries(r)
    if any(None in e.settings for e in entries):
        raise ProtocolError("an exported entry lacks a setting")
    return entries


def read_results(r: Reader) -> List[ImportItem]:
    return r.list(0, 1000, lambda: ImportItem(r.choice((0, 1, 2)), r.u64()))


def _strictly_ascending(names, what):
    encoded = [name.encode() for name in names]
    if any(a >= b for a, b in zip(encoded, encoded[1:])):
        raise ProtocolError("%s are not in ascending order" % what)


def read_record(r: Reader) -> Record:
    noun, record_id, revision = r.text(1, 32), r.text(1, 600), r.u64()
    fields = r.list(0, 64, lambda: (r.text(1, 64), r.text32(0, 524_288)))
    _strictly_ascending([name for name, _ in fields], "the fields of a record")
    return Record(noun, record_id, revision, dict(fields))


def read_secret(r: Reader) -> bytes: return r.bytes32(0, 65_536)
def read_record_answer(r: Reader): return RecordAnswer(read_record(r), read_secret(r))
def read_u32(r: Reader): return r.u32()


def read_record_page(r: Reader) -> RecordPage:
    return RecordPage(r.list(0, 1000, lambda: read_record(r)), r.text(0, 600), r.u64())


def read_verdict(r: Reader) -> Verdict:
    return Verdict(r.u8(), r.choice((0, 1)), r.bool(), r.i64(), r.i64(), r.u32(), r.u64(),
                   r.text(0, 255), r.text(0, 255), r.text(0, 1024), r.text(0, 255))


def read_reservation(r: Reader) -> Reservation:
    return Reservation(read_verdict(r), r.i64(), r.u64(), r.bool())


def read_settlement(r: Reader) -> Settlement:
    return Settlement(r.i64(), r.i64(), r.i64(), r.bool(), r.bool())


def read_usage(r: Reader) -> Usage:
    def one():
        return UsageLine(r.u64(), r.i64(), r.text(0, 128), r.text(0, 255), r.i64(), r.i64())
    return Usage(read_record(r), r.list(0, 1000, one))


def read_account_import_end(r: Reader) -> AccountImportEnd:
    revision, effects = r.u64(), list(r.bytes32(0, 200_000))
    if any(effect > REFUSED for effect in effects):
        raise ProtocolError("an effect that is not in its table")
    notes = r.list(0, 2000, lambda: (r.u32(), r.text(0, 300)))
    return AccountImportEnd(revision, effects, notes, r.u32())


def read_rows(r: Reader) -> List[Row]:
    """A chunk of an import of accounts, as the server reads it."""
    def one():
        origin, noun = r.text(0, 128), r.text(1, 32)
        fields = r.list(0, 64, lambda: (r.text(1, 64), r.text32(0, 524_288)))
        _strictly_ascending([name for name, _ in fields], "the fields of a row")
        found = r.list(0, 16, lambda: (r.text(1, 32), read_secret(r)))
        _strictly_ascending([name for name, _ in found], "the secrets of a row")
        return Row(noun, dict(fields), dict(found), origin)
    return r.list(1, 1000, one)


def read_position(r): return _read_position(r)


def read_event(r: Reader):
    if r.choice((1, 2)) == 2:
        return ResyncEvent(_read_position(r))
    return Change(r.u64(), r.u32(), r.bool(), r.choice((1, 2, 3, 4, 5, 6)), r.u64(),
                  r.bytes16(1, MAX_NAME), r.optional(lambda: r.bytes32(0, MAX_VALUE)))


def _read_fields(r: Reader, what) -> dict:
    fields = r.list(0, 64, lambda: (r.text(1, 64), r.text32(0, 524_288)))
    _strictly_ascending([name for name, _ in fields], what)
    return dict(fields)


def read_token(r: Reader) -> Token:
    token = Token(r.u64(), r.u64(), r.u64(), r.bytes8(0, 16), r.text(1, 64), r.text(0, 255),
                  r.bytes32(1, 65_536))
    if len(token.lease) not in (0, 16):
        raise ProtocolError("a lease of %d bytes" % len(token.lease))
    return token


def read_reported(r: Reader) -> Reported:
    return Reported(r.choice((0, 1, 2)), r.text(1, 32), r.u64())


def read_acted(r: Reader) -> Acted:
    return Acted(read_record(r), r.text(0, 1024), _read_fields(r, "details"), read_secret(r))


def read_scrub(r: Reader) -> Scrubs:
    def finding():
        return ScrubFinding(r.choice(range(1, 10)), r.text(1, 64), r.text(0, 255),
                            r.bytes16(0, 1024), r.u64(), r.text(0, 1024))

    def result():
        return ScrubResult(r.u64(), r.u64(), r.text(0, 1024), _read_position(r), r.u64(), r.u64(),
                           dict(r.list(0, 256, lambda: (r.text(1, 64), r.u64()))), r.u64(),
                           r.list(0, 400, finding))
    return Scrubs(r.bool(), r.u64(), r.u64(), r.u64(), r.optional(result))


def read_token_event(r: Reader):
    if r.choice((1, 2)) == 2:
        return ResyncEvent(_read_position(r))
    return TokenChange(r.u64(), r.bool(), r.u64(), r.text(1, 255), r.text(1, 32), r.u64(), r.u64())


def read_slots(r: Reader):
    return r.list(0, 1000, lambda: Slot(r.u32(), r.u8(), r.text(0, 1024), r.u64(), r.bool()))


def read_slot_added(r: Reader) -> SlotAdded: return SlotAdded(r.u32(), r.text(0, 255))


def read_rekey(r: Reader) -> Rekey:
    return Rekey(r.u8(), r.u64(), r.u64(), r.u64(), r.u64(), r.text(0, 4096), r.list(
        0, 1000, lambda: RecordKey(r.u32(), r.u8(), r.text(1, 64), r.u64(), r.u64(), r.u64())))


def read_root_changed(r: Reader): return r.list(0, 64, lambda: read_slot_added(r))


def read_backup_facts(r: Reader) -> BackupFacts:
    return BackupFacts(r.u64(), r.raw(16), _read_position(r), r.u64(), r.u64(), r.raw(32),
                       r.list(0, 256, lambda: (r.text(1, 64), r.u64())))


def read_backup_chunk(r: Reader) -> BackupChunk:
    return BackupChunk(r.u64(), r.u64(), r.bytes32(1, MAX_BACKUP_CHUNK))


def read_restore_chunk(r: Reader) -> bytes:
    """As the server reads it."""
    return r.bytes32(1, MAX_BACKUP_CHUNK)


def read_restored(r: Reader) -> Restored:
    def difference():
        return RestoreDifference(r.text(1, 64), *(r.u64() for _ in range(5)))

    def name():
        return RestoredName(r.text(1, 64), r.u64(), r.bytes16(0, 600), r.choice((0, 1, 2, 3)))
    return Restored(read_backup_facts(r), _read_position(r), r.raw(32), r.list(0, 256, difference),
                    r.list(0, 1000, name))


def read_scheduled(r: Reader) -> ScheduledBackup:
    return ScheduledBackup(r.text(1, 255), r.u64(), r.u64(), r.u64(), r.raw(32),
                           r.choice((0, 1, 2)), r.u64())


def read_backup_list(r: Reader) -> BackupList:
    return BackupList(r.text(0, 4096), r.u64(), r.u64(), r.u64(), r.u64(), r.bool(), r.bool(),
                      r.text(0, 4096), r.list(0, 1000, lambda: read_scheduled(r)))


def read_audit_entry(r: Reader) -> AuditEntry:
    return AuditEntry(
        r.u64(), r.u64(), r.u64(), r.u32(), r.text(0, 255), r.u32(), r.u32(), r.text(0, 255), r.text(0, 255),
        r.list(0, 32, lambda: r.text(0, 255)), r.text(1, 32), r.text(1, 32), r.u16(), r.text(0, 255),
        r.bytes16(0, 1024), r.u64(), r.u64(), r.bool(), r.text(0, 1024))


def read_audit_page(r: Reader) -> AuditPage:
    return AuditPage(r.list(0, 1000, lambda: read_audit_entry(r)), r.u64(), r.bool())


def read_audit_verdict(r: Reader) -> AuditVerdict:
    return AuditVerdict(r.u32(), r.u64(), r.u64(), r.u64(), r.list(
        0, 1000, lambda: AuditFinding(r.u64(), r.u64(), r.bool(), r.text(1, 1024))))


def read_audit_repaired(r: Reader) -> str: return r.text(0, 1024)


# operation: (fields of the response or end, fields of a chunk or event)
ANSWERS = {
    HELLO: (read_hello, None), CONFIRM: (read_nothing, None), PING: (read_u64, None),
    STATUS: (read_status, None), WHOAMI: (read_items, None), GET: (read_get, None),
    PUT: (read_written, None), INFO: (read_info, None), LIST: (read_list_end, read_page),
    ACTIVATE: (read_u64, None), DELETE: (read_u64, None), UNDELETE: (read_u64, None),
    DESTROY: (read_u64, None), UPDATE: (read_u64, None),
    EXPORT: (read_export_end, read_exported), IMPORT: (read_import_end, read_results),
    WATCH: (read_position, read_event),
    RECORD_CREATE: (read_record_answer, None), RECORD_LIST: (read_record_page, None),
    RECORD_SHOW: (read_record_answer, None), RECORD_UPDATE: (read_record_answer, None),
    RECORD_DELETE: (read_u32, None), REVEAL: (read_secret, None), USAGE: (read_usage, None),
    ACCOUNT_IMPORT: (read_account_import_end, None), VERIFY: (read_verdict, None),
    RESERVE: (read_reservation, None), SETTLE: (read_settlement, None),
    RELEASE: (read_settlement, None), TOKEN: (read_token, None), REPORT: (read_reported, None),
    CREDENTIAL_ACT: (read_acted, None), TOKEN_WATCH: (read_position, read_token_event),
    UNLOCK: (read_nothing, None),
    LOCK: (read_nothing, None), SLOT_LIST: (read_slots, None), SLOT_ADD: (read_slot_added, None),
    SLOT_REMOVE: (read_nothing, None), SLOT_ROTATE: (read_slot_added, None),
    SLOT_REHEARSE: (read_u32, None), REKEY: (read_rekey, None),
    REKEY_ROOT: (read_root_changed, None),
    CREDENTIAL_IMPORT: (read_account_import_end, None),
    BACKUP_CREATE: (read_backup_facts, read_backup_chunk), RESTORE: (read_restored, None),
    BACKUP_LIST: (read_backup_list, None), BACKUP_RUN: (read_scheduled, None),
    SCRUB: (read_scrub, None),
    AUDIT_SEARCH: (read_audit_page, None), AUDIT_VERIFY: (read_audit_verdict, None),
    AUDIT_REPAIR: (read_audit_repaired, None),
}


# ------------------------------------------------------- whom we are talking to

def default_path() -> str:
    path = os.environ.get("COFFER_SOCKET")
    if path:
        return path
    if os.geteuid() == 0:
        return "/run/coffer/coffer.sock"
    folder = os.environ.get("XDG_RUNTIME_DIR")
    if not folder:
        raise CofferError("neither COFFER_SOCKET nor XDG_RUNTIME_DIR is set")
    return os.path.join(folder, "coffer.sock")


def _acl_gives_write(folder) -> bool:
    """Whether an access ACL lets anybody but the owner write."""
    try:
        acl = os.getxattr(folder, "system.posix_acl_access")
    except OSError:
        return False
    for at in range(4, len(acl) - 7, 8):
        tag, permissions, _ = struct.unpack_from("<HHI", acl, at)
        if tag != 0x01 and tag != 0x10 and permissions & 2:  # not the owner, not the mask
            return True
    return False


def folder_vouches_for(path, uid, stat_of=os.stat, acl_of=_acl_gives_write) -> bool:
    """Whether uid owns the socket's folder, and nobody else could have put a socket there."""
    folder = os.path.dirname(os.path.realpath(path))
    if stat_of(folder).st_uid != uid:
        return False
    while True:
        s = stat_of(folder)
        if s.st_uid not in (0, uid) or s.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return False
        if acl_of(folder):
            return False
        above = os.path.dirname(folder)
        if above == folder:
            return True
        folder = above


def check_server(sock, path, trusted=()) -> int:
    """The server's uid, or NotTrusted."""
    _, uid, _ = struct.unpack("3I", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    if uid == 0 or uid == os.geteuid() or uid in trusted:
        return uid
    try:
        if folder_vouches_for(path, uid):
            return uid
    except OSError:
        pass
    raise NotTrusted("the server at %s runs as uid %d, which is not trusted" % (path, uid))


# --------------------------------------------------------------- a request

class Request:
    """One request on its way. `result()` waits for its last frame."""

    def __init__(self, client, operation, request_id, credit=0):
        self.client = client
        self.operation = operation
        self.id = request_id
        self.opened = False                    # watch: its response has come
        self.finish_sent = False               # import: our end has gone
        self._credit = credit                  # what the sender of the stream may still send
        self._items = queue.Queue()
        self._answer = None
        self._failure = None
        self._open = threading.Event()
        self._finished = threading.Event()
        self._changed = threading.Condition()

    # The reading thread's side.

    def _opened(self, answer):
        self._answer = answer
        self.opened = True
        self._open.set()

    def _finish(self, answer=None, failure=None):
        if self._finished.is_set():
            return
        if failure is not None:
            self._failure = failure
        else:
            self._answer = answer
        self._finished.set()
        self._open.set()
        self._items.put(None)
        with self._changed:
            self._changed.notify_all()

    def _arrived(self, item, needs_credit):
        if needs_credit:
            with self._changed:
                if self._credit == 0:
                    raise ProtocolError("a chunk or event without credit")
                self._credit -= 1
        self._items.put(item)

    def _granted(self, count):
        with self._changed:
            if self._credit + count > MAX_CREDIT:
                raise ProtocolError("too much credit")
            self._credit += count
            self._changed.notify_all()

    # The caller's side.

    @property
    def finished(self):
        return self._finished.is_set()

    @property
    def credit(self):
        with self._changed:
            return self._credit

    def cancel(self):
        self.client._send(frame(CANCEL, self.operation, self.id))

    def give_credit(self, count):
        with self._changed:
            self._credit += count
        self.client._send(frame(CREDIT, self.operation, self.id, credit_body(count)))

    def wait_credit(self, timeout):
        """Take one credit of an import. False: the request has ended instead."""
        with self._changed:
            ready = self._changed.wait_for(lambda: self._credit > 0 or self.finished, timeout)
            if not ready:
                raise TimeoutError("no credit within %s s" % timeout)
            if self.finished:
                return False
            self._credit -= 1
            return True

    def result(self, timeout=60):
        if not self._finished.wait(timeout):
            raise TimeoutError("no answer within %s s" % timeout)
        if self._failure is not None:
            raise self._failure
        return self._answer

    def failure(self, timeout=60):
        """The failure with which it ended; None for a success."""
        if not self._finished.wait(timeout):
            raise TimeoutError("no answer within %s s" % timeout)
        return self._failure

    def opening(self, timeout=60):
        """The response of a watch."""
        if not self._open.wait(timeout):
            raise TimeoutError("no response within %s s" % timeout)
        if not self.opened:
            raise self._failure
        return self._answer

    def next(self, timeout=60):
        """The next chunk or event; None at the end of the stream; a failure is raised."""
        try:
            item = self._items.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError("nothing came within %s s" % timeout) from None
        if item is None:
            self._items.put(None)
            if self._failure is not None:
                raise self._failure
        return item


class Stream:
    """The pages of a list, or the chunks of an export; `end` behind the last one.

    With `refill` each piece that is taken is replaced by one more credit."""

    def __init__(self, request, refill, timeout):
        self.request = request
        self.end = None
        self._refill = refill
        self._timeout = timeout

    def __iter__(self):
        return self

    def __next__(self):
        item = self.request.next(self._timeout)
        if item is None:
            self.end = self.request.result()
            raise StopIteration
        if self._refill and not self.request.finished:
            self.request.give_credit(1)
        return item

    def give_credit(self, count):
        self.request.give_credit(count)

    def cancel(self):
        self.request.cancel()


class Watch:
    """Events as they come. `position` is where it began."""

    def __init__(self, request, refill, timeout):
        self.request = request
        self.position = request.opening(timeout)
        self._refill = refill

    def next(self, timeout=60):
        event = self.request.next(timeout)
        if self._refill and not self.request.finished:
            self.request.give_credit(1)
        return event

    def give_credit(self, count):
        self.request.give_credit(count)

    def cancel(self):
        self.request.cancel()

    def end(self, timeout=60) -> Failure:
        return self.request.failure(timeout)


# ------------------------------------------------------------- the connection

class Client:
    """A connection that is open. Use `Client.connect`."""

    def __init__(self, sock, tenant, client_name, timeout):
        self._sock = sock
        self._pid = os.getpid()
        self._timeout = timeout
        self._limit = SMALL_FRAME              # of frames that come
        self._send_limit = SMALL_FRAME
        self._sending = threading.Lock()
        self._state = threading.Lock()
        self._requests = {}
        self._next_id = 1
        self._closed = None                    # why, once it is
        self._confirmed = False
        self._in_flight = threading.Semaphore(2)
        self._thread = threading.Thread(target=self._read_all, daemon=True)
        self._thread.start()
        try:
            body = hello_body(tenant, client_name)
            self.hello: Hello = self.start(HELLO, body).result(timeout)
            self._send_limit = min(self.hello.frame_limit, LARGE_FRAME)
            self._in_flight = threading.Semaphore(self.hello.requests_in_flight)
            self.start(CONFIRM, confirm_body(self.hello.nonce)).result(timeout)
        except BaseException:
            self.close()
            raise

    @classmethod
    def connect(cls, path=None, tenant=None, client_name="coffer-interop/1.0", trusted=(),
                timeout=60):
        path = path or default_path()
        tenant = tenant or os.environ.get("COFFER_TENANT") or "main"
        sock = open_socket(path, trusted)
        return cls(sock, tenant, client_name, timeout)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._end(ConnectionLost("the client closed the connection"))
        if threading.current_thread() is not self._thread:
            self._thread.join(5)

    @property
    def closed(self):
        return self._closed is not None

    @property
    def end_reason(self):
        return self._closed

    @property
    def incarnation(self):
        return self.hello.position.incarnation

    # Sending.

    def _send(self, data):
        if os.getpid() != self._pid:
            raise CofferError("a connection belongs to the process that opened it")
        with self._sending:
            if self._closed is not None:
                raise self._closed
            try:
                self._sock.sendall(data)
            except OSError:
                pass                           # the reading thread learns why

    def start(self, operation, body, credit=0, request_id=None) -> Request:
        """Send a request and go on; its answer comes to the Request."""
        if len(body) + 8 > self._send_limit:
            raise ValueError("the request does not fit a frame")
        self._in_flight.acquire()
        slot = self._in_flight
        try:
            with self._state:
                if self._closed is not None:
                    raise self._closed
                if request_id is None:
                    request_id = self._free_id()
                request = Request(self, operation, request_id, credit)
                request.slot = slot
                self._requests[request_id] = request
        except BaseException:
            slot.release()
            raise
        self._send(frame(REQUEST, operation, request_id, body))
        return request

    def _free_id(self):
        while True:
            candidate = self._next_id
            self._next_id = candidate + 1 if candidate < 2**32 - 1 else 1
            if candidate not in self._requests:
                return candidate

    # Receiving.

    def _read_exactly(self, count, may_end=False):
        data = bytearray(count)
        view, got = memoryview(data), 0
        while got < count:
            n = self._sock.recv_into(view[got:])
            if n == 0:
                if may_end and got == 0:
                    return None
                raise ConnectionLost("the connection was closed within a frame")
            got += n
        return data

    def _read_all(self):
        try:
            while True:
                head = self._read_exactly(4, may_end=True)
                if head is None:
                    raise ConnectionLost()
                length = int.from_bytes(head, "big")
                if not 8 <= length <= self._limit:
                    raise ProtocolError("a frame of length %d" % length)
                rest = self._read_exactly(length)
                kind, reserved, operation, request_id = struct.unpack_from(">BBHI", rest)
                if reserved != 0 or not REQUEST <= kind <= CREDIT:
                    raise ProtocolError("a frame that is none")
                self._dispatch(kind, operation, request_id, memoryview(rest)[8:])
        except CofferError as reason:
            self._end(reason)
        except OSError as problem:
            self._end(ConnectionLost(str(problem)))
        except Exception as problem:           # a fault of this client
            self._end(ProtocolError("%s: %s" % (type(problem).__name__, problem)))

    def _dispatch(self, kind, operation, request_id, body):
        r = Reader(body)
        if request_id == 0:
            if kind != END or operation != 0:
                raise ProtocolError("a frame of the connection that is no end")
            raise read_failure(r, r.u16(), of_connection=True)
        with self._state:
            request = self._requests.get(request_id)
        if request is None:
            raise ProtocolError("a frame for request %d, which is not unfinished" % request_id)
        if operation != request.operation:
            raise ProtocolError("a frame with the operation of another request")
        read_answer, read_piece = ANSWERS.get(operation, (None, None))
        if kind in (RESPONSE, END):
            error = r.u16()
            if error != 0:
                self._finished(request, failure=read_failure(r, error))
                return
            wanted = END if operation in STREAMS else RESPONSE
            if kind != wanted or read_answer is None or request.opened:
                raise ProtocolError("a success in a frame of kind %d" % kind)
            answer = read_answer(r)
            r.done()
            if operation in WATCHES:
                request._opened(answer)
                return
            if operation == HELLO:
                if answer.version != 1 or answer.features != 0:
                    raise ProtocolError("the server speaks what was not offered")
                self._limit = LARGE_FRAME
            if operation == CONFIRM:
                self._confirmed = True
            self._finished(request, answer)
        elif kind == CHUNK and operation in STREAMS and read_piece is not None:
            if operation == IMPORT and not request.finish_sent:
                raise ProtocolError("results before the client's end")
            piece = read_piece(r)
            r.done()
            request._arrived(piece, needs_credit=operation != IMPORT)
        elif kind == EVENT and operation in WATCHES and request.opened:
            event = read_piece(r)
            r.done()
            request._arrived(event, needs_credit=True)
        elif kind == CREDIT and operation in IMPORTS:
            count = r.u32()
            r.done()
            if count == 0:
                raise ProtocolError("a credit of nothing")
            request._granted(count)
        else:
            raise ProtocolError("a frame of kind %d for operation %#06x" % (kind, operation))

    def _finished(self, request, answer=None, failure=None):
        with self._state:
            del self._requests[request.id]
        request.slot.release()
        request._finish(answer, failure)

    def _end(self, reason):
        with self._state:
            if self._closed is not None:
                return
            self._closed = reason
            orphans = list(self._requests.values())
            self._requests.clear()
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._sock.close()
        for request in orphans:
            unknown = self._confirmed and request.operation in CHANGES
            outcome = OUTCOME_UNKNOWN if unknown else OUTCOME_NONE
            if isinstance(reason, Failure):
                given = reason.for_request(outcome)
            elif isinstance(reason, ConnectionLost):
                given = ConnectionLost(str(reason), outcome)
            else:
                given = reason
            request.slot.release()
            request._finish(failure=given)

    # The operations.

    def _ask(self, operation, body):
        return self.start(operation, body).result(self._timeout)

    def ping(self, deadline=0): return self._ask(PING, empty_body(deadline))
    def status(self, deadline=0): return self._ask(STATUS, empty_body(deadline))
    def whoami(self, deadline=0): return self._ask(WHOAMI, empty_body(deadline))

    def scrub(self, act=0, deadline=0) -> Scrubs:
        """act: 0 how it stands, 1 begin one, 2 end the one that runs."""
        return self._ask(SCRUB, scrub_body(act, deadline))

    def audit_search(self, **wanted) -> List[AuditEntry]:
        """All that match, from the beginning of the log."""
        found, cursor = [], 0
        while True:
            page = self._ask(AUDIT_SEARCH, audit_search_body(cursor=cursor, **wanted))
            found += page.entries
            if not page.more:
                return found
            cursor = page.cursor

    def audit_verify(self, deadline=0) -> AuditVerdict: return self._ask(AUDIT_VERIFY, empty_body(deadline))
    def audit_repair(self, deadline=0) -> str: return self._ask(AUDIT_REPAIR, empty_body(deadline))

    def get(self, name, version=0, unless=None, deadline=0) -> Secret:
        return self._ask(GET, get_body(name, version, unless, deadline))

    def put(self, name, value, expected=None, key=None, activate=True, expires=0,
            content_type="", settings=KEEP, deadline=0) -> Written:
        return self._ask(PUT, put_body(name, value, expected, key, activate, expires,
                                       content_type, settings, deadline))

    def info(self, name, deadline=0) -> Info:
        return self._ask(INFO, info_body(name, deadline))

    def activate(self, name, version, expected=None, key=None, deadline=0) -> int:
        return self._ask(ACTIVATE, version_body(name, version, expected, key, deadline))

    def delete(self, name, version=0, expected=None, key=None, deadline=0) -> int:
        return self._ask(DELETE, version_body(name, version, expected, key, deadline))

    def undelete(self, name, version=0, expected=None, key=None, deadline=0) -> int:
        return self._ask(UNDELETE, version_body(name, version, expected, key, deadline))

    def destroy(self, name, version=0, expected=None, key=None, deadline=0) -> int:
        return self._ask(DESTROY, version_body(name, version, expected, key, deadline))

    def update(self, name, settings, expected=None, key=None, deadline=0) -> int:
        return self._ask(UPDATE, update_body(name, settings, expected, key, deadline))

    def list(self, prefix=b"", cursor=None, page_size=1000, limit=0, include_deleted=False,
             credit=4, refill=True, deadline=0) -> Stream:
        """The pages, as an iterator. `cursor`: (incarnation, after)."""
        body = list_body(prefix, cursor, page_size, limit, include_deleted, credit, deadline)
        return Stream(self.start(LIST, body, credit), refill, self._timeout)

    def names(self, prefix=b"", **options) -> List[bytes]:
        return [e.name for page in self.list(prefix, **options) for e in page.entries]

    def export(self, prefix=b"", credit=4, refill=True, deadline=0) -> Stream:
        body = export_body(prefix, credit, deadline)
        return Stream(self.start(EXPORT, body, credit), refill, self._timeout)

    def import_entries(self, entries, dry_run=False, create_only=False, key=None, deadline=0,
                       announce=None) -> Tuple[ImportEnd, List[ImportItem]]:
        """`announce`: another count for the end frame than that of the entries."""
        request = self.start(IMPORT, import_body(dry_run, create_only, key, deadline))
        count, batch, size = 0, [], 10

        def send():
            if not request.wait_credit(self._timeout):
                return False
            self._send(frame(CHUNK, IMPORT, request.id, entries_body(batch)))
            batch.clear()
            return True

        going = True
        for entry in entries:
            data = entry_bytes(entry)
            if batch and (size + len(data) > self._send_limit or len(batch) == 10_000):
                going = send()
                size = 10
                if not going:
                    break
            batch.append(data)
            size += len(data)
            count += 1
        if going and batch:
            going = send()
        if going:
            request.finish_sent = True
            count = count if announce is None else announce
            self._send(frame(END, IMPORT, request.id, finish_body(count)))
        end = request.result(self._timeout)
        items = []
        while True:
            piece = request.next(self._timeout)
            if piece is None:
                return end, items
            items += piece

    # Records and API keys.

    def create_record(self, noun, fields, secret=b"", deadline=0) -> RecordAnswer:
        return self._ask(RECORD_CREATE, record_create_body(noun, fields, secret, deadline))

    def records(self, noun, filter=(), after="", limit=1000, deadline=0) -> RecordPage:
        return self._ask(RECORD_LIST, record_list_body(noun, filter, after, limit, deadline))

    def all_records(self, noun, filter=(), limit=1000) -> List[Record]:
        found, after = [], ""
        while True:
            page = self.records(noun, filter, after, limit)
            found += page.records
            after = page.next
            if not after:
                return found

    def record(self, noun, record_id, deadline=0) -> Record:
        return self._ask(RECORD_SHOW, record_show_body(noun, record_id, deadline)).record

    def update_record(self, noun, record_id, fields, secret=b"", expected=0, deadline=0) -> Record:
        body = record_update_body(noun, record_id, fields, secret, expected, deadline)
        return self._ask(RECORD_UPDATE, body).record

    def delete_records(self, noun, ids, deadline=0) -> int:
        return self._ask(RECORD_DELETE, record_delete_body(noun, ids, deadline))

    def reveal(self, record_id, deadline=0) -> bytes:
        return self._ask(REVEAL, reveal_body(record_id, deadline))

    def usage(self, record_id, limit=1000, deadline=0) -> Usage:
        return self._ask(USAGE, usage_body(record_id, limit, deadline))

    def verify(self, key, address=b"", model="", cost=0, deadline=0) -> Verdict:
        return self._ask(VERIFY, verify_body(key, address, model, cost, deadline))

    def reserve(self, key, amount, request_id, lifetime=60_000, address=b"", model="",
                deadline=0) -> Reservation:
        return self._ask(RESERVE, reserve_body(key, amount, request_id, lifetime, address, model,
                                               deadline))

    def settle(self, number, request_id, amount, model="", input_tokens=0, output_tokens=0,
               deadline=0) -> Settlement:
        return self._ask(SETTLE, settle_body(number, request_id, amount, model, input_tokens,
                                             output_tokens, deadline))

    def release(self, number, request_id, deadline=0) -> Settlement:
        return self._ask(RELEASE, release_body(number, request_id, deadline))

    def import_accounts(self, source, rows, dry_run=False, deadline=0,
                        announce=None, chunk_rows=1000) -> AccountImportEnd:
        """`announce`: another count for the end frame than that of the rows."""
        request = self.start(ACCOUNT_IMPORT, account_import_body(source, dry_run, deadline))
        chunks, size = [[]], 10
        for data in map(row_bytes, rows):
            full = size + len(data) > self._send_limit or len(chunks[-1]) == chunk_rows
            if chunks[-1] and full:
                chunks.append([])
                size = 10
            chunks[-1].append(data)
            size += len(data)
        for chunk in filter(None, chunks):
            if not request.wait_credit(self._timeout):
                return request.result(self._timeout)       # which raises what ended it
            self._send(frame(CHUNK, ACCOUNT_IMPORT, request.id, entries_body(chunk)))
        count = sum(map(len, chunks)) if announce is None else announce
        request.finish_sent = True
        self._send(frame(END, ACCOUNT_IMPORT, request.id, finish_body(count)))
        return request.result(self._timeout)

    def watch(self, name=b"", exact=False, values=False, since=None, credit=64, refill=True,
              deadline=0) -> Watch:
        body = watch_body(name, exact, values, since, credit, deadline)
        return Watch(self.start(WATCH, body, credit), refill, self._timeout)


    # Live tokens.

    def token(self, name, pool=False, kind="access", minimum_left=0, sticky=b"",
              deadline=0) -> Token:
        return self._ask(TOKEN, token_body(name, pool, kind, minimum_left, sticky, deadline))

    def report(self, verdict, lease=None, pool="", credential="", retry_after=0,
               deadline=0) -> Reported:
        return self._ask(REPORT, report_body(verdict, lease, pool, credential, retry_after,
                                             deadline))

    def act(self, noun, record_id, verb, options=(), secret=b"", deadline=0) -> Acted:
        return self._ask(CREDENTIAL_ACT, act_body(noun, record_id, verb, options, secret,
                                                  deadline))

    def watch_tokens(self, name=b"", exact=False, pool=False, since=None, credit=64, refill=True,
                     deadline=0) -> Watch:
        body = token_watch_body(name, exact, pool, since, credit, deadline)
        return Watch(self.start(TOKEN_WATCH, body, credit), refill, self._timeout)

    # Backups.

    def backup(self, credit=4, refill=True, deadline=0) -> Stream:
        """Chunks of the lines, not encrypted; the stream's end says what the backup is."""
        return Stream(self.start(BACKUP_CREATE, backup_create_body(credit, deadline), credit),
                      refill, self._timeout)

    def restore(self, data, mode=INTO_EMPTY, only=(), discard_newer=False, dry_run=False,
                deadline=0, announce=None, chunk_size=200_000) -> Restored:
        """`data`: the lines. `announce`: another count for the end frame than that of the bytes."""
        request = self.start(RESTORE, restore_body(mode, only, discard_newer, dry_run, deadline))
        for at in range(0, len(data), chunk_size):
            if not request.wait_credit(self._timeout):
                return request.result(self._timeout)       # which raises what ended it
            self._send(frame(CHUNK, RESTORE, request.id,
                             restore_chunk_body(data[at:at + chunk_size])))
        request.finish_sent = True
        self._send(frame(END, RESTORE, request.id,
                         finish_body(len(data) if announce is None else announce)))
        return request.result(self._timeout)

    def scheduled_backups(self, deadline=0) -> BackupList:
        return self._ask(BACKUP_LIST, empty_body(deadline))

    def run_backup(self, deadline=0) -> ScheduledBackup:
        return self._ask(BACKUP_RUN, empty_body(deadline))

    def import_credentials(self, source, rows, dry_run=False, deadline=0) -> AccountImportEnd:
        return self._ask(CREDENTIAL_IMPORT, credential_import_body(source, rows, dry_run,
                                                                   deadline))

    # Slots and keys.

    def slots(self): return self._ask(SLOT_LIST, empty_body())

    def slot_add(self, kind, label="", secret=b"") -> SlotAdded:
        return self._ask(SLOT_ADD, slot_add_body(kind, label, secret))

    def slot_remove(self, slot_id): return self._ask(SLOT_REMOVE, slot_remove_body(slot_id))

    def slot_rotate(self, slot_id, kind, secret=b"") -> SlotAdded:
        return self._ask(SLOT_ROTATE, slot_secret_body(slot_id, kind, secret))

    def slot_rehearse(self, kind, secret, slot_id=0) -> int:
        return self._ask(SLOT_REHEARSE, slot_secret_body(slot_id, kind, secret))

    def rekey(self, act=LOOK) -> Rekey: return self._ask(REKEY, rekey_body(act))

    def rekey_root(self, kept, dropped=()):
        return self._ask(REKEY_ROOT, rekey_root_body(kept, dropped))


def open_socket(path, trusted=()):
    """A connected socket whose server has been checked. Nothing has been sent."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)   # close-on-exec, as all of Python's
    try:
        sock.connect(path)
        check_server(sock, path, trusted)
    except BaseException:
        sock.close()
        raise
    return sock


def new_key() -> bytes:
    """An idempotency key."""
    return secrets.token_bytes(16)
