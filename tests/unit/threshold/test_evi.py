"""The Emotional Volatility Index and its dispersions, against plain sums, with gaps, for what it tells apart."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threshold_service.statistics import evi
from threshold_service.statistics.arrays import Floats

pytestmark = pytest.mark.unit
scores = st.lists(st.one_of(st.floats(-9, 9), st.just(float("nan"))), min_size=2, max_size=40)


def ordinary(seconds: int, seed: int) -> Floats:
    return np.random.default_rng(seed).standard_normal((seconds, 2))


@given(scores)
def test_it_is_the_textbook_of_what_is_there(values: list[float]) -> None:
    seen = [value for value in values if value == value]
    spread = evi.variability(np.array(values)[:, None])[0]
    assert np.isnan(spread) if len(seen) < 2 else spread == pytest.approx(np.std(seen, ddof=1), abs=1e-9)
    steps = [after - before for before, after in pairwise(values) if after - before == after - before]
    jumps = evi.instability(np.array(values)[:, None])[0]
    assert np.isnan(jumps) if not steps else jumps == pytest.approx(np.sqrt(np.mean(np.square(steps))), abs=1e-9)


def test_it_is_one_for_what_is_usual_and_grows_with_restlessness() -> None:
    usual = ordinary(5000, 1)
    known = evi.variability(usual), evi.instability(usual)
    windows = np.stack([ordinary(60, seed) for seed in range(2, 60)])
    assert abs(np.median(evi.index(windows, *known)) - 1.0) < 0.05
    assert abs(np.median(evi.index(2.5 * windows, *known)) - 2.5) < 0.15


def test_it_tells_jumps_from_a_slow_wave_of_the_same_spread() -> None:
    time = np.arange(120.0)
    wave, jumps = np.sin(time / 19.0)[:, None], np.sign(np.sin(time * 2.0))[:, None]
    assert evi.variability(wave) == pytest.approx(evi.variability(jumps), rel=0.5)
    assert evi.instability(jumps) > 10.0 * evi.instability(wave)
    assert evi.instability(wave, apart=30) > 5.0 * evi.instability(wave)


def test_it_does_not_call_a_score_calm_that_has_no_room() -> None:
    rng = np.random.default_rng(3)
    middle, low = rng.beta(5.0, 5.0, (4000, 1)), rng.beta(0.5, 9.5, (4000, 1))
    assert evi.variability(low) < 0.6 * evi.variability(middle)
    shares = [evi.relative_variability(scores, 0.0, 1.0).item() for scores in (middle, low)]
    assert shares[0] == pytest.approx(shares[1], rel=0.1)


def test_it_takes_the_channels_that_are_seen() -> None:
    usual = np.ones(2), np.ones(2)
    window = np.array([[0.0, np.nan], [2.0, np.nan], [0.0, np.nan]])
    assert evi.index(window, *usual) == pytest.approx(evi.index(window[:, :1], np.ones(1), np.ones(1)))
    assert np.isnan(evi.index(np.full((9, 2), np.nan), *usual))


def test_it_rolls_over_a_day_as_window_by_window() -> None:
    day = ordinary(200, 4)
    day[50:80, 0] = np.nan
    rolled = evi.variability(evi.rolling(day, 20))
    alone = np.stack([evi.variability(day[start : start + 20]) for start in range(181)])
    assert np.allclose(rolled, alone, rtol=0.0, atol=1e-12, equal_nan=True)
