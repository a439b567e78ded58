"""`attune simulate`: a facility that never was, as files with the truth beside the scores, or into a live service."""

import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer


def command(
    residents: Annotated[int, typer.Option(help="How many residents", min=1)] = 5,
    days: Annotated[int, typer.Option(help="How many days; a resident-day takes 3 to 4 MB", min=1)] = 2,
    seed: Annotated[
        int, typer.Option(help="Which facility: equal seeds give equal values. 0 to 99 are for tuning", min=0)
    ] = 0,
    episodes_per_day: Annotated[
        float, typer.Option(help="Episodes per resident-day on average; 0 for a facility without any", min=0)
    ] = 0.9,
    benign: Annotated[
        float, typer.Option(help="How busy ordinary life is (meals, visitors, play, television …): 1 is usual", min=0)
    ] = 1.0,
    atypical: Annotated[
        float, typer.Option(help="Share of residents whose face shows otherwise what they feel", min=0, max=1)
    ] = 0.4,
    out: Annotated[Path | None, typer.Option(help="A new or empty folder; default var/facility")] = None,
    into: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Write nothing: tell it to this threshold service, live")
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(help="With --into: simulated seconds in a second; 0 (default) as fast as they are taken", min=0),
    ] = None,
    start: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="With --into: the first day (UTC). Default: the last is yesterday"),
    ] = None,
) -> None:
    """Write a facility that never was: scores second by second, every episode labelled, and how it was made.

    Residents differ in temperament, daily rhythm, habits, how their faces show what they feel, and how often they are
    in view. Episodes (rapid escalation, slow build-up, withdrawal, fall, distress voice, sleep disturbance) excite
    themselves, and have a prodrome, an onset, a peak and an end. Meals, visitors, care, play, stimming, coughs and
    television look like trouble and are none. Every number and its source: `services/simulator/parameters.py`.

    In the folder: `scores/residentNNN-dayNNN.parquet` (second, persons in view, one column per channel, NaN for
    absence), `labels.parquet`, `ordinary.parquet`, `cues.parquet`, and `facility.json` with seed and parameters.

    * `attune simulate --residents 3 --days 1 --out var/small` takes seconds;
    * `attune evaluate var/small` judges the engine on it;
    With `--into` an edge agent of its own, `simulated-SEED`, tells the same samples to a running threshold service,
    with spool, epoch and acknowledgements as any agent: Ctrl-C, and the same command goes on where it was. Nothing is
    told that lies in the future: `--start` of today or some days ago catches up at --speed and then lives on with the
    clock. What opened longer ago than alerting's `tier1_late_s` reaches the page as missed while offline, and rings
    nowhere. `ATTUNE_EDGE_TOKEN` is shown to the service; its residents stay in the ledger, so give it one of its own.
    Eight MB of memory per resident.

    * `attune simulate --into 127.0.0.1:7081 --residents 30 --days 3` is three days, as fast as the service can;
    * `attune simulate --into 127.0.0.1:7081 --speed 60` is an hour of everybody in a minute;
    * `attune score var/small/scores/resident000-day000.parquet --time second --out scored.parquet` scores one day.
    """
    options: list[object] = [
        "--residents", residents, "--days", days, "--seed", seed, "--episodes-per-day", episodes_per_day,
        "--benign", benign, "--atypical", atypical,
    ]  # fmt: skip
    if into is None:
        if speed is not None or start is not None:
            raise typer.BadParameter("--speed and --start are for --into: files have no pace and no date")
        raise typer.Exit(_run("threshold_service.simulated", [*options, "--out", out or Path("var/facility")]))
    if out is not None:
        raise typer.BadParameter("--out and --into: expected one of them")
    options += ["--into", into, "--speed", speed or 0.0]
    if start is not None:
        options += ["--start", start.date().isoformat()]
    raise typer.Exit(_run("edge_agent.facility", options))


def _run(module: str, options: list[object]) -> int:
    """The exit status of a process that may end in its own way after Ctrl-C, which it hears as we do."""
    with subprocess.Popen([sys.executable, "-m", module, *map(str, options)]) as process:
        signal.signal(signal.SIGINT, lambda number, frame: None)
        return process.wait()
