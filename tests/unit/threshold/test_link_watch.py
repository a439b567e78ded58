"""An agent that is not heard is told once per outage, and so is its return; a restart of the service is no outage."""

import pytest
from sqlalchemy import select

from services.ledger.audit import AuditRepository
from services.ledger.tables import audit
from tests.unit.threshold.conftest import House, samples
from threshold_service.link_watch import LinkWatch

pytestmark = pytest.mark.unit


def told(house: House) -> list[str]:
    with house.database.read() as connection:
        assert AuditRepository(connection).verify() is None
        kinds = connection.scalars(select(audit.c.kind).order_by(audit.c.number)).all()
    return [kind for kind in kinds if kind.startswith("link.")]


def test_it_tells_an_outage_once_and_the_return(house: House) -> None:
    run, watch, other = house.connect(), *(LinkWatch(house.database, house.clock, 60.0) for _ in range(2))
    run.accept(samples(1, 5))
    run.snapshot()
    house.clock.advance(59.0)
    watch.look()
    assert (watch.problem(), told(house)) == ("", [])
    for _ in range(3):
        house.clock.advance(5.0)
        watch.look()
        other.look()
    assert watch.problem() == "not heard: edge-1"
    assert told(house) == ["link.lost"]
    run.snapshot()
    watch.look()
    other.look()
    assert (watch.problem(), told(house)) == ("", ["link.lost", "link.returned"])


def test_it_gives_agents_time_to_come_back_to_a_service_that_was_away_itself(house: House) -> None:
    house.connect().snapshot()
    house.clock.advance(10_000.0)
    watch = LinkWatch(house.database, house.clock, 60.0)
    house.clock.advance(50.0)
    watch.look()
    assert watch.problem() == ""
    house.clock.advance(11.0)
    watch.look()
    assert watch.problem() == "not heard: edge-1"
