#!/usr/bin/env bash
# Trains on several ranks over MPI, and compares the files with those of one process, byte for byte. Kills ranks, and resumes on another number of
# them.
#
#   scripts/mpi.sh [quick]     quick: a few of the combinations, and two kills
#
# `scripts/setup.sh mpi` installs what it needs. BARENET=path takes a command that was built with the feature mpi.
set -euo pipefail
cd "$(dirname "$0")/.."

die() { printf '%s\n' "mpi: $*" >&2; exit 1; }

if [ -z "${BARENET:-}" ]; then
    cargo build --quiet --features mpi --bin barenet
    BARENET=${CARGO_TARGET_DIR:-target}/debug/barenet
fi
BARENET=$(realpath "$BARENET")
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"

# More ranks than CPUs wait for each other without taking what the others compute with.
ranks() {
    local count=$1
    shift
    BARENET_EXACT_THREADS=1 mpirun --allow-run-as-root --oversubscribe --mca mpi_yield_when_idle 1 -np "$count" "$BARENET" "$@"
}

readonly SIZE="--data builtin --hidden 24,20 --batch-size 72 --shards 24 --train-size 216 --val-size 100 --test-size 10 --num-train-samples 70 --epochs 2"
readonly FILES="config.toml events.jsonl best.safetensors last.ckpt"

# Settings that have no place in the comparison: how many threads a rank has.
same() {
    local file
    for file in $FILES; do
        case $file in
            config.toml) diff <(grep -v '^threads' "one/$file") <(grep -v '^threads' "$1/$file") >"$place/diff" ;;
            *) cmp "one/$file" "$1/$file" >"$place/diff" ;;
        esac || { cat "$place/diff"; die "$2: $file is another"; }
    done
}

kinds=("" "--batchnorm" "--keep-prob 0.8" "--flip random --shift 3" "--local 6@4/2+1 --batchnorm")
rules=(sgd adam)
counts=(1 2 3 4 8)
threads=(1 2)
kills=20
if [ "${1:-}" = quick ]; then
    kinds=("--batchnorm --keep-prob 0.8 --flip random") rules=(adam) counts=(2 3) threads=(1) kills=2
fi

tried=0
for kind in "${kinds[@]}"; do
    for rule in "${rules[@]}"; do
        for count_threads in "${threads[@]}"; do
            read -ra flags <<<"$SIZE $kind --update-rule $rule --threads $count_threads"
            BARENET_EXACT_THREADS=1 "$BARENET" train --quiet "${flags[@]}" --out one --force
            for count in "${counts[@]}"; do
                ranks "$count" train --quiet "${flags[@]}" --out several --force
                same several "$count ranks of $count_threads threads, $kind $rule"
                tried=$((tried + 1))
            done
        done
    done
done
echo "mpi: $tried runs on ${counts[*]} ranks left the bytes of one process"

# A run that is long enough to be killed.
read -ra flags <<<"$SIZE --batchnorm --update-rule adam --threads 1 --epochs 120"
BARENET_EXACT_THREADS=1 "$BARENET" train --quiet "${flags[@]}" --out one --force
next=(2 3 4 8)
killed=0 round=0
while [ "$killed" -lt "$kills" ]; do
    count=${next[$((round % ${#next[@]}))]} round=$((round + 1))
    if [ -e several/last.ckpt ] && [ "$round" -gt 1 ]; then
        arguments=(train --quiet --resume several --data builtin --checkpoint-every 5)
    else
        arguments=(train --quiet "${flags[@]}" --out several --force --checkpoint-every 5)
    fi
    ranks "$count" "${arguments[@]}" >out 2>err &
    job=$!
    sleep "$(awk -v seed="$RANDOM" 'BEGIN { srand(seed); print 1 + rand() * 1.5 }')"
    victim=$(pgrep -f "^$BARENET train" | shuf -n 1 || true)
    [ -z "$victim" ] || kill -9 "$victim" 2>/dev/null || true
    if wait "$job"; then
        # It was at its end before: begin again.
        same several "$count ranks, after $killed kills"
        rm -rf several
        round=0
    else
        killed=$((killed + 1))
    fi
done
if [ -e several/last.ckpt ]; then
    ranks 2 train --quiet --resume several --data builtin
else
    ranks 2 train --quiet "${flags[@]}" --out several --force
fi
same several "after $killed kills"
echo "mpi: after $killed kills, resumed on ${next[*]} ranks in turn, the bytes of one process"

# The job ends with a rank that dies, and the first one says what to run.
rm -rf several
ranks 2 train --quiet "${flags[@]}" --epochs 100000 --out several --force >out 2>err &
job=$!
until [ -e several/last.ckpt ]; do sleep 0.2; done
for victim in $(pgrep -f "^$BARENET train"); do
    ! grep -qz 'OMPI_COMM_WORLD_RANK=1' "/proc/$victim/environ" || kill -9 "$victim"
done
! wait "$job" || die "a rank died, and the job succeeded"
grep -q "resume with: mpirun -np 2 barenet train --resume several" err || { cat err; die "nobody says how to resume"; }
echo "mpi: a job whose rank has died says how to resume"

# What must be refused, in one line.
refused() {
    local text=$1
    shift
    if "$@" >out 2>err; then die "not refused: $*"; fi
    grep -q "error: .*$text" err || { cat err; die "$* does not say: $text"; }
    [ "$(grep -c 'error: ' err)" = 1 ] || { cat err; die "$* says it more than once"; }
}
read -ra flags <<<"$SIZE --update-rule sgd --threads 1 --quiet"
refused "which 5 ranks do not divide" ranks 5 train "${flags[@]}" --out refused --force
two() { mpirun --allow-run-as-root --oversubscribe -np 1 "$BARENET" "${first[@]}" : -np 1 "$BARENET" "${second[@]}"; }
first=(train "${flags[@]}" --out refused --force)
second=("${first[@]}" --seed 1)
refused "rank 1 has other settings" two
second=("${first[@]}" --gemm portable)
refused "rank 1 has another kernel" two
printf 'x,y\n1,2\n2,4\n3,6\n4,8\n5,10\n6,12\n7,14\n8,16\n9,18\n10,20\n11,22\n12,24\n' >a.csv
sed 's/^5,10$/5,11/' a.csv >b.csv
first=(train --data a.csv --shards 2 --quiet --out refused --force)
second=(train --data b.csv --shards 2 --quiet --out refused --force)
refused "rank 1 has other data" two
echo "mpi: ranks that do not fit together are refused"

# The folder of a run is where the first rank is, and nowhere else.
mkdir here there
several=(mpirun --allow-run-as-root --oversubscribe --mca mpi_yield_when_idle 1)
"${several[@]}" -np 1 -wdir "$place/here" "$BARENET" train "${flags[@]}" --epochs 1 --out run : -np 1 -wdir "$place/there" "$BARENET" train "${flags[@]}" --epochs 1 --out run
"${several[@]}" -np 1 -wdir "$place/here" "$BARENET" train --resume run --epochs 2 --data builtin --quiet : \
    -np 1 -wdir "$place/there" "$BARENET" train --resume run --epochs 2 --data builtin --quiet
BARENET_EXACT_THREADS=1 "$BARENET" train "${flags[@]}" --epochs 2 --out one --force
same here/run "a folder that the first rank alone sees"
[ -z "$(ls there)" ] || die "a rank that is not the first left files"
echo "mpi: the folder of a run is the first rank's alone, also when it is resumed"

# Cross-validation: fold after fold, each on all ranks.
folds=(train --data a.csv --folds 3 --shards 2 --batch-size 4 --epochs 3 --threads 1 --quiet --force)
"$BARENET" "${folds[@]}" --out crossed
ranks 2 "${folds[@]}" --out crossed-2
for fold in 1 2 3; do
    rm -rf one several
    mv crossed/fold-$fold one
    mv crossed-2/fold-$fold several
    same several "fold $fold on 2 ranks"
done
[ -e crossed-2/report.html ] || die "cross-validation on 2 ranks leaves no page"
refused "at iteration" ranks 2 "${folds[@]}" --learning-rate 1e30 --update-rule sgd --out crossed-3
echo "mpi: cross-validation on 2 ranks left the bytes of one process"

# Data that all ranks of a machine have once: 40,000 pictures of 28 by 28 pixels, as IDX has them.
mkdir idx
idx() { printf "%b" "$1"; head -c "$2" /dev/urandom; }
idx '\x00\x00\x08\x03\x00\x00\x9c\x40\x00\x00\x00\x1c\x00\x00\x00\x1c' 31360000 >idx/train-images-idx3-ubyte
{ printf '\x00\x00\x08\x01\x00\x00\x9c\x40'; head -c 40000 /dev/urandom | tr '\000-\377' '\000-\011'; } >idx/train-labels-idx1-ubyte
shared=(train --data idx --shards 6 --batch-size 60 --train-size 300 --val-fraction 0.01 --test-fraction 0.01 --epochs 1 --hidden 8 --threads 1 --force)
BARENET_EXACT_THREADS=1 "$BARENET" "${shared[@]}" --quiet --out one
for from in 1000 40000000; do
    BARENET_SHARE_FROM=$from ranks 3 "${shared[@]}" --out several >out
    grep -q "^memory    2 ranks use the data of another" out || [ "$from" = 40000000 ] || { cat out; die "3 ranks have the data three times"; }
    same several "data that ranks share, from $from bytes on"
done
! grep -q "^memory" out || die "few data are shared"
echo "mpi: ranks of a machine have the data once"

# Trials of a sweep, shared by the processes of a job.
printf '[settings]\nnum_epochs = 4\n[parameters]\nlearning_rate = { values = [1e-4, 1e-3, 1e-2, 1e-1] }\n[halving]\nmin_epochs = 1\n' >lr.toml
"$BARENET" sweep lr.toml --data a.csv --quiet --jobs 1 --out alone
ranks 3 sweep lr.toml --data a.csv --jobs 1 --out together >out
grep -q "^the best is trial-" out || { cat out; die "a sweep of three processes has no best trial"; }
diff alone/leaderboard.csv together/leaderboard.csv || die "a sweep of three processes has another leaderboard"
echo "mpi: processes of a job share the trials of a sweep"
