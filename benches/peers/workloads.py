"""The workloads, the data, and how a peer talks to run.py; shared by all Python peers."""

import os
import sys
import tomllib

import numpy as np

PRESETS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../run/presets")


def workload(name):
    """The workload of that name: one of barenet's presets."""
    with open(os.path.join(PRESETS, f"{name.lower()}.toml"), "rb") as file:
        settings = tomllib.load(file)["settings"]
    return dict(
        dims=[3072, *settings["hidden"], 10],
        norm=settings.get("batchnorm", False),
        keep_prob=settings.get("keep_prob", 1.0),
        rule=settings["update_rule"],
        lr=settings["learning_rate"],
        batch=settings["batch_size"],
    )


def adam(dims, batch):
    """A workload that is no preset: He's initialisation, and Adam."""
    return dict(dims=dims, norm=False, keep_prob=1.0, rule="adam", lr=1e-3, batch=batch)


WORKLOADS = {name: workload(name) for name in ["W1", "W2", "W3", "W4"]}
WORKLOADS["wide"] = adam([3072, 2048, 512, 2048, 512, 10], 256)
WORKLOADS["500-500"] = adam([3072, 500, 500, 10], 200)
# Rows of a table: 20,000, of which 18,000 train.
WORKLOADS |= {f"W0-{batch}": adam([64, 32, 16, 10], batch) for batch in (32, 256, 1024)}
KEEP_PROB = WORKLOADS["W4"]["keep_prob"]
TABLE_ROWS, TABLE_TRAIN = 20_000, 18_000
NUM_TRAIN = 49_000
RECORD = 3073
TRAIN_FILES = [f"data_batch_{i}.bin" for i in range(1, 6)]


def num_train(name):
    """How many samples of a workload train."""
    return TABLE_TRAIN if name.startswith("W0") else NUM_TRAIN


def table():
    """The rows of a table, normal numbers, and their classes."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((TABLE_ROWS, 64), dtype=np.float32)
    y = (x @ rng.standard_normal((64, 10), dtype=np.float32)).argmax(axis=1)
    return x, y.astype(np.int64)


def samples(name):
    """What a workload is trained on."""
    if name.startswith("W0"):
        x, y = table()
        return x[:TABLE_TRAIN], y[:TABLE_TRAIN]
    return load()


def load():
    """The 49,000 training images of CS231n's split as float32 minus their mean, and the labels."""
    x, y = images()
    x = x[:NUM_TRAIN].astype(np.float32)
    x -= x.mean(axis=0, dtype=np.float64).astype(np.float32)
    return x, y[:NUM_TRAIN]


def images():
    """The bytes of all 50,000 training images, and the labels."""
    folder = os.environ["CIFAR10_DIR"]
    records = [np.fromfile(os.path.join(folder, name), dtype=np.uint8) for name in TRAIN_FILES]
    records = np.concatenate(records).reshape(-1, RECORD)
    return records[:, 1:], records[:, 0].astype(np.int64)


def write_synthetic(folder):
    """Writes random images as CIFAR-10's six files: for speed, what is on them does not matter."""
    os.makedirs(folder, exist_ok=True)
    rng = np.random.default_rng(0)
    for name in TRAIN_FILES + ["test_batch.bin"]:
        records = rng.integers(0, 256, (10_000, RECORD), dtype=np.uint8)
        records[:, 0] %= 10
        records.tofile(os.path.join(folder, name))


def params_of(workload, seed=0):
    """Weights of a trained-looking network: He's initialisation, and batch norm's statistics."""
    rng = np.random.default_rng(seed)
    params = []
    dims = workload["dims"]
    for fan_in, fan_out in zip(dims, dims[1:]):
        w = rng.standard_normal((fan_in, fan_out)) * np.sqrt(2 / fan_in)
        layer = dict(w=w.astype(np.float32), b=np.zeros(fan_out, np.float32))
        if workload["norm"] and len(params) < len(dims) - 2:
            layer |= dict(gamma=np.ones(fan_out, np.float32), beta=np.zeros(fan_out, np.float32))
            layer |= dict(mean=np.zeros(fan_out, np.float32), var=np.ones(fan_out, np.float32))
        params.append(layer)
    return params


def serve(train=None, infer=None):
    """Answers each line of standard input with one line of numbers.

    `train WORKLOAD VARIANT STEPS` is answered with the seconds that these steps took;
    `infer WORKLOAD VARIANT BATCH SECONDS` with the median seconds of a call. The first request of a
    workload and variant compiles and warms up. Between requests run.py stops the process.
    """
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints must not be taken for an answer
    print("ready", file=out)
    for line in sys.stdin:
        kind, workload, variant, *numbers = line.split()
        try:
            if kind == "train":
                answer = train(workload, variant, int(numbers[0]))
            else:
                answer = infer(workload, variant, int(numbers[0]), float(numbers[1]))
        except Exception as error:  # the others can still be measured
            print(f"{workload} {variant}: {type(error).__name__}: {error}"[:2000], file=sys.stderr)
            answer = "failed"
        print(answer, file=out)


def median_call(call, seconds):
    """The median time of a call, over at least that many seconds."""
    import time

    clock = time.perf_counter_ns
    times = []
    end = clock() + int(seconds * 1e9)
    while (start := clock()) < end:
        call()
        times.append(clock() - start)
    return sorted(times)[len(times) // 2] / 1e9
