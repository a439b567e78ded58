"""Aff-Wild2: films from the web with an expression for each frame (Kollias and Zafeiriou 2019; ABAW challenges).

Layout of the challenges, from public loaders that agree: `EXPR_Recognition_Challenge/Train_Set/VIDEO.txt` and
`Validation_Set/`, a heading line with the eight names, then a number a frame, -1 where nothing was annotated; cropped
faces in `cropped_aligned/VIDEO/00001.jpg`. `VIDEO_left` and `VIDEO_right` are two people of one film and are kept
together. The authors made the sets subject-disjoint but do not name subjects: the film is the smallest thing known to
hold all of one. The test set is not published; the validation set is our test set. Uncertain: the name of the folder
above the challenges, which changes each year; give that folder. Frames per second: 30 (the challenge's films).
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from training.corpus.errors import LayoutUnknown
from training.corpus.example import Layer, Split
from training.corpus.items import CANNOT_MAP, Item, Reader, need, some_frames

NAMES = ("Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Other")
FRAMES_PER_S = 30.0
SHORTEST = 15
"""Frames; a shorter stretch of one expression is not shown. Source: guess."""
LONGEST = 240
"""Frames; a longer one is cut."""


def _items(root: Path) -> Iterator[Item]:
    need(root / "cropped_aligned", "Aff-Wild2")
    for split, name in ((Split.TRAIN, "Train_Set"), (Split.TEST, "Validation_Set")):
        for file in sorted(need(root / "EXPR_Recognition_Challenge" / name, "Aff-Wild2").glob("*.txt")):
            for first, last, told in _stretches(_labels(file)):
                yield _item(root, file.stem, first, last, NAMES[told], split)


def _labels(file: Path) -> list[int]:
    heading, *lines = file.read_text(encoding="utf-8-sig").split()
    try:
        labels = [int(line) for line in lines]
    except ValueError as error:
        raise LayoutUnknown(f"Aff-Wild2: {file}: {error}; expected a number a line") from error
    if tuple(heading.split(",")) != NAMES or any(not -1 <= label < len(NAMES) for label in labels):
        raise LayoutUnknown(f"Aff-Wild2: {file}: heading {heading[:80]!r} or a label outside -1 to {len(NAMES) - 1}; "
                            f"expected {','.join(NAMES)}")  # fmt: skip
    return labels


def _stretches(labels: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    at = 0
    for told, run in groupby(labels):
        length = len(list(run))
        for first in range(at, at + length, LONGEST):
            last = min(first + LONGEST, at + length)
            if told >= 0 and last - first >= SHORTEST:
                yield first, last, told
        at += length


def _item(root: Path, video: str, first: int, last: int, told: str, split: Split) -> Item:
    files = [root / "cropped_aligned" / video / f"{frame + 1:05d}.jpg" for frame in range(first, last)]
    seen = some_frames([file for file in files if file.is_file()], per_s=FRAMES_PER_S)  # no face found: no picture
    film = video.removesuffix("_left").removesuffix("_right")
    label = CANNOT_MAP if told == "Other" else told.lower()
    return Item(f"{video} {first}-{last}", film, told, label, seen, split=split)


AFF_WILD2 = Reader("Aff-Wild2", Layer.GENERAL, _items)
