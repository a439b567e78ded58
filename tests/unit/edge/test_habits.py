"""What minutes of a body say: stillness, restlessness, rocking, hands at oneself, out of bed."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.capture.frame import Frame
from edge_agent.capture.windows import Window
from edge_agent.models import FindModel, load
from edge_agent.preprocess.habits import Habits, stillness, touching
from edge_agent.preprocess.skeleton import Skeleton
from edge_agent.preprocess.tracks import Area
from edge_agent.sensing.pose import MODEL, Pose
from edge_agent.sensing.role import Moment
from tests.bench.sensing import stick_figure as of
from tests.bench.sensing.stick_figure import Film, Flaws, Move, View

pytestmark = pytest.mark.unit

CHAIR = View(height=2.0, pitch=18.0, distance=3.0, heading=20.0)
UNIT_PX = 110.0
"""About the torso's length of a seated figure before that camera."""
Path = Callable[[float], tuple[float, float]]


def sitting(seconds: float, fps: float = 2.0, sway: Path = lambda _: (0.0, 0.0)) -> Iterator[tuple[float, Skeleton]]:
    """Somebody in a chair whose body above the hips moves by `sway`, in torso lengths."""
    film = Film(CHAIR, of.SIT, [Move(of.SIT, seconds)], Flaws(unseen=0.0, unsure=0.0))
    for time_s, body in film.looks(fps, np.random.default_rng(2)):
        assert body is not None
        points = body.points.copy()
        points[:11] += np.array(sway(time_s)) * UNIT_PX
        yield time_s, Skeleton(points, body.scores, body.box)


def last(looks: Iterator[tuple[float, Skeleton]], asleep: bool = False) -> dict[str, float]:
    habits, told = Habits(), {}
    for time_s, body in looks:
        told = habits.update(time_s, body, asleep)
    return told


def test_who_sits_still_for_five_minutes_is_still_and_not_restless() -> None:
    told = last(sitting(300.0))
    assert told["pose.stillness"] == pytest.approx(stillness(300.0), abs=0.01)
    assert told["pose.restlessness"] == 0.0
    assert told["pose.rocking"] == 0.0


def test_one_movement_ends_stillness_and_one_wrong_look_does_not() -> None:
    moved = last(sitting(120.0, sway=lambda t: (0.6 if t > 100.0 else 0.0, 0.0)))
    assert moved["pose.stillness"] == pytest.approx(stillness(19.0), abs=0.03)
    wrong = last(sitting(120.0, sway=lambda t: (0.9 if 100.0 < t < 100.5 else 0.0, 0.0)))
    assert wrong["pose.stillness"] == pytest.approx(stillness(119.5), abs=0.01)


def test_nobody_who_may_be_asleep_is_called_still() -> None:
    assert math.isnan(last(sitting(60.0), asleep=True)["pose.stillness"])


def test_who_shifts_about_is_restless_and_who_walks_is_not() -> None:
    shifting = last(sitting(60.0, sway=lambda t: (0.4 * ((int(t) // 2) % 2), 0.0)))
    assert 0.2 < shifting["pose.restlessness"] < 0.8
    paces = last(sitting(60.0, sway=lambda t: (3.0 * abs((t / 4.0) % 2.0 - 1.0), 0.0)))
    assert not paces["pose.restlessness"] > 0.4


@pytest.mark.parametrize("hertz", [0.35, 0.5, 0.8])
@pytest.mark.parametrize("along", [(1.0, 0.0), (0.0, 1.0)])
def test_rocking_is_told_at_its_paces(hertz: float, along: tuple[float, float]) -> None:
    def sway(t: float) -> tuple[float, float]:
        swing = 0.3 * math.sin(2.0 * math.pi * hertz * t)
        return along[0] * swing, along[1] * swing

    assert last(sitting(15.0, sway=sway))["pose.rocking"] > 0.7


def test_faster_rocking_is_told_by_more_looks_and_a_look_a_second_tells_none() -> None:
    def sway(t: float) -> tuple[float, float]:
        return 0.3 * math.sin(2.0 * math.pi * 1.6 * t), 0.0

    assert last(sitting(15.0, 5.0, sway))["pose.rocking"] > 0.7
    slow = last(sitting(15.0, 0.8, lambda t: (0.3 * math.sin(math.pi * t), 0.0)))
    assert math.isnan(slow["pose.rocking"])


def test_fidgeting_without_a_pace_is_no_rocking() -> None:
    rng = np.random.default_rng(5)
    places = {k: rng.normal(0.0, 0.25) for k in range(400)}
    told = [
        last(sitting(12.0 + k, sway=lambda t, k=k: (places[int(2 * t) + k], 0.0)))["pose.rocking"] for k in range(12)
    ]
    assert np.mean([one > 0.5 for one in told]) <= 0.1


def test_a_hand_at_the_face_is_contact_and_hanging_arms_are_none() -> None:
    def touched(pose: of.Floats) -> bool | None:
        body = next(
            b
            for _, b in Film(CHAIR, pose, [Move(pose, 1.0)], Flaws(0.0, 0.0, 0.0, 0.0)).looks(
                2.0, np.random.default_rng(0)
            )
        )
        assert body is not None
        return touching(body, UNIT_PX)

    at_face, folded = of.SIT.copy(), of.SIT.copy()
    at_face[9], at_face[7] = of.SIT[4] + [0.05, 0.0, -0.1], of.SIT[4] + [0.1, 0.05, -0.4]
    folded[9], folded[7] = [-0.2, -0.02, 0.8], [-0.35, 0.25, 0.75]
    assert touched(at_face) is True
    assert touched(folded) is True
    assert touched(of.STAND) is False
    assert touched(of.SIT) is False


def test_a_body_whose_hands_are_hidden_says_nothing_of_them() -> None:
    for _, body in sitting(1.0):
        scores = body.scores.copy()
        scores[[9, 10]] = 0.0
        assert touching(Skeleton(body.points, scores, body.box), UNIT_PX) is None


@given(st.lists(st.tuples(st.floats(0.0, 30.0), st.integers(0, 2**17 - 1)), max_size=30))
def test_whatever_is_seen_it_stays_within_its_range(looks: list[tuple[float, int]]) -> None:
    habits, rng = Habits(), np.random.default_rng(0)
    for time_s, sure in sorted(looks):
        scores = np.array([0.9 if sure >> k & 1 else 0.1 for k in range(17)])
        body = Skeleton(rng.uniform(0, 500, (17, 2)), scores, np.array([0.0, 0.0, 500.0, 500.0]))
        for value in habits.update(time_s, body, False).values():
            assert math.isnan(value) or 0.0 <= value <= 1.0


def test_out_of_bed_is_told_only_where_the_bed_is_known(
    find_model: FindModel, picture_at: Callable[[float], Frame]
) -> None:
    model, frames = load(find_model(MODEL)), (picture_at(16.0), picture_at(16.5))

    def told(bed: Area | None) -> dict[str, float]:
        return dict(Pose(model, bed=bed).read(Moment(Window(17.0, frames))).values)

    assert "pose.out_of_bed" not in told(None)
    assert told(Area(0.0, 0.0, 0.2, 0.2))["pose.out_of_bed"] == 1.0
    assert told(Area(0.0, 0.0, 1.0, 1.0))["pose.out_of_bed"] == 0.0
