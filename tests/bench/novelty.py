"""Whether novelty of the joint picture finds episodes that the learned log-odds of an episode do not.

Novelty here: the Mahalanobis distance of the smoothed levels of all groups (30 numbers every 5 seconds) from the
resident's own ordinary days, covariance shrunk (Ledoit & Wolf 2004). Each score's threshold is the resident's own: the
value that their ordinary hours of the first half exceed as often as the rate allows. Judged on the second half: recall
of episodes at the false alarms that come with it, of the log-odds, of novelty, and of their sum with the weight that is
best on other seeds. Simulated facilities on tuning seeds: the answer decides whether the term exists, not how well it
does.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from sklearn.covariance import LedoitWolf

from services.simulator.facility import Facility
from services.simulator.parameters import Excitement, Parameters
from tests.bench.table import Figure, publish
from threshold_service import learned
from threshold_service.evaluated_learning import Seen, lift, truth, watch
from threshold_service.statistics.episode_odds import BIN_S, LEVELS

Floats = NDArray[np.float64]
HOUR = 3600 // BIN_S
PER_DAY = 0.7
"""Ordinary hours a day that may exceed a threshold."""
OFTEN = 4.0
"""Episodes per resident-day: more than in life, so that a few days say something."""
WEIGHTS = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6)


def signed(inputs: Floats) -> Floats:
    """The smoothed levels, (bins, LEVELS), from the inputs above and below the usual."""
    return inputs[:, :LEVELS] - inputs[:, LEVELS : 2 * LEVELS]


def novelty(inputs: Floats, ordinary: NDArray[np.bool_]) -> Floats:
    """Mahalanobis distance, (bins,), from the bins that are `ordinary`."""
    levels = signed(inputs)
    usual = LedoitWolf().fit(levels[ordinary][::6])
    return np.sqrt(usual.mahalanobis(levels) / LEVELS)


def odds(inputs: Floats) -> Floats:
    """The shipped log-odds of an episode, (bins,)."""
    made = learned.shipped()
    table, bias = np.array(made["weights"]), np.array(made["bias"])
    return np.maximum((inputs @ table.T + bias).max(axis=1), 0.0)


def judged(score: Floats, seen: Seen, resident: int) -> tuple[float, float, float]:
    """Episodes found, episodes there, and ordinary hours above the threshold, of the second half."""
    half = len(score) // 2
    kinds, whose = truth(seen.observed.labels, resident, len(score))
    ordinary = np.where(kinds == 0, score, 0.0)
    hours = ordinary[: half // HOUR * HOUR].reshape(-1, HOUR).max(axis=1)
    threshold = np.sort(hours)[-max(1, round(PER_DAY * len(hours) / 24))]
    late = ordinary[half:][: (len(ordinary) - half) // HOUR * HOUR].reshape(-1, HOUR).max(axis=1)
    labels = [place for place in np.unique(whose[half:]) if place >= 0]
    found = sum(bool((score[half:][whose[half:] == place] > threshold).any()) for place in labels)
    return float(found), float(len(labels)), float((late > threshold).sum())


def trials(seen: Sequence[Seen]) -> dict[float, Floats]:
    """By the weight of novelty, infinite for it alone: found, there and false of every resident, (residents, 3)."""
    rows: dict[float, list[tuple[float, float, float]]] = {weight: [] for weight in (*WEIGHTS, np.inf)}
    for one in seen:
        for resident, inputs in enumerate(one.inputs):
            kinds, _ = truth(one.observed.labels, resident, len(inputs))
            early = (np.arange(len(inputs)) < len(inputs) // 2) & (kinds == 0)
            likely, strange = odds(inputs), novelty(inputs, early)
            strange = strange / np.quantile(strange[early], 0.999) * max(float(np.quantile(likely[early], 0.999)), 1.0)
            for weight, into in rows.items():
                score = strange if np.isinf(weight) else likely + weight * strange
                into.append(judged(score, one, resident))
    return {weight: np.array(made) for weight, made in rows.items()}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser("python -m tests.bench.novelty", description=__doc__)
    parser.add_argument("--residents", type=int, default=10)
    parser.add_argument("--days", type=int, default=6)
    parser.add_argument("--choose", type=int, nargs="+", default=[40, 41], help="seeds on which the weight is chosen")
    parser.add_argument("--judge", type=int, nargs="+", default=[42, 43, 44], help="seeds that judge it")
    asked = parser.parse_args()
    lively = replace(Parameters(), excitement=replace(Excitement(), per_day=OFTEN))
    with Progress(console=Console(stderr=True)) as progress:
        chosen, other = (
            trials([watch(Facility(seed, asked.residents, asked.days, lively), progress) for seed in seeds])
            for seeds in (asked.choose, asked.judge)
        )
    best = max(WEIGHTS, key=lambda weight: (chosen[weight][:, 0].sum() / chosen[weight][:, 1].sum(), -weight))
    days = len(other[0.0]) * asked.days / 2
    figures = []
    for name, weight in (("log-odds alone", 0.0), ("novelty alone", np.inf), (f"both, novelty x {best:g}", best),
                         ("both, novelty x 0.4", 0.4)):  # fmt: skip
        made = other[weight]
        gain = lift(other[0.0][:, :2], made[:, :2])
        figures.append(Figure(f"recall, {name}", made[:, 0].sum() / made[:, 1].sum(), "",
                              f"{made[:, 2].sum() / days:.2f} false hours a day"))  # fmt: skip
        figures.append(Figure(f"  lift ({gain.low:+.2f} to {gain.high:+.2f})", gain.value, "",
                              f"{made[:, 1].sum():.0f} episodes"))  # fmt: skip
    return publish("novelty", figures)


if __name__ == "__main__":
    sys.exit(main())
