"""Takes as absent what a sense itself says it could hardly see or hear."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from services.vocabulary import Policy, UnixSeconds, describe
from threshold_service.judgement.hours import within
from threshold_service.statistics.arrays import Bools, Floats, Ints

PREFIX = "quality."


class Witness(NamedTuple):
    """The channel in which a sense says how well it could sense, and the channels it answers for."""

    quality: int
    channels: Ints


def witnesses(channels: Sequence[str]) -> tuple[Witness, ...]:
    """Who answers for which of `channels`.

    >>> [(one.quality, one.channels.tolist()) for one in witnesses(("face.jawOpen", "motion.ratio", "quality.face"))]
    [(2, [0])]
    """
    found = []
    for place, name in enumerate(channels):
        if not name.startswith(PREFIX):
            continue
        sense = name.removeprefix(PREFIX)
        mine = [i for i, other in enumerate(channels) if describe(other).judged and describe(other).sense == sense]
        if mine:
            found.append(Witness(place, np.array(mine, np.int64)))
    return tuple(found)


def private(rows: Ints, times: Floats, policies: Sequence[Policy], time_zone: str) -> Bools | None:
    """Which samples (m,) fall into their resident's private hours; None where nobody has any."""
    if not any(policy.private for policy in policies):
        return None
    now = [
        bool(policies[row].private) and within(minute_of_day(time, time_zone), policies[row].private)
        for row, time in zip(rows.tolist(), times.tolist(), strict=True)
    ]
    return np.array(now, bool)


def minute_of_day(time: UnixSeconds, zone: str) -> int:
    """The local minute of the day; of years that no calendar has, as if in UTC.

    >>> minute_of_day(1_750_000_000.0, "Europe/Berlin")
    1026
    """
    if not math.isfinite(time):
        return 0
    try:
        there = datetime.fromtimestamp(time, ZoneInfo(zone))
    except (OverflowError, ValueError, OSError):
        return int(time // 60.0) % 1440
    return 60 * there.hour + there.minute


def sensed(
    values: NDArray[np.floating], quality: NDArray[np.floating], who: Sequence[Witness], floor: float
) -> NDArray[np.floating]:
    """`values` (m, c) with NaN for what was sensed worse than `floor`: by the sample's `quality` (m,) everything, by a
    sense's own its channels. A quality that is NaN says nothing. The same array where all is well.

    >>> sensed(np.array([[1.0, 0.1]]), np.ones(1), witnesses(("face.jawOpen", "quality.face")), 0.2).tolist()
    [[nan, 0.1]]
    """
    poor = quality < floor
    blurred = [(one, values[:, one.quality] < floor) for one in who]
    if not np.count_nonzero(poor) and not any(np.count_nonzero(bad) for _, bad in blurred):
        return values
    kept: Floats = values.astype(np.float64)
    for one, bad in blurred:
        kept[np.ix_(bad, one.channels)] = np.nan
    kept[poor] = np.nan
    return kept
