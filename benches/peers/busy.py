"""Trains on a busy machine: what is left of the speed of barenet and of PyTorch when two trainings run at once, and when
each CPU has other work besides. A fair share of either is about a half.

    target/peers/venv/bin/python benches/peers/busy.py --work target/peers

It needs what run.sh has built and installed.
"""

import argparse
import os
import subprocess
import sys

from run import Worker, peer_command
from workloads import WORKLOADS, num_train, write_synthetic


class Load:
    """A process for each CPU that does nothing but compute."""

    def __init__(self, count):
        spin = [sys.executable, "-c", "while True: pass"]
        self.processes = [subprocess.Popen(spin) for _ in range(count)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()


class Barenet:
    """`barenet train`, some at once, each with all threads."""

    def __init__(self, args):
        self.args = args

    def speeds(self, count):
        code = "import sys, run; print(run.barenet_train(sys.argv[1], 'default', int(sys.argv[2]), 'f32', sys.argv[3]))"
        command = [sys.executable, "-c", code, self.args.workload, str(self.args.threads), self.args.work]
        started = [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=os.path.dirname(os.path.abspath(__file__)))
            for _ in range(count)
        ]
        return [float(process.communicate()[0]) for process in started]


class Torch:
    """PyTorch in its eager mode, some processes at once, each with all threads."""

    def __init__(self, args):
        self.args = args
        command = peer_command("torch", args.threads, args.work)
        self.workers = [Worker(command, args.threads, args.work) for _ in range(2)]
        self.speeds(1), self.speeds(2)  # They load and warm up.

    def speeds(self, count):
        batch = WORKLOADS[self.args.workload]["batch"]
        steps = num_train(self.args.workload) // batch
        for worker in self.workers[:count]:
            worker.send("train", self.args.workload, "eager", steps)
        return [steps * batch / float(worker.read()) for worker in self.workers[:count]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", required=True, help="folder of run.sh")
    parser.add_argument("--workload", default="W1")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    args.work = os.path.abspath(args.work)
    if "CIFAR10_DIR" not in os.environ:
        os.environ["CIFAR10_DIR"] = os.path.join(args.work, "random-images")
        if not os.path.isdir(os.environ["CIFAR10_DIR"]):
            write_synthetic(os.environ["CIFAR10_DIR"])
    os.environ["CIFAR10_DIR"] = os.path.abspath(os.environ["CIFAR10_DIR"])
    print(f"| {args.workload}, samples/s | alone | two at once, each | beside other work |\n| --- | ---: | ---: | ---: |")
    for title, program in (("barenet", Barenet(args)), ("PyTorch", Torch(args))):
        median = lambda values: sorted(values)[len(values) // 2]
        alone, pair, beside = [], [], []
        for _ in range(args.rounds):
            alone += program.speeds(1)
            pair += program.speeds(2)
            with Load(args.threads):
                beside += program.speeds(1)
        alone, pair, beside = map(median, (alone, pair, beside))
        cells = [f"{alone:,.0f}", *(f"{v:,.0f} ({v / alone:.2f})" for v in (pair, beside))]
        print("| " + " | ".join([title, *cells]) + " |", flush=True)


if __name__ == "__main__":
    main()
