"""The density-ratio CUSUM sees what a CUSUM of the mean cannot, says since when, and keeps its false rate."""

from collections.abc import Callable

import numpy as np
import pytest

from threshold_service.statistics import density_ratio, multi_slack
from threshold_service.statistics.arrays import Floats

pytestmark = pytest.mark.unit
REFERENCE, BEFORE, AFTER, STREAMS = 600, 60, 60, 60
FALSE_RATE = 0.05


def streams(change: Callable[[Floats, np.random.Generator], Floats], seed: int) -> tuple[Floats, Floats]:
    """Reference and recent windows of streams with two channels; the change comes in the middle of the recent."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((STREAMS, REFERENCE + BEFORE + AFTER, 2))
    values[:, REFERENCE + BEFORE :] = change(values[:, REFERENCE + BEFORE :], rng)
    return values[:, :REFERENCE], values[:, REFERENCE:]


def nothing(values: Floats, _: np.random.Generator) -> Floats:
    return values


def level(values: Floats, _: np.random.Generator) -> Floats:
    return values + np.array([1.0, 0.0])


def spread(values: Floats, _: np.random.Generator) -> Floats:
    return values * [2.0, 1.0]


def calm(values: Floats, _: np.random.Generator) -> Floats:
    return values * [0.4, 1.0]


def two_humps(values: Floats, rng: np.random.Generator) -> Floats:
    """Mean 0 and spread 1 as before."""
    return np.sign(values) * 0.95 + rng.standard_normal(values.shape) * np.sqrt(1.0 - 0.95**2)


def together(values: Floats, _: np.random.Generator) -> Floats:
    """Each channel is as before; what changed is that they go together."""
    return np.stack((values[..., 0], 0.9 * values[..., 0] + np.sqrt(1.0 - 0.81) * values[..., 1]), axis=-1)


def means_cusum(recent: Floats) -> Floats:
    """The largest evidence of a two-sided CUSUM in the window."""
    evidence = multi_slack.fresh((STREAMS, 2), 1)
    largest = np.zeros(STREAMS)
    for second in range(recent.shape[1]):
        evidence = multi_slack.step(evidence, recent[:, second], np.array([0.5]))
        largest = np.maximum(largest, evidence.max(axis=(1, 2, 3)))
    return largest


@pytest.fixture(scope="module")
def thresholds() -> tuple[float, float]:
    """Of the density ratio and of the CUSUM of means, at the same false rate, from windows without a change."""
    reference, recent = streams(nothing, 0)
    finding = density_ratio.compare(reference, recent)
    return tuple(float(np.quantile(e, 1.0 - FALSE_RATE)) for e in (finding.evidence, means_cusum(recent)))


@pytest.mark.parametrize("change", [level, spread, calm, two_humps, together])
def test_it_sees_a_change_of_any_kind_and_since_when(
    change: Callable[[Floats, np.random.Generator], Floats], thresholds: tuple[float, float]
) -> None:
    reference, recent = streams(change, 1)
    finding = density_ratio.compare(reference, recent)
    assert (finding.evidence > thresholds[0]).mean() > 0.85
    assert np.median(np.abs(finding.since - BEFORE)) <= 10


@pytest.mark.parametrize("change", [calm, two_humps, together])
def test_it_is_needed_where_a_cusum_of_means_is_blind(
    change: Callable[[Floats, np.random.Generator], Floats], thresholds: tuple[float, float]
) -> None:
    _, recent = streams(change, 1)
    assert (means_cusum(recent) > thresholds[1]).mean() < 0.35


def test_it_keeps_its_false_rate_with_a_threshold_from_ones_own_history() -> None:
    rng = np.random.default_rng(3)
    noise = rng.standard_normal((1200 + 200 * 60, 1))
    for second in range(1, len(noise)):
        noise[second] = 0.6 * noise[second - 1] + 0.8 * noise[second]
    history, later = noise[:1200], noise[1200:].reshape(200, 60, 1)
    threshold = np.quantile(density_ratio.ordinary(history, 60, 150, rng), 1.0 - 0.1)
    evidence = density_ratio.compare(np.broadcast_to(history, (200, 1200, 1)), later).evidence
    assert 0.02 < (evidence > threshold).mean() < 0.25


def test_it_is_the_same_for_one_window_and_for_many() -> None:
    reference, recent = streams(level, 2)
    together_found = density_ratio.compare(reference.reshape(3, 20, REFERENCE, 2), recent.reshape(3, 20, -1, 2))
    alone = density_ratio.compare(reference[21], recent[21])
    assert together_found.evidence.shape == (3, 20)
    assert together_found.evidence[1, 1] == pytest.approx(alone.evidence)
    assert together_found.since[1, 1] == alone.since


def test_it_leaves_rows_with_missing_values_out() -> None:
    reference, recent = streams(level, 4)
    gaps = np.repeat(recent[0], 2, axis=0)
    gaps[::2, 1] = np.nan
    finding = density_ratio.compare(reference[0], gaps)
    whole = density_ratio.compare(reference[0], recent[0])
    assert np.isnan(finding.log_ratios[::2]).all()
    assert finding.evidence == pytest.approx(whole.evidence)
    assert abs(finding.since / 2 - whole.since) <= 1


def test_it_finds_nothing_where_nothing_varies_or_nothing_is_there() -> None:
    constant = density_ratio.compare(np.full((50, 1), 3.0), np.full((20, 1), 3.0))
    empty = density_ratio.compare(np.full((50, 1), 3.0), np.full((20, 1), np.nan))
    assert constant.evidence == pytest.approx(0.0, abs=1e-3)
    nobody = density_ratio.compare(np.full((50, 1), np.nan), np.full((20, 1), 3.0))
    assert empty.evidence == nobody.evidence == 0.0


def test_it_refuses_a_history_too_short_for_its_own_threshold() -> None:
    with pytest.raises(ValueError, match="3 stretches"):
        density_ratio.ordinary(np.zeros((100, 1)), 60, 10, np.random.default_rng(0))
