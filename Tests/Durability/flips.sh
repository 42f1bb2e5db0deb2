#!/usr/bin/env bash
# Damaged stores and backups, and the faults that are planted to see that the checks can fail. Usage: flips.sh BIN WORK [ROUNDS]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$1
work=$2
rounds=${3:-40}
mkdir -p "$work"

planted() {
    verdict=0
    python3 -B "$here/$1" --bin "$bin" --work "$work/planted" --rounds 60 --planted "$2" || verdict=$?
    if [ "$verdict" -ne 1 ]; then
        echo "$1 does not see the planted fault '$2'" >&2
        exit 1
    fi
}

python3 -B "$here/flip_store.py" --bin "$bin" --work "$work/store" --rounds "$rounds"
planted flip_store.py wrong
planted flip_store.py blind
python3 -B "$here/flip_backup.py" --bin "$bin" --work "$work/backup" --rounds "$rounds"
planted flip_backup.py copy
rm -rf "$work"
