"""What gate cases show about an adapter: pure. Semantic cases, format, thinking, grounding, and against another one."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from services.evaluation.paired import difference, exact_bounds, sign_test
from services.vocabulary import Event, Opinion, Tier, Verdict
from vlm_service.adapters.policy import Gates
from vlm_service.dialogue import Opinionated

VERDICT = "verdict"


class Kind(StrEnum):
    """What a case asks: somebody needs help now; it is an ordinary moment; senses disagree and it must be said."""

    ESCALATE = "escalate"
    STAY = "stay"
    CONFLICT = "conflict"


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


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: what was found against its limit, in words where it was not passed."""

    name: str
    passed: bool
    found: str
    limit: str
    words: str = ""


def answered(case: Case, said: Opinionated, latency_s: float) -> CaseAnswer:
    """What a usable answer means for the case."""
    return CaseAnswer(
        case.id, case.kind, case.layer, VERDICT, _is_right(case, said.verdict), len(said.thinking),
        said.grounding.share, bool(said.grounding.contradictions), latency_s,
    )  # fmt: skip


def failed(case: Case, reason: str, latency_s: float) -> CaseAnswer:
    """No usable answer."""
    return CaseAnswer(case.id, case.kind, case.layer, reason, False, latency_s=latency_s)


def judge(answers: Sequence[CaseAnswer], beside: Sequence[CaseAnswer], gates: Gates, same_prompt: bool) -> list[Gate]:
    """Every gate of the policy; `beside` is what the one that is heard now made of the same cases."""
    valid = [one for one in answers if one.outcome == VERDICT]
    grounded = [one.grounded for one in valid if not math.isnan(one.grounded)]
    contradicted = sum(one.contradicted for one in valid) / len(valid) if valid else 1.0
    chars = statistics.median(one.thinking_chars for one in valid) if valid else 0.0
    late = _p95([one.latency_s for one in answers])
    share = sum(grounded) / len(grounded) if grounded else 0.0
    made = [
        Gate("prompt", same_prompt or not gates.same_prompt, "the served one" if same_prompt else "another",
             "the served one" if gates.same_prompt else "any", "train it on the prompt that is served"),
        _share("valid answers", [one.outcome == VERDICT for one in answers], gates.valid),
        _share("thinking kept", [one.thinking_chars > 0 for one in valid], gates.thinking),
        Gate("length of thinking", chars >= gates.thinking_chars, f"{chars:,.0f} characters (median)",
             f"{gates.thinking_chars:,} or more", "it was trained to think less"),
        Gate("grounded claims", share >= gates.grounded, f"{share:.0%} of {len(grounded)} answers with claims",
             f"{gates.grounded:.0%} or more", "it claims what was not measured"),
        Gate("contradicted answers", contradicted <= gates.contradicted, f"{contradicted:.0%} of {len(valid)}",
             f"{gates.contradicted:.0%} or less", "it claims what the measurements deny"),
        Gate("latency", late <= gates.latency_p95_s, f"{late:.2f} s (95 % are faster)",
             f"{gates.latency_p95_s:g} s or less", "it thinks longer than caregivers wait"),
    ]  # fmt: skip
    for kind, least in ((Kind.ESCALATE, gates.escalate), (Kind.STAY, gates.stay), (Kind.CONFLICT, gates.conflict)):
        made.append(_share(_NAMES[kind], [one.right for one in answers if one.kind is kind], least))
    return [*made, *_not_worse(answers, beside, gates.margin)]


_NAMES = {
    Kind.ESCALATE: "must escalate", Kind.STAY: "must not escalate", Kind.CONFLICT: "must name the conflict",
}  # fmt: skip


def _share(name: str, hits: Sequence[bool], least: float) -> Gate:
    found = exact_bounds(sum(hits), len(hits))
    said = f"{found.value:.0%} ({found.low:.0%} to {found.high:.0%}, n = {len(hits)})" if hits else "no cases"
    words = f"{len(hits) - sum(hits)} of {len(hits)} are wrong" if hits else "nothing could be judged"
    return Gate(name, bool(hits) and found.value >= least, said, f"{least:.0%} or more", words)


def _not_worse(answers: Sequence[CaseAnswer], beside: Sequence[CaseAnswer], margin: float) -> Iterable[Gate]:
    known = {one.case: one for one in beside}
    rng = np.random.default_rng(0)
    for layer in sorted({one.layer for one in answers}):
        mine = [one for one in answers if one.layer == layer and one.case in known]
        others = [known[one.case] for one in mine]
        gained = difference([one.right for one in others], [one.right for one in mine], rng)
        p = sign_test([one.right for one in others], [one.right for one in mine])
        yield Gate(
            f"not worse: {layer}", bool(mine) and gained.low >= -margin,
            f"{gained.value:+.2f} ({gained.low:+.2f} to {gained.high:+.2f}, n = {len(mine)}, p = {p:.2f})",
            f"lower end {-margin:+.2f} or more", "it may be worse there than the one that is heard now",
        )  # fmt: skip


def _is_right(case: Case, verdict: Verdict) -> bool:
    if case.kind is Kind.ESCALATE:
        return verdict.tier is Tier.IMMEDIATE
    if case.kind is Kind.STAY:
        return verdict.opinion is not Opinion.RAISED
    return names_conflict(verdict, case.event)


def names_conflict(verdict: Verdict, event: Event) -> bool:
    """Whether an answer says that senses disagree: it points at a conflict, or names both senses of one in a text."""
    if any(one.evidence.startswith("conflict.") for one in verdict.indicators):
        return True
    texts = [verdict.situation, verdict.context, *verdict.unknowns, *(one.text for one in verdict.indicators)]
    pairs = [conflict.pair.split("-") for conflict in event.evidence.conflicts]
    return any(all(sense in text.lower() for sense in pair) for text in texts for pair in pairs)


def _p95(values: Sequence[float]) -> float:
    return float(np.quantile(values, 0.95)) if values else math.inf
