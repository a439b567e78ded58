"""The figures by which emotion benchmarks are published, computed as their authors do. Pure."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.evaluation.bootstrap import LEVEL, ROUNDS, Floats, Interval

Rows = NDArray[np.intp]
HIGHEST = 10.0
"""Largest score of overlap that a judge gives."""
Group = Callable[[str], str | None]
"""Brings synonyms together: a label to its group, None for a word that it does not know."""


class Score(NamedTuple):
    """One figure of a benchmark, with its 95 % interval over items (percentile bootstrap), of `n` items that count."""

    metric: str
    interval: Interval
    n: int


@dataclass(frozen=True, slots=True)
class Peer:
    """What somebody published of `benchmark` in this `metric`. A `target` is ours."""

    benchmark: str
    metric: str
    who: str
    value: float
    target: bool = False


UAR, WAR = "UAR, %", "WAR, %"
ACCURACY, RECALL, AVERAGE, F_SCORE = "accuracy, %", "recall, %", "average, %", "F-score, %"
CLUE, LABEL = "clue overlap, 0 to 10", "label overlap, 0 to 10"
OMNI = "Omni-Emotion (Yang et al. 2025)"
PEERS = (
    Peer("EMER", CLUE, OMNI, 8.22), Peer("EMER", CLUE, "Emotion-LLaMA (Cheng et al. 2024)", 7.83),
    Peer("EMER", CLUE, "Attune's target", 9.0, target=True),
    Peer("EMER-OV", AVERAGE, OMNI, 65.9), Peer("EMER-OV", AVERAGE, "Attune's target", 70.0, target=True),
    Peer("DFEW", UAR, OMNI, 68.80), Peer("DFEW", UAR, "Attune's target", 68.80, target=True),
    Peer("MAFW", UAR, OMNI, 53.81), Peer("MAFW", UAR, "Attune's target", 56.0, target=True),
)  # fmt: skip


def recalls(truth: Sequence[str], said: Sequence[str]) -> list[Score]:
    """Weighted and unweighted average recall of one label per item, in per cent (Schuller et al. 2009, as DFEW and MAFW
    report them): the share of items that are right, and the mean over classes of the share of theirs that is. A class
    that is never true takes no part; an answer that is no class is wrong.

    Raises:
        ValueError: not the same items, or none.
    """
    _same(truth, said)
    classes = sorted(set(truth))
    of = np.array([classes.index(label) for label in truth])
    right = np.array([label == answer for label, answer in zip(truth, said, strict=True)], float)

    weighted, unweighted = _drawn(len(truth), lambda rows: _both(of, right, rows, len(classes)))
    return [Score(WAR, weighted, len(truth)), Score(UAR, unweighted, len(truth))]


def recalls_over_folds(truth: Sequence[str], said: Sequence[str], folds: Sequence[int]) -> list[Score]:
    """The same of each fold by itself, then the mean over folds, as DFEW and MAFW are reported (five of each). Items
    are drawn anew within their fold.

    >>> two = recalls_over_folds(["a", "b", "a", "a"], ["a", "a", "a", "a"], [1, 1, 2, 2])
    >>> [(one.metric, one.interval.value) for one in two]
    [('WAR, %', 75.0), ('UAR, %', 75.0)]

    Raises:
        ValueError: not the same items, or none.
    """
    _same(truth, said)
    if len(folds) != len(truth):
        raise ValueError(f"{len(folds)} folds for {len(truth)} items: expected one each")
    parts = [[place for place, one in enumerate(folds) if one == fold] for fold in sorted(set(folds))]
    of = [recalls([truth[k] for k in part], [said[k] for k in part]) for part in parts]
    if len(parts) == 1:
        return of[0]
    rng, classes = np.random.default_rng(0), sorted(set(truth))
    codes = np.array([classes.index(label) for label in truth])
    right = np.array([label == answer for label, answer in zip(truth, said, strict=True)], float)
    drawn = np.empty((ROUNDS, len(parts), 2))
    for k, part in enumerate(map(np.array, parts)):
        for turn in range(ROUNDS):
            drawn[turn, k] = _both(codes, right, part[rng.integers(0, len(part), len(part))], len(classes))
    low, high = np.quantile(drawn.mean(axis=1), [(1.0 - LEVEL) / 2, (1.0 + LEVEL) / 2], axis=0)
    values = np.mean([[score.interval.value for score in one] for one in of], axis=0)
    return [Score(name, Interval(float(values[m]), float(low[m]), float(high[m])), len(truth))
            for m, name in enumerate((WAR, UAR))]  # fmt: skip


def open_set(
    truth: Sequence[AbstractSet[str]], said: Sequence[AbstractSet[str]], groups: Sequence[Group]
) -> list[Score]:
    """Open-vocabulary emotions in per cent (Lian et al., OV-MER 2025): of each item the share of what was said that is
    true (accuracy) and the share of what is true that was said (recall), both after synonyms were brought together and
    words that the grouping does not know left out; then means over items, their average, and their F-score.

    With several `groups`, such as the five emotion wheels of the authors, each figure is the mean over them. An item
    without a true label that is known takes no part; one about which nothing known was said counts 0.

    Raises:
        ValueError: not the same items, or none that counts; no grouping.
    """
    _same(truth, said)
    if not groups:
        raise ValueError("no grouping of labels: expected at least one, such as `exactly`")
    shares = [_shares(truth, said, group) for group in groups]
    counts = np.array([~np.isnan(one[:, 0]) for one in shares])
    if not counts.any(axis=1).all():
        raise ValueError(f"a grouping knows no true label of all {len(truth)} items: is it one of these labels?")

    def means(rows: Rows) -> tuple[float, ...]:
        found = []
        for one, counted in zip(shares, counts, strict=True):
            there = rows[counted[rows]]
            accuracy, recall = one[there].mean(axis=0) if len(there) else (0.0, 0.0)
            f_score = 2.0 * accuracy * recall / (accuracy + recall) if accuracy + recall > 0.0 else 0.0
            found.append((accuracy, recall, 0.5 * (accuracy + recall), f_score))
        return tuple((100.0 * np.mean(found, axis=0)).tolist())

    n = int(counts.any(axis=0).sum())
    names = (ACCURACY, RECALL, AVERAGE, F_SCORE)
    drawn = _drawn(len(truth), means)
    return [Score(name, interval, n) for name, interval in zip(names, drawn, strict=True)]


def exactly(label: str) -> str:
    """The grouping that brings nothing together but case and space."""
    return " ".join(label.split()).casefold()


def grouping(table: Mapping[str, str]) -> Group:
    """The grouping of a table from label to group; words that are not in it are left out."""
    known = {exactly(label): group for label, group in table.items()}
    return lambda label: known.get(exactly(label))


def overlap(metric: str, scores: Sequence[float]) -> Score:
    """The mean of what a judge says of how far clues or labels agree, 0 to 10 (Lian et al., EMER 2023).

    Raises:
        ValueError: none, or one that is no number from 0 to 10.
    """
    if not len(scores):
        raise ValueError("no scores: expected at least one")
    for place, score in enumerate(scores):
        if not 0.0 <= score <= HIGHEST:
            raise ValueError(f"score {place + 1} is {score}: expected a number from 0 to {HIGHEST:g}")
    return mean_of(metric, scores)


def mean_of(metric: str, scores: Sequence[float]) -> Score:
    """The mean over items, at least one."""
    values = np.asarray(scores, float)
    (mean,) = _drawn(len(values), lambda rows: (float(values[rows].mean()),))
    return Score(metric, mean, len(values))


def _both(of: Rows, right: Floats, rows: Rows, classes: int) -> tuple[float, float]:
    """Weighted and unweighted average recall of some rows, whose classes are numbers."""
    many = np.bincount(of[rows], minlength=classes)
    hits = np.bincount(of[rows], weights=right[rows], minlength=classes)
    return 100.0 * float(right[rows].mean()), 100.0 * float((hits[many > 0] / many[many > 0]).mean())


def _shares(truth: Sequence[AbstractSet[str]], said: Sequence[AbstractSet[str]], group: Group) -> Floats:
    """Accuracy and recall of every item, (n, 2); NaN where it does not count."""
    rows = np.full((len(truth), 2), np.nan)
    for place, (labels, answers) in enumerate(zip(truth, said, strict=True)):
        true, given = ({one for label in these if (one := group(label))} for these in (labels, answers))
        if true:
            both = len(true & given)
            rows[place] = both / len(given) if given else 0.0, both / len(true)
    return rows


def _drawn(n: int, of: Callable[[Rows], tuple[float, ...]]) -> list[Interval]:
    """Each figure of all items, and its interval by drawing them with replacement."""
    rng = np.random.default_rng(0)
    whole = of(np.arange(n))
    drawn = np.array([of(rng.integers(0, n, n)) for _ in range(ROUNDS)])
    low, high = np.quantile(drawn, [(1.0 - LEVEL) / 2, (1.0 + LEVEL) / 2], axis=0)
    return [Interval(float(value), float(a), float(b)) for value, a, b in zip(whole, low, high, strict=True)]


def _same(truth: Sequence[object], said: Sequence[object]) -> None:
    if len(truth) != len(said):
        raise ValueError(f"{len(truth)} true and {len(said)} said: expected the same items")
    if not len(truth):
        raise ValueError("no items: expected at least one")
