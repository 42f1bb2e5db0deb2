#!/usr/bin/env bash
# How Coffer is put on a machine: units, what the service manager is told, documents, guides, packages. Usage: run.sh BIN WORK [unittest options]
# BIN: the folder of cofferd and coffer. WORK: a folder to work in, made where it is not there.
# What needs root or a tool that is not here is left out, and says so.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1" && pwd)
mkdir -p "$2"
work=$(cd "$2" && pwd)
[ "$(id -u)" = 0 ] || echo "NOTE: not root: threads that hang, other users and installed systems are left out" >&2
unset "${!COFFER_@}"
export COFFER_TEST_BIN=$bin COFFER_TEST_WORK=$work PYTHONDONTWRITEBYTECODE=1
cd "$here"
exec python3 -m unittest discover -s "$here" -p '*_test.py' "${@:3}"
