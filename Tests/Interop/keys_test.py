"""Tests of slots and keys in a running daemon, written from protocol.md alone.

    COFFER_SOCKET=<path> python3 keys_test.py

Run as root, against a daemon that is unlocked and whose only slot is the key file `key` beside its
socket. They leave the store as they found it, but for its keys.
"""

import os
import time
import unittest

import coffer_client as c
from interop_test import Case, path


def own_key():
    with open(os.path.join(os.path.dirname(path()), "key")) as file:
        return bytes.fromhex(file.read().strip())


class Keys(Case):
    def finished(self, client):
        end = time.monotonic() + 60
        while True:
            state = client.rekey()
            if state.phase != c.RUNNING:
                return state
            self.assertLess(time.monotonic(), end, state)
            time.sleep(0.05)

    def test_rekey(self):
        client = self.connect()
        for number in range(300):
            client.put(self.name("n%d" % number), b"value %d" % number)
        before = client.rekey()
        self.assertEqual((before.phase, before.done, before.total, before.started), (c.IDLE, 0, 0, 0))
        old = {key.id for key in before.keys}
        self.assertEqual([key.state for key in before.keys if key.state == c.SEALING], [c.SEALING])
        revision = client.get(self.name("n7")).revision
        begun = client.rekey(c.START)
        new = max(key.id for key in begun.keys)
        self.assertNotIn(new, old)
        # Beginning again draws no further key.
        again = client.rekey(c.START)
        self.assertEqual(max(key.id for key in again.keys), new)
        stopped = client.rekey(c.STOP)
        self.assertIn(stopped.phase, (c.STOPPED, c.IDLE))
        for number in range(0, 300, 7):
            self.assertEqual(client.get(self.name("n%d" % number)).value, b"value %d" % number)
        goes_on = client.rekey(c.START)
        if stopped.phase == c.STOPPED:
            self.assertEqual(max(key.id for key in goes_on.keys), new)
        after = self.finished(client)
        self.assertEqual((after.phase, len(after.keys), after.keys[0].state), (c.IDLE, 1, c.SEALING))
        self.assertGreaterEqual(after.keys[0].id, new)
        self.assertGreaterEqual(after.resealed, 300)
        self.assertEqual(client.get(self.name("n7")).revision, revision)
        self.assertEqual(client.status()["rekey"], "idle")
        for number in range(300):
            self.assertEqual(client.get(self.name("n%d" % number)).value, b"value %d" % number)

    def test_slots(self):
        client = self.connect()
        self.assertEqual([slot.kind for slot in client.slots()], [c.KEY_FILE])
        one = client.slots()[0].id
        self.assertEqual(client.slot_rehearse(c.KEY_FILE, own_key()), one)
        second = client.slot_add(c.SERVICE_CREDENTIAL, "second", b"\1" * 32).id
        self.assertEqual(client.slot_rotate(second, c.SERVICE_CREDENTIAL, b"\2" * 32), (second, ""))
        self.assertEqual(client.slot_rehearse(c.SERVICE_CREDENTIAL, b"\2" * 32, second), second)
        self.fails(c.UnlockFailed, client.slot_rehearse, c.SERVICE_CREDENTIAL, b"\1" * 32)
        self.assertEqual(client.slot_rehearse(c.KEY_FILE, own_key(), one), one)
        self.fails(c.NotFound, client.slot_rehearse, c.KEY_FILE, own_key(), 77)
        self.fails(c.NotFound, client.slot_rotate, 77, c.KEY_FILE, b"\2" * 32)
        self.fails(c.InvalidArgument, client.slot_rehearse, c.KEY_FILE, own_key(), second)
        self.fails(c.InvalidArgument, client.slot_rotate, one, c.PASSPHRASE, b"words")
        self.fails(c.InvalidArgument, client.slot_rotate, second, c.SERVICE_CREDENTIAL, b"\2" * 31)
        recovery = client.slot_add(c.RECOVERY)
        drawn = client.slot_rotate(recovery.id, c.RECOVERY).recovery_key
        self.assertNotEqual(drawn, recovery.recovery_key)
        self.assertEqual(client.slot_rehearse(c.RECOVERY, drawn.encode()), recovery.id)
        self.fails(c.InvalidArgument, client.slot_rotate, recovery.id, c.RECOVERY, b"mine")
        # A new root.
        mine, other, paper = (one, c.KEY_FILE, own_key()), (second, c.SERVICE_CREDENTIAL, b"\2" * 32), (recovery.id, c.RECOVERY, b"")
        self.fails(c.Conflict, client.rekey_root, [mine, paper])
        self.fails(c.InvalidArgument, client.rekey_root, [mine, paper, other], [second])
        self.fails(c.NotFound, client.rekey_root, [mine, paper, other], [77])
        self.fails(c.LastSlot, client.rekey_root, [paper], [one, second])
        self.fails(c.UnlockFailed, client.rekey_root, [(one, c.KEY_FILE, b"\3" * 32), paper], [second])
        client.put(self.name(), b"before")
        anew = client.rekey_root([mine, paper], [second])
        self.assertEqual([key.id for key in anew], [recovery.id])
        self.assertEqual([slot.id for slot in client.slots()], [one, recovery.id])
        self.assertEqual(client.slot_rehearse(c.RECOVERY, anew[0].recovery_key.encode()), recovery.id)
        self.assertEqual(client.slot_rehearse(c.KEY_FILE, own_key()), one)
        self.assertEqual(client.get(self.name()).value, b"before")
        client.slot_remove(recovery.id)

    def test_locked(self):
        """The keys are gone: a rehearsal still tells whether a secret opens a slot, and opens nothing."""
        client = self.connect()
        client._ask(c.LOCK, c.empty_body())
        try:
            self.assertEqual(client.slot_rehearse(c.KEY_FILE, own_key()), client.slot_rehearse(c.KEY_FILE, own_key()))
            self.fails(c.Locked, client.rekey)
            self.fails(c.Locked, client.slot_rotate, 1, c.KEY_FILE, b"\1" * 32)
            self.fails(c.Locked, client.rekey_root, [(1, c.KEY_FILE, own_key())])
        finally:
            client._ask(c.UNLOCK, c.unlock_body(c.KEY_FILE, own_key()))
        self.assertEqual(client.rekey().phase, c.IDLE)


if __name__ == "__main__":
    unittest.main()
