"""Cases that say what must come of them: an adapter's answers, counted as any other answers are. Pure."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from services.evaluation.bootstrap import Interval
from services.evaluation.opinions import Gain, Measure, Said, escalates, gains, stays, worth
from services.vocabulary import Event, Grounding, Verdict

VERDICT = "verdict"


class Kind(StrEnum):
    """What a case asks: somebody needs help now; it is an ordinary moment; senses disagree and it must be said."""

    ESCALATE = "escalate"
    STAY = "stay"
    CONFLICT = "conflict"


ASKS = {Kind.ESCALATE: Measure.ESCALATE, Kind.STAY: Measure.STAY, Kind.CONFLICT: Measure.CONFLICT}
"""The measure by which a kind of case is right or not."""


@dataclass(frozen=True, slots=True)
class Case:
    """One event with what must come of it; `layer` groups cases, e.g. by corpus layer or mode."""

    id: str
    kind: Kind
    layer: str
    event: Event


@dataclass(frozen=True, slots=True)
class CaseAnswer:
    """What an adapter made of a case. `right`: as the case asks, False without a verdict. `grounded` is the supported
    share of its claims, NaN without any."""

    case: str
    kind: Kind
    layer: str
    outcome: str
    right: bool
    thinking_chars: int = 0
    grounded: float = float("nan")
    contradicted: bool = False
    latency_s: float = 0.0


def answered(case: Case, verdict: Verdict, thinking: str, grounding: Grounding, latency_s: float) -> CaseAnswer:
    """What a usable answer means for the case."""
    return CaseAnswer(
        case.id, case.kind, case.layer, VERDICT, _is_right(case, verdict), len(thinking), grounding.share,
        bool(grounding.contradictions), latency_s,
    )  # fmt: skip


def failed(case: Case, reason: str, latency_s: float) -> CaseAnswer:
    """No usable answer."""
    return CaseAnswer(case.id, case.kind, case.layer, reason, False, latency_s=latency_s)


def said(answer: CaseAnswer) -> Said:
    """As it is counted; of an answer that is none, nothing but that and what the case asked."""
    counted = {ASKS[answer.kind]: float(answer.right), Measure.CASE: float(answer.right)}
    if answer.outcome == VERDICT:
        counted |= worth(True, answer.thinking_chars, answer.grounded, answer.contradicted)
    else:
        counted[Measure.VALID] = 0.0
    return Said(answer.case, answer.layer, (), counted)


def by_layer(before: Iterable[CaseAnswer], after: Sequence[CaseAnswer]) -> list[Gain]:
    """How many more cases are right in each layer of `after`, over the cases that both answered; NaN where none is."""
    known = {one.case: one for one in before}
    both = [one for one in after if one.case in known]
    found = gains([said(known[one.case]) for one in both], [said(one) for one in both])
    of = {one.part: one for one in found if one.measure is Measure.CASE}
    return [of.get(layer, _unknown(layer)) for layer in sorted({one.layer for one in after})]


def median_thinking(answers: Sequence[CaseAnswer]) -> float:
    """Characters, of usable answers; 0 without any."""
    chars = [one.thinking_chars for one in answers if one.outcome == VERDICT]
    return float(statistics.median(chars)) if chars else 0.0


def latency_p95_s(answers: Sequence[CaseAnswer]) -> float:
    """The time within which 95 % are answered; infinite without answers."""
    return float(np.quantile([one.latency_s for one in answers], 0.95)) if answers else math.inf


def _unknown(layer: str) -> Gain:
    return Gain(Measure.CASE, layer, Interval(math.nan, math.nan, math.nan), 0, 1.0)


def _is_right(case: Case, verdict: Verdict) -> bool:
    if case.kind is Kind.ESCALATE:
        return escalates(verdict.tier)
    if case.kind is Kind.STAY:
        return stays(verdict.tier, case.event.tier)
    return names_conflict(verdict, case.event)


def names_conflict(verdict: Verdict, event: Event) -> bool:
    """Whether an answer says that senses disagree: it points at a conflict, or names both senses of one in a text."""
    if any(one.evidence.startswith("conflict.") for one in verdict.indicators):
        return True
    texts = [verdict.situation, verdict.context, *verdict.unknowns, *(one.text for one in verdict.indicators)]
    pairs = [conflict.pair.split("-") for conflict in event.evidence.conflicts]
    return any(all(sense in text.lower() for sense in pair) for text in texts for pair in pairs)
