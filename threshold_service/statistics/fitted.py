"""What is set at the end of a block and constant within it: offsets of the time of day and whitening coefficients."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics import whitening
from threshold_service.statistics.arrays import Floats, Ints


class Fitted(NamedTuple):
    """Of n residents over c channels, each (n, c), changed in place at block ends only: `offset` is what the time of
    day adds to the level, `phi` and `gain` = 1 / sqrt(1 - phi^2) take the value before out of each value."""

    offset: Floats
    phi: Floats
    gain: Floats


def fresh(shape: tuple[int, ...]) -> Fitted:
    """No time of day differs, no value tells of the next."""
    return Fitted(np.zeros(shape), np.zeros(shape), np.ones(shape))


def refit_whitening(fitted: Fitted, rows: Ints, lag1: Floats) -> None:
    """The coefficients of `rows` from their lag-1 moments (k, c), in place."""
    fitted.phi[rows], fitted.gain[rows] = whitening.coefficients(lag1)
