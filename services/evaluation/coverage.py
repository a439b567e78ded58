"""Which episodes could have been noticed: valid scores must cover enough of the time around their onset."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.evaluation.nouns import Label
from services.vocabulary import Sense, describe

Bools = NDArray[np.bool_]
BEFORE_S = 300.0
SHARE = 0.6
"""Definition of the benchmark: valid scores cover 60 % of [onset - 5 min, peak]."""


def covered(channels: Sequence[str], values: NDArray[np.floating]) -> Bools:
    """Which of n seconds have valid scores of the person: `values` (n, channels); face, expression or pose must be
    there, because sound and the motion of a picture go on in an empty room. Where no channel is of these senses, any
    valid score counts.

    >>> covered(("audio.loudness", "pose.speed"), np.array([[1.0, np.nan], [1.0, 2.0]])).tolist()
    [False, True]
    """
    personal = [describe(name).sense in (Sense.FACE, Sense.EXPRESSION, Sense.POSE) for name in channels]
    picked = np.flatnonzero(personal) if any(personal) else np.arange(len(channels))
    valid: Bools = np.isfinite(values[:, picked]).any(axis=1)
    return valid


def marked(labels: Sequence[Label], seconds: Sequence[Bools]) -> tuple[Label, ...]:
    """The labels with their observability; `seconds` holds the covered seconds of each resident."""
    return tuple(replace(label, observable=_share(label, seconds[label.resident]) >= SHARE) for label in labels)


def _share(label: Label, seconds: Bools) -> float:
    begin, end = int(label.onset_s - BEFORE_S), int(np.ceil(label.peak_s))
    return float(seconds[max(begin, 0) : end].sum()) / max(end - begin, 1)
