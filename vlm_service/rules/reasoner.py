"""Reasons by fixed rules: agrees with the event's tier and says in plain words why."""

import math

from services.vocabulary import CueName, Event, Opinion, PriorEpisodes, Reason, Tier, Verdict
from vlm_service.dialogue.numbers import percent
from vlm_service.dialogue.report import SEEN_WELL, data, spoken_conflicts, time_text
from vlm_service.dialogue.verdict import URGENCIES, tidy_verdict
from vlm_service.rules.indicators import indicators_of, telling_cues, telling_deviations
from vlm_service.rules.phrases import cue_phrase, deviation_phrase, sentence

_ACTIONS = {
    Tier.IMMEDIATE: "Go to the resident now, look for pain or injury, and stay until they are settled.",
    Tier.URGENT: "Look in on the resident within the next 10 minutes and ask how they are.",
    Tier.MONITOR: "No visit for this alone; look in at the next round.",
}
_FIRST_THINGS = {
    CueName.FALL: "Check for injuries before moving them.",
    CueName.FALL_NOISE: "Check for a fall before moving them.",
    CueName.GLASS: "Watch for broken glass.",
    CueName.ALARM: "Find out which alarm sounded.",
}


def reason_about(event: Event) -> Verdict:
    """A verdict from the event alone: same event, same verdict. It agrees with the tier, for rules have no second eye.

    In observables mode it holds no emotion word; every indicator points at evidence of the event.
    """
    indicators = tuple(indicators_of(event))
    return tidy_verdict(
        Verdict(
            tier=event.tier,
            opinion=Opinion.AGREED,
            urgency=URGENCIES[event.tier],
            situation=_situation(event),
            indicators=indicators,
            context=_context(event),
            action=_action(event),
            confidence=_confidence(event, len(indicators)),
            unknowns=tuple(_unknowns(event)),
        )
    )


def _situation(event: Event) -> str:
    if event.reason is Reason.BLIND:
        return "The room cannot be watched at the moment: camera or microphone give nothing."
    moved = [deviation_phrase(d) for d in telling_deviations(event)[:2]]
    said = [*moved, *(cue_phrase(cue, event.evidence.window_s) for cue in telling_cues(event)[:1])]
    if not said:
        return "Something is not as usual for this person; no single measurement stands out."
    return sentence(*said)


def _context(event: Event) -> str:
    evidence = event.evidence
    place = data(evidence.place, evidence.mode)[1:-1].strip() or "place not known"
    fired = f"What fired: {_rule(event.reason)}."
    where = f"{place[:1].upper()}{place[1:]}, {time_text(evidence)}"
    return f"{where}. In the 24 hours before: {_before(evidence.prior)}. {fired}"


def _before(prior: PriorEpisodes) -> str:
    """
    >>> _before(PriorEpisodes(1, 0, 3))
    '1 of tier 1, 3 of tier 3'
    """
    counts = zip(Tier, (prior.tier1, prior.tier2, prior.tier3), strict=True)
    return ", ".join(f"{count} of tier {tier.value}" for tier, count in counts if count) or "no episode"


def _rule(reason: Reason) -> str:
    return {
        Reason.COMPOSITE: "several changes together",
        Reason.CHANNEL: "one measurement alone",
        Reason.CUE: "a sound, or a fall that was seen",
        Reason.SUSTAINED: "a change that lasts",
        Reason.ESCALATION: "a likeness to an episode",
        Reason.BUILD_UP: "a likeness to an episode that lasts",
        Reason.VOLATILITY: "changing from second to second",
        Reason.MILD: "a mild change",
        Reason.DRIFT: "a slow change over days",
        Reason.BLIND: "nothing can be seen or heard",
    }[reason]


def _action(event: Event) -> str:
    if event.reason is Reason.BLIND:
        return "Look in person until the room can be watched again, and have camera and microphone checked."
    if event.reason is Reason.DRIFT:
        return f"{_ACTIONS[event.tier]} Mention the slow change at handover."
    heard = {cue.name for cue in event.evidence.cues}
    return " ".join([_ACTIONS[event.tier], *(text for cue, text in _FIRST_THINGS.items() if cue in heard)])


def _unknowns(event: Event) -> list[str]:
    evidence = event.evidence
    unknowns = ["The cause: the measurements show what changed, not why."]
    if event.learning:
        unknowns.append("What is usual for this person is still being learned.")
    if not math.isfinite(evidence.seen_share):
        unknowns.append("How much of the time the person was seen.")
    elif evidence.seen_share < SEEN_WELL:
        unknowns.append(f"Face or body was seen only {percent(evidence.seen_share)} of the time.")
    if not evidence.cues:
        unknowns.append("No notable sound was reported; whether the microphone heard well is not known here.")
    if not math.isfinite(evidence.erratic_motion):
        unknowns.append("Whether the person moved erratically was not measured.")
    if spoken_conflicts(evidence):
        unknowns.append("The senses disagree with one another about this person.")
    return unknowns


def _confidence(event: Event, indicators: int) -> float:
    """How much evidence there is, 0.1..0.9: no probability of being right (source of the steps: guess)."""
    evidence = event.evidence
    seen = evidence.seen_share if math.isfinite(evidence.seen_share) else 0.0
    value = 0.4 + 0.1 * min(indicators, 4)
    value -= 0.2 if event.learning else 0.0
    value -= 0.2 if seen < 0.5 else 0.0
    value -= 0.1 if spoken_conflicts(evidence) else 0.0
    return min(0.9, max(0.1, round(value, 2)))
