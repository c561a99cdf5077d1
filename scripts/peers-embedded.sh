#!/usr/bin/env bash
# Counts one inference of the same networks on a Cortex-M4F under QEMU in C of emlearn and of barenet, f32, and with the int8
# layers of tinymind: instructions, estimated cycles, code, constants, and RAM with the stack, GCC at -O3 and -O2. emlearn and
# scikit-learn, whose networks these are, come from PyPI into target/peers-embedded; tinymind is C++ on GitHub: TINYMIND_DIR
# names a clone of https://github.com/danmcleran/tinymind, and without one it is left out. `scripts/setup.sh c` installs the rest.
#
#   scripts/peers-embedded.sh     PEERS_PYTHON=path a Python that has emlearn and scikit-learn, BARENET=path a command that is built
set -euo pipefail
cd "$(dirname "$0")/.."

readonly ROOT=$PWD TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
# The stack lies below what is static, so that the lowest address tells how much of it was used.
readonly STACK_TOP=0x20008000
readonly MEMORY="-Wl,--defsym=FLASH_AT=0,--defsym=FLASH_LEN=2M,--defsym=RAM_AT=$STACK_TOP,--defsym=RAM_LEN=96K,--defsym=STACK_TOP=$STACK_TOP"
readonly CPU="-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -ffunction-sections -fdata-sections"

# shellcheck source=firmware/qemu/measure.sh
. firmware/qemu/measure.sh

die() { printf '%s\n' "peers-embedded: $*" >&2; exit 1; }

for command in arm-none-eabi-gcc arm-none-eabi-g++ qemu-system-arm; do
    command -v $command >/dev/null || die "no $command; run scripts/setup.sh c"
done
if [ -z "${PEERS_PYTHON:-}" ]; then
    venv=$TARGET_DIR/peers-embedded
    [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet -r benches/peers/embedded/requirements.txt ||
        die "emlearn cannot be fetched from PyPI; PEERS_PYTHON names a Python that has it"
    PEERS_PYTHON=$venv/bin/python
fi
[ -n "${BARENET:-}" ] || cargo build --quiet --release --bin barenet
readonly BARENET=${BARENET:-$TARGET_DIR/release/barenet}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$PEERS_PYTHON" "$ROOT/benches/peers/embedded/nets.py" "$work"
emlearn=$("$PEERS_PYTHON" -c 'import emlearn; print(emlearn.includedir)')
for net in 64-32-16-10 ad; do
    task=()
    if [ $net = ad ]; then task=(--task reconstruct); fi
    "$BARENET" import $net/net.npz --out $net/run "${task[@]}" >/dev/null
    "$BARENET" export $net/run --data $net/table.csv --format c --out $net/c >/dev/null
done
# shellcheck disable=SC2086 # words
arm-none-eabi-gcc $CPU -std=gnu11 -O2 -ffreestanding -c "$ROOT/firmware/c/start.c"
# Not every compiler for ARM comes with the headers of C++, of which tinymind's layers take these.
mkdir cxx
echo '#include <stddef.h>
namespace std { using ::size_t; }' >cxx/cstddef
echo '#include <stdint.h>' >cxx/cstdint
cc -O2 -shared -fPIC -o count.so "$ROOT/firmware/qemu/count.c"

# Builds the program of a peer, with more flags for the compiler: $1 the peer, $2 the network's folder.
build() {
    local peer=$1 net=$2 objects
    shift 2
    rm -f ./*-peer.o
    case $peer in
        emlearn*) compile="arm-none-eabi-gcc -std=gnu11 -I$net -I$emlearn" sources=$ROOT/benches/peers/embedded/emlearn.c ;;
        barenet*) compile="arm-none-eabi-gcc -std=gnu11 -I$net/c/src" sources="$ROOT/firmware/c/bench.c $net/c/src/model.c" ;;
        tinymind*)
            compile="arm-none-eabi-g++ -std=c++17 -fno-exceptions -fno-rtti -I$net -I${TINYMIND_DIR:-}/cpp -idirafter cxx -DTINYMIND_ENABLE_QUANTIZATION=1"
            sources=$ROOT/benches/peers/embedded/tinymind.cpp
            ;;
    esac
    for source in $sources; do
        # shellcheck disable=SC2086 # words
        $compile $CPU "$@" -c "$source" -o "$(basename "$source")-peer.o"
    done
    objects=$(echo ./*-peer.o)
    # emlearn has softmax and tanh of the C library.
    # shellcheck disable=SC2086 # words
    arm-none-eabi-gcc $CPU -nostdlib -Wl,--gc-sections -T "$ROOT/firmware/c/program.ld" $MEMORY start.o $objects -lm -lc -lgcc -o program
}

# Runs the program with the counter: sets `count`.
run() {
    local counter name value
    counter=$(counter ./count.so count.txt program)
    qemu-system-arm -machine mps2-an386 -cpu cortex-m4 -nographic -semihosting-config enable=on,target=native \
        -plugin "$counter" -kernel program </dev/null || die "$1: the scores are wrong"
    declare -gA count=()
    while read -r name value _; do
        [ "$name" = kind ] || count[$name]=$value
    done <count.txt
}

peers=("emlearn f32" "barenet f32")
if [ -n "${TINYMIND_DIR:-}" ]; then
    [ -e "$TINYMIND_DIR/cpp/qdense.hpp" ] || die "no cpp/qdense.hpp in $TINYMIND_DIR: TINYMIND_DIR names a clone of tinymind"
    peers+=("tinymind int8 with DSP" "tinymind int8")
else
    printf '%s\n' "peers-embedded: tinymind is left out: TINYMIND_DIR names no clone of it"
fi
printf '%-16s %-24s %-4s %12s %9s %6s %9s %6s\n' model peer opt instructions cycles code constants RAM
for net in 64-32-16-10 ad; do
    outputs=$(sed -n 's/^#define OUTPUTS //p' $net/expected.h)
    for peer in "${peers[@]}"; do
        for opt in -O3 -O2; do
            flags=("$opt")
            if [ "${peer%DSP}" != "$peer" ]; then flags+=(-DTINYMIND_ENABLE_SIMD_ARM_DSP=1); fi
            build "$peer" $net "${flags[@]}" -DBENCH_NONE
            empty=$(section_bytes program .text)
            build "$peer" $net "${flags[@]}"
            run "$peer, $net"
            # Not the scores, which are the caller's.
            case $peer in *int8*) score=1 ;; *) score=4 ;; esac
            ram=$(($(section_bytes program .data .bss) + STACK_TOP - count[lowest] - score * outputs))
            printf '%-16s %-24s %-4s %12s %9s %6s %9s %6s\n' "${net/ad/MLPerf Tiny AD}" "$peer" "$opt" "${count[instructions]}" \
                "${count[cycles]}" $(($(section_bytes program .text) - empty)) "$(constant_bytes program)" "$ram"
        done
    done
done
