"""Rights over credentials, pools and their tokens, judged by what other users really get.

Tokens lie in the store: nothing is dialled."""

import json
import unittest

from accounts_test import AccountCase as _AccountCase
from harness import *

FAR = "4102444800000"


def watched(state, name, exact, pool):
    """Opens a watch of tokens; the name of the failure, or None."""
    try:
        state["watch"] = state["client"].watch_tokens(name, exact=exact, pool=pool)
        return None
    except c.Failure as failure:
        return failure.name


def event(state):
    got = state["watch"].next(20)
    return got.name, got.state


class CredentialRights(_AccountCase):

    def credential(self, name, **fields):
        given = {"name": name, "provider": "oauth2", "client_id": "c", "expiries": '{"access":"%s"}' % FAR,
                 "parameters": '{"token_url":"http://127.0.0.1:9/token"}', **fields}
        secret = json.dumps({"access": "at-" + name, "refresh": "rt-" + name}).encode()
        return self.admin.create_record("credential", given, secret).record

    def setUp(self):
        super().setUp()
        self.mine, self.other = self.tag + "/mine", self.tag + "/other"
        for name in (self.mine, self.other):
            self.credential(name)
            self.admin.create_record("pool", {"name": name, "members": name})

    def test_a_right_to_the_token_is_a_right_to_the_token(self):
        self.rules(("main", "credential", "token", [self.mine]))
        child = self.child()
        self.assertEqual(self.given(child, "token", self.mine).value.decode(), "at-" + self.mine)
        self.denied(child, "token", self.mine, False, "refresh")
        self.denied(child, "token", self.other)
        self.denied(child, "token", self.mine, True)
        self.denied(child, "record", "credential", self.mine)
        self.denied(child, "update_record", "credential", self.mine, {"memo": "x"})
        for verb in ("refresh", "check", "revive", "undelete", "prune"):
            self.denied(child, "act", "credential", self.mine, verb)
        self.denied(child, "act", "credential", self.mine, "reveal", {"field": "access"})
        self.assertEqual(self.ids(child, "credential"), [])
        self.denied(self.child(TWO), "token", self.mine)

    def test_absent_and_denied_look_alike(self):
        self.rules(("main", "credential", "token", [self.tag + "/**"]))
        child = self.child()
        self.assertEqual(child.call(call, "token", self.tag + "/nobody")[0], "denied")
        self.alike(child, ("record", "credential", self.mine), ("record", "credential", self.tag + "/nobody"))
        self.rules(("main", "credential", "token, info", [self.tag + "/**"]))
        self.assertEqual(child.call(call, "token", self.tag + "/nobody")[0], "notFound")

    def test_reveal_gives_the_other_kinds(self):
        self.rules(("main", "credential", "token, reveal", [self.mine]))
        child = self.child()
        self.assertEqual(self.given(child, "token", self.mine, False, "refresh").value.decode(), "rt-" + self.mine)
        self.assertEqual(
            self.given(child, "act", "credential", self.mine, "reveal", {"field": "refresh"}).secret.decode(), "rt-" + self.mine)

    def test_a_step_does_not_send_tokens_elsewhere(self):
        """Who may refresh may run a step, but not say where the stored tokens go, nor have others saved in their place."""
        name = self.tag + "/step"
        with socket.create_server(("127.0.0.1", 0)) as elsewhere:
            elsewhere.settimeout(0.2)
            url = "http://127.0.0.1:%d/" % elsewhere.getsockname()[1]
            self.admin.create_record("credential", {"name": name, "provider": "free-api", "parameters": '{"url":"http://127.0.0.1:9/"}'},
                                     json.dumps({"access": "at-" + name}).encode())
            self.rules(("main", "credential", "refresh, token", [name]))
            child = self.child()
            for values in ({"url": url}, {"access": "at-of-somebody-else"}):
                self.denied(child, "act", "credential", name, "step", {"step": "check"}, json.dumps(values).encode())
            with self.assertRaises(TimeoutError):
                elsewhere.accept()
            self.assertEqual(self.given(child, "act", "credential", name, "step", {"step": "check"}).details["verdict"], "down")

    def test_changes_stay_within_the_rule(self):
        self.rules(("main", "credential", "info, put, create, list, delete", [self.mine, self.tag + "/new"]))
        child = self.child()
        self.given(child, "update_record", "credential", self.mine, {"memo": "x"})
        self.denied(child, "update_record", "credential", self.mine, {"name": self.tag + "/elsewhere"})
        self.denied(child, "update_record", "credential", self.other, {"memo": "x"})
        self.denied(child, "create_record", "credential", {"name": self.tag + "/third", "provider": "oauth2"})
        self.given(child, "create_record", "credential", {"name": self.tag + "/new", "provider": "oauth2", "client_id": "c",
                   "parameters": '{"token_url":"http://127.0.0.1:9/token"}'})
        self.assertEqual(sorted(self.ids(child, "credential")), [self.mine, self.tag + "/new"])
        self.denied(child, "delete_records", "credential", [self.mine, self.other])
        self.assertEqual(self.given(child, "delete_records", "credential", [self.mine]), 1)
        self.given(child, "act", "credential", self.mine, "undelete")
        row = c.Row("credential", {"name": self.other, "provider": "oauth2"}, {}, "")
        self.denied(child, "import_credentials", "x", [row])
        self.denied(child, "import_credentials", "x", [row._replace(noun="pool", fields={"name": self.mine})])

    def test_a_pool_takes_in_only_what_its_keeper_could_have(self):
        self.rules(("main", "pool", "put, info, create, list, token", [self.mine, self.tag + "/new"]),
                   ("main", "credential", "token, info", [self.mine]))
        child = self.child()
        self.denied(child, "create_record", "poolmember", {"pool": self.mine, "credential": self.other})
        self.denied(child, "create_record", "pool", {"name": self.tag + "/new", "members": self.other})
        self.given(child, "create_record", "pool", {"name": self.tag + "/new", "members": self.mine})
        self.denied(child, "records", "poolmember", {"pool": self.other})
        self.denied(child, "token", self.other, True)
        self.assertEqual(self.given(child, "token", self.mine, True).value.decode(), "at-" + self.mine)
        self.denied(child, "token", self.mine, True, "refresh")

    def test_reports(self):
        lease = self.admin.token(self.other, pool=True).lease
        self.rules(("main", "pool", "token, report", [self.mine]))
        child = self.child()
        own = self.given(child, "token", self.mine, True).lease
        self.assertEqual(self.given(child, "report", c.OK, own).effect, c.TAKEN)
        # A lease of another pool looks like one that is over.
        self.alike(child, ("report", c.OK, lease), ("report", c.OK, bytes(16)))
        self.denied(child, "report", c.OK, None, self.other, self.other)
        self.denied(self.child(TWO), "report", c.OK, lease)
        self.assertEqual(self.admin.report(c.OK, lease).effect, c.TAKEN)

    def test_watches(self):
        self.rules(("main", "credential", "token", [self.mine]))
        child = self.child()
        self.assertEqual(child.call(watched, self.other, True, False), "denied")
        self.assertEqual(child.call(watched, self.mine, True, True), "denied")
        self.assertIsNone(child.call(watched, self.tag, False, False))
        self.admin.update_record("credential", self.other, {"enabled": "false"})
        self.admin.update_record("credential", self.mine, {"enabled": "false"})
        self.assertEqual(child.call(event), (self.mine, "disabled"))

    def test_sinks_are_made_by_administrators(self):
        self.rules(("main", "sink", "create, list, info, put, delete, run", ["**"]))
        child = self.child()
        self.denied(child, "create_record", "sink", {"name": "s", "path": "/tmp/x", "element": "{name}"})
        self.assertEqual(self.ids(child, "sink"), [])

    def test_providers_and_schedules(self):
        self.rules(("main", "provider", "list, info", ["oauth2"]), ("main", "schedule", "create, list, info", [self.mine]))
        child = self.child()
        self.assertEqual(self.ids(child, "provider"), ["oauth2"])
        source = self.given(child, "record", "provider", "oauth2").fields["source"]
        self.denied(child, "create_record", "provider", {"source": source})
        self.denied(child, "record", "provider", "openai")
        fields = {"action": "check", "target": self.mine, "rule": "daily at 03:00", "time_zone": "UTC"}
        # A right on schedules is none on what they do.
        self.denied(child, "create_record", "schedule", {"name": self.mine, **fields})
        self.rules(("main", "credential", "check", [self.mine]), ("main", "schedule", "create, list, info", [self.mine]))
        self.denied(child, "create_record", "schedule", {"name": self.mine, **fields, "target": self.other})
        self.given(child, "create_record", "schedule", {"name": self.mine, **fields})
        self.denied(child, "create_record", "schedule", {"name": self.other, **fields})
        self.denied(child, "act", "schedule", self.mine, "run")
        self.denied(child, "delete_records", "schedule", [self.mine])

    def test_other_tenants(self):
        tenant = self.tenant()
        self.rules((tenant, "credential", "token, info, list", ["**"]))
        child = self.child(tenant=tenant)
        self.assertEqual(child.call(call, "token", self.mine)[0], "notFound")
        number = self.admin.record("credential", self.mine).fields["number"]
        self.assertEqual(child.call(call, "record", "credential", "#" + number)[0], "notFound")
        self.assertEqual(self.ids(child, "credential"), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
