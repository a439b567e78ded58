"""A process ends when it is asked to, when a part of it fails, and when its parent is gone."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services.runtime.lifecycle import together, until

pytestmark = pytest.mark.unit

CHILD = """
import asyncio, sys
from services.runtime.lifecycle import run
from services.runtime.settings import RoomSettings
async def main(stop):
    print("up", flush=True)
    await stop.wait()
    print("down", flush=True)
sys.exit(run("child", RoomSettings(exit_with_parent=True), main))
"""


def test_it_ends_gracefully_on_a_signal() -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline() == "up\n"
    child.send_signal(signal.SIGTERM)
    assert child.communicate(timeout=90)[0] == "down\n"
    assert child.returncode == 0


WAITING = """
import asyncio, sys, threading
from services.runtime.lifecycle import run
from services.runtime.settings import RoomSettings
async def main(stop):
    together = threading.Barrier(24, timeout=60)
    await asyncio.gather(*(asyncio.to_thread(together.wait) for _ in range(24)))
sys.exit(run("child", RoomSettings(), main))
"""


def test_two_dozen_parts_of_a_process_may_wait_at_once_whatever_the_number_of_cores() -> None:
    assert subprocess.run([sys.executable, "-c", WAITING], timeout=90, check=False).returncode == 0


def test_it_ends_when_its_parent_is_gone() -> None:
    start = f"p = subprocess.Popen([sys.executable, '-c', {CHILD!r}])"
    parent_code = f"import subprocess, sys; {start}; print(p.pid, flush=True); input()"
    parent = subprocess.Popen(
        [sys.executable, "-c", parent_code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    said = {parent.stdout.readline().strip() for _ in range(2)}  # the process id and "up", in either order
    assert "up" in said
    pid = int((said - {"up"}).pop())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    end = time.monotonic() + 90
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
        assert time.monotonic() < end, "the child outlived its parent"
        time.sleep(0.1)


def test_it_raises_the_first_failure_and_stops_the_other_jobs() -> None:
    async def fails() -> None:
        raise ValueError("the reason")

    async def waits(stop: asyncio.Event) -> None:
        await stop.wait()

    async def scene() -> None:
        stop = asyncio.Event()
        await together(stop, fails(), waits(stop))

    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(scene())
    assert caught.group_contains(ValueError, match="the reason")


def test_it_stops_waiting_as_soon_as_it_is_asked_to() -> None:
    async def scene() -> tuple[bool, bool]:
        stop = asyncio.Event()
        first = await until(stop, 0.001)
        stop.set()
        return first, await until(stop, 60)

    assert asyncio.run(scene()) == (False, True)
