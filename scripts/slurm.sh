#!/usr/bin/env bash
# Trains under a Slurm of its own, of two nodes that are both this machine, and compares the files with those of one process, byte for byte: srun,
# mpirun in an allocation, the batch scripts of docs/cluster.md and docs/sweep.md, ranks that are killed.
#
#   scripts/slurm.sh [quick]     quick: without the jobs that come to the end of their time, which take minutes
#
# `scripts/setup.sh mpi slurm` installs what it needs. BARENET=path takes a command that was built with the feature mpi.
set -euo pipefail
cd "$(dirname "$0")/.."

PATH=$PATH:/usr/sbin
for command in munged slurmctld slurmd srun mpirun; do
    command -v $command >/dev/null || { echo "slurm: no $command here; run scripts/setup.sh mpi slurm" >&2; exit 1; }
done
if [ -z "${BARENET:-}" ]; then
    cargo build --quiet --features mpi --bin barenet
    BARENET=${CARGO_TARGET_DIR:-target}/debug/barenet
fi
BARENET=$(realpath "$BARENET")
pages=$PWD/docs
place=$(mktemp -d)

die() {
    printf '%s\n' "slurm: $*" >&2
    tail -n 5 "$place"/log.* >&2 || true
    exit 1
}

# Nothing of it is left, on whichever way out.
daemons=()
cleanup() {
    local status=$? pid
    if [ ${#daemons[@]} -gt 0 ]; then
        scancel --user="$(id -un)" 2>/dev/null || true
        for _ in $(seq 100); do
            [ -n "$(squeue -h 2>/dev/null)" ] || break
            sleep 0.1
        done
        # munged, which the others need, is the first.
        for pid in "${daemons[@]:1}" "${daemons[0]}"; do
            kill "$pid" 2>/dev/null || true
            wait "$pid" 2>/dev/null || true
        done
    fi
    for pid in /proc/[0-9]*; do
        # What Slurm started knows where it was set up.
        if [ "${pid#/proc/}" != $$ ] && env -u SLURM_CONF grep -qz "^SLURM_CONF=$place/" "$pid/environ" 2>/dev/null; then
            echo "slurm: process ${pid#/proc/} is left: $(tr '\0' ' ' <"$pid/cmdline")" >&2
            kill -9 "${pid#/proc/}" || true
            status=1
        fi
    done
    rm -rf "$place"
    exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# Waits for a condition, for two minutes unless said: what it is, and a command.
until_true() {
    local what=$1 end=$((SECONDS + ${PATIENCE:-120}))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || die "waited in vain: $what"
        sleep 0.1
    done
}

# munged wants a way to its socket that all may go.
chmod 711 "$place"
mkdir "$place/munge" "$place/state" "$place/work" "$place/work/bin"
ln -s "$BARENET" "$place/work/bin/barenet"
(umask 077 && head -c 128 /dev/urandom >"$place/key")
port=$((20000 + RANDOM % 10000)) nodes=""
for i in 1 2; do
    mkdir -p "$place/node$i/tmp"
    nodes+="NodeName=node$i NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=$((port + i)) CPUs=16"$'\n'
done
cat >"$place/slurm.conf" <<CONF
ClusterName=barenet
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
# A job that was requeued waits for as long as cred_expire says.
AuthInfo=socket=$place/munge/socket,cred_expire=10
StateSaveLocation=$place/state
SlurmctldPidFile=$place/slurmctld.pid
SlurmdSpoolDir=$place/%n
SlurmdPidFile=$place/%n/pid
TmpFS=$place/%n/tmp
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
# More CPUs than there are.
SlurmdParameters=config_overrides
KillWait=3
MpiDefault=none
${nodes}PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$place/slurm.conf
munged --foreground --key-file="$place/key" --socket="$place/munge/socket" --pid-file="$place/munge/pid" --seed-file="$place/munge/seed" \
    >"$place/log.munged" 2>&1 &
daemons+=($!)
until_true "munged has its socket" test -S "$place/munge/socket"
slurmctld -D >"$place/log.slurmctld" 2>&1 &
daemons+=($!)
for node in node1 node2; do
    slurmd -D -N "$node" >"$place/log.$node" 2>&1 &
    daemons+=($!)
done
all_idle() { [ "$(sinfo -h -t idle -o %D 2>/dev/null)" = 2 ]; }
until_true "two nodes are idle" all_idle
cd "$place/work"
PATH=$PWD/bin:$PATH

# More ranks than CPUs wait for each other without taking what the others compute with; and a machine's memory is shared by nobody on another.
export BARENET_EXACT_THREADS=1 OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl=tcp,self
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

# Without a word about waiting for resources.
srun() { command srun --quiet "$@"; }

readonly DATA="--data builtin"
readonly SIZE="--hidden 24,20 --batch-size 72 --shards 24 --train-size 216 --val-size 100 --test-size 10 --num-train-samples 70 --batchnorm --update-rule adam \
--threads 1 --quiet"
read -ra data <<<"$DATA"
read -ra flags <<<"$DATA $SIZE"

# Compares a run with that of one process.
same() {
    local file
    for file in config.toml events.jsonl best.safetensors last.ckpt; do
        cmp "one/$file" "$1/$file" || die "$2: $file is another"
    done
}
one() {
    rm -rf one
    barenet train "${flags[@]}" --epochs "$1" --out one
}

one 2
tried=0
for how in "-N1 -n2" "-N1 -n8" "-N2 -n2" "-N2 -n3" "-N2 -n8"; do
    read -ra how <<<"$how"
    srun --mpi=pmix "${how[@]}" barenet train "${flags[@]}" --epochs 2 --out several --force
    same several "srun ${how[*]}"
    tried=$((tried + 1))
done
env -u OMPI_MCA_btl srun --mpi=pmix -N1 -n4 barenet train "${flags[@]}" --epochs 2 --out several --force
same several "srun -N1 -n4, over shared memory"
echo "slurm: $((tried + 1)) runs of srun --mpi=pmix on one node and two left the bytes of one process"
salloc --quiet -N2 -n4 mpirun barenet train "${flags[@]}" --epochs 2 --out several --force
same several "salloc, and mpirun in it"
echo "slurm: mpirun in an allocation left the bytes of one process"
srun --mpi=none -n1 barenet train "${flags[@]}" --epochs 2 --out alone
same alone "srun -n1"

for kind in none pmi2; do
    if srun --mpi=$kind -n4 barenet train "${flags[@]}" --epochs 2 --out refused >out 2>err; then die "srun --mpi=$kind succeeded"; fi
    [ "$(grep -c "warning: .*start them with srun --mpi=pmix" err)" = 1 ] || { cat err; die "srun --mpi=$kind: nobody says once what to pass"; }
    [ ! -e refused ] || die "srun --mpi=$kind left a run"
done
echo "slurm: processes that MPI cannot join leave nothing, and one line says what to pass to srun"

# The trials of a sweep.
printf 'x,y\n1,2\n2,4\n3,6\n4,8\n5,10\n6,12\n7,14\n8,16\n9,18\n10,20\n11,22\n12,24\n' >table.csv
printf '[settings]\nnum_epochs = 4\n[parameters]\nlearning_rate = { values = [1e-4, 1e-3, 1e-2, 1e-1] }\n[halving]\nmin_epochs = 1\n' >lr.toml
barenet sweep lr.toml --data table.csv --quiet --jobs 1 --out alone
srun --mpi=none -N2 -n3 barenet sweep lr.toml --data table.csv --jobs 1 --out together >out
grep -q "^the best is trial-" out || { cat out; die "a sweep of three processes has no best trial"; }
cmp alone/leaderboard.csv together/leaderboard.csv || die "a sweep of three processes has another leaderboard"

# The script that a page has.
script() { awk '/^```/ { if (on) exit; next } /^#!\/bin\/bash/ { on = 1 } on' "$pages/$1"; }

script sweep.md | sed 's|/8$|/3|' >array.sh
grep -q '/3$' array.sh || die "docs/sweep.md has no job array"
# Each submission comes to the next comparison.
for round in 1 2 3; do
    sbatch --quiet --wait --array=1-3 --output="array.%a" array.sh || { cat array.?; die "job array, round $round"; }
done
cmp alone/leaderboard.csv lr/leaderboard.csv || die "a job array has another leaderboard"
echo "slurm: processes of a job and job arrays share the trials of a sweep"

# A run that is long enough to be killed.
long=(--epochs 100000 --out killed --force)
has_checkpoint() { [ -e "$1/last.ckpt" ]; }
begin() {
    rm -rf killed
    srun -N2 -n4 --mpi=pmix "$@" barenet train "${flags[@]}" "${long[@]}" >out 2>err &
    job=$!
    until_true "the run has a checkpoint" has_checkpoint killed
}
kill_rank() {
    local victim
    for victim in $(pgrep -x barenet); do
        ! grep -qz "^SLURM_CONF=$SLURM_CONF" "/proc/$victim/environ" || ! grep -qz '^SLURM_PROCID=1$' "/proc/$victim/environ" || kill -9 "$victim"
    done
}
# Goes on with it to an epoch after those that are there.
goes_on() {
    local epochs=$(($(grep -c '"epoch"' killed/events.jsonl) + 5))
    "$@" --epochs $epochs --quiet
    one $epochs
    same killed "$*"
}

begin -K
kill_rank
if wait "$job"; then die "a rank died, and the job succeeded"; fi
line=$(grep "resume with: " err) || { cat err; die "nobody says how to resume"; }
[ "$line" = "${line%%$'\n'*}" ] || die "more than one says how to resume: $line"
read -ra again <<<"${line##*resume with: }"
[ "${again[*]}" = "srun --mpi=pmix -n 4 barenet train --resume killed ${data[*]}" ] || die "what is said to resume with: ${again[*]}"
goes_on "${again[@]}"
begin
kill_rank
if wait "$job"; then die "a rank died, and the job succeeded"; fi
grep -q "task 1: Killed" err || { cat err; die "nobody says which rank died"; }
goes_on "${again[@]}"
echo "slurm: a job whose rank has died ends; with -K it says how to resume, to the bytes of one process"

begin
scancel "$(squeue -h -o %i)"
if wait "$job"; then die "a job that was cancelled succeeded"; else status=$?; fi
[ $status = 143 ] || die "a job that was cancelled has exit status $status"
[ "$(grep -c "^stopped at iteration .*; resume with: barenet train --resume killed" err)" = 1 ] || { cat err; die "scancel: nobody says how to resume"; }
goes_on srun -n2 --mpi=pmix barenet train --resume killed "${data[@]}"
echo "slurm: a job that is cancelled leaves a checkpoint, from which it goes on to the bytes of one process"

# The batch script of docs/cluster.md, of another network.
script cluster.md | sed "s|--preset minute --batch-size 4096|$SIZE --epochs \$EPOCHS|; s|barenet train|& $DATA|" >batch.sh
grep -q "barenet train $DATA" batch.sh && grep -q -- "--hidden" batch.sh || die "docs/cluster.md has another batch script"
field() { scontrol show job "$batch" | tr ' ' '\n' | sed -n "s/^$1=//p"; }
submit() {
    rm -rf runs batch.log
    batch=$(EPOCHS=$epochs sbatch --parsable --output=batch.log "$@" batch.sh)
}
is_over() { case $(field JobState) in COMPLETED | FAILED | CANCELLED | TIMEOUT | NODE_FAIL) ;; *) false ;; esac }
is_newer() { [ "$1" -nt "$2" ]; }
is_requeued() { [ "$(field Restarts)" -ge "$restarts" ]; }
ends_well() {
    until_true "the batch job ends" is_over
    [ "$(field JobState) $(field ExitCode)" = "COMPLETED 0:0" ] || { cat batch.log; die "the batch job is $(field JobState), $(field ExitCode)"; }
    same runs/long "the batch script, $1"
}

# Asked to stop, by what comes before the end of its time too; and requeued by somebody else.
epochs=200 restarts=0
submit
for ask in "scancel -s TERM" "scontrol requeue"; do
    until_true "the run has a new checkpoint" is_newer runs/long/last.ckpt asked
    ! is_over || die "a run of $epochs epochs has ended before it could be stopped"
    $ask "$batch"
    restarts=$((restarts + 1))
    until_true "the job is requeued" is_requeued
    touch asked
done
one $epochs
ends_well "requeued $restarts times"
[ "$(grep -c "^stopped at iteration " batch.log)" = "$restarts" ] || { cat batch.log; die "the run was not stopped well $restarts times"; }
echo "slurm: the batch script stops well when it is asked to or requeued, goes on, and leaves the bytes of one process"

# What fails is not tried for ever, and what was cancelled stays so.
sed "s|--hidden 24,20|--hidden 24,x|" batch.sh >wrong.sh
rm -rf runs
if EPOCHS=1 sbatch --quiet --wait --output=wrong.log wrong.sh; then die "a wrong flag succeeds"; else status=$?; fi
[ "$status $(grep -c '^error: ' wrong.log)" = "2 1" ] || { cat wrong.log; die "a wrong flag has exit status $status"; }
epochs=100000
submit
until_true "the run has a checkpoint" has_checkpoint runs/long
scancel "$batch"
until_true "the job is cancelled" is_over
sleep 2
[ "$(field JobState) $(field Restarts)" = "CANCELLED 0" ] || die "a batch job that was cancelled is $(field JobState)"
grep -q "^stopped at iteration " batch.log || { cat batch.log; die "a batch job that was cancelled has no checkpoint"; }
echo "slurm: the batch script ends when a flag is wrong or it is cancelled"

[ "${1:-}" != quick ] || exit 0
# To the end of its time, of two minutes.
epochs=600 restarts=0
until [ "$restarts" -gt 0 ]; do
    submit --time=2
    PATIENCE=1800 until_true "the batch job ends" is_over
    restarts=$(field Restarts)
    [ "$restarts" -gt 0 ] || epochs=$((3 * epochs))
done
one $epochs
ends_well "$epochs epochs"
[ "$(grep -c "^stopped at iteration " batch.log)" = "$restarts" ] || { cat batch.log; die "the run was not stopped well $restarts times"; }
echo "slurm: $restarts times at the end of its time, the batch script went on, and left the bytes of one process"
