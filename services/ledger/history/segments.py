"""Hourly Parquet segments of score history, one file per resident and hour."""

import os
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from services.ledger.history.rows import HOUR_S, HistoryWindow

FORMAT = "1"
_WIDE = ("values", "usual", "spread")


class SegmentDamaged(ValueError):
    """A segment that cannot be read; the message names the file and what to do."""


def segment_path(folder: Path, resident: str, hour: int) -> Path:
    """`<folder>/<resident>/<YYYY>/<MM>/<DD>/<HH>.parquet` in UTC; the resident's id is made safe for a file name.

    >>> segment_path(Path("h"), "../r 1", 0).as_posix()
    'h/%2E.%2Fr%201/1970/01/01/00.parquet'
    """
    return _resident_folder(folder, resident) / f"{datetime.fromtimestamp(hour * HOUR_S, UTC):%Y/%m/%d/%H}.parquet"


def write_segment(path: Path, rows: HistoryWindow) -> None:
    """Write a segment so that a reader sees the old one or the new one whole, also after a power cut."""
    columns = {"time": rows.time, "score": rows.score, "tier": rows.tier}
    for name in _WIDE:
        columns |= {f"{name}/{channel}": getattr(rows, name)[:, i] for i, channel in enumerate(rows.channels)}
    table = pa.table({name: pa.array(column) for name, column in columns.items()})
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        pq.write_table(table.replace_schema_metadata({"attune": FORMAT}), file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    _sync_folder(path.parent)


def read_segment(path: Path, only: Collection[str] | None = None) -> HistoryWindow | None:
    """A segment, or of its channels `only` these; None where there is no file.

    Raises:
        SegmentDamaged: the file is no Parquet of ours.
    """
    try:
        with pq.ParquetFile(path) as file:
            held = [name.partition("/")[2] for name in file.schema_arrow.names if name.startswith("values/")]
            channels = tuple(name for name in held if only is None or name in only)
            wide = [f"{name}/{channel}" for name in _WIDE for channel in channels]
            table = file.read(columns=["time", "score", "tier", *wide])
        values, usual, spread = (_stacked(table, name, channels) for name in _WIDE)
        time, score, tier = (table.column(name).to_numpy() for name in ("time", "score", "tier"))
    except FileNotFoundError:
        return None
    except (pa.ArrowException, KeyError) as error:
        raise SegmentDamaged(f"history segment {path.name} in {path.parent} cannot be read ({error}): restore it from "
                             "a backup or remove it") from error  # fmt: skip
    return HistoryWindow(channels, time, values, usual, spread, score, tier)


def segments_before(folder: Path, hour: int) -> Iterator[tuple[str, int, Path]]:
    """Every segment of an hour before `hour`: (resident, hour, file)."""
    for home in sorted(folder.iterdir()) if folder.is_dir() else ():
        for day in sorted(home.glob("*/*/*")):
            if _hour_of(day / "00.parquet") < hour:
                for path in sorted(day.glob("*.parquet")):
                    if (found := _hour_of(path)) < hour:
                        yield unquote(home.name), found, path


def remove_segment(path: Path) -> None:
    """Remove a segment and the folders that are empty without it, up to the resident's."""
    path.unlink(missing_ok=True)
    for parent in list(path.parents)[:4]:
        if next(parent.iterdir(), None) is not None:
            return
        parent.rmdir()


def _resident_folder(folder: Path, resident: str) -> Path:
    safe = quote(resident, safe="")
    return folder / (safe.replace(".", "%2E", 1) if safe.startswith(".") else safe)


def _hour_of(path: Path) -> int:
    year, month, day, hour = (*path.parts[-4:-1], path.stem)
    return int(datetime(int(year), int(month), int(day), int(hour), tzinfo=UTC).timestamp()) // HOUR_S


def _stacked(table: pa.Table, name: str, channels: tuple[str, ...]) -> np.ndarray:
    columns = [table.column(f"{name}/{channel}").to_numpy() for channel in channels]
    return np.stack(columns, axis=1) if columns else np.empty((table.num_rows, 0), np.float32)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
