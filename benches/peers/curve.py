"""Accuracy against time of a preset, beside the same recipe in PyTorch, one after the other on the same CPUs.

    python3 benches/peers/curve.py [--preset minute] [--update-rule RULE --learning-rate RATE] [--epochs N] [--threads N] [--plot curve.svg]

Prints a row of CSV for each epoch: program, epoch, seconds since the first step (with evaluation), accuracy on 5,000 validation images.
BARENET=path takes a command that has been built, CIFAR10_DIR names the images (binary version). It takes torch, and matplotlib for a plot.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
import tomllib

import torch
from torch import nn
from torch.nn import functional as F

from workloads import images

VAL = 5000
COLS = 64  # A matrix that Muon orthogonalises has at most so many columns.
DONE = {
    "hidden", "init", "batchnorm", "label_smoothing", "metric", "update_rule", "learning_rate", "weight_decay", "decay_on",
    "batch_size", "num_epochs", "schedule", "lr_warmup_epochs", "sampling", "print_every", "scale", "flip", "shift", "test_size",
}


def barenet(options, settings):
    """Rows of a run of barenet: its lines are stamped as they come."""
    with tempfile.TemporaryDirectory() as place:
        command = [options.barenet, "train", "--preset", options.preset, "--json", "--force", "--out", f"{place}/run"]
        for key in ("update_rule", "learning_rate"):
            command += [f"--{key.replace('_', '-')}", str(settings[key])]
        command += ["--epochs", str(settings["num_epochs"]), "--threads", str(options.threads), "--seed", str(options.seed)]
        command += ["--val-size", str(VAL), "--train-size", str(50000 - VAL), "--test-size", "10", "--metric", "accuracy"]
        command += ["--data", os.environ["CIFAR10_DIR"]]
        start = None
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
            for line in run.stdout:
                event = json.loads(line)
                if event["event"] == "start":
                    start = time.perf_counter()
                elif event["event"] == "epoch" and event["epoch"] > 0:
                    yield event["epoch"], time.perf_counter() - start, event["val_acc"]
        if run.returncode != 0:
            sys.exit(f"curve: {' '.join(command)} failed")


def orthogonal(x):
    """Newton and Schulz on matrices of at least as many rows as columns.

    As barenet does it, a third of the time of multiplying X in every step: the steps multiply XᵀX alone, and what they make of it X once.
    """
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    one = torch.eye(x.shape[2], dtype=x.dtype)
    square, factor = x.mT @ x, one
    for _ in range(5):
        step = 3.4445 * one - 4.775 * square + 2.0315 * square @ square
        factor = factor @ step
        square = square @ step @ step
    return x @ factor


class Muon(torch.optim.Optimizer):
    """Of each W blocks of columns are matrices, as in barenet. (An `nn.Linear` has W transposed.)"""

    def __init__(self, params, **defaults):
        super().__init__(params, dict(momentum=0.95, **defaults))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            keep, lr = group["momentum"], group["lr"]
            for w in group["params"]:
                m = self.state[w].setdefault("m", torch.zeros_like(w))
                m.lerp_(w.grad, 1 - keep)
                u = w.grad.lerp(m, keep)
                outputs, inputs = w.shape
                blocks = math.ceil(outputs / COLS)
                u = u.reshape(blocks, -1, inputs).mT
                u = orthogonal(u) if inputs >= u.shape[2] else orthogonal(u.mT).mT
                w.mul_(1 - lr * group["weight_decay"])
                w.sub_(u.mT.reshape(outputs, inputs), alpha=lr * 0.2 * math.sqrt(max(inputs, u.shape[2])))


def moved(x, epoch, is_flipped, shift):
    """Pictures mirrored in every other epoch, and shifted, what is outside being reflected."""
    flip = is_flipped ^ (epoch % 2 == 1)
    x = torch.where(flip[:, None, None, None], x.flip(3), x)
    x = F.pad(x.float(), [shift] * 4, mode="reflect")
    count = len(x)
    rows = torch.randint(0, 2 * shift + 1, (count, 1)) + torch.arange(32)
    cols = torch.randint(0, 2 * shift + 1, (count, 1)) + torch.arange(32)
    return x[torch.arange(count)[:, None, None, None], torch.arange(3)[:, None, None], rows[:, None, :, None], cols[:, None, None, :]]


def pytorch(options, settings):
    """Rows of the same recipe in PyTorch."""
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    x, y = (torch.from_numpy(array) for array in images())
    x = x.reshape(-1, 3, 32, 32)
    train, val = x[:-VAL], x[-VAL:]
    mean = train.float().mean((0, 2, 3))[:, None, None]
    std = train.float().std((0, 2, 3))[:, None, None]
    dims, layers = [3072, *settings["hidden"]], []
    for fan_in, fan_out in zip(dims[:-1], dims[1:]):
        layers += [nn.Linear(fan_in, fan_out, bias=False), nn.BatchNorm1d(fan_out), nn.ReLU()]
    net = nn.Sequential(*layers, nn.Linear(dims[-1], 10))
    linears = [layer for layer in net if isinstance(layer, nn.Linear)]
    for linear in linears:
        nn.init.normal_(linear.weight, std=math.sqrt(2 / linear.in_features))
    nn.init.zeros_(linears[-1].bias)

    rate, decay = settings["learning_rate"], settings["weight_decay"]
    hidden, last = [linear.weight for linear in linears[:-1]], linears[-1].weight
    others = [param for param in net.parameters() if all(param is not linear.weight for linear in linears)]
    if settings["update_rule"] == "muon":
        rest = torch.optim.AdamW([dict(params=[last], weight_decay=decay), dict(params=others, weight_decay=0)], lr=rate / 4, fused=True)
        rules = [(Muon(hidden, lr=rate, weight_decay=decay), rate), (rest, rate / 4)]
    else:
        groups = [dict(params=[*hidden, last], weight_decay=decay), dict(params=others, weight_decay=0)]
        rules = [(torch.optim.AdamW(groups, lr=rate, fused=True), rate)]

    batch, num_epochs = settings["batch_size"], settings["num_epochs"]
    steps = len(train) // batch
    total, warmup = num_epochs * steps, round(settings["lr_warmup_epochs"] * steps)
    is_flipped = torch.rand(len(train)) < 0.5
    start = time.perf_counter()
    for epoch in range(num_epochs):
        net.train()
        order = torch.randperm(len(train))
        for step in range(steps):
            done = epoch * steps + step
            share = (done + 1) / warmup if done < warmup else (1 + math.cos(math.pi * (done - warmup) / (total - warmup))) / 2
            rows = order[step * batch : (step + 1) * batch]
            pictures = (moved(train[rows], epoch, is_flipped[rows], settings["shift"]) - mean) / std
            loss = F.cross_entropy(net(pictures.flatten(1)), y[rows], label_smoothing=settings["label_smoothing"])
            for rule, full in rules:
                rule.zero_grad(set_to_none=True)
                for group in rule.param_groups:
                    group["lr"] = full * share
            loss.backward()
            for rule, _ in rules:
                rule.step()
        net.eval()
        with torch.inference_mode():
            found = [net(((part.float() - mean) / std).flatten(1)).argmax(1) for part in val.split(1000)]
            yield epoch + 1, time.perf_counter() - start, (torch.cat(found) == y[-VAL:]).float().mean().item()


def plot(rows, options, settings):
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "curve", "font.family": "sans-serif"})
    figure, axes = plt.subplots(figsize=(7, 3.6))
    figure.patch.set_facecolor("white")
    for program, colour, style in (("barenet", "#0072b2", "-"), ("PyTorch", "#d55e00", "--")):
        points = [(seconds, 100 * accuracy) for name, _, seconds, accuracy in rows if name == program]
        axes.plot(*zip(*points), style, color=colour, label=program, marker=".")
    axes.set_xlabel(f"seconds, {options.threads} threads")
    axes.set_ylabel("% of 5,000 validation images")
    axes.set_title(f"{options.preset}, {settings['update_rule']}, {settings['num_epochs']} epochs")
    axes.grid(color="#dddddd")
    axes.legend(loc="lower right")
    figure.savefig(options.plot, bbox_inches="tight", metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="minute")
    parser.add_argument("--update-rule", choices=["muon", "adamw"])
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plot")
    options = parser.parse_args()
    if "CIFAR10_DIR" not in os.environ:
        sys.exit("curve: CIFAR10_DIR must name the folder of the images")
    options.barenet = os.environ.get("BARENET", "target/release/barenet")
    try:
        printed = subprocess.run([options.barenet, "presets", options.preset], capture_output=True, text=True)
    except OSError as error:
        sys.exit(f"curve: {options.barenet}: {error.strerror}; build it with cargo build --release, or name it in BARENET")
    if printed.returncode != 0:
        sys.exit(f"curve: {printed.stderr.strip()}")
    settings = tomllib.loads(printed.stdout)
    settings = settings.get("settings", settings)
    if unknown := set(settings) - DONE:
        sys.exit(f"curve: {options.preset} has settings that the PyTorch side does not know: {', '.join(sorted(unknown))}")
    changed = {"update_rule": options.update_rule, "learning_rate": options.learning_rate, "num_epochs": options.epochs}
    settings.update({key: value for key, value in changed.items() if value is not None})
    rows = []
    print("program,epoch,seconds,accuracy")
    for program, run in (("barenet", barenet), ("PyTorch", pytorch)):
        for epoch, seconds, accuracy in run(options, settings):
            rows.append((program, epoch, seconds, accuracy))
            print(f"{program},{epoch},{seconds:.2f},{accuracy:.4f}", flush=True)
    if options.plot:
        plot(rows, options, settings)


if __name__ == "__main__":
    main()
