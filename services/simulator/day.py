"""Simulated scores of one resident: from what is felt and done to what the senses say, second by second."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.simulator.episodes import Episode, envelope, shape_of
from services.simulator.person import Expression, Person, latent
from services.simulator.processes import absences, autoregressive, bursts, in_view
from services.vocabulary import EMOTIONS, Cue, Mode, describe

Floats = NDArray[np.float64]

OBSERVED = {
    "motion.ratio": (0.08, 0.03, 0.7, 0.6), "motion.erratic": (0.06, 0.02, 0.6, 0.6),
    "pose.wrist_speed": (0.2, 0.1, 0.5, 0.7), "pose.speed": (0.06, 0.03, 0.6, 0.6),
    "pose.torso_angle": (8.0, 3.0, 0.95, 0.0), "pose.hip_height": (0.45, 0.03, 0.95, 0.0),
    "audio.loudness": (-52.0, 3.0, 0.7, 0.5), "audio.vocal_energy": (0.06, 0.04, 0.6, 0.5),
    "face.browDown": (0.3, 0.06, 0.8, 0.5), "face.eyeBlink": (0.2, 0.05, 0.4, 0.2),
    "face.jawOpen": (0.05, 0.03, 0.7, 0.4), "face.mouthSmile": (0.1, 0.05, 0.85, -0.4),
}  # fmt: skip
"""Location, spread, lag-1 autocorrelation at 1 Hz, and how many spreads a latent arousal of 0.2 adds (source: guess,
after the demonstration clip)."""
PROTOTYPES = {
    "neutral": (0.0, -0.2), "happiness": (0.8, 0.3), "sadness": (-0.6, -0.4), "surprise": (0.2, 0.8),
    "fear": (-0.5, 0.7), "disgust": (-0.6, 0.2), "anger": (-0.6, 0.6), "contempt": (-0.4, 0.0),
}  # fmt: skip
"""Where each emotion lies on the circumplex of valence and arousal (Russell 1980; places are approximate)."""
SHARPNESS = 6.0
CLASSIFIER_AR1 = 0.9
"""Autocorrelation of a classifier's own noise (measured on a prototype: 0.87 to 0.99 at 2 Hz)."""


@dataclass(frozen=True, slots=True)
class Days:
    """n seconds of one resident: `values` (n, channels) with NaN for absence, `persons` (n,), cues by second, and the
    episodes that are in them."""

    channels: tuple[str, ...]
    values: Floats
    persons: NDArray[np.int32]
    cues: tuple[tuple[int, Cue], ...]
    episodes: tuple[Episode, ...]


def channels_of(mode: Mode) -> tuple[str, ...]:
    """The channels a simulated resident has."""
    affect = (*(f"emotion.{name}" for name in EMOTIONS), "affect.valence", "affect.arousal")
    return (*OBSERVED, *affect) if mode is Mode.AFFECT else tuple(OBSERVED)


def simulate(
    person: Person, mode: Mode, n: int, rng: np.random.Generator, episodes: Sequence[Episode] = (), start_s: float = 0.0
) -> Days:
    """n seconds from `start_s` of the day: ordinary days with bursts and absences, and `episodes` where scripted."""
    channels = channels_of(mode)
    felt = latent(person, n, rng, start_s)
    lifts = np.zeros((n, len(channels)))
    cues: list[tuple[int, Cue]] = []
    for episode in episodes:
        height, shape = envelope(episode, n), shape_of(episode.kind)
        felt += height[:, None] * np.array([shape.valence, shape.arousal])
        for name, size in shape.channels.items():
            if name in channels:
                lifts[:, channels.index(name)] += height * size
        cues.extend(_cues(episode, height, rng))
    felt = np.clip(felt, -1.0, 1.0)
    values = _observed(person, felt, rng)
    if mode is Mode.AFFECT:
        values = np.concatenate([values, _affect(person, felt, rng)], axis=1)
    values = _within_bounds(channels, values + lifts)
    hidden = ~in_view(n, person.seen, rng) | absences(n, rng)
    values[np.ix_(hidden, np.array([_needs_view(name) for name in channels]))] = np.nan
    return Days(channels, values, np.where(hidden, 0, 1).astype(np.int32), tuple(cues), tuple(episodes))


def _observed(person: Person, felt: Floats, rng: np.random.Generator) -> Floats:
    location, spread, ar1, stirred = np.array(list(OBSERVED.values())).T
    n = len(felt)
    moving = autoregressive(n, ar1, rng) + bursts(n, len(ar1), rng)
    values: Floats = location + spread * (moving + stirred * (felt[:, 1:] - person.arousal) / 0.2)
    return values


def _affect(person: Person, felt: Floats, rng: np.random.Generator) -> Floats:
    """Emotion probabilities by softmax over the circumplex, and valence and arousal as a model would read them."""
    shown = _shown(person, felt)
    places = np.array([PROTOTYPES[name] for name in EMOTIONS])
    near = -((shown[:, None, :] - places) ** 2).sum(axis=2)
    noise = autoregressive(len(felt), np.full(len(EMOTIONS) + 2, CLASSIFIER_AR1), rng) * person.noise
    logits = SHARPNESS * near + noise[:, : len(EMOTIONS)]
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    read = shown + 0.1 * noise[:, len(EMOTIONS) :]
    scores: Floats = np.concatenate([likely / likely.sum(axis=1, keepdims=True), read], axis=1)
    return scores


def _shown(person: Person, felt: Floats) -> Floats:
    rest = np.array([person.valence, person.arousal])
    shown: Floats = rest + person.shown * (felt - rest)
    if person.expression is Expression.NEGATIVE_AT_REST:
        shown = shown + np.array([-0.4, 0.1])
    if person.expression is Expression.INVERTED:
        shown = np.stack([2 * person.valence - shown[:, 0], shown[:, 1]], axis=1)
    return shown


def _cues(episode: Episode, height: Floats, rng: np.random.Generator) -> list[tuple[int, Cue]]:
    shape = shape_of(episode.kind)
    if shape.cue is None:
        return []
    heard = np.flatnonzero((height >= 1.0) & (rng.uniform(size=len(height)) < shape.cue_probability))
    return [(int(second), Cue(shape.cue, float(rng.uniform(0.6, 1.0)), -0.5)) for second in heard]


def _within_bounds(channels: Sequence[str], values: Floats) -> Floats:
    described = [describe(name) for name in channels]
    low = np.array([-np.inf if channel.low is None else channel.low for channel in described])
    high = np.array([np.inf if channel.high is None else channel.high for channel in described])
    bounded: Floats = np.clip(values, low, high)
    return bounded


def _needs_view(name: str) -> bool:
    return name.startswith(("face.", "pose.", "emotion.", "affect."))
