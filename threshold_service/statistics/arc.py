"""Names the course of a window of scores: escalating, de-escalating, building, releasing, stable or volatile.

A window is cut into thirds. What counts is how far the last third lies above the first, whether most of that way was
gone of late, and how far values lie from the course of the thirds. Both distances are held against those of ordinary
windows of the same person or facility: noise of any distribution and memory is called stable as often as promised.
"""

from enum import StrEnum
from typing import NamedTuple

import numpy as np

from threshold_service.statistics.arrays import Floats, Ints

FALSE_RATE = 0.05
"""Share of ordinary windows that may be called anything but stable (source: guess)."""
LEAST = 79
"""Ordinary windows from which half of that rate can be told: (1 + windows) * 0.025 is 2."""
LATE = 2.0 / 3.0
"""Share of the way gone from the second to the last third above which it was gone of late: a line has 0.5, an
exponential rise of e-foldings in a fifth of the window 0.84 (the border is a guess)."""
SEEN = 0.5
"""Share of each third that must be seen (source: guess)."""
_LEAST_DISTANCE = 1e-9


class Arc(StrEnum):
    """A rise of late or a steady one, a steady fall or one of late, nothing, restlessness; or too little was seen."""

    ESCALATING = "escalating"
    BUILDING = "building"
    DE_ESCALATING = "de-escalating"
    RELEASING = "releasing"
    STABLE = "stable"
    VOLATILE = "volatile"
    UNSEEN = "unseen"


ARCS = tuple(Arc)


class Usual(NamedTuple):
    """What ordinary windows do, sorted: how far they rise or fall, and how far values lie from their course."""

    rises: Floats
    restlessness: Floats


class Course(NamedTuple):
    """`kind` (...) is an index into `ARCS`.

    `confidence` (...) is 1 less the chance that an ordinary window goes as far, for `STABLE` that chance; 0 if unseen.
    """

    kind: Ints
    confidence: Floats


def learned(windows: Floats) -> Usual:
    """From ordinary windows (n, seconds), as long as those to be named; raises ValueError below `LEAST` of them."""
    thirds, restless = _thirds(windows)
    rises = np.abs(thirds[:, 2] - thirds[:, 0])
    known = ~np.isnan(rises)
    if known.sum() < LEAST:
        raise ValueError(f"{known.sum()} ordinary windows were seen, {LEAST} are needed")
    return Usual(np.sort(rises[known]), np.sort(restless[known]))


def course(windows: Floats, usual: Usual) -> Course:
    """Name each of `windows` (..., seconds), in spreads, the oldest value first and NaN where nobody was seen.

    The promise, for windows like those of `usual`: at most `FALSE_RATE` of them are not `STABLE`, whatever their
    distribution, since both distances are ranks among ordinary ones (Vovk, Gammerman and Shafer 2005).

    >>> usual = learned(np.random.default_rng(0).standard_normal((200, 60)))
    >>> seconds = np.linspace(0.0, 1.0, 60)
    >>> windows = np.stack((3.0 * seconds, 3.0 * seconds**4, -3.0 * seconds, 0.0 * seconds))
    >>> [ARCS[kind].value for kind in course(windows, usual).kind]
    ['building', 'escalating', 'de-escalating', 'stable']
    """
    thirds, restless = _thirds(windows)
    rise, late = thirds[..., 2] - thirds[..., 0], thirds[..., 2] - thirds[..., 1]
    moved = np.abs(rise) / _quantile(usual.rises)
    shaken = restless / _quantile(usual.restlessness)
    sudden = np.abs(late) > LATE * np.abs(rise)
    up = np.where(sudden, ARCS.index(Arc.ESCALATING), ARCS.index(Arc.BUILDING))
    down = np.where(sudden, ARCS.index(Arc.RELEASING), ARCS.index(Arc.DE_ESCALATING))
    kind = np.where(shaken > moved, ARCS.index(Arc.VOLATILE), np.where(rise > 0.0, up, down))
    kind = np.where(np.maximum(moved, shaken) > 1.0, kind, ARCS.index(Arc.STABLE))
    chance = np.minimum(
        2.0 * np.minimum(_chance(np.abs(rise), usual.rises), _chance(restless, usual.restlessness)), 1.0
    )
    sure = np.where(kind == ARCS.index(Arc.STABLE), chance, 1.0 - chance)
    unseen = np.isnan(rise)
    return Course(np.where(unseen, ARCS.index(Arc.UNSEEN), kind), np.where(unseen, 0.0, sure))


def _thirds(windows: Floats) -> tuple[Floats, Floats]:
    """Means of the thirds (..., 3) and the spread (...) around the line through them; NaN where too little is seen."""
    seconds = windows.shape[-1]
    which = np.arange(seconds) * 3 // seconds == np.arange(3)[:, None]
    there = ~np.isnan(windows)
    values = np.where(there, windows, 0.0)
    parts = which.T.astype(np.float64)
    seen = there @ parts
    means = values @ parts / np.maximum(seen, 1.0)
    means = np.where((seen >= SEEN * which.sum(axis=1)).all(axis=-1)[..., None], means, np.nan)
    place = (np.arange(seconds) + 0.5) * 3.0 / seconds - 1.5
    line = means[..., 1:2] + np.maximum(place, 0.0) * (means[..., 2:] - means[..., 1:2])
    line = line + np.minimum(place, 0.0) * (means[..., 1:2] - means[..., :1])
    away = np.where(there, windows - line, 0.0)
    return means, np.sqrt((away**2).sum(axis=-1) / np.maximum(there.sum(axis=-1), 1))


def _quantile(ordinary: Floats) -> float:
    """What an ordinary window passes with a chance of half of `FALSE_RATE` at most."""
    rank = int(np.ceil((len(ordinary) + 1) * (1.0 - FALSE_RATE / 2.0)))
    return max(float(ordinary[min(rank, len(ordinary)) - 1]), _LEAST_DISTANCE)


def _chance(values: Floats, ordinary: Floats) -> Floats:
    """That an ordinary window goes at least as far, as a rank."""
    further = len(ordinary) - np.searchsorted(ordinary, values, side="left").astype(np.float64)
    return (1.0 + further) / (1.0 + len(ordinary))
