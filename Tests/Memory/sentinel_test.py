#!/usr/bin/env python3
"""Secrets pass through the daemon in every way that there is; then all places are searched for them (formats.md 18).

    sentinel_test.py --bin DIR --work DIR

Values and a passphrase are recognised by a random sentinel. While a value is on its way it may lie in memory; once the
requests are answered nothing of it may be left, neither in free blocks nor in buffers. The key file's bytes must not lie
outside of guarded pages, which are not searched: they are what the daemon keeps on purpose. At last a frame is
left unfinished on purpose: its value lies in a buffer, and the search must find it. Backups and restores are among the ways, and
the log, the command line, the environment, the daemon's temporary folder, the store with its audit log and the backup are searched as well.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time

for folder in ("Interop", "Refresh"):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", folder))
import coffer_client as c  # noqa: E402
import rotating_upstream as upstreams  # noqa: E402
from places import files, hits, of_process  # noqa: E402


def exercise(client, other, sentinel):
    """Every way in and out that a value has."""
    for number, size in enumerate((0, 100, 5_000, 70_000, 1_000_000)):
        name = "memory/%d" % number
        value = sentinel + os.urandom(size)
        client.put(name, value)
        client.put(name, value, c.Expect(1))
        for _ in range(3):
            assert client.get(name).value == value
        try:
            client.put(name, value, c.Expect(77))
            raise SystemExit("a conflict was not seen")
        except c.Conflict:
            pass
        client.get(name, 1)
    watch = other.watch(b"memory/", values=True)
    client.put("memory/watched", sentinel)
    assert watch.next(10).value == sentinel
    watch.cancel()
    assert any(entry.value == sentinel for chunk in client.export(b"memory/") for entry in chunk)
    client.import_entries([c.Entry(b"memory/imported", sentinel + b"imported")])
    for number in range(5):
        client.destroy("memory/%d" % number)


def exercise_tokens(coffer, socket, sentinel):
    """Tokens that come from an upstream and go out again: every one of them, and the client's secret, has the sentinel in it."""
    upstream = upstreams.Upstream()

    def run(*arguments, input=b""):
        done = subprocess.run([coffer, "--socket", socket, *arguments], input=input, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    try:
        name = sentinel.decode()
        secrets = {"refresh": upstream.grant(name), "client_secret": name + "client"}
        code, text = run("credential", "add", "memory", "--provider", "oauth2", "--param", "token_url=%s/token" % upstream.url,
                         "--client-id", "c", "--json-secrets", input=json.dumps(secrets).encode())
        assert code == 0, text
        for _ in range(3):
            assert run("credential", "refresh", "memory")[0] == 0
            code, token = run("token", "memory")
            assert code == 0 and sentinel in token
        for act in (upstreams.html, upstreams.partial):
            upstream.scripts.append(upstreams.Answer(act, consume=False))
            assert run("credential", "refresh", "memory")[0] != 0
            # This upstream did not use the token up, which only a person can know.
            code, text = run("credential", "refresh", "memory", "--again")
            assert code == 0, text
    finally:
        upstream.stop()


def exercise_accounts(client):
    """An API key that is shown once, revealed and verified. Its readable form, which the daemon drew."""
    made = client.create_record("apikey", {"name": "memory", "tenant": "main", "unlimited": "true"})
    assert client.reveal(made.record.id) == made.secret
    assert client.verify(made.secret).number == int(made.record.id)
    return made.secret


def exercise_backups(coffer, socket, work, sentinel):
    """A backup is made, opened and put back twice, the store is scrubbed and its audit log searched. The path of the backup."""
    def run(*arguments):
        done = subprocess.run([coffer, "--socket", socket, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, (arguments, done.stderr[-2000:])
        return done.stdout

    identity, backup = os.path.join(work, "identity"), os.path.join(work, "backup.age")
    recipient = run("backup", "keygen", "--output", identity).decode().strip()
    run("backup", "create", "--to", backup, "--recipient", recipient)
    run("backup", "verify", backup, "--identity", identity)
    assert sentinel in run("backup", "cat", backup, "--identity", identity)
    run("restore", backup, "--identity", identity, "--merge")
    run("restore", backup, "--identity", identity, "--replace", "--discard-newer")
    assert sentinel in run("get", "memory/watched")
    run("scrub")
    assert b"memory/watched" in run("audit", "search")
    return backup


def elsewhere(daemon, folders, needles):
    """(place, needle's index) wherever one of them stands beside memory."""
    for place, content in [*of_process(daemon.pid), *files(*folders)]:
        for index, needle in enumerate(needles):
            if needle in content:
                yield place, index


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--work", required=True)
    options = parser.parse_args()
    os.makedirs(options.work, exist_ok=True)
    socket = os.path.join(options.work, "s")
    temporary, coffer = os.path.join(options.work, "tmp"), os.path.join(options.bin, "coffer")
    os.makedirs(temporary, exist_ok=True)
    key_file = os.path.join(options.work, "key")
    daemon = subprocess.Popen(
        [os.path.join(options.bin, "cofferd"), "--store", os.path.join(options.work, "store"), "--key-file", key_file,
         "--socket", socket, "--config", "/dev/null", "--log-level", "trace"],
        stderr=open(os.path.join(options.work, "log"), "w"), env=dict(os.environ, TMPDIR=temporary))
    try:
        for _ in range(200):
            if os.path.exists(socket):
                break
            time.sleep(0.05)
        sentinel = b"SENTINEL-" + os.urandom(16).hex().encode() + b"-"
        client, other = c.Client.connect(socket), c.Client.connect(socket)
        exercise(client, other, sentinel)
        exercise_tokens(coffer, socket, sentinel)
        api_key = exercise_accounts(client)
        backup = exercise_backups(coffer, socket, options.work, sentinel)
        time.sleep(0.5)
        key = bytes.fromhex(open(key_file).read().strip())
        needles = [sentinel, key, open(key_file, "rb").read(64), api_key]
        found = hits(daemon.pid, needles)
        names = ["a value", "the key of the key file", "the key file's text", "an API key"]
        folders = [os.path.join(options.work, "store"), temporary]
        searched = os.path.join(options.work, "searched")
        os.makedirs(searched, exist_ok=True)
        for path in (os.path.join(options.work, "log"), backup):
            shutil.copy(path, searched)
        folders.append(searched)
        for place, index in elsewhere(daemon, folders, needles):
            found[needles[index]].append(place)
        bad = 0
        for name, needle in zip(names, needles):
            print("%-8s%s: %d left" % ("FAIL" if found[needle] else "ok", name, len(found[needle])))
            for place in found[needle]:
                print("        at " + place)
            bad += len(found[needle])
        # A planted one: what is in a file of the store's folder is found there.
        with open(os.path.join(options.work, "store", "planted"), "wb") as file:
            file.write(b"x" * 5000 + sentinel)
        seen = [place for place, _ in elsewhere(daemon, folders, needles)]
        os.unlink(os.path.join(options.work, "store", "planted"))
        print("%-8sthe search finds a value that is in a file" % ("ok" if len(seen) == 1 else "FAIL"))
        bad += len(seen) != 1
        # The search itself must find what is there: a connection that is held open has its bytes somewhere.
        raw = c.Client.connect(socket)
        pending = raw.start(c.GET, c.get_body("memory/watched"))
        pending.result(10)
        planted = os.urandom(24)
        half = c.frame(c.REQUEST, c.PUT, 9, c.put_body("memory/half", planted))[:-4]
        raw._sock.sendall(half)
        time.sleep(0.3)
        if not hits(daemon.pid, [planted[:16]])[planted[:16]]:
            print("FAIL    the search does not find a value that is on its way")
            bad += 1
        else:
            print("ok      the search finds a value that is still on its way")
        sys.exit(1 if bad else 0)
    finally:
        daemon.terminate()
        daemon.wait(20)


if __name__ == "__main__":
    main()
