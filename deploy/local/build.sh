#!/usr/bin/env bash
# Builds what a local control plane needs (etcd, kube-apiserver, kubectl and our
# launcher local-cluster) once, into a cache outside the source tree, and prints
# the folder they are in as the last line of standard output. Everything else
# goes to standard error. Safe to call at the same time from several places.
#
#   DLI_OPERATOR_CACHE   where to cache (default: ~/.cache/dli-operator)
#   KUBEBUILDER_ASSETS   a folder with etcd and kube-apiserver to use instead of
#                        building them; its kubectl is used too if it has one
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

kubernetes=v1.37.2 # as in go.mod
cache=${DLI_OPERATOR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/dli-operator}/local

say() { echo "local control plane: $*" >&2; }
fail() {
    say "$*"
    exit 1
}

command -v go >/dev/null || fail "Go is needed to build it (1.26 or newer): https://go.dev/dl/"

short_hash() {
    if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c1-12
}

export GOWORK=off CGO_ENABLED=0
toolchain=$(go env GOVERSION GOOS GOARCH)
assets=${KUBEBUILDER_ASSETS:-}
if [ -n "$assets" ]; then
    for name in etcd kube-apiserver; do
        [ -x "$assets/$name" ] || fail "KUBEBUILDER_ASSETS is $assets, which has no $name"
    done
    assets=$(cd "$assets" && pwd)
fi

# The servers depend on the pins alone, the launcher on its sources too: an edit
# of the launcher does not build the servers again.
servers=$cache/servers-$({ cat go.mod go.sum; echo "$toolchain"; } | short_hash)
bin=$cache/$({ cat go.mod go.sum cmd/local-cluster/*.go; echo "$toolchain $assets"; } | short_hash)/bin

complete() {
    local name
    for name in local-cluster etcd kube-apiserver kubectl; do
        [ -x "$bin/$name" ] || return 1
    done
}

if complete; then
    echo "$bin"
    exit 0
fi

# One build at a time; the others wait and find it done.
mkdir -p "$cache" "$bin" "$servers"
if command -v flock >/dev/null; then
    exec 9>"$cache/lock"
    if ! flock -n 9; then
        say "waiting for another build"
        flock 9
    fi
else
    until mkdir "$cache/lock.d" 2>/dev/null; do
        owner=$(cat "$cache/lock.d/pid" 2>/dev/null || true)
        if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then
            rm -rf "$cache/lock.d"
        fi
        sleep 1
    done
    echo $$ >"$cache/lock.d/pid"
fi
partial=$cache/partial.$$
builder=
end() {
    [ -z "$builder" ] || kill "$builder" 2>/dev/null || true
    rm -rf "$partial"
    if [ "$(cat "$cache/lock.d/pid" 2>/dev/null || true)" = $$ ]; then rm -rf "$cache/lock.d"; fi
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if complete; then
    echo "$bin"
    exit 0
fi
mkdir -p "$partial"

# Without these kube-apiserver does not know its own version, and kubectl says so.
version=k8s.io/component-base/version
minor=${kubernetes#v1.}
flags="-s -w -X $version.gitVersion=$kubernetes -X $version.gitMajor=1 -X $version.gitMinor=${minor%%.*} -X $version.gitTreeState=clean"

# build NAME PACKAGE FOLDER: nothing if FOLDER has it already
build() {
    local name=$1 package=$2 folder=$3 began=$SECONDS said=$SECONDS
    [ ! -x "$folder/$name" ] || return 0
    say "building $name ..."
    go build -mod=readonly -buildvcs=false -trimpath -ldflags "$flags" -o "$partial/$name" "$package" </dev/null >&2 9>&- &
    builder=$!
    while kill -0 "$builder" 2>/dev/null; do
        if [ $((SECONDS - said)) -ge 30 ]; then
            said=$SECONDS
            say "still building $name, $((SECONDS - began)) s so far"
        fi
        sleep 0.5
    done
    wait "$builder" || fail "building $name failed"
    builder=
    mv "$partial/$name" "$folder/$name"
    say "built $name in $((SECONDS - began)) s"
}

if [ -z "$assets" ] && [ ! -x "$servers/kube-apiserver" ]; then
    say "building it for the first time takes about 7 minutes on 2 cores; it is kept in $cache"
fi
if [ -z "$assets" ]; then
    build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver "$servers"
    build etcd go.etcd.io/etcd/server/v3 "$servers"
fi
if [ -z "$assets" ] || [ ! -x "$assets/kubectl" ]; then
    build kubectl k8s.io/kubernetes/cmd/kubectl "$servers"
fi
build local-cluster ./cmd/local-cluster "$bin"

for name in etcd kube-apiserver kubectl; do
    from=$servers
    if [ -n "$assets" ] && [ -x "$assets/$name" ]; then from=$assets; fi
    ln -sf "$from/$name" "$partial/$name"
    mv -f "$partial/$name" "$bin/$name"
done
say "ready in $bin"
echo "$bin"
