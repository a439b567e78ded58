"""The two protocols a teacher may speak: what is sent, and what an answer means."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from training.synthesis.answers import Answer
from training.synthesis.settings import Protocol, ServerSettings
from vlm_service.dialogue import Message, Reply

ANTHROPIC_VERSION = "2023-06-01"
"""Of the Messages protocol that is spoken here."""
_SEEDS = 2**31 - 1


class NotAnAnswer(ValueError):
    """A body that is no answer of the protocol."""


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Said(_Loose):
    content: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    refusal: str | None = None


class _Choice(_Loose):
    message: _Said
    finish_reason: str | None = None


class _Usage(_Loose):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class _Completion(_Loose):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage = _Usage()


class _Block(_Loose):
    type: str
    text: str = ""
    thinking: str = ""


class _Messages(_Loose):
    content: list[_Block]
    stop_reason: str | None = None
    usage: _Usage = _Usage()


@dataclass(frozen=True, slots=True)
class Spoken:
    """One protocol: the path behind the server's address, headers for a key, body, what makes an answer keep to a JSON
    schema (nothing where it has no such thing), and the reading of an answer."""

    path: str
    headers: Callable[[str], dict[str, str]]
    body: Callable[[ServerSettings, Sequence[Message], int], dict[str, Any]]
    shape: Callable[[Mapping[str, Any]], dict[str, Any]]
    read: Callable[[Mapping[str, Any]], Answer]


def _openai_body(of: ServerSettings, messages: Sequence[Message], seed: int) -> dict[str, Any]:
    said = [{"role": one.role, "content": one.content} for one in messages]
    warm = {} if of.temperature is None else {"temperature": of.temperature}
    return {"model": of.model, "messages": said, "max_tokens": of.max_tokens, "seed": seed % _SEEDS, **warm}


def _openai_shape(schema: Mapping[str, Any]) -> dict[str, Any]:
    named = {"name": "answer", "strict": True, "schema": dict(schema)}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def _openai_answer(body: Mapping[str, Any]) -> Answer:
    try:
        found = _Completion.model_validate(body)
    except ValidationError as error:
        raise NotAnAnswer("no chat completion; is the address right, up to and with /v1?") from error
    choice = found.choices[0]
    refusal = choice.message.refusal or ("content filter" if choice.finish_reason == "content_filter" else "")
    said = choice.message
    reply = Reply(said.content, said.reasoning or said.reasoning_content, choice.finish_reason or "")
    return Answer(reply, refusal, "", found.usage.prompt_tokens, found.usage.completion_tokens)


def _anthropic_body(of: ServerSettings, messages: Sequence[Message], seed: int) -> dict[str, Any]:
    """This protocol knows no seed: a later attempt differs by the metadata, so that it is asked for anew."""
    system = "\n\n".join(one.content for one in messages if one.role == "system")
    said = [{"role": one.role, "content": one.content} for one in messages if one.role != "system"]
    extra: dict[str, Any] = {} if of.temperature is None else {"temperature": of.temperature}
    if of.thinking_tokens:
        extra = {"thinking": {"type": "enabled", "budget_tokens": of.thinking_tokens}}
    return {"model": of.model, "system": system, "messages": said, "max_tokens": of.max_tokens,
            "metadata": {"user_id": f"synthesis-{seed % _SEEDS}"}, **extra}  # fmt: skip


def _anthropic_answer(body: Mapping[str, Any]) -> Answer:
    try:
        found = _Messages.model_validate(body)
    except ValidationError as error:
        raise NotAnAnswer("no message of this protocol; is the address right, up to and with /v1?") from error
    text = "".join(one.text for one in found.content if one.type == "text")
    thinking = "".join(one.thinking for one in found.content if one.type == "thinking")
    reason = {"max_tokens": "length", "end_turn": "stop"}.get(found.stop_reason or "", found.stop_reason or "")
    refusal = "refusal" if found.stop_reason == "refusal" else ""
    return Answer(Reply(text, thinking, reason), refusal, "", found.usage.input_tokens, found.usage.output_tokens)


SPOKEN = {
    Protocol.OPENAI: Spoken(
        "/chat/completions", lambda key: {"Authorization": f"Bearer {key}"} if key else {}, _openai_body, _openai_shape,
        _openai_answer,
    ),
    Protocol.ANTHROPIC: Spoken(
        "/messages", lambda key: {"anthropic-version": ANTHROPIC_VERSION} | ({"x-api-key": key} if key else {}),
        _anthropic_body, lambda schema: {}, _anthropic_answer,
    ),
}  # fmt: skip
