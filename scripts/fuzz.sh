#!/usr/bin/env bash
# Runs every fuzz target for some seconds: scripts/fuzz.sh [SECONDS] [TARGET…]
# Needs a nightly toolchain and what `scripts/setup.sh fuzz` installs. SANITIZER=address looks for wrong memory accesses too, which
# only dependencies could have: what is fuzzed is safe Rust, and is built and run faster without.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"

seconds=${1:-10}
targets=("${@:2}")
[ ${#targets[@]} -gt 0 ] || targets=(cifar10 pickle archive arrays settings weights checkpoint onnx tensors tflite net)
for target in "${targets[@]}"; do
  echo "== fuzz $target for $seconds s"
  mkdir -p "corpus/$target"
  seeds=()
  for folder in seeds regressions; do
    [ ! -d "$folder/$target" ] || seeds+=("$folder/$target")
  done
  cargo +nightly fuzz run --sanitizer "${SANITIZER:-none}" --fuzz-dir . "$target" "corpus/$target" "${seeds[@]}" -- \
    -max_total_time="$seconds" -max_len=8192 -timeout=10 -verbosity=0 -print_final_stats=0
done
