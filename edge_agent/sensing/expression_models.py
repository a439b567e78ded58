"""Describes the expression models that fit: what each wants to see and what its numbers mean."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_agent.models import Model
from edge_agent.preprocess.crops import crop, rgb, square_around, widened
from edge_agent.preprocess.pixels import grey
from edge_agent.preprocess.probabilities import softened
from edge_agent.preprocess.variations import VARIATIONS, Variation
from edge_agent.sensing.role import Face

_EIGHT = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")


@dataclass(frozen=True, slots=True)
class ExpressionModel:
    """One model file. `outputs` names its numbers: emotions, or `valence` and `arousal`.

    `margin` is added to the face box (0.1: a tenth); `square` makes it a square first. `temperature` softens the
    probabilities of a model that is surer than it is right (Guo et al. 2017, On calibration of modern neural networks).
    """

    file: str
    size: int
    square: bool
    margin: float
    colour: Literal["bgr", "rgb", "grey"]
    outputs: tuple[str, ...]
    temperature: float = 1.0

    @property
    def input(self) -> str:
        """Name of the model's input."""
        return {"bgr": "image", "rgb": "image_rgb", "grey": "gray"}[self.colour]

    @property
    def channels(self) -> tuple[str, ...]:
        """The channel of each output."""
        return tuple(f"{'affect' if name in ('valence', 'arousal') else 'emotion'}.{name}" for name in self.outputs)

    def checked(self, model: Model) -> Model:
        """`model`, where it is the one described.

        Raises:
            ModelUnfit: it takes or gives something else.
        """
        colours = 1 if self.colour == "grey" else 3
        return model.fits({self.input: (0, self.size, self.size, colours)}, [(0, len(self.outputs))])

    def see(self, face: Face, look: Variation = VARIATIONS[0]) -> NDArray[np.float32] | None:
        """The face as the model wants it, size x size x colours, or None where it is out of the picture."""
        margin = self.margin + look.wider
        box = square_around(face.box, margin) if self.square else widened(face.box, margin)
        image = crop(face.frame.image, box, self.size)
        if image is None:
            return None
        image = look.of(image)
        if self.colour == "grey":
            return (grey(image).astype(np.float32)[..., None] / 255.0 - 0.5) * 2.0
        return (rgb(image) if self.colour == "rgb" else image).astype(np.float32)

    def read(self, numbers: NDArray[np.floating]) -> dict[str, NDArray[np.float64]]:
        """The model's numbers for n looks (n x outputs), by channel (n)."""
        bounded = np.clip(numbers, -1.0, 1.0) if "valence" in self.outputs else softened(numbers, self.temperature)
        return dict(zip(self.channels, bounded.astype(np.float64).T, strict=True))


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
                        ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")),
        # Trained on research-only data: the operator brings them, nothing here fetches or ships them.
        ExpressionModel("affectnet8_mnasnet05.onnx", 224, True, 0.1, "bgr", _EIGHT),
        ExpressionModel("affectnet8_squeezenet.onnx", 224, True, 0.1, "bgr", _EIGHT),
        ExpressionModel("affectnet_va_shufflenet200.onnx", 224, True, 0.1, "bgr", ("arousal", "valence")),
    )
}  # fmt: skip


def described(file: str) -> ExpressionModel:
    """The description of a model file.

    Raises:
        ValueError: nothing is known about it.
    """
    if file not in EXPRESSION_MODELS:
        raise ValueError(f"expression model {file!r}: not described; expected one of {', '.join(EXPRESSION_MODELS)}")
    return EXPRESSION_MODELS[file]
