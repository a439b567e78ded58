"""Keeps one family, tier or mode from crowding out the others: what is beyond its share is not learned from."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import TypeVar

from training.synthesis.settings import Filters

T = TypeVar("T")
Tag = tuple[str, str]
"""An axis, and what something is on it."""


def balanced(
    of: Sequence[T], tags: Callable[[T], Sequence[Tag]], filters: Filters
) -> tuple[list[T], list[tuple[T, str]]]:
    """Those that stay, in order, and those that do not, each with what there is too much of: nothing on an axis is on
    more than its share of those that stay, rounded up, and an equal share is never too much. What comes first stays.

    >>> many = ["a", "a", "a", "a", "b"]
    >>> balanced(many, lambda one: [("family", one)], Filters(most_share=0.6))
    (['a', 'a', 'a', 'b'], [('a', 'family a')])
    """
    kept, refused, values = list(of), list[tuple[T, str]](), defaultdict[str, set[str]](set)
    counts = Counter(tag for one in of for tag in tags(one))
    for axis, value in counts:
        values[axis].add(value)
    shares = {axis: max(filters.share_of(axis), 1.0 / len(those)) for axis, those in values.items()}
    while (crowd := _crowd(counts, len(kept), shares)) is not None:
        last = next(place for place in range(len(kept) - 1, -1, -1) if crowd in tags(kept[place]))
        one = kept.pop(last)
        counts.subtract(tags(one))
        refused.insert(0, (one, " ".join(crowd)))
    return kept, refused


def _crowd(counts: Counter[Tag], total: int, shares: dict[str, float]) -> Tag | None:
    """What is farthest beyond its share."""
    beyond = [(count - math.ceil(shares[tag[0]] * total - 1e-9), tag) for tag, count in sorted(counts.items())]
    most, which = max(beyond, default=(0, ("", "")), key=lambda one: one[0])
    return which if most > 0 else None
