"""Alarms that an edge agent raised by itself, as they are reported."""

import math
from collections.abc import Iterable, Sequence

from attune_wire.v1 import sensing_pb2
from services.runtime.wire.sensing import LATEST, MOST, WireError
from services.vocabulary import CueName, EdgeAlarm, Position, UnixSeconds


def edge_alarms_to_wire(alarms: Iterable[EdgeAlarm]) -> sensing_pb2.EdgeAlarms:
    return sensing_pb2.EdgeAlarms(alarms=[_to_wire(alarm) for alarm in alarms])


def edge_alarms_from_wire(message: sensing_pb2.EdgeAlarms, agent: str) -> tuple[EdgeAlarm, ...]:
    """The alarms of `agent`.

    Raises:
        WireError: one without id or resident, of a cue that there is not, or with a number that cannot be.
    """
    return tuple(_from_wire(alarm, agent) for alarm in message.alarms)


def kept_to_wire(ids: Sequence[str]) -> sensing_pb2.EdgeAlarmsKept:
    return sensing_pb2.EdgeAlarmsKept(ids=ids)


def _to_wire(alarm: EdgeAlarm) -> sensing_pb2.EdgeAlarm:
    return sensing_pb2.EdgeAlarm(
        id=alarm.id,
        resident=alarm.resident,
        room=alarm.room,
        epoch=alarm.position.epoch,
        sequence=alarm.position.sequence,
        at=alarm.at,
        cue=alarm.cue.value,
        probability=alarm.probability,
        raised_at=alarm.raised_at,
        receiver=alarm.receiver,
        told_at=alarm.told_at or 0.0,
        attempts=alarm.attempts,
        detail=alarm.detail,
    )


def _from_wire(alarm: sensing_pb2.EdgeAlarm, agent: str) -> EdgeAlarm:
    for text in (alarm.id, alarm.resident, alarm.room, alarm.epoch, alarm.receiver, alarm.detail):
        if len(text) > 255 or not text.isprintable():
            raise WireError(f"edge alarm says {text[:40]!r}: expected at most 255 printable characters")
    if not alarm.id or not alarm.resident:
        raise WireError(f"edge alarm {alarm.id!r} of resident {alarm.resident!r}: expected an id and a resident")
    try:
        cue = CueName(alarm.cue)
    except ValueError as error:
        raise WireError(f"edge alarm of {alarm.cue!r}: expected one of {', '.join(CueName)}") from error
    if not 0.0 <= alarm.probability <= 1.0:
        raise WireError(f"edge alarm has probability {alarm.probability}: expected 0..1")
    if alarm.sequence > MOST:
        raise WireError(f"edge alarm at sequence {alarm.sequence}: expected at most {MOST}")
    return EdgeAlarm(
        id=alarm.id,
        resident=alarm.resident,
        room=alarm.room,
        position=Position(agent, alarm.epoch, alarm.sequence),
        at=_time("at", alarm.at),
        cue=cue,
        probability=alarm.probability,
        raised_at=_time("raised_at", alarm.raised_at),
        receiver=alarm.receiver,
        told_at=_time("told_at", alarm.told_at) or None,
        attempts=alarm.attempts,
        detail=alarm.detail,
    )


def _time(name: str, value: float) -> UnixSeconds:
    if not (math.isfinite(value) and 0.0 <= value <= LATEST):
        raise WireError(f"edge alarm has {name} = {value}: expected Unix seconds, 0 to {LATEST:.0f}")
    return value
