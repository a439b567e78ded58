"""Motion is told by how much moves and how erratically, and one jump in a second does not count."""

import numpy as np
import pytest

from edge_agent.capture.frame import Frame
from edge_agent.capture.windows import Window
from edge_agent.sensing.motion import Motion
from edge_agent.sensing.role import Moment

pytestmark = pytest.mark.unit

_BLOCKS = np.kron(np.random.default_rng(3).integers(20, 236, (40, 60)), np.ones((16, 16)))
SCENE = (_BLOCKS + np.random.default_rng(4).normal(0, 3, _BLOCKS.shape)).clip(0, 255).astype(np.uint8)
FPS = 8


def seen(shifts_px: list[float], jump_at: int = -1) -> dict[str, float]:
    """What is measured of a scene that lies `shifts_px` to the right in one picture after another."""
    motion = Motion()
    values: dict[str, float] = {}
    for start in range(0, len(shifts_px), FPS):
        frames = []
        for k, shift in enumerate(shifts_px[start : start + FPS], start):
            row = SCENE[:480, 100 + round(shift) : 740 + round(shift)]
            image = np.repeat(row[..., None], 3, axis=2)
            frames.append(Frame(255 - image if k == jump_at else image, k / FPS))
        values = dict(motion.read(Moment(Window(start / FPS + 1, tuple(frames)))).values)
    return values


def test_it_measures_none_in_a_still_room() -> None:
    values = seen([0.0] * 16)
    assert values["motion.ratio"] < 0.01
    assert values["motion.erratic"] < 0.01


def test_it_tells_steady_from_erratic_movement_of_the_same_speed() -> None:
    steady = seen([6.0 * k for k in range(16)])
    erratic = seen([6.0 * (k % 2) for k in range(16)])
    assert steady["motion.ratio"] > 0.5
    assert erratic["motion.ratio"] > 0.5
    assert erratic["motion.erratic"] > 3 * steady["motion.erratic"]


def test_it_does_not_count_one_jump_in_a_second() -> None:
    values = seen([0.0] * 16, jump_at=12)
    assert values["motion.ratio"] < 0.01
    assert values["motion.erratic"] < 0.01


def test_it_compares_no_pictures_that_lie_too_far_apart() -> None:
    motion = Motion()
    image = np.repeat(SCENE[:480, :640, None], 3, axis=2)
    assert not motion.read(Moment(Window(1.0, (Frame(image, 0.0),)))).values
    reading = motion.read(Moment(Window(5.0, (Frame(image, 4.0),))))
    assert not reading.values
    assert reading.absence is not None
