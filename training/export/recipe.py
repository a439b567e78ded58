"""What every recipe gives back, and how far a converted model may differ from its original."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

Array = NDArray[Any]
Feeds = Mapping[str, Array]

SAMPLES = 3
"""How many random inputs are compared."""


class NotConvertible(ValueError):
    """Weights that are not what a recipe expects; says what was there."""


@dataclass(frozen=True, slots=True)
class Made:
    """A converted model beside its original.

    `original` gives for the same feeds what the model should: its outputs in order,
    or the first of them. `draw` makes feeds of a generator.
    `tolerance` is the largest difference allowed, in the outputs' own unit; `against` names what ran the original.
    """

    model: onnx.ModelProto
    original: Callable[[Feeds], Sequence[Array]]
    draw: Callable[[np.random.Generator], Feeds]
    tolerance: float
    against: str


Recipe = Callable[[Path], Made]


def largest_difference(made: Made, model: bytes) -> float:
    """Between what the ONNX model and the original say, over `SAMPLES` random inputs."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    rng, differences = np.random.default_rng(0), []
    for _ in range(SAMPLES):
        feeds = made.draw(rng)
        told = made.original(feeds)
        for ours, theirs in zip(session.run(None, dict(feeds))[: len(told)], told, strict=True):
            wide = np.asarray(ours, np.float64).reshape(-1), np.asarray(theirs, np.float64).reshape(-1)
            if wide[0].shape != wide[1].shape:
                raise NotConvertible(f"an output of {ours.shape}, where the original gives {np.shape(theirs)}")
            differences.append(float(np.abs(wide[0] - wide[1]).max()))
    return max(differences)
