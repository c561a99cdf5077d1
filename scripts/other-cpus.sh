#!/usr/bin/env bash
# Runs what depends on the CPU on CPUs that are not there, under QEMU's user mode:
#
#   x86-64 without AVX2   a training, which must take matrixmultiply
#   aarch64               the tests of barenet-blas, the suite of the own kernels, and that the number of
#                         threads changes no bit
#
# `scripts/setup.sh emulate` installs what it needs. QEMU says nothing of speed. BARENET=path takes a command that
# has been built.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly TARGET=aarch64-unknown-linux-gnu
export CARGO_TERM_COLOR=never

die() { printf '%s\n' "other-cpus: $*" >&2; exit 1; }

without_avx2() {
    local out=target/other-cpus output expected="backend   matrixmultiply"
    [ -n "${BARENET:-}" ] || cargo build --quiet --release --bin barenet
    readonly BARENET=${BARENET:-${CARGO_TARGET_DIR:-target}/release/barenet}
    output=$(qemu-x86_64 -cpu Nehalem "$BARENET" train --data data/tests/tables/iris.csv --epochs 1 --force --out "$out")
    grep "^$expected" <<<"$output" || die "a CPU without AVX2: no \"$expected\" in: $output"
}

aarch64() {
    if ! [ -d "$(rustc --print target-libdir --target $TARGET 2>/dev/null)" ]; then
        printf '%s\n' "other-cpus: no Rust for $TARGET, and Debian has none: skipped"
        return
    fi
    # Of the products, the smaller ones: QEMU takes a hundred times as long.
    export BARENET_SMALL_PRODUCTS=1 CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
    # Of its own, as other builds lock a folder.
    export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/emulated
    cargo test --target $TARGET -p barenet-blas -p barenet-tests --lib --test backends -- host simd same_bits_at_any
}

for command in qemu-x86_64 qemu-aarch64 aarch64-linux-gnu-gcc; do
    command -v $command >/dev/null || die "no $command; run scripts/setup.sh emulate"
done
without_avx2
aarch64
