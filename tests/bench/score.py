"""`attune score` on labelled synthetic recordings beside a moving Gaussian and an EWMA z, and rows per second."""

import sys
import time
from collections.abc import Callable, Sequence

import numpy as np

from services.vocabulary import Timing
from tests.bench.score_series import EVERY_S, KINDS, START, Floats, Recording
from tests.bench.table import Figure, publish
from threshold_service.judgement import series, series_events

FALSE_COST = 0.11
"""What a false detection costs, a missed window costing 1 (the standard profile of Lavin and Ahmad 2015)."""
PROBATION = 0.15
LOOK_BACK = 400


def attune(values: Floats) -> Floats:
    """The scores of one recording."""
    read = series.lengths(len(values), EVERY_S, Timing())
    times = START + EVERY_S * np.arange(len(values))
    one = np.ones(1)
    return series.score(series.judge(values[:, None], times, (one, one), read, (2e-4, 1e-3)).evidence)


def moving_gaussian(values: Floats) -> Floats:
    """Distance from the mean of the last rows, in their spreads."""
    first, second = np.cumsum(np.r_[0.0, values]), np.cumsum(np.r_[0.0, values * values])
    out = np.zeros(len(values))
    for i in range(100, len(values)):
        start = max(0, i - LOOK_BACK)
        mean = (first[i] - first[start]) / (i - start)
        variance = max((second[i] - second[start]) / (i - start) - mean * mean, 1e-9)
        out[i] = abs(values[i] - mean) / np.sqrt(variance)
    return out


def smoothed_z(values: Floats, gain: float = 0.01) -> Floats:
    """Distance from an exponentially weighted mean in exponentially weighted spreads."""
    out, mean, variance = np.zeros(len(values)), values[0], 0.0
    for i in range(1, len(values)):
        away = values[i] - mean
        out[i] = abs(away) / np.sqrt(variance + 1e-9) if i > 100 else 0.0
        mean += gain * away
        variance = (1.0 - gain) * (variance + gain * away * away)
    return out


def early(place: float) -> float:
    """Worth of a detection: `place` is -1 at the start of a window, 0 at its end, positive after it."""
    return float(2.0 / (1.0 + np.exp(5.0 * place)) - 1.0)


def worth(scores: Floats, recording: Recording, threshold: float) -> float:
    """What the detections of one recording are worth: the first of each window counts, those outside cost."""
    found = np.flatnonzero(scores >= threshold)
    found = found[found >= min(PROBATION * len(scores), 750)]
    total, inside = 0.0, np.zeros(len(scores), bool)
    for first, last in recording.windows:
        inside[max(first, 0) : last + 1] = True
        here = found[(found >= first) & (found <= last)]
        total += early(-(last - here[0] + 1) / (last - first + 1)) / early(-1.0) if len(here) else -1.0
    for row in found[~inside[found]].tolist():
        after = [(row - last) / (last - first + 1) for first, last in recording.windows if row > last]
        total += FALSE_COST * (early(min(after)) if after and min(after) < 3.0 else -1.0)
    return total


def normalised(method: Callable[[Floats], Floats], recordings: Sequence[Recording]) -> float:
    """0 for saying nothing, 100 for every window at its start and nothing else, at the best one threshold for all."""
    scores = [method(recording.values) for recording in recordings]
    spoken = np.concatenate(scores)
    windows = sum(len(recording.windows) for recording in recordings)
    best = -np.inf
    for threshold in np.quantile(spoken[spoken > 0.0], 1.0 - np.logspace(-1.0, -5.0, 60)):
        total = sum(worth(one, recording, threshold) for one, recording in zip(scores, recordings, strict=True))
        best = max(best, 50.0 * (total + windows) / windows)
    return float(best)


def promised(rows: int) -> float:
    """Events over those promised (one in 10,000 rows) on noises that nothing is told of."""
    rng = np.random.default_rng(7)
    noises = (rng.normal(size=rows), rng.standard_t(5, rows), rng.beta(2, 8, rows), rng.laplace(size=rows))
    opened, one = 0, np.ones(1)
    read = series.lengths(rows, 1.0, Timing())
    for values in noises:
        judged = series.judge(values[:, None], np.arange(rows, dtype=float), (one, one), read, (2e-5, 1e-4))
        opened += len(np.unique(series_events.events(judged, np.zeros(rows, bool), read).opened)) - 1
    return opened / (len(noises) * rows / 10_000)


def rows_per_second(rows: int) -> tuple[float, float]:
    """Of one column, beside the moving Gaussian's."""
    values = np.random.default_rng(8).normal(size=rows)
    attune(values[:2000])
    took = []
    for method, n in ((attune, rows), (moving_gaussian, rows // 10)):
        began = time.process_time()
        method(values[:n])
        took.append(n / (time.process_time() - began))
    return took[0], took[1]


def main() -> int:
    """Measure and print; `--quick` with fewer recordings."""
    quick = "--quick" in sys.argv[1:]
    repeats, rows = (2, 200_000) if quick else (8, 1_000_000)
    recordings = [
        kind(4000, np.random.default_rng([2026, repeat, number]))
        for repeat in range(repeats) for number, kind in enumerate(KINDS)
    ]  # fmt: skip
    ours = normalised(attune, recordings)
    figures = []
    for name, method in (("moving Gaussian", moving_gaussian), ("EWMA z", smoothed_z)):
        peer = normalised(method, recordings)
        what = f"labelled windows found early, {len(recordings)} recordings, 0..100"
        figures.append(Figure(what, ours, "points", f"{name} {peer:.1f}", ours / peer, ">= 1.1", ours >= 1.1 * peer))
    ratio = promised(rows // 2)
    figures.append(Figure("events over promised ones, 4 noises", ratio, "", "1 promised", ratio, "0.6 to 1.35",
                          0.6 <= ratio <= 1.35))  # fmt: skip
    speed, peer = rows_per_second(rows)
    figures.append(Figure("rows of one column", speed, "rows/s", f"moving Gaussian in Python {peer:,.0f}/s",
                          speed / peer, ">= 16,667 rows/s", speed >= 1e6 / 60))  # fmt: skip
    return publish("score", figures)


if __name__ == "__main__":
    sys.exit(main())
