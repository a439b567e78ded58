"""A real, tiny net that looks at whole pictures; the shared cast of the scene expert's tests, not a test."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

COLOURS = ("red", "green", "blue")


def scene_net(place: Path, size: int = 32, outputs: int = 4, batch: int | str = "n") -> Path:
    """Its outputs are the mean of red, green, blue and red again, as far as there are outputs, from 0 to 1."""
    weights = np.zeros((3, outputs), np.float32)
    for column in range(outputs):
        weights[column % 3, column] = 1.0
    nodes = [
        helper.make_node("ReduceMean", ["picture"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["means", "weights"], ["told"]),
    ]
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [batch, 3, size, size])
    told = helper.make_tensor_value_info("told", TensorProto.FLOAT, [batch, outputs])
    graph = helper.make_graph(nodes, "scene", [picture], [told], [numpy_helper.from_array(weights, "weights")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, place)
    return place
