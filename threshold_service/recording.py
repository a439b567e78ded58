"""Reads recorded scores from CSV or Parquet: which columns are watched, which row is when, what is left out."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from services.vocabulary import describe
from threshold_service.statistics.arrays import Bools, Floats

WRITTEN = ("score", "tier", "event", "top")
EXAMPLE = "2026-03-01T14:30:00, 2026-03-01 14:30:00+01:00, or Unix seconds such as 1772375400"
_UNITS = ((1e16, 1e9, "nanoseconds"), (1e14, 1e6, "microseconds"), (1e11, 1e3, "milliseconds"))
"""Unix times this large are in that unit: as seconds they would lie beyond the year 5000."""
MOST_UNREADABLE = 0.5
"""Share of rows without a readable time above which the column is taken for a wrong one."""


class RecordingUnreadable(ValueError):
    """A file or column that cannot be scored; says which, and what was expected."""


@dataclass(frozen=True, slots=True)
class Recording:
    """n rows of c watched columns: `times` (n,) Unix seconds, NaN where unreadable; `values` (n, c), NaN is absence;
    `resident` (n,) names whose each row is. `table` is the file as it is; `notes` say what was left out."""

    table: pa.Table
    channels: tuple[str, ...]
    times: Floats
    values: Floats
    resident: NDArray[np.object_]
    notes: tuple[str, ...]


def read_recording(file: Path, time: str, resident: str | None, chosen: tuple[str, ...]) -> Recording:
    """The recording in `file`, with times in column `time` and residents in column `resident` (None: one resident).
    `chosen` names the columns to watch; empty: every numeric one that is judged.

    Raises:
        RecordingUnreadable: no such file or column, no readable time, or nothing to watch.
    """
    table = _table(file)
    for name in (time, *([resident] if resident else []), *chosen):
        if name not in table.column_names:
            raise RecordingUnreadable(f"{file.name} has no column {name!r}: it has {', '.join(table.column_names)}")
    notes: list[str] = []
    table = _without_earlier(table, notes)
    times, unit = _times(table[time], time)
    if unit:
        notes.append(f"column {time!r} was read as {unit} since 1970")
    channels = _watched(table, {time, resident}, chosen, notes)
    values = np.column_stack([_numbers(table[name]) for name in channels])
    infinite = np.isinf(values)
    if infinite.any():
        notes.append(f"{int(infinite.sum())} infinite values were taken as absent")
        values[infinite] = np.nan
    whose = np.full(len(table), "", object)
    if resident:
        whose = np.array(["" if one is None else str(one) for one in table[resident].to_pylist()], object)
    return Recording(table, channels, times, values, whose, tuple(notes))


def _table(file: Path) -> pa.Table:
    try:
        if file.suffix.lower() in (".parquet", ".pq"):
            table = pyarrow.parquet.read_table(file)
        else:
            table = pyarrow.csv.read_csv(file, convert_options=pyarrow.csv.ConvertOptions(strings_can_be_null=True))
    except FileNotFoundError as error:
        raise RecordingUnreadable(f"there is no file {file}") from error
    except (OSError, pa.ArrowException) as error:
        raise RecordingUnreadable(
            f"{file.name} cannot be read: {error}; expected CSV with a header, or Parquet"
        ) from error
    if not len(table):
        raise RecordingUnreadable(f"{file.name} holds no rows")
    if len(set(table.column_names)) < len(table.column_names):
        raise RecordingUnreadable(f"{file.name} has two columns of one name: {', '.join(table.column_names)}")
    return table


def _without_earlier(table: pa.Table, notes: list[str]) -> pa.Table:
    there = [name for name in WRITTEN if name in table.column_names]
    if len(there) == len(WRITTEN):
        notes.append("the columns score, tier, event and top of an earlier run are replaced")
        return table.drop_columns(list(WRITTEN))
    if there:
        raise RecordingUnreadable(
            f"column {there[0]!r} would be overwritten by the result: rename it, e.g. my_{there[0]}"
        )
    return table


def _times(column: pa.ChunkedArray, name: str) -> tuple[Floats, str]:
    """Unix seconds, NaN where unreadable, and the unit that was guessed (empty: none was)."""
    kind, unit = column.type, ""
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        micro = column.cast(pa.timestamp("us", kind.tz if pa.types.is_timestamp(kind) else None))
        times = _numbers(micro.cast(pa.int64())) / 1e6
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
        times, unit = _seconds(_numbers(column))
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
        times, unit = _seconds(np.array([_spoken(text) for text in column.to_pylist()], np.float64))
    else:
        raise RecordingUnreadable(f"time column {name!r} holds {kind}: expected {EXAMPLE}")
    bad = ~(np.abs(times) < 1e11)
    times = np.where(bad, np.nan, times)
    if bad.mean() > MOST_UNREADABLE:
        first = column[int(np.flatnonzero(bad)[0])].as_py()
        raise RecordingUnreadable(
            f"time column {name!r}: {int(bad.sum())} of {len(bad)} rows hold no time, the first is {first!r}: "
            f"expected {EXAMPLE}"
        )
    return times, unit


def _seconds(numbers: Floats) -> tuple[Floats, str]:
    finite = np.abs(numbers[np.isfinite(numbers)])
    middle = float(np.median(finite)) if len(finite) else 0.0
    for least, divisor, unit in _UNITS:
        if middle >= least:
            return numbers / divisor, unit
    return numbers, ""


def _spoken(text: str | None) -> float:
    """The Unix seconds of a text; NaN where it tells no time. Without a zone it is taken as UTC."""
    try:
        return float(text or "nan")
    except ValueError:
        pass
    try:
        time = datetime.fromisoformat(str(text).strip())
    except ValueError:
        return float("nan")
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _watched(table: pa.Table, apart: set[str | None], chosen: tuple[str, ...], notes: list[str]) -> tuple[str, ...]:
    candidates = [name for name in (chosen or table.column_names) if name not in apart]
    numeric = [name for name in candidates if _is_number(table.schema.field(name).type)]
    if text := [name for name in candidates if name not in numeric]:
        if chosen:
            raise RecordingUnreadable(f"column {text[0]!r} holds {table.schema.field(text[0]).type}: expected numbers")
        notes.append(f"not numeric, not watched: {', '.join(text)}")
    context = [name for name in numeric if not describe(name).judged]
    if context and not chosen:
        notes.append(f"context by its name, not watched: {', '.join(context)}")
        numeric = [name for name in numeric if name not in context]
    empty = [name for name in numeric if not np.isfinite(_numbers(table[name])).any()]
    if empty:
        notes.append(f"without any value, not watched: {', '.join(empty)}")
    watched = tuple(name for name in numeric if name not in empty)
    if not watched:
        raise RecordingUnreadable(
            f"nothing to watch: expected at least one numeric column beside {', '.join(str(a) for a in apart if a)}"
        )
    return watched


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
        or pa.types.is_null(kind)
        or pa.types.is_decimal(kind)
    )  # fmt: skip


def _numbers(column: pa.ChunkedArray) -> Floats:
    filled = pc.fill_null(column.cast(pa.float64(), safe=False), np.nan)
    numbers: Floats = filled.to_numpy().astype(np.float64)
    return numbers


def readable(times: Floats) -> Bools:
    """Which rows have a time."""
    return np.isfinite(times)
