"""The labelled recordings of the assets: what each sound is, and what happens when in the clips."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from services.vocabulary import CueName

VOICES = (
    CueName.SCREAM, CueName.CRY, CueName.WHIMPER, CueName.MOAN, CueName.GROAN, CueName.SIGH, CueName.SHOUT,
    CueName.VOCALISATION_UNRESOLVED,
)  # fmt: skip
CARE = (*VOICES[:5], CueName.SHOUT, CueName.FALL_NOISE, CueName.GLASS, CueName.ALARM)
"""What would bring somebody; told where nothing of the kind was, it is a false cue."""
CUES = tuple(cue for cue in CueName if cue is not CueName.FALL)
"""What can be heard."""


class Labelled(NamedTuple):
    """A sound, what it is, and which cues say so (empty: none may)."""

    file: Path
    label: str
    right: tuple[CueName, ...]


class Happening(NamedTuple):
    """Something that is heard from `start_s` to `end_s`, and which cues say so."""

    start_s: float
    end_s: float
    label: str
    right: tuple[CueName, ...]


_RIGHT = {
    "cry": (CueName.CRY,), "sneeze": (CueName.COUGH,), "pain": VOICES, "scream": (CueName.SCREAM, CueName.SHOUT),
}  # fmt: skip
_ESC10 = {"baby_cry": "cry", "person_sneeze": "sneeze", "dog_bark": "dog", "clock_tick": "clock"}
_EVENTS = {"Crying, sobbing": "cry", "Sneeze": "sneeze", "Sigh/Gasp": "pain", "Screaming/Groan": "pain"}


def sounds(folder: Path) -> list[Labelled]:
    """Every labelled sound under the assets' `sounds`."""
    found = []
    for file in sorted(folder.glob("esc10_cc0/*.ogg")):
        name = file.name.partition("__")[0]
        found.append((file, _ESC10.get(name, name.partition("_")[0])))
    found += [(file, "cry at home") for file in sorted(folder.glob("donateacry_odbl/*.wav"))]
    found += [(file, "pain") for place in ("freedoom_bsd/*.wav", "wesnoth_gpl2/*.*[vg]") for file in folder.glob(place)]
    found += [(file, "scream") for file in sorted(folder.glob("rpf_ccbysa/*.wav"))]
    rights = {**_RIGHT, "cry at home": (CueName.CRY,)}
    return [Labelled(file, label, rights.get(label, ())) for file, label in found]


def household(file: Path) -> list[Happening]:
    """The events of a recording, from its table."""
    with file.open(newline="") as table:
        rows = list(csv.DictReader(table))
    events = []
    for row in rows:
        label = _EVENTS.get(row["label"], row["label"].lower())
        events.append(Happening(float(row["start_s"]), float(row["end_s"]), label, _RIGHT.get(label, ())))
    return events


def table_of(file: Path) -> list[dict[str, str]]:
    """The rows of a table beside a clip."""
    with file.open(newline="") as table:
        return list(csv.DictReader(table))


def loudest(rows: Iterable[dict[str, float]], cues: Iterable[CueName]) -> float:
    """The largest probability of any of `cues` in `rows`; 0 where none was listened for."""
    return max((row.get(cue.channel, 0.0) for row in rows for cue in cues), default=0.0)
