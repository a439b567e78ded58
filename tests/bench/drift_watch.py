"""How the drift watch keeps its promise and how soon it sees a usual that moved, beside river's ADWIN as it comes."""

import argparse
import math
import sys

import numpy as np

from tests.bench.table import Figure, publish
from threshold_service.statistics import drift_threshold, drift_watch
from threshold_service.statistics.arrays import Bools, Floats

CHANNELS, HOURS = 4, 10
PEOPLE, DAYS = 64, 140
PROMISE = 0.1
USUAL_ADWIN = -math.log(0.002)
"""The confidence that river's ADWIN comes with."""


def lives(days: int, people: int, together: float, rng: np.random.Generator) -> Floats:
    """Ordinary hourly means (days, hours, people, channels): a rhythm, and hours and days that hang together."""
    hours = 0.5 * rng.standard_normal((days, HOURS, people, CHANNELS))
    hours[:, 1:] = 0.87 * hours[:, 1:] + 0.5 * hours[:, :-1]
    level = rng.standard_normal((days, 1, people, CHANNELS))
    for day in range(1, days):
        level[day] = together * level[day - 1] + math.sqrt(1.0 - together**2) * level[day]
    return hours + 0.3 * level + 0.4 * np.sin(np.linspace(0.0, 5.0, HOURS))[:, None, None]


def watched(hourly: Floats, threshold: Floats) -> Bools:
    """Reports (days, people, channels) of `hourly` (days, hours, people, channels); `threshold` (people,)."""
    state, reports = drift_watch.fresh(hourly.shape[2:]), []
    for day in hourly:
        told = np.zeros(hourly.shape[2:], bool)
        for values in day:
            state, drifted = drift_watch.watch(state, values, threshold[:, None])
            told |= drifted
        reports.append(told)
    return np.array(reports)


def figures(history: int, together: float, seed: int) -> list[Figure]:
    """Reports a week without a drift, and days until a move of one channel by 1 spread is seen by nine in ten."""
    rng = np.random.default_rng(seed)
    past, now = lives(history, PEOPLE, together, rng), lives(DAYS, PEOPLE, together, rng)
    own = np.array([drift_threshold.threshold(past[:, :, one], PROMISE, rng) for one in range(PEOPLE)])
    moved = now.copy()
    moved[DAYS // 2 :, :, :, 0] += 1.0
    lines = []
    for whose, threshold in (("own threshold", own), ("ADWIN 0.002", np.full(PEOPLE, USUAL_ADWIN))):
        reports = float(watched(now, threshold).sum()) / (PEOPLE * DAYS / 7.0)
        seen = watched(moved, threshold)[DAYS // 2 :, :, 0]
        days = np.where(seen.any(axis=0), seen.argmax(axis=0) + 1, DAYS)
        what = f"{whose}, {history} days known, rho {together}"
        bar, met = ("at most 1.35", reports < 1.35 * PROMISE) if whose == "own threshold" else ("", None)
        lines += [
            Figure(f"{what}: reports", reports, "a week", f"promised {PROMISE}", reports / PROMISE, bar, met),
            Figure(f"{what}: a move by 1 spread", float(np.quantile(days, 0.9)), "days, 90 %"),
        ]
    return lines


def main() -> int:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one length of history")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    cases = [(120, 0.4)] if chosen.quick else [(60, 0.0), (60, 0.4), (120, 0.4), (240, 0.4)]
    return publish("drift_watch", [line for case in cases for line in figures(*case, chosen.seed)])


if __name__ == "__main__":
    sys.exit(main())
