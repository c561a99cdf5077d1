"""Writes the networks of the workloads as ONNX files, for ONNX Runtime and tract."""

import os
import sys

import onnx
from onnx import TensorProto, helper, numpy_helper

from workloads import WORKLOADS, params_of

for name, workload in WORKLOADS.items():
    nodes, initializers, x = [], [], "x"
    params = params_of(workload)
    for i, layer in enumerate(params, 1):
        for key, value in layer.items():
            initializers.append(numpy_helper.from_array(value, f"{key}{i}"))
        last = i == len(params)
        out = "scores" if last else f"affine{i}"
        nodes.append(helper.make_node("Gemm", [x, f"w{i}", f"b{i}"], [out]))
        if last:
            break
        if workload["norm"]:
            inputs = [out] + [f"{key}{i}" for key in ("gamma", "beta", "mean", "var")]
            out = f"norm{i}"
            nodes.append(helper.make_node("BatchNormalization", inputs, [out], epsilon=1e-5))
        x = f"relu{i}"
        nodes.append(helper.make_node("Relu", [out], [x]))
    dims = workload["dims"]
    graph = helper.make_graph(
        nodes, name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", dims[0]])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", dims[-1]])],
        initializers,
    )
    # Versions that every runtime measured here reads.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, os.path.join(sys.argv[1], f"{name}.onnx"))
