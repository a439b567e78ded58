"""Reads what explains one event: the event, the score history around it, and what was usual in that second."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from services.ledger.database import Database
from services.ledger.events import EventRepository
from services.ledger.history import HistoryWindow, window
from services.ledger.history.rows import HOUR_S, HistoryRows, named
from services.vocabulary import Event, Explanation, Mode, Policy, Seconds, UnixSeconds, Usual, describe, explain

BEFORE_S: Seconds = 600.0
AFTER_S: Seconds = 300.0
LONGEST_S: Seconds = 3600.0
"""A long event is shown for so long after its opening."""
STEP_S: Seconds = 5.0
"""Rows further than this from the second that is explained tell of another one."""


@dataclass(frozen=True, slots=True)
class Explained:
    """An event taken apart, and the `past` around it; `fired_at` is the second that its score and terms are of."""

    explanation: Explanation
    past: HistoryWindow
    start: UnixSeconds
    end: UnixSeconds


def explained(
    database: Database, folder: Path, event_id: str, policies: Sequence[Policy] = (), now: UnixSeconds | None = None
) -> Explained | None:
    """What explains an event; None when the ledger holds none of this id. `folder` is where old history lies.

    Nothing of a channel that the resident's mode forbids is read.

    Raises:
        SegmentDamaged: a stretch of history that cannot be read.
    """
    with database.read() as connection:
        event = EventRepository(connection).get(event_id)
    if event is None:
        return None
    start = event.opened_at - BEFORE_S
    end = min(max(event.updated_at, event.opened_at) + AFTER_S, event.opened_at + LONGEST_S)
    if now is not None:
        end = min(end, max(now + 1.0, event.opened_at + 1.0))
    past = _readable(window(database, folder, event.resident, start, end), event.evidence.mode)
    return Explained(explain(event, _usual(past, _spoke_at(event)), policies), past, start, end)


def _spoke_at(event: Event) -> UnixSeconds:
    """When it opened or was last raised; of an ended event without a calibration nobody kept the latter."""
    if event.calibration is not None:
        return event.calibration.at
    return event.updated_at if event.open else event.opened_at


def _readable(past: HistoryWindow, mode: Mode) -> HistoryWindow:
    kept = [i for i, name in enumerate(past.channels) if describe(name).allowed_in(mode)]
    wide = (past.values[:, kept], past.usual[:, kept], past.spread[:, kept])
    return named([past.channels[i] for i in kept], HistoryRows(past.time, *wide, past.score, past.tier))


def _usual(past: HistoryWindow, at: UnixSeconds) -> tuple[Usual, ...]:
    """Every channel's usual in the row of second `at`; nothing where that row is gone or stands for an hour."""
    if not len(past) or not len(past.channels):
        return ()
    row = int(np.argmin(np.abs(past.time - at)))
    if abs(float(past.time[row]) - at) > STEP_S or _hourly(past, row):
        return ()
    pairs = zip(past.channels, past.usual[row].tolist(), past.spread[row].tolist(), strict=True)
    return tuple(Usual(name, level, spread) for name, level, spread in pairs if np.isfinite(level))


def _hourly(past: HistoryWindow, row: int) -> bool:
    """Whether this row may be what remains of an hour: it stands at a full hour with no second beside it."""
    on_the_hour = float(past.time[row]) % HOUR_S == 0.0
    return on_the_hour and not bool((np.abs(past.time - past.time[row]) <= STEP_S).sum() > 1)
