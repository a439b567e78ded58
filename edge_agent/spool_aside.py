"""Samples that cannot be sent: kept in the spool's file with the reason, out of the way of the others."""

import os
import sqlite3
from pathlib import Path

from edge_agent.metrics import SAMPLES_ASIDE
from services.runtime import logs

MOST = 10_000
"""Kept at most, the newest: whoever looks for a fault needs examples, and the file stays bounded."""
TABLE = """
CREATE TABLE IF NOT EXISTS aside (
  epoch TEXT NOT NULL, sequence INTEGER NOT NULL, reason TEXT NOT NULL, priority INTEGER NOT NULL,
  seat INTEGER NOT NULL, time REAL NOT NULL, scores BLOB NOT NULL, quality REAL NOT NULL, persons INTEGER NOT NULL,
  cues TEXT NOT NULL, gaps TEXT NOT NULL);
"""


def put(db: sqlite3.Connection, after: int, epoch: str, reason: str) -> int:
    """Move the first sample that follows sequence `after`; its sequence, 0 where there is none.

    Raises:
        sqlite3.DatabaseError: it cannot be written.
    """
    with db:
        found = db.execute("SELECT min(sequence) FROM samples WHERE sequence > ?", (after,)).fetchone()[0]
        if found is None:
            return 0
        db.execute(
            "INSERT INTO aside SELECT ?, sequence, ?, priority, seat, time, scores, quality, persons, cues, gaps "
            "FROM samples WHERE sequence = ?", (epoch, reason, found),
        )  # fmt: skip
        db.execute("DELETE FROM samples WHERE sequence = ?", (found,))
        db.execute("DELETE FROM aside WHERE rowid <= (SELECT max(rowid) FROM aside) - ?", (MOST,))
    SAMPLES_ASIDE.inc()
    logs.logger().error("sample put aside, it is not sent", sequence=found, epoch=epoch[:12], reason=reason)
    return int(found)


def count(db: sqlite3.Connection) -> int:
    """How many are kept."""
    return int(db.execute("SELECT count(*) FROM aside").fetchone()[0])


def readable_facts(db: sqlite3.Connection) -> dict[str, str]:
    """What is known beside the samples; nothing where the file cannot be read."""
    try:
        return dict(db.execute("SELECT name, value FROM facts").fetchall())
    except sqlite3.DatabaseError as error:
        logs.logger().error("the spool's facts are lost", detail=str(error))
        return {}


def move_away(path: Path) -> None:
    """A closed file and its log, where they are there, to names that end with `.damaged`; only the newest is kept."""
    for part in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        if part.exists():
            os.replace(part, part.with_name(part.name + ".damaged"))
