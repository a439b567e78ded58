"""`python -m threshold_service.score FILE --time COLUMN ...`: what Attune would have said of recorded data."""

import argparse
import math
import re
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from services.runtime.settings import SettingError
from threshold_service.policy import read_policy
from threshold_service.recording import Recording, RecordingUnreadable, read_recording
from threshold_service.scoring import MOST_PER_ROW, Allowed, Scored, Series, score

MOST_SHOWN = 12
"""Series that the summary lists."""


class Unfit(ValueError):
    """An argument that cannot be meant; says what was expected."""


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 scored, 2 something about the file or the arguments has to change first."""
    given = _arguments().parse_args(arguments)
    try:
        allowed = budget(given.budget)
        policy = read_policy(given.policy)
        out = _target(given.out)
        recording = read_recording(given.file, given.time, given.resident, tuple(given.column))
    except (Unfit, SettingError, RecordingUnreadable) as error:
        print(f"attune score: {error}", file=sys.stderr)  # noqa: T201
        return 2
    console = Console(stderr=True)
    with _progress(console) as progress:
        task = progress.add_task("scoring", total=int(np.isfinite(recording.times).sum()))
        scored, found = score(recording, allowed, policy, lambda rows: progress.advance(task, rows))
    _write(recording, scored, out)
    _summary(Console(width=None if sys.stdout.isatty() else 120), recording, scored, found, allowed)
    print(f"written: {out}")  # noqa: T201
    if given.plot:
        from threshold_service.score_plot import draw

        print(f"plotted: {draw(recording, scored, found, given.plot)} in {given.plot}")  # noqa: T201
    print(_next_step(given.plot is not None, given.resident, found, scored))  # noqa: T201
    return 0


def budget(text: str) -> Allowed:
    """What `--budget` says.

    Raises:
        Unfit: it is neither N/week nor N/1000rows.

    >>> budget("0.1/1000rows")
    Allowed(number=0.1, per_week=False)
    """
    found = re.fullmatch(r"\s*([0-9.eE+-]+)\s*/\s*(week|1000\s*rows)\s*", text)
    try:
        number = float(found.group(1)) if found else math.nan
    except ValueError:
        number = math.nan
    if not found or not 0.0 < number < 1e6:
        raise Unfit(f"--budget {text!r}: expected events per time or rows, such as 7/week or 0.1/1000rows")
    return Allowed(number, found.group(2) == "week")


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="attune score", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--time", required=True)
    parser.add_argument("--resident")
    parser.add_argument("--column", action="append", default=[])
    parser.add_argument("--budget", default="7/week")
    parser.add_argument("--policy", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--plot", type=Path)
    return parser


def _target(out: Path) -> Path:
    if out.suffix.lower() not in (".parquet", ".pq", ".csv"):
        raise Unfit(f"--out {out.name!r}: expected a name that ends in .parquet or .csv")
    if not out.absolute().parent.is_dir():
        raise Unfit(f"--out: there is no folder {out.absolute().parent}")
    return out


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("rows"))
    return Progress(*columns, TimeRemainingColumn(), console=console, transient=True)


def _write(recording: Recording, scored: Scored, out: Path) -> None:
    """The file's own columns and four more; the file appears whole or not at all."""
    table = recording.table.append_column("score", pa.array(scored.score))
    table = table.append_column("tier", pa.array(scored.tier))
    table = table.append_column("event", pa.array(scored.event.tolist(), pa.string()))
    table = table.append_column("top", pa.array(scored.top.tolist(), pa.string()))
    part = out.with_name(out.name + ".part")
    if out.suffix.lower() == ".csv":
        pyarrow.csv.write_csv(table, part)
    else:
        pyarrow.parquet.write_table(table, part)
    part.replace(out)


def _summary(
    console: Console, recording: Recording, scored: Scored, found: tuple[Series, ...], allowed: Allowed
) -> None:
    columns = "1 column" if len(recording.channels) == 1 else f"{len(recording.channels)} columns"
    table = Table(title=f"{len(recording.times):,} rows, {columns} watched", highlight=False)
    for heading in ("resident", "rows", "every", "learning", "tier 1", "tier 2", "allowed"):
        table.add_column(heading, justify="left" if heading == "resident" else "right", no_wrap=True)
    table.add_column("highest score")
    for one in found[:MOST_SHOWN]:
        table.add_row(*_line(one, recording, scored, allowed))
    console.print(table)
    notes = list(recording.notes)
    if len(found) > MOST_SHOWN:
        notes.append(f"{len(found) - MOST_SHOWN} more residents are in the file that was written")
    if timeless := int((~np.isfinite(recording.times)).sum()):
        notes.append(f"{timeless} rows have no readable time: score 0, not judged")
    if empty := int((~np.isfinite(recording.values).any(axis=1)).sum()):
        notes.append(f"{empty} rows have no value at all: score 0")
    if repeated := sum(one.repeated for one in found):
        notes.append(f"{repeated} rows repeat the time of another: judged one after the other, in the file's order")
    if any((np.diff(one.rows) < 0).any() for one in found):
        notes.append("rows were not in the order of their times: they are judged in it, and written as they were")
    if any(allowed.per_row(one.interval_s) == MOST_PER_ROW for one in found):
        notes.append(
            "--budget allows more than one event in 50 rows: that many are allowed; N/1000rows says it by rows"
        )
    if still := _still(recording, found):
        notes.append(f"never changes (it speaks as soon as it does): {still}")
    for note in notes:
        console.print(f"  - {note}", highlight=False, markup=False)


def _line(one: Series, recording: Recording, scored: Scored, allowed: Allowed) -> tuple[str, ...]:
    after = max(len(one.rows) - one.learning, 0)
    expected = allowed.per_row(one.interval_s) * after
    best = int(one.rows[np.argmax(scored.score[one.rows])])
    said = "nothing is learned yet: too few rows"
    if after:
        when = str(np.datetime64(int(recording.times[best]), "s")).replace("T", " ")
        said = f"{scored.score[best]:.3f} at {when} UTC ({scored.top[best] or 'none'})"
    tiers = _highest(scored, one.rows)
    return (
        one.resident or "(all)", f"{len(one.rows):,}", _span(one.interval_s), f"{one.learning} rows",
        str(tiers.count(1)), str(tiers.count(2)), f"{expected:.1f}", said,
    )  # fmt: skip


def _highest(scored: Scored, rows: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> list[int]:
    """The highest tier of each event in `rows`."""
    highest: dict[str, int] = {}
    for row in rows[scored.tier[rows] > 0].tolist():
        event, tier = str(scored.event[row]), int(scored.tier[row])
        highest[event] = min(highest.get(event, tier), tier)
    return list(highest.values())


def _still(recording: Recording, found: tuple[Series, ...]) -> str:
    still = []
    for column, name in enumerate(recording.channels):
        spans = [recording.values[one.rows, column] for one in found]
        if all(np.nanmin(span) == np.nanmax(span) for span in spans if np.isfinite(span).any()):
            still.append(name)
    return ", ".join(still)


def _span(seconds: float) -> str:
    if seconds < 120.0:
        return f"{seconds:.3g} s"
    return f"{seconds / 60.0:.3g} min" if seconds < 7200.0 else f"{seconds / 3600.0:.3g} h"


def _next_step(plotted: bool, resident: str | None, found: tuple[Series, ...], scored: Scored) -> str:
    if not any(len(one.rows) > one.learning for one in found):
        return "next: nothing could be told: give a longer recording (learning takes 10 % of it, at least 100 rows)"
    if not plotted:
        return "next: add --plot scores.png to see it"
    if not (scored.tier > 0).any():
        return "next: nothing was told at this budget; a larger one, such as --budget 28/week, shows milder things"
    if resident is None:
        return "next: if the file holds several people or machines, name the column that tells them apart: --resident"
    return "next: too many or too few? Change --budget; what it allows is in the column 'allowed'"


if __name__ == "__main__":
    sys.exit(main())
