"""FOCuS for many values at once, compiled where numba is installed and equal to focus.py."""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec

import numpy as np

from threshold_service.statistics import focus
from threshold_service.statistics.arrays import Floats
from threshold_service.statistics.focus import Focus

Kernel = Callable[[Floats, Floats, Focus, int, float], None]


def run(state: Focus, values: Floats, least_slope: float) -> tuple[Focus, Floats]:
    """The state after `values` (n, rows) and the largest log likelihood ratio (n, rows) after each of them.

    With `focus.KNOWN` the ratio is `focus.against_known`, else `focus.against_unknown`; NaN changes neither.

    >>> run(focus.fresh(1), np.array([[0.0], [0.0], [2.0], [2.0]]), focus.KNOWN)[1].ravel().tolist()
    [0.0, 0.0, 2.0, 4.0]
    """
    if not find_spec("numba"):
        return plain(state, values, least_slope)
    after = focus.copied(state)
    return after, advance(after, values, least_slope)


def plain(state: Focus, values: Floats, least_slope: float) -> tuple[Focus, Floats]:
    """The same with NumPy alone."""
    ratio = focus.against_unknown if least_slope == focus.UNKNOWN else focus.against_known
    ratios = np.empty(values.shape)
    for index, value in enumerate(values):
        state = focus.step(state, value, least_slope)
        ratios[index] = ratio(state)
    return state, ratios


def advance(state: Focus, values: Floats, least_slope: float) -> Floats:
    """The ratios of `run`, with `state` changed in place: for a hot loop, where copying costs more. Needs numba.

    Raises ValueError where an array of `state` is not contiguous and so could not be changed.
    """
    if not all(part.flags.c_contiguous for part in state):
        raise ValueError("FOCuS changes its state in place: its arrays must be contiguous")
    ratios = np.empty(values.shape)
    flat = Focus(
        state.seen, state.total, state.size.reshape(-1), state.at.reshape(-1), state.sums.reshape(-1),
        state.lost.reshape(-1),
    )  # fmt: skip
    kernel()(np.ascontiguousarray(values, dtype=np.float64), ratios, flat, state.at.shape[2], least_slope)
    return ratios


@cache
def kernel() -> Kernel:
    """The compiled loop, made at its first use."""
    from threshold_service.statistics import focus_kernel

    loop: Kernel = focus_kernel.advance
    return loop
