"""A real vLLM answers through the engine: the verdict apart from the thinking, or a failure with its name."""

import base64
import json
import struct
import zlib
from typing import Any

import httpx
import pytest

from tests.unit.vlm.specimens import AGITATED, RESTLESS
from tests.vllm.asking import FORCED, EngineAsking, ask, forced, settings, with_engine
from tests.vllm.conftest import KEY
from tests.vllm.server import VllmServer
from vlm_service.dialogue import AnswerError, Looped, NoVerdict, Opinionated, Reply, messages_for, read_reply
from vlm_service.failures import RequestRefused

pytestmark = pytest.mark.vllm
__all__ = ["forced"]


def picture(side: int = 64) -> str:
    """A grey PNG of `side` pixels squared, inline."""
    rows = b"".join(b"\x00" + bytes([128]) * side for _ in range(side))

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(png).decode()


def asked_with(*urls: str) -> list[dict[str, Any]]:
    """The engine's own messages, with pictures before the report."""
    system, user = messages_for(AGITATED)
    pictures = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [
        {"role": "system", "content": system.content},
        {"role": "user", "content": [*pictures, {"type": "text", "text": user.content}]},
    ]


def is_forced(answer: Opinionated) -> bool:
    verdict = answer.verdict
    return (verdict.tier.value, verdict.situation, verdict.action) == (
        FORCED["tier"], FORCED["situation"], FORCED["action"]
    )  # fmt: skip


@pytest.mark.usefixtures("forced")
def test_it_brings_the_verdict_that_the_schema_allows_and_the_thinking_apart(model_server: VllmServer) -> None:
    answer = ask(model_server.url)
    assert is_forced(answer)
    assert answer.thinking
    assert "{" not in answer.thinking[:1]


@pytest.mark.usefixtures("forced")
def test_it_splits_the_thinking_off_with_the_older_parser_too(narrow_server: VllmServer) -> None:
    engine = EngineAsking(settings(narrow_server.url, server_key=KEY))
    answer = with_engine(engine, lambda one: one.answer(AGITATED, 60.0))
    assert is_forced(answer)
    assert answer.thinking


@pytest.mark.usefixtures("forced")
def test_it_finds_the_verdict_behind_the_newlines_that_follow_the_thinking(model_server: VllmServer) -> None:
    engine = EngineAsking(settings(model_server.url))
    answer = with_engine(engine, lambda one: one.answer(AGITATED, 60.0))
    url = f"{model_server.url}/v1/chat/completions"
    said = httpx.post(url, json=engine.asked[0], timeout=60, trust_env=False).json()["choices"][0]["message"]
    assert json.loads(said["content"]) == FORCED
    behind = Reply("\n\n" + said["content"], said["reasoning"])
    assert read_reply(behind, AGITATED).verdict == answer.verdict


ROOM_FOR_ANY_VERDICT = 8000
"""Tokens: the schema allows some 5,000 characters, and a random model writes one in up to two of them."""


@pytest.mark.parametrize("event", [AGITATED, RESTLESS])
def test_it_keeps_any_babble_inside_the_schema(model_server: VllmServer, event: Any) -> None:
    """A random model with the shipped schema: well-formed each time, unless what it babbles is forbidden."""
    try:
        answer = ask(model_server.url, event, temperature=1.0, max_tokens=ROOM_FOR_ANY_VERDICT)
    except AnswerError as error:
        assert error.reason == "forbidden_word", error
    else:
        assert answer.verdict.indicators


def test_it_has_no_verdict_where_the_thinking_was_cut_off(model_server: VllmServer) -> None:
    with pytest.raises(NoVerdict, match="length"):
        ask(model_server.url, max_tokens=8)


def test_it_notices_thinking_that_goes_round_in_circles(model_server: VllmServer) -> None:
    greedy = {"temperature": 0.0, "thinking_token_budget": 1500, "max_tokens": 2000}
    with pytest.raises(Looped):
        ask(model_server.url, **greedy)


@pytest.mark.usefixtures("forced")
def test_it_takes_pictures_inline(model_server: VllmServer) -> None:
    assert is_forced(ask(model_server.url, messages=asked_with(picture(), picture(96))))


@pytest.mark.parametrize(
    ("urls", "words"),
    [
        (["http://127.0.0.1:9/room.jpg"], "allowed"),
        ([picture()] * 5, "At most 4 image"),
        (["data:image/png;base64," + base64.b64encode(b"no picture").decode()], "image"),
    ],
)
def test_it_says_why_pictures_were_refused(model_server: VllmServer, urls: list[str], words: str) -> None:
    with pytest.raises(RequestRefused, match=words):
        ask(model_server.url, messages=asked_with(*urls))


def test_it_says_that_a_report_is_too_long(model_server: VllmServer) -> None:
    long = [{"role": "user", "content": "every room, every night " * 8000}]
    with pytest.raises(RequestRefused, match=r"(?i)context length|maximum"):
        ask(model_server.url, messages=long)


def test_it_is_refused_without_the_key(narrow_server: VllmServer) -> None:
    with pytest.raises(RequestRefused, match="401"):
        ask(narrow_server.url)


@pytest.mark.parametrize(
    ("method", "path", "guarded"),
    [
        ("POST", "/v1/load_lora_adapter", True),
        ("POST", "/tokenize", False),
        ("POST", "/invocations", False),
        ("GET", "/metrics", False),
    ],
)
def test_it_stands_on_a_network_of_its_own_since_its_key_guards_half_of_its_routes(
    method: str, path: str, guarded: bool, narrow_server: VllmServer
) -> None:
    """Where this fails because more is guarded, the compose network may be opened as far."""
    answer = httpx.request(method, f"{narrow_server.url}{path}", json={}, timeout=30, trust_env=False)
    assert (answer.status_code == httpx.codes.UNAUTHORIZED) == guarded, answer.text


def test_it_names_the_model_that_is_not_there(model_server: VllmServer) -> None:
    with pytest.raises(RequestRefused, match=r"404.*nobody@0123456789ab"):
        ask(model_server.url, model="nobody@0123456789ab")
