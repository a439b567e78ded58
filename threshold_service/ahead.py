"""Reads a stream ahead of who works on it, a few messages at most: receiving and judging then overlap."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from types import TracebackType
from typing import Generic, TypeVar

Message = TypeVar("Message")
Kind = TypeVar("Kind")


class Ahead(Generic[Message]):
    """Up to `most` messages wait; while they do, nothing more is read, and the sender notices."""

    def __init__(self, messages: AsyncIterator[Message], most: int) -> None:
        self._messages, self._most = messages, most
        self._waiting: deque[Message] = deque()
        self._news, self._room = asyncio.Event(), asyncio.Event()
        self._ended = False
        self._error: Exception | None = None

    async def __aenter__(self) -> "Ahead[Message]":
        self._loop = asyncio.get_running_loop()
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reading.cancel()
        await asyncio.wait((self._reading,))
        self._waiting.clear()

    async def take(self) -> list[Message]:
        """Everything that waits, at least one message; nothing at the end of the stream. An error of the stream comes
        after all that was read before it."""
        while not self._waiting and not self._ended:
            self._news.clear()
            await self._news.wait()
        if not self._waiting and self._error is not None:
            raise self._error
        taken = list(self._waiting)
        self._waiting.clear()
        self._room.set()
        return taken

    def more(self, kind: type[Kind]) -> list[Kind]:
        """For who works in another thread while nobody takes: what waits by now, up to the first message that is of no
        such `kind`. A thread that goes on by itself need not wait until the loop has time for it."""
        taken: list[Kind] = []
        with suppress(IndexError):  # nothing waits any more, also where the stream is left at this moment
            while isinstance(first := self._waiting[0], kind):
                self._waiting.popleft()
                taken.append(first)
        if taken:
            self._loop.call_soon_threadsafe(self._room.set)
        return taken

    async def _read(self) -> None:
        try:
            async for message in self._messages:
                self._waiting.append(message)
                self._news.set()
                while len(self._waiting) >= self._most:
                    self._room.clear()
                    await self._room.wait()
        except Exception as error:  # noqa: BLE001 - it is raised again where the messages are taken
            self._error = error
        finally:
            self._ended = True
            self._news.set()
