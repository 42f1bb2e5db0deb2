#!/usr/bin/env bash
# Who may do what, asked by several users. Usage: run.sh BIN WORK
# BIN: the folder of cofferd and coffer. WORK: a folder to work in, made where it is not there. Needs root and setpriv.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1" && pwd)
if [ "$(id -u)" != 0 ]; then
    echo "NOTE: Tests/Identity was NOT run: changing to other users needs root" >&2
    exit 0
fi
if ! setpriv --reuid 1001 --regid 1001 --clear-groups /bin/true; then
    echo "FAILED: root, but other users cannot be taken on (setpriv): Tests/Identity cannot be run" >&2
    exit 1
fi
mkdir -p "$2"
work=$(cd "$2" && pwd)
if ! setpriv --reuid 1001 --regid 1001 --clear-groups /usr/bin/test -x "$work"; then
    echo "FAILED: uid 1001 cannot reach $work: name another folder to work in" >&2
    exit 1
fi
unset "${!COFFER_@}"
export COFFER_TEST_BIN=$bin COFFER_TEST_WORK=$work PYTHONDONTWRITEBYTECODE=1
cd "$here"
exec python3 -m unittest discover -s "$here" -p '*_test.py' "${@:3}"
