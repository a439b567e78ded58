"""What one resident's room told in one second or a few, and where it stands in its agent's spool."""

from dataclasses import dataclass

from services.vocabulary.absence import Absence
from services.vocabulary.channel import Sense
from services.vocabulary.cue import Cue
from services.vocabulary.time import UnixSeconds

PERIODS_S = range(1, 11)
"""Seconds that one sample may stand for."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in an agent's spool: `sequence` grows by one per sample within an `epoch` (128 random bits, hex)."""

    agent: str
    epoch: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Gap:
    """One sense that had nothing to say, and why."""

    sense: Sense
    reason: Absence


@dataclass(frozen=True, slots=True)
class Sample:
    """The scores of one resident at one time.

    `values` run along the channel schema of the agent's hello; NaN is absence. `persons` counts people in view
    (-1 where nobody could count). `quality` is 0..1, the share of the window in which anything could be sensed.
    """

    position: Position
    resident: str
    time: UnixSeconds
    values: tuple[float, ...]
    quality: float = 1.0
    persons: int = -1
    cues: tuple[Cue, ...] = ()
    gaps: tuple[Gap, ...] = ()
