"""What an edge agent's senses said of a film, in words: from the table of `attune edge record-scores`."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from services.vocabulary.channel import EMOTIONS
from services.vocabulary.time import Seconds
from training.corpus.assets import digest_of
from training.corpus.errors import RecipeInvalid
from training.corpus.items import Shown
from vlm_service.dialogue.names import channel_label
from vlm_service.dialogue.numbers import level

INTRODUCTION = 'Measured in the film, oldest first; "not seen" means missing, never zero.'
MOST_VALUES = 8
"""Of a channel: each second of a film, or the means of so many equal parts of a longer one. Source: guess."""
MOST_EMOTIONS, SHOWN_FROM = 4, 0.10
"""The emotions that were largest on average, if that was at least so much (as the live report has it)."""
HEARD_FROM = 0.3
"""Probability from which a sound is told of. Source: guess."""
AUDIO = ("audio.loudness", "audio.vocal_energy", "audio.speech", "audio.pitch", "audio.brightness")
HERTZ = ("audio.pitch", "audio.brightness")
BODY = ("motion.ratio", "motion.erratic", "pose.wrist_speed", "pose.restlessness", "pose.rocking", "pose.self_contact",
        "face.pain")  # fmt: skip
_CUE = "audio.cue."
_HOW = "attune edge record-scores FOLDER --mode affect --out FILE"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FilmScores:
    """Seconds of films by the name of each, which ends as its path does: times (n,) at the end of each second, and a
    value of every channel (n,), NaN where nothing was seen."""

    file: Path
    films: dict[str, dict[str, Floats]]

    @classmethod
    def read(cls, file: Path) -> Self:
        """From a .parquet or .csv file.

        Raises:
            RecipeInvalid: there is none, or it has no times and names; says which command makes one.
        """
        try:
            table = pc.read_csv(file) if file.suffix.lower() == ".csv" else pq.read_table(file)
            names = table.column("resident").to_pylist()
            columns = {
                name: _floats(table.column(name)) for name in table.column_names if name == "time" or "." in name
            }
        except (OSError, pa.ArrowInvalid, KeyError) as error:
            raise RecipeInvalid(f"{file}: no scores ({error}); `{_HOW}` writes them, with the models that `attune "
                                "assets pull` brings") from error  # fmt: skip
        rows: dict[str, list[int]] = {}
        for row, name in enumerate(names):
            rows.setdefault(str(name), []).append(row)
        return cls(file, {name: {of: one[those] for of, one in columns.items()} for name, those in rows.items()})

    @property
    def digest(self) -> str:
        """Of the file: another table, another corpus."""
        return digest_of(self.file)

    def text(self, shown: Shown) -> str:
        """The lines about a film, or the part of it that is shown; empty where there are no scores of it."""
        parts = shown.file.parts
        names = ("/".join(parts[k:]) for k in range(len(parts)))
        film = next((self.films[name] for name in names if name in self.films), None)
        if film is None:
            return ""
        end_s = math.inf if shown.end_s is None else shown.end_s + 0.5
        seconds = (film["time"] > shown.start_s) & (film["time"] <= end_s)
        if not seconds.any():
            return ""
        seen = {name: values[seconds] for name, values in film.items()}
        groups = (("Expression", _expression(seen)), ("Audio", AUDIO), ("Body", BODY))
        lines = [f"{name}: {said}" for name, channels in groups if (said := _said(seen, channels))]
        return "\n".join([INTRODUCTION, *lines, f"Sounds: {_heard(seen, shown.start_s)}", ""])


def _expression(seen: dict[str, Floats]) -> tuple[str, ...]:
    means = {name: _mean(seen[name]) for one in EMOTIONS if (name := f"emotion.{one}") in seen}
    shown = sorted((name for name, mean in means.items() if mean >= SHOWN_FROM), key=lambda name: -means[name])
    return (*shown[:MOST_EMOTIONS], "affect.valence", "affect.arousal")


def _said(seen: dict[str, Floats], channels: tuple[str, ...]) -> str:
    there = [name for name in channels if name in seen and np.isfinite(seen[name]).any()]
    return ", ".join(f"{channel_label(name)} {' -> '.join(_level(one, name) for one in _parts(seen[name]))}"
                     for name in there)  # fmt: skip


def _heard(seen: dict[str, Floats], start_s: Seconds) -> str:
    """Each sound once, in order: how sure it was at most, and in which seconds."""
    found = []
    for name, values in seen.items():
        if name.startswith(_CUE) and (times := seen["time"][values >= HEARD_FROM] - start_s).size:
            until = f" to +{times[-1]:.0f}s" if times[-1] > times[0] else ""
            said = f"{channel_label(name.removeprefix(_CUE))} {level(float(np.nanmax(values)))}"
            found.append((float(times[0]), f"{said} at +{times[0]:.0f}s{until}"))
    return ", ".join(said for _, said in sorted(found)) or "no events"


def _level(value: float, channel: str) -> str:
    return f"{value:.0f} Hz" if channel in HERTZ and math.isfinite(value) else level(value, channel)


def _parts(values: Floats) -> list[float]:
    return [_mean(part) for part in np.array_split(values, min(MOST_VALUES, len(values)))]


def _mean(values: Floats) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else math.nan


def _floats(column: Any) -> Floats:
    """Numbers; a column of words is of nothing that is told here."""
    try:
        return np.asarray(column.cast(pa.float64()).to_numpy(), np.float64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return np.full(len(column), np.nan)
