"""Asks a model on any vLLM server over HTTP; every way in which that fails is a typed failure."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.vocabulary import Event
from services.vocabulary.time import Seconds
from vlm_service import metrics
from vlm_service.adapters.loras import Loras
from vlm_service.dialogue import (
    AnswerError,
    Frame,
    Looped,
    Opinionated,
    Reply,
    messages_for,
    read_reply,
    verdict_schema,
)
from vlm_service.dialogue.lines import one_line
from vlm_service.failures import (
    AdapterAway,
    EngineFailure,
    NotAChatCompletion,
    NotLoaded,
    NotProven,
    Overloaded,
    RequestRefused,
    ServerError,
    TimedOut,
    UnknownModel,
    Unreachable,
)
from vlm_service.link import broke, open_client
from vlm_service.metrics import ATTEMPTS
from vlm_service.places import rank_of
from vlm_service.replicas import Replica, Replicas
from vlm_service.settings import VlmSettings

SAMPLING: Mapping[str, Mapping[str, float]] = {
    "qwen": {"temperature": 0.6, "top_p": 0.95, "top_k": 20},
    "warm": {"temperature": 1.0, "top_p": 0.95, "top_k": 20},
    "greedy": {"temperature": 0.0},
}
"""Profiles (source: "qwen" the model's README, "warm" other published guides; they disagree, so measure)."""
REPEATING: Mapping[str, int] = {"min_pattern_size": 4, "max_pattern_size": 64, "min_count": 12}
"""Of so many tokens, so many times in a row, a server makes no more (source: guess); older ones ignore this, and
`dialogue.loops` finds what they let through."""
RETRY_AFTER_S: Seconds = 0.25
"""Wait before the one retry (source: guess)."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore")

    content: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None


class _Choice(BaseModel):
    model_config = ConfigDict(extra="ignore")

    message: _Message
    finish_reason: str | None = None


class _Completion(BaseModel):
    """The part of a chat completion that matters here; servers add much more."""

    model_config = ConfigDict(extra="ignore")

    choices: list[_Choice] = Field(min_length=1)


@dataclass(slots=True)
class _Turn:
    """One question on its way: the server that was asked last, and the one whose answer is outstanding."""

    rank: int
    frames: tuple[Frame, ...]
    adapter: str = ""
    asked: Replica | None = None
    waiting_for: Replica | None = None


class Speakers(Protocol):
    """Chooses who is heard about an event, and brings that one's answer with its served name."""

    async def answer(
        self, event: Event, deadline_s: Seconds, rank: int, frames: Sequence[Frame]
    ) -> tuple[Opinionated, str]:
        """
        Raises:
            EngineFailure, AnswerError: as `Engine.answer`.
        """


class Engine:
    """The vLLM servers of one model, and the model or adapter that answers there."""

    def __init__(self, settings: VlmSettings, monotonic: Callable[[], Seconds] = time.monotonic) -> None:
        self._settings = settings
        self.replicas = Replicas(settings.servers, monotonic)
        self.loras: Loras | None = None
        self.speakers: Speakers | None = None
        self.client = open_client(settings.connect_timeout_s, settings.server_key)

    @property
    def reasoner(self) -> str:
        """The served base model's name."""
        return self._settings.model

    @property
    def model_version(self) -> str:
        """Twelve digits of the digest of the model's weights, where it is configured: its name may be served with
        others."""
        return self._settings.base_weights[:12]

    @property
    def adapter(self) -> str:
        """The adapter's name; empty for the base model."""
        return self._settings.adapter

    async def watch(self, stop: asyncio.Event) -> None:
        """Look after the servers' health until `stop` is set."""
        await self.replicas.watch(self.client, stop)

    async def close(self) -> None:
        """Give connections back."""
        await self.client.aclose()

    async def speak(
        self, event: Event, deadline_s: Seconds, rank: int, frames: Sequence[Frame] = ()
    ) -> tuple[Opinionated, str]:
        """The answer of whoever is heard about this event, and the adapter's name (empty: the base model).

        Raises:
            EngineFailure, AnswerError: as `answer`.
        """
        if self.speakers is None:
            return await self.answer(event, deadline_s, rank, frames), self.adapter
        said, adapter = await self.speakers.answer(event, deadline_s, rank, frames)
        return said, adapter or self.adapter

    async def answer(
        self,
        event: Event,
        deadline_s: Seconds,
        rank: int | None = None,
        frames: Sequence[Frame] = (),
        adapter: str = "",
    ) -> Opinionated:
        """The model's thinking and verdict, with one retry, all within `deadline_s`; `rank` is its priority in the
        server's own queue, by default that of the event's tier; `adapter` is a pushed one's served name, by default
        who answers while none is active. Where the server refuses the request with `frames` or fails at it, as one
        does that runs out of memory, the second one is without. Cancelling ends the generation at the server too.

        Raises:
            EngineFailure: no answer was to be had; the subclass says why.
            AnswerError: there was an answer, but it is no usable verdict.
        """
        turn = _Turn(rank_of(event.tier) if rank is None else rank, tuple(frames), adapter)
        try:
            async with asyncio.timeout(deadline_s):
                return await self._with_one_retry(event, turn)
        except TimeoutError as error:
            ATTEMPTS.labels(TimedOut.reason).inc()
            if turn.waiting_for is not None:
                self.replicas.failed(turn.waiting_for, TimedOut.reason)
            raise TimedOut(f"no verdict within {deadline_s:.1f} s") from error
        except asyncio.CancelledError:
            if turn.waiting_for is not None:
                self.replicas.let_go(turn.waiting_for)
            raise

    async def _with_one_retry(self, event: Event, turn: "_Turn") -> Opinionated:
        first: EngineFailure | None = None
        try:
            return await self._attempt(event, 0, turn)
        except AnswerError:
            pass
        except EngineFailure as failure:
            first = failure
            if turn.frames and isinstance(failure, (RequestRefused, ServerError)):
                fate = "server_failed" if failure.worth_a_retry else "refused_by_server"
                metrics.PICTURES.labels(fate).inc(len(turn.frames))
                turn.frames = ()
            elif not failure.worth_a_retry:
                raise
            if failure.worth_a_retry:
                await asyncio.sleep(RETRY_AFTER_S)
        try:
            return await self._attempt(event, 1, turn)
        except NotProven as unproven:
            if isinstance(first, NotAChatCompletion):
                raise first from unproven  # or nonsense would never count against the adapter that it came from
            raise

    async def _attempt(self, event: Event, attempt: int, turn: "_Turn") -> Opinionated:
        try:
            reply = await self._reply(self._request(event, attempt, turn), turn)
            if reply.finish_reason == "repetition":
                raise Looped("the server ended an answer that repeated itself")
            opinionated = read_reply(reply, event, len(turn.frames))
        except (EngineFailure, AnswerError) as failure:
            ATTEMPTS.labels(failure.reason).inc()
            raise
        ATTEMPTS.labels("verdict").inc()
        return opinionated

    def _request(self, event: Event, attempt: int, turn: "_Turn") -> dict[str, Any]:
        """The body of a chat completion; the seed follows from event and attempt, so that an answer can be repeated."""
        settings = self._settings
        budget = settings.thinking_token_budget
        urgency = {"priority": turn.rank} if settings.priorities else {}
        limits = {"thinking_token_budget": budget, "max_tokens": budget + settings.answer_tokens} if budget else {}
        note = settings.residents.get(event.resident, "")
        messages = messages_for(event, settings.facility, note, turn.frames)
        schema = verdict_schema(event, len(turn.frames))
        return {
            "model": turn.adapter or settings.adapter or settings.model,
            "messages": [{"role": one.role, "content": one.parts()} for one in messages],
            "seed": _seed(event, attempt),
            "repetition_detection": REPEATING,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "verdict", "schema": schema, "strict": True},
            },
            **limits,
            **urgency,
            **SAMPLING[settings.sampling],
        }

    async def _reply(self, body: dict[str, Any], turn: "_Turn") -> Reply:
        """One server's reply; a second attempt goes to another one where there is one."""
        replica = self.replicas.take(turn.asked, turn.adapter)
        turn.asked = turn.waiting_for = replica
        try:
            adapter = turn.adapter or replica.stand_in or ""
            if self.loras is not None and adapter:
                await self.loras.ensure(replica, adapter)
                if turn.adapter and turn.adapter not in replica.proven:
                    raise NotProven(f"{turn.adapter} at {replica.url}: is being proven there before it is heard")
                body = {**body, "model": adapter}
            reply = await self._chat(replica.url, body)
        except UnknownModel as failure:
            self.replicas.let_go(replica)
            turn.waiting_for = None
            if adapter not in replica.adapters:
                raise
            replica.forget()
            raise AdapterAway(str(failure)) from failure
        except (Overloaded, RequestRefused, NotLoaded, NotProven):
            self.replicas.let_go(replica)
            turn.waiting_for = None
            raise
        except EngineFailure as failure:
            self.replicas.failed(replica, failure.reason)
            turn.waiting_for = None
            raise
        self.replicas.worked(replica)
        turn.waiting_for = None
        return reply

    async def _chat(self, url: str, body: dict[str, Any]) -> Reply:
        try:
            response = await self.client.post(f"{url}/v1/chat/completions", json=body)
        except httpx.DecodingError as error:
            raise NotAChatCompletion("the server's answer cannot be decoded") from error
        except httpx.RequestError as error:
            raise Unreachable(f"{broke(error)} at {url}") from error
        _refuse_bad_status(response)
        try:
            choice = _Completion.model_validate(response.json()).choices[0]
        except (ValidationError, ValueError, RecursionError) as error:
            raise NotAChatCompletion("the server's answer is no chat completion: is this a vLLM server?") from error
        said = choice.message
        return Reply(said.content, said.reasoning or said.reasoning_content, choice.finish_reason or "")


def _refuse_bad_status(response: httpx.Response) -> None:
    status = response.status_code
    if status == httpx.codes.OK:
        return
    detail = f"HTTP {status}: {_reason(response)}"
    if status in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE):
        raise Overloaded(detail)
    if status >= 500:
        raise ServerError(detail)
    if status == httpx.codes.NOT_FOUND:
        raise UnknownModel(detail)
    raise RequestRefused(detail)


def _reason(response: httpx.Response) -> str:
    """What a vLLM server says in `error.message` (or, in older versions, `message`), shortened."""
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return "no reason given"
    inner = body.get("error", body) if isinstance(body, dict) else {}
    text = inner.get("message", "") if isinstance(inner, dict) else ""
    return one_line(str(text), 160) or "no reason given"


def _seed(event: Event, attempt: int) -> int:
    digest = hashlib.sha256(f"{event.id}/{event.revision}/{attempt}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
