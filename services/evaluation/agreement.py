"""Whether a judge marks as people do: order (Spearman) and distance (quadratic-weighted kappa). Pure."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score

from services.evaluation.bootstrap import LEVEL, ROUNDS, Interval

Marks = NDArray[np.int_]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of `what` was marked by both: `n` pairs about `answers` answers. NaN where all marks of one are the same."""

    what: str
    spearman: Interval
    kappa: Interval
    n: int
    answers: int


def agreement(
    what: str, judge: Sequence[int], people: Sequence[int], answer: Sequence[str], highest: int
) -> Agreement:  # fmt: skip
    """Marks 0 to `highest`, pair by pair, each about an `answer`: Spearman's rank correlation, ties by mean ranks, and
    Cohen's kappa with quadratic weights (Cohen 1968), with percentile intervals by drawing answers, not pairs (Efron
    1979).

    >>> agreement("evidence", [0, 1, 2, 3], [0, 1, 2, 3], "abcd", 4).kappa.value
    1.0

    Raises:
        ValueError: not as many of each, or none.
    """
    if not len(judge) == len(people) == len(answer) or not len(judge):
        raise ValueError(f"{what}: {len(judge)} marks of the judge, {len(people)} of people, {len(answer)} answers: "
                         "expected as many of each, at least one")  # fmt: skip
    first, second = np.asarray(judge, int), np.asarray(people, int)
    names = {name: place for place, name in enumerate(dict.fromkeys(answer))}
    of = np.array([names[name] for name in answer])
    rows = [np.flatnonzero(of == place) for place in range(len(names))]
    rng = np.random.default_rng(0)
    drawn = [np.concatenate([rows[i] for i in rng.integers(0, len(rows), len(rows))]) for _ in range(ROUNDS // 2)]
    labels = list(range(highest + 1))

    def kappa(a: Marks, b: Marks) -> float:
        return float(cohen_kappa_score(a, b, labels=labels, weights="quadratic"))

    return Agreement(
        what, _interval(first, second, drawn, _spearman), _interval(first, second, drawn, kappa), len(first), len(rows)
    )


def _spearman(a: Marks, b: Marks) -> float:
    return float(spearmanr(a, b).statistic)


def _interval(a: Marks, b: Marks, drawn: Sequence[Marks], of: Callable[[Marks, Marks], float]) -> Interval:
    def sure(rows: Marks) -> float:
        vary = len(set(a[rows].tolist())) > 1 and len(set(b[rows].tolist())) > 1
        return of(a[rows], b[rows]) if vary else math.nan

    whole = sure(np.arange(len(a)))
    found = [one for rows in drawn if not math.isnan(one := sure(rows))]
    if math.isnan(whole) or not found:
        return Interval(math.nan, math.nan, math.nan)
    low, high = np.quantile(found, [(1.0 - LEVEL) / 2, (1.0 + LEVEL) / 2])
    return Interval(whole, float(low), float(high))
