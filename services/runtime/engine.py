"""Opens a SQL engine whose transactions behave alike on SQLite and PostgreSQL."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from services.runtime.lifecycle import THREADS

BUSY_TIMEOUT_MS = 30_000
"""How long a SQLite writer waits for another (source: guess; a transaction of ours takes milliseconds)."""

PAGE_BYTES = 16_384
"""Of a new SQLite file: score history and snapshots are large, and with pages of 4 KiB each costs half as much again
(measured)."""
CHECKPOINT_PAGES = 4096
"""Pages in the write-ahead log before a commit moves them into the file: a snapshot that is replaced every two seconds
is then moved once a minute and not every time (source: measured, half of what a snapshot costs)."""

_WRITING = "attune_writing"
_BINARY = "attune_binary"
BINARY: dict[str, Any] = {_BINARY: True}
"""Execution options of a statement that reads many bytes: PostgreSQL then sends them as it holds them. As text they are
twice as long, and snapshots are read four times slower (measured)."""
_turns: WeakKeyDictionary[Engine, AbstractContextManager[object]] = WeakKeyDictionary()


class DatabaseUrlError(ValueError):
    """A database URL that cannot be used; the message says what is expected."""


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///path` (WAL, synchronous FULL, foreign keys) or `postgresql+psycopg://...`, with a
    connection for every thread of a process that may want one at once.

    Its exceptions do not show the values of a statement: they may be about a person.

    Raises:
        DatabaseUrlError: another database, a SQLite URL without a file, or no URL at all.
    """
    parsed = _checked(url)
    if parsed.get_backend_name() == "sqlite":
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            parsed, hide_parameters=True, max_overflow=THREADS, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        _turns[engine] = threading.RLock()
        return engine
    engine = create_engine(parsed, hide_parameters=True, max_overflow=THREADS, pool_pre_ping=True)
    event.listen(engine, "before_cursor_execute", _receive_binary)
    event.listen(engine, "handle_error", _leave_out_detail)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One writing transaction (BEGIN IMMEDIATE on SQLite): commits on exit, rolls back on an error.

    The threads of a process take turns on SQLite without its help: it lets a writer who finds another sleep up to a
    tenth of a second, however soon the other is done."""
    with (
        _turns.get(engine, nullcontext()),
        engine.connect().execution_options(**{_WRITING: True}) as connection,
        connection.begin(),
    ):
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that sees one state of the database and cannot write."""
    options: dict[str, Any] = {_WRITING: False}
    if engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def _checked(url: str) -> URL:
    expected = "expected sqlite:///path/to/file.db or postgresql+psycopg://user@host/database"
    try:
        parsed = make_url(url)
        parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError) as error:
        raise DatabaseUrlError(f"database URL is not understood: {expected}") from error
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise DatabaseUrlError(f"database URL {url!r} names no file: {expected}")
    elif parsed.drivername != "postgresql+psycopg":
        raise DatabaseUrlError(f"database driver {parsed.drivername!r} is not supported: {expected}")
    return parsed


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions are opened by _begin_sqlite, not by the driver
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # of no effect where there is a file
    _enter_wal(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute("PRAGMA foreign_keys = ON")


def _enter_wal(connection: sqlite3.Connection, attempts: int = 200) -> None:
    for attempt in range(attempts):
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            # Changing the journal mode does not wait for other connections, whatever the busy timeout says.
            if attempt + 1 == attempts:
                raise
            time.sleep(0.01)


def _receive_binary(_connection: Connection, cursor: Any, _statement: str, _values: Any, context: Any, _: bool) -> None:
    if context is not None and context.execution_options.get(_BINARY):
        from psycopg.pq import Format  # of the extra that brings PostgreSQL

        cursor.format = Format.BINARY


def _leave_out_detail(context: ExceptionContext) -> None:
    """PostgreSQL's DETAIL shows the row that failed, which may be about a person; keep its first line alone."""
    error, shown = context.original_exception, context.sqlalchemy_exception
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    if primary and shown is not None:
        error.args = (primary,)
        shown.args = (f"({type(error).__module__}.{type(error).__name__}) {primary}",)


def _begin_sqlite(connection: Connection) -> None:
    writes = bool(connection.get_execution_options().get(_WRITING, True))
    if connection.info.get(_WRITING) is not writes:
        connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
        connection.info[_WRITING] = writes
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
