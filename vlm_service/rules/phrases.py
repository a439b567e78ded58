"""What a deviation or a cue is called on the care floor."""

from services.vocabulary import Cue, CueName, Deviation
from services.vocabulary.time import Seconds
from vlm_service.dialogue.names import channel_label, cue_label

MUCH, FAR = 3.0, 6.0
"""Robust standard deviations from which a change is "much" or "far" more than usual (source: guess)."""

_HIGHER_LOWER = {
    "motion.erratic": ("moves {more} erratically than usual for them", "moves {less} erratically than usual for them"),
    "motion.ratio": ("moves {more} than usual for them", "moves {less} than usual for them"),
    "pose.speed": ("moves about {more} quickly than usual for them", "moves about {less} quickly than usual for them"),
    "pose.wrist_speed": ("moves the hands {more} quickly than usual", "moves the hands {less} quickly than usual"),
    "pose.torso_angle": ("is bent or lying over {more} than usual", "holds the body {more} upright than usual"),
    "pose.hip_height": ("is {more} raised up than usual", "is {more} low down than usual, nearer to the floor"),
    "audio.vocal_energy": ("uses the voice {more} strongly than usual", "uses the voice {less} strongly than usual"),
    "audio.loudness": ("it is {more} loud in the room than usual", "it is {less} loud in the room than usual"),
    "affect.valence": ("looks {more} at ease than usual", "looks {less} at ease than usual"),
    "affect.arousal": ("looks {more} stirred up than usual", "looks {less} lively than usual"),
}


def deviation_phrase(deviation: Deviation) -> str:
    """
    >>> deviation_phrase(Deviation("motion.erratic", 0.6, 0.1, 0.1, 5.0))
    'moves much more erratically than usual for them'
    """
    degree = "far " if abs(deviation.z) >= FAR else "much " if abs(deviation.z) >= MUCH else ""
    words = {"more": f"{degree}more", "less": f"{degree}less"}
    higher = deviation.z >= 0
    known = _HIGHER_LOWER.get(deviation.channel)
    if known is not None:
        return known[0 if higher else 1].format(**words)
    label = channel_label(deviation.channel)
    if deviation.channel.startswith("emotion."):
        return f"the face shows {words['more' if higher else 'less']} {label} than usual"
    return f"{label} is {degree}{'higher' if higher else 'lower'} than usual for them"


def cue_phrase(cue: Cue, window: Seconds) -> str:
    """
    >>> cue_phrase(Cue(CueName.CRY, 0.8, 43.0), 45.0)
    'crying heard 2 s before'
    >>> cue_phrase(Cue(CueName.FALL, 0.8, 43.0), 45.0)
    'fall seen 2 s before'
    """
    sound = cue_label(cue.name).removeprefix("a ").removeprefix("an ")
    sensed = "seen" if cue.name is CueName.FALL else "heard"
    before = window - cue.offset_s
    if not 0.0 <= before < 3600.0:
        return f"{sound} {sensed}"
    return f"{sound} {sensed} at that moment" if before < 1.0 else f"{sound} {sensed} {before:.0f} s before"


def sentence(*parts: str) -> str:
    """Parts as one sentence.

    >>> sentence("moves more", "crying heard")
    'Moves more; crying heard.'
    """
    text = "; ".join(part for part in parts if part)
    return f"{text[:1].upper()}{text[1:]}."
