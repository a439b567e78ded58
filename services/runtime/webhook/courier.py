"""One signed attempt to tell one receiver, over HTTP; the only place that sends webhooks."""

import asyncio
import importlib.util
import sys
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime

import httpx

from services.runtime.clock import Clock
from services.runtime.version import SOFTWARE
from services.runtime.webhook.address import AddressRefused, AddressUnknown, Guard, Resolve, look_up, pin
from services.runtime.webhook.endpoint import Endpoint
from services.vocabulary import Outcome, Seconds, UnixSeconds

SMALL = 4096
"""Bytes of an answer that are read and thrown away, so that the next message need not open a connection."""
if importlib.util.find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # httpcore looks for it at every lock: 1 ms on the disk each


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt ended. `final`: the receiver asked never to be tried again; `retry_after_s`: it asked to be left
    alone for so long."""

    outcome: Outcome
    http_status: int = 0
    detail: str = ""
    duration_s: Seconds = 0.0
    final: bool = False
    retry_after_s: Seconds = 0.0


class Courier:
    """Signs and posts messages to one receiver: no redirects, no proxy from the environment, one pinned address."""

    def __init__(
        self,
        receiver: Endpoint,
        guard: Guard,
        timeout_s: Seconds,
        clock: Clock,
        resolve: Resolve = look_up,
    ) -> None:
        self._receiver = receiver
        self._guard = guard
        self._timeout_s = timeout_s
        self._clock = clock
        self._resolve = resolve
        self._signer = receiver.signer
        self._client = httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=timeout_s)

    async def attempt(self, message: str, body: str, content_type: str = "application/json") -> Attempt:
        """Post `body` once under the idempotency key `message`; what cannot be told is an outcome, not an error."""
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(self._timeout_s):
                ended = await self._post(message, body, content_type)
        except AddressRefused as error:
            ended = Attempt(Outcome.REFUSED, detail=str(error))
        except (TimeoutError, httpx.TimeoutException):
            ended = Attempt(Outcome.TIMED_OUT, detail=f"no answer within {self._timeout_s:g} s")
        except AddressUnknown as error:
            ended = Attempt(Outcome.UNREACHABLE, detail=str(error))
        except httpx.HTTPError as error:
            ended = Attempt(Outcome.UNREACHABLE, detail=f"{type(error).__name__}: {error}"[:200])
        took = self._clock.monotonic() - began
        return replace(ended, duration_s=took)

    async def close(self) -> None:
        """Give connections back."""
        await self._client.aclose()

    async def _post(self, message: str, body: str, content_type: str) -> Attempt:
        pinned = await pin(self._receiver.url, self._guard, self._resolve)
        sent_at = int(self._clock.now())
        headers = {
            "Host": pinned.host_header, "Content-Type": content_type, "User-Agent": SOFTWARE.replace(" ", "/"),
            "webhook-id": message, "webhook-timestamp": str(sent_at),
            "webhook-signature": self._signer.sign(message, sent_at, body),
        }  # fmt: skip
        request = self._client.build_request(
            "POST", pinned.url, content=body.encode(), headers=headers, extensions={"sni_hostname": pinned.host}
        )
        answer = await self._client.send(request, stream=True)
        if answer.headers.get("content-length", "").isdecimal() and int(answer.headers["content-length"]) <= SMALL:
            await answer.aread()  # a connection can be used again only after its answer was read
        await answer.aclose()  # only the status counts; a body could be endless
        again = retry_after(answer.headers.get("retry-after", ""), self._clock.now())
        return judge(answer.status_code, answer.headers.get("location", ""), again)


def judge(status: int, location: str = "", retry_after_s: Seconds = 0.0) -> Attempt:
    """What an HTTP answer means. A wait that the receiver names counts with 429 and 503, as RFC 9110 has it.

    >>> judge(204).outcome.value, judge(302, "/x").detail, judge(429, "", 30.0).retry_after_s
    ('delivered', 'answered 302, a redirect to /x: not followed', 30.0)
    """
    if 200 <= status < 300:
        return Attempt(Outcome.DELIVERED, status)
    if 300 <= status < 400:
        where = f" to {location[:100]}" if location else ""
        return Attempt(Outcome.REFUSED, status, f"answered {status}, a redirect{where}: not followed")
    if status == 410:
        return Attempt(Outcome.REFUSED, status, "answered 410: this receiver is gone for good", final=True)
    if status in (429, 503) and retry_after_s > 0.0:
        why = f"answered {status}, and asks to be left alone for {retry_after_s:.0f} s"
        return Attempt(Outcome.REFUSED, status, why, retry_after_s=retry_after_s)
    return Attempt(Outcome.REFUSED, status, f"answered {status}")


def retry_after(header: str, now: UnixSeconds) -> Seconds:
    """The seconds that a Retry-After header asks for, as a number or as a date; 0 where it says nothing readable.

    >>> retry_after("120", 0.0), retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 0.0), retry_after("soon", 0.0)
    (120.0, 60.0, 0.0)
    """
    if header.strip().isdecimal():
        return float(header[:10])
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - now)
    except ValueError:
        return 0.0
