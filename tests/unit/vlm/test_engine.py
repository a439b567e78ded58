"""The engine asks a real HTTP server that misbehaves in every known way, and names each way."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest

from services.runtime.ports import free_port
from tests.unit.vlm.jpegs import jpeg
from tests.unit.vlm.model_server import Answer, completion, model_server, refusal
from tests.unit.vlm.specimens import AGITATED, RESTLESS, VERDICT
from vlm_service.dialogue import (
    ForbiddenWord,
    Frame,
    InvalidAnswer,
    NoVerdict,
    Opinionated,
    verdict_schema,
    verdict_to_json,
)
from vlm_service.engine import Engine
from vlm_service.failures import (
    EngineFailure,
    NotAChatCompletion,
    Overloaded,
    RequestRefused,
    ServerError,
    TimedOut,
    Unreachable,
)
from vlm_service.settings import VlmSettings

pytestmark = pytest.mark.facility

JSON = verdict_to_json(VERDICT)
GOOD = completion("\n\n" + JSON, reasoning="thought")


def ask(
    url: str, event: Any = AGITATED, deadline_s: float = 5.0, frames: Sequence[Frame] = (), **settings: Any
) -> Opinionated:
    async def _ask() -> Opinionated:
        engine = Engine(VlmSettings(server_url=url, **settings))
        try:
            return await engine.answer(event, deadline_s, frames=frames)
        finally:
            await engine.close()

    return asyncio.run(_ask())


@pytest.mark.parametrize(
    "answer",
    [
        GOOD,
        completion("\n\n" + JSON, reasoning_content="thought"),
        completion(f"<think>\nthought\n</think>\n\n{JSON}"),
        completion(f"thought\n</think>\n\n{JSON}"),
    ],
)
def test_it_brings_the_verdict_of_a_server_that_answers(answer: Answer) -> None:
    with model_server(answer) as server:
        answer = ask(server.url)
        assert (answer.thinking, answer.verdict) == ("thought", VERDICT)
        assert answer.grounding.share == 1.0
        assert len(server.requests) == 1


def test_it_asks_in_the_way_that_a_vllm_server_understands() -> None:
    with model_server(GOOD) as server:
        ask(server.url + "/v1/", adapter="agitation@0123456789ab", thinking_token_budget=300, answer_tokens=400,
            server_key="secret")  # fmt: skip
        request = server.requests[0]
        assert server.headers[0]["authorization"] == "Bearer secret"
    assert request["path"] == "/v1/chat/completions"
    assert request["model"] == "agitation@0123456789ab"
    assert [message["role"] for message in request["messages"]] == ["system", "user"]
    assert request["messages"][1]["content"].startswith("EVENT REPORT:\n")
    assert (request["thinking_token_budget"], request["max_tokens"]) == (300, 700)
    assert request["response_format"]["json_schema"]["schema"] == verdict_schema(AGITATED)
    assert (request["temperature"], request["top_p"], request["top_k"]) == (0.6, 0.95, 20)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (refusal(503, "too many requests in queue"), Overloaded),
        (refusal(429, "slow down"), Overloaded),
        (refusal(500, "engine died"), ServerError),
        (Answer(502, b"<html>bad gateway"), ServerError),
        (Answer(drop=True), Unreachable),
        (Answer(noise=True), Unreachable),
        (Answer(200, b"\xff\x00 garbage"), NotAChatCompletion),
        (Answer(200, b"{}"), NotAChatCompletion),
        (Answer(200, b'{"choices": []}'), NotAChatCompletion),
        (Answer(200, b"[" * 50_000), NotAChatCompletion),
        (Answer(200, b"no gzip", (("Content-Encoding", "gzip"),)), NotAChatCompletion),
        (completion(None, "length", reasoning="thinking and thinking and"), NoVerdict),
        (completion("<think>thinking and thinking and", "length"), NoVerdict),
        (completion('{"tier": 9}', reasoning="thought"), InvalidAnswer),
        (completion(JSON.replace("a cry", "signs of delirium"), reasoning="thought"), ForbiddenWord),
    ],
)
def test_it_names_every_failure_and_asks_once_more(answer: Answer, failure: type[Exception]) -> None:
    with model_server(answer) as server:
        with pytest.raises(failure):
            ask(server.url)
        assert len(server.requests) == 2


@pytest.mark.parametrize("first", [refusal(503, "busy"), Answer(drop=True), completion("<think>cut", "length")])
def test_it_is_content_with_the_second_answer(first: Answer) -> None:
    with model_server(first, GOOD) as server:
        assert ask(server.url).verdict == VERDICT
        seeds = [request["seed"] for request in server.requests]
        assert len(set(seeds)) == 2


def test_it_does_not_repeat_what_cannot_help() -> None:
    with model_server(refusal(404, "The model `nobody` does not exist.")) as server:
        with pytest.raises(RequestRefused, match="HTTP 404: The model `nobody` does not exist"):
            ask(server.url, model="nobody")
        assert len(server.requests) == 1


@pytest.mark.parametrize("answers", [(Answer(hang=True),), (refusal(503, "busy"), Answer(hang=True))])
def test_it_keeps_the_deadline_over_both_attempts(answers: tuple[Answer, ...]) -> None:
    with model_server(*answers) as server:
        started = time.monotonic()
        with pytest.raises(TimedOut, match=r"within 0\.6 s"):
            ask(server.url, deadline_s=0.6)
        assert time.monotonic() - started < 2.0


def test_it_says_where_nobody_listens() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable, match=f"Connect.*{url}"):
        ask(url)


def test_it_says_that_a_server_hung_up_and_not_that_nobody_listened() -> None:
    with model_server(Answer(drop=True)) as server, pytest.raises(Unreachable, match="ServerDisconnectedError"):
        ask(server.url)


def test_it_asks_the_same_thing_again_on_a_replay() -> None:
    with model_server(GOOD) as server:
        ask(server.url)
        ask(server.url)
        assert server.requests[0] == server.requests[1]


def test_it_tells_a_model_nothing_of_the_face_in_observables_mode() -> None:
    with model_server(GOOD) as server:
        ask(server.url, RESTLESS)
        assert "anger" not in str(server.requests[0])
        assert "emotion" not in str(server.requests[0])


def test_its_failures_have_reasons_of_their_own() -> None:
    kinds = [Unreachable, TimedOut, Overloaded, ServerError, RequestRefused, EngineFailure]
    assert len({kind.reason for kind in kinds}) == len(kinds)


def test_it_shows_pictures_inline() -> None:
    frames = (Frame(jpeg(), 2.0, True), Frame(jpeg(seed=1), 0.0, True))
    with model_server(GOOD) as server:
        assert ask(server.url, frames=frames).pictures == 2
        assert ask(server.url).pictures == 0
        shown, plain = server.requests
    content = shown["messages"][1]["content"]
    assert [part["image_url"]["url"] for part in content if part["type"] == "image_url"] == [
        frame.data_uri for frame in frames
    ]
    assert content[0]["text"] == plain["messages"][1]["content"]
    assert shown["messages"][0] == plain["messages"][0], "one beginning for all, or no server can cache it"


def test_it_asks_in_words_alone_when_a_server_fails_at_the_pictures() -> None:
    dead = "EngineCore encountered an issue. See stack trace (above) for the root cause."
    with model_server(refusal(500, dead), GOOD) as server:
        answer = ask(server.url, frames=(Frame(jpeg(), 2.0, True),))
        assert (answer.verdict, answer.pictures) == (VERDICT, 0)
        shown = [isinstance(request["messages"][1]["content"], list) for request in server.requests]
        assert shown == [True, False]


def test_it_asks_in_words_alone_when_a_server_will_not_have_the_pictures() -> None:
    refused = refusal(400, "At most 0 image(s) may be provided in one prompt.")
    with model_server(refused, GOOD) as server:
        answer = ask(server.url, frames=(Frame(jpeg(), 2.0, True),))
        assert (answer.verdict, answer.pictures) == (VERDICT, 0)
        assert [isinstance(one["messages"][1]["content"], list) for one in server.requests] == [True, False]
        enums = [str(one["response_format"]).count("picture.1") for one in server.requests]
        assert enums == [1, 0]


def test_it_tells_a_model_what_staff_said_of_the_place_and_the_resident() -> None:
    with model_server(GOOD) as server:
        ask(server.url, facility_name="Haus Linde", language="de", residents={AGITATED.resident: "non-verbal"})
        system, user = (message["content"] for message in server.requests[0]["messages"])
    assert 'name "Haus Linde"' in system and "in German." in system
    assert 'Note by staff: "non-verbal"\n' in user
