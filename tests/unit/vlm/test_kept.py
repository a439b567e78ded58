"""What the second opinion writes down and what a restart finds. Kind: facility (SQLite and PostgreSQL)."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.ledger.database import Database
from services.ledger.questions import Question
from services.runtime.clock import VirtualClock
from services.vocabulary import RULES, Assessment
from tests.unit.vlm.specimens import AGITATED, VERDICT
from vlm_service.kept import Kept, assessment_id

pytestmark = pytest.mark.facility


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    url = request.getfixturevalue("fresh_schema") if request.param == "postgres" else f"sqlite:///{tmp_path}/a.db"
    database = Database(url)
    database.migrate()
    yield Kept(database, VirtualClock(100.0), "vlm-1")
    database.close()


def question(revision: int) -> Question:
    return Question(assessment_id(AGITATED.id, revision), AGITATED, 100.0, 115.0, 175.0)


def answer(revision: int) -> Assessment:
    return Assessment(id=question(revision).id, event=AGITATED.id, event_revision=revision, created_at=100.0 + revision,
                      reasoner=RULES, adapter="", prompt_version="p", verdict=VERDICT, thinking="", fallback_reason="",
                      latency_s=1.0)  # fmt: skip


def open_questions(kept: Kept) -> list[str]:
    return [one.id for one in kept.questions()]


def test_it_keeps_a_question_without_an_answer_and_brings_the_answer_of_one_that_has_it(kept: Kept) -> None:
    asyncio.run(kept.keep(answer(1)))
    assert asyncio.run(kept.ask(question(1))) == answer(1)
    assert asyncio.run(kept.ask(question(2))) is None
    assert open_questions(kept) == [question(2).id]


def test_it_settles_what_is_over_with_the_next_question(kept: Kept) -> None:
    asyncio.run(kept.ask(question(1)))
    kept.settle_soon(question(1).id)
    assert open_questions(kept) == [question(1).id]
    asyncio.run(kept.ask(question(2)))
    assert open_questions(kept) == [question(2).id]


def test_it_settles_what_is_over_where_no_question_follows(kept: Kept) -> None:
    asyncio.run(kept.ask(question(1)))
    kept.settle_soon(question(1).id)
    kept.settle_rest()
    assert open_questions(kept) == []


def test_it_knows_the_latest_answers_oldest_first(kept: Kept) -> None:
    for revision in (1, 2, 3):
        asyncio.run(kept.keep(answer(revision)))
    assert kept.latest(2) == [question(2).id, question(3).id]
