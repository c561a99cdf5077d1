"""PyTorch. Variants: eager and compile (torch.compile), both with fused optimizers; and eager with products in bf16, as a
backend of its products may take them (bf16) and as autocast has it (autocast). Subnormal numbers count as 0, as they do in barenet.
"""

import contextlib

import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

from workloads import KEEP_PROB, WORKLOADS, median_call, params_of, samples, serve

torch.set_num_threads(int(sys.argv[1]))
torch.set_flush_denormal(True)


@contextlib.contextmanager
def precision(variant):
    """Products as a variant has them."""
    matmul = torch.backends.mkldnn.matmul
    matmul.fp32_precision = "bf16" if variant == "bf16" else "ieee"
    with torch.autocast("cpu", torch.bfloat16, enabled=variant == "autocast"):
        yield
    matmul.fp32_precision = "ieee"


def model(workload):
    dims = workload["dims"]
    layers = []
    for fan_in, fan_out in zip(dims[:-2], dims[1:]):
        layers.append(nn.Linear(fan_in, fan_out))
        if workload["norm"]:
            layers.append(nn.BatchNorm1d(fan_out))
        layers.append(nn.ReLU())
        if workload["norm"]:
            layers.append(nn.Dropout(1 - KEEP_PROB))
    return nn.Sequential(*layers, nn.Linear(dims[-2], dims[-1]))


class Training:
    def __init__(self, name, variant):
        torch._dynamo.reset()
        torch.manual_seed(0)
        self.workload = WORKLOADS[name]
        net = model(self.workload).train()
        rule = dict(sgd=torch.optim.SGD, adam=torch.optim.Adam)[self.workload["rule"]]
        self.optimizer = rule(net.parameters(), lr=self.workload["lr"], fused=True)
        self.variant = variant
        self.x, self.y = data_of(name)

        def loss(x, y):
            with precision(variant):
                return F.cross_entropy(net(x), y)

        self.loss = loss
        if variant == "compile":
            self.loss = torch.compile(lambda x, y: F.cross_entropy(net(x), y))

    def run(self, steps):
        batch = self.workload["batch"]
        start = time.perf_counter()
        order = torch.randperm(len(self.y))
        for i in range(steps):
            rows = order[i * batch : (i + 1) * batch]
            x, y = self.x[rows], self.y[rows]
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.loss(x, y)
            with precision(self.variant if self.variant == "bf16" else "eager"):
                loss.backward()
            self.optimizer.step()
        loss.item()
        return time.perf_counter() - start


data = {}
trainings = {}


def data_of(name):
    kind = name.startswith("W0")
    if kind not in data:
        data[kind] = [torch.from_numpy(array) for array in samples(name)]
    return data[kind]


def train(name, variant, steps):
    if (name, variant) not in trainings:
        trainings[name, variant] = Training(name, variant)
        trainings[name, variant].run(steps)
    return trainings[name, variant].run(steps)


nets = {}


def infer(name, variant, batch, seconds):
    if (name, variant) not in nets:
        net = model(WORKLOADS[name]).eval()
        linears = [layer for layer in net if isinstance(layer, nn.Linear)]
        for linear, layer in zip(linears, params_of(WORKLOADS[name])):
            linear.weight.data.copy_(torch.from_numpy(layer["w"].T.copy()))
            linear.bias.data.copy_(torch.from_numpy(layer["b"]))
        nets[name, variant] = torch.compile(net) if variant == "compile" else net
    net = nets[name, variant]
    x = torch.randn(batch, WORKLOADS[name]["dims"][0])
    with torch.inference_mode():
        for _ in range(10):
            net(x)
        return median_call(lambda: net(x), seconds)


if __name__ == "__main__":
    serve(train, infer)
