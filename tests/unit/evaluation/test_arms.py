"""Two arms on the same events: a real difference is told, chance seldom is, however often one looks. Kind: unit."""

import math

import numpy as np
import pytest

from services.evaluation.arms import Standing, compared

pytestmark = pytest.mark.unit
ALPHA = 0.05


def test_it_tells_rates_difference_and_a_verdict_in_the_right_direction() -> None:
    first, second = [0.0] * 30 + [1.0] * 10, [0.0] * 10 + [1.0] * 30
    more, less = compared("late", first, second, ALPHA), compared("late", second, first, ALPHA)
    assert (more.n, more.first.value, more.second.value, more.gained.value) == (40, 0.25, 0.75, 0.5)
    assert 0 < more.gained.low < 0.5 < more.gained.high < 1 and more.p < 0.001
    assert (more.standing, less.standing) == (Standing.MORE, Standing.LESS)
    assert more.evidence == less.evidence >= more.limit == 2 / ALPHA


def test_it_leaves_open_what_a_few_events_cannot_tell() -> None:
    one = compared("late", [0, 0, 1], [1, 1, 1], ALPHA)
    assert one.standing is Standing.OPEN and one.evidence < one.limit


def test_a_figure_that_is_no_share_is_compared_by_which_is_larger() -> None:
    first = [0.1 * (n % 5) for n in range(40)]
    one = compared("grounding", first, [value + 0.01 for value in first], ALPHA)
    assert one.standing is Standing.MORE and one.gained.value == pytest.approx(0.01)
    assert one.first.low < one.first.value < one.first.high


def test_arms_that_are_alike_are_seldom_told_apart_however_often_one_looks() -> None:
    rng = np.random.default_rng(5)
    runs, told = 100, 0
    for _ in range(runs):
        first, second = (rng.random((2, 200)) < 0.3).astype(float)
        told += any(
            compared("late", first[:n].tolist(), second[:n].tolist(), ALPHA).standing is not Standing.OPEN
            for n in range(20, 201, 60)
        )
    assert told / runs <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / runs)


@pytest.mark.parametrize(("alpha", "looks", "second"), [(0.0, 1, [1.0]), (0.1, 0, [1.0]), (0.1, 1, [])])
def test_it_refuses_what_makes_no_experiment(alpha: float, looks: int, second: list[float]) -> None:
    with pytest.raises(ValueError, match=r"expected|cases"):
        compared("late", [0.0], second, alpha, looks)
