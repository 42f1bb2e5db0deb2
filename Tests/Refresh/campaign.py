"""What the tests of this folder share: a daemon whose credentials live at a simulated upstream, and processes that ask.

The daemon, its store, its socket and libcurl are real; only the upstream is simulated (rotating_upstream.py)."""

import importlib.util
import json
import multiprocessing
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def load(name, *path):
    spec = importlib.util.spec_from_file_location(name, os.path.join(HERE, "..", *path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


daemons = load("coffer_daemons", "Identity", "harness.py")
c = daemons.c


class Site:
    """A daemon, and an upstream for its credentials."""

    def __init__(self, upstream, **options):
        self.upstream = upstream
        self.daemon = daemons.Daemon(**options)

    def add(self, name, token, *options, **secrets):
        """A credential of the generic OAuth provider, with its refresh token."""
        secrets = {"refresh": token, **secrets}
        return self.daemon.ok(
            "credential", "add", name, "--provider", "oauth2", "--param", "token_url=%s/token" % self.upstream.url,
            "--client-id", "a-client", "--json-secrets", *options, input=json.dumps(secrets))

    def show(self, name):
        return self.daemon.ok("credential", "show", name, "--json").json

    def state(self, name):
        return self.show(name)["state"]

    def stored(self, name, kind="refresh"):
        """A token as it lies in the store."""
        return self.daemon.ok("credential", "reveal", name, kind).text.strip()

    def token(self, name, *options, **more):
        return self.daemon.cli("token", name, *options, **more)

    def wait(self, what, seconds=20):
        """Until `what()` is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = what()
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError("it did not happen within %s s\n%s" % (seconds, self.daemon.log_text()[-3000:]))

    def stop(self):
        self.daemon.stop()
        self.upstream.stop()


def _ask(socket, name, start, answers, rounds):
    client = c.Client.connect(socket)
    for at in range(rounds):
        start.wait()
        try:
            answer = client.token(name, deadline=20_000)
            answers.put((at, os.getpid(), answer.value.decode(), None))
        except Exception as error:             # whatever it is, the parent must hear of it
            answers.put((at, os.getpid(), None, repr(error)))
    client.close()


class Crowd:
    """Processes that ask for one token, all at the same moment, round by round."""

    def __init__(self, socket, name, count, rounds):
        context = multiprocessing.get_context("fork")
        self.count, self.rounds = count, rounds
        self.barrier = context.Barrier(count + 1)
        self.answers = context.Queue()
        self.processes = [
            context.Process(target=_ask, args=(socket, name, self.barrier, self.answers, rounds), daemon=True) for _ in range(count)]
        for process in self.processes:
            process.start()

    def ask(self):
        """Everybody's answer to one round: [(token, error)]."""
        self.barrier.wait(60)
        return [self.answers.get(timeout=60)[2:] for _ in range(self.count)]

    def stop(self):
        self.barrier.abort()
        for process in self.processes:
            process.join(5)
            if process.is_alive():
                process.kill()
                process.join()
