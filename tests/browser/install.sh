#!/usr/bin/env bash
# Installs a headless browser from the npm registry into the cache that
# deploy/local uses, once, as package-lock.json pins it, and prints the folder
# as the last line of standard output. Ends with code 3 where there can be none.
#
#   DLI_OPERATOR_CACHE   where to cache (default: ~/.cache/dli-operator)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

none() {
    echo "browser: $*" >&2
    exit 3
}

[ "$(uname -sm)" = "Linux x86_64" ] || none "the package has a browser for Linux on x86_64 only, and this is $(uname -sm)"
command -v node >/dev/null || none "Node.js 20 or newer was not found"
command -v npm >/dev/null || none "npm was not found"
node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || none "Node.js 20 or newer is needed, and this is $(node --version)"

cache=${DLI_OPERATOR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/dli-operator}/local
home=$cache/browser-$(sha256sum <package-lock.json | cut -c1-12)
if [ ! -d "$home" ]; then
    mkdir -p "$cache"
    # Made beside its place and then renamed: two at a time do not disturb each other.
    partial=$(mktemp -d "$cache/browser-partial.XXXXXX")
    trap 'rm -rf "$partial"' EXIT
    cp package.json package-lock.json "$partial"
    (cd "$partial" && npm ci --ignore-scripts --no-audit --no-fund >&2) || none "npm could not install package-lock.json"
    mv -T "$partial" "$home" 2>/dev/null || true
fi
[ -d "$home/node_modules" ] || {
    echo "browser: $home has no packages: remove it and try again" >&2
    exit 1
}
echo "$home"
