"""Follows people from look to look without knowing them, and says whether a lone one is the resident."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from services.vocabulary.time import Seconds

LEAST_OVERLAP = 0.1
"""Overlap of two boxes, half a second apart, from which they are one person (source: guess)."""
NEAR, NEAR_S = 1.0, 1.0
"""Where no box overlaps: how far, in sizes of the larger box, somebody may have come within so many seconds (source:
geometry; who falls to the side lies 0.7 sizes away, and the upright and the lying box share a fifteenth)."""
FORGET_S: Seconds = 2.0
"""How long somebody may be unseen; then their id is gone for ever."""


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle as shares of the picture, 0..1: `left`, `top`, `right`, `bottom`.

    >>> Area(0.0, 0.0, 0.5, 1.0).holds(0.2, 0.9), Area(0.0, 0.0, 0.5, 1.0).overlaps(Area(0.5, 0.0, 1.0, 1.0))
    (True, False)
    """

    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 1.0

    def holds(self, x: float, y: float) -> bool:
        """Whether a place, in shares of the picture, lies in it; what lies beyond the picture counts as its edge."""
        x, y = min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)
        return self.left <= x <= self.right and self.top <= y <= self.bottom

    def overlaps(self, other: "Area") -> bool:
        """Whether both share more than an edge."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return wide > 0.0 and high > 0.0

    def overlap(self, other: "Area") -> float:
        """Intersection over union, 0..1."""
        wide = max(0.0, min(self.right, other.right) - max(self.left, other.left))
        high = max(0.0, min(self.bottom, other.bottom) - max(self.top, other.top))
        both = (self.right - self.left) * (self.bottom - self.top) + (other.right - other.left) * (
            other.bottom - other.top
        )
        return wide * high / (both - wide * high) if both > wide * high else 0.0

    def distance(self, other: "Area") -> float:
        """Between the middles, in the larger width and height of both."""
        wide = max(self.right - self.left, other.right - other.left, 1e-9)
        high = max(self.bottom - self.top, other.bottom - other.top, 1e-9)
        across = (self.left + self.right - other.left - other.right) / 2 / wide
        down = (self.top + self.bottom - other.top - other.bottom) / 2 / high
        return math.hypot(across, down)


WHOLE = Area()


@dataclass(frozen=True, slots=True)
class Track:
    """Somebody as last seen: `box` in shares of the picture. The id says nothing about who it is."""

    id: int
    box: Area
    seen_s: Seconds

    @property
    def middle(self) -> tuple[float, float]:
        """Where they are, in shares of the picture."""
        return (self.box.left + self.box.right) / 2, (self.box.top + self.box.bottom) / 2


class Tracks:
    """Gives ids to boxes by overlap, else by nearness; no appearance is kept, and an id unseen for two seconds never
    returns."""

    def __init__(self) -> None:
        self._known: list[Track] = []
        self._last = 0

    def update(self, time_s: Seconds, boxes: Sequence[Area]) -> list[Track]:
        """Tracks of the boxes of one picture, in their order."""
        known = [track for track in self._known if 0.0 <= time_s - track.seen_s <= FORGET_S]
        both = [(box, k, track) for k, box in enumerate(boxes) for track in known]
        over = [(-box.overlap(track.box), k, track) for box, k, track in both]
        near = [(box.distance(track.box), k, track) for box, k, track in both if time_s - track.seen_s <= NEAR_S]
        pairs = sorted((one for one in over if one[0] < -LEAST_OVERLAP), key=lambda pair: pair[0])
        pairs += sorted((one for one in near if one[0] < NEAR), key=lambda pair: pair[0])
        ids: dict[int, int] = {}
        for _, k, track in pairs:
            if k not in ids and track.id not in ids.values():
                ids[k] = track.id
        seen = [Track(ids.get(k) or self._new(), box, time_s) for k, box in enumerate(boxes)]
        self._known = [*seen, *(track for track in known if track.id not in {one.id for one in seen})]
        return seen

    def missing(self, time_s: Seconds, seen: int) -> bool:
        """Whether fewer people are `seen` now than were lately."""
        return seen < sum(0.0 <= time_s - track.seen_s <= FORGET_S for track in self._known)

    def _new(self) -> int:
        self._last += 1
        return self._last


class Presence:
    """Whether the lone person in view may be taken for the resident: their track has been in the resident's zone since
    the room was last empty or shared. With a zone of the whole picture everybody who is alone may."""

    def __init__(self, zone: Area = WHOLE) -> None:
        self.zone = zone
        self._lone = 0
        self._been_there = False
        self._seen_s: Seconds | None = None

    def update(self, time_s: Seconds, tracks: Sequence[Track]) -> bool:
        """Whether who is in view now is the resident; False with nobody or several in view."""
        if not tracks:
            if self._seen_s is None or not 0.0 <= time_s - self._seen_s <= FORGET_S:
                self._forget()
            return False
        self._seen_s = time_s
        if len(tracks) > 1:
            self._forget()
            return False
        if tracks[0].id != self._lone:
            self._lone, self._been_there = tracks[0].id, False
        self._been_there = self._been_there or self.zone.holds(*tracks[0].middle)
        return self._been_there

    def _forget(self) -> None:
        self._lone, self._been_there = 0, False
