"""The ledger's database: migrations, one writing transaction, one reading transaction."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, PoolProxiedConnection, text
from sqlalchemy.exc import SQLAlchemyError

from services.runtime.engine import DatabaseUrlError, open_engine, reading, writing

__all__ = ["Database", "DatabaseUrlError"]

MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x0A77_0E01


class Database:
    """One ledger at `sqlite:///path` or `postgresql+psycopg://...`; usable from several threads.

    `in_turn`: the threads of this process open one transaction at a time. For a process of many short ones: threads
    that each wait for the database otherwise contend for the interpreter at every statement (measured).

    Raises:
        DatabaseUrlError: a URL that is neither.
    """

    def __init__(self, url: str, in_turn: bool = False) -> None:
        self._engine = open_engine(url)
        self._turn: AbstractContextManager[object] = threading.RLock() if in_turn else nullcontext()
        self._watching: PoolProxiedConnection | None = None
        self._written = 0

    @property
    def written(self) -> int:
        """How many writing transactions of this process have ended through this object, whether or not they changed
        anything: while it stays the same, nobody here has written."""
        return self._written

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    def migrate(self) -> None:
        """Bring the schema to this version in one transaction; several processes may do it at once."""
        with self.write() as connection:
            if self.dialect == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            command.upgrade(migration_settings(connection), "head")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One writing transaction: commits on exit, rolls back on an error. No network call belongs inside."""
        with self._turn:
            try:
                with writing(self._engine) as connection:
                    yield connection
            finally:
                self._written += 1

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction over one state of the ledger; a write inside it fails."""
        with self._turn, reading(self._engine) as connection:
            yield connection

    def check(self) -> str:
        """Empty when the database answers, otherwise one line that says what is wrong."""
        try:
            with self.read() as connection:
                connection.execute(text("SELECT 1 FROM alembic_version"))
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            return f"database does not answer: {type(cause).__name__}: {str(cause).strip().splitlines()[0]}"
        return ""

    def version(self) -> int | None:
        """On SQLite a number that changes with every commit, told without a transaction; for one thread.
        None: it is not known, as on PostgreSQL."""
        if self.dialect != "sqlite":
            return None
        try:
            self._watching = self._watching or self._engine.raw_connection()
            told: Any = self._watching.driver_connection
            return int(told.execute("PRAGMA data_version").fetchone()[0])
        except (SQLAlchemyError, sqlite3.Error):
            return None

    def close(self) -> None:
        """Give all connections back."""
        if self._watching is not None:
            self._watching.close()
            self._watching = None
        self._engine.dispose()


def migration_settings(connection: Connection) -> Config:
    """What alembic needs to run this package's migrations over an open connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
