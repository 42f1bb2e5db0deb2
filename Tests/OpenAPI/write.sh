#!/usr/bin/env bash
# Writes docs/openapi.json as this build serves it. Usage: write.sh BIN
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1" && pwd)
work=$(mktemp -d /tmp/coffer-openapi.XXXXXX)
trap 'rm -rf "$work"' EXIT
export COFFER_TEST_BIN=$bin COFFER_TEST_WORK=$work PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../HTTP
python3 - "$here/../../docs/openapi.json" <<'PYTHON'
import json, sys
from harness import Served, request
daemon = Served('admin: { listen: "127.0.0.1:0" }')
text = request(daemon.ports["admin"], "GET", "/openapi.json").json
daemon.stop()
with open(sys.argv[1], "w") as file:
    file.write(json.dumps(text, indent=1, ensure_ascii=False) + "\n")
PYTHON
