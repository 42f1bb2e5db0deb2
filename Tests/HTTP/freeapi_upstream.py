"""The token check of the free-api family and DeepSeek's platform pages (compat/tokenstatuscheck.md 2), from the contract alone.

A token says itself what becomes of it: `live-1`, `dead-2`, `expired-3`, `busy-4`, `slow-5` … are its kinds."""

import http.server
import json
import threading

ANSWERS = {
    "live": (200, {"live": True}),
    "dead": (200, {"live": False}),
    "refused": (200, {"code": -2001, "message": "[请求deepseek失败]: Authorization Failed (invalid token)", "data": None}),
    "expired": (200, {"code": -2002, "message": "Token expired", "data": None}),
    "busy": (200, {"code": -2001, "message": "[请求deepseek失败]: server busy", "data": None}),
    "timeout": (200, {"code": -1000, "message": "timeout of 15000ms exceeded", "data": None}),
    "text": (200, {"live": "true"}),
    "both": (200, {"live": None, "code": -2002}),
    "gateway": (502, b"<html>Bad Gateway</html>"),
    "redirect": (302, b""),
    "array": (200, []),
}


class Quiet(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        kind = "text/html" if isinstance(body, bytes) else "application/json"
        body = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))


class Server:
    def __init__(self, handler):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class FreeAPI(Server):
    """`POST /token/check`. Counts what it is asked, and how many at once."""

    def __init__(self):
        self.lock = threading.Lock()
        self.asked = []
        self.now = self.most = 0
        self.hold = threading.Event()          # what `hang` waits for
        self.kinds = dict(ANSWERS)
        self.first = {}                        # kind: what the first question of a token gets in its place
        owner = self

        class Handler(Quiet):
            def do_POST(self):
                body = self.body()
                if self.path == "/elsewhere":
                    owner.asked.append("ELSEWHERE")
                    return self.answer(200, {"live": True})
                if self.path != "/token/check":
                    return self.answer(200, {"code": -1000, "message": "[请求有误]: 正确请求为 POST -> /v1/chat/completions，当前请求为 POST -> "
                                             + self.path, "data": None})
                try:
                    token = json.loads(body)["token"]
                except (ValueError, KeyError, TypeError):
                    return self.answer(200, {"code": -2000, "message": "Params body.token invalid", "data": None})
                kind = token.split("-")[0]
                with owner.lock:
                    before = owner.asked.count(token)
                    owner.asked.append(token)
                    owner.now += 1
                    owner.most = max(owner.most, owner.now)
                try:
                    if kind == "hang":
                        owner.hold.wait(30)
                        kind = "live"
                    if kind == "flaky":
                        kind = "live" if before else "gateway"
                    status, answer = owner.kinds[kind]
                    headers = [("Location", "/elsewhere")] if kind == "redirect" else []
                    self.answer(status, answer, headers)
                except OSError:
                    pass
                finally:
                    with owner.lock:
                        owner.now -= 1

        super().__init__(Handler)

    @property
    def url(self):
        return "http://127.0.0.1:%d/token/check" % self.port


class Platform(Server):
    """DeepSeek's platform. `shape`: `old` as of 2024, `new` with everything once more in `biz_data`."""

    def __init__(self, shape="old"):
        self.shape = shape
        self.passwords = {"13912341234": "pass-with-dashes", "13800000000": "other"}
        self.sessions = {}                     # session token: mobile
        self.estimates = {"13912341234": "5000000", "13800000000": 4722170}
        self.logins = []
        self.summaries = []
        self.page = None                       # (status, body) in place of each summary
        owner = self

        class Handler(Quiet):
            def wrap(self, data):
                inner = {"biz_code": 0, "biz_msg": "", "biz_data": data} if owner.shape == "new" else data
                self.answer(200, {"code": 0, "msg": "", "data": inner})

            def do_POST(self):
                given = json.loads(self.body())
                if self.path != "/auth-api/v0/users/login":
                    return self.answer(404, {"code": 404, "msg": "not found", "data": None})
                mobile, password = given.get("mobile"), given.get("password")
                owner.logins.append(mobile)
                if owner.passwords.get(mobile) != password:
                    return self.answer(200, {"code": 0, "msg": "", "data": {"biz_code": 2, "biz_msg": "PASSWORD_OR_USER_NAME_IS_WRONG"}})
                token = "session-of-%s-%d" % (mobile, len(owner.logins))
                owner.sessions[token] = mobile
                self.wrap({"user": {"token": token, "id": "1"}})

            def do_GET(self):
                if self.path != "/api/v0/users/get_user_summary":
                    return self.answer(404, {"code": 404, "msg": "not found", "data": None})
                token = (self.headers.get("Authorization") or "")[7:]
                owner.summaries.append(token)
                if owner.page:
                    return self.answer(*owner.page)
                mobile = owner.sessions.get(token)
                if not token:
                    return self.answer(200, {"code": 40002, "msg": "Missing Token", "data": None})
                if mobile is None:
                    return self.answer(200, {"code": 40003, "msg": "Authorization Failed (invalid token)", "data": None})
                self.wrap(owner.summary(mobile))

        super().__init__(Handler)

    def summary(self, mobile):
        return {"current_token": 10000000, "monthly_usage": 0, "total_usage": 0,
                "normal_wallets": [{"currency": "CNY", "balance": "0E-20", "token_estimation": "0"}],
                "bonus_wallets": [{"currency": "CNY", "balance": "10.00000000000000000000", "token_estimation": "5000000"}],
                "total_available_token_estimation": self.estimates[mobile],
                "monthly_costs": [{"currency": "CNY", "amount": "0"}], "monthly_token_usage": 0, "something_new": 123456789012345678}

    @property
    def configuration(self):
        return "upstream:\n  providers:\n    deepseek: { platform: \"http://127.0.0.1:%d\" }\n" % self.port
