"""What the tests of this folder share: the harness of Tests/Identity, stock age, and backups taken apart and put together by hand, from
docs/backup-format.md alone."""

import hashlib
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "CommandLine"))

from common import *  # noqa: E402,F401,F403
from common import coffer  # noqa: E402

class Keys:
    """An identity in a file, and its recipient."""

    def __init__(self, folder, name="identity"):
        self.identity = os.path.join(folder, name)
        made = coffer("backup", "keygen", "--output", self.identity)
        assert made.code == 0, made
        self.recipient = made.text.strip()


def content_of(path):
    with open(path, "rb") as file:
        return file.read()


def age(*arguments, input=b""):
    """Stock age; it must succeed."""
    done = subprocess.run(["age", *arguments], input=input, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def opened(path, keys):
    """The lines of a backup, opened by stock age."""
    return age("-d", "-i", keys.identity, path).split(b"\n")[:-1]


def sealed(lines, path, keys):
    """Lines as a backup that stock age wrote."""
    age("-r", keys.recipient, "-o", path, input=b"".join(line + b"\n" for line in lines))
    return path


def content(lines):
    return lines[1:-1]


def digest(lines):
    """As docs/backup-format.md says: the sum of the SHA-256 of each line between the first and the last."""
    total = sum(int.from_bytes(hashlib.sha256(line).digest(), "big") for line in content(lines))
    return "%064x" % (total % 2**256)


def trailer(lines):
    return json.loads(lines[-1])


def with_trailer(lines, counts):
    """`lines` (the first and the content) with a last line that fits: `counts` are the numbers of each kind."""
    last = {"coffer": "end", "lines": len(lines) - 1, "counts": counts, "digest": digest(lines + [b""])}
    return lines + [json.dumps(last, separators=(",", ":")).encode()]


def figures(path, keys):
    """What `backup verify` says of a file."""
    result = coffer("backup", "verify", path, "--identity", keys.identity, "--json")
    assert result.code == 0, result
    return result.json


def backup(daemon, path, keys, *more):
    return daemon.ok("backup", "create", "--to", path, "--recipient", keys.recipient, "--json", *more).json


def restore(daemon, path, keys, *more):
    return daemon.cli("restore", path, "--identity", keys.identity, "--json", *more)


def leftovers(folder):
    """Files that no test asked for."""
    return sorted(name for name in os.listdir(folder) if name.startswith(".") or name.endswith((".tmp", ".new")))
