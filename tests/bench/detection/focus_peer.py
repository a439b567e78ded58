"""FOCuS with unknown pre-change mean, written plainly: the peer, not the product."""

import math

import numba
import numpy as np

from threshold_service.statistics.arrays import Floats

_MOST = 400


@numba.njit(cache=True)
def first_focus(x: Floats, limit: float) -> int:
    """The sample at which twice the log-likelihood ratio of one change of mean in unit Gaussian noise first exceeds
    `limit`, -1 where it never does (Romano, Eckley, Fearnhead and Rigaill 2023). Candidates are the corners of the
    convex hull of the cumulative sum, kept apart for a higher and for a lower mean."""
    when = np.empty((2, _MOST), np.int64)
    sums = np.empty((2, _MOST))
    size = np.zeros(2, np.int64)
    total = 0.0
    for t in range(len(x)):
        for side in range(2):
            if t > 0:
                _keep_hull(when[side], sums[side], size, side, t, total)
        total += x[t]
        for side in range(2):
            for i in range(size[side]):
                left, right = when[side, i], t + 1 - when[side, i]
                apart = (total - sums[side, i]) / right - sums[side, i] / left
                if apart * apart * (left * right / (t + 1.0)) > limit:
                    return t
    return -1


@numba.njit(cache=True)
def _keep_hull(when, sums, size, side, t, total):  # type: ignore[no-untyped-def]
    """Add the candidate (t, total); drop those that are no longer corners."""
    sign = 1.0 if side == 0 else -1.0
    n = size[side]
    while n > 0:
        since, at = (when[n - 2], sums[n - 2]) if n > 1 else (0, 0.0)
        before = sign * (sums[n - 1] - at) / (when[n - 1] - since)
        after = sign * (total - sums[n - 1]) / (t - when[n - 1])
        if before < after:
            break
        n -= 1
    when[n], sums[n] = t, total
    size[side] = min(n + 1, _MOST - 1)


@numba.njit(cache=True)
def brute_force(x: Floats) -> float:
    """The same statistic of a whole stream by trying every change."""
    best, total, n = 0.0, x.sum(), len(x)
    left_sum = 0.0
    for left in range(1, n):
        left_sum += x[left - 1]
        apart = (total - left_sum) / (n - left) - left_sum / left
        best = max(best, apart * apart * (left * (n - left) / n))
    return best if not math.isnan(best) else 0.0
