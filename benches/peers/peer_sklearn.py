"""scikit-learn's MLPClassifier. Variant: fit. It has neither batch norm nor dropout, so W2 to W4 are not measured."""

import time
import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from workloads import WORKLOADS, samples, serve

warnings.simplefilter("ignore", ConvergenceWarning)
data = {}


def train(name, variant, steps):
    """The seconds of so many steps: those of whole epochs, divided."""
    workload = WORKLOADS[name]
    if workload["norm"]:
        raise ValueError("has batch norm")
    kind = name.startswith("W0")
    if kind not in data:
        data[kind] = samples(name)
    x, y = data[kind]
    batch = workload["batch"]
    # Enough to go once over, and no more than is asked for: of wide networks an epoch is long.
    used = min(len(x), steps * batch)
    net = MLPClassifier(
        workload["dims"][1:-1], solver=workload["rule"], alpha=0, batch_size=batch, momentum=0,
        learning_rate_init=workload["lr"], max_iter=1, n_iter_no_change=1_000_000, tol=0,
    )
    start = time.perf_counter()
    net.fit(x[:used], y[:used])
    return (time.perf_counter() - start) * steps * batch / used


if __name__ == "__main__":
    serve(train)
