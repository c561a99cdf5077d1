"""OpenVINO: inference only. Variants: f32, and bf16, which it takes by itself where the CPU multiplies it."""

import os
import sys

import numpy as np
import openvino

from workloads import WORKLOADS, median_call, serve

core = openvino.Core()
requests = {}


def infer(name, variant, batch, seconds):
    dims = WORKLOADS[name]["dims"]
    if (name, variant, batch) not in requests:
        model = core.read_model(os.path.join(os.environ["PEERS_DIR"], f"{name}.onnx"))
        # A shape that is known is faster.
        model.reshape([batch, dims[0]])
        config = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": int(sys.argv[1]),
            "NUM_STREAMS": 1,
            "INFERENCE_PRECISION_HINT": variant,
        }
        requests[name, variant, batch] = core.compile_model(model, "CPU", config).create_infer_request()
    request = requests[name, variant, batch]
    rng = np.random.default_rng(1)
    x = openvino.Tensor(rng.standard_normal((batch, dims[0]), dtype=np.float32), shared_memory=True)
    request.set_input_tensor(x)
    for _ in range(10):
        request.infer()
    return median_call(request.infer, seconds)


if __name__ == "__main__":
    serve(infer=infer)
