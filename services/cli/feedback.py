"""`attune feedback`: what caregivers said of alerts, for measuring a model; the VLM service's own code does it."""

import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="What caregivers said of alerts, without who anybody is.")


@app.callback()
def feedback() -> None:
    """What caregivers said of alerts, without who anybody is."""


@app.command("export")
def export(
    consents: Annotated[Path, typer.Option(help="TOML file: who consented to what.")],
    out: Annotated[Path, typer.Option(help="Folder of feedback.jsonl, which must not be there yet.")],
    by: Annotated[str, typer.Option(help="Who exports it; stands in the audit chain.")],
    since: Annotated[datetime | None, typer.Option(help="Words given from this day on.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Words given before this day.")] = None,
) -> None:
    """Write caregivers' verdicts on alerts for `attune train corpus` (data set facility-feedback).

    Only of residents whose consent to evaluation the file names and which holds today:

        [[resident]]

        id = "r1"

        reference = "C-2026-17"         # where the consent is kept

        purposes = ["evaluation"]       # and "training"

        until = 2027-01-01              # may be left out

    A line is the report that a model is shown, the verdict, a pseudonym of the resident and one of the event, and the
    purposes. Left out are names, room and place, date and time of day, who gave the word, all free text, and channels
    that only this house has; times in the report count from the beginning of its window. Pseudonyms are made with a key
    that is forgotten: two files cannot be joined. It is not anonymous for all that: who knows a resident's day may know
    it again in the numbers, so keep it as the consent says.

    Reads and writes the ledger that ATTUNE_DATABASE_URL names (default var/attune.db). The audit chain says who
    exported what of whom, with the digest of the file (feedback.exported).

    Example: `attune feedback export --consents consents.toml --by "M. Ito" --out exported`
    """
    options = [f"--consents={consents}", f"--out={out}", f"--by={by}"]
    options += [f"--since={since.timestamp()}"] if since else []
    options += [f"--until={until.timestamp()}"] if until else []
    done = subprocess.run([sys.executable, "-m", "vlm_service.feedback_export", *options], check=False)
    raise typer.Exit(done.returncode)
