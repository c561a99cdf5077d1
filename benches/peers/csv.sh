#!/usr/bin/env bash
# Reads the same generated CSV, 1,000,000 rows of 50 numbers (or as many rows as are asked for), with pandas' C
# reader and with barenet in turn, and prints the best of three of each, their ratio, and the peak memory: numbers of six
# decimals, with all digits as pandas writes them, in numpy's %.18e, and bytes.
# Takes a Python that has pandas and numpy: PYTHON=... benches/peers/csv.sh [ROWS]
set -euo pipefail
cd "$(dirname "$0")/../.."
rows=${1:-1000000}
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cargo build --release --quiet -p barenet-benches --example read_csv
cat > "$folder/write.py" <<'PY'
import sys
import numpy as np
import pandas as pd
kind, rows, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
rng = np.random.default_rng(0)
with open(path, "w") as file:
    file.write(",".join(f"c{i}" for i in range(50)) + "\n")
    for start in range(0, rows, 10000):
        count = min(10000, rows - start)
        if kind == "bytes":
            np.savetxt(file, rng.integers(0, 256, size=(count, 50)), fmt="%d", delimiter=",")
            continue
        block = rng.normal(size=(count, 50))
        if kind == "digits":
            pd.DataFrame(block).to_csv(file, header=False, index=False)
        else:
            np.savetxt(file, block, fmt=kind, delimiter=",")
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
for kind in %.6f digits %.18e bytes; do
  "$python" "$folder/write.py" "$kind" "$rows" "$folder/table.csv"
  read -r pandas pandas_mb < <(best_of "$python" "$folder/read.py" "$folder/table.csv")
  read -r ours ours_mb < <(best_of target/release/examples/read_csv "$folder/table.csv")
  echo "rows $rows, 50 numbers each, $kind"
  echo "pandas   $pandas s, $pandas_mb MB at most"
  echo "barenet  $ours s, $ours_mb MB at most"
  awk -v a="$pandas" -v b="$ours" 'BEGIN { printf "barenet is %.2f times as fast\n", a / b }'
done
