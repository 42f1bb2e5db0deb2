#!/usr/bin/env python3
"""Writes the binary seeds of the harnesses, which say more as text here. Usage: seeds.py HARNESS FOLDER"""

import pathlib
import struct
import sys

OPERATIONS = [
    *range(0x0001, 0x0009), *range(0x0100, 0x010C), *range(0x0200, 0x0205), *range(0x0300, 0x0303),
    *range(0x0400, 0x0408), *range(0x0410, 0x0414),
]
STREAM_BODIES = range(0xFF00, 0xFF04)
STREAM = 0xFFFF


def text(value):
    return struct.pack(">H", len(value)) + value.encode()


def frame(kind, operation, request, body):
    return struct.pack(">IBBHI", len(body) + 8, kind, 0, operation, request) + body


def wire_requests():
    """Mostly zeros: nothing optional, empty lists. What a message must have follows by hand."""
    for operation in [*OPERATIONS, *STREAM_BODIES]:
        for length in (0, 1, 4, 16, 48):
            yield f"{operation:04x}-{length}", struct.pack(">H", operation) + bytes(length)
    deadline = struct.pack(">I", 250)
    hello = deadline + b"COFR" + struct.pack(">HHQ", 1, 1, 0) + text("main") + text("fuzz/1") + struct.pack(">H", 0)
    name = text("app/key")
    get = deadline + name + struct.pack(">QB", 0, 0)
    put = deadline + name + b"\x00\x00\x01" + bytes(8) + text("text/plain") + bytes(4) + struct.pack(">I", 3) + b"abc"
    settings = b"\x01" + struct.pack(">H", 1) + text("owner") + text("team") + b"\x01" + struct.pack(">H", 1) + text("blue") + b"\x00\x00"
    update = deadline + name + b"\x01" + struct.pack(">Q", 7) + b"\x01" + bytes(range(16)) + settings
    yield "hello", struct.pack(">H", 0x0001) + hello
    yield "get", struct.pack(">H", 0x0100) + get
    yield "put", struct.pack(">H", 0x0101) + put
    yield "info", struct.pack(">H", 0x0102) + deadline + name
    yield "delete", struct.pack(">H", 0x0105) + deadline + name + struct.pack(">QBB", 2, 0, 0)
    yield "update", struct.pack(">H", 0x0108) + update
    frames = frame(1, 0x0001, 1, hello) + frame(1, 0x0100, 2, get) + frame(6, 0x0100, 2, b"") + frame(7, 0x0103, 3, b"\0\0\0\1")
    yield "stream", struct.pack(">H", STREAM) + bytes([1, 5, 13, 200]) + frames
    yield "stream-bad-kind", struct.pack(">H", STREAM) + bytes([7, 7, 7, 7]) + frame(1, 3, 1, bytes(4)) + frame(9, 3, 1, b"")
    yield "stream-too-long", struct.pack(">H", STREAM) + bytes(4) + b"\xff\xff\xff\xff\x01\0\0\0\0\0\0\0"


SEEDS = {"wire-requests": wire_requests}


def main():
    harness, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in SEEDS.get(harness, lambda: [])():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
