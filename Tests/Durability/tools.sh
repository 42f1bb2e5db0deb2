#!/usr/bin/env bash
# Builds what the durability tests preload: recorder.so, nosync.so, faults.so and swallow.so. Usage: tools.sh OUTDIR
set -euo pipefail
tools=$(cd "$(dirname "$0")/../Tools" && pwd)
out=${1:?usage: tools.sh OUTDIR}
mkdir -p "$out"

compiler=
for name in clang /opt/swift/usr/bin/clang cc gcc; do
    if command -v "$name" >/dev/null && printf 'int x;' | "$name" -shared -fPIC -x c -o "$out/.probe" - 2>/dev/null; then
        compiler=$name
        break
    fi
done
rm -f "$out/.probe"
[ -n "$compiler" ] || { echo "tools.sh: no clang, cc or gcc that builds a shared object" >&2; exit 1; }

build() { # NAME SOURCE...: under a name of its own first, so that a running program keeps its mapping
    local name=$1
    shift
    "$compiler" -shared -fPIC -O2 -Wall -Werror -o "$out/.$name.$$" "$@" -ldl
    mv -f "$out/.$name.$$" "$out/$name"
}
build recorder.so "$tools/recorder/recorder.c" "$tools/recorder/changes.c" "$tools/recorder/log.c"
build nosync.so "$tools/nosync/nosync.c"
build faults.so "$tools/faults/faults.c" "$tools/faults/callers.c"
build swallow.so "$tools/swallow/swallow.c"
echo "tools.sh: recorder.so, nosync.so, faults.so and swallow.so in $out ($compiler)"
