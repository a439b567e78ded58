"""How well a model reasons about events: what is counted of each answer, and two models on the same cases. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from services.evaluation.bootstrap import Interval, ratio
from services.evaluation.paired import difference, exact_bounds, sign_test
from services.vocabulary import Tier

_NAN = float("nan")


class Measure(StrEnum):
    """What is counted. All but the length of thinking are better when they are larger."""

    VALID = "valid answers"
    TIER = "tier agreement"
    ESCALATE = "must escalate"
    STAY = "must not escalate"
    CONFLICT = "must name the conflict"
    CASE = "right cases"
    GROUNDED = "grounded claims"
    UNCONTRADICTED = "not contradicted"
    THINKS = "thinking kept"
    LENGTH = "characters of thinking"
    RIGHT = "right short answers"
    REASONING = "reasoning by rubric"
    EVIDENCE = "rubric: evidence used"
    ALTERNATIVES = "rubric: alternatives weighed"
    UNCERTAINTY = "rubric: uncertainty stated"
    ACTION = "rubric: action fits"
    RESTRAINT = "rubric: no diagnosis"


MARKED = (Measure.EVIDENCE, Measure.ALTERNATIVES, Measure.UNCERTAINTY, Measure.ACTION, Measure.RESTRAINT)
"""Measures in marks of a judge (`services.evaluation.rubric`); `REASONING` is the mean of an answer's five."""
SHARES = frozenset(Measure) - {Measure.GROUNDED, Measure.LENGTH, Measure.REASONING, *MARKED}
"""Measures of which every case is 0 or 1: they get exact bounds, the others a bootstrap."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one answer to `case` was worth, by measure; a measure that does not apply to it is left out. `layer` is the
    corpus layer, `slices` are tags such as a population, `person` is whom the case is about, empty where untold."""

    case: str
    layer: str
    slices: tuple[str, ...] = ()
    counted: Mapping[Measure, float] = field(default_factory=dict)
    person: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure over the cases of a layer or slice (empty: all), with its 95 % interval, n of them."""

    measure: Measure
    part: str
    interval: Interval
    n: int


@dataclass(frozen=True, slots=True)
class Gain:
    """How much more the second of two answerers reaches on the same cases, and the p of a sign test for shares."""

    measure: Measure
    part: str
    interval: Interval
    n: int
    p: float = _NAN


def worth(
    valid: bool, thinking_chars: int, grounded: float = _NAN, contradicted: bool | None = None
) -> dict[Measure, float]:
    """What is counted of every report that was asked for. `grounded` is the supported share of its claims, NaN without
    any; `contradicted` is None where nobody could check.

    >>> worth(True, 12)[Measure.THINKS]
    1.0
    """
    counted = {Measure.VALID: float(valid), Measure.THINKS: float(thinking_chars > 0),
               Measure.LENGTH: float(thinking_chars)}  # fmt: skip
    if contradicted is not None:
        counted[Measure.UNCONTRADICTED] = float(not contradicted)
    if not math.isnan(grounded):
        counted[Measure.GROUNDED] = grounded
    return counted


def escalates(tier: Tier | None) -> bool:
    """Whether somebody who needs help now gets it."""
    return tier is Tier.IMMEDIATE


def stays(tier: Tier, at: Tier) -> bool:
    """Whether an answer makes no more of it than `at`."""
    return not tier.more_urgent_than(at)


def figures(answers: Sequence[Said], seed: int = 0) -> list[Figure]:
    """Every measure of all answers, then of each layer, then of each slice; parts without a case are left out.

    >>> figures([Said("a", "L2", (), {Measure.VALID: 1.0})])[0]
    Figure(measure=<Measure.VALID: 'valid answers'>, part='', interval=Interval(value=1.0, low=0.025, high=1.0), n=1)
    """
    found = []
    for part, some in _parts(answers):
        for measure in Measure:
            values = [one.counted[measure] for one in some if measure in one.counted]
            if values:
                drawn = _interval(measure, values, np.random.default_rng(seed))
                found.append(Figure(measure, part, drawn, len(values)))
    return found


def gains(first: Sequence[Said], second: Sequence[Said], seed: int = 0) -> list[Gain]:
    """What `second` gains over `first`, over cases in which both were counted: paired bootstrap (Efron 1979).

    Raises:
        ValueError: other cases, or in another order.
    """
    if [one.case for one in first] != [one.case for one in second]:
        raise ValueError("two answerers on other cases: expected the same cases in the same order")
    known = {one.case: one for one in first}
    found = []
    for part, some in _parts(second):
        for measure in Measure:
            pairs = [
                (known[one.case].counted[measure], one.counted[measure])
                for one in some if measure in one.counted and measure in known[one.case].counted
            ]  # fmt: skip
            if pairs:
                before, after = zip(*pairs, strict=True)
                p = sign_test(list(map(bool, before)), list(map(bool, after))) if measure in SHARES else _NAN
                gained = difference(before, after, np.random.default_rng(seed))
                found.append(Gain(measure, part, gained, len(pairs), p))
    return found


def _interval(measure: Measure, values: Sequence[float], rng: np.random.Generator) -> Interval:
    if measure in SHARES:
        found = exact_bounds(round(sum(values)), len(values))
        return Interval(*(round(bound, 6) for bound in found))
    return ratio(np.asarray(values, float), np.ones(len(values)), rng)


def _parts(answers: Sequence[Said]) -> list[tuple[str, list[Said]]]:
    layers = sorted({one.layer for one in answers})
    slices = sorted({tag for one in answers for tag in one.slices})
    return [
        ("", list(answers)),
        *((layer, [one for one in answers if one.layer == layer]) for layer in layers),
        *((tag, [one for one in answers if tag in one.slices]) for tag in slices),
    ]


def is_not_worse(gain: Gain, margin: float) -> bool:
    """Whether the lower end of what was gained is above minus `margin`: non-inferiority with 97.5 % confidence."""
    return not math.isnan(gain.interval.low) and gain.interval.low >= -margin
