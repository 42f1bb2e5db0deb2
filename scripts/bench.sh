#!/usr/bin/env bash
# Our daemon and redis-server side by side, in interleaved runs on the same data; then the allocations of a GET.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$(swift build -c release --show-bin-path)
python3 Benchmarks/compare.py --cofferd "$bin/cofferd" --coffer "$bin/coffer" --coffer-bench "$bin/coffer-bench" ${BENCH_ARGUMENTS:-}
python3 Benchmarks/allocations.py --cofferd "$bin/cofferd" --coffer "$bin/coffer" --coffer-bench "$bin/coffer-bench"
python3 Benchmarks/watch_latency.py --cofferd "$bin/cofferd"
