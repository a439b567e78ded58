"""Writes a head as ONNX, as the edge agent takes it."""

from collections.abc import Mapping
from pathlib import Path

import onnx
from onnx import TensorProto, helper, numpy_helper

from training.cues.fitting import Head

OPSET = 17


def write_head(head: Head, file: Path, facts: Mapping[str, str]) -> None:
    """`embedding` (n, dimensions) in, `probabilities` (n, labels) out; in its metadata the labels, and `facts` about
    the model whose embedding it reads."""
    dimensions, count = head.weights.shape
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["embedding", "weights", "biases"], ["log_odds"]),
            helper.make_node("Sigmoid", ["log_odds"], ["probabilities"]),
        ],
        "cue_head",
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", dimensions])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", count])],
        [numpy_helper.from_array(head.weights, "weights"), numpy_helper.from_array(head.biases, "biases")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="attune")
    model.ir_version = 8
    helper.set_model_props(model, {"labels": ",".join(head.labels), **facts})
    onnx.checker.check_model(model)
    file.write_bytes(model.SerializeToString(deterministic=True))
