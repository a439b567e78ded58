"""`attune evaluate`: how well the engine notices, on a facility that never was or on labelled scores."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer


def command(
    recording: Annotated[
        Path | None,
        typer.Argument(
            help="A folder with scores and labels, as `attune simulate` writes it. Without one, a facility is simulated"
        ),
    ] = None,
    residents: Annotated[int, typer.Option(help="Residents of the simulated facility", min=1)] = 10,
    days: Annotated[int, typer.Option(help="Days to watch them. The first hours are spent learning", min=1)] = 5,
    seed: Annotated[
        int,
        typer.Option(
            help="Which facility. Tune on 0 to 99; judge what you tuned on 1000 and above, where nobody has looked",
            min=0,
        ),
    ] = 0,
    policy: Annotated[
        Path | None,
        typer.Option(help="TOML file with the policy to try: budget, timing, weights. Default: the shipped"),
    ] = None,
    beside: Annotated[
        str | None,
        typer.Option(
            help="Another policy on the same recording: a TOML file, or `shipped`. Episodes found and false alarms of "
            "both are compared one by one"
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for evaluation.json and the page evaluation.html")] = Path(
        "var/evaluation"
    ),
    oracle: Annotated[
        bool, typer.Option(help="Stand an oracle beside the engine that knows how the facility was made")
    ] = True,
) -> None:
    """Judge the engine against the truth, beside an oracle, the literal rules and chance.

    Every resident-day is shown once, second by second, to the engine that would run in production. An alarm is the
    first notification of one event at its highest tier; it is true if it came between the beginning of an episode's
    prodrome and two minutes after its end. Recall counts episodes that could be observed: face or body seen for 60 % of
    the time from five minutes before the onset to the peak. Intervals hold 95 %, drawn over persons.

    Ten residents over five days take some minutes; the progress bar counts resident-days.

    * `attune evaluate --residents 4 --days 2` looks quickly whether all is well;
    * `attune evaluate --seed 1000 --residents 30 --days 14` is the benchmark's facility;
    * `attune evaluate --policy mine.toml --beside shipped` is an experiment: what your policy finds and whom it
      disturbs against the shipped one, with intervals, and whether that is more than chance;
    * `attune evaluate var/facility` judges scores that were written down with labels.
    """
    options = ["--residents", residents, "--days", days, "--seed", seed, "--out", out]
    if policy is not None:
        options += ["--policy", policy]
    if beside is not None:
        options += ["--beside", beside]
    if not oracle:
        options.append("--no-oracle")
    if recording is not None:
        options.append(recording)
    done = subprocess.run([sys.executable, "-m", "threshold_service.evaluated", *map(str, options)], check=False)
    raise typer.Exit(done.returncode)
