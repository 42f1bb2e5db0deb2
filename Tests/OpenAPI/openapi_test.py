"""docs/openapi.json, what the daemon serves, and its routes are one thing; and nothing that the document allows makes it fail."""

import json
import os
import re
import subprocess
import unittest

from harness import Served, request, secret

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
METHODS = ["GET", "PUT", "POST", "PATCH", "DELETE"]


class OpenAPI(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Served('admin: { listen: "127.0.0.1:0" }')
        cls.d.user("root1", "root")
        cls.token = cls.d.token("root1")
        cls.port = cls.d.ports["admin"]
        cls.served = request(cls.port, "GET", "/openapi.json").json

    @classmethod
    def tearDownClass(cls):
        cls.d.finish()

    def test_the_file_in_the_tree_is_the_one_that_is_served(self):
        with open(os.path.join(ROOT, "docs", "openapi.json")) as file:
            self.assertEqual(json.load(file), self.served, "Tests/OpenAPI/write.sh writes docs/openapi.json anew")

    def test_routes_and_document_agree(self):
        headers = {"Authorization": "Bearer " + self.token}
        names = set()
        for path, operations in self.served["paths"].items():
            template = re.sub(r"\{\w+\}", "x", path)
            reply = request(self.port, "OPTIONS", template, headers=headers)
            self.assertEqual(reply.status, 405, (path, reply))
            allowed = {method for method in reply.header("Allow").split(", ")}
            # A word goes before a parameter: /v1/credentials/delete is an id's place too.
            self.assertLessEqual({method.upper() for method in operations}, allowed, path)
            for method in METHODS:
                if method.lower() not in operations and method not in allowed:
                    self.assertEqual(request(self.port, method, template, b"{}", {**headers, "Content-Type": "application/json"}).status, 405, (method, path))
            for operation in operations.values():
                self.assertNotIn(operation["operationId"], names)
                names.add(operation["operationId"])
                declared = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
                self.assertEqual(declared, set(re.findall(r"\{(\w+)\}", path)), path)
        for path in ("/v1/nothing", "/v1/credentials/x/nothing", "/v1"):
            self.assertEqual(request(self.port, "GET", path, headers=headers).status, 404)

    def test_references_lead_somewhere(self):
        text = json.dumps(self.served)
        for kind, name in re.findall(r'"#/components/(\w+)/(\w+)"', text):
            self.assertIn(name, self.served["components"][kind])

    def test_the_readable_page(self):
        for path in ("/docs", "/docs/doors", "/page/docs.js", "/page/doors.md"):
            reply = request(self.port, "GET", path)
            self.assertEqual(reply.status, 200, path)
            self.assertIn("default-src 'none'", reply.header("Content-Security-Policy"))
            self.assertEqual(reply.header("X-Frame-Options"), "DENY")
            again = request(self.port, "GET", path, headers={"If-None-Match": reply.header("ETag")})
            self.assertEqual((again.status, again.body), (304, b""))

    def test_schemathesis_finds_no_server_error(self):
        # In a file of its own: an argument would be seen by everybody.
        folder = self.d.folder
        with open(os.path.join(folder, "schemathesis.toml"), "w") as file:
            file.write('[headers]\nAuthorization = "Bearer %s"\n' % secret(self.token))
        os.chmod(os.path.join(folder, "schemathesis.toml"), 0o600)
        result = subprocess.run(
            [os.environ["COFFER_SCHEMATHESIS"], "--config-file", os.path.join(folder, "schemathesis.toml"), "run",
             "http://127.0.0.1:%d/openapi.json" % self.port, "--checks", "not_a_server_error,content_type_conformance,response_schema_conformance",
             "--exclude-path", "/v1/events", "--exclude-path", "/v1/socket", "--phases", "coverage,fuzzing", "--max-examples", "4", "--seed", "1",
             "--max-time", os.environ.get("SCHEMATHESIS_SECONDS", "100"), "--suppress-health-check", "all", "--warnings", "off", "--no-color"],
            cwd=folder, capture_output=True, text=True, timeout=600)
        print("\n" + "\n".join(line for line in result.stdout.split("\n") if "generated" in line or "Tested" in line))
        self.assertEqual(result.returncode, 0, result.stdout[-6_000:] + result.stderr[-2_000:])
        os.remove(os.path.join(folder, "schemathesis.toml"))
        self.assertEqual(request(self.port, "GET", "/v1/whoami", headers={"Authorization": "Bearer " + self.token}).status, 200)


if __name__ == "__main__":
    unittest.main()
