#!/usr/bin/env bash
# Tries folders of `barenet export --format c` of drawn networks, f32, int8 and int4: with gcc and every warning, as C++ reads
# the header, under clang's sanitizers, with cppcheck, by CMake and as an Arduino library, on an ATmega2560 under simavr, and bare
# under QEMU on Cortex-M0, M3, M4F and RISC-V; counts the instructions of one inference on the Cortex-M4F. `scripts/setup.sh c` installs what it needs.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly SEMIHOSTING="-nographic -semihosting-config enable=on,target=native"
readonly WARNINGS="-std=c99 -Wall -Wextra -Wconversion -pedantic -Werror"
readonly AD=640-128-128-128-128-8-128-128-128-128-640
# Name, compiler with its flags, where flash and RAM are, QEMU.
readonly BOARDS="
Cortex-M0|arm-none-eabi-gcc -mcpu=cortex-m0 -mthumb|0 256K 0x20000000 16K|qemu-system-arm -machine microbit
Cortex-M3|arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb|0 2M 0x20000000 128K|qemu-system-arm -machine mps2-an385 -cpu cortex-m3
Cortex-M4F|arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16|0 2M 0x20000000 128K|qemu-system-arm -machine mps2-an386 -cpu cortex-m4
RISC-V|riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32 -mcmodel=medany|0x80000000 2M 0x80400000 128K|qemu-system-riscv32 -machine virt -bios none
"

# shellcheck source=firmware/qemu/measure.sh
. firmware/qemu/measure.sh

die() { printf '%s\n' "c-export: $*" >&2; exit 1; }

# Builds a program of a folder: $1 compiler, $2 memory, $3 opt-level, $4 folder, $5 the file of main, $6 the program, $7 where
# the stack begins, if it is not the end of RAM.
build() {
    local flash flash_len ram ram_len
    read -r flash flash_len ram ram_len <<<"$2"
    # shellcheck disable=SC2086 # words
    $1 $WARNINGS "$3" -ffreestanding -ffunction-sections -fdata-sections -DMODEL_QUIET -I"$4/src" "$4/src/model.c" "$5" \
        -c 2>&1 || die "$5 does not compile"
    # shellcheck disable=SC2086 # words
    $1 -nostdlib -Wl,--gc-sections -T firmware/c/program.ld ${7:+-Wl,--defsym=STACK_TOP=$7} -Wl,--defsym=FLASH_AT="$flash",--defsym=FLASH_LEN="$flash_len" \
        -Wl,--defsym=RAM_AT="$ram",--defsym=RAM_LEN="$ram_len" model.o "$(basename "$5" .c).o" start.o -lgcc -o "$6"
}

for command in gcc g++ clang cppcheck cmake avr-gcc simavr arm-none-eabi-gcc riscv64-unknown-elf-gcc qemu-system-arm qemu-system-riscv32; do
    command -v $command >/dev/null || die "no $command; run scripts/setup.sh c"
done
built=${CARGO_TARGET_DIR:-$PWD/target}
cargo build --quiet -p barenet-model --example export_c
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$PWD
ln -s "$root/firmware" "$work/firmware"
for net in 30-13-7-5 64-32-16-10 $AD; do
    for dtype in f32 int8 int4; do "$built/debug/examples/export_c" $net $dtype "$work/$net-$dtype" >/dev/null; done
done
cd "$work"

for folder in {30-13-7-5,64-32-16-10}-{f32,int8,int4}; do
    for compiler in "gcc -O2" "gcc -std=gnu11 -O3 -march=native" \
        "clang -O1 -fsanitize=undefined,address -fno-sanitize-recover=all"; do
        # shellcheck disable=SC2086 # words
        $compiler $WARNINGS -I$folder/src $folder/src/*.c $folder/test_model.c -o test
        ./test >/dev/null || die "$folder, $compiler: not the bits of the export"
    done
    g++ -Wall -Wextra -pedantic -Werror -x c++ -fsyntax-only $folder/src/model.h
    cppcheck -q --std=c99 --enable=warning,portability,performance --error-exitcode=1 -I$folder/src \
        $folder/src/model.c $folder/test_model.c
done
printf '%s\n' "c-export: gcc, g++, clang's sanitizers and cppcheck find nothing"

# CMake alone with its test, and as a part of a project of C++.
project=$work/project
mkdir "$project"
cp -r 30-13-7-5-int8 "$project/net"
cmake -S "$project/net" -B "$project/alone" >cmake.log && cmake --build "$project/alone" >>cmake.log &&
    (cd "$project/alone" && ctest >>../../cmake.log) || { cat cmake.log >&2; die "CMake does not build and pass the test"; }
cat >"$project/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.14)
project(of_cxx LANGUAGES CXX)
include(FetchContent)
FetchContent_Declare(net SOURCE_DIR ${CMAKE_CURRENT_SOURCE_DIR}/net)
FetchContent_MakeAvailable(net)
add_executable(of_cxx main.cpp)
target_link_libraries(of_cxx PRIVATE example-net)
END
cat >"$project/main.cpp" <<'END'
#include <cstring>
#include <model.h>
#include <model_test_vector.h>
static model_workspace workspace;
int main()
{
    const model_score *scores = model_scores(model_test_samples, &workspace);
    return !model_verify() || std::memcmp(scores, model_test_scores, MODEL_OUTPUTS * sizeof *scores) != 0;
}
END
cmake -S "$project" -B "$project/build" >cmake.log && cmake --build "$project/build" >>cmake.log ||
    { cat cmake.log >&2; die "a project of C++ does not build with it"; }
"$project/build/of_cxx" || die "a project of C++ has not the bits of the export"
printf '%s\n' "c-export: CMake alone and in a project of C++: the bits of the export"

# As the Arduino IDE builds: every file of src for itself, and the example, a sketch, as C++ behind Arduino.h. An ATmega has an
# int of 16 bits and pads nothing.
mkdir arduino
cat >arduino/Arduino.h <<'END'
struct Port { void begin(long) {} void println(const char *) {} };
extern Port Serial;
END
for folder in 30-13-7-5-{f32,int8,int4}; do
    for field in name version author maintainer sentence paragraph category url architectures includes; do
        grep -q "^$field=." $folder/library.properties || die "$folder/library.properties has no $field"
    done
    for compiler in "arm-none-eabi-g++ -mcpu=cortex-m4 -mthumb" "avr-g++ -mmcu=atmega2560"; do
        for file in $folder/src/*.c; do
            # shellcheck disable=SC2086 # words
            ${compiler/g++/gcc} -std=gnu11 -Os -Wall -Wextra -Werror -I$folder/src -c "$file" -o arduino/file.o
        done
        # shellcheck disable=SC2086 # words
        $compiler -std=gnu++11 -Os -fno-exceptions -Wall -Wextra -Werror -Iarduino -I$folder/src -include Arduino.h -x c++ \
            -c $folder/examples/self_test/self_test.ino -o arduino/sketch.o
    done
done
printf '%s\n' "c-export: the layout of an Arduino library compiles for ARM and AVR"
for folder in 30-13-7-5-{f32,int8,int4}; do
    for opt in -Os -O1 -O2; do
        # shellcheck disable=SC2086 # words
        avr-gcc -mmcu=atmega2560 $WARNINGS $opt -DMODEL_QUIET -Dmain=test_model -I$folder/src -c $folder/test_model.c -o arduino/test.o
        avr-gcc -mmcu=atmega2560 -std=gnu11 $opt -Wall -Wextra -Werror -I$folder/src $folder/src/*.c arduino/test.o firmware/c/avr.c \
            -o arduino/test.elf
        # All of it is read: who writes to a pipe that nobody reads any more fails.
        said=$(timeout 60 simavr -m atmega2560 -f 16000000 arduino/test.elf </dev/null 2>&1) && [[ $said == *SAME* ]] ||
            die "$folder on an ATmega2560 at $opt: not the bits of the export"
    done
done
printf '%s\n' "c-export: the bits of the export on an ATmega2560"

while IFS='|' read -r board compiler memory machine; do
    [ -n "$board" ] || continue
    # shellcheck disable=SC2086 # words
    $compiler -std=gnu11 -O2 -ffreestanding -c firmware/c/start.c
    for folder in {30-13-7-5,64-32-16-10}-{f32,int8,int4}; do
        build "$compiler" "$memory" -O2 $folder $folder/test_model.c program
        # shellcheck disable=SC2086 # words
        timeout 60 $machine $SEMIHOSTING -kernel program </dev/null || die "$folder on $board: not the bits of the export"
    done
    printf '%s\n' "c-export: the bits of the export on $board"
done <<<"$BOARDS"

# One inference on the Cortex-M4F, the code beyond a program without it, its numbers, and the RAM of its workspace and its stack
# without the scores. The stack lies below what is static, so that the lowest address tells how much of it was used.
IFS='|' read -r board compiler memory machine <<<"$(grep Cortex-M4F <<<"$BOARDS")"
readonly STACK_TOP=0x20008000
memory="0 2M $STACK_TOP 96K"
# shellcheck disable=SC2086 # words
$compiler -std=gnu11 -O2 -ffreestanding -c firmware/c/start.c
cc -O2 -shared -fPIC -o count.so firmware/qemu/count.c
{
    printf '%-24s %-5s %-4s %12s %6s %9s %6s\n' model type opt instructions code constants RAM
    for net in 64-32-16-10 $AD; do
        for dtype in f32 int8 int4; do
            for opt in -O3 -O2; do
                build "$compiler -DBENCH_NONE" "$memory" $opt $net-$dtype firmware/c/bench.c program $STACK_TOP
                empty=$(section_bytes program .text)
                build "$compiler" "$memory" $opt $net-$dtype firmware/c/bench.c program $STACK_TOP
                counter=$(counter ./count.so count.txt program)
                # shellcheck disable=SC2086 # words
                $machine $SEMIHOSTING -plugin "$counter" -kernel program </dev/null ||
                    die "$net, $dtype, $opt: not the bits of the export"
                [ $dtype = f32 ] && scores=$((4 * ${net##*-})) || scores=$((2 * ${net##*-}))
                stack=$((STACK_TOP - $(sed -n 's/^lowest //p' count.txt)))
                printf '%-24s %-5s %-4s %12s %6s %9s %6s\n' "${net/$AD/MLPerf Tiny AD}" $dtype $opt \
                    "$(sed -n 's/^instructions //p' count.txt)" $(($(section_bytes program .text) - empty)) \
                    "$(constant_bytes program)" $(($(section_bytes program .data .bss) + stack - scores))
            done
        done
    done
} | tee "$built/c-figures.txt"
