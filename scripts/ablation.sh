#!/usr/bin/env bash
# Trains a preset for CIFAR-10 without one of its ingredients after another, and prints the accuracy on all test images as
# the rows of a table: mean and spread (least to most) of some seeds, and the difference of the means.
#
#   scripts/ablation.sh [PRESET [EPOCHS [SEED...]]]     minute, its own number of epochs, and seeds 0 1 2 unless said
#
# Images are found as `barenet train` finds them. BARENET=path takes a command that has been built, and more ARGUMENTS go to
# every training. What has been trained lies in target/ablation, and is not trained again.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-minute} epochs=${2:-}
seeds=("${@:3}")
[ ${#seeds[@]} -gt 0 ] || seeds=(0 1 2)
read -ra arguments <<<"${ARGUMENTS:-}"
[ -z "$epochs" ] || arguments+=(--epochs "$epochs")

die() { printf '%s\n' "ablation: $*" >&2; exit 1; }

case $preset in
  minute) other="AdamW in place of Muon|--update-rule adamw --learning-rate 0.003" ;;
  *) other="AdamW in place of Muon|--update-rule adamw --learning-rate 0.006" ;;
esac

# Of each row what is printed, and the flags that take the ingredient away.
readonly ROWS=(
  "all of it|"
  "neither flips nor shifts|--flip none --shift 0"
  "no shifts|--shift 0"
  "no flips|--flip none"
  "no batch norm|--batchnorm=false"
  "a constant learning rate|--schedule constant --lr-warmup-epochs 0"
  "$other"
  "no weight decay|--weight-decay 0"
  "labels not smoothed|--label-smoothing 0"
  "no warm-up|--lr-warmup-epochs 0"
  "weight decay on all parameters|--decay-on all"
  "scaled by the mean image alone|--scale mean-image"
  "cutout besides|--cutout 8"
  "mixup besides|--mixup 0.2"
)

if [ -z "${BARENET:-}" ]; then
  cargo build --quiet --release --bin barenet
  BARENET=${CARGO_TARGET_DIR:-target}/release/barenet
fi

# The accuracies of a row.
accuracies() {
  local name=$1 seed out found
  read -ra flags <<<"$2"
  for seed in "${seeds[@]}"; do
    out="target/ablation/$preset-${epochs:-whole}-${name// /-}-$seed"
    [ -s "$out/summary.json" ] ||
      "$BARENET" train --quiet --preset "$preset" "${arguments[@]}" "${flags[@]}" --seed "$seed" --out "$out" --force >&2
    found=$(sed -n 's/.*"test_acc\(uracy\)\?": *\([0-9.]*\).*/\2/p' "$out/summary.json" | head -1)
    [ -n "$found" ] || die "$out/summary.json has no accuracy"
    printf '%s ' "$found"
  done
}

mkdir -p target/ablation
whole=
for row in "${ROWS[@]}"; do
  found=$(accuracies "${row%%|*}" "${row#*|}")
  whole=${whole:-$found}
  awk -v name="${row%%|*}" -v found="$found" -v whole="$whole" 'function mean(text,  n, i, sum, all) {
      n = split(text, all, " "); for (i = 1; i <= n; i++) sum += all[i]; return 100 * sum / n
    }
    BEGIN {
      n = split(found, all, " "); least = most = all[1]
      for (i = 2; i <= n; i++) { if (all[i] < least) least = all[i]; if (all[i] > most) most = all[i] }
      printf "| %s | %.2f %% | %.2f to %.2f | %+.2f |\n", name, mean(found), 100 * least, 100 * most, mean(found) - mean(whole)
    }'
done
