"""What a busy server loses is no adapter's failure: it is asked again, and anew where somebody asks. Kind: unit."""

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select

from services.evaluation.cases import CaseAnswer
from services.ledger import Database
from services.ledger.tables import audit
from services.vocabulary import AdapterState, AdapterVersion, Event, MoveCause
from services.vocabulary.adapter import STANDING
from tests.unit.vlm.adapters.test_proofs import GATES as LIMITS
from tests.unit.vlm.adapters.test_proofs import case_answers, missed
from tests.unit.vlm.adapters.test_registry import Hands, database, step
from tests.unit.vlm.bundles import BASE, sealed
from tests.unit.vlm.specimens import VERDICT
from vlm_service.adapters.case_runs import AGAIN_S, MOST_RUNS, CaseRuns
from vlm_service.adapters.gate_run import read_cases
from vlm_service.adapters.hearing import Hearing
from vlm_service.adapters.judging import judge
from vlm_service.adapters.policy import read_policy
from vlm_service.adapters.probe import Prober
from vlm_service.adapters.registry import Registry
from vlm_service.adapters.stage import Stage
from vlm_service.adapters.states import IllegalStep
from vlm_service.adapters.steward import Steward
from vlm_service.adapters.store import Store
from vlm_service.adapters.trust import Trust
from vlm_service.bundle import Server
from vlm_service.dialogue import Opinionated
from vlm_service.engine import Engine
from vlm_service.failures import EngineFailure, NoServer, NotLoaded, ServerError, TimedOut

__all__ = ["database"]
pytestmark = pytest.mark.unit
S = AdapterState
POLICY = read_policy()
CASES = len(read_cases(POLICY))
NAME = "agitation@0123456789ab"


class Busy:
    """An engine that has no answer for the first `losing` questions, each for the next of `reasons`."""

    def __init__(self, losing: int, *reasons: type[EngineFailure]) -> None:
        self.losing, self.reasons, self.asked = losing, reasons, 0
        self.replicas = self

    def able(self) -> list[Any]:
        return []

    async def answer(self, event: Event, deadline_s: float, rank: int, adapter: str) -> Opinionated:
        self.asked += 1
        if self.asked <= self.losing:
            raise self.reasons[self.asked % len(self.reasons)]("busy")
        return Opinionated("", VERDICT)


def runs(engine: Busy, clock: Hands) -> Callable[[], list[CaseAnswer] | None]:
    made = CaseRuns(cast(Engine, engine), POLICY, clock)
    return lambda: asyncio.run(made.of(NAME))


@pytest.mark.parametrize("reason", [TimedOut, ServerError, NotLoaded])
def test_what_was_lost_is_asked_again_later_and_alone(reason: type[EngineFailure]) -> None:
    engine, clock = Busy(3, reason), Hands()
    of = runs(engine, clock)
    assert of() is None and engine.asked == CASES
    assert of() is None and engine.asked == CASES, "it is too early"
    clock.time += AGAIN_S
    answers = of()
    assert answers is not None and {one.outcome for one in answers} == {"verdict"}
    assert engine.asked == CASES + 3
    assert of() == answers and engine.asked == CASES + 3, "nothing is asked twice"


def test_what_is_lost_every_time_is_reported_at_last() -> None:
    engine, clock = Busy(10_000, TimedOut, ServerError), Hands()
    of = runs(engine, clock)
    for _ in range(MOST_RUNS - 1):
        assert of() is None
        clock.time += AGAIN_S
    answers = of()
    assert answers is not None and len(answers) == CASES
    assert engine.asked == MOST_RUNS * CASES
    clock.time += 10 * AGAIN_S
    assert of() == answers and engine.asked == MOST_RUNS * CASES, "not for ever"


def test_a_server_that_nobody_can_ask_is_no_run() -> None:
    engine, clock = Busy(1, NoServer), Hands()
    of = runs(engine, clock)
    with pytest.raises(NoServer):
        of()
    answers = of()
    assert answers is not None and engine.asked == CASES + 1


def lost(answers: Sequence[CaseAnswer], n: int) -> list[CaseAnswer]:
    return [CaseAnswer(one.case, one.kind, one.layer, "timeout", False, latency_s=120.0) if number < n else one
            for number, one in enumerate(answers)]  # fmt: skip


def test_lost_answers_count_in_no_gate_but_their_own_of_either_version() -> None:
    assert missed(judge(lost(case_answers(n=60), 6), case_answers(n=60), LIMITS, True)) == {"answers lost"}
    assert missed(judge(case_answers(n=60), lost(case_answers(n=60), 6), LIMITS, True)) == set()
    assert "valid answers" in missed(judge(lost(case_answers(n=60), 60), case_answers(n=60), LIMITS, True))


class House:
    """A steward over a ledger, whose engine is busy at times."""

    def __init__(self, database: Database, folder: Path, engine: Busy) -> None:
        self.clock, self.engine = Hands(), engine
        self.registry, self.store = Registry(database, self.clock), Store(folder)
        self.store.open()
        stage = Stage(cast(Engine, engine), database, self.clock)
        hearing = Hearing(self.registry, self.store, POLICY, Trust(self.store, Server(BASE), None))
        self.steward = Steward(
            cast(Engine, engine), stage, self.registry, self.store, cast(Prober, None), hearing, database, self.clock
        )
        bundle = sealed(folder / "b")
        self.store.keep(bundle.folder, bundle.served_name)
        version, _ = self.registry.pushed(bundle.card.name, bundle.manifest.digest, "Ana")
        self.name = version.served_name

    def moved(self, *states: AdapterState) -> AdapterVersion:
        return [self.registry.move(self.name, step(one, MoveCause.CHECKED)) for one in states][-1]

    def judged(self) -> dict[str, Any] | None:
        """One look of the steward; the report, where there is one."""
        asked = self.registry.asked().get(self.name, 0.0)
        asyncio.run(self.steward._judge(self.registry.find(self.name), asked))
        report = self.registry.reports(self.name).get("gates")
        return None if report is None else {"at": report.at, **json.loads(report.body)}


def test_a_busy_hour_makes_no_report_and_the_quiet_one_after_it_does(database: Database, tmp_path: Path) -> None:
    house = House(database, tmp_path, Busy(2, TimedOut))
    house.moved(S.VERIFIED, S.PROBED)
    assert house.judged() is None and house.judged() is None
    assert house.engine.asked == 2 * CASES, "once as an adapter, once as the base model"
    house.clock.time += AGAIN_S
    report = house.judged()
    assert report is not None and report["beside"] == ""
    assert [row[1:3] for row in report["rows"] if row[0] == "answers lost"] == [["yes", f"0 of {CASES}"]]


def test_who_asks_for_another_run_gets_one_wherever_the_version_stands(database: Database, tmp_path: Path) -> None:
    house = House(database, tmp_path, Busy(0, TimedOut))
    house.moved(S.VERIFIED)
    with pytest.raises(IllegalStep, match="is verified and cannot be judged"):
        house.registry.ask(house.name, "Ana", "")
    house.moved(S.PROBED)
    first = house.judged()
    asked = house.engine.asked
    house.moved(S.RETIRED)
    assert house.judged() == first and house.engine.asked == asked, "nobody asked"
    house.registry.ask(house.name, "Ana Ruiz", "after the upgrade")
    again = house.judged()
    assert first is not None and again is not None and again["at"] > first["at"]
    assert house.engine.asked == asked + CASES, "the adapter anew; who is beside it has answered"
    assert house.judged() == again and house.engine.asked == asked + CASES, "once"
    with database.read() as connection:
        [told] = connection.scalars(select(audit.c.body).where(audit.c.kind == "adapter.asked"))
    assert json.loads(told) == {
        "by": "Ana Ruiz", "served_name": house.name, "token": "", "why": "after the upgrade"
    }  # fmt: skip


def test_who_is_heard_by_outdated_gates_is_told_once_and_counted(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vlm_service import metrics
    from vlm_service.adapters import hearing, told_standing

    house = House(database, tmp_path, Busy(0, TimedOut))
    house.moved(S.VERIFIED, S.PROBED)
    house.judged()
    report = house.registry.reports(house.name)["gates"]
    house.registry.report(type(report)(report.served_name, "gates", report.at, True, report.body))
    house.moved(S.ACTIVE)
    warned: list[str] = []
    standing = house.steward._standing
    monkeypatch.setattr(standing._log, "warning", lambda *_, why, **__: warned.append(why), raising=False)
    for prompt, expected in ((hearing.prompt_version(), 0), ("p-next", 1), ("p-next", 1)):
        monkeypatch.setattr(hearing, "prompt_version", lambda prompt=prompt: prompt)
        house.clock.time += 2 * told_standing.TELL_S
        asyncio.run(standing.look())
        assert metrics.OUTDATED._value.get() == expected
    assert len(warned) == 1 and "p-next is served" in warned[0]
    told = house.registry.reports(house.name)[STANDING]
    assert not told.passed and json.loads(told.body)["rows"] == [["gates", warned[0]]]
