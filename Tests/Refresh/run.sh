#!/usr/bin/env bash
# Tokens stay alive, and none is ever lost: the real daemon against upstreams that are not. Usage: run.sh BIN WORK [unittest options]
# BIN: the folder of cofferd and coffer. WORK: a folder to work in, made where it is not there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1" && pwd)
mkdir -p "$2"
work=$(cd "$2" && pwd)
unset "${!COFFER_@}"
export COFFER_TEST_BIN=$bin COFFER_TEST_WORK=$work PYTHONDONTWRITEBYTECODE=1
cd "$here"
if [ ! -x "$work/oidc/bin/oidc-provider-mock" ]; then
    echo "refresh: installing oidc-provider-mock and django-oauth-toolkit (from PyPI) into $work/oidc"
    /usr/bin/python3 -m venv "$work/oidc"
    "$work/oidc/bin/pip" -q install --disable-pip-version-check oidc-provider-mock django-oauth-toolkit
fi
export COFFER_TEST_OIDC=$work/oidc/bin
exec python3 -m unittest discover -s "$here" -p '*_test.py' "${@:3}"
