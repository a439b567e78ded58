"""Follows alerts from an event to receivers that are real HTTP servers: up, down, slow, rude."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from standardwebhooks import Webhook

from services.alerting.channel import WebhookChannel
from services.alerting.dispatcher import Dispatcher
from services.ledger import Database
from services.runtime.clock import VirtualClock
from services.vocabulary import AlertStatus, Notice, Outcome, Tier
from tests.unit.alerting.line import SECRET, Endpoint, Line, Make, receiver
from tests.unit.ledger.nouns import NOON, assessment, event

pytestmark = pytest.mark.unit
Endpoints = Callable[..., Endpoint]
NOW = event(tier=Tier.IMMEDIATE)


def types(endpoint: Endpoint) -> list[str]:
    return [json.loads(body)["type"] for _, body in endpoint.got]


def data(endpoint: Endpoint, number: int = -1) -> dict[str, object]:
    return json.loads(endpoint.got[number][1])["data"]  # type: ignore[no-any-return]


def test_it_tells_tier_one_at_once_signed_and_once(line: Make, endpoint: Endpoints) -> None:
    up = endpoint()
    facility = line(receiver("nurse", up))
    facility.tell(NOW)
    facility.run()
    facility.tell(NOW)
    facility.run(5)
    assert types(up) == ["alert.opened"]
    headers, body = up.got[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body.decode()}"
    assert headers["webhook-timestamp"] == str(int(NOON))
    assert headers["webhook-signature"] == f"v1,{_signature(signed)}"
    assert facility.alert(NOW).status is AlertStatus.NOTIFIED
    assert [d.outcome for d in facility.log(NOW)] == [Outcome.DELIVERED]
    assert data(up)["happened"] == ""


def _signature(signed: str) -> str:
    import base64
    import hashlib
    import hmac

    key = base64.b64decode(SECRET.removeprefix("whsec_") + "==")
    return base64.b64encode(hmac.new(key, signed.encode(), hashlib.sha256).digest()).decode()


def test_it_lets_tier_three_be(line: Make, endpoint: Endpoints) -> None:
    up = endpoint()
    facility = line(receiver("nurse", up))
    quiet = event(tier=Tier.MONITOR)
    facility.tell(quiet)
    facility.run(60, pace=30)
    assert up.got == []
    with pytest.raises(AssertionError):
        facility.alert(quiet)


def test_it_holds_tier_two_for_its_second_opinion(line: Make, endpoint: Endpoints) -> None:
    up = endpoint()
    facility = line(receiver("nurse", up))
    urgent = event()
    facility.tell(urgent)
    facility.run(7)
    assert up.got == []
    facility.assess(assessment(1, urgent.id))
    facility.run()
    assert types(up) == ["alert.opened"]
    assert data(up)["assessment"]["reasoner"] == "rules"  # type: ignore[index]


def test_it_does_not_hold_tier_two_for_ever(line: Make, endpoint: Endpoints) -> None:
    up = endpoint()
    facility = line(receiver("nurse", up))
    facility.tell(event())
    facility.run(19, pace=9.5)
    assert up.got == []
    facility.run(1)
    assert types(up) == ["alert.opened"]


def test_it_amends_and_ends_the_same_alert(line: Make, endpoint: Endpoints) -> None:
    up = endpoint()
    facility = line(receiver("nurse", up))
    facility.tell(NOW)
    facility.run()
    facility.assess(assessment(1, NOW.id))
    facility.run(1)
    facility.tell(replace(NOW, revision=2, updated_at=NOON + 9, ended_at=NOON + 9))
    facility.run(1)
    assert types(up) == ["alert.opened", "alert.amended", "alert.resolved"]
    assert {data(up, i)["alert"] for i in range(3)} == {facility.alert(NOW).id}
    assert facility.alert(NOW).status is AlertStatus.RESOLVED


def test_it_raises_the_same_alert_and_tells_those_who_take_only_tier_one(line: Make, endpoint: Endpoints) -> None:
    ward, pager = endpoint(), endpoint()
    facility = line(receiver("ward", ward), receiver("pager", pager, frozenset({1})))
    urgent = event()
    facility.tell(urgent)
    facility.run(20, pace=20)
    assert (types(ward), types(pager)) == (["alert.opened"], [])
    facility.tell(replace(urgent, revision=2, tier=Tier.IMMEDIATE, updated_at=NOON + 30))
    facility.run(1)
    assert (types(ward), types(pager)) == (["alert.opened", "alert.amended"], ["alert.opened"])
    assert data(ward)["change"] == "raised" and data(ward)["tier"] == 1


def test_it_tells_of_more_urgency_though_the_opening_is_still_on_its_way(line: Make, endpoint: Endpoints) -> None:
    ward, pager = endpoint(), endpoint()
    facility = line(receiver("ward", ward), receiver("pager", pager, frozenset({1})))
    urgent = event()
    facility.tell(urgent)
    facility.assess(assessment(1, urgent.id))  # the opening is queued from here on, and not delivered yet
    facility.tell(replace(urgent, revision=2, tier=Tier.IMMEDIATE, updated_at=NOON + 1))
    facility.run(1)
    assert (types(ward), types(pager)) == (["alert.opened", "alert.amended"], ["alert.opened"])
    assert [data(ward, i)["tier"] for i in range(2)] == [2, 1] and data(ward)["change"] == "raised"
    assert data(pager)["tier"] == 1 and facility.alert(urgent).status is AlertStatus.NOTIFIED


def test_it_raises_once_a_receiver_that_was_away_is_back(line: Make, endpoint: Endpoints) -> None:
    rude = endpoint(answer=500)
    facility = line(receiver("nurse", rude))
    urgent = event()
    facility.tell(urgent)
    facility.assess(assessment(1, urgent.id))
    facility.run(3)
    facility.tell(replace(urgent, revision=2, tier=Tier.IMMEDIATE, updated_at=NOON + 4))
    rude.got.clear()
    rude.answer = 204
    facility.run(60)
    assert types(rude) == ["alert.opened", "alert.amended"] and data(rude)["tier"] == 1


def test_it_is_undelivered_until_the_receiver_is_back(line: Make, endpoint: Endpoints) -> None:
    rude = endpoint(answer=500)
    facility = line(receiver("nurse", rude))
    facility.tell(NOW)
    facility.run()
    assert facility.alert(NOW).status is AlertStatus.UNDELIVERED
    facility.run(80)
    assert [round(d.at - NOON) for d in facility.log(NOW)] == [0, 2, 7, 17, 37, 67]
    rude.answer = 204
    facility.run(60, pace=10)
    assert facility.alert(NOW).status is AlertStatus.NOTIFIED
    assert facility.log(NOW)[-1].outcome is Outcome.DELIVERED
    assert len({headers["webhook-id"] for headers, _ in rude.got}) == 1
    assert data(rude)["happened"] == "happened 1 minute ago"
    assert facility.alert(NOW).late_s == pytest.approx(97, abs=3)


def test_it_delivers_after_a_restart_what_was_waiting(line: Make, endpoint: Endpoints, clock: VirtualClock) -> None:
    gone = endpoint()
    gone.close()
    before = line(receiver("nurse", gone))
    before.tell(NOW)
    before.run(3)
    assert before.alert(NOW).status is AlertStatus.UNDELIVERED
    assert {d.outcome for d in before.log(NOW)} == {Outcome.UNREACHABLE}
    up = endpoint()
    after = line(receiver("nurse", up))
    after.run(30, pace=5)
    assert types(up) == ["alert.opened"]
    assert after.alert(NOW).status is AlertStatus.NOTIFIED


@pytest.mark.parametrize(
    ("answer", "headers", "detail"),
    [
        (302, {"Location": "http://127.0.0.1:1/other"}, "redirect"),
        (500, {}, "answered 500"),
        (410, {}, "gone for good"),
    ],
)
def test_it_says_why_a_delivery_was_refused(
    line: Make, endpoint: Endpoints, answer: int, headers: dict[str, str], detail: str
) -> None:
    rude = endpoint(answer=answer, headers=headers)
    facility = line(receiver("nurse", rude))
    facility.tell(NOW)
    facility.run()
    logged = facility.log(NOW)[0]
    assert (logged.outcome, logged.http_status) == (Outcome.REFUSED, answer)
    assert detail in logged.detail
    assert facility.alert(NOW).status is AlertStatus.UNDELIVERED


def test_it_never_asks_again_a_receiver_that_is_gone(line: Make, endpoint: Endpoints) -> None:
    gone = endpoint(answer=410)
    facility = line(receiver("nurse", gone))
    facility.tell(NOW)
    facility.run(60, pace=5)
    assert len(gone.got) == 1


def test_it_does_not_let_a_slow_receiver_hold_up_another(line: Make, endpoint: Endpoints) -> None:
    slow, up = endpoint(wait_s=5.0), endpoint()
    facility = line(receiver("slow", slow), receiver("nurse", up), timeout_s=0.3)
    facility.tell(NOW)
    facility.run()
    assert facility.alert(NOW).status is AlertStatus.NOTIFIED
    assert {d.receiver: d.outcome for d in facility.log(NOW)} == {
        "slow": Outcome.TIMED_OUT, "nurse": Outcome.DELIVERED,
    }  # fmt: skip


def test_it_tells_nobody_any_more_once_somebody_is_on_it(line: Make, endpoint: Endpoints) -> None:
    up = endpoint(answer=500)
    facility = line(receiver("nurse", up))
    facility.tell(NOW)
    facility.run()
    facility.acknowledge(NOW)
    facility.acknowledge(NOW, by="Ben")
    up.answer = 204
    facility.assess(assessment(1, NOW.id))
    facility.tell(replace(NOW, revision=2, updated_at=NOON + 9, ended_at=NOON + 9))
    facility.run(60, pace=5)
    assert len(up.got) == 1
    alert = facility.alert(NOW)
    assert (alert.status, alert.acknowledged_by) == (AlertStatus.RESOLVED, "Ana")
    assert "acknowledged" in facility.log(NOW)[-1].detail


@pytest.mark.parametrize(("tier", "bound_s"), [(Tier.IMMEDIATE, 900), (Tier.URGENT, 3600)])
def test_it_keeps_what_was_found_too_late_on_the_page(
    line: Make, endpoint: Endpoints, clock: VirtualClock, tier: Tier, bound_s: int
) -> None:
    up = endpoint()
    facility = line(receiver("nurse", up))
    clock.advance(bound_s + 1)
    old = event(sequence=1, tier=tier)
    fresh_enough = event(sequence=2, tier=tier, at=NOON + 2)
    facility.tell(old)
    facility.tell(fresh_enough)
    facility.run()
    assert facility.alert(old).status is AlertStatus.MISSED
    assert [d["event"] for d in [data(up)]] == [fresh_enough.id] and len(up.got) == 1
    assert str(data(up)["happened"]).startswith("happened")
    assert facility.alert(fresh_enough).late_s == pytest.approx(bound_s - 1, abs=1)


def test_it_still_tells_an_event_that_is_over_before_anybody_heard(line: Make, endpoint: Endpoints) -> None:
    up = endpoint(answer=500)
    facility = line(receiver("nurse", up))
    facility.tell(NOW)
    facility.run()
    facility.tell(replace(NOW, revision=2, updated_at=NOON + 1, ended_at=NOON + 1))
    up.answer = 204
    up.got.clear()
    facility.run(5)
    assert types(up) == ["alert.opened", "alert.resolved"]
    assert facility.alert(NOW).status is AlertStatus.RESOLVED


def test_it_tells_after_all_what_becomes_worse_after_it_was_found_too_late(
    line: Make, endpoint: Endpoints, clock: VirtualClock
) -> None:
    up = endpoint()
    facility = line(receiver("nurse", up))
    urgent = event()
    facility.tell(urgent)
    facility.assess(assessment(1, urgent.id))  # queued, and then nothing runs for an hour
    clock.advance(3601)
    facility.run()
    assert (facility.alert(urgent).status, up.got) == (AlertStatus.MISSED, [])
    facility.tell(replace(urgent, revision=2, tier=Tier.IMMEDIATE, updated_at=clock.now()))
    facility.run()
    assert types(up) == ["alert.opened"] and data(up)["tier"] == 1
    assert facility.alert(urgent).status is AlertStatus.NOTIFIED


def test_it_tells_at_once_what_nobody_took_until_it_became_worse(
    line: Make, endpoint: Endpoints, clock: VirtualClock
) -> None:
    pager = endpoint()
    facility = line(receiver("pager", pager, frozenset({1})))
    urgent = event()
    facility.tell(urgent)
    facility.run(20, pace=20)
    assert facility.alert(urgent).status is AlertStatus.UNDELIVERED
    clock.advance(1800)
    facility.tell(replace(urgent, revision=2, tier=Tier.IMMEDIATE, updated_at=clock.now()))
    facility.run()
    assert types(pager) == ["alert.opened"]
    assert facility.alert(urgent).status is AlertStatus.NOTIFIED


def test_it_shows_an_alert_that_no_receiver_takes(line: Make) -> None:
    facility = line()
    facility.tell(NOW)
    facility.run()
    assert facility.alert(NOW).status is AlertStatus.UNDELIVERED
    assert "ATTUNE_ALERTS_RECEIVERS" in facility.log(NOW)[0].detail


def test_it_refuses_a_name_that_leads_outside_the_networks_of_its_receiver(line: Make) -> None:
    facility = line(receiver("cloud", "http://localhost/hook", networks=["lan"]), networks={"lan": ["10.0.0.0/8"]})
    facility.tell(NOW)
    facility.run()
    logged = facility.log(NOW)[0]
    assert logged.outcome is Outcome.REFUSED
    assert "lies in the network 'loopback'" in logged.detail and "the receiver 'cloud' names" in logged.detail


def test_it_signs_what_the_library_verifies(line: Make, endpoint: Endpoints) -> None:
    from services.runtime.clock import SystemClock

    up = endpoint()
    facility = line(receiver("nurse", up))
    facility.clock = SystemClock()  # type: ignore[assignment]
    facility.intake._clock = facility.clock
    facility.tell(event(tier=Tier.IMMEDIATE, at=facility.clock.now()))
    facility.run()
    headers, body = up.got[0]
    assert Webhook(SECRET).verify(body, headers)["type"] == Notice.OPENED


class Jumping(VirtualClock):
    """A clock that somebody sets back; time passes all the same."""

    def set_back(self, seconds: float) -> None:
        self._start -= seconds


def test_what_comes_after_the_clock_was_set_back_is_told_in_time(database: Database, endpoint: Endpoints) -> None:
    clock, up = Jumping(NOON + 3600.0), endpoint()
    facility = Line(database, clock, receiver("nurse", up))

    async def _live() -> None:
        channels = {one.name: WebhookChannel(one, facility._courier(one)) for one in facility.receivers}
        dispatcher = Dispatcher(database, clock, channels, facility.plan)
        await dispatcher.step()
        clock.set_back(3600.0)
        facility.tell(event(tier=Tier.URGENT, at=clock.now()))
        for _ in range(30):
            clock.advance(1.0)
            await dispatcher.step()
            await dispatcher.settle(30.0)
        for channel in channels.values():
            await channel.close()

    asyncio.run(_live())
    assert types(up) == ["alert.opened"]
