#!/usr/bin/env bash
# The main job, once, on an embedded default: a daemon on a store of its own, a real .env file in, one of its tokens out.
# Keeps the daemon in the foreground until Ctrl-C; with ONCE=1 it ends after the round trip, status 0.
set -euo pipefail
cd "$(dirname "$0")/.."

bin=$(swift build -c release --show-bin-path)
home=${COFFER_HOME:-$PWD/run}
mkdir -p -m 0700 "$home"
export COFFER_SOCKET=$home/coffer.sock

if [ ${#COFFER_SOCKET} -gt 107 ]; then
    home=$(mktemp -d /tmp/coffer-run.XXXXXX)
    COFFER_SOCKET=$home/coffer.sock
fi

echo "run: starting cofferd (store $home/store, socket $COFFER_SOCKET)"
"$bin/cofferd" --store "$home/store" --key-file "$home/store.key" --socket "$COFFER_SOCKET" --config /dev/null &
daemon=$!
stop() {
    kill -TERM "$daemon" 2>/dev/null || true
    wait "$daemon" || status=$?
    exit "${status:-0}"
}
trap stop INT TERM
# Whatever goes wrong below: the daemon does not stay behind.
trap 'kill -TERM "$daemon" 2>/dev/null || true' EXIT

for _ in $(seq 100); do
    [ -S "$COFFER_SOCKET" ] && "$bin/coffer" status >/dev/null 2>&1 && break
    kill -0 "$daemon" 2>/dev/null || { wait "$daemon"; exit 1; }
    sleep 0.1
done

echo "\$ coffer import Examples/demo.env --prefix demo/"
"$bin/coffer" import Examples/demo.env --from dotenv --prefix demo/
echo "\$ coffer list demo/"
"$bin/coffer" list demo/
echo "\$ grep ^PLAIN= Examples/demo.env"
grep "^PLAIN=" Examples/demo.env
echo "\$ coffer get demo/PLAIN"
token=$("$bin/coffer" get demo/PLAIN)
echo "$token"
expected=$(sed -n 's/^PLAIN=//p' Examples/demo.env)
if [ "$token" != "$expected" ]; then
    echo "run: the token that came back is not the one that went in" >&2
    exit 1
fi
echo "run: the token came back as it went in"

if [ "${ONCE:-}" = 1 ]; then
    trap - EXIT
    stop
fi
echo "run: the daemon serves on $COFFER_SOCKET until Ctrl-C; in another terminal:"
echo "    export COFFER_SOCKET=$COFFER_SOCKET"
echo "    $bin/coffer get demo/PLAIN"
wait "$daemon"
