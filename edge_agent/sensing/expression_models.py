"""Describes the expression models that fit: what each wants to see and what its numbers mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_agent.models import Model, ModelUnfit
from edge_agent.preprocess.crops import crop, rgb, square_around, widened
from edge_agent.preprocess.pixels import grey
from edge_agent.preprocess.probabilities import softened, softmax
from edge_agent.preprocess.variations import VARIATIONS, Variation
from edge_agent.sensing import deepface
from edge_agent.sensing.role import Face
from services.vocabulary import EMOTIONS

_EIGHT = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")
_PIXELS = (0.0, 255.0)

Colour = Literal["bgr", "rgb", "grey"]
Layout = Literal["nhwc", "nchw"]


@dataclass(frozen=True, slots=True)
class ExpressionModel:
    """One model file. `outputs` names its numbers, all of its outputs one after the other: emotions, `valence`,
    `arousal`.

    `margin` is added to the face box (0.1: a tenth); `square` makes it a square first. Pixels are brought to `span`,
    then `mean` is taken off and the rest divided by `std`, each of them one number per colour. `logits`: the emotions
    are no probabilities yet. `temperature` softens the probabilities of a model that is surer than it is right (Guo et
    al. 2017, On calibration of modern neural networks). `path` and `sha256` are those of an operator's own file.
    """

    file: str
    size: int
    square: bool
    margin: float
    colour: Colour
    outputs: tuple[str, ...]
    temperature: float = 1.0
    layout: Layout = "nhwc"
    span: tuple[float, float] = _PIXELS
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    logits: bool = False
    path: Path | None = None
    sha256: str = ""

    @property
    def channels(self) -> tuple[str, ...]:
        """The channel of each output."""
        return tuple(f"{'emotion' if name in EMOTIONS else 'affect'}.{name}" for name in self.outputs)

    @property
    def shape(self) -> tuple[int, ...]:
        """What the model takes; 0 for any number of faces."""
        colours = 1 if self.colour == "grey" else 3
        last = (self.size, self.size)
        return (0, colours, *last) if self.layout == "nchw" else (0, *last, colours)

    @property
    def _remedy(self) -> str:
        if self.path is not None:
            return "correct its table"
        return "another model under this name: fetch it again with `attune assets pull`"

    def checked(self, model: Model) -> Model:
        """`model`, where it is the one described.

        Raises:
            ModelUnfit: it takes or gives something else.
        """
        if len(model.takes) != 1:
            raise ModelUnfit(f"{self.file}: takes {dict(model.takes)}; expected one picture; {self._remedy}")
        (name, takes), *_ = model.takes.items()
        if len(takes) != 4 or any(has not in (0, wants) for has, wants in zip(takes[1:], self.shape[1:], strict=True)):
            raise ModelUnfit(f"{self.file}: its input {name} is {_told(takes)}, but it is described as "
                             f"{_told(self.shape)}: size = {self.size}, layout = {self.layout!r}, "
                             f"colour = {self.colour!r}; {self._remedy}")  # fmt: skip
        width = sum(shape[1] if len(shape) == 2 else 0 for shape in model.gives)
        if width != len(self.outputs) or any(len(shape) != 2 for shape in model.gives):
            raise ModelUnfit(f"{self.file}: gives {', '.join(map(_told, model.gives))}, but {len(self.outputs)} "
                             f"outputs are described: {', '.join(self.outputs)}; {self._remedy}")  # fmt: skip
        return model

    def crop(self, face: Face, look: Variation = VARIATIONS[0]) -> NDArray[np.uint8] | None:
        """The face cut out as the model wants it, size x size x 3, BGR, or None where it is out of the picture."""
        margin = self.margin + look.wider
        box = square_around(face.box, margin) if self.square else widened(face.box, margin)
        image = crop(face.frame.image, box, self.size)
        return None if image is None else look.of(image)

    def see(self, face: Face, look: Variation = VARIATIONS[0]) -> NDArray[np.float32] | None:
        """The numbers that the model is given of a face, or None where it is out of the picture."""
        image = self.crop(face, look)
        return None if image is None else self.given(image)

    def given(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The numbers of a picture (BGR) that has the model's size already."""
        seen = grey(image)[..., None] if self.colour == "grey" else rgb(image) if self.colour == "rgb" else image
        low, high = self.span
        values: NDArray[np.float32] = seen.astype(np.float32)
        if self.span != _PIXELS:
            values = (values / np.float32(255.0) + np.float32(low / (high - low))) * np.float32(high - low)
        if self.mean != (0.0,) or self.std != (1.0,):
            values = ((values - np.array(self.mean)) / np.array(self.std)).astype(np.float32)
        return np.ascontiguousarray(values.transpose(2, 0, 1) if self.layout == "nchw" else values)

    def run(self, model: Model, faces: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
        """Its numbers for n faces (n x outputs); one after the other where it takes but one."""
        (name, takes), *_ = model.takes.items()
        size = takes[0] or len(faces)
        parts = [np.stack(faces[k : k + size]) for k in range(0, len(faces), size)]
        return np.concatenate([np.concatenate(model.run({name: part}), axis=1) for part in parts]).astype(np.float64)

    def read(self, numbers: NDArray[np.floating]) -> dict[str, NDArray[np.float64]]:
        """The model's numbers for n faces (n x outputs), by channel (n)."""
        affect = np.array([name not in EMOTIONS for name in self.outputs])
        told = np.clip(numbers, -1.0, 1.0).astype(np.float64)
        if not affect.all():
            emotions = softmax(numbers[:, ~affect]) if self.logits else numbers[:, ~affect]
            told[:, ~affect] = softened(emotions, self.temperature)
        return dict(zip(self.channels, told.T, strict=True))


DEFAULT = "faceapi_expression.onnx"

_OVERSURE = 4.0
"""Source: guess. The default model says 0.99 where it is right in 56 % (415 FER2013 faces); at 4 it says about 0.6 to
0.8 on the demonstration clip."""

EXPRESSION_MODELS = {
    model.file: model
    for model in (
        ExpressionModel(DEFAULT, 112, False, 0.0, "rgb",
                        ("neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise"), _OVERSURE),
        ExpressionModel("fer_minixception.onnx", 64, False, 0.0, "grey",
                        ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"), span=(-1.0, 1.0)),
        # Trained on research-only data: the operator brings them, nothing here fetches or ships them.
        ExpressionModel("affectnet8_mnasnet05.onnx", 224, True, 0.1, "bgr", _EIGHT),
        ExpressionModel("affectnet8_squeezenet.onnx", 224, True, 0.1, "bgr", _EIGHT),
        ExpressionModel("affectnet_va_shufflenet200.onnx", 224, True, 0.1, "bgr", ("arousal", "valence")),
        ExpressionModel(deepface.NAME, deepface.SIDE, True, 0.0, "bgr", deepface.EMOTIONS, span=(0.0, 1.0)),
    )
}  # fmt: skip

Known = Mapping[str, ExpressionModel]


def described(file: str, known: Known = EXPRESSION_MODELS) -> ExpressionModel:
    """The description of a model file.

    Raises:
        ValueError: nothing is known about it.
    """
    if file not in known:
        raise ValueError(f"expression model {file!r}: not described; expected one of {', '.join(known)}, or a table "
                         "[[expression_models]] that describes it")  # fmt: skip
    return known[file]


def _told(shape: Sequence[int]) -> str:
    return f"({', '.join(str(size or 'n') for size in shape)})"
