"""Who is reached now, tier by tier and step by step, as alerting last said: the page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from services.ledger.tables import oncall
from services.ledger.upsert import put
from services.runtime.codec import from_json, to_json
from services.vocabulary import UnixSeconds


@dataclass(frozen=True, slots=True)
class Reached:
    """One step of a chain: the human `role`, the `people` who have the shift by name, the `channels` that would be used
    now and those that would not. Without a `chain` nobody outside the page is told of this tier."""

    tier: int
    chain: str
    step: int
    role: str
    people: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    not_now: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OnCall:
    """The chain of one tier, its first step first."""

    tier: int
    steps: tuple[Reached, ...]


class OnCallRepository:
    """The chains as they stand; owner: alerting."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, chains: Sequence[OnCall], now: UnixSeconds) -> None:
        """Replace what is known of these tiers."""
        put(self._connection, oncall, [{"tier": one.tier, "said_at": now, "body": to_json(one)} for one in chains])

    def all(self) -> list[tuple[OnCall, UnixSeconds]]:
        """Each tier's chain and when alerting last said so, tier 1 first."""
        query = select(oncall.c.body, oncall.c.said_at).order_by(oncall.c.tier)
        return [(from_json(OnCall, row.body), row.said_at) for row in self._connection.execute(query)]
