#!/usr/bin/env bash
# Reads the same generated CSV, 1,000,000 rows of 50 numbers (or as many rows as are asked for), with pandas' C
# reader and with barenet in turn, and prints the best of three of each, their ratio, and the peak memory.
# Takes a Python that has pandas and numpy: PYTHON=... benches/peers/csv.sh [ROWS]
set -euo pipefail
cd "$(dirname "$0")/../.."
rows=${1:-1000000}
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cargo build --release --quiet -p barenet-benches --example read_csv
"$python" - "$rows" "$folder/table.csv" <<'PY'
import sys
import numpy as np
rows, path = int(sys.argv[1]), sys.argv[2]
rng = np.random.default_rng(0)
with open(path, "w") as file:
    file.write(",".join(f"c{i}" for i in range(50)) + "\n")
    for start in range(0, rows, 10000):
        block = rng.normal(size=(min(10000, rows - start), 50))
        np.savetxt(file, block, fmt="%.6f", delimiter=",")
PY
cat > "$folder/read.py" <<'PY'
import resource, sys, time
import pandas as pd
start = time.perf_counter()
table = pd.read_csv(sys.argv[1], engine="c")
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
PY
best_of() {
    "$python" - "$@" <<'PY'
import resource, subprocess, sys, time
best, peak = float("inf"), 0
for _ in range(3):
    out = subprocess.run(sys.argv[1:], capture_output=True, text=True, check=True).stdout
    best = min(best, float(out.split()[0]))
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(f"{best:.3f} {peak:.0f}")
PY
}
read -r pandas pandas_mb < <(best_of "$python" "$folder/read.py" "$folder/table.csv")
read -r ours ours_mb < <(best_of target/release/examples/read_csv "$folder/table.csv")
echo "rows $rows, 50 numbers each"
echo "pandas   $pandas s, $pandas_mb MB at most"
echo "barenet  $ours s, $ours_mb MB at most"
awk -v a="$pandas" -v b="$ours" 'BEGIN { printf "barenet is %.2f times as fast\n", a / b }'
