"""The composite score: a weighted sum of terms, each measured against its own usual peak."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics.arrays import Floats, ordered_sum

CUE_WEIGHT = 4.0
"""A certain alarm cue counts as much as this many usual peaks of sound (source: guess)."""
CUE_FADE = 0.8
"""Share of a cue that is left after a second without one (source: guess)."""


class Composite(NamedTuple):
    """`values` and `contributions` (n, terms); `score` (n,) is the sum of the contributions."""

    values: Floats
    contributions: Floats
    score: Floats


def step_cue(level: Floats, probability: Floats) -> Floats:
    """How loudly the last alarm cue still counts, (n,): the larger of this second's and the faded one before."""
    louder: Floats = np.maximum(probability, level * CUE_FADE)
    return louder


def composite(raw: Floats, scale: Floats, cue: Floats, weights: Floats, audio: int) -> Composite:
    """`raw` and `scale` (n, terms), `cue` (n,), `weights` (terms,); `audio` is the column a cue belongs to.

    >>> made = composite(np.array([[2.0, 6.0]]), np.array([[1.0, 3.0]]), np.array([0.0]), np.array([0.5, 0.25]), 1)
    >>> made.score.tolist()
    [1.5]
    """
    values = raw / scale
    values[:, audio] += CUE_WEIGHT * cue
    contributions = values * weights
    return Composite(values, contributions, ordered_sum(contributions))
