"""What an edge told by itself is kept once, and an event tells of it: the engine's, or one made of the alarm."""

from dataclasses import replace

import pytest

from services.ledger.audit import AuditRepository
from services.ledger.edge_alarms import EdgeAlarmRepository
from services.ledger.outbox import OutboxRepository
from services.ledger.topics import EVENT_CHANGED
from services.runtime import codec
from services.vocabulary import CueName, EdgeAlarm, Event, Position, Reason, Tier, alarm_id
from tests.unit.threshold.conftest import EPOCH, START, House, samples
from threshold_service.edge_alarms import PATIENCE_S, EdgeAlarms, keep

pytestmark = pytest.mark.unit


def alarm(sequence: int = 21, told: bool = True) -> EdgeAlarm:
    where = Position("edge-1", EPOCH, sequence)
    at = START + sequence
    return EdgeAlarm(alarm_id("r-1", where), "r-1", "Room 1", where, at, CueName.SCREAM, 0.9, at + 30.0,
                     "nurse-call" if told else "", at + 31.0 if told else None, 1)  # fmt: skip


def told(house: House) -> list[Event]:
    with house.database.read() as connection:
        found = OutboxRepository(connection).unconsumed(EVENT_CHANGED, "nobody", 100, 1e12)
    return [codec.from_json(Event, message.body) for message in found]


def test_it_waits_until_the_samples_are_judged_and_then_makes_an_event_where_there_is_none(house: House) -> None:
    look = EdgeAlarms(house.database, house.clock).look
    run = house.connect()
    assert keep(house.database, [alarm()], house.clock.now()) == [alarm().id]
    run.accept(samples(1, 20))
    run.snapshot()
    assert look() == 0, "what lies beyond the snapshot may still become an event"
    run.accept(samples(21, 10))
    run.snapshot()
    assert (look(), look()) == (1, 0)
    (event,) = told(house)
    assert (event.id, event.tier, event.reason, event.open) == (alarm().id, Tier.IMMEDIATE, Reason.CUE, False)
    assert [cue.name for cue in event.evidence.cues] == [CueName.SCREAM]


def test_it_makes_none_where_the_engine_found_it_too(house: House) -> None:
    run = house.connect()
    keep(house.database, [alarm()], house.clock.now())
    run.accept(samples(1, 30, cry=(20, 21, 22)))
    run.snapshot()
    assert EdgeAlarms(house.database, house.clock).look() == 1
    (event,) = told(house)
    assert event.id != alarm().id


def test_it_does_not_wait_for_ever_for_samples_that_are_lost(house: House) -> None:
    keep(house.database, [alarm()], house.clock.now())
    look = EdgeAlarms(house.database, house.clock).look
    assert look() == 0
    house.clock.advance(PATIENCE_S + 1.0)
    assert look() == 1
    assert [event.id for event in told(house)] == [alarm().id]


def test_it_keeps_a_report_once_however_often_it_comes(house: House) -> None:
    for _ in range(3):
        assert keep(house.database, [alarm()], house.clock.now()) == [alarm().id]
    with house.database.read() as connection:
        assert len(EdgeAlarmRepository(connection).unsettled()) == 1
        assert AuditRepository(connection).verify() is None


@pytest.mark.parametrize(
    ("seconds", "tier", "covered"),
    [(0.0, Tier.IMMEDIATE, True), (59.0, Tier.URGENT, True), (61.0, Tier.IMMEDIATE, False),
     (-299.0, Tier.IMMEDIATE, True), (-301.0, Tier.IMMEDIATE, False), (0.0, Tier.MONITOR, False)],
)  # fmt: skip
def test_it_tells_of_what_opened_around_it(house: House, seconds: float, tier: Tier, covered: bool) -> None:
    run = house.connect()
    run.accept(samples(1, 30, cry=(20, 21, 22)))
    (event,) = told(house)
    opened = alarm().at + seconds
    near = replace(event, tier=tier, opened_at=opened)
    assert alarm().tells_of(near) is covered
    assert not alarm().tells_of(replace(near, resident="r-2"))
