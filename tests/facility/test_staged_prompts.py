"""What synthesis asks a teacher is what the live services would ask a model: the same samples over real processes."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from attune_wire.v1 import sensing_pb2
from services.evaluation.simulated import SimulatedRecording
from services.ledger.outbox import OutboxRepository
from services.ledger.topics import EVENT_CHANGED
from services.runtime import codec, wire
from services.runtime.ports import free_port
from services.simulator.benign import Ordinary
from services.simulator.episodes import Kind, Scene
from services.simulator.person import Expression
from services.simulator.staged import Act, Moment, Role, Stage
from services.vocabulary import Event, Mode, Tier
from tests.facility.test_threshold_stream import Service, converse, running
from tests.unit.vlm.model_server import completion, model_server
from threshold_service.evaluated_engine import START, batch
from threshold_service.staged import moments
from training.corpus.example import Kind as Asks
from training.synthesis.questions import Form, choose, usable
from training.synthesis.settings import Protocol, SynthesisSettings, TeacherSettings
from training.synthesis.wording import messages_of
from vlm_service.engine import Engine
from vlm_service.settings import VlmSettings

pytestmark = pytest.mark.facility
DAY_S, HOUR_S = 86_400, 3600.0
AFTERNOON = (
    Act(Kind.RAPID_ESCALATION, 13.0 * HOUR_S, 1.3), Act(Ordinary.PLAY, 14.5 * HOUR_S, 2.0),
    Act(Scene.MOOD_SWINGS, 16.0 * HOUR_S, 1.2), Act(Kind.FALL, 18.0 * HOUR_S, 1.0),
    Act(Kind.DISTRESS_VOICE, 20.0 * HOUR_S, 1.2),
)  # fmt: skip
STAGE = Stage(11, 1, tuple(
    Role(f"r000{k}", "day room", mode, Expression.TYPICAL, AFTERNOON, ("L2",)) for k, mode in enumerate(Mode)
))  # fmt: skip


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    started = Service(tmp_path, free_port(), free_port())
    with running(started):
        yield started


def spoken(stage: Stage) -> Iterator[sensing_pb2.EdgeMessage]:
    """The day as an edge agent tells it, as if it had been yesterday."""
    facility = stage.facility()
    later_s = time.time() // DAY_S * DAY_S - DAY_S - START
    yield sensing_pb2.EdgeMessage(
        hello=sensing_pb2.Hello(
            agent="edge-1", epoch="a1" * 16, software="test", channels=facility.channels, sample_period_s=1.0,
            seats=map(wire.seat_to_wire, facility.seats()), sent_at=time.time(), time_zone="UTC",
        )
    )  # fmt: skip
    block = SimulatedRecording(facility).block(0)
    for begin in range(0, DAY_S, 900):
        told = batch(block, begin, begin + 900)
        yield sensing_pb2.EdgeMessage(batch=wire.batch_to_wire(replace(told, times=told.times + later_s)))


def revisions(service: Service) -> list[Event]:
    """Every revision that the live service told."""
    with service.database.read() as connection:
        told = OutboxRepository(connection).unconsumed(EVENT_CHANGED, "nobody", 10_000, time.time() + 1.0)
    return [codec.from_json(Event, message.body) for message in told]


def asked_live(events: list[Event]) -> list[list[dict[str, str]]]:
    """What the real engine of the second opinion sends to a server about each."""

    async def ask(url: str) -> None:
        engine = Engine(VlmSettings(server_url=url, model="m"))
        for event in events:
            await engine.answer(wire.event_from_wire(wire.event_to_wire(event)), deadline_s=120.0)
        await engine.close()

    said = {"tier": 3, "urgency": "at the next round", "situation": "Nothing.", "context": "", "action": "Wait.",
            "indicators": [{"text": "the score", "evidence": "score"}], "confidence": 0.5, "unknowns": []}  # fmt: skip
    with model_server(completion(json.dumps(said))) as server:
        asyncio.run(ask(server.url))
        return [one["messages"] for one in server.requests]


def test_it_asks_a_teacher_what_the_live_services_ask_a_model_byte_for_byte(service: Service) -> None:
    converse(service, *spoken(STAGE))
    live = [event for event in revisions(service) if event.open]
    staged: list[Moment] = moments(STAGE)
    rules = TeacherSettings(name="rules", protocol=Protocol.RULES)
    settings = SynthesisSettings(people=6, days=2, scale=0.2, teacher=(rules,))
    asked = choose(usable(staged, settings), settings)
    questions = [one for part in asked for one in part.questions if part.share.kind is Asks.THINKING]
    urgent = [one for one in questions if one.asked.moment.event.tier is not Tier.MONITOR]
    assert {one.form for one in questions} == {Form.REPORT} and len(urgent) >= 4
    assert {one.asked.moment.event.evidence.mode for one in urgent} == set(Mode)

    def key(event: Event) -> tuple[str, int, int]:
        return event.resident, event.position.sequence, event.revision

    known = {key(event): event for event in live}
    same = asked_live([known[key(one.asked.moment.event)] for one in questions])
    assert [[(one["role"], one["content"]) for one in said] for said in same] == [
        [(one.role, one.content) for one in messages_of(question)] for question in questions
    ]
