"""The SRE (self-reviewed emotion) subset of Omni-Emotion: descriptions of clips (Yang et al. 2025, arXiv 2501.09502).

The paper describes the subset; no layout was published when this was written. This reader takes the form that
instruction data of video models commonly has, `sre.json`: a list of `{"id", "video", "emotion", "conversations":
[{"from": "human", "value"}, {"from": "gpt", "value"}]}`, films below `videos/`. All of that is uncertain, and terms are
too, so that the ledger allows evaluation alone. Its films come from MAFW, DFEW and others: the leakage check of a
composition looks at the films' digests.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.corpus.errors import LayoutUnknown
from training.corpus.example import Layer
from training.corpus.items import CANNOT_MAP, Item, Reader, Shown, need
from training.corpus.parts import Modality

LABELS = {
    "happy": "happiness", "happiness": "happiness", "sad": "sadness", "sadness": "sadness", "angry": "anger",
    "anger": "anger", "fear": "fear", "disgust": "disgust", "surprise": "surprise", "neutral": "neutral",
    "contempt": "contempt",
}  # fmt: skip
"""Its words are open: any other cannot be mapped."""


def _items(root: Path) -> Iterator[Item]:
    file = need(root / "sre.json", "Omni-Emotion-SRE")
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        yield from (_item(root, told) for told in found)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LayoutUnknown(f"Omni-Emotion-SRE: {file}: {error}; expected a list of id, video, emotion and "
                            "conversations") from error  # fmt: skip


def _item(root: Path, told: dict[str, Any]) -> Item:
    human, gpt = told["conversations"][:2]
    emotion = told["emotion"].strip().lower()
    shown = (Shown(root / "videos" / told["video"], Modality.VIDEO),)
    question = human["value"].replace("<video>", "").replace("<audio>", "").strip()
    return Item(str(told["id"]), "", emotion, LABELS.get(emotion, CANNOT_MAP), shown, question=question,
                why=gpt["value"].strip())  # fmt: skip


OMNI_EMOTION_SRE = Reader("Omni-Emotion-SRE", Layer.GENERAL, _items)
