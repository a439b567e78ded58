"""How residents are watched, as the server decides and the agent reports it."""

import math
from collections.abc import Iterable

from google.protobuf.message import DecodeError

from attune_wire.v1 import sensing_pb2
from services.runtime.wire.sensing import LATEST, WireError, mode_from_wire, mode_to_wire
from services.vocabulary import Mode, ModeDecision, UnixSeconds


def server_message(data: bytes) -> sensing_pb2.ServerMessage:
    """A message of the server. One that cannot be read is a change of mode that names nobody: whatever was meant,
    nobody is watched in affect mode."""
    try:
        return sensing_pb2.ServerMessage.FromString(data)
    except DecodeError:
        return sensing_pb2.ServerMessage(mode_change=sensing_pb2.ModeChange())


def mode_change_to_wire(decision: ModeDecision) -> sensing_pb2.ModeChange:
    return sensing_pb2.ModeChange(
        resident=decision.resident,
        mode=mode_to_wire(decision.mode),
        consent=decision.consent,
        consent_until=decision.consent_until or 0.0,
        decided_at=decision.decided_at,
        decided_by=decision.decided_by,
    )


def mode_change_from_wire(message: sensing_pb2.ModeChange) -> ModeDecision:
    """What the server decided; whatever of it cannot be understood means observables."""
    decided, until = message.decided_at, message.consent_until
    sound = _possible(decided) and _possible(until)
    mode = mode_from_wire(message.mode) if sound else Mode.OBSERVABLES
    return ModeDecision(
        resident=message.resident,
        mode=mode,
        decided_at=decided if sound else 0.0,
        decided_by=message.decided_by[:255],
        consent=message.consent[:255],
        consent_until=(until or None) if sound else None,
    )


def mode_states_to_wire(decisions: Iterable[ModeDecision]) -> sensing_pb2.ModeStates:
    states = [
        sensing_pb2.ModeState(
            resident=one.resident, mode=mode_to_wire(one.mode), decided_by=one.decided_by, decided_at=one.decided_at,
            reason=one.reason,
        )
        for one in decisions
    ]  # fmt: skip
    return sensing_pb2.ModeStates(states=states)


def mode_states_from_wire(message: sensing_pb2.ModeStates) -> tuple[ModeDecision, ...]:
    """
    Raises:
        WireError: a state of nobody, or with a time or a text that cannot be.
    """
    for state in message.states:
        for text in (state.resident, state.decided_by, state.reason):
            if len(text) > 255 or not text.isprintable():
                raise WireError(f"mode state says {text[:40]!r}: expected at most 255 printable characters")
        if not state.resident or not _possible(state.decided_at):
            raise WireError(f"mode state of {state.resident!r} at {state.decided_at}: expected a resident and a time")
    return tuple(
        ModeDecision(s.resident, mode_from_wire(s.mode), s.decided_at, s.decided_by, reason=s.reason)
        for s in message.states
    )


def _possible(at: UnixSeconds) -> bool:
    return math.isfinite(at) and 0.0 <= at <= LATEST
