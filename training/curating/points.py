"""Examples as points by their words: what is asked for comparing labels, what is asked and answered for clusters."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from services.vocabulary import Tier
from training.corpus.example import Example, Kind
from training.corpus.parts import Measured, Recorded
from vlm_service.dialogue import AnswerError, verdict_from_json

Floats = NDArray[np.float64]
DIMENSIONS = 48
"""Of a point. Source: guess."""
MOST_WORDS = 20_000
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_WORD = r"[^\W\d_][\w.]+|~\S+"
_OPENING = re.compile(r"(visit|ordinary|yes|no)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Points:
    """Texts as rows: all their words (sparse), and the same brought to few dimensions, of length 1."""

    words: csr_matrix
    of: Floats


def points(texts: Sequence[str], seed: int = 0) -> Points:
    """TF-IDF of words and pairs of words (Salton and Buckley 1988), and its truncated singular value decomposition
    (Deerwester et al. 1990): near for texts of the same words. Numbers count by their first digit and size, so that 3.1
    and 3.4 sigma are alike and 3 and 30 are not. A text without a word lies at the origin.
    """
    turned = [_NUMBER.sub(_rounded, text.lower()) for text in texts]
    reader = TfidfVectorizer(token_pattern=_WORD, ngram_range=(1, 2), sublinear_tf=True, max_features=MOST_WORDS)
    try:
        table = csr_matrix(reader.fit_transform(turned))
    except ValueError:  # what sklearn says where there is no word at all
        return Points(csr_matrix((len(texts), 1)), np.zeros((len(texts), 1)))
    return Points(table, _few(table, seed))


def _few(table: csr_matrix, seed: int) -> Floats:
    few = min(DIMENSIONS, table.shape[1] - 1, table.shape[0] - 1)
    if few < 1:
        return np.ones((table.shape[0], 1))
    found: Floats = TruncatedSVD(few, random_state=seed).fit_transform(table)
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(np.divide(found, length, out=np.zeros_like(found), where=length > 1e-9))


def asked(example: Example) -> str:
    """What is asked, in words: of a measured series its names and how each lay. Empty where a picture, film or sound
    decides, for of these the words tell nothing."""
    if example.assets:
        return ""
    measured = (
        part for message in example.messages for part in message.parts if isinstance(part, Measured)
    )  # fmt: skip
    return " ".join([example.question, *(said for part in measured for said in _series(part))])


def whole(example: Example) -> str:
    """What is asked, thought and answered, in words."""
    last = example.messages[-1]
    shown = [part.modality.value for one in example.messages for part in one.parts if isinstance(part, Recorded)]
    return " ".join([example.question if shown else asked(example), *shown, last.thinking, last.text])


def said(example: Example) -> str:
    """What its answer comes to, to be compared with its neighbours': the tier of a verdict, yes, no, visit or ordinary,
    else the label; empty where every answer is its own."""
    if example.kind is Kind.FACTUAL:
        return ""
    if example.kind is Kind.THINKING:
        try:
            return f"tier {verdict_from_json(example.answer, Tier.MONITOR).tier.value}"
        except AnswerError:
            return example.label
    opening = _OPENING.match(example.answer)
    return opening[1].lower() if opening and example.kind is Kind.FALSE_POSITIVE else example.label


def _series(part: Measured) -> list[str]:
    columns = np.array(part.values, float).T
    means = [float(np.nanmean(column)) if np.isfinite(column).any() else math.nan for column in columns]
    return [f"{name} {mean:.2f}" for name, mean in zip(part.names, means, strict=True)]


def _rounded(found: re.Match[str]) -> str:
    return f" ~{float(found[0]):.0e} "
