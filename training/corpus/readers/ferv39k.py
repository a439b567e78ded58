"""FERV39k: clips of 22 scenes with one of seven expressions (Wang et al. 2022, CVPR).

Layout, from public loaders that agree: `4_setups/All_scenes/train_All.csv` and `test_All.csv`, lines such as
`Action/Sad/0010 Sad`; pictures in `2_ClipsforFaceCrop/Action/Sad/0010/*.jpg`. Subjects are not told. Uncertain: frames
per second of the pictures.
"""

from collections.abc import Iterator
from pathlib import Path

from training.corpus.errors import LayoutUnknown
from training.corpus.example import Layer, Split
from training.corpus.items import Item, Reader, mapped, need, some_frames

LABELS = {
    "Happy": "happiness", "Sad": "sadness", "Neutral": "neutral", "Angry": "anger", "Surprise": "surprise",
    "Disgust": "disgust", "Fear": "fear",
}  # fmt: skip


def _items(root: Path) -> Iterator[Item]:
    clips = need(root / "2_ClipsforFaceCrop", "FERV39k")
    for split, name in ((Split.TRAIN, "train_All.csv"), (Split.TEST, "test_All.csv")):
        file = need(root / "4_setups" / "All_scenes" / name, "FERV39k")
        for number, line in enumerate(file.read_text(encoding="utf-8-sig").split("\n"), start=1):
            if not line.strip():
                continue
            try:
                clip, told = line.split()
            except ValueError as error:
                raise LayoutUnknown(f"FERV39k: {file}, line {number}: {line!r}; expected CLIP LABEL") from error
            frames = some_frames(sorted((clips / clip).glob("*.jpg")))
            scene = clip.split("/")[0].lower()
            yield Item(clip, "", told, mapped("FERV39k", told, LABELS), frames, split=split, domains=(scene,))


FERV39K = Reader("FERV39k", Layer.GENERAL, _items)
