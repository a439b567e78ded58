"""A canary as it passes from the agent to the threshold service."""

import math

from attune_wire.v1 import sensing_pb2
from services.runtime.wire.sensing import LATEST, WireError
from services.vocabulary import Canary, Seconds, UnixSeconds
from services.vocabulary.canary import LEAST_S


def canary_to_wire(identity: str, sent_at: UnixSeconds) -> sensing_pb2.Canary:
    return sensing_pb2.Canary(id=identity, sent_at=sent_at)


def canary_from_wire(message: sensing_pb2.Canary, agent: str, every_s: Seconds, skew_s: Seconds) -> Canary:
    """The canary of `agent`, whose clock is `skew_s` ahead.

    Raises:
        WireError: it has no id that can be read, a time that is none, or its agent promised none.
    """
    if not message.id or len(message.id) > 64 or not message.id.isprintable():
        raise WireError(f"canary has id {message.id[:40]!r}: expected 1 to 64 printable characters")
    if not (math.isfinite(message.sent_at) and 0.0 <= message.sent_at <= LATEST):
        raise WireError(f"canary has sent_at = {message.sent_at}: expected Unix seconds, 0 to {LATEST:.0f}")
    if not every_s:
        raise WireError("a canary of an agent whose hello promised none: expected hello.canary_every_s above 0")
    return Canary(message.id, agent, message.sent_at - skew_s, every_s)


def canary_interval(every_s: float) -> Seconds:
    """What a hello promises.

    Raises:
        WireError: no number of seconds, or more often than is allowed.
    """
    if not math.isfinite(every_s) or every_s < 0.0 or 0.0 < every_s < LEAST_S:
        raise WireError(f"hello.canary_every_s = {every_s}: expected 0, or {LEAST_S:g} s and more")
    return every_s
