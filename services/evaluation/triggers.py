"""EIBench's recall of emotional triggers, computed as its authors do of what a judge counted. Pure."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from services.evaluation.published import RECALL, Score, mean_of

ATTEMPTS = 5
"""How often the authors ask a judge that gives no score, before the item counts 0."""
EMOTIONS = {"happy": "Happy", "angry": "Angry", "sadness": "sad", "excitement": "excit"}
"""The four that the authors report apart, each with what they look for in the picture's path."""
_SCORE = re.compile(r"\{score: (\d+)/(\d+)\}")


class Counted(NamedTuple):
    """`named` of `total` true triggers."""

    named: int
    total: int


NONE = Counted(0, 1)
"""What the authors count for a judge that never gave a score."""


def read_score(text: str) -> Counted | None:
    """The first score in a judge's words, `{score: 2/5}`; None where there is none. Departs from the authors in one
    thing: a score above 1 or of 0 triggers, which they count or fall over, is none.

    >>> read_score("Most of them. {score: 2/5}")
    Counted(named=2, total=5)
    """
    found = _SCORE.search(text)
    if found is None:
        return None
    named, total = map(int, found.groups())
    return Counted(named, total) if total > 0 and named <= total else None


def trigger_recall(pictures: Sequence[str], counted: Sequence[Counted]) -> list[Score]:
    """The mean over pictures of the share of true triggers that was named, in per cent (Lin et al., EIBench 2025), then
    that of each emotion of which there is a picture.

    >>> [(one.metric, one.interval.value) for one in trigger_recall(["Happy/1.jpg"], [Counted(1, 4)])]
    [('recall, %', 25.0), ('recall of happy, %', 25.0)]

    Raises:
        ValueError: not as many of each, or none.
    """
    if len(pictures) != len(counted) or not counted:
        raise ValueError(f"{len(pictures)} pictures, {len(counted)} scores: expected as many of each, at least one")
    shares = [100.0 * one.named / one.total for one in counted]
    parts = {RECALL: shares}
    for name, mark in EMOTIONS.items():
        parts[f"recall of {name}, %"] = [share for path, share in zip(pictures, shares, strict=True) if mark in path]
    return [mean_of(metric, values) for metric, values in parts.items() if values]
