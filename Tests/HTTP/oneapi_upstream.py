"""A one-api with channels (compat/tokenstool.md 3, U12). `calls` has (method, path, body)."""

import http.server
import json
import threading


class OneAPI:
    def __init__(self, token):
        self.token = token
        self.lock = threading.Lock()
        self.channels = {}
        self.last = 0
        self.calls = []
        self.refuses = False
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def run(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, value = owner.answer(self.command, self.path, self.headers, json.loads(body) if body else None)
                data = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = run

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.port

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def find(self, name):
        with self.lock:
            return next((c for c in self.channels.values() if c["name"] == name), None)

    def answer(self, method, path, headers, body):
        with self.lock:
            self.calls.append((method, path, body))
            if headers.get("Authorization") != "Bearer " + self.token:
                return 401, {"success": False, "message": "no"}
            if self.refuses:
                return 200, {"success": False, "message": "refused"}
            if method == "GET" and path.startswith("/api/channel/?p="):
                return 200, {"success": True, "message": "", "data": list(self.channels.values())}
            if method == "POST" and path == "/api/channel/":
                self.last += 1
                self.channels[self.last] = dict(body, id=self.last, priority=0)
                return 200, {"success": True, "message": ""}
            if method == "PUT" and path in ("/api/channel/?p=0", "/api/channel/"):
                if body.get("id") not in self.channels:
                    return 200, {"success": False, "message": "no such channel"}
                self.channels[body["id"]].update(body)
                return 200, {"success": True, "message": ""}
            if method == "DELETE" and path.startswith("/api/channel/"):
                found = self.channels.pop(int(path.rsplit("/", 1)[1]), None)
                return 200, {"success": found is not None, "message": ""}
            return 404, {"success": False, "message": path}
