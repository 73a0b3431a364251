#!/bin/sh
# Makes an image of the program without a container engine: an archive in the OCI image layout, for `docker load` (25 or
# newer), `podman load`, `ctr images import` and `skopeo copy oci-archive:FILE ...`. The same inputs make the same image, to
# the byte.
#
#   deploy/image/build.sh [FILE]      default: target/image/dli-operator.tar
#
# PROGRAM       a program that is built already; by default it is built by program.sh
# CERTIFICATES  trusted certificate authorities in PEM; by default those of this machine
# NAME          the image's name; by default the one in deploy/base/deployment.yaml
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
file=${1:-$root/target/image/dli-operator.tar}
mkdir -p "$(dirname "$file")"
file=$(cd "$(dirname "$file")" && pwd)/$(basename "$file")

fail() {
    echo "deploy/image/build.sh: $*" >&2
    exit 1
}

name=${NAME:-$(sed -n 's/^ *image: *//p' "$root/deploy/base/deployment.yaml")}
[ "$(uname -s)" = Linux ] || [ -n "${PROGRAM:-}" ] || fail "an image holds a program for Linux; build it there, or set PROGRAM"
case $(uname -m) in
x86_64) architecture=amd64 ;;
aarch64 | arm64) architecture=arm64 ;;
*) fail "no image is made for $(uname -m)" ;;
esac
certificates=${CERTIFICATES:-}
for each in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    [ -n "$certificates" ] || [ ! -r "$each" ] || certificates=$each
done
[ -r "$certificates" ] || fail "no certificate authorities found; set CERTIFICATES to a file in PEM"
program=${PROGRAM:-$("$here/program.sh")}
[ -x "$program" ] || fail "$program cannot be run"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree blobs=$work/image/blobs/sha256
mkdir -p "$tree/etc/ssl/certs" "$blobs"
install -m 755 "$program" "$tree/dli-operator"
install -m 644 "$certificates" "$tree/etc/ssl/certs/ca-certificates.crt"
# The user that deploy/base runs it as.
echo 'nonroot:x:65532:65532::/:/sbin/nologin' >"$tree/etc/passwd"
chmod 644 "$tree/etc/passwd"
chmod 755 "$tree" "$tree/etc" "$tree/etc/ssl" "$tree/etc/ssl/certs"

pack() {
    tar --format=ustar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$1" -cf "$2" .
}
digest() {
    sha256sum "$1" | cut -d' ' -f1
}
size() {
    wc -c <"$1" | tr -d ' '
}
# Keeps a file under its digest, and prints that and the size as JSON.
keep() {
    digest=$(digest "$1") size=$(size "$1")
    mv "$1" "$blobs/$digest"
    printf '"digest":"sha256:%s","size":%s' "$digest" "$size"
}

pack "$tree" "$work/layer.tar"
diff=$(digest "$work/layer.tar")
gzip -9 -n "$work/layer.tar"
layer=$(keep "$work/layer.tar.gz")
cat >"$work/config" <<END
{"architecture":"$architecture","os":"linux","config":{"User":"65532:65532","Entrypoint":["/dli-operator"],"Cmd":["run"],"Env":["SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],"Labels":{"org.opencontainers.image.title":"dli-operator","org.opencontainers.image.licenses":"Apache-2.0"}},"rootfs":{"type":"layers","diff_ids":["sha256:$diff"]}}
END
config=$(keep "$work/config")
cat >"$work/manifest" <<END
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json",$config},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip",$layer}]}
END
manifest=$(keep "$work/manifest")
cat >"$work/image/index.json" <<END
{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",$manifest,"platform":{"architecture":"$architecture","os":"linux"},"annotations":{"io.containerd.image.name":"$name","org.opencontainers.image.ref.name":"${name##*:}"}}]}
END
echo '{"imageLayoutVersion":"1.0.0"}' >"$work/image/oci-layout"
pack "$work/image" "$file"
echo "$file: $name for linux/$architecture, $(size "$file") bytes, $(size "$program") of program before compression" >&2
