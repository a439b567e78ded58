"""Fits one calibrated logistic regression per cue, and tries each on recordings it has not heard."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from training.cues.embedding import Embedded
from training.cues.labelled import NOTHING

Floats = NDArray[np.float64]

PENALTY = 0.003
"""scikit-learn's C (source: of 0.0003, 0.003, 0.03 and 0.3 the best Brier score on the labelled sounds of the assets,
in each of three divisions into folds)."""
LEAST_SLOPE = 0.01
"""A calibration that turns scores upside down means that nothing was learned: then a cue is told as about as probable
as it was among the sounds."""


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """Probabilities of `labels`: sigmoid(vectors @ weights + biases), weights (dimensions, labels)."""

    labels: tuple[str, ...]
    weights: NDArray[np.float32]
    biases: NDArray[np.float32]

    def probabilities(self, vectors: NDArray[np.floating]) -> Floats:
        """(n, labels) of n embeddings."""
        return 1.0 / (1.0 + np.exp(-np.clip(vectors @ self.weights + self.biases, -50.0, 50.0)))


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Every window of every stretch: `vectors` (n, dimensions), and of which stretch, label and recording it is."""

    vectors: Floats
    stretch: NDArray[np.int64]
    label: NDArray[np.str_]
    recording: NDArray[np.int64]

    @classmethod
    def of(cls, stretches: Sequence[Embedded]) -> "Windows":
        """All windows of `stretches`, in their order."""
        names = {name: k for k, name in enumerate(dict.fromkeys(one.of.recording for one in stretches))}
        counts = [len(one.vectors) for one in stretches]
        return cls(
            np.concatenate([one.vectors for one in stretches]).astype(np.float64),
            np.repeat(np.arange(len(stretches)), counts),
            np.repeat([one.of.label for one in stretches], counts),
            np.repeat([names[one.of.recording] for one in stretches], counts),
        )

    def only(self, places: NDArray[np.int64]) -> "Windows":
        """Some of them."""
        return Windows(self.vectors[places], self.stretch[places], self.label[places], self.recording[places])


def fit(windows: Windows, folds: int, seed: int) -> Head:
    """A head for every cue among the labels.

    Each is a logistic regression with both sides weighted alike and every recording alike, calibrated by Platt's method
    (Platt 1999, Probabilistic outputs for support vector machines) on scores of recordings that were left out.
    """
    labels = tuple(sorted(set(windows.label.tolist()) - {NOTHING}))
    with threadpool_limits(1):  # several threads for so little took ten times as long
        columns = [_fit_one(windows, label, folds, seed) for label in labels]
    weights = np.stack([weights for weights, _ in columns], axis=1)
    return Head(labels, weights.astype(np.float32), np.array([bias for _, bias in columns], np.float32))


def left_out(
    windows: Windows, folds: int, seed: int, advance: Callable[[], None] = lambda: None
) -> tuple[tuple[str, ...], Floats]:
    """The labels, and for every window what a head says that was fitted without its recording: (n, labels)."""
    labels = tuple(sorted(set(windows.label.tolist()) - {NOTHING}))
    told = np.full((len(windows.label), len(labels)), np.nan)
    for train, test in _folds(windows.label, windows.recording, folds, seed):
        head = fit(windows.only(train), folds, seed)
        columns = np.array([labels.index(label) for label in head.labels])
        told[test[:, None], columns] = head.probabilities(windows.vectors[test])
        advance()
    return labels, np.nan_to_num(told, nan=0.0)


def fold_count(windows: Windows, folds: int) -> int:
    """How many folds there can be: no more than the recordings of the rarest label."""
    fewest = min(len(set(windows.recording[windows.label == one].tolist())) for one in set(windows.label.tolist()))
    return max(2, min(folds, fewest))


def _fit_one(windows: Windows, label: str, folds: int, seed: int) -> tuple[Floats, float]:
    positive = windows.label == label
    scores = np.full(len(positive), np.nan)
    for train, test in _folds(positive, windows.recording, folds, seed):
        if positive[train].any() and not positive[train].all():
            weights, bias = _regression(windows.only(train), positive[train])
            scores[test] = windows.vectors[test] @ weights + bias
    weights, bias = _regression(windows, positive)
    there = np.isfinite(scores)
    slope, offset = _platt(scores[there], positive[there], _alike(windows.recording[there]))
    return weights * slope, bias * slope + offset


def _regression(windows: Windows, positive: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Weights and bias on the embeddings as they come; inside, they are scaled."""
    middle, spread = windows.vectors.mean(axis=0), windows.vectors.std(axis=0)
    spread = np.where(spread > 1e-6, spread, np.inf)
    model = LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=2000)
    model.fit((windows.vectors - middle) / spread, positive, sample_weight=_alike(windows.recording))
    weights = model.coef_[0] / spread
    return weights, float(model.intercept_[0] - weights @ middle)


def _platt(scores: Floats, positive: NDArray[np.bool_], weight: Floats) -> tuple[float, float]:
    """Slope and offset that turn scores into log odds, by a hardly penalised regression on the one number."""
    if positive.all() or not positive.any():
        return 1.0, 0.0
    model = LogisticRegression(C=10.0).fit(scores[:, None], positive, sample_weight=weight)
    slope, offset = float(model.coef_[0, 0]), float(model.intercept_[0])
    return (slope, offset) if slope >= LEAST_SLOPE else (LEAST_SLOPE, offset)


def _alike(recording: NDArray[np.int64]) -> Floats:
    """Weights by which every recording counts as one window does on average."""
    _, place, counts = np.unique(recording, return_inverse=True, return_counts=True)
    return np.asarray(len(recording) / (len(counts) * counts[place]), np.float64)


def _folds(
    label: NDArray[np.generic], recording: NDArray[np.int64], folds: int, seed: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    fewest = min(len(set(recording[label == one].tolist())) for one in np.unique(label))
    splitter = StratifiedGroupKFold(max(2, min(folds, fewest)), shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(label)), label, recording))
