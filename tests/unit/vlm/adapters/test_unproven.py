"""A canary that a server has not proven again is no failure of the canary: the active one answers."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from services.ledger import AdapterAnswerRepository, Database
from services.runtime.clock import SystemClock
from services.vocabulary import AdapterRole, AdapterState, AdapterVersion, Event, Tier
from tests.unit.vlm.specimens import AGITATED, VERDICT
from vlm_service.adapters.loras import Loras
from vlm_service.adapters.probe import Prober
from vlm_service.adapters.routing import Cast
from vlm_service.adapters.stage import Stage
from vlm_service.adapters.store import Store
from vlm_service.adapters.watch import OURS
from vlm_service.bundle import Probe
from vlm_service.dialogue import Frame, Opinionated
from vlm_service.engine import Engine
from vlm_service.failures import NotProven, Unreachable
from vlm_service.places import rank_of
from vlm_service.replicas import Replica

CANARY = AdapterVersion("calm", "0" * 64, AdapterState.CANARY, "Ana", 0.0, 0.0, share=1.0)


class ProvenFor:
    """An engine whose server has proven one adapter alone."""

    def __init__(self, proven: str) -> None:
        self._proven = proven

    async def answer(self, event: Event, deadline_s: float, rank: int, frames: Sequence[Frame], adapter: str) -> Any:
        if adapter != self._proven:
            raise NotProven(adapter)
        return Opinionated("", VERDICT)


TOLD = {"token_id:1": -0.1}
PROBE = Probe(prompt="a golden prompt", adapted=TOLD, base=TOLD)
SEEN = "<|im_start|>user\nsee <|vision_start|><|image_pad|><|vision_end|>"
PICTURED = Probe(prompt=SEEN, adapted=TOLD, base=TOLD, pictures=("iVBORw0KGgoAAAANSUhEUg==",), without_tower=TOLD)


def test_the_active_one_answers_for_a_canary_that_is_being_proven_and_it_counts_against_nobody(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/a.db")
    database.migrate()

    async def asked() -> tuple[Opinionated, str]:
        stage = Stage(cast(Engine, ProvenFor("calm@1")), database, SystemClock())
        stage.cast = Cast(active="calm@1", canary=CANARY)
        said = await stage.answer(AGITATED, 5.0, 0)
        await asyncio.gather(*stage._tasks)
        return said

    assert asyncio.run(asked()) == (Opinionated("", VERDICT), "calm@1")
    with database.read() as connection:
        (noted,) = AdapterAnswerRepository(connection).of(CANARY.served_name, since=0.0)
    assert (noted.role, noted.outcome) == (AdapterRole.CANARY, NotProven.reason)
    assert noted.outcome not in OURS


def test_a_proof_is_asked_for_after_tier_1_and_before_tier_2(tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = []

    def said(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content))
        return httpx.Response(200, json={"choices": [{"logprobs": {"top_logprobs": [{"token_id:1": -0.1}]}}]})

    async def proven() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(said)) as client:
            prober = Prober(client, Loras(client, str), Store(tmp_path), "base", priorities=True)
            await prober._answer(Replica("http://a"), "calm@1", PROBE)

    asyncio.run(proven())
    assert rank_of(Tier.IMMEDIATE) < asked[0]["priority"] < rank_of(Tier.URGENT)


def test_a_server_that_takes_no_pictures_is_told_with_its_own_words(tmp_path: Path) -> None:
    def refused(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/chat/completions"
        return httpx.Response(400, json={"error": {"message": "At most 0 image(s) may be provided"}})

    async def proven() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(refused)) as client:
            prober = Prober(client, Loras(client, str), Store(tmp_path), "base", priorities=False)
            with pytest.raises(Unreachable, match=r"HTTPStatusError .*At most 0 image"):
                await prober._answer(Replica("http://a"), "calm@1", PICTURED)

    asyncio.run(proven())
