#!/usr/bin/env python3
"""Checks the lines of a backup from stdin: age -d -i IDENTITY FILE | python3 backup_digest.py"""
import hashlib
import json
import sys

total, lines, last = 0, 0, b""
for raw in sys.stdin.buffer:
    line = raw.removesuffix(b"\n")
    assert json.dumps(json.loads(line), ensure_ascii=False, separators=(",", ":")).encode() == line
    if not line.startswith(b'{"coffer":'):
        total += int.from_bytes(hashlib.sha256(line).digest(), "big")
        lines += 1
    last = json.loads(line)
assert last["coffer"] == "end" and last["lines"] == lines and last["digest"] == f"{total % 2**256:064x}"
print(last["digest"])
