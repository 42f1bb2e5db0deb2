#!/usr/bin/env bash
# The OpenAPI document: that it and the routes agree, and what schemathesis makes of it. Usage: run.sh BIN WORK [unittest options]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1" && pwd)
mkdir -p "$2"
work=$(cd "$2" && pwd)
unset "${!COFFER_@}"
# A tool of its own world: from PyPI, into a folder that goes with the run.
if [ ! -x "$work/schemathesis/bin/st" ]; then
    echo "schemathesis: installing it into $work/schemathesis"
    /usr/bin/python3 -m venv "$work/schemathesis"
    "$work/schemathesis/bin/pip" install -q --disable-pip-version-check 'schemathesis==4.32.5'
fi
export COFFER_TEST_BIN=$bin COFFER_TEST_WORK=$work COFFER_SCHEMATHESIS=$work/schemathesis/bin/st PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH=$here/../HTTP
cd "$here"
exec python3 -m unittest discover -s "$here" -p '*_test.py' "${@:3}"
