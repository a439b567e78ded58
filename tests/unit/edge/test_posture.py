"""A posture is told where it can be seen, and not where it cannot."""

from collections.abc import Sequence

import numpy as np
import pytest

from edge_agent.preprocess.posture import posture
from tests.bench.sensing import stick_figure as of
from tests.bench.sensing.stick_figure import Film, Floats, Move, View, any_view, seen_by

pytestmark = pytest.mark.unit

LYING, SITTING, STANDING = range(3)
LEGS, HIPS_AND_LEGS = (13, 14, 15, 16), (11, 12, 13, 14, 15, 16)


def told(pose: Floats, hidden: Sequence[int] = (), cameras: int = 60) -> Floats:
    """(looks, lying sitting standing) of a pose before many cameras."""
    rows = []
    for k in range(cameras):
        rng = np.random.default_rng(k)
        view = any_view(rng)
        while not seen_by(view, pose, [], least=15):
            view = any_view(rng)
        for _, body in Film(view, pose, [Move(pose, 1.0)], hidden=tuple(hidden)).looks(2.0, rng):
            if body is not None:
                said = posture(body)
                rows.append((said.lying, said.sitting, said.standing))
    return np.array(rows)


@pytest.mark.parametrize(
    ("pose", "column"),
    [(of.STAND, STANDING), (of.SIT, SITTING), (of.LOW_COUCH, SITTING), (of.ON_BACK, LYING), (of.ON_SIDE, LYING),
     (of.ON_BED, LYING), (of.BEND, STANDING)],
    ids=["standing", "sitting", "on a couch", "on the back", "on the side", "in bed", "bent, on standing legs"],
)  # fmt: skip
def test_it_tells_how_somebody_is_before_most_cameras(pose: Floats, column: int) -> None:
    rows = told(pose)
    known = rows[np.isfinite(rows[:, column])]
    assert len(known) >= 0.6 * len(rows)
    assert np.mean(known[:, column] >= 0.5) >= 0.8


def test_behind_a_table_it_tells_only_whether_somebody_lies() -> None:
    rows = told(of.SIT, hidden=LEGS)
    assert np.isnan(rows[:, [SITTING, STANDING]]).all()
    assert np.nanmax(rows[:, LYING]) < 0.5


def test_of_a_head_and_shoulders_it_says_nothing() -> None:
    assert np.isnan(told(of.SIT, hidden=HIPS_AND_LEGS)).all()


def test_of_a_body_that_points_at_the_camera_it_says_nothing() -> None:
    level = View(height=0.4, pitch=0.0, distance=4.0, heading=180.0)
    looks = Film(level, of.ON_FACE, [Move(of.ON_FACE, 5.0)]).looks(4.0, np.random.default_rng(0))
    said = [posture(body).lying for _, body in looks if body is not None]
    assert np.mean(np.isnan(said)) >= 0.7
