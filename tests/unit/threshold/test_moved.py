"""The drift of what is usual, hour by hour: what waits, what is told, and what does not count."""

import numpy as np
import pytest

from threshold_service.statistics import drift_watch, moved, profile
from threshold_service.statistics.arrays import flat
from threshold_service.statistics.moved import Moved
from threshold_service.statistics.profile import BINS, Profile

pytestmark = pytest.mark.unit
FOR_LONG = moved.SETTLED_DAYS


def known(days: float = FOR_LONG) -> Profile:
    """Two residents with two channels, seen for so many days around 10 and 20 with a spread of 2."""
    fresh = profile.fresh(2, 2)
    fresh.days[:] = days
    fresh.centre[:], fresh.level[:], fresh.spread[:] = (10.0, 20.0), (10.0, 20.0), 2.0
    return fresh


def lives(state: Moved, of: Profile, means: np.ndarray, row: int = 0, first: int = 480_000) -> list[int]:
    """Hours with these means (hours, channels); after which of them a move waited."""
    waited = []
    for hour, mean in enumerate(means):
        of.hour[row], of.blocks[row] = first + hour, np.where(np.isnan(mean), 2.0, 12.0)
        of.total[row] = np.where(np.isnan(mean), 0.0, 12.0 * (mean - of.centre[row]))
        moved.hour(state, row, of)
        if moved.waits(state, row, 3600.0 * hour, 0.0):
            waited.append(hour)
    return waited


def stepping(hours: int, by: float, seed: int = 0) -> np.ndarray:
    """Noise of a tenth of a spread, and the first channel by so many spreads higher in the second half."""
    means = np.array([10.0, 20.0]) + 0.2 * np.random.default_rng(seed).standard_normal((hours, 2))
    means[hours // 2 :, 0] += 2.0 * by
    return means


def test_it_says_which_channel_moved_from_where_to_where() -> None:
    state = moved.fresh(2, 2)
    assert lives(state, known(), stepping(200, by=3.0))[0] >= 100
    assert state.before[0, 0] == pytest.approx(10.0, abs=0.3)
    assert state.after[0, 0] == pytest.approx(16.0, abs=0.5)
    assert np.isnan(state.before[0, 1]), "the other channel stayed"
    assert np.isnan(state.origin[1]).all(), "nobody else is touched"


def test_it_counts_from_where_the_usual_has_come_to() -> None:
    state = moved.fresh(2, 2)
    lives(state, known(), stepping(200, by=3.0))
    assert state.origin[0, 0] == pytest.approx(16.0, abs=0.5)
    moved.told(state, 0, 0.0)
    assert lives(state, known(), stepping(400, by=0.0) + np.array([6.0, 0.0])) == []


def test_it_joins_moves_of_one_channel_that_nobody_was_told() -> None:
    state, of = moved.fresh(2, 2), known()
    lives(state, of, stepping(200, by=3.0))
    lives(state, of, stepping(200, by=3.0, seed=1) + np.array([6.0, 0.0]))
    assert state.before[0, 0] == pytest.approx(10.0, abs=0.3)
    assert 19.0 < state.after[0, 0] < 22.5, "seen early, a few hours of before are still counted in"


def test_it_neither_watches_who_is_new_nor_counts_hours_hardly_seen() -> None:
    new = moved.fresh(2, 2)
    assert lives(new, known(FOR_LONG - 1.0), stepping(200, by=5.0)) == []
    assert new.watch.width[0].tolist() == [0.0, 0.0]
    state = moved.fresh(2, 2)
    means = stepping(200, by=0.0)
    means[50:150, 1] = np.nan
    lives(state, known(), means)
    assert state.watch.width[0].tolist() == [200.0, 100.0]


def test_it_takes_away_what_the_time_of_day_adds() -> None:
    of = known()
    of.waves[0, 0, 0] = 4.0
    of.hour[0], of.blocks[0] = 480_000, 12.0
    share = (480_000 % BINS + 0.5) / BINS
    assert moved.hourly(of, 0)[0] == pytest.approx(10.0 - 4.0 * np.cos(2 * np.pi * share))


def test_it_watches_as_the_whole_facility_at_once_would() -> None:
    state, means = moved.fresh(2, 2), stepping(120, by=0.5)
    lives(state, known(), means, row=1)
    at_once = drift_watch.fresh((2,))
    for mean in means:
        at_once, _ = drift_watch.step(at_once, (mean - [10.0, 20.0]) / 2.0)
    for kept, alone in zip(flat(state.watch), flat(at_once), strict=True):
        assert np.allclose(kept[1], alone, atol=1e-12)


def test_it_tells_of_a_day_only_once() -> None:
    state = moved.fresh(1, 1)
    state.before[0], state.after[0] = 1.0, 2.0
    assert moved.waits(state, 0, 1000.0, 500.0)
    moved.told(state, 0, 1000.0)
    assert not moved.waits(state, 0, 1000.0, 500.0), "nothing is left to tell"
    state.before[0] = 2.0
    assert [moved.waits(state, 0, time, 500.0) for time in (1499.0, 1500.0)] == [False, True]
