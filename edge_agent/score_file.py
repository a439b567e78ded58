"""Writes scores as a table: Parquet with one row group per recording, or CSV."""

import csv
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from edge_agent.scoring import Scores
from services.vocabulary import CueName
from services.vocabulary.time import UnixSeconds

CUES = tuple(name.channel for name in CueName if name is not CueName.FALL)
"""What is heard; a fall is among the channels."""
VOCALISATION = ("loudness_dbfs", "duration_s", "uncertainty", "conflict")
AFTER = ("persons", "quality.any", "gaps")
SOURCE = "affect.source"
_WORDS = ("resident", "gaps", SOURCE)


class Unwritable(ValueError):
    """A name that cannot be written to; says what was expected."""


class ScoreFile(Protocol):
    """Takes the rows of one recording after another."""

    def write(self, resident: str, times: Sequence[UnixSeconds], scores: Sequence[Scores]) -> None:
        """Add rows: `scores` at `times`, all of `resident`."""


def columns(channels: Sequence[str], affect_source: str = "") -> tuple[str, ...]:
    """The names of a table's columns: time, resident, `channels`, every cue, and what helps to judge a row."""
    return (
        "time",
        "resident",
        *channels,
        *CUES,
        *(f"vocalisation.{what}" for what in VOCALISATION),
        *AFTER,
        *((SOURCE,) if affect_source else ()),
    )


@contextmanager
def score_file(out: Path, channels: Sequence[str], affect_source: str = "") -> Iterator[ScoreFile]:
    """A table that appears at `out` when the block ends well, or ends by Ctrl-C, and not at all where it fails.

    Raises:
        Unwritable: `out` has another ending than .parquet or .csv, no folder, or Parquet cannot be written here.
    """
    part = out.with_name(out.name + ".part")
    kind = _kind(out)
    try:
        file = kind(part, columns(channels, affect_source), affect_source)
        try:
            yield file
        finally:
            file.close()
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _kind(out: Path) -> "type[_Parquet] | type[_Csv]":
    if out.suffix.lower() not in (".parquet", ".pq", ".csv"):
        raise Unwritable(f"--out {out.name!r}: expected a name that ends in .parquet or .csv")
    if not out.absolute().parent.is_dir():
        raise Unwritable(f"--out: there is no folder {out.absolute().parent}")
    if out.suffix.lower() == ".csv":
        return _Csv
    try:
        import pyarrow.parquet  # noqa: F401 - an edge image has none
    except ImportError as error:
        raise Unwritable(f"--out {out.name!r}: Parquet needs pyarrow, which is not installed here; give a name that "
                         "ends in .csv, or `pip install pyarrow`") from error  # fmt: skip
    return _Parquet


class _Parquet:
    def __init__(self, path: Path, names: tuple[str, ...], affect_source: str) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._affect_source = affect_source
        whole = {"time": pa.float64(), "persons": pa.int16(), **dict.fromkeys(_WORDS, pa.string())}
        self._schema = pa.schema([(name, whole.get(name, pa.float32())) for name in names])
        self._writer = pq.ParquetWriter(path, self._schema)

    def write(self, resident: str, times: Sequence[UnixSeconds], scores: Sequence[Scores]) -> None:
        import pyarrow as pa

        rows = [_row(resident, one, score, self._affect_source) for one, score in zip(times, scores, strict=True)]
        if rows:
            cells = dict(zip(self._schema.names, map(list, zip(*rows, strict=True)), strict=True))
            self._writer.write_table(pa.table(cells, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


class _Csv:
    def __init__(self, path: Path, names: tuple[str, ...], affect_source: str) -> None:
        self._affect_source = affect_source
        self._file = path.open("w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file)
        self._writer.writerow(names)

    def write(self, resident: str, times: Sequence[UnixSeconds], scores: Sequence[Scores]) -> None:
        for time, score in zip(times, scores, strict=True):
            row = _row(resident, time, score, self._affect_source)
            self._writer.writerow("" if isinstance(cell, float) and math.isnan(cell) else cell for cell in row)

    def close(self) -> None:
        self._file.close()


def _row(resident: str, time: UnixSeconds, scores: Scores, affect_source: str) -> list[Any]:
    heard = {cue.name.channel: cue.probability for cue in scores.cues}
    persons = scores.persons if scores.persons >= 0 else None
    gaps = " ".join(f"{gap.sense.value}:{gap.reason.value}" for gap in scores.gaps)
    cues = [heard.get(name, math.nan) for name in CUES]
    voice = next((cue for cue in scores.cues if cue.name is CueName.VOCALISATION_UNRESOLVED), None)
    vocalisation = [getattr(voice, what, None) for what in VOCALISATION]
    return [
        time,
        resident,
        *scores.values,
        *cues,
        *(math.nan if number is None else number for number in vocalisation),
        persons,
        scores.quality,
        gaps,
        *([affect_source] if affect_source else []),
    ]
