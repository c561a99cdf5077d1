#!/usr/bin/env bash
# Trains a few small runs, a sweep of 200 and the folds of a cross-validation, makes reports of them, and opens each in headless Chromium at three widths, light and dark: fails on
# anything that the console says, on a request for anything but the file, on a page wider than its window, and where zoom, values
# at the pointer or keys do not work. Chromium comes from scripts/setup.sh browser.
#
#   scripts/report.sh [SHOTS]     SHOTS: a folder for the screenshots
set -euo pipefail
cd "$(dirname "$0")/.."

command -v chromium >/dev/null || scripts/setup.sh browser
if [ -z "${BARENET:-}" ]; then
    cargo build --release -p barenet-cli
    BARENET=${CARGO_TARGET_DIR:-target}/release/barenet
fi
barenet=$(realpath "$BARENET")
here=$PWD
shots=${1:+$(mkdir -p "$1" && realpath "$1")}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"

# Built-in images, a table whose class has a name that is markup, numbers, and anomalies.
export CIFAR10_DIR=builtin
train() { "$barenet" train -q "$@"; }
train --hidden 20 --train-size 400 --epochs 3 --schedule decay --lr-decay 0.8 --out pictures
train --hidden 20 --train-size 400 --epochs 3 --update-rule adam --out adam
awk 'BEGIN { srand(1); print "width,height,price,kind";
    for (i = 0; i < 300; i++) { w = rand(); h = rand();
        printf "%.4f,%.4f,%.3f,%s\n", w, h, 3 * w + h * h + 0.05 * rand(), (w + 0.2 * rand() > h ? "<b>tall</b>" : "\"</script>\"") } }' >table.csv
train --data table.csv --target kind --ignore price --epochs 8 --out classes
train --data table.csv --target price --ignore kind --epochs 8 --out numbers
train --data table.csv --task reconstruct --target kind --normal '<b>tall</b>' --ignore price --epochs 8 --out anomalies

report() { "$barenet" report "$@" >/dev/null; }
report pictures --out pictures.html
for run in classes numbers anomalies; do
    report "$run" --data table.csv --out "$run.html"
done
report pictures adam classes --out several.html

# A sweep of 200 runs, a few of which diverge in their first step, and a cross-validation, whose training writes the page.
cat >sweep.toml <<'END'
method = "random"
trials = 200
[parameters]
learning_rate = { min = 1e-3, max = 1e38, log = true }
hidden = { values = [[4], [8, 8]] }
[settings]
update_rule = "sgd"
END
"$barenet" sweep -q sweep.toml --data table.csv --target kind --ignore price --epochs 2 --out sweep
report sweep --data table.csv --out sweep.html
train --data table.csv --target kind --ignore price --epochs 8 --folds 3 --out folds
cp folds/report.html folds.html
SHOTS=$shots python3 "$here/scripts/report.py" pictures/report.html {pictures,classes,numbers,anomalies,several,sweep,folds}.html
