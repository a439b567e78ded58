"""face-api's expression net of an npm package: its weights have no graph beside them, so it is built anew here."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tensorflow as tf
from onnx import TensorProto, helper, numpy_helper

from training.export.recipe import Array, Feeds, Made
from training.export.tfjs import described, weights
from training.export.tidy import tidied

MEAN_RGB = (122.782, 117.001, 104.298)
"""Taken off each pixel (source: face-api's own code)."""
LABELS = "neutral,happy,sad,angry,fearful,disgusted,surprised"
_BLOCKS = ("dense0", "dense1", "dense2", "dense3")


def expression(folder: Path) -> Made:
    """7 expressions: four blocks of three or four separable convolutions whose outputs are added up."""
    stem = folder / "face_expression_model"
    known = weights(stem.with_suffix(".bin"), described(stem.with_name(f"{stem.name}-weights_manifest.json")))
    net = _Net(known)
    x = net.node("Sub", "image", net.constant("mean", np.array(MEAN_RGB, np.float32)))
    x = net.node("Div", x, net.constant("full", np.array(255.0, np.float32)))
    x = net.node("Transpose", x, perm=[0, 3, 1, 2])
    for block in _BLOCKS:
        x = net.block(x, block)
    x = net.node("AveragePool", x, kernel_shape=[7, 7], strides=[2, 2])
    x = net.node("Flatten", x)
    x = net.node("Gemm", x, net.constant("fc", known["fc/weights"]), net.constant("fc_bias", known["fc/bias"]))
    x = net.node("Softmax", x, axis=-1)
    graph = helper.make_graph(
        net.nodes, "faceapi_expression",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 112, 112, 3])],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["batch", 7])], net.constants,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    facts = {"labels": LABELS, "input": "N,112,112,3 float32 RGB 0..255 face crop", "output": "softmax over 7",
             "licence": "MIT", "source": "npm @vladmandic/face-api 1.7.15"}  # fmt: skip

    def draw(rng: np.random.Generator) -> Feeds:
        return {"image_rgb": rng.uniform(0, 255, (2, 112, 112, 3)).astype(np.float32)}

    return Made(
        tidied(model, ["image_rgb"], ["prob"], facts, halved=False), lambda feeds: _reference(known, feeds), draw, 1e-5,
        f"the same net written for TensorFlow {tf.__version__} (its JavaScript runtime has no Python one)",
    )  # fmt: skip


class _Net:
    """A graph that grows node by node; channels come first, as ONNX has them."""

    def __init__(self, known: dict[str, Array]) -> None:
        self._known = known
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: Array) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, op: str, *inputs: str, **attributes: Any) -> str:
        name = f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def block(self, x: str, at: str) -> str:
        first = self._first(x, at)
        second = self._separable(first, f"{at}/conv1")
        third = self._separable(self.node("Relu", self.node("Add", first, second)), f"{at}/conv2")
        together = self.node("Add", self.node("Add", first, second), third)
        fourth = self._separable(self.node("Relu", together), f"{at}/conv3")
        return self.node("Relu", self.node("Add", together, fourth))

    def _first(self, x: str, at: str) -> str:
        place = f"{at}/conv0"
        if f"{place}/filters" not in self._known:
            return self.node("Relu", self._separable(x, place, 2))
        kernel = self.constant(f"{place}/filters", self._known[f"{place}/filters"].transpose(3, 2, 0, 1))
        bias = self.constant(f"{place}/bias", self._known[f"{place}/bias"])
        return self.node("Relu", self.node("Conv", x, kernel, bias, strides=[2, 2], auto_pad="SAME_UPPER"))

    def _separable(self, x: str, place: str, stride: int = 1) -> str:
        depth, point = self._known[f"{place}/depthwise_filter"], self._known[f"{place}/pointwise_filter"]
        first = self.constant(f"{place}/depthwise", depth.transpose(2, 3, 0, 1))
        x = self.node("Conv", x, first, group=depth.shape[2], strides=[stride, stride], auto_pad="SAME_UPPER")
        second = self.constant(f"{place}/pointwise", point.transpose(3, 2, 0, 1))
        return self.node("Conv", x, second, self.constant(f"{place}/bias", self._known[f"{place}/bias"]))


def _reference(known: dict[str, Array], feeds: Feeds) -> Sequence[Array]:
    def separable(x: object, place: str, stride: int = 1) -> object:
        depth, point = known[f"{place}/depthwise_filter"], known[f"{place}/pointwise_filter"]
        return tf.nn.separable_conv2d(x, depth, point, [1, stride, stride, 1], "SAME") + known[f"{place}/bias"]

    x = (tf.constant(feeds["image_rgb"]) - np.array(MEAN_RGB, np.float32)) / 255.0
    for at in _BLOCKS:
        if at == _BLOCKS[0]:
            first = tf.nn.relu(tf.nn.conv2d(x, known[f"{at}/conv0/filters"], 2, "SAME") + known[f"{at}/conv0/bias"])
        else:
            first = tf.nn.relu(separable(x, f"{at}/conv0", 2))
        second = separable(first, f"{at}/conv1")
        third = separable(tf.nn.relu(first + second), f"{at}/conv2")
        fourth = separable(tf.nn.relu(first + second + third), f"{at}/conv3")
        x = tf.nn.relu(first + second + third + fourth)
    x = tf.reshape(tf.nn.avg_pool2d(x, 7, 2, "VALID"), [-1, 256])
    return [tf.nn.softmax(tf.matmul(x, known["fc/weights"]) + known["fc/bias"]).numpy()]
