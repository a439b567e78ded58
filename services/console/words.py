"""The words of the page: what conditions, channels, terms and outcomes are called by people."""

import math
import re
from collections.abc import Sequence

from services.vocabulary import (
    AlertStatus,
    Assessment,
    Condition,
    Delivery,
    Deviation,
    Event,
    Grounding,
    Mode,
    Notice,
    Opinion,
    Outcome,
    Seconds,
    Support,
    Tier,
    Turn,
    describe,
)

CONDITIONS = {
    Condition.LEARNING: "Getting to know their usual", Condition.USUAL: "As usual", Condition.CHANGED: "Changed",
    Condition.ATTENTION: "Needs attention", Condition.BLIND: "Cannot be seen", Condition.OFFLINE: "No news",
}  # fmt: skip

TIERS = {Tier.IMMEDIATE: "Now", Tier.URGENT: "Soon", Tier.MONITOR: "Keep an eye"}

SEEN_WELL = 0.9
"""Of the time in view, above which nothing is said about it."""
_COURSES = {
    "escalating": "it rose ever faster", "building": "it built up steadily", "de-escalating": "it eased steadily",
    "releasing": "it eased of late", "stable": "it neither rose nor fell", "volatile": "it went up and down",
}  # fmt: skip

STATUSES = {
    AlertStatus.PENDING: "being sent", AlertStatus.NOTIFIED: "sent", AlertStatus.UNDELIVERED: "not delivered",
    AlertStatus.ACKNOWLEDGED: "somebody is on it", AlertStatus.RESOLVED: "over",
    AlertStatus.MISSED: "found too late", AlertStatus.ESCALATED: "not taken, others are asked",
    AlertStatus.EXPIRED: "nobody took it",
}  # fmt: skip
TURNS = {
    Turn.OPENED: "the first", Turn.CHANNEL_FAILED: "the way before did not deliver",
    Turn.NOBODY_REACHED: "nobody could be reached", Turn.NOBODY_ON_SHIFT: "nobody before is on shift",
    Turn.NO_ANSWER: "nobody took it", Turn.STILL_NO_ANSWER: "still nobody took it",
}  # fmt: skip
"""Why somebody was asked, by what happened before."""

MODES = {Mode.OBSERVABLES: "Movement and sound", Mode.AFFECT: "Also expression, with consent"}

OUTCOMES = {
    Outcome.DELIVERED: "delivered", Outcome.REFUSED: "refused", Outcome.UNREACHABLE: "not reachable",
    Outcome.TIMED_OUT: "no answer in time",
}  # fmt: skip

NOTICES = {
    Notice.OPENED: "alert", Notice.AMENDED: "addition", Notice.RESOLVED: "all clear", Notice.TEST: "test",
    Notice.ESCALATED: "asked next", Notice.MISSED: "found too late", Notice.RECEIVER_DISABLED: "a receiver is gone",
}  # fmt: skip

OPINIONS = {
    Opinion.AGREED: "agrees with the urgency", Opinion.RAISED: "would treat it as more urgent",
    Opinion.LOWERED: "would treat it as less urgent (the alert stands all the same)",
}  # fmt: skip

TERMS = {
    "deviation": "Distance from their usual", "volatility": "How quickly they change",
    "transition": "How often they change", "audio": "Voice and sounds", "motion": "Movement",
    "escalation": "How much it resembles an episode",
}  # fmt: skip

_CHANNELS = {
    "motion.ratio": "How much movement", "motion.erratic": "How erratic the movement is",
    "audio.vocal_energy": "Strength of the voice", "audio.loudness": "Loudness of the room",
    "audio.speech": "How much talking", "audio.pitch": "Pitch of the voice", "audio.brightness": "Brightness of sound",
    "face.browDown": "Lowered brows", "face.eyeBlink": "Closed or blinking eyes", "face.eyeSquint": "Narrowed eyes",
    "face.jawOpen": "Open mouth", "face.mouthSmile": "Smiling mouth",
    "pose.speed": "Speed of the body", "pose.wrist_speed": "Speed of the hands",
    "pose.torso_angle": "Leaning of the body", "pose.hip_height": "Height of the hips",
    "pose.lying": "Lying", "pose.sitting": "Sitting", "pose.standing": "Standing", "pose.fall": "Evidence of a fall",
    "pose.stillness": "Time without movement", "pose.restlessness": "Restlessness", "pose.rocking": "Rocking",
    "pose.self_contact": "Hands at head or body", "pose.out_of_bed": "Out of bed",
    "face.pain": "Signs of pain in the face",
    "affect.valence": "Expression, negative to positive", "affect.arousal": "Expression, calm to tense",
}  # fmt: skip
_FAMILIES = {"emotion": "Face suggests", "audio": "Sound", "face": "Face", "pose": "Posture", "motion": "Movement"}


def channel(name: str) -> str:
    """What a channel is called on the page.

    >>> channel("emotion.fear"), channel("audio.cue.cry"), channel("weight_kg")
    ('Face suggests: fear', 'Sound: cry', 'weight kg')
    """
    if name in _CHANNELS:
        return _CHANNELS[name]
    family, _, rest = name.removeprefix("audio.cue.").partition(".")
    if name.startswith("audio.cue."):
        return f"Sound: {family.replace('_', ' ')}"
    return f"{_FAMILIES.get(family, family)}: {rest.replace('_', ' ')}" if rest else name.replace("_", " ")


def readable(event: Event) -> list[Deviation]:
    """The deviations a person may read about, the one that counts most first; no emotion outside affect mode."""
    affect = event.evidence.mode is Mode.AFFECT
    shown = [d for d in event.deviations if affect or not describe(d.channel).affect_only]
    return sorted(shown, key=lambda d: (-_finite(d.contribution), -abs(_finite(d.z))))


def how_far(deviation: Deviation) -> str:
    """A deviation in units of the person's own spread."""
    if not math.isfinite(deviation.z):
        return "not measured"
    direction = "above" if deviation.z > 0 else "below"
    if abs(deviation.z) < 1.0:
        return "within their usual at that moment"
    return f"{direction} their usual, {abs(deviation.z):.1f} times the ordinary variation"


def how_sure(event: Event) -> str:
    """How clearly the event stands out, against this person's own threshold."""
    if event.learning:
        return "Less sure than usual: what is usual for this person is still being learned."
    times = event.score / event.threshold if event.threshold else math.nan
    if not math.isfinite(times):
        return "How far over the threshold it was could not be computed."
    clearly = "far over" if times >= 2 else "clearly over" if times >= 1.25 else "just over"
    return f"It was {clearly} this person's own alarm level ({times:.1f} times)."


def course(event: Event) -> str:
    """How it went over the seconds before, in a sentence; empty where that is not known."""
    went, seconds = _COURSES.get(event.evidence.course, ""), event.evidence.window_s
    return f"In the {seconds:.0f} seconds before, {went}." if went and math.isfinite(seconds) else ""


def checked(grounding: Grounding) -> str:
    """How far what was said rests on what was measured."""
    total = len(grounding.claims)
    held = sum(claim.support is Support.SUPPORTED for claim in grounding.claims)
    if held == total:
        return f"Everything in it that can be checked ({total}) agrees with the measurements."
    return f"Of {total} things in it that can be checked, {held} agree with the measurements."


def not_known(event: Event, assessment: Assessment | None) -> list[str]:
    """What a reader has to keep in mind: what was not seen, what disagrees, what nobody can tell."""
    evidence = event.evidence
    gaps = []
    if math.isfinite(evidence.seen_share) and evidence.seen_share < SEEN_WELL:
        window = f" of the {evidence.window_s:.0f} seconds before" if math.isfinite(evidence.window_s) else ""
        gaps.append(f"The person was in view for {evidence.seen_share:.0%}{window}.")
    affect = evidence.mode is Mode.AFFECT
    gaps += [f"Signs disagree: {c.first}, but {c.second}." for c in evidence.conflicts if affect]
    if event.learning:
        gaps.append("What is usual for this person is still being learned.")
    if not affect:
        gaps.append("Emotions are not estimated for this person.")
    gaps += [] if assessment is None else [text for text in assessment.verdict.unknowns if not _said(text, event)]
    return list(dict.fromkeys(gaps)) or ["Why it happened. The measurements cannot tell; look in and see."]


def _said(unknown: str, event: Event) -> bool:
    """Whether a second opinion repeats how much of the time the person was in view, which the page says by itself."""
    seen = event.evidence.seen_share
    return math.isfinite(seen) and seen < SEEN_WELL and re.search(rf"\b{100 * seen:.0f} ?%", unknown) is not None


def delivery(attempt: Delivery) -> str:
    """How an attempt ended, with the reason where it says more than the outcome does."""
    telling = attempt.outcome in (Outcome.REFUSED, Outcome.DELIVERED) and attempt.detail
    return attempt.detail if telling else OUTCOMES[attempt.outcome]


def duration(seconds: Seconds) -> str:
    """A length of time, rounded as people do.

    >>> duration(42), duration(150), duration(7000), duration(200_000)
    ('42 s', '2 min', '2 h', '2 days')
    """
    if seconds < 60:
        return f"{max(0, seconds):.0f} s"
    if seconds < 5400:
        return f"{seconds // 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 129_600 else f"{seconds / 86_400:.0f} days"


def summary(open_alerts: int, conditions: Sequence[Condition]) -> str:
    """The house in one or two sentences."""
    if not conditions:
        return "No resident is being watched over yet."
    waiting = {0: "Nobody is waiting for help.", 1: "One alert needs somebody."}.get(
        open_alerts, f"{open_alerts} alerts need somebody."
    )
    usual = sum(condition is Condition.USUAL for condition in conditions)
    everyone = (
        "Everybody is as usual."
        if usual == len(conditions)
        else f"{usual} of {len(conditions)} residents are as usual."
    )
    return f"{waiting} {everyone}"


def _finite(number: float) -> float:
    return number if math.isfinite(number) else 0.0
