"""Reads what each form makes of a message: Alertmanager's, FHIR's, and the thin one that names nobody."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.alerting.bodies import Form, in_form
from services.vocabulary import Tier
from tests.unit.alerting.line import Endpoint, Make, receiver
from tests.unit.ledger.nouns import NOON, event

pytestmark = pytest.mark.unit
FALL = event(tier=Tier.IMMEDIATE)


@pytest.fixture
def messages(line: Make, endpoint: Callable[..., Endpoint]) -> list[str]:
    """What an opening and an end say in our own schema, from the line itself."""
    up = endpoint()
    facility = line(receiver("ward", up))
    facility.tell(FALL)
    facility.run()
    facility.tell(replace(FALL, revision=2, updated_at=NOON + 9, ended_at=NOON + 9))
    facility.run(1)
    return [body.decode() for _, body in up.got]


def read(body: str, form: Form, is_thin: bool = False) -> Any:
    return json.loads(in_form(body, form, is_thin, "ward"))


def test_it_is_what_a_receiver_of_alertmanager_reads(messages: list[str]) -> None:
    opened, resolved = (read(body, Form.ALERTMANAGER) for body in messages)
    assert (opened["version"], opened["status"], opened["receiver"]) == ("4", "firing", "ward")
    assert set(opened) == {
        "version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels",
        "commonAnnotations", "externalURL", "alerts",
    }  # fmt: skip
    (one,) = opened["alerts"]
    assert set(one) == {"status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"}
    assert one["labels"]["severity"] == "critical" and all(isinstance(v, str) for v in one["labels"].values())
    assert one["endsAt"].startswith("0001-01-01") and one["annotations"]["summary"]
    (over,) = resolved["alerts"]
    assert (over["status"], over["fingerprint"], resolved["groupKey"]) == (
        "resolved",
        one["fingerprint"],
        opened["groupKey"],
    )
    assert over["endsAt"] > over["startsAt"]


def test_it_is_a_communication_and_a_flag_of_fhir(messages: list[str]) -> None:
    said = read(messages[0], Form.FHIR_COMMUNICATION)
    assert (said["resourceType"], said["status"], said["priority"]) == ("Communication", "in-progress", "stat")
    assert said["subject"]["identifier"]["value"] == FALL.resident and said["payload"][0]["contentString"]
    raised, lowered = (read(body, Form.FHIR_FLAG) for body in messages)
    assert (raised["resourceType"], raised["status"], lowered["status"]) == ("Flag", "active", "inactive")
    assert raised["identifier"] == lowered["identifier"] and "end" in lowered["period"]
    assert raised["code"]["text"] and Form.FHIR_FLAG.content_type == "application/fhir+json"


@pytest.mark.parametrize("form", Form)
def test_it_names_nobody_where_it_is_thin(messages: list[str], form: Form) -> None:
    for body in messages:
        text = in_form(body, form, True, "ward")
        assert FALL.resident not in json.dumps(_values(json.loads(text)))
        assert json.loads(body)["data"]["headline"] not in text


def _values(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [v for inner in value.values() for v in _values(inner)]
    return [v for inner in value for v in _values(inner)] if isinstance(value, list) else [value]


def test_it_is_sent_in_the_form_that_the_receiver_reads(line: Make, endpoint: Callable[..., Endpoint]) -> None:
    clinic = endpoint()
    facility = line(receiver("clinic", clinic, body="fhir-flag", thin=True))
    facility.tell(FALL)
    facility.run()
    headers, body = clinic.got[0]
    assert headers["content-type"] == "application/fhir+json"
    assert json.loads(body)["resourceType"] in ("Flag", "Communication")


@pytest.mark.parametrize("form", Form)
def test_it_says_that_a_receiver_is_gone_in_every_form(form: Form) -> None:
    data = {"receiver": "pager", "why": "410", "headline": "The receiver pager takes no alerts any more."}
    told = {"type": "receiver.disabled", "timestamp": "2025-06-15T15:06:40.000Z", "data": data}
    assert "pager" in in_form(json.dumps(told), form, False, "ward")
