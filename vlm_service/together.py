"""Writes what several bring at once in one transaction: how one ends is what each of them costs on a disk."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection

from services.ledger.database import Database

T = TypeVar("T")
Part = Callable[[Connection], T]
MOST = 64
"""Parts of one transaction (source: guess, more than are ever asked at once)."""


class Together:
    """The first part is written at once; what comes meanwhile shares the next transaction. Where that one fails, every
    part is written alone, so that each has its own error."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._line: deque[tuple[Part[Any], asyncio.Future[Any]]] = deque()
        self._writing: asyncio.Task[None] | None = None

    async def write(self, part: Part[T]) -> T:
        """What `part` makes of a connection, once that is committed; it is written also where nobody waits any more.

        Raises:
            sqlalchemy.exc.DBAPIError: the ledger does not answer; nothing of the part was kept.
        """
        turn: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._line.append((part, turn))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._empty_line())
        return await turn

    async def _empty_line(self) -> None:
        while self._line:
            await self._commit([self._line.popleft() for _ in range(min(MOST, len(self._line)))])

    async def _commit(self, taken: Sequence[tuple[Part[Any], "asyncio.Future[Any]"]]) -> None:
        parts = [part for part, _ in taken]
        written = asyncio.get_running_loop().run_in_executor(None, self._transaction, parts)
        await asyncio.wait({written})
        error = written.exception()
        if error is not None and len(taken) > 1:
            for one in taken:
                await self._commit([one])
            return
        for place, (_, turn) in enumerate(taken):
            if turn.cancelled():
                continue
            if error is not None:
                turn.set_exception(error)
            else:
                turn.set_result(written.result()[place])

    def _transaction(self, parts: Sequence[Part[Any]]) -> list[Any]:
        with self._database.write() as connection:
            return [part(connection) for part in parts]
