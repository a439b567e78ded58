"""How a body moved is kept once for each event, as it came, and goes with the event."""

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from services.ledger import Database, EventRepository, MovementRepository
from services.ledger.retention import sweep
from services.ledger.tables import events, movements
from services.vocabulary import BodyPose, Movement
from tests.unit.ledger.nouns import NOON, event

pytestmark = pytest.mark.unit
POINTS = tuple((k / 1000, 0.877) for k in range(17))
POSES = tuple(BodyPose(NOON + 0.5 * k, "c-1", 4 / 3, POINTS, (0.123,) * 17) for k in range(30))


def keep(database: Database, *kept: Movement) -> list[bool]:
    with database.write() as connection:
        EventRepository(connection).record(event(1, ended_at=NOON + 9))
        return [MovementRepository(connection).record(one, NOON) for one in kept]


def test_it_gives_back_what_it_kept_and_the_first_one_stands(database: Database) -> None:
    moved = Movement(event(1).id, "r1", POSES, 2)
    assert keep(database, moved, Movement(moved.event, "r1", ())) == [True, False]
    with database.read() as connection:
        assert MovementRepository(connection).of_event(moved.event) == moved
        assert MovementRepository(connection).of_event("another") is None


def test_it_keeps_none_of_an_event_that_the_ledger_does_not_know(database: Database) -> None:
    with pytest.raises(IntegrityError):
        keep(database, Movement("unknown", "r1", POSES))


def test_it_goes_with_its_event(database: Database) -> None:
    moved = Movement(event(1).id, "r1", POSES)
    keep(database, moved)
    assert sweep(database, NOON + 399 * 86_400.0)["movements"] == 0
    with database.write() as connection:
        connection.execute(delete(events))
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(movements)) == 0
