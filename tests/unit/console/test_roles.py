"""What each role sees and presses, that it is recorded under their name, and that every look at a resident is too."""

import json
from pathlib import Path

import pytest

from services.console import roles
from services.console.roles import ROLES, May
from services.console.room import Room
from services.console.settings import ConsoleSettings
from services.console.witness import AGAIN_S, VIEWED
from services.ledger import AcknowledgementRepository, AuditRepository, Database, FeedbackRepository, Role
from services.runtime.clock import VirtualClock
from tests.unit.console import signed
from tests.unit.console.alerts import keep
from tests.unit.console.conftest import NOW

pytestmark = pytest.mark.unit
CARE = (Role.CAREGIVER, Role.LEAD)
ROWS: tuple[tuple[May, ...], ...] = (
    (May.SEE_RESIDENTS,), (May.TAKE_ALERTS, May.JUDGE_ALERTS), (May.SILENCE,), (May.WITHDRAW_CONSENT,),
    (May.RECORD_CONSENT, May.CONFIRM_WORDS, May.APPROVE_THRESHOLDS), (May.SEE_OPERATIONS,), (May.MEND_DELIVERIES,),
    (May.SEE_AUDIT,),
)  # fmt: skip
"""What each row of the stated table is about."""


@pytest.fixture
def room(database: Database, clock: VirtualClock, tmp_path: Path) -> Room:
    keep(database, 1, NOW)
    return Room(database, clock, ConsoleSettings(history_folder=tmp_path / "history", api_token="t" * 32))  # type: ignore[arg-type]


def viewed(database: Database) -> list[tuple[str, str, list[str]]]:
    with database.read() as connection:
        found = [json.loads(entry.body) for entry in AuditRepository(connection).page(None, 100, VIEWED)]
        assert AuditRepository(connection).verify() is None
    return [(one["by"], one["page"], one["residents"]) for one in found]


def test_it_states_the_table_that_it_enforces() -> None:
    rows = [line.strip("|").split("|") for line in (roles.__doc__ or "").splitlines() if line.startswith("| ")]
    head, *stated = [[cell.strip() for cell in row] for row in rows]
    assert head[1:] == [role.value for role in Role] and len(stated) == len(ROWS)
    assert {thing for things in ROWS for thing in things} == set(May)
    for (what, *cells), things in zip(stated, ROWS, strict=True):
        for role, cell in zip(Role, cells, strict=True):
            assert [thing in ROLES[role] for thing in things] == [cell == "yes"] * len(things), (what, role)


@pytest.mark.parametrize("role", Role)
def test_it_shows_residents_to_those_who_care_and_to_the_auditor(room: Room, role: Role) -> None:
    opened = signed.somebody(room, "sam", role)
    sees = role in (*CARE, Role.AUDITOR)
    for path in ("/residents/room-12", "/alerts/alert-1", "/api/v1/residents", "/api/v1/events"):
        answer = opened.get(path)
        assert (answer.status_code == 200) == sees, path
        if not sees:
            assert answer.status_code == 403 and "Vogel" not in answer.text
    assert opened.get("/").status_code == (200 if sees else 303)


@pytest.mark.parametrize("role", Role)
def test_it_lets_those_who_care_take_alerts(room: Room, database: Database, role: Role) -> None:
    opened = signed.somebody(room, "sam", role)
    answer = opened.press("/alerts/alert-1/acknowledge", by="somebody else")
    with database.read() as connection:
        words = AcknowledgementRepository(connection).of_alert("alert-1")
    if role in CARE:
        assert answer.status_code == 303 and [word.by for word in words] == ["Sam"]
    else:
        assert answer.status_code == 403 and words == []
        assert f"Your role ({role.value}) may not take alerts." in answer.text
    if role is Role.AUDITOR:
        assert "I am on it" not in opened.get("/alerts/alert-1").text


def test_it_records_what_is_said_under_the_name_of_who_is_signed_in(room: Room, database: Database) -> None:
    ana = signed.somebody(room, "ana", Role.CAREGIVER)
    assert ana.press("/alerts/alert-1/feedback", verdict="false", by="Ben").status_code == 303
    with database.read() as connection:
        assert [word.given_by for word in FeedbackRepository(connection).recent(5)] == ["Ana"]
    assert "Your name" not in ana.get("/alerts/alert-1").text


def test_it_lets_a_lead_record_a_consent_and_any_carer_withdraw_it(room: Room) -> None:
    ana, lea = signed.somebody(room, "ana", Role.CAREGIVER), signed.somebody(room, "lea", Role.LEAD)
    given = {"mode": "affect", "consent": "paper 7"}
    assert ana.press("/residents/room-14/mode", **given).status_code == 403
    assert lea.press("/residents/room-14/mode", **given).status_code == 303
    assert ana.press("/residents/room-12/mode", mode="observables").status_code == 303


def test_it_takes_two_people_who_are_signed_in_to_silence_tier_one(room: Room) -> None:
    ana, ben = signed.somebody(room, "ana", Role.CAREGIVER), signed.somebody(room, "ben", Role.CAREGIVER)
    wish = {"room": "Room 12", "minutes": 30, "reason": "family visit", "tier1": True}

    def post(who: signed.Browser, path: str, **body: object) -> tuple[int, dict[str, object]]:
        answer = who.client.post(f"/api/v1/silences{path}", json=body, headers={"x-csrf-token": who.csrf()})
        return answer.status_code, answer.json()

    status, made = post(ana, "", **wish, by="Ben")
    (one,) = made["items"]  # type: ignore[misc]
    assert (status, one["by"], one["second"]) == (201, "Ana", "")
    assert post(ana, f"/{one['id']}/agree", by="Ben")[0] == 409
    status, agreed = post(ben, f"/{one['id']}/agree")
    assert (status, agreed["items"][0]["second"]) == (200, "Ben")  # type: ignore[index]
    token = {"authorization": f"Bearer {'t' * 32}"}
    program = signed.browser(room).client
    assert program.post("/api/v1/silences", json=wish | {"by": "x"}, headers=token).status_code == 403
    assert program.post(f"/api/v1/silences/{one['id']}/agree", json={"by": "x"}, headers=token).status_code == 403


def test_it_writes_down_who_saw_whom(room: Room, database: Database, clock: VirtualClock) -> None:
    ana = signed.somebody(room, "ana", Role.CAREGIVER)
    ana.get("/residents/room-14")
    ana.get("/alerts/alert-1/live")
    assert viewed(database) == [("ana", "alert", ["room-12"]), ("ana", "resident", ["room-14"])]
    ana.get("/residents/room-14")
    assert len(viewed(database)) == 2
    clock.advance(AGAIN_S)
    ana.get("/residents/room-14")
    ana.get("/")
    (by, page, everybody), *_ = viewed(database)
    assert (by, page, len(everybody), len(viewed(database))) == ("ana", "now", 9, 4)


def test_it_writes_no_look_down_that_was_refused(room: Room, database: Database) -> None:
    signed.somebody(room, "olga", Role.OPERATOR).get("/residents/room-14")
    assert viewed(database) == []
