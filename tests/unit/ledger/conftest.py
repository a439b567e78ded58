"""Gives each test an empty ledger, on SQLite and, where one is named, on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from services.ledger import Database
from services.ledger.tables import METADATA


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger' / 'attune.db'}"


@pytest.fixture(scope="session")
def postgres_ledger(postgres_schema: str) -> Iterator[Database]:
    ledger = Database(postgres_schema)
    ledger.migrate()
    yield ledger
    ledger.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated ledger without rows, once of each kind."""
    if request.param == "sqlite":
        ledger = Database(request.getfixturevalue("sqlite_url"))
        ledger.migrate()
        yield ledger
        ledger.close()
    else:
        ledger = request.getfixturevalue("postgres_ledger")
        with ledger.write() as connection:
            for table in reversed(METADATA.sorted_tables):
                connection.execute(table.delete())
            for name in ("outbox", "audit"):
                connection.execute(text(f"ALTER SEQUENCE {name}_number_seq RESTART"))
        yield ledger
