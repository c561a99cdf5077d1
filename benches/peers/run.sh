#!/usr/bin/env bash
# Measures barenet beside PyTorch, JAX, scikit-learn, NumPy, burn, candle, ONNX Runtime, OpenVINO and tract, each at its
# fastest setting, in one run on this machine, and writes target/peers/table.md and results.csv. burn, candle and tract
# know W1 to W4 alone. Arguments go to run.py:
#
#   benches/peers/run.sh                                  everything, about fifteen minutes
#   benches/peers/run.sh --only W1 --rounds 3             one workload
#   benches/peers/run.sh --only inference
#   benches/peers/run.sh --update README.md docs/performance.md
#
# CIFAR10_DIR names a folder with CIFAR-10 (binary version); without, the images are random.
# VENV names a virtual environment to use, RUST_PEERS=0 leaves burn, candle and tract out.
set -euo pipefail
cd "$(dirname "$0")/../.."

here=benches/peers
work=$PWD/target/peers
venv=${VENV:-$work/venv}
mkdir -p "$work"

# They would tell OpenBLAS to use other kernels than it would by itself.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE

if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv"
fi
if ! "$venv/bin/python" -c 'import jax, numpy, onnx, onnxruntime, openvino, sklearn, torch' 2>/dev/null; then
  "$venv/bin/pip" install --quiet --requirement $here/requirements.txt
fi

build() { # NAME CARGO-ARGUMENTS
  cargo build --release --package barenet-cli --package barenet-benches --bin barenet \
    --example machine --example peer "${@:2}"
  for program in barenet examples/machine examples/peer; do
    install -D "target/release/$program" "$work/$1/$(basename "$program")"
  done
}
if [ "${BUILD:-1}" = 1 ]; then
  build default
  build openblas --features barenet-cli/openblas,barenet-benches/openblas
  if [ "${RUST_PEERS:-1}" = 1 ]; then
    cargo build --release --manifest-path $here/rust/Cargo.toml --target-dir "$work/rust"
  fi
fi

exec "$venv/bin/python" $here/run.py --work "$work" "$@"
