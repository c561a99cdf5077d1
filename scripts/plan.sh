#!/usr/bin/env bash
# Holds the model of `barenet plan` against four ranks in network namespaces of this machine, between which `tc` limits the speed: prints
# the time of a step as it is measured and as the model has it, as rows of a table.
#
#   scripts/plan.sh [RATE...]     bits a second as tc has them; 1gbit 10gbit unless said
#
# It takes root, python3, and what `scripts/setup.sh mpi network` installs. BARENET=path takes a command that was built with
# the feature mpi. Images are found as `barenet train` finds them.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly RANKS=4 SHARE=1024 STEPS=${STEPS:-60} NET=10.9.8
readonly BATCH=$((RANKS * SHARE)) SHARDS=8
die() { printf '%s\n' "plan: $*" >&2; exit 1; }

rates=("$@")
[ ${#rates[@]} -gt 0 ] || rates=(1gbit 10gbit)
[ "$(id -u)" = 0 ] || die "network namespaces take root"
for command in ip tc ping jq python3 mpirun; do
    command -v $command >/dev/null || die "no $command here; run scripts/setup.sh mpi network"
done
if [ -z "${BARENET:-}" ]; then
    cargo build --quiet --release --features mpi --bin barenet
    BARENET=${CARGO_TARGET_DIR:-target}/release/barenet
fi
BARENET=$(realpath "$BARENET")
place=$(mktemp -d)
cleanup() {
    for i in $(seq 0 $((RANKS - 1))); do ip netns delete "barenet$i" 2>/dev/null || true; done
    ip link delete barenet 2>/dev/null || true
    rm -rf "$place"
}
trap cleanup EXIT
cleanup
mkdir "$place"

# A bridge, and a namespace for each rank.
ip link add barenet type bridge
ip link set barenet up
for i in $(seq 0 $((RANKS - 1))); do
    ip netns add "barenet$i"
    ip link add "bare$i" type veth peer name eth0 netns "barenet$i"
    ip link set "bare$i" master barenet up
    ip -n "barenet$i" addr add "$NET.$((i + 1))/24" dev eth0
    ip -n "barenet$i" link set eth0 up
    ip -n "barenet$i" link set lo up
done

# Stands for ssh: HOST COMMAND...
cat >"$place/agent" <<'AGENT'
#!/bin/sh
host=$1
shift
exec ip netns exec "barenet$((${host##*.} - 1))" sh -c "$*"
AGENT
chmod +x "$place/agent"

# Bytes a second that one rank really gets to another.
carries() {
    ip netns exec barenet1 python3 - "$NET.2" <<'PYTHON' >"$place/rate" &
import socket, sys, time
server = socket.create_server((sys.argv[1], 9000))
there, _ = server.accept()
buffer, total, begin = bytearray(1 << 20), 0, None
while count := there.recv_into(buffer):
    begin = begin or time.perf_counter()
    total += count
print(total / (time.perf_counter() - begin))
PYTHON
    ip netns exec barenet0 python3 - "$NET.2" <<'PYTHON'
import socket, sys, time
for _ in range(100):
    try:
        there = socket.create_connection((sys.argv[1], 9000))
        break
    except OSError:
        time.sleep(0.05)
block, end = bytes(1 << 20), time.perf_counter() + 2
while time.perf_counter() < end:
    there.sendall(block)
PYTHON
    wait $!
    cat "$place/rate"
}

net=(--preset w4 --threads 1)
[ -z "${CIFAR10_DIR:-}" ] || net+=(--data "$CIFAR10_DIR")

# What a rank computes, beside three others on the same CPUs.
alone() {
    local pids=() i
    for i in $(seq 0 $((RANKS - 1))); do
        "$BARENET" profile "${net[@]}" --batch-size $SHARE --shards $((SHARDS / RANKS)) --seconds 15 --json >"$place/alone$i" &
        pids+=($!)
    done
    wait "${pids[@]}"
    jq -s -r '"\(map(.step) | add / length) \(map(.update) | add / length)"' "$place"/alone?
}

# The model, of what a rank computes and of what sending costs where as many ranks share a CPU.
planned() {
    local bits pids=() i
    bits=$(awk -v bytes="$1" 'BEGIN { printf "%.6f", 8e-9 * bytes }')Gb
    for i in $(seq 1 $(((RANKS + $(nproc) - 1) / $(nproc)))); do
        "$BARENET" plan "${net[@]}" --batch-size $SHARE --per-rank --step-time "${step}s" --update-time "${update}s" --ranks $RANKS \
            --bandwidth "$bits" --latency "$2ms" --json >"$place/planned$i" &
        pids+=($!)
    done
    wait "${pids[@]}"
    jq -s -r 'map(.step) | add / length' "$place"/planned?
}

read -r step update < <(alone)
hosts=$(seq -s, -f "$NET.%g" 1 $RANKS)
printf '| %s | %s | %s | %s | %s | %s |\n' network "one rank to another" latency "a step, measured" "as planned" ratio --- ---: ---: ---: ---: ---:
for rate in "${rates[@]}"; do
    # As much as it lets through at once must last until it looks again.
    burst=$(python3 -c 'import re, sys
number, unit = re.fullmatch(r"([0-9.]+)([kmg])bit", sys.argv[1]).groups()
print(int(max(262144, float(number) * {"k": 1e3, "m": 1e6, "g": 1e9}[unit] / 8 / 250)))' "$rate")
    for i in $(seq 0 $((RANKS - 1))); do
        tc -n "barenet$i" qdisc replace dev eth0 root tbf rate "$rate" burst "$burst" latency 50ms
    done
    bytes=$(carries)
    latency=$(ip netns exec barenet0 ping -q -c 200 -i 0.002 "$NET.2" | sed -n 's|^rtt.*= [0-9.]*/\([0-9.]*\)/.*|\1|p' | awk '{ print $1 / 2 }')
    OMPI_MCA_plm_rsh_agent=$place/agent ip netns exec barenet0 mpirun --allow-run-as-root --oversubscribe --host "$hosts" -np $RANKS \
        --mca plm rsh --mca oob_tcp_if_include "$NET.0/24" --mca btl tcp,self --mca btl_tcp_if_include "$NET.0/24" --mca mpi_yield_when_idle 1 \
        "$BARENET" train "${net[@]}" --batch-size $BATCH --shards $SHARDS --epochs $((STEPS / 2)) --train-size $((2 * BATCH)) \
        --val-size 100 --test-size 10 --num-train-samples 10 --quiet --force --out "$place/run" >"$place/log" 2>&1 || { cat "$place/log"; die "the ranks did not train"; }
    measured=$(jq -r "$BATCH / .samples_per_second" "$place/run/summary.json")
    planned=$(planned "$bytes" "$latency")
    awk -v rate="$rate" -v b="$bytes" -v l="$latency" -v m="$measured" -v p="$planned" \
        'BEGIN { printf "| %s | %.2f Gb/s | %.0f µs | %.0f ms | %.0f ms | %.2f |\n", rate, 8e-9 * b, 1e3 * l, 1e3 * m, 1e3 * p, m / p }'
done
