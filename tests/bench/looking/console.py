"""The console as a process of its own over a ledger, with sign-in on; how much memory and processor it uses."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page

from services.runtime.ports import free_port

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
CHROMIUM = "/usr/bin/chromium"
TOKEN = "bench-token-of-thirty-two-letters"
PASSWORD = "correct horse 1"


@dataclass(frozen=True)
class Console:
    """A running console: where its page is, and its process."""

    address: str
    port: int
    process: int

    def memory_bytes(self) -> int:
        """What it holds in memory now."""
        told = Path(f"/proc/{self.process}/status").read_text()
        return 1024 * int(next(line for line in told.splitlines() if line.startswith("VmRSS")).split()[1])

    def cpu_s(self) -> float:
        """Processor seconds that it has used."""
        told = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def console(url: str, folder: Path) -> Iterator[Console]:
    """Running until the block ends."""
    port, health = free_port(), free_port()
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ATTUNE_")}
    told = {
        "ATTUNE_DATABASE_URL": url, "ATTUNE_EXIT_WITH_PARENT": "true", "ATTUNE_LOG_LEVEL": "error",
        "ATTUNE_CONSOLE_PORT": str(port), "ATTUNE_CONSOLE_HEALTH_PORT": str(health),
        "ATTUNE_CONSOLE_API_TOKEN": TOKEN, "ATTUNE_HISTORY_FOLDER": str(folder / "history"),
    }  # fmt: skip
    running = subprocess.Popen([sys.executable, "-m", "services.console"], env=kept | told)
    try:
        end = time.monotonic() + 60
        while not _ready(f"http://127.0.0.1:{health}/readyz"):
            assert time.monotonic() < end and running.poll() is None, "the console does not become ready"
            time.sleep(0.1)
        yield Console(f"http://127.0.0.1:{port}", port, running.pid)
    finally:
        running.terminate()
        running.wait(timeout=60)


def signed_in(browser: Browser, home: Console, name: str) -> Page:
    """A page of somebody who has just signed in, on a device of their own."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(f"{home.address}/sign-in")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator("[data-connection][data-state=live]").wait_for()
    return page


def _ready(address: str) -> bool:
    try:
        return httpx.get(address, trust_env=False, timeout=2).is_success
    except httpx.HTTPError:
        return False
