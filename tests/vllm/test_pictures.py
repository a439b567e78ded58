"""A real vLLM sees the pictures of an event inline, renders the prompt as training does, and reuses its beginning."""

import re
from collections.abc import Sequence
from dataclasses import replace

import httpx
import pytest

from tests.unit.vlm.jpegs import jpeg
from tests.unit.vlm.specimens import AGITATED
from tests.vllm.asking import EngineAsking, forced, settings, with_engine
from tests.vllm.server import VllmServer
from vlm_service.dialogue import Facility, Frame, Language, Message, Opinionated, messages_for

pytestmark = pytest.mark.vllm
__all__ = ["forced"]

HOUSE = Facility("Haus Linde", "nursing home", "Meals at 8, 12 and 18.", Language.GERMAN)
FRAMES = (Frame(jpeg(), 3.0, False), Frame(jpeg(96, 64, seed=1), 0.0, True))


def post(server: VllmServer, path: str, **body: object) -> dict[str, object]:
    answer = httpx.post(f"{server.url}{path}", json={"model": "qwen3-vl", **body}, timeout=120, trust_env=False)
    answer.raise_for_status()
    return dict(answer.json())


def rendered(server: VllmServer, messages: Sequence[Message]) -> str:
    """What the server makes of the messages by its own chat template, one place holder for each picture."""
    spoken = [{"role": message.role, "content": message.parts()} for message in messages]
    tokens = post(server, "/tokenize", messages=spoken)["tokens"]
    return re.sub(r"(<\|image_pad\|>)+", "<|image_pad|>", str(post(server, "/detokenize", tokens=tokens)["prompt"]))


def as_trained(server: VllmServer, messages: Sequence[Message]) -> str:
    """What training makes of them, with the opening of the think block, through the same tokenizer."""
    text = "".join(message.chatml() for message in messages) + "<|im_start|>assistant\n<think>\n"
    tokens = post(server, "/tokenize", prompt=text, add_special_tokens=False)["tokens"]
    return str(post(server, "/detokenize", tokens=tokens)["prompt"])


def cache_hits(server: VllmServer) -> float:
    text = httpx.get(f"{server.url}/metrics", timeout=10, trust_env=False).text
    return sum(map(float, re.findall(r"^vllm:prefix_cache_hits_total\{[^}]*\} (\S+)$", text, re.MULTILINE)))


def ask(server: VllmServer, frames: Sequence[Frame]) -> Opinionated:
    engine = EngineAsking(settings(server.url))
    return with_engine(engine, lambda one: one.answer(AGITATED, 120.0, frames=frames))


@pytest.mark.parametrize("frames", [(), FRAMES], ids=["words", "pictures"])
def test_it_renders_the_conversation_as_training_does(model_server: VllmServer, frames: tuple[Frame, ...]) -> None:
    messages = messages_for(AGITATED, HOUSE, "non-verbal, rocks when content", frames)
    assert rendered(model_server, messages) == as_trained(model_server, messages)


@pytest.mark.usefixtures("forced")
def test_it_answers_about_pictures_that_came_inline(model_server: VllmServer) -> None:
    assert ask(model_server, FRAMES).pictures == 2


@pytest.mark.usefixtures("forced")
def test_it_answers_in_words_alone_where_the_server_will_not_have_so_many(model_server: VllmServer) -> None:
    answer = ask(model_server, FRAMES * 3)
    assert answer.pictures == 0
    assert answer.verdict.indicators


def test_it_reuses_the_beginning_that_all_events_of_a_facility_share(model_server: VllmServer) -> None:
    events = [replace(AGITATED, resident=f"r-{number}") for number in range(2)]
    facility = replace(HOUSE, notes="A note that no other test has, so it is new. " * 8)
    hits = []
    for event in events:
        system, user = messages_for(event, facility)
        spoken = [{"role": message.role, "content": message.parts()} for message in (system, user)]
        before = cache_hits(model_server)
        post(model_server, "/v1/chat/completions", messages=spoken, max_tokens=1)
        hits.append(cache_hits(model_server) - before)
    shared = len(post(model_server, "/tokenize", prompt=system.chatml(), add_special_tokens=False)["tokens"])  # type: ignore[arg-type]
    assert hits[1] >= 0.7 * shared, "all but the last block of the system message"
    assert hits[1] > hits[0], "the first one paid for the facility's own words"
