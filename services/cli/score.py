"""`attune score`: tries Attune on recorded data; the work is done by the threshold service's own code, as a process."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer


def command(
    file: Annotated[Path, typer.Argument(help="CSV with a header, or Parquet.")],
    time: Annotated[
        str, typer.Option(help="Column with the time: ISO text, datetimes, or Unix seconds (or ms, us, ns).")
    ],
    out: Annotated[Path, typer.Option(help="Where to write: .parquet or .csv.")],
    resident: Annotated[
        str | None, typer.Option(help="Column that tells several people (or machines) apart; each is learned alone.")
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="Watch only this column; may be given several times. Default: all numbers.")
    ] = None,
    budget: Annotated[
        str, typer.Option(help="Events per series that ordinary days may bring: N/week or N/1000rows.")
    ] = "7/week",
    policy: Annotated[Path | None, typer.Option(help="Policy file of a deployment: its timing is used.")] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Also draw the series with the most to tell, e.g. scores.png.")
    ] = None,
) -> None:
    """Score recorded data: what would Attune have said, row by row?

    Every row is judged by the rows before it alone, as it would have been live. The file written has the columns of
    the one read and four more:

    * **score**: 0 to 1, larger is stranger; comparable between series. 0 while learning (the first 10 % of a series,
      at least 100 and at most 750 rows) and where a row has no time or no value.
    * **tier** of the open event: 1 act at once, 2 look soon, 0 nothing is open.
    * **event**: its id, or empty.
    * **top**: the column that speaks loudest.

    Columns with names that Attune knows (`emotion.fear`, `audio.loudness`, ...) are watched in the direction that is
    worse; every other numeric column is watched both ways. Text columns are left out, and named.

    Example: `attune score ward.csv --time timestamp --resident room --budget 7/week --out scored.parquet --plot p.png`
    """
    arguments = [f"--time={time}", f"--out={out}", f"--budget={budget}"]
    for name, value in (("resident", resident), ("policy", policy), ("plot", plot)):
        arguments += [f"--{name}={value}"] if value is not None else []
    arguments += [f"--column={one}" for one in column or []]
    done = subprocess.run([sys.executable, "-m", "threshold_service.score", *arguments, "--", str(file)], check=False)
    raise typer.Exit(done.returncode)
