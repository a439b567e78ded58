"""Opens the spool's SQLite file, whatever state it is found in."""

import sqlite3
from pathlib import Path

from edge_agent import spool_aside
from edge_agent.ballast import Ballast
from edge_agent.spool_errors import Damaged, unusable
from services.runtime import logs

SUFFIX = ".db"
"""Only a file of this name is taken for a damaged spool: a path that was set wrongly moves nobody's file away."""
_TABLES = (
    """
CREATE TABLE IF NOT EXISTS samples (
  sequence INTEGER PRIMARY KEY, priority INTEGER NOT NULL, seat INTEGER NOT NULL, time REAL NOT NULL,
  scores BLOB NOT NULL, quality REAL NOT NULL, persons INTEGER NOT NULL, cues TEXT NOT NULL, gaps TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS samples_by_priority ON samples (priority, sequence);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
    + spool_aside.TABLE
)


def connect(path: Path, ballast: Ballast, mend: bool) -> sqlite3.Connection:
    """A connection that syncs every commit. On a full disk the reserve is released first; with `mend` a damaged file
    is set aside and another begun.

    Raises:
        SpoolError: neither helps.
    """
    try:
        return _connect(path)
    except (OSError, sqlite3.DatabaseError) as error:
        fault = unusable(path, error)
        if isinstance(fault, Damaged) and mend:
            logs.logger().error("spool is damaged, set aside", file=path.name, detail=str(error))
            spool_aside.move_away(path)
        elif isinstance(fault, Damaged) or not ballast.release():  # a full disk leaves no room for SQLite's own files
            raise fault from error
    try:
        return _connect(path)
    except (OSError, sqlite3.DatabaseError) as error:
        raise unusable(path, error) from error


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, check_same_thread=False, timeout=10.0)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")  # what was sent is never written anew under the same sequence
        db.execute("PRAGMA wal_autocheckpoint=256")
        db.executescript(_TABLES)
    except sqlite3.DatabaseError:
        db.close()
        raise
    return db
