"""One sentence about an event for a person in a hurry: what was seen or heard, against this person's own usual."""

import math
from collections.abc import Iterable

from services.vocabulary import HEARD, Cue, Deviation, Event, Mode, Reason, describe

CUE_SHOWN = 0.5
"""Probability from which a cue is named (source: guess, the policy's own cue threshold)."""

_HIGHER_LOWER: dict[str, tuple[str, str]] = {
    "motion.ratio": ("movement was {much} greater than usual", "movement was {much} less than usual"),
    "motion.erratic": ("movement was {much} more erratic than usual", "movement was {much} calmer than usual"),
    "audio.vocal_energy": ("the voice was {much} stronger than usual", "the voice was {much} weaker than usual"),
    "audio.speech": ("there was {much} more talking than usual", "there was {much} less talking than usual"),
    "audio.loudness": ("the room was {much} louder than usual", "the room was {much} quieter than usual"),
    "face.browDown": ("the brows were {much} lower than usual", "the brows were {much} more relaxed than usual"),
    "face.eyeBlink": ("the eyes were closed {much} more than usual", "the eyes were open {much} more than usual"),
    "face.eyeSquint": ("the eyes were {much} more narrowed than usual", "the eyes were {much} wider than usual"),
    "face.jawOpen": ("the mouth was {much} more open than usual", "the mouth was {much} less open than usual"),
    "face.mouthSmile": ("the mouth smiled {much} more than usual", "the mouth smiled {much} less than usual"),
    "pose.speed": ("the body moved {much} faster than usual", "the body moved {much} slower than usual"),
    "pose.wrist_speed": ("the hands moved {much} faster than usual", "the hands moved {much} slower than usual"),
    "pose.torso_angle": ("the body leaned {much} further than usual", "the body was {much} more upright than usual"),
    "pose.hip_height": ("the body was {much} higher than usual", "the body was {much} lower than usual"),
    "pose.stillness": ("nothing moved for {much} longer than usual", "movement paused {much} shorter than usual"),
    "pose.restlessness": ("the body was {much} more restless than usual", "the body was {much} calmer than usual"),
    "pose.rocking": ("the body rocked {much} more than usual", "the body rocked {much} less than usual"),
    "pose.self_contact": (
        "hands were at head or body {much} more than usual", "hands were at head or body {much} less than usual",
    ),
    "pose.out_of_bed": ("time out of bed was {much} more than usual", "time out of bed was {much} less than usual"),
    "face.pain": (
        "the face showed {much} more signs of pain than usual", "the face showed {much} fewer signs of pain than usual",
    ),
    "emotion.neutral": ("the face was {much} more neutral than usual", "the face was {much} less neutral than usual"),
    "affect.valence": ("expression was {much} brighter than usual", "expression was {much} more negative than usual"),
    "affect.arousal": ("expression was {much} more tense than usual", "expression was {much} flatter than usual"),
}  # fmt: skip

_REASONS = {
    Reason.SUSTAINED: "this person has been away from their usual for some time",
    Reason.ESCALATION: "what is seen and heard resembles an episode",
    Reason.BUILD_UP: "what is seen and heard has resembled an episode for some time",
    Reason.VOLATILITY: "this person changed more quickly than is usual for them",
    Reason.DRIFT: "this person's usual has been shifting slowly",
    Reason.BLIND: "the room cannot be seen",
}


def headline(event: Event) -> str:
    """The event's strongest evidence in plain English; no emotion is named unless the resident is in affect mode.

    >>> from services.vocabulary import Deviation
    >>> clause(Deviation("motion.erratic", 0.8, 0.1, 0.1, 7.0))
    'movement was far more erratic than usual'
    """
    clauses = [*heard(event.evidence.cues)[:1], *(clause(deviation) for deviation in leading(event)[:2])]
    if not clauses or event.reason is Reason.BLIND:
        clauses = [_REASONS.get(event.reason, "this person is not their usual self")]
    elif event.reason is Reason.DRIFT:
        clauses = [_REASONS[event.reason], *clauses[:2]]
    sentence = clauses[0] if len(clauses) == 1 else ", ".join(clauses[:-1]) + ", and " + clauses[-1]
    learning = " (their usual is still being learned)" if event.learning else ""
    return sentence[0].upper() + sentence[1:] + learning + "."


def leading(event: Event) -> list[Deviation]:
    """The deviations that a person may read about, the one that counts most first."""
    affect = event.evidence.mode is Mode.AFFECT
    shown = [
        d
        for d in event.deviations
        if math.isfinite(d.z) and abs(d.z) >= 1 and (affect or not describe(d.channel).affect_only)
    ]
    return sorted(shown, key=lambda d: (-d.contribution if math.isfinite(d.contribution) else 0.0, -abs(d.z)))


def heard(cues: Iterable[Cue]) -> list[str]:
    """A clause per cue that was heard clearly enough, the clearest first."""
    clear = sorted((cue for cue in cues if cue.probability >= CUE_SHOWN), key=lambda cue: -cue.probability)
    first = {cue.name: cue for cue in reversed(clear)}
    named = dict.fromkeys(cue.name for cue in clear)
    whose = {name: " (not clear whose)" if cue.unattributed else "" for name, cue in first.items()}
    return [HEARD[name] + _for(first[name].duration_s) + whose[name] for name in named]


def _for(duration_s: float | None) -> str:
    return f" for {duration_s:.0f} s" if duration_s is not None and duration_s >= 1.0 else ""


def clause(deviation: Deviation) -> str:
    """One deviation in words."""
    higher, lower = _HIGHER_LOWER.get(deviation.channel) or _described(deviation.channel)
    return (higher if deviation.z > 0 else lower).replace("{much}", _how_much(abs(deviation.z)))


def _how_much(z: float) -> str:
    return "far" if z >= 6 else "clearly" if z >= 3 else "somewhat"


def _described(channel: str) -> tuple[str, str]:
    family, _, rest = channel.partition(".")
    name = rest.replace("_", " ")
    if family == "emotion":
        subject = "the face suggested {much}"
        return f"{subject} more {name} than usual", f"{subject} less {name} than usual"
    what = {"face": "facial movement", "audio": "sound", "pose": "posture", "motion": "movement"}.get(family, family)
    subject = f"{what} ({name})" if name else what
    return f"{subject} was {{much}} higher than usual", f"{subject} was {{much}} lower than usual"
