"""Has what was given up tried again: by a person's word, and not once somebody took the alert."""

from collections.abc import Callable

import pytest

from services.alerting import dead_letters
from services.ledger import AuditRepository, DeliveryRepository, Dispatch, EndpointRepository
from services.vocabulary import AlertStatus, Tier
from tests.unit.alerting.line import Endpoint, Line, Make, receiver
from tests.unit.ledger.nouns import event

pytestmark = pytest.mark.unit
FALL = event(tier=Tier.IMMEDIATE)


@pytest.fixture
def given_up(line: Make, endpoint: Callable[..., Endpoint]) -> tuple[Line, Endpoint]:
    gone = endpoint(answer=410)
    facility = line(receiver("ward", gone))
    facility.tell(FALL)
    facility.run(2)
    return facility, gone


def dead(facility: Line) -> Dispatch:
    with facility.database.read() as connection:
        return DeliveryRepository(connection).failed(10)[0]


def test_it_is_told_after_a_person_enabled_the_receiver_and_had_it_tried_again(
    given_up: tuple[Line, Endpoint], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    facility, gone = given_up
    gone.answer = 204
    one = dead(facility)
    monkeypatch.setenv("ATTUNE_DATABASE_URL", str(facility.database._engine.url))
    assert dead_letters.main(["list"]) == 0 and one.message in capsys.readouterr().out
    assert dead_letters.main(["enable", "ward", "--by", "Ana"]) == 0
    with facility.database.write() as connection:
        dead_letters.replay(connection, one.message, "ward", "Ana", facility.clock.now())
        assert AuditRepository(connection).verify() is None
    facility.run(1)
    assert facility.alert(FALL).status is AlertStatus.NOTIFIED
    assert {headers["webhook-id"] for headers, _ in gone.got} == {one.message}
    with facility.database.read() as connection:
        assert EndpointRepository(connection).get("ward").disabled_at is None


def test_it_is_not_told_again_once_somebody_took_the_alert(given_up: tuple[Line, Endpoint]) -> None:
    facility, _ = given_up
    facility.acknowledge(FALL, heard=False)
    one = dead(facility)
    with facility.database.write() as connection, pytest.raises(dead_letters.NotReplayed, match="somebody took"):
        dead_letters.replay(connection, one.message, "ward", "Ana", facility.clock.now())


def test_it_refuses_what_was_never_given_up(
    given_up: tuple[Line, Endpoint], capsys: pytest.CaptureFixture[str]
) -> None:
    facility, _ = given_up
    with facility.database.write() as connection, pytest.raises(dead_letters.NotReplayed, match="no such dispatch"):
        dead_letters.replay(connection, "nothing", "ward", "Ana", facility.clock.now())


def test_it_makes_a_key_whose_halves_belong_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert dead_letters.main(["keys"]) == 0
    out = capsys.readouterr().out
    assert "whsk_" in out and "whpk_" in out
