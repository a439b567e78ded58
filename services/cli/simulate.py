"""`attune simulate`: a facility that never was, as files with the truth beside the scores."""

import subprocess
import sys
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
    out: Annotated[Path, typer.Option(help="A new or empty folder")] = Path("var/facility"),
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
    * `attune score var/small/scores/resident000-day000.parquet --time second --out scored.parquet` scores one day.
    """
    options = [
        "--residents", residents, "--days", days, "--seed", seed, "--episodes-per-day", episodes_per_day,
        "--benign", benign, "--atypical", atypical, "--out", out,
    ]  # fmt: skip
    done = subprocess.run([sys.executable, "-m", "threshold_service.simulated", *map(str, options)], check=False)
    raise typer.Exit(done.returncode)
