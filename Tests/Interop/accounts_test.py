"""Tests of records and API keys in a running daemon, written from protocol.md alone.

    COFFER_SOCKET=<path> python3 accounts_test.py

Run as root, against a daemon that is unlocked. Names are unique in each run, so a second run on the
same store works as well. About 2 s of it are waiting for a reservation to expire.
"""

import os
import threading
import time
import unittest

import coffer_client as c
from interop_test import TRUSTED, Case, failure_of

RUN = "accounts-" + os.urandom(6).hex()
ADDRESS, OTHER_ADDRESS = bytes([192, 0, 2, 7]), bytes([198, 51, 100, 1])
ADDRESS6 = bytes.fromhex("20010db8") + bytes(11) + b"\x01"


class AccountCase(Case):

    def setUp(self):
        super().setUp()
        self.coffer = self.connect()
        self._left = []                        # what tearDown deletes

    def tearDown(self):
        for noun, record_id in reversed(self._left):
            try:
                self.coffer.delete_records(noun, [record_id])
            except (c.NotFound, c.Conflict):
                pass
        super().tearDown()

    def called(self, last="x"):
        return "%s-%s-%s" % (RUN, self.id().rsplit(".", 1)[-1], last)

    def make(self, noun, fields, secret=b""):
        answer = self.coffer.create_record(noun, fields, secret)
        self._left.append((noun, answer.record.id))
        return answer

    def key(self, quota=1000, **fields):
        """(record, readable form) of a new API key."""
        given = {"name": self.called("key"), "tenant": "main"}
        given.update({"unlimited": "true"} if quota is None else {"quota": str(quota)})
        given.update(fields)
        return self.make("apikey", given)

    def user(self, last="user", **fields):
        return self.make("user", {"name": self.called(last), **fields}).record

    def refused(self, reason, verdict, record):
        self.assertEqual(verdict.reason, reason)
        self.assertEqual((verdict.number, verdict.name), (int(record.id), record.fields["name"]))
        return verdict


class HandshakeTests(Case):

    def test_the_feature(self):
        hello = self.raw(opened=False).hello(features=2**64 - 1)
        self.assertEqual(hello.features, c.FEATURE_ACCOUNTS | c.FEATURE_CREDENTIALS | c.FEATURE_AUDIT)
        self.assertEqual(self.raw(opened=False).hello(features=0).features, 0)

    def test_bad_bodies_are_answered_and_the_connection_goes_on(self):
        raw = self.raw()
        w = c._request
        bad = [
            (c.VERIFY, w().bytes16(b"").bytes8(b"").text("").u64(0), "key"),
            (c.VERIFY, w().bytes16(b"k").bytes8(b"123").text("").u64(0), "address"),
            (c.VERIFY, w().bytes16(b"k").bytes8(b"").bytes16(b"\xff").u64(0), "model"),
            (c.VERIFY, w().bytes16(b"k").bytes8(b"").text("").u64(c.MAX_UNITS + 1), "cost"),
            (c.RESERVE, w().bytes16(b"k").bytes8(b"").text("").u64(1).text("r").u32(999),
             "lifetime"),
            (c.RECORD_LIST, w().text("tenant").u16(0).text("").u16(0), "limit"),
            (c.RECORD_DELETE, w().text("tenant").u16(0), "ids"),
            (c.RECORD_CREATE, w().text("tenant").u16(2).text("b").text32("").text("a").text32("")
             .bytes32(b""), "fields"),
        ]
        for at, (operation, body, field) in enumerate(bad, 10):
            with self.subTest(field=field):
                raw.send(operation, at, body.done())
                kind, answered, request_id, body = raw.read()
                self.assertEqual((kind, answered, request_id), (c.RESPONSE, operation, at))
                failure = failure_of(body)
                self.assertIs(type(failure), c.Malformed)
                self.assertTrue(failure.message.startswith(field + ":"), failure.message)
        self.alive(raw)

    def test_a_stream_is_answered_with_an_end(self):
        raw = self.raw()
        raw.send(c.ACCOUNT_IMPORT, 9, c._request().text("").bool(False).done())
        kind, operation, request_id, body = raw.read()
        self.assertEqual((kind, operation, request_id), (c.END, c.ACCOUNT_IMPORT, 9))
        self.assertIs(type(failure_of(body)), c.Malformed)
        self.alive(raw)


class RecordTests(AccountCase):

    def test_unknown_nouns_fields_and_filters(self):
        coffer = self.coffer
        self.fails(c.InvalidArgument, coffer.records, "unicorn")
        self.fails(c.InvalidArgument, coffer.record, "unicorn", "x")
        self.fails(c.InvalidArgument, coffer.records, "tenant", {"colour": "red"})
        self.fails(c.InvalidArgument, coffer.create_record, "tenant",
                   {"name": self.called(), "colour": "red"})
        self.fails(c.InvalidArgument, coffer.update_record, "tenant", "main", {"number": "9"})
        self.fails(c.InvalidArgument, coffer.create_record, "door", {"door": "newapi"})

    def test_tenant(self):
        name = self.called()
        made = self.make("tenant", {"name": name})
        self.assertEqual(made.secret, b"")
        tenant = made.record
        self.assertEqual((tenant.noun, tenant.id), ("tenant", name))
        self.assertEqual((tenant.fields["reveal"], tenant.fields["members"],
                          tenant.fields["apikeys"]), ("true", "0", "0"))
        self.assertEqual(self.coffer.record("tenant", name), tenant)
        self.fails(c.Conflict, self.coffer.create_record, "tenant", {"name": name})
        self.assertIn(tenant, self.coffer.all_records("tenant"))
        changed = self.coffer.update_record("tenant", name, {"reveal": "false"},
                                            expected=tenant.revision)
        self.assertGreater(changed.revision, tenant.revision)
        self.assertEqual(changed.fields["reveal"], "false")
        self.assertEqual(changed.fields["name"], name)
        self.fails(c.Conflict, self.coffer.update_record, "tenant", name, {"reveal": "true"},
                   expected=tenant.revision)
        self.assertEqual(self.coffer.delete_records("tenant", [name]), 1)
        self.fails(c.NotFound, self.coffer.record, "tenant", name)
        self.fails(c.NotFound, self.coffer.delete_records, "tenant", [name])

    def test_names_of_tenants(self):
        self.fails(c.InvalidName, self.coffer.create_record, "tenant", {"name": "a*b"})
        self.fails(c.InvalidArgument, self.coffer.create_record, "tenant", {})

    def test_pages(self):
        names = [self.called("%02d" % n) for n in range(7)]
        for name in names:
            self.make("tenant", {"name": name})
        found = [r.id for r in self.coffer.all_records("tenant", limit=2) if r.id in names]
        self.assertEqual(found, names)
        page = self.coffer.records("tenant", limit=2)
        self.assertEqual(len(page.records), 2)
        self.assertNotEqual(page.next, "")
        self.assertGreaterEqual(page.total, 7)

    def test_user_and_member(self):
        user = self.user(display_name="Ada L.", email=self.called() + "@example.org")
        self.assertEqual((user.fields["role"], user.fields["enabled"], user.fields["home"],
                          user.fields["wallet"]), ("common", "true", "main", "unlimited"))
        self.assertEqual(user.fields["must_set_password"], "true")
        self.assertEqual(self.coffer.record("user", "#" + user.fields["number"]), user)
        changed = self.coffer.update_record("user", user.id, {"enabled": "false", "wallet": "500"},
                                            secret=b"correct horse battery")
        self.assertEqual((changed.fields["enabled"], changed.fields["wallet"],
                          changed.fields["must_set_password"]), ("false", "500", "false"))
        self.assertNotIn("correct horse", repr(changed))
        self.fails(c.Conflict, self.coffer.create_record, "user",
                   {"name": self.called("other"), "email": user.fields["email"].upper()})
        tenant = self.make("tenant", {"name": self.called("tenant")}).record
        member = self.make(
            "member", {"tenant": tenant.id, "user": user.id, "role": "normal"}).record
        self.assertEqual(member.id, tenant.id + "/" + user.id)
        self.assertEqual(self.coffer.all_records("member", {"tenant": tenant.id}), [member])
        self.assertIn(member, self.coffer.all_records("member", {"user": user.id}))
        self.fails(c.Conflict, self.coffer.delete_records, "tenant", [tenant.id])
        self.fails(c.InvalidArgument, self.coffer.records, "member")
        self.fails(c.InvalidArgument, self.coffer.update_record, "member", member.id,
                   {"role": "admin"})

    def test_token(self):
        user = self.user()
        made = self.make("token", {"user": user.id, "name": "laptop"})
        self.assertGreaterEqual(len(made.secret), 32)
        listed = self.coffer.all_records("token", {"user": user.id})
        self.assertEqual([r.id for r in listed], [made.record.id])
        self.assertEqual((listed[0].fields["name"], listed[0].fields["expires"]),
                         ("laptop", "never"))
        self.assertEqual(self.coffer.delete_records("token", [made.record.id]), 1)
        self.assertEqual(self.coffer.all_records("token", {"user": user.id}), [])

    def test_doors(self):
        doors = self.coffer.all_records("door")
        self.assertTrue(doors)
        for door in doors:
            self.assertEqual(door.id, door.fields["door"] + "/" + door.fields["field"])
            self.assertIn(door.fields["set"], ("true", "false"))
        door = doors[0]
        same = self.coffer.records("door", {"door": door.fields["door"]})
        self.assertEqual(same.records[0], door)
        try:
            changed = self.coffer.update_record("door", door.id, {}, secret=b"7300")
            self.assertEqual(changed.fields["set"], "true")
            self.assertNotIn("7300", changed.fields.values())
            self.fails(c.InvalidArgument, self.coffer.update_record, "door", door.id, {},
                       secret=b"123456")
        finally:
            changed = self.coffer.update_record("door", door.id, {})
        self.assertEqual(changed.fields["set"], "false")
        self.fails(c.NotFound, self.coffer.update_record, "door", door.fields["door"] + "/none", {})


class APIKeyTests(AccountCase):

    def test_life(self):
        record, key = self.key(models="gpt-4o\ngpt-4o-mini", addresses="192.0.2.0/24", tags="ci")
        self.assertTrue(key)
        self.assertEqual((record.fields["status"], record.fields["form"], record.fields["quota"],
                          record.fields["expires"]), ("enabled", "coffer", "1000", "never"))
        self.assertEqual(record.fields["models"].split("\n"), ["gpt-4o", "gpt-4o-mini"])
        self.assertNotIn(key.decode(), repr(record))
        self.assertEqual(self.coffer.reveal(record.id), key)
        for filters in ({"tag": "ci"}, {"contains": self.called("key").upper()}, {"owner": ""},
                        {"tenant": "main", "status": "enabled", "form": "coffer"}):
            with self.subTest(filters=filters):
                ids = [r.id for r in self.coffer.all_records("apikey", filters)]
                self.assertIn(record.id, ids)
                self.assertEqual(len(ids), len(set(ids)))
        changed = self.coffer.update_record("apikey", record.id, {"quota": "7", "group": "beta"},
                                            expected=record.revision)
        self.assertEqual((changed.fields["quota"], changed.fields["group"],
                          changed.fields["models"]), ("7", "beta", record.fields["models"]))
        for bad in ({"tenant": "main"}, {"owner": ""}, {"form": "sk"}, {"status": "exhausted"},
                    {"quota": "-1"}, {"quota": "1e3"}, {"quota": str(c.MAX_UNITS + 1)},
                    {"addresses": "192.0.2.300"}, {"unlimited": "yes"}, {"used": "0"}):
            with self.subTest(bad=bad):
                self.fails(c.InvalidArgument, self.coffer.update_record, "apikey", record.id, bad)
        self.assertEqual(self.coffer.delete_records("apikey", [record.id]), 1)
        self.fails(c.NotFound, self.coffer.record, "apikey", record.id)
        self.assertEqual(self.coffer.verify(key), c.Verdict(c.UNKNOWN_KEY))

    def test_create_says_quota_or_unlimited(self):
        self.fails(c.InvalidArgument, self.coffer.create_record, "apikey", {"name": self.called()})

    def test_several_are_deleted_at_once_or_none(self):
        first, second = self.key()[0], self.key()[0]
        self.fails(c.NotFound, self.coffer.delete_records, "apikey",
                   [first.id, "18446744073709551615"])
        self.coffer.record("apikey", first.id)
        self.assertEqual(self.coffer.delete_records("apikey", [first.id, second.id]), 2)

    def test_reveal_is_off_where_the_tenant_says_so(self):
        tenant = self.make("tenant", {"name": self.called("tenant"), "reveal": "false"}).record
        record, key = self.key(tenant=tenant.id)
        self.assertEqual(record.fields["revealable"], "false")
        self.fails(c.Denied, self.coffer.reveal, record.id)
        self.assertEqual(self.coffer.verify(key).reason, c.VALID)


class VerifyTests(AccountCase):

    def test_valid(self):
        owner = self.user()
        record, key = self.key(owner=owner.id, expires="4102444800")
        verdict = self.coffer.verify(key, ADDRESS, "gpt-4o")
        self.assertEqual(verdict, c.Verdict(
            c.VALID, c.SCOPE_FULL, False, 1000, 4102444800, 0, int(record.id), "main", owner.id,
            record.fields["name"], record.fields["group"]))

    def test_unknown(self):
        for key in (b"ck_nobody", b"\xff", b"x" * 512, b"sk-" + b"0" * 48):
            self.assertEqual(self.coffer.verify(key), c.Verdict(c.UNKNOWN_KEY))

    def test_the_order_of_the_checks(self):
        """Each reason in its turn: what fails first is named, and putting it right shows the next."""
        owner = self.user(wallet="0")
        record, key = self.key(
            quota=0, owner=owner.id, addresses="192.0.2.0/24", expires="1", models="gpt-4o")

        def verdict(address=ADDRESS, model="other"):
            return self.coffer.verify(key, address, model)

        def update(**fields):
            self.coffer.update_record("apikey", record.id, fields)

        self.coffer.update_record("user", owner.id, {"enabled": "false"})
        update(status="disabled")
        self.refused(c.BAD_ADDRESS, verdict(OTHER_ADDRESS), record)
        self.refused(c.BAD_ADDRESS, verdict(ADDRESS6), record)
        self.refused(c.BAD_ADDRESS, verdict(b""), record)
        self.refused(c.DISABLED, verdict(), record)
        update(status="enabled", expires="1")
        self.refused(c.KEY_EXPIRED, verdict(), record)
        update(expires="never", quota="1000")
        update(status="enabled")
        self.refused(c.OWNER_DISABLED, verdict(), record)
        self.coffer.update_record("user", owner.id, {"enabled": "true"})
        self.refused(c.BAD_MODEL, verdict(), record)
        self.assertNotEqual(verdict(model="").reason, c.BAD_MODEL)
        self.refused(c.NO_WALLET, verdict(model="gpt-4o"), record)
        self.coffer.update_record("user", owner.id, {"wallet": "unlimited"})
        self.assertEqual(verdict(model="gpt-4o").reason, c.VALID)

    def test_cost(self):
        record, key = self.key(quota=10)
        self.assertEqual(self.coffer.verify(key, cost=4).remaining, 6)
        self.refused(c.NO_QUOTA, self.coffer.verify(key, cost=7), record)
        self.assertEqual(self.coffer.verify(key, cost=6).remaining, 0)
        self.refused(c.NO_QUOTA, self.coffer.verify(key), record)
        self.assertEqual(self.coffer.record("apikey", record.id).fields["used"], "10")

    def test_concurrent_costs_never_take_more_than_there_is(self):
        _, key = self.key(quota=100)
        valid = []

        def ask():
            with c.Client.connect(trusted=TRUSTED, tenant="main") as coffer:
                for _ in range(30):
                    if coffer.verify(key, cost=3).reason == c.VALID:
                        valid.append(1)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(valid), 33)

    def test_unlimited_counts_down_freely(self):
        _, key = self.key(quota=None)
        verdict = self.coffer.verify(key, cost=1_000_000)
        self.assertEqual((verdict.reason, verdict.unlimited), (c.VALID, True))
        self.assertEqual(self.coffer.verify(key, cost=1).remaining, verdict.remaining - 1)

    def test_requests_per_minute(self):
        record, key = self.key(requests_per_minute="2")
        answers = [self.coffer.verify(key) for _ in range(3)]
        self.assertEqual([a.reason for a in answers[:2]], [c.VALID, c.VALID])
        verdict = self.refused(c.TOO_MANY_A_MINUTE, answers[2], record)
        self.assertTrue(0 < verdict.retry_after <= 120_000)

    def test_tokens_per_day(self):
        record, key = self.key(tokens_per_day="5")
        self.assertEqual(self.coffer.verify(key, cost=5).reason, c.VALID)
        self.refused(c.TOO_MANY_A_DAY, self.coffer.verify(key, cost=1), record)


class ReservationTests(AccountCase):

    def fields(self, record):
        now = self.coffer.record("apikey", record.id).fields
        return tuple(int(now[name]) for name in ("quota", "used", "reserved", "in_flight_now"))

    def test_settle(self):
        record, key = self.key()
        before = time.time() * 1000
        made = self.coffer.reserve(key, 400, "r-1", 60_000)
        self.assertEqual((made.verdict.reason, made.amount, made.repeated), (c.VALID, 400, False))
        self.assertEqual(made.verdict.remaining, 600)
        self.assertTrue(before + 50_000 < made.expires < before + 80_000)
        self.assertEqual(self.fields(record), (600, 0, 400, 1))
        number = made.verdict.number
        done = self.coffer.settle(number, "r-1", 300, "gpt-4o", 100, 200)
        self.assertEqual(done, c.Settlement(300, 0, 700, False, False))
        self.assertEqual(self.fields(record), (700, 300, 0, 0))
        self.assertEqual(self.coffer.settle(number, "r-1", 300).repeated, True)
        self.fails(c.Conflict, self.coffer.settle, number, "r-1", 301)
        self.fails(c.Conflict, self.coffer.release, number, "r-1")
        usage = self.coffer.usage(record.id)
        self.assertEqual(usage.record.id, record.id)
        line = usage.lines[0]
        self.assertEqual(line._replace(time=0), c.UsageLine(0, 300, "r-1", "gpt-4o", 100, 200))
        self.assertEqual(len(usage.lines), 1)
        self.assertEqual(self.coffer.usage(record.id, 0).lines, [])

    def test_more_than_was_reserved(self):
        record, key = self.key(quota=100)
        number = self.coffer.reserve(key, 60, "r").verdict.number
        self.assertEqual(self.coffer.settle(number, "r", 250),
                         c.Settlement(100, 150, 0, False, False))
        self.assertEqual(self.fields(record), (0, 100, 0, 0))

    def test_release(self):
        record, key = self.key()
        number = self.coffer.reserve(key, 400, "r").verdict.number
        self.assertEqual(self.coffer.release(number, "r"), c.Settlement(0, 0, 1000, False, False))
        self.assertTrue(self.coffer.release(number, "r").repeated)
        self.fails(c.Conflict, self.coffer.settle, number, "r", 1)
        self.assertEqual(self.fields(record), (1000, 0, 0, 0))

    def test_the_same_request_id_again(self):
        record, key = self.key()
        first = self.coffer.reserve(key, 400, "r")
        again = self.coffer.reserve(key, 400, "r")
        self.assertEqual((again.amount, again.expires, again.repeated), (400, first.expires, True))
        self.assertEqual(self.fields(record)[2], 400)
        self.fails(c.Conflict, self.coffer.reserve, key, 401, "r")
        # Another key may use the same id.
        self.assertFalse(self.coffer.reserve(self.key()[1], 1, "r").repeated)
        self.coffer.settle(first.verdict.number, "r", 1)
        self.assertTrue(self.coffer.reserve(key, 400, "r").repeated)

    def test_many_at_once_with_one_id(self):
        record, key = self.key()
        body = c.reserve_body(key, 100, "r", 60_000)
        requests = [self.coffer.start(c.RESERVE, body) for _ in range(20)]
        answers = [request.result() for request in requests]
        self.assertEqual(sum(not a.repeated for a in answers), 1)
        self.assertEqual({a.amount for a in answers}, {100})
        self.assertEqual(self.fields(record), (900, 0, 100, 1))

    def test_a_refusal_reserves_nothing(self):
        record, key = self.key(quota=10)
        refused = self.coffer.reserve(key, 11, "r")
        self.refused(c.NO_QUOTA, refused.verdict, record)
        self.assertEqual((refused.amount, refused.expires, refused.repeated), (0, 0, False))
        self.assertEqual(self.fields(record), (10, 0, 0, 0))
        unknown = self.coffer.reserve(b"ck_nobody", 1, "r")
        self.assertEqual(unknown, c.Reservation(c.Verdict(c.UNKNOWN_KEY)))
        self.fails(c.NotFound, self.coffer.settle, int(record.id), "r", 1)
        self.fails(c.NotFound, self.coffer.release, 2**63 - 1, "r")

    def test_bad_request_ids(self):
        _, key = self.key()
        self.fails(c.InvalidArgument, self.coffer.reserve, key, 1, "a*")
        self.fails(c.InvalidArgument, self.coffer.reserve, key, 1, "a\n")

    def test_in_flight(self):
        record, key = self.key(in_flight="1")
        self.coffer.reserve(key, 1, "a")
        self.refused(c.TOO_MANY_OPEN, self.coffer.reserve(key, 1, "b").verdict, record)
        self.coffer.release(int(record.id), "a")
        self.assertEqual(self.coffer.reserve(key, 1, "b").verdict.reason, c.VALID)

    def test_expires(self):
        record, key = self.key()
        made = self.coffer.reserve(key, 400, "r", lifetime=1000)
        deadline = time.monotonic() + 20
        while self.fields(record)[2] != 0:
            self.assertLess(time.monotonic(), deadline, "the reservation did not expire")
            time.sleep(0.2)
        self.assertGreaterEqual(time.time() * 1000, made.expires)
        self.assertEqual(self.fields(record), (1000, 0, 0, 0))
        self.fails(c.Conflict, self.coffer.settle, int(record.id), "r", 1)
        self.assertTrue(self.coffer.release(int(record.id), "r").repeated)

    def test_the_wallet_goes_along(self):
        owner = self.user(wallet="500")
        record, key = self.key(owner=owner.id)

        def wallet():
            return int(self.coffer.record("user", owner.id).fields["wallet"])

        self.coffer.reserve(key, 400, "r")
        self.assertEqual(wallet(), 100)
        self.refused(c.NO_WALLET, self.coffer.reserve(key, 101, "s").verdict, record)
        self.coffer.settle(int(record.id), "r", 150)
        self.assertEqual(wallet(), 350)


class AccountImportTests(AccountCase):

    def rows(self):
        key = b"ck_" + os.urandom(24).hex().encode()
        user = self.called("user")
        self._left.append(("user", user))      # takes its keys along
        return key, [
            c.Row("user", {"name": user}, {}, "users 1"),
            c.Row("apikey", {"name": self.called("key"), "tenant": "main", "owner": user,
                             "form": "coffer", "quota": "50"}, {"key": key}, "tokens 1"),
        ]

    def test_dry_run_then_import_then_again(self):
        key, rows = self.rows()
        dry = self.coffer.import_accounts("newapi", rows, dry_run=True)
        self.assertEqual(dry.effects, [c.CREATED, c.CREATED])
        self.assertEqual(self.coffer.verify(key).reason, c.UNKNOWN_KEY)
        end = self.coffer.import_accounts("newapi", rows, chunk_rows=1)
        self.assertEqual((end.effects, end.more_notes), ([c.CREATED, c.CREATED], 0))
        verdict = self.coffer.verify(key)
        self.assertEqual((verdict.reason, verdict.owner, verdict.remaining),
                         (c.VALID, rows[0].fields["name"], 50))
        again = self.coffer.import_accounts("newapi", rows)
        self.assertEqual(again.effects, [c.UNCHANGED, c.UNCHANGED])

    def test_a_bad_row_is_refused_alone(self):
        key, rows = self.rows()
        bad = c.Row("user", {"name": "a*b"}, {}, "users 2")
        end = self.coffer.import_accounts("newapi", rows[:1] + [bad] + rows[1:])
        self.assertEqual(end.effects, [c.CREATED, c.REFUSED, c.CREATED])
        self.assertEqual({row for row, _ in end.notes} & {1}, {1})
        self.assertEqual(self.coffer.verify(key).reason, c.VALID)

    def test_nothing_and_a_wrong_count(self):
        self.assertEqual(self.coffer.import_accounts("ragflow", []).effects, [])
        key, rows = self.rows()
        self.fails(c.InvalidArgument, self.coffer.import_accounts, "newapi", rows, announce=1)
        self.assertEqual(self.coffer.verify(key).reason, c.UNKNOWN_KEY)

    def test_cancel(self):
        request = self.coffer.start(c.ACCOUNT_IMPORT, c.account_import_body("newapi"))
        self.assertTrue(request.wait_credit(20))
        request.cancel()
        self.assertIs(type(request.failure(20)), c.Cancelled)
        self.coffer.ping()


class RightsTests(AccountCase):
    """A caller for whom no rule speaks: a child of another uid."""

    def as_stranger(self, ask):
        """What `ask(client)` returns, as text, in a process of uid 65534."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
                with c.Client.connect(trusted=TRUSTED + (0,)) as coffer:
                    os.write(writing, repr(ask(coffer)).encode())
            except (c.CofferError, OSError) as problem:
                os.write(writing, type(problem).__name__.encode())
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            text = pipe.read().decode()
        os.waitpid(child, 0)
        return text

    def test_a_stranger_learns_nothing(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become somebody else")
        if self.as_stranger(lambda k: k.ping()) == "PermissionError":
            self.skipTest("the socket lies where only its owner can reach it")
        record, key = self.key()
        number = int(record.id)
        for ask in (lambda k: k.verify(key), lambda k: k.reserve(key, 1, "r"),
                    lambda k: k.settle(number, "r", 1), lambda k: k.settle(2**62, "r", 1),
                    lambda k: k.release(number, "r"), lambda k: k.reveal(record.id),
                    lambda k: k.record("apikey", record.id), lambda k: k.record("apikey", "1" * 15),
                    lambda k: k.usage(record.id), lambda k: k.delete_records("apikey", [record.id]),
                    lambda k: k.update_record("apikey", record.id, {"quota": "9"}),
                    lambda k: k.create_record("tenant", {"name": "x"}),
                    lambda k: k.record("tenant", "main"), lambda k: k.record("tenant", "nowhere"),
                    lambda k: k.import_accounts("newapi", [])):
            self.assertEqual(self.as_stranger(ask), "Denied")
        for noun in ("tenant", "user", "apikey", "door"):
            self.assertEqual(self.as_stranger(lambda k, noun=noun: k.records(noun).records), "[]")
        self.assertEqual(self.coffer.verify(key).remaining, 1000)


if __name__ == "__main__":
    unittest.main(verbosity=2)
