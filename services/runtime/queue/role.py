"""What every queue promises: at-least-once, in order of publishing, until it is acknowledged by the group."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.vocabulary import Seconds

KEPT_MESSAGES = 10_000
"""How many messages of a topic a queue keeps at least (source: guess; the outbox holds what falls out)."""


class QueueUnavailable(ConnectionError):
    """The queue does not answer now: go on without it and try again."""


@dataclass(frozen=True, slots=True)
class Message:
    """One delivery: `id` is the queue's own, `message_id` the publisher's, `deliveries` counts this one too."""

    id: str
    message_id: str
    body: bytes
    deliveries: int = 1


class Queue(Protocol):
    """Topics that are read by groups of consumers; a group starts at the oldest message that is kept.

    Every method raises QueueUnavailable when the queue does not answer.
    """

    def publish(self, topic: str, message_id: str, body: bytes) -> None:
        """Add a message; publishing the same `message_id` twice delivers twice."""

    def publish_all(self, topic: str, message_ids: Sequence[str]) -> None:
        """Add messages without a body, in this order."""

    def read(self, topic: str, group: str, consumer: str, count: int, block_s: Seconds) -> list[Message]:
        """Up to `count` messages that nobody of the group has been given yet, waiting up to `block_s` for the first."""

    def ack(self, topic: str, group: str, ids: Sequence[str]) -> None:
        """The group is done with these (queue's own ids); unknown ones are passed over."""

    def reclaim(self, topic: str, group: str, consumer: str, idle_s: Seconds, count: int) -> list[Message]:
        """Take over messages given to any consumer at least `idle_s` ago and not acknowledged, oldest first."""

    def pending(self, topic: str, group: str) -> int:
        """How many messages were given to the group and not acknowledged."""

    def close(self) -> None:
        """Give connections back."""
