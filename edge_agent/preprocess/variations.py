"""Looks at one face several times, each a little differently, so that a model shows how sure it is."""

from dataclasses import dataclass

import numpy as np

from edge_agent.preprocess.pixels import Picture, turned


@dataclass(frozen=True, slots=True)
class Variation:
    """One way of looking: mirrored or not, with a wider margin (share of the face box), turned by some degrees."""

    mirrored: bool = False
    wider: float = 0.0
    turned_deg: float = 0.0

    def of(self, image: Picture) -> Picture:
        """The crop `image` (square, BGR), turned and mirrored; the wider margin is the crop's own."""
        seen = turned(image, self.turned_deg) if self.turned_deg else image
        return np.ascontiguousarray(seen[:, ::-1]) if self.mirrored else seen


VARIATIONS = (
    Variation(), Variation(mirrored=True), Variation(wider=0.06), Variation(turned_deg=5.0),
    Variation(mirrored=True, turned_deg=5.0),
)  # fmt: skip
"""The first one is the face as the model's card wants it. What changes is what a face box and a head never keep still
(source: guess; test-time augmentation after Ayhan and Berens 2018, MIDL)."""
