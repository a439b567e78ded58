"""Composes the senses of one camera: loads what its mode allows, and puts a stand-in where a model is missing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from edge_agent.engines import EngineSettings
from edge_agent.models import FindModel, Model, ModelAltered, ModelMissing, ModelUnreadable, load
from edge_agent.preprocess.tracks import WHOLE, Area
from edge_agent.sensing import affect, blendshapes, deepface, expression, faces, pose, yunet
from edge_agent.sensing.absent import Absent
from edge_agent.sensing.affect_calibration import Calibration
from edge_agent.sensing.audio import SILERO, YAMNET, Audio
from edge_agent.sensing.cue_head import CueHead, Use
from edge_agent.sensing.expression import PASSES
from edge_agent.sensing.expression_models import DEFAULT, EXPRESSION_MODELS, ExpressionModel, Known, described
from edge_agent.sensing.motion import Motion
from edge_agent.sensing.role import Sense
from edge_agent.sensing.scene import SCENE, SceneExpert, SceneModel
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
    engines: EngineSettings = field(default_factory=EngineSettings)
    expression: tuple[str, ...] = (DEFAULT,)
    passes: int = PASSES
    own: tuple[ExpressionModel, ...] = ()
    """Expression models of the operator's own, described in the settings."""
    scene: SceneModel | None = None
    """A model of the whole picture, for the expert `scene`."""
    experts: tuple[str, ...] = ()
    """Who corrects the face: voice and body its arousal, posture its valence and arousal."""
    calibration: Calibration | None = None
    """Moves valence and arousal of the face, where a study found that needed."""
    cue_head: Path | None = None
    """A head on YAMNet's embedding that tells cues, and whether beside YAMNet's own classes or instead of them."""
    cue_head_use: Use = "beside"
    cue_embedding: Path | None = None
    """The sound model whose embedding the head reads, where that is not YAMNet's."""
    sound_extras: tuple[str, ...] = ()
    """More of sound, off unless asked for: names of `sensing.sound_extras`."""
    zone: Area = WHOLE
    """Where the resident of this camera has to have been; the whole picture: whoever is alone."""
    pose_model: Path | None = None
    """A YOLO pose net of the operator's own, instead of MoveNet."""
    bed: Area | None = None
    """Where the mattress is seen: who lies there has not fallen. None: nobody said."""
    others: tuple[Area, ...] = ()
    """Zones and beds of other residents in the same picture: who falls out of one of those is not this resident."""

    @property
    def pose_file(self) -> str:
        """Which model finds bodies: MoveNet's name, or the path of the operator's own."""
        return pose.MODEL if self.pose_model is None else str(self.pose_model)

    @property
    def known(self) -> Known:
        """Every expression model that is described."""
        return {**EXPRESSION_MODELS, **{model.file: model for model in self.own}}


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
            shelf.audio,
        ),
        shelf.sense(
            faces.Faces.title, SenseName.FACE, faces.Faces.channels, faces.Faces.needs,
            lambda: faces.Faces(shelf.faces(), choice.rates.faces),
        ),
        shelf.sense(
            pose.Pose.title, SenseName.POSE, pose.Pose.channels, pose.Pose.needs,
            lambda: pose.Pose(shelf.pose_model(), choice.rates.pose, choice.zone, choice.bed, choice.others),
        ),
        shelf.sense(
            blendshapes.Blendshapes.title, SenseName.FACE, blendshapes.Blendshapes.channels,
            blendshapes.Blendshapes.needs, shelf.blendshapes,
        ),
    ]  # fmt: skip
    if mode is Mode.AFFECT:
        channels = affect_channels(choice)
        needs = (yunet.MODEL, *choice.expression)
        title = expression.Expression.title
        senses.append(shelf.sense(title, SenseName.EXPRESSION, channels, needs, shelf.affect))
    return Roster(tuple(senses), tuple(shelf.used.values()))


def affect_channels(choice: Choice) -> tuple[str, ...]:
    """What the expression sense tells, whether or not its models are loaded."""
    told = expression.channels_of(choice.expression, choice.passes, choice.known)
    return affect.channels_of(told, SCENE in choice.experts) if choice.experts else told


class _Shelf:
    """Loads every model once and remembers which were used."""

    def __init__(self, find: FindModel, choice: Choice, loaded: dict[str, Model]) -> None:
        self.find = find
        self.used: dict[str, Model] = {}
        self._choice = choice
        self._loaded = loaded

    def model(self, name: str) -> Model:
        if name not in self._loaded:
            self._loaded[name] = self._load(self.find(name))
        self.used[name] = self._loaded[name]
        return self.used[name]

    def _load(self, path: Path, sha256: str = "") -> Model:
        choice = self._choice
        return load(
            path, choice.providers, expected_digest=sha256, threads=choice.threads, engines=choice.engines
        )  # fmt: skip

    def audio(self) -> Sense:
        yamnet = self.model(YAMNET)
        return Audio(yamnet, self.model(SILERO), self._choice.rates.sound_hop_s, self._cue_head(yamnet),
                     self._choice.sound_extras)  # fmt: skip

    def _cue_head(self, yamnet: Model) -> CueHead | None:
        """The operator's head; one that cannot be used costs only itself, for without it cries are heard all the
        same."""
        file = self._choice.cue_head
        if file is None:
            return None
        try:
            model, other = self._own(file), self._choice.cue_embedding
            head = CueHead(model, yamnet, self._choice.cue_head_use, None if other is None else self._own(other))
        except (ModelMissing, ModelUnreadable) as error:
            logger(sense=Audio.title).warning("cue head is off", reason=str(error))
            return None
        self.used |= {str(one): self._own(one) for one in (file, other) if one is not None}
        return head

    def _own(self, file: Path) -> Model:
        if str(file) not in self._loaded:
            self._loaded[str(file)] = self._load(file)
        return self._loaded[str(file)]

    def pose_model(self) -> Model:
        file = self._choice.pose_model
        if file is None:
            return self.model(pose.MODEL)
        self.used[self._choice.pose_file] = self._own(file)
        return self.used[self._choice.pose_file]

    def faces(self) -> Model:
        """On the CPU whatever the others run on: its pictures have many sizes, and TensorRT builds an engine for
        each."""
        name = yunet.MODEL
        if name not in self._loaded:
            self._loaded[name] = load(self.find(name), "CPU", threads=self._choice.threads)
        self.used[name] = self._loaded[name]
        return self.used[name]

    def blendshapes(self) -> Sense:
        self.find(yunet.MODEL)
        landmarks, shapes = self.model(blendshapes.LANDMARKS), self.model(blendshapes.BLENDSHAPES)
        return blendshapes.Blendshapes(landmarks, shapes, self._choice.rates.blendshapes)

    def affect(self) -> Sense:
        self.find(yunet.MODEL)
        models = [self._face_model(name) for name in self._choice.expression]
        face = expression.Expression(models, self._choice.rates.expression, self._choice.passes, self._choice.known,
                                     self._choice.calibration)  # fmt: skip
        return affect.Affect(face, self._choice.experts, self._scene()) if self._choice.experts else face

    def _scene(self) -> SceneExpert | None:
        """The operator's model of the whole picture; one that cannot be used costs only itself."""
        described = self._choice.scene
        if described is None or SCENE not in self._choice.experts or described.what.path is None:
            return None
        key = f"{SCENE} {described.what.path}"
        try:
            if key not in self._loaded:
                self._loaded[key] = self._load(described.what.path, described.what.sha256)
            expert = SceneExpert(self._loaded[key], described)
        except (ModelMissing, ModelAltered, ModelUnreadable) as error:
            logger(sense=expression.Expression.title).warning("scene expert is off", reason=str(error))
            return None
        self.used[key] = self._loaded[key]
        return expert

    def _face_model(self, name: str) -> Model:
        what = described(name, self._choice.known)
        if what.path is None and name != deepface.NAME:
            return self.model(name)
        if name not in self._loaded:
            self._loaded[name] = deepface.load_deepface() if what.path is None else self._load(what.path, what.sha256)
        self.used[name] = self._loaded[name]
        return self.used[name]

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
