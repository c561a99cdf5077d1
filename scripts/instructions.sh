#!/usr/bin/env bash
# Counts the instructions of the hot kernels with valgrind, and compares with the run before it: a
# slowdown shows on a busy machine too. Arguments go to the benchmark, for example
# `--callgrind-limits='ir=2%'` to fail when one takes 2 % more.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v valgrind >/dev/null; then
  echo "valgrind is missing; on Debian or Ubuntu: apt-get install valgrind" >&2
  exit 1
fi
# The runner must have the version of the library.
version=$(sed -n 's/^gungraun = "\(.*\)"/\1/p' Cargo.toml)
tools=$PWD/target/tools
if [ ! -x "$tools/bin/gungraun-runner" ]; then
  cargo install gungraun-runner --version "$version" --root "$tools" --quiet
fi
export GUNGRAUN_RUNNER=$tools/bin/gungraun-runner
exec cargo bench --package barenet-benches --bench instructions --features instructions -- "$@"
