"""Places at the model go to the most urgent first, and a line that is too long sends its last away."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from services.vocabulary import Tier
from vlm_service.failures import QueueFull
from vlm_service.places import EVALUATION, Places, rank_of

pytestmark = pytest.mark.unit


class Line:
    """People at the places; who got one, in order."""

    def __init__(self, many: int, most: int) -> None:
        self.places, self.served = Places(many, most), list[str]()
        self._leave = asyncio.Event()

    def come(self, name: str, rank: int) -> "asyncio.Task[None]":
        return asyncio.create_task(self._visit(name, rank))

    async def open(self) -> None:
        await asyncio.sleep(0)
        self._leave.set()

    async def _visit(self, name: str, rank: int) -> None:
        async with self.places.place(rank):
            self.served.append(name)
            await self._leave.wait()


def play(scene: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(scene(), 10.0))


def test_it_serves_tier_1_before_tier_2_before_evaluation() -> None:
    async def scene() -> None:
        line = Line(1, 200)
        visits = [line.come("first", rank_of(Tier.URGENT))]
        await asyncio.sleep(0)
        visits += [line.come("evaluation", EVALUATION)]
        visits += [line.come(f"urgent {n}", rank_of(Tier.URGENT)) for n in range(100)]
        visits += [line.come("immediate", rank_of(Tier.IMMEDIATE))]
        await line.open()
        await asyncio.gather(*visits)
        assert line.served == ["first", "immediate", *(f"urgent {n}" for n in range(100)), "evaluation"]

    play(scene)


def test_it_sends_the_last_in_line_away_when_too_many_wait() -> None:
    async def scene() -> None:
        line = Line(1, 2)
        visits = [line.come("first", 10)]
        await asyncio.sleep(0)
        visits += [line.come(name, rank) for name, rank in (("a", 10), ("b", 20), ("c", 10), ("d", 30), ("e", 0))]
        await line.open()
        ends = await asyncio.gather(*visits, return_exceptions=True)
        assert [isinstance(end, QueueFull) for end in ends] == [False, False, True, True, True, False]
        assert line.served == ["first", "e", "a"]

    play(scene)


def test_it_gives_no_place_away_when_somebody_who_waits_goes() -> None:
    async def scene() -> None:
        line = Line(2, 9)
        visits = [line.come(name, 10) for name in ("a", "b", "gone", "c")]
        await asyncio.sleep(0)
        visits.pop(2).cancel()
        await line.open()
        await asyncio.gather(*visits)
        assert line.served == ["a", "b", "c"]
        async with line.places.place(0), line.places.place(0):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01), line.places.place(0):
                    raise AssertionError("three places where there are two")

    play(scene)


def test_it_passes_a_place_on_that_came_too_late() -> None:
    async def scene() -> None:
        line = Line(1, 9)
        first = line.come("first", 10)
        await asyncio.sleep(0)
        late = line.come("late", 0)
        await asyncio.sleep(0)
        line._leave.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # the place is given to the one who waits, and it goes in the same moment
        late.cancel()
        await asyncio.gather(first, late, return_exceptions=True)
        async with asyncio.timeout(1.0), line.places.place(0):
            pass

    play(scene)
