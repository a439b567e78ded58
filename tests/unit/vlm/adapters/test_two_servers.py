"""Two of the model's servers: an adapter is heard from those alone that have proven it. Kind: unit."""

import asyncio
from pathlib import Path

import pytest

from services.vocabulary import AdapterState
from tests.unit.vlm.adapters.paper_house import PaperHouse, PaperServer, brisk, paper_house

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("brisk")]
__all__ = ["brisk"]
MANY = 6


async def asked_at_once(home: PaperHouse, first: int) -> set[str]:
    """Who answered events that come together, so that every server that may be asked is."""
    return set(await asyncio.gather(*(home.ask(first + number) for number in range(MANY))))


def opinions(server: PaperServer, name: str) -> int:
    return sum(route == "/v1/chat/completions" and model == name for route, model in server.asked)


def test_what_is_promoted_is_proven_at_both_and_both_answer_with_it(tmp_path: Path) -> None:
    async def lived() -> None:
        async with paper_house(tmp_path, servers=2) as home:
            name = await home.promoted(1)
            assert all(name in replica.proven for replica in home.engine.replicas.all)
            before = [opinions(server, name) for server in home.servers]
            assert await asked_at_once(home, 100) == {name}
            assert all(opinions(server, name) > n for server, n in zip(home.servers, before, strict=True))

    asyncio.run(lived())


def test_what_one_of_them_passes_over_is_not_promoted_and_the_server_is_named(tmp_path: Path) -> None:
    async def lived() -> None:
        async with paper_house(tmp_path, servers=2) as home:
            name = await home.pushed(1)
            home.servers[1].numb.add(name)
            said = await home.told(f"/{name}/promote", 409)
            assert "http://paper1" in str(said) and "effect on the server" in str(said)
            assert home.registry.find(name).state is AdapterState.PROBED
            assert await asked_at_once(home, 100) == {""}, "the base model goes on answering"

    asyncio.run(lived())


def test_one_that_was_started_anew_is_not_asked_with_it_until_it_has_proven_it_again(tmp_path: Path) -> None:
    async def lived() -> None:
        async with paper_house(tmp_path, servers=2) as home:
            name = await home.promoted(1)
            anew, replica = home.servers[1], home.engine.replicas.all[1]
            anew.held_up[name] = asyncio.Event()
            anew.loaded.clear()
            replica.forget()  # as after a broken connection
            before = opinions(anew, name)
            await home.until(lambda: name in anew.loaded)
            for first in (100, 200):
                assert await asked_at_once(home, first) == {name}, "the other one answers"
            assert opinions(anew, name) == before and name not in replica.proven
            anew.held_up[name].set()
            await home.until(lambda: name in replica.proven)
            assert await asked_at_once(home, 300) == {name}
            assert opinions(anew, name) > before

    asyncio.run(lived())


def test_one_that_comes_back_without_effect_is_left_out_and_nobody_waits_for_it(tmp_path: Path) -> None:
    async def lived() -> None:
        async with paper_house(tmp_path, servers=2) as home:
            name = await home.promoted(1)
            anew, replica = home.servers[1], home.engine.replicas.all[1]
            anew.numb.add(name)
            anew.loaded.clear()
            replica.forget()
            before, probes = opinions(anew, name), len(anew.asked)
            await home.until(lambda: len(anew.asked) > probes)
            for first in (100, 200, 300):
                assert await asked_at_once(home, first) == {name}
            assert opinions(anew, name) == before and name not in replica.proven
            assert home.registry.find(name).state is AdapterState.ACTIVE

    asyncio.run(lived())
