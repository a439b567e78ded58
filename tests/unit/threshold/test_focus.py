"""FOCuS is the brute-force likelihood ratio of every change there could have been, in bounded memory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bench.run_lengths import every_change
from threshold_service.statistics import focus, focus_fast
from threshold_service.statistics.arrays import Floats

pytestmark = pytest.mark.unit
SLOPES = pytest.mark.parametrize("least_slope", [focus.KNOWN, focus.UNKNOWN], ids=["known", "unknown"])
values = st.floats(-20, 20).map(lambda value: round(value, 3))
series = st.lists(values, min_size=1, max_size=60)


def column(numbers: list[float]) -> Floats:
    return np.array(numbers)[:, None]


def streams(seconds: int) -> Floats:
    """Noise, a step, a slow wave and a ramp in noise."""
    rng = np.random.default_rng(5)
    noise = rng.standard_normal((seconds, 4))
    noise[seconds // 2 :, 1] += 0.7
    noise[:, 2] += np.sin(np.arange(seconds) / 300.0)
    noise[:, 3] += np.arange(seconds) / 500.0
    return noise


@SLOPES
def test_it_is_brute_force_on_thousands_of_values(least_slope: float) -> None:
    noise = streams(2000)
    state, ratios = focus_fast.run(focus.fresh(4, 400), noise, least_slope)
    exact = np.stack([every_change(row, least_slope) for row in noise.T], axis=1)
    assert state.lost.max() == 0.0
    assert np.abs(ratios - exact).max() < 1e-9


@SLOPES
@given(numbers=series)
@settings(max_examples=60)
def test_it_is_brute_force_on_anything(least_slope: float, numbers: list[float]) -> None:
    _, ratios = focus_fast.run(focus.fresh(1, 64), column(numbers), least_slope)
    exact = every_change(np.array(numbers), least_slope)
    assert np.abs(ratios[:, 0] - exact).max() < 1e-9 * max(1.0, exact.max())


@SLOPES
def test_it_is_the_same_with_and_without_numba(least_slope: float) -> None:
    noise = streams(500)
    noise[100:120, 0] = np.nan
    noise[:, 3] = np.arange(500) / 100.0
    fast, fast_ratios = focus_fast.run(focus.fresh(4, 8), noise, least_slope)
    slow, slow_ratios = focus_fast.plain(focus.fresh(4, 8), noise, least_slope)
    assert np.abs(fast_ratios - slow_ratios).max() < 1e-12
    for name, one, other in zip(fast._fields, fast, slow, strict=True):
        assert np.abs(one - other).max() < 1e-12, name
    assert fast.lost[3].max() > 0.0


@SLOPES
@given(numbers=series, most=st.integers(3, 8))
@settings(max_examples=60)
def test_it_says_by_how_much_a_full_hull_may_be_too_small(least_slope: float, numbers: list[float], most: int) -> None:
    ramp = np.array(numbers) + 0.1 * np.arange(len(numbers)) ** 1.5
    exact = every_change(ramp, least_slope)
    state, ratios = focus_fast.plain(focus.fresh(1, most), ramp[:, None], least_slope)
    assert (ratios[:, 0] <= exact + 1e-9 * (1.0 + exact)).all()
    spread = np.abs(ramp).max() if least_slope == focus.KNOWN else np.ptp(ramp)
    assert exact[-1] - ratios[-1, 0] <= spread * state.lost.max() + 1e-9 * (1.0 + exact[-1])
    assert (state.size < most).all()


def test_it_loses_little_of_a_ramp_that_makes_every_value_a_vertex() -> None:
    ramp = 0.002 * np.arange(3000.0)
    state, ratios = focus_fast.run(focus.fresh(1), ramp[:, None], focus.UNKNOWN)
    exact = every_change(ramp, focus.UNKNOWN)
    assert state.size[0, 0] == focus.MOST - 1
    assert state.lost[0, 0] > 0.0
    assert ratios[-1, 0] > 0.99 * exact[-1]


@SLOPES
def test_it_passes_over_missing_values(least_slope: float) -> None:
    noise = streams(200)[:, :1]
    gaps = np.repeat(noise, 2, axis=0)
    gaps[1::2] = np.nan
    whole, ratios = focus_fast.run(focus.fresh(1), noise, least_slope)
    pieces, gap_ratios = focus_fast.run(focus.fresh(1), gaps, least_slope)
    assert np.array_equal(gap_ratios[::2], ratios)
    assert np.array_equal(gap_ratios[1::2], ratios)
    assert all(np.array_equal(one, other) for one, other in zip(whole, pieces, strict=True))
    later, last = focus_fast.run(whole, np.full((2, 1), np.nan), least_slope)
    assert last.ravel().tolist() == [ratios[-1, 0]] * 2 and np.array_equal(later.at, whole.at)
    plain, _ = focus_fast.plain(focus.fresh(1), gaps, least_slope)
    assert np.array_equal(plain.at, pieces.at)


@SLOPES
def test_it_goes_on_from_where_it_stood_and_keeps_the_state_it_was_given(least_slope: float) -> None:
    noise = streams(300)
    start = focus.fresh(4)
    whole, ratios = focus_fast.run(start, noise, least_slope)
    half, first = focus_fast.run(start, noise[:150], least_slope)
    rest, second = focus_fast.run(half, noise[150:], least_slope)
    assert np.array_equal(np.concatenate((first, second)), ratios)
    assert all(np.array_equal(one, other) for one, other in zip(whole, rest, strict=True))
    assert start.seen.max() == 0.0 and half.seen.max() == 150.0


def test_it_runs_where_numba_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = streams(50)
    _, ratios = focus_fast.run(focus.fresh(4), noise, focus.UNKNOWN)
    monkeypatch.setattr(focus_fast, "find_spec", lambda name: None)
    monkeypatch.setattr(focus_fast, "kernel", None)
    assert np.abs(focus_fast.run(focus.fresh(4), noise, focus.UNKNOWN)[1] - ratios).max() < 1e-12


def test_it_begins_anew_only_where_it_is_told_to() -> None:
    noise = streams(120)
    state, _ = focus_fast.run(focus.fresh(4), noise[:60], focus.UNKNOWN)
    where = np.array([True, False, True, False])
    _, after = focus_fast.run(focus.restarted(state, where), noise[60:], focus.UNKNOWN)
    _, on = focus_fast.run(state, noise[60:], focus.UNKNOWN)
    _, anew = focus_fast.run(focus.fresh(4), noise[60:], focus.UNKNOWN)
    assert np.array_equal(after, np.where(where, anew, on))


def test_it_changes_no_state_that_it_could_not_give_back() -> None:
    wide = focus.fresh(4)
    slanted = wide._replace(at=np.zeros((4, 2, 64))[..., ::2])
    with pytest.raises(ValueError, match="contiguous"):
        focus_fast.advance(slanted, np.zeros((1, 4)), focus.KNOWN)


def test_it_finds_the_change_of_the_nile_at_1898() -> None:
    """Cobb 1978: the flow at Aswan in 1e8 cubic metres falls after 1898; the 28 years before are the oldest part."""
    before = [
        1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958, 1140,
        1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100,
    ]  # fmt: skip
    after = [774, 840, 874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969, 831, 726, 456, 824, 702, 1120, 1100, 832]
    flow = np.array(before + after, float)
    state, ratios = focus_fast.run(focus.fresh(1), (flow / flow.std())[:, None], focus.UNKNOWN)
    at = state.at[0, 1, : state.size[0, 1]]
    assert 28.0 in at
    rise = -(state.total * (28.0 / len(flow)) + state.sums[0, 1, list(at).index(28.0)])
    assert ratios[-1, 0] == pytest.approx((rise**2 / (2.0 * 28.0 * (1.0 - 28.0 / len(flow)))).item())


def test_it_refuses_a_hull_without_an_inner_vertex() -> None:
    with pytest.raises(ValueError, match="3 vertices"):
        focus.fresh(1, 2)
