#!/usr/bin/env bash
# Runs the tests of barenet-blas, which has all `unsafe` code of the project, and the suite that every
# backend passes, under tools that see wrong memory accesses and data races:
#
#   scripts/sanitize.sh [address] [thread] [valgrind]      only these; without any, all
#   FEATURES=openblas scripts/sanitize.sh valgrind         another build
#
# address, thread: AddressSanitizer and ThreadSanitizer, with a nightly toolchain (thread needs its
# rust-src too); valgrind: Debian's package. `scripts/setup.sh sanitize` installs them.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly TARGET=x86_64-unknown-linux-gnu
features=(--features "${FEATURES:-}")
export CARGO_TERM_COLOR=never

die() { printf '%s\n' "sanitize: $*" >&2; exit 1; }

# The test programs, built with more options: one path a line.
build() {
    cargo test "$@" --no-run --message-format=json "${features[@]}" \
        -p barenet-blas -p barenet-tests --lib --test gemm_conformance |
        sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | sort -u
}

run() {
    local name=$1 program
    shift
    for program in "${programs[@]}"; do
        printf '%s\n' "== $name: $(basename "$program")"
        "$@" "$program" --test-threads 1
    done
}

sanitizer() {
    rustup run nightly rustc --version >/dev/null 2>&1 || die "no nightly toolchain; run scripts/setup.sh fuzz"
    local flags=()
    # An instrumented standard library sees more, and ThreadSanitizer is wrong without it.
    if [ -d "$(rustc +nightly --print sysroot)/lib/rustlib/src/rust/library" ]; then
        flags=(-Zbuild-std)
    elif [ "$1" = thread ]; then
        die "ThreadSanitizer needs the source of the standard library: rustup +nightly component add rust-src"
    fi
    export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/sanitize-$1
    mapfile -t programs < <(RUSTUP_TOOLCHAIN=nightly RUSTFLAGS=-Zsanitizer=$1 build "${flags[@]}" --target $TARGET)
    [ ${#programs[@]} -gt 0 ] || die "nothing was built"
    run "$1" env ASAN_OPTIONS=detect_stack_use_after_return=1 TSAN_OPTIONS=halt_on_error=1
}

memcheck() {
    command -v valgrind >/dev/null || die "no valgrind; run scripts/setup.sh sanitize"
    mapfile -t programs < <(build)
    [ ${#programs[@]} -gt 0 ] || die "nothing was built"
    # OpenBLAS keeps its buffers to the end; Rust's test harness keeps its threads' names.
    run valgrind valgrind --quiet --error-exitcode=1 --leak-check=full --errors-for-leak-kinds=definite
}

[ $# -gt 0 ] || set -- address thread valgrind
for tool in "$@"; do
    case $tool in
        address | thread) (sanitizer "$tool") ;;
        valgrind) memcheck ;;
        *) die "unknown tool $tool; there are address, thread, valgrind" ;;
    esac
done
printf '%s\n' "sanitize: clean"
