"""DFEW: clips of films with one of seven expressions (Jiang et al. 2020, ACM MM), in five folds (fd1 to fd5).

Layout, from public loaders that agree (MAE-DFER and others): `EmoLabel_DataSplit/train(single-labeled)/set_1.csv` and
`test(single-labeled)/set_1.csv`, and so on to set_5, with columns `video_name,label`, labels 1 to 7; pictures in
`Clip/clip_224x224/00001/*.jpg` (five digits). The files do not say from which film a clip is, so that nothing is
proven about subjects. Uncertain: frames per second of the pictures.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from training.corpus.errors import LayoutUnknown
from training.corpus.example import Layer, Split
from training.corpus.items import Item, Reader, mapped, need, some_frames

LABELS = {
    "1": "happiness", "2": "sadness", "3": "neutral", "4": "anger", "5": "surprise", "6": "disgust", "7": "fear",
}  # fmt: skip


FOLDS = 5


def _fold(root: Path, fold: int) -> Iterator[Item]:
    if not 1 <= fold <= FOLDS:
        raise LayoutUnknown(f"DFEW: fold {fold}; expected 1 to {FOLDS}")
    clips = need(root / "Clip" / "clip_224x224", "DFEW")
    for split, folder in ((Split.TRAIN, "train(single-labeled)"), (Split.TEST, "test(single-labeled)")):
        file = need(root / "EmoLabel_DataSplit" / folder / f"set_{fold}.csv", "DFEW")
        with file.open(newline="", encoding="utf-8-sig") as table:
            rows = csv.DictReader(table)
            if set(rows.fieldnames or ()) != {"video_name", "label"}:
                raise LayoutUnknown(f"DFEW: {file} has columns {rows.fieldnames}; expected video_name and label")
            for row in rows:
                name = row["video_name"].zfill(5)
                frames = some_frames(sorted((clips / name).glob("*.jpg")))
                yield Item(name, "", row["label"], mapped("DFEW", row["label"], LABELS), frames, split=split)


DFEW = Reader("DFEW", Layer.GENERAL, lambda root: _fold(root, 1), folds=_fold)
