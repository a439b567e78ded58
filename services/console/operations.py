"""How the rooms and services run, from the ledger: what an operator looks at, and nothing about how a person is."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import NamedTuple

from sqlalchemy import Connection

from services.console import reading
from services.console.models import AgentOut
from services.ledger import (
    AdapterRepository,
    AlertRepository,
    AssessmentRepository,
    CanaryRepository,
    DeliveryRepository,
    Dispatch,
    EndpointNow,
    EndpointRepository,
    ModelServer,
    ModelServerRepository,
    OutboxRepository,
    PolicyRepository,
    StatusRepository,
)
from services.vocabulary import (
    AdapterState,
    AdapterVersion,
    AlertStatus,
    Assessment,
    CanaryNow,
    Delivery,
    Notice,
    Outcome,
    Seconds,
    Tier,
    UnixSeconds,
)
from services.vocabulary.adapter import STANDING

DAY_S: Seconds = 86_400.0
LOG, DEAD = 40, 50
_HELD = (AdapterState.SHADOW, AdapterState.CANARY, AdapterState.ACTIVE)
UNHEARD_S: Seconds = 180.0
"""A server of the model of which the VLM service has said nothing for so long is not known: it speaks every minute."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """One receiver over a day: attempts, those that were taken, how long an answer took (95 of 100 came sooner)."""

    name: str
    attempts: int
    taken: int
    p95_s: Seconds
    last_taken_at: UnixSeconds | None
    state: EndpointNow


@dataclass(frozen=True, slots=True)
class CanaryLine:
    """The canaries of one agent, and how long the last one took from the edge to a receiver; NaN: not known."""

    now: CanaryNow
    silent_s: Seconds
    took_s: Seconds
    away: bool


@dataclass(frozen=True, slots=True)
class Reasoner:
    """Who gave second opinions over a day: how many, how long the middle one took, why rules stood in."""

    name: str
    adapter: str
    n: int
    median_s: Seconds
    fallbacks: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Backlog:
    """Messages of one topic that no queue was told of yet."""

    topic: str
    n: int
    oldest_at: UnixSeconds


@dataclass(frozen=True, slots=True)
class Promise:
    """Alerts per resident-week of one tier: what the budget allows, and what the last seven days came to."""

    tier: int
    allowed: float
    came_to: float


class Doubt(NamedTuple):
    """Of an adapter: its "gates" are outdated, or its "trust" is missing, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Operations:
    """Everything the page of operations shows."""

    agents: tuple[AgentOut, ...]
    rooms: dict[str, str]
    canaries: tuple[CanaryLine, ...]
    receivers: tuple[Receiver, ...]
    dead: tuple[Dispatch, ...]
    log: tuple[Delivery, ...]
    backlog: tuple[Backlog, ...]
    reasoners: tuple[Reasoner, ...]
    adapters: tuple[AdapterVersion, ...]
    promises: tuple[Promise, ...]
    undelivered: int
    servers: tuple[tuple[ModelServer, bool], ...] = ()
    """The servers of the language model, and whether anything was heard of each of late."""
    doubts: Mapping[str, tuple[Doubt, ...]] = field(default_factory=dict)
    """What is doubted of an adapter that servers hold, by its served name."""


def look(connection: Connection, now: UnixSeconds) -> Operations:
    """As it is now."""
    people = [one.resident for one in StatusRepository(connection).all()]
    deliveries = DeliveryRepository(connection)
    log = deliveries.between(now - DAY_S, now + 1.0)
    adapters = [a for a in AdapterRepository(connection).all() if now - a.changed_at < 30 * DAY_S or a.share]
    waiting = OutboxRepository(connection).waiting()
    undelivered = AlertRepository(connection).waiting_counts().get(AlertStatus.UNDELIVERED, 0)
    return Operations(
        tuple(reading.agents(connection, now)), {one.id: one.room or one.id for one in people},
        tuple(_canaries(connection, log, now)), tuple(receivers(log, EndpointRepository(connection).all())),
        tuple(deliveries.failed(DEAD)), tuple(log[-LOG:][::-1]),
        tuple(Backlog(topic, n, oldest) for topic, (n, oldest) in waiting.items()),
        tuple(reasoners(AssessmentRepository(connection).between(now - DAY_S, now + 1.0))), tuple(adapters),
        _promises(connection, [one.id for one in people], now), undelivered,
        tuple((one, now - at <= UNHEARD_S) for one, at in ModelServerRepository(connection).all()),
        _doubts(connection, adapters),
    )  # fmt: skip


def _doubts(connection: Connection, adapters: Sequence[AdapterVersion]) -> dict[str, tuple[Doubt, ...]]:
    held = {one.served_name for one in adapters if one.state in _HELD}
    told = [one for one in AdapterRepository(connection).reports_of(STANDING) if one.served_name in held]
    return {one.served_name: tuple(Doubt(*row) for row in json.loads(one.body)["rows"]) for one in told}


def receivers(log: Sequence[Delivery], known: Sequence[EndpointNow]) -> list[Receiver]:
    """Each receiver that was sent to, or of which something was learned, by name; `log` oldest first."""
    states = {one.receiver: one for one in known}
    sent: dict[str, list[Delivery]] = {name: [] for name in states}
    for one in log:
        if one.receiver:
            sent.setdefault(one.receiver, []).append(one)
    found = []
    for name, tried in sorted(sent.items()):
        took = [one for one in tried if one.outcome is Outcome.DELIVERED]
        last = took[-1].at if took else None
        state = states.get(name, EndpointNow(name))
        found.append(Receiver(name, len(tried), len(took), _p95([one.duration_s for one in took]), last, state))
    return found


def reasoners(given: Sequence[Assessment]) -> list[Reasoner]:
    """Who gave these second opinions, the busiest first."""
    groups: dict[tuple[str, str], list[Assessment]] = {}
    for one in given:
        groups.setdefault((one.reasoner, one.adapter), []).append(one)
    found = []
    for (name, adapter), theirs in groups.items():
        reasons = Counter(one.fallback_reason for one in theirs if one.fallback_reason)
        middle = median(one.latency_s for one in theirs)
        found.append(Reasoner(name, adapter, len(theirs), middle, tuple(reasons.most_common(4))))
    return sorted(found, key=lambda one: (-one.n, one.name, one.adapter))


def _canaries(connection: Connection, log: Sequence[Delivery], now: UnixSeconds) -> list[CanaryLine]:
    took: dict[str, Seconds] = {}
    tests = [one for one in log if one.notice is Notice.TEST and one.outcome is Outcome.DELIVERED]
    for one in tests[-200:]:
        sent = DeliveryRepository(connection).get(one.message, one.receiver)
        if sent is not None:
            took[str(json.loads(sent.body)["data"]["agent"])] = one.at + one.duration_s - sent.created_at
    return [
        CanaryLine(c, c.silent_s(now), took.get(c.agent, float("nan")), c.lost_at is not None)
        for c in CanaryRepository(connection).all()
    ]


def _promises(connection: Connection, residents: Sequence[str], now: UnixSeconds) -> tuple[Promise, ...]:
    budget = PolicyRepository(connection).in_force().weekly(residents)
    counts: Counter[Tier] = Counter()
    for one in AlertRepository(connection).tally(now - 7 * DAY_S, now + 1.0):
        counts[one.tier] += 0 if one.technical else one.n
    allowed = {Tier.IMMEDIATE: budget.tier1, Tier.URGENT: budget.tier2}
    return tuple(Promise(t.value, most, counts[t] / max(1, len(residents))) for t, most in allowed.items())


def _p95(values: Sequence[float]) -> float:
    """NaN of nothing."""
    if len(values) < 2:
        return values[0] if values else float("nan")
    return quantiles(values, n=20, method="inclusive")[-1]
