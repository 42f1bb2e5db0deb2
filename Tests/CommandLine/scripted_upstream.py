"""A small OAuth server for the tests: rotating refresh tokens that are good for one use, answers that a test scripts."""

import http.server
import json
import threading
import urllib.parse


class Upstream:
    """`answers` has what comes next, (status, body or dict); when it is empty a refresh works. `seen` has what was asked."""

    def __init__(self):
        self.answers, self.seen, self.drawn = [], [], 0
        self.refresh = {}                      # token -> whether it was used
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
                status, answer = owner.answer(self.path, body)
                data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html" if isinstance(answer, str) else "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def new(self, prefix):
        """A refresh token that works once."""
        with self.lock:
            self.drawn += 1
            token = "%srt-%06d" % (prefix, self.drawn)
            self.refresh[token] = False
        return token

    def answer(self, path, body):
        form = {k: v[0] for k, v in urllib.parse.parse_qs(body, keep_blank_values=True).items()}
        with self.lock:
            self.seen.append((path, form or body))
            if self.answers:
                return self.answers.pop(0)
        if path.startswith("/check"):
            return 200, {"live": True}
        token = form.get("refresh_token", "")
        with self.lock:
            if self.refresh.get(token, True):
                return 400, {"error": "invalid_grant"}
            self.refresh[token] = True
            self.drawn += 1
            number, prefix = self.drawn, token.split("rt-")[0]
            self.refresh["%srt-%06d" % (prefix, number)] = False
        return 200, {"access_token": "%sat-%06d" % (prefix, number), "refresh_token": "%srt-%06d" % (prefix, number), "expires_in": 3600}

    def close(self):
        self.server.shutdown()
        self.server.server_close()
