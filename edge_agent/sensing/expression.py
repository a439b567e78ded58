"""Reads emotions, valence and arousal from the face of the one person in view; only loaded in affect mode."""

from collections.abc import Sequence

from edge_agent.models import Model
from edge_agent.preprocess.probabilities import circumplex
from edge_agent.sensing.expression_models import described
from edge_agent.sensing.faces import MODEL as FACE_MODEL
from edge_agent.sensing.role import Face, Moment, Reading, mean_of, unseen
from services.vocabulary import EMOTIONS, Absence
from services.vocabulary import Sense as SenseName

SMALLEST_FACE_PX = 24.0
"""A face whose shorter side is smaller says nothing about expression (source: guess)."""


class Expression:
    """Mean emotion probabilities of a second; valence and arousal from a model that gives them, else derived.

    Derived means the circumplex mean of the emotion probabilities (see `preprocess.probabilities`).
    """

    title = "expression"
    name = SenseName.EXPRESSION

    def __init__(self, models: Sequence[Model], per_second: float = 2.0) -> None:
        self._models = [(model, described(model.name)) for model in models]
        self._per_second = per_second
        self.channels = channels_of([model.name for model in models])
        self.needs = (FACE_MODEL, *(model.name for model in models))

    def read(self, moment: Moment) -> Reading:
        """Abstains when more than one person is in view, nobody is, or the face is too small."""
        if moment.persons > 1:
            return Reading.absent(Absence.SEVERAL_PEOPLE)
        if not moment.faces:
            return Reading.absent(Absence.NOT_IN_VIEW if moment.frames else unseen(moment.window))
        faces = large_enough(moment.faces)[-max(1, round(self._per_second)) :]
        rows = [row for face in faces if (row := self._one(face))]
        if not rows:
            return Reading.absent(Absence.TOO_UNCERTAIN)
        quality = sum(face.score for face in faces) / len(moment.faces)
        return Reading(mean_of(rows), min(1.0, quality), inferences=len(rows) * len(self._models))

    def _one(self, face: Face) -> dict[str, float]:
        values: dict[str, float] = {}
        for model, what in self._models:
            image = what.see(face)
            if image is None:
                return {}
            values.update(what.read(model.run({what.input: image[None]})[0][0]))
        if "affect.valence" not in values:
            emotions = {name: values[f"emotion.{name}"] for name in EMOTIONS if f"emotion.{name}" in values}
            values["affect.valence"], values["affect.arousal"] = circumplex(emotions)
        return values


def channels_of(files: Sequence[str]) -> tuple[str, ...]:
    """The channels a set of expression models gives, in the vocabulary's order, known without loading them."""
    given = {channel for file in files for channel in described(file).channels}
    emotions = tuple(f"emotion.{name}" for name in EMOTIONS if f"emotion.{name}" in given)
    return (*emotions, "affect.valence", "affect.arousal")


def large_enough(faces: Sequence[Face]) -> list[Face]:
    """The faces that are large enough to be read."""
    return [face for face in faces if min(face.box.width, face.box.height) >= SMALLEST_FACE_PX]
