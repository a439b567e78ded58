"""The corpus as one picture: every example a point, near what is like it, coloured by its cluster."""

import html
from collections.abc import Sequence

import numpy as np
from sklearn.manifold import TSNE

from training.curating.doubts import NOWHERE, Looked
from training.curating.points import Floats

MOST = 1500
"""Points that are drawn: all suspects on the page, and of the others as many as there is room for."""
COLOURS = ("#1f6f8b", "#81b29a", "#e0a458", "#7d5ba6", "#5c80bc", "#b56576", "#6b8f71", "#a98467", "#4d908e", "#8d99ae")
_SIZE, _EDGE = 640, 16


def svg(looked: Looked, shown: int) -> str:
    """The picture as SVG: the first `shown` suspects are red rings with their rank, which lead to their place in the
    page; grey is what is in no cluster."""
    marked = {one.place: rank for rank, one in enumerate(looked.suspects[:shown], 1)}
    chosen = _chosen(len(looked.clusters), marked)
    at = flat(looked.points[chosen])
    parts = [f'<svg viewBox="0 0 {_SIZE} {_SIZE}" role="img" aria-label="Examples as points, near what is like them">']
    dots, rings = [], []
    for place, (x, y) in zip(chosen, at, strict=True):
        cluster = looked.clusters[place]
        colour = "#b9b9b9" if cluster == NOWHERE else COLOURS[cluster % len(COLOURS)]
        dots.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')
        if (rank := marked.get(place)) is not None:
            title = html.escape(", ".join(looked.suspects[rank - 1].against))
            rings.append(f'<a href="#s{rank}"><circle cx="{x:.1f}" cy="{y:.1f}" r="6" class="ring">'
                         f"<title>{rank}: {title}</title></circle></a>")  # fmt: skip
    return "".join([*parts, *dots, *rings, "</svg>"])


def flat(of: Floats) -> Floats:
    """(n, 2) places in the picture: t-SNE (van der Maaten and Hinton 2008), begun at the principal components; what is
    near is alike, what is far says nothing."""
    centred = of - of.mean(axis=0)
    if min(centred.shape) < 2 or not centred.any():
        centred = np.column_stack([np.arange(len(of), dtype=float), np.zeros(len(of))])
        return _fitted(centred)
    perplexity = min(30.0, (len(of) - 1) / 3.0)
    return _fitted(np.asarray(TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(of), float))


def _chosen(count: int, marked: dict[int, int]) -> list[int]:
    step = max(1, -(-count // max(1, MOST - len(marked))))
    return sorted({*marked, *range(0, count, step)})


def _fitted(of: Floats) -> Floats:
    low, high = of.min(axis=0), of.max(axis=0)
    return np.asarray(_EDGE + (of - low) / np.maximum(high - low, 1e-9) * (_SIZE - 2 * _EDGE))


def sizes(clusters: Sequence[int]) -> list[tuple[int, int]]:
    """Clusters and how many each holds, largest first; `NOWHERE` last."""
    names, many = np.unique(np.asarray(clusters), return_counts=True)
    found = [(int(name), int(count)) for name, count in zip(names, many, strict=True)]
    return sorted(found, key=lambda one: (one[0] == NOWHERE, -one[1]))
