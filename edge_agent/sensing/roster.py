"""Composes the senses of one camera: loads what its mode allows, and puts a stand-in where a model is missing."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2

from edge_agent.models import FindModel, Model, ModelAltered, ModelMissing, ModelUnreadable, load
from edge_agent.preprocess.tracks import WHOLE, Area
from edge_agent.sensing import affect, blendshapes, expression, pose
from edge_agent.sensing import faces as yunet
from edge_agent.sensing.absent import Absent
from edge_agent.sensing.audio import SILERO, YAMNET, Audio
from edge_agent.sensing.expression import PASSES
from edge_agent.sensing.expression_models import DEFAULT
from edge_agent.sensing.motion import Motion
from edge_agent.sensing.role import Sense
from services.runtime.assets import AssetAltered, AssetMissing
from services.runtime.logs import logger
from services.vocabulary import Mode, Seconds
from services.vocabulary import Sense as SenseName


@dataclass(frozen=True, slots=True)
class Rates:
    """How many pictures per second each sense looks at (at most what the source's `analysis_fps` leaves).

    Motion looks at all of them. `sound_hop_s` is how often a new stretch of sound is searched for cues.
    """

    faces: float = 2.0
    expression: float = 2.0
    blendshapes: float = 2.0
    pose: float = 2.0
    sound_hop_s: Seconds = 0.24


@dataclass(frozen=True, slots=True)
class Choice:
    """What an operator may choose about sensing: rates, processor, threads per inference, expression models, and how
    often each face is looked at for its expression (1 to 5; from 2 on its uncertainty is told)."""

    rates: Rates = Rates()
    providers: str = "auto"
    threads: int = 1
    expression: tuple[str, ...] = (DEFAULT,)
    passes: int = PASSES
    experts: tuple[str, ...] = ()
    """Who corrects the face's arousal: voice, body."""
    zone: Area = WHOLE
    """Where the resident of this camera has to have been; the whole picture: whoever is alone."""


@dataclass(frozen=True, slots=True)
class Roster:
    """The senses of one camera in the order in which they are asked, and the models they loaded."""

    senses: tuple[Sense, ...]
    models: tuple[Model, ...]

    @property
    def missing(self) -> tuple[Absent, ...]:
        """The senses that are off, each with what it lacks."""
        return tuple(sense for sense in self.senses if isinstance(sense, Absent))


def roster(
    find: FindModel,
    mode: Mode,
    choice: Choice = Choice(),
    loaded: dict[str, Model] | None = None,
) -> Roster:
    """All senses that `mode` allows. In observables mode the expression model is not even looked for.

    A model that is missing or altered costs only the senses that need it; each is logged and listed in `missing`.
    Cameras that are given the same `loaded` share the models' memory (models may run in several threads at once); it
    is added to.

    Raises:
        ProviderMissing: `choice.providers` insists on a processor that is not there.
        ValueError: an expression model that is not described.
    """
    cv2.setNumThreads(choice.threads)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    shelf = _Shelf(find, choice, {} if loaded is None else loaded)
    senses: list[Sense] = [
        Motion(),
        shelf.sense(
            Audio.title, SenseName.AUDIO, Audio.channels, Audio.needs,
            lambda: Audio(shelf.model(YAMNET), shelf.model(SILERO), choice.rates.sound_hop_s),
        ),
        shelf.sense(
            yunet.Faces.title, SenseName.FACE, yunet.Faces.channels, yunet.Faces.needs,
            lambda: yunet.Faces(shelf.find(yunet.MODEL), choice.rates.faces),
        ),
        shelf.sense(
            pose.Pose.title, SenseName.POSE, pose.Pose.channels, pose.Pose.needs,
            lambda: pose.Pose(shelf.model(pose.MODEL), choice.rates.pose, zone=choice.zone),
        ),
        shelf.sense(
            blendshapes.Blendshapes.title, SenseName.FACE, blendshapes.Blendshapes.channels,
            blendshapes.Blendshapes.needs, shelf.blendshapes,
        ),
    ]  # fmt: skip
    if mode is Mode.AFFECT:
        told = expression.channels_of(choice.expression, choice.passes)
        channels = affect.channels_of(told) if choice.experts else told
        needs = (yunet.MODEL, *choice.expression)
        title = expression.Expression.title
        senses.append(shelf.sense(title, SenseName.EXPRESSION, channels, needs, shelf.affect))
    return Roster(tuple(senses), tuple(shelf.used.values()))


class _Shelf:
    """Loads every model once and remembers which were used."""

    def __init__(self, find: FindModel, choice: Choice, loaded: dict[str, Model]) -> None:
        self.find = find
        self.used: dict[str, Model] = {}
        self._choice = choice
        self._loaded = loaded

    def model(self, name: str) -> Model:
        if name not in self._loaded:
            self._loaded[name] = load(self.find(name), self._choice.providers, threads=self._choice.threads)
        self.used[name] = self._loaded[name]
        return self.used[name]

    def blendshapes(self) -> Sense:
        self.find(yunet.MODEL)
        landmarks, shapes = self.model(blendshapes.LANDMARKS), self.model(blendshapes.BLENDSHAPES)
        return blendshapes.Blendshapes(landmarks, shapes, self._choice.rates.blendshapes)

    def affect(self) -> Sense:
        self.find(yunet.MODEL)
        models = [self.model(name) for name in self._choice.expression]
        face = expression.Expression(models, self._choice.rates.expression, self._choice.passes)
        return affect.Affect(face, self._choice.experts) if self._choice.experts else face

    def sense(
        self, title: str, name: SenseName, channels: tuple[str, ...], needs: tuple[str, ...], make: Callable[[], Sense]
    ) -> Sense:
        try:
            return make()
        except (AssetMissing, AssetAltered, ModelMissing, ModelAltered, ModelUnreadable) as error:
            logger(sense=title).warning("sense is off", reason=str(error))
            return Absent(title, name, channels, needs, str(error))


def in_folder(folder: Path) -> FindModel:
    """Finds models by name in one folder."""

    def find(name: str) -> Path:
        if not (folder / name).is_file():
            raise ModelMissing(f"{folder / name}: no such model file; fetch it with `attune assets pull {name}`")
        return folder / name

    return find
