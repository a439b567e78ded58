"""One signed attempt to tell one receiver, over HTTP; the only place that sends webhooks."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from standardwebhooks import Webhook

from services.runtime.clock import Clock
from services.runtime.version import SOFTWARE
from services.runtime.webhook.address import AddressRefused, AddressUnknown, Guard, Resolve, look_up, pin
from services.runtime.webhook.endpoint import Endpoint
from services.vocabulary import Outcome, Seconds


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt ended. `final`: the receiver asked never to be tried again."""

    outcome: Outcome
    http_status: int = 0
    detail: str = ""
    duration_s: Seconds = 0.0
    final: bool = False


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
        self._webhook = Webhook(receiver.signing_secret)
        self._client = httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=timeout_s)

    async def attempt(self, message: str, body: str) -> Attempt:
        """Post `body` once under the idempotency key `message`; what cannot be told is an outcome, not an error."""
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(self._timeout_s):
                status, location = await self._post(message, body)
            ended = _judge(status, location)
        except AddressRefused as error:
            ended = Attempt(Outcome.REFUSED, detail=str(error))
        except (TimeoutError, httpx.TimeoutException):
            ended = Attempt(Outcome.TIMED_OUT, detail=f"no answer within {self._timeout_s:g} s")
        except AddressUnknown as error:
            ended = Attempt(Outcome.UNREACHABLE, detail=str(error))
        except httpx.HTTPError as error:
            ended = Attempt(Outcome.UNREACHABLE, detail=f"{type(error).__name__}: {error}"[:200])
        took = self._clock.monotonic() - began
        return Attempt(ended.outcome, ended.http_status, ended.detail, took, ended.final)

    async def close(self) -> None:
        """Give connections back."""
        await self._client.aclose()

    async def _post(self, message: str, body: str) -> tuple[int, str]:
        pinned = await pin(self._receiver.url, self._guard, self._resolve)
        sent_at = datetime.fromtimestamp(int(self._clock.now()), UTC)  # the library takes other zones for UTC
        headers = {
            "Host": pinned.host_header, "Content-Type": "application/json", "User-Agent": SOFTWARE.replace(" ", "/"),
            "webhook-id": message, "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": self._webhook.sign(message, sent_at, body),
        }  # fmt: skip
        request = self._client.build_request(
            "POST", pinned.url, content=body.encode(), headers=headers, extensions={"sni_hostname": pinned.host}
        )
        answer = await self._client.send(request, stream=True)
        await answer.aclose()  # only the status counts; a body could be endless
        return answer.status_code, answer.headers.get("location", "")


def _judge(status: int, location: str) -> Attempt:
    if 200 <= status < 300:
        return Attempt(Outcome.DELIVERED, status)
    if 300 <= status < 400:
        where = f" to {location[:100]}" if location else ""
        return Attempt(Outcome.REFUSED, status, f"answered {status}, a redirect{where}: not followed")
    if status == 410:
        return Attempt(Outcome.REFUSED, status, "answered 410: this receiver is gone for good", final=True)
    return Attempt(Outcome.REFUSED, status, f"answered {status}")
