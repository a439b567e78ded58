"""A teacher on a server: asks with patience, and keeps every answer before anybody sees it."""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from training.synthesis.answers import Answer, Answers
from training.synthesis.errors import TeacherFailed
from training.synthesis.settings import ServerSettings
from training.synthesis.teachers.protocols import SPOKEN, NotAnAnswer
from vlm_service.dialogue import Message, Reply

LONGEST_WAIT_S = 120.0
"""That a server may ask for (guess)."""
_WRONG = {401: "the key is not accepted", 403: "the key may not do this", 404: "there is no such model or address"}
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


class NoAnswer(RuntimeError):
    """This one question got no answer: after all tries, or because the server will not take it."""


@dataclass(frozen=True, slots=True)
class OnDisk:
    """What one server has answered so far. With a `schema` its answers are to be JSON of that form."""

    settings: ServerSettings
    answers: Answers
    schema: Mapping[str, Any] | None = None

    @property
    def identity(self) -> str:
        """Who answers, for the names of answers."""
        return f"{self.settings.protocol.value}/{self.settings.model}"

    def known(self, messages: Sequence[Message]) -> Iterator[Answer]:
        """The answers of all attempts that were made, in order."""
        for attempt in range(self.settings.attempts):
            kept = self.answers.read(self.digest(self.body(messages, attempt)))
            if kept is not None:
                yield _read(self.settings, kept)

    def next_attempt(self, messages: Sequence[Message]) -> int | None:
        """The first attempt that was not made; None where none is left."""
        attempts = range(self.settings.attempts)
        return next((one for one in attempts if not self.answers.has(self.digest(self.body(messages, one)))), None)

    def body(self, messages: Sequence[Message], attempt: int) -> dict[str, Any]:
        """What is sent; the seed follows from words and attempt."""
        words = "\x00".join(one.content for one in messages)
        seed = int.from_bytes(hashlib.sha256(f"{attempt}\x00{words}".encode()).digest()[:4])
        spoken = SPOKEN[self.settings.protocol]
        body = spoken.body(self.settings, messages, seed)
        return body if self.schema is None else body | spoken.shape(self.schema)

    def digest(self, body: dict[str, Any]) -> str:
        """The name of its answer."""
        return self.answers.digest(self.identity, body)

    def keep(self, body: dict[str, Any], said: dict[str, Any]) -> Answer:
        """On disk first, then read."""
        self.answers.keep(self.digest(body), self.identity, body, said)
        return _read(self.settings, said)


@dataclass(frozen=True, slots=True)
class Served:
    """One teacher over HTTP. `client` is the caller's, and so is how many questions go out at once."""

    on_disk: OnDisk
    client: httpx.AsyncClient
    key: str = field(default="", repr=False)

    @property
    def settings(self) -> ServerSettings:
        """The server's."""
        return self.on_disk.settings

    async def ask(self, messages: Sequence[Message], attempt: int) -> Answer:
        """A new answer, on disk when this returns.

        Raises:
            NoAnswer: none to this question.
            TeacherFailed: none to any question.
        """
        body = self.on_disk.body(messages, attempt)
        return self.on_disk.keep(body, await self._sent(body))

    async def _sent(self, body: dict[str, Any]) -> dict[str, Any]:
        why = ""
        for turn in range(self.settings.tries):
            wait_s = self.settings.wait_s * 2**turn
            try:
                response = await self._post(body)
            except httpx.TimeoutException:
                why = f"no answer within {self.settings.timeout_s:g} s"
            except httpx.RequestError as error:
                why = f"{type(error).__name__}; nobody answers"
            else:
                if response.status_code in _WRONG:
                    said = f"HTTP {response.status_code}, {_WRONG[response.status_code]}"
                    raise TeacherFailed(f"{self.settings.name!r}: {said}; mend the settings, then run it again")
                if response.is_success:
                    return _json(response)
                if response.status_code not in _AGAIN:
                    raise NoAnswer(f"HTTP {response.status_code}")
                why = f"HTTP {response.status_code}"
                wait_s = _wanted(response, wait_s)
            if turn + 1 < self.settings.tries:
                await asyncio.sleep(min(wait_s, LONGEST_WAIT_S))
        raise NoAnswer(f"{why}, {self.settings.tries} times")

    async def _post(self, body: dict[str, Any]) -> httpx.Response:
        spoken = SPOKEN[self.settings.protocol]
        return await self.client.post(
            f"{self.settings.url.rstrip('/')}{spoken.path}", json=body, headers=spoken.headers(self.key),
            timeout=self.settings.timeout_s,
        )  # fmt: skip


def _json(response: httpx.Response) -> dict[str, Any]:
    """What was paid for is kept whatever it is: a body that is no object is kept as text."""
    try:
        said = response.json()
    except ValueError:
        said = None
    return said if isinstance(said, dict) else {"no_object": response.text[:10_000]}


def _read(settings: ServerSettings, said: dict[str, Any]) -> Answer:
    try:
        return SPOKEN[settings.protocol].read(said)
    except NotAnAnswer as error:
        return Answer(Reply(None), wrong=str(error))


def _wanted(response: httpx.Response, otherwise_s: float) -> float:
    """What `Retry-After` asks for: seconds, or a date beside the server's own."""
    said = response.headers.get("retry-after", "")
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        later = parsedate_to_datetime(said) - parsedate_to_datetime(response.headers.get("date", ""))
        return max(0.0, later.total_seconds())
    except (ValueError, TypeError):
        return otherwise_s
