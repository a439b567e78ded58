"""MAFW: film clips with one of eleven expressions and a sentence that describes them (Liu et al. 2022, ACM MM).

Layout, from README.md of the MAFW repository: `clips/00151.mp4`, and `caption-label/single_label.txt`, whose lines are
`03747.mp4`, the expression, a Chinese and an English description, separated by `<br>` and blanks. Subjects are not
told. Uncertain: whether single_label.txt lies in `caption-label/single_set/` (both are tried).
"""

from collections.abc import Iterator
from pathlib import Path

from training.corpus.errors import LayoutUnknown
from training.corpus.example import Layer
from training.corpus.items import CANNOT_MAP, Item, Reader, Shown, mapped, need, need_one
from training.corpus.parts import Modality

LABELS = {
    "anger": "anger", "disgust": "disgust", "fear": "fear", "happiness": "happiness", "neutral": "neutral",
    "sadness": "sadness", "surprise": "surprise", "contempt": "contempt", "anxiety": CANNOT_MAP,
    "helplessness": CANNOT_MAP, "disappointment": CANNOT_MAP,
}  # fmt: skip


def _items(root: Path) -> Iterator[Item]:
    need(root / "clips", "MAFW")
    files = [root / "caption-label" / where / "single_label.txt" for where in (".", "single_set")]
    file = need_one(files, "MAFW")
    for number, line in enumerate(file.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if not line.strip():
            continue
        fields = [field.strip() for field in line.split("<br>")]
        head = fields[0].split()
        if len(head) != 2 or len(fields) != 3:
            raise LayoutUnknown(f"MAFW: {file}, line {number}: {line[:60]!r}; expected CLIP LABEL <br> Chinese <br> "
                                "English")  # fmt: skip
        clip, told = head
        shown = (Shown(root / "clips" / clip, Modality.VIDEO),)
        yield Item(clip, "", told, mapped("MAFW", told, LABELS), shown, why=fields[2])


MAFW = Reader("MAFW", Layer.GENERAL, _items)
