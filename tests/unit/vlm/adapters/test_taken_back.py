"""Taking back: each thing that can go wrong ends a canary by itself, and nobody unproven speaks after a rollback.
Kind: unit."""

import asyncio
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from services.ledger import AdapterAnswerRepository
from services.vocabulary import AdapterAnswer, AdapterState, Tier
from tests.unit.vlm.adapters.paper_house import GOOD, PaperHouse, brisk, paper_house, policy
from tests.unit.vlm.model_server import Answer, completion, refusal
from tests.unit.vlm.specimens import VERDICT
from vlm_service.adapters.policy import read_policy
from vlm_service.adapters.watch import watched
from vlm_service.dialogue import verdict_to_json

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("brisk")]
__all__ = ["brisk"]
OTHER = completion(verdict_to_json(replace(VERDICT, tier=Tier.IMMEDIATE)), reasoning="thought")


def test_who_was_heard_before_is_proven_before_it_is_heard_again_and_the_base_speaks_meanwhile(tmp_path: Path) -> None:
    async def lived() -> None:
        async with paper_house(tmp_path) as home:
            one, two = await home.promoted(1), await home.promoted(2)
            assert await home.ask(1) == two
            home.server.held_up[one] = asyncio.Event()
            asked = len(home.server.asked)
            rollback = asyncio.create_task(home.told("/rollback", why="odd"))
            await home.until(lambda: ("/v1/completions", one) in home.server.asked[asked:])
            assert home.registry.held(AdapterState.ACTIVE) is None, "the alias moves after the proof"
            asked = len(home.server.asked)
            assert {await home.ask(number) for number in range(2, 6)} == {""}
            heard = {name for route, name in home.server.asked[asked:] if route == "/v1/chat/completions"}
            assert not heard & {one, two}
            home.server.held_up[one].set()
            taken = await rollback
            assert (taken["served_name"], taken["heard"], taken["returning"]) == (two, one, "")
            assert await home.ask(9) == one
            moved = [(move.served_name, move.after) for move in home.registry.history()][-2:]
            assert moved == [(two, AdapterState.RETIRED), (one, AdapterState.ACTIVE)]

    asyncio.run(lived())


def test_one_that_is_not_proven_again_stays_away_and_the_base_goes_on(tmp_path: Path) -> None:
    async def lived() -> None:
        async with paper_house(tmp_path) as home:
            one, two = await home.promoted(1), await home.promoted(2)
            home.server.numb.add(one)
            taken = await home.told("/rollback", why="odd")
            assert (taken["served_name"], taken["heard"], taken["returning"]) == (two, "", "")
            assert await home.ask(1) == "" and home.registry.find(one).state is AdapterState.RETIRED
            assert "effect on the server" in home.registry.reports(one)["probe"].body

    asyncio.run(lived())


def test_where_no_server_can_be_asked_it_returns_once_one_can(tmp_path: Path) -> None:
    async def lived() -> None:
        async with paper_house(tmp_path) as home:
            one, _ = await home.promoted(1), await home.promoted(2)
            home.engine.replicas.all[0].ill = "starts anew"
            taken = await home.told("/rollback", why="odd")
            assert (taken["heard"], taken["returning"]) == ("", one)
            home.engine.replicas.all[0].ill = ""
            await home.until(lambda: home.registry.find(one).state is AdapterState.ACTIVE)
            while await home.ask(1) != one:  # this process notices at its next look
                pass

    asyncio.run(lived())


def test_a_return_that_is_still_to_come_can_be_called_off_and_the_base_goes_on(tmp_path: Path) -> None:
    async def lived() -> None:
        async with paper_house(tmp_path) as home:
            one, _ = await home.promoted(1), await home.promoted(2)
            home.engine.replicas.all[0].ill = "starts anew"
            assert (await home.told("/rollback", why="odd"))["returning"] == one
            off = await home.told("/rollback", why="the base is enough")
            assert (off["served_name"], off["state"], off["heard"], off["returning"]) == (one, "retired", "", "")
            assert "the base is enough" in home.registry.reports(one)["called_off"].body
            home.engine.replicas.all[0].ill = ""
            assert "nothing can be taken back" in str(await home.told("/rollback", 409, why="again"))
            asked = len(home.server.asked)
            await home.until(lambda: home.registry.returning() is None)
            assert {await home.ask(number) for number in range(5)} == {""}
            assert one not in {model for _, model in home.server.asked[asked:]}, "nobody proves it"
            await home.promoted(3)
            later = await home.told("/rollback", why="odd again")
            assert one in (later["heard"], later["returning"]), "what was called off was that return alone"

    asyncio.run(lived())


def taken(home: PaperHouse, name: str) -> bool:
    return home.registry.find(name).state is AdapterState.RETIRED


@pytest.mark.parametrize(
    ("says", "live", "cause"),
    [
        (refusal(500, "CUDA error"), {}, "failed"),
        (Answer(200, b"garbage"), {}, "answered invalidly"),
        (completion("<think>so the person", "length"), {}, "answered invalidly"),
        (GOOD, {"late_s": 1e-9}, "was late"),
        (OTHER, {}, "disagreed"),
    ],
)
def test_a_canary_that_goes_wrong_too_often_is_taken_back_by_itself_with_the_cause(
    says: Answer, live: dict[str, float], cause: str, tmp_path: Path
) -> None:
    async def lived() -> None:
        async with paper_house(tmp_path, policy(tmp_path, **live)) as home:
            name = await home.pushed(1)
            await home.told(f"/{name}/canary", share=1.0)
            home.server.says[name] = says
            proven = home.engine.replicas.all[0].proven
            for number in count():
                await home.until(lambda: name in proven or taken(home, name))
                if taken(home, name):
                    break
                await home.ask(number)
                await asyncio.sleep(0.05)  # what was noted is written before more is asked
            last = home.registry.history(name)[-1]
            assert (last.by, last.cause.value) == ("vlm_service", "rolled_back")
            assert last.why.startswith(f"{cause} ")
            home.server.says.clear()
            for number in count(1000):  # this process notices at its next look
                if not await home.ask(number):
                    break
                await asyncio.sleep(0.05)

    asyncio.run(lived())


def test_a_canary_within_all_limits_goes_on(tmp_path: Path) -> None:
    async def lived() -> None:
        async with paper_house(tmp_path) as home:
            name = await home.pushed(1)
            await home.told(f"/{name}/canary", share=1.0)
            assert {await home.ask(number) for number in range(12)} == {name}
            await home.until(lambda: len(noted(home, name)) == 12)
            tests = watched(noted(home, name), read_policy(tmp_path / "gates.toml").live)
            assert [test.n for test in tests] == [12] * 4 and not any(test.too_often for test in tests)
            assert home.registry.find(name).state is AdapterState.CANARY

    asyncio.run(lived())


def noted(home: PaperHouse, name: str) -> list[AdapterAnswer]:
    with home.database.read() as connection:
        return AdapterAnswerRepository(connection).of(name)
