"""People sign in: what is kept of a password and a session, what ends one, and what is tried in vain."""

import json
import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from services.console import passwords, people, signing_in
from services.console.app import make_app
from services.console.room import Room
from services.console.settings import ConsoleSettings
from services.ledger import AuditRepository, Database, PersonRepository, Role, SessionRepository
from services.runtime.clock import VirtualClock
from services.runtime.settings import SettingError, load
from tests.unit.console import signed
from tests.unit.console.alerts import keep
from tests.unit.console.conftest import NOW

pytestmark = pytest.mark.unit
TOKEN = "t" * 32


@pytest.fixture
def room(database: Database, clock: VirtualClock, tmp_path: Path) -> Room:
    return Room(database, clock, ConsoleSettings(history_folder=tmp_path / "history", api_token=TOKEN))  # type: ignore[arg-type]


def audited(database: Database, kind: str) -> list[dict[str, object]]:
    with database.read() as connection:
        return [json.loads(entry.body) for entry in AuditRepository(connection).page(None, 100, kind)]


def test_it_shows_nothing_to_nobody(room: Room) -> None:
    opened = signed.browser(room)
    for path in ("/", "/alerts/alert-1", "/residents/room-12", "/me"):
        answer = opened.get(path)
        assert (answer.status_code, "Vogel" in answer.text) == (303, False)
        assert answer.headers["location"].startswith("/sign-in?then=%2F")
    for path in ("residents", "alerts", "agents", "stream", "silences", "health", "proposals", "deliveries/dead"):
        assert opened.client.get(f"/api/v1/{path}").status_code == 401


def test_it_forgets_no_route(room: Room) -> None:
    public = {"/sign-in", "/language", "/said/{token}", "/healthz", "/readyz"}
    for route in (r for r in make_app(room).routes if isinstance(r, APIRoute)):
        guarded = [d for d in route.dependencies if hasattr(d.dependency, "needs")]
        assert bool(guarded) != (route.path in public), route.path


def test_it_lets_a_person_in_and_leads_them_to_where_they_were_going(room: Room, database: Database) -> None:
    people.add(database, "ana", "Ana Novak", Role.CAREGIVER, signed.PASSWORD, NOW)
    opened = signed.browser(room)
    assert opened.sign_in("ana", "wrong password").status_code == 401
    answer = opened.sign_in("ANA ", then="/residents/room-12")
    assert (answer.status_code, answer.headers["location"]) == (303, "/residents/room-12")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "secure" not in cookie
    assert "Ana Novak" in opened.get("/").text
    with database.read() as connection:
        kept = PersonRepository(connection).get("ana")
        token = opened.client.cookies["attune_session"]
        assert kept is not None and kept.password.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
        assert SessionRepository(connection).get(token) is None  # what is kept is not what the browser holds
    assert [entry["person"] for entry in audited(database, signing_in.SIGNED_IN)] == ["ana"]


@pytest.mark.parametrize("then", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "evil"])
def test_it_leads_nobody_to_another_site(room: Room, database: Database, then: str) -> None:
    people.add(database, "ana", "Ana", Role.CAREGIVER, signed.PASSWORD, NOW)
    assert signed.browser(room).sign_in("ana", then=then).headers["location"] == "/"


def test_it_sends_its_cookie_by_https_alone_where_the_page_is(database: Database, clock: VirtualClock) -> None:
    room = Room(database, clock, ConsoleSettings(behind_https=True))
    people.add(database, "ana", "Ana", Role.CAREGIVER, signed.PASSWORD, NOW)
    cookie = signed.browser(room).sign_in("ana").headers["set-cookie"]
    assert cookie.startswith("__Host-attune=") and "secure" in cookie.lower() and "Path=/" in cookie


def test_it_lets_nobody_guess(room: Room, database: Database, clock: VirtualClock) -> None:
    people.add(database, "ana", "Ana", Role.CAREGIVER, signed.PASSWORD, NOW)
    opened = signed.browser(room)
    for _ in range(signing_in.SAME_PLACE):
        assert opened.sign_in("ana", "guess number x").status_code == 401
    refused = signed.browser(Room(database, clock, room.settings)).sign_in("ana")  # the right one, after a restart
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "900")
    people.add(database, "ben", "Ben", Role.CAREGIVER, signed.PASSWORD, NOW)
    assert opened.sign_in("ben").status_code == 303
    clock.advance(signing_in.SPAN_S + 1)
    assert opened.sign_in("ana").status_code == 303


def test_it_answers_the_same_to_a_name_that_nobody_has(room: Room, database: Database) -> None:
    people.add(database, "ana", "Ana", Role.CAREGIVER, signed.PASSWORD, NOW)
    known, unknown = (signed.browser(room).sign_in(name, "wrong password") for name in ("ana", "eve"))
    assert (known.status_code, known.text.replace("ana", "eve")) == (unknown.status_code, unknown.text)
    assert [entry["person"] for entry in audited(database, signing_in.REFUSED)] == ["(unknown)", "ana"]


def test_it_ends_a_session_that_is_not_used_and_one_that_is_used_for_long(room: Room, clock: VirtualClock) -> None:
    ana = signed.somebody(room, "ana", Role.CAREGIVER)
    clock.advance(room.settings.session_idle_s - 1)
    assert ana.get("/").status_code == 200
    clock.advance(room.settings.session_idle_s - 1)
    assert ana.get("/").status_code == 200
    clock.advance(room.settings.session_idle_s + 1)
    assert ana.get("/").status_code == 303
    assert ana.sign_in("ana").status_code == 303
    end = clock.now() + room.settings.session_longest_s
    while clock.now() + 3600 < end:
        assert ana.get("/").status_code == 200
        clock.advance(3600)
    clock.advance(3600)
    assert ana.get("/").status_code == 303


def test_it_signs_somebody_out_on_the_server(room: Room) -> None:
    ana = signed.somebody(room, "ana", Role.CAREGIVER)
    cookie = ana.client.cookies["attune_session"]
    assert ana.press("/sign-out").status_code == 303
    ana.client.cookies.set("attune_session", cookie)
    assert ana.get("/").status_code == 303


@pytest.mark.parametrize("what", ["disable", "role", "password"])
def test_it_ends_every_session_of_somebody_who_was_changed(room: Room, database: Database, what: str) -> None:
    ana = signed.somebody(room, "ana", Role.CAREGIVER)
    people.change(database, "ana", what, lambda person: person, NOW)
    assert ana.get("/").status_code == 303


def test_it_takes_no_form_without_the_token_of_the_session(room: Room, database: Database) -> None:
    keep(database, 1, NOW)
    ana, ben = (signed.somebody(room, name, Role.CAREGIVER) for name in ("ana", "ben"))
    path = "/alerts/alert-1/acknowledge"
    for csrf in ("", "0" * 64, ben.csrf()):
        answer = ana.press(path, csrf=csrf)
        assert answer.status_code == 403 and "no longer good" in answer.text
    json_answer = ana.client.post(f"/api/v1{path}", json={})
    assert (json_answer.status_code, json_answer.json()["type"]) == (403, "form-too-old")
    assert ana.client.post(f"/api/v1{path}", json={}, headers={"x-csrf-token": ana.csrf()}).status_code == 200


def test_it_lets_somebody_change_their_own_password(room: Room) -> None:
    ana = signed.somebody(room, "ana", Role.CAREGIVER)
    assert ana.press("/me/password", old="wrong password", new="another horse 2").status_code == 401
    assert ana.press("/me/password", old=signed.PASSWORD, new="short").status_code == 422
    assert ana.press("/me/password", old=signed.PASSWORD, new="another horse 2").status_code == 303
    assert ana.get("/").status_code == 303
    assert ana.sign_in("ana").status_code == 401
    assert ana.sign_in("ana", "another horse 2").status_code == 303


def test_it_lets_a_program_in_by_its_token(room: Room, database: Database) -> None:
    keep(database, 1, NOW)
    client = signed.browser(room).client
    right, wrong = ({"authorization": f"Bearer {token}"} for token in (TOKEN, "x" * 32))
    assert client.get("/api/v1/alerts", headers=right).status_code == 200
    assert client.get("/api/v1/alerts", headers=wrong).status_code == 401
    taken = client.post("/api/v1/alerts/alert-1/acknowledge", json={"by": "nurse call 7"}, headers=right)
    assert taken.json()["alert"]["acknowledged_by"] == "nurse call 7"


def test_it_makes_a_first_operator_once(database: Database) -> None:
    password = signing_in.first_person(database, NOW)
    with database.read() as connection:
        (person,) = PersonRepository(connection).all()
    assert (person.name, person.role) == ("admin", Role.OPERATOR)
    assert passwords.holds(password, person.password) and password not in person.password
    assert signing_in.first_person(database, NOW) == ""


def test_it_binds_wider_only_where_people_sign_in_by_https(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_CONSOLE_HOST", "0.0.0.0")
    monkeypatch.setenv("ATTUNE_CONSOLE_BEHIND_HTTPS", "true")
    assert load(ConsoleSettings).host == "0.0.0.0"
    monkeypatch.setenv("ATTUNE_CONSOLE_SIGN_IN", "false")
    with pytest.raises(SettingError, match="ATTUNE_CONSOLE_SIGN_IN"):
        load(ConsoleSettings)
    monkeypatch.setenv("ATTUNE_CONSOLE_SIGN_IN", "true")
    monkeypatch.setenv("ATTUNE_CONSOLE_BEHIND_HTTPS", "false")
    with pytest.raises(SettingError, match="ATTUNE_CONSOLE_TLS_CERTIFICATE"):
        load(ConsoleSettings)


def test_it_says_on_every_page_that_sign_in_is_off(database: Database, clock: VirtualClock) -> None:
    opened = signed.browser(Room(database, clock, ConsoleSettings(sign_in=False)))
    assert "Sign-in is off" in opened.get("/").text
    assert not re.search(
        "Sign-in is off", signed.browser(Room(database, clock, ConsoleSettings())).get("/sign-in").text
    )


def test_it_can_be_told_who_may_sign_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ATTUNE_DATABASE_URL", f"sqlite:///{tmp_path / 'people.db'}")
    assert people.main(["add", "ana", "--role", "caregiver", "--shown", "Ana Novak"]) == 0
    password = capsys.readouterr().out.strip().rpartition(" ")[2]
    assert people.main(["add", "ana", "--role", "lead"]) == 2
    assert people.main(["add", "eve", "--role", "lead", "--shown", "ana novak"]) == 2
    assert people.main(["role", "ana", "--role", "lead"]) == 0
    assert people.main(["disable", "nobody"]) == 2
    assert people.main(["disable", "ana"]) == 0
    capsys.readouterr()
    assert people.main(["list"]) == 0
    assert capsys.readouterr().out == "ana  lead  Ana Novak  (disabled)\n"
    database = Database(f"sqlite:///{tmp_path / 'people.db'}")
    with database.read() as connection:
        person = PersonRepository(connection).get("ana")
    database.close()
    assert person is not None and passwords.holds(password, person.password)
