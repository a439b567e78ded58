"""What travels through the stages of alerting, and what a stage is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from services.vocabulary import Alert, Asked, Assessment, Event, Notice, UnixSeconds


@dataclass(frozen=True, slots=True)
class Telling:
    """One notice about one alert, on its way to one receiver (empty until `route` has named it).

    `occasion` says what the notice is about, e.g. the id of an assessment: the same occasion is told once.
    `asked` says who is asked by it, and why they are. `others` are open in the same room.
    """

    alert: Alert
    event: Event
    notice: Notice
    occasion: str = ""
    assessment: Assessment | None = None
    receiver: str = ""
    asked: Asked | None = None
    others: tuple[Alert, ...] = ()


Stage = Callable[[Connection, UnixSeconds, Sequence[Telling]], list[Telling]]
"""Passes on the tellings that go further, possibly changed. It may write over the open transaction, never send."""


@dataclass(frozen=True, slots=True)
class Hold:
    """An opening is kept back until it is looked at again, because of `why`; what is over by then nobody is told."""

    until: UnixSeconds
    why: str


Holder = Callable[[Connection, UnixSeconds, Telling], Hold | None]
"""Whether an opening is kept back; None lets it go."""


def through(
    stages: Sequence[Stage], connection: Connection, now: UnixSeconds, tellings: Sequence[Telling]
) -> list[Telling]:
    """The tellings that came through every stage; an empty list ends the line."""
    going = list(tellings)
    for stage in stages:
        if not going:
            break
        going = stage(connection, now, going)
    return going
