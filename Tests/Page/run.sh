#!/usr/bin/env bash
# The operator's page in a real browser. Usage: run.sh BIN WORK [unittest options]. COFFER_SCREENSHOTS: where pictures of all pages go.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1" && pwd)
mkdir -p "$2"
work=$(cd "$2" && pwd)
shots=${COFFER_SCREENSHOTS:-$work/screenshots}
unset "${!COFFER_@}"
mkdir -p "$shots"
export COFFER_TEST_BIN=$bin COFFER_TEST_WORK=$work COFFER_SCREENSHOTS=$shots PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../HTTP
cd "$here"
exec python3 -m unittest discover -s "$here" -p '*_test.py' "${@:3}"
