"""Chooses which pictures of an event a model is shown: those that are some, and no more than it takes."""

import math
from collections.abc import Iterable

from services.runtime import logs
from services.vocabulary import Event, Picture
from services.vocabulary.time import Seconds
from vlm_service.dialogue import Frame, NoPicture
from vlm_service.metrics import PICTURES

WITHIN_S: Seconds = 120.0
"""Pictures farther from the opening of an event are not of it (source: guess)."""


def usable(pictures: Iterable[Picture], event: Event, most: int) -> tuple[Frame, ...]:
    """At most so many, oldest first, spread over the time with the last among them. What is none is counted and left
    out; the question goes on without."""
    found: list[Frame] = []
    for picture in sorted(pictures, key=lambda one: one.time):
        before = event.opened_at - picture.time
        try:
            if not (math.isfinite(before) and abs(before) <= WITHIN_S):
                raise NotOfTheEvent(f"a picture of {picture.time}: expected one of within {WITHIN_S:g} s")
            found.append(Frame(picture.jpeg, before, picture.silhouette))
        except NoPicture as refusal:
            PICTURES.labels(refusal.reason).inc()
            logs.logger(room="vlm").warning("a picture is not shown", reason=refusal.reason, event_id=event.id)
    if not most:
        PICTURES.labels("not_wanted").inc(len(found))
        return ()
    step = max(1.0, len(found) / most)
    kept = {len(found) - 1 - int(place * step) for place in range(min(most, len(found)))}
    PICTURES.labels("too_many").inc(len(found) - len(kept))
    return tuple(found[place] for place in sorted(kept))


class NotOfTheEvent(NoPicture):
    """A picture of another time."""

    reason = "other_time"
