"""Real vLLM servers that are starting, hang or are killed: somebody else answers, and all is well again afterwards."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from services.vocabulary import RULES, Assessment
from tests.unit.vlm.jpegs import jpeg
from tests.unit.vlm.specimens import AGITATED
from tests.vllm.asking import FORCED, EngineAsking, forced, settings, with_engine
from tests.vllm.conftest import KEY
from tests.vllm.server import VllmServer
from tests.vllm.test_waiting_line import LONG, eventually, ledger, opinion_by
from vlm_service import metrics, replicas
from vlm_service.dialogue import Frame, Opinionated
from vlm_service.engine import Engine
from vlm_service.failures import EngineFailure, NoServer, Overloaded, ServerError, TimedOut, Unreachable

pytestmark = pytest.mark.vllm
__all__ = ["forced"]


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "CHECK_EVERY_S", 0.3)
    monkeypatch.setattr(replicas, "CHECK_WITHIN_S", 2.0)


def engine_of(*servers: VllmServer, **changes: object) -> EngineAsking:
    return EngineAsking(settings(",".join(server.url for server in servers), server_key=KEY), **changes)


def problem_with(engine: Engine, server: VllmServer) -> Callable[[], bool]:
    return lambda: any(server.url in line for line in engine.replicas.problems())


@pytest.mark.usefixtures("forced")
def test_it_asks_another_server_while_one_is_starting(model_server: VllmServer, late_server: VllmServer) -> None:
    async def _try(engine: Engine) -> Opinionated:
        answer = await engine.answer(AGITATED, 60.0)
        stop = asyncio.Event()
        watch = asyncio.create_task(engine.watch(stop))
        await eventually(problem_with(engine, late_server))
        stop.set()
        await watch
        return answer

    answer = with_engine(engine_of(late_server, model_server), _try)
    assert answer.verdict.situation == FORCED["situation"]
    with pytest.raises(Unreachable):
        with_engine(engine_of(late_server), lambda engine: engine.answer(AGITATED, 10.0))


@pytest.mark.usefixtures("forced")
def test_it_leaves_a_server_that_hangs_and_comes_back_to_it(
    model_server: VllmServer, doomed_server: VllmServer
) -> None:
    async def _try(engine: Engine) -> tuple[float, list[str]]:
        doomed_server.tell(signal.SIGSTOP)
        try:
            started = time.monotonic()
            with pytest.raises(TimedOut):
                await engine.answer(AGITATED, 1.5)
            waited = time.monotonic() - started
            stop = asyncio.Event()
            watch = asyncio.create_task(engine.watch(stop))
            await eventually(problem_with(engine, doomed_server))
            said = engine.replicas.problems()
            answer = await engine.answer(replace(AGITATED, id="beside-one-that-hangs"), 60.0)
            assert answer.verdict.situation == FORCED["situation"]
        finally:
            doomed_server.tell(signal.SIGCONT)
        await eventually(lambda: not engine.replicas.problems())
        stop.set()
        await watch
        return waited, said

    waited, said = with_engine(engine_of(doomed_server, model_server), _try)
    assert waited < 5.0
    assert [line for line in said if "is ill" in line]


@pytest.mark.usefixtures("forced")
def test_it_takes_the_question_elsewhere_when_the_engine_is_killed_mid_answer(
    model_server: VllmServer, doomed_server: VllmServer
) -> None:
    async def _try(engine: Engine) -> Opinionated:
        asked = asyncio.create_task(engine.answer(AGITATED, 120.0))
        await eventually(lambda: doomed_server.busy() == 1)
        os.kill(doomed_server.engine_process(), signal.SIGKILL)
        return await asked

    slow = {"thinking_token_budget": 1000, "max_tokens": 1500, "repetition_detection": None}
    answer = with_engine(engine_of(doomed_server, model_server, **slow), _try)
    assert answer.verdict.situation == FORCED["situation"]


def test_it_says_what_is_wrong_when_the_only_server_was_killed(doomed_server: VllmServer) -> None:
    async def _try(engine: Engine) -> list[type[EngineFailure]]:
        failures = []
        for number in range(3):
            try:
                await engine.answer(replace(AGITATED, id=f"alone-{number}"), 10.0)
            except EngineFailure as failure:
                failures.append(type(failure))
        return failures

    doomed_server.tell(signal.SIGKILL)
    failures = with_engine(engine_of(doomed_server, **LONG), _try)
    assert len(failures) == 3
    assert failures[0] in (Unreachable, ServerError)
    assert failures[-1] is NoServer


def test_the_rules_answer_and_the_server_is_left_alone_when_it_runs_out_of_memory(
    starved_server: VllmServer, tmp_path: Path
) -> None:
    pictures = [Frame(jpeg(1280, 1280, seed=seed), 2.0, False) for seed in range(4)]

    async def _try(engine: Engine) -> tuple[Assessment, Assessment, list[str]]:
        opinion = opinion_by(engine, ledger(tmp_path), amend_s=0.0, answer_s=120.0)
        starved_server.give_no_more_memory()
        first = await opinion.assess(replace(AGITATED, id="too-much"), frames=pictures)
        second = await opinion.assess(replace(AGITATED, id="after-it"))
        await eventually(lambda: bool(engine.replicas.problems()))
        told = engine.replicas.problems()
        await opinion.drain(0.0)
        return first, second, told

    shown = metrics.PICTURES.labels("server_failed")
    before = shown._value.get()
    first, second, told = with_engine(engine_of(starved_server, **LONG), _try)
    assert (first.reasoner, second.reasoner) == (RULES, RULES)
    assert first.fallback_reason.split(":")[0] in (ServerError.reason, Unreachable.reason, Overloaded.reason)
    assert second.fallback_reason.split(":")[0] in (Unreachable.reason, Overloaded.reason, NoServer.reason)
    assert shown._value.get() - before == len(pictures), "it failed at the pictures, and was asked again without"
    assert [line for line in told if starved_server.url in line and "rests" in line]
    said = starved_server.log.read_text(errors="replace")
    assert "MemoryError" in said or "can't allocate memory" in said, "whichever of its parts asked for the next page"
