"""Reads emotions, valence and arousal from the face of the one person in view; only loaded in affect mode."""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from edge_agent.models import Model
from edge_agent.preprocess.fusion import Opinion
from edge_agent.preprocess.probabilities import circumplex
from edge_agent.preprocess.variations import VARIATIONS
from edge_agent.sensing.affect_calibration import Calibration
from edge_agent.sensing.expression_models import EXPRESSION_MODELS, ExpressionModel, Known, described
from edge_agent.sensing.readable import readable
from edge_agent.sensing.role import Face, Moment, Reading, unseen
from edge_agent.sensing.yunet import MODEL as FACE_MODEL
from services.vocabulary import EMOTIONS, Absence
from services.vocabulary import Sense as SenseName

AFFECT = ("affect.valence", "affect.arousal")
PASSES = len(VARIATIONS)


class Origin(StrEnum):
    """Where valence and arousal come from."""

    MODEL = "model"
    DERIVED = "derived"


OWN_VARIANCE = {Origin.MODEL: 0.02, Origin.DERIVED: 0.06}
"""Variance of valence and arousal that no other look at the same face can show (source: guess; a model trained on them
errs by 0.37 and 0.41 among strangers by its author's measurement, most of which stays the same for one face; prototypes
of emotions know no intensity)."""

Looks = NDArray[np.float64]
"""One channel: faces x passes."""


class Expression:
    """Mean emotion probabilities of a second; valence and arousal from a model that gives them, else derived.

    Derived means the circumplex mean of the emotion probabilities (see `preprocess.probabilities`); `origin` says
    which. Every face is looked at in `passes` variations (1 to 5): the mean is told, and with more than one the
    variance between them as `uncertainty.<channel>`, for valence and arousal with what such a model does not know of
    itself. A `calibration` moves both where it was significant.
    """

    title = "expression"
    name = SenseName.EXPRESSION

    def __init__(
        self, models: Sequence[Model], per_second: float = 2.0, passes: int = PASSES, known: Known = EXPRESSION_MODELS,
        calibration: Calibration | None = None,
    ) -> None:  # fmt: skip
        said = [described(model.name, known) for model in models]
        self._models = [(what.checked(model), what) for what, model in zip(said, models, strict=True)]
        self.per_second = per_second
        self.passes = passes
        self.calibration = calibration
        files = [model.name for model in models]
        self.channels = channels_of(files, passes, known)
        self.needs = (FACE_MODEL, *files)
        self.origin = origin_of(files, known)

    def read(self, moment: Moment) -> Reading:
        """Abstains when several people are in view, nobody, who is not the resident, or no face that can be read."""
        if moment.persons > 1:
            return Reading.absent(Absence.SEVERAL_PEOPLE)
        if not moment.faces:
            return Reading.absent(Absence.NOT_IN_VIEW if moment.frames else unseen(moment.window))
        if moment.resident is False:
            return Reading.absent(Absence.NOT_CONFIRMED)
        faces = [face for face in readable(moment.faces, self.per_second) if self._shows(face)]
        if not faces:
            return Reading.absent(Absence.TOO_UNCERTAIN)
        looks: dict[str, Looks] = {}
        for model, what in self._models:
            looks |= self._looks(model, what, faces)
        if self.origin is Origin.DERIVED:
            emotions = {name: looks[f"emotion.{name}"] for name in EMOTIONS if f"emotion.{name}" in looks}
            looks |= dict(zip(AFFECT, circumplex(emotions), strict=True))
        quality = sum(face.score for face in faces) / len(moment.faces)
        runs = len(faces) * len(self._models) * len(VARIATIONS[: self.passes])
        return Reading(self._calibrated(self._told(looks)), min(1.0, quality), inferences=runs)

    def _shows(self, face: Face) -> bool:
        return all(what.see(face) is not None for _, what in self._models)

    def _looks(self, model: Model, what: ExpressionModel, faces: Sequence[Face]) -> dict[str, Looks]:
        seen = [
            look for face in faces for one in VARIATIONS[: self.passes] if (look := what.see(face, one)) is not None
        ]
        numbers = what.read(what.run(model, seen))
        return {channel: values.reshape(len(faces), -1) for channel, values in numbers.items()}

    def _calibrated(self, values: dict[str, float]) -> dict[str, float]:
        if self.calibration is not None:
            for name in AFFECT:
                doubt = f"uncertainty.{name}"
                said = Opinion(values[name], values.get(doubt, OWN_VARIANCE[self.origin]))
                moved = self.calibration.apply(name.removeprefix("affect."), said)
                values |= {name: moved.value, **({doubt: moved.variance} if doubt in values else {})}
        return values

    def _told(self, looks: dict[str, Looks]) -> dict[str, float]:
        values = {channel: float(look.mean()) for channel, look in looks.items() if channel in self.channels}
        if len(VARIATIONS[: self.passes]) == 1:
            return values
        for channel in list(values):
            own = OWN_VARIANCE[self.origin] if channel in AFFECT else 0.0
            values[f"uncertainty.{channel}"] = float(looks[channel].var(axis=1).mean()) + own
        return values


def channels_of(files: Sequence[str], passes: int = PASSES, known: Known = EXPRESSION_MODELS) -> tuple[str, ...]:
    """The channels a set of expression models gives, in the vocabulary's order, known without loading them."""
    given = _given(files, known)
    told = (*(f"emotion.{name}" for name in EMOTIONS if f"emotion.{name}" in given), *AFFECT)
    return told if passes == 1 else (*told, *(f"uncertainty.{name}" for name in told))


def origin_of(files: Sequence[str], known: Known = EXPRESSION_MODELS) -> Origin:
    """Where valence and arousal of a set of expression models come from, known without loading them."""
    return Origin.MODEL if set(AFFECT) <= _given(files, known) else Origin.DERIVED


def _given(files: Sequence[str], known: Known) -> set[str]:
    return {channel for file in files for channel in described(file, known).channels}
