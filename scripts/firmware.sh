#!/usr/bin/env bash
# Builds every bare-metal program for every target and runs it under QEMU: on the Cortex-M4F at
# opt-levels 3, "s" and "z", on all others at 3; sees each fail if it expects other numbers; and runs networks
# that `barenet` trains and exports, on the Cortex-M4F and M33. Prints what each needs; fails if anything does.
# `scripts/setup.sh firmware` installs what it needs. BARENET=path takes a command that has been built.
set -euo pipefail
cd "$(dirname "$0")/.."

# What the table calls it, its target, and how it differs from the runner in .cargo/config.toml.
readonly BOARDS="
Cortex-M4F thumbv7em-none-eabihf
Cortex-M7  thumbv7em-none-eabihf qemu-system-arm -machine mps2-an500 -cpu cortex-m7
Cortex-M33 thumbv8m.main-none-eabihf
Cortex-M3  thumbv7m-none-eabi
Cortex-M0  thumbv6m-none-eabi
RISC-V     riscv32imac-unknown-none-elf
"
readonly PROGRAMS="infer infer_int8 mlperf_ad learn solver panic_free unaligned"
readonly SEMIHOSTING="-nographic -semihosting-config enable=on,target=native"
readonly TABLES=$PWD/data/tests/tables
readonly BUILT=${CARGO_TARGET_DIR:-$PWD/target}/release/barenet

# shellcheck source=firmware/qemu/measure.sh
. firmware/qemu/measure.sh

die() { printf '%s\n' "firmware: $*" >&2; exit 1; }

has_target() { [ -d "$(rustc --print target-libdir --target "$1" 2>/dev/null)" ]; }

# cargo with the precompiled core of a target; else Debian's, which has the source of core.
cargo_for() {
    local target=$1 lld variable
    shift
    if has_target "$target"; then
        cargo "$@" --target "$target"
        return
    fi
    [ -x /usr/bin/cargo ] && [ -d /usr/lib/rustlib/src/rust/library/core ] ||
        die "no Rust for $target; run scripts/setup.sh firmware"
    lld=$(find "$(rustc --print sysroot)/lib/rustlib" -name rust-lld -type f | head -n 1)
    [ -n "$lld" ] || lld=$(command -v ld.lld) || die "no lld; run scripts/setup.sh firmware"
    variable=CARGO_TARGET_$(tr 'a-z.-' 'A-Z__' <<<"$target")_LINKER
    env PATH="/usr/bin:$PATH" RUSTC_BOOTSTRAP=1 "$variable=$lld" /usr/bin/cargo "$@" \
        --target "$target" -Zbuild-std=core,compiler_builtins \
        -Zbuild-std-features=compiler-builtins-mem
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
    printf '%s %s %s' "$code" "$constants" "$ram"
}

# The last number after the word $1 in a program's output.
number() { sed -n "s/.*$1[^0-9]*\([0-9]\{1,\}\).*/\1/p" "$output" | tail -n 1; }

# The QEMU of a target, as .cargo/config.toml has it.
machine_of() {
    grep -A 4 -F "[target.$1]" .cargo/config.toml | sed -n 's/^runner = "\(.*\) -nographic.*/\1/p' | head -n 1
}

# Runs a program that was built with a wrong number to compare with: it must fail.
fails_for_another_bit() {
    local status=0
    # shellcheck disable=SC2046 # words
    timeout 60 $(machine_of "$2") $SEMIHOSTING -kernel "$CARGO_TARGET_DIR/$2/release/$1" \
        </dev/null >"$output" 2>&1 || status=$?
    [ "$status" = 1 ] || die "$1: status $status, though a bit is not the host's"
}

# Builds the programs with wrong numbers to compare with, and sees that each fails.
check_that_programs_can_fail() {
    local target=thumbv7em-none-eabihf program bins=()
    for program in $PROGRAMS bench; do bins+=(--bin "$program"); done
    BARENET_SPOIL=1 cargo_for $target build --quiet --release "${bins[@]}"
    for program in $PROGRAMS bench; do
        if [ "$program" = mlperf_ad ] && grep -q skipped <<<"$mlperf"; then continue; fi
        fails_for_another_bit "$program" $target
    done
    printf '%s\n' "firmware: every program fails if one bit of what the host computed is another"
}

# Runs one program and adds its row to the table.
run() {
    local board=$1 target=$2 profile=$3 program=$4 machine=$5 status=0 elf code constants ram
    elf=$CARGO_TARGET_DIR/$target/$profile/$program
    if [ -z "$machine" ]; then
        machine=$(machine_of "$target")
    fi
    # What programs print by semihosting is on standard error.
    # shellcheck disable=SC2086 # words
    timeout 60 $machine $SEMIHOSTING -kernel "$elf" </dev/null >"$output" 2>&1 || status=$?
    [ "$status" = 0 ] || { cat "$output"; die "$program on $board, $profile: status $status"; }
    if [ "$board $program" = "Cortex-M4F mlperf_ad" ]; then mlperf=$(cat "$output"); fi
    if readelf -sW "$elf" | grep -E '__rust_alloc|__rustc.*alloc|malloc'; then
        die "$program on $board, $profile: contains an allocator"
    fi
    case $target:$program in
        thumbv7em-*:*int8 | thumbv8m.main-*:*int8)
            # Not `grep -q`, which would stop reading: readelf would end with an error.
            readelf -sW "$elf" | grep cortex_m8assembly >/dev/null ||
                die "$program on $board, $profile: does not use the DSP instructions"
            ;;
    esac
    read -r code constants ram <<<"$(sizes "$elf")"
    if [ "$program" = learn ]; then
        # What cannot be taken twice has a flag, and each part starts at a multiple of 4.
        [ "$ram" -le $(($(number 'RAM by the const functions') + 12)) ] ||
            die "learn on $board, $profile: $ram bytes of static RAM are more than promised"
    fi
    printf '%-11s %-9s %-11s %7s %10s %7s %6s   %s\n' "$board" "$profile" "$program" "$code" \
        "$constants" "$ram" "$(number stack)" \
        "$(grep -o 'same bits as the host: .*' "$output" | sort -u | tr '\n' ' ')" >>"$table"
}

# Instructions of a program between its last two calls of `mark`, on the Cortex-M4F.
count() {
    local elf=$CARGO_TARGET_DIR/thumbv7em-none-eabihf/release/$1 counter
    counter=$(counter "$CARGO_TARGET_DIR/count.so" "$output" "$elf")
    # shellcheck disable=SC2086 # words
    qemu-system-arm -machine mps2-an386 -cpu cortex-m4 $SEMIHOSTING -kernel "$elf" \
        -plugin "$counter" \
        </dev/null >/dev/null 2>&1 || die "$1 failed while it was counted"
    sed -n 's/^instructions //p' "$output"
}

# What a training step costs, a sample, beside an inference of the same network.
compare_step_with_inference() {
    local step inference percent
    cc -O2 -shared -fPIC -o "$CARGO_TARGET_DIR/count.so" qemu/count.c
    BARENET_BENCH=32-20-5:f32 cargo_for thumbv7em-none-eabihf build --quiet --profile release \
        --bin bench --bin learn
    inference=$(count bench)
    step=$(($(count learn) / 8))
    percent=$((100 * step / inference))
    printf 'step %s %s\n' "$step" "$inference" >>"$table"
    printf '%s\n' "firmware: learn, 32-20-5 in batches of 8: $step instructions a sample for forward," \
        "  backward and SGD; one inference takes $inference: $((percent / 100)).$((percent / 10 % 10)) times"
    [ "$percent" -le 400 ] || die "learn: a step may take 4 times an inference"
}

# Trains small networks on built-in images and on tables, exports them as f32 and int8, and runs a program with all
# crates; sees that it fails if an image is another.
run_exported() {
    local run target board csv flags type path=target/exported-nets
    rm -rf "$path" # Changed files, as below, are not replaced.
    for run in "--hidden 16 --batchnorm" "--hidden 13 --seed 3" "--local 3@4/4+0,5@4/2+1 --hidden 9 --batchnorm --seed 5"; do
        # shellcheck disable=SC2086 # words
        env -u CIFAR10_DIR "$BARENET" train --quiet --force $run --epochs 1 --out "$path/run"
        case $run in
            *local*) export_run f32 local-f32 && export_run int8 local-int8 ;;
            *batchnorm) export_run f32 f32 && export_run int8 int8 ;;
            *) export_run int8 other ;;
        esac
    done
    while read -r run csv flags; do
        # shellcheck disable=SC2086 # words
        "$BARENET" train --quiet --force --data "$TABLES/$csv.csv" --hidden 9 --epochs 3 $flags --out "$path/run"
        for type in f32 int8; do export_run "$type" "$run-$type" --data "$TABLES/$csv.csv"; done
    done <<<"iris iris
diabetes diabetes
setosa iris --task reconstruct --target species --normal setosa"
    # The same versions as the other programs, which are on this computer.
    cp Cargo.lock exported/Cargo.lock
    while read -r board target; do
        (cd exported && cargo_for "$target" build --quiet --release)
        cp "$CARGO_TARGET_DIR/$target/release/exported" "$CARGO_TARGET_DIR/$target/release/exported_int8"
        run "$board" "$target" release exported_int8 ""
    done <<<"Cortex-M4F thumbv7em-none-eabihf
Cortex-M33 thumbv8m.main-none-eabihf"
    dd if=/dev/zero of=$path/other/src/images.bin bs=3072 count=1 conv=notrunc status=none
    (cd exported && cargo_for thumbv7em-none-eabihf build --quiet --release)
    fails_for_another_bit exported thumbv7em-none-eabihf
    printf '%s\n' "firmware: exported crates of every task in one program passed on Cortex-M4F and Cortex-M33"
}

# Exports the last run in a form, to a folder; further flags as they are.
export_run() {
    local dtype=$1 out=$2
    shift 2
    env -u CIFAR10_DIR "$BARENET" export target/exported-nets/run --format firmware --dtype "$dtype" --force \
        --out "target/exported-nets/$out" "$@" >/dev/null
}

# The project to copy, with exported crates of every kind in it, one after another. Not below this folder, whose
# .cargo/config.toml would count.
run_template() {
    local runner net package
    cp -r template "$project"
    cp Cargo.lock "$project/template"
    runner=$(cd "$project/template" && machine_of thumbv7em-none-eabihf)
    for net in int8 f32 {iris,diabetes,setosa}-{int8,f32}; do
        # The setosa are anomalies among the irises.
        case $net in diabetes-*) package=diabetes-net ;; *-*) package=iris-net ;; *) package=two-layer-net ;; esac
        rm -rf "$project/template/net"
        cp -r "target/exported-nets/$net" "$project/template/net"
        sed -i "s/package = \"[a-z-]*-net\"/package = \"$package\"/" "$project/template/Cargo.toml"
        (
            cd "$project/template"
            export CARGO_TARGET_DIR=$PWD/target
            export CARGO_TARGET_THUMBV7EM_NONE_EABIHF_RUNNER="timeout 60 $runner $SEMIHOSTING -kernel"
            cargo_for thumbv7em-none-eabihf run --quiet --release
        ) >"$output" 2>&1 </dev/null || { cat "$output"; die "firmware/template failed with $net"; }
    done
    printf '%s\n' "firmware: the project of firmware/template passed with exports of every kind"
}

# Compiles what docs/embedded.md shows of two frameworks, with the crate that was exported last.
check_snippets() {
    local name
    mkdir -p target/snippets
    for name in Embassy RTIC; do
        {
            printf '%s\n' '#![no_std]' '#![no_main]' 'use cortex_m as _;' '#[panic_handler]' \
                'fn panic(_: &core::panic::PanicInfo) -> ! { loop {} }'
            awk -v heading="### In $name" '
                /^##/ { here = $0 == heading }
                /^```/ { code = here && $0 == "```rust"; next }
                code' ../docs/embedded.md
        } >"target/snippets/${name,,}.rs"
    done
    (cd snippets && cargo_for thumbv7em-none-eabihf check --quiet --bins)
    printf '%s\n' "firmware: the snippets of docs/embedded.md compile"
}

for command in qemu-system-arm qemu-system-riscv32 readelf cc; do
    command -v $command >/dev/null || die "no $command; run scripts/setup.sh firmware"
done
[ -n "${BARENET:-}" ] || cargo build --quiet --release --bin barenet
readonly BARENET=${BARENET:-$BUILT}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/firmware/target}
output=$(mktemp)
mlperf=
table=$(mktemp)
project=$(mktemp -d)
trap 'rm -rf "$output" "$table" "$project"' EXIT
printf '%s\n' "firmware: $(rustc --version), $(qemu-system-arm --version | head -n 1)"

cd firmware
while read -r board target machine; do
    [ -n "$board" ] || continue
    profiles=release
    [ "$board" != Cortex-M4F ] || profiles="release size smallest"
    for profile in $profiles; do
        bins=()
        for program in $PROGRAMS; do bins+=(--bin "$program"); done
        cargo_for "$target" build --quiet --profile "$profile" "${bins[@]}"
        for program in $PROGRAMS; do run "$board" "$target" "$profile" "$program" "$machine"; done
    done
    printf '%s\n' "firmware: all programs passed on $board"
done <<<"$BOARDS"

check_that_programs_can_fail
run_exported
run_template
check_snippets
compare_step_with_inference
cp "$table" "$CARGO_TARGET_DIR/figures.txt" # For scripts/docs-figures.sh.
grep -v '^step ' "$table" >"$output"
printf '\n%-11s %-9s %-11s %7s %10s %7s %6s\n' board profile program code constants statics stack
cat "$output"
printf '\n%s\n' "firmware: all programs passed; all but the last column are bytes"
