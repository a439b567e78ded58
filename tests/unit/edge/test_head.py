"""A face is read only where it can be: turned this way, lit, not covered; a picture only where it shows a room."""

import io
from collections.abc import Callable
from pathlib import Path

import av
import av.filter
import cv2
import numpy as np
import pytest

from edge_agent.capture.frame import Frame
from edge_agent.capture.windows import Window
from edge_agent.models import FindModel, load
from edge_agent.preprocess.emptiness import LEAST_CONTRAST, Empty, emptiness
from edge_agent.preprocess.head import Doubt, head_pose
from edge_agent.scoring import Scorer
from edge_agent.sensing.faces import Faces
from edge_agent.sensing.role import Face, Moment
from edge_agent.sensing.roster import roster
from edge_agent.sensing.yunet import MODEL
from services.vocabulary import Absence, Gap, Mode
from services.vocabulary import Sense as SenseName

pytestmark = pytest.mark.unit

FRONTAL = np.array([[0.0, 0.0], [10.0, 0.0], [5.0, 5.7], [1.0, 10.0], [9.0, 10.0]])
TIMES = (3.0, 16.0, 22.0, 30.0)


@pytest.fixture(scope="module")
def faces(find_model: FindModel) -> Faces:
    return Faces(load(find_model(MODEL)))


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


def compressed(image: np.ndarray, codec: str, much: int) -> np.ndarray:
    """The picture after a camera that is told to send little: JPEG of a quality, H.264 of a CRF."""
    if codec == "jpeg":
        return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, much])[1], cv2.IMREAD_COLOR)
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream("libx264", rate=5, options={"crf": str(much), "preset": "veryfast"})
        stream.height, stream.width, stream.pix_fmt = *image.shape[:2], "yuv420p"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file) as container:
        return list(container.decode(video=0))[-1].to_ndarray(format="bgr24")


SETTINGS = [("jpeg", 50), ("jpeg", 10), ("jpeg", 5), ("jpeg", 1), ("h264", 36), ("h264", 51)]


@pytest.mark.parametrize(("codec", "much"), SETTINGS)
def test_a_real_room_is_no_drawing_however_hard_it_is_compressed(
    codec: str, much: int, picture_at: Callable[[float], Frame], asset_mirror: Path
) -> None:
    for time_s in (3.0, 16.0, 50.0):
        assert emptiness(compressed(picture_at(time_s).image, codec, much)) is None
    for clip in ("help.mkv", "one-by-one-person-detection.mp4", "preview_head-pose-face-detection-female.mp4"):
        with av.open(str(asset_mirror / "clips" / "intel" / clip)) as container:
            image = next(container.decode(video=0)).to_ndarray(format="bgr24")
        assert emptiness(compressed(image, codec, much)) is None, clip


def card() -> np.ndarray:
    """FFmpeg's SMPTE bars."""
    graph = av.filter.Graph()
    graph.link_nodes(graph.add("smptebars", "size=640x480:rate=5"), graph.add("buffersink")).configure()
    return graph.pull().to_ndarray(format="bgr24")


@pytest.mark.parametrize(("codec", "much"), SETTINGS)
@pytest.mark.parametrize("make", [bars, no_signal, card])
def test_a_test_pattern_stays_one_however_hard_it_is_compressed(
    make: Callable[[], np.ndarray], codec: str, much: int
) -> None:
    image = make()
    seen = compressed(image[:, : image.shape[1] // 2 * 2], codec, much)
    assert emptiness(seen) is (Empty.BLANK if seen[::4, ::4, 1].std() < LEAST_CONTRAST else Empty.DRAWN)


def washes() -> dict[str, np.ndarray]:
    """Gradients as a generator draws them: across, down, slanted, from the middle."""
    y, x = np.mgrid[:480, :640] / np.array([480.0, 640.0])[:, None, None]
    shades = {"across": x, "down": y, "slanted": (x + y) / 2.0, "round": 1.0 - np.hypot(x - 0.5, y - 0.5) / 0.71}
    return {name: np.repeat((255 * shade).astype(np.uint8)[..., None], 3, axis=2) for name, shade in shades.items()}


@pytest.mark.parametrize("which", ["across", "down", "slanted", "round"])
def test_a_colour_wash_is_drawn(which: str) -> None:
    assert emptiness(washes()[which]) is Empty.DRAWN


@pytest.mark.parametrize("how", [cv2.INPAINT_TELEA, cv2.INPAINT_NS])
def test_senses_abstain_from_a_picture_out_of_which_the_person_was_painted(
    how: int, find_model: FindModel, picture_at: Callable[[float], Frame]
) -> None:
    image = picture_at(22.0).image
    height, width = image.shape[:2]
    hole = np.zeros((height, width), np.uint8)
    hole[height // 20 : -height // 20, width // 20 : -width // 20] = 255
    painted = cv2.inpaint(image, hole, 3, how)
    scorer = Scorer(roster(find_model, Mode.AFFECT).senses, Mode.AFFECT, monotonic=lambda: 0.0)
    for end_s in (1.0, 2.0):
        scores = scorer.score(Window(end_s, tuple(Frame(painted, end_s - 1 + k / 4) for k in range(4))))
    told = {name for name, value in zip(scorer.channels, scores.values, strict=True) if value == value}
    assert not {name for name in told if name.startswith(("face.", "emotion.", "affect.", "pose."))}
    assert scores.persons <= 0


def test_nobody_is_found_where_nothing_is_shown(faces: Faces) -> None:
    frames = tuple(Frame(bars(), k / 4) for k in range(4))
    reading = faces.read(Moment(Window(1.0, frames)))
    assert reading.absence is Absence.CAMERA_BLIND
    assert reading.persons == -1
