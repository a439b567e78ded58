"""Who is asked next about an alert: a pure decision over a chain of people, each with channels."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from services.vocabulary import Alert, AlertStatus, Asked, Escalation, EscalationState, Seconds, Turn, UnixSeconds


@dataclass(frozen=True, slots=True)
class Step:
    """One human role and the channels that reach them, tried one after the other, or all at once with `together`.
    `failover_s` is how long one channel may stay undelivered, `answer_s` how long the person has to take the alert."""

    role: str
    channels: tuple[str, ...]
    answer_s: Seconds
    failover_s: Seconds
    together: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """Steps from the first person to the last. The last is asked again every `repeat_s`; after `expire_s` without an
    answer the alert is expired. `until_over`: nobody is asked any more once what happened is over."""

    name: str
    steps: tuple[Step, ...]
    repeat_s: Seconds
    expire_s: Seconds
    until_over: bool = False

    @property
    def channels(self) -> tuple[str, ...]:
        """Every channel of the chain, once."""
        return tuple(dict.fromkeys(channel for step in self.steps for channel in step.channels))


class Reach(StrEnum):
    """How far the present asking has come."""

    WAITING = "waiting"
    REACHED = "reached"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Move:
    """What follows: the escalation `after` it, and the asking that has to go out (None: none)."""

    after: Escalation
    asked: Asked | None = None


def begun(chain: Chain, alert: str, now: UnixSeconds, usable: Collection[str]) -> Move:
    """The first asking: the first step that somebody is on shift for."""
    fresh = Escalation(alert, chain.name, 0, 0, now, now, now, now)
    return _ask(chain, fresh, 0, Turn.OPENED, now, usable)


def next_move(
    chain: Chain, standing: Escalation, alert: Alert, reach: Reach, now: UnixSeconds, usable: Collection[str]
) -> Move:
    """What follows at `now`. `usable` are the channels on shift and in order; the last step is asked in any case.

    >>> from services.vocabulary import AlertStatus, Tier
    >>> fall = Alert("a", "e", "r", "12", Tier.IMMEDIATE, AlertStatus.NOTIFIED, "A fall was seen.", 0.0, 0.0, 0.0)
    >>> steps = Step("carer", ("call",), 60.0, 20.0), Step("lead", ("phone",), 60.0, 20.0)
    >>> ward = Chain("ward", steps, 300.0, 3600.0)
    >>> first = begun(ward, "a", 0.0, {"call", "phone"})
    >>> next_move(ward, first.after, fall, Reach.REACHED, 60.0, {"call", "phone"}).asked.role
    'lead'
    """
    if standing.state is not EscalationState.RUNNING:
        return Move(standing)
    if (ended := _ended(chain, standing, alert, now)) is not None:
        return Move(replace(standing, state=ended))
    step = chain.steps[standing.step]
    if reach is Reach.LOST or (reach is Reach.WAITING and now >= standing.tried_at + step.failover_s):
        return _fail_over(chain, standing, now, usable)
    if reach is Reach.WAITING:
        return Move(replace(standing, due_at=_bounded(chain, standing, standing.tried_at + step.failover_s)))
    patience = chain.repeat_s if standing.rounds else step.answer_s
    if now >= standing.asked_at + patience:
        return _next_person(chain, standing, Turn.NO_ANSWER, now, usable)
    return Move(replace(standing, due_at=_bounded(chain, standing, standing.asked_at + patience)))


def _ended(chain: Chain, standing: Escalation, alert: Alert, now: UnixSeconds) -> EscalationState | None:
    if alert.acknowledged_at is not None:
        return EscalationState.ACKNOWLEDGED
    if chain.until_over and alert.resolved_at is not None and not _unheard(alert):
        return EscalationState.OVER
    return EscalationState.EXPIRED if now >= standing.started_at + chain.expire_s else None


def _unheard(alert: Alert) -> bool:
    """Whether nobody has heard of it though nothing holds it back: that it is over is no reason to tell nobody."""
    return alert.status is AlertStatus.UNDELIVERED or (alert.status is AlertStatus.PENDING and not alert.held)


def _fail_over(chain: Chain, standing: Escalation, now: UnixSeconds, usable: Collection[str]) -> Move:
    step = chain.steps[standing.step]
    if standing.rounds and now < standing.asked_at + chain.repeat_s:
        return Move(replace(standing, due_at=_bounded(chain, standing, standing.asked_at + chain.repeat_s)))
    if not step.together and not standing.rounds:
        for place in range(standing.channel + 1, len(step.channels)):
            if step.channels[place] in usable:
                asked = Asked(now, step.role, (step.channels[place],), Turn.CHANNEL_FAILED)
                after = replace(standing, channel=place, tried_at=now)
                return _asking(chain, after, asked, now + step.failover_s)
    return _next_person(chain, standing, Turn.NOBODY_REACHED, now, usable)


def _next_person(chain: Chain, standing: Escalation, turn: Turn, now: UnixSeconds, usable: Collection[str]) -> Move:
    if standing.step + 1 < len(chain.steps):
        return _ask(chain, replace(standing, asked_at=now), standing.step + 1, turn, now, usable)
    last = chain.steps[-1]
    everybody = turn is Turn.NOBODY_REACHED  # the last one cannot be reached: whoever hears it may find somebody
    channels = chain.channels if everybody else last.channels
    again = Turn.STILL_NO_ANSWER if turn is Turn.NO_ANSWER else turn
    after = replace(standing, rounds=standing.rounds + 1, asked_at=now, tried_at=now)
    return _asking(chain, after, Asked(now, last.role, channels, again), now + chain.repeat_s)


def _ask(chain: Chain, standing: Escalation, place: int, turn: Turn, now: UnixSeconds, usable: Collection[str]) -> Move:
    """Ask the person at `place`, or the first one after them who is on shift; the last one in any case."""
    while place + 1 < len(chain.steps) and not any(channel in usable for channel in chain.steps[place].channels):
        place, turn = place + 1, Turn.NOBODY_ON_SHIFT
    step = chain.steps[place]
    inside = [i for i, channel in enumerate(step.channels) if channel in usable] or list(range(len(step.channels)))
    chosen = inside if step.together else inside[:1]
    after = replace(standing, step=place, channel=chosen[0], asked_at=now, tried_at=now)
    asked = Asked(now, step.role, tuple(step.channels[i] for i in chosen), turn)
    return _asking(chain, after, asked, now + min(step.failover_s, step.answer_s))


def _asking(chain: Chain, after: Escalation, asked: Asked, due_at: UnixSeconds) -> Move:
    return Move(replace(after, asked=(*after.asked, asked), due_at=_bounded(chain, after, due_at)), asked)


def _bounded(chain: Chain, standing: Escalation, at: UnixSeconds) -> UnixSeconds:
    return min(at, standing.started_at + chain.expire_s)
