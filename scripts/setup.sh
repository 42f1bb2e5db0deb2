#!/usr/bin/env bash
# Installs what Debian or Ubuntu lacks for the given task and says what it does. Usage: scripts/setup.sh build|test|bench
set -euo pipefail

task=${1:-build}
packages=(liblmdb-dev libsodium-dev libsqlite3-dev libcurl4-openssl-dev)
case $task in
    build) ;;
    test) packages+=(python3 python3-venv util-linux openssl) ;;
    bench) packages+=(python3 util-linux redis-server) ;;
    *) echo "setup: unknown task '$task'" >&2; exit 64 ;;
esac

if ! command -v swift >/dev/null; then
    echo "setup: no Swift toolchain on the PATH. Install Swift 6.2 or later (swift.org/install) and run this again." >&2
    exit 69
fi

missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "setup: run as root, or install sudo; missing: ${missing[*]}" >&2; exit 77; }
    as_root=(sudo)
fi
echo "setup: installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
