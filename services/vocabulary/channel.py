"""Which numbers a room may tell, and what a known name means."""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, lru_cache

from services.vocabulary.mode import Mode

EMOTIONS = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")


class Sense(StrEnum):
    """What a channel was measured by."""

    PEOPLE = "people"
    FACE = "face"
    EXPRESSION = "expression"
    POSE = "pose"
    MOTION = "motion"
    AUDIO = "audio"
    OTHER = "other"


class Worse(StrEnum):
    """The direction in which a change deserves attention."""

    HIGHER = "higher"
    LOWER = "lower"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Channel:
    """One stable, dotted, lower-case name and its meaning.

    `low` and `high` bound the possible values (None where there is no bound). `affect_only` channels exist
    only for residents in affect mode. `judged` channels take part in the deviation; the others are context.
    """

    name: str
    sense: Sense
    low: float | None = None
    high: float | None = None
    worse: Worse = Worse.BOTH
    affect_only: bool = False
    judged: bool = True
    least_spread: float = 0.0
    """The smallest variation that is believed to be a person's own, in the channel's unit (source: guess, after what
    the shipped models vary by on a calm recording); 0 leaves it to the statistics."""

    def allowed_in(self, mode: Mode) -> bool:
        """Whether a resident watched in `mode` may have this channel at all."""
        return mode is Mode.AFFECT or not self.affect_only


_WORSE_EMOTION = {
    "neutral": Worse.BOTH, "happiness": Worse.LOWER, "surprise": Worse.HIGHER, "sadness": Worse.HIGHER,
    "fear": Worse.HIGHER, "disgust": Worse.HIGHER, "anger": Worse.HIGHER, "contempt": Worse.HIGHER,
}  # fmt: skip


@cache
def known_channels() -> dict[str, Channel]:
    """Every exactly known channel by name; families (`face.*`, `pose.*`, ...) are resolved by `describe`."""
    emotions = [
        Channel(
            f"emotion.{name}", Sense.EXPRESSION, 0.0, 1.0, _WORSE_EMOTION[name], affect_only=True, least_spread=0.03
        )
        for name in EMOTIONS
    ]
    named = [
        Channel("affect.valence", Sense.EXPRESSION, -1.0, 1.0, Worse.LOWER, affect_only=True, least_spread=0.05),
        Channel("affect.arousal", Sense.EXPRESSION, -1.0, 1.0, Worse.HIGHER, affect_only=True, least_spread=0.05),
        Channel("audio.vocal_energy", Sense.AUDIO, 0.0, 1.0, Worse.HIGHER, least_spread=0.05),
        Channel("audio.speech", Sense.AUDIO, 0.0, 1.0, Worse.HIGHER, least_spread=0.05),
        Channel("audio.loudness", Sense.AUDIO, -120.0, 0.0, Worse.HIGHER, least_spread=1.5),
        Channel("audio.above_usual", Sense.AUDIO, judged=False),
        Channel("audio.zero_crossings", Sense.AUDIO, 0.0, 1.0, judged=False),
        Channel("audio.tempo", Sense.AUDIO, 0.0, judged=False),
        Channel("motion.ratio", Sense.MOTION, 0.0, 1.0, Worse.BOTH, least_spread=0.02),
        Channel("motion.erratic", Sense.MOTION, 0.0, 1.0, Worse.HIGHER, least_spread=0.02),
        Channel("pose.speed", Sense.POSE, 0.0, None, Worse.HIGHER, least_spread=0.02),
        Channel("pose.wrist_speed", Sense.POSE, 0.0, None, Worse.HIGHER, least_spread=0.1),
        Channel("pose.torso_angle", Sense.POSE, 0.0, 180.0, Worse.HIGHER, least_spread=2.0),
        Channel("pose.hip_height", Sense.POSE, 0.0, 1.0, Worse.LOWER, least_spread=0.02),
        Channel("pose.lying", Sense.POSE, 0.0, 1.0, judged=False),
        Channel("pose.sitting", Sense.POSE, 0.0, 1.0, judged=False),
        Channel("pose.standing", Sense.POSE, 0.0, 1.0, judged=False),
        Channel("pose.fall", Sense.POSE, 0.0, 1.0, Worse.HIGHER, judged=False),
        Channel("pose.stillness", Sense.POSE, 0.0, 1.0, Worse.HIGHER, least_spread=0.1),
        Channel("pose.restlessness", Sense.POSE, 0.0, 1.0, Worse.HIGHER, least_spread=0.1),
        Channel("pose.rocking", Sense.POSE, 0.0, 1.0, Worse.HIGHER, least_spread=0.1),
        Channel("pose.self_contact", Sense.POSE, 0.0, 1.0, Worse.HIGHER, least_spread=0.1),
        Channel("pose.out_of_bed", Sense.POSE, 0.0, 1.0, Worse.HIGHER, least_spread=0.1),
        Channel("face.pain", Sense.FACE, 0.0, 1.0, Worse.HIGHER, least_spread=0.02),
        Channel("persons", Sense.PEOPLE, 0.0, judged=False),
    ]
    return {channel.name: channel for channel in [*emotions, *named]}


_FAMILIES = (
    Channel("audio.cue.", Sense.AUDIO, 0.0, 1.0, Worse.HIGHER, judged=False),
    Channel("audio.", Sense.AUDIO),
    Channel("vocalisation.", Sense.AUDIO, judged=False),
    Channel("emotion.", Sense.EXPRESSION, 0.0, 1.0, Worse.BOTH, affect_only=True),
    Channel("affect.", Sense.EXPRESSION, -1.0, 1.0, Worse.BOTH, affect_only=True),
    Channel("face.", Sense.FACE, 0.0, 1.0, least_spread=0.02),
    Channel("pose.", Sense.POSE),
    Channel("motion.", Sense.MOTION, 0.0, None, Worse.HIGHER),
    Channel("quality.", Sense.OTHER, 0.0, 1.0, judged=False),
    Channel("uncertainty.emotion.", Sense.OTHER, 0.0, None, affect_only=True, judged=False),
    Channel("uncertainty.affect.", Sense.OTHER, 0.0, None, affect_only=True, judged=False),
    Channel("uncertainty.", Sense.OTHER, 0.0, None, judged=False),
    Channel("conflict.", Sense.OTHER, 0.0, 1.0, affect_only=True, judged=False),
)


@lru_cache(4096)
def describe(name: str) -> Channel:
    """The meaning of a channel name; an unknown one is watched both ways, without bounds.

    >>> describe("emotion.fear").worse.value
    'higher'
    >>> describe("face.browDownLeft").sense.value
    'face'
    >>> describe("weight_kg").worse.value
    'both'
    """
    known = known_channels().get(name)
    if known is not None:
        return known
    for family in _FAMILIES:
        if name.startswith(family.name):
            return replace(family, name=name)
    return Channel(name, Sense.OTHER)
