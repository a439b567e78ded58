"""No sequence of calls loses an alert or notifies after acknowledgement: alerting is driven at random and inspected.

The channels are fakes that answer as they are told; the ledger, the stages and the dispatcher are the real ones.
Between any two calls the dispatcher may be gone and a new one there, as after a crash."""

import asyncio
import json
import tempfile
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from services.alerting.dispatcher import Dispatcher
from services.ledger import (
    AlertRepository,
    Database,
    DeliveryRepository,
    DispatchState,
    EscalationRepository,
    Silence,
    SilenceRepository,
)  # fmt: skip
from services.runtime.clock import VirtualClock
from services.runtime.webhook.courier import Attempt
from services.vocabulary import AlertStatus, EscalationState, Event, Notice, Outcome, Tier
from tests.unit.alerting.line import Line, receiver
from tests.unit.ledger.nouns import NOON, assessment, event

pytestmark = pytest.mark.unit
NAMES = ("call", "phone", "lead")
CHAIN = {
    "name": "ward", "repeat_s": 60, "expire_s": 7200,
    "steps": [
        {"role": "carer", "channels": ["call", "phone"], "answer_s": 40, "failover_s": 8},
        {"role": "shift lead", "channels": ["lead"], "answer_s": 40, "failover_s": 8},
    ],
}  # fmt: skip
UP, BROKEN, GONE = (
    Attempt(Outcome.DELIVERED, 204),
    Attempt(Outcome.REFUSED, 500),
    Attempt(Outcome.REFUSED, 410, "410", final=True),
)


@dataclass
class Scripted:
    """A channel that answers as it is told and tells of every attempt."""

    name: str
    got: list[tuple[str, str, str]]
    answer: Attempt = UP

    async def attempt(self, message: str, body: str) -> Attempt:
        told = json.loads(body)
        self.got.append((self.name, told["type"], told["data"].get("alert", "")))
        return self.answer

    async def close(self) -> None:
        """Nothing is held."""


class Alerting(RuleBasedStateMachine):
    events = Bundle("events")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        file = Path(self.folder.name) / "attune.db"
        file.write_bytes(EMPTY.read_bytes())
        self.database = Database(f"sqlite:///{file}")
        self.clock = VirtualClock(NOON)
        receivers = [receiver(name, "http://127.0.0.1:9/") for name in NAMES]
        self.line = Line(self.database, self.clock, *receivers, chains=[CHAIN])
        self.got: list[tuple[str, str, str]] = []
        self.channels = {name: Scripted(name, self.got) for name in NAMES}
        self.known: dict[str, Event] = {}
        self.taken: set[str] = set()
        self.dispatcher = self.fresh()

    def fresh(self) -> Dispatcher:
        return Dispatcher(self.database, self.clock, self.channels, self.line.plan)  # type: ignore[arg-type]

    @rule(target=events, tier=st.sampled_from([Tier.IMMEDIATE, Tier.URGENT, Tier.MONITOR]))
    def open(self, tier: Tier) -> object:
        if len(self.known) >= 4:
            return multiple()
        one = event(len(self.known) + 1, f"r{len(self.known)}", at=self.clock.now(), tier=tier)
        self.tell(one)
        return one.id

    @rule(which=events)
    def raise_tier(self, which: str) -> None:
        before = self.known[which]
        if before.ended_at is None and before.tier is not Tier.IMMEDIATE:
            self.tell(
                replace(before, revision=before.revision + 1, tier=Tier(before.tier - 1), updated_at=self.clock.now())
            )

    @rule(which=events)
    def end(self, which: str) -> None:
        before, now = self.known[which], self.clock.now()
        if before.ended_at is None:
            self.tell(replace(before, revision=before.revision + 1, updated_at=now, ended_at=now))

    @rule(which=events)
    def tell_again(self, which: str) -> None:
        self.line.tell(self.known[which])

    @rule(which=events)
    def assess(self, which: str) -> None:
        self.line.assess(assessment(int(self.known[which].position.sequence), which))

    @rule(which=events, heard=st.booleans())
    def acknowledge(self, which: str, heard: bool) -> None:
        """`heard`: alerting has handled the message too; otherwise the word stands only in the ledger."""
        if self.known[which].tier is not Tier.MONITOR:
            self.line.acknowledge(self.known[which], heard=heard)
            self.taken.add(self.line.alert(self.known[which]).id)

    @rule(which=events, seconds=st.sampled_from([30.0, 120.0]))
    def silence(self, which: str, seconds: float) -> None:
        now, who = self.clock.now(), self.known[which].resident
        with self.database.write() as connection:
            quiet = Silence(str(uuid.uuid4()), now, now + seconds, "Ana", "family visit", resident=who)
            SilenceRepository(connection).record(quiet)

    @rule(name=st.sampled_from(NAMES), answer=st.sampled_from([UP, BROKEN, BROKEN]))
    def answer(self, name: str, answer: Attempt) -> None:
        self.channels[name].answer = answer

    @rule()
    def one_is_gone(self) -> None:
        self.channels["call"].answer = GONE

    @rule(seconds=st.sampled_from([0.0, 1.0, 9.0, 21.0, 45.0, 61.0, 1000.0]))
    def pass_time(self, seconds: float) -> None:
        for _ in range(3):
            self.clock.advance(seconds / 3)
            self.step()

    @rule()
    def crash(self) -> None:
        self.dispatcher = self.fresh()

    def tell(self, one: Event) -> None:
        self.known[one.id] = one
        self.line.tell(one)

    def step(self) -> None:
        before = len(self.got)
        asyncio.run(self._step())
        after = [alert for _, kind, alert in self.got[before:] if alert]
        assert not self.taken & set(after), "somebody was told of an alert that was taken"

    async def _step(self) -> None:
        for _ in range(3):
            await self.dispatcher.step()
            await self.dispatcher.settle(30.0)

    @invariant()
    def every_alert_is_on_its_way_or_settled(self) -> None:
        with self.database.read() as connection:
            for one in self.known.values():
                alert = AlertRepository(connection).of_event(one.id)
                assert (alert is not None) == (one.tier is not Tier.MONITOR)
                if alert is None or alert.acknowledged_at is not None or alert.id in self.taken:
                    continue
                escalation = EscalationRepository(connection).of_alert(alert.id)
                kept = DeliveryRepository(connection).dispatches_of(alert.id)
                moving = any(d.state is DispatchState.PENDING for d in kept) or (
                    escalation is not None and escalation.state is EscalationState.RUNNING
                )
                told = any(d.state is DispatchState.DELIVERED and d.notice in FIRST for d in kept)
                over_while_held = bool(alert.held) and alert.status is AlertStatus.RESOLVED
                waiting = alert.status in (AlertStatus.PENDING, AlertStatus.MISSED, AlertStatus.EXPIRED)
                assert moving or told or waiting or over_while_held

    def teardown(self) -> None:
        for channel in self.channels.values():
            channel.answer = UP
        for _ in range(12):
            self.clock.advance(31.0)
            self.step()
        with self.database.read() as connection:
            for one in self.known.values():
                alert = AlertRepository(connection).of_event(one.id)
                if alert is not None and alert.id not in self.taken:
                    late = alert.status in (AlertStatus.MISSED, AlertStatus.EXPIRED)
                    over_while_held = bool(alert.held) and alert.status is AlertStatus.RESOLVED
                    assert late or over_while_held or alert.notified_at is not None, alert
        self.database.close()
        self.folder.cleanup()


FIRST = (Notice.OPENED, Notice.ESCALATED)
EMPTY = Path()


@pytest.fixture(autouse=True)
def _a_migrated_ledger(empty_ledger: Path) -> None:
    global EMPTY
    EMPTY = empty_ledger


class TestAlerting(Alerting.TestCase):  # type: ignore[name-defined, misc]
    settings = settings(max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
