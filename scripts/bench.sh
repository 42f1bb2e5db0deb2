#!/usr/bin/env bash
# Our daemon and redis-server side by side, in interleaved runs on the same data; then what a verify costs beside a GET, the
# allocations of both, what the audit of reads costs, durable puts beside bare LMDB, what the client library costs, how long watchers wait,
# what live tokens and ten thousand credentials cost, on the page too, and what growth, writes beside reads and a million secrets do.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$(swift build -c release --show-bin-path)
# shellcheck disable=SC2086
python3 Benchmarks/compare.py --cofferd "$bin/cofferd" --coffer "$bin/coffer" --coffer-bench "$bin/coffer-bench" \
    ${JSON:+--json "$JSON"} ${BENCH_ARGUMENTS:-}
python3 Benchmarks/verify.py --cofferd "$bin/cofferd" --coffer "$bin/coffer" --coffer-bench "$bin/coffer-bench"
for operation in "get" "verify" "verify --limited"; do
    # shellcheck disable=SC2086
    python3 Benchmarks/allocations.py --cofferd "$bin/cofferd" --coffer "$bin/coffer" --coffer-bench "$bin/coffer-bench" --operation $operation
done
python3 Benchmarks/audit.py --cofferd "$bin/cofferd" --coffer "$bin/coffer" --coffer-bench "$bin/coffer-bench"
python3 Benchmarks/puts.py --cofferd "$bin/cofferd" --coffer "$bin/coffer" --coffer-bench "$bin/coffer-bench"
python3 Benchmarks/client.py --cofferd "$bin/cofferd" --coffer "$bin/coffer" --coffer-bench "$bin/coffer-bench" \
    --coffer-bench-client "$bin/coffer-bench-client"
python3 Benchmarks/watchers.py --cofferd "$bin/cofferd" --coffer "$bin/coffer" --coffer-bench "$bin/coffer-bench"
python3 Benchmarks/watch_latency.py --cofferd "$bin/cofferd"
python3 Benchmarks/credentials.py --cofferd "$bin/cofferd" --coffer "$bin/coffer" --coffer-bench "$bin/coffer-bench"
python3 Benchmarks/page.py --cofferd "$bin/cofferd" --coffer "$bin/coffer" --coffer-bench "$bin/coffer-bench"
for part in growth writes memory; do
    python3 "Benchmarks/$part.py" --cofferd "$bin/cofferd" --coffer "$bin/coffer" --coffer-bench "$bin/coffer-bench"
done
