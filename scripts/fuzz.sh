#!/usr/bin/env bash
# Fuzzes what reads bytes from outside, each harness of Tests/Fuzz for FUZZ_SECONDS (600). Usage: scripts/fuzz.sh [HARNESS...]
# FUZZ_SEED: where the search begins (0: somewhere else each time).
# FUZZ_CORPUS: where what a run found of new ways is kept, minimised, and where the next one begins (not with a FUZZ_SEED: that is to
# find what came with a change, always from the same place).
# Inputs that broke a rule are printed as hex and kept in FUZZ_CRASHES. Ends in 1 if there is one.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${FUZZ_SECONDS:-600}
crashes=${FUZZ_CRASHES:-/tmp/coffer-fuzz-crashes}
corpora=${FUZZ_CORPUS:-.build-fuzz/corpus}
harnesses=("$@")
[ $# -gt 0 ] || harnesses=(age wire-requests http-head http-json tokens imports upstream backup-lines daemon)

work=$(mktemp -d /tmp/coffer-fuzz.XXXXXX)
trap 'rm -rf "$work"' EXIT
step() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }

# Longest input in bytes: enough for each limit that the harness can reach.
longest() {
    case $1 in
        age) echo 1024 ;;
        wire-requests) echo 8192 ;;
        http-head) echo 1024 ;;
        http-json) echo 4096 ;;
        tokens) echo 1024 ;;
        imports) echo 4096 ;;
        upstream) echo 4096 ;;
        backup-lines) echo 8192 ;;
        daemon) echo 4096 ;;
        *) echo "fuzz: unknown harness '$1'" >&2; return 64 ;;
    esac
}

# Runs a harness.
# The runtime's own backtrace of a crash can hang for minutes under libFuzzer, which prints one itself.
# A leak that counts shows as memory: -rss_limit_mb. The leak checker needs ptrace, which containers often forbid.
run() {
    local binary=$1
    shift
    SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0 timeout -k 10 $((seconds + 300)) \
        "$binary" -rss_limit_mb=2048 -timeout=25 "$@" </dev/null
}

# SwiftPM keeps the sanitizers in a set: with another order on the compilers' command lines everything would be built anew.
build() {
    SWIFT_DETERMINISTIC_HASHING=1 COFFER_FUZZ=1 swift build --scratch-path .build-fuzz -j "$(nproc)" \
        --sanitize=fuzzer --sanitize=address --product "fuzz-$1" >"$work/build.log" 2>&1 && return 0
    grep -v 'Cannot export local symbol' "$work/build.log" | tail -40
    return 1
}

# The planted faults: a spoilt comparison fails on the seeds alone, and coverage leads to a word that no seed has.
proven() {
    local binary=$1 seeds=$2 log=$work/plant.log
    if COFFER_FUZZ_PLANT=check run "$binary" -artifact_prefix="$work/" "$seeds"/* >"$log" 2>&1 ||
        ! grep -aq 'the harness found' "$log"; then
        echo "the harness does not see a spoilt comparison"
        return 1
    fi
    if COFFER_FUZZ_PLANT=bytes run "$binary" -max_total_time=60 -max_len=16 -artifact_prefix="$work/" >"$log" 2>&1 ||
        ! grep -aq 'the planted word was found' "$log"; then
        echo "the search does not find the planted word"
        return 1
    fi
}

fuzz() {
    local name=$1 length binary found=$crashes/$1 log=$work/$1.log
    length=$(longest "$name") || return 1
    step "$name: build (the first time takes some minutes)"
    build "$name" || return 1
    binary=.build-fuzz/debug/fuzz-$name
    python3 Tests/Fuzz/seeds.py "$name" "$work/$name.seeds" || return 1
    step "$name: the planted faults are seen"
    proven "$binary" "$work/$name.seeds" || return 1
    step "$name: $seconds s"
    mkdir -p "$work/$name.corpus" "$found" "$corpora/$name" || return 1
    [ -n "${FUZZ_SEED:-}" ] || cp -r "$corpora/$name/." "$work/$name.corpus"
    if run "$binary" -seed="${FUZZ_SEED:-0}" -max_total_time="$seconds" -max_len="$length" -artifact_prefix="$found/" -print_final_stats=1 \
        "$work/$name.corpus" "$work/$name.seeds" >"$log" 2>&1; then
        grep -aE '^(#[0-9]+[[:space:]]+DONE|stat::(number_of_executed_units|peak_rss_mb))' "$log"
        if [ -z "${FUZZ_SEED:-}" ]; then
            mkdir -p "$work/$name.kept"
            if run "$binary" -merge=1 "$work/$name.kept" "$work/$name.corpus" "$work/$name.seeds" >"$log" 2>&1; then
                rm -rf "${corpora:?}/$name"
                cp -r "$work/$name.kept" "$corpora/$name"
                echo "$(find "$corpora/$name" -type f | wc -l) inputs are kept in $corpora/$name"
            fi
        fi
        return 0
    fi
    grep -aE 'Fatal error|the harness found|ERROR:|SUMMARY:' "$log" | head -5
    sed -n 's/.*Test unit written to //p' "$log" | tail -1 | while read -r input; do
        echo "$input, as hex:"
        od -An -v -tx1 "$input" | tr -d ' \n'
        echo
    done
    return 1
}

failed=()
for name in "${harnesses[@]}"; do
    fuzz "$name" || failed+=("$name")
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "fuzz: failed: ${failed[*]}" >&2
    exit 1
fi
step "nothing was found"
