"""Holds the REST interface to its shapes, on a real ledger, and to typed errors for everything malformed."""

import json
import math
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from services.ledger import (
    AcknowledgementRepository,
    AuditRepository,
    Database,
    FeedbackRepository,
    OutboxRepository,
    StatusRepository,
)
from services.ledger.topics import ALERT_ACKNOWLEDGED, FEEDBACK_GIVEN, THRESHOLD_APPROVED
from services.runtime.clock import VirtualClock
from services.vocabulary import AlertStatus, FeedbackVerdict, Proposal
from tests.unit.console import house
from tests.unit.console.alerts import keep
from tests.unit.console.conftest import NOW

pytestmark = pytest.mark.unit


def messages(database: Database, topic: str) -> list[str]:
    with database.read() as connection:
        return [m.body for m in OutboxRepository(connection).unpublished(100, [topic])]


def test_it_lists_residents_as_they_are_now(client: TestClient, clock: VirtualClock) -> None:
    items = {r["resident"]["id"]: r for r in client.get("/api/v1/residents").json()["items"]}
    assert items["room-12"]["condition"] == "needs attention"
    assert items["room-23"]["learned_share"] == 0.4
    clock.advance(31)
    assert {r["condition"] for r in client.get("/api/v1/residents").json()["items"]} == {"offline"}


def test_it_pages_alerts_newest_first_without_losing_one(client: TestClient, database: Database) -> None:
    for number in range(25):
        keep(database, number, NOW - 10 * number)
    seen, before = [], ""
    while True:
        page = client.get(f"/api/v1/alerts?limit=10{before}").json()
        seen += [alert["id"] for alert in page["items"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert seen == [f"alert-{number}" for number in range(25)]


def test_it_filters_alerts(client: TestClient, database: Database) -> None:
    keep(database, 1, NOW)
    keep(database, 2, NOW, AlertStatus.UNDELIVERED, who="room-14")
    assert [a["id"] for a in client.get("/api/v1/alerts?status=undelivered").json()["items"]] == ["alert-2"]
    assert [a["id"] for a in client.get("/api/v1/alerts?resident=room-12").json()["items"]] == ["alert-1"]


def test_it_tells_everything_about_one_alert(client: TestClient, database: Database) -> None:
    _, event = keep(database, 1, NOW)
    house.assess(database, house.assessment(event, NOW), NOW)
    found = client.get("/api/v1/alerts/alert-1").json()
    assert found["event"]["id"] == event.id
    assert found["assessment"]["reasoner"] == "rules"
    assert found["deliveries"][0]["outcome"] == "delivered"
    assert client.get("/api/v1/alerts/alert-1/deliveries").json()["items"] == found["deliveries"]


def test_it_lets_one_person_take_an_alert_once(client: TestClient, database: Database) -> None:
    keep(database, 1, NOW)
    for name in ("Ana", "Ben"):
        answer = client.post("/api/v1/alerts/alert-1/acknowledge", json={"by": name})
        assert (answer.status_code, answer.json()["alert"]["acknowledged_by"]) == (200, "Ana")
    with database.read() as connection:
        assert [w.by for w in AcknowledgementRepository(connection).of_alert("alert-1")] == ["Ana"]
        assert AuditRepository(connection).verify() is None
    assert [json.loads(m)["by"] for m in messages(database, ALERT_ACKNOWLEDGED)] == ["Ana"]


def test_it_keeps_feedback(client: TestClient, database: Database) -> None:
    keep(database, 1, NOW)
    word = {"verdict": "false", "alert": "alert-1", "by": "Ana", "note": "she was singing"}
    assert client.post("/api/v1/feedback", json=word).status_code == 201
    missed = {"verdict": "missed", "resident": "room-14", "about_time": NOW - 600}
    assert client.post("/api/v1/feedback", json=missed).status_code == 201
    with database.read() as connection:
        kept = {w.verdict: w for w in FeedbackRepository(connection).recent(10)}
    assert kept[FeedbackVerdict.FALSE].resident == "room-12"
    assert kept[FeedbackVerdict.MISSED].about_time == NOW - 600
    assert len(messages(database, FEEDBACK_GIVEN)) == 2
    assert len(client.get("/api/v1/feedback").json()["items"]) == 2


def proposing(database: Database) -> None:
    """Calibration wants the composite of room 9 higher than it may."""
    with database.write() as connection:
        known = StatusRepository(connection).get("room-9")
        assert known is not None
        wants = (Proposal("composite", 8.0, 11.0, 6.0, 2.0),)
        StatusRepository(connection).save([replace(known, proposals=wants)])


def test_it_keeps_who_lets_a_threshold_rise(client: TestClient, database: Database) -> None:
    assert client.get("/api/v1/proposals").json() == {"items": []}
    proposing(database)
    (item,) = client.get("/api/v1/proposals").json()["items"]
    (one,) = item["proposals"]
    assert (item["resident"]["id"], one["rule"], one["wanted"]) == ("room-9", "composite", 11.0)
    word = {"by": "Dr Lang", "wanted": {one["rule"]: one["wanted"]}}
    answer = client.post("/api/v1/residents/room-9/approval", json=word)
    assert answer.status_code == 202 and answer.json()["approval"]["by"] == "Dr Lang"
    (message,) = messages(database, THRESHOLD_APPROVED)
    assert json.loads(message)["resident"] == "room-9" and json.loads(message)["at"] == NOW
    with database.read() as connection:
        assert AuditRepository(connection).verify() is None


@pytest.mark.parametrize(
    ("resident", "word", "status", "kind"),
    [
        ("room-9", {"by": " ", "wanted": {"composite": 11.0}}, 422, "name-missing"),
        ("room-9", {"wanted": {"composite": 11.0}}, 422, "name-missing"),
        ("room-9", {"by": "Dr Lang"}, 422, "invalid"),
        ("room-9", {"by": "Dr Lang", "wanted": {"composite": 10.0}}, 409, "not-proposed"),
        ("room-9", {"by": "Dr Lang", "wanted": {}}, 409, "not-proposed"),
        ("room-11", {"by": "Dr Lang", "wanted": {"composite": 11.0}}, 409, "not-proposed"),
        ("nobody", {"by": "Dr Lang", "wanted": {"composite": 11.0}}, 404, "resident-unknown"),
    ],
)
def test_it_lets_nothing_rise_that_nobody_named_or_saw(
    client: TestClient, database: Database, resident: str, word: dict[str, object], status: int, kind: str
) -> None:
    proposing(database)
    answer = client.post(f"/api/v1/residents/{resident}/approval", json=word)
    assert (answer.status_code, answer.json()["type"]) == (status, kind)
    assert messages(database, THRESHOLD_APPROVED) == []


def test_it_gives_history_with_null_for_what_was_not_measured(client: TestClient) -> None:
    window = f"start={NOW - 400}&end={NOW}"
    found = client.get(f"/api/v1/residents/room-12/history?{window}&channel=motion.erratic").json()
    assert found["channels"] == ["motion.erratic"]
    assert len(found["time"]) == len(found["values"][0]) == 400
    assert None in found["values"][0] and None not in found["usual"][0]
    few = client.get(f"/api/v1/residents/room-12/history?{window}&points=50").json()
    assert len(few["time"]) <= 50 and len(few["channels"]) == len(house.CHANNELS)


def test_it_shows_agents_and_health(client: TestClient, database: Database, clock: VirtualClock) -> None:
    keep(database, 1, NOW, AlertStatus.UNDELIVERED)
    agent = client.get("/api/v1/agents").json()["items"][0]
    assert [c["camera"] for c in agent["cameras"] if c["blind"]] == ["room-25"]
    health = client.get("/api/v1/health").json()
    assert (health["ready"], health["undelivered"], health["blind_cameras"]) == (True, 1, ["room-25"])
    clock.advance(31)
    assert client.get("/api/v1/health").json()["silent_agents"] == [house.AGENT]


def test_it_writes_no_number_that_is_not_json(client: TestClient, database: Database) -> None:
    event = house.event("room-12", NOW)
    house.tell(database, event, NOW)
    text = client.get("/api/v1/events").text
    assert "NaN" not in text and math.isnan(event.evidence.volatility)
    assert json.loads(text)["items"][0]["evidence"]["volatility"] is None


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind"),
    [
        ("GET", "/api/v1/alerts?limit=0", None, 422, "invalid"),
        ("GET", "/api/v1/alerts?limit=201", None, 422, "invalid"),
        ("GET", "/api/v1/alerts?before=nan", None, 422, "invalid"),
        ("GET", "/api/v1/alerts?before=1e300", None, 422, "invalid"),
        ("GET", "/api/v1/alerts?status=loud", None, 422, "invalid"),
        ("GET", "/api/v1/alerts/none", None, 404, "alert-unknown"),
        ("GET", "/api/v1/alerts/a%00b", None, 422, "invalid"),
        ("GET", "/api/v1/nothing", None, 404, "not-found"),
        ("DELETE", "/api/v1/alerts", None, 403, "other-origin"),
        ("GET", "/api/v1/residents/room-12/history?start=5&end=4", None, 422, "invalid"),
        ("GET", "/api/v1/residents/room-12/history?start=0&end=90000", None, 422, "invalid"),
        ("POST", "/api/v1/alerts/none/acknowledge", {}, 404, "alert-unknown"),
        ("POST", "/api/v1/alerts/a/acknowledge", {"by": "x" * 81}, 422, "invalid"),
        ("POST", "/api/v1/alerts/a/acknowledge", {"by": "a\u0000b"}, 422, "invalid"),
        ("POST", "/api/v1/alerts/a/acknowledge", {"who": "x"}, 422, "invalid"),
        ("POST", "/api/v1/alerts/a/acknowledge", [1], 422, "invalid"),
        ("POST", "/api/v1/feedback", {"verdict": "true"}, 422, "invalid"),
        ("POST", "/api/v1/feedback", {"verdict": "missed", "alert": "alert-1"}, 422, "invalid"),
        ("POST", "/api/v1/feedback", {"verdict": "true", "alert": "none"}, 404, "alert-unknown"),
        ("POST", "/api/v1/feedback", {"verdict": "missed", "resident": "nobody"}, 404, "resident-unknown"),
        ("POST", "/api/v1/feedback", {"verdict": "missed", "resident": "room-9", "about_time": NOW + 9}, 422,
         "about-the-future"),
    ],
)  # fmt: skip
def test_it_answers_malformed_requests_with_a_problem(
    client: TestClient, method: str, path: str, body: object, status: int, kind: str
) -> None:
    answer = client.request(method, path, **({} if body is None else {"json": body}))  # type: ignore[arg-type]
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    problem = answer.json()
    assert (problem["type"], problem["status"]) == (kind, status)
    assert problem["detail"]


def test_it_answers_a_body_that_is_no_json_with_a_problem(client: TestClient) -> None:
    for content in (b"{", b"\xff\xfe", b'{"by": "\\ud800"}', b"[" * 5000):
        answer = client.post(
            "/api/v1/alerts/a/acknowledge", content=content, headers={"content-type": "application/json"}
        )
        assert answer.status_code in (400, 422), content[:20]
        assert answer.headers["content-type"] == "application/problem+json"


def test_it_says_that_the_ledger_is_away(client: TestClient, database: Database) -> None:
    from sqlalchemy import text

    with database.write() as connection:
        connection.execute(text("DROP TABLE alerts"))
    answer = client.get("/api/v1/alerts")
    assert (answer.status_code, answer.json()["type"]) == (503, "ledger-away")


def test_it_documents_itself(client: TestClient) -> None:
    schema = client.get("/api/v1/openapi.json").json()
    assert "/api/v1/alerts/{alert_id}/acknowledge" in schema["paths"]
    assert schema["components"]["schemas"]["FeedbackIn"]["additionalProperties"] is False
    assert set(schema["paths"]) >= {"/api/v1/residents", "/api/v1/agents", "/api/v1/stream", "/api/v1/events"}
