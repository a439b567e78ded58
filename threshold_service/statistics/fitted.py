"""What is set at a block's end and constant within it: offsets of the time of day, the detector's parameters."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics import excursions, fused
from threshold_service.statistics.arrays import Floats, Ints, Shorts, Singles
from threshold_service.statistics.fused_fit import PROMISE


class Fitted(NamedTuple):
    """Of n residents over c channels, each (n, c) of single precision, changed in place at block ends only: `offset` is
    what the time of day adds to the level; the others are those of `fused.Learned`, with `scores` (n, c, KNOTS) that
    are `fused.coded`."""

    offset: Singles
    gain: Singles
    lag: Singles
    echo: Singles
    shift: Singles
    ceiling: Singles
    scores: Shorts


def fresh(shape: tuple[int, ...]) -> Fitted:
    """No time of day differs, and nothing is known of anybody's noise."""
    plain = provisional(np.zeros(shape))
    gain, lag, echo, shift, ceiling, _ = (part.astype(np.float32) for part in plain[:-1])
    return Fitted(np.zeros(shape, np.float32), gain, lag, echo, shift, ceiling, fused.coded(plain.scores))


def provisional(correlation: Floats) -> fused.Learned:
    """Channels of which only the lag-1 `correlation` (...) is known, with the threshold that is usual then."""
    plain = fused.provisional(correlation, np.full(correlation.shape, np.inf))
    threshold = excursions.usual_level(plain.shift, PROMISE)
    return plain._replace(threshold=threshold, ceiling=fused.ceiling(threshold, plain.shift))


def adopt(fitted: Fitted, rows: Ints, learned: fused.Learned) -> None:
    """From now on `learned` (k, c) is in force for `rows` (k,), in place."""
    for name in ("gain", "lag", "echo", "shift", "ceiling"):
        getattr(fitted, name)[rows] = getattr(learned, name)
    fitted.scores[rows] = fused.coded(learned.scores)


def in_force(fitted: Fitted, rows: Ints) -> fused.Learned:
    """The parameters (k, c) of `rows` (k,), with the threshold that their ceiling was made from."""
    parts = (fitted.gain, fitted.lag, fitted.echo, fitted.shift, fitted.ceiling, fitted.scores)
    gain, lag, echo, shift, ceiling, scores = (part[rows].astype(np.float64) for part in parts)
    return fused.Learned(gain, lag, echo, shift, ceiling, fused.threshold(ceiling, shift), scores * fused.STEP)
