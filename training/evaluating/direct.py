"""DFEW and MAFW directly: what an adapter answered to test examples of a corpus, as one class beside the true one."""

import re
from pathlib import Path
from typing import Any

from training.corpus.errors import CorpusDamaged
from training.corpus.store import Corpus
from training.evaluating.command import Answered

CLASSES = {
    "DFEW": ("happiness", "sadness", "neutral", "anger", "surprise", "disgust", "fear"),
    "MAFW": ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise", "contempt", "anxiety",
             "helplessness", "disappointment"),
}  # fmt: skip
"""Of the single-label sets of their authors."""
SAID_FOR = {
    "happy": "happiness", "joy": "happiness", "joyful": "happiness", "sad": "sadness", "angry": "anger",
    "surprised": "surprise", "disgusted": "disgust", "afraid": "fear", "fearful": "fear", "scared": "fear",
    "contemptuous": "contempt", "anxious": "anxiety", "helpless": "helplessness", "disappointed": "disappointment",
}  # fmt: skip
"""Forms of the same words; nothing is taken for a class that does not name it."""
NONE = "none"
"""What was said where no class, or more than one, was named: wrong, as with the authors."""


def class_of(text: str, classes: tuple[str, ...]) -> str:
    """The one class that a text names after its thinking; `NONE` where that is none or several.

    >>> class_of("Loud, so angry?</think>The emotion shown is fear.", CLASSES["DFEW"])
    'fear'
    >>> class_of("happy or sad", CLASSES["DFEW"])
    'none'
    """
    words = re.findall(r"[a-z]+", text.rpartition("</think>")[2].lower())
    named = {SAID_FOR.get(word, word) for word in words} & set(classes)
    return named.pop() if len(named) == 1 else NONE


def rows_of(run: Path, corpus: Path, dataset: str, who: str = "adapter") -> list[dict[str, Any]]:
    """A row for each test example of `dataset` that was answered (`attune train evaluate`): `item`, `truth` and `said`.

    Raises:
        CorpusDamaged: there are no answers, or none about this data set, or a truth that is no class of it.
    """
    answered = Answered.read(run, Corpus.open(corpus))
    classes, rows = CLASSES[dataset], []
    for example in answered.examples:
        if example.source.dataset == dataset:
            truth = class_of(example.answer, classes)
            if truth == NONE:
                raise CorpusDamaged(f"{corpus}: example {example.id} of {dataset}: its answer names no single class of "
                                    f"{', '.join(classes)}; build the corpus again")  # fmt: skip
            said = class_of(answered.said[who][example.id], classes)
            rows.append({"item": example.source.item, "truth": truth, "said": said})
    if not rows:
        raise CorpusDamaged(f"{run}: no answer about a test example of {dataset}; build a corpus of it with use = "
                            "\"evaluation\", compose it, and run `attune train evaluate`")  # fmt: skip
    return rows
