"""A shift for whoever hands it over: what happened, what is open, who is on, and how much it was."""

import json
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import Connection

from services.console import reading, tally, words, writing
from services.console.entrance import InVisitor, needs
from services.console.language import say
from services.console.models import Name, Note
from services.console.roles import May
from services.console.room import InRoom, Room
from services.console.tally import Part, Taken
from services.console.views.now import AlertRow
from services.console.views.pages import Pages
from services.ledger import (
    AlertRepository,
    AuditRepository,
    DeliveryRepository,
    FeedbackRepository,
    OnCall,
    OnCallRepository,
    PolicyRepository,
    Silence,
    SilenceRepository,
    StatusRepository,
)
from services.ledger.load import Load, allowance, loads
from services.vocabulary import Alert, Feedback, Resident, Seconds, Tier, UnixSeconds

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
SPANS: dict[int, str] = {8: "8 hours", 12: "12 hours", 24: "A day", 168: "A week"}
WEEK_S: Seconds = 7 * 86_400.0
SHOWN, COUNTED = 60, 2000
"""Alerts in a list, and alerts of which it is counted how soon they were taken, the latest."""
STALE_S: Seconds = 180.0
"""Alerting says at least once a minute who is reached; after this it is not known any more (source: guess)."""


@dataclass(frozen=True, slots=True)
class Handover:
    """One shift handed over to the next: who did, when, and what they wrote."""

    by: str
    at: UnixSeconds
    note: str


@dataclass(frozen=True, slots=True)
class Shift:
    """One span of time of the whole house. `allowed` is what the budget makes for all residents in it."""

    since: UnixSeconds
    until: UnixSeconds
    alerts: int
    urgent: int
    rows: tuple[AlertRow, ...]
    still_open: tuple[AlertRow, ...]
    open_count: int
    taken: Taken
    loads: tuple[Load, ...]
    allowed: float
    week: tuple[Part, ...]
    on_call: tuple[OnCall, ...]
    silences: tuple[Silence, ...]
    unconfirmed: tuple[Feedback, ...]
    handovers: tuple[Handover, ...]
    labels: dict[str, Resident]


@router.get("/shift", dependencies=needs(May.SEE_RESIDENTS))
def shift_page(
    request: Request, room: InRoom, visitor: InVisitor, hours: Annotated[int, Query()] = 8,
    handed: Annotated[bool, Query()] = False,
) -> HTMLResponse:  # fmt: skip
    """What happened in the last hours, for the next one."""
    chosen = hours if hours in SPANS else 8
    shift = of(room, room.clock.now(), chosen)
    room.seen(visitor, "shift", {row.alert.resident for row in (*shift.rows, *shift.still_open)})
    pages: Pages = request.app.state.pages
    sentence = summary(shift, chosen)
    return HTMLResponse(
        pages.render("shift.html", shift=shift, hours=chosen, spans=SPANS, summary=sentence, handed=handed)
    )


@router.post("/shift/hand-over", dependencies=needs(May.TAKE_ALERTS))
def hand_over(
    room: InRoom, visitor: InVisitor, note: Annotated[Note, Form()] = "", by: Annotated[Name, Form()] = "",
    hours: Annotated[Literal["8", "12", "24", "168"], Form()] = "8",
) -> RedirectResponse:  # fmt: skip
    """The button "hand over": who did, when, and a note for the next one."""
    now = room.clock.now()
    writing.hand_over(room.database, visitor.named(by), note, now)
    return RedirectResponse(f"/shift?hours={hours}&handed=true", 303)


def of(room: Room, now: UnixSeconds, hours: int) -> Shift:
    """The last `hours`, and beside them the week."""
    since = now - 3600.0 * hours
    with room.database.read() as connection:
        people = {one.resident.id: one.resident for one in StatusRepository(connection).all()}
        alerts = AlertRepository(connection)
        counts, open_count = alerts.tally(since, now), sum(alerts.waiting_counts().values())
        newest = reading.taken(connection, alerts.newest(since, now, SHOWN))
        taken = reading.taken(connection, alerts.taken(since, now, COUNTED))
        log = DeliveryRepository(connection).between(since, now)
        tiers = alerts.tiers({one.alert for one in log})
        budget = PolicyRepository(connection).in_force().weekly(people)
        allowed = allowance(len(people), now - since, budget.tier1 + budget.tier2)
        said = FeedbackRepository(connection).between(now - WEEK_S, now + 1.0)
        return Shift(
            since, now, sum(one.n for one in counts), sum(one.n for one in counts if one.tier is Tier.IMMEDIATE),
            _rows(newest, people), _rows(alerts.waiting(SHOWN), people), open_count,
            tally.taken(taken), tuple(loads(log, tiers, allowed)), allowed,
            _week(room, connection, now, people, said), _on_call(connection, now),
            tuple(SilenceRepository(connection).active(now)),
            tuple(word for word in said if not word.counts), _handovers(connection, since), people,
        )  # fmt: skip


def summary(shift: Shift, hours: int) -> str:
    """The shift in two or three sentences: how many alerts, how soon they were taken, how many wait."""
    span, n = say(SPANS[hours]), shift.alerts
    told = say("{span}: {n} alerts, {first} of them urgent.", span=span, n=n, first=shift.urgent)
    if n < 2:
        told = say("{span}: one alert.", span=span) if n else say("{span}: no alerts.", span=span)
    parts = [told]
    if shift.taken.n:
        middle, longest = words.duration(shift.taken.middle_s), words.duration(shift.taken.longest_s)
        both = "Somebody was on it after {middle}, at the latest after {longest}."
        several = shift.taken.n > 1 and middle != longest
        parts.append(say(both if several else "Somebody was on it after {middle}.", middle=middle, longest=longest))
    if shift.open_count:
        still = say("{n} still need somebody.", n=shift.open_count)
        parts.append(say("One still needs somebody.") if shift.open_count == 1 else still)
    else:
        parts.append(say("Nothing is open."))
    return " ".join(parts)


def _rows(alerts: list[Alert], people: dict[str, Resident]) -> tuple[AlertRow, ...]:
    return tuple(AlertRow(a, people[a.resident].label if a.resident in people else "") for a in alerts)


def _week(
    room: Room, connection: Connection, now: UnixSeconds, people: dict[str, Resident], said: list[Feedback]
) -> tuple[Part, ...]:
    counts = AlertRepository(connection).tally(now - WEEK_S, now)
    rooms = {resident.id: resident.room for resident in people.values()}
    return tuple(tally.parts(rooms, counts, said, room.settings.units))


def _on_call(connection: Connection, now: UnixSeconds) -> tuple[OnCall, ...]:
    """Nobody where alerting has not said so for a while: what is not known is not shown as if it were."""
    return tuple(one for one, at in OnCallRepository(connection).all() if now - at < STALE_S)


def _handovers(connection: Connection, since: UnixSeconds) -> tuple[Handover, ...]:
    kept = AuditRepository(connection).page(None, 10, writing.HANDED_OVER)
    found = [(json.loads(entry.body), entry.at) for entry in kept if entry.at >= since]
    return tuple(Handover(str(body["by"]), at, str(body["note"])) for body, at in found)
