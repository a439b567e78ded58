"""Motion is told by how much moves and how erratically; neither one jump in a second nor the camera itself counts."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.capture.frame import Frame
from edge_agent.capture.windows import Window
from edge_agent.senses import announce
from edge_agent.sensing.camera_shake import camera_movement, steadied
from edge_agent.sensing.motion import LEAST_FPS, LONGEST_STEP_S, Motion
from edge_agent.sensing.role import Moment

pytestmark = pytest.mark.unit

Image = NDArray[np.uint8]
FPS = 8
STILL = [0.0] * 16
SHAKE = [float(x) for x in np.random.default_rng(5).integers(-6, 7, 16)]
RUSTLE = [8.0 * (k % 2) for k in range(16)]


def blocks(seed: int, side: int = 16) -> Image:
    random = np.random.default_rng(seed)
    large = np.kron(random.integers(20, 236, (60, 60)), np.ones((side, side)))[:600, :800]
    return np.asarray((large + random.normal(0, 3, large.shape)).clip(0, 255), np.uint8)


ROOM, WALL, CLOTHES = blocks(3), np.full((600, 800), 180, np.uint8), blocks(9, 24)


def picture(room: Image, camera_px: float, person_px: float, width: int) -> Image:
    """640 x 480 of a room in which a person `width` pixels wide has gone aside by `person_px`."""
    scene = room.copy()
    left = 400 - width // 2 + round(person_px)
    scene[150:540, left : left + width] = CLOTHES[:390, :width]
    x, y = 80 + round(camera_px), 60 + round(camera_px / 2)
    return np.repeat(scene[y : y + 480, x : x + 640, None], 3, axis=2)


def seen(person_px: list[float], camera_px: list[float] = STILL, width: int = 320, room: Image = ROOM,
         lit: tuple[int, ...] = ()) -> dict[str, float]:  # fmt: skip
    """The last second of two; at the pictures `lit` the light goes on or off."""
    motion = Motion()
    values: dict[str, float] = {}
    for start in range(0, len(person_px), FPS):
        frames = []
        for k in range(start, start + FPS):
            image = picture(room, camera_px[k], person_px[k], width)
            dark = sum(k >= switch for switch in lit) % 2
            frames.append(Frame(image // 4 if dark else image, k / FPS))
        values = dict(motion.read(Moment(Window(start / FPS + 1, tuple(frames)))).values)
    return values


def test_it_measures_none_in_a_still_room() -> None:
    values = seen(STILL)
    assert values["motion.ratio"] < 0.01
    assert values["motion.erratic"] < 0.01


@pytest.mark.parametrize("reach", [1.0, 3.0, 6.0])
@pytest.mark.parametrize("kind", ["sway", "vibration", "walk"])
def test_it_measures_almost_none_in_a_still_room_whose_camera_shakes(kind: str, reach: float) -> None:
    walk = np.random.default_rng(2).normal(0, reach / 2, 16).cumsum().clip(-2 * reach, 2 * reach)
    camera = {
        "sway": [reach * float(np.sin(1.1 * k)) for k in range(16)],
        "vibration": [reach * (-1.0) ** k for k in range(16)],
        "walk": [float(x) for x in walk],
    }[kind]
    values = seen(STILL, camera)
    assert values["motion.ratio"] < 0.03
    assert values["motion.erratic"] < 0.06


def test_it_measures_none_where_the_camera_turns_aside() -> None:
    assert seen(STILL, [4.0 * (k - 8) for k in range(16)])["motion.ratio"] < 0.03


@pytest.mark.parametrize("width", [100, 240, 340])
def test_it_measures_a_person_before_a_shaking_camera_as_before_a_still_one(width: int) -> None:
    still, shaken = seen(RUSTLE, width=width), seen(RUSTLE, SHAKE, width)
    assert still["motion.ratio"] > 0.05
    assert shaken["motion.ratio"] == pytest.approx(still["motion.ratio"], abs=0.1)
    assert shaken["motion.erratic"] == pytest.approx(still["motion.erratic"], abs=0.1)


@pytest.mark.parametrize("room", [ROOM, WALL], ids=["room", "bare wall"])
def test_it_takes_a_person_who_fills_half_of_the_picture_for_no_camera(room: Image) -> None:
    assert seen(RUSTLE, width=320, room=room)["motion.ratio"] > 0.3


def test_it_leaves_a_shaken_picture_as_it_is_where_only_one_side_shows_anything() -> None:
    half = WALL.copy()
    half[:, :400] = ROOM[:, :400]
    before, after = (picture(half, px, 0.0, 0)[..., 0][::4, ::4].copy() for px in (0.0, 8.0))
    assert camera_movement(before, after) is None
    assert steadied(before, after) is before


def test_it_tells_how_far_the_camera_moved() -> None:
    before, after = (picture(ROOM, px, 0.0, 0)[..., 0][::4, ::4].copy() for px in (0.0, 8.0))
    moved = camera_movement(before, after)
    assert moved is not None
    assert moved[0, 2] == pytest.approx(-2.0, abs=0.2)
    assert moved[1, 2] == pytest.approx(-1.0, abs=0.2)


def test_it_tells_steady_from_erratic_movement_of_the_same_speed() -> None:
    steady, erratic = seen([6.0 * k - 60 for k in range(16)]), seen([6.0 * (k % 2) for k in range(16)])
    assert steady["motion.ratio"] > 0.3
    assert erratic["motion.ratio"] > 0.3
    assert erratic["motion.erratic"] > 3 * steady["motion.erratic"]


@pytest.mark.parametrize("camera", [STILL, SHAKE], ids=["still", "shaken"])
def test_it_does_not_count_a_light_that_is_switched(camera: list[float]) -> None:
    for switches in ((12,), (11, 13)):
        assert seen(STILL, camera, lit=switches)["motion.ratio"] < 0.03


def test_it_compares_no_pictures_that_lie_too_far_apart() -> None:
    motion = Motion()
    image = picture(ROOM, 0.0, 0.0, 0)
    assert not motion.read(Moment(Window(1.0, (Frame(image, 0.0),)))).values
    reading = motion.read(Moment(Window(5.0, (Frame(image, 4.0),))))
    assert not reading.values
    assert reading.absence is not None


@pytest.mark.parametrize(("fps", "told"), [(1.0, False), (LEAST_FPS, True), (2.0, True)])
def test_it_knows_from_which_rate_on_pictures_lie_near_enough(fps: float, told: bool) -> None:
    motion = Motion()
    image = picture(ROOM, 0.0, 0.0, 0)
    frames = tuple(Frame(image, k / fps) for k in range(3))
    assert bool(motion.read(Moment(Window(3.0, frames))).values) is told
    assert (1.0 / fps <= LONGEST_STEP_S) is told


def test_an_agent_says_at_start_that_motion_is_off(capsys: pytest.CaptureFixture[str]) -> None:
    announce((Motion(),), (), "hall", 1.0)
    said = "".join(capsys.readouterr())
    assert "motion is off" in said
    assert "set analysis_fps to 1.5 or more" in said
    announce((Motion(),), (), "hall", LEAST_FPS)
    assert "motion is off" not in "".join(capsys.readouterr())
