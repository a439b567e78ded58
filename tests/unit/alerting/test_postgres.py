"""The line of alerting and the console's REST on PostgreSQL, where transactions run side by side."""

import threading
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from services.console.app import make_app
from services.console.room import Room
from services.console.settings import ConsoleSettings
from services.ledger import AlertRepository, Database
from services.runtime.clock import VirtualClock
from services.vocabulary import AlertStatus, Outcome, Tier
from tests.unit.alerting.line import Endpoint, Line, receiver
from tests.unit.ledger.nouns import NOON, assessment, event

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def postgres(postgres_schema: str) -> Iterator[Database]:
    ledger = Database(postgres_schema)
    ledger.migrate()
    yield ledger
    ledger.close()


def test_it_keeps_every_word_about_an_alert_that_many_change_at_once(
    postgres: Database, clock: VirtualClock, endpoint: Callable[..., Endpoint]
) -> None:
    up = endpoint()
    facility = Line(postgres, clock, receiver("nurse", up))
    told = [event(sequence=900 + n, resident=f"p{n}", tier=Tier.IMMEDIATE) for n in range(6)]
    for one in told:
        facility.tell(one)
    changes = [lambda one=one: facility.acknowledge(one, "Ana") for one in told]
    changes += [lambda n=n, one=one: facility.assess(assessment(900 + n, one.id)) for n, one in enumerate(told)]
    threads = [threading.Thread(target=change) for change in [*changes, facility.run]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    facility.run(2)
    for n, one in enumerate(told):
        alert = facility.alert(one)
        assert (alert.status, alert.acknowledged_by) == (AlertStatus.ACKNOWLEDGED, "Ana")
        assert alert.assessment == f"assessment-{900 + n}"
        openings = [d for d in facility.log(one) if d.notice == "alert.opened" and d.outcome is Outcome.DELIVERED]
        assert len(openings) <= 1


def test_it_serves_the_page_and_refuses_what_postgresql_cannot_hold(postgres: Database) -> None:
    client = TestClient(
        make_app(Room(postgres, VirtualClock(NOON), ConsoleSettings(sign_in=False))), base_url="http://localhost"
    )
    assert client.get("/").status_code == 200
    for path in ("/api/v1/alerts/a%00b", "/alerts/%00", "/residents/%00", "/api/v1/alerts?resident=%00"):
        assert client.get(path).status_code == 422, path
    with postgres.read() as connection:
        known = AlertRepository(connection).page(None, 1)
    for alert in known:
        assert client.post(f"/api/v1/alerts/{alert.id}/acknowledge", json={"by": "Zoë 𝄞"}).status_code == 200
