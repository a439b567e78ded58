"""Figures about answers are what a hand would count, and two answerers are compared case by case. Kind: unit."""

import math

import pytest

from services.evaluation.opinions import Figure, Gain, Measure, Said, figures, gains, is_not_worse

pytestmark = pytest.mark.unit


def said(case: str, layer: str = "L2", **counted: float) -> Said:
    return Said(case, layer, ("population.typical",), {Measure[name]: value for name, value in counted.items()})


def of(found: "list[Figure] | list[Gain]", measure: Measure, part: str = "") -> "Figure | Gain":
    [one] = [one for one in found if (one.measure, one.part) == (measure, part)]
    return one


def test_it_counts_what_applies_and_nothing_else() -> None:
    answers = [said("a", VALID=1, ESCALATE=0, GROUNDED=0.5), said("b", VALID=0), said("c", "L4", VALID=1, GROUNDED=1)]
    found = figures(answers)
    valid = of(found, Measure.VALID)
    assert (round(valid.interval.value, 4), valid.n) == (0.6667, 3)
    assert (round(valid.interval.low, 3), round(valid.interval.high, 3)) == (0.094, 0.992), (
        "Clopper and Pearson, 2 of 3"
    )
    assert of(found, Measure.ESCALATE).n == 1 and of(found, Measure.GROUNDED).interval.value == 0.75
    assert of(found, Measure.VALID, "L4").n == 1 and of(found, Measure.VALID, "population.typical").n == 3
    assert not [one for one in found if (one.measure, one.part) == (Measure.ESCALATE, "L4")]


def test_it_compares_the_same_cases_pair_by_pair() -> None:
    before = [said(str(case), VALID=0) for case in range(6)]
    after = [said(str(case), VALID=1, GROUNDED=1.0) for case in range(6)]
    found = gains(before, after)
    gain = of(found, Measure.VALID)
    assert isinstance(gain, Gain) and tuple(gain.interval) == (1.0, 1.0, 1.0) and gain.p == 0.03125
    assert not [one for one in found if one.measure is Measure.GROUNDED], "the first was never grounded or not"
    assert is_not_worse(gain, 0.05)
    loss = of(gains(after, before), Measure.VALID)
    assert isinstance(loss, Gain) and loss.interval.value == -1.0 and not is_not_worse(loss, 0.05)
    with pytest.raises(ValueError, match="the same cases"):
        gains(before, after[:-1])


def test_where_nothing_was_said_there_are_no_figures() -> None:
    assert figures([]) == [] and gains([], []) == []
    assert math.isnan(Gain(Measure.LENGTH, "", figures([said("a", LENGTH=3)])[0].interval, 1).p)
