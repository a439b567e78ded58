"""A test that an edge agent sends the way of an alert, so that somebody notices when alerts would not arrive."""

import uuid
from dataclasses import dataclass

from services.vocabulary.time import Seconds, UnixSeconds

CANARY_NAMESPACE = uuid.UUID("c0a7f0a2-5a2e-5c1d-8b7e-1e8f6b1d4c55")
LATE_S: Seconds = 60.0
"""A canary this old proves nothing any more: it is dropped, wherever it is (source: guess)."""
LEAST_S: Seconds = 1.0
"""Agents send none more often."""


@dataclass(frozen=True, slots=True)
class Canary:
    """One of them. `sent_at` is on the server's clock; the agent sends one every `every_s`. It holds no words and no
    tier, so that nothing can make an alert of it."""

    id: str
    agent: str
    sent_at: UnixSeconds
    every_s: Seconds

    def late(self, now: UnixSeconds) -> bool:
        """Whether it proves nothing any more.

        >>> Canary("c", "edge-1", 0.0, 900.0).late(61.0)
        True
        """
        return now - self.sent_at > LATE_S


@dataclass(frozen=True, slots=True)
class CanaryNow:
    """The canaries of one agent, which sends one `every_s` since `since`; 0: it sends none. `received_at`: when the
    threshold service last had one, `delivered_at`: when a receiver last took one, `lost_at`: since when they are told
    as staying away."""

    agent: str
    every_s: Seconds
    since: UnixSeconds
    received_at: UnixSeconds | None = None
    delivered_at: UnixSeconds | None = None
    lost_at: UnixSeconds | None = None

    def silent_s(self, now: UnixSeconds) -> Seconds:
        """How long none has come out.

        >>> CanaryNow("edge-1", 900.0, since=100.0).silent_s(160.0)
        60.0
        """
        return max(0.0, now - max(self.since, self.delivered_at or 0.0))

    def patience_s(self, slack_s: Seconds) -> Seconds:
        """How long none may come out before it is told: two intervals and some slack.

        >>> CanaryNow("edge-1", 900.0, since=0.0).patience_s(60.0)
        1860.0
        """
        return 2.0 * self.every_s + slack_s


def canary_message(canary: Canary) -> str:
    """UUIDv5 of agent and id: never the id of another message, whatever an agent calls its canary."""
    return str(uuid.uuid5(CANARY_NAMESPACE, "\x1f".join((canary.agent, canary.id))))
