"""The drift watch decides as river's ADWIN does, survives a restart, and reports falsely as seldom as promised."""

import numpy as np
import pytest
from river import drift

from threshold_service.statistics import drift_threshold, drift_watch
from threshold_service.statistics.arrays import Bools, Floats
from threshold_service.statistics.drift_watch import DriftWatch

pytestmark = pytest.mark.unit
HOURS_A_DAY, CHANNELS = 8, 3


def watched(hourly: Floats, threshold: float) -> Bools:
    """Every decision, in the shape of `hourly` (hours, series)."""
    state, decisions = drift_watch.fresh(hourly.shape[1:]), []
    for values in hourly:
        state, drifted = drift_watch.watch(state, values, threshold)
        decisions.append(drifted)
    return np.array(decisions)


def adwin(hourly: list[float], delta: float) -> list[bool]:
    peer, decisions = drift.ADWIN(delta=delta, clock=1), []
    for value in hourly:
        peer.update(value)
        decisions.append(bool(peer.drift_detected))
    return decisions


def drifting(hours: int, series: int, seed: int) -> Floats:
    """Noise of different spreads whose level moves now and then."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((hours, series)) * rng.uniform(0.2, 1.5, series)
    for one in range(series):
        for _ in range(rng.integers(0, 4)):
            values[rng.integers(10, hours) :, one] += rng.normal(0.0, 1.0)
    return values


def lives(days: int, people: int, seed: int) -> Floats:
    """Ordinary hourly means (days, hours, people, channels): a daily rhythm, hours and days that hang together."""
    rng = np.random.default_rng(seed)
    hours = 0.5 * rng.standard_normal((days, HOURS_A_DAY, people, CHANNELS))
    hours[:, 1:] = 0.87 * hours[:, 1:] + 0.5 * hours[:, :-1]
    level = rng.standard_normal((days, 1, people, CHANNELS))
    for day in range(1, days):
        level[day] = 0.4 * level[day - 1] + 0.917 * level[day]
    rhythm = 0.4 * np.sin(np.linspace(0.0, 5.0, HOURS_A_DAY))
    return hours + 0.3 * level + rhythm[:, None, None]


@pytest.mark.parametrize("delta", [0.1, 0.002, 1e-6])
def test_it_decides_as_river_does(delta: float) -> None:
    hourly = drifting(500, 40, 1)
    ours = watched(hourly, -np.log(delta))
    theirs = np.array([adwin(series.tolist(), delta) for series in hourly.T]).T
    assert theirs.sum() > 10
    assert np.array_equal(ours, theirs)


def test_it_passes_over_hours_in_which_nobody_was_seen() -> None:
    hourly = drifting(300, 10, 2)
    gaps = np.repeat(hourly, 2, axis=0)
    gaps[::2] = np.nan
    decided = watched(gaps, 6.0)
    assert not decided[::2].any()
    assert np.array_equal(decided[1::2], watched(hourly, 6.0))


def test_it_goes_on_from_its_bytes() -> None:
    hourly = drifting(400, 10, 3)
    state = drift_watch.fresh((10,))
    for values in hourly[:200]:
        state, _ = drift_watch.watch(state, values, 6.0)
    stored = [(part.dtype, part.shape, part.tobytes()) for part in state]
    again = DriftWatch(*(np.frombuffer(raw, dtype).reshape(shape).copy() for dtype, shape, raw in stored))
    assert sum(len(raw) for _, _, raw in stored) <= 800 * 10
    for values in hourly[200:]:
        state, drifted = drift_watch.watch(state, values, 6.0)
        again, drifted_again = drift_watch.watch(again, values, 6.0)
        assert np.array_equal(drifted, drifted_again)
    assert all(np.array_equal(one, other) for one, other in zip(state, again, strict=True))


def test_it_forgets_the_oldest_hours_of_a_window_that_is_full() -> None:
    hourly = np.random.default_rng(4).standard_normal(3000)
    state = drift_watch.fresh(())
    for hour, value in enumerate(hourly, start=1):
        state, _ = drift_watch.step(state, np.array(value))
        assert state.width >= min(hour, 572)
    window = hourly[-int(state.width) :]
    assert len(window) < 800
    assert state.total == pytest.approx(window.sum())
    assert state.deviation == pytest.approx(((window - window.mean()) ** 2).sum())
    assert state.sums.sum() == pytest.approx(window.sum())


def test_it_begins_anew_after_a_drift_only_where_there_was_one() -> None:
    state = drift_watch.fresh((2,))
    for _ in range(20):
        state, _ = drift_watch.step(state, np.array([1.0, 2.0]))
    again = drift_watch.restarted(state, np.array([True, False]))
    assert again.width.tolist() == [0.0, 20.0]
    assert all(np.array_equal(part[0], new[0]) for part, new in zip(again, drift_watch.fresh((2,)), strict=True))
    assert all(np.array_equal(part[1], old[1]) for part, old in zip(again, state, strict=True))


def test_it_keeps_its_promised_rate_and_still_sees_a_usual_that_moved() -> None:
    promise, people, days = 0.1, 40, 140
    history = lives(240, 1, 5)[:, :, 0]
    threshold = drift_threshold.threshold(history, promise, np.random.default_rng(6))
    hourly = lives(days, people, 7).reshape(days * HOURS_A_DAY, people, CHANNELS)
    reports = watched(hourly, threshold).sum() / (people * days / 7.0)
    assert 0.15 * promise < reports < 1.3 * promise
    moved = hourly.copy()
    moved[days * HOURS_A_DAY // 2 :, :, 0] += 1.0
    later = watched(moved, threshold)[days * HOURS_A_DAY // 2 :][: 21 * HOURS_A_DAY, :, 0]
    assert later.any(axis=0).mean() > 0.9


def test_it_gives_a_threshold_to_nobody_of_whom_too_little_is_known() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="needs 60 days"):
        drift_threshold.threshold(np.zeros((30, 8, 1)), 0.1, rng)
    assert drift_threshold.threshold(np.full((60, 8, 1), np.nan), 0.1, rng, weeks=4) == np.inf
