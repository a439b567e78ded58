"""The statistics one by one, against published tables and against themselves in other shapes."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

import threshold_service.judgement
import threshold_service.statistics
from threshold_service.statistics import baseline, grid, rolling, smoothing, tail, transitions
from threshold_service.statistics.arrays import aligned, lane_sum, ordered_sum, put, take

pytestmark = pytest.mark.unit
FLOOR = np.array([1e-3])


def modules() -> list[str]:
    found = []
    for package in (threshold_service.statistics, threshold_service.judgement):
        found += [f"{package.__name__}.{module.name}" for module in pkgutil.iter_modules(package.__path__)]
    return found


@pytest.mark.parametrize("name", modules())
def test_it_shows_true_examples_in_its_docstrings(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_it_learns_location_and_spread_of_a_heavy_tailed_series() -> None:
    rng = np.random.default_rng(0)
    values = 3.0 + 0.5 * rng.standard_normal(8000)
    values[rng.uniform(size=8000) < 0.01] += 100.0
    state = baseline.fresh((1,), FLOOR)
    for value in values:
        state = baseline.step(state, value - state.level, np.ones(1), FLOOR)
    assert abs(state.level.item() - 3.0) < 0.05
    assert abs(state.spread.item() - 0.5) < 0.08


def test_it_learns_nothing_where_it_is_told_not_to() -> None:
    state = baseline.step(baseline.fresh((2,), FLOOR), np.array([5.0, 5.0]), np.array([1.0, 0.0]), FLOOR)
    later = baseline.step(state, np.array([9.0, 9.0]), np.zeros(2), FLOOR)
    for name, before, after in zip(state._fields, state, later, strict=True):
        assert np.array_equal(before, after), name
    assert state.level.tolist() == [5.0, 0.0]


def test_it_lets_levels_fade_where_nothing_is_seen() -> None:
    means = smoothing.step(np.array([[1.0]]), np.array([0.0]), np.array([0.0]), np.array([[0.1]]))
    assert means.item() == pytest.approx(smoothing.FADE)


def test_it_adds_in_one_order_whatever_the_number_of_rows() -> None:
    rows = np.random.default_rng(1).standard_normal((64, 37)) * 10.0 ** np.arange(-18, 19)
    together = ordered_sum(rows)
    assert together.tobytes() == np.array([ordered_sum(row[None])[0] for row in rows]).tobytes()


@pytest.mark.parametrize("channels", [0, 1, 5, 8, 11, 20, 33])
def test_it_adds_in_lanes_to_the_same_bits_however_the_numbers_lie(channels: int) -> None:
    rows = np.random.default_rng(4).normal(0.0, 1e3, (70, channels)).astype(np.float32)
    together = lane_sum(rows)
    np.testing.assert_allclose(together, rows.sum(axis=1, dtype=np.float64), rtol=1e-4, atol=1e-2)
    assert lane_sum(np.asfortranarray(rows)).tobytes() == together.tobytes()
    assert together.tobytes() == np.array([lane_sum(row) for row in rows], np.float32).tobytes()
    padded = np.concatenate([rows, np.zeros((70, -channels % 8), np.float32)], axis=1)
    assert lane_sum(padded).tobytes() == together.tobytes(), "as the kernel adds them"


def test_it_lays_arrays_from_a_line_of_the_cache_on() -> None:
    room = aligned((3, 5), np.float32)
    assert room.ctypes.data % 64 == 0 and room.shape == (3, 5) and not room.any()


def test_it_says_what_a_level_has_stayed_above() -> None:
    ring = np.zeros((1, 3))
    lows = []
    for cell, value in enumerate((5.0, 6.0, 7.0, 2.0, 8.0, 8.0, 8.0)):
        low = rolling.step(ring, np.array([0]), np.array([value]), np.array([cell]))
        lows.append(low.item())
    assert lows == [0.0, 0.0, 5.0, 2.0, 2.0, 2.0, 8.0]


def test_it_counts_changes_of_the_dominant_emotion() -> None:
    state = transitions.fresh((1,))
    for now in (0, 0, 1, transitions.NOBODY, 1, 0):
        state = transitions.step(state, np.array([now]))
    still = transitions.fresh((1,))
    for _ in range(6):
        still = transitions.step(still, np.array([2]))
    assert 1.9 < state.rate.item() < 2.0
    assert still.rate.item() == 0.0


def test_it_extrapolates_an_exponential_tail_and_is_careful_with_little_history() -> None:
    rng = np.random.default_rng(2)
    few = np.mean([tail.threshold(rng.exponential(size=32), 1e-3) for _ in range(200)])
    many = np.mean([tail.threshold(rng.exponential(size=3200), 1e-3) for _ in range(50)])
    assert abs(many - np.log(1e3)) < 0.3
    assert few > many
    assert tail.threshold(rng.exponential(size=7), 1e-3) == np.inf


def test_it_is_exceeded_as_often_as_promised_on_average_over_tails_from_little_history() -> None:
    rng, rate, ratios = np.random.default_rng(4), 1e-3, []
    for bent in (1e-9, 0.2, -0.2):
        drawn = (rng.uniform(size=(400, 288)) ** -bent - 1.0) / bent
        exceeded = [max(1.0 + bent * tail.threshold(maxima, rate), 0.0) ** (-1.0 / bent) for maxima in drawn]
        ratios.append(float(np.mean(exceeded)) / rate)
    assert 0.5 < np.mean(ratios) < 1.25
    assert ratios[2] < ratios[0] < ratios[1] < 2.0, "bounded, exponential, heavy"


def test_it_places_samples_on_a_grid_despite_jitter() -> None:
    state = grid.fresh(1)
    told = []
    for time in (100.0, 101.4, 101.6, 103.1, 102.0, 110.0, float("nan"), 1000.0, 1001.0):
        state, placed = grid.place(state, np.array([time]), 300.0)
        flags = [name for name in ("judged", "crowded", "late", "unreadable") if getattr(placed, name)[0]]
        told.append((flags[0], int(placed.gap[0]), bool(placed.restarts[0])))
        assert len(flags) == 1
    assert told == [
        ("judged", 0, True), ("judged", 0, False), ("judged", 0, False), ("judged", 0, False), ("late", 0, False),
        ("judged", 6, False), ("unreadable", 0, False), ("unreadable", 0, False), ("judged", 0, True),
    ]  # fmt: skip


def test_it_believes_a_clock_that_was_set_back_after_a_minute() -> None:
    state = grid.fresh(1)
    for time in (1e9, 1e9 + 1.0):
        state, _ = grid.place(state, np.array([time]), 300.0)
    restarted = []
    for second in range(grid.JUMP_PATIENCE):
        state, placed = grid.place(state, np.array([1e9 - 86_400.0 + second]), 300.0)
        restarted.append(bool(placed.restarts[0]))
    assert restarted == [False] * (grid.JUMP_PATIENCE - 1) + [True]


def test_it_cuts_and_joins_nested_states() -> None:
    state = baseline.fresh((3, 2), np.ones(2))
    part = take(state, np.array([1]))._replace(level=np.full((1, 2), 0.5))
    joined = put(state, np.array([1]), part)
    assert joined.level[:, 0].tolist() == [0.0, 0.5, 0.0]
    assert state.level.sum() == 0.0
