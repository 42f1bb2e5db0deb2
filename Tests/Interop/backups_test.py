"""Tests of backups and restores in a running daemon, written from protocol.md and docs/backup-format.md alone.

    COFFER_SOCKET=<path> python3 backups_test.py

Run as root, against a daemon that is unlocked and takes no scheduled backups. It replaces the store's content by what
it is, which draws a new incarnation: run it last.
"""

import hashlib
import json
import os
import unittest

import coffer_client as c
from interop_test import Case, failure_of


def digest(lines):
    total = sum(int.from_bytes(hashlib.sha256(line).digest(), "big") for line in lines[1:-1])
    return (total % 2**256).to_bytes(32, "big")


class BackupCase(Case):
    # Of a debug build beside other tests and a build: a restore works behind whoever answers requests.
    patience = 300

    def setUp(self):
        super().setUp()
        self.coffer = self.connect()

    def taken(self):
        """(the bytes, what the end said)"""
        stream = self.coffer.backup()
        data = b"".join(chunk.data for chunk in stream)
        return data, stream.end


class BackupTests(BackupCase):

    def test_all_of_it(self):
        self.coffer.put(self.name(), b"value \xff")
        data, facts = self.taken()
        self.assertTrue(data.endswith(b"}\n"))
        lines = data.split(b"\n")[:-1]
        first, last = json.loads(lines[0]), json.loads(lines[-1])
        self.assertEqual((first["coffer"], first["version"], first["revision"]),
                         ("backup", 1, facts.position.revision))
        self.assertEqual(first["store"], facts.store_id.hex())
        self.assertEqual(first["incarnation"], facts.position.incarnation.hex())
        self.assertEqual((facts.bytes, facts.lines), (len(data), len(lines) - 2))
        self.assertEqual(facts.digest, digest(lines))
        self.assertEqual(last["digest"], facts.digest.hex())
        self.assertEqual(last["counts"], dict(facts.counts))
        self.assertTrue(any(json.loads(line).get("secret") == self.name() for line in lines))

    def test_credit(self):
        value = os.urandom(1 << 20)
        for number in range(3):
            self.coffer.put(self.name(str(number)), value)
        stream = self.coffer.backup(credit=1, refill=False)
        chunks = [next(stream)]
        while True:                            # no more than what was allowed: the client checks it
            try:
                stream.give_credit(1)
                chunks.append(next(stream))
            except (StopIteration, c.CofferError):
                break
        self.assertGreater(len(chunks), 4)
        self.assertLessEqual(chunks[-1].done, chunks[-1].total)
        self.assertEqual(sum(len(chunk.data) for chunk in chunks), stream.end.bytes)

    def test_cancel(self):
        stream = self.coffer.backup(credit=0, refill=False)
        stream.cancel()
        self.fails(c.Cancelled, next, stream)
        self.assertEqual(self.coffer.get(self.name_of_something()).value, b"x")

    def name_of_something(self):
        self.coffer.put(self.name("y"), b"x")
        return self.name("y")

    def test_none_are_scheduled(self):
        self.assertEqual(self.coffer.scheduled_backups(),
                         c.BackupList("", 0, 0, 0, 0, False, False, "", []))
        self.fails(c.NotFound, self.coffer.run_backup)


class RestoreTests(BackupCase):

    def restored(self, **options):
        """(what the backup's end said, the verdict). What the daemon does by itself meanwhile, such as ending a reservation whose time is
        over, is a change that the backup does not have: then it is taken again."""
        for _ in range(5):
            data, facts = self.taken()
            try:
                return facts, self.coffer.restore(data, c.REPLACE, **options)
            except c.Conflict:
                continue
        return self.fail("the daemon changes something by itself all the time")

    def test_a_dry_run_of_what_is_there(self):
        self.coffer.put(self.name(), b"1")
        facts, verdict = self.restored(dry_run=True)
        self.assertEqual(verdict.backup.digest, facts.digest)
        self.assertEqual(verdict.digest, facts.digest)
        self.assertEqual(verdict.names, [])
        for one in verdict.differences:
            self.assertEqual((one.added, one.changed, one.kept, one.removed), (0, 0, 0, 0), one)
        self.assertEqual(verdict.position, facts.position)

    def test_what_a_dry_run_finds(self):
        self.coffer.put(self.name("stays"), b"1")
        self.coffer.put(self.name("changes"), b"1")
        self.coffer.put(self.name("goes"), b"1")
        data, _ = self.taken()
        self.coffer.destroy(self.name("goes"))
        self.coffer.put(self.name("changes"), b"2")
        self.coffer.put(self.name("new"), b"1")
        verdict = self.coffer.restore(data, c.REPLACE, discard_newer=True, dry_run=True)
        effects = {one.name.decode(): one.effect for one in verdict.names if one.kind == "secrets"}
        self.assertEqual({name: effects.get(self.name(name)) for name in ("stays", "changes", "goes", "new")},
                         {"stays": None, "changes": c.DIFFERENT, "goes": effects.get(self.name("goes")), "new": c.REMOVED})
        self.assertIn(effects.get(self.name("goes")), (c.ADDED, c.DIFFERENT))
        self.assertEqual(self.coffer.get(self.name("changes")).value, b"2")

    def test_refusals(self):
        data, _ = self.taken()
        lines = data.split(b"\n")[:-1]
        self.fails(c.Conflict, self.coffer.restore, data)               # the store is not empty
        self.fails(c.InvalidArgument, self.coffer.restore, data, c.REPLACE, discard_newer=True, dry_run=True, announce=7)
        for bad in (b"", data[:-1], data[:-2], data + b"\n", data + data, b"\n".join(lines[:-1]) + b"\n",
                    b"\n".join([lines[0], lines[0]] + lines[1:]) + b"\n", b"hello\n", b"x" * 5_000_000,
                    data.replace(b'"coffer":"backup"', b'"coffer":"backuq"')):
            with self.subTest(bad[:40]), self.assertRaises((c.Damaged, c.InvalidArgument)):
                self.coffer.restore(bad, c.REPLACE, discard_newer=True)
        raw = self.raw()
        raw.send(c.RESTORE, 9, c.Writer().u32(0).u8(3).u16(0).u8(0).u8(0).done())
        kind, operation, request_id, body = raw.read()
        self.assertEqual((kind, operation, request_id), (c.END, c.RESTORE, 9))
        self.assertIs(type(failure_of(body)), c.Malformed)
        self.alive(raw)

    def test_one_at_a_time(self):
        request = self.coffer.start(c.RESTORE, c.restore_body(c.REPLACE, dry_run=True))
        self.assertTrue(request.wait_credit(self.patience))
        other = self.connect()
        data, _ = self.taken()
        self.fails(c.Busy, other.restore, data, c.REPLACE, dry_run=True)
        request.cancel()
        self.fails(c.Cancelled, request.result, self.patience)
        for _ in range(100):
            try:
                other.restore(data, c.REPLACE, discard_newer=True, dry_run=True)
                return
            except c.Busy:
                pass
        self.fail("the cancelled restore still runs")

    def test_replaced(self):
        """The store's content by what it is: the same digest, another incarnation, higher numbers, watches begin anew."""
        written = self.coffer.put(self.name(), b"1")
        watch = self.coffer.watch(self.name(), exact=True)
        facts, verdict = self.restored()
        self.assertEqual(verdict.digest, facts.digest)
        self.assertNotEqual(verdict.position.incarnation, facts.position.incarnation)
        self.assertGreaterEqual(verdict.position.revision, facts.position.revision + 2**32)
        event = watch.next()
        self.assertIsInstance(event, c.ResyncEvent)
        self.assertEqual(event.position.incarnation, verdict.position.incarnation)
        self.assertEqual(self.coffer.get(self.name()).value, b"1")
        again = self.coffer.put(self.name(), b"2")
        self.assertEqual(again.version, written.version + 1)
        self.assertGreater(again.revision, verdict.position.revision)
        self.assertEqual(self.taken()[1].position.incarnation, verdict.position.incarnation)


if __name__ == "__main__":
    unittest.main(verbosity=2)
