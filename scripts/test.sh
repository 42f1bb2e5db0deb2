#!/usr/bin/env bash
# All tests, from nothing. Each step says its name; the first that fails ends the run.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }
jobs=$(nproc)
[ "$(id -u)" -eq 0 ] || echo "NOTE: not root: tests that need second and third uids cannot run and are named where they are left out"

work=$(mktemp -d /tmp/coffer-test.XXXXXX)
trap 'rm -rf "$work"' EXIT
chmod 0755 "$work"

step "build, debug"
swift build --build-tests -j "$jobs"
bin=$(swift build --show-bin-path)

# One module after the other: they share the threads of one process, and some of them block on purpose.
for module in WireTests AgeTests FormatsTests StoreTests BackupTests AuditTests AccountsTests UpstreamTests CredentialsTests ClientTests HTTPTests DaemonTests; do
    step "$module"
    swift test --skip-build --filter "^$module\." >"$work/$module.log" 2>&1 || { cat "$work/$module.log"; exit 1; }
    grep -a "Test run with" "$work/$module.log" | tail -1
done

# The steps below mostly wait for daemons and clocks: two rows of them go side by side, and the release build beside both, behind them.
step "beside the next steps: the release build, and a second row of steps"
release_build() {
    for product in cofferd coffer coffer-bench; do nice -n 10 swift build -c release -j "$jobs" --product "$product" || return 1; done
}
second_row() {
    step "tokens stay alive: one dial for each expiry, kill -9 at every step, answers that nobody should give"
    Tests/Refresh/run.sh "$bin" "$work/refresh" || return 1

    step "a client in Python, written from protocol.md alone"
    Tests/Interop/run.sh "$bin" "$work/interop" || return 1

    step "the command line, end to end"
    Tests/CommandLine/run.sh "$bin" "$work/cli" || return 1

    step "backups and restores, with stock age beside them"
    Tests/Backup/run.sh "$bin" "$work/backup" || return 1

    step "the OpenAPI document, the routes, and schemathesis between them"
    SCHEMATHESIS_SECONDS=60 Tests/OpenAPI/run.sh "$bin" "$work/openapi" || return 1

    step "the operator's page, in a browser, in both languages"
    Tests/Page/run.sh "$bin" "$work/page" || return 1

    step "units, the manual, the package, the container, the guides"
    Tests/Packaging/run.sh "$bin" "$work/packaging" || return 1

    step "flipped bytes of stores and backups, and the planted faults"
    Tests/Durability/flips.sh "$bin" "$work/flips" || return 1
}
release_build >"$work/release.log" 2>&1 &
releasing=$!
second_row >"$work/second.log" 2>&1 &
second=$!
trap 'kill "$releasing" "$second" 2>/dev/null || true; rm -rf "$work"' EXIT

step "the HTTP doors, from outside"
Tests/HTTP/run.sh "$bin" "$work/http"

step "identity and policy with other uids"
Tests/Identity/run.sh "$bin" "$work/identity"

step "nothing of a secret stays in the daemon's memory, or anywhere else, whichever door it went through"
Tests/Memory/run.sh "$bin" "$work/memory"

step "durability: the replay tool tests itself"
Tests/Durability/tools.sh "$work/tools"
python3 Tests/Durability/replay.py --selftest

step "durability: 50 times kill -9 under 16 writers"
python3 Tests/Durability/kill_test.py --bin "$bin" --work "$work/kill" --rounds 50

step "durability: kill -9 while the record keys change, under 32 writers"
python3 Tests/Durability/rekey_test.py --bin "$bin" --work "$work/rekey"

step "budgets: a thousand takers at once on a hundred units"
python3 Tests/Durability/takers_test.py --bin "$bin" --work "$work/takers"

step "budgets: 200 times kill -9 under 16 takers"
python3 Tests/Durability/budget_kill_test.py --bin "$bin" --work "$work/budgets" --rounds 200

step "durability: each answer behind its sync, and the planted fault"
python3 Tests/Durability/sync_test.py --bin "$bin" --work "$work/sync" --tools "$work/tools"

# Short forms of what `make torture` does at length.
step "durability: a call fails, and the planted faults"
python3 -B Tests/Durability/faults_test.py --bin "$bin" --work "$work/faults" --tools "$work/tools" --sample 26

step "durability: the disk is full, then there is space again"
python3 -B Tests/Durability/full_test.py --bin "$bin" --work "$work/full" --step 524288 --moments 4

step "the second row: its end"
verdict=0
wait "$second" || verdict=$?
cat "$work/second.log"
[ "$verdict" -eq 0 ] || exit 1

step "build, release: its end"
wait "$releasing" || { tail -40 "$work/release.log"; exit 1; }
release=$(swift build -c release --show-bin-path)

# Nothing else goes on now: what it measures is how long others wait.
step "crowds of connections that mean no good"
python3 -B Tests/Hostile/connections_test.py --bin "$bin" --work "$work/crowds" --idle 1500 --uids 3

step "no allocation on the way of a GET or a verify, and the planted one is seen"
allocations() {
    python3 Benchmarks/allocations.py --cofferd "$release/cofferd" --coffer "$release/coffer" --coffer-bench "$release/coffer-bench" "$@"
}
for operation in get verify; do
    allocations --operation "$operation"
    verdict=0
    allocations --operation "$operation" --planted || verdict=$?
    if [ "$verdict" -ne 1 ]; then
        echo "the allocation gate does not see an allocation that is planted in $operation" >&2
        exit 1
    fi
done
allocations --operation verify --limited

step "the main job, as 'make run' does it"
COFFER_HOME="$work/run" ONCE=1 scripts/run.sh

step "all tests passed"
