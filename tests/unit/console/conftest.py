"""Gives each test a furnished ledger and a client of the console over it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from services.console.app import make_app
from services.console.room import Room
from services.console.settings import ConsoleSettings
from services.ledger import Database
from services.runtime.clock import VirtualClock
from tests.unit.console import house

NOW = 1_760_000_000.0


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with nine residents, made once."""
    folder = tmp_path_factory.mktemp("house")
    database, _ = house.ledger(folder)
    house.furnish(database, NOW)
    house.live_through(database, "room-12", NOW - 40)
    database.close()
    return folder / "attune.db"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
def database(tmp_path: Path, furnished: Path) -> Iterator[Database]:
    (tmp_path / "attune.db").write_bytes(furnished.read_bytes())
    ledger = Database(f"sqlite:///{tmp_path / 'attune.db'}")
    yield ledger
    ledger.close()


@pytest.fixture
def room(database: Database, clock: VirtualClock, tmp_path: Path) -> Room:
    return Room(database, clock, ConsoleSettings(history_folder=tmp_path / "history", sign_in=False))


@pytest.fixture
def client(room: Room) -> TestClient:
    return TestClient(make_app(room), base_url="http://127.0.0.1:7080", follow_redirects=False)
