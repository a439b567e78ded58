"""Adds up small evidence for a change of level: the two-sided CUSUM."""

import numpy as np

from threshold_service.statistics.arrays import Floats, clipped

SLACK = 0.5
"""Half the shift, in spreads, that is looked for (Page 1954; 0.5 is within 10 % of the best at 0.5 to 2 spreads)."""
LIMIT = 40.0
"""Where evidence stops growing, so that a return to the usual is seen in time (source: guess)."""
HUBER = 5.0
"""Innovations beyond this count as this, so that one frame cannot alarm (source: guess, see DETECTORS)."""
FORGET = 0.98
"""Share of the evidence that is left after a second without a value (source: guess)."""


_SIGNS = np.array([[1.0], [-1.0]])


def step(evidence: Floats, innovation: Floats, present: Floats, slack: float = SLACK, limit: float = LIMIT) -> Floats:
    """`evidence` (..., 2, channels), upwards and downwards and never negative, after one second.

    `innovation` (..., channels) has unit variance on ordinary days and is 0 where absent; `present` is 1.0 where there
    is a value, and where it is 0.0 the evidence only fades.

    >>> evidence = np.zeros((2, 1))
    >>> for _ in range(4):
    ...     evidence = step(evidence, np.array([1.5]), np.array([1.0]))
    >>> evidence.ravel().tolist()
    [4.0, 0.0]
    """
    there = present[..., None, :]
    gained = (clipped(innovation, HUBER)[..., None, :] * _SIGNS - slack) * there
    kept = evidence * (FORGET + (1.0 - FORGET) * there)
    grown: Floats = np.minimum(np.maximum(kept + gained, 0.0), limit)
    return grown


def directed(evidence: Floats, higher: Floats, lower: Floats) -> Floats:
    """The larger of both directions that matter, (..., channels): `higher` and `lower` are 1 where one does, else 0."""
    larger: Floats = np.maximum(evidence[..., 0, :] * higher, evidence[..., 1, :] * lower)
    return larger
