#!/usr/bin/env python3
"""Writes the seeds that a harness of Tests/Fuzz begins with. Usage: seeds.py HARNESS FOLDER"""

import base64
import hashlib
import json
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Vectors" / "age"))

OPERATIONS = [
    *range(0x0001, 0x0009), *range(0x0100, 0x010C), *range(0x0200, 0x0205), *range(0x0300, 0x0303),
    *range(0x0400, 0x0408), *range(0x0410, 0x0414), *range(0x0500, 0x0505), *range(0x0600, 0x0604), 0x0610,
]
STREAM_BODIES = range(0xFF00, 0xFF05)
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



PIECES = bytes([1, 9, 40, 200])

REQUESTS = {
    "get": "GET /api/token/?p=1&size=10 HTTP/1.1\r\nHost: localhost:3000\r\nCookie: session=abc; a=\"b\"\r\n\r\n",
    "raw-bytes": "GET /api/token/search?keyword=测试 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer sk-abc\r\n\r\n",
    "body": "POST /api/user/login HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 4\r\n\r\nbodyGET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "chunks": "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\nGET /é HTTP/1.1\r\nHost: a\r\n\r\n",
    "two": "\r\nGET /ä HTTP/1.1\r\nHost: x\r\n\r\n\r\nDELETE /v1/system/token/ö HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "smuggling": "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
    "bare-line-feeds": "GET / HTTP/1.1\nHost: x\n\nGET /\xff HTTP/1.1\nHost: x\n\n",
    "forwarded": "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 1.2.3.4, [fd00::1]:80, 10.0.0.9\r\nX-Forwarded-Proto: http, https\r\n\r\n",
    "old": "GET / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\nHost: x\r\n\r\n",
    "upgrade": "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nrest",
    "odd-target": "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "long-line": "GET /" + "a" * 300 + " HTTP/1.1\r\nHost: x\r\n\r\n",
    "many-fields": "GET / HTTP/1.1\r\nHost: x\r\n" + "".join(f"H{n}: {n}\r\n" for n in range(20)) + "\r\n",
    "expect": "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab",
}

JSON = [
    '{"name":"a","remain_quota":500000,"expired_time":-1,"unlimited_quota":false,"model_limits":"a,b","allow_ips":"10.0.0.0/8\\n::1","group":""}',
    '{"username":"root","password":"12345678"}', '{"ids":[1,2,3],"Ids":[4],"auto_groups":["a"],"model_limits":["a"]}',
    '"\\ud83d\\ude00 \\u0000 \\b\\f\\n\\r\\t\\/ \\udead"', "[-0,1.5e-9,9223372036854775807,9223372036854775808,-9223372036854775808]",
    "[" * 64 + "]" * 64, "[" * 65 + "]" * 65, '{"a":{"b":[null,true,false]},"a":1} trailing', "nul", "\"\x7f\"", "",
]

TOKENS = [
    "a192.0.2.7", "a::ffff:10.0.0.1", "a2001:db8::/32", "a10.0.0.0/8", "a[::1]:3000", "a:3000", "alocalhost:80", "a1.2.3.4, 5.6.7.0/24\n::1",
    "a1:2:3:4:5:6:7:8", "a1:2:3:4:5:6:1.2.3.4", "a64:ff9b::/96", "bAAECAwQ=", "bA-_A", "bYWJj\nZGVm", "bYW", "b\xff\x00",
    "lIjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmIg.ZVPxAA", "la.b.c", "rcGFzc3dvcmQ=", "rc2VjcmV0", "r",
    "jeyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJuZXctYXBpIiwiYXVkIjoibmV3LWFwaS1kYXNoYm9hcmQiLCJzdWIiOiIxIiwic2lkIjoicyIsImlhdCI6MSwiZXhwIjoyfQ",
    "jeyJhbGciOiJub25lIn0.e30", "hBearer sk-abc-12", "ha=1&b=%E6%B5%8B+x&c", "hsession=\"a;b\"; c=d", "hapi/token/7/key", "h%ab%", "hzh-CN,en;q=0.8",
    "k" + "A1" * 24, "kragflow-" + "a" * 32, "kck_" + "b" * 43, "ksk-abc-3", "k" + "c" * 32,
]

IMPORTS = [
    "dA=1\nexport B='x y' # c\nC=\"a\\n$b\"\n", "d# c\r\nA=1\r\nB=\"x\r\ny\"\r\n", "dA = b # c\nB=\n", "dA='a\nb'\nC=\"'\\\"\"",
    'j{"a":{"b":"c","d":1.50},"e":true,"f":"\\u00e9\\ud83d\\ude00"}', 'j{"A":"x\'y","B":"line\\nline"}', "j{}",
    'n{"users":[{"id":1,"username":"root","password":"$2a$10$abcdefghijklmnopqrstuv0123456789012345678901234567890","role":100,"status":1,'
    '"email":"a@b.c","quota":1}],"tokens":[{"id":7,"user_id":1,"key":"' + "A" * 48 + '","name":"t","status":1,"expired_time":-1,'
    '"remain_quota":5,"unlimited_quota":0,"allow_ips":"10.0.0.0/8"}],"channels":[]}',
    'r{"user":[{"id":"u1","nickname":"n","email":"a@b.c","password":"scrypt:32768:8:1$x$y","status":"1"}],'
    '"tenant":[{"id":"t1","name":"T"}],"user_tenant":[{"id":"m","user_id":"u1","tenant_id":"t1","role":"owner","status":"1"}],'
    '"api_token":[{"tenant_id":"t1","token":"ragflow-' + "a" * 32 + '","beta":"' + "b" * 32 + '","create_time":1700000000000}]}',
    'c{"name":"a","provider":"oauth2","tags":["x"],"enabled":true,"parameters":{"token_url":"https://x"},"secrets":{"refresh":"r"},'
    '"expires":{"access":"2027-01-31T12:00:00Z"}}\n\n{"name":5}\nx', 'c\ufeffname,provider,secrets.refresh,expires.access\r\na,p,"x,""y""\nz",7\r\n"b',
    't{"a":{"token":"eyJhb","username":"a@b","userPassword":"p","setPoolToken":true,"shareTokens":["b"],"poolToken":"pk-1"},'
    '"bind":"1:2","loginPassword":"123456"}',
    "s\ufeff13912341234-pass-word\n tok@x \r\n\ntok@x\n\x01",
    "yserver: {host: '::1', port: 80}\nauth:\n  password: p\n  public_api_prefix: /x\nopenai: {schedule_enabled: true, refresh_interval: 3}\n",
    "vid,biz_id,rt,enabled,create_time\n1,a,r,1,2025-12-01 22:56:30.1+08:00\n2,\"b\"\"\",\\N,NULL,x\n", "vconfig_key,config_value\nproxy_list,[]\n",
    "f.env.local", "fa/b.YAML", "\x00",
]


PROVIDER = """provider: acme
title: Acme
bases: { id: https://id.example }
parameters:
  region: { default: eu, choices: [eu, us] }
concurrency: 2
steps:
  - name: refresh
    purpose: refresh
    consumes: refresh
    replay: never
    method: POST
    url: "{id}/token?a={region}"
    form: { refresh_token: "{refresh}" }
    take: { access: /access_token, refresh: { pointer: /a~1b/0, optional: true } }
    expires: { access: /expires_in }
    rules:
      - { when: { status: [400, 4xx], body: { /error: invalid_grant } }, verdict: dead, reason: over }
"""

ANSWERS = [
    (200, '{"access_token":"at-0123456789","refresh_token":"rt-0123456789","expires_in":3600}'), (200, '{"live":true}'),
    (401, '{"error":{"code":"refresh_token_reused","message":"sent-token-0123456789"}}'), (400, '{"error":"invalid_grant"}'),
    (429, "7"), (200, "<html>"),
]


def age():
    """The small cases of Tests/Vectors/age, as they are and armored, and what keys look like."""
    from age_cases import CASES, ME, OTHER
    from age_format import identity, recipient

    for name, case in CASES.items():
        # Of passphrases only those of little work are opened.
        if len(case.data) <= 1_000:
            yield "file-" + name, b"f" + PIECES[:3] + case.data
            if not case.armored:
                yield "armor-" + name, b"a" + case.data
    keys = [identity(ME), identity(OTHER).lower(), recipient(ME), recipient(OTHER).upper(), "AGE-SECRET-KEY-1" + "Q" * 58, "age1" + "q" * 58]
    for number, key in enumerate(keys):
        yield f"identity-{number}", b"i" + key.encode()
        yield f"recipient-{number}", b"r" + key.encode()
    for number, text in enumerate((f"# x\n\n {keys[0]} \r\n{keys[0]}", f"{keys[2]}\n{keys[2]}\n", "\n", "age-encryption.org/v1\n")):
        yield f"keys-{number}", b"k" + text.encode()
    for size in range(3):
        for what in range(7):
            yield f"chunks-{size}-{what}", b"c" + bytes([size, 1, what, 0, size, 0, 3, 5])


def upstream():
    for number, source in enumerate((PROVIDER, PROVIDER.replace("url:", "uri:"), "provider: &a x\nsteps: *a\n", "")):
        yield f"provider-{number}", b"p" + source.encode()
    yield "jwt", b"jeyJhIjoxfQ.eyJleHAiOjE3MDAwMDAwMDB9.c2ln"
    for provider in range(6):
        for step in range(3):
            for number, (status, body) in enumerate(ANSWERS):
                yield f"answer-{provider}-{step}-{number}", b"a" + bytes([provider, step]) + struct.pack(">HB", status, 0) + body.encode()


def backup_lines():
    """A whole backup with a line of each kind, and each of its lines behind the first ones alone."""
    secret = {
        "active": 1, "latest": 2, "deleted": 0, "purged": False, "created": 5, "updated": 6, "revision": 7, "delete_after": 0, "keep_last": 10,
        "metadata": {"owner": "te\"am\u0001"}, "tags": ["blue"],
        "versions": [
            {"version": number, "created": 5, "expires": 0, "deleted": 0, "destroyed": False, "size": 3, "content_type": "", "created_by": "uid:0"}
            for number in (1, 2)
        ],
    }
    policy = {"who": [[{"uid": 1}, {"unit": "a.service"}], [{"any": True}]], "tenant": 1, "noun": "secret", "actions": ["get"], "names": ["a/**"]}
    budget = {
        "budget": "k/1", "serial": 1, "unlimited": False, "remaining": 5, "used": -1, "reserved": 0, "block": 0, "forfeited": 0,
        "open_reservations": 1, "accessed": 0, "day": 20261121, "day_used": 0, "month": 202611, "month_used": 0, "lines": 1,
    }
    reservation = {
        "reservation_of": "k/1", "request": "r", "wallet": "", "budget_serial": 1, "wallet_serial": 0, "amount": 5, "charged": 0,
        "shortfall": 0, "created": 1, "expires": 2, "day": 20261121, "month": 202611, "state": "open", "finished": None,
    }
    line = {"time": 1, "amount": 5, "request": "r", "model": "m", "input_tokens": 1, "output_tokens": 2}
    token = {"number": 4, "user": 2, "kind": "personal", "name": "t", "created": 1, "expires": 0, "last_used": 0, "hash_key": 1, "hash64": base64.b64encode(bytes(32)).decode()}

    def document(table, name, fields):
        return {"document": table, "name": name, "revision": 3, "fields": fields}

    content = [
        *({"key": number, "purpose": purpose, "state": "sealing", "key64": base64.b64encode(bytes([number] * 32)).decode()}
          for number, purpose in enumerate(("api-key-hash", "session-signing", "client-cache"), 1)),
        {"secret": "a/b", "tenant": 1, **secret},
        {"value_of": "a/b", "tenant": 1, "version": 1, "revision": 7, "value": "abc"},
        {"value_of": "a/b", "tenant": 1, "version": 2, "revision": 8, "value64": "AP8B"},
        document("policies", "p", {"name": "p", "source": "policy: p\n", "rules": [policy]}),
        document("access-tokens", "4", token),
        document("sequences", "user", {"last": str(2**60)}),
        document("credential-secrets", "1", {"secrets": [{"name": "password", "value": "x"}, {"name": "raw", "value64": "/w=="}]}),
        document("pool-tokens", "1", {"expires": 1, "obtained": 2, "token": "pk-1"}),
        {"counters": "reservations", "oldest_finished": 0, "next_finished": 1, "budgets_made": 1},
        budget, reservation, {"usage_of": "k/1", "number": 0, "time": 1, "line": line}, {"usage_of": "k/1", "number": 1, "time": 1, "line64": "CQ=="},
    ]
    write = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    lines = [write(value) for value in content]
    header = write({"coffer": "backup", "version": 1, "created": 1, "daemon": "0.1.0", "store": "0" * 32, "incarnation": "f" * 32, "revision": 9})
    counts = {
        "keys": 3, "secrets": 1, "versions": 2, "policies": 1, "access-tokens": 1, "sequences": 1, "credential-secrets": 1, "pool-tokens": 1,
        "counters": 1, "budgets": 1, "reservations": 1, "usage-lines": 2,
    }
    digest = sum(int.from_bytes(hashlib.sha256(line).digest(), "big") for line in lines) % 2**256
    end = write({"coffer": "end", "lines": len(lines), "counts": counts, "digest": f"{digest:064x}"})
    yield "whole", bytes([255, 255]) + b"\n".join([header, *lines, end, b""])
    for number, line in enumerate(lines):
        front = [] if number < 3 else lines[:3] if number != 4 else lines[:4]
        yield f"line-{number}", bytes([1, 60]) + b"\n".join([header, *front, line, b""])


POLICIES = [
    "policy: a\nrules:\n  - {who: ['uid:1001', 'any'], tenant: main, noun: secret, actions: [get, info], names: ['a/**', '*/x*']}\n",
    "policy: b\nrules:\n  - who: ['account:nobody']\n    tenant: main\n    noun: policy\n    actions: [put]\n---\npolicy: c\nrules: []\n",
    "policy: d\nrules:\n  - {who: [\"exe:/usr/bin/env\"], tenant: main, noun: apikey, actions: [verify], names: [\"**\"]}\n", "policy: &a\nrules: *a\n",
]
CONFIGURATIONS = [
    "store: /var/lib/coffer\nsocket: /run/coffer.sock\nloops: 2\nquota: 10GiB\n", "http:\n  health: {listen: '127.0.0.1:9'}\n  admin: {listen: '[::1]:1'}\n",
    "backups:\n  folder: /b\n  every: 1d\n  recipients: [age1x]\nscrub: {every: 7d}\naudit: {reads: sync}\n", "upstream: {allow: ['127.0.0.1']}\nstore: a\nstore: b\n",
]


def daemon():
    deadline = struct.pack(">I", 250)
    hello = frame(1, 0x0001, 1, deadline + b"COFR" + struct.pack(">HHQ", 1, 1, 0) + text("main") + text("fuzz/1") + struct.pack(">H", 0))
    confirm = frame(1, 0x0002, 2, deadline + bytes(range(16)))
    shaken = hello + confirm
    listing = frame(1, 0x0103, 3, b"") + frame(7, 0x0103, 3, b"\0\0\0\1") + frame(6, 0x0103, 3, b"")
    importing = frame(1, 0x010A, 5, b"") + frame(3, 0x010A, 5, b"x") + frame(4, 0x010A, 5, b"") + frame(3, 0x010A, 5, b"")
    stories = [shaken + listing, shaken + importing, hello + hello, confirm, shaken + hello, shaken + frame(1, 0xFFFF, 7, b"") + frame(2, 3, 7, b""),
               shaken + frame(1, 0x0100, 9, b"") + frame(1, 0x0100, 9, b""), frame(1, 0x0001, 0, b""), hello + frame(6, 2, 1, b"")]
    yield from ((f"story-{number}", b"h" + story) for number, story in enumerate(stories))
    yield from ((f"policy-{number}", b"p" + source.encode()) for number, source in enumerate(POLICIES))
    yield from ((f"configuration-{number}", b"c" + source.encode()) for number, source in enumerate(CONFIGURATIONS))


def http_head():
    for name, request in REQUESTS.items():
        yield name, PIECES + request.encode()
        yield name + "-drip", bytes([1, 1, 1, 1]) + request.encode()


def numbered(texts):
    return lambda: ((f"{index:02d}", text.encode()) for index, text in enumerate(texts))


SEEDS = {
    "age": age, "wire-requests": wire_requests, "http-head": http_head, "http-json": numbered(JSON), "tokens": numbered(TOKENS),
    "imports": numbered(IMPORTS), "upstream": upstream, "backup-lines": backup_lines, "daemon": daemon,
}


def main():
    harness, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in SEEDS[harness]():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
