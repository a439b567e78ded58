"""The write-ahead log of an agent: samples wait here until the server says they are durable."""

import secrets
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from edge_agent import spool_aside
from edge_agent.ballast import Ballast
from edge_agent.spool_errors import Damaged, NoRoom, SpoolError, no_room, unusable
from edge_agent.spool_file import SUFFIX, connect
from edge_agent.spool_rows import Row, columns, record
from services.runtime import logs
from services.runtime.batch import Batch

T = TypeVar("T")
BALLAST_BYTES = 4 * 1024 * 1024
_OF_ITS_EPOCH = ("epoch", "newest", "acknowledged", "dropped")


@dataclass(slots=True)
class _Arrival:
    """Rows of one thread that waits until they are written; `newest` is the sequence of the last one."""

    records: list[tuple[object, ...]]
    """Without their sequences."""
    newest: int | None = None
    error: SpoolError | None = None


class Spool:
    """A bounded SQLite file with a random 128-bit epoch; safe to use from several threads.

    A full spool (more than `max_rows`, or no room on the disk) drops its oldest samples without clear cues first and
    counts them in `dropped`; a reserve of `ballast_bytes` beside it lets it do so on a disk with no room at all.
    A file that is deleted while in use is made anew, with a new epoch; one that is damaged is kept beside it.
    A sample that cannot be read is put aside, see `spool_aside`.
    """

    def __init__(
        self, path: Path, max_rows: int = 2_000_000, ballast_bytes: int = BALLAST_BYTES, mend: bool = True
    ) -> None:
        """
        mend: a damaged file of a spool's name (`.db`) is set aside and another begun; otherwise it is an error.

        Raises:
            SpoolError: it can be neither used nor made.
        """
        self._path, self._mend = path, mend and path.suffix == SUFFIX
        self._max_rows = max_rows
        self._ballast = Ballast(path, ballast_bytes)
        self._lock = threading.RLock()
        self._arriving = threading.Lock()
        self._arrived: list[_Arrival] = []
        self._next_sequence = 1
        self._open()

    def append(self, rows: Sequence[Row]) -> int:
        """Write rows in order; the sequence of the last one. What cannot be kept is counted in `dropped`.

        Raises:
            SpoolError: the file cannot be written for another reason than a full disk.
        """
        if not rows:
            return self.newest
        mine = _Arrival([record(row) for row in rows])
        with self._arriving:
            self._arrived.append(mine)
        with self._lock:
            if mine.newest is None and mine.error is None:
                self._commit()
        if mine.error is not None:
            raise mine.error
        assert mine.newest is not None
        return mine.newest

    def read(self, after: int, limit: int, channels: int, epoch: str | None = None) -> Batch | None:
        """Up to `limit` samples that follow sequence `after`, as columns; None when there are none (of `epoch`)."""
        with self._lock:
            if epoch not in (None, self._epoch):
                return None
            try:
                found = self._db.execute(
                    "SELECT sequence, seat, time, scores, quality, persons, cues, gaps FROM samples "
                    "WHERE sequence > ? ORDER BY sequence LIMIT ?",
                    (after, limit),
                ).fetchall()
            except sqlite3.DatabaseError as error:
                fault = unusable(self._path, error)
                if not isinstance(fault, Damaged):
                    raise fault from error
                self._reopen("is damaged")
                return None
        if not found:
            return None
        try:
            return columns(found, channels)
        except (ValueError, TypeError) as error:
            if len(found) == 1:
                self.put_aside(after, epoch or self._epoch, str(error))
                return self.read(after, limit, channels, epoch)
        return self.read(after, len(found) // 2, channels, epoch)

    def put_aside(self, after: int, epoch: str, reason: str) -> int:
        """Take the first sample that follows sequence `after` out of what is sent, and keep it with the reason; its
        sequence, 0 where there is none (of `epoch`).

        Raises:
            NoRoom: the disk is full.
        """
        with self._lock:
            if epoch != self._epoch:
                return 0
            sequence = self._roomy(lambda: spool_aside.put(self._db, after, epoch, reason))
            self._held -= sequence > 0
        return sequence

    @property
    def aside(self) -> int:
        """Samples that were put aside, of any epoch."""
        with self._lock:
            return spool_aside.count(self._db)

    def forget(self, upto: int, epoch: str) -> int:
        """Delete what the server has made durable of `epoch`; how many samples that were.

        Nothing of another epoch is deleted: its sequences are other samples. Where the disk is too full even to
        delete, nothing is, and the next acknowledgement covers it.
        """
        with self._lock:
            if epoch != self._epoch:
                return 0
            try:
                gone = self._roomy(lambda: self._delete(upto))
            except NoRoom as error:
                logs.logger().warning("durable samples not deleted", detail=str(error))
                return 0
            except Damaged:
                self._reopen("is damaged")
                return 0
            self._held -= gone
            return gone

    def renew(self) -> str:
        """Give what is held a new epoch, because the server knows sequences that this file has lost; the new one."""
        with self._lock:
            self._epoch = self._roomy(self._begin_epoch)
            self._dropped = 0
            return self._epoch

    @property
    def file(self) -> Path:
        """Where it lies."""
        return self._path

    @property
    def epoch(self) -> str:
        """128 random bits in hex; a new spool is a new epoch."""
        return self._epoch

    @property
    def dropped(self) -> int:
        """Samples this epoch could not keep."""
        return self._dropped

    @property
    def newest(self) -> int:
        """The last sequence ever given in this epoch; 0 when none was."""
        return self._next_sequence - 1

    @property
    def oldest(self) -> int:
        """The oldest sequence still held; 0 when empty."""
        with self._lock:
            return int(self._db.execute("SELECT coalesce(min(sequence), 0) FROM samples").fetchone()[0])

    def __len__(self) -> int:
        return self._held

    def fact(self, name: str) -> str | None:
        """A small text kept beside the samples, such as the clock's offset of this boot."""
        return self._fact(name)

    def keep_fact(self, name: str, value: str) -> None:
        """Keep a small text across restarts.

        Raises:
            NoRoom: the disk is full.
        """
        with self._lock:
            self._roomy(lambda: self._set_facts({name: value}))

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _open(self) -> None:
        self._db = connect(self._path, self._ballast, self._mend)
        if self._fact("epoch") is None:
            self._set_facts({"epoch": secrets.token_hex(16)})
        self._epoch = self._fact("epoch") or ""
        newest = int(self._db.execute("SELECT coalesce(max(sequence), 0) FROM samples").fetchone()[0])
        self._next_sequence = max(newest, int(self._fact("acknowledged") or 0), int(self._fact("newest") or 0)) + 1
        self._held = int(self._db.execute("SELECT count(*) FROM samples").fetchone()[0])
        self._dropped = int(self._fact("dropped") or 0)
        self._ballast.take()

    def _reopen(self, why: str) -> None:
        """The file is gone, its connection still sees it, or it is damaged: facts that are not of the old epoch are
        carried over where they can be read."""
        facts = spool_aside.readable_facts(self._db)
        lost, old = self._held, self._epoch
        self._db.close()
        spool_aside.move_away(self._path)
        self._open()
        self._set_facts({name: value for name, value in facts.items() if name not in _OF_ITS_EPOCH})
        logs.logger().error(f"spool {why}, made anew", epoch=self._epoch[:12], former=old[:12], samples_lost=lost)

    def _commit(self) -> None:
        """All that has arrived in one transaction: many cameras wait for the disk once, and none for another."""
        with self._arriving:
            together, self._arrived = self._arrived, []
        try:
            if not self._path.exists():
                self._reopen("was deleted")
            try:
                self._write(self._numbered(together))
            except Damaged:
                self._reopen("is damaged")
                self._write(self._numbered(together))
        except SpoolError as error:
            for one in together:
                one.error = error

    def _numbered(self, together: Sequence[_Arrival]) -> list[tuple[object, ...]]:
        records: list[tuple[object, ...]] = []
        for one in together:
            records += [(self._next_sequence + i, *rest) for i, rest in enumerate(one.records)]
            self._next_sequence += len(one.records)
            one.newest = self._next_sequence - 1
        return records

    def _write(self, records: list[tuple[object, ...]]) -> None:
        try:
            self._roomy(lambda: self._insert(records), spare=max(len(records) * 8, 200))
        except NoRoom as error:
            self._dropped += len(records)
            logs.logger().error("samples not kept", samples=len(records), detail=str(error))
            return
        self._held += len(records)
        if self._held > self._max_rows:
            self._roomy(lambda: self._make_room(self._held - self._max_rows))

    def _roomy(self, write: Callable[[], T], spare: int = 0) -> T:
        """Do `write`; on a full disk once more, with the reserve released and up to `spare` samples given up.

        Raises:
            NoRoom, SpoolError: it was not done.
        """
        try:
            return write()
        except sqlite3.DatabaseError as error:
            if not no_room(error):
                raise unusable(self._path, error) from error
        logs.logger().warning("no room on the spool's disk", held=self._held, dropped=self._dropped)
        self._ballast.release()
        try:
            self._checkpoint()
            if spare > 20 * self._free_pages():  # about that many samples fit into a page
                self._make_room(spare)
            return write()
        except sqlite3.DatabaseError as error:
            text = f"spool {self._path}: {error}; free room on its disk"
            raise (NoRoom(text) if no_room(error) else unusable(self._path, error)) from error
        finally:
            self._checkpoint()
            self._ballast.take()

    def _free_pages(self) -> int:
        """Pages of the file that hold nothing: samples that fit there do not make it grow."""
        return int(self._db.execute("PRAGMA freelist_count").fetchone()[0])

    def _checkpoint(self) -> None:
        """Bring the log into the file and give its room back, as far as that can be done now."""
        try:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.DatabaseError as error:
            if not no_room(error):
                raise unusable(self._path, error) from error

    def _insert(self, records: list[tuple[object, ...]]) -> None:
        with self._db:
            self._db.executemany("INSERT INTO samples VALUES (?,?,?,?,?,?,?,?,?)", records)
            self._set_fact("newest", str(records[-1][0]))
            self._set_fact("dropped", str(self._dropped))

    def _delete(self, upto: int) -> int:
        with self._db:
            gone = self._db.execute("DELETE FROM samples WHERE sequence <= ?", (upto,)).rowcount
            self._set_fact("acknowledged", str(max(upto, int(self._fact("acknowledged") or 0))))
            return gone

    def _begin_epoch(self) -> str:
        epoch = secrets.token_hex(16)
        self._set_facts({"epoch": epoch, "acknowledged": "0", "dropped": "0", "newest": str(self.newest)})
        return epoch

    def _make_room(self, count: int) -> None:
        with self._db:
            gone = self._db.execute(
                "DELETE FROM samples WHERE sequence IN "
                "(SELECT sequence FROM samples ORDER BY priority, sequence LIMIT ?)",
                (count,),
            ).rowcount
            self._set_fact("dropped", str(self._dropped + gone))
        self._dropped += gone
        self._held -= gone

    def _fact(self, name: str) -> str | None:
        with self._lock:
            found = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else None

    def _set_facts(self, facts: dict[str, str]) -> None:
        with self._db:
            for name, value in facts.items():
                self._set_fact(name, value)

    def _set_fact(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))
