"""What can be wrong with a spool's file."""

import sqlite3
from pathlib import Path

_NO_ROOM = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE}
"""What SQLite says of a full disk, of a quota or limit that is reached, and of an index that cannot grow."""
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_PRIMARY = 0xFF
"""Of SQLite's result codes the part that names the kind; the rest names the place."""


class SpoolError(RuntimeError):
    """The spool cannot be used; the message names the file and the remedy."""


class NoRoom(SpoolError):
    """The disk is full, and giving up old samples and the reserve did not help."""


class Damaged(SpoolError):
    """What lies there is no SQLite file, or not whole any more."""


def unusable(path: Path, error: Exception) -> SpoolError:
    """What to raise for an error of SQLite or of the disk."""
    damaged = (getattr(error, "sqlite_errorcode", 0) & _PRIMARY) in _DAMAGED
    kind = Damaged if damaged else SpoolError
    return kind(f"spool {path}: {error}; expected a writable SQLite file, or none yet")


def no_room(error: sqlite3.DatabaseError) -> bool:
    """Whether it is the disk that is full."""
    return getattr(error, "sqlite_errorcode", None) in _NO_ROOM
