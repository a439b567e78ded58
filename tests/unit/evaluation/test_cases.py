"""Gate cases are counted as answers of an evaluation are; a case without a usable answer is wrong. Kind: unit."""

import math

import pytest

from services.evaluation.cases import CaseAnswer, Kind, by_layer, latency_p95_s, median_thinking, said
from services.evaluation.opinions import Measure, figures

pytestmark = pytest.mark.unit


def answer(
    case: str, right: bool = True, layer: str = "affect", outcome: str = "verdict", **more: object
) -> CaseAnswer:
    given = {"thinking_chars": 300, "grounded": 0.5, "latency_s": 2.0} | more
    return CaseAnswer(case, Kind.ESCALATE, layer, outcome, right, **given)  # type: ignore[arg-type]


def test_an_answer_that_is_none_counts_as_that_and_as_wrong_and_as_nothing_else() -> None:
    counted = said(answer("a", right=False, outcome="timeout")).counted
    assert counted == {Measure.VALID: 0.0, Measure.ESCALATE: 0.0, Measure.CASE: 0.0}
    whole = said(answer("a", contradicted=True)).counted
    assert whole[Measure.THINKS] == whole[Measure.ESCALATE] == 1.0 and whole[Measure.UNCONTRADICTED] == 0.0
    assert Measure.GROUNDED not in said(answer("a", grounded=math.nan)).counted


def test_it_counts_by_hand() -> None:
    answers = [
        answer("a"),
        answer("b", right=False),
        answer("c", thinking_chars=0),
        answer("d", False, outcome="looped"),
    ]
    found = {one.measure: one for one in figures([said(one) for one in answers]) if not one.part}
    assert (found[Measure.VALID].interval.value, found[Measure.VALID].n) == (0.75, 4)
    assert (round(found[Measure.THINKS].interval.value, 4), found[Measure.THINKS].n) == (0.6667, 3)
    assert (found[Measure.ESCALATE].interval.value, found[Measure.ESCALATE].n) == (0.5, 4)
    assert median_thinking(answers) == 300.0 and median_thinking(answers[3:]) == 0.0
    assert latency_p95_s(answers) == 2.0 and latency_p95_s([]) == math.inf


def test_a_layer_is_compared_over_the_cases_that_both_answered() -> None:
    before = [answer("a", right=False), answer("b", right=False), answer("z", layer="observables")]
    after = [answer("b"), answer("a", right=False), answer("c"), answer("y", layer="observables")]
    affect, observables = by_layer(before, after)
    assert (affect.part, affect.interval.value, affect.n) == ("affect", 0.5, 2)
    assert observables.n == 0 and math.isnan(observables.interval.value) and observables.p == 1.0
