"""The state of all residents of one agent with the position up to which it has seen samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, select

from services.ledger.tables import snapshot_parts, snapshots
from services.ledger.upsert import put
from services.runtime.engine import BINARY
from services.vocabulary import UnixSeconds

Parts = Mapping[str, tuple[int, bytes]]
"""By resident id: revision and bytes of what changes seldom in one resident's state."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State bytes (the threshold service's own, versioned) as of sample `sequence` of `epoch`."""

    agent: str
    epoch: str
    sequence: int
    blob: bytes
    saved_at: UnixSeconds
    parts: Parts = field(default_factory=dict)


class SnapshotRepository:
    """The latest snapshot of each agent; owner: threshold_service."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(
        self, agent: str, epoch: str, sequence: int, blob: bytes, now: UnixSeconds, parts: Parts | None = None
    ) -> None:
        """Replace the agent's snapshot, and of its residents' parts those that are given."""
        row = {"agent": agent, "epoch": epoch, "sequence": sequence, "blob": blob, "saved_at": now}
        put(self._connection, snapshots, row)
        changed = [
            {"agent": agent, "resident": resident, "revision": revision, "blob": part, "saved_at": now}
            for resident, (revision, part) in (parts or {}).items()
        ]
        put(self._connection, snapshot_parts, changed)

    def forget_parts(self, agent: str, residents: Sequence[str]) -> None:
        """Remove the agent's parts of everybody but `residents`."""
        gone = (snapshot_parts.c.agent == agent, snapshot_parts.c.resident.not_in(residents))
        self._connection.execute(delete(snapshot_parts).where(*gone))

    def position(self, agent: str) -> tuple[str, int] | None:
        """Epoch and sequence of the agent's snapshot, None when it was never saved."""
        row = self._connection.execute(
            select(snapshots.c.epoch, snapshots.c.sequence).where(snapshots.c.agent == agent)
        ).one_or_none()
        return None if row is None else (row.epoch, row.sequence)

    def latest(self, agent: str) -> Snapshot | None:
        """The agent's snapshot with all its parts, None when it was never saved."""
        whole = select(snapshots).where(snapshots.c.agent == agent).execution_options(**BINARY)
        row = self._connection.execute(whole).one_or_none()
        if row is None:
            return None
        part = snapshot_parts.c
        of_agent = select(part.resident, part.revision, part.blob).where(part.agent == agent)
        kept = self._connection.execute(of_agent.execution_options(**BINARY))
        parts = {resident: (revision, bytes(blob)) for resident, revision, blob in kept}
        return Snapshot(row.agent, row.epoch, row.sequence, bytes(row.blob), row.saved_at, parts)
