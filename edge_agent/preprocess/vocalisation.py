"""A groan of distress or a moan of pleasure: what sound and face say together, by Bayes, and what stays open."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from edge_agent.preprocess.fusion import Opinion
from services.vocabulary.time import Seconds

DISTRESS_AT, PLEASURE_AT = (-0.59, 0.61), (0.72, 0.45)
"""(valence, arousal) of a face in distress and in pleasure: the directions of fear with anger and of happiness (see
`probabilities.CIRCUMPLEX`), both 0.85 from the origin, so that a face without expression says nothing."""
SPREAD = 0.25
"""Variance of valence and arousal among faces of one kind (source: guess)."""
FACE_MOST = 4.0
"""The most that a face multiplies the odds by, either way (source: guess). At its peak a face tells pain from pleasure
hardly better than chance: Aviezer, Trope and Todorov 2012, Science 338(6111), 1225-1229."""
LITTLE = 0.25
"""Added to what is heard for either side, so that faint sounds say little (source: guess)."""
DISTRESS_FROM, PLEASURE_FROM = 0.7, 0.1
"""Probability of distress from which on, and up to which, it is called one or the other (source: guess). They are not
alike on purpose: pleasure has to be nine times as probable, and no face can say so alone."""


class Kind(StrEnum):
    """What a vocalisation was."""

    DISTRESS = "distress"
    PLEASURE = "pleasure"
    UNRESOLVED = "unresolved"


@dataclass(frozen=True, slots=True)
class Weighed:
    """What sound and face say together. `distress` is a probability; `uncertainty` its entropy in bits, 0..1;
    `conflict` how strongly sound and face lean apart, 0..1 (0 where only one of them leans)."""

    kind: Kind
    distress: float
    uncertainty: float
    conflict: float


def weighed(distress: float, pleasure: float, face: tuple[Opinion, Opinion] | None) -> Weighed:
    """Distress or pleasure, by Bayes.

    Args:
        distress: how strongly the sound is one of distress, 0..1 (groan, whimper, cry, scream).
        pleasure: how strongly it may be one of pleasure, 0..1 (moan, laughter).
        face: valence and arousal as seen; None where no face can be read.

    The posterior odds are the sound's odds, (distress + LITTLE) / (pleasure + LITTLE), times the face's: the ratio of
    two normal densities around `DISTRESS_AT` and `PLEASURE_AT`, whose variance is `SPREAD` and the face's own.

    >>> weighed(0.5, 0.5, None)
    Weighed(kind=<Kind.UNRESOLVED: 'unresolved'>, distress=0.5, uncertainty=1.0, conflict=0.0)
    >>> weighed(0.1, 0.8, (Opinion(0.7, 0.06), Opinion(0.4, 0.06))).kind.value
    'pleasure'
    """
    heard = math.log((distress + LITTLE) / (pleasure + LITTLE))
    seen = 0.0 if face is None else face_log_odds(*face)
    most = math.log(FACE_MOST)
    p = _probability(heard + min(most, max(-most, seen)))
    kind = Kind.DISTRESS if p >= DISTRESS_FROM else Kind.PLEASURE if p <= PLEASURE_FROM else Kind.UNRESOLVED
    apart = (2.0 * _probability(heard) - 1.0) * (2.0 * _probability(seen) - 1.0)
    return Weighed(kind, p, _entropy(p), max(0.0, -apart))


def face_log_odds(valence: Opinion, arousal: Opinion) -> float:
    """Logarithm of the odds of distress against pleasure that a face alone tells, unbounded; 0 for a neutral one.

    Both prototypes lie equally far from the origin, so the quadratic terms cancel.

    >>> round(face_log_odds(Opinion(-0.5, 0.06), Opinion(0.5, 0.06)), 2)
    2.37
    """
    if not all(math.isfinite(x) for x in (valence.value, valence.variance, arousal.value, arousal.variance)):
        return 0.0
    spread = SPREAD + max(valence.variance, arousal.variance)
    towards = [d - p for d, p in zip(DISTRESS_AT, PLEASURE_AT, strict=True)]
    return (valence.value * towards[0] + arousal.value * towards[1]) / spread


def lasting(present: NDArray[np.bool_], before: int) -> tuple[int, int]:
    """The longest run of `present` windows, `before` of them having gone on when the first begins, and how many go on
    at the end.

    >>> lasting(np.array([True, True, False, True]), 3)
    (5, 1)
    """
    longest = run = before
    for here in present:
        run = run + 1 if here else 0
        longest = max(longest, run)
    return (longest if present.any() else 0), run


def duration_s(windows: int, hop_s: Seconds) -> Seconds:
    """How long a sound lasted that `windows` in a row heard: a window hears it from half inside to half outside."""
    return windows * hop_s


def _probability(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-min(50.0, max(-50.0, log_odds))))


def _entropy(p: float) -> float:
    return sum(-q * math.log2(q) for q in (p, 1.0 - p) if q > 0.0)
