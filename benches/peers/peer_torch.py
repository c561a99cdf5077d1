"""PyTorch. Variants: eager and compile (torch.compile), both with fused optimizers."""

import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

from workloads import KEEP_PROB, WORKLOADS, load, median_call, params_of, serve

torch.set_num_threads(int(sys.argv[1]))


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
        self.loss = lambda x, y: F.cross_entropy(net(x), y)
        if variant == "compile":
            self.loss = torch.compile(self.loss)

    def run(self, steps):
        batch = self.workload["batch"]
        start = time.perf_counter()
        order = torch.randperm(len(Y))
        for i in range(steps):
            rows = order[i * batch : (i + 1) * batch]
            x, y = X[rows], Y[rows]
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.loss(x, y)
            loss.backward()
            self.optimizer.step()
        loss.item()
        return time.perf_counter() - start


X = Y = None
trainings = {}


def train(name, variant, steps):
    global X, Y
    if X is None:
        x, y = load()
        X, Y = torch.from_numpy(x), torch.from_numpy(y)
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
