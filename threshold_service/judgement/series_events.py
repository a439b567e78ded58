"""From the evidence of a recorded series to its events: which rows belong to which, and how urgent they are."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.vocabulary import Reason, Tier, Timing
from threshold_service.judgement.series import Judged, Lengths
from threshold_service.judgement.watch import Change, Finding, Watch, follow
from threshold_service.statistics.arrays import Bools, Ints


class Told(NamedTuple):
    """Of each row of n: the tier of the open event (0: none is open), and the row at which it opened (-1)."""

    tier: NDArray[np.int8]
    opened: Ints


def events(judged: Judged, anew: Bools, read: Lengths) -> Told:
    """The events of a series, by the same life of an event as in the live engine, one row being one second.

    `anew` (n,) are rows after a long silence: it ends an event.
    """
    n = len(judged.evidence)
    told = Told(np.zeros(n, np.int8), np.full(n, -1, np.int64))
    timing = Timing(quiet_to_end_s=read.quiet, cooldown_s=read.cooldown, restart_gap_s=float("inf"))
    watch, row, opened = Watch(), 0, -1
    speaks = np.flatnonzero(judged.evidence > judged.urgent)
    while row < n:
        if watch.tier is None:
            next_one = int(np.searchsorted(speaks, row))
            if next_one == len(speaks):
                break
            row = int(speaks[next_one])
        elif anew[row]:
            watch = Watch(ended_at=float(row), ended_tier=watch.tier)
            continue
        watch, change = follow(watch, _finding(judged, row), timing)
        opened = row if change is Change.OPENED else opened
        if watch.tier is not None:
            told.tier[row], told.opened[row] = watch.tier.value, opened
        row += 1
    return told


def _finding(judged: Judged, row: int) -> Finding:
    evidence = judged.evidence[row]
    tier = None
    if evidence > judged.urgent[row]:
        tier = Tier.IMMEDIATE if evidence > judged.immediate[row] else Tier.URGENT
    lasting = Tier.URGENT if evidence > judged.release[row] else None
    return Finding(float(row), tier, None if tier is None else Reason.COMPOSITE, lasting)
