"""EMOTIC: people in pictures with 26 categories (Kosti et al. 2019, TPAMI). One item a person; several words each.

Layout, from README.md of the EMOTIC repository and public converters: `Annotations/Annotations.mat` with `train`,
`val` and `test`, each entry with `filename`, `folder` and `person` (`annotations_categories.categories`, in val and
test `combined_categories`); pictures in `emotic/FOLDER/FILENAME`. The picture is taken as the smallest thing that
holds a person. Of `age` (Kid to 12, Teenager to 20, Adult) the first and the last become tags, a teenager may be
either; an adult here may be an older person, whom the data set does not tell apart. Gender is in the file and is not
read. Uncertain: whether the pictures lie in `emotic/`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from training.corpus.errors import LayoutUnknown
from training.corpus.example import Layer, Split
from training.corpus.items import ADULT, CANNOT_MAP, CHILD, Item, Reader, Shown, mapped, need
from training.corpus.parts import Modality

LABELS = {
    "Anger": "anger", "Annoyance": "anger", "Aversion": "disgust", "Fear": "fear", "Happiness": "happiness",
    "Pleasure": "happiness", "Sadness": "sadness", "Surprise": "surprise",
} | dict.fromkeys((
    "Affection", "Anticipation", "Confidence", "Disapproval", "Disconnection", "Disquietment", "Doubt/Confusion",
    "Embarrassment", "Engagement", "Esteem", "Excitement", "Fatigue", "Pain", "Peace", "Sensitivity", "Suffering",
    "Sympathy", "Yearning",
), CANNOT_MAP)  # fmt: skip
AGES = {"Kid": (CHILD,), "Adult": (ADULT,)}
_SPLITS = {"train": Split.TRAIN, "val": Split.VALIDATION, "test": Split.TEST}


def _items(root: Path) -> Iterator[Item]:
    file = need(root / "Annotations" / "Annotations.mat", "EMOTIC")
    try:
        told = loadmat(file, squeeze_me=True, struct_as_record=False)
        for name, split in _SPLITS.items():
            for entry in np.atleast_1d(told[name]):
                for number, person in enumerate(np.atleast_1d(entry.person)):
                    yield _item(root, f"{entry.folder}/{entry.filename}", number, person, split)
    except (AttributeError, KeyError, ValueError, TypeError, MatReadError) as error:
        if isinstance(error, LayoutUnknown):
            raise
        raise LayoutUnknown(f"EMOTIC: {file}: {error}; it may be half-downloaded or of another version") from error


def _item(root: Path, picture: str, number: int, person: Any, split: Split) -> Item:
    combined = getattr(person, "combined_categories", None)
    words = combined if combined is not None else person.annotations_categories.categories
    told = [str(word) for word in np.atleast_1d(words)]
    known = {mapped("EMOTIC", word, LABELS) for word in told} - {CANNOT_MAP}
    label = known.pop() if len(known) == 1 else CANNOT_MAP  # two of our words, or none, is no single label
    shown = (Shown(root / "emotic" / picture, Modality.IMAGE),)
    return Item(f"{picture} person {number}", picture, ", ".join(told), label, shown, split=split,
                domains=AGES.get(str(getattr(person, "age", "")), ()))  # fmt: skip


EMOTIC = Reader("EMOTIC", Layer.GENERAL, _items)
