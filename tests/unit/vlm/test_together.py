"""What several bring at once is one transaction, and nobody suffers for another's part. Kind: facility."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.ledger.database import Database
from vlm_service.together import Together

pytestmark = pytest.mark.facility


class Counting(Database):
    """Counts its writing transactions."""

    written = 0

    def write(self) -> AbstractContextManager[Connection]:
        self.written += 1
        return super().write()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counting]:
    url = request.getfixturevalue("fresh_schema") if request.param == "postgres" else f"sqlite:///{tmp_path}/a.db"
    database = Counting(url)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE kept (number INTEGER PRIMARY KEY)"))
    yield database
    database.close()


def keeping(number: int) -> Callable[[Connection], int]:
    def part(connection: Connection) -> int:
        connection.execute(text("INSERT INTO kept VALUES (:number)"), {"number": number})
        return number

    return part


def kept(database: Database) -> set[int]:
    with database.read() as connection:
        return set(connection.scalars(text("SELECT number FROM kept")))


def test_what_comes_while_another_is_written_shares_the_next_transaction(database: Counting) -> None:
    before = database.written

    async def _many() -> list[int]:
        together = Together(database)
        return await asyncio.gather(*(together.write(keeping(number)) for number in range(17)))

    assert asyncio.run(_many()) == list(range(17))
    assert kept(database) == set(range(17))
    assert database.written - before == 1, "all seventeen stood in line before the first transaction began"


def test_a_part_that_fails_fails_alone(database: Counting) -> None:
    async def _many() -> list[int | BaseException]:
        together = Together(database)
        parts = [keeping(number) for number in (1, 2, 2, 3)]
        return await asyncio.gather(*(together.write(part) for part in parts), return_exceptions=True)

    one, two, again, three = asyncio.run(_many())
    assert (one, two, three) == (1, 2, 3)
    assert isinstance(again, IntegrityError)
    assert kept(database) == {1, 2, 3}


def test_a_part_is_written_although_nobody_waits_any_more(database: Counting) -> None:
    async def _leave() -> None:
        together = Together(database)
        impatient = asyncio.create_task(together.write(keeping(1)))
        await asyncio.sleep(0)
        impatient.cancel()
        assert await together.write(keeping(2)) == 2

    asyncio.run(_leave())
    assert kept(database) == {1, 2}


def test_each_who_waits_is_told_that_the_ledger_is_away(tmp_path: Path) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")

    async def _many() -> list[int | BaseException]:
        together = Together(away)
        return await asyncio.gather(*(together.write(keeping(number)) for number in (1, 2)), return_exceptions=True)

    said = asyncio.run(_many())
    assert len(said) == 2 and all(isinstance(one, DBAPIError) for one in said)
