#!/usr/bin/env bash
# Looks for secrets that stayed in the daemon's memory, and in whatever else others could read. Usage: run.sh BIN WORK [OPTIONS of doors_test.py]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ "$(id -u)" -ne 0 ]; then
    echo "NOTE: not root: the daemon's memory cannot be read, the scan is left out"
    exit 0
fi
mkdir -p "$2"
python3 -B "$here/sentinel_test.py" --bin "$1" --work "$2"
exec python3 -B "$here/doors_test.py" --bin "$1" --work "$2/doors" "${@:3}"
