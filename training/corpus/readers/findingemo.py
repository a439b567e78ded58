"""FindingEmo: whole scenes with several people, one of Plutchik's 24 words each (Mertens et al. 2024, NeurIPS).

Layout, from README.md of FindingEmo-Light and public analyses: `data/annotations_single.ann`, CSV with columns
`user,image_path,reject,tag,age,valence,arousal,emotion,dec_factors,ambiguity,fmri,datetime` (others are passed over);
pictures, which everybody downloads from their owners, under `images/` by the part of `image_path` from `Run_` on. Many
pictures vanish from the web and are then counted as left out. The picture is taken as the smallest thing that holds
its people. `age` names the groups of the main people (Children, Youth, Young Adults, Adults, Seniors): where all are of
one of ours, it becomes a tag; `ambiguity` lowers the quality. Uncertain: these words, those of `reject` (Keep or
Reject), the folders below `images/`.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from training.corpus.errors import LayoutUnknown
from training.corpus.example import Layer
from training.corpus.items import ADULT, CANNOT_MAP, CHILD, OLDER, Item, Reader, Shown, mapped, need
from training.corpus.parts import Modality

LABELS = {
    "Ecstasy": "happiness", "Joy": "happiness", "Serenity": "happiness", "Terror": "fear", "Fear": "fear",
    "Apprehension": "fear", "Amazement": "surprise", "Surprise": "surprise", "Grief": "sadness",
    "Sadness": "sadness", "Pensiveness": "sadness", "Loathing": "disgust", "Disgust": "disgust", "Rage": "anger",
    "Anger": "anger", "Annoyance": "anger",
} | dict.fromkeys(
    ("Admiration", "Trust", "Acceptance", "Distraction", "Boredom", "Vigilance", "Anticipation", "Interest"), CANNOT_MAP
)  # fmt: skip
AGES = {"children": CHILD, "young adults": ADULT, "adults": ADULT, "seniors": OLDER}
MOST_AMBIGUOUS = 6.0
"""Of `ambiguity`, 0 to 6; the most ambiguous picture has half of the quality of a plain one (source: guess)."""
_COLUMNS = {"image_path", "reject", "emotion"}


def _items(root: Path) -> Iterator[Item]:
    file = need(root / "data" / "annotations_single.ann", "FindingEmo")
    with file.open(newline="", encoding="utf-8-sig") as table:
        rows = csv.DictReader(table)
        if not set(rows.fieldnames or ()) >= _COLUMNS:
            raise LayoutUnknown(f"FindingEmo: {file} has columns {rows.fieldnames}; expected {sorted(_COLUMNS)} among "
                                "them")  # fmt: skip
        for row in rows:
            if row["reject"].strip().lower() != "reject":
                yield _item(root, row["image_path"], row["emotion"].strip(), row)


def _item(root: Path, path: str, told: str, row: dict[str, str]) -> Item:
    picture = path[path.find("Run_") :] if "Run_" in path else path.lstrip("/")
    shown = (Shown(root / "images" / picture, Modality.IMAGE),)
    return Item(
        picture,
        picture,
        told,
        mapped("FindingEmo", told, LABELS),
        shown,
        domains=_age(row.get("age") or ""),
        quality=_quality(row.get("ambiguity") or ""),
    )


def _quality(ambiguity: str) -> float:
    try:
        told = float(ambiguity)
    except ValueError:
        return 1.0
    return 1.0 - 0.5 * told / MOST_AMBIGUOUS if 0.0 <= told <= MOST_AMBIGUOUS else 1.0


def _age(told: str) -> tuple[str, ...]:
    groups = {AGES.get(word.strip().lower(), "") for word in told.split(",")}
    return tuple(groups) if len(groups) == 1 and all(groups) else ()


FINDINGEMO = Reader("FindingEmo", Layer.GENERAL, _items)
