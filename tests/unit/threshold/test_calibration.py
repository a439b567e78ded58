"""From block maxima to thresholds: as rare as promised, bounded, and tier 1 never loosened without a person."""

import numpy as np
import pytest

from services.vocabulary import Budget
from threshold_service.judgement import rules
from threshold_service.statistics import calibration, peaks, prior, tail, thresholds
from threshold_service.statistics.arrays import Floats
from threshold_service.statistics.standing import Standing, came_back, standing

pytestmark = pytest.mark.unit
RATES = rules.rates(Budget())
NOBODY = prior.shipped(RATES.statistic, 2)
DAY = 288
FIRST, NOTHING = np.array([0]), np.array([False])


class Story:
    """One resident whose block maxima a test tells."""

    def __init__(self, rates: calibration.Rates = RATES) -> None:
        self.rates = rates
        self.running, self.history = calibration.fresh(1, 2, len(rules.RULES))
        self.blocks = 0
        self.over = np.zeros(len(rules.RULES))

    def live(self, maxima: Floats, prior_of: prior.Prior = NOBODY) -> None:
        """Blocks with these maxima of every statistic, (blocks, statistics)."""
        for top in maxima:
            self.over += rules.looked_at(top[None])[0] > self.history.thresholds[0]
            self.running.top[0], self.running.filled[0] = top, calibration.BLOCK_S
            calibration.close_block(self.running, self.history, FIRST, self.rates, in_event=NOTHING)
            self.blocks += 1
            night = self.blocks % DAY == 0
            if night:
                slot = peaks.today(self.history.peaks, 0)
                day = calibration.recent(self.history, 0, int(self.history.peaks.blocks[0, slot]))
                peaks.close_day(self.history.peaks, 0, day)
            if night or self.blocks <= calibration.SETTLED:
                thresholds.estimate(self.history, 0, self.rates, prior_of)

    @property
    def tier1(self) -> float:
        return float(self.history.thresholds[0, 0])


def ordinary(blocks: int, rng: np.random.Generator) -> Floats:
    return 2.0 + 0.4 * rng.gumbel(size=(blocks, len(calibration.STATISTICS)))


def test_it_is_exceeded_as_often_as_promised_over_a_month() -> None:
    over, promised = 0.0, 0.0
    for seed in range(6):
        story = Story(rules.rates(Budget(21.0, 84.0, 120.0)))
        story.live(ordinary(20 * DAY, np.random.default_rng(seed)))
        over += story.over[:4].sum()
        promised += sum(story.rates.per_block[:4]) * story.history.peaks.watched.sum()
    assert 0.85 < over / promised < 1.2


def test_it_remembers_a_peak_for_four_weeks_and_no_longer() -> None:
    rng, story = np.random.default_rng(1), Story()
    story.live(ordinary(2 * DAY, rng))
    story.live(np.full((1, len(calibration.STATISTICS)), 9.0))
    story.live(ordinary(DAY, rng))
    assert story.history.peaks.highest.max() > 4.0
    remembered = float(story.history.peaks.highest.max())
    story.live(ordinary((peaks.DAYS + 1) * DAY, rng))
    assert remembered not in story.history.peaks.highest


def test_it_learns_no_threshold_from_what_is_clearly_an_episode_but_for_an_hour_a_day() -> None:
    rng, story = np.random.default_rng(11), Story()
    story.live(ordinary(2 * DAY, rng))
    blocks, clear = int(story.history.blocks[0]), np.full((1, len(calibration.STATISTICS)), 3.0)
    clear[0, calibration.ESCALATION] = calibration.CLEAR + 1.0
    story.live(clear)
    assert story.history.blocks[0] == blocks, "an episode is no ordinary life"
    clear[0, calibration.ESCALATION] = calibration.CLEAR - 1.0
    story.live(clear)
    assert story.history.blocks[0] == blocks + 1
    clear[0, calibration.ESCALATION] = calibration.CLEAR + 1.0
    story.live(np.repeat(clear, calibration.MOST_CLEAR + 5, axis=0))
    assert story.history.blocks[0] == blocks + 1 + 6, "whose day is full of them is calibrated by them after all"


def test_it_takes_an_excursion_over_two_blocks_for_one() -> None:
    maxima = np.array([1.0, 2.0, 9.0, 8.0, 1.0, 7.0])
    assert np.sort(peaks.apart(maxima))[-2:].tolist() == [7.0, 9.0]


def test_it_moves_a_settled_threshold_no_farther_than_a_night_may() -> None:
    rng, story = np.random.default_rng(2), Story()
    story.live(ordinary(3 * DAY, rng))
    before, usual = story.history.thresholds.copy(), np.median(calibration.recent(story.history, 0), axis=0)
    story.live(3.0 * ordinary(DAY, rng))
    after = np.median(calibration.recent(story.history, 0), axis=0)
    assert (story.history.thresholds[0, :4] - after[:1] <= calibration.NIGHTLY * (before[0, :4] - usual[0]) * 1.2).all()


def test_it_raises_tier_one_only_inside_its_envelope_and_asks_for_more() -> None:
    rng, story = np.random.default_rng(3), Story(rules.rates(Budget(14.0, 28.0, 50.0), envelope=1.1))
    story.live(ordinary(6 * DAY, rng))
    approved = float(story.history.approved[0, 0])
    assert np.isfinite(approved), "its own history shows the rate"
    rough = ordinary(8 * DAY, rng)
    rough[rng.uniform(size=len(rough)) < 0.05] *= 2.5
    story.live(rough)
    usual = float(np.median(calibration.recent(story.history, 0)[:, 0]))
    assert story.tier1 == pytest.approx(usual + 1.1 * (approved - usual), rel=0.02)
    wanted = float(story.history.wanted[0, 0])
    assert wanted > story.tier1
    assert thresholds.approve(story.history, 0) >= 1
    assert story.tier1 == wanted
    assert np.isnan(story.history.wanted).all()


def test_it_tightens_tier_one_freely() -> None:
    rng, story = np.random.default_rng(4), Story(rules.rates(Budget(14.0, 28.0, 50.0), envelope=1.1))
    story.live(2.0 * ordinary(6 * DAY, rng))
    before = story.tier1
    story.live(ordinary(30 * DAY, rng))
    assert story.tier1 < 0.7 * before
    assert np.isnan(story.history.wanted[0, 0])


def test_it_is_an_order_statistic_where_the_history_shows_the_rate() -> None:
    maxima = np.random.default_rng(5).gumbel(size=1000)
    assert tail.threshold(maxima, 5.0 / 1001.0) == pytest.approx(np.sort(maxima)[-5])


@pytest.mark.parametrize("family", ["exponential", "heavy", "bounded"])
def test_it_keeps_a_rate_that_the_history_shows_whatever_the_distribution(family: str) -> None:
    rng, rate, exceeded = np.random.default_rng(6), 4e-3, []
    for _ in range(400):
        uniform = rng.uniform(size=1000)
        shape = {"exponential": 1e-9, "heavy": 0.3, "bounded": -0.3}[family]
        high = tail.threshold((uniform**-shape - 1.0) / shape, rate)
        exceeded.append(max(1.0 + shape * high, 0.0) ** (-1.0 / shape))
    assert 0.9 < np.mean(exceeded) / rate < 1.15


def test_it_spends_on_more_alerts_what_several_rules_share() -> None:
    story = Story()
    story.live(ordinary(2 * DAY, np.random.default_rng(7)))
    past = story.history.peaks
    past.watched[0, 0], past.told[0, 0] = 14 * DAY, (1, 6, 500)
    past.asked[0, 0], past.answered[0, 0] = (2, 11, 40), (1, 6, 500)
    thresholds.rebalance(story.history, 0, NOBODY)
    spend = story.history.spend[0].copy()
    assert 1.0 < spend[1] < calibration.UNSPENT[1], "six alerts of eleven exceedances"
    assert spend[2] == 1.0, "nothing is taken away: ordinary days have no episodes, real ones have"
    past.asked[0, 1], past.answered[0, 1] = spend * (200, 200, 200), (200, 200, 200)
    thresholds.rebalance(story.history, 0, NOBODY)
    assert story.history.spend[0, 1] == pytest.approx(spend[1], rel=0.05), "where it arrives the correction stays"
    assert thresholds.achieved(story.history)[0, 1] == pytest.approx(6 / (past.watched[0].sum() / DAY / 7))


def test_it_says_how_far_it_can_be_trusted() -> None:
    rng, story = np.random.default_rng(8), Story()
    found = []
    for blocks in (calibration.USABLE, 12, calibration.SETTLED):
        story.live(ordinary(blocks, rng))
        came_back(story.history, FIRST, np.array([300.0 * story.blocks]))
        found.append(standing(story.history, 0))
    assert found == [Standing.LEARNING, Standing.USABLE, Standing.SETTLED]
    came_back(story.history, FIRST, np.array([300.0 * story.blocks + 8 * 86_400.0]))
    assert standing(story.history, 0) is Standing.STALE
    for block in range(calibration.USABLE):
        came_back(story.history, FIRST, np.array([300.0 * (story.blocks + block) + 8 * 86_400.0]))
    assert standing(story.history, 0) is Standing.SETTLED


def test_it_asks_more_of_an_escalation_where_clear_episodes_were_left_out_of_the_history() -> None:
    story = Story()
    story.live(ordinary(200, np.random.default_rng(9)))
    rule = RATES.statistic.index(calibration.ESCALATION)
    assert story.history.thresholds[0, rule] < calibration.LEFT_OUT
    story.history.peaks.clear[0, 0] = 1
    thresholds.estimate(story.history, 0, RATES, NOBODY)
    assert story.history.thresholds[0, rule] >= calibration.LEFT_OUT
