"""`attune threshold`: why an event opened, and which there are; the threshold service's own code reads the ledger."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Ask the threshold service's ledger about events; needs no running room.")
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


def _given(**options: object) -> list[str]:
    return [f"--{name}={value}" for name, value in options.items() if value is not None]


def _run(arguments: list[str]) -> int:
    return subprocess.run([sys.executable, "-m", "threshold_service.explain", *arguments], check=False).returncode
