"""Says what is usual for a person in half a line."""

import math

from services.vocabulary import Event, Mode, Usual
from vlm_service.dialogue.names import channel_label, may_speak_of
from vlm_service.dialogue.numbers import level

SHOWN_FROM = 0.10
"""An expression below this share is not part of somebody's profile (source: guess)."""
MILD_BELOW, SOME_BELOW = 0.20, 0.35
"""Where "mild" ends and where "some" ends (source: guess)."""
_TEMPER = {
    "emotion.fear": "anxiety",
    "emotion.anger": "irritability",
    "emotion.sadness": "low mood",
    "emotion.happiness": "cheerfulness",
    "emotion.surprise": "alertness",
    "emotion.disgust": "aversion",
    "emotion.contempt": "disdain",
}
_MOST = 4


def profile_text(event: Event) -> str:
    """What this person is like on an ordinary day, e.g. "typically neutral (0.72) with mild anxiety (fear 0.15)"."""
    mode = event.evidence.mode
    known = [u for u in event.evidence.profile if math.isfinite(u.level) and may_speak_of(u.channel, mode)]
    parts = [_expressions(known)] if mode is Mode.AFFECT else []
    parts.append(_observables(known))
    text = ", ".join(part for part in parts if part)
    text = f"typically {text}" if text else "usual profile not known"
    return f"{text} (still learning what is usual)" if event.learning else text


def _expressions(known: list[Usual]) -> str:
    shown = sorted((u for u in known if u.channel.startswith("emotion.")), key=lambda u: (-u.level, u.channel))
    if not shown:
        return ""
    first, *rest = shown
    text = f"{channel_label(first.channel)} ({level(first.level)})"
    others = [_tempered(u) for u in rest[:3] if u.level >= SHOWN_FROM]
    return f"{text} with {' and '.join(others)}" if others else text


def _tempered(usual: Usual) -> str:
    degree = "mild" if usual.level < MILD_BELOW else "some" if usual.level < SOME_BELOW else "marked"
    name = channel_label(usual.channel)
    return f"{degree} {_TEMPER.get(usual.channel, name)} ({name} {level(usual.level)})"


def _observables(known: list[Usual]) -> str:
    shown = [u for u in known if not u.channel.startswith(("emotion.", "quality.", "uncertainty."))][:_MOST]
    return ", ".join(f"{channel_label(u.channel)} {level(u.level, u.channel)}" for u in shown)
