"""Gives each test of alerting an empty ledger on SQLite, a clock that stands still, and real HTTP endpoints."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.ledger import Database
from services.runtime.clock import VirtualClock
from tests.unit.alerting.line import Endpoint, Line


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(1_750_000_000.0)


@pytest.fixture(scope="module")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated ledger, made once."""
    file = tmp_path_factory.mktemp("ledger") / "empty.db"
    database = Database(f"sqlite:///{file}")
    database.migrate()
    database.close()
    return file


@pytest.fixture
def database(tmp_path: Path, empty_ledger: Path) -> Iterator[Database]:
    (tmp_path / "attune.db").write_bytes(empty_ledger.read_bytes())
    ledger = Database(f"sqlite:///{tmp_path / 'attune.db'}")
    yield ledger
    ledger.close()


@pytest.fixture
def endpoint() -> Iterator[Callable[..., Endpoint]]:
    """Makes endpoints and closes them."""
    made: list[Endpoint] = []

    def make(**facts: Any) -> Endpoint:
        made.append(Endpoint(**facts))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def line(database: Database, clock: VirtualClock) -> Callable[..., Line]:
    return lambda *receivers, **facts: Line(database, clock, *receivers, **facts)
