"""Two arms of an experiment on the same events: rates, differences with intervals, and a verdict that may be looked at
after every event. For adapters and for thresholds alike: pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from services.evaluation.bootstrap import Interval
from services.evaluation.paired import difference, exact_bounds, sign_test
from services.evaluation.sequential import e_value

HEADINGS = ("of the same events", "n", "beside", "this one", "difference (95 %)", "p", "evidence", "limit", "so far")
"""What the cells of a row are."""
_EITHER = 0.5
"""Share of the events in which the arms differ that each would win, were they alike."""


class Standing(StrEnum):
    """What is known of the second arm against the first so far."""

    OPEN = "open"
    MORE = "more"
    LESS = "less"


@dataclass(frozen=True, slots=True)
class Compared:
    """One measure of both arms over `n` events. `gained` is second minus first with its 95 % interval for these events;
    `p` that of the exact sign test, which holds where one looks once. `evidence` is the larger e-value of both
    directions, `limit` what it must reach, whenever one looks, for `standing` to be other than open."""

    what: str
    n: int
    first: Interval
    second: Interval
    gained: Interval
    p: float
    evidence: float
    limit: float
    standing: Standing


def compared(what: str, first: Sequence[float], second: Sequence[float], alpha: float, looks: int = 1) -> Compared:
    """Both arms by one number per event, the same events in the same order: 1 or 0 for what happened or not, or any
    figure. `alpha` is the probability that a verdict is ever given where the arms are alike, shared by `looks`
    measures that are looked at together.

    The verdict counts the events in which the arms differ, and which of them is larger: under no difference each is
    as likely (sign test, made sequential by mixture e-values, see `services.evaluation.sequential`).

    Raises:
        ValueError: not the same number of events, no measure, or an impossible alpha.

    >>> compared("late", [0] * 40, [1] * 40, 0.05).standing
    <Standing.MORE: 'more'>
    >>> compared("late", [0, 1] * 20, [1, 0] * 20, 0.05).standing
    <Standing.OPEN: 'open'>
    """
    if not (0.0 < alpha < 1.0 and looks >= 1):
        raise ValueError(f"alpha = {alpha}, looks = {looks}: expected a probability, and one measure or more")
    gained = difference(first, second, np.random.default_rng(0))
    more = sum(b > a for a, b in zip(first, second, strict=True))
    less = sum(b < a for a, b in zip(first, second, strict=True))
    rises, falls = (e_value(hits, more + less, _EITHER) for hits in (more, less))
    limit = 2.0 * looks / alpha
    standing = Standing.MORE if rises >= limit else Standing.LESS if falls >= limit else Standing.OPEN
    signs = [b > a for a, b in zip(first, second, strict=True)], [b < a for a, b in zip(first, second, strict=True)]
    return Compared(
        what, len(first), _arm(first), _arm(second), gained, sign_test(signs[0], signs[1]), max(rises, falls), limit,
        standing,
    )  # fmt: skip


def row(one: Compared, share: bool = True) -> list[str | int]:
    """One measure in words, a cell for each of `HEADINGS`: shares in percent, other figures as they are."""
    said = {Standing.OPEN: "open", Standing.MORE: "more than beside", Standing.LESS: "less than beside"}
    plain, signed = ("{:.0%}", "{:+.1%}") if share else ("{:.2f}", "{:+.2f}")
    first, second = ("{} ({} to {})".format(*map(plain.format, arm)) for arm in (one.first, one.second))
    gained = "{} ({} to {})".format(*map(signed.format, one.gained))
    evidence = f"{one.evidence:.3g}", f"{one.limit:.3g}"
    return [one.what, one.n, first, second, gained, f"{one.p:.3f}", *evidence, said[one.standing]]


def _arm(values: Sequence[float]) -> Interval:
    """A share with its exact interval where every number is 0 or 1, else a mean with that of the normal law."""
    if all(value in (0, 1) for value in values):
        return exact_bounds(sum(map(int, values)), len(values))
    mean = float(np.mean(values))
    half = 1.96 * float(np.std(values, ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return Interval(mean, mean - half, mean + half)
