"""What gate cases show about an adapter, against the limits of a policy: pure; `services.evaluation` counts."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.evaluation.bootstrap import Interval
from services.evaluation.cases import ASKS, CaseAnswer, Kind, by_layer, latency_p95_s, median_thinking, said
from services.evaluation.opinions import Figure, Measure, figures, is_not_worse
from vlm_service.adapters.policy import Gates
from vlm_service.failures import AdapterAway, NotLoaded, ServerError, TimedOut

LOST = frozenset({TimedOut.reason, ServerError.reason, NotLoaded.reason, AdapterAway.reason})
"""Reasons for no answer that may be the server's, in a busy hour or while it starts anew."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: what was found against its limit, in words where it was not passed."""

    name: str
    passed: bool
    found: str
    limit: str
    words: str = ""


def judge(answers: Sequence[CaseAnswer], beside: Sequence[CaseAnswer], gates: Gates, same_prompt: bool) -> list[Gate]:
    """Every gate of the policy; `beside` is what the one that is heard now made of the same cases. Answers that the
    server lost count in none but their own."""
    asked, answers, beside = len(answers), kept(answers), kept(beside)
    found = {one.measure: one for one in figures([said(one) for one in answers]) if not one.part}
    grounded = found.get(Measure.GROUNDED, _NONE)
    clear = found.get(Measure.UNCONTRADICTED, _NONE)
    share = grounded.interval.value if grounded.n else 0.0
    contradicted = round(1.0 - clear.interval.value, 6) if clear.n else 1.0
    chars, late = median_thinking(answers), latency_p95_s(answers)
    made = [
        Gate("prompt", same_prompt or not gates.same_prompt, "the served one" if same_prompt else "another",
             "the served one" if gates.same_prompt else "any", "train it on the prompt that is served"),
        Gate("answers lost", asked == len(answers), f"{asked - len(answers)} of {asked}", "0",
             "the server was too busy or away each time: ask for another run (`attune adapters judge`) in a quiet "
             "hour; where it is so again, the adapter does not come to an end"),
        _share("valid answers", found, Measure.VALID, gates.valid),
        _share("thinking kept", found, Measure.THINKS, gates.thinking),
        Gate("length of thinking", chars >= gates.thinking_chars, f"{chars:,.0f} characters (median)",
             f"{gates.thinking_chars:,} or more", "it was trained to think less"),
        Gate("grounded claims", share >= gates.grounded, f"{share:.0%} of {grounded.n} answers with claims",
             f"{gates.grounded:.0%} or more", "it claims what was not measured"),
        Gate("contradicted answers", contradicted <= gates.contradicted, f"{contradicted:.0%} of {clear.n}",
             f"{gates.contradicted:.0%} or less", "it claims what the measurements deny"),
        Gate("latency", late <= gates.latency_p95_s, f"{late:.2f} s (95 % are faster)",
             f"{gates.latency_p95_s:g} s or less", "it thinks longer than caregivers wait"),
    ]  # fmt: skip
    for kind, least in ((Kind.ESCALATE, gates.escalate), (Kind.STAY, gates.stay), (Kind.CONFLICT, gates.conflict)):
        made.append(_share(ASKS[kind].value, found, ASKS[kind], least))
    return [*made, *_not_worse(answers, beside, gates.margin)]


def kept(answers: Sequence[CaseAnswer]) -> list[CaseAnswer]:
    """Those that the server did not lose."""
    return [one for one in answers if one.outcome not in LOST]


_NONE = Figure(Measure.VALID, "", Interval(math.nan, math.nan, math.nan), 0)


def _share(name: str, found: Mapping[Measure, Figure], measure: Measure, least: float) -> Gate:
    (value, low, high), n = (one := found.get(measure, _NONE)).interval, one.n
    told = f"{value:.0%} ({low:.0%} to {high:.0%}, n = {n})" if n else "no cases"
    words = f"{n - round(value * n)} of {n} are wrong" if n else "nothing could be judged"
    return Gate(name, n > 0 and value >= least, told, f"{least:.0%} or more", words)


def _not_worse(answers: Sequence[CaseAnswer], beside: Sequence[CaseAnswer], margin: float) -> Iterable[Gate]:
    for gain in by_layer(beside, answers):
        value, low, high = gain.interval
        yield Gate(
            f"not worse: {gain.part}", is_not_worse(gain, margin),
            f"{value:+.2f} ({low:+.2f} to {high:+.2f}, n = {gain.n}, p = {gain.p:.2f})",
            f"lower end {-margin:+.2f} or more", "it may be worse there than the one that is heard now",
        )  # fmt: skip
