"""The page says who was asked about an alert, when and why, and has a word for everything that can be told."""

import pytest
from fastapi.testclient import TestClient

from services.console import words
from services.ledger import AlertRepository, Database, DeliveryRepository, EscalationRepository
from services.vocabulary import (
    AlertStatus,
    Asked,
    Delivery,
    Escalation,
    Notice,
    Outcome,
    Turn,
)
from tests.unit.console.conftest import NOW
from tests.unit.ledger.nouns import alert

pytestmark = pytest.mark.unit


def test_it_has_a_word_for_every_status_notice_outcome_and_turn() -> None:
    assert set(words.STATUSES) == set(AlertStatus)
    assert set(words.NOTICES) == set(Notice)
    assert set(words.OUTCOMES) == set(Outcome)
    assert set(words.TURNS) == set(Turn)


@pytest.mark.parametrize("status", AlertStatus)
def test_it_says_who_was_asked_and_why(client: TestClient, database: Database, status: AlertStatus) -> None:
    one = alert(1, status=status, notified_at=NOW - 80)
    asked = (
        Asked(NOW - 90, "carer", ("call",), Turn.OPENED),
        Asked(NOW - 30, "shift lead", ("phone",), Turn.NO_ANSWER),
    )
    with database.write() as connection:
        AlertRepository(connection).create(one)
        EscalationRepository(connection).save(Escalation(one.id, "ward", 1, 0, NOW, NOW, NOW, NOW, asked=asked))
        for notice in Notice:
            word = Delivery(f"m-{notice}", one.id, notice, "phone", 1, NOW - 30, Outcome.DELIVERED)
            DeliveryRepository(connection).record(word)
    page = client.get(f"/alerts/{one.id}").text
    assert "shift lead by phone" in page and "nobody took it" in page and "asked next" in page


def test_it_says_why_nobody_was_told(client: TestClient, database: Database) -> None:
    with database.write() as connection:
        AlertRepository(connection).create(alert(1, held="silenced by Ana: family visit"))
    assert "silenced by Ana: family visit" in client.get(f"/alerts/{alert(1).id}").text
