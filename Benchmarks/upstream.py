"""A simulated upstream that is fast enough not to be what is measured: an OAuth 2 token endpoint that rotates, and the free-api
family's /token/check. HTTP/1.1 by hand on asyncio, in a process of its own; its counters are at GET /counts."""
import asyncio
import json
import multiprocessing
import os
import sys
import urllib.parse


class Peer(asyncio.Protocol):
    dials = checks = running = most = 0
    delay = 0.0

    def connection_made(self, transport):
        self.transport, self.buffer = transport, b""

    def data_received(self, data):
        self.buffer += data
        while True:
            head, separator, rest = self.buffer.partition(b"\r\n\r\n")
            if not separator:
                return
            length = 0
            for line in head.split(b"\r\n")[1:]:
                name, _, value = line.partition(b":")
                if name.strip().lower() == b"content-length":
                    length = int(value)
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            self.answer(head.split(b" ", 2)[1].decode(), rest[:length])

    def answer(self, path, body):
        peer = type(self)
        if path == "/counts":
            return self.send({"dials": peer.dials, "checks": peer.checks, "most": peer.most})
        peer.running += 1
        peer.most = max(peer.most, peer.running)
        if path == "/check":
            peer.checks += 1
            reply = {"live": True}
        else:
            peer.dials += 1
            form = urllib.parse.parse_qs(body.decode())
            number = peer.dials
            reply = {"access_token": "at-%d" % number, "token_type": "Bearer", "expires_in": 3600,
                     "refresh_token": form["refresh_token"][0].split(".")[0] + ".%d" % number}
        if peer.delay:
            asyncio.get_running_loop().call_later(peer.delay, self.finish, reply)
        else:
            self.finish(reply)

    def finish(self, reply):
        type(self).running -= 1
        self.send(reply)

    def send(self, reply):
        body = json.dumps(reply).encode()
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def _serve(pipe, delay, cpu):
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    Peer.delay = delay

    async def main():
        server = await asyncio.get_running_loop().create_server(Peer, "127.0.0.1", 0, backlog=4096)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()
    asyncio.run(main())


class Upstream:
    """`delay`: seconds that each answer takes. `cpu`: where it runs."""

    def __init__(self, delay=0.0, cpu=None):
        ours, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("fork").Process(target=_serve, args=(theirs, delay, cpu), daemon=True)
        self.process.start()
        self.url = "http://127.0.0.1:%d" % ours.recv()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.join()
