"""From what is felt, done and heard to the scores of one room: the observation model of the simulated facility."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.simulator.day import PROTOTYPES, SHARPNESS
from services.simulator.person import Expression, Person
from services.vocabulary import EMOTIONS

Floats = NDArray[np.float64]
SKEW = 0.45
"""Skewed channels are spread * (exp(SKEW x) - 1) / SKEW: heavy upwards, bounded below (guess after measured motion)."""


@dataclass(frozen=True, slots=True)
class Observable:
    """One score: its location and spread in its unit, lag-1 autocorrelation at 1 Hz, how many spreads a latent arousal
    or valence of 0.2 adds, how many sleep adds, whether its distribution is skewed, whether the person must be in
    view, and what is there when nobody is (in spreads). Source: guess, after the demonstration clip."""

    location: float
    spread: float
    ar1: float
    arousal: float
    valence: float = 0.0
    asleep: float = 0.0
    skewed: bool = False
    needs_view: bool = True
    empty: float = 0.0


OBSERVABLES = {
    "motion.ratio": Observable(0.08, 0.03, 0.7, 0.6, asleep=-1.5, skewed=True, needs_view=False, empty=-2.0),
    "motion.erratic": Observable(0.06, 0.02, 0.6, 0.6, asleep=-1.2, skewed=True, needs_view=False, empty=-2.0),
    "pose.wrist_speed": Observable(0.2, 0.1, 0.5, 0.7, asleep=-1.5, skewed=True),
    "pose.speed": Observable(0.06, 0.03, 0.6, 0.6, asleep=-1.5, skewed=True),
    "pose.torso_angle": Observable(8.0, 3.0, 0.95, 0.0, asleep=3.0),
    "pose.hip_height": Observable(0.45, 0.03, 0.95, 0.0, asleep=-2.0),
    "audio.loudness": Observable(-52.0, 3.0, 0.7, 0.5, asleep=-2.0, needs_view=False, empty=-0.5),
    "audio.vocal_energy": Observable(0.06, 0.04, 0.6, 0.5, asleep=-0.8, skewed=True, needs_view=False, empty=-0.6),
    "face.browDown": Observable(0.3, 0.06, 0.8, 0.5, -0.5),
    "face.eyeBlink": Observable(0.2, 0.05, 0.4, 0.2, asleep=2.0),
    "face.jawOpen": Observable(0.05, 0.03, 0.7, 0.4, skewed=True),
    "face.mouthSmile": Observable(0.1, 0.05, 0.85, 0.0, 0.6),
}
AFFECT = (*(f"emotion.{name}" for name in EMOTIONS), "affect.valence", "affect.arousal")
CHANNELS = (*OBSERVABLES, *AFFECT)
_TABLE = np.array([(o.ar1, o.arousal, o.valence, o.asleep, o.empty) for o in OBSERVABLES.values()]).T
AR1, _STIRRED, _PLEASED, _ASLEEP, _EMPTY = _TABLE
_SKEWED = np.array([o.skewed for o in OBSERVABLES.values()])
_FACE = np.array([name.startswith("face.") for name in OBSERVABLES])
NEEDS_VIEW = np.array([*(o.needs_view for o in OBSERVABLES.values()), *(True for _ in AFFECT)])


class Lived(NamedTuple):
    """n seconds of one resident before anything looks at them: `felt` (2, n) valence and arousal, `lifts`
    (observables, n) in units, `asleep` and `empty` (n,) 0..1, `offset` (observables, n) or (observables, 1) in
    spreads."""

    felt: Floats
    lifts: Floats
    asleep: Floats
    empty: Floats
    offset: Floats


def observables(person: Person, location: Floats, spread: Floats, lived: Lived, noise: Floats) -> Floats:
    """(observables, n) scores in their units, not yet clipped; `noise` (observables, n) is of unit variance."""
    shown = _shown(person, lived.felt)
    stirred = (lived.felt[1] - person.arousal) / 0.2
    x = noise + _STIRRED[:, None] * stirred
    x[_FACE] = noise[_FACE] + _STIRRED[_FACE, None] * (shown[1] - person.arousal) / 0.2
    x += _PLEASED[:, None] * (shown[0] - person.valence) / 0.2
    x += _ASLEEP[:, None] * lived.asleep + _EMPTY[:, None] * lived.empty + lived.offset
    x[_SKEWED] = np.expm1(SKEW * np.minimum(x[_SKEWED], 8.0)) / SKEW
    scores: Floats = location[:, None] + spread[:, None] * x + lived.lifts
    return scores


def affect(person: Person, felt: Floats, noise: Floats) -> Floats:
    """(10, n): emotion probabilities by softmax over the circumplex, and valence and arousal as a model would read
    them; `noise` (10, n) is of unit variance."""
    shown = _shown(person, felt)
    places = np.array([PROTOTYPES[name] for name in EMOTIONS])
    near = -((shown[None, 0] - places[:, :1]) ** 2 + (shown[None, 1] - places[:, 1:]) ** 2)
    logits = SHARPNESS * near + person.noise * noise[: len(EMOTIONS)]
    likely = np.exp(logits - logits.max(axis=0))
    read = np.clip(shown + 0.1 * person.noise * noise[len(EMOTIONS) :], -1.0, 1.0)
    scores: Floats = np.concatenate([likely / likely.sum(axis=0), read])
    return scores


def _shown(person: Person, felt: Floats) -> Floats:
    """(2, n): what the face shows of what is felt."""
    rest = np.array([[person.valence], [person.arousal]])
    shown: Floats = rest + person.shown * (felt - rest)
    if person.expression is Expression.NEGATIVE_AT_REST:
        shown = shown + np.array([[-0.4], [0.1]])
    if person.expression is Expression.INVERTED:
        shown = np.stack([2 * person.valence - shown[0], shown[1]])
    return shown
