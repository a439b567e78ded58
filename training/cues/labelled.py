"""Reads which sound is what: a folder per label, or a table of stretches of recordings."""

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edge_agent.preprocess.sounds import CLASSES
from services.vocabulary.time import Seconds

NOTHING = "none"
"""The label of sounds that hold no cue."""
LABELS = (*(cue.value for cue in CLASSES), NOTHING)
INNER_STATES = frozenset({"agitation", "anger", "anxiety", "distress", "fear", "joy", "panic", "pleasure", "sadness"})
"""Words under which sounds are filed elsewhere and by which no cue is called, in either mode: what agitation sounds
like is told as what it is (shouting, crying, whimpering, groaning), as loudness, vocal energy and erratic movement."""
SOUNDS = frozenset({".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac", ".aiff", ".mp4", ".mkv"})
_COLUMNS = frozenset({"file", "label", "start", "end", "recording", "licence"})
_NOTES = ("licen", "copyright", "credit", "attribution")


class Unusable(ValueError):
    """Labelled sounds that nothing can be learned from; says what was wrong and what was expected."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One stretch of sound (the whole file where `end_s` is None) and what it is. Stretches of one `recording` are
    never learned from and tried on at once."""

    file: Path
    label: str
    recording: str
    start_s: Seconds = 0.0
    end_s: Seconds | None = None
    licence: str = ""


def labelled(place: Path) -> list[Labelled]:
    """The labelled sounds of a folder (`LABEL/file.wav`, or `LABEL/RECORDING/file.wav` where several files come from
    one recording) or of a CSV file with the columns file, label and, where wanted, start, end (seconds), recording,
    licence; its paths count from where it lies.

    Raises:
        Unusable: nothing there, a label that is no cue, an empty label, or a label with one recording only.
    """
    if place.is_dir():
        found = _of_folder(place)
    elif place.is_file() and place.suffix.lower() == ".csv":
        found = _of_table(place)
    else:
        raise Unusable(f"{place}: expected a folder with a folder for each label, or a CSV file")
    recheck(found, place)
    return found


def licence_notes(place: Path) -> list[str]:
    """The files beside the sounds that tell their terms, by their path."""
    folder = place if place.is_dir() else place.parent
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return [file.relative_to(folder).as_posix() for file in files if file.name.lower().startswith(_NOTES)]


def _of_folder(place: Path) -> list[Labelled]:
    folders = [folder for folder in sorted(place.iterdir()) if folder.is_dir() and not folder.name.startswith(".")]
    if not folders:
        raise Unusable(f"{place}: no folder in it; expected one for each label, named {', '.join(LABELS)}")
    found = []
    for folder in folders:
        files = [file for file in sorted(folder.rglob("*")) if file.suffix.lower() in SOUNDS]
        if not files:
            known = ", ".join(sorted(suffix[1:] for suffix in SOUNDS))
            raise Unusable(f"label {folder.name!r}: {folder} holds no sound ({known}); add some or remove the folder")
        for file in files:
            inside = file.relative_to(folder)
            recording = inside.parts[0] if len(inside.parts) > 1 else inside.name
            found.append(Labelled(file, folder.name, recording))
    return found


def _of_table(place: Path) -> list[Labelled]:
    with place.open(newline="", encoding="utf-8-sig") as table:
        rows = csv.DictReader(table)
        names = set(rows.fieldnames or ())
        if not {"file", "label"} <= names <= _COLUMNS:
            raise Unusable(f"{place}: columns {', '.join(sorted(names)) or 'none'}; expected file and label, and any "
                           "of start, end, recording, licence")  # fmt: skip
        return [_row(place, line, row) for line, row in enumerate(rows, start=2)]


def _row(place: Path, line: int, row: Mapping[str, str | None]) -> Labelled:
    cells = {name: (text or "").strip() for name, text in row.items()}
    file = place.parent / cells["file"]
    if not cells["file"] or not file.is_file():
        raise Unusable(f"{place}, line {line}: no file {cells['file']!r}; paths count from {place.parent}")
    start_s, end_s = (_seconds(place, line, name, cells.get(name, "")) for name in ("start", "end"))
    if end_s is not None and end_s <= (start_s or 0.0):
        raise Unusable(f"{place}, line {line}: end {end_s:g} is not after start {start_s or 0.0:g}")
    recording = cells.get("recording") or cells["file"]
    return Labelled(file, cells["label"], recording, start_s or 0.0, end_s, cells.get("licence", ""))


def _seconds(place: Path, line: int, name: str, text: str) -> Seconds | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0.0):
        raise Unusable(f"{place}, line {line}: {name} = {text!r}: expected seconds, 0 or more")
    return value


def recheck(found: Iterable[Labelled], place: Path) -> None:
    """Whether something can be learned from `found`, e.g. when unreadable sounds were left out.

    Raises:
        Unusable: see `labelled`.
    """
    recordings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in found:
        recordings[one.label][one.recording] += 1
    if judged := sorted(set(recordings) & INNER_STATES):
        raise Unusable(f"{place}: label {judged[0]!r} is a state of mind, which no ear hears; file its sounds by what "
                       f"is heard: {', '.join(LABELS)}")  # fmt: skip
    if unknown := sorted(set(recordings) - set(LABELS)):
        raise Unusable(f"{place}: label {unknown[0]!r} is no cue; expected some of {', '.join(LABELS)}")
    if not set(recordings) - {NOTHING}:
        raise Unusable(f"{place}: no sound of any cue; expected some of {', '.join(LABELS[:-1])}")
    if len(recordings) < 2:
        raise Unusable(f"{place}: {next(iter(recordings))!r} is the only label; expected another one, or {NOTHING!r} "
                       "with sounds of an ordinary day")  # fmt: skip
    for label, of in recordings.items():
        if len(of) < 2:
            raise Unusable(f"label {label!r}: all its {of.total()} sounds are of one recording ({next(iter(of))}); "
                           "expected at least 2, so that it is tried on one that it was not learned from")  # fmt: skip
