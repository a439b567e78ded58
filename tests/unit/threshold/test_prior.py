"""What others of the facility teach about a new resident, until the resident's own evidence outweighs it."""

import numpy as np
import pytest

from services.vocabulary import Budget
from threshold_service.judgement import rules
from threshold_service.statistics import calibration, facility, peaks, prior, thresholds
from threshold_service.statistics.prior import Prior

pytestmark = pytest.mark.unit
RATES = rules.rates(Budget(7.0, 28.0, 60.0))
DAY = 288


def settled(residents: int, days: int, scales: list[float], seed: int = 1) -> calibration.History:
    """Residents whose block maxima have exponential tails of these scales."""
    rng = np.random.default_rng(seed)
    _, history = calibration.fresh(residents, 1, len(rules.RULES))
    for row in range(residents):
        for _ in range(days):
            maxima = 2.0 + scales[row] * rng.gumbel(size=(DAY, len(calibration.STATISTICS)))
            for block in maxima:
                history.ring[row, int(history.blocks[row]) % calibration.BLOCKS] = block
                history.blocks[row] += 1
            history.peaks.blocks[row, peaks.today(history.peaks, row)] = DAY
            peaks.close_day(history.peaks, row, maxima)
        thresholds.estimate(history, row, RATES, prior.shipped(RATES.statistic, 1))
    return history


def learned(history: calibration.History) -> Prior:
    n = len(history.blocks)
    level = np.linspace(1.0, 2.0, n)[:, None]
    many = np.full((n, 1), 1e6)
    return facility.learn(
        prior.shipped(RATES.statistic, 1), history, RATES, level, np.full((n, 1), 0.5), np.full((n, 1), 0.3), many, 7
    )


def test_it_learns_the_middle_of_people_and_how_far_they_lie_apart() -> None:
    history = settled(9, 8, [0.4] * 8 + [4.0])
    found = learned(history)
    assert found.residents.tolist() == [9] * len(rules.RULES)
    alike = learned(settled(8, 8, [0.4] * 8))
    assert np.abs(found.mean - alike.mean).max() < 0.3, "one odd resident does not move the middle"
    apart = learned(settled(9, 8, [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0]))
    assert (apart.between[:4] > found.between[:4]).all()
    assert found.level[0] == pytest.approx(1.5)
    assert found.phi[0] == pytest.approx(0.3)
    assert found.night.tolist() == [7]


def test_it_says_nothing_of_a_facility_of_two() -> None:
    found = learned(settled(2, 5, [0.4, 0.4]))
    assert not found.residents.any()
    assert np.isinf(found.limit).all()
    assert np.isnan(found.level).all()


def test_it_shrinks_the_young_to_the_facility_and_the_old_not() -> None:
    of = learned(settled(8, 8, [0.4] * 8))
    wild, usual = 20.0, 2.0
    young = prior.shrunk(of, 0, usual, wild, 60, 10, RATES.per_block[0])
    older = prior.shrunk(of, 0, usual, wild, 400, 12, RATES.per_block[0])
    theirs = usual + np.exp(of.mean[0]) * usual * prior.reach(RATES.per_block[0])
    assert theirs < young < older < wild
    free = of._replace(between=np.full_like(of.between, 50.0))
    assert prior.shrunk(free, 0, usual, wild, 60, 10, RATES.per_block[0]) == pytest.approx(wild, rel=0.01)


def test_it_never_lets_a_provisional_threshold_of_tier_one_lie_above_the_facilitys() -> None:
    of = learned(settled(8, 8, [0.4] * 8))
    wild = settled(1, 1, [3.0])
    wild.thresholds[:], wild.shown[:] = np.inf, False
    thresholds.estimate(wild, 0, RATES, of._replace(limit=np.full(len(rules.RULES), 4.0)))
    for rule, (tier, shown) in enumerate(zip(RATES.tier, wild.shown[0], strict=True)):
        if tier == 0 and not shown:
            assert wild.thresholds[0, rule] <= 4.0
    assert not wild.shown[0, 0]
    assert wild.thresholds[0, 4] > 4.0, "tier 2 is the resident's own affair"


def test_it_keeps_the_facilitys_rate_with_one_limit_for_all() -> None:
    scales = [0.2, 0.4, 0.4, 0.8]
    of = learned(settled(4, 20, scales))
    exceeded = np.mean([-np.expm1(-np.exp(-(of.limit[0] - 2.0) / scale)) for scale in scales])
    assert 0.6 < exceeded / RATES.per_block[0] < 1.6
