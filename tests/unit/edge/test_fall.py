"""A fall is a fast drop that ends low and stays there; everyday life is none."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from edge_agent.capture.frame import Frame
from edge_agent.capture.windows import Window
from edge_agent.models import FindModel, load
from edge_agent.preprocess.fall import Fall
from edge_agent.preprocess.tracks import Area
from edge_agent.sensing.pose import MODEL, Pose
from edge_agent.sensing.role import Moment, Reading
from services.vocabulary import CueName
from tests.bench.sensing import cut_out, stick_figure
from tests.bench.sensing.cut_out import CLIP, EMPTY_S, Person, falling, picture
from tests.bench.sensing.happenings import FALLS, SURE, acts, played
from tests.bench.sensing.stick_figure import ON_BACK, STAND, Film, Flaws, Move, View

pytestmark = pytest.mark.unit

ROOM = View(height=2.2, pitch=18.0, distance=4.0, heading=60.0)
CAMERAS = 24
TAKEN_FOR_ONE = {"drops on a low couch": 0.2, "lies down on the floor": 0.5, "sits on the floor": 0.05}
"""What looks like a fall from some places, and how often it may."""


def evidence(film: Film, fps: float = 2.0, in_bed: tuple[float, float] = (0.0, 0.0)) -> list[tuple[float, float]]:
    """(time, evidence) of a fall; in bed between two times."""
    fall, rng = Fall(), np.random.default_rng(3)
    return [
        (time_s, fall.update(time_s, body, in_bed[0] <= time_s < in_bed[1]))
        for time_s, body in film.looks(fps, rng)
        if body is not None
    ]


def act(name: str) -> Film:
    start, moves = acts(np.random.default_rng(1))[name]
    return Film(ROOM, start, moves, Flaws(unseen=0.0))


@pytest.fixture(scope="module")
def said() -> dict[str, float]:
    """Share of cameras before which each happening was taken for a fall, at two pictures a second."""
    return {name: float(np.mean([one.fall >= SURE for one in seen])) for name, seen in played(CAMERAS, 2.0, 7).items()}


@pytest.mark.parametrize("name", FALLS[:5])
def test_a_fall_is_seen_at_two_pictures_a_second_from_most_places(name: str, said: dict[str, float]) -> None:
    assert said[name] >= 0.7


@pytest.mark.parametrize("name", [name for name in acts(np.random.default_rng(0)) if name not in FALLS])
def test_everyday_life_is_no_fall(name: str, said: dict[str, float]) -> None:
    assert said[name] <= TAKEN_FOR_ONE.get(name, 0.0)


def test_staying_down_makes_it_surer_second_by_second() -> None:
    told = [value for time_s, value in evidence(act("falls backwards")) if value > 0.0]
    assert 0.1 < told[0] < SURE
    assert all(later >= earlier for earlier, later in pairwise(told))
    assert told[-1] > 0.9


def test_whoever_is_up_again_at_once_raises_no_alarm() -> None:
    film = Film(ROOM, STAND, [Move(STAND, 0.1, 2.0), Move(ON_BACK, 0.8, 0.4, True), Move(STAND, 0.8, 4.0)])
    told = evidence(film, 4.0)
    assert 0.0 < max(value for _, value in told) < SURE
    assert told[-1][1] == 0.0


def test_whoever_gets_up_after_a_minute_is_up() -> None:
    film = Film(ROOM, STAND, [Move(STAND, 0.1, 2.0), Move(ON_BACK, 0.8, 60.0, True), Move(STAND, 3.0, 4.0)])
    told = dict(evidence(film))
    assert min(value for time_s, value in told.items() if 10.0 < time_s < 60.0) > 0.9
    assert max(value for time_s, value in told.items() if time_s > 67.0) == 0.0


def test_nothing_is_said_of_shoulders_that_are_hidden() -> None:
    film = Film(ROOM, STAND, [Move(STAND, 0.1, 3.0)], Flaws(unseen=0.0), hidden=(5, 6))
    assert all(np.isnan(value) for _, value in evidence(film))


def test_hidden_hips_ask_for_more_than_bending() -> None:
    hidden = (11, 12, 13, 14, 15, 16)
    level = View(height=1.4, pitch=5.0, distance=4.0, heading=0.0)
    falls, bends = (replace(act(name), view=level, hidden=hidden) for name in ("falls sideways", "ties a shoe"))
    assert max(value for _, value in evidence(falls)) > SURE
    assert max(value for _, value in evidence(bends)) == 0.0


def test_who_drops_into_bed_has_not_fallen_and_who_rolls_out_of_it_has() -> None:
    assert max(value for _, value in evidence(act("falls sideways"), in_bed=(2.5, 99.0))) == 0.0
    on_floor = stick_figure.raised(stick_figure.ON_BED, -0.45)
    rolls = Film(ROOM, stick_figure.ON_BED, [Move(stick_figure.ON_BED, 0.1, 4.0), Move(on_floor, 0.5, 8.0, True)])
    assert max(value for _, value in evidence(rolls, in_bed=(0.0, 4.1))) > 0.9
    assert max(value for _, value in evidence(rolls)) == 0.0


@pytest.fixture(scope="module")
def clip(find_model: FindModel) -> Path:
    return find_model(MODEL).parents[1] / CLIP


@pytest.fixture(scope="module")
def empty(clip: Path) -> np.ndarray:
    return picture(clip, EMPTY_S)


@pytest.fixture(params=[79.0, 103.0], scope="module")
def person(request: pytest.FixtureRequest, clip: Path, empty: np.ndarray) -> Person:
    return cut_out.cut_out(picture(clip, request.param), empty)


def readings(sense: Pose, images: Iterator[np.ndarray]) -> Iterator[Reading]:
    shown = list(images)
    for second in range(len(shown) // 2):
        frames = (Frame(shown[2 * second], second + 0.0), Frame(shown[2 * second + 1], second + 0.5))
        yield sense.read(Moment(Window(second + 1.0, frames)))


@pytest.mark.parametrize("degrees", [88.0, -88.0])
def test_somebody_who_is_cut_out_and_dropped_has_fallen(
    degrees: float, person: Person, empty: np.ndarray, find_model: FindModel
) -> None:
    times = [k / 2 for k in range(18)]
    told = list(readings(Pose(load(find_model(MODEL))), falling(person, empty, times, 2.3, 0.8, degrees)))
    cues = [max((cue.probability for cue in reading.cues), default=0.0) for reading in told]
    assert all(cue.name is CueName.FALL for reading in told for cue in reading.cues)
    assert cues[:2] == [0.0, 0.0]
    assert cues[-1] > SURE
    assert told[1].values["pose.standing"] > 0.8
    assert told[-1].values["pose.lying"] > 0.8
    assert {reading.persons for reading in told} == {1}


def test_lying_down_within_five_seconds_or_in_bed_is_no_fall(
    person: Person, empty: np.ndarray, find_model: FindModel
) -> None:
    model, times = load(find_model(MODEL)), [k / 2 for k in range(18)]
    slowly = readings(Pose(model), falling(person, empty, times, 2.0, 5.0, 88.0))
    in_bed = readings(Pose(model, bed=Area(0.0, 0.6, 1.0, 1.0)), falling(person, empty, times, 2.3, 0.8, 88.0))
    for told in (slowly, in_bed):
        assert max((cue.probability for reading in told for cue in reading.cues), default=0.0) < SURE


def test_a_fall_is_forgotten_with_the_track(person: Person, empty: np.ndarray, find_model: FindModel) -> None:
    times = [k / 2 for k in range(14)]
    sense = Pose(load(find_model(MODEL)))
    fallen = list(falling(person, empty, times, 2.3, 0.8, 88.0))
    *_, down = readings(sense, iter(fallen))
    assert down.cues[0].probability > SURE
    later = [Frame(empty if k < 6 else fallen[-1], 7.0 + k / 2) for k in range(16)]
    told = [sense.read(Moment(Window(8.0 + k, tuple(later[2 * k : 2 * k + 2])))) for k in range(8)]
    assert told[-1].values["pose.lying"] > 0.8
    assert told[-1].values["pose.fall"] == 0.0
    assert not told[-1].cues
