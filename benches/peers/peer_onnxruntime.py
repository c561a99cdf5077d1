"""ONNX Runtime: inference only."""

import os
import sys

import numpy as np
import onnxruntime

from workloads import WORKLOADS, median_call, serve

sessions = {}


def infer(name, variant, batch, seconds):
    if name not in sessions:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(sys.argv[1])
        options.inter_op_num_threads = 1
        path = os.path.join(os.environ["PEERS_DIR"], f"{name}.onnx")
        sessions[name] = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
    session = sessions[name]
    rng = np.random.default_rng(1)
    x = dict(x=rng.standard_normal((batch, WORKLOADS[name]["dims"][0]), dtype=np.float32))
    for _ in range(10):
        session.run(None, x)
    return median_call(lambda: session.run(None, x), seconds)


if __name__ == "__main__":
    serve(infer=infer)
