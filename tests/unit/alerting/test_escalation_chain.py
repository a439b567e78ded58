"""Follows alerts along a chain of people whose phones are real HTTP servers: one fails, one is silent, one answers."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from services.ledger import EndpointRepository, EscalationRepository
from services.vocabulary import AlertStatus, EscalationState, Tier, Turn
from tests.unit.alerting.line import Endpoint, Line, Make, receiver
from tests.unit.ledger.nouns import NOON, event

pytestmark = pytest.mark.unit
Endpoints = Callable[..., Endpoint]
FALL = event(tier=Tier.IMMEDIATE)


def types(endpoint: Endpoint) -> list[str]:
    return [json.loads(body)["type"] for _, body in endpoint.got]


def chain(*steps: tuple[str, list[str]], **facts: object) -> dict[str, object]:
    said = [{"role": role, "channels": channels, "answer_s": 60, "failover_s": 10} for role, channels in steps]
    return {"name": "ward", "steps": said} | facts


def roles(facility: Line) -> list[tuple[str, str]]:
    with facility.database.read() as connection:
        asked = EscalationRepository(connection).of_alert(facility.alert(FALL).id)
    assert asked is not None
    return [(one.role, one.turn.value) for one in asked.asked]


def state(facility: Line) -> EscalationState:
    with facility.database.read() as connection:
        asked = EscalationRepository(connection).of_alert(facility.alert(FALL).id)
    assert asked is not None
    return asked.state


def test_it_asks_only_the_first_one_while_there_is_time(line: Make, endpoint: Endpoints) -> None:
    carer, lead = endpoint(), endpoint()
    facility = line(
        receiver("call", carer), receiver("lead", lead), chains=[chain(("carer", ["call"]), ("shift lead", ["lead"]))]
    )
    facility.tell(FALL)
    facility.run(50, pace=5)
    assert (types(carer), types(lead)) == (["alert.opened"], [])
    assert facility.alert(FALL).status is AlertStatus.NOTIFIED


def test_it_fails_over_to_the_next_channel_of_the_same_person_within_seconds(line: Make, endpoint: Endpoints) -> None:
    dead, phone, lead = endpoint(answer=500), endpoint(), endpoint()
    facility = line(
        receiver("call", dead), receiver("phone", phone), receiver("lead", lead),
        chains=[chain(("carer", ["call", "phone"]), ("shift lead", ["lead"]))],
    )  # fmt: skip
    facility.tell(FALL)
    facility.run(11)
    assert (types(phone), types(lead)) == (["alert.escalated"], [])
    said = json.loads(phone.got[0][1])["data"]["asked"]
    assert (said["role"], said["because"]) == ("carer", Turn.CHANNEL_FAILED)
    assert facility.alert(FALL).notified_at is not None
    assert len(dead.got) >= 3, "the slow schedule goes on for the record"


def test_it_does_not_wait_for_a_channel_that_says_it_is_gone(line: Make, endpoint: Endpoints) -> None:
    gone, lead = endpoint(answer=410), endpoint()
    facility = line(
        receiver("call", gone), receiver("lead", lead), chains=[chain(("carer", ["call"]), ("shift lead", ["lead"]))]
    )
    facility.tell(FALL)
    facility.run()
    assert "alert.escalated" in types(lead) and len(gone.got) == 1


def test_it_asks_the_next_person_who_does_not_answer_and_then_the_last_again_and_again(
    line: Make, endpoint: Endpoints
) -> None:
    carer, lead = endpoint(), endpoint()
    facility = line(
        receiver("call", carer), receiver("lead", lead),
        chains=[chain(("carer", ["call"]), ("shift lead", ["lead"]), repeat_s=120)],
    )  # fmt: skip
    facility.tell(FALL)
    facility.run(61, pace=5)
    assert facility.alert(FALL).status is AlertStatus.ESCALATED
    assert types(lead) == ["alert.escalated"]
    facility.run(240, pace=10)
    assert types(lead) == ["alert.escalated"] * 3 and types(carer) == ["alert.opened"]
    assert roles(facility) == [
        ("carer", "opened"), ("shift lead", "no_answer"), ("shift lead", "still_no_answer"),
        ("shift lead", "still_no_answer"),
    ]  # fmt: skip


def test_it_asks_nobody_any_more_once_somebody_took_it(line: Make, endpoint: Endpoints) -> None:
    carer, lead = endpoint(), endpoint()
    facility = line(
        receiver("call", carer), receiver("lead", lead), chains=[chain(("carer", ["call"]), ("shift lead", ["lead"]))]
    )
    facility.tell(FALL)
    facility.run(30, pace=5)
    facility.acknowledge(FALL)
    facility.run(600, pace=30)
    assert lead.got == [] and state(facility) is EscalationState.ACKNOWLEDGED
    assert facility.alert(FALL).status is AlertStatus.ACKNOWLEDGED


def test_it_goes_on_asking_about_a_fall_that_is_over_but_not_about_a_tier_two(line: Make, endpoint: Endpoints) -> None:
    carer, lead = endpoint(), endpoint()
    facility = line(
        receiver("call", carer), receiver("lead", lead), chains=[chain(("carer", ["call"]), ("shift lead", ["lead"]))]
    )
    urgent = event(resident="r2")
    for one in (FALL, urgent):
        facility.tell(one)
    facility.run(21, pace=7)
    for one in (FALL, urgent):
        facility.tell(replace(one, revision=2, updated_at=NOON + 30, ended_at=NOON + 30))
    facility.run(120, pace=10)
    assert {json.loads(body)["data"]["resident"] for _, body in lead.got} == {FALL.resident}
    assert facility.alert(FALL).status is AlertStatus.ESCALATED
    assert facility.alert(urgent).status is AlertStatus.RESOLVED
    facility.acknowledge(FALL)
    assert facility.alert(FALL).status is AlertStatus.RESOLVED


def test_it_still_tells_somebody_of_a_tier_two_that_is_over_and_reached_nobody(line: Make, endpoint: Endpoints) -> None:
    dead, lead = endpoint(answer=500), endpoint()
    facility = line(
        receiver("call", dead), receiver("lead", lead), chains=[chain(("carer", ["call"]), ("shift lead", ["lead"]))]
    )
    urgent = event(resident="r2")
    facility.tell(urgent)
    facility.run(24, pace=4)
    assert dead.got and not lead.got
    facility.tell(replace(urgent, revision=2, updated_at=NOON + 25, ended_at=NOON + 25))
    facility.run(60, pace=5)
    assert types(lead) == ["alert.escalated"], "the next one hears of it, once"
    assert facility.alert(urgent).status is AlertStatus.RESOLVED


def test_it_tells_everybody_when_the_last_one_cannot_be_reached(line: Make, endpoint: Endpoints) -> None:
    carer, lead = endpoint(), endpoint(answer=500)
    facility = line(
        receiver("call", carer), receiver("lead", lead), chains=[chain(("carer", ["call"]), ("shift lead", ["lead"]))]
    )
    facility.tell(FALL)
    facility.run(75, pace=5)
    assert types(carer) == ["alert.opened", "alert.escalated"]
    assert roles(facility)[-1] == ("shift lead", "nobody_reached")


def test_it_is_expired_when_nobody_ever_took_it(line: Make, endpoint: Endpoints) -> None:
    carer = endpoint()
    facility = line(
        receiver("call", carer), chains=[chain(("carer", ["call"]), repeat_s=60, expire_s=300)],
    )  # fmt: skip
    facility.tell(FALL)
    facility.run(330, pace=10)
    assert facility.alert(FALL).status is AlertStatus.EXPIRED and state(facility) is EscalationState.EXPIRED
    told = len(carer.got)
    facility.run(300, pace=60)
    assert len(carer.got) == told
    facility.acknowledge(FALL)
    assert facility.alert(FALL).status is AlertStatus.ACKNOWLEDGED


def test_it_passes_over_who_is_not_on_shift(line: Make, endpoint: Endpoints) -> None:
    night, lead = endpoint(), endpoint()
    facility = line(
        receiver("night", night, hours=("21:00-07:00",)), receiver("lead", lead),
        chains=[chain(("night carer", ["night"]), ("shift lead", ["lead"]))],
    )  # fmt: skip
    facility.tell(FALL)
    facility.run()
    assert (types(night), types(lead)) == ([], ["alert.opened"])
    assert roles(facility) == [("shift lead", "nobody_on_shift")]


def test_it_starts_the_chain_of_the_tier_that_it_was_raised_to(line: Make, endpoint: Endpoints) -> None:
    ward, doctor = endpoint(), endpoint()
    facility = line(
        receiver("ward", ward), receiver("doctor", doctor),
        chains=[
            chain(("carer", ["ward"]), tiers=[2]) | {"name": "day"},
            chain(("doctor", ["doctor"]), tiers=[1]) | {"name": "emergency"},
        ],
    )  # fmt: skip
    urgent = replace(FALL, tier=Tier.URGENT)
    facility.tell(urgent)
    facility.run(20, pace=10)
    assert (types(ward), types(doctor)) == (["alert.opened"], [])
    facility.tell(replace(urgent, revision=2, tier=Tier.IMMEDIATE, updated_at=NOON + 21))
    facility.run(1)
    assert (types(ward), types(doctor)) == (["alert.opened", "alert.amended"], ["alert.opened"])
    assert roles(facility) == [("carer", "opened"), ("doctor", "opened")]


def test_it_tells_the_last_one_of_the_chain_what_was_found_too_late(line: Make, endpoint: Endpoints) -> None:
    carer, lead = endpoint(), endpoint()
    facility = line(
        receiver("call", carer), receiver("lead", lead), chains=[chain(("carer", ["call"]), ("shift lead", ["lead"]))]
    )
    facility.clock.advance(3600)
    facility.tell(FALL)
    facility.run(5)
    assert (types(carer), types(lead)) == ([], ["alert.missed"])
    assert facility.alert(FALL).status is AlertStatus.MISSED


def test_it_tells_the_others_that_a_receiver_is_gone_and_sends_nothing_there(line: Make, endpoint: Endpoints) -> None:
    gone, other = endpoint(answer=410), endpoint()
    facility = line(receiver("pager", gone), receiver("ward", other))
    facility.tell(FALL)
    facility.run(1)
    facility.tell(event(resident="r2", tier=Tier.IMMEDIATE))
    facility.run(1)
    assert len(gone.got) == 1
    assert sorted(types(other)) == ["alert.opened", "alert.opened", "receiver.disabled"]
    with facility.database.read() as connection:
        assert "410" in EndpointRepository(connection).get("pager").why


def test_it_leaves_a_receiver_alone_for_as_long_as_it_asks(line: Make, endpoint: Endpoints) -> None:
    busy = endpoint(answer=429, headers={"Retry-After": "40"})
    facility = line(receiver("ward", busy))
    facility.tell(FALL)
    facility.run(5)
    facility.tell(event(resident="r2", tier=Tier.IMMEDIATE))
    facility.run(30)
    assert len(busy.got) == 1, "neither this alert nor another one is sent meanwhile"
    busy.answer = 204
    facility.run(10)
    assert len(busy.got) == 3
    assert facility.alert(FALL).status is AlertStatus.NOTIFIED
