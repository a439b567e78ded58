"""Takes as absent what a sense itself says it could hardly see or hear, or hardly tell."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from services.runtime.batch import Batch
from services.vocabulary import Absence, Policy, UnixSeconds, describe
from services.vocabulary.hours import within
from threshold_service.statistics.arrays import Bools, Floats, Ints

PREFIX, DOUBT = "quality.", "uncertainty."
KNOWS_NOTHING = 0.25
"""Standard deviation, as a share of a channel's range, from which a value tells nothing: a value drawn from anywhere in
the range has 0.29."""


class Witness(NamedTuple):
    """The channel in which a sense says how well it could sense, and the channels it answers for."""

    quality: int
    channels: Ints


class Doubted(NamedTuple):
    """The channel that tells another one's variance, the other one, and the variance from which that tells nothing."""

    uncertainty: int
    channel: int
    most: float


def doubted(channels: Sequence[str]) -> tuple[Doubted, ...]:
    """Which of the bounded `channels` come with an uncertainty.

    >>> doubted(("affect.valence", "uncertainty.affect.valence"))
    (Doubted(uncertainty=1, channel=0, most=0.25),)
    """
    found = []
    for place, name in enumerate(channels):
        of = describe(name.removeprefix(DOUBT))
        if name.startswith(DOUBT) and of.name in channels and of.low is not None and of.high is not None:
            found.append(Doubted(place, list(channels).index(of.name), (KNOWS_NOTHING * (of.high - of.low)) ** 2))
    return tuple(found)


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
    values: NDArray[np.floating], quality: NDArray[np.floating], who: Sequence[Witness], doubts: Sequence[Doubted],
    floor: float,
) -> NDArray[np.floating]:  # fmt: skip
    """`values` (m, c) with NaN for what was sensed worse than `floor`: by the sample's `quality` (m,) everything, by a
    sense's own its channels; and for what is so uncertain that it tells nothing. A quality or uncertainty that is NaN
    says nothing. The same array where all is well.

    >>> sensed(np.array([[1.0, 0.1]]), np.ones(1), witnesses(("face.jawOpen", "quality.face")), (), 0.2).tolist()
    [[nan, 0.1]]
    """
    poor = quality < floor
    blurred = [(one.channels, values[:, one.quality] < floor) for one in who]
    blurred += [(np.array([one.channel]), values[:, one.uncertainty] >= one.most) for one in doubts]
    if not np.count_nonzero(poor) and not any(np.count_nonzero(bad) for _, bad in blurred):
        return values
    kept: Floats = values.astype(np.float64)
    for channels, bad in blurred:
        kept[np.ix_(bad, channels)] = np.nan
    kept[poor] = np.nan
    return kept


def in_company(batch: Batch) -> NDArray[np.int32]:
    """Persons in view of each sample, (m,): at least two where somebody alone was not confirmed as the resident, for
    then as with a visitor nothing seen may be taken for the resident's, and what is safety goes on."""
    strangers = [place for place, gap in batch.gaps if gap.reason is Absence.NOT_CONFIRMED]
    if not strangers:
        return batch.persons
    persons = batch.persons.copy()
    persons[strangers] = np.maximum(persons[strangers], 2)
    return persons
