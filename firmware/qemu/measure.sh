# What a program for a device takes, and how it is counted, for scripts that source this file.

# Bytes of sections of a program: $1 the program, the others sections.
section_bytes() {
    local program=$1 section sum=0 size
    shift
    for section in "$@"; do
        size=$(readelf -SW "$program" | sed -n 's/^ *\[ *[0-9]*\] //p' | awk -v name="$section" '$1 == name { print $5 }')
        sum=$((sum + 16#${size:-0}))
    done
    echo $sum
}

# Bytes of a program's constants, without its input and the outputs that it must have.
constant_bytes() {
    local tests
    tests=$(readelf -sW "$1" |
        awk '$8 ~ /^(input|expected|model_test_samples|model_test_scores|_ZN5bench(5INPUT|11HOST_SCORES)17h.*)$/ { sum += $3 } END { print sum + 0 }')
    echo $(($(section_bytes "$1" .rodata) - tests))
}

# The plugin of QEMU that counts a program between its last two calls of `mark`, as a flag names it: $1 the built count.c, $2 the
# file of what it counts, $3 the program.
counter() {
    local mark
    mark=$(readelf -sW "$3" | awk '$8 == "mark" || $8 ~ /board4mark/ { mark = $2 } END { print mark }')
    [ -n "$mark" ] || { echo "$3: no function \`mark\`" >&2; return 1; }
    # The lowest bit of the address of a function says that it is Thumb code.
    echo "$1,mark=$((16#$mark & ~1)),out=$2"
}
