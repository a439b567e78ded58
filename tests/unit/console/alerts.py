"""Alerts in the ledger as alerting leaves them."""

from dataclasses import replace

from services.ledger import AlertRepository, Database, DeliveryRepository, EventRepository
from services.vocabulary import Alert, AlertStatus, Delivery, Event, Mode, Notice, Outcome, Tier
from tests.unit.console import house


def keep(
    database: Database,
    number: int,
    opened_at: float,
    status: AlertStatus = AlertStatus.NOTIFIED,
    tier: Tier = Tier.IMMEDIATE,
    who: str = "room-12",
    mode: Mode = Mode.AFFECT,
) -> tuple[Alert, Event]:
    """An event with its alert and one delivery."""
    event = house.event(who, opened_at + number / 1000, tier, mode)
    event = replace(event, id=f"event-{number}")
    alert = Alert(
        f"alert-{number}", event.id, who, "Room 12", tier, status, "Crying was heard.", event.opened_at,
        event.opened_at, event.opened_at, notified_at=event.opened_at if status is AlertStatus.NOTIFIED else None,
    )  # fmt: skip
    outcome = Outcome.DELIVERED if status is AlertStatus.NOTIFIED else Outcome.UNREACHABLE
    with database.write() as connection:
        EventRepository(connection).record(event)
        AlertRepository(connection).create(alert)
        entry = Delivery(f"message-{number}", alert.id, Notice.OPENED, "nurse", 1, event.opened_at, outcome)
        DeliveryRepository(connection).record(entry)
    return alert, event
