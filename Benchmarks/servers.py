"""Starts cofferd, redis-server and coffer-bench for the measuring scripts, each on its own CPU.

The generator runs as a third uid that a policy lets in: an administrator's requests would skip the policy, and a
measurement without it would flatter us. Redis is measured by the same uid.
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

UID = 1001
POLICY = f"""policy: bench
rules:
  - who: [uid:{UID}]
    tenant: main
    noun: secret
    actions: [get, info, list, put]
    names: ["bench/**"]
  - who: [uid:{UID}]
    tenant: main
    noun: apikey
    actions: [verify]
    names: ["bench/**"]
  - who: [uid:{UID}]
    tenant: main
    noun: credential
    actions: [token]
    names: ["bench/**"]
"""


class Trouble(Exception):
    """The measurement could not be made; not a result."""


def add_arguments(parser):
    parser.add_argument("--cofferd", required=True, help="the daemon's program")
    parser.add_argument("--coffer", required=True, help="the command, for its policy apply")
    parser.add_argument("--coffer-bench", required=True, help="the load generator's program")
    parser.add_argument("--cofferd-argument", action="append", default=[], metavar="ARGUMENT",
                        help="one more argument for cofferd, written --cofferd-argument=--name=value; may be repeated")
    parser.add_argument("--work", help="folder to make the temporary folder in (its filesystem holds the store)")
    parser.add_argument("--server-cpu", type=int, default=0)
    parser.add_argument("--generator-cpu", type=int, default=1)


class Work:
    """A temporary folder that the third uid may pass through, with a copy of the generator that it can run."""

    def __init__(self, options):
        if os.geteuid() != 0:
            raise Trouble("needs root, to run the generator as another uid")
        for program in ("taskset", "setpriv"):
            if not shutil.which(program):
                raise Trouble(f"needs {program}")
        for program in (options.cofferd, options.coffer, options.coffer_bench):
            if not os.access(program, os.X_OK):
                raise Trouble(f"{program} is no program")
        cpus = os.sched_getaffinity(0)
        if options.server_cpu == options.generator_cpu or not {options.server_cpu, options.generator_cpu} <= cpus:
            raise Trouble(f"needs two CPUs, for server and generator; has {sorted(cpus)}")
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="coffer-bench-", dir=options.work)
        os.chmod(self.folder, 0o755)
        self.bench = os.path.join(self.folder, "coffer-bench")
        shutil.copy(options.coffer_bench, self.bench)
        os.chmod(self.bench, 0o755)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, server, cpu=None, **options):
        """Runs coffer-bench against a server, on the generator's CPU or another; returns its line, read."""
        cpu = self.options.generator_cpu if cpu is None else cpu
        arguments = [item for name, value in options.items() if value is not None and value is not False
                     for item in (["--" + name.replace("_", "-")] + ([] if value is True else [str(value)]))]
        command = ["taskset", "-c", str(cpu), "setpriv", f"--reuid={UID}", f"--regid={UID}",
                   "--clear-groups", self.bench, "--target", server.target, "--socket", server.socket,
                   "--server-pid", str(server.process.pid)] + arguments
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise Trouble(f"{' '.join(command)}: ended with {done.returncode}\n{done.stderr}{done.stdout}{server.last_words()}")
        if done.stderr:
            print(done.stderr, end="", file=sys.stderr)
        return json.loads(done.stdout)


class Server:
    """A server on its CPU, until the end of the with block."""

    def __init__(self, work, name, command, environment=None, target=None):
        """target: what the generator calls a server of this kind; its name, where there is only one of them."""
        self.work, self.target = work, target or name
        self.socket, self.log = work.path(name + ".sock"), work.path(name + ".log")
        with open(self.log, "wb") as log:
            # taskset becomes the server: the process keeps its pid.
            self.process = subprocess.Popen(
                ["taskset", "-c", str(work.options.server_cpu)] + command, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=dict(os.environ, **(environment or {})), cwd=work.folder)

    def __enter__(self):
        try:
            self.wait()
            self.prepare()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def prepare(self):
        """What the server needs before it can be measured."""

    def wait(self):
        deadline = time.monotonic() + 30
        while True:
            with socket.socket(socket.AF_UNIX) as probe:
                try:
                    return probe.connect(self.socket)
                except OSError as error:
                    if self.process.poll() is not None:
                        raise Trouble(f"{self.target} ended with {self.process.returncode}{self.last_words()}") from error
                    if time.monotonic() > deadline:
                        raise Trouble(f"{self.target} does not accept: {error}{self.last_words()}") from error
            time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            print(f"{self.target} did not end when asked to and was killed", file=sys.stderr)
        if os.path.exists(self.socket):
            os.unlink(self.socket)

    def last_words(self):
        with open(self.log, errors="replace") as log:
            lines = log.read().splitlines()[-10:]
        return "".join(f"\n  {self.target}: {line}" for line in lines)


class Redis(Server):
    def __init__(self, work, durable=False, name="redis"):
        """durable: each write is synced to disk before it is answered."""
        folder = tempfile.mkdtemp(prefix="redis-", dir=work.folder)
        super().__init__(work, name, [
            "redis-server", "--port", "0", "--unixsocket", work.path(name + ".sock"), "--unixsocketperm", "777", "--save", "",
            "--dir", folder, "--appendonly"] + (["yes", "--appendfsync", "always"] if durable else ["no"]), target="redis")


class Coffer(Server):
    """A new store each time: nothing of an earlier run is in it."""

    def __init__(self, work, environment=None, name="coffer", arguments=(), policies=(POLICY,)):
        """policies: their sources; the generator needs that of the benchmarks among them."""
        store = tempfile.mkdtemp(prefix="store-", dir=work.folder)
        self.policies = policies
        super().__init__(work, name, [
            os.path.abspath(work.options.cofferd), "--store", os.path.join(store, "store"), "--socket",
            work.path(name + ".sock"), "--key-file", os.path.join(store, "key"), *arguments] + work.options.cofferd_argument,
            environment, target="coffer")

    def prepare(self):
        policy = self.work.path("bench-policy.yaml")
        for source in self.policies:
            with open(policy, "w") as file:
                file.write(source)
            self.command("policy", "apply", policy)

    def command(self, *arguments, input=None):
        """The command's output; it must end well. `input`: text on its standard input."""
        done = subprocess.run([os.path.abspath(self.work.options.coffer), "--socket", self.socket, *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              **({"stdin": subprocess.DEVNULL} if input is None else {"input": input}))
        if done.returncode != 0:
            raise Trouble(f"coffer {' '.join(arguments)} ended with {done.returncode}: {done.stdout[-2000:]}{self.last_words()}")
        return done.stdout

    def bring_api_keys(self, count, **limits):
        """Unlimited API keys as they come from new-api, of a user with a wallet: each is called as it reads, by the
        generator's names. `limits`: more columns of their rows."""
        names = ["bench/%034d" % number for number in range(count)]
        rows = [dict(id=number + 1, user_id=1, key=name, name=name, status=1, created_time=1, accessed_time=0, expired_time=-1,
                     remain_quota=0, unlimited_quota=True, used_quota=0, **limits) for number, name in enumerate(names)]
        user = dict(id=1, username="bench", role=1, status=1, quota=1_000_000_000, used_quota=0)
        legacy = self.work.path("bench-newapi.json")
        with open(legacy, "w") as file:
            json.dump({"users": [user], "tokens": rows}, file)
        last = self.command("import", "--from", "newapi", legacy).splitlines()[-1]
        if not last.startswith(f"{count + 1} created"):
            raise Trouble(f"the import made other keys than it should: {last}")
