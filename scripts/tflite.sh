#!/usr/bin/env bash
# Exports MLPerf Tiny's int8 file of TFLite as Rust and as C, and holds both to every byte that TFLite gives of a clip: on the
# host, and under QEMU on Cortex-M4F with DSP instructions and without, on the instructions of Cortex-M0, and on RISC-V. Counts
# the instructions of one inference on the Cortex-M4F, and the code.
#
#   scripts/tflite.sh [SAMPLES]     of 196 [default: all]; MLPERF_TINY_AD_DIR has the files, BARENET=path a command that is built
set -euo pipefail
cd "$(dirname "$0")/.."

readonly SAMPLES=${1:-196} INPUTS=640
readonly SEMIHOSTING="-nographic -semihosting-config enable=on,target=native"
readonly FLASH_RAM="0 2M 0x20000000 128K"
# Name, compiler with its flags, target and flags of Rust, where flash and RAM are, QEMU. No board of QEMU with a Cortex-M0 has
# the flash; a Cortex-M3 executes the same instructions.
readonly M4="-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16"
readonly AN386="qemu-system-arm -machine mps2-an386 -cpu cortex-m4"
readonly BOARDS="
Cortex-M4F, DSP|arm-none-eabi-gcc $M4|thumbv7em-none-eabihf -Ctarget-cpu=cortex-m4|$FLASH_RAM|$AN386
Cortex-M4F, portable|arm-none-eabi-gcc $M4 -DMODEL_PORTABLE|thumbv7em-none-eabihf -Ctarget-cpu=cortex-m4 -Ctarget-feature=-dsp|$FLASH_RAM|$AN386
Cortex-M0|arm-none-eabi-gcc -mcpu=cortex-m0 -mthumb|thumbv6m-none-eabi|$FLASH_RAM|qemu-system-arm -machine mps2-an385 -cpu cortex-m3
RISC-V|riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32 -mcmodel=medany|riscv32imac-unknown-none-elf|0x80000000 2M 0x80400000 128K|qemu-system-riscv32 -machine virt -bios none
"

# shellcheck source=firmware/qemu/measure.sh
. firmware/qemu/measure.sh

has_target() { [ -d "$(rustc --print target-libdir --target "$1" 2>/dev/null)" ]; }

die() { printf '%s\n' "tflite: $*" >&2; exit 1; }

readonly FILES=${MLPERF_TINY_AD_DIR:-$PWD/../shared/mlperf-tiny-ad}
[ -e "$FILES/ad01_int8.tflite" ] || { echo "tflite: skipped, there is no $FILES/ad01_int8.tflite"; exit 0; }
readonly TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
[ -n "${BARENET:-}" ] || cargo build --quiet --release --bin barenet
readonly BARENET=${BARENET:-$TARGET_DIR/release/barenet}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for format in firmware c; do
    "$BARENET" export "$FILES/ad01_int8.tflite" --format $format --dtype int8 --out "$work/$format" >/dev/null
done
head -c $((SAMPLES * INPUTS)) "$FILES/ad01_int8_input.i8" >"$work/inputs.bin"
head -c $((SAMPLES * INPUTS)) "$FILES/ad01_int8_output.i8" >"$work/expected.bin"
mkdir -p "$work/rust/src"
cp firmware/tflite/lib.rs "$work/rust/src/lib.rs"
cat >"$work/rust/Cargo.toml" <<'END'
[package]
name = "rust"
version = "0.1.0"
edition = "2024"
[lib]
crate-type = ["staticlib"]
[dependencies]
net = { package = "ad01-int8-net", path = "../firmware" }
[profile.release]
lto = "fat"
codegen-units = 1
panic = "abort"
[workspace]
END
root=$PWD
cd "$work"

gcc -std=gnu11 -O2 -DHOST -DSAMPLES="$SAMPLES" -Ic/src c/src/model.c "$root/firmware/c/tflite.c" -o host
./host || die "C on the host: other bytes than TFLite's"
printf '%s\n' "tflite: C on the host: $((SAMPLES * INPUTS)) bytes of TFLite"

# Builds the program: $1 C or Rust, $2 compiler, $3 memory, $4 opt-level of C, $5 library of Rust, more flags.
build() {
    local flash flash_len ram ram_len language=$1 compiler=$2 opt=$4 library=$5 sources=c/src/model.c
    read -r flash flash_len ram ram_len <<<"$3"
    shift 5
    if [ "$language" = Rust ]; then sources=$library; fi
    # shellcheck disable=SC2086 # words
    $compiler -std=gnu11 "$opt" -ffreestanding -ffunction-sections -fdata-sections -nostdlib -DSAMPLES="$SAMPLES" -Ic/src "$@" \
        -Wl,--gc-sections -Wl,-z,noexecstack -T "$root/firmware/c/program.ld" -Wl,--defsym=FLASH_AT="$flash",--defsym=FLASH_LEN="$flash_len" \
        -Wl,--defsym=RAM_AT="$ram",--defsym=RAM_LEN="$ram_len" "$root/firmware/c/start.c" "$root/firmware/c/tflite.c" \
        $sources -lgcc -o program
}

# The library of Rust for a target with flags, at an opt-level: prints its path.
library() {
    local target=$1 level=$2
    shift 2
    RUSTFLAGS="$*" CARGO_PROFILE_RELEASE_OPT_LEVEL=$level CARGO_TARGET_DIR="$work/target" \
        cargo build --quiet --offline --release --manifest-path rust/Cargo.toml --target "$target" 2>cargo.log >&2 ||
        { cat cargo.log >&2; die "no library for $target"; }
    cp "target/$target/release/librust.a" "librust-$level.a"
    printf '%s' "librust-$level.a"
}

while IFS='|' read -r board compiler rust memory machine; do
    [ -n "$board" ] || continue
    languages="C Rust" archive=
    if has_target "${rust%% *}"; then
        # shellcheck disable=SC2086 # words
        archive=$(library ${rust%% *} 3 $(sed 's/^[^ ]*//' <<<"$rust"))
    else
        languages=C
        printf '%s\n' "tflite: no Rust for ${rust%% *}: C alone"
    fi
    for language in $languages; do
        flags=()
        if [ $language = Rust ]; then flags=(-DRUST); fi
        build $language "$compiler" "$memory" -O2 "$archive" "${flags[@]}"
        # shellcheck disable=SC2086 # words
        timeout 120 $machine $SEMIHOSTING -kernel program </dev/null || die "$language on $board: other bytes than TFLite's"
    done
    printf '%s\n' "tflite: ${languages/ / and } on $board: $((SAMPLES * INPUTS)) bytes of TFLite"
done <<<"$BOARDS"

# One inference on the Cortex-M4F, and the code beyond a program without it.
IFS='|' read -r board compiler rust memory machine <<<"$(grep 'M4F, DSP' <<<"$BOARDS")"
cc -O2 -shared -fPIC -o count.so "$root/firmware/qemu/count.c"
has_target "${rust%% *}" || exit 0
printf '%-5s %-4s %12s %6s\n' '' opt instructions code
for level in 3 s; do
    [ $level = 3 ] && opt=-O3 || opt=-O2
    # shellcheck disable=SC2086 # words
    archive=$(library ${rust%% *} $level $(sed 's/^[^ ]*//' <<<"$rust"))
    for language in Rust C; do
        flags=()
        if [ $language = Rust ]; then flags=(-DRUST); fi
        build $language "$compiler" "$memory" $opt "$archive" "${flags[@]}" -DEMPTY
        empty=$(section_bytes program .text)
        build $language "$compiler" "$memory" $opt "$archive" "${flags[@]}"
        counter=$(counter ./count.so count.txt program)
        # shellcheck disable=SC2086 # words
        $machine $SEMIHOSTING -plugin "$counter" -kernel program </dev/null
        [ $language = C ] && shown=$opt || shown=$level
        printf '%-5s %-4s %12s %6s\n' $language "$shown" "$(sed -n 's/^instructions //p' count.txt)" $(($(section_bytes program .text) - empty))
    done
done
