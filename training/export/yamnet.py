"""YAMNet of a TFLite file with 8-bit weights: a float graph with an exact log-mel front end and the embedding told."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from onnx import TensorProto, helper, numpy_helper

from training.export.recipe import Array, Feeds, Made, NotConvertible
from training.export.tflite import runner
from training.export.tidy import tidied

RATE_HZ, SAMPLES, WINDOW, HOP, FFT, MELS = 16_000, 15_600, 400, 160, 512, 64
"""YAMNet's front end: 25 ms windows every 10 ms, 64 mels from 125 to 7500 Hz, log(x + 0.001) (source: YAMNet's
params.py)."""
ROUNDED = 0.1
"""Most by which a class may differ: the original rounds activations to 8 bits (0.083 measured on tones in noise)."""
_KEPT = ("strides", "pads", "group", "dilations", "kernel_shape")


def sounds(folder: Path) -> Made:
    """521 classes, the embedding of 1024 and the log-mel."""
    file = folder / "yamnet_dynrange_int8.tflite"
    found, _ = tf2onnx.convert.from_tflite(str(file), opset=17)
    model = _rebuilt(found)
    facts = {"labels": "yamnet_class_map.csv (521)", "input": "N,15600 float32 16 kHz mono -1..1",
             "output": "scores N,521 sigmoid; embeddings N,1024; log_mel N,96,64",
             "licence": "Apache-2.0 (Google YAMNet)", "source": "8-bit weights of yamnet.tflite"}  # fmt: skip
    made = tidied(model, ["waveform"], ["scores", "embeddings", "log_mel"], facts, halved=False)
    alone = runner(file, 1)

    def draw(rng: np.random.Generator) -> Feeds:
        times = np.arange(SAMPLES) / RATE_HZ
        wave = 0.3 * np.sin(2 * np.pi * rng.uniform(200, 2000) * times) + rng.normal(0, 0.05, SAMPLES)
        return {"waveform": wave[None].astype(np.float32)}

    return Made(
        made, alone, draw, ROUNDED, f"TFLite of TensorFlow {tf.__version__}, which rounds activations to 8 bits"
    )


def _rebuilt(found: onnx.ModelProto) -> onnx.ModelProto:
    values = {one.name: numpy_helper.to_array(one) for one in found.graph.initializer}
    makers = {node.output[0]: node for node in found.graph.node}
    convolutions = [node for node in found.graph.node if node.op_type == "Conv"]
    dense = [node for node in found.graph.node if node.op_type == "Gemm"][-1:]
    if len(convolutions) != 27 or not dense:
        raise NotConvertible(f"{len(convolutions)} convolutions and {len(dense)} dense layers; expected 27 and one")

    def constant(name: str) -> Array:
        """The numbers behind a name: 8-bit ones as the floats they stand for, floats as they were."""
        if name in values:
            return values[name]
        node = makers[name]
        source = constant(node.input[0])
        if node.op_type != "DequantizeLinear" or source.dtype != np.int8:
            return source
        axis = next((one.i for one in node.attribute if one.name == "axis"), 1)
        scale, zero = (constant(name).astype(np.float32) for name in node.input[1:3])
        along = [-1 if k == axis else 1 for k in range(source.ndim)] if scale.ndim else []
        return np.asarray((source.astype(np.float32) - zero.reshape(along)) * scale.reshape(along), np.float32)

    parts = _Parts()
    x = parts.log_mel()
    for k, node in enumerate(convolutions):
        said = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        kept = {name: said[name] for name in _KEPT if name in said}
        if (pad := said.get("auto_pad", b"NOTSET")) != b"NOTSET":
            kept["auto_pad"] = pad.decode()
        kernel, bias = (parts.constant(f"{what}{k}", constant(node.input[1 + j])) for j, what in enumerate("wb"))
        x = parts.node("Relu", parts.node("Conv", x, kernel, bias, **kept))
    embedding = parts.node("ReduceMean", x, axes=[2, 3], keepdims=0)
    weights, bias = (parts.constant(name, constant(dense[0].input[k])) for k, name in ((1, "dense"), (2, "dense_bias")))
    scores = parts.node("Sigmoid", parts.node("Gemm", embedding, weights, bias))
    return parts.model({scores: (521,), embedding: (1024,), "mel": (96, MELS)})


class _Parts:
    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: Array) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, op: str, *inputs: str, to: str = "", **attributes: Any) -> str:
        name = to or f"x{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def log_mel(self) -> str:
        """The picture that YAMNet looks at, (N, 1, 96, 64): magnitudes of a windowed Fourier transform, by mels."""
        angles = 2.0 * np.pi * np.arange(FFT // 2 + 1)[:, None] * np.arange(WINDOW)[None] / FFT
        window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(WINDOW) / WINDOW)
        kernel = np.concatenate([np.cos(angles) * window, -np.sin(angles) * window])[:, None].astype(np.float32)
        mels = tf.signal.linear_to_mel_weight_matrix(MELS, FFT // 2 + 1, RATE_HZ, 125.0, 7500.0).numpy()
        wave = self.node("Unsqueeze", "wave", self.constant("axis", np.array([1], np.int64)))
        both = self.node("Conv", wave, self.constant("fourier", kernel), strides=[HOP])
        halves = self.constant("halves", np.array([FFT // 2 + 1] * 2, np.int64))
        self._nodes.append(helper.make_node("Split", [both, halves], ["real", "imaginary"], axis=1))
        power = self.node("Add", self.node("Mul", "real", "real"), self.node("Mul", "imaginary", "imaginary"))
        magnitude = self.node("Transpose", self.node("Sqrt", power), perm=[0, 2, 1])
        together = self.node("MatMul", magnitude, self.constant("mels", mels.astype(np.float32)))
        little = self.constant("little", np.array(0.001, np.float32))
        self.node("Log", self.node("Add", together, little), to="mel")
        return self.node("Unsqueeze", "mel", "axis")

    def model(self, outputs: Mapping[str, tuple[int, ...]]) -> onnx.ModelProto:
        graph = helper.make_graph(
            self._nodes, "yamnet", [helper.make_tensor_value_info("wave", TensorProto.FLOAT, ["batch", SAMPLES])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *of]) for name, of in outputs.items()],
            self._constants,
        )  # fmt: skip
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        return model
