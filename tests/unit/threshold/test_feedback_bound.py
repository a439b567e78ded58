"""What carers' labels allow: the guarantee at every look, in simulated facilities; silence that permits nothing."""

import doctest
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threshold_service.judgement import feedback_bound
from threshold_service.judgement.feedback_bound import Told, Watched, allowed, evidence_below, most_false

pytestmark = pytest.mark.unit
NONE = np.zeros(0)
BOUND = 2.0
"""False alarms a week that may be told."""
NOISE = 8.0
"""False alarms a week at threshold 0; at threshold u it is NOISE * exp(-u)."""
RIGHT = math.log(NOISE / BOUND)
"""The threshold at which the rate is the bound."""


def told(*alerts: tuple[float, float, str]) -> Told:
    statistic, in_force, said = zip(*alerts, strict=True) if alerts else ((), (), ())
    words = np.array(said)
    return Told(np.array(statistic, float), np.array(in_force, float), words == "true", words == "false")


def weeks(n: float, in_force: float = 1.0) -> Watched:
    return Watched(np.array([n]), np.array([in_force]))


def lived(rng: np.random.Generator, cluster: int = 1, naive: bool = False, looks: int = 40) -> bool:
    """One resident whose threshold sinks and follows labels twice a week: whether labels ever allowed too low a one."""
    now, each = 2.5, 3 / 7
    columns: list[list[float]] = [[], [], [], []]
    spans: list[float] = []
    for _ in range(looks):
        spans.append(now)
        for _ in range(rng.poisson(NOISE * math.exp(-now) * each / cluster)):
            size = now + rng.exponential()
            silent = rng.random() < 0.3
            for _ in range(cluster):
                for column, value in zip(columns, (size, now, 0.0, 0.0 if silent else 1.0), strict=True):
                    column.append(value)
        arrays = [np.array(column) for column in columns]
        seen = Told(arrays[0], arrays[1], arrays[2] > 0, arrays[3] > 0)
        time = Watched(np.full(len(spans), each), np.array(spans))
        if naive:
            lowest = _plain(seen, time)
        else:
            lowest = allowed(seen, time, NONE, now, BOUND, math.inf, 0.1, float(cluster)).tightest
        if lowest < RIGHT:
            return True
        now = max(0.8, min(lowest, now - 0.05))
    return False


def _plain(seen: Told, time: Watched) -> float:
    """What one would do without the guarantee: the lowest threshold whose observed rate is within the bound."""
    for step in np.unique(np.concatenate([seen.statistic, time.in_force])):
        over = (seen.statistic > step) & (seen.in_force <= step)
        if np.count_nonzero(over) <= BOUND * time.weeks[time.in_force <= step].sum():
            return float(step)
    return math.inf


def test_it_keeps_false_alarms_below_the_bound_at_every_look_of_a_long_life() -> None:
    rng = np.random.default_rng(11)
    lives = 300
    broken = sum(lived(rng) for _ in range(lives))
    plain = sum(lived(rng, naive=True) for _ in range(60))
    allowed_to = 0.1 * lives + 3 * math.sqrt(0.1 * 0.9 * lives)
    assert broken <= allowed_to, f"{broken} of {lives}"
    assert plain > 0.5 * 60, f"the simulation would show nothing: {plain} of 60 break without the guarantee"


def test_it_keeps_the_guarantee_when_false_alarms_come_in_threes() -> None:
    rng = np.random.default_rng(12)
    lives = 120
    broken = sum(lived(rng, cluster=3) for _ in range(lives))
    assert broken <= 0.1 * lives + 3 * math.sqrt(0.1 * 0.9 * lives), f"{broken} of {lives}"


def test_it_holds_at_all_looks_together_where_an_interval_for_one_look_does_not() -> None:
    rng = np.random.default_rng(13)
    lives, days = 4000, 400
    counts = np.cumsum(rng.poisson(0.5, (lives, days)), axis=1)
    expected = 0.5 * np.arange(1, days + 1)
    evidence = evidence_below(counts.ravel().astype(float), np.tile(expected, lives)).reshape(lives, days)
    ever = float((evidence >= math.log(20.0)).any(axis=1).mean())
    assert 0.005 < ever <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / lives)
    once = counts <= expected - 1.645 * np.sqrt(expected)
    assert float(once[:, 20:].any(axis=1).mean()) > 0.15, "looking again and again breaks an interval for one look"


def test_it_comes_close_to_the_bound_when_much_was_seen() -> None:
    rng = np.random.default_rng(14)
    n = rng.poisson(NOISE * 50)
    sizes = rng.exponential(size=n)
    seen = Told(sizes, np.zeros(n), np.zeros(n, bool), np.ones(n, bool))
    found = allowed(seen, weeks(50.0, 0.0), NONE, 2.0, BOUND, math.inf)
    assert RIGHT < found.tightest < RIGHT + 0.5


def test_it_lowers_nothing_before_enough_time_has_passed() -> None:
    assert allowed(told(), weeks(1.0), NONE, 1.0, BOUND, 5.0).tightest == math.inf
    assert allowed(told(), weeks(2.0), NONE, 1.0, BOUND, 5.0).tightest == 1.0
    assert allowed(told(), weeks(0.0), NONE, 1.0, BOUND, 5.0).empty


def test_it_says_nothing_of_thresholds_below_those_that_were_in_force() -> None:
    found = allowed(told((1.5, 1.0, "false")), weeks(50.0), NONE, 1.0, BOUND, 5.0)
    assert found.tightest == 1.0


def test_it_takes_silence_for_false_where_the_threshold_would_fall_and_for_true_where_it_would_rise() -> None:
    false = [(1.0 + 0.01 * i, 0.5, "false") for i in range(40)]
    silent = [(1.0 + 0.01 * i, 0.5, "unsure") for i in range(40)]
    at = Watched(np.array([8.0]), np.array([0.5]))
    labelled, unlabelled = (allowed(told(*alerts), at, NONE, 0.5, BOUND, 5.0) for alerts in (false, silent))
    assert unlabelled.tightest == labelled.tightest > 1.0
    assert labelled.loosest == 5.0 and not labelled.empty
    assert unlabelled.loosest < 1.0 and unlabelled.empty
    assert labelled.too_many and not unlabelled.too_many


def test_it_never_silences_what_was_true_and_never_passes_the_envelope() -> None:
    alerts = told((2.0, 1.0, "true"), (3.0, 1.0, "true"), (1.2, 1.0, "false"))
    found = allowed(alerts, weeks(20.0), NONE, 1.0, BOUND, 5.0)
    assert found.loosest < 2.0 and found.loosest == pytest.approx(2.0)
    assert allowed(alerts, weeks(20.0), NONE, 1.0, BOUND, 1.5).loosest == 1.5


def test_it_reaches_down_for_what_was_missed_as_far_as_the_bound_allows() -> None:
    noise = told(*[(0.55 + 0.002 * i, 0.5, "false") for i in range(100)], (4.0, 0.5, "true"))
    at = Watched(np.array([20.0]), np.array([0.5]))
    found = allowed(noise, at, np.array([1.5, 0.52, math.nan]), 2.0, BOUND, 5.0)
    assert 0.52 < found.tightest < 1.5
    assert found.loosest == pytest.approx(1.5) and found.loosest < 1.5
    assert found.missed == 2, "one lies among the noise, of one nothing is known"


@pytest.mark.parametrize(
    ("alerts", "facts", "says"),
    [([(0.5, 1.0, "false")], {}, "below"), ([], {"most_weekly": 0.0}, "positive rate"), ([], {"delta": 1.0}, "delta"),
     ([], {"cluster": 0.5}, "cluster")],
)  # fmt: skip
def test_it_refuses_what_cannot_be(alerts: list[tuple[float, float, str]], facts: dict[str, float], says: str) -> None:
    given_ = {"most_weekly": BOUND, "delta": 0.05, "cluster": 1.0} | facts
    with pytest.raises(ValueError, match=says):
        allowed(told(*alerts), weeks(1.0), NONE, 1.0, given_["most_weekly"], 5.0, given_["delta"], given_["cluster"])


@given(st.integers(0, 200), st.floats(0.1, 100), st.sampled_from((0.2, 0.05, 0.01)))
def test_it_bounds_more_loosely_the_more_was_seen_and_the_surer_one_wants_to_be(n: int, t: float, delta: float) -> None:
    most = most_false(n, t, delta)
    assert n / t < most < most_false(n + 1, t, delta)
    assert most < most_false(n, t, delta / 2)
    assert most_false(n, 2 * t, delta) == pytest.approx(most / 2)


def test_its_examples_hold() -> None:
    assert doctest.testmod(feedback_bound).failed == 0
