"""Holds the console to its doors: hosts, origins, content policy, binds."""

import re

import pytest
from fastapi.testclient import TestClient

from services.console.settings import ConsoleSettings
from services.ledger import AcknowledgementRepository, Database
from services.runtime.settings import SettingError, load
from tests.unit.console.alerts import keep
from tests.unit.console.conftest import NOW

pytestmark = pytest.mark.unit
HOME = "http://127.0.0.1:7080"


def taken(database: Database) -> int:
    with database.read() as connection:
        return len(AcknowledgementRepository(connection).of_alert("alert-1"))


@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://evil.example"}, {"origin": "null"}, {"origin": "http://127.0.0.1:7081"},
     {"origin": "ftp://127.0.0.1:7080"}, {}, {"sec-fetch-site": "cross-site"}],
)  # fmt: skip
def test_it_refuses_a_form_of_another_site(client: TestClient, database: Database, headers: dict[str, str]) -> None:
    keep(database, 1, NOW)
    answer = client.post("/alerts/alert-1/acknowledge", data={"by": "x"}, headers=headers)
    assert (answer.status_code, answer.json()["type"], taken(database)) == (403, "other-origin", 0)


def test_it_takes_a_form_of_its_own_page(client: TestClient, database: Database) -> None:
    keep(database, 1, NOW)
    answer = client.post("/alerts/alert-1/acknowledge", data={"by": "Ana"}, headers={"origin": HOME})
    assert (answer.status_code, answer.headers["location"], taken(database)) == (303, "/alerts/alert-1", 1)


def test_it_refuses_json_that_another_site_sends(client: TestClient, database: Database) -> None:
    keep(database, 1, NOW)
    headers = {"origin": "http://evil.example"}
    assert client.post("/api/v1/alerts/alert-1/acknowledge", json={}, headers=headers).status_code == 403
    assert taken(database) == 0


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7080", "", "127.0.0.1.evil.example", "[::1", "a:b:c"])
def test_it_does_not_answer_to_a_strange_name(client: TestClient, host: str) -> None:
    answer = client.get("/api/v1/residents", headers={"host": host})
    assert answer.status_code == 421


def test_it_refuses_a_large_body(client: TestClient) -> None:
    answer = client.post("/api/v1/feedback", content=b"x" * 70_000, headers={"content-type": "application/json"})
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/", "/alerts/alert-1", "/residents/room-12", "/alerts/none", "/api/v1/alerts"])
def test_it_sends_pages_that_carry_no_inline_code(client: TestClient, database: Database, path: str) -> None:
    keep(database, 1, NOW)
    answer = client.get(path, headers={"accept": "text/html"})
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son[a-z]+=|<style", answer.text)
    assert not re.search(r'(?:src|href)="https?:', answer.text)


def test_it_refuses_a_wider_bind_and_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_CONSOLE_HOST", "0.0.0.0")
    with pytest.raises(SettingError, match="ATTUNE_CONSOLE_BOUNDARY"):
        load(ConsoleSettings)
    monkeypatch.setenv("ATTUNE_CONSOLE_BOUNDARY", "container")
    assert load(ConsoleSettings).host == "0.0.0.0"


def test_it_refuses_an_unknown_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    for zone in ("Mars/Olympus", "../../etc/passwd", ""):
        monkeypatch.setenv("ATTUNE_CONSOLE_TIME_ZONE", zone)
        with pytest.raises(SettingError, match="time_zone"):
            load(ConsoleSettings)
