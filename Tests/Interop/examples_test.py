"""Checks coffer_client.py against the hex examples that protocol.md itself shows. No daemon.

Every example must be read or made here; an example that is new fails until it is added below."""

import os
import re
import struct
import unittest

import coffer_client as c

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "protocol.md")
NAME, VALUE = b"payments/stripe/api-key", b"sk_live_51H8"
INCARNATION = bytes(range(0xA0, 0xB0))
HERE = c.Position(INCARNATION, 4711)
KEY, ADDRESS = b"ck_4fQv9sT2", bytes([192, 0, 2, 7])
API_KEY = c.Record("apikey", "7", 4720, {
    "name": "ci runner", "quota": "500000", "status": "enabled", "tenant": "main"})
VERDICT = c.Verdict(c.VALID, c.SCOPE_FULL, False, 499_990, 1798761600, 0, 7, "main", "ada",
                    "ci runner", "default")
ROWS = [
    c.Row("user", {"role": "common", "name": "ada"}, {"password_hash": b"$2a$10$x"}, "users 1"),
    c.Row("apikey", {"name": "ci runner", "owner": "ada"}, {"key": KEY, "beta": b""}, "tokens 12")]
LEASE, ACCESS = bytes(range(0x70, 0x80)), b"at-9f86d081"
CREDENTIAL = c.Record("credential", "openai/main", 4730, {
    "enabled": "true", "name": "openai/main", "provider": "openai", "state": "fresh"})
CREDENTIAL_ROW = c.Row("credential", {"name": "openai/main", "provider": "openai"},
                       {"refresh": b"rt-1"}, "rt.csv 2")
DIGEST = bytes(range(0x80, 0xA0))
FACTS = c.BackupFacts(1767225600000, bytes(range(0x10, 0x20)), HERE, 14, 2048, DIGEST,
                      [("secret", 2), ("value", 3), ("user", 1)])
FULL = c.Settings([("owner", "payments"), ("note", "")], ["live", "pci"], 20, 86_400_000)


def examples():
    with open(PAGE, encoding="utf-8") as page:
        found = re.findall(r"<!-- vector: (\S+) -->\n```text\n(.*?)```", page.read(), re.S)
    result = {}
    for name, block in found:
        assert name not in result, name
        result[name] = bytes.fromhex("".join(line.split(";")[0] for line in block.splitlines()))
    return result


EXAMPLES = examples()

# What the client sends: the same bytes must be made.
MADE = {
    "ping-request": (c.REQUEST, c.PING, 7, c.empty_body()),
    "hello-request": (c.REQUEST, c.HELLO, 1, c.hello_body("main", "example/1.0")),
    "confirm-request": (c.REQUEST, c.CONFIRM, 2, c.confirm_body(bytes(range(0xF0, 0x100)))),
    "get-request": (c.REQUEST, c.GET, 7, c.get_body(NAME)),
    "put-request-full": (c.REQUEST, c.PUT, 7, c.put_body(
        NAME, VALUE, c.Expect(3, INCARNATION), bytes(range(0x60, 0x70)), False, 1767225600000,
        "text/plain", FULL)),
    "list-request-cursor": (c.REQUEST, c.LIST, 7, c.list_body(
        "payments/", (INCARNATION, NAME), 1000, 5000, True, 0)),
    "list-credit": (c.CREDIT, c.LIST, 7, c.credit_body(2)),
    "import-request-dry-run": (c.REQUEST, c.IMPORT, 7, c.import_body(dry_run=True)),
    "import-chunk": (c.CHUNK, c.IMPORT, 7, c.entries_body([
        c.entry_bytes(c.Entry(NAME, VALUE)),
        c.entry_bytes(c.Entry(b"payments/test", b"", settings=FULL))])),
    "import-finish": (c.END, c.IMPORT, 7, c.finish_body(2)),
    "watch-request-from": (c.REQUEST, c.WATCH, 7, c.watch_body(
        "payments/", values=True, since=HERE, credit=16)),
    "watch-cancel": (c.CANCEL, c.WATCH, 7, b""),
    "record-create-request": (c.REQUEST, c.RECORD_CREATE, 7, c.record_create_body(
        "apikey", {"tenant": "main", "quota": "500000", "name": "ci runner"})),
    "record-list-request-filter": (c.REQUEST, c.RECORD_LIST, 7, c.record_list_body(
        "apikey", {"tenant": "main", "owner": ""}, "7", 1000)),
    "record-update-request": (c.REQUEST, c.RECORD_UPDATE, 7, c.record_update_body(
        "apikey", "7", {"status": "disabled"}, expected=4720)),
    "record-delete-request": (c.REQUEST, c.RECORD_DELETE, 7, c.record_delete_body(
        "apikey", ["7", "12"])),
    "verify-request": (c.REQUEST, c.VERIFY, 7, c.verify_body(KEY, ADDRESS, "gpt-4o", 10)),
    "reserve-request": (c.REQUEST, c.RESERVE, 7, c.reserve_body(
        KEY, 1000, "r-1", 60_000, ADDRESS, "gpt-4o")),
    "settle-request": (c.REQUEST, c.SETTLE, 7, c.settle_body(7, "r-1", 300, "gpt-4o", 100, 200)),
    "account-import-request": (c.REQUEST, c.ACCOUNT_IMPORT, 7, c.account_import_body("newapi")),
    "account-import-chunk": (c.CHUNK, c.ACCOUNT_IMPORT, 7, c.entries_body(
        [c.row_bytes(row) for row in ROWS])),
    "token-request": (c.REQUEST, c.TOKEN, 7, c.token_body(
        "openai/main", minimum_left=60, deadline=5000)),
    "report-request": (c.REQUEST, c.REPORT, 7, c.report_body(
        c.TOO_MANY, LEASE, retry_after=20_000)),
    "credential-act-request": (c.REQUEST, c.CREDENTIAL_ACT, 7, c.act_body(
        "credential", "openai/main", "refresh", {"kinds": "access\nshare"})),
    "token-watch-request": (c.REQUEST, c.TOKEN_WATCH, 7, c.token_watch_body(
        "openai/main", exact=True, credit=1024)),
    "credential-import-request": (c.REQUEST, c.CREDENTIAL_IMPORT, 7, c.credential_import_body(
        "rtmanage", [CREDENTIAL_ROW])),
    "backup-create-request": (c.REQUEST, c.BACKUP_CREATE, 7, c.backup_create_body(4)),
    "restore-request-only": (c.REQUEST, c.RESTORE, 7, c.restore_body(
        c.REPLACE, ["payments/*", "mail/**"], True, True)),
}

# What the client reads: kind, operation, id, reader, what must come out.
READ = {
    "hello-response": (c.RESPONSE, c.HELLO, 1, c.read_hello, c.Hello(
        1, 0, 1_114_112, 256, 4_194_304, bytes(range(0x10, 0x20)), HERE, 1767225600000, False,
        bytes(range(0xF0, 0x100)), "cofferd/1.0.0")),
    "confirm-response": (c.RESPONSE, c.CONFIRM, 2, c.read_nothing, None),
    "get-response": (c.RESPONSE, c.GET, 7, c.read_get,
                     c.Secret(3, 4700, 0, VALUE, "text/plain")),
    "put-response": (c.RESPONSE, c.PUT, 7, c.read_written, c.Written(4, 4712)),
    "list-end": (c.END, c.LIST, 7, c.read_list_end, c.ListEnd(4717, True)),
    "import-end": (c.END, c.IMPORT, 7, c.read_import_end, c.ImportEnd(4718, 1, 1, 1)),
    "watch-response": (c.RESPONSE, c.WATCH, 7, c.read_position, HERE),
    "record-create-response": (c.RESPONSE, c.RECORD_CREATE, 7, c.read_record_answer,
                               c.RecordAnswer(API_KEY, KEY)),
    "record-delete-response": (c.RESPONSE, c.RECORD_DELETE, 7, c.read_u32, 1),
    "verify-response": (c.RESPONSE, c.VERIFY, 7, c.read_verdict, VERDICT),
    "verify-response-unknown": (c.RESPONSE, c.VERIFY, 7, c.read_verdict, c.Verdict(c.UNKNOWN_KEY)),
    "reserve-response": (c.RESPONSE, c.RESERVE, 7, c.read_reservation,
                         c.Reservation(VERDICT, 1000, 1767225660000, False)),
    "settle-response": (c.RESPONSE, c.SETTLE, 7, c.read_settlement,
                        c.Settlement(300, 0, 499_690, False, False)),
    "account-import-end": (c.END, c.ACCOUNT_IMPORT, 7, c.read_account_import_end,
                           c.AccountImportEnd(4721, [0, 3], [(1, "the key is there already")], 0)),
    "token-response": (c.RESPONSE, c.TOKEN, 7, c.read_token, c.Token(
        1767225600000, 4730, 7, b"", "access", "openai/main", ACCESS)),
    "token-response-lease": (c.RESPONSE, c.TOKEN, 7, c.read_token, c.Token(
        1767225600000, 4730, 7, LEASE, "access", "openai/main", ACCESS)),
    "report-response": (c.RESPONSE, c.REPORT, 7, c.read_reported, c.Reported(
        c.TAKEN, "cooling", 1767225600000)),
    "credential-act-response": (c.RESPONSE, c.CREDENTIAL_ACT, 7, c.read_acted, c.Acted(
        CREDENTIAL, "the tokens are new", {"dialled": "true", "renewed": "true"}, b"")),
    "backup-create-end": (c.END, c.BACKUP_CREATE, 7, c.read_backup_facts, FACTS),
    "restore-end": (c.END, c.RESTORE, 7, c.read_restored, c.Restored(
        FACTS, c.Position(bytes(range(0xF0, 0x100)), 4711 + 2**32), DIGEST,
        [c.RestoreDifference("secret", 1, 0, 1, 0, 1), c.RestoreDifference("user", same=1)],
        [c.RestoredName("secret", 1, NAME, c.ADDED),
         c.RestoredName("secret", 1, b"mail/old", c.REMOVED)])),
    "backup-run-response": (c.RESPONSE, c.BACKUP_RUN, 7, c.read_scheduled, c.ScheduledBackup(
        "coffer-20260101T000000Z-4711.age", 1767225600000, 4711, 4096, DIGEST,
        c.PROVEN_BY_IDENTITY, 1767225600900)),
}

PIECES = {
    "list-chunk": (c.CHUNK, c.LIST, 7, c.read_page, c.Page(
        4717, [c.Listed(NAME, False), c.Listed(b"payments/test", True)])),
    "import-results": (c.CHUNK, c.IMPORT, 7, c.read_results, [(0, 1), (1, 4), (2, 9)]),
    "import-credit": (c.CREDIT, c.IMPORT, 7, lambda r: r.u32(), 4),
    "import-chunk": (c.CHUNK, c.IMPORT, 7, c.read_entries, [
        c.Entry(NAME, VALUE), c.Entry(b"payments/test", b"", settings=FULL)]),
    "account-import-chunk": (c.CHUNK, c.ACCOUNT_IMPORT, 7, c.read_rows, ROWS),
    "watch-event-put": (c.EVENT, c.WATCH, 7, c.read_event,
                        c.Change(4718, 0, False, 1, 4, NAME, VALUE)),
    "token-watch-event": (c.EVENT, c.TOKEN_WATCH, 7, c.read_token_event, c.TokenChange(
        4731, True, 7, "openai/main", "fresh", 1767225600000, 4731)),
    "backup-create-chunk": (c.CHUNK, c.BACKUP_CREATE, 7, c.read_backup_chunk, c.BackupChunk(
        0, 6, b'{"coffer":"backup","version":1')),
    "watch-event-resync": (c.EVENT, c.WATCH, 7, c.read_event, c.ResyncEvent(HERE)),
}

FAILURES = {
    "connection-end": (c.END, 0, 0, c.Unexpected, 0, 0, "the first request must be hello"),
    "failure-denied": (c.RESPONSE, c.GET, 7, c.Denied, 0, 0, "denied"),
    "watch-end": (c.END, c.WATCH, 7, c.Cancelled, 0, 0, "cancelled by the client"),
    "failure-retry-after": (c.RESPONSE, 0x0005, 7, c.Busy, 2, 4000, "wait"),
}

LEFT_OUT = {"unlock-request"}                  # this client does not unlock


def taken_apart(data):
    length, kind, reserved, operation, request_id = struct.unpack_from(">IBBHI", data)
    assert length == len(data) - 4 and reserved == 0
    return kind, operation, request_id, data[12:]


class ExampleTests(unittest.TestCase):

    def test_every_example_is_used(self):
        self.assertEqual(set(EXAMPLES), set(MADE) | set(READ) | set(PIECES) | set(FAILURES)
                         | LEFT_OUT)

    def test_what_is_sent(self):
        for name, fields in MADE.items():
            with self.subTest(name):
                self.assertEqual(c.frame(*fields).hex(" "), EXAMPLES[name].hex(" "))

    def read(self, name, kind, operation, request_id, skip):
        got = taken_apart(EXAMPLES[name])
        self.assertEqual(got[:3], (kind, operation, request_id))
        if skip:
            self.assertEqual(got[3][:2], b"\0\0")
        return got[3][2:] if skip else got[3]

    def test_what_is_read(self):
        for table, skip in ((READ, True), (PIECES, False)):
            for name, (kind, operation, request_id, reader, wanted) in table.items():
                with self.subTest(name):
                    body = self.read(name, kind, operation, request_id, skip)
                    r = c.Reader(body)
                    self.assertEqual(reader(r), wanted)
                    r.done()
                    for cut in range(len(body)):           # no shorter body is accepted
                        with self.assertRaises(c.ProtocolError):
                            r = c.Reader(body[:cut])
                            reader(r)
                            r.done()
                    r = c.Reader(body + b"\0")             # nor a longer one
                    with self.assertRaises(c.ProtocolError):
                        reader(r)
                        r.done()

    def test_failures(self):
        for name, (kind, operation, request_id, error, retry, after, text) in FAILURES.items():
            with self.subTest(name):
                r = c.Reader(self.read(name, kind, operation, request_id, False))
                failure = c.read_failure(r, r.u16())
                self.assertIs(type(failure), error)
                self.assertEqual((failure.retry, failure.retry_after, failure.outcome,
                                  failure.message), (retry, after, 0, text))

    def test_the_error_table(self):
        with open(PAGE, encoding="utf-8") as page:
            section = page.read().split("## 11 Errors")[-1].split("## 12 ")[0]
        rows = {int(n): name for n, name in re.findall(r"^\| (\d+) \| `(\w+)` \|", section, re.M)}
        self.assertEqual(rows, {number: f.name for number, f in c.FAILURES.items()})

    def test_the_table_of_operations(self):
        with open(PAGE, encoding="utf-8") as page:
            section = page.read().split("## 10 Operations")[-1].split("### Handshake")[0]
        rows = {name: int(n, 16) for n, name in re.findall(r"(0x\w{4}) \| `(\w+)`", section)}
        self.assertGreater(len(rows), 20)
        for name in ("hello", "confirm", "ping", "status", "whoami", "get", "put", "info", "list",
                     "activate", "delete", "undelete", "destroy", "update", "export", "import",
                     "watch", "recordCreate", "recordList", "recordShow", "recordUpdate",
                     "recordDelete", "reveal", "usage", "accountImport", "verify", "reserve",
                     "settle", "release", "token", "report", "credentialAct", "tokenWatch",
                     "credentialImport", "backupCreate", "restore", "backupList", "backupRun", "scrub"):
            constant = re.sub("([A-Z])", r"_\1", name).upper()
            self.assertEqual(getattr(c, constant), rows[name], name)

    def test_refusals(self):
        good = EXAMPLES["failure-denied"][14:]
        for at, value in ((0, 3), (0, 2), (4, 1), (5, 2)):  # retry, retry_after, outcome
            body = bytearray(good)
            body[at] = value
            with self.subTest(at=at, value=value), self.assertRaises(c.ProtocolError):
                c.read_failure(c.Reader(bytes(body)), 10)
        for number in (0, 35, 65535):
            with self.assertRaises(c.ProtocolError):
                c.read_failure(c.Reader(good), number)


if __name__ == "__main__":
    unittest.main(verbosity=2)
