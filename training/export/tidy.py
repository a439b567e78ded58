"""Gives a converted graph its names and facts, and stores what was half precision as half precision."""

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WORTH_HALVING = 64
"""Numbers of a tensor from which a cast costs less than it saves."""


def tidied(
    model: onnx.ModelProto, inputs: Sequence[str], outputs: Sequence[str], facts: Mapping[str, str],
    halved: bool = True, free: Sequence[str] = ("N",),
) -> onnx.ModelProto:  # fmt: skip
    """`model` with the names `inputs` and `outputs`, its unknown sizes named `free` in order, `facts` in its metadata.

    Where `halved`, a float32 tensor whose numbers are all exact in float16 (as published weights are) is stored so,
    with a cast behind it: the same numbers in half the space.
    """
    graph = model.graph
    new = {one.name: name for one, name in zip([*graph.input, *graph.output], [*inputs, *outputs], strict=True)}
    for node in graph.node:
        node.input[:] = [new.get(name, name) for name in node.input]
        node.output[:] = [new.get(name, name) for name in node.output]
        node.name = node.doc_string = ""
    for one in [*graph.input, *graph.output]:
        one.name = new[one.name]
        unknown = [size for size in one.type.tensor_type.shape.dim if not size.HasField("dim_value")]
        for size, name in zip(unknown, free, strict=False):
            size.dim_param = name
    del graph.value_info[:]
    if halved:
        _halve(graph)
    _renumber(graph)
    model.producer_name, model.doc_string, graph.doc_string = "attune", "", ""
    helper.set_model_props(model, dict(facts))
    onnx.checker.check_model(model)
    return model


def _renumber(graph: onnx.GraphProto) -> None:
    """Inner names by their first use, constants in that order: the converter names them anew each time."""
    known = {one.name: one.name for one in [*graph.input, *graph.output]} | {"": ""}
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [known.setdefault(name, f"v{len(known)}") for name in names]
    constants = {known[one.name]: one for one in graph.initializer if one.name in known}
    ordered = [onnx.TensorProto.FromString(constants[name].SerializeToString())
               for name in known.values() if name in constants]  # fmt: skip
    for name, tensor in zip([name for name in known.values() if name in constants], ordered, strict=True):
        tensor.name = name
    del graph.initializer[:]
    graph.initializer.extend(ordered)


def _halve(graph: onnx.GraphProto) -> None:
    casts: dict[str, onnx.NodeProto] = {}
    for place, tensor in enumerate(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if values.size < WORTH_HALVING or not np.array_equal(half.astype(np.float32), values):
            continue
        name = tensor.name
        graph.initializer[place].CopyFrom(numpy_helper.from_array(half, f"{name}__half"))
        casts[name] = helper.make_node("Cast", [f"{name}__half"], [name], to=TensorProto.FLOAT)
    used = dict.fromkeys(name for node in graph.node for name in node.input if name in casts)
    nodes = [*(casts[name] for name in used), *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
