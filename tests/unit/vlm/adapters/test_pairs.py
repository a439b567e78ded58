"""Adapters side by side on real events, with the statistics of an experiment. Kind: unit."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from services.evaluation.arms import HEADINGS, Standing
from services.ledger import AdapterAnswerRepository
from services.vocabulary import AdapterAnswer, AdapterRole
from tests.unit.vlm.adapters.paper_house import brisk, paper_house
from tests.unit.vlm.model_server import refusal
from vlm_service.adapters.compare import live_tables, pairs_table
from vlm_service.adapters.pairs import experiment, pairs_of, turned
from vlm_service.adapters.policy import read_policy

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("brisk")]
__all__ = ["brisk"]
LIVE = read_policy().live
ONE = AdapterAnswer("new@1", AdapterRole.SHADOW, "e", 0.0, 2.0, "verdict", 2, "agreed", 0.9, 0, "old@0", 2, 0.5, 0)


def answers(n: int, **changes: object) -> list[AdapterAnswer]:
    return [replace(ONE, event=f"e{number}", **changes) for number in range(n)]  # type: ignore[arg-type]


def standing(found: Sequence[AdapterAnswer]) -> dict[str, Standing]:
    return {one.what: one.standing for one in experiment(pairs_of(found)["old@0"], LIVE.alpha)}


def test_it_tells_in_what_a_version_differs_from_the_one_beside_it() -> None:
    urgent = standing(answers(40, tier=1))
    assert urgent["called it immediate"] is Standing.MORE
    assert urgent["share of claims grounded"] is Standing.MORE
    assert urgent["gave a verdict"] is urgent["was contradicted"] is Standing.OPEN
    assert standing(answers(40, outcome="no_verdict", tier=0)) == {"gave a verdict": Standing.LESS}


def test_an_answer_that_says_nothing_about_the_version_is_no_event_of_the_experiment() -> None:
    assert pairs_of(answers(5, outcome="no_server", tier=0)) == {} == pairs_of(answers(5, beside=""))


def test_two_versions_are_compared_the_same_from_either_side() -> None:
    found = answers(40, tier=1)
    mirrored = [replace(one, served_name="old@0", beside="new@1", tier=2, beside_tier=1, grounding=0.5,
                        beside_grounding=0.9) for one in found]  # fmt: skip
    (one,) = pairs_table(("old@0", "new@1"), ((), found), LIVE)
    assert pairs_table(("old@0", "new@1"), (mirrored, ()), LIVE) == [one]
    assert pairs_table(("old@0", "new@1"), (mirrored, found), LIVE) == [one], "each event counts once"
    pairs = pairs_of(found)["old@0"]
    assert turned(turned(pairs)) == pairs


def test_it_shows_rates_differences_with_intervals_and_what_is_sure_so_far() -> None:
    table = next(one for one in live_tables(answers(40, tier=1), LIVE) if one["title"] == "experiment beside old@0")
    assert tuple(table["headings"]) == HEADINGS
    row = next(one for one in table["rows"] if one[0] == "called it immediate")
    assert row[1:5] == [40, "0% (0% to 9%)", "100% (91% to 100%)", "+100.0% (+100.0% to +100.0%)"]
    assert row[-1] == "more than beside"


def test_a_canary_that_fails_is_compared_with_who_answered_in_its_place(tmp_path: Path) -> None:
    async def lived() -> None:
        async with paper_house(tmp_path) as home:

            def noted() -> list[AdapterAnswer]:
                with home.database.read() as connection:
                    return AdapterAnswerRepository(connection).of(name)

            name = await home.pushed(1)
            await home.told(f"/{name}/canary", share=1.0)
            home.server.says[name] = refusal(500, "CUDA error")
            assert await home.ask(1) == ""
            await home.until(lambda: bool(noted()))
            (one,) = noted()
            assert (one.tier, one.beside, one.beside_tier) == (0, "qwen3-vl", 2) and one.beside_grounding > 0

    asyncio.run(lived())
