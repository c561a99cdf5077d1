"""Runs barenet and its peers one after the other, several rounds, and prints the table of ratios.

Every peer is a process that lives through the whole run with its images in memory (see
workloads.serve), so that a round costs no imports and no compilation. Only one works at a time:
the others are stopped.
"""

import argparse
import csv
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile

from report import markdown, replace_section
import numpy as np

from workloads import NUM_TRAIN, WORKLOADS, num_train, table, write_synthetic

HERE = os.path.dirname(os.path.abspath(__file__))

# name → variants. The slow ones run a part of the steps, so that a round stays short.
TRAINERS = {
    "torch": ("eager", "compile", "bf16", "autocast"),
    "jax": ("step", "scan", "bf16"),
    "jax-ynn": ("step", "scan"),
    "sklearn": ("fit",),
    "burn": ("flex",),
    "candle": ("cpu",),
    "numpy": ("course",),
}
SLOW = {"burn", "candle", "numpy"}
# Variables of the environment of a peer.
ENVIRONMENTS = {
    "jax-ynn": {"XLA_FLAGS": "--xla_cpu_experimental_ynn_fusion_type=-reduce"},
}
RUNNERS = {
    "onnxruntime": ("cpu", "binding", "int8"),
    "openvino": ("f32", "bf16"),
    "tract": ("cpu",),
    "torch": ("eager", "compile"),
    "burn": ("flex",),
    "candle": ("cpu",),
}
BUILDS = ("default", "openblas")
EPOCHS = {"W1": 3, "W2": 2, "W3": 2, "W4": 1, "wide": 1, "500-500": 1}
EPOCHS |= {name: 32 for name in WORKLOADS if name.startswith("W0")}
# Those that train so little in an epoch that fewer images are enough.
LARGE = {"W4": 8, "wide": 8}
INFERENCE = ("W1", "W4")
BATCHES = (1, 1000)


class Worker:
    """A peer's process, stopped unless it is asked something."""

    def __init__(self, command, threads, work, more_env=()):
        env = dict(os.environ, PEERS_DIR=work) | dict(more_env)
        for name in ("OMP", "MKL", "OPENBLAS", "RAYON", "VECLIB"):
            env[f"{name}_NUM_THREADS"] = str(threads)
        cpus = sorted(os.sched_getaffinity(0))[:threads]
        self.process = subprocess.Popen(
            command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            stderr=open(os.path.join(work, "peers.log"), "a"),
            preexec_fn=lambda: os.sched_setaffinity(0, cpus),
        )
        self.read()

    def read(self):
        line = self.process.stdout.readline()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGSTOP)
        return line.strip()

    def send(self, *words):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def ask(self, *words):
        """The seconds that it answers with, None if it failed."""
        if self.process.poll() is not None:
            return None
        self.send(*words)
        try:
            return float(self.read())
        except ValueError:
            return None

    def close(self):
        self.process.kill()
        self.process.wait()


def peer_command(name, threads, work):
    """How a peer is started; None if it was not built."""
    rust = os.path.join(work, "rust", "release", "barenet-peers")
    if name in ("burn", "candle", "tract"):
        return [rust, name] if os.path.exists(rust) else None
    program = name.partition("-")[0]
    return [sys.executable, os.path.join(HERE, f"peer_{program}.py"), str(threads)]


def arguments(workload, work):
    """How `barenet train` is told of a workload."""
    if workload in ("W1", "W2", "W3", "W4"):
        return ["--preset", workload.lower()]
    of = WORKLOADS[workload]
    hidden = ",".join(map(str, of["dims"][1:-1]))
    found = ["--hidden", hidden, "--batch-size", str(of["batch"]), "--update-rule", of["rule"]]
    found += ["--learning-rate", str(of["lr"]), "--init", "he"]
    if workload.startswith("W0"):
        path = os.path.join(work, "table.npz")
        if not os.path.exists(path):
            x, y = table()
            np.savez(path, X=x, y=y)
        found += ["--data", path, "--scale", "none", "--test-fraction", "0.05", "--val-fraction", "0.05"]
    return found


def barenet_train(workload, build, threads, precision, work):
    """Samples per second of `barenet train`, as its summary says."""
    with tempfile.TemporaryDirectory(dir=work) as out:
        command = [os.path.join(work, build, "barenet"), "train", *arguments(workload, work)]
        command += ["--out", out, "--threads", str(threads), "--epochs", str(EPOCHS[workload])]
        command += ["--precision", precision]
        if workload in LARGE and (threads == 1 or workload == "wide"):
            command += ["--train-size", str(NUM_TRAIN // 4)]
        subprocess.run(command + ["--quiet"], check=True, stdin=subprocess.DEVNULL)
        with open(os.path.join(out, "summary.json")) as summary:
            return json.load(summary)["samples_per_second"]


def training(workload, args):
    """Samples per second of every peer and build, by (name, variant, threads)."""
    batch = WORKLOADS[workload]["batch"]
    steps = num_train(workload) // batch // LARGE.get(workload, 1)
    workers, speeds = {}, {}
    for name in args.trainers:
        command = peer_command(name, args.threads, args.work)
        if command:
            env = ENVIRONMENTS.get(name, {})
            workers[name] = Worker(command, args.threads, args.work, env)
    # The first request of each loads the images, compiles, and warms up.
    for round_number in range(args.rounds):
        for build in args.builds:
            for threads in sorted({1, args.threads}):
                if threads == args.threads or round_number < 2:
                    speed = barenet_train(workload, build, threads, "f32", args.work)
                    speeds.setdefault((f"barenet-{build}", "train", threads), []).append(speed)
        if "default" in args.builds:
            speed = barenet_train(workload, "default", args.threads, "bf16", args.work)
            speeds.setdefault(("barenet-default", "bf16", args.threads), []).append(speed)
        for name, worker in workers.items():
            part = max(steps // 4, 20) if name in SLOW else steps
            for variant in TRAINERS[name]:
                seconds = worker.ask("train", workload, variant, part)
                if seconds:
                    key = (name, variant, args.threads)
                    speeds.setdefault(key, []).append(part * batch / seconds)
        print(f"{workload} round {round_number + 1} of {args.rounds}", file=sys.stderr)
    for worker in workers.values():
        worker.close()
    return speeds


def inference(args):
    """Seconds of a call by (workload, batch), then by (name, variant, threads)."""
    export = [sys.executable, os.path.join(HERE, "export_onnx.py"), args.work]
    subprocess.run(export, check=True)
    times = {}
    for threads in sorted({1, args.threads}):
        workers = {}
        for build in args.builds:
            command = [os.path.join(args.work, build, "peer"), str(threads)]
            worker = Worker(command, threads, args.work)
            variants = ("scores", "products", "bf16")
            workers |= {(f"barenet-{build}", variant): worker for variant in variants}
        for name in args.runners:
            command = peer_command(name, threads, args.work)
            if command:
                worker = Worker(command, threads, args.work)
                workers |= {(name, variant): worker for variant in RUNNERS[name]}
        for round_number in range(args.rounds):
            for workload in INFERENCE:
                for batch in BATCHES:
                    for (name, variant), worker in workers.items():
                        seconds = worker.ask("infer", workload, variant, batch, 0.1)
                        if seconds:
                            of_case = times.setdefault((workload, batch), {})
                            of_case.setdefault((name, variant, threads), []).append(seconds)
            print(f"inference round {round_number + 1} of {args.rounds}", file=sys.stderr)
        for worker in set(workers.values()):
            worker.close()
    return times


def medians(values):
    """Keys as text, lists as their medians."""
    return {" ".join(map(str, key)): statistics.median(of_key) for key, of_key in values.items()}


def machine(args):
    """What the hardware can do at best, as the example `machine` measures it."""
    command = [os.path.join(args.work, args.builds[0], "machine"), "--json"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    with open("/proc/cpuinfo") as file:
        lines = dict(line.split(":", 1) for line in file if ":" in line)
    info = {key.strip(): value.strip() for key, value in lines.items()}
    flags = info.get("flags", "").split()
    kinds = {"avx512f": "AVX-512", "avx512_bf16": "its bf16", "amx_bf16": "AMX"}
    found["cpu"] = info.get("model name", "an unknown CPU")
    found["has"] = [kind for flag, kind in kinds.items() if flag in flags] or ["no AVX-512"]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", required=True, help="folder of the programs and results")
    parser.add_argument("--only", default=",".join([*WORKLOADS, "inference"]))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--trainers", default=",".join(TRAINERS))
    parser.add_argument("--runners", default=",".join(RUNNERS))
    parser.add_argument("--builds", default=",".join(BUILDS))
    parser.add_argument("--update", nargs="*", default=[], help="files whose tables are replaced")
    args = parser.parse_args()
    for name in ("only", "trainers", "runners", "builds"):
        setattr(args, name, [part for part in getattr(args, name).split(",") if part])
    if "CIFAR10_DIR" not in os.environ:
        os.environ["CIFAR10_DIR"] = os.path.join(args.work, "random-images")
        if not os.path.isdir(os.environ["CIFAR10_DIR"]):
            write_synthetic(os.environ["CIFAR10_DIR"])

    # What another run measured stays, so that a workload can be measured alone.
    path = os.path.join(args.work, "results.json")
    results = {}
    if os.path.exists(path):
        with open(path) as file:
            results = json.load(file)
    results["machine"] = machine(args)
    if "inference" not in args.only:
        args.runners = []
    for case in args.only:
        if case == "inference":
            for (workload, batch), of_case in inference(args).items():
                results[f"infer {workload} {batch}"] = medians(of_case)
        else:
            results[case] = medians(training(case, args))
        with open(path, "w") as file:
            json.dump(results, file, indent=1)

    with open(os.path.join(args.work, "results.csv"), "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["case", "program", "variant", "threads", "value", "unit"])
        for case, values in results.items():
            if case != "machine":
                unit = "s" if case.startswith("infer") else "samples/s"
                writer.writerows([case, *key.split(), value, unit] for key, value in values.items())
    tables = markdown(results, args.threads)
    with open(os.path.join(args.work, "table.md"), "w") as file:
        file.write(tables["full"])
    print(tables["full"])
    for path in args.update:
        replace_section(path, tables)


if __name__ == "__main__":
    main()
