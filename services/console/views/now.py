"""The first page: residents as calm tiles, the alerts that need somebody, what is broken."""

import math
import re
from dataclasses import dataclass

from sqlalchemy import Connection

from services.console import reading, words
from services.console.language import say
from services.console.reading import House
from services.console.room import Room
from services.console.views.pages import Pages
from services.ledger import StatusRepository
from services.vocabulary import Alert, Condition, Resident, ResidentNow, UnixSeconds

SHOWN_ALERTS = 30
_ORDER = (
    Condition.ATTENTION, Condition.CHANGED, Condition.BLIND, Condition.OFFLINE, Condition.LEARNING, Condition.USUAL,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tile:
    """One resident on the page; `steps` (0..10) is how near they are to their own alarm level."""

    resident: Resident
    condition: Condition
    word: str
    learned: int
    steps: int
    alert: str
    detail: str


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert in a list, with the name staff use for the person."""

    alert: Alert
    label: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something technical that people on the floor have to know."""

    kind: str
    text: str
    since: UnixSeconds | None = None


def everybody(room: Room) -> list[str]:
    """Ids of the residents that the page shows."""
    with room.database.read() as connection:
        return [status.resident.id for status in StatusRepository(connection).all()]


def fragments(connection: Connection, pages: Pages, now: UnixSeconds, before: UnixSeconds | None) -> dict[str, str]:
    """Each part of the first page as HTML, by the name of the place it goes to."""
    house = reading.house(connection, now, SHOWN_ALERTS)
    labels = {r.resident.id: r.resident.label for r in house.residents}
    waiting = [AlertRow(alert, labels.get(alert.resident, "")) for alert in house.open_alerts]
    missed = [AlertRow(alert, labels.get(alert.resident, "")) for alert in house.missed]
    page, older = reading.alert_page(connection, before, SHOWN_ALERTS, None, None)
    wanted = {row.alert.id for row in (*waiting, *missed)} if before is None else set()
    earlier = [AlertRow(alert, labels.get(alert.resident, "")) for alert in page if alert.id not in wanted]
    conditions = [r.condition for r in house.residents]
    return {
        "summary": words.summary(house.waiting, conditions),
        "trouble": pages.render("trouble.html", troubles=troubles(house)),
        "waiting": pages.render("waiting.html", rows=waiting, more=house.waiting - len(waiting)),
        "missed": pages.render("missed.html", rows=missed),
        "earlier": pages.render("earlier.html", rows=earlier, older=older, paged=before is not None),
        "residents": pages.render("residents.html", tiles=tiles(house)),
    }


def tiles(house: House) -> list[Tile]:
    """Those who need somebody first, then by room as people count rooms."""
    blind = {r: c.detail for agent in house.agents for c in agent.cameras if c.blind for r in c.residents}
    made = [_tile(r, house.alert_of.get(r.resident.id, ""), blind) for r in house.residents]
    return sorted(made, key=lambda tile: (_ORDER.index(tile.condition), *_by_room(tile.resident)))


def troubles(house: House) -> list[Trouble]:
    """What does not work: alerts nobody took, rooms nobody sees, agents nobody hears."""
    stuck = house.undelivered
    names = {r.resident.id: r.resident.room for r in house.residents}
    found = []
    if stuck:
        said = say("{n} alerts have not reached anybody outside this page. Please take them here.", n=stuck)
        if stuck == 1:
            said = say("One alert has not reached anybody outside this page. Please take it here.")
        found.append(Trouble("undelivered", said))
    for agent in house.agents:
        if agent.silent:
            found.append(
                Trouble(
                    "silent", say("No news from {agent}: its rooms are not watched.", agent=agent.agent), agent.seen_at
                )
            )
        for camera in agent.cameras:
            if camera.blind and not agent.silent:
                rooms = ", ".join(names.get(r, r) for r in camera.residents) or camera.camera
                since = camera.since if camera.since > 0 and math.isfinite(camera.since) else None
                said = say("{rooms} cannot be seen: the camera gives no picture.", rooms=rooms)
                found.append(Trouble("blind", said, since))
            elif camera.falls_missed and not agent.silent:
                rooms = ", ".join(names.get(r, r) for r in camera.residents) or camera.camera
                said = say(
                    "Falls in {rooms} may be missed: the computer there does not look often enough.", rooms=rooms
                )
                found.append(Trouble("falls", said))
    return found


def _tile(now: ResidentNow, alert: str, blind: dict[str, str]) -> Tile:
    condition = now.condition
    if now.resident.id in blind and condition is not Condition.OFFLINE:
        condition = Condition.BLIND
    steps = round(10 * min(1.0, max(0.0, now.score))) if math.isfinite(now.score) else 0
    detail = blind.get(now.resident.id, "") if condition is Condition.BLIND else ""
    learned = round(100 * now.learned_share) if math.isfinite(now.learned_share) else 0
    return Tile(now.resident, condition, say(words.CONDITIONS[condition]), learned, steps, alert, detail)


def _by_room(resident: Resident) -> tuple[list[tuple[int, str]], str]:
    parts = re.findall(r"\d+|\D+", resident.room)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], resident.bed
