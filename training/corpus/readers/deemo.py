"""DEEMO-MER: athletes at press interviews, faces and voices removed (Li et al. 2025, arXiv 2504.19549).

The paper says: clips with an emotion and a reasoning over identity-free cues; no layout was published when this was
written. This reader takes `DEEMO-MER/annotations.json`, a list of `{"video", "emotion", "description", "athlete"}`,
films below `DEEMO-MER/videos/`; all of that is uncertain. No identity is shown; what is told is posture and
movement: domain tag `body_language`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.corpus.errors import LayoutUnknown
from training.corpus.example import Layer
from training.corpus.items import CANNOT_MAP, Item, Reader, Shown, need
from training.corpus.parts import Modality
from training.corpus.readers.omni_emotion import LABELS


def _items(root: Path) -> Iterator[Item]:
    file = need(root / "DEEMO-MER" / "annotations.json", "DEEMO")
    try:
        yield from (_item(root, told) for told in json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LayoutUnknown(f"DEEMO: {file}: {error}; expected a list of video, emotion, description") from error


def _item(root: Path, told: dict[str, Any]) -> Item:
    emotion = told["emotion"].strip().lower()
    shown = (Shown(root / "DEEMO-MER" / "videos" / told["video"], Modality.VIDEO),)
    return Item(told["video"], str(told.get("athlete", "")), emotion, LABELS.get(emotion, CANNOT_MAP), shown,
                why=told["description"].strip(), domains=("body_language",))  # fmt: skip


DEEMO = Reader("DEEMO", Layer.GENERAL, _items)
