"""The policies that were followed, so that what was promised can be shown beside what came of it."""

from sqlalchemy import Connection, select

from services.ledger.tables import policies
from services.ledger.upsert import put
from services.runtime.codec import from_json, to_json
from services.vocabulary import Policy, UnixSeconds


class PolicyRepository:
    """Policies by version; owner: threshold_service."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def follow(self, policy: Policy, now: UnixSeconds) -> None:
        """From now on everybody is judged by this one."""
        put(self._connection, policies, {"version": policy.version, "since": now, "body": to_json(policy)})

    def in_force(self) -> Policy:
        """The one that was followed last; before any threshold service was there, the shipped one, as it would be."""
        body = self._connection.scalar(select(policies.c.body).order_by(policies.c.since.desc()).limit(1))
        return Policy() if body is None else from_json(Policy, body)
