"""Marks of a rubric become measures, and a judge is compared with people as statisticians do. Kind: unit."""

import math

import numpy as np
import pytest

from services.evaluation.agreement import agreement
from services.evaluation.opinions import SHARES, Measure, Said, figures, gains
from services.evaluation.rubric import HIGHEST, KEYS, RUBRIC, counted

pytestmark = pytest.mark.unit


def test_it_means_each_criterion_and_all_of_them_with_an_interval_for_each_layer_and_slice() -> None:
    low, high = counted(dict.fromkeys(KEYS, 1)), counted(dict.fromkeys(KEYS, 3) | {"evidence": 4})
    answers = [Said(str(i), "L2" if i < 4 else "L4", ("population.typical",), low if i % 2 else high) for i in range(8)]
    found = {(one.measure, one.part): one for one in figures(answers)}
    assert found[Measure.EVIDENCE, ""].interval.value == 2.5
    whole = found[Measure.REASONING, ""]
    assert whole.interval.value == pytest.approx((1.0 + 3.2) / 2) and whole.n == 8
    assert 1.0 <= whole.interval.low < whole.interval.value < whole.interval.high <= 3.2
    assert found[Measure.ACTION, "L4"].n == 4 and found[Measure.RESTRAINT, "population.typical"].interval.value == 2.0
    assert not SHARES & {one.measure for one in RUBRIC} and Measure.REASONING not in SHARES


def test_it_compares_only_answers_that_both_have_marks() -> None:
    marks = [counted(dict.fromkeys(KEYS, mark)) for mark in (0, 2, 4)]
    before = [Said("a", "L2", (), marks[0]), Said("b", "L2", (), {}), Said("c", "L2", (), marks[1])]
    after = [Said("a", "L2", (), marks[1]), Said("b", "L2", (), marks[2]), Said("c", "L2", (), marks[1])]
    [gain] = [one for one in gains(before, after) if (one.measure, one.part) == (Measure.REASONING, "")]
    assert (gain.interval.value, gain.n) == (1.0, 2) and math.isnan(gain.p)


@pytest.mark.parametrize("marks", [{}, dict.fromkeys(KEYS, HIGHEST + 1), dict.fromkeys(KEYS[1:], 2)])
def test_marks_that_are_none_are_refused(marks: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"mark -?\d+; expected 0 to 4 for each of evidence"):
        counted(marks)


def test_agreement_is_what_a_hand_computes() -> None:
    # Observed squared distance 2/4; expected, from the marginals {0,1,2,4} and {0,1,3,3}: sum over all pairs / 16.
    judge, people = [0, 1, 2, 4], [0, 1, 3, 3]
    expected = sum((a - b) ** 2 for a in judge for b in people) / 16
    found = agreement("x", judge, people, "abcd", HIGHEST)
    assert found.kappa.value == pytest.approx(1.0 - 0.5 / expected)
    ranks_a, ranks_b = np.array([1, 2, 3, 4]), np.array([1, 2, 3.5, 3.5])
    assert found.spearman.value == pytest.approx(np.corrcoef(ranks_a, ranks_b)[0, 1])
    assert (found.n, found.answers) == (4, 4) and found.kappa.low <= found.kappa.value <= found.kappa.high


def test_agreement_is_turned_round_by_opposite_marks_and_undefined_where_nobody_varies() -> None:
    opposite = agreement("x", [0, 1, 2, 3, 4], [4, 3, 2, 1, 0], "abcde", HIGHEST)
    assert opposite.spearman.value == pytest.approx(-1.0) and opposite.kappa.value < 0.0
    assert math.isnan(agreement("x", [3, 3, 3], [1, 2, 3], "abc", HIGHEST).kappa.value)
    with pytest.raises(ValueError, match="expected as many of each"):
        agreement("x", [], [], "", HIGHEST)
