#!/usr/bin/env bash
# Installs the official Python SDK of the DLI service into an environment of its
# own, once, in the cache that deploy/local uses, and prints its interpreter as
# the last line of standard output. Every file is pinned by its hash.
#
#   DLI_OPERATOR_CACHE   where to cache (default: ~/.cache/dli-operator)
#   PYTHON               the interpreter to build on (default: python3, 3.8 or newer)
#
# Exit status 3: this machine lacks what it takes (Python, its venv module, a
# package index). A file whose hash is wrong is a failure like any other.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

fail() {
    echo "SDK: $*" >&2
    exit 1
}
lacks() {
    echo "SDK: $*" >&2
    exit 3
}

python=${PYTHON:-python3}
command -v "$python" >/dev/null || lacks "$python is needed and was not found: install Python 3.8 or newer with its venv module"
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 8))' || lacks "Python 3.8 or newer is needed, and $python is $version"

cache=${DLI_OPERATOR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/dli-operator}/local
hash=$({ if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi; } <requirements.txt | cut -c1-12)
home=$cache/sdk-$version-$hash

if [ ! -x "$home/bin/python" ]; then
    mkdir -p "$cache"
    # Built beside its place and then renamed: two at a time do not disturb each other.
    partial=$(mktemp -d "$cache/sdk-partial.XXXXXX")
    trap 'rm -rf "$partial"' EXIT
    "$python" -m venv "$partial" >&2 || lacks "$python cannot make a virtual environment: install its venv module"
    "$partial/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --require-hashes -r requirements.txt >"$partial/pip.log" 2>&1 || {
        cat "$partial/pip.log" >&2
        ! grep -qi 'do not match the hashes' "$partial/pip.log" || fail "a file of tests/sdk/requirements.txt has another hash"
        lacks "pip could not install tests/sdk/requirements.txt"
    }
    mv -T "$partial" "$home" 2>/dev/null || mv "$partial" "$home" 2>/dev/null || true
fi
[ -x "$home/bin/python" ] || fail "$home has no interpreter: remove it and try again"
echo "$home/bin/python"
