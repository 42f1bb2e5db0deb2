#!/usr/bin/env bash
# Builds with the address and the thread sanitizer, each in a scratch path of its own, and runs the unit tests and a daemon with them.
# Usage: scripts/sanitize.sh [address|thread...]. SANITIZE_MODULES: the test modules (default: all). Outside of `make test`.
# Ends in 1 where a sanitizer reports anything that docs/reliability.md does not name.
set -uo pipefail
cd "$(dirname "$0")/.."

kinds=("$@")
[ $# -gt 0 ] || kinds=(address thread)
read -r -a modules <<<"${SANITIZE_MODULES:-WireTests AgeTests FormatsTests StoreTests AuditTests AccountsTests UpstreamTests CredentialsTests ClientTests HTTPTests DaemonTests}"
work=$(mktemp -d /tmp/coffer-sanitize.XXXXXX)
trap 'rm -rf "$work"' EXIT
chmod 0755 "$work"
step() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }

# The one leak is XCTest's own (tried: an empty test has it, too). The leak checker needs ptrace, which containers often forbid.
printf 'leak:libXCTest.so\n' >"$work/lsan"
# Fences in swift-atomics are not seen by the thread sanitizer; it says so itself and cannot say more.
printf '' >"$work/tsan"
export SWIFT_BACKTRACE=enable=no
# The 1 TiB map of LMDB is address space only; a sanitizer's own limit would refuse it.
options_address="detect_leaks=${SANITIZE_LEAKS:-0}:halt_on_error=1:abort_on_error=0:exitcode=99:allocator_may_return_null=1:log_path=$work/report"
options_thread="halt_on_error=0:exitcode=99:second_deadlock_stack=1:suppressions=$work/tsan:log_path=$work/report"

failed=()
reports() { # NAME: whether a sanitizer reported something; shows the first
    local found
    found=$(find "$work" -name 'report*' -size +0 | head -1)
    [ -n "$found" ] || return 1
    echo "$1: $(find "$work" -name 'report*' -size +0 | wc -l) reports, the first:"
    grep -aE 'SUMMARY|WARNING|ERROR|^ +#[0-9] ' "$found" | head -40
    find "$work" -name 'report*' -delete
}

for kind in "${kinds[@]}"; do
    scratch=.build-$kind
    step "$kind: build (the first time takes many minutes)"
    if ! swift build --build-tests -j "$(nproc)" --scratch-path "$scratch" --sanitize="$kind" >"$work/build.log" 2>&1; then
        tail -40 "$work/build.log"
        failed+=("$kind: build")
        continue
    fi
    bin=$(swift build --scratch-path "$scratch" --sanitize="$kind" --show-bin-path)
    export ASAN_OPTIONS=$options_address LSAN_OPTIONS="suppressions=$work/lsan" TSAN_OPTIONS=$options_thread
    for module in "${modules[@]}"; do
        step "$kind: $module"
        if ! timeout 1800 swift test --skip-build --scratch-path "$scratch" --sanitize="$kind" --filter "^$module\." >"$work/$module.log" 2>&1; then
            grep -aE 'error:|✘|Fatal' "$work/$module.log" | head -20
            failed+=("$kind: $module")
        fi
        grep -a 'Test run with' "$work/$module.log" | tail -1
        if reports "$kind: $module"; then failed+=("$kind: $module (reports)"); fi
    done
    step "$kind: a daemon under load, by the client in Python"
    if ! Tests/Interop/run.sh "$bin" "$work/interop-$kind" >"$work/interop.log" 2>&1; then
        tail -30 "$work/interop.log"
        failed+=("$kind: Interop")
    fi
    if reports "$kind: Interop"; then failed+=("$kind: Interop (reports)"); fi
    step "$kind: a daemon that is killed ten times under 16 writers"
    if ! python3 -B Tests/Durability/kill_test.py --bin "$bin" --work "$work/kill-$kind" --rounds 10 --unplanted >"$work/kill.log" 2>&1; then
        tail -20 "$work/kill.log"
        failed+=("$kind: kill")
    fi
    if reports "$kind: kill"; then failed+=("$kind: kill (reports)"); fi
done
if [ ${#failed[@]} -gt 0 ]; then
    printf 'sanitize: failed: %s\n' "${failed[@]}" >&2
    exit 1
fi
step "the sanitizers found nothing"
