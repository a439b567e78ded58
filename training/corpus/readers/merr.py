"""MERR: descriptions of clips of MER2023 with a pseudo-label and a reasoning (Cheng et al. 2024, arXiv 2406.11161).

Layout, from MERR/README.md and the training code of the Emotion-LLaMA repository: `MERR_fine_grained.json` and
`MERR_coarse_grained.json`, an object by clip with `pseu_emotion`, and `smp_reason_caption` (fine) or `caption`
(coarse); the films of MER2023 beside them in `video/`, as `CLIP.mp4` or `CLIP.avi`. Nobody knows who is seen: MER2023
names neither actor nor film, so nothing is proven about subjects. Uncertain: the name of the folder of films.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.corpus.errors import LayoutUnknown
from training.corpus.example import Layer
from training.corpus.items import CANNOT_MAP, Item, Reader, Shown, mapped, need
from training.corpus.parts import Modality

LABELS = {
    "neutral": "neutral", "happy": "happiness", "angry": "anger", "sad": "sadness", "surprise": "surprise",
    "fear": "fear", "contempt": "contempt", "worried": CANNOT_MAP, "doubt": CANNOT_MAP,
}  # fmt: skip
QUALITY = {"smp_reason_caption": 0.9, "caption": 0.7}
"""Of labels that nobody gave: a model wrote them from action units; the fine ones were screened. Source: guess."""
_FILES = (("MERR_fine_grained.json", "smp_reason_caption"), ("MERR_coarse_grained.json", "caption"))


def _items(root: Path) -> Iterator[Item]:
    need(root / _FILES[0][0], "MERR")
    seen = set[str]()
    for name, caption in _FILES:
        if not (root / name).is_file():
            continue  # the coarse file is a download of its own
        for clip, told in sorted(_read(root / name).items()):
            if clip not in seen:  # the fine description of a clip wins over its coarse one
                seen.add(clip)
                yield _item(root, clip, told, caption)


def _item(root: Path, clip: str, told: dict[str, Any], caption: str) -> Item:
    try:
        emotion, why = told["pseu_emotion"].strip().lower(), told[caption].strip()
    except (KeyError, AttributeError) as error:
        raise LayoutUnknown(f"MERR: clip {clip!r} has no text pseu_emotion or {caption}") from error
    files = [root / "video" / f"{clip}{suffix}" for suffix in (".mp4", ".avi")]
    film = next((file for file in files if file.is_file()), files[0])
    shown = (Shown(film, Modality.VIDEO),)
    return Item(
        clip,
        "",
        emotion,
        mapped("MERR", emotion, LABELS),
        shown,
        said=told.get("text", "") or "",
        why=why,
        quality=QUALITY[caption],
    )


def _read(file: Path) -> dict[str, dict[str, Any]]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise LayoutUnknown(f"MERR: {file} is no JSON ({error}); it may be half-downloaded") from error
    if not isinstance(found, dict):
        raise LayoutUnknown(f"MERR: {file} holds no object by clip")
    return found


MERR = Reader("MERR", Layer.GENERAL, _items)
