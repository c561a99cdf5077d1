#!/usr/bin/env bash
# Compares the figures of docs/embedded.md with what scripts/firmware.sh left in firmware/target/figures.txt and
# with what scripts/count.sh prints, and with what scripts/c-export.sh left, if it ran: each must be within 3 %, which another compiler may make of it.
#
#   scripts/docs-figures.sh [MODEL...]     models to count, for example 3072-100-10; 64-32-16-10 unless said
set -euo pipefail
cd "$(dirname "$0")/.."

readonly PAGE=docs/embedded.md AD=640-128-128-128-128-8-128-128-128-128-640
figures=${CARGO_TARGET_DIR:-$PWD/firmware/target}/figures.txt
[ $# -gt 0 ] || set -- 64-32-16-10
wrong=0

die() { printf '%s\n' "docs-figures: $*" >&2; exit 1; }

# Compares the numbers of the table's row that is called $1 with all others.
row() {
    local name=$1 line
    shift
    line=$(grep -F "| $name |" $PAGE) || die "$PAGE has no row \"$name\""
    printf '%s\n' "${line#*"| $name |"}" | tr -d ',' | grep -oE '[0-9]+(\.[0-9]+)?' | tr '\n' ' ' |
        awk -v found="$*" -v name="$name" '{
            n = split(found, numbers, " ")
            bad = NF != n
            for (i = 1; i <= n; i++) {
                difference = $i - numbers[i]
                if (difference < 0) difference = -difference
                if (difference > 0.03 * numbers[i] + 0.005) bad = 1
            }
            printf "%s  %s: %s\n", bad ? "WRONG" : "ok   ", name, bad ? "the page says " $0 "but it is " found : $0
            exit bad
        }' || wrong=1
}

# Column $2 of program $1 on the Cortex-M4F, at opt-levels 3, "s" and "z".
firmware() {
    awk -v program="$1" -v column="$2" '$1 == "Cortex-M4F" && $3 == program && $2 ~ /release|size|smallest/ {
        print $column }' "$figures" | tr '\n' ' '
}

[ -s "$figures" ] || die "no $figures; run scripts/firmware.sh"
row '`learn`, code, bytes' "$(firmware learn 4)"
row '`learn`, static RAM, bytes' "$(firmware learn 6)"
row '`learn`, stack of a step, bytes' "$(firmware learn 7)"
# Where a folder lies changes it by half a percent, so a rounded number may be either of two.
said=$(grep -oE '[0-9.]+ times the instructions of an inference' $PAGE) || die "$PAGE has no \"times the instructions\""
awk -v said="${said%% *}" '$1 == "step" {
    found = $2 / $3
    bad = found - said > 0.05 || said - found > 0.05
    printf "%s  a step takes %.3f times the instructions of an inference; the page says %s\n", bad ? "WRONG" : "ok   ", found, said
    exit bad
}' "$figures" || wrong=1

models=()
for model in "$@"; do models+=("$model:int8-dsp" "$model:int8" "$model:int4-dsp" "$model:f32"); done
counted=$(scripts/count.sh "${models[@]}")
for model in "$@"; do
    for kernel in int8-dsp int8 int4-dsp f32; do
        case $kernel in
            *-dsp) name="${kernel%-dsp} with DSP" ;;
            int8) name="int8, portable" ;;
            *) name=$kernel ;;
        esac
        title=${model/$AD/MLPerf Tiny AD}
        # Two lines, one for each opt-level: instructions, both quotients, code, RAM.
        found=$(awk -v start="$title " -v kernel="$kernel" 'index($0, start) == 1 {
                n = NF
                if ($(n - 7) != kernel) next
                for (i = 0; i < 5; i++) values[i] = values[i] " " $(n - 5 + (i < 4 ? i : 5))
            } END { for (i = 0; i < 5; i++) printf "%s", values[i] }' <<<"$counted")
        row "${model/$AD/MLPerf Tiny anomaly detection}, $name" "$found"
    done
done

# The C of `export`, where scripts/c-export.sh left its figures: two lines, one for each opt-level.
c_figures=${CARGO_TARGET_DIR:-$PWD/target}/c-figures.txt
if [ -s "$c_figures" ]; then
    for model in 64-32-16-10 $AD; do
        title=${model/$AD/MLPerf Tiny AD}
        for dtype in f32 int8 int4; do
            found=$(awk -v start="$title " -v dtype=$dtype 'index($0, start) == 1 && $(NF - 5) == dtype {
                    for (i = 0; i < 4; i++) values[i] = values[i] " " $(NF - 3 + i)
                } END { for (i = 0; i < 4; i++) printf "%s", values[i] }' "$c_figures")
            [ $dtype = f32 ] && name=f32 || name="$dtype with DSP"
            row "${model/$AD/MLPerf Tiny anomaly detection} in C, $name" "$found"
        done
    done
fi
[ "$wrong" = 0 ] || die "$PAGE does not say what the scripts print"
