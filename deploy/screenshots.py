"""Takes the pictures of the documentation: starts the demonstration, waits for an alert, photographs the pages."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                      "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
PATIENCE_S = 240.0


def main(folder: Path) -> None:
    """Write `house.png` (residents and alerts), `alert.png` (one alert) and `shift.png` (a shift) to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    demo = subprocess.Popen(
        [Path(sys.executable).with_name("attune"), "demo", "--folder", "var/screenshots"],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        address = _address(demo)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_ARGUMENTS)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(address)
            _photograph(page, address, folder)
            browser.close()
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(timeout=60)


def _address(demo: subprocess.Popen[str]) -> str:
    assert demo.stderr is not None
    for line in demo.stderr:
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return found.group()
    raise SystemExit("the demonstration ended before it named its page")


def _photograph(page: Page, address: str, folder: Path) -> None:
    link = page.locator("a[href*='/alerts/']").first
    link.wait_for(timeout=PATIENCE_S * 1000)
    time.sleep(10)  # the second opinion arrives a little later than the alert
    page.screenshot(path=folder / "house.png")
    link.click()
    page.wait_for_load_state("networkidle")
    time.sleep(1)
    page.screenshot(path=folder / "alert.png", full_page=True)
    page.get_by_label("Your name").fill("Ana")
    page.get_by_role("button", name="I am on it").click()
    page.get_by_role("button", name="Yes, it was right").click()
    page.goto(f"{address}/shift")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=folder / "shift.png", full_page=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
