#!/usr/bin/env bash
# The long campaigns of docs/reliability.md, each with its figures. Usage: scripts/torture.sh [CAMPAIGN...]
# TORTURE_BIN: the folder of cofferd and coffer (default: a debug build). TORTURE_LOGS: where each campaign's output is kept.
# A campaign that fails does not keep the others from running. Ends in 1 if there is one.
set -uo pipefail
cd "$(dirname "$0")/.."

campaigns=(kill rekey budgets faults full power flips restores crowds doors refresh identity)
[ $# -eq 0 ] || campaigns=("$@")
bin=${TORTURE_BIN:-}
if [ -z "$bin" ]; then
    swift build -j "$(nproc)" --product cofferd && swift build -j "$(nproc)" --product coffer || exit 1
    bin=$(swift build --show-bin-path)
fi
logs=${TORTURE_LOGS:-/tmp/coffer-torture}
work=$(mktemp -d /tmp/coffer-torture.XXXXXX)
trap 'rm -rf "$work"' EXIT
chmod 0755 "$work"
mkdir -p "$logs"
step() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }

[ "$(id -u)" -eq 0 ] || echo "NOTE: not root: crowds, full disks, memory and other users are left out, and say so"
step "what is preloaded"
Tests/Durability/tools.sh "$work/tools" || exit 1

campaign() {
    case $1 in
        kill) python3 -B Tests/Durability/kill_test.py --bin "$bin" --work "$work/kill" --rounds 1000 ;;
        rekey) python3 -B Tests/Durability/rekey_test.py --bin "$bin" --work "$work/rekey" --records 100000 --kills 100 ;;
        budgets) python3 -B Tests/Durability/budget_kill_test.py --bin "$bin" --work "$work/budgets" --rounds 1000 ;;
        faults) python3 -B Tests/Durability/faults_test.py --bin "$bin" --work "$work/faults" --tools "$work/tools" ;;
        full) python3 -B Tests/Durability/full_test.py --bin "$bin" --work "$work/full" --step 16384 ;;
        power) python3 -B Tests/Durability/sync_test.py --bin "$bin" --work "$work/power" --tools "$work/tools" --prefixes 0 ;;
        flips) Tests/Durability/flips.sh "$bin" "$work/flips" 1000 ;;
        restores) COFFER_BACKUP_ROUNDS=50 Tests/Backup/run.sh "$bin" "$work/restores" ;;
        crowds) python3 -B Tests/Hostile/connections_test.py --bin "$bin" --work "$work/crowds" --long ;;
        doors) Tests/Memory/run.sh "$bin" "$work/memory" --all ;;
        refresh) Tests/Refresh/run.sh "$bin" "$work/refresh" ;;
        identity) Tests/Identity/run.sh "$bin" "$work/identity" ;;
        *) echo "torture: unknown campaign '$1'" >&2; return 64 ;;
    esac
}

failed=()
for name in "${campaigns[@]}"; do
    step "$name"
    if ! campaign "$name" 2>&1 | tee "$logs/$name.log"; then
        failed+=("$name")
        cp -r "$work/$name" "$logs/$name.left" 2>/dev/null || true
    fi
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "torture: failed: ${failed[*]}; the output is in $logs" >&2
    exit 1
fi
step "all campaigns passed"
