#!/usr/bin/env bash
# Backups and restores from outside, with stock age beside them. Usage: run.sh BIN WORK [ARGUMENTS OF unittest]
# BIN: the folder of cofferd and coffer. WORK: a folder to work in, made where it is not there. COFFER_BACKUP_ROUNDS: how many times
# a restore is killed (default 6). As root also with a small file system; without, that is left out with a note.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1" && pwd)
mkdir -p "$2"
work=$(cd "$2" && pwd)
command -v age >/dev/null || { echo "age is needed: scripts/setup.sh test" >&2; exit 1; }
[ "$(id -u)" = 0 ] || echo "NOTE: not root: a full disk is left out" >&2
rounds=${COFFER_BACKUP_ROUNDS:-6}
unset "${!COFFER_@}"
export COFFER_TEST_BIN=$bin COFFER_TEST_WORK=$work COFFER_BACKUP_ROUNDS=$rounds PYTHONDONTWRITEBYTECODE=1
cd "$here"
exec python3 -m unittest discover -s "$here" -p '*_test.py' "${@:3}"
