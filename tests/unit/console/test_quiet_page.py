"""Quiet from the page: asked for with a reason and an end, and about urgent alerts only by two people."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from services.console.room import Room
from services.console.settings import ConsoleSettings
from services.ledger import AuditRepository, Database, Role, Silence, SilenceRepository
from services.runtime.clock import VirtualClock
from tests.unit.console import signed
from tests.unit.console.conftest import NOW
from tests.unit.console.signed import HOME
from tests.unit.console.test_shift import text

pytestmark = pytest.mark.unit
WISH = {"about": "room:Room 12", "minutes": "30", "reason": "family visit", "by": "Ana"}


def running(database: Database) -> list[Silence]:
    with database.read() as connection:
        return SilenceRepository(connection).active(NOW)


def press(client: TestClient, path: str, **form: str) -> int:
    headers = {"origin": HOME, "accept": "text/html"}
    return client.post(path, data=form, headers=headers).status_code


def test_it_asks_for_quiet_and_ends_it(client: TestClient, database: Database, clock: VirtualClock) -> None:
    assert press(client, "/quiet", **WISH) == 303
    (one,) = running(database)
    assert (one.room, one.by, one.reason, one.ends_at - one.starts_at, one.tier1) == (
        "Room 12", "Ana", "family visit", 1800.0, False,
    )  # fmt: skip
    page = text(client.get("/quiet").text)
    assert "One part of the house is quiet." in page and "family visit" in page
    assert "family visit" in text(client.get("/shift").text)
    clock.advance(5)
    assert press(client, f"/quiet/{one.id}/end", by="Ben") == 303
    assert "Nobody has asked for quiet." in text(client.get("/quiet").text)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reason": " "}, "no reason"),
        ({"by": ""}, "name of who answers"),
        ({"minutes": "120", "tier1": "true"}, "an hour at most"),
    ],
)
def test_it_says_beside_the_form_what_cannot_be(
    client: TestClient, database: Database, change: dict[str, str], said: str
) -> None:
    headers = {"origin": HOME, "accept": "text/html"}
    answer = client.post("/quiet", data=WISH | change, headers=headers)
    assert answer.status_code == 422 and said in text(answer.text)
    assert 'name="reason"' in answer.text and running(database) == []


def test_it_refuses_quiet_about_nothing(client: TestClient, database: Database) -> None:
    for about in ("", "room:", "house:everything"):
        assert press(client, "/quiet", **WISH | {"about": about}) == 422
    assert running(database) == []


def test_it_takes_a_second_person_to_hold_urgent_alerts(
    database: Database, clock: VirtualClock, tmp_path: Path
) -> None:
    room = Room(database, clock, ConsoleSettings(history_folder=tmp_path))
    ana, ben = signed.somebody(room, "ana", Role.CAREGIVER), signed.somebody(room, "ben", Role.CAREGIVER)
    assert ana.press("/quiet", about="resident:room-12", minutes="30", reason="bath", tier1="true").status_code == 303
    (one,) = running(database)
    assert not one.covers("room-12", "Room 12", tier1=True)
    assert "until a second person agrees" in text(ana.get("/quiet").text)
    assert "as the second person" not in ana.get("/quiet").text and "as the second person" in ben.get("/quiet").text
    refused = ana.press(f"/quiet/{one.id}/agree")
    assert refused.status_code == 409 and "It takes a second person" in text(refused.text)
    assert ben.press(f"/quiet/{one.id}/agree").status_code == 303
    (agreed,) = running(database)
    assert agreed.second == "Ben" and agreed.covers("room-12", "Room 12", tier1=True)
    with database.read() as connection:
        kept = [entry.body for entry in AuditRepository(connection).page(None, 5, "silence")]
    assert len(kept) == 2 and '"agreed"' in kept[0]


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ML, Role.AUDITOR])
def test_it_is_for_those_who_care(database: Database, clock: VirtualClock, tmp_path: Path, role: Role) -> None:
    opened = signed.somebody(Room(database, clock, ConsoleSettings(history_folder=tmp_path)), "sam", role)
    assert opened.get("/quiet").status_code == 403 and 'href="/quiet"' not in opened.get("/me").text
