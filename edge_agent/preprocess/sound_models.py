"""How each family of sound models wants to hear, and how its answer becomes one embedding for each window."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
WINDOW = 15_600
"""Samples of a window: YAMNet's 0.975 s, in which every family hears, so that cues mean the same second."""


@dataclass(frozen=True, slots=True)
class Convention:
    """`rate_hz` of the samples that a model takes, and whether each window is brought to mean 0 and variance 1."""

    rate_hz: int = RATE_HZ
    normalised: bool = False


FAMILIES = {
    "yamnet": Convention(),
    "wav2vec2": Convention(normalised=True),
    "hubert": Convention(normalised=True),
    "wavlm": Convention(normalised=True),
    "emotion2vec": Convention(normalised=True),
    "clap": Convention(rate_hz=48_000),
}
"""As the feature extractors published with the models do it. A CLAP file has to hold its spectrogram: it takes samples.
It looks at up to 14 kHz, of which sound at 16 kHz holds the lower 8."""


def prepared(waves: NDArray[np.float32], family: str) -> NDArray[np.float32]:
    """Windows at 16 kHz (n, samples) as the family takes them.

    >>> prepared(np.array([[1.0, 3.0]], np.float32), "wavlm").round(3).tolist()
    [[-1.0, 1.0]]
    """
    how = FAMILIES[family]
    if how.rate_hz != RATE_HZ:
        waves = faster(waves, how.rate_hz // RATE_HZ)
    if how.normalised:
        spread = np.sqrt(waves.var(axis=1, keepdims=True) + 1e-7)
        waves = (waves - waves.mean(axis=1, keepdims=True)) / spread
    return np.ascontiguousarray(waves, np.float32)


def faster(waves: NDArray[np.float32], times: int) -> NDArray[np.float32]:
    """The same sound with `times` as many samples, no frequency added."""
    spectrum = np.fft.rfft(waves, axis=1)
    return np.asarray(np.fft.irfft(spectrum, waves.shape[1] * times, axis=1) * times, np.float32)


def pooled(told: NDArray[np.floating]) -> NDArray[np.float32]:
    """One vector for each window: (n, dimensions) as it is, (n, frames, dimensions) as the mean over the frames."""
    return np.asarray(told if told.ndim == 2 else told.mean(axis=1), np.float32)


def embedding_place(names: Sequence[str], dimensions: Sequence[int]) -> int | None:
    """Which of a model's outputs is the embedding: the one with "embed" in its name, else the first
    `last_hidden_state`; None where there is none. `dimensions` say how many axes each has.

    >>> embedding_place(["scores", "embeddings"], [2, 2]), embedding_place(["last_hidden_state"], [3])
    (1, 0)
    """
    fitting = [k for k, count in enumerate(dimensions) if count in (2, 3)]
    for word in ("embed", "last_hidden_state"):
        for k in fitting:
            if word in names[k].lower():
                return k
    return None
