"""What is done to a model's numbers: softmax, and valence and arousal from emotion probabilities."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

CIRCUMPLEX: Mapping[str, tuple[float, float]] = {
    "neutral": (0.0, 0.0),
    "happiness": (0.76, 0.48),
    "sadness": (-0.63, -0.27),
    "surprise": (0.40, 0.67),
    "fear": (-0.64, 0.60),
    "disgust": (-0.60, 0.35),
    "anger": (-0.51, 0.59),
    "contempt": (-0.40, 0.10),
}
"""(valence, arousal) of each emotion. Source: Russell and Mehrabian 1977, Evidence for a three-factor theory of
emotions, J. Res. Personality 11, 273-294 (mean ratings of the words; cited from memory); neutral is the origin;
contempt is a guess, the paper has no such word."""


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Probabilities along the last axis.

    >>> softmax(np.array([0.0, 0.0])).tolist()
    [0.5, 0.5]
    """
    raised = np.exp(np.asarray(logits, dtype=np.float64) - np.max(logits, axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def softened(probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """What the softmax would have given had its logits been divided by `temperature`; 1 changes nothing.

    >>> softened(np.array([0.9, 0.1]), 2.0).round(2).tolist()
    [0.75, 0.25]
    """
    return softmax(np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), 1e-12)) / temperature)


def circumplex(probabilities: Mapping[str, NDArray[np.floating]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Valence and arousal as the mean of the prototypes, weighted by the emotions' probabilities; both in -1..1.

    Each emotion's probabilities may have any shape, all the same; NaN where they are all 0.

    >>> valence, arousal = circumplex({"happiness": np.array([0.5]), "neutral": np.array([0.5])})
    >>> valence.tolist(), arousal.tolist()
    ([0.38], [0.24])
    """
    names = list(probabilities)
    weights = np.array([np.asarray(probabilities[name], dtype=np.float64) for name in names])
    total = weights.sum(axis=0)
    total = np.where(total > 0.0, total, np.nan)
    places = np.array([CIRCUMPLEX[name] for name in names])
    valence, arousal = (sum(p * w for p, w in zip(places[:, k], weights, strict=True)) / total for k in (0, 1))
    return np.asarray(valence), np.asarray(arousal)
