"""Who comes first at a real vLLM, what a full one says, and that nothing is computed for nobody."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from services.ledger.database import Database
from services.runtime.clock import SystemClock
from services.vocabulary import RULES, Assessment, Event, Tier
from tests.unit.vlm.specimens import AGITATED
from tests.vllm.asking import FORCED, EngineAsking, forced, settings, with_engine
from tests.vllm.conftest import KEY
from tests.vllm.server import VllmServer
from vlm_service.engine import Engine
from vlm_service.failures import EngineFailure, Overloaded
from vlm_service.kept import Kept, assessment_id
from vlm_service.opinion import SecondOpinion
from vlm_service.patience import Patience
from vlm_service.places import Places

pytestmark = pytest.mark.vllm
__all__ = ["forced"]

URGENT = replace(AGITATED, tier=Tier.URGENT)
LONG = {"thinking_token_budget": 4000, "max_tokens": 6000, "repetition_detection": None}
"""Thinking that takes far longer than anybody in these tests waits: a random model ends it only where it must."""


async def eventually(holds: Callable[[], bool], within_s: float = 120.0) -> None:
    end = time.monotonic() + within_s
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < end, "it never came true"
        await asyncio.sleep(0.05)


def test_it_answers_tier_1_in_the_next_slot_before_a_hundred_of_tier_2(model_server: VllmServer) -> None:
    async def _try(engine: Engine) -> int:
        done: list[Tier] = []

        async def one(event: Event) -> None:
            try:
                await engine.answer(event, 300.0)
            except Exception as error:  # noqa: BLE001 - a random model's answer may be anything; its place in line counts
                assert not isinstance(error, EngineFailure), error
            done.append(event.tier)

        first = [asyncio.create_task(one(replace(URGENT, id=f"urgent-{number}"))) for number in range(108)]
        await eventually(lambda: model_server.metric("vllm:num_requests_waiting") >= 90)
        before = len(done)
        await one(AGITATED)
        overtaken = len(done) - before - 1
        for task in first:
            task.cancel()
        await asyncio.gather(*first, return_exceptions=True)
        return overtaken

    brief = {"thinking_token_budget": 100, "max_tokens": 150}
    earlier = with_engine(EngineAsking(settings(model_server.url, connect_timeout_s=60.0), **brief), _try)
    assert earlier <= 4 * 2, f"{earlier} of tier 2 were answered between question and answer of tier 1; 4 run at once"


def test_it_calls_a_full_server_overloaded_after_asking_twice(narrow_server: VllmServer) -> None:
    async def _try(engine: Engine) -> list[BaseException | object]:
        tasks = [asyncio.create_task(engine.answer(replace(AGITATED, id=f"many-{n}"), 20.0)) for n in range(6)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        refused = [task.exception() for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await eventually(lambda: narrow_server.busy() == 0)
        return refused

    refused = with_engine(EngineAsking(settings(narrow_server.url, server_key=KEY), **LONG), _try)
    assert refused
    assert all(isinstance(one, Overloaded) for one in refused), refused
    assert narrow_server.metric("vllm:admission_rejections_total") >= 2 * len(refused)


def opinion_by(engine: Engine, database: Database, amend_s: float, answer_s: float = 0.4) -> SecondOpinion:
    clock = SystemClock()
    patience = Patience((answer_s, answer_s, answer_s), (amend_s, amend_s, amend_s))
    return SecondOpinion(Kept(database, clock, "vlm-1"), clock, engine, Places(4, 16), patience)


def ledger(folder: object) -> Database:
    database = Database(f"sqlite:///{folder}/a.db")
    database.migrate()
    return database


def test_it_ends_the_generation_at_the_server_when_nobody_waits_any_more(
    model_server: VllmServer, tmp_path: object
) -> None:
    async def _try(engine: Engine) -> Assessment:
        opinion = opinion_by(engine, ledger(tmp_path), amend_s=12.0)
        await eventually(lambda: model_server.busy() == 0)  # what an earlier test asked is over
        asked = asyncio.create_task(opinion.assess(replace(AGITATED, id="nobody-waits")))
        answer = await asked
        # The model goes on while it may still amend; the server counts a request once its first token is there.
        await eventually(lambda: model_server.busy() == 1)
        await eventually(lambda: model_server.busy() == 0)
        await opinion.drain(5.0)
        return answer

    answer = with_engine(EngineAsking(settings(model_server.url), **LONG), _try)
    assert answer.reasoner == RULES
    assert answer.fallback_reason.startswith("timeout")


@pytest.mark.usefixtures("forced")
def test_it_lets_the_model_amend_what_the_rules_had_to_answer(model_server: VllmServer, tmp_path: object) -> None:
    async def _try(engine: Engine) -> tuple[Assessment, Assessment | None]:
        database = ledger(tmp_path)
        kept = Kept(database, SystemClock(), "vlm-1")
        opinion = opinion_by(engine, database, amend_s=120.0)
        first = await opinion.assess(replace(AGITATED, id="amended"))
        await opinion.drain(120.0)
        return first, kept.assessment(assessment_id("amended", 1, amended=True))

    slow = {"thinking_token_budget": 400, "max_tokens": 1000}
    first, amended = with_engine(EngineAsking(settings(model_server.url), **slow), _try)
    assert first.reasoner == RULES
    assert amended is not None
    assert (amended.reasoner, amended.verdict.situation) == ("qwen3-vl", FORCED["situation"])
