"""Tells by Apprise, whose far end is a real HTTP server: delivered, refused, redirected, kept inside the networks."""

import asyncio
import json
from collections.abc import Callable

import pytest

from services.alerting.apprise_channel import AppriseChannel
from services.alerting.networks import guard_of
from services.alerting.settings import AlertingSettings, AppriseReceiver
from services.runtime.clock import VirtualClock
from services.runtime.webhook.courier import Attempt
from services.vocabulary import Outcome
from tests.unit.alerting.line import Endpoint

LOOPBACK = guard_of("chat", ["loopback"], {})
pytestmark = pytest.mark.unit
DATA = {
    "urgency": "immediate", "room": "12", "resident": "r1", "headline": "A fall was seen.",
    "page": "http://page/alerts/1",
}  # fmt: skip
BODY = json.dumps({"type": "alert.opened", "timestamp": "t", "data": DATA})


def tell(endpoint: Endpoint, **facts: object) -> Attempt:
    address = endpoint.url.replace("http://", "json://")
    one = AppriseReceiver(name="chat", address=address, **facts)  # type: ignore[arg-type]
    return asyncio.run(AppriseChannel(one, LOOPBACK, 5.0, VirtualClock()).attempt("m1", BODY))


def test_it_tells_a_short_text_and_names_nobody_unless_told_to(endpoint: Callable[..., Endpoint]) -> None:
    up = endpoint(answer=200)
    assert tell(up).outcome is Outcome.DELIVERED
    assert tell(up, thin=False).outcome is Outcome.DELIVERED
    short, full = (json.loads(body) for _, body in up.got)
    assert short["title"] == "Immediate: room 12" and "fall" not in short["message"] and "/alerts/1" in short["message"]
    assert "A fall was seen." in full["message"]


@pytest.mark.parametrize("answer", [500, 302])
def test_it_is_a_failure_where_the_service_does_not_take_it(endpoint: Callable[..., Endpoint], answer: int) -> None:
    aside = endpoint(answer=200)
    rude = endpoint(answer=answer, headers={"Location": aside.url})
    assert tell(rude).outcome is Outcome.REFUSED
    assert aside.got == [], "no redirect is followed"


def test_it_uses_no_proxy_of_the_environment(
    endpoint: Callable[..., Endpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, up = endpoint(answer=200), endpoint(answer=200)
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "")
    assert tell(up).outcome is Outcome.DELIVERED and proxy.got == []


@pytest.mark.parametrize(
    "address", ["json://192.0.2.7/hook", "tgram://123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/1"]
)
def test_it_stays_inside_the_networks_unless_it_may_leave(address: str) -> None:
    one = AppriseReceiver(name="chat", address=address)  # type: ignore[arg-type]
    ended = asyncio.run(AppriseChannel(one, LOOPBACK, 5.0, VirtualClock()).attempt("m1", BODY))
    assert ended.outcome is Outcome.REFUSED and ("192.0.2.7" in ended.detail or "internet" in ended.detail)


def test_it_refuses_an_address_that_is_none() -> None:
    with pytest.raises(ValueError, match="knows no such address"):
        AppriseChannel(AppriseReceiver(name="chat", address="nothing://x"), LOOPBACK, 5.0, VirtualClock())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="exactly one of address"):
        AppriseReceiver(name="chat")


def test_it_can_be_a_step_of_a_chain() -> None:
    chat = AppriseReceiver(name="chat", address="json://127.0.0.1/")  # type: ignore[arg-type]
    chain = {"name": "ward", "steps": [{"role": "shift lead", "channels": ["chat"]}]}
    assert AlertingSettings(apprise=(chat,), chains=[chain]).everybody == (chat,)  # type: ignore[arg-type, list-item]
