"""A scripted life of a daemon, and what must be true of its store afterwards. Used by faults_test.py and full_test.py.

A step is one change or one question. Each thing has the states in which it may be: one as long as every change was
answered, both the old and the new behind a change whose outcome is unknown. A failure that says that nothing was done
(`outcome: none`) is believed, and checked.
"""
import json
import os
import subprocess
import sys

from load import Broken, Daemon, c

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Refresh"))
import rotating_upstream as upstreams  # noqa: E402

ABSENT, DELETED = ("absent",), ("deleted",)
POLICY = "policy: %s\nrules:\n  - {who: ['uid:1001'], tenant: main, noun: secret, actions: [get], names: ['a/**']}\n"
QUOTA = 10_000


class Things:
    """What may be: thing -> set of states."""

    def __init__(self):
        self.may = {}

    def of(self, thing):
        return self.may.setdefault(thing, {ABSENT})

    def changed(self, thing, change):
        """Behind a success. `change`: an old state -> the new one."""
        self.may[thing] = {change(state) for state in self.of(thing)}

    def unknown(self, thing, change):
        self.may[thing] = self.of(thing) | {change(state) for state in self.of(thing)}


class Life:
    """One daemon's life on store and key in `folder`. `problems` is what must never be."""

    def __init__(self, binary, folder, upstream=None, environment=None, things=None, log_folder=None):
        self.binary, self.folder, self.upstream = binary, folder, upstream
        self.things = things or Things()
        self.problems, self.failures, self.steps = [], [], 0
        self.daemon = Daemon(os.path.join(binary, "cofferd"), folder, environment, log_folder=log_folder)
        self.client = None

    # -- steps

    def begin(self):
        """Whether the daemon came up. If not it must have said why, and have ended by itself."""
        try:
            self.daemon.connect(timeout=20).close()
            self.client = c.Client.connect(self.daemon.socket_path, timeout=20)
            return True
        except Broken as problem:
            code = self.daemon.process.poll()
            if code is None:
                self.problems.append(f"it neither came up nor ended: {problem}")
            elif code < 0 or code > 128:
                self.problems.append(f"it died of signal {-code}: {problem}")
            elif code == 0 or not self.daemon.log():
                self.problems.append(f"it ended with {code} and said nothing: {problem}")
            self.failures.append(("start", str(problem)))
            return False
        except (c.CofferError, OSError) as problem:
            self.failures.append(("start", str(problem)))
            return False

    def change(self, thing, change, act, settled=None):
        """Carries `act` out. `settled`: what the success made of the thing, where it depends on the answer."""
        self.steps += 1
        try:
            answer = act()
            self.things.changed(thing, (lambda _: settled(answer)) if settled else change)
            return answer
        except c.Failure as failure:
            self.failures.append((thing, str(failure)))
            if failure.outcome == c.OUTCOME_NONE:
                self._note_impossible(thing, failure)
            else:
                self.things.unknown(thing, change)
        except (c.CofferError, OSError, TimeoutError) as problem:
            self.failures.append((thing, str(problem)))
            self.things.unknown(thing, change)
            self._lost(problem)
        return None

    def _note_impossible(self, thing, failure):
        if isinstance(failure, (c.InternalError, c.Malformed, c.Damaged)):
            self.problems.append(f"{thing}: {failure}")

    def _lost(self, problem):
        """A connection that ends while the daemon goes on is a fault of its own."""
        try:
            self.daemon.process.wait(2)
        except subprocess.TimeoutExpired:
            self.problems.append(f"the connection was lost or got no answer, the daemon goes on: {problem}")
            self.client = c.Client.connect(self.daemon.socket_path, timeout=20)

    def command(self, *arguments, input=b""):
        done = subprocess.run([os.path.join(self.binary, "coffer"), "--socket", self.daemon.socket_path, *arguments], input=input,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        if done.returncode != 0:
            text = done.stderr.decode(errors="replace").strip()
            self.failures.append((arguments[0], text))
            if done.returncode < 0:
                self.problems.append(f"coffer {arguments[0]}: signal {-done.returncode}: {text}")
        return done

    def put(self, name, value):
        self.change(("secret", name), lambda _: ("value", value), lambda: self.client.put(name, value))

    def delete(self, name):
        self.change(("secret", name), lambda state: state if state == ABSENT else DELETED, lambda: self.client.delete(name))

    def undelete(self, name, value):
        self.change(("secret", name), lambda state: ("value", value) if state == DELETED else state, lambda: self.client.undelete(name))

    def destroy(self, name):
        self.change(("secret", name), lambda _: ABSENT, lambda: self.client.destroy(name))

    def get(self, name):
        """A question in the middle: never something that cannot be."""
        self.steps += 1
        try:
            found = self.look_at_secret(name)
        except c.Failure as failure:
            return self.failures.append((name, str(failure)))
        except (c.CofferError, OSError, TimeoutError) as problem:
            self.failures.append((name, str(problem)))
            return self._lost(problem)
        if found not in self.things.of(("secret", name)):
            self.problems.append(f"{name}: {_shown(found)}, wanted {_wanted(self.things.of(('secret', name)))}")

    def look_at_secret(self, name):
        try:
            return "value", self.client.get(name).value
        except c.NotFound:
            return ABSENT
        except c.Deleted:
            return DELETED

    @property
    def alive(self):
        return self.daemon.process.poll() is None

    def run(self, most_failures=None):
        """The whole script. Ends early where the daemon ends, or behind so many failures: each may wait for the audit log."""
        script = self.script()
        while self.alive and next(script, "end") != "end" and (most_failures is None or len(self.failures) < most_failures):
            pass

    def script(self):
        big = os.urandom(200_000)
        for number in range(4):
            yield self.put(f"a/{number}", b"value %d" % number * (1 + 400 * number))
        yield self.put("a/big", big)
        yield self.get("a/big")
        yield self.put("a/0", b"second")
        yield self.delete("a/1")
        yield self.delete("a/2")
        yield self.undelete("a/2", b"value 2" * 801)
        yield self.destroy("a/3")
        yield self.policy("p")
        yield from self.books()
        if self.upstream:
            yield from self.credential()
        yield self.get("a/0")
        yield self.get("a/2")
        yield self.names()
        for number in range(6):
            yield self.put(f"b/{number}", os.urandom(40_000))
        yield self.get("b/5")

    def policy(self, name):
        self.steps += 1
        done = self.command("policy", "apply", "-", input=(POLICY % name).encode())
        (self.things.changed if done.returncode == 0 else self.things.unknown)(("policy", name), lambda _: ("there",))

    def books(self):
        """An API key: reserved, settled, verified with a cost."""
        fields = {"name": "k", "tenant": "main", "quota": str(QUOTA)}
        made = self.change(("apikey",), lambda _: ("there", QUOTA), lambda: self.client.create_record("apikey", fields))
        yield
        if made is None:
            return
        self.key = made.secret
        reserved = self.change(("hold",), lambda _: ("open",), lambda: self.client.reserve(self.key, 10, "r1"))
        yield
        if reserved is None:
            return
        self.change(("apikey",), lambda state: ("there", state[1] - 7), lambda: self.client.settle(int(made.record.id), "r1", 7))
        yield
        # Charged in memory or by a commit of its own: what a crash may forfeit is at most one block of 1 %.
        self.steps += 1
        try:
            self.client.verify(self.key, cost=1)
        except c.Failure as failure:
            self.failures.append(("verify", str(failure)))
        except (c.CofferError, OSError, TimeoutError) as problem:
            self._lost(problem)
        yield

    def credential(self):
        name = "login"
        fields = {"name": name, "provider": "oauth2", "client_id": "c", "parameters": json.dumps({"token_url": self.upstream.url + "/token"})}
        secret = json.dumps({"refresh": self.upstream.grant("f"), "client_secret": "s"}).encode()
        self.change(("credential",), lambda _: ("there", None), lambda: self.client.create_record("credential", fields, secret))
        yield
        for _ in range(2):
            # Whatever a failure leaves (needs a person, an older token): look() allows it, but never a lost success.
            self.change(("credential",), lambda state: state if state == ABSENT else ("there", "?"),
                        lambda: (self.client.act("credential", name, "refresh", deadline=15_000), self.client.token(name, deadline=15_000))[1],
                        settled=lambda token: ("there", token.value.decode()))
            yield

    def names(self):
        self.steps += 1
        try:
            found = {name.decode() for name in self.client.names()}
        except c.Failure as failure:
            return self.failures.append(("list", str(failure)))
        except (c.CofferError, OSError, TimeoutError) as problem:
            self.failures.append(("list", str(problem)))
            return self._lost(problem)
        self._compare_names(found)

    def _compare_names(self, found):
        for (kind, *name), states in self.things.may.items():
            if kind != "secret":
                continue
            visible = {state[0] == "value" for state in states}
            if (name[0] in found) not in visible:
                self.problems.append(f"list: {name[0]} is {'there' if name[0] in found else 'absent'}, wanted {_wanted(states)}")

    # -- afterwards

    def look(self, acknowledged_only=False):
        """Compares everything. `acknowledged_only`: what was not acknowledged is not looked at (another disk)."""
        for thing, states in sorted(self.things.may.items(), key=str):
            try:
                self._look_at(thing, states)
            except c.Failure as failure:
                self.problems.append(f"LOST: {thing}: {failure}, wanted {_wanted(states)}")
        self._compare_names({name.decode() for name in self.client.names()})
        position = self.client.put("after/all", b"works")
        if self.client.get("after/all").version != position.version:
            self.problems.append("a put behind it all cannot be read")

    def _look_at(self, thing, states):
        kind = thing[0]
        if kind == "secret":
            found = self.look_at_secret(thing[1])
        elif kind == "policy":
            done = self.command("policy", "list")
            found = ("there",) if thing[1] in done.stdout.decode().split() else ABSENT
        elif kind == "apikey":
            keys = [record for record in self.client.all_records("apikey") if record.fields["name"] == "k"]
            if not keys:
                found = ABSENT
            else:
                left, most = int(keys[0].fields["quota"]), max((state[1] for state in states if state != ABSENT), default=None)
                if most is None or left > most or left < most - 7 - 1 - QUOTA // 100 - 10:
                    self.problems.append(f"LOST: the API key has {left} units left, wanted about {_wanted(states)}")
                return
        elif kind == "credential":
            try:
                fields = self.client.record("credential", "login").fields
            except c.NotFound:
                fields = None
            found = ABSENT if fields is None else ("there", None)
            if (found == ABSENT) not in {state == ABSENT for state in states}:
                self.problems.append(f"LOST: the credential is {_shown(found)}, wanted {_wanted(states)}")
            tokens = {state[1] for state in states if state != ABSENT}
            if len(tokens) == 1 and tokens <= set(self.upstream.families["f"].access) and fields["state"] in ("ok", "fresh"):
                token = self.client.token("login", deadline=15_000).value.decode()
                if token not in tokens:
                    self.problems.append(f"LOST: token {token}, acknowledged was {tokens}")
            return
        else:
            return
        if found not in states:
            self.problems.append(f"{'LOST: ' if len(states) == 1 else ''}{thing}: {_shown(found)}, wanted {_wanted(states)}")

    def end(self):
        """SIGTERM, and its exit code."""
        if self.client:
            self.client.close()
        if not self.alive:
            code = self.daemon.process.returncode
            if code < 0 or code > 128:
                self.problems.append(f"it died of signal {-code}: {self.daemon.log()[-800:]}")
            return code
        try:
            code = self.daemon.stop()
        except Broken as problem:
            self.problems.append(str(problem))
            return None
        if code < 0 or code > 128:
            self.problems.append(f"it died of signal {-code} while it stopped: {self.daemon.log()[-800:]}")
        return code


def _shown(state):
    return f"{len(state[1])} bytes {state[1][:8].hex()}…" if state[0] == "value" else " ".join(map(str, state))


def _wanted(states):
    return " or ".join(sorted(_shown(state) for state in states))


__all__ = ["ABSENT", "Life", "Things", "upstreams"]
