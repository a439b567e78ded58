"""What the whole picture says of valence and arousal: people and surroundings, by an operator's model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge_agent.capture.frame import Frame
from edge_agent.models import Model
from edge_agent.preprocess.fusion import HIGH, LOW, Opinion
from edge_agent.preprocess.pixels import whole
from edge_agent.preprocess.probabilities import circumplex
from edge_agent.sensing.expression import AFFECT, Origin
from edge_agent.sensing.expression_models import ExpressionModel
from edge_agent.sensing.role import thinned
from services.vocabulary import EMOTIONS

SCENE = "scene"
OWN_VARIANCE = {Origin.MODEL: 0.1, Origin.DERIVED: 0.2}
"""Variance of what such a model says where it does not tell it (source: guess, above that of a face: it sees the same
person smaller, and a room's mood is not its resident's)."""
LEAST_VARIANCE = 0.01
"""No picture says more (source: guess, half of what a face's own model errs by)."""


@dataclass(frozen=True, slots=True)
class SceneModel:
    """A file and how it is read; `variance` 0 stands for `OWN_VARIANCE`."""

    what: ExpressionModel
    variance: float = 0.0
    per_second: float = 1.0


class SceneExpert:
    """Looks at whole masked pictures of somebody who may be read: whether anybody may is not decided here.

    Raises:
        ModelUnfit: the model takes or gives something else than described.
    """

    def __init__(self, model: Model, described: SceneModel) -> None:
        self._model, self._described = described.what.checked(model), described
        given = {name.removeprefix("affect.") for name in described.what.channels}
        self.origin = Origin.MODEL if "valence" in given else Origin.DERIVED
        self._sure = "valence_variance" in given

    def look(self, frames: Sequence[Frame]) -> tuple[dict[str, Opinion], int]:
        """Valence and arousal of a second, as far as they are numbers, and how often the model ran."""
        what, looked = self._described.what, thinned(tuple(frames), self._described.per_second)
        if not looked:
            return {}, 0
        numbers = what.read(what.run(self._model, [what.given(whole(f.image, what.size, what.square)) for f in looked]))
        if self.origin is Origin.DERIVED:
            emotions = {name: numbers[f"emotion.{name}"] for name in EMOTIONS if f"emotion.{name}" in numbers}
            numbers |= dict(zip(AFFECT, circumplex(emotions), strict=True))
        own = self._described.variance or OWN_VARIANCE[self.origin]
        opinions = {}
        for name in AFFECT:
            values = numbers[name]
            said = float(numbers[f"{name}_variance"].mean()) if self._sure else own
            variance = max(LEAST_VARIANCE, said) + float(values.var())
            if np.isfinite(values.mean()) and np.isfinite(variance):
                opinions[name] = Opinion(min(HIGH, max(LOW, float(values.mean()))), variance)
        return opinions, len(looked)
