"""The link in a message: opening it changes nothing, a button counts once, and weighs only when confirmed."""

import re

import pytest
from fastapi.testclient import TestClient

from services.alerting.service import plan_of
from services.alerting.settings import AlertingSettings
from services.console.app import make_app
from services.console.room import Room
from services.console.settings import ConsoleSettings
from services.ledger import AlertRepository, Database, FeedbackRepository
from services.runtime import links
from services.runtime.clock import VirtualClock
from services.vocabulary import Feedback
from tests.unit.console.conftest import NOW
from tests.unit.ledger.nouns import alert

pytestmark = pytest.mark.unit
KEY = "k" * 40
ORIGIN = {"Origin": "http://127.0.0.1:7080"}


@pytest.fixture
def client(database: Database, clock: VirtualClock) -> TestClient:
    with database.write() as connection:
        AlertRepository(connection).create(alert(1))
    room = Room(database, clock, ConsoleSettings(link_key=KEY, sign_in=False))
    return TestClient(make_app(room), base_url="http://127.0.0.1:7080", follow_redirects=False)


@pytest.fixture
def path() -> str:
    return f"/said/{links.token(links.Link(alert(1).id, 'ward', NOW + links.GOOD_FOR_S), KEY)}"


def words(database: Database) -> list[Feedback]:
    with database.read() as connection:
        return FeedbackRepository(connection).of_alert(alert(1).id)


def press(client: TestClient, path: str, verdict: str = "false") -> int:
    return client.post(path, data={"verdict": verdict, "note": "she was laughing"}, headers=ORIGIN).status_code


def test_it_changes_nothing_when_a_scanner_opens_it(client: TestClient, database: Database, path: str) -> None:
    for _ in range(3):
        page = client.get(path)
        assert page.status_code == 200 and page.text.count("<button") >= 3
        assert client.head(path).status_code in (200, 405)
    assert words(database) == []


def test_it_counts_once_and_weighs_only_once_somebody_confirmed_it(
    client: TestClient, database: Database, path: str
) -> None:
    assert press(client, path) == 200
    assert press(client, path, "true") == 409
    (word,) = words(database)
    assert (word.verdict, word.via, word.note, word.counts) == ("false", "ward", "she was laughing", False)
    said = client.post(f"/api/v1/feedback/{word.id}/confirm", json={"by": "Ana"})
    assert said.status_code == 200 and words(database)[0].counts and words(database)[0].confirmed_by == "Ana"
    assert client.post("/api/v1/feedback/nothing/confirm", json={"by": "Ana"}).status_code == 404


def test_it_is_over_after_a_day(client: TestClient, clock: VirtualClock, path: str) -> None:
    clock.advance(links.GOOD_FOR_S)
    assert client.get(path).status_code == 404 and press(client, path) == 404


def test_it_refuses_what_was_changed_or_signed_by_somebody_else(
    client: TestClient, database: Database, path: str
) -> None:
    other = links.token(links.Link(alert(1).id, "ward", NOW + 60), "x" * 40)
    for bad in (path[:-2] + "AA", path.replace("/said/", "/said/W"), f"/said/{other}", "/said/nothing-at-all"):
        assert client.get(bad).status_code == 404 and press(client, bad) == 404
    assert words(database) == []


def test_it_refuses_a_button_pressed_from_another_site(client: TestClient, database: Database, path: str) -> None:
    answer = client.post(path, data={"verdict": "false"}, headers={"Origin": "http://elsewhere.example"})
    assert answer.status_code == 403 and words(database) == []


def test_it_is_in_the_message_where_a_key_is_configured() -> None:
    from services.alerting.message import compose
    from services.alerting.stage import Telling
    from services.vocabulary import Notice
    from tests.unit.ledger.nouns import event

    told = compose(Telling(alert(1), event(), Notice.OPENED, receiver="ward"), NOW, "http://x/", "http://x/said/t")
    assert re.search(r'"was_it_right": "http://x/said/t"', told)
    assert plan_of(AlertingSettings(link_key=KEY)).stages


def test_it_refuses_a_key_that_can_be_guessed() -> None:
    with pytest.raises(ValueError, match="32 random characters"):
        ConsoleSettings(link_key="short")
