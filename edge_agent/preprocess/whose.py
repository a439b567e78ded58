"""Whose of several residents in one picture somebody may be: by the place in which they were before they fell."""

from collections import deque
from collections.abc import Sequence
from enum import Enum

from edge_agent.preprocess.fall import SPAN_S
from edge_agent.preprocess.tracks import FORGET_S, Area, Track
from services.vocabulary.time import Seconds


class Whose(Enum):
    """Who somebody is taken for."""

    OWN = "the resident this camera was set up for"
    ANOTHER = "another resident of the picture"
    UNRESOLVED = "nobody can tell"


class Homes:
    """Follows in whose places (zones and beds) each track of a picture was last.

    Args:
        own: places of the resident who is asked about; without any, nobody is told to be them.
        others: places of the other residents in the same picture; without any, everybody counts as the one resident's.
    """

    def __init__(self, own: Sequence[Area] = (), others: Sequence[Area] = ()) -> None:
        self._own, self._others = tuple(own), tuple(others)
        self._seen: dict[int, deque[tuple[Seconds, Whose]]] = {}
        self._last: dict[int, Seconds] = {}
        self._fallen: dict[int, Whose] = {}

    @property
    def shared(self) -> bool:
        """Whether anybody else lives in the picture."""
        return bool(self._others)

    def update(self, tracks: Sequence[Track]) -> None:
        """Tracks of one picture, in the order of time. One that is forgotten takes its places with it."""
        if not self.shared:
            return
        for track in tracks:
            here, self._last[track.id] = self._at(*track.middle), track.seen_s
            if here is not None:
                self._seen.setdefault(track.id, deque(maxlen=64)).append((track.seen_s, here))
        now = max((track.seen_s for track in tracks), default=None)
        for gone in [id_ for id_, at in self._last.items() if now is not None and not 0.0 <= now - at <= FORGET_S]:
            for kept in (self._seen, self._last, self._fallen):
                kept.pop(gone, None)

    def of(self, track: Track) -> Whose:
        """Whose place this track was in last."""
        if not self.shared:
            return Whose.OWN
        seen = self._seen.get(track.id)
        return seen[-1][1] if seen else Whose.UNRESOLVED

    def fallen(self, track: Track, falls: bool) -> Whose:
        """Whose fall it is while this track `falls` or lies where it fell: of whose place it was in before, unless it
        came to lie in another's. What is said with the first evidence stays said while the evidence does."""
        if not falls:
            self._fallen.pop(track.id, None)
            return self.of(track)
        if track.id not in self._fallen:
            self._fallen[track.id] = self._fell(track)
        return self._fallen[track.id]

    def _fell(self, track: Track) -> Whose:
        now = self.of(track)
        before = [whose for at, whose in self._seen.get(track.id, ()) if at <= track.seen_s - SPAN_S]
        return now if not before or before[-1] is now else Whose.UNRESOLVED

    def _at(self, x: float, y: float) -> Whose | None:
        here = [
            who for who, places in ((Whose.OWN, self._own), (Whose.ANOTHER, self._others))
            if any(place.holds(x, y) for place in places)
        ]  # fmt: skip
        return here[0] if len(here) == 1 else None
