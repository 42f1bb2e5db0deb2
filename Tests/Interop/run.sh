#!/usr/bin/env bash
# Runs the Python client's tests against a fresh daemon. Usage: run.sh BIN WORK
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$1
work=$2
mkdir -p "$work"
export COFFER_SOCKET=$work/s.sock
"$bin/cofferd" --store "$work/store" --key-file "$work/key" --socket "$COFFER_SOCKET" --config /dev/null 2>"$work/log" &
daemon=$!
trap 'kill -TERM "$daemon" 2>/dev/null || true' EXIT
for _ in $(seq 100); do [ -S "$COFFER_SOCKET" ] && break; sleep 0.1; done
cd "$here"
python3 examples_test.py
python3 interop_test.py
python3 accounts_test.py
python3 credentials_test.py
python3 keys_test.py
python3 backups_test.py
kill -TERM "$daemon"
wait "$daemon"
trap - EXIT
