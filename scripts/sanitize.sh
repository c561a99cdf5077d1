#!/usr/bin/env bash
# Runs the tests of barenet-blas, which has all `unsafe` code of the project, and the suites that every
# backend passes, under tools that see wrong memory accesses and data races:
#
#   scripts/sanitize.sh [address] [thread] [valgrind]      only these; without any, all
#   scripts/sanitize.sh quick                              AddressSanitizer, only the crate's own tests
#   FEATURES=openblas scripts/sanitize.sh valgrind         another build
#
# address, thread: AddressSanitizer and ThreadSanitizer, with a nightly toolchain; valgrind: Debian's
# package. `scripts/setup.sh sanitize` installs them.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly TARGET=x86_64-unknown-linux-gnu
# A relative CARGO_TARGET_DIR would be another folder in another package.
target_dir=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TERM_COLOR=never TSAN_OPTIONS=halt_on_error=1 ASAN_OPTIONS=detect_stack_use_after_return=1

die() { printf '%s\n' "sanitize: $*" >&2; exit 1; }

# The test programs of this script, built with more options: one path a line.
build() {
    cargo test "$@" --no-run --message-format=json --features "${FEATURES:-}" |
        sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | sort -u
}
readonly OWN=(-p barenet-blas --lib)
readonly ALL=(-p barenet-blas -p barenet-tests --lib --test backends)

# Runs the programs in `programs` one after another, each started by a command.
run() {
    local name=$1 program
    shift
    [ ${#programs[@]} -gt 0 ] || die "nothing was built"
    for program in "${programs[@]}"; do
        printf '%s\n' "== $name: $(basename "$program")"
        "$@" "$program" --test-threads 1
    done
}

# sanitizer NAME PACKAGES…
sanitizer() {
    local name=$1 flags=(--target "$TARGET") rustflags=-Zsanitizer=$1
    export RUSTUP_TOOLCHAIN=nightly CARGO_TARGET_DIR=$target_dir/sanitize-$name
    rustc --version >/dev/null 2>&1 || die "no nightly toolchain; run scripts/setup.sh sanitize"
    # AddressSanitizer needs no instrumented standard library: generic code of it is compiled here, and the
    # functions by which the rest copies memory are watched.
    if [ "$name" = thread ]; then
        export BARENET_SMALL_PRODUCTS=1
        if [ -d "$(rustc --print sysroot)/lib/rustlib/src/rust/library" ]; then
            flags+=(-Zbuild-std)
        else
            # What an uninstrumented library does right in Mutex, Condvar, Arc and channels looks like a
            # race. The list says where; all lock-free code is still seen.
            rustflags+=" -Cunsafe-allow-abi-mismatch=sanitizer"
            TSAN_OPTIONS+=:suppressions=$PWD/scripts/tsan.supp
        fi
    fi
    mapfile -t programs < <(RUSTFLAGS=$rustflags build "${@:2}" "${flags[@]}")
    run "$name" env
}

memcheck() {
    command -v valgrind >/dev/null || die "no valgrind; run scripts/setup.sh sanitize"
    mapfile -t programs < <(build "${ALL[@]}")
    run valgrind env BARENET_SMALL_PRODUCTS=1 valgrind --quiet --error-exitcode=1 --leak-check=full \
        --show-leak-kinds=definite --errors-for-leak-kinds=definite
}

[ $# -gt 0 ] || set -- address thread valgrind
for tool in "$@"; do
    case $tool in
        # In a shell of its own: it changes the environment.
        address | thread) (sanitizer "$tool" "${ALL[@]}") ;;
        quick) (sanitizer address "${OWN[@]}") ;;
        valgrind) memcheck ;;
        *) die "unknown tool $tool; there are address, thread, valgrind and quick" ;;
    esac
done
printf '%s\n' "sanitize: clean"
