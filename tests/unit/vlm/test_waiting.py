"""What waits for the model survives a kill; the rules answer in time, and the model may amend once."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from services.ledger.assessments import AssessmentRepository
from services.ledger.database import Database
from services.ledger.events import EventRepository
from services.ledger.questions import QuestionRepository
from services.runtime import codec
from services.vocabulary import RULES, Assessment, Event, Tier
from tests.unit.vlm.model_server import Answer, completion, model_server
from tests.unit.vlm.specimens import AGITATED, VERDICT
from tests.unit.vlm.test_service import Service, service
from vlm_service.dialogue import verdict_to_json
from vlm_service.kept import assessment_id

pytestmark = pytest.mark.facility

GOOD = completion("\n\n" + verdict_to_json(VERDICT), reasoning="thought")
HANG = Answer(hang=True)
NOW = time.time()


@pytest.fixture(params=["sqlite", "postgres"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "postgres":
        yield request.getfixturevalue("fresh_schema")
    else:
        yield f"sqlite:///{tmp_path}/a.db"


def urgent(name: str, **facts: object) -> Event:
    return replace(AGITATED, id=name, tier=Tier.URGENT, **facts)  # type: ignore[arg-type]


def eventually(holds: Callable[[], bool], within_s: float = 180.0) -> None:
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


def told(running: Service, event: str) -> list[Assessment]:
    return [one for one in (codec.from_json(Assessment, body) for body in running.messages()) if one.event == event]


def waiting(database: Database, replica: str = "vlm-1") -> list[str]:
    database.migrate()  # the service may not have done so yet
    with database.read() as connection:
        return [one.event.id for one in QuestionRepository(connection).of(replica)]


def test_it_answers_by_rules_at_the_deadline_and_lets_the_model_amend_once(ledger: str) -> None:
    let_go = threading.Event()
    held = replace(GOOD, let_go=let_go)
    with model_server(held) as model, service(ledger, server_url=model.url, amend_tier2_s="600") as running:
        first = running.assess(urgent("e"), deadline_s=0.5)
        assert first.reasoner == RULES
        assert first.fallback_reason == "timeout: no verdict within 0.5 s"
        assert waiting(running.database) == ["e"]
        eventually(lambda: len(model.requests) == 1)
        let_go.set()
        eventually(lambda: len(told(running, "e")) == 2)
        rules, amended = told(running, "e")
        assert (rules, amended.reasoner, amended.verdict) == (first, "qwen3-vl", replace(VERDICT, opinion="agreed"))
        assert amended.id == assessment_id("e", 1, amended=True) != first.id
        eventually(lambda: waiting(running.database) == [])
        assert running.assess(urgent("e")) == first
        assert len(model.requests) == 1
        assert "attune_vlm_amended_total 1.0" in running.get("/metrics")[1]


def test_it_aborts_the_generation_when_the_time_to_amend_is_over(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    with model_server(HANG) as model, service(url, server_url=model.url, amend_tier2_s="0.5") as running:
        assert running.assess(urgent("e"), deadline_s=0.3).reasoner == RULES
        assert model.aborted == 0
        eventually(lambda: model.aborted == 1)
        eventually(lambda: waiting(running.database) == [])
        assert len(told(running, "e")) == 1


def test_it_aborts_the_generation_about_an_event_that_became_more_urgent(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    event = urgent("e", opened_at=NOW, updated_at=NOW)
    with (
        model_server(HANG) as model,
        service(url, server_url=model.url, deadline_tier2_s="90") as running,
        ThreadPoolExecutor(1) as caller,
    ):
        assert waiting(running.database) == []
        with running.database.write() as connection:
            EventRepository(connection).record(event)
        asked = caller.submit(running.assess, event, 90.0)
        eventually(lambda: len(model.requests) == 1)
        with running.database.write() as connection:
            EventRepository(connection).record(replace(event, revision=2, tier=Tier.IMMEDIATE))
        eventually(lambda: model.aborted == 1)
        refusal = asked.exception(90.0)
        assert isinstance(refusal, grpc.RpcError)
        assert refusal.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert told(running, "e") == []
        eventually(lambda: waiting(running.database) == [])


def test_it_still_asks_about_an_event_that_has_ended(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    event = urgent("e", opened_at=NOW, updated_at=NOW)
    let_go = threading.Event()
    with (
        model_server(replace(GOOD, let_go=let_go)) as model,
        service(url, server_url=model.url, amend_tier2_s="600") as running,
    ):
        assert waiting(running.database) == []
        with running.database.write() as connection:
            EventRepository(connection).record(event)
            EventRepository(connection).record(replace(event, revision=2, ended_at=NOW + 9))
        assert running.assess(event, deadline_s=0.5).reasoner == RULES
        let_go.set()
        eventually(lambda: [one.reasoner for one in told(running, "e")] == [RULES, "qwen3-vl"])
        assert model.aborted == 0


def test_it_asks_again_when_a_server_that_was_away_is_back(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    busy = Answer(503)
    with model_server(busy, busy, GOOD) as model, service(url, server_url=model.url) as running:
        assert running.assess(urgent("e")).fallback_reason.startswith("overloaded: ")
        eventually(lambda: [one.reasoner for one in told(running, "e")] == [RULES, "qwen3-vl"])


def test_it_loses_nothing_and_answers_nothing_twice_when_it_is_killed(ledger: str) -> None:
    events = [urgent(f"e{n}") for n in range(6)]
    settings = {"at_once": "2", "deadline_tier2_s": "60", "amend_tier2_s": "600"}
    with model_server(HANG) as model, ThreadPoolExecutor(8) as callers:
        with service(ledger, server_url=model.url, **settings) as running:
            answered = running.assess(replace(events[0], id="answered by rules"), 0.3)
            asked = [callers.submit(running.assess, event, 60.0) for event in events]
            eventually(lambda: len(waiting(running.database)) == 7)
            running.process.send_signal(signal.SIGKILL)
            running.process.wait(60)
            assert all(isinstance(one.exception(180.0), grpc.RpcError) for one in asked)
            assert [one.event for one in map(_read, running.messages())] == ["answered by rules"]
        model.answers[:] = [GOOD]
        with service(ledger, server_url=model.url, **settings) as running:
            # Nobody asks again: what was written down is enough.
            eventually(lambda: waiting(running.database) == [])
            by_event: dict[str, list[str]] = {}
            for one in map(_read, running.messages()):
                by_event.setdefault(one.event, []).append(one.reasoner)
            assert set(by_event) == {"answered by rules", *(event.id for event in events)}
            assert by_event.pop("answered by rules") == [RULES, "qwen3-vl"]
            assert all(said in (["qwen3-vl"], [RULES, "qwen3-vl"]) for said in by_event.values())
            assert running.assess(replace(events[0], id="answered by rules")) == answered
            assert "attune_vlm_resumed_total 7.0" in running.get("/metrics")[1]
    with running.database.read() as connection:
        assert all(AssessmentRepository(connection).of_event(event.id) for event in events)


def test_it_answers_what_is_long_over_by_rules_after_a_restart(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    with model_server(HANG) as model, ThreadPoolExecutor(1) as caller:
        with service(url, server_url=model.url, amend_tier2_s="0.1", deadline_tier2_s="1") as running:
            caller.submit(running.assess, urgent("e"))
            eventually(lambda: waiting(running.database) == ["e"])
            running.process.send_signal(signal.SIGKILL)
            running.process.wait(5)
        time.sleep(1.2)  # virtual time does not reach into another process
        asked_before = len(model.requests)
        with service(url, server_url=model.url) as running:
            eventually(lambda: [one.reasoner for one in told(running, "e")] == [RULES])
            eventually(lambda: waiting(running.database) == [])
            assert len(model.requests) == asked_before


def test_it_settles_what_is_left_when_no_model_is_configured_any_more(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    with model_server(HANG) as model, ThreadPoolExecutor(1) as caller:
        with service(url, server_url=model.url) as running:
            assert running.assess(urgent("by rules"), 0.3).reasoner == RULES
            caller.submit(running.assess, urgent("open"), 15.0)
            eventually(lambda: waiting(running.database) == ["by rules", "open"])
            running.process.send_signal(signal.SIGKILL)
            running.process.wait(5)
        with service(url) as running:
            eventually(lambda: waiting(running.database) == [])
            assert [one.reasoner for one in [*told(running, "by rules"), *told(running, "open")]] == [RULES, RULES]


def test_it_puts_tier_1_before_all_who_wait_and_sends_away_who_is_too_many(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    settings = {
        "at_once": "1",
        "most_waiting": "3",
        "amend_tier2_s": "0",
        "deadline_tier1_s": "90",
        "deadline_tier2_s": "90",
    }
    let_go = threading.Event()
    with (
        model_server(replace(GOOD, let_go=let_go)) as model,
        service(url, server_url=model.url, **settings) as running,
        ThreadPoolExecutor(8) as callers,
    ):
        asked = []
        for n in range(5):
            asked.append(callers.submit(running.assess, urgent(f"e{n}"), 90.0))
            eventually(lambda n=n: len(model.requests) == 1 and len(waiting(running.database)) >= min(n + 1, 4))
        assert asked[4].result(90.0).fallback_reason == "queue_full: 3 others wait for the model"
        first = callers.submit(running.assess, replace(AGITATED, id="tier 1"), 90.0)
        eventually(lambda: "tier 1" in waiting(running.database) and asked[3].done())
        let_go.set()
        answers = [one.result(90.0) for one in [*asked, first]]
        reasons = [one.fallback_reason for one in answers]
        # e4 found three waiting; then tier 1 came, and e3 was the last in line.
        assert [bool(reason) for reason in reasons] == [False, False, False, True, True, False]
        assert all(reason == "queue_full: 3 others wait for the model" for reason in reasons if reason)
        assert sorted(answers, key=lambda one: one.created_at)[2 + 1].event == "tier 1"
        assert "attune_vlm_dropped_total 2.0" in running.get("/metrics")[1]


def _read(body: str) -> Assessment:
    return codec.from_json(Assessment, body)
