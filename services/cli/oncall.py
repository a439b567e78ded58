"""`attune oncall`: who is reached now; alerting's own code says it."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer


def command(
    config: Annotated[Path | None, typer.Option(help="Alerting's TOML file; the environment wins over it")] = None,
    at: Annotated[str, typer.Option(help="Another time than now, in the facility's time zone: 2026-01-31T23:30")] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print as JSON: a list of steps with tier, chain, role, people, channels")
    ] = False,
) -> None:
    """Who is reached now, step by step, for each tier: role, who has the shift, and by which channels.

    Reads alerting's settings and the roster of shifts, and asks the ledger which receivers are disabled.
    """
    given = [*(["--config", str(config)] if config else []), *(["--at", at] if at else [])]
    asked = [sys.executable, "-m", "services.alerting.oncall", *given, *(["--json"] if as_json else [])]
    raise typer.Exit(subprocess.run(asked, check=False).returncode)
