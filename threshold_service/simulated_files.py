"""A facility's scores, labels and parameters as a folder of Parquet files, written and read back."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from services.evaluation.nouns import Label
from services.evaluation.recording import DAY_S, DayBlock
from services.simulator.facility import Facility
from services.vocabulary import Cue, CueName, Mode, Resident

FORMAT = "attune.facility/2"
_ABOUT, _LABELS, _ORDINARY, _CUES = "facility.json", "labels.parquet", "ordinary.parquet", "cues.parquet"

_OF_CUE = ("probability", "offset_s", "loudness_dbfs", "duration_s", "uncertainty", "conflict")


class FolderUnreadable(ValueError):
    """A folder that holds no facility of this format."""


def write(facility: Facility, folder: Path, told: Callable[[int], None]) -> None:
    """Write a simulated facility: one file of scores per resident-day (32-bit, NaN for absence), labels, what else went
    on, cues, and everything it was made from. `told` hears of resident-days as they are done."""
    (folder / "scores").mkdir(parents=True, exist_ok=True)
    cues: list[tuple[object, ...]] = []
    ordinary: list[tuple[int, str, float, float]] = []
    for resident in range(facility.residents):
        for day in range(facility.days):
            lived = facility.day(resident, day)
            columns = dict(zip(facility.channels, lived.values.T.astype(np.float32), strict=True))
            second = np.arange(day * DAY_S, (day + 1) * DAY_S, dtype=np.int32)
            scores = pa.table({"second": second, "persons": lived.persons.astype(np.int8), **columns})
            pq.write_table(scores, _scores(folder, resident, day), compression="zstd")
            cues += [(resident, day * DAY_S + at, cue.name.value, *(getattr(cue, name) for name in _OF_CUE))
                     for at, cue in lived.cues]  # fmt: skip
            ordinary += [(resident, one.kind.value, day * DAY_S + one.start_s, day * DAY_S + one.end_s)
                         for one in lived.ordinary]  # fmt: skip
            told(1)
    _write_rows(folder / _CUES, ("resident", "second", "cue", *_OF_CUE), cues)
    _write_rows(folder / _ORDINARY, ("resident", "what", "start_s", "end_s"), ordinary)
    labels = [(resident, one.episode.kind.value, one.episode.prodrome_s, one.episode.onset_s, one.episode.peak_s,
               one.episode.end_s, one.strength)
              for resident in range(facility.residents) for one in facility.happenings(resident)]  # fmt: skip
    _write_rows(folder / _LABELS, ("resident", "kind", "prodrome_s", "onset_s", "peak_s", "end_s", "strength"), labels)
    (folder / _ABOUT).write_text(json.dumps(_about(facility), indent=1) + "\n")


class WrittenRecording:
    """A folder as a recording with labels; one day is in memory at a time.

    Raises:
        FolderUnreadable: the folder holds no facility, or one of another format.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            about = json.loads((folder / _ABOUT).read_text())
        except (OSError, json.JSONDecodeError) as error:
            raise FolderUnreadable(f"{folder}: no readable {_ABOUT} ({error}); `attune simulate` writes one") from error
        if about.get("format") != FORMAT:
            raise FolderUnreadable(f"{folder / _ABOUT}: format {about.get('format')!r}, expected {FORMAT!r}")
        self.channels: tuple[str, ...] = tuple(about["channels"])
        self.days: int = int(about["days"])
        self.groups: dict[str, list[int]] = about["groups"]
        self._seats = tuple(
            Resident(one["id"], one["room"], mode=Mode(one["mode"]), consent=one["consent"])
            for one in about["residents"]
        )
        heard = [pq.read_table(folder / _CUES).to_pylist(), pq.read_table(folder / _ORDINARY).to_pylist()]
        self._cues, self._ordinary = heard

    def seats(self) -> tuple[Resident, ...]:
        """The residents."""
        return self._seats

    def labels(self) -> tuple[Label, ...]:
        """The true episodes."""
        columns = ("resident", "kind", "prodrome_s", "onset_s", "peak_s", "end_s")
        rows = pq.read_table(self._folder / _LABELS, columns=list(columns)).to_pylist()
        return tuple(Label(*(row[column] for column in columns)) for row in rows)

    def block(self, day: int) -> DayBlock:
        """One day of all residents."""
        values = np.empty((DAY_S, len(self._seats), len(self.channels)))
        persons = np.empty((DAY_S, len(self._seats)), np.int32)
        for resident in range(len(self._seats)):
            table = pq.read_table(_scores(self._folder, resident, day))
            persons[:, resident] = table.column("persons").to_numpy()
            for place, channel in enumerate(self.channels):
                values[:, resident, place] = table.column(channel).to_numpy()
        begin = day * DAY_S
        today = sorted(
            ((row["second"] - begin, row["resident"], Cue(CueName(row["cue"]), *(row[name] for name in _OF_CUE)))
             for row in self._cues if begin <= row["second"] < begin + DAY_S),
            key=lambda cue: cue[:2],
        )  # fmt: skip
        return DayBlock(float(begin), values, persons, tuple(today))

    def going_on(self, resident: int, second: float) -> list[str]:
        """What ordinary things went on then, or ended within two minutes before."""
        return [
            row["what"] for row in self._ordinary
            if row["resident"] == resident and row["start_s"] - 5 <= second <= row["end_s"] + 120
        ]  # fmt: skip


def groups(facility: Facility) -> dict[str, list[int]]:
    """Residents by how their face shows what they feel, and by mode."""
    found: dict[str, list[int]] = {}
    for resident in range(facility.residents):
        traits = facility.traits(resident)
        found.setdefault(f"expression {traits.person.expression.value}", []).append(resident)
        found.setdefault(f"mode {traits.mode.value}", []).append(resident)
    return dict(sorted(found.items()))


def _scores(folder: Path, resident: int, day: int) -> Path:
    return folder / "scores" / f"resident{resident:03d}-day{day:03d}.parquet"


def _write_rows(file: Path, names: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    pq.write_table(pa.table({name: pa.array(column) for name, column in zip(names, columns, strict=True)}), file)


def _about(facility: Facility) -> dict[str, object]:
    return {
        "format": FORMAT,
        "seed": facility.seed,
        "days": facility.days,
        "channels": facility.channels,
        "residents": [
            {"id": seat.id, "room": seat.room, "mode": seat.mode.value, "consent": seat.consent}
            for seat in facility.seats()
        ],
        "groups": groups(facility),
        "parameters": asdict(facility.parameters),
    }
