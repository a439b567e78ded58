"""What every way of telling somebody can do: webhook, chat, SMS gateway, mail."""

from typing import Protocol

from services.alerting.bodies import in_form
from services.alerting.settings import Receiver
from services.runtime.webhook.courier import Attempt, Courier


class Channel(Protocol):
    """One receiver, by whatever carries a message to it."""

    async def attempt(self, message: str, body: str) -> Attempt:
        """Tell `body` (our own schema, as JSON) once under the idempotency key `message`; never raises for what the far
        end does."""

    async def close(self) -> None:
        """Give connections back."""


class WebhookChannel:
    """A receiver that reads one of the forms over a signed webhook."""

    def __init__(self, receiver: Receiver, courier: Courier) -> None:
        self._receiver = receiver
        self._courier = courier

    async def attempt(self, message: str, body: str) -> Attempt:
        form = self._receiver.body
        written = in_form(body, form, self._receiver.thin, self._receiver.name)
        return await self._courier.attempt(message, written, form.content_type)

    async def close(self) -> None:
        await self._courier.close()
