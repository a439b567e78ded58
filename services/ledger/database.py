"""The ledger's database: migrations, one writing transaction, one reading transaction."""

from contextlib import AbstractContextManager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from services.runtime.engine import DatabaseUrlError, open_engine, reading, writing

__all__ = ["Database", "DatabaseUrlError"]

MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x0A77_0E01


class Database:
    """One ledger at `sqlite:///path` or `postgresql+psycopg://...`; usable from several threads.

    Raises:
        DatabaseUrlError: a URL that is neither.
    """

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)

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

    def write(self) -> AbstractContextManager[Connection]:
        """One writing transaction: commits on exit, rolls back on an error. No network call belongs inside."""
        return writing(self._engine)

    def read(self) -> AbstractContextManager[Connection]:
        """One transaction over one state of the ledger; a write inside it fails."""
        return reading(self._engine)

    def check(self) -> str:
        """Empty when the database answers, otherwise one line that says what is wrong."""
        try:
            with self.read() as connection:
                connection.execute(text("SELECT 1 FROM alembic_version"))
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            return f"database does not answer: {type(cause).__name__}: {str(cause).strip().splitlines()[0]}"
        return ""

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()


def migration_settings(connection: Connection) -> Config:
    """What alembic needs to run this package's migrations over an open connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
