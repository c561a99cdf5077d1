#!/usr/bin/env bash
# Builds every bare-metal program at opt-levels 3, "s" and "z", runs each under QEMU, and builds core
# for a Cortex-M0. Fails if anything does. `scripts/setup.sh firmware` installs what it needs.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly TARGET=thumbv7em-none-eabihf
readonly SMALL_TARGET=thumbv6m-none-eabi
readonly PROFILES="release size smallest"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/firmware/target}

die() { printf '%s\n' "firmware: $*" >&2; exit 1; }

# Whether the `rustc` in PATH has the precompiled core of both targets.
has_targets() {
    local target
    for target in $TARGET $SMALL_TARGET; do
        [ -d "$(rustc --print target-libdir --target "$target" 2>/dev/null)" ] || return 1
    done
}

# Debian's compiler has no precompiled core for these targets but its source, and no linker for them.
use_debian_rust() {
    [ -x /usr/bin/cargo ] && [ -d /usr/lib/rustlib/src/rust/library/core ] ||
        die "no Rust for $TARGET; run scripts/setup.sh firmware"
    local lld
    lld=$(find "$(rustc --print sysroot)/lib/rustlib" -name rust-lld -type f | head -n 1)
    [ -n "$lld" ] || lld=$(command -v ld.lld) || die "no lld; run scripts/setup.sh firmware"
    export PATH=/usr/bin:$PATH RUSTC_BOOTSTRAP=1
    export CARGO_TARGET_THUMBV7EM_NONE_EABIHF_LINKER=$lld
    build_std=(-Zbuild-std=core,compiler_builtins -Zbuild-std-features=compiler-builtins-mem)
}

# Bytes of code, of constants (most are the weights) and of static RAM in a program.
sizes() {
    local name size code=0 constants=0 ram=0
    while read -r name _ _ _ size _; do
        case $name in
            .vector_table | .text) code=$((code + 16#$size)) ;;
            .rodata) constants=$((constants + 16#$size)) ;;
            .data | .bss | .uninit) ram=$((ram + 16#$size)) ;;
        esac
    done < <(readelf -SW "$1" | sed -n 's/^ *\[ *[0-9]*\] //p')
    printf '%s' "$code bytes of code, $constants of constants, $ram of static RAM"
}

command -v qemu-system-arm >/dev/null || die "no qemu-system-arm; run scripts/setup.sh firmware"
build_std=()
has_targets || use_debian_rust
printf '%s\n' "firmware: $(rustc --version), $(qemu-system-arm --version | head -n 1)"

# A Cortex-M0 has neither a floating point unit nor a division instruction.
cargo build --quiet "${build_std[@]}" --release -p barenet --target $SMALL_TARGET
printf '%s\n' "firmware: core builds for $SMALL_TARGET"

cd firmware
for profile in $PROFILES; do
    cargo build --quiet "${build_std[@]}" --profile "$profile" --bins
    for source in src/bin/*.rs; do
        program=$(basename "$source" .rs)
        elf=$CARGO_TARGET_DIR/$TARGET/$profile/$program
        printf '\n%s\n' "== $program, profile $profile: $(sizes "$elf")"
        timeout 120 cargo run --quiet "${build_std[@]}" --profile "$profile" \
            --bin "$program" </dev/null || die "$program, profile $profile: failed with status $?"
        if readelf -sW "$elf" | grep -E '__rust_alloc|__rustc.*alloc|malloc'; then
            die "$program, profile $profile: contains an allocator"
        fi
    done
done
printf '\n%s\n' "firmware: all programs passed"
