"""What every sense promises: only its channels, within bounds, never a zero for what it could not see or hear."""

import math
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from edge_agent.capture.frame import Frame, Sound
from edge_agent.capture.windows import Window
from edge_agent.models import FindModel
from edge_agent.models import load as load_model
from edge_agent.preprocess.crops import Box
from edge_agent.scoring import Scorer
from edge_agent.sensing import blendshapes, expression_models, pose, yunet
from edge_agent.sensing.absent import Absent
from edge_agent.sensing.affect import Affect
from edge_agent.sensing.audio import SILERO, YAMNET, Audio
from edge_agent.sensing.blendshapes import Blendshapes
from edge_agent.sensing.deepface import NAME
from edge_agent.sensing.expression import Expression
from edge_agent.sensing.faces import Faces
from edge_agent.sensing.motion import Motion
from edge_agent.sensing.once import Once
from edge_agent.sensing.pose import Pose
from edge_agent.sensing.role import Face, Moment, Reading, Sense
from edge_agent.sensing.scene import SceneExpert, SceneModel
from edge_agent.sensing.sound_extras import CHANNELS as EXTRAS
from services.vocabulary import Absence, Mode, describe
from services.vocabulary import Sense as SenseName
from tests.unit.edge.deepface_home import deepface
from tests.unit.edge.scene_net import scene_net

pytestmark = pytest.mark.unit

load = cache(load_model)

CONTEXT = {"pose.lying", "pose.sitting", "pose.standing", "pose.fall", *EXTRAS.values()}
"""Told beside what is judged: a posture is nobody's deviation, and a fall speaks as a cue."""
SLOW = {"pose.restlessness", "pose.rocking", "pose.self_contact", "audio.above_usual", "audio.tempo"}
"""Take more than the seconds of a test."""
LEGS = {"pose.sitting", "pose.standing"}
"""Cannot be told where the picture ends above the knees, as on the demonstration clip."""


@cache
def scene_file() -> Path:
    return scene_net(Path(tempfile.mkdtemp()) / "scene.onnx")


def scene() -> SceneModel:
    outputs = ("valence", "arousal", "valence_variance", "arousal_variance")
    return SceneModel(expression_models.ExpressionModel("scene.onnx", 32, True, 0.0, "rgb", outputs, layout="nchw"))


MAKERS: dict[str, Callable[[FindModel], Sense]] = {
    "motion": lambda find: Motion(),
    "motion of a shared camera": lambda find: Once(Motion()),
    "audio": lambda find: Audio(load(find(YAMNET)), load(find(SILERO))),
    "audio with extras": lambda find: Audio(load(find(YAMNET)), load(find(SILERO)), extras=tuple(EXTRAS)),
    "faces": lambda find: Faces(load(find(yunet.MODEL))),
    "pose": lambda find: Pose(load(find(pose.MODEL))),
    "blendshapes": lambda find: Blendshapes(load(find(blendshapes.LANDMARKS)), load(find(blendshapes.BLENDSHAPES))),
    "absent": lambda find: Absent("pose", SenseName.POSE, Pose.channels, Pose.needs, "pose.onnx is missing"),
    **{
        f"expression {file}": lambda find, file=file: Expression([load(find(file))])  # type: ignore[misc]
        for file in expression_models.EXPRESSION_MODELS
        if file not in ("affectnet_va_shufflenet200.onnx", NAME)
    },
    "expression by DeepFace": lambda find: Expression([deepface(find)]),
    "affect": lambda find: Affect(Expression([load(find(expression_models.DEFAULT))]), ["voice", "body"]),
    "affect with a scene": lambda find: Affect(
        Expression([load(find(expression_models.DEFAULT))]), ["scene"], SceneExpert(load(scene_file()), scene())
    ),
    "expression with valence and arousal": lambda find: Expression(
        [load(find("affectnet8_mnasnet05.onnx")), load(find("affectnet_va_shufflenet200.onnx"))]
    ),
}


@pytest.fixture(params=MAKERS)
def sense(request: pytest.FixtureRequest, find_model: FindModel) -> Sense:
    """Every sense there is, with its real models."""
    made: Sense = MAKERS[request.param](find_model)
    return made


def second(images: list[np.ndarray], samples: np.ndarray | None, end_s: float = 1.0, skipped: int = 0) -> Window:
    frames = tuple(Frame(image, end_s - 1 + k / len(images)) for k, image in enumerate(images))
    return Window(end_s, frames, () if samples is None else (Sound(samples, end_s - 1.0),), skipped)


def check(sense: Sense, reading: Reading) -> None:
    assert set(reading.values) <= set(sense.channels)
    for name, value in reading.values.items():
        channel = describe(name)
        assert math.isfinite(value), name
        assert channel.low is None or value >= channel.low - 1e-9, name
        assert channel.high is None or value <= channel.high + 1e-9, name
    assert 0.0 <= reading.quality <= 1.0
    assert all(0.0 <= cue.probability <= 1.0 and cue.offset_s <= 0.0 for cue in reading.cues)
    assert reading.absence is None or not reading.values


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def with_face(moment: Moment, box: Box) -> Moment:
    """A face is said to be there whatever the picture shows, so that senses of the face have to look."""
    eye = (box.x + box.width / 3, box.y + box.height / 3)
    faces = tuple(Face(frame, box, eye, (eye[0] + box.width / 3, eye[1]), 0.9) for frame in moment.window.frames)
    return Moment(moment.window, 1, faces)


def test_it_has_well_named_channels_of_its_own(sense: Sense) -> None:
    assert len(set(sense.channels)) == len(sense.channels)
    for name in sense.channels:
        of = name.removeprefix("uncertainty.").removesuffix(".stability").removesuffix(".jitter")
        assert describe(name).judged == (name == of and name not in CONTEXT and not name.startswith("conflict."))
        if not name.startswith("conflict."):
            assert of in sense.channels
            assert describe(of).sense is sense.name
    assert sense.title


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_it_abstains_on_blank_pictures_and_silence(sense: Sense, shade: int) -> None:
    images = [np.full((480, 640, 3), shade, np.uint8)] * 5
    for end_s in (1.0, 2.0, 3.0):
        reading = sense.read(Moment(second(images, np.zeros(16_000, np.float32), end_s)))
        check(sense, reading)
        assert reading.absence is not None
        assert not reading.values
        assert not reading.cues
        assert reading.persons <= 0


def test_it_abstains_where_nothing_was_captured(sense: Sense) -> None:
    reading = sense.read(Moment(Window(1.0)))
    check(sense, reading)
    assert reading.absence is not None


def test_it_says_that_analysis_was_too_slow(sense: Sense) -> None:
    reading = sense.read(Moment(Window(1.0, skipped=5)))
    if sense.name is not SenseName.AUDIO and not isinstance(sense, Absent):
        assert reading.absence is Absence.OVERLOADED


@pytest.mark.parametrize("size", [(1, 1), (2, 700), (700, 3), (33, 47), (481, 641), (32, 32)])
def test_it_never_raises_on_odd_sizes(sense: Sense, size: tuple[int, int]) -> None:
    moment = Moment(second([noise(*size, seed) for seed in range(2)], None))
    check(sense, sense.read(moment))
    if sense.name in (SenseName.FACE, SenseName.EXPRESSION):
        check(sense, sense.read(with_face(moment, Box(-5.0, -5.0, size[1] + 10.0, size[0] + 10.0))))
        check(sense, sense.read(with_face(moment, Box(size[1] + 50.0, 0.0, 40.0, 40.0))))


def test_it_never_raises_when_the_size_of_the_picture_changes(sense: Sense) -> None:
    check(sense, sense.read(Moment(second([noise(90, 120), noise(480, 640), noise(90, 120)], None))))


@pytest.mark.parametrize(
    "samples",
    [
        np.random.default_rng(0).normal(0, 0.3, 16_000),
        np.random.default_rng(0).normal(0, 30.0, 16_000),
        np.full(16_000, np.nan),
        np.full(16_000, np.inf),
        np.ones(1),
        np.zeros(0),
        np.full(100_000, 0.5),
    ],
    ids=["noise", "far too loud", "not a number", "infinite", "one sample", "no sample", "too long"],
)
def test_it_never_raises_on_odd_sound(sense: Sense, samples: np.ndarray) -> None:
    for end_s in (1.0, 2.0):
        check(sense, sense.read(Moment(second([], samples.astype(np.float32), end_s))))


def test_it_abstains_from_the_face_where_several_people_are_in_view(sense: Sense) -> None:
    if sense.name in (SenseName.FACE, SenseName.EXPRESSION) and sense.channels:
        moment = with_face(Moment(second([noise(480, 640)], None)), Box(100, 100, 80, 80))
        reading = sense.read(Moment(moment.window, 2, moment.faces))
        assert reading.absence is Absence.SEVERAL_PEOPLE
        assert reading.inferences == 0


def test_it_does_not_read_a_face_too_small_to_be_read(sense: Sense) -> None:
    if sense.name in (SenseName.FACE, SenseName.EXPRESSION) and sense.channels:
        reading = sense.read(with_face(Moment(second([noise(480, 640)], None)), Box(100, 100, 12, 14)))
        assert reading.absence is Absence.TOO_UNCERTAIN


def test_it_measures_what_it_promises_on_a_real_person(
    sense: Sense, find_model: FindModel, picture_at: Callable[[float], Frame]
) -> None:
    images = [picture_at(16.0 + k / 5).image for k in range(5)]
    voice = np.random.default_rng(0).normal(0, 0.01, 16_000).astype(np.float32)
    senses = [sense] if sense.title == "faces" else [Faces(load(find_model(yunet.MODEL))), sense]
    scorer = Scorer(senses, Mode.AFFECT, monotonic=lambda: 0.0)
    first = scorer.score(second(images, voice, 1.0))
    scores = scorer.score(second(images, voice, 2.0))
    assert len(scores.values) == len(first.values) == len(scorer.channels)
    measured = {name for name, value in zip(scorer.channels, scores.values, strict=True) if math.isfinite(value)}
    unvoiced = {"audio.pitch", "audio.brightness", *(name for name in sense.channels if name.startswith("conflict."))}
    if isinstance(sense, Absent):
        assert not measured & set(sense.channels)
    else:
        assert set(sense.channels) - unvoiced - LEGS - SLOW <= measured
