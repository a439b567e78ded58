"""A snapshot lets agents be connected before it, and does not wait for them for ever."""

import asyncio

import pytest

from threshold_service.arrivals import Arrivals

pytestmark = pytest.mark.unit


def test_it_waits_until_the_last_agent_is_connected() -> None:
    told: list[str] = []

    async def snapshot(arrivals: Arrivals) -> None:
        await arrivals.passed()
        told.append("snapshot")

    async def run() -> None:
        arrivals = Arrivals(60.0)
        await arrivals.passed()
        with arrivals.one():
            with arrivals.one():
                waiting = asyncio.create_task(snapshot(arrivals))
                await asyncio.sleep(0)
            await asyncio.sleep(0)
            told.append("connected")
        await waiting

    asyncio.run(run())
    assert told == ["connected", "snapshot"]


def test_it_goes_on_where_an_agent_cannot_be_connected() -> None:
    async def run() -> None:
        arrivals = Arrivals(60.0)
        with pytest.raises(OSError), arrivals.one():
            raise OSError
        await arrivals.passed()

    asyncio.run(run())


@pytest.mark.parametrize("patience", [0.0, 0.01])
def test_it_does_not_wait_for_ever(patience: float) -> None:
    async def run() -> None:
        arrivals = Arrivals(patience)
        with arrivals.one():
            await arrivals.passed()

    asyncio.run(run())
