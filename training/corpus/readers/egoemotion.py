"""egoEMOTION: wearers of glasses tell how they felt in tasks (Jammot et al. 2025, arXiv 2510.22129).

Layout, from libs/datasets/metadata.py of the egoEMOTION repository: `P/Session_A_P.csv` and `P/Session_B_P.csv` for
each participant P, with `Activity Index`, `Activity Name`, `Activity ID`, `Arousal`, `Valence` and the eight words of
Mikels' wheel as columns with a number each. A word counts where it alone has the largest number. Uncertain: the
spelling of the eight columns, and where the films of the eyes lie; this reader expects `P/eye_video/ACTIVITY_ID.mp4`.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from training.corpus.errors import LayoutUnknown
from training.corpus.example import Layer
from training.corpus.items import CANNOT_MAP, Item, Reader, Shown, need
from training.corpus.parts import Modality

LABELS = {
    "Amusement": "happiness", "Awe": CANNOT_MAP, "Contentment": "happiness", "Excitement": CANNOT_MAP,
    "Anger": "anger", "Disgust": "disgust", "Fear": "fear", "Sadness": "sadness",
}  # fmt: skip
_COLUMNS = {"Activity Index", "Activity Name", "Activity ID", *LABELS}


def _items(root: Path) -> Iterator[Item]:
    files = sorted(need(root, "egoEMOTION").glob("*/Session_[AB]_*.csv"))
    if not files:
        raise LayoutUnknown(f"egoEMOTION: {root} holds no PARTICIPANT/Session_A_PARTICIPANT.csv")
    for file in files:
        with file.open(newline="", encoding="utf-8-sig") as table:
            rows = csv.DictReader(table)
            if missing := _COLUMNS - set(rows.fieldnames or ()):
                raise LayoutUnknown(f"egoEMOTION: {file} has no column {', '.join(sorted(missing))}")
            for row in rows:
                yield _item(file, row)


def _item(file: Path, row: dict[str, str]) -> Item:
    try:
        told = {word: float(row[word] or 0.0) for word in LABELS}
    except ValueError as error:
        raise LayoutUnknown(f"egoEMOTION: {file}: {error}; expected a number for each word") from error
    most = max(told.values())
    strongest = [word for word, value in told.items() if value == most > 0.0]
    label = LABELS[strongest[0]] if len(strongest) == 1 else CANNOT_MAP
    who, activity = file.parent.name, row["Activity ID"]
    shown = (Shown(file.parent / "eye_video" / f"{activity}.mp4", Modality.VIDEO),)
    item = f"{file.stem} {row['Activity Index']} {activity}"
    return Item(item, who, ", ".join(strongest) or "none", label, shown, domains=("eyes",))


EGOEMOTION = Reader("egoEMOTION", Layer.GENERAL, _items)
