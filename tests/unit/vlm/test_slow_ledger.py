"""A ledger that takes its time keeps nobody from the model's next place. Kind: unit."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from services.ledger.database import Database
from services.ledger.questions import Question
from services.runtime.clock import SystemClock
from services.vocabulary import Assessment, Event, Tier
from tests.unit.vlm.specimens import AGITATED
from vlm_service.failures import TimedOut
from vlm_service.kept import Kept
from vlm_service.opinion import SecondOpinion
from vlm_service.patience import Patience
from vlm_service.places import Places, rank_of

pytestmark = pytest.mark.unit
LONG = (600.0, 600.0, 600.0)


class Model:
    """Notes who comes; the first has its place until `first_over`, the next ones for good."""

    reasoner, model_version = "model", ""

    def __init__(self) -> None:
        self.ranks: list[int] = []
        self.first_over = asyncio.Event()

    async def speak(self, event: Event, deadline_s: float, rank: int, frames: Sequence[object] = ()) -> object:
        self.ranks.append(rank)
        if len(self.ranks) > 1:
            await asyncio.Event().wait()
        await self.first_over.wait()
        raise TimedOut("no answer")


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(6000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


def test_tier_1_is_next_although_the_ledger_has_not_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(kept: Kept, question: Question) -> Assessment | None:
        await answers.wait()
        return None

    async def asked() -> list[int]:
        model = Model()
        opinion = SecondOpinion(Kept(database, clock, "vlm-1"), clock, model, Places(1, 16), Patience(LONG, LONG))  # type: ignore[arg-type]
        first = asyncio.create_task(opinion.assess(replace(AGITATED, id="first", tier=Tier.URGENT)))
        await until(lambda: model.ranks == [rank_of(Tier.URGENT)])
        later = [asyncio.create_task(opinion.assess(replace(AGITATED, id=tier.name, tier=tier)))
                 for tier in (Tier.URGENT, Tier.IMMEDIATE)]  # fmt: skip
        await asyncio.sleep(0.1)  # both have come; who has not taken a place in line by then would be overtaken
        model.first_over.set()
        await until(lambda: len(model.ranks) == 2)
        answers.set()
        await opinion.drain(0.0)
        await asyncio.gather(first, *later, return_exceptions=True)
        return model.ranks

    answers = asyncio.Event()
    database, clock = Database(f"sqlite:///{tmp_path}/a.db"), SystemClock()
    database.migrate()
    monkeypatch.setattr(Kept, "ask", slow)
    assert asyncio.run(asked()) == [rank_of(Tier.URGENT), rank_of(Tier.IMMEDIATE)]
    database.close()
