"""What an edge told by itself while it was cut off is not told again, and what nobody took is."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from services.ledger import EdgeAlarmRepository
from services.runtime.clock import VirtualClock
from services.vocabulary import AlertStatus, CueName, EdgeAlarm, Outcome, Position, Tier
from tests.unit.alerting.line import Endpoint, Line, Make, receiver
from tests.unit.ledger.nouns import NOON, assessment, event

pytestmark = pytest.mark.unit
Endpoints = Callable[..., Endpoint]
NOW = event(tier=Tier.IMMEDIATE)


def by_the_edge(facility: Line, told_at: float | None) -> None:
    where = Position("agent-1", "0" * 32, 5)
    alarm = EdgeAlarm("a-1", NOW.resident, "Room 1", where, NOON - 2.0, CueName.SCREAM, 0.9, NOON + 30.0, "nurse-call",
                      told_at, 1)  # fmt: skip
    with facility.database.write() as connection:
        EdgeAlarmRepository(connection).record(alarm, NOON + 3000.0)


def test_it_tells_nobody_again_what_the_edge_told_by_itself_however_late_it_is_found(
    line: Make, endpoint: Endpoints, clock: VirtualClock
) -> None:
    up = endpoint()
    facility = line(receiver("nurse", up))
    clock.advance(3000.0)
    by_the_edge(facility, NOON + 31.0)
    rising = event(tier=Tier.URGENT)
    facility.tell(rising)
    facility.tell(replace(NOW, revision=2))
    facility.assess(assessment(event=NOW.id))
    facility.tell(replace(NOW, revision=3, ended_at=NOON + 60.0))
    facility.run(5)
    assert up.got == []
    alert = facility.alert(NOW)
    assert (alert.told_by, alert.notified_at, alert.late_s) == ("agent-1", NOON + 31.0, 31.0)
    assert alert.status is AlertStatus.RESOLVED
    assert [(d.receiver, d.outcome) for d in facility.log(NOW)] == [("nurse-call", Outcome.DELIVERED)]


def test_it_tells_what_the_edge_could_tell_nobody(line: Make, endpoint: Endpoints) -> None:
    up = endpoint()
    facility = line(receiver("nurse", up))
    by_the_edge(facility, None)
    facility.tell(NOW)
    facility.run(5)
    assert [json.loads(body)["type"] for _, body in up.got] == ["alert.opened"]
