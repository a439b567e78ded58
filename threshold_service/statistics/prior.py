"""What the facility's settled residents teach about a new one: robust means, and how far people lie apart."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from threshold_service.statistics.arrays import Bools, Floats, Ints
from threshold_service.statistics.calibration import SETTLED

LEAST_RESIDENTS = 3
"""Residents below which a facility says nothing of its own: the shipped population stands in."""
LEAST_BETWEEN = 0.1
"""Smallest standard deviation between people of a log scale that is believed (source: guess)."""
_MODEL = 0.25
"""Standard deviation of a log scale for a tail that is not quite exponential, per unit of extrapolation (guess)."""
_PART = 0.6
"""The same for what a part of the day says of the rest, at its first block (source: tried with the bench of new
residents; without it the first hours of a quiet morning set thresholds that the afternoon exceeded three times too
often)."""
_CALM = 0.5
"""Share of blocks whose peak is above the typical one."""


class Prior(NamedTuple):
    """A facility, or the shipped population: of each rule, how many `residents` (rules,) taught it, the `mean` and the
    standard deviation `between` people of the log tail scale (see `log_scale`), and the `limit` above which no
    provisional threshold of tier 1 may lie (infinite where there is none); `spend` (tiers,) is the facility's ratio of
    promised to told alerts. Of each channel, NaN where nobody taught it: the robust mean `level` of people, how far
    they lie `apart`, the mean log `spread` and autocorrelation `phi`, each (c,). `night` (1,) numbers the night it was
    learned in, -1 before the first."""

    residents: Ints
    mean: Floats
    between: Floats
    limit: Floats
    spend: Floats
    level: Floats
    apart: Floats
    spread: Floats
    phi: Floats
    night: Ints


SHIPPED: Floats = np.array(
    [(-1.85, 0.8), (-1.95, 0.8), (-1.7, 0.8), (-3.5, 1.0), (-1.2, 1.0), (-1.25, 0.2), (-1.25, 0.2)]
)
"""Log tail scale of people at large and how far they lie apart, in the order of `calibration.STATISTICS` (source:
the first five measured on settled residents of the budget bench, four kinds of noise, with the engine before the
fused detector; the last two on 20 settled residents of simulated facilities, whose log-odds differ little)."""
ALONE = 0.5
"""How much farther out a threshold lies at first where there is no facility to lean on and people lie `APART`."""
APART = 0.8


def shipped(statistics: Sequence[int], channels: int) -> Prior:
    """The population prior, for a facility that has nobody yet; `statistics` (rules,) are those the rules look at."""
    nothing, rules = np.full(channels, np.nan), len(statistics)
    mean, between = SHIPPED[list(statistics)].T
    return Prior(
        np.zeros(rules, np.int64), mean, between, np.full(rules, np.inf), np.ones(3), nothing, nothing.copy(),
        nothing.copy(), nothing.copy(), np.array([-1]),
    )  # fmt: skip


def log_scale(usual: Floats, threshold: Floats, rate: float) -> Floats:
    """The scale of an exponential tail through a typical peak `usual` and a `threshold` exceeded at `rate` per block,
    relative to `usual`, in logs: what people with one kind of behaviour share, whatever the budget.

    >>> round(math.exp(log_scale(np.array([2.0]), np.array([2.0 + 0.4 * math.log(50.0)]), 0.01)[0]), 6)
    0.2
    """
    calm, far = np.maximum(usual, 1e-6), np.maximum(threshold - usual, 1e-6)
    scale: Floats = np.log(far / (calm * reach(rate)))
    return scale


def reach(rate: float) -> float:
    """Tail scales between a typical peak and what is exceeded at `rate` per block."""
    return math.log(max(_CALM / rate, 1.5))


def shrunk(prior: Prior, rule: int, usual: float, own: float, blocks: int, tail: int, rate: float) -> float:
    """The threshold between a resident's `own`, from `tail` excesses of `blocks`, and the facility's, each weighted by
    its evidence (empirical Bayes: normal on the log tail scale, Efron & Morris 1975). Nothing is left of the facility's
    where the history shows the rate itself."""
    reached, calm = reach(rate), max(usual, 1e-6)
    far = math.log(max(tail / blocks / rate, 1.0)) / reached
    beyond = min(math.log(max(1.0 / (rate * blocks), 1.0)) / math.log(tail), 1.0)
    mine = far * far * (1.0 / tail + _MODEL * _MODEL) * beyond
    if prior.residents[rule]:
        mine += (_PART * max(1.0 - blocks / SETTLED, 0.0)) ** 2
    theirs = float(prior.between[rule]) ** 2
    weight = theirs / (theirs + mine)
    scale = math.log(max(own - usual, 1e-6) / (calm * reached))  # as `log_scale`, of one number
    mixed = weight * scale + (1.0 - weight) * float(prior.mean[rule])
    return usual + math.exp(mixed) * calm * reached


def centre(values: Floats) -> tuple[float, float]:
    """Median and robust standard deviation (from the median absolute deviation) of `values` (n,); NaN for none.

    >>> centre(np.array([1.0, 2.0, 3.0, 100.0]))
    (2.5, 1.4826)
    """
    if not len(values):
        return math.nan, math.nan
    middle = float(np.median(values))
    return middle, 1.4826 * float(np.median(np.abs(values - middle)))


def of_people(values: Floats, known: Bools) -> tuple[Floats, Floats]:
    """Median and robust deviation over people of `values` (n, c) where `known` (n, c); NaN where fewer than
    `LEAST_RESIDENTS` are."""
    middle, apart = np.full(values.shape[1], np.nan), np.full(values.shape[1], np.nan)
    for channel in range(values.shape[1]):
        chosen = values[known[:, channel], channel]
        if len(chosen) >= LEAST_RESIDENTS:
            middle[channel], apart[channel] = centre(chosen)
    return middle, apart
