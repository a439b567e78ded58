"""What a value would be if the person's own innovations were Gaussian: a table of normal scores, learned by ranks."""

from statistics import NormalDist

import numpy as np

from threshold_service.statistics import fused
from threshold_service.statistics.arrays import Floats

QUARTILES_APART = 1.349
"""Interquartile range of a standard normal distribution."""


def unit(innovation: Floats) -> float:
    """Robust spread of innovations (t,): the interquartile range over 1.349, 0 where more than half are equal."""
    low, high = np.quantile(innovation, (0.25, 0.75))
    return float(high - low) / QUARTILES_APART


def table(innovation: Floats) -> Floats:
    """Normal scores (KNOTS,) at `fused.knots` from innovations (t,) in units of their spread.

    A knot's score is the standard normal quantile of the share of innovations below it (van der Waerden 1952): tests
    on such scores are never less efficient for a shift than on the values (Chernoff and Savage 1958), heavy tails are
    pulled in, bounds become walls, and after it all noises have the same distribution. Mean 0 and spread 1 are exact.

    >>> scores = table(np.random.default_rng(1).standard_t(3, 50_000))
    >>> bool(np.all(np.diff(scores) >= 0.0)), float(scores[-1].round(1))
    (True, 4.3)
    """
    ordered, where, count = np.sort(innovation), fused.knots(), len(innovation)
    below = 0.5 * (np.searchsorted(ordered, where, "left") + np.searchsorted(ordered, where, "right"))
    shares = (below + 0.5) / (count + 1.0)
    normal = NormalDist()
    scores = np.array([normal.inv_cdf(share) for share in shares.tolist()])
    scored = between(scores, innovation)
    even = (scores - scored.mean()) / (float(scored.std()) or 1.0)  # a sharp edge between two knots leaves a little
    bounded: Floats = np.minimum(np.maximum(even, -fused.FARTHEST), fused.FARTHEST)
    return bounded


def moved(scores: Floats, innovation: Floats, shift: float) -> float:
    """How much scores move, on average, when innovations (t,) move by `shift`: the less of upwards and downwards."""
    up, middle, down = (float(between(scores, innovation + by).mean()) for by in (shift, 0.0, -shift))
    return min(abs(up - middle), abs(middle - down))


def between(scores: Floats, innovation: Floats) -> Floats:
    """Scores of innovations (t,) by one table (KNOTS,), as `fused.score` gives them."""
    place = innovation / (fused.BEND + np.abs(innovation))
    scored: Floats = np.interp(place, np.linspace(-1.0, 1.0, fused.KNOTS), scores)
    return scored
