"""How a server is asked a golden prompt, with pictures or without, and what it says: a distribution for each token."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from vlm_service.adapters.probing import Answer
from vlm_service.bundle import Probe
from vlm_service.bundle.card import OPENING, PICTURE

TOPS = 20
"""Likeliest tokens that vLLM tells without a flag (`--max-logprobs`)."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Logprobs(_Part):
    top_logprobs: list[dict[str, float]] = Field(min_length=1)


class _Choice(_Part):
    logprobs: _Logprobs


class _Completion(_Part):
    choices: list[_Choice] = Field(min_length=1)


class _Token(_Part):
    token: str
    logprob: float


class _Step(_Part):
    top_logprobs: list[_Token] = Field(min_length=1)


class _Steps(_Part):
    content: list[_Step] = Field(min_length=1)


class _ChatChoice(_Part):
    logprobs: _Steps


class _Chat(_Part):
    choices: list[_ChatChoice] = Field(min_length=1)


def question(probe: Probe, model: str, steps: int) -> tuple[str, dict[str, Any]]:
    """The route and body that ask `model` for `steps` tokens behind a golden prompt, greedily.

    Pictures travel in conversations alone: what follows the opening is told as if the user wrote it, answer and all,
    and is gone on with as it stands.
    """
    body: dict[str, Any] = {
        "model": model, "max_tokens": steps, "temperature": 0.0, "return_tokens_as_token_ids": True, "ignore_eos": True,
    }  # fmt: skip
    if not probe.pictures:
        return "/v1/completions", {**body, "prompt": probe.prompt, "logprobs": TOPS}
    _, system, said = OPENING.split(probe.prompt, maxsplit=1)
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system is not None else []
    messages.append({"role": "user", "content": _parts(said, probe.pictures)})
    return "/v1/chat/completions", {
        **body, "messages": messages, "add_generation_prompt": False, "continue_final_message": True, "logprobs": True,
        "top_logprobs": TOPS,
    }  # fmt: skip


def answer(probe: Probe, text: str) -> Answer:
    """What a server said to the question of this probe.

    Raises:
        ValidationError, ValueError: it is no such answer.
    """
    if not probe.pictures:
        return tuple(_Completion.model_validate_json(text).choices[0].logprobs.top_logprobs)
    steps = _Chat.model_validate_json(text).choices[0].logprobs.content
    return tuple({one.token: one.logprob for one in step.top_logprobs} for step in steps)


def _parts(text: str, pictures: tuple[str, ...]) -> list[dict[str, Any]]:
    pieces = text.split(PICTURE)
    made: list[dict[str, Any]] = []
    for piece, picture in zip(pieces, (*pictures, ""), strict=True):
        made += [{"type": "text", "text": piece}] if piece else []
        if picture:
            made.append({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}})
    return made
