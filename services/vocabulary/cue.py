"""Sounds that are no words: which cues exist, and one cue as it was heard."""

from dataclasses import dataclass
from enum import StrEnum

from services.vocabulary.time import Seconds


class CueName(StrEnum):
    """The non-verbal cues a room may tell; each is also a channel `audio.cue.<value>`."""

    SCREAM = "scream"
    CRY = "cry"
    WHIMPER = "whimper"
    MOAN = "moan"
    GROAN = "groan"
    SIGH = "sigh"
    SHOUT = "shout"
    LAUGHTER = "laughter"
    COUGH = "cough"
    FALL_NOISE = "fall_noise"
    GLASS = "glass"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue with its probability, and where it lies relative to the time of what carries it (0 or negative)."""

    name: CueName
    probability: float
    offset_s: Seconds = 0.0
