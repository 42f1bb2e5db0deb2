#!/usr/bin/env bash
# The HTTP doors from outside, over real HTTP. Usage: run.sh BIN WORK [unittest options]
# BIN: the folder of cofferd and coffer. WORK: a folder to work in, made where it is not there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1" && pwd)
mkdir -p "$2"
work=$(cd "$2" && pwd)
unset "${!COFFER_@}"
export COFFER_TEST_BIN=$bin COFFER_TEST_WORK=$work PYTHONDONTWRITEBYTECODE=1
cd "$here"
exec python3 -m unittest discover -s "$here" -p '*_test.py' "${@:3}"
