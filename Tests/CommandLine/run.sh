#!/usr/bin/env bash
# The command and the daemon from outside. Usage: run.sh BIN WORK
# BIN: the folder of cofferd and coffer. WORK: a folder to work in, made where it is not there. As root also with other
# users and a small file system; what needs root is left out, with a note, without it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1" && pwd)
mkdir -p "$2"
work=$(cd "$2" && pwd)
[ "$(id -u)" = 0 ] || echo "NOTE: not root: tests with other users and a full disk are left out" >&2
unset "${!COFFER_@}"
export COFFER_TEST_BIN=$bin COFFER_TEST_WORK=$work PYTHONDONTWRITEBYTECODE=1
cd "$here"
exec python3 -m unittest discover -s "$here" -p '*_test.py' "${@:3}"
