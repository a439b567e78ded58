"""`attune demo`: the whole line on one machine, from a clip with sound to a caregiver's signed alert."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Annotated

import httpx
import typer
from rich.console import Console

from services.cli import demo_folder, demo_plan, demo_report
from services.cli.demo_story import Storyteller
from services.cli.processes import Room, RoomFailed, Supervisor
from services.runtime.assets import AssetError, Shelf
from services.runtime.settings import SettingError
from services.vocabulary.time import Seconds

AT_LEAST_S: Seconds = 5.0
"""After the last sample is durable an alert may still be on its way to the page."""

READY = {"threshold": "threshold_health", "vlm": "vlm_health", "alerts": "alerts_health", "console": "console_health"}


def command(
    source: Annotated[
        str,
        typer.Option(
            help="Your own camera: rtsp://…, /dev/video0 or a file (watched in observables; it learns for "
            "hours before more than sounds can alarm). Default: the shipped clip"
        ),
    ] = "",
    headless: Annotated[
        bool,
        typer.Option(
            "--headless",
            help="End by itself when the clip has been judged; exit 0 only if an alert arrived "
            "whose signature verifies",
        ),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(help="Write a JSON report here at the end: senses, frames, events, alerts, signatures, delays"),
    ] = None,
    folder: Annotated[
        Path,
        typer.Option(
            help="Where this run keeps its database, spool and logs. Emptied first, if an earlier "
            "demonstration made it; refused if it holds anything else"
        ),
    ] = Path("var/demo"),
    patience: Annotated[float, typer.Option(help="Headless: give up after this many seconds", min=1)] = 600.0,
) -> None:
    """Play a real clip through every room: senses, gRPC, thresholds, second opinion, signed webhook, page.

    Every room is a process of its own; Ctrl-C ends them all. The page is at http://127.0.0.1:7080 (or the next free
    port, which is printed). Nothing of this shell's installation is used: the ledger is a SQLite file in --folder and
    the queue lies in it, unless ATTUNE_DEMO_DATABASE_URL (a PostgreSQL database for the demonstration alone) or
    ATTUNE_DEMO_REDIS_URL say otherwise. Models and the clip come from ATTUNE_ASSET_MIRROR or `attune assets pull`;
    without them the scores are simulated, and it says so.
    """
    console = Console(stderr=True, soft_wrap=True)
    stores, lock = _prepare(folder)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    plan = _plan(source, headless, folder, console)
    with lock, Supervisor(demo_plan.environment(plan, stores)) as supervisor:
        try:
            finished = _play(plan, supervisor, console, patience)
        except RoomFailed as error:
            console.print(f"[red]{error}")
            raise typer.Exit(1) from error
        except KeyboardInterrupt:
            finished = True
            console.print("\nEnding all rooms …")
        summary = demo_report.gather(plan, supervisor.restarts())
    if report is not None:
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(json.dumps(summary, indent=2) + "\n")
    demo_report.show(summary, console)
    told = summary["signatures"]["verified"] or plan.mode == "camera"
    if headless and not (finished and told):
        console.print("[red]No verified alert arrived; the logs are in " + str(folder / "logs"))
        raise typer.Exit(1)


def _prepare(folder: Path) -> tuple[demo_plan.DemoSettings, IO[str]]:
    try:
        return demo_plan.stores(), demo_folder.prepare(folder, frozenset(demo_plan.ROOMS))
    except (SettingError, demo_folder.FolderRefused) as error:
        raise typer.BadParameter(str(error)) from error


def _plan(source: str, headless: bool, folder: Path, console: Console) -> demo_plan.Plan:
    ports = demo_plan.choose_ports()
    if source:
        return demo_plan.Plan(folder, ports, demo_plan.own_camera(source), "camera", headless)
    try:
        shelf = Shelf.open()
        clip = shelf.find(demo_plan.CLIP)
    except AssetError as error:
        console.print(f"[yellow]{error}")
        console.print("[yellow]There is no clip to look at: the resident's scores are simulated in this run.")
        _list_senses(folder)
        return demo_plan.Plan(folder, ports, demo_plan.simulated_resident(), "simulated", headless)
    return demo_plan.Plan(folder, ports, demo_plan.clip_cameras(clip, headless), "clip", headless)


def _list_senses(folder: Path) -> None:
    """Which senses this machine has models for; the story and the report read it like the edge agent's log."""
    log = folder / "logs" / "senses.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        subprocess.run([sys.executable, "-m", "edge_agent.senses"], stderr=output, check=False)


def _play(plan: demo_plan.Plan, supervisor: Supervisor, console: Console, patience: Seconds) -> bool:
    story = Storyteller(plan, console)
    demo_folder.write_secret(plan.secret)
    rooms = demo_plan.rooms(plan)
    for room in rooms[:-2]:
        supervisor.start(room)
    demo_folder.write_pids(plan.folder, supervisor.pids())
    story.say("Starting the rooms, each as a process of its own …")
    _wait_until_ready(plan, supervisor, rooms)
    story.say(f"The page is at [bold]{plan.page}[/bold]")
    for room in reversed(rooms[-2:]):
        supervisor.start(room)
    demo_folder.write_pids(plan.folder, supervisor.pids())
    give_up = time.monotonic() + patience
    while not (plan.headless and supervisor.ended("edge")):
        supervisor.check()
        demo_folder.write_pids(plan.folder, supervisor.pids())
        story.go_on()
        if plan.headless and time.monotonic() > give_up:
            console.print(f"[red]Not finished after {patience:.0f} s")
            return False
        time.sleep(0.25)
    _settle(plan, story, console)
    return True


def _wait_until_ready(plan: demo_plan.Plan, supervisor: Supervisor, rooms: list[Room], limit_s: Seconds = 90.0) -> None:
    end = time.monotonic() + limit_s
    waiting = dict(READY)
    while waiting:
        supervisor.check()
        for name, port in list(waiting.items()):
            if _ready(plan.ports[port]):
                del waiting[name]
        if time.monotonic() > end:
            logs = ", ".join(str(room.log) for room in rooms if room.name in waiting)
            raise RoomFailed(f"not ready after {limit_s:.0f} s: {', '.join(waiting)}; see {logs}")
        time.sleep(0.2)


def _ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def _settle(plan: demo_plan.Plan, story: Storyteller, console: Console, limit_s: Seconds = 45.0) -> None:
    """Give the last alert and its second opinion time to arrive."""
    start = time.monotonic()
    end = start + limit_s
    while time.monotonic() < start + AT_LEAST_S or not demo_report.settled(plan):
        story.go_on()
        if time.monotonic() > end:
            console.print("[yellow]Some alerts are still on their way; the report says which.")
            return
        time.sleep(0.25)
    story.go_on()
