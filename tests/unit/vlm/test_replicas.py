"""Several servers of one model: the healthy one with the least to do is asked, and nobody waits for a dead one."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import product

import httpx
import pytest

from services.runtime.ports import free_port
from services.vocabulary import Tier
from tests.unit.vlm.model_server import Answer, completion, model_server, refusal
from tests.unit.vlm.specimens import AGITATED, VERDICT
from tests.unit.vlm.test_engine import GOOD, JSON, ask
from vlm_service import replicas
from vlm_service.dialogue import Looped
from vlm_service.engine import Engine
from vlm_service.failures import NoServer, RequestRefused, ServerError, TimedOut, Unreachable
from vlm_service.replicas import OPEN_AFTER, Replicas
from vlm_service.settings import VlmSettings

pytestmark = pytest.mark.facility


def with_engine(urls: str, what: Callable[[Engine], Awaitable[None]], **settings: object) -> None:
    async def _run() -> None:
        engine = Engine(VlmSettings(server_url=urls, **settings))  # type: ignore[arg-type]
        try:
            await what(engine)
        finally:
            await engine.close()

    asyncio.run(_run())


class Hands:
    """A clock that is moved by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_least_busy_server_is_asked() -> None:
    house = Replicas(["http://a", "http://b"], Hands())
    first, second, third = house.take(), house.take(), house.take()
    assert [one.url for one in (first, second, third)] == ["http://a", "http://b", "http://a"]
    house.worked(first)
    house.worked(third)
    assert house.take().url == "http://a"


def test_an_adapter_is_asked_for_where_it_is_proven_until_the_server_may_be_another() -> None:
    house = Replicas(["http://a", "http://b"], Hands())
    first, second = house.all
    second.adapters, second.proven, second.in_flight = {"calm@1"}, {"calm@1"}, 5
    assert house.take(adapter="calm@1") is second
    assert house.take(adapter="other@2") is first, "where it is proven nowhere, the least busy one says so"
    for why, known in ((TimedOut.reason, True), (ServerError.reason, True), (Unreachable.reason, False)):
        house.failed(second, why)
        assert ("calm@1" in second.proven, "calm@1" in second.adapters) == (known, known), why


def test_a_server_that_keeps_failing_rests_ever_longer_and_comes_back_by_one_try() -> None:
    clock = Hands()
    house = Replicas(["http://a"], clock, chance=lambda: 0.0)
    for _ in range(OPEN_AFTER):
        house.failed(house.take(), "server_error")
    with pytest.raises(NoServer, match="failed 3 times in a row and rests 1 s more"):
        house.take()
    clock.now += 1.0
    trying = house.take()
    with pytest.raises(NoServer):
        house.take()
    house.failed(trying, "server_error")
    clock.now += 1.5
    with pytest.raises(NoServer):
        house.take()
    clock.now += 0.5
    house.worked(house.take())
    assert house.problems() == [] and house.take() and house.take()


def test_rest_is_bounded() -> None:
    clock = Hands()
    house = Replicas(["http://a"], clock, chance=lambda: 0.0)
    for _ in range(40):
        clock.now += replicas.LONGEST_REST_S
        house.failed(house.take(), "timeout")
    clock.now += replicas.LONGEST_REST_S
    house.take()


def test_the_second_attempt_goes_to_another_server() -> None:
    with model_server(refusal(500, "engine died")) as broken, model_server(GOOD) as sound:
        assert ask(f"{broken.url},{sound.url}").verdict == VERDICT
        assert (len(broken.requests), len(sound.requests)) == (1, 1)


def test_a_dead_server_costs_its_first_callers_one_attempt_and_the_later_ones_nothing() -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    with model_server(GOOD) as sound:

        async def story(engine: Engine) -> None:
            for _ in range(8):
                assert (await engine.answer(AGITATED, 5.0)).verdict == VERDICT
            failed = next(one for one in engine.replicas.all if one.url == nobody)
            assert 1 <= failed.failures <= OPEN_AFTER

        with_engine(f"{nobody},{sound.url}", story)
        assert len(sound.requests) == 8


def test_where_all_rest_nobody_waits() -> None:
    nobody = f"http://127.0.0.1:{free_port()}"

    async def story(engine: Engine) -> None:
        for _ in range(2):
            with pytest.raises((Unreachable, NoServer)):
                await engine.answer(AGITATED, 5.0)
        began = time.monotonic()
        with pytest.raises(NoServer, match="rests"):
            await engine.answer(AGITATED, 5.0)
        assert time.monotonic() - began < 0.2

    with_engine(nobody, story)


def test_a_hanging_server_is_noticed_by_its_deadlines() -> None:
    with model_server(Answer(hang=True)) as server:

        async def story(engine: Engine) -> None:
            for _ in range(OPEN_AFTER):
                with pytest.raises(TimedOut):
                    await engine.answer(AGITATED, 0.2)
            with pytest.raises(NoServer):
                await engine.answer(AGITATED, 5.0)
            assert engine.replicas.all[0].in_flight == 0

        with_engine(server.url, story)


def test_a_caller_who_leaves_is_no_failure_of_the_server() -> None:
    with model_server(Answer(hang=True)) as server:

        async def story(engine: Engine) -> None:
            for _ in range(OPEN_AFTER + 1):
                task = asyncio.create_task(engine.answer(AGITATED, 30.0))
                await asyncio.sleep(0.1)
                assert engine.replicas.all[0].in_flight == 1
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            assert (engine.replicas.all[0].in_flight, engine.replicas.all[0].failures) == (0, 0)

        with_engine(server.url, story)


def test_a_request_that_no_server_takes_is_no_failure_of_the_server() -> None:
    with model_server(refusal(404, "The model `x` does not exist.")) as server:

        async def story(engine: Engine) -> None:
            for _ in range(OPEN_AFTER + 1):
                with pytest.raises(RequestRefused):
                    await engine.answer(AGITATED, 5.0)

        with_engine(server.url, story)


def test_a_server_that_says_it_is_ill_is_not_asked_until_it_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "CHECK_EVERY_S", 0.05)
    with model_server(GOOD) as first, model_server(GOOD) as second:
        first.health = 503

        async def story(engine: Engine) -> None:
            stop = asyncio.Event()
            watching = asyncio.create_task(engine.watch(stop))
            await asyncio.sleep(0.3)
            assert engine.replicas.problems() == [f"{first.url} is ill: HTTP 503"]
            for _ in range(3):
                await engine.answer(AGITATED, 5.0)
            assert (len(first.requests), len(second.requests)) == (0, 3)
            first.health = 200
            await asyncio.sleep(0.5)
            assert engine.replicas.problems() == []
            stop.set()
            await watching

        with_engine(f"{first.url},{second.url}", story)


@pytest.mark.parametrize(("slow", "ill"), [(1, ""), (2, "TimeoutError")])
def test_one_look_that_takes_too_long_makes_no_server_ill(slow: int, ill: str) -> None:
    async def _watched() -> str:
        known, stop, looks = Replicas(["http://127.0.0.1:9"], time.monotonic), asyncio.Event(), iter(range(9))

        def _health(request: httpx.Request) -> httpx.Response:
            look = next(looks)
            if look == 1:
                stop.set()
            if look < slow:
                raise httpx.ConnectTimeout("late", request=request) from TimeoutError()
            return httpx.Response(200)

        async with httpx.AsyncClient(transport=httpx.MockTransport(_health)) as client:
            await known.watch(client, stop)
        return known.all[0].ill

    assert asyncio.run(_watched()) == ill


def test_tier_one_comes_first_where_the_server_knows_priorities() -> None:
    with model_server(GOOD) as server:
        ask(server.url)
        ask(server.url, priorities=True)
        ask(server.url, replace(AGITATED, tier=Tier.URGENT), priorities=True)
    assert "priority" not in server.requests[0]
    assert server.requests[1]["priority"] < server.requests[2]["priority"]


def test_a_model_that_says_the_same_thing_again_and_again_is_asked_once_more_and_then_not_believed() -> None:
    loop = completion(JSON, reasoning="First the cry. " + "Wait, let me look at the motion again. " * 200)
    with model_server(loop) as server:
        with pytest.raises(Looped, match="repeats itself"):
            ask(server.url)
        assert len(server.requests) == 2
    with model_server(loop, GOOD) as server:
        assert ask(server.url).verdict == VERDICT


def test_long_thinking_that_says_new_things_is_believed() -> None:
    told = ("more than on other days", "while nobody was in the room", "though the face was hidden", "but not for long")
    what = (
        "anger",
        "fear",
        "motion",
        "the voice",
        "sleep",
        "walking",
        "pitch",
        "posture",
        "the hands",
        "loudness",
        "gaze",
        "pace",
    )
    steps = [f"Step {n}: {one} was {n / 7:.2f} then, {how}. " for n, (one, how) in enumerate(product(what, told))]
    with model_server(completion(JSON, reasoning="".join(steps))) as server:
        assert ask(server.url).verdict == VERDICT


def test_a_server_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="every server once"):
        VlmSettings(server_url="http://a:8000,http://a:8000/v1/")
    assert VlmSettings(server_url="http://a:8000, http://b:8000/v1").servers == ("http://a:8000", "http://b:8000")
