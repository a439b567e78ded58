"""A canary comes out as a test and as nothing else, and its staying away is told and ends by itself."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select

from services.alerting.bodies import Form, in_form
from services.alerting.canary import Canaries, CanaryWatch
from services.alerting.dead_letters import NotReplayed, replay
from services.alerting.settings import AppriseReceiver
from services.ledger import (
    AlertRepository,
    CanaryRepository,
    Database,
    DeliveryRepository,
    Dispatch,
    DispatchState,
    EventRepository,
    OutboxMessage,
)
from services.ledger.tables import audit, dispatches
from services.runtime.clock import VirtualClock
from services.runtime.codec import to_json
from services.vocabulary import Canary, Notice, Tier
from tests.unit.alerting.line import Endpoint, Line, Make, receiver
from tests.unit.ledger.nouns import event

pytestmark = pytest.mark.unit
EVERY_S, SLACK_S = 900.0, 60.0
SHOUT = "IMMEDIATE: a fall was seen in room 12, tier 1"


def send(line: Line, agent: str = "edge-1", identity: str = "c1", age_s: float = 0.5) -> None:
    """A canary arrives at the threshold service and is handled by alerting."""
    now = line.clock.now()
    canary = Canary(identity, agent, now - age_s, EVERY_S)
    with line.database.write() as connection:
        CanaryRepository(connection).promise(agent, EVERY_S, now)
        CanaryRepository(connection).received(agent, now)
        Canaries(line.clock, line.plan.chains).sent(
            connection, OutboxMessage("m", "canary.sent", agent, to_json(canary), now)
        )
    line.run()


def heard(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in endpoint.got]


def kept(database: Database) -> list[Dispatch]:
    with database.read() as connection:
        return [
            Dispatch(**{name: getattr(row, name) for name in Dispatch.__slots__})
            for row in connection.execute(select(dispatches))
        ]


def test_it_comes_out_as_a_test_at_the_first_webhook_alone(line: Make, endpoint: Callable[..., Endpoint]) -> None:
    gateway, phone = endpoint(), endpoint()
    facility = line(receiver("gateway", gateway), receiver("phone", phone))
    before = REGISTRY.get_sample_value("attune_canary_seconds_count") or 0.0
    send(facility)
    (told,) = heard(gateway)
    assert (told["type"], told["data"]["test"], told["data"]["agent"]) == ("alert.test", True, "edge-1")
    assert told["data"]["headline"].startswith("Test") and "nobody has to do anything" in told["data"]["note"]
    assert phone.got == []
    assert REGISTRY.get_sample_value("attune_canary_seconds_count") == before + 1


def test_it_goes_where_tests_are_asked_for_and_never_to_a_chat_by_itself(
    line: Make, endpoint: Callable[..., Endpoint]
) -> None:
    gateway, board = endpoint(), endpoint()
    send(line(receiver("gateway", gateway), receiver("board", board, tests=True)))
    assert (len(gateway.got), len(board.got)) == (0, 1)
    chat = AppriseReceiver(name="chat", address="json://127.0.0.1/")  # type: ignore[arg-type]
    assert line(apprise=(chat,)).plan.chains.tests == []
    asked = chat.model_copy(update={"tests": True})
    assert line(apprise=(asked,)).plan.chains.tests == ["chat"]


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize("is_thin", [False, True])
def test_it_stays_a_test_in_every_body_whatever_words_an_agent_gives_it(
    line: Make, endpoint: Callable[..., Endpoint], form: Form, is_thin: bool
) -> None:
    gateway = endpoint()
    send(line(receiver("gateway", gateway, body=form, thin=is_thin)), agent=SHOUT, identity=SHOUT[:40])
    (told,) = heard(gateway)
    text = json.dumps(told)
    assert "Please look in" not in text and "Test: " in text
    match form:
        case Form.ATTUNE:
            assert told["type"] == "alert.test" and told["data"]["test"] and "tier" not in told["data"]
        case Form.ALERTMANAGER:
            (one,) = told["alerts"]
            assert (one["labels"]["alertname"], one["labels"]["test"]) == ("AttuneTest", "true")
            assert one["labels"]["severity"] == "none" and "tier" not in one["labels"]
        case _:
            assert (told["resourceType"], told["priority"]) == ("Communication", "routine")
            assert told["meta"]["tag"][0]["code"] == "HTEST" and "subject" not in told


def test_no_other_message_carries_the_mark_of_a_test(line: Make, endpoint: Callable[..., Endpoint]) -> None:
    ward = endpoint()
    facility = line(receiver("ward", ward))
    facility.tell(event(tier=Tier.IMMEDIATE))
    facility.run()
    (body,) = [body.decode() for _, body in ward.got]
    forms = [json.loads(in_form(body, form, False, "ward")) for form in Form]
    assert not any("test" in form.get("data", {}) or "meta" in form for form in forms)
    assert "test" not in forms[1]["commonLabels"]


def test_it_opens_no_alert_and_counts_nowhere(line: Make, endpoint: Callable[..., Endpoint]) -> None:
    gateway = endpoint()
    facility = line(receiver("gateway", gateway))
    send(facility)
    with facility.database.read() as connection:
        assert AlertRepository(connection).page(None, 10) == []
        assert EventRepository(connection).page(None, 10) == []
        (delivery,) = DeliveryRepository(connection).between(0.0, facility.clock.now() + 1)
    assert (delivery.alert, delivery.notice) == ("", Notice.TEST)
    assert delivery.notice not in (Notice.OPENED, Notice.ESCALATED)  # what a shift's load counts


def test_a_late_one_is_dropped_and_one_that_nobody_takes_is_given_up_and_not_replayed(
    line: Make, endpoint: Callable[..., Endpoint]
) -> None:
    gateway = endpoint(answer=500)
    facility = line(receiver("gateway", gateway))
    send(facility, age_s=61.0)
    assert kept(facility.database) == []
    send(facility)
    facility.run(70.0)
    tried = len(gateway.got)
    gateway.answer = 204
    facility.run(600.0, pace=60.0)
    assert tried > 1 and len(gateway.got) == tried
    (given_up,) = kept(facility.database)
    assert given_up.state == DispatchState.FAILED.value
    with facility.database.write() as connection:
        assert DeliveryRepository(connection).failed(10) == []
        with pytest.raises(NotReplayed, match="a canary is not tried again"):
            replay(connection, given_up.message, "gateway", "Ana", facility.clock.now())


def watch_of(facility: Line) -> CanaryWatch:
    assert isinstance(facility.clock, VirtualClock)
    return CanaryWatch(facility.database, facility.clock, facility.plan.chains, SLACK_S)


def test_its_staying_away_is_told_once_to_those_who_repair_and_so_is_its_return(
    line: Make, endpoint: Callable[..., Endpoint]
) -> None:
    gateway, board = endpoint(), endpoint()
    facility = line(receiver("gateway", gateway), receiver("board", board, technical=True))
    watch = watch_of(facility)
    send(facility)
    facility.clock.advance(2 * EVERY_S + SLACK_S - 1)
    watch.look()
    assert watch.problem() == ""
    facility.clock.advance(2)
    for each in (watch, watch_of(facility)):
        each.look()
        watch.look()
    facility.run()
    assert watch.problem() == "do not come out: those of edge-1"
    assert REGISTRY.get_sample_value("attune_canary_silence_seconds", {"agent": "edge-1"}) == 2 * EVERY_S + SLACK_S + 1
    (lost,) = heard(board)
    assert lost["type"] == "canary.lost" and "do not reach the threshold service" in lost["data"]["headline"]
    facility.clock.advance(1)
    send(facility, identity="c2")
    watch_of(facility).look()  # another process, after a restart: what was told stands in the ledger
    watch.look()
    facility.run()
    assert watch.problem() == ""
    assert [told["type"] for told in heard(board)] == ["canary.lost", "canary.returned"]
    assert heard(board)[1]["data"]["ended_at"] is not None
    assert [told["type"] for told in heard(gateway)] == ["alert.test", "alert.test"]
    with facility.database.read() as connection:
        assert list(connection.scalars(select(audit.c.kind))) == ["canary.lost", "canary.returned"]


def test_it_says_that_canaries_arrive_but_that_no_receiver_takes_them(
    line: Make, endpoint: Callable[..., Endpoint]
) -> None:
    gateway, board = endpoint(answer=500), endpoint()
    facility = line(receiver("gateway", gateway), receiver("board", board, technical=True))
    watch = watch_of(facility)
    for number in range(3):
        send(facility, identity=f"c{number}")
        facility.clock.advance(EVERY_S)
    watch.look()
    facility.run()
    (lost,) = [told for told in heard(board) if told["type"] == "canary.lost"]
    assert "no receiver takes them" in lost["data"]["headline"]


def test_an_agent_that_sends_none_is_not_missed(line: Make) -> None:
    facility = line()
    with facility.database.write() as connection:
        CanaryRepository(connection).promise("edge-1", 0.0, facility.clock.now())
    watch = watch_of(facility)
    facility.clock.advance(1e6)
    watch.look()
    assert watch.problem() == ""
