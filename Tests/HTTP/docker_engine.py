"""The three calls of a Docker Engine that a container's keeper makes, behind a Unix socket."""

import http.server
import json
import os
import re
import socketserver
import threading


class Engine:
    def __init__(self, folder):
        self.path = os.path.join(folder, "docker.sock")
        self.states = {}                       # name: state
        self.calls = []
        self.status = None                     # what every call is answered with instead
        owner = self

        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def address_string(self):
                return "unix"

            def log_message(self, *_):
                pass

            def run(self):
                owner.calls.append((self.command, self.path))
                status, value = owner.answer(self.command, self.path)
                data = b"" if value is None else json.dumps(value).encode()
                self.send_response(status)
                if status not in (204, 304):
                    self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if data:
                    self.wfile.write(data)

            do_GET = do_POST = run

        self.server = Server(self.path, Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, method, path):
        if self.status:
            return self.status, {"message": "scripted"}
        found = re.match(r"\A/containers/([A-Za-z0-9][A-Za-z0-9_.-]*)/(json|start|stop|restart)\Z", path)
        if not found or found.group(1) not in self.states:
            return 404, {"message": "No such container"}
        name, act = found.groups()
        if act == "json":
            return 200, {"Id": "0" * 64, "State": {"Status": self.states[name]}}
        if method != "POST":
            return 405, {"message": "method"}
        before, self.states[name] = self.states[name], "exited" if act == "stop" else "running"
        return (304, None) if act != "restart" and before == self.states[name] else (204, None)
