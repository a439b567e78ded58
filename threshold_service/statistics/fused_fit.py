"""Learns the fused detector's parameters and thresholds from histories, nothing told about their noise."""

from typing import NamedTuple

import numpy as np

from threshold_service.statistics import arma, excursions, fused, normal_scores
from threshold_service.statistics.arrays import Floats

PROMISE = 10_000.0
"""Samples between false alarms of one channel, where nothing else is asked (source: DETECTORS, the figure of all
comparisons)."""
LEAST_TAUGHT = 600
"""Values before which a channel stays untaught (source: guess)."""


class Lesson(NamedTuple):
    """What one history taught: the parameters (c,) and the tail of each channel's excursions, so that a threshold for
    another promise needs no second reading."""

    learned: fused.Learned
    tails: tuple[excursions.Tail | None, ...]


def learn(history: Floats, promise: float = PROMISE) -> Lesson:
    """Parameters and thresholds from `history` (t, c) in usual spreads from the usual, NaN where there is nothing and
    where an event was open: what is to be noticed must not be learned.

    Noise may be autocorrelated, skewed, heavy-tailed, bounded, rounded or volatile. A channel with fewer than
    `LEAST_TAUGHT` values, or one that hardly moves, stays untaught and its threshold infinite.
    """
    taught = [shape(history[:, c]) for c in range(history.shape[1])]
    learned = fused.Learned(*(np.stack(parts) for parts in zip(*taught, strict=True)))
    evidence = replay(history, learned)
    tails = tuple(
        excursions.tail(evidence[~np.isnan(history[:, c]), c]) if enough(history[:, c]) else None
        for c in range(history.shape[1])
    )
    return Lesson(promised(learned, tails, promise), tails)


def promised(learned: fused.Learned, tails: tuple[excursions.Tail | None, ...], promise: float) -> fused.Learned:
    """`learned` with the thresholds (c,) that are exceeded once in `promise` samples: those of a tail with too few
    excursions are the usual ones, those without a tail infinite."""
    own = np.array([np.inf if tail is None else excursions.level(tail, promise) for tail in tails])
    short = np.array([tail is not None and len(tail.excess) < excursions.LEAST for tail in tails])
    threshold = np.where(short, excursions.usual_level(learned.shift, promise), own)
    return learned._replace(threshold=threshold, ceiling=fused.ceiling(threshold, learned.shift))


def enough(z: Floats) -> bool:
    """Whether a channel's history (t,) can teach anything."""
    values = z[~np.isnan(z)]
    return len(values) >= LEAST_TAUGHT and float(np.ptp(values)) > 0.0


def shape(z: Floats) -> fused.Learned:
    """Memory, unit and table of scores of one channel's history (t,), without a threshold; each field is a scalar but
    `scores` (KNOTS,)."""
    blank = fused.Learned(*(part[0] for part in fused.untaught((1,))))
    if not enough(z):
        return blank
    memory, echo = map(float, arma.fit(z))
    raw = innovations(z, 1.0, memory, echo)
    raw = raw[~np.isnan(raw)]
    unit = normal_scores.unit(raw) or float(raw.std())
    if unit <= 0.0:
        return blank
    scores = normal_scores.table(raw / unit)
    usual = (1.0 - memory) / (1.0 + echo) / unit  # what a lasting shift by one spread adds to an innovation
    moved = normal_scores.moved(scores, raw / unit, usual)
    gain, lag, shift = np.array(1.0 / unit), np.array(memory / unit), np.array(fused.SMALL * moved)
    return blank._replace(gain=gain, lag=lag, echo=np.array(echo), shift=shift, scores=scores)


def innovations(z: Floats, gain: float, lag: float, echo: float) -> Floats:
    """Innovations of one history (t,), NaN where there is no value or none before it."""
    try:
        from threshold_service.statistics import fused_kernel
    except ImportError:
        return _plain_innovations(z, gain, lag, echo)
    told: Floats = fused_kernel.innovations(z, gain, lag, echo)
    return told


def replay(history: Floats, learned: fused.Learned) -> Floats:
    """The larger evidence of any kind in every second of `history` (t, c), with parameters (c,)."""
    rows = fused.Learned(*(np.ascontiguousarray(part[None]) for part in learned))
    try:
        from threshold_service.statistics import fused_kernel
    except ImportError:
        return _plain_replay(history, rows)
    largest: Floats = fused_kernel.replay(np.ascontiguousarray(history), rows)
    return largest


def _plain_innovations(z: Floats, gain: float, lag: float, echo: float) -> Floats:
    told, before, surprise = np.full(len(z), np.nan), np.nan, 0.0
    for t, value in enumerate(z.tolist()):
        if before != before or value != value:
            surprise = value / gain
        else:
            surprise = told[t] = gain * value - (lag * before + echo * surprise)
        before = value
    return told


def _plain_replay(history: Floats, learned: fused.Learned) -> Floats:
    state, largest = fused.fresh(learned.gain.shape), np.empty(history.shape)
    for t in range(len(history)):
        state = fused.step(state, learned, history[t : t + 1], ~np.isnan(history[t : t + 1]))
        said = fused.evidence(state, learned)
        largest[t] = np.maximum(np.maximum(said.higher, said.lower), said.wider)[0]
    return largest
