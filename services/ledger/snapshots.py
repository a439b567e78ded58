"""The state of all residents of one agent with the position up to which it has seen samples."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from services.ledger.tables import snapshots
from services.ledger.upsert import put
from services.vocabulary import UnixSeconds


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State bytes (the threshold service's own, versioned) as of sample `sequence` of `epoch`."""

    agent: str
    epoch: str
    sequence: int
    blob: bytes
    saved_at: UnixSeconds


class SnapshotRepository:
    """The latest snapshot of each agent; owner: threshold_service."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, agent: str, epoch: str, sequence: int, blob: bytes, now: UnixSeconds) -> None:
        """Replace the agent's snapshot."""
        row = {"agent": agent, "epoch": epoch, "sequence": sequence, "blob": blob, "saved_at": now}
        put(self._connection, snapshots, row)

    def latest(self, agent: str) -> Snapshot | None:
        """The agent's snapshot, None when it was never saved."""
        row = self._connection.execute(select(snapshots).where(snapshots.c.agent == agent)).one_or_none()
        return None if row is None else Snapshot(row.agent, row.epoch, row.sequence, bytes(row.blob), row.saved_at)
