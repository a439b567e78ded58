"""`attune threshold`: why an event opened, and what waits for a person; the threshold service's own code does it."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True, help="Ask the threshold service's ledger about events and thresholds; needs no running room."
)
Config = Annotated[Path | None, typer.Option(help="The threshold service's TOML file; the environment wins.")]


@app.command("explain")
def explain(
    event: Annotated[str, typer.Argument(help="Id of the event; `attune threshold events` lists them.")],
    plot: Annotated[Path | None, typer.Option(help="Also draw it, e.g. event.png (or .svg, .pdf).")] = None,
    json: Annotated[
        bool, typer.Option("--json", help="For programs: one JSON object; null is what is not known.")
    ] = False,
    config: Config = None,
) -> None:
    """Why did this event open? Every term, threshold and usual, and by name what is not recorded.

    Reads the ledger that ATTUNE_DATABASE_URL names (default var/attune.db) and the score history in
    ATTUNE_HISTORY_FOLDER.
    """
    arguments = [*_given(plot=plot, config=config), *(["--json"] if json else []), "--", event]
    raise typer.Exit(_run(arguments))


@app.command("events")
def events(
    resident: Annotated[str | None, typer.Option(help="Only of this resident.")] = None,
    tier: Annotated[int | None, typer.Option(min=1, max=3, help="Only of this tier and more urgent ones.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 20,
    config: Config = None,
) -> None:
    """The latest events with their ids, newest first."""
    raise typer.Exit(_run(_given(resident=resident, tier=tier, limit=limit, config=config)))


@app.command("proposals")
def proposals(
    json: Annotated[bool, typer.Option("--json", help="For programs: a JSON list.")] = False, config: Config = None
) -> None:
    """Tier-1 thresholds that calibration wants beyond the envelope a person approved: they wait for one."""
    raise typer.Exit(_run([*_given(config=config), *(["--json"] if json else [])], "approve"))


@app.command("approve")
def approve(
    resident: Annotated[str, typer.Argument(help="Id of the resident; `attune threshold proposals` lists who waits.")],
    by: Annotated[str, typer.Option(help="Name of the person who answers for it; the audit chain keeps it.")],
    config: Config = None,
) -> None:
    """Let every threshold of this resident that waits rise: tier 1 speaks less often from the next sample on."""
    raise typer.Exit(_run([*_given(by=by, config=config), "--", resident], "approve"))


def _given(**options: object) -> list[str]:
    return [f"--{name}={value}" for name, value in options.items() if value is not None]


def _run(arguments: list[str], what: str = "explain") -> int:
    command = [sys.executable, "-m", f"threshold_service.{what}", *arguments]
    return subprocess.run(command, check=False).returncode
