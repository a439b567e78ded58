"""Starts and ends a process gracefully: signals, a parent that dies, and the one broad except."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from services.runtime import logs
from services.runtime.settings import RoomSettings, SettingError

Main = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
THREADS = 32
"""For what waits on a database or a queue: asyncio's own number is the cores' plus four, and where six consumers each
wait half a second for a message, two cores leave nothing to anybody else (measured: alerts came seconds late)."""


def run(process: str, settings: RoomSettings, main: Main) -> int:
    """Run `main(stop)` until it returns or SIGINT/SIGTERM asks it to stop; the exit status of the process.

    `stop` is set on a signal, and (with `exit_with_parent`) when the parent process is gone.
    """
    parent = os.getppid() if settings.exit_with_parent else None  # before anything else: it may die any moment
    logs.configure(process, settings.log_level, settings.log_format)
    try:
        asyncio.run(_supervised(main, parent))
    except Exception as error:  # noqa: BLE001 - the outermost frame of a process
        logs.logger().error("process failed", error=type(error).__name__, detail=str(error), exc_info=True)
        return 1
    return 0


async def _supervised(main: Main, parent: int | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="attune"))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    watch = asyncio.create_task(_watch_parent(stop, parent)) if parent is not None else None
    try:
        await main(stop)
    finally:
        if watch is not None:
            watch.cancel()


async def _watch_parent(stop: asyncio.Event, parent: int, period_s: float = 0.5) -> None:
    while os.getppid() == parent:
        if await until(stop, period_s):
            return
    stop.set()


async def until(stop: asyncio.Event, seconds: float) -> bool:
    """Wait up to `seconds`; True as soon as the process is asked to stop."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def together(stop: asyncio.Event, *jobs: Awaitable[None]) -> None:
    """Run the jobs side by side until one fails or `stop` is set and all have ended; the first failure is raised."""

    async def _guarded(job: Awaitable[None]) -> None:
        try:
            await job
        finally:
            stop.set()

    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(_guarded(job))


def refuse(error: SettingError | Exception) -> int:
    """Say on standard error why the process does not start; the exit status for it."""
    print(f"attune: {error}", file=sys.stderr)  # noqa: T201 - a person reads this
    return 2
