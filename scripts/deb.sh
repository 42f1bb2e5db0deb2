#!/usr/bin/env bash
# Makes a Debian package of programs that are built already. Usage: scripts/deb.sh BIN OUT
# BIN: the folder of cofferd and coffer. OUT: the folder that the package is written to; its path is the last line of output.
# DEB_VERSION: its version (default: the daemon's). DEB_COMPRESSOR: none for a test, which is in a hurry. What it depends on is asked of the programs; where these need a Swift runtime of this
# machine, the package is good for such machines only, and that is said: `make deb` builds with the runtime inside.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)
version=${DEB_VERSION:-$("$bin/cofferd" --version)}
architecture=$(dpkg --print-architecture)
work=$(mktemp -d /tmp/coffer-deb.XXXXXX)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
mkdir -p "$work/bin" "$work/debian" "$tree/DEBIAN"

for program in cofferd coffer; do
    strip --strip-unneeded -o "$work/bin/$program" "$bin/$program"
    if ldd "$work/bin/$program" | grep -q libswiftCore; then
        echo "deb: $program needs a Swift runtime where it is installed: this is no package to hand out" >&2
    fi
done
DESTDIR=$tree PREFIX=/usr scripts/install.sh "$work/bin" >/dev/null
find "$tree/usr/share/man" -type f -exec gzip -9n {} +
# Debian has a licence of this kind already; a copy of it is what a package has instead of the text.
rm "$tree/usr/share/doc/coffer/LICENSE"
install -m 0644 packaging/debian/copyright "$tree/usr/share/doc/coffer/copyright"

# The libraries of the programs, by the packages that they come from here. What is not a package's (a Swift runtime) is left out.
printf 'Source: coffer\n\nPackage: coffer\nArchitecture: any\nDepends: ${shlibs:Depends}\n' >"$work/debian/control"
depends=$(cd "$work" && dpkg-shlibdeps --ignore-missing-info -O bin/cofferd bin/coffer 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
[ -n "$depends" ] || { echo "deb: the programs' libraries cannot be found out (dpkg-shlibdeps)" >&2; exit 1; }

size=$(du -sk --exclude=DEBIAN "$tree" | cut -f1)
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@SIZE@/$size/" -e "s/@DEPENDS@/$depends/" \
    packaging/debian/control >"$tree/DEBIAN/control"
install -m 0644 packaging/debian/conffiles "$tree/DEBIAN/conffiles"
for script in postinst prerm postrm; do install -m 0755 "packaging/debian/$script" "$tree/DEBIAN/$script"; done
(cd "$tree" && find usr etc -type f -print0 | sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
chmod 0755 "$tree"

package=$out/coffer_${version}_$architecture.deb
dpkg-deb --root-owner-group -Z"${DEB_COMPRESSOR:-xz}" --build "$tree" "$package" >/dev/null
echo "$package"
