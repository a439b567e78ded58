"""What speaks against an example, each as a number of 0 to 1, and their sum: the order in which a person looks."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from sklearn.cluster import HDBSCAN

from training.corpus.errors import ReviewInvalid
from training.corpus.example import Example
from training.curating.neighbours import NEAREST, Doubted, distances, doubted
from training.curating.points import Floats, asked, points, said, whole
from training.synthesis.quality import Agreement

FEWEST = 2 * NEAREST
"""Examples of which clusters and neighbours tell something."""
NOWHERE = -1
"""The cluster of what is in none."""
FAR = 0.9
SURPRISING = 0.95
"""Of an example's distance to its neighbours, and of how surprised the model is: the share that lies below it, from
which a person should look. Sources: guesses."""
ALONE = 5.0
"""Robust standard deviations beyond the median distance. Source: guess."""
LOW_QUALITY = 0.8
"""Below it, and below what is usual in its data set, a person should look. Source: guess."""
DIFFER = Agreement.DIFFER.value
"""The tag of an example about which two teachers disagreed."""


class Why(StrEnum):
    """Why a person should look."""

    OUTLIER = "far from every cluster"
    LABEL = "its neighbours say something else"
    SURPRISING = "the model expects something else"
    QUALITY = "low quality score"
    TEACHERS = "two teachers disagreed"


@dataclass(frozen=True, slots=True)
class Suspect:
    """One example and what speaks against it; `doubt` is the sum. `place` is its row in the corpus."""

    place: int
    example: Example
    against: Mapping[Why, float]
    suggested: str
    cluster: int

    @property
    def doubt(self) -> float:
        """0 to the number of reasons."""
        return sum(self.against.values())


@dataclass(frozen=True, slots=True)
class Looked:
    """The whole corpus looked at: suspects in the order of doubt, the cluster and the point of every example."""

    suspects: tuple[Suspect, ...]
    clusters: tuple[int, ...]
    points: Floats
    unjudged: int
    """Examples whose label could not be compared: pictures, films and sounds, and answers of their own."""


def look(examples: Sequence[Example], surprise: Mapping[str, float], seed: int = 0) -> Looked:
    """What to look at. `surprise`: nats per token of the answer under a model by example, empty where none was asked.

    Raises:
        ReviewInvalid: too few examples for neighbours to mean anything.
    """
    if len(examples) < FEWEST:
        raise ReviewInvalid(f"{len(examples)} examples; at least {FEWEST} are needed to tell outliers from the rest: "
                            "read them all instead")  # fmt: skip
    words = points([whole(one) for one in examples], seed)
    clusters = clustered(words.of)
    far, alone, distance = np.zeros(len(examples)), np.zeros(len(examples), bool), distances(words.words)
    for kind in {one.kind for one in examples}:  # a kind that is asked seldom has few neighbours, and is no outlier
        rows = [k for k, one in enumerate(examples) if one.kind is kind]
        far[rows], alone[rows] = outlying(distance[rows], clusters[rows])
    labels, unjudged = label_doubts(examples, seed)
    surprised = surprises(examples, surprise)
    qualities = {of: [one.quality for one in examples if one.source.dataset == of]
                 for of in {one.source.dataset for one in examples}}  # fmt: skip
    usual = {of: float(np.median(those)) for of, those in qualities.items()}
    suspects = []
    for place, one in enumerate(examples):
        label = labels.get(place)
        measured = {
            Why.OUTLIER: far[place] if alone[place] else 0.0,
            Why.LABEL: label.margin if label else 0.0,
            Why.SURPRISING: surprised[place] if surprised[place] >= SURPRISING else 0.0,
            Why.QUALITY: 1.0 - one.quality if one.quality < min(LOW_QUALITY, usual[one.source.dataset]) else 0.0,
            Why.TEACHERS: float(DIFFER in one.domains),
        }
        against = {why: round(float(value), 3) for why, value in measured.items() if value > 0.0}
        if against:
            suspects.append(Suspect(place, one, against, label.suggested if label else "", int(clusters[place])))
    suspects.sort(key=lambda one: (-one.doubt, one.example.id))
    return Looked(tuple(suspects), tuple(map(int, clusters)), words.of, unjudged)


def clustered(of: Floats) -> "np.ndarray[tuple[int], np.dtype[np.intp]]":
    """(n,): the cluster of each point, `NOWHERE` where it is in none (HDBSCAN, Campello et al. 2013)."""
    smallest = max(5, len(of) // 100)
    return np.asarray(HDBSCAN(min_cluster_size=smallest, copy=True).fit_predict(of), np.intp)


def outlying(
    distance: Floats, clusters: "np.ndarray[tuple[int], np.dtype[np.intp]]"
) -> "tuple[Floats, np.ndarray[tuple[int], np.dtype[np.bool_]]]":  # fmt: skip
    """(n,) of one kind: the share that lies nearer to others, and which are outliers: far, and either in no cluster or
    farther than `ALONE` robust standard deviations beyond the median, which a text of words that nobody else uses is,
    wherever few dimensions put it."""
    far, median = below(distance), float(np.median(distance))
    spread = 1.4826 * float(np.median(np.abs(distance - median)))
    alone = (clusters == NOWHERE) | (distance > median + ALONE * max(spread, 1e-6))
    return far, (far >= FAR) & alone


def below(values: "np.ndarray[tuple[int], np.dtype[np.float64]] | Floats") -> Floats:
    """(n,): the share of the others that lie below each value.

    >>> below(np.array([3.0, 1.0, 1.0])).tolist()
    [1.0, 0.0, 0.0]
    """
    found = np.searchsorted(np.sort(values), values, side="left") / max(1, len(values) - 1)
    return np.asarray(found, np.float64)


def label_doubts(examples: Sequence[Example], seed: int) -> tuple[dict[int, Doubted], int]:
    """By row what the neighbours say, of examples whose question is of words alone; each compared with the examples of
    its own kind, layer and data set. And of how many nothing could be said."""
    groups: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, one in enumerate(examples):
        if asked(one) and said(one):
            groups[one.kind.value, one.layer.value, one.source.dataset].append(place)
    found: dict[int, Doubted] = {}
    for rows in groups.values():
        of = points([asked(examples[row]) for row in rows], seed).of
        for row, doubt in zip(rows, doubted(of, [said(examples[row]) for row in rows]), strict=True):
            if doubt is not None:
                found[row] = doubt
    return found, len(examples) - sum(map(len, groups.values()))


def surprises(examples: Sequence[Example], surprise: Mapping[str, float]) -> Floats:
    """(n,): the share of examples of the same kind that surprise the model less; 0 where it was not asked."""
    found = np.zeros(len(examples))
    for kind in {one.kind for one in examples}:
        rows = [k for k, one in enumerate(examples) if one.kind is kind and one.id in surprise]
        found[rows] = below(np.array([surprise[examples[k].id] for k in rows]))
    return found
