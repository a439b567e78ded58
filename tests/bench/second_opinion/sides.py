"""Two ways to the same answer: the bare call to the model's server, and the question to the VLM service."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import grpc.aio
import httpx

from attune_wire.v1 import judgement_pb2, judgement_pb2_grpc
from services.runtime import wire
from services.runtime.ports import free_port
from services.vocabulary import RULES, Event, Tier
from tests.unit.vlm.specimens import AGITATED
from tests.vllm.asking import FORCED, schema_of, settings
from vlm_service import engine as engine_file
from vlm_service.engine import Engine
from vlm_service.link import open_client

THINKING = 256
"""Tokens of thinking before the answer: every request computes these and about as many of the answer."""
LONGEST_S = 600.0
SETTINGS = {
    "thinking_token_budget": str(THINKING), "answer_tokens": "512", "priorities": "true",
    "deadline_tier1_s": str(LONGEST_S), "deadline_tier2_s": str(LONGEST_S),
}  # fmt: skip
Ask = Callable[[Event], Awaitable[None]]


class Call(NamedTuple):
    """One of the service's calls to the model's server, on the clock that all processes of a machine share."""

    rank: int
    began: float
    took: float | None = None
    """Seconds, where it is over."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Both, each a function that returns when the answer is there."""

    bare: Ask
    service: Ask
    calls: Path
    """Where the service writes down the calls that it made to the model's server."""
    posts: list[float]
    """Seconds of each bare call, without what its caller did before and after it."""
    process: int
    """The process id of the service."""

    def computed(self) -> float:
        """Seconds of processor time that the service has taken so far, all its threads."""
        told = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")

    def begun(self) -> list[Call]:
        """All of them, in the order in which they began."""
        return [call for call in self._told() if call.took is None]

    def last_took(self) -> float:
        """Seconds of the one that ended last."""
        return [call.took for call in self._told() if call.took is not None][-1]

    def _told(self) -> list[Call]:
        rows = (line.split() for line in self.calls.read_text().splitlines())
        return [Call(int(rank), *map(float, seconds)) for rank, *seconds in rows]


def event(number: int, tier: Tier = Tier.IMMEDIATE) -> Event:
    """One of many events that read the same and are different ones."""
    return replace(AGITATED, id=f"bench-{number}", tier=tier)


@asynccontextmanager
async def sides(url: str) -> AsyncIterator[Sides]:
    """Both ways to the server at `url`, with a VLM service of its own."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        calls = Path(folder) / "calls"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.second_opinion.process", str(calls),
            env=_environment(url, port, folder), stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with (
                open_client(None) as client,
                grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
            ):
                stub = judgement_pb2_grpc.SecondOpinionStub(channel)  # type: ignore[no-untyped-call]
                posts: list[float] = []
                yield Sides(_bare(client, url, posts), _service(stub), calls, posts, process.pid)
        finally:
            process.terminate()
            await asyncio.wait_for(process.wait(), 20)


def _environment(url: str, port: int, folder: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ATTUNE_VLM_")}
    told = {**SETTINGS, "port": str(port), "health_port": str(free_port()), "server_url": url, "adapters_port": "0",
            "adapters_folder": f"{folder}/adapters"}  # fmt: skip
    return {
        **kept,
        "ATTUNE_DATABASE_URL": f"sqlite:///{folder}/attune.db",
        **{f"ATTUNE_VLM_{name.upper()}": value for name, value in told.items()},
    }


def _bare(client: httpx.AsyncClient, url: str, posts: list[float]) -> Ask:
    asked = settings(url, thinking_token_budget=THINKING, answer_tokens=512)
    engine = Engine(asked)

    async def ask(one: Event) -> None:
        with patch.object(engine_file, "verdict_schema", lambda event, pictures: schema_of(FORCED)):
            body = engine._request(one, 0, engine_file._Turn(0, ()))
        began = time.perf_counter()
        try:
            answer = await client.post(f"{url}/v1/chat/completions", json=body)
        except httpx.TransportError:  # once more, as the service does: a busy server closes what it takes for idle
            answer = await client.post(f"{url}/v1/chat/completions", json=body)
        posts.append(time.perf_counter() - began)
        said: dict[str, Any] = answer.raise_for_status().json()["choices"][0]
        assert said["finish_reason"] == "stop", said

    return ask


def _service(stub: judgement_pb2_grpc.SecondOpinionStub) -> Ask:
    async def ask(one: Event) -> None:
        request = judgement_pb2.AssessRequest(event=wire.event_to_wire(one), deadline_s=LONGEST_S)
        reply = await stub.Assess(request, timeout=LONGEST_S, wait_for_ready=True)
        made = reply.assessment
        assert made.reasoner != RULES, made.fallback_reason

    return ask


async def took(ask: Ask, one: Event) -> float:
    """Seconds until the answer."""
    began = time.perf_counter()
    await ask(one)
    return time.perf_counter() - began


async def rate(ask: Ask, events: Sequence[Event], at_once: int) -> float:
    """Answers per second with `at_once` questions always on their way."""
    line = asyncio.Semaphore(at_once)

    async def one(of: Event) -> None:
        async with line:
            await ask(of)

    began = time.perf_counter()
    await asyncio.gather(*(one(of) for of in events))
    return len(events) / (time.perf_counter() - began)
