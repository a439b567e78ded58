"""One alert: what was seen, against this person's own usual, how sure, what is not known, who has it."""

import math
from dataclasses import dataclass

import numpy as np

from services.console import reading, words
from services.console.figure import figure
from services.console.language import say
from services.console.models import AlertOut
from services.console.plots import Trace, plot
from services.console.room import Room
from services.console.views.pages import Pages
from services.ledger import Dispatch, DispatchState, MovementRepository, StatusRepository
from services.ledger.history import HistoryWindow, window
from services.vocabulary import Deviation, Resident, UnixSeconds, describe

BEFORE_S, AFTER_S = 300.0, 180.0
PLOTS = 4
PARTS = ("state", "actions", "movement", "facts", "feedback")


@dataclass(frozen=True, slots=True)
class Plot:
    """One drawn channel; `svg` is empty where there is nothing to draw."""

    name: str
    sentence: str
    svg: str


@dataclass(frozen=True, slots=True)
class TermBar:
    """One term of the composite score, `share` of all in percent."""

    name: str
    share: int


def facts(room: Room, alert_id: str) -> dict[str, object] | None:
    """Everything the alert's templates need; None when there is no such alert."""
    with room.database.read() as connection:
        found = reading.alert(connection, alert_id)
        status = StatusRepository(connection).get(found.alert.resident) if found is not None else None
        moved = MovementRepository(connection).of_event(found.alert.event) if found is not None else None
    if found is None:
        return None
    event = found.event
    return {
        "found": found, "alert": found.alert, "event": event, "assessment": found.assessment,
        "resident": status.resident if status else Resident(found.alert.resident, found.alert.room),
        "plots": drawn(room, found), "terms": bars(found), "deviations": words.readable(event)[:8] if event else [],
        "sure": words.how_sure(event) if event else "", "course": words.course(event) if event else "",
        "movement": moved, "figure": figure(moved.poses, found.alert.opened_at) if moved else None,
        "waiting": waiting(found.dispatches),
        "not_known": words.not_known(event, found.assessment) if event else [], "now": room.clock.now(),
    }  # fmt: skip


def live(pages: Pages, known: dict[str, object]) -> dict[str, str]:
    """The parts of the alert's page that change by themselves."""
    return {part: pages.render(f"alert_{part}.html", **known) for part in PARTS}


def drawn(room: Room, found: AlertOut) -> list[Plot]:
    """The channels that changed most, around the moment of the alert."""
    event = found.event
    if event is None:
        return []
    end = min(room.clock.now() + 1.0, max(event.updated_at, event.opened_at) + AFTER_S, event.opened_at + 3600.0)
    start = event.opened_at - BEFORE_S
    past = window(room.database, room.history, event.resident, start, end)
    names = [d for d in words.readable(event) if d.channel in past.channels][:PLOTS]
    return [_plot(past, d, start, end, found.alert.opened_at) for d in names]


def bars(found: AlertOut) -> list[TermBar]:
    """What the score was made of, the largest part first."""
    terms = [t for t in found.event.terms if math.isfinite(t.contribution)] if found.event else []
    whole = sum(max(0.0, term.contribution) for term in terms)
    if not whole:
        return []
    shares = [
        TermBar(say(words.TERMS.get(t.name, t.name)), round(100 * max(0.0, t.contribution) / whole)) for t in terms
    ]
    return sorted(shares, key=lambda bar: -bar.share)


def waiting(dispatches: list[Dispatch]) -> list[Dispatch]:
    """Notices that no receiver has taken yet and that are tried again."""
    return [d for d in dispatches if d.state is DispatchState.PENDING and d.attempts]


def _plot(past: HistoryWindow, deviation: Deviation, start: float, end: float, fired_at: UnixSeconds) -> Plot:
    i = past.channels.index(deviation.channel)
    name = words.channel(deviation.channel)
    trace = Trace(
        name, past.time, past.values[:, i].astype(np.float64), past.usual[:, i].astype(np.float64),
        past.spread[:, i].astype(np.float64),
    )  # fmt: skip
    svg = plot(trace, start, end, fired_at, describe(deviation.channel).low)
    return Plot(name, words.how_far(deviation), svg)
