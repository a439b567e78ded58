"""The course of what leads to an event, over its window, in one word."""

from functools import cache

import numpy as np

from threshold_service.statistics.arc import ARCS, Arc, Usual, course, learned
from threshold_service.statistics.arrays import Floats

WINDOWS = 400
"""Simulated ordinary windows that the word is held against."""
MEMORY = 0.6
"""Their autocorrelation from second to second (source: guess, between those of the demonstration clip's channels)."""


def course_of(window: Floats, usual: Floats, spread: Floats, towards: Floats) -> str:
    """How far channels were from their usual, in the direction that spoke, over `window` (seconds, c): `escalating`,
    `building`, `de-escalating`, `releasing`, `stable` or `volatile`; empty where too little was seen.

    `towards` (c,) is 1.0 for a channel that speaks by being higher, -1.0 by being lower, 0.0 for others, which do not
    count. Noise with a memory stands in for the resident's own ordinary windows, which nobody keeps.

    >>> rise = np.linspace(0.0, 6.0, 45)[:, None]
    >>> course_of(rise, np.zeros(1), np.ones(1), np.ones(1))
    'building'
    >>> course_of(np.full((45, 1), np.nan), np.zeros(1), np.ones(1), np.ones(1))
    ''
    """
    leads = towards != 0.0
    if not leads.any():
        return ""
    distances = towards[leads] * (window[:, leads] - usual[leads]) / spread[leads]
    seen = np.isfinite(distances)
    total = np.where(seen, distances, 0.0).sum(axis=1)
    mean = np.where(seen.any(axis=1), total / np.maximum(seen.sum(axis=1), 1), np.nan)
    kind = ARCS[int(course(mean, _ordinary(len(window))).kind)]
    return "" if kind is Arc.UNSEEN else kind.value


@cache
def _ordinary(seconds: int) -> Usual:
    rng = np.random.default_rng(2026)
    noise = rng.standard_normal((seconds, WINDOWS))
    for second in range(1, seconds):
        noise[second] = MEMORY * noise[second - 1] + np.sqrt(1.0 - MEMORY**2) * noise[second]
    return learned(noise.T)
