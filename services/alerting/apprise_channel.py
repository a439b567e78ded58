"""Chat, SMS gateways, mail and push through Apprise: one address says which; a short text for a person."""

import asyncio
import json
import os
from typing import Any

import apprise

from services.alerting.bodies.thin import thin
from services.alerting.settings import AppriseReceiver
from services.runtime.clock import Clock
from services.runtime.webhook.address import AddressRefused, AddressUnknown, Guard, pin
from services.runtime.webhook.courier import Attempt
from services.vocabulary import Outcome, Seconds


class AppriseChannel:
    """One address. A host that it names must lie in the allowed networks, as for webhooks, unless the receiver may use
    the internet; no redirects, no proxy from the environment.

    Raises:
        ValueError: Apprise knows no such address; the message does not hold it.
    """

    def __init__(self, receiver: AppriseReceiver, guard: Guard, timeout_s: Seconds, clock: Clock) -> None:
        os.environ["NO_PROXY"] = "*"  # what Apprise sends with reads proxies from the environment
        asset = apprise.AppriseAsset(app_id="Attune", app_desc="Attune", secure_logging=True)
        asset.http_redirects = False
        found = apprise.Apprise.instantiate(receiver.address_itself, asset=asset)
        if found is None:
            raise ValueError(
                f"receiver {receiver.name!r}: Apprise knows no such address; expected one such as ntfys://…"
            )
        self._service: Any = found
        self._receiver, self._guard, self._timeout_s, self._clock = receiver, guard, timeout_s, clock

    async def attempt(self, message: str, body: str) -> Attempt:
        """Send the text once; `message` has no place in a chat, so that a repeated text may be seen twice."""
        began = self._clock.monotonic()
        outcome, detail = await self._sent(json.loads(body))
        return Attempt(outcome, detail=detail, duration_s=self._clock.monotonic() - began)

    async def close(self) -> None:
        """Nothing is held."""

    async def _sent(self, told: dict[str, Any]) -> tuple[Outcome, str]:
        title, text = words(thin(told) if self._receiver.thin else told)
        try:
            await self._check_address()
            async with asyncio.timeout(self._timeout_s):
                sent = await asyncio.to_thread(self._service.notify, body=text, title=title)
        except AddressRefused as error:
            return Outcome.REFUSED, str(error)
        except AddressUnknown as error:
            return Outcome.UNREACHABLE, str(error)
        except TimeoutError:
            return Outcome.TIMED_OUT, f"no answer within {self._timeout_s:g} s"
        return (Outcome.DELIVERED, "") if sent else (Outcome.REFUSED, "the service did not take it")

    async def _check_address(self) -> None:
        if self._receiver.internet:
            return
        own = any("{host}" in template for template in self._service.templates)  # its host is part of the address
        host = getattr(self._service, "host", None) if own else None
        if not host:
            raise AddressRefused("this service lies in the internet: set internet = true for this receiver")
        await pin(f"https://{host}:{getattr(self._service, 'port', None) or 443}/", self._guard)


def words(told: dict[str, Any]) -> tuple[str, str]:
    """Title and text for a person.

    >>> words({"type": "alert.opened", "data": {"urgency": "immediate", "room": "12", "headline": "A fall was seen."}})
    ('Immediate: room 12', 'A fall was seen.')
    """
    data, kind = told["data"], told["type"].partition(".")[2]
    first = {
        "opened": data.get("urgency", "alert"),
        "resolved": "over",
        "escalated": "not taken yet",
        "lost": "tests stay away",
        "returned": "tests are back",
    }.get(kind, kind)
    where = f": room {data['room']}" if data.get("room") else ""
    asked = f"You are asked as {data['asked']['role']}." if data.get("asked") else ""
    link = data.get("links", {}).get("was_it_right", "")
    said = [data.get("headline", ""), data.get("happened", ""), asked, data.get("page", "")]
    said += [f"Was it right? {link}"] if link else []
    return f"{first[0].upper()}{first[1:]}{where}", "\n".join(line for line in said if line)
