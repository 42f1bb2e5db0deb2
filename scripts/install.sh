#!/usr/bin/env bash
# Puts Coffer in place: programs, man pages, completions, units, settings, documents. Usage: scripts/install.sh BIN
# BIN: the folder of cofferd and coffer. PREFIX (/usr/local): where to. DESTDIR: a folder in front of everything, for packages.
# Settings that are there already (/etc/coffer/coffer.yaml) stay as they are.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$(cd "$1" && pwd)
prefix=${PREFIX:-/usr/local}
root=${DESTDIR:-}
work=$(mktemp -d /tmp/coffer-install.XXXXXX)
trap 'rm -rf "$work"' EXIT

put() { install -D -m "$1" "$2" "$root$3"; }

for program in cofferd coffer; do put 0755 "$bin/$program" "$prefix/bin/$program"; done

scripts/manpages.py "$bin" "$work/man"
for page in "$work"/man/man*/*; do put 0644 "$page" "$prefix/share/man/$(basename "$(dirname "$page")")/$(basename "$page")"; done

# Packages of the distribution have their zsh functions elsewhere than what is installed by hand.
zsh=$prefix/share/zsh/site-functions
[ "$prefix" = /usr ] && zsh=/usr/share/zsh/vendor-completions
for program in coffer cofferd; do
    "$bin/$program" --generate-completion-script bash >"$work/bash"
    put 0644 "$work/bash" "$prefix/share/bash-completion/completions/$program"
    "$bin/$program" --generate-completion-script zsh >"$work/zsh"
    put 0644 "$work/zsh" "$zsh/_$program"
    "$bin/$program" --generate-completion-script fish >"$work/fish"
    put 0644 "$work/fish" "$prefix/share/fish/vendor_completions.d/$program.fish"
done

for unit in cofferd.service cofferd.socket; do
    sed "s#/usr/bin/cofferd#$prefix/bin/cofferd#" "packaging/systemd/$unit" >"$work/$unit"
    put 0644 "$work/$unit" "$prefix/lib/systemd/system/$unit"
done
put 0644 packaging/systemd/coffer.sysusers "$prefix/lib/sysusers.d/coffer.conf"
put 0644 packaging/systemd/coffer.tmpfiles "$prefix/lib/tmpfiles.d/coffer.conf"
[ -e "$root/etc/coffer/coffer.yaml" ] || put 0640 packaging/coffer.yaml /etc/coffer/coffer.yaml

doc=$prefix/share/doc/coffer
for page in LICENSE README.md README.zh-CN.md protocol.md; do put 0644 "$page" "$doc/$page"; done
find docs -name '*.md' | while read -r page; do put 0644 "$page" "$doc/$page"; done
put 0644 packaging/prometheus/coffer.rules.yaml "$doc/prometheus/coffer.rules.yaml"

echo "install: cofferd and coffer lie in $root$prefix/bin; docs/operations.md has what comes next"
