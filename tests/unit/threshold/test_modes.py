"""What a person decides about a mode reaches the agent once per stream, and what an agent withdraws is withdrawn."""

import json

import pytest
from sqlalchemy import select

from services.ledger.audit import AuditRepository
from services.ledger.modes import ModeRepository
from services.ledger.outbox import OutboxRepository
from services.ledger.tables import audit
from services.ledger.topics import MODE_DECIDED
from services.runtime.codec import to_json
from services.vocabulary import Mode, ModeDecision, Resident
from tests.unit.threshold.conftest import START, House, said
from threshold_service.modes import Modes

pytestmark = pytest.mark.unit


def affect(at: float = START) -> ModeDecision:
    return ModeDecision("r-1", Mode.AFFECT, at, "Ana", "c-1")


def observables(at: float, by: str = "Ana", reason: str = "") -> ModeDecision:
    return ModeDecision("r-1", Mode.OBSERVABLES, at, by, reason=reason)


def decide(house: House, *decisions: ModeDecision) -> None:
    with house.database.write() as connection:
        for one in decisions:
            OutboxRepository(connection).add(MODE_DECIDED, one.resident, to_json(one), one.decided_at)
    Modes(house.database, house.clock).look()


def entries(house: House, kind: str) -> list[dict[str, object]]:
    with house.database.read() as connection:
        assert AuditRepository(connection).verify() is None
        return [json.loads(body) for body in connection.scalars(select(audit.c.body).where(audit.c.kind == kind))]


def test_it_tells_each_stream_what_is_decided_once(house: House) -> None:
    stream = house.roster.decided(["r-1", "r-2"])
    assert stream.news() == []
    decide(house, affect())
    assert (stream.news(), stream.news()) == ([affect()], [])
    assert house.roster.decided(["r-1"]).news() == [affect()], "a new stream hears it too"
    assert house.roster.decided(["r-2"]).news() == []
    decide(house, observables(START + 1.0))
    assert stream.news() == [observables(START + 1.0)]


def test_it_takes_the_latest_decision_whatever_comes_last(house: House) -> None:
    decide(house, observables(START + 5.0), affect(START + 4.0))
    assert house.roster.decided(["r-1"]).news() == [observables(START + 5.0)]
    assert Modes(house.database, house.clock).look() == 0


def test_it_takes_a_withdrawal_at_the_edge_and_nothing_else_that_an_agent_says(house: House) -> None:
    decide(house, affect())
    withdrawn = observables(START + 10.0, "edge: Ben", "withdrawn")
    house.roster.reported("edge-1", [ModeDecision("r-1", Mode.AFFECT, START + 20.0, "edge: Eve", "c-7", reason="x")])
    house.roster.reported("edge-1", [observables(0.0, "configuration")])
    assert house.roster.decided(["r-1"]).news() == [affect()]
    for _ in range(2):
        house.roster.reported("edge-1", [withdrawn])
    assert house.roster.decided(["r-1"]).news() == [withdrawn]
    (entry,) = entries(house, "mode.withdrawn")
    assert (entry["by"], entry["reason"], entry["agent"]) == ("edge: Ben", "withdrawn", "edge-1")
    decide(house, affect(START + 9.0))
    with house.database.read() as connection:
        assert ModeRepository(connection).of(["r-1"]) == [withdrawn], "it was decided before"


def test_it_writes_down_whose_mode_is_another_than_before(house: House) -> None:
    consented = Resident("r-1", "Room 1", mode=Mode.AFFECT, consent="c-1")
    for seat in (Resident("r-1", "Room 1"), consented, consented, Resident("r-1", "Room 1")):
        house.connect(said(seat))
    told = [(entry["before"], entry["after"], entry["consent"]) for entry in entries(house, "mode.in_force")]
    assert told == [("observables", "affect", "c-1"), ("affect", "observables", "")]
