"""What each statistic of change costs a value, beside river's detectors and a classifier of scikit-learn's."""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from river import drift
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from tests.bench.table import Figure, publish
from threshold_service.statistics import (
    density_ratio,
    drift_watch,
    ewma,
    focus,
    focus_fast,
    multi_slack,
    variance_change,
)
from threshold_service.statistics.arrays import Floats

RESIDENTS, CHANNELS = 1000, 20
ROUNDS = 5
MOST_US = 500.0
"""What FOCuS on four statistics of each of 1,000 residents may take a second."""
SLACKS = np.array([0.25, 0.5, 1.0])


def nanoseconds(work: Callable[[], int], rounds: int) -> float:
    """Median processor time of this thread for a value; `work` says how many it took."""
    work()
    took = []
    for _ in range(rounds):
        began = time.thread_time_ns()
        values = work()
        took.append((time.thread_time_ns() - began) / values)
    return statistics.median(took)


def objects(made: Callable[[], Any], values: list[float]) -> Callable[[], int]:
    """One object of river's that is given one value after another."""

    def work() -> int:
        peer = made()
        for value in values:
            peer.update(value)
        return len(values)

    return work


def folded(step: Callable[[Any, Floats], Any], state: Any, values: Floats) -> Callable[[], int]:
    """A statistic of ours over (seconds, residents, channels)."""

    def work() -> int:
        current = state
        for second in values:
            current = step(current, second)
        return values.size

    return work


def hulls(rows: int, values: Floats, least_slope: float) -> Callable[[], int]:
    """FOCuS second by second in place, after a day's tenth of history."""
    state, _ = focus_fast.run(focus.fresh(rows), np.random.default_rng(1).standard_normal((8640, rows)), least_slope)

    def work() -> int:
        for second in values:
            focus_fast.advance(state, second[None], least_slope)
        return values.size

    return work


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the residents, one round")
    quick = parser.parse_args().quick
    residents, rounds = (RESIDENTS // 10, 1) if quick else (RESIDENTS, ROUNDS)
    return publish("change_cost", [*streaming(residents, rounds), *windowed(rounds)])


def streaming(residents: int, rounds: int) -> list[Figure]:
    """What takes one value a channel and second, or hour."""
    rng = np.random.default_rng(0)
    shape = (residents, CHANNELS)
    values, line = rng.standard_normal((20, *shape)), rng.standard_normal(20_000).tolist()
    rows = 4 * residents
    fused = rng.standard_normal((20, rows))
    watching = drift_watch.fresh(shape)
    for second in np.concatenate([values] * 10):
        watching, _ = drift_watch.step(watching, second)
    page = nanoseconds(objects(drift.PageHinkley, line), rounds)
    adwin = nanoseconds(objects(partial(drift.ADWIN, clock=1), line), rounds)
    at = f"{residents} x {CHANNELS}"
    ours = {
        f"EWMA, {at}": folded(lambda state, now: ewma.step(state, now, 0.05), ewma.fresh(shape), values),
        f"CUSUM of 3 slacks, both sides, {at}": folded(
            lambda state, now: multi_slack.step(state, now, SLACKS), multi_slack.fresh(shape, 3), values
        ),
        f"smoothed squares, {at}": folded(
            lambda state, now: variance_change.smoothed(state, now, 0.05), np.ones(shape), values
        ),
        f"FOCuS, mean before known, {rows} rows": hulls(rows, fused, focus.KNOWN),
        f"FOCuS, mean before unknown, {rows} rows": hulls(rows, fused, focus.UNKNOWN),
    }
    figures = [Figure("river PageHinkley, one object", page, "ns per value", "itself", 1.0)]
    for what, work in ours.items():
        cost = nanoseconds(work, rounds)
        figures.append(Figure(what, cost, "ns per value", "river PageHinkley", cost / page))
        if what.startswith("FOCuS"):
            second = 4.0 * cost
            bar = f"at most {MOST_US:.0f} us"
            figures.append(
                Figure("the same, a second of 1,000 residents", second, "us", "", None, bar, second <= MOST_US)
            )
    hourly = nanoseconds(folded(lambda state, now: drift_watch.step(state, now)[0], watching, values), rounds)
    figures.append(Figure("river ADWIN, clock 1, one object", adwin, "ns per value", "itself", 1.0))
    figures.append(Figure(f"drift watch, {at}, once an hour", hourly, "ns per value", "river ADWIN", hourly / adwin))
    return figures


def windowed(rounds: int) -> list[Figure]:
    """The density ratio of a window of 120 values against 600, beside one fit of a classifier with the same inputs."""
    rng = np.random.default_rng(2)
    reference, recent = rng.standard_normal((50, 600, 2)), rng.standard_normal((50, 120, 2))
    inputs, target = rng.standard_normal((720, 16)), np.arange(720) >= 600
    with threadpool_limits(1):
        peer = nanoseconds(lambda: len(LogisticRegression().fit(inputs, target).classes_) // 2, rounds)
        ours = nanoseconds(lambda: len(density_ratio.compare(reference, recent).evidence), rounds)
    return [
        Figure("scikit-learn LogisticRegression, one fit", peer / 1e6, "ms per window", "itself", 1.0),
        Figure("density ratio, two fits", ours / 1e6, "ms per window", "one fit", ours / peer),
    ]


if __name__ == "__main__":
    sys.exit(main())
