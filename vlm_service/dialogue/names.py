"""Which evidence of an event may be spoken of in its mode, and what people call it."""

import math
import re
from functools import lru_cache

from services.vocabulary import CueName, Event, Mode, describe
from vlm_service.dialogue.lint import emotion_words

SCORE, VOLATILITY, TRANSITION_RATE, PRIOR, SEEN = "score", "volatility", "transition_rate", "prior", "seen_share"

_CHANNELS = {
    "audio.vocal_energy": "vocal energy",
    "audio.loudness": "loudness",
    "motion.erratic": "erratic motion",
    "motion.ratio": "amount of motion",
    "pose.speed": "walking speed",
    "pose.wrist_speed": "hand speed",
    "pose.torso_angle": "torso angle",
    "pose.hip_height": "hip height",
    "pose.lying": "evidence of lying",
    "pose.sitting": "evidence of sitting",
    "pose.standing": "evidence of standing",
    "pose.fall": "fall seen",
    "pose.stillness": "length of stillness",
    "pose.restlessness": "restlessness",
    "pose.rocking": "rocking",
    "pose.self_contact": "hands at head or body",
    "pose.out_of_bed": "time out of bed",
    "face.pain": "signs of pain in the face",
}
_CUES = {
    CueName.CRY: "crying",
    CueName.SCREAM: "screaming",
    CueName.WHIMPER: "whimpering",
    CueName.MOAN: "moaning",
    CueName.GROAN: "groaning",
    CueName.VOCALISATION_UNRESOLVED: "groaning or moaning",
    CueName.SIGH: "sighing",
    CueName.SHOUT: "shouting",
    CueName.LAUGHTER: "laughter",
    CueName.COUGH: "coughing",
    CueName.FALL_NOISE: "a noise like a fall",
    CueName.GLASS: "breaking glass",
    CueName.ALARM: "an alarm sound",
    CueName.FALL: "a fall",
}
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_][A-Za-z0-9_.\-]{0,79}")


def channel_label(name: str) -> str:
    """What people call a channel.

    >>> channel_label("emotion.anger"), channel_label("face.browDownLeft")
    ('anger', 'brow down left')
    """
    if name in _CHANNELS:
        return _CHANNELS[name]
    last = name.partition(".")[2] or name
    return " ".join(re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", " ", last).lower().split())[:40]


def cue_label(cue: CueName) -> str:
    """What people call a sound."""
    return _CUES[cue]


@lru_cache(4096)  # names are few and come again with every event
def may_speak_of(name: str, mode: Mode) -> bool:
    """Whether a channel or term may appear in a report or an answer about a resident watched in `mode`."""
    if not _NAME.fullmatch(name) or not channel_label(name):
        return False
    allowed = describe(name).allowed_in(mode)
    return allowed and not (mode is Mode.OBSERVABLES and emotion_words(f"{name} {channel_label(name)}"))


def conflict_name(pair: str) -> str:
    """The evidence name of two senses that disagree."""
    return f"conflict.{pair}"


def evidence_names(event: Event) -> tuple[str, ...]:
    """Everything an indicator may point at: what this event really has, in its mode, sorted."""
    evidence = event.evidence
    names = {SCORE, PRIOR}
    names.update(d.channel for d in event.deviations if math.isfinite(d.z))
    names.update(t.channel for t in evidence.trends if any(math.isfinite(v) for v in t.values))
    names.update(t.name for t in event.terms if math.isfinite(t.contribution))
    names.update(cue.name.channel for cue in evidence.cues)
    names.update(conflict_name(conflict.pair) for conflict in evidence.conflicts)
    measured = {
        "motion.erratic": evidence.erratic_motion,
        VOLATILITY: evidence.volatility,
        TRANSITION_RATE: evidence.transition_rate,
        SEEN: evidence.seen_share,
    }
    names.update(name for name, value in measured.items() if math.isfinite(value))
    return tuple(sorted(name for name in names if may_speak_of(name, evidence.mode)))


def evidence_named(event: Event, text: str) -> str | None:
    """The evidence that `text` means: its name, or what people call it; None when the event has no such thing."""
    names = evidence_names(event)
    if text in names:
        return text
    called = {channel_label(name): name for name in names}
    called.update({cue.name.value: cue.name.channel for cue in event.evidence.cues})
    called.update({cue_label(cue.name): cue.name.channel for cue in event.evidence.cues})
    return called.get(text.strip().lower())
