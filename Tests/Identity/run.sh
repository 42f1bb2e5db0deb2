#!/usr/bin/env bash
# Runs this folder's tests against daemons of their own. Usage: run.sh BIN WORK
# BIN: the folder of cofferd and coffer. WORK: a folder, made where it is not there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1" && pwd)
mkdir -p "$2"
work=$(cd "$2" && pwd)
export COFFER_TEST_BIN=$bin COFFER_TEST_WORK=$work PYTHONDONTWRITEBYTECODE=1
unset COFFER_SOCKET COFFER_TENANT
cd "$here"
exec python3 -m unittest -f discover -s "$here" -p '*_test.py'
