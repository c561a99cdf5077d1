"""ONNX Runtime: inference only. Variants: cpu, binding (input and output stay where they are), and int8 (weights and
activations of 8 bits, calibrated), bound as well.
"""

import os
import sys

import numpy as np
import onnxruntime
from onnxruntime import quantization

from workloads import WORKLOADS, median_call, serve

onnxruntime.set_default_logger_severity(3)
sessions = {}


def rows(name, batch):
    rng = np.random.default_rng(1)
    return rng.standard_normal((batch, WORKLOADS[name]["dims"][0]), dtype=np.float32)


class Samples(quantization.CalibrationDataReader):
    """What int8 is calibrated with."""

    def __init__(self, name):
        self.batches = iter([dict(x=rows(name, 64))])

    def get_next(self):
        return next(self.batches, None)


def session(name, variant):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(sys.argv[1])
    options.inter_op_num_threads = 1
    path = os.path.join(os.environ["PEERS_DIR"], f"{name}.onnx")
    if variant == "int8":
        # Batch norm is folded before, as a user would.
        options.optimized_model_filepath = path = f"{path}.{os.getpid()}.folded"
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        plain = os.path.join(os.environ["PEERS_DIR"], f"{name}.onnx")
        onnxruntime.InferenceSession(plain, options, ["CPUExecutionProvider"])
        quantized = f"{path}.int8"
        quantization.quantize_static(path, quantized, Samples(name), per_channel=True)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = int(sys.argv[1]), 1
        path = quantized
    return onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])


def infer(name, variant, batch, seconds):
    kind = "int8" if variant == "int8" else "f32"
    if (name, kind) not in sessions:
        sessions[name, kind] = session(name, variant)
    run, x = sessions[name, kind], rows(name, batch)
    if variant == "cpu":
        call = lambda: run.run(None, dict(x=x))
    else:
        binding = run.io_binding()
        binding.bind_ortvalue_input("x", onnxruntime.OrtValue.ortvalue_from_numpy(x))
        out = np.empty((batch, WORKLOADS[name]["dims"][-1]), np.float32)
        binding.bind_ortvalue_output("scores", onnxruntime.OrtValue.ortvalue_from_numpy(out))
        call = lambda: run.run_with_iobinding(binding)
    for _ in range(10):
        call()
    return median_call(call, seconds)


if __name__ == "__main__":
    serve(infer=infer)
