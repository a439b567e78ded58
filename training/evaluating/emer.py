"""EMER's judge: how far described clues, or labels, agree with the annotators', 0 to 10 (Lian et al. 2023)."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

from training.evaluating.eibench import Words
from training.evaluating.judge import Judge, JudgeSettings, NotJudged, Why, ask
from training.synthesis.answers import Answers

HIGHEST = 10.0
_SCORE = re.compile(r"\{score: (\d+(?:\.\d+)?)\}")
_ENDING = "Begin with {score: N}, N from 0 (nothing agrees) to 10 (all of it agrees); then say why.\n\n"
_PLACES = "Description:\n{record}\n\nTruth:\n{truth}"
CLUES = Words(
    system="You compare two descriptions and give a score. Answer in the form that is asked for.",
    user="Two people described what shows how somebody in a film feels: face, voice, words, movement. Score how far "
         "the clues of the description agree with those of the truth; its wording does not count. "
         f"{_ENDING}{_PLACES}",
)  # fmt: skip
LABELS = Words(
    system="You compare two answers and give a score. Answer in the form that is asked for.",
    user="Two people said which emotions somebody in a film shows. Score how far the emotions that the description "
         f"comes to agree with those of the truth; synonyms agree. {_ENDING}{_PLACES}",
)  # fmt: skip
"""Our own words: figures are comparable with published ones only with the authors' words and judge."""


def overlaps(
    rows: list[dict[str, Any]], settings: JudgeSettings, words: Words, answers: Answers, step: Callable[[], None]
) -> list[float | None]:  # fmt: skip
    """What the judge gives each row (`said` and `truth`, texts); None where it gave nothing that could be read.

    Raises:
        CorpusError: see `judge.ask`.
    """
    judge = Judge(settings, answers, read_overlap, whole=False)
    asked = [words.messages(row | {"truth": [row["truth"]]}) for row in rows]
    asyncio.run(ask(judge, asked, lambda what, fields: None, step))
    found: list[float | None] = []
    for messages in asked:
        try:
            found.append(judge.opinion(messages))
        except NotJudged:
            found.append(None)
    return found


def read_overlap(text: str) -> float:
    """The first score in a judge's words.

    >>> read_overlap("{score: 7.5} Most of it.")
    7.5

    Raises:
        NotJudged: none, or one above 10.
    """
    found = _SCORE.search(text)
    if found is None or float(found[1]) > HIGHEST:
        raise NotJudged(Why.NONSENSE, "no {score: N} from 0 to 10")
    return float(found[1])
