"""How right a head is beside the ready-made model, by stretch of sound: found, false, confusion, with intervals."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.preprocess.sounds import cue_probabilities
from services.vocabulary import CueName
from training.cues.embedding import Embedded
from training.cues.fitting import Windows
from training.cues.labelled import NOTHING

SURE = 0.5
"""Probability from which a cue counts as told (the policy's cue_threshold)."""


@dataclass(frozen=True, slots=True)
class Share:
    """`of` out of `total`, with its 95 % interval (Wilson 1927, J. Am. Stat. Assoc. 22, 209-212).

    >>> Share(7, 8).text
    '7 of 8 (0.53 to 0.98)'
    """

    of: int
    total: int

    @property
    def interval(self) -> tuple[float, float]:
        """Lowest and highest share that go with it; 0 to 1 of nothing."""
        if not self.total:
            return 0.0, 1.0
        z, n, p = 1.96, self.total, self.of / self.total
        middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, (middle - half) / (1 + z * z / n)), min(1.0, (middle + half) / (1 + z * z / n))

    @property
    def text(self) -> str:
        """For people."""
        low, high = self.interval
        return f"{self.of} of {self.total} ({low:.2f} to {high:.2f})"


@dataclass(frozen=True, slots=True)
class Side:
    """What one model says of all stretches: by cue how many it found and how many others it called so, its Brier score
    over stretches and cues, and which cue it told (columns) of which label (rows)."""

    found: Mapping[str, Share]
    false: Mapping[str, Share]
    brier: float
    confusion: Counter[tuple[str, str]]


def side(labels: Sequence[str], truth: Sequence[str], told: NDArray[np.floating]) -> Side:
    """`told` (stretches, labels) holds the largest probability of each stretch, `truth` what each is."""
    what = np.array(truth)
    found, false = {}, {}
    for k, label in enumerate(labels):
        here = what == label
        found[label] = Share(int((told[here, k] >= SURE).sum()), int(here.sum()))
        false[label] = Share(int((told[~here, k] >= SURE).sum()), int((~here).sum()))
    right = what[:, None] == np.array(labels)[None]
    said = [labels[int(row.argmax())] if row.max() >= SURE else NOTHING for row in told]
    return Side(found, false, float(np.mean((told - right) ** 2)), Counter(zip(truth, said, strict=True)))


def by_stretch(windows: Windows, told: NDArray[np.floating], count: int) -> NDArray[np.float64]:
    """The largest probability of every stretch's windows, as an agent tells a cue of a second: (count, labels)."""
    most = np.zeros((count, told.shape[1]))
    np.maximum.at(most, windows.stretch, told)
    return most


def ready_made(stretches: Sequence[Embedded], labels: Sequence[str]) -> NDArray[np.float64] | None:
    """What the model's own classes say of every stretch, where it has those of YAMNet: (stretches, labels)."""
    if any(one.scores is None or one.scores.shape[1] != 521 for one in stretches):
        return None
    rows = []
    for one in stretches:
        assert one.scores is not None
        cues = cue_probabilities(one.scores)
        rows.append([float(cues[CueName(label)].max()) for label in labels])
    return np.array(rows)
