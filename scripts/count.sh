#!/usr/bin/env bash
# Counts what one inference takes on a Cortex-M4F under QEMU: instructions, estimated cycles, code, constants
# and RAM, at opt-levels 3 and "s". `scripts/setup.sh firmware` installs what it needs, but for a C compiler,
# with which it builds the plugin firmware/qemu/count.c.
#
#   scripts/count.sh [MODEL:KERNEL...]     for example 3072-100-10:int8-dsp; kernels: int8-dsp, int8, int4-dsp, int4, f32
set -euo pipefail
cd "$(dirname "$0")/../firmware"

readonly TARGET=thumbv7em-none-eabihf
readonly AD=640-128-128-128-128-8-128-128-128-128-640
readonly STACK_TOP=$((0x20000000 + 128 * 1024)) # memory/mps2.x
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
[ $# -gt 0 ] || set -- {64-32-16-10,$AD,3072-100-10}:{int8-dsp,int8,int4-dsp,f32}

# shellcheck source=firmware/qemu/measure.sh
. qemu/measure.sh

die() { printf '%s\n' "count: $*" >&2; exit 1; }

# Builds a program and runs it with the counter: sets `elf`, `count`.
count() {
    local counter
    BARENET_BENCH=$1 cargo build --quiet --profile "$2" --bin bench
    elf=$CARGO_TARGET_DIR/$TARGET/$2/bench
    counter=$(counter "$plugin" "$report" "$elf")
    qemu-system-arm -machine mps2-an386 -cpu cortex-m4 -nographic \
        -semihosting-config enable=on,target=native \
        -plugin "$counter" -kernel "$elf" </dev/null ||
        die "$1, profile $2: the scores are not the host's"
    declare -gA count=()
    while read -r name value _; do
        [ "$name" = kind ] || count[$name]=$value
    done <"$report"
}

plugin=$CARGO_TARGET_DIR/count.so report=$CARGO_TARGET_DIR/count.txt
mkdir -p "$CARGO_TARGET_DIR"
cc -O2 -Wall -Wextra -shared -fPIC -o "$plugin" qemu/count.c

printf '%-24s %-9s %-3s %12s %6s %6s %6s %9s %6s\n' model kernel opt instructions /MAC cycles code constants RAM
printf '%51s %6s %6s %9s %6s\n' '' /MAC bytes bytes bytes
for profile in release size; do
    count none $profile
    empty=$(section_bytes "$elf" .text) empty_stack=$((STACK_TOP - count[lowest]))
    [ $profile = release ] && opt=3 || opt=s
    for bench in "$@"; do
        model=${bench%:*} kernel=${bench#*:}
        count "$bench" $profile
        macs=0 before=
        for width in ${model//-/ }; do
            macs=$((macs + width * ${before:-0})) before=$width
        done
        # Workspace, stack and output; the output is not counted.
        [ "$kernel" = f32 ] && output=$((4 * before)) || output=$((2 * before))
        ram=$((STACK_TOP - count[lowest] - empty_stack - output))
        awk -v model="${model/$AD/MLPerf Tiny AD}" -v kernel="$kernel" -v opt=$opt \
            -v instructions="${count[instructions]}" -v cycles="${count[cycles]}" -v macs=$macs \
            -v code=$(($(section_bytes "$elf" .text) - empty)) -v constants="$(constant_bytes "$elf")" -v ram=$ram \
            'BEGIN { printf "%-24s %-9s %-3s %12d %6.2f %6.2f %6d %9d %6d\n", model, kernel, opt,
                     instructions, instructions / macs, cycles / macs, code, constants, ram }'
    done
done
