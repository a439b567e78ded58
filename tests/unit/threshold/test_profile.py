"""The curve of the day: learned from evidence, near zero without it, and never mixed up with the level."""

import numpy as np
import pytest

from threshold_service.statistics import profile
from threshold_service.statistics.arrays import Floats

pytestmark = pytest.mark.unit
ONE = np.ones(1)
FIRST = np.array([0])


def lived(days: int, of_day: Floats, rng: np.random.Generator, noise: float = 0.3, every: int = 1) -> profile.Profile:
    """A resident with one channel, `of_day` (24,) what each hour adds, twelve blocks an hour, a different level each
    day."""
    state = profile.fresh(1, 1)
    for day in range(days):
        level = 10.0 + noise * rng.standard_normal()
        for hour in range(0, 24, every):
            for _ in range(12):
                mean = level + of_day[hour] + 0.1 * rng.standard_normal()
                profile.observe(state, FIRST, np.array([mean])[None], ONE[None], np.array([24 * day + hour]))
    profile.observe(state, FIRST, np.array([np.nan])[None], ONE[None], np.array([24 * days]))
    return state


def curve(state: profile.Profile) -> Floats:
    return np.array([profile.curve(state, 0, (hour + 0.5) / 24)[0] for hour in range(24)])


WAVE = 0.8 * np.cos(2 * np.pi * (np.arange(24) + 0.5 - 15) / 24)


def test_it_learns_the_rhythm_of_a_day_in_a_fortnight() -> None:
    state = lived(14, WAVE, np.random.default_rng(1))
    profile.refit(state, 0, ONE, 0.1)
    assert np.sqrt(np.mean((curve(state) - WAVE) ** 2)) < 0.15


def test_it_sums_to_zero_over_the_day_so_that_the_level_keeps_its_meaning() -> None:
    state = lived(10, WAVE + 3.0, np.random.default_rng(2))
    profile.refit(state, 0, ONE, 0.1)
    assert abs(curve(state).sum()) < 1e-9
    assert np.abs(curve(state)).max() > 0.4


@pytest.mark.parametrize("days", [1, 2])
def test_it_says_nothing_after_too_few_days(days: int) -> None:
    state = lived(days, WAVE, np.random.default_rng(3))
    profile.refit(state, 0, ONE, 0.1)
    assert np.abs(curve(state)).max() < 1e-9


def test_it_stays_near_zero_where_days_differ_and_no_hour_does() -> None:
    sizes = []
    for seed in range(10):
        state = lived(6, np.zeros(24), np.random.default_rng(seed), noise=0.3)
        profile.refit(state, 0, ONE, 0.1)
        sizes.append(np.abs(curve(state)).max())
    assert np.mean(sizes) < 0.1


def test_it_is_not_bent_by_one_day_that_was_different() -> None:
    rng = np.random.default_rng(4)
    state = lived(8, np.zeros(24), rng)
    for hour in range(10, 16):
        for _ in range(12):
            profile.observe(state, FIRST, np.array([60.0])[None], ONE[None], np.array([24 * 8 + hour]))
    profile.observe(state, FIRST, np.array([10.0])[None], ONE[None], np.array([24 * 9]))
    profile.refit(state, 0, ONE, 0.1)
    assert np.abs(curve(state)).max() < 0.3


def test_it_shrinks_a_rhythm_that_was_seen_in_few_hours() -> None:
    often, seldom = lived(4, WAVE, np.random.default_rng(5)), lived(4, WAVE, np.random.default_rng(5), every=8)
    for state in (often, seldom):
        profile.refit(state, 0, ONE, 0.1)
    assert np.ptp(curve(seldom)) < np.ptp(curve(often))


def test_it_does_not_jump_when_it_is_refitted() -> None:
    state = lived(10, WAVE, np.random.default_rng(6))
    before = profile.offset(state, FIRST, np.array([0.5]))[0]
    profile.refit(state, 0, ONE, 0.5)
    after = profile.offset(state, FIRST, np.array([0.5]))[0]
    assert np.abs(curve(state)).max() > 0.3
    assert abs(after - before)[0] < 0.05
    for _ in range(200):
        late = profile.offset(state, FIRST, np.array([0.5]))[0]
    assert abs(late[0] - profile.curve(state, 0, 0.5)[0]) < 0.01


def test_it_finds_a_blocks_mean_in_what_the_level_learned_of_it() -> None:
    memory, level, taught = 100.0, 5.0, 1000.0
    after = level
    for _ in range(300):
        after += (7.0 - after) / memory
    found = profile.block_mean(np.array([after]), np.array([level]), np.array([1300.0]), np.array([taught]), memory)
    assert found[0] == pytest.approx(7.0, abs=1e-3)
    early = profile.block_mean(np.array([6.0]), np.array([5.0]), np.array([90.0]), np.array([0.0]), memory)
    assert early[0] == pytest.approx(6.0)
    assert np.isnan(profile.block_mean(ONE, ONE, np.array([50.0]), np.array([0.0]), memory)[0])
