"""A second opinion may make an alert more urgent: once, within its budget, and only by what was measured."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from services.alerting.intake import ALERT_RAISED
from services.ledger.tables import audit
from services.vocabulary import (
    UNCHECKED,
    AlertStatus,
    Assessment,
    Claim,
    Event,
    Grounding,
    Opinion,
    Support,
    Tier,
    event_id,
)
from tests.unit.alerting.line import Endpoint, Make, receiver
from tests.unit.alerting.test_line import data, types
from tests.unit.ledger.nouns import NOON, assessment, event

pytestmark = pytest.mark.unit

Endpoints = Callable[..., Endpoint]
HELD = Claim("motion rose", "motion.ratio", Support.SUPPORTED)
WRONG = Claim("fear fell", "emotion.fear", Support.CONTRADICTED, "emotion.fear is +3.0 sigma from usual")
OPEN = Claim("pulse 88", "", Support.UNSUPPORTED, "88 is no number of this event")


def opinion(about: Event, *claims: Claim, number: int = 1, tier: Tier = Tier.IMMEDIATE) -> Assessment:
    made = assessment(number, about.id)
    said = {Tier.IMMEDIATE: Opinion.RAISED, Tier.URGENT: Opinion.AGREED, Tier.MONITOR: Opinion.LOWERED}[tier]
    verdict = replace(made.verdict, tier=tier, opinion=said)
    return replace(made, reasoner="qwen3-vl", verdict=verdict, grounding=Grounding(claims) if claims else UNCHECKED)


def another(number: int, resident: str | None = None) -> Event:
    one = event()
    where = replace(one.position, sequence=1000 + number)
    who = resident or one.resident
    return replace(one, id=event_id(who, where), position=where, resident=who)


def test_a_grounded_opinion_makes_the_waiting_alert_immediate(line: Make, endpoint: Endpoints) -> None:
    ward, pager = endpoint(), endpoint()
    facility = line(receiver("ward", ward), receiver("pager", pager, frozenset({1})))
    urgent = event()
    facility.tell(urgent)
    facility.assess(opinion(urgent, HELD))
    facility.run()
    assert (types(ward), types(pager)) == (["alert.opened"], ["alert.opened"])
    assert data(pager)["tier"] == 1
    assert data(pager)["assessment"]["borne_out"] == 1.0  # type: ignore[index]
    assert facility.alert(urgent).raised_by == "assessment-1"
    with facility.database.read() as connection:
        kinds = list(connection.scalars(select(audit.c.kind)))
    assert kinds.count(ALERT_RAISED) == 1


def test_who_was_told_before_is_told_of_the_urgency_once(line: Make, endpoint: Endpoints) -> None:
    ward, pager = endpoint(), endpoint()
    facility = line(receiver("ward", ward), receiver("pager", pager, frozenset({1})))
    urgent = event()
    facility.tell(urgent)
    facility.run(21, pace=7)
    facility.assess(opinion(urgent, HELD))
    facility.assess(opinion(urgent, HELD))
    facility.tell(replace(urgent, revision=2, tier=Tier.IMMEDIATE, updated_at=NOON + 30))
    facility.run(1)
    assert (types(ward), types(pager)) == (["alert.opened", "alert.amended"], ["alert.opened"])
    assert data(ward)["change"] == "raised" and data(ward)["tier"] == 1


@pytest.mark.parametrize(
    "claims",
    [(HELD, HELD, HELD, HELD, HELD, WRONG), (HELD, OPEN), ()],
    ids=["contradicted", "half of it unsupported", "nothing could be checked"],
)
def test_an_opinion_that_the_measurements_do_not_bear_out_raises_nothing(
    claims: tuple[Claim, ...], line: Make, endpoint: Endpoints
) -> None:
    ward, pager = endpoint(), endpoint()
    facility = line(receiver("ward", ward), receiver("pager", pager, frozenset({1})))
    urgent = event()
    facility.tell(urgent)
    facility.assess(opinion(urgent, *claims))
    facility.run(1)
    assert (types(ward), types(pager)) == (["alert.opened"], [])
    told = data(ward)
    assert told["tier"] == 2 and told["assessment"]["opinion"] == "raised"  # type: ignore[index]
    assert facility.alert(urgent).raised_by == ""


def test_rules_raise_nothing(line: Make, endpoint: Endpoints) -> None:
    up = endpoint()
    facility = line(receiver("nurse", up))
    urgent = event()
    facility.tell(urgent)
    facility.assess(replace(opinion(urgent, HELD), reasoner="rules"))
    facility.run(1)
    assert data(up)["tier"] == 2


def test_an_opinion_never_lowers_delays_or_cancels(line: Make, endpoint: Endpoints) -> None:
    up = endpoint()
    facility = line(receiver("nurse", up))
    now = replace(event(), tier=Tier.IMMEDIATE)
    facility.tell(now)
    facility.assess(opinion(now, HELD, tier=Tier.MONITOR))
    facility.run(1)
    assert data(up, 0)["tier"] == 1 and facility.alert(now).tier is Tier.IMMEDIATE
    assert facility.alert(now).status is AlertStatus.NOTIFIED


def test_its_budget_is_one_alert_of_a_resident_in_seven_days(line: Make, endpoint: Endpoints) -> None:
    facility = line(receiver("nurse", endpoint()))
    first, second, neighbour = another(1), another(2), another(3, "somebody-else")
    for number, one in enumerate((first, second, neighbour)):
        facility.tell(one)
        facility.assess(opinion(one, HELD, number=number))
    assert [facility.alert(one).tier.value for one in (first, second, neighbour)] == [1, 2, 1]
    later = another(4)
    week = 7 * 86_400.0
    facility.clock.advance(week + 60.0)
    facility.tell(replace(later, opened_at=later.opened_at + week + 60, updated_at=later.updated_at + week + 60))
    facility.assess(opinion(later, HELD, number=9))
    assert facility.alert(later).tier is Tier.IMMEDIATE


def test_an_opinion_that_was_there_before_its_alert_raises_it_too(line: Make, endpoint: Endpoints) -> None:
    up = endpoint()
    facility = line(receiver("nurse", up))
    urgent = event()
    facility.assess(opinion(urgent, HELD))
    facility.tell(urgent)
    facility.run()
    assert data(up)["tier"] == 1


def test_nobody_is_called_again_once_somebody_is_there(line: Make, endpoint: Endpoints) -> None:
    ward, pager = endpoint(), endpoint()
    facility = line(receiver("ward", ward), receiver("pager", pager, frozenset({1})))
    urgent = event()
    facility.tell(urgent)
    facility.run(21, pace=7)
    facility.acknowledge(urgent)
    facility.assess(opinion(urgent, HELD))
    facility.run(5)
    assert (types(ward), types(pager)) == (["alert.opened"], [])
    assert facility.alert(urgent).tier is Tier.URGENT
