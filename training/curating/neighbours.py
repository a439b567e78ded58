"""Whose label disagrees with those of its neighbours: confident learning on the votes of the nearest.

Northcutt, Jiang and Chuang 2021, "Confident learning: estimating uncertainty in dataset labels" (JAIR 70), as cleanlab
computes it, with leave-one-out votes of the k nearest (Wilson 1972) in the place of a classifier's probabilities.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.neighbors import NearestNeighbors

from training.curating.points import Floats

NEAREST = 10
"""Neighbours that vote. Source: guess."""


@dataclass(frozen=True, slots=True)
class Doubted:
    """The label that the neighbours have, and by how much more of their votes than the example's own: above 0 to 1."""

    suggested: str
    margin: float


def doubted(of: Floats, labels: Sequence[str], k: int = NEAREST) -> list[Doubted | None]:
    """For each of the points (n, dimensions) with its label, whether its label is in doubt: another one gets at least
    the votes that members of that other one get on average, and more than its own. With a label that nobody else has,
    or as few points as voters, nothing can be said.

    >>> near = np.repeat([[1.0, 0.0], [0.0, 1.0]], 4, axis=0)
    >>> found = doubted(near, ["a", "a", "a", "b", "b", "b", "b", "b"], k=3)
    >>> found[3], found[0], found[4]
    (Doubted(suggested='a', margin=1.0), None, None)
    """
    names, own = np.unique(np.asarray(labels), return_inverse=True)
    if len(labels) <= k or len(names) < 2:
        return [None] * len(labels)
    votes = _votes(of, own, len(names), k)
    usual = np.array([votes[own == label, label].mean() for label in range(len(names))])
    found: list[Doubted | None] = []
    for row, label in zip(votes, own, strict=True):
        open_to = [other for other in range(len(names)) if other != label and row[other] >= usual[other] > 0.0]
        best = max(open_to, key=lambda other: row[other], default=label)
        margin = float(row[best] - row[label])
        found.append(Doubted(str(names[best]), margin) if margin > 0.0 else None)
    return found


def distances(words: csr_matrix, k: int = NEAREST) -> Floats:
    """(n,): the mean distance of each row to its k nearest others, 1 less the cosine: 1 where no word is shared."""
    k = min(k, words.shape[0] - 1)
    far, _ = NearestNeighbors(n_neighbors=k + 1, metric="cosine", algorithm="brute").fit(words).kneighbors(words)
    return np.asarray(far[:, 1:].mean(axis=1))


def _votes(of: Floats, own: "np.ndarray[tuple[int], np.dtype[np.intp]]", count: int, k: int) -> Floats:
    """(n, labels): the share of the k nearest others that have each label. Of others equally far, which may be many,
    those count that come first."""
    _, nearest = NearestNeighbors(n_neighbors=k + 1).fit(of).kneighbors(of)
    votes = np.zeros((len(of), count))
    for place, row in enumerate(nearest):
        others = [one for one in row if one != place][:k]
        votes[place] = np.bincount(own[others], minlength=count) / k
    return votes
