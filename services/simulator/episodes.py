"""Scripted episodes with labels: what happens to a resident, when it could be known, and how it shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from services.vocabulary import CueName

Floats = NDArray[np.float64]
RISE_S = 10.0
"""From onset to plateau (guess)."""


class Kind(StrEnum):
    """What kind of episode it is."""

    RAPID_ESCALATION = "rapid_escalation"
    SLOW_BUILD_UP = "slow_build_up"
    WITHDRAWAL = "withdrawal"
    FALL = "fall"
    DISTRESS_VOICE = "distress_voice"
    SLEEP_DISTURBANCE = "sleep_disturbance"


@dataclass(frozen=True, slots=True)
class Shape:
    """How an episode shows at its height. `valence` and `arousal` are added to the latent state; `channels` to the
    named scores; `cue` is heard with `cue_probability` in each second of the plateau. Durations are medians in seconds
    (escalation phases: Kaplan & Wheeler 1983; Goodwin 2019: three minutes before the onset carry signal; sizes are
    guesses after the demonstration clip)."""

    prodrome_s: float
    plateau_s: float
    recovery_s: float
    valence: float
    arousal: float
    channels: Mapping[str, float]
    cue: CueName | None = None
    cue_probability: float = 0.0
    warns: float = 0.5
    """How far the prodrome has risen when the onset comes, as a share of the plateau (guess)."""


_AGITATED = {
    "motion.ratio": 0.3, "motion.erratic": 0.15, "pose.wrist_speed": 1.0, "pose.speed": 0.2, "audio.loudness": 20.0,
    "audio.vocal_energy": 0.4,
}  # fmt: skip
SHAPES = {
    Kind.RAPID_ESCALATION: Shape(90, 60, 120, -0.6, 0.8, _AGITATED, CueName.SHOUT, 0.4, 0.4),
    Kind.SLOW_BUILD_UP: Shape(
        600, 180, 300, -0.6, 0.6, {name: 0.6 * size for name, size in _AGITATED.items()}, warns=0.6
    ),
    Kind.WITHDRAWAL: Shape(
        1800, 1800, 1800, -0.5, -0.5, {"motion.ratio": -0.05, "audio.vocal_energy": -0.05}, warns=0.8
    ),
    Kind.FALL: Shape(0, 60, 60, -0.4, 0.5, {
        "pose.torso_angle": 70.0, "pose.hip_height": -0.3, "motion.erratic": 0.1, "audio.loudness": 10.0,
    }, CueName.FALL_NOISE, 0.1, 0.0),
    Kind.DISTRESS_VOICE: Shape(
        15, 30, 30, -0.6, 0.6, {"audio.loudness": 25.0, "audio.vocal_energy": 0.5}, CueName.CRY, 0.8, 0.3
    ),
    Kind.SLEEP_DISTURBANCE: Shape(
        300, 600, 600, -0.4, 0.5, {"motion.ratio": 0.12, "motion.erratic": 0.06, "pose.wrist_speed": 0.3,
                                   "audio.loudness": 8.0, "audio.vocal_energy": 0.15},
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Episode:
    """One labelled episode, in seconds from the beginning of the simulation: the prodrome's start, the onset (from
    here it rises steeply to the plateau), the peak (the plateau's middle), and the end (it has faded to a tenth)."""

    kind: Kind
    prodrome_s: float
    onset_s: float
    peak_s: float
    end_s: float


def script(kind: Kind, onset_s: float, rng: np.random.Generator) -> Episode:
    """An episode with durations around those of its kind."""
    shape = SHAPES[kind]
    prodrome, plateau, recovery = (
        d * rng.lognormal(0.0, 0.25) for d in (shape.prodrome_s, shape.plateau_s, shape.recovery_s)
    )
    return Episode(kind, onset_s - prodrome, onset_s, onset_s + plateau / 2, onset_s + plateau + recovery)


def envelope(episode: Episode, n: int) -> Floats:
    """How much of the episode is there in each of n seconds, 0..1: a prodrome that rises to the kind's `warns`, a steep
    onset, a plateau, an exponential recovery."""
    second, warns = np.arange(n, dtype=np.float64), SHAPES[episode.kind].warns
    rising = warns * (second - episode.prodrome_s) / max(episode.onset_s - episode.prodrome_s, 1.0)
    plateau_end = 2 * episode.peak_s - episode.onset_s
    steep = warns + (1.0 - warns) * (second - episode.onset_s) / min(RISE_S, (plateau_end - episode.onset_s) / 4)
    fading = np.exp(-np.log(10.0) * np.maximum(second - plateau_end, 0.0) / max(episode.end_s - plateau_end, 1.0))
    height = np.where(second < episode.onset_s, rising, np.where(second < plateau_end, np.minimum(steep, 1.0), fading))
    return np.where(second > episode.end_s, 0.0, np.clip(height, 0.0, 1.0))
