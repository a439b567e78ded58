"""Everything that is known about why an event opened, and by name what is not recorded."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.vocabulary.channel import describe
from services.vocabulary.cue import Cue
from services.vocabulary.deviation import Deviation, Term
from services.vocabulary.event import Calibration, Event, Reason
from services.vocabulary.evidence import Usual
from services.vocabulary.mode import Mode
from services.vocabulary.policy import Policy
from services.vocabulary.sample import Position
from services.vocabulary.tier import Tier
from services.vocabulary.time import Seconds, UnixSeconds


@dataclass(frozen=True, slots=True)
class Explanation:
    """One event taken apart.

    `score` over `threshold` is what fired (`times` its ratio); the threshold is `provisional` where it is rarer than
    this person's own history can show (None: not recorded). `terms` add up to `composite`. `deviations` name the
    channels that spoke; `usual` is everything that was usual then, each as level and spread. `calibration` holds every
    rule with its threshold, `policy` what the event's policy version says of this resident, None where only the version
    is known. `not_recorded` says in sentences what nobody can tell any more.
    """

    event: str
    revision: int
    resident: str
    mode: Mode
    position: Position
    opened_at: UnixSeconds
    updated_at: UnixSeconds
    ended_at: UnixSeconds | None
    tier: Tier
    reason: Reason
    detector: str
    score: float
    threshold: float
    times: float
    learning: bool
    policy_version: str
    policy: Policy | None
    calibration: Calibration | None
    provisional: bool | None
    terms: tuple[Term, ...]
    composite: float
    deviations: tuple[Deviation, ...]
    usual: tuple[Usual, ...]
    usual_source: str
    cues: tuple[Cue, ...]
    window_s: Seconds
    seen_share: float
    volatility: float
    usual_volatility: float
    transition_rate: float
    course: str
    not_recorded: tuple[str, ...]


def explain(event: Event, history: Sequence[Usual] = (), policies: Sequence[Policy] = ()) -> Explanation:
    """Take an event apart.

    Args:
        event: any revision; `score`, `terms` and `calibration` are of the second that opened or last raised it.
        history: what was usual on every channel in that second, where the score history still has it.
        policies: those that are known here; the one whose version the event names is shown.

    Nothing of a channel that the resident's mode forbids is told.
    """
    mode, context = event.evidence.mode, event.evidence
    usual, source = (history, "score history") if history else (context.profile, "the event")
    allowed = {name for name in _names(event, usual) if describe(name).allowed_in(mode)}
    usual = tuple(one for one in usual if one.channel in allowed)
    return Explanation(
        event=event.id, revision=event.revision, resident=event.resident, mode=mode, position=event.position,
        opened_at=event.opened_at, updated_at=event.updated_at, ended_at=event.ended_at, tier=event.tier,
        reason=event.reason, detector=event.detector, score=event.score, threshold=event.threshold,
        times=event.score / event.threshold if event.threshold else math.nan, learning=event.learning,
        policy_version=event.policy_version,
        policy=_policy(event, policies),
        calibration=event.calibration, provisional=_provisional(event), terms=event.terms,
        composite=math.fsum(term.contribution for term in event.terms) if event.terms else math.nan,
        deviations=tuple(one for one in event.deviations if one.channel in allowed),
        usual=usual, usual_source=source if usual else "", cues=context.cues, window_s=context.window_s,
        seen_share=context.seen_share, volatility=context.volatility, usual_volatility=context.usual_volatility,
        transition_rate=context.transition_rate, course=context.course,
        not_recorded=_missing(event, usual, bool(history), policies),
    )  # fmt: skip


def _provisional(event: Event) -> bool | None:
    if event.reason in (Reason.CUE, Reason.BLIND):
        return False
    if event.calibration is None:
        return None
    spoke = [one for one in event.calibration.readings if one.reason is event.reason]
    # Under the literal rules a fixed threshold spoke, not the calibrated one of the same reason.
    return any(one.provisional and one.threshold == event.threshold for one in spoke)


def _policy(event: Event, policies: Sequence[Policy]) -> Policy | None:
    """What held for this resident, and nothing of what holds for others."""
    known = next((policy for policy in policies if policy.version == event.policy_version), None)
    return None if known is None else replace(known.of(event.resident), residents=())


def _names(event: Event, usual: Sequence[Usual]) -> set[str]:
    return {one.channel for one in usual} | {one.channel for one in event.deviations}


def _missing(event: Event, usual: Sequence[Usual], whole: bool, policies: Sequence[Policy]) -> tuple[str, ...]:
    """What a reader may look for in vain, one sentence each."""
    gaps = []
    if event.calibration is None:
        gaps.append(
            "The thresholds of the other rules, their calibration version and whether the threshold that fired was "
            "provisional: the event is from before they were recorded."
        )
    if not any(policy.version == event.policy_version for policy in policies):
        gaps.append(
            f"What policy {event.policy_version} said: the event keeps its version alone, and no policy known here "
            "has it."
        )
    if not usual and not event.learning:
        gaps.append("What was usual: neither the event nor the score history holds it.")
    elif not whole and not event.learning:
        gaps.append("What was usual on the channels that did not speak: the score history of that second is not kept.")
    if event.learning:
        gaps.append("What is usual for this person: it was still being learned, only an alarm cue could speak.")
    if not event.terms:
        gaps.append("The terms of the composite score.")
    return tuple(gaps)
