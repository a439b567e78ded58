"""A face is read only where it can be: turned this way, lit, not covered; a picture only where it shows a room."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from edge_agent.capture.frame import Frame
from edge_agent.capture.windows import Window
from edge_agent.models import FindModel
from edge_agent.preprocess.emptiness import Empty, emptiness
from edge_agent.preprocess.head import Doubt, head_pose
from edge_agent.scoring import Scorer
from edge_agent.sensing.faces import MODEL, Faces
from edge_agent.sensing.role import Face, Moment
from edge_agent.sensing.roster import roster
from services.vocabulary import Absence, Gap, Mode
from services.vocabulary import Sense as SenseName

pytestmark = pytest.mark.unit

FRONTAL = np.array([[0.0, 0.0], [10.0, 0.0], [5.0, 5.7], [1.0, 10.0], [9.0, 10.0]])
TIMES = (3.0, 16.0, 22.0, 30.0)


@pytest.fixture(scope="module")
def faces(find_model: FindModel) -> Faces:
    return Faces(find_model(MODEL))


def patched(frame: Frame, face: Face, share: tuple[float, float, float, float], colour: tuple[int, int, int]) -> Frame:
    """The picture with a plain patch over a share (left, top, right, bottom) of the face box."""
    image, box = frame.image.copy(), face.box
    left, top = round(box.x + share[0] * box.width), round(box.y + share[1] * box.height)
    right, bottom = round(box.x + share[2] * box.width), round(box.y + share[3] * box.height)
    image[max(0, top) : bottom, max(0, left) : right] = colour
    return Frame(image, frame.pts_s)


def test_it_knows_which_way_a_head_is_turned() -> None:
    turned = FRONTAL.copy()
    turned[2, 0] += 6.0
    assert head_pose(turned).yaw == pytest.approx(45.0)
    raised = FRONTAL.copy()
    raised[2, 1] -= 1.0
    assert head_pose(raised).pitch == pytest.approx(14.0)
    tilted = FRONTAL @ np.array([[0.0, 1.0], [-1.0, 0.0]])
    assert head_pose(tilted).roll == pytest.approx(90.0)
    assert head_pose(np.zeros((5, 2))).yaw == 90.0


def test_it_reads_the_faces_of_the_clip_as_they_are(faces: Faces, picture_at: Callable[[float], Frame]) -> None:
    for time_s in TIMES:
        (face,) = faces.find(picture_at(time_s))
        assert face.doubt is None


@pytest.mark.parametrize("share", [(0.0, 0.5, 1.0, 1.0), (0.0, 0.0, 0.5, 1.0)], ids=["mouth", "half"])
def test_it_does_not_read_a_covered_face(
    share: tuple[float, float, float, float], faces: Faces, picture_at: Callable[[float], Frame]
) -> None:
    for time_s in TIMES:
        frame = picture_at(time_s)
        (face,) = faces.find(frame)
        found = faces.find(patched(frame, face, share, (190, 180, 170)))
        assert all(one.doubt in (Doubt.COVERED, Doubt.TURNED_AWAY) for one in found), time_s


def test_it_reads_a_face_in_dim_light_and_not_in_the_dark(faces: Faces, picture_at: Callable[[float], Frame]) -> None:
    for time_s in TIMES:
        image = picture_at(time_s).image
        (dim,) = faces.find(Frame((image * 0.25).astype(np.uint8), 0.0))
        dark = faces.find(Frame((image * 0.1).astype(np.uint8), 0.0))
        assert dim.doubt is None
        assert all(face.doubt is Doubt.BADLY_LIT for face in dark)


def test_a_covered_face_is_absence_and_not_zero(
    find_model: FindModel, faces: Faces, picture_at: Callable[[float], Frame]
) -> None:
    frame = picture_at(22.0)
    (face,) = faces.find(frame)
    hidden = patched(frame, face, (0.0, 0.5, 1.0, 1.0), (200, 190, 180))
    scorer = Scorer(roster(find_model, Mode.AFFECT).senses, Mode.AFFECT, monotonic=lambda: 0.0)
    scores = scorer.score(Window(1.0, (hidden,)))
    values = dict(zip(scorer.channels, scores.values, strict=True))
    assert {Gap(SenseName.FACE, Absence.TOO_UNCERTAIN), Gap(SenseName.EXPRESSION, Absence.TOO_UNCERTAIN)} <= set(
        scores.gaps
    )
    assert all(np.isnan(values[name]) for name in values if name.startswith(("face.", "emotion.", "affect.")))
    assert scores.persons == 1


def bars() -> np.ndarray:
    colours = [(191, 191, 191), (0, 191, 191), (191, 191, 0), (0, 191, 0), (191, 0, 191), (0, 0, 191), (191, 0, 0)]
    return np.repeat(np.repeat(np.array(colours, np.uint8)[None], 92, axis=1), 480, axis=0)


def no_signal() -> np.ndarray:
    image = np.full((480, 640, 3), (255, 0, 0), np.uint8)
    return cv2.putText(image, "NO SIGNAL", (150, 240), cv2.FONT_HERSHEY_SIMPLEX, 2, (255, 255, 255), 4)


def snow() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)


EMPTY = {
    "black": (lambda: np.zeros((480, 640, 3), np.uint8), Empty.BLANK),
    "white": (lambda: np.full((480, 640, 3), 255, np.uint8), Empty.BLANK),
    "bars": (bars, Empty.DRAWN),
    "no signal": (no_signal, Empty.DRAWN),
    "snow": (snow, Empty.SNOW),
}


@pytest.mark.parametrize("what", EMPTY)
def test_every_sense_of_sight_abstains_from_what_shows_no_room(what: str, find_model: FindModel) -> None:
    make, why = EMPTY[what]
    image = make()
    assert emptiness(image) is why
    scorer = Scorer(roster(find_model, Mode.AFFECT).senses, Mode.AFFECT, monotonic=lambda: 0.0)
    for end_s in (1.0, 2.0):
        scores = scorer.score(Window(end_s, tuple(Frame(image, end_s - 1 + k / 4) for k in range(4))))
    told = {name for name, value in zip(scorer.channels, scores.values, strict=True) if value == value}
    assert {name for name in told if not name.startswith("quality.")} == set()
    assert scores.persons == -1
    assert Gap(SenseName.MOTION, Absence.CAMERA_BLIND) in scores.gaps
    assert not [count for title, count in scorer.inferences.items() if count]


@pytest.mark.parametrize("light", [1.0, 0.5, 0.25, 0.1])
def test_a_real_room_is_no_drawing_however_dark(light: float, picture_at: Callable[[float], Frame]) -> None:
    for time_s in (3.0, 16.0, 30.0, 50.0):
        assert emptiness((picture_at(time_s).image * light).astype(np.uint8)) is None


def test_nobody_is_found_where_nothing_is_shown(faces: Faces) -> None:
    frames = tuple(Frame(bars(), k / 4) for k in range(4))
    reading = faces.read(Moment(Window(1.0, frames)))
    assert reading.absence is Absence.CAMERA_BLIND
    assert reading.persons == -1
