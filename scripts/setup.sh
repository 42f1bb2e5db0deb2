#!/usr/bin/env bash
# Installs what Debian or Ubuntu lacks for the given task and says what it does. Usage: scripts/setup.sh build|install|deb|test|bench
set -euo pipefail

task=${1:-build}
# Without these some tests are left out, and say so. Ubuntu has them under other names.
optional=()
packages=(liblmdb-dev libsodium-dev libsqlite3-dev libcurl4-openssl-dev)
case $task in
    build) ;;
    install) packages+=(python3) ;;
    deb) packages+=(python3 dpkg-dev binutils) ;;
    test)
        packages+=(python3 python3-venv util-linux openssl age)
        optional+=(chromium chromium-driver python3-selenium fonts-wqy-zenhei systemd debootstrap dpkg-dev binutils strace man-db mandoc curl)
        ;;
    bench)
        packages+=(python3 util-linux redis-server age)
        optional+=(chromium chromium-driver python3-selenium)
        ;;
    *) echo "setup: unknown task '$task'" >&2; exit 64 ;;
esac

if ! command -v swift >/dev/null; then
    echo "setup: no Swift toolchain on the PATH. Install Swift 6.2 or later (swift.org/install) and run this again." >&2
    exit 69
fi

is_installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'; }
missing=()
for package in "${packages[@]}" ${optional[@]+"${optional[@]}"}; do
    is_installed "$package" || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "setup: run as root, or install sudo; missing: ${missing[*]}" >&2; exit 77; }
    as_root=(sudo)
fi
"${as_root[@]}" apt-get update -qq
for package in ${optional[@]+"${optional[@]}"}; do
    if ! is_installed "$package" && ! apt-cache policy "$package" | grep 'Candidate: [^(]' >/dev/null; then
        echo "setup: there is no package $package here; tests that need it are left out" >&2
        kept=()
        for name in "${missing[@]}"; do [ "$name" = "$package" ] || kept+=("$name"); done
        missing=(${kept[@]+"${kept[@]}"})
    fi
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
echo "setup: installing ${missing[*]}"
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
