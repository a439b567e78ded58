"""EIBench: why somebody in a picture feels so (Lin et al. 2025, arXiv 2504.07521). A benchmark, so never trained on.

Layout, from the repository: `EIBench/EI_Basic/user.jsonl` (one object a line, picture to question),
`EIBench/EI_Basic/basic_ground_truth.json` (picture to triggers), `EIBench/EI_Complex/ec_complex.jsonl` (picture to an
object, question to triggers); pictures of EmoSet-118K and CAER-S under `dataset/`. A picture's subject is unknown; the
picture itself is taken as the smallest thing that holds one. Uncertain: EI_Complex is called ei_complex.jsonl in later
versions of the README.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.corpus.errors import LayoutUnknown
from training.corpus.example import Layer, Split
from training.corpus.items import CANNOT_MAP, Item, Reader, Shown, need, need_one
from training.corpus.parts import Modality

LABELS = {
    "anger": "anger", "sadness": "sadness", "fear": "fear", "disgust": "disgust", "happy": "happiness",
    "sad": "sadness", "surprise": "surprise", "neutral": "neutral",
}  # fmt: skip
"""By the folder of the picture, which tells EmoSet's and CAER-S's class; any other class cannot be mapped."""


def _items(root: Path) -> Iterator[Item]:
    basic = root / "EIBench" / "EI_Basic"
    triggers = _json(need(basic / "basic_ground_truth.json", "EIBench").read_text(encoding="utf-8"), basic)
    for line in _lines(need(basic / "user.jsonl", "EIBench")):
        for picture, question in line.items():
            if picture not in triggers:
                raise LayoutUnknown(f"EIBench: {picture!r} is asked about but has no triggers")
            yield _item(root, picture, "basic", str(question), triggers[picture])
    complex_ = [root / "EIBench" / "EI_Complex" / name for name in ("ec_complex.jsonl", "ei_complex.jsonl")]
    for line in _lines(need_one(complex_, "EIBench")):
        for picture, asked in line.items():
            for number, (question, answer) in enumerate(asked.items()):
                yield _item(root, picture, f"complex {number} {question}", question, answer)


def _item(root: Path, picture: str, which: str, question: str, triggers: object) -> Item:
    answer = "\n".join(map(str, triggers)) if isinstance(triggers, list) else str(triggers)
    told = Path(picture).parent.name.lower()
    shown = (Shown(root / "dataset" / picture, Modality.IMAGE),)
    return Item(f"{picture} {which}", picture, told, LABELS.get(told, CANNOT_MAP), shown, split=Split.TEST,
                question=question, answer=answer)  # fmt: skip


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield _json(line, file)


def _json(text: str, file: Path) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise LayoutUnknown(f"EIBench: {file} is no JSON ({error}); it may be half-downloaded") from error
    if not isinstance(found, dict):
        raise LayoutUnknown(f"EIBench: {file}: expected objects, found {text[:40]!r}")
    return found


EIBENCH = Reader("EIBench", Layer.GENERAL, _items, evaluation_only=True)
