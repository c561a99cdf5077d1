"""JAX. Variants: step (one jitted call a step) and scan (one jitted call for all steps); and scan with products in bf16."""

import os
import time

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np

from workloads import KEEP_PROB, WORKLOADS, samples, serve

MOMENTUM, EPS = 0.9, 1e-5
BETA1, BETA2, ADAM_EPS = 0.9, 0.999, 1e-8


def init(workload, key):
    dims = workload["dims"]
    params, running = [], []
    for i, (fan_in, fan_out) in enumerate(zip(dims, dims[1:])):
        key, here = jax.random.split(key)
        w = jax.random.normal(here, (fan_in, fan_out)) * np.sqrt(2 / fan_in) * 0.1
        layer = dict(w=w, b=jnp.zeros(fan_out))
        if workload["norm"] and i < len(dims) - 2:
            layer |= dict(gamma=jnp.ones(fan_out), beta=jnp.zeros(fan_out))
            running.append((jnp.zeros(fan_out), jnp.ones(fan_out)))
        params.append(layer)
    return params, running


def product(x, w, dtype):
    """x·w, of operands in that type, summed in f32."""
    return jnp.matmul(x.astype(dtype), w.astype(dtype), preferred_element_type=jnp.float32)


def scores_of(workload, params, running, x, key, dtype):
    updated = []
    for i, layer in enumerate(params):
        x = product(x, layer["w"], dtype) + layer["b"]
        if i == len(params) - 1:
            break
        if workload["norm"]:
            mean, var = x.mean(0), x.var(0)
            old_mean, old_var = running[i]
            mixed = MOMENTUM * old_mean + (1 - MOMENTUM) * mean
            updated.append((mixed, MOMENTUM * old_var + (1 - MOMENTUM) * var))
            x = (x - mean) * jax.lax.rsqrt(var + EPS) * layer["gamma"] + layer["beta"]
        x = jax.nn.relu(x)
        if workload["norm"]:
            key, here = jax.random.split(key)
            x = jnp.where(jax.random.bernoulli(here, KEEP_PROB, x.shape), x / KEEP_PROB, 0)
    return x, updated


def step_of(workload, dtype):
    lr, tree_map = workload["lr"], jax.tree_util.tree_map

    def loss_of(params, running, x, y, key):
        scores, running = scores_of(workload, params, running, x, key, dtype)
        log_probs = jax.nn.log_softmax(scores)
        return -jnp.take_along_axis(log_probs, y[:, None], 1).mean(), running

    def step(carry, rows, images, labels):
        params, running, moments, key = carry
        key, here = jax.random.split(key)
        grad = jax.value_and_grad(loss_of, has_aux=True)
        (loss, running), grads = grad(params, running, images[rows], labels[rows], here)
        if workload["rule"] == "sgd":
            params = tree_map(lambda p, g: p - lr * g, params, grads)
        else:
            m, v, t = moments
            t = t + 1
            m = tree_map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, grads)
            v = tree_map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, grads)
            m_scale, v_scale = 1 - BETA1**t, 1 - BETA2**t
            params = tree_map(
                lambda p, m, v: p - lr * (m / m_scale) / (jnp.sqrt(v / v_scale) + ADAM_EPS),
                params, m, v,
            )
            moments = (m, v, t)
        return (params, running, moments, key), loss

    return step


class Training:
    def __init__(self, name, variant):
        self.workload, self.variant = WORKLOADS[name], variant
        params, running = init(self.workload, jax.random.key(0))
        zeros = lambda: jax.tree_util.tree_map(jnp.zeros_like, params)
        self.carry = (params, running, (zeros(), zeros(), jnp.float32(0)), jax.random.key(1))
        self.rng = np.random.default_rng(0)
        self.x, self.y = data_of(name)
        step = step_of(self.workload, jnp.bfloat16 if variant == "bf16" else jnp.float32)
        if variant == "step":
            self.call = jax.jit(step, donate_argnums=0)
        else:
            whole = lambda carry, rows, x, y: jax.lax.scan(
                lambda carry, rows: step(carry, rows, x, y), carry, rows
            )
            self.call = jax.jit(whole, donate_argnums=0)

    def run(self, steps):
        batch = self.workload["batch"]
        start = time.perf_counter()
        rows = self.rng.permutation(len(self.y)).astype(np.int32)[: steps * batch].reshape(steps, batch)
        if self.variant == "step":
            for i in range(steps):
                self.carry, loss = self.call(self.carry, rows[i], self.x, self.y)
        else:
            self.carry, losses = self.call(self.carry, jnp.asarray(rows), self.x, self.y)
            loss = losses[-1]
        float(loss)
        jax.block_until_ready(self.carry[0])
        return time.perf_counter() - start


data = {}
trainings = {}


def data_of(name):
    kind = name.startswith("W0")
    if kind not in data:
        x, y = samples(name)
        data[kind] = jnp.asarray(x), jnp.asarray(y.astype(np.int32))
    return data[kind]


def train(name, variant, steps):
    if (name, variant) not in trainings:
        trainings[name, variant] = Training(name, variant)
        trainings[name, variant].run(steps)
    return trainings[name, variant].run(steps)


if __name__ == "__main__":
    serve(train)
