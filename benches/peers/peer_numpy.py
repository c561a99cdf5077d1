"""The course's way: layers as NumPy functions with forward and backward passes and caches, and
update rules that work on one array after another, in float32."""

import time

import numpy as np

from workloads import KEEP_PROB, WORKLOADS, params_of, samples, serve

MOMENTUM, EPS = 0.9, 1e-5


def affine_forward(x, w, b):
    return x.reshape(x.shape[0], -1).dot(w) + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    return dout.dot(w.T), x.T.dot(dout), dout.sum(axis=0)


def batchnorm_forward(x, layer):
    mean, var = x.mean(axis=0), x.var(axis=0)
    layer["mean"] = MOMENTUM * layer["mean"] + (1 - MOMENTUM) * mean
    layer["var"] = MOMENTUM * layer["var"] + (1 - MOMENTUM) * var
    inv_std = 1 / np.sqrt(var + EPS)
    x_hat = (x - mean) * inv_std
    return layer["gamma"] * x_hat + layer["beta"], (x_hat, inv_std, layer["gamma"])


def batchnorm_backward(dout, cache):
    x_hat, inv_std, gamma = cache
    dgamma, dbeta = (dout * x_hat).sum(axis=0), dout.sum(axis=0)
    dx = gamma * inv_std / len(dout) * (len(dout) * dout - dbeta - x_hat * dgamma)
    return dx, dgamma, dbeta


def softmax_loss(scores, y):
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    rows = np.arange(len(y))
    dscores = np.exp(log_probs)
    dscores[rows, y] -= 1
    return -log_probs[rows, y].mean(), dscores / len(y)


def loss_of(workload, params, x, y, rng):
    caches = []
    for layer in params[:-1]:
        x, affine = affine_forward(x, layer["w"], layer["b"])
        norm = mask = None
        if workload["norm"]:
            x, norm = batchnorm_forward(x, layer)
        before_relu = x
        x = np.maximum(0, x)
        if workload["norm"]:
            mask = (rng.random(x.shape, np.float32) < KEEP_PROB) / np.float32(KEEP_PROB)
            x = x * mask
        caches.append((affine, norm, before_relu, mask))
    scores, affine = affine_forward(x, params[-1]["w"], params[-1]["b"])
    loss, dout = softmax_loss(scores, y)
    grads = [{} for _ in params]
    dout, grads[-1]["w"], grads[-1]["b"] = affine_backward(dout, affine)
    for (affine, norm, before_relu, mask), grad in list(zip(caches, grads))[::-1]:
        if mask is not None:
            dout = dout * mask
        dout = dout * (before_relu > 0)
        if norm is not None:
            dout, grad["gamma"], grad["beta"] = batchnorm_backward(dout, norm)
        dout, grad["w"], grad["b"] = affine_backward(dout, affine)
    return loss, grads


def sgd(w, dw, config):
    w -= config["lr"] * dw
    return w


def adam(w, dw, config):
    if "m" not in config:
        config |= dict(m=np.zeros_like(w), v=np.zeros_like(w), t=0)
    config["t"] += 1
    config["m"] = 0.9 * config["m"] + 0.1 * dw
    config["v"] = 0.999 * config["v"] + 0.001 * dw**2
    m = config["m"] / (1 - 0.9 ** config["t"])
    v = config["v"] / (1 - 0.999 ** config["t"])
    return w - config["lr"] * m / (np.sqrt(v) + 1e-8)


class Training:
    def __init__(self, name):
        self.workload = WORKLOADS[name]
        self.x, self.y = data_of(name)
        self.params = params_of(self.workload)
        self.configs = [{} for _ in self.params]
        self.rng = np.random.default_rng(0)

    def run(self, steps):
        workload = self.workload
        rule = dict(sgd=sgd, adam=adam)[workload["rule"]]
        start = time.perf_counter()
        order = self.rng.permutation(len(self.y))
        for i in range(steps):
            rows = order[i * workload["batch"] : (i + 1) * workload["batch"]]
            _, grads = loss_of(workload, self.params, self.x[rows], self.y[rows], self.rng)
            for layer, grad, config in zip(self.params, grads, self.configs):
                for key, dw in grad.items():
                    state = config.setdefault(key, dict(lr=np.float32(workload["lr"])))
                    layer[key] = rule(layer[key], dw, state)
        return time.perf_counter() - start


data = {}
trainings = {}


def data_of(name):
    kind = name.startswith("W0")
    if kind not in data:
        data[kind] = samples(name)
    return data[kind]


def train(name, variant, steps):
    if name not in trainings:
        trainings[name] = Training(name)
        trainings[name].run(max(steps // 4, 1))
    return trainings[name].run(steps)


if __name__ == "__main__":
    serve(train)
