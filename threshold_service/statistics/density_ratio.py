"""Sees that values are distributed in another way, whatever the way, and since when: the density-ratio CUSUM.

A logistic classifier tells recent values from a person's reference; its logit is the logarithm of the ratio of their
densities (Sugiyama, Suzuki and Kanamori 2012). Added up, these logarithms fall before a change and rise after it: the
lowest point of their sum is when it came (DRE-CUSUM: Adiga and Tandon 2022, arXiv 2201.11678). A method for windows: it
learns the ratio anew for each, twice, the second time without what came before the change that the first time found.
"""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics.arrays import Bools, Floats, Ints, clipped

KNOTS = (-2.0, -1.0, 0.0, 1.0, 2.0)
WIDTH = 0.6
"""Where, and how narrowly, the shape is looked at, in spreads of the reference (best of five settings simulated)."""
LEAST = 10
"""Rows after a change that are enough to learn the ratio from them alone (source: guess)."""
RIDGE = 1.0
"""Weight of the prior that nothing changed (best of 0.3 and 1 simulated)."""
FARTHEST = 6.0
"""Spreads beyond which a value is no farther (source: guess)."""
_STEPS, _LONGEST = 12, 4.0


class Finding(NamedTuple):
    """How much the recent values speak for a change (nats), the index of the first after it, and each one's share."""

    evidence: Floats
    since: Ints
    log_ratios: Floats


def compare(reference: Floats, recent: Floats) -> Finding:
    """Look for one change in `recent` (..., m, channels), in order of time, against `reference` (..., n, channels).

    A row with a NaN has no part, its log ratio is NaN, as all are where fewer than 10 rows of either have a part.
    `evidence` and `since` are (...), `log_ratios` (..., m); evidence is never negative. What is much depends
    on the windows and on how values follow one another: hold it against `ordinary`.

    >>> rng = np.random.default_rng(0)
    >>> quiet, loud = rng.standard_normal((400, 1)), 3.0 * rng.standard_normal((60, 1))
    >>> finding = compare(quiet, np.concatenate((quiet[:60], loud)))
    >>> bool(finding.evidence > 20.0), bool(50 < finding.since < 70)
    (True, True)
    """
    size, m = reference.shape[-2], recent.shape[-2]
    standing, standing_recent = _standing(reference, reference), _standing(recent, reference)
    inputs = np.concatenate((_features(standing), _features(standing_recent)), axis=-2)
    there: Bools = np.isfinite(inputs.sum(axis=-1))
    inputs = np.where(there[..., None], inputs, 0.0)
    first = _lowest(np.where(there[..., size:], _log_ratios(inputs, there, size), np.nan))
    since = np.where(first.since <= m - LEAST, first.since, 0)
    later = there.copy()
    later[..., size:] &= np.arange(m) >= since[..., None]
    return _lowest(np.where(there[..., size:], _log_ratios(inputs, later, size), np.nan))


def ordinary(reference: Floats, width: int, times: int, rng: np.random.Generator) -> Floats:
    """Evidence (times,) of random stretches of `width` rows of the `reference` (n, channels) against the rest of it.

    The stretches keep the order of time, and with it how values follow one another; a high quantile is a threshold.
    Raises ValueError where the reference is shorter than three stretches.
    """
    if len(reference) < 3 * width:
        raise ValueError(f"a reference of {len(reference)} rows has no 3 stretches of {width}")
    starts = rng.integers(0, len(reference) - width + 1, times)
    inside = (starts[:, None] + np.arange(width))[..., None]
    places = np.arange(len(reference) - width)
    outside = (places + width * (places >= starts[:, None]))[..., None]
    return compare(reference[outside[..., 0]], reference[inside[..., 0]]).evidence


def _log_ratios(inputs: Floats, counts: Bools, size: int) -> Floats:
    """Of every recent row, learned from the rows that count, the first `size` being the reference; NaN from too few."""
    is_recent = np.zeros(counts.shape[-1])
    is_recent[size:] = 1.0
    logits = _fitted(inputs, is_recent, counts.astype(np.float64))[..., size:]
    before, after = counts[..., :size].sum(axis=-1), counts[..., size:].sum(axis=-1)
    odds = np.maximum(after, 1) / np.maximum(before, 1)
    enough = np.minimum(before, after) >= LEAST
    return np.where(enough[..., None], logits - np.log(odds)[..., None], np.nan)


def _standing(values: Floats, reference: Floats) -> Floats:
    """In robust spreads from the reference's median."""
    middle = _median(reference)
    spread = 1.4826 * _median(np.abs(reference - middle))
    return clipped((values - middle) / np.where(spread > 0.0, spread, 1.0), FARTHEST)


def _median(values: Floats) -> Floats:
    """Along the rows, of what is there; NaN where nothing is."""
    ordered = np.sort(values, axis=-2)
    count = np.count_nonzero(~np.isnan(values), axis=-2, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=-2)
    high = np.take_along_axis(ordered, np.minimum(count // 2, values.shape[-2] - 1), axis=-2)
    return (low + high) / 2.0


def _features(away: Floats) -> Floats:
    """1, each channel, its square and its bumps, and the products of two channels."""
    bumps = np.exp(-0.5 * ((away[..., None] - np.array(KNOTS)) / WIDTH) ** 2)
    first, second = np.triu_indices(away.shape[-1])
    flat = bumps.reshape(*away.shape[:-1], -1)
    return np.concatenate((np.ones_like(away[..., :1]), away, away[..., first] * away[..., second], flat), axis=-1)


def _fitted(inputs: Floats, target: Floats, weight: Floats) -> Floats:
    """Logits (..., rows) of a ridge logistic regression by Newton steps, none of which moves a logit by more than 4."""
    size = inputs.shape[-1]
    ridge = np.full(size, RIDGE)
    ridge[0] = 1e-6
    turned = np.swapaxes(inputs, -1, -2)
    coefficients = np.zeros((*inputs.shape[:-2], size))
    for _ in range(_STEPS):
        chance = 1.0 / (1.0 + np.exp(-clipped((inputs @ coefficients[..., None])[..., 0], 30.0)))
        slope = (turned @ (weight * (target - chance))[..., None])[..., 0] - ridge * coefficients
        curvature = (turned * (weight * chance * (1.0 - chance))[..., None, :]) @ inputs + np.diag(ridge)
        move = np.linalg.solve(curvature, slope[..., None])
        longest = np.abs(inputs @ move).max(axis=-2)
        coefficients = coefficients + move[..., 0] * (_LONGEST / np.maximum(longest, _LONGEST))
    logits: Floats = (inputs @ coefficients[..., None])[..., 0]
    return logits


def _lowest(log_ratios: Floats) -> Finding:
    sums = np.cumsum(np.where(np.isnan(log_ratios), 0.0, log_ratios), axis=-1)
    sums = np.concatenate((np.zeros_like(sums[..., :1]), sums), axis=-1)
    since = sums.argmin(axis=-1)
    least = np.take_along_axis(sums, since[..., None], axis=-1)[..., 0]
    return Finding(sums[..., -1] - least, since, log_ratios)
