"""Holds the explanation over REST to every number it knows, to a picture of its own, and to silence on emotions."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from services.console import words
from services.ledger import Database
from services.vocabulary import COURSES, EMOTIONS, Calibration, Mode, Policy, Reading, Reason, Tier
from tests.unit.console import house
from tests.unit.console.alerts import keep
from tests.unit.console.conftest import NOW

pytestmark = pytest.mark.unit


def told(database: Database, mode: Mode = Mode.AFFECT, **facts: object) -> str:
    event = house.event("room-12", NOW - 40, mode=mode, **facts)
    house.tell(database, event, NOW)
    return event.id


def test_it_tells_every_number_that_is_known(client: TestClient, database: Database) -> None:
    reading = Reading(Reason.COMPOSITE, Tier.IMMEDIATE, 1.83, 1.0, 0.4, 0.7, True)
    known = Calibration(NOW - 40, 17, "usable", 86_400.0, (reading,))
    event = told(database, calibration=known, policy_version=Policy().version)
    found = client.get(f"/api/v1/events/{event}/explanation").json()["explanation"]
    assert (found["event"], found["tier"], found["provisional"], found["times"]) == (event, 1, True, 1.83)
    assert found["composite"] == pytest.approx(0.68)
    assert found["calibration"]["readings"][0] == {
        "reason": "composite", "tier": 1, "score": 1.83, "threshold": 1.0, "release": 0.4, "weekly": 0.7,
        "provisional": True,
    }  # fmt: skip
    assert found["policy"]["budget"]["tier1"] == Policy().budget.tier1
    assert {one["channel"] for one in found["usual"]} == set(house.CHANNELS)
    assert found["not_recorded"] == []


def test_it_names_what_is_not_recorded(client: TestClient, database: Database) -> None:
    found = client.get(f"/api/v1/events/{told(database)}/explanation").json()["explanation"]
    assert (found["calibration"], found["policy"], found["provisional"]) == (None, None, None)
    assert len(found["not_recorded"]) == 2 and "shipped@0a1b2c3d4e5f" in found["not_recorded"][1]


def test_it_draws_score_and_channels_without_a_style_sheet(client: TestClient, database: Database) -> None:
    answer = client.get(f"/api/v1/events/{told(database)}/explanation.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    root = ET.fromstring(answer.text)
    plots = root.findall("{http://www.w3.org/2000/svg}svg")
    assert len(plots) == 1 + len(house.CHANNELS)
    assert "class=" not in answer.text and "style" not in answer.text
    assert "1.83 over 1" in answer.text and "How erratic the movement is: above their usual" in answer.text


@pytest.mark.parametrize("what", ["explanation", "explanation.svg"])
def test_it_says_no_word_of_emotion_about_who_did_not_consent(
    client: TestClient, database: Database, what: str
) -> None:
    answer = client.get(f"/api/v1/events/{told(database, Mode.OBSERVABLES)}/{what}").text
    assert "motion" in answer.lower()
    for word in (*EMOTIONS, "emotion", "Face suggests"):
        assert word not in answer, word


@pytest.mark.parametrize("what", ["explanation", "explanation.svg"])
def test_it_says_where_events_are_listed_when_the_id_is_not_known(client: TestClient, what: str) -> None:
    answer = client.get(f"/api/v1/events/none/{what}")
    assert (answer.status_code, answer.json()["type"]) == (404, "event-unknown")
    assert "GET /api/v1/events" in answer.json()["detail"]


def test_it_is_linked_from_the_alert(client: TestClient, database: Database) -> None:
    _, event = keep(database, 1, NOW - 40)
    page = client.get("/alerts/alert-1").text
    for what in ("explanation", "explanation.svg"):
        assert f'href="/api/v1/events/{event.id}/{what}"' in page
        assert client.get(f"/api/v1/events/{event.id}/{what}").status_code == 200


@pytest.mark.parametrize("course", ["", *COURSES])
def test_it_says_in_a_sentence_how_an_event_went(course: str) -> None:
    event = house.event("room-12", NOW - 40)
    said = words.course(replace(event, evidence=replace(event.evidence, course=course)))
    assert bool(said) == bool(course)
