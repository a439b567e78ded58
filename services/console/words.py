"""The words of the page: what conditions, channels, terms and outcomes are called by people."""

import math
import re
from collections.abc import Sequence

from services.console.language import say
from services.vocabulary import (
    AlertStatus,
    Assessment,
    Condition,
    Delivery,
    Deviation,
    Event,
    FeedbackVerdict,
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

TIERS_BY_NUMBER = {tier.value: word for tier, word in TIERS.items()}

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
    Notice.CANARY_LOST: "a test did not come through", Notice.CANARY_RETURNED: "tests come through again",
}  # fmt: skip

OPINIONS = {
    Opinion.AGREED: "It agrees with the urgency.", Opinion.RAISED: "It would treat it as more urgent.",
    Opinion.LOWERED: "It would treat it as less urgent (the alert stands all the same).",
}  # fmt: skip

VERDICTS = {
    FeedbackVerdict.TRUE: "it was right", FeedbackVerdict.FALSE: "it was a false alarm",
    FeedbackVerdict.UNSURE: "hard to say", FeedbackVerdict.MISSED: "it should have alarmed",
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
        return say(_CHANNELS[name])
    family, _, rest = name.removeprefix("audio.cue.").partition(".")
    if name.startswith("audio.cue."):
        return f"{say('Sound')}: {say(family.replace('_', ' '))}"
    known = say(_FAMILIES.get(family, family))
    return f"{known}: {say(rest.replace('_', ' '))}" if rest else name.replace("_", " ")


def readable(event: Event) -> list[Deviation]:
    """The deviations a person may read about, the one that counts most first; no emotion outside affect mode."""
    affect = event.evidence.mode is Mode.AFFECT
    shown = [d for d in event.deviations if affect or not describe(d.channel).affect_only]
    return sorted(shown, key=lambda d: (-_finite(d.contribution), -abs(_finite(d.z))))


def how_far(deviation: Deviation) -> str:
    """A deviation in units of the person's own spread."""
    if not math.isfinite(deviation.z):
        return say("not measured")
    if abs(deviation.z) < 1.0:
        return say("within their usual at that moment")
    above = say("above their usual, {times} times the ordinary variation", times=f"{deviation.z:.1f}")
    return above if deviation.z > 0 else say(
        "below their usual, {times} times the ordinary variation", times=f"{-deviation.z:.1f}"
    )  # fmt: skip


def how_sure(event: Event) -> str:
    """How clearly the event stands out, against this person's own threshold."""
    if event.learning:
        return say("Less sure than usual: what is usual for this person is still being learned.")
    times = event.score / event.threshold if event.threshold else math.nan
    if not math.isfinite(times):
        return say("How far over the threshold it was could not be computed.")
    shown = f"{times:.1f}"
    if times >= 2:
        return say("It was far over this person's own alarm level ({times} times).", times=shown)
    if times >= 1.25:
        return say("It was clearly over this person's own alarm level ({times} times).", times=shown)
    return say("It was just over this person's own alarm level ({times} times).", times=shown)


def course(event: Event) -> str:
    """How it went over the seconds before, in a sentence; empty where that is not known."""
    went, seconds = _COURSES.get(event.evidence.course, ""), event.evidence.window_s
    if not went or not math.isfinite(seconds):
        return ""
    return say("In the {n} seconds before, {went}.", n=f"{seconds:.0f}", went=say(went))


def checked(grounding: Grounding) -> str:
    """How far what was said rests on what was measured."""
    total = len(grounding.claims)
    held = sum(claim.support is Support.SUPPORTED for claim in grounding.claims)
    if held == total:
        return say("Everything in it that can be checked ({n}) agrees with the measurements.", n=total)
    return say("Of {n} things in it that can be checked, {held} agree with the measurements.", n=total, held=held)


_WHY = "Why it happened. The measurements cannot tell; look in and see."


def not_known(event: Event, assessment: Assessment | None) -> list[str]:
    """What a reader has to keep in mind: what was not seen, what disagrees, what nobody can tell."""
    evidence = event.evidence
    gaps = []
    if math.isfinite(evidence.seen_share) and evidence.seen_share < SEEN_WELL:
        share = f"{evidence.seen_share:.0%}"
        known, n = math.isfinite(evidence.window_s), f"{evidence.window_s:.0f}"
        within = say("The person was in view for {share} of the {n} seconds before.", share=share, n=n)
        gaps.append(within if known else say("The person was in view for {share}.", share=share))
    affect = evidence.mode is Mode.AFFECT
    disagree = "Signs disagree: {first}, but {second}."
    gaps += [say(disagree, first=c.first, second=c.second) for c in evidence.conflicts if affect]
    if calculated := [channel(one.channel) for one in evidence.derived if affect]:
        what = ", ".join(calculated)
        variance = f"{max(one.variance for one in evidence.derived):.2f}"
        gaps.append(say("Calculated from the face's emotions, not measured: {what} (variance {variance} or more).",
                        what=what, variance=variance))  # fmt: skip
    if event.learning:
        gaps.append(say("What is usual for this person is still being learned."))
    if not affect:
        gaps.append(say("Emotions are not estimated for this person."))
    gaps += [] if assessment is None else [text for text in assessment.verdict.unknowns if not _said(text, event)]
    return list(dict.fromkeys(gaps)) or [say(_WHY)]


def _said(unknown: str, event: Event) -> bool:
    """Whether a second opinion repeats how much of the time the person was in view, which the page says by itself."""
    seen = event.evidence.seen_share
    return math.isfinite(seen) and seen < SEEN_WELL and re.search(rf"\b{100 * seen:.0f} ?%", unknown) is not None


def delivery(attempt: Delivery) -> str:
    """How an attempt ended, with the reason where it says more than the outcome does."""
    telling = attempt.outcome in (Outcome.REFUSED, Outcome.DELIVERED) and attempt.detail
    return attempt.detail if telling else say(OUTCOMES[attempt.outcome])


def duration(seconds: Seconds) -> str:
    """A length of time, rounded as people do.

    >>> duration(42), duration(150), duration(7000), duration(200_000)
    ('42 s', '2 min', '2 h', '2 days')
    """
    if seconds < 60:
        return f"{max(0, seconds):.0f} s"
    if seconds < 5400:
        return f"{seconds // 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 129_600 else say("{n} days", n=f"{seconds / 86_400:.0f}")


def summary(open_alerts: int, conditions: Sequence[Condition]) -> str:
    """The house in one or two sentences."""
    if not conditions:
        return say("No resident is being watched over yet.")
    waiting = say("{n} alerts need somebody.", n=open_alerts)
    if open_alerts < 2:
        waiting = say("One alert needs somebody.") if open_alerts else say("Nobody is waiting for help.")
    usual = sum(condition is Condition.USUAL for condition in conditions)
    everyone = say("{usual} of {n} residents are as usual.", usual=usual, n=len(conditions))
    if usual == len(conditions):
        everyone = say("Everybody is as usual.")
    return f"{waiting} {everyone}"


def _finite(number: float) -> float:
    return number if math.isfinite(number) else 0.0
