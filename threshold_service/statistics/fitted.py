"""What is set at a block's end and constant within it: offsets of the time of day, the detector's parameters."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from threshold_service.statistics import excursions, fused
from threshold_service.statistics.arrays import Floats, Ints
from threshold_service.statistics.fused_fit import PROMISE


class Fitted(NamedTuple):
    """Of n residents over c channels, each (n, c), changed in place at block ends only: `offset` is what the time of
    day adds to the level; the others are those of `fused.Learned`, `scores` (n, c, KNOTS)."""

    offset: Floats
    gain: Floats
    lag: Floats
    echo: Floats
    shift: Floats
    ceiling: Floats
    scores: NDArray[np.float32]


def fresh(shape: tuple[int, ...]) -> Fitted:
    """No time of day differs, and nothing is known of anybody's noise."""
    plain = provisional(np.zeros(shape))
    return Fitted(
        np.zeros(shape), plain.gain, plain.lag, plain.echo, plain.shift, plain.ceiling,
        plain.scores.astype(np.float32),
    )  # fmt: skip


def provisional(correlation: Floats) -> fused.Learned:
    """Channels of which only the lag-1 `correlation` (...) is known, with the threshold that is usual then."""
    shift = fused.provisional(correlation, np.full(correlation.shape, np.inf)).shift
    return fused.provisional(correlation, excursions.usual_level(shift, PROMISE))


def adopt(fitted: Fitted, rows: Ints | int, learned: fused.Learned) -> None:
    """From now on `learned` (k, c) is in force for `rows` (k,), in place."""
    for name in ("gain", "lag", "echo", "shift", "ceiling", "scores"):
        getattr(fitted, name)[rows] = getattr(learned, name)


def in_force(fitted: Fitted, rows: Ints | int) -> fused.Learned:
    """The parameters (k, c) of `rows` (k,), with the threshold that their ceiling was made from."""
    gain, lag, echo, shift, ceiling = (
        part[rows] for part in (fitted.gain, fitted.lag, fitted.echo, fitted.shift, fitted.ceiling)
    )
    scores = fitted.scores[rows].astype(np.float64)
    return fused.Learned(gain, lag, echo, shift, ceiling, fused.threshold(ceiling, shift), scores)
