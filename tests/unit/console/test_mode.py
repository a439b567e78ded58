"""Who is watched how is decided by a person with a name, and a consent that holds."""

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from services.ledger import AlertRepository, Database, OutboxRepository
from services.ledger.topics import MODE_DECIDED
from services.runtime.codec import from_json
from services.vocabulary import Mode, ModeDecision
from tests.unit.console.alerts import keep
from tests.unit.console.conftest import NOW

pytestmark = pytest.mark.unit
GIVEN = {"mode": "affect", "consent": "folder 7", "by": "Ana", "consent_until": NOW + 60.0}
ADDRESS = "/api/v1/residents/room-12/mode"


def decided(database: Database) -> list[ModeDecision]:
    with database.read() as connection:
        found = OutboxRepository(connection).unpublished(100, [MODE_DECIDED])
    return [from_json(ModeDecision, message.body) for message in found]


def test_it_takes_a_consent_with_a_name_and_its_withdrawal_without(client: TestClient, database: Database) -> None:
    assert client.post(ADDRESS, json=GIVEN).status_code == 200
    assert client.post(ADDRESS, json={"mode": "observables", "consent": "left over"}).json()["consent"] == ""
    given, withdrawn = decided(database)
    assert (given.mode, given.consent, given.decided_by) == (Mode.AFFECT, "folder 7", "Ana")
    assert given.consent_until == NOW + 60.0
    assert (withdrawn.mode, withdrawn.resident) == (Mode.OBSERVABLES, "room-12")


@pytest.mark.parametrize(
    ("wrong", "status", "field"),
    [
        ({"consent": " "}, 422, "consent"),
        ({"by": ""}, 422, "by"),
        ({"consent_until": NOW}, 422, "consent_until"),
        ({"mode": "everything"}, 422, "body.mode"),
    ],
)
def test_it_refuses_a_consent_that_does_not_hold(
    client: TestClient, database: Database, wrong: dict[str, object], status: int, field: str
) -> None:
    answer = client.post(ADDRESS, json=GIVEN | wrong)
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert decided(database) == []


def test_it_knows_no_stranger(client: TestClient) -> None:
    assert client.post("/api/v1/residents/nobody/mode", json=GIVEN).status_code == 404


def test_it_offers_the_button_that_fits(client: TestClient, database: Database) -> None:
    page = client.get("/residents/room-12").text
    offered = "The consent is withdrawn" if "Also expression" in page else "Also read expression"
    assert offered in page
    mode = "observables" if offered.startswith("The") else "affect"
    form = {"mode": mode, "consent": "folder 7", "by": "Ana"}
    answer = client.post("/residents/room-12/mode", data=form, headers={"origin": "http://127.0.0.1:7080"})
    assert answer.status_code == 303
    assert [one.mode.value for one in decided(database)] == [mode]


def test_it_says_what_the_edge_told_by_itself(client: TestClient, database: Database) -> None:
    keep(database, 1, NOW - 60.0)
    with database.write() as connection:
        known = AlertRepository(connection).get("alert-1")
        assert known is not None
        AlertRepository(connection).update(replace(known, told_by="corridor-1", notified_at=NOW - 30.0))
    assert "told by the edge at" in client.get("/").text
    assert "corridor-1 was cut off and raised the alarm itself" in client.get("/alerts/alert-1").text
