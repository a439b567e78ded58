"""Every table forgets in time, and nothing that is still needed is forgotten."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from services.ledger import (
    AgentRepository,
    AlertRepository,
    AuditRepository,
    Database,
    EventRepository,
    InboxRepository,
    OutboxRepository,
    RosterRepository,
)
from services.ledger.retention import RETENTION, sweep
from services.ledger.tables import METADATA
from services.vocabulary import AlertStatus, Resident
from tests.unit.ledger.nouns import NOON, alert, event

pytestmark = pytest.mark.unit
DAY = 86_400.0


def rows(database: Database, *names: str) -> list[int]:
    with database.read() as connection:
        return [connection.scalar(select(func.count()).select_from(METADATA.tables[name])) or 0 for name in names]


def test_it_names_a_retention_for_every_table() -> None:
    assert set(RETENTION) == set(METADATA.tables)
    for name, rule in RETENTION.items():
        assert rule.column in METADATA.tables[name].c and rule.days > 0


def test_it_forgets_that_a_message_was_handled_only_after_the_message_itself() -> None:
    assert RETENTION["inbox"].days > 2 * RETENTION["outbox"].days


def test_it_forgets_ended_events_with_their_revisions_and_keeps_open_ones(database: Database) -> None:
    with database.write() as connection:
        for one in (event(1), replace(event(1, revision=2), ended_at=NOON + 9), event(2)):
            EventRepository(connection).record(one)
    assert sweep(database, NOON + 399 * DAY)["events"] == 0
    assert sweep(database, NOON + 401 * DAY)["events"] == 1
    assert rows(database, "events", "event_revisions") == [1, 1]


def test_it_keeps_an_alert_that_nobody_has_settled(database: Database) -> None:
    with database.write() as connection:
        for number, status in enumerate(AlertStatus):
            AlertRepository(connection).create(alert(number, status=status))
    assert sweep(database, NOON + 500 * DAY)["alerts"] == 3
    assert rows(database, "alerts") == [5]


def test_it_keeps_a_message_that_no_queue_was_told_of(database: Database) -> None:
    with database.write() as connection:
        outbox = OutboxRepository(connection)
        told, _ = (outbox.add("event.changed", key, "{}", NOON) for key in ("told", "waiting"))
        outbox.mark_published([told], NOON)
        InboxRepository(connection).first_time("alerting", told, NOON)
    sweep(database, NOON + 15 * DAY)
    with database.read() as connection:
        assert [one.key for one in OutboxRepository(connection).unpublished(9)] == ["waiting"]
    assert rows(database, "outbox", "inbox") == [1, 1]


def test_it_keeps_the_seats_of_agents_that_are_heard(database: Database) -> None:
    with database.write() as connection:
        for name in ("heard", "gone"):
            RosterRepository(connection).seat(name, [Resident(f"r-{name}", "12")], NOON)
        AgentRepository(connection).seen("heard", NOON + 499 * DAY, "0.1", "e")
    sweep(database, NOON + 500 * DAY)
    with database.read() as connection:
        assert [agent for _, agent in RosterRepository(connection).residents()] == ["heard"]


def test_it_sweeps_the_audit_chain_without_breaking_it(database: Database) -> None:
    with database.write() as connection:
        for number in range(3):
            AuditRepository(connection).append("x", "{}", NOON + number * 3000 * DAY)
    assert sweep(database, NOON + 3000 * DAY)["audit"] == 1
    with database.read() as connection:
        assert AuditRepository(connection).verify() is None
