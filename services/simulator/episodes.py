"""Scripted episodes with labels: what happens to a resident, when it could be known, and how it shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from services.vocabulary import CueName
from services.vocabulary.time import Seconds

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


class Scene(StrEnum):
    """Kinds that nobody draws by chance: they happen where somebody stages them (see `staged`)."""

    DE_ESCALATION = "de_escalation"
    CARE_RESISTED = "care_resisted"
    SELF_INJURY = "self_injury"
    MOOD_SWINGS = "mood_swings"
    OUTBURSTS = "outbursts"
    SENSORY_OVERLOAD = "sensory_overload"
    DISTRESSED_STIMMING = "distressed_stimming"
    EXIT_SEEKING = "exit_seeking"


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
    every_s: Seconds = 0.0
    """It comes in beats, so far apart, each for a `share` of the time; 0: it lasts without a break."""
    share: float = 1.0
    turns_s: Seconds = 0.0
    """What is felt turns into its opposite and back within so long; 0: it does not."""

    def beat(self, since_s: Floats) -> Floats:
        """How much of it is there at seconds since the onset (n,), 0..1."""
        if not self.every_s:
            return np.ones_like(since_s)
        beat: Floats = np.clip(4.0 * (np.cos(2 * np.pi * since_s / self.every_s) - np.cos(np.pi * self.share)), 0, 1)
        return beat

    def turn(self, since_s: Floats) -> Floats:
        """What is felt at seconds since the onset (n,), as a share of itself, -1..1."""
        return np.cos(2 * np.pi * since_s / self.turns_s) if self.turns_s else np.ones_like(since_s)


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
_LOUD = {"audio.loudness": 18.0, "audio.vocal_energy": 0.35}
SCENES = {
    Scene.DE_ESCALATION: Shape(60, 30, 900, -0.5, 0.7, _AGITATED, CueName.SHOUT, 0.2, 0.4),
    Scene.CARE_RESISTED: Shape(30, 90, 120, -0.5, 0.7, {
        **_LOUD, "motion.ratio": 0.3, "motion.erratic": 0.2, "pose.wrist_speed": 1.2,
    }, CueName.SHOUT, 0.25, 0.3),
    Scene.SELF_INJURY: Shape(120, 60, 180, -0.6, 0.6, {
        "pose.wrist_speed": 1.2, "motion.erratic": 0.15, "motion.ratio": 0.15, "audio.loudness": 6.0,
    }, CueName.CRY, 0.15, 0.4, every_s=4.0, share=0.6),
    Scene.MOOD_SWINGS: Shape(60, 360, 120, -0.8, 0.7, {**_LOUD, "motion.ratio": 0.15, "motion.erratic": 0.06},
                             CueName.SHOUT, 0.05, 0.3, every_s=60.0, share=0.6, turns_s=120.0),
    Scene.OUTBURSTS: Shape(10, 300, 60, -0.4, 0.7, {
        "audio.loudness": 22.0, "audio.vocal_energy": 0.45, "motion.ratio": 0.2, "pose.wrist_speed": 0.6,
    }, CueName.SHOUT, 0.3, 0.1, every_s=75.0, share=0.25),
    Scene.SENSORY_OVERLOAD: Shape(240, 120, 300, -0.6, 0.7, {
        "audio.loudness": 24.0, "audio.vocal_energy": 0.2, "motion.erratic": 0.12, "pose.wrist_speed": 0.6,
    }, CueName.WHIMPER, 0.2, 0.7),
    Scene.DISTRESSED_STIMMING: Shape(180, 240, 240, -0.4, 0.5, {
        "pose.wrist_speed": 0.9, "motion.erratic": 0.1, "motion.ratio": 0.12, "audio.vocal_energy": 0.2,
        "audio.loudness": 8.0,
    }, CueName.WHIMPER, 0.05, 0.5, every_s=7.0, share=0.7),
    Scene.EXIT_SEEKING: Shape(120, 240, 60, -0.2, 0.5, {
        "pose.speed": 0.35, "motion.ratio": 0.2, "pose.hip_height": 0.12, "pose.torso_angle": 4.0,
    }, CueName.ALARM, 0.03, 0.5),
}  # fmt: skip
"""Sizes and durations are guesses in the units of the channels, after the shapes above. What each is modelled on:
self-injury, hits every few seconds at head or trunk (Iwata 1994 on its topographies); mood swings, within minutes and
in both directions (Ebner-Priemer 2007 on borderline instability, hours there: compressed here); outbursts from a flat
face, long pauses between (Kring & Moran 2008 on flat expression); sensory overload, noise first, then hands at the
head and rocking; stimming in distress, the rhythm of the ordinary one with voice and speed; exit seeking, up and
walking, and a door's alarm."""


def shape_of(kind: Kind | Scene) -> Shape:
    """How it shows."""
    return SHAPES[kind] if isinstance(kind, Kind) else SCENES[kind]


@dataclass(frozen=True, slots=True)
class Episode:
    """One labelled episode, in seconds from the beginning of the simulation: the prodrome's start, the onset (from
    here it rises steeply to the plateau), the peak (the plateau's middle), and the end (it has faded to a tenth)."""

    kind: Kind | Scene
    prodrome_s: float
    onset_s: float
    peak_s: float
    end_s: float


def script(kind: Kind | Scene, onset_s: float, rng: np.random.Generator) -> Episode:
    """An episode with durations around those of its kind."""
    shape = shape_of(kind)
    prodrome, plateau, recovery = (
        d * rng.lognormal(0.0, 0.25) for d in (shape.prodrome_s, shape.plateau_s, shape.recovery_s)
    )
    return Episode(kind, onset_s - prodrome, onset_s, onset_s + plateau / 2, onset_s + plateau + recovery)


def envelope(episode: Episode, n: int) -> Floats:
    """How much of the episode is there in each of n seconds, 0..1: a prodrome that rises to the kind's `warns`, a steep
    onset, a plateau, an exponential recovery."""
    second, warns = np.arange(n, dtype=np.float64), shape_of(episode.kind).warns
    rising = warns * (second - episode.prodrome_s) / max(episode.onset_s - episode.prodrome_s, 1.0)
    plateau_end = 2 * episode.peak_s - episode.onset_s
    steep = warns + (1.0 - warns) * (second - episode.onset_s) / min(RISE_S, (plateau_end - episode.onset_s) / 4)
    fading = np.exp(-np.log(10.0) * np.maximum(second - plateau_end, 0.0) / max(episode.end_s - plateau_end, 1.0))
    height = np.where(second < episode.onset_s, rising, np.where(second < plateau_end, np.minimum(steep, 1.0), fading))
    return np.where(second > episode.end_s, 0.0, np.clip(height, 0.0, 1.0))
