"""The charts one by one: several at once are each alone, a missing value changes nothing, and what each is for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from river import drift

from threshold_service.statistics import ewma, multi_slack, shewhart, variance_change

pytestmark = pytest.mark.unit
SLACKS = np.array([0.25, 0.5, 1.0])
series = st.lists(st.one_of(st.floats(-50, 50), st.just(float("nan"))), min_size=1, max_size=40)


def scalar_cusum(values: list[float], slack: float, sign: float) -> float:
    """The textbook's loop."""
    total = 0.0
    for value in values:
        if value == value:
            total = max(0.0, total + sign * value - slack)
    return total


@given(series, series)
def test_it_is_each_cusum_alone_for_any_shape(one: list[float], two: list[float]) -> None:
    length = min(len(one), len(two))
    evidence = multi_slack.fresh((2, 1), len(SLACKS))
    for pair in zip(one, two, strict=False):
        evidence = multi_slack.step(evidence, np.array(pair)[:, None], SLACKS)
    assert evidence.shape == (2, 3, 2, 1)
    for row, values in enumerate((one[:length], two[:length])):
        for column, slack in enumerate(SLACKS):
            assert evidence[row, column, 0, 0] == pytest.approx(scalar_cusum(values, slack, 1.0))
            assert evidence[row, column, 1, 0] == pytest.approx(scalar_cusum(values, slack, -1.0))


@given(series)
def test_it_is_the_same_chart_upside_down(values: list[float]) -> None:
    up, down = multi_slack.fresh((1,), 3), multi_slack.fresh((1,), 3)
    for value in values:
        up = multi_slack.step(up, np.array([value]), SLACKS)
        down = multi_slack.step(down, np.array([-value]), SLACKS)
    assert np.array_equal(up, down[:, ::-1])


@given(series)
def test_it_passes_over_missing_values(values: list[float]) -> None:
    with_gaps, without = ewma.fresh((1,)), ewma.fresh((1,))
    energy_gaps, energy = np.ones(1), np.ones(1)
    for value in values:
        with_gaps = ewma.step(with_gaps, np.array([value]), 0.2)
        energy_gaps = variance_change.smoothed(energy_gaps, np.array([value]), 0.2)
        if value == value:
            without = ewma.step(without, np.array([value]), 0.2)
            energy = variance_change.smoothed(energy, np.array([value]), 0.2)
    assert with_gaps == without
    assert energy_gaps == energy


def test_it_gives_the_smoothed_mean_unit_spread_from_the_first_value_on() -> None:
    rng = np.random.default_rng(1)
    state = ewma.fresh((20_000,))
    for _ in range(6):
        state = ewma.step(state, rng.standard_normal(20_000), 0.1)
        assert abs(ewma.distance(state, 0.1).std() - 1.0) < 0.02
    assert ewma.settled_distance(state, 0.1).std() < 0.9


def test_it_sees_a_doubled_spread_that_the_level_does_not_show() -> None:
    rng = np.random.default_rng(2)
    slacks = np.array([variance_change.reference(1.5), variance_change.reference(1.0 / 1.5)])
    evidence = variance_change.fresh((500, 2))
    for _ in range(40):
        evidence = variance_change.step(evidence, rng.standard_normal((500, 2)) * [2.0, 0.4], slacks)
    louder, quieter = evidence[:, 0].mean(axis=0), evidence[:, 1].mean(axis=0)
    assert louder[0] > 80.0 > 5.0 > louder[1]
    assert quieter[1] > 15.0 > 1.0 > quieter[0]


def test_it_knows_the_spread_of_the_smoothed_squares() -> None:
    rng = np.random.default_rng(3)
    energy = np.ones(20_000)
    for _ in range(60):
        energy = variance_change.smoothed(energy, rng.standard_normal(20_000), 0.1)
    assert abs(variance_change.energy_distance(energy, 0.1).std() - 1.0) < 0.02


def test_it_refuses_a_ratio_that_changes_nothing() -> None:
    for ratio in (1.0, 0.0, -2.0):
        with pytest.raises(ValueError, match="ratio of spreads"):
            variance_change.reference(ratio)


def test_it_forgets_everything_between_two_single_values() -> None:
    assert shewhart.beyond(np.array([[3.01, 2.99], [np.nan, -9.0]])).tolist() == [[True, False], [False, True]]


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=80))
def test_it_is_page_hinkley_where_the_mean_is_a_running_one(values: list[float]) -> None:
    """river's Page-Hinkley without forgetting is this CUSUM on distances from the mean so far."""
    peer = drift.PageHinkley(min_instances=1, delta=0.5, threshold=6.0, alpha=1.0)
    evidence, total = multi_slack.fresh((1,), 1), 0.0
    for count, value in enumerate(values, start=1):
        peer.update(value)
        total += value
        evidence = multi_slack.step(evidence, np.array([value - total / count]), np.array([0.5]))
        if abs(evidence.max() - 6.0) < 1e-9:
            return
        assert peer.drift_detected == (evidence.max() > 6.0)
        if peer.drift_detected:
            return
