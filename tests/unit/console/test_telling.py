"""What people press about telling, through REST: silences with two people, dead letters, receivers that are gone."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from services.alerting.message import compose, dated
from services.alerting.stage import Telling
from services.console.webhooks import AlertMessage
from services.ledger import (
    AlertRepository,
    Database,
    DeliveryRepository,
    Dispatch,
    DispatchState,
    EndpointNow,
    EndpointRepository,
)
from services.ledger.outbox import OutboxRepository
from services.ledger.topics import DELIVERY_REPLAYED, RECEIVER_ENABLED
from services.runtime.clock import VirtualClock
from services.vocabulary import Asked, Delivery, Notice, Outcome, Tier, Turn
from tests.unit.console.conftest import NOW
from tests.unit.ledger.nouns import alert, assessment, event

pytestmark = pytest.mark.unit
ASKED: dict[str, Any] = {"room": "Room 12", "minutes": 30, "reason": "family visit", "by": "Ana"}


def post(client: TestClient, path: str, body: dict[str, Any]) -> Any:
    return client.post(f"/api/v1{path}", json=body)


def test_it_keeps_a_silence_with_reason_and_end(client: TestClient, clock: VirtualClock) -> None:
    made = post(client, "/silences", ASKED)
    assert made.status_code == 201
    (one,) = client.get("/api/v1/silences").json()["items"]
    assert (one["reason"], one["ends_at"] - one["starts_at"], one["tier1"]) == ("family visit", 1800.0, False)
    clock.advance(60.0)
    ended = post(client, f"/silences/{one['id']}/end", {"by": "Ben"})
    assert ended.status_code == 200 and client.get("/api/v1/silences").json()["items"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"reason": ""},
        {"minutes": 0},
        {"minutes": 1441},
        {"resident": "room-12"},
        {"tier1": True, "minutes": 61},
        {"by": " "},
    ],
)  # fmt: skip
def test_it_refuses_a_silence_that_nobody_can_answer_for(client: TestClient, change: dict[str, Any]) -> None:
    assert post(client, "/silences", ASKED | change).status_code == 422


def test_it_takes_a_second_person_to_silence_tier_one(client: TestClient) -> None:
    (one,) = post(client, "/silences", ASKED | {"tier1": True}).json()["items"]
    assert one["second"] == ""
    assert post(client, f"/silences/{one['id']}/agree", {"by": "ANA "}).status_code == 409
    agreed = post(client, f"/silences/{one['id']}/agree", {"by": "Ben"})
    assert agreed.status_code == 200 and agreed.json()["items"][0]["second"] == "Ben"
    (plain,) = post(client, "/silences", ASKED).json()["items"]
    assert post(client, f"/silences/{plain['id']}/agree", {"by": "Ben"}).status_code == 409
    assert post(client, "/silences/nothing/agree", {"by": "Ben"}).status_code == 404


def test_it_passes_the_wish_to_try_again_on_to_alerting(client: TestClient, database: Database) -> None:
    dead = Dispatch("m1", "a1", Notice.OPENED, "ward", "{}", NOW, NOW, 5, DispatchState.FAILED)
    with database.write() as connection:
        for one in (dead, Dispatch("m2", "a1", Notice.OPENED, "ward", "{}", NOW, NOW)):
            DeliveryRepository(connection).queue(one)
    (listed,) = client.get("/api/v1/deliveries/dead").json()["items"]
    assert (listed["message"], listed["attempts"]) == ("m1", 5)
    wish = {"receiver": "ward", "by": "Ana"}
    assert post(client, "/deliveries/replay", wish | {"message": "m1"}).status_code == 202
    assert post(client, "/deliveries/replay", wish | {"message": "m2"}).status_code == 409
    assert post(client, "/deliveries/replay", wish | {"message": "m3"}).status_code == 404
    with database.read() as connection:
        (said,) = OutboxRepository(connection).unpublished(10, [DELIVERY_REPLAYED])
    assert '"by":"Ana"' in said.body


def test_it_passes_on_that_a_receiver_is_there_again(client: TestClient, database: Database) -> None:
    assert post(client, "/receivers/ward/enable", {"by": "Ana"}).status_code == 409
    with database.write() as connection:
        EndpointRepository(connection).save(EndpointNow("ward", NOW, "answered 410"), NOW)
    assert client.get("/api/v1/receivers").json()["items"][0]["why"] == "answered 410"
    assert post(client, "/receivers/ward/enable", {"by": "Ana"}).status_code == 202
    with database.read() as connection:
        assert len(OutboxRepository(connection).unpublished(10, [RECEIVER_ENABLED])) == 1


def test_it_documents_every_message_and_the_line_sends_just_that(client: TestClient, tmp_path: Path) -> None:
    described = client.get("/api/v1/openapi.json").json()
    assert set(described["webhooks"]) == {notice.value for notice in Notice}
    told = Telling(alert(1), event(), Notice.ESCALATED, "1", assessment(1, event().id), "ward", ASKING, (alert(2),))
    body = dated(compose(told, NOW, "http://x", "http://x/said/t"), 3.0)
    assert AlertMessage.model_validate_json(body).data.asked is not None
    plain = dated(compose(Telling(alert(1), event(), Notice.OPENED), NOW, "http://x"), 3.0)
    assert AlertMessage.model_validate_json(plain).data.links is None


ASKING = Asked(NOW, "shift lead", ("lead",), Turn.NO_ANSWER)


def test_it_counts_what_each_carer_was_told_of_in_a_shift_beside_the_budget(
    client: TestClient, database: Database
) -> None:
    def told(receiver: str, number: int, at: float, notice: Notice = Notice.OPENED) -> Delivery:
        return Delivery(f"m{at}", alert(number).id, notice, receiver, 1, at, Outcome.DELIVERED)

    with database.write() as connection:
        for number in (1, 2, 3):
            tier = Tier.IMMEDIATE if number == 1 else Tier.URGENT
            AlertRepository(connection).create(alert(number, event=f"e{number}", tier=tier))
        log = [told("ward", 1, NOW - 60), told("ward", 1, NOW - 50, Notice.ESCALATED), told("ward", 2, NOW - 40)]
        log += [told("ward", 3, NOW - 9 * 3600), told("lead", 1, NOW - 30, Notice.ESCALATED)]
        log += [told("ward", 2, NOW - 20, Notice.AMENDED)]
        for one in log:
            DeliveryRepository(connection).record(one)
    found = client.get("/api/v1/load").json()
    assert [(one["receiver"], one["tier1"], one["tier2"], one["asked_again"]) for one in found["items"]] == [
        ("ward", 1, 1, 1), ("lead", 1, 0, 0),
    ]  # fmt: skip
    assert found["residents"] == 9 and found["allowed"] == pytest.approx(9 * 6.3 / 21)
    assert not any(one["over"] for one in found["items"])
    assert client.get("/api/v1/load?hours=0.1").json()["items"][0]["over"]
