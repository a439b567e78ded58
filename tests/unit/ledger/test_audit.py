"""The audit chain shows that an entry was changed, taken out or put in."""

import pytest
from sqlalchemy import delete, insert, update

from services.ledger import AuditRepository, Database
from services.ledger.tables import audit

pytestmark = pytest.mark.unit


def append(database: Database, count: int) -> None:
    for number in range(count):
        with database.write() as connection:
            AuditRepository(connection).append("alert.acknowledged", f'{{"n":{number}}}', 100.0 + number)


def test_it_finds_nothing_wrong_in_a_chain_that_was_left_alone(database: Database) -> None:
    with database.write() as connection:
        assert AuditRepository(connection).verify() is None
    append(database, 5)
    with database.write() as connection:
        assert AuditRepository(connection).verify() is None


@pytest.mark.parametrize(
    "change", [{"body": "{}"}, {"kind": "alert.resolved"}, {"at": 1.0}, {"digest": "0" * 64}, {"previous": "0" * 64}]
)
def test_it_names_the_entry_that_was_changed(database: Database, change: dict[str, object]) -> None:
    append(database, 4)
    with database.write() as connection:
        connection.execute(update(audit).where(audit.c.number == 2).values(**change))
        assert AuditRepository(connection).verify() == 2


@pytest.mark.parametrize(("gone", "first_broken"), [(1, 2), (3, 4)])
def test_it_names_the_entry_before_which_one_is_missing(database: Database, gone: int, first_broken: int) -> None:
    append(database, 4)
    with database.write() as connection:
        connection.execute(delete(audit).where(audit.c.number == gone))
        assert AuditRepository(connection).verify() == first_broken


def test_it_names_an_entry_that_was_put_in(database: Database) -> None:
    append(database, 2)
    with database.write() as connection:
        row = {"kind": "x", "at": 1.0, "body": "{}", "previous": "", "digest": "0" * 64}
        connection.execute(insert(audit).values(**row))
        assert AuditRepository(connection).verify() == 3


def test_it_stays_whole_when_its_oldest_entries_end_their_retention(database: Database) -> None:
    append(database, 4)
    with database.write() as connection:
        assert AuditRepository(connection).sweep(before=102.0, now=200.0) == 2
        assert AuditRepository(connection).verify() is None
        assert AuditRepository(connection).sweep(before=102.0, now=201.0) == 0
        connection.execute(delete(audit).where(audit.c.number == 3))
        assert AuditRepository(connection).verify() == 4
