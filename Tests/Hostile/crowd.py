#!/usr/bin/env python3
"""Connections that mean no good. Run as the user whose they are.

    crowd.py idle|silent|drip|stuck|greedy SOCKET COUNT
    crowd.py http-idle|http-drip|http-silent PORT COUNT [FROM]       FROM: source addresses 127.0.FROM.1 and on, 250 to each

idle: behind the handshake, then nothing. silent: not even a hello. drip: hello, confirm, then a frame with one byte a
second. stuck: the head of a frame of 1 MiB and half of it, no more. greedy: asks for large values and reads none of the
answers. Prints a line for each that is known, "open N refused M", then reads stdin: at its end it goes. A line there
asks how many were closed by the server: "closed N".
"""
import os
import resource
import select
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Interop"))
import coffer_client as c  # noqa: E402


def read_frame(sock):
    data = b""
    while len(data) < 4 or len(data) < 4 + int.from_bytes(data[:4], "big"):
        piece = sock.recv(65536)
        if not piece:
            raise ConnectionResetError("closed")
        data += piece
    return data


def shake(sock):
    sock.sendall(c.frame(c.REQUEST, c.HELLO, 1, c.hello_body("main", "crowd/1.0")))
    answer = read_frame(sock)
    reader = c.Reader(answer[12:])
    if answer[4] != c.RESPONSE or reader.u16() != 0:
        raise ConnectionRefusedError("refused")
    nonce = c.read_hello(reader).nonce
    sock.sendall(c.frame(c.REQUEST, c.CONFIRM, 2, c.confirm_body(nonce)))
    read_frame(sock)


def connect(kind, target, number, first):
    if kind.startswith("http"):
        sock = socket.socket()
        sock.settimeout(20)
        sock.bind(("127.0.%d.%d" % (first, 1 + number // 250), 0))
        sock.connect(("127.0.0.1", int(target)))
        return sock
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(20)
    sock.connect(target)
    if kind != "silent":
        shake(sock)
    return sock


def first_words(kind, sock):
    """What is sent at once; what is sent bit by bit is returned."""
    large = c.frame(c.REQUEST, c.PUT, 3, c.put_body("crowd/large", b"x" * 1_000_000))
    if kind == "stuck":
        # As the daemon takes it: it leaves some unread.
        return large[:len(large) // 2]
    if kind == "greedy":
        for number in range(64):
            sock.sendall(c.frame(c.REQUEST, c.GET, 3 + number, c.get_body("crowd/large")))
    elif kind == "drip":
        return c.frame(c.REQUEST, c.GET, 3, c.get_body("crowd/" + "x" * 400))
    elif kind == "http-drip":
        return b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 400
    elif kind == "http-idle":
        sock.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % sock.getpeername()[1])
        if not sock.recv(65536):
            raise ConnectionResetError("closed")
    return b""


def push(poll, entry):
    """Sends on what is left of the words."""
    sock, words, at = entry
    try:
        entry[2] += sock.send(words[at:at + 65536])
    except OSError:
        pass
    if entry[2] == len(words):
        poll.modify(sock, select.POLLIN)


def main():
    kind, target, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    first = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    socks, refused = [], 0
    for number in range(count):
        try:
            sock = connect(kind, target, number, first)
            words = first_words(kind, sock)
            sock.setblocking(False)
            socks.append([sock, words, 0])
        except (OSError, c.CofferError):
            refused += 1
    print("open %d refused %d" % (len(socks), refused), flush=True)
    closed, next_drip = 0, time.monotonic() + 1
    poll = select.poll()
    poll.register(0, select.POLLIN)
    for sock, _, _ in socks:
        # greedy does not read: only that the other side went is seen.
        poll.register(sock, {"greedy": select.POLLHUP, "stuck": select.POLLIN | select.POLLOUT}.get(kind, select.POLLIN))
    by_fd = {entry[0].fileno(): entry for entry in socks}
    while True:
        for fd, what in poll.poll(max(0, (next_drip - time.monotonic()) * 1000)):
            if fd == 0:
                line = sys.stdin.readline()
                if not line:
                    return
                print("closed %d" % closed, flush=True)
                continue
            sock = by_fd[fd][0]
            if what & select.POLLOUT:
                push(poll, by_fd[fd])
            if not what & ~select.POLLOUT:
                continue
            try:
                gone = kind == "greedy" or not sock.recv(65536)
            except BlockingIOError:
                gone = False
            except OSError:
                gone = True
            if gone:
                closed += 1
                poll.unregister(fd)
                sock.close()
                del by_fd[fd]
        if time.monotonic() >= next_drip:
            next_drip += 1
            for entry in list(by_fd.values()):
                sock, words, at = entry
                if kind != "stuck" and at < len(words):
                    try:
                        entry[2] += sock.send(words[at:at + 1])
                    except OSError:
                        pass


if __name__ == "__main__":
    main()
