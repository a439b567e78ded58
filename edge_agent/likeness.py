"""What consecutive measured seconds are like: location, spread, autocorrelation and share seen per channel."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_agent.scoring import Scores
from services.simulator.like import Likeness
from services.vocabulary import describe

Floats = NDArray[np.float64]


def likeness_of(channels: Sequence[str], scores: Sequence[Scores]) -> Likeness:
    """Location, spread, lag-1 autocorrelation and share seen of every channel over consecutive seconds.

    A channel never seen stays unseen (NaN location). The autocorrelation of so few seconds is uncertain: it is
    shrunk towards 0.5 with the weight of five seconds (source: guess).
    """
    rows = np.array([score.values for score in scores], float).reshape(len(scores), len(channels))
    seen = np.isfinite(rows)
    mean, spread, ar1 = (np.full(len(channels), np.nan) for _ in range(3))
    for c in range(len(channels)):
        column = rows[seen[:, c], c]
        if len(column):
            mean[c], spread[c], ar1[c] = float(column.mean()), float(column.std()), _lag1(column)
    described = [describe(name) for name in channels]
    low = np.array([-np.inf if channel.low is None else channel.low for channel in described])
    high = np.array([np.inf if channel.high is None else channel.high for channel in described])
    return Likeness(tuple(channels), mean, spread, ar1, low, high, seen.mean(axis=0) if len(rows) else mean * 0)


def _lag1(column: Floats, weight: float = 5.0, prior: float = 0.5) -> float:
    deviations = column - column.mean()
    power = float((deviations * deviations).sum())
    measured = float((deviations[1:] * deviations[:-1]).sum()) / power if power > 0 else prior
    n = len(column)
    return float(np.clip((n * measured + weight * prior) / (n + weight), 0.0, 0.97))
