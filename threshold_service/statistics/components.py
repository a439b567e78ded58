"""Channels that say the same are counted once: orthogonal components of standardised channels."""

import numpy as np

from threshold_service.statistics.arrays import Floats, ordered_sum

KEPT = 0.9
"""Share of the variance that the components keep (a convention; Jolliffe 2002)."""
LEAST_VARIANCE = 0.05
"""A component with less of one channel's variance is noise of the estimate and is left out (source: guess)."""


def correlation(z: Floats) -> Floats:
    """How channels go together, (c, c), in `z` (s, c) of standardised values with NaN where absent; from the seconds
    in which both are there, and 0 where those are fewer than 30."""
    there = np.isfinite(z)
    filled = np.where(there, z, 0.0)
    both = (there[:, :, None] & there[:, None, :]).sum(axis=0)
    product = (filled[:, :, None] * filled[:, None, :]).sum(axis=0) / np.maximum(both, 1)
    size = np.sqrt(np.maximum(np.diag(product), 1e-12))
    found: Floats = np.where(both >= 30, product / (size[:, None] * size[None, :]), 0.0)
    np.fill_diagonal(found, 1.0)
    return found


def loadings(of: Floats, kept: float = KEPT) -> Floats:
    """The weights (k, c) of the fewest components that keep so much of the variance of a correlation `of` (c, c).

    Each component has unit variance and none goes with another. Its largest weight is positive, so that a refit does
    not turn its sign (Pearson 1901).

    >>> loadings(np.array([[1.0, 1.0], [1.0, 1.0]])).round(3).tolist()
    [[0.5, 0.5]]
    """
    variance, vectors = np.linalg.eigh(of)
    variance, vectors = variance[::-1], vectors[:, ::-1]
    share = np.cumsum(np.maximum(variance, 0.0)) / max(float(np.maximum(variance, 0.0).sum()), 1e-12)
    k = min(int(np.searchsorted(share, kept - 1e-12)) + 1, int(np.count_nonzero(variance > LEAST_VARIANCE)))
    chosen = vectors[:, :k].T
    outward = np.sign(chosen[np.arange(k), np.abs(chosen).argmax(axis=1)])
    found: Floats = chosen * outward[:, None] / np.sqrt(variance[:k])[:, None]
    return found


def components(z: Floats, weights: Floats) -> Floats:
    """`z` (..., c), 0 where absent, as components (..., k): orthogonal and of unit variance."""
    found: Floats = ordered_sum(z[..., None, :] * weights)
    return found
