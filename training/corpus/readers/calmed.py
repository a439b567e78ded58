"""CALMED: children with autism in sessions, features of 0.2 s windows with four zones (Sousa 2023, arXiv 2307.13706).

The paper says: features of face and voice (no recordings), a row each 200 ms, four classes by the parents, which are
the Zones of Regulation; data by request. The table's layout is not public. This reader takes `calmed.csv` with columns
`participant`, `label` (green, yellow, red, blue) and one column a feature, rows in order of time; all of that is
uncertain. Zones are states and no emotions: their words are kept as they are. Rows of one child and zone that follow
each other become one item of at most ten seconds.
"""

import csv
import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from training.corpus.errors import LayoutUnknown
from training.corpus.example import Layer
from training.corpus.items import CHILD, Item, Reader, mapped, need
from training.corpus.parts import Measured, Modality

LABELS = {zone: f"zone_{zone}" for zone in ("green", "yellow", "red", "blue")}
STEP_S = 0.2
_LONGEST = 50
"""Windows."""
_NAMES = ("participant", "label")


def _items(root: Path) -> Iterator[Item]:
    file = need(root / "calmed.csv", "CALMED")
    with file.open(newline="", encoding="utf-8-sig") as table:
        rows = csv.DictReader(table)
        names = tuple(name for name in rows.fieldnames or () if name not in _NAMES)
        if not set(_NAMES) <= set(rows.fieldnames or ()) or not names:
            raise LayoutUnknown(f"CALMED: {file} has columns {rows.fieldnames}; expected participant, label, features")
        count = 0
        for (child, zone), run in groupby(rows, lambda row: (row["participant"], row["label"].strip().lower())):
            values = [tuple(_number(row[name], file) for name in names) for row in run]
            for first in range(0, len(values), _LONGEST):
                yield _item(child, zone, count, names, values[first : first + _LONGEST])
                count += 1


def _item(child: str, zone: str, number: int, names: tuple[str, ...], values: Sequence[tuple[float, ...]]) -> Item:
    measured = Measured(Modality.SERIES, names, 0.0, STEP_S, tuple(values))
    label = mapped("CALMED", zone, LABELS)
    return Item(f"{child} {number}", child, zone, label, measured=(measured,), domains=("autism", "children", CHILD))


def _number(text: str, file: Path) -> float:
    try:
        return float(text) if text.strip() else math.nan
    except ValueError as error:
        raise LayoutUnknown(f"CALMED: {file}: {text!r} is no number") from error


CALMED = Reader("CALMED", Layer.SPECIAL_NEEDS, _items, asks_for="zone of regulation")
