#!/bin/sh
# Builds the program as it is shipped, one file that needs no other, and prints its path. What Cargo says goes to standard
# error.
set -eu
cd "$(dirname "$0")/../.."
target=$(rustc -vV | sed -n 's/^host: //p')
case $target in
*-linux-gnu*)
    # Static, at a random address all the same (static PIE), with relocations that take no memory once they are done.
    RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs"
    export RUSTFLAGS
    ;;
esac
# With a target named, the flags are not for the programs that run while building.
cargo build --profile dist --bin dli-operator --target "$target" >&2
case ${CARGO_TARGET_DIR:-target} in
/*) echo "$CARGO_TARGET_DIR/$target/dist/dli-operator" ;;
*) echo "$PWD/${CARGO_TARGET_DIR:-target}/$target/dist/dli-operator" ;;
esac
