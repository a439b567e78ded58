"""Cuts a whole file into windows, also one that is shorter than a second: a picture, a cry."""

from collections.abc import Iterable, Iterator
from itertools import chain

from edge_agent.capture.frame import SAMPLE_RATE_HZ, Captured, Frame, Sound
from edge_agent.capture.windows import LENGTH_S, Window, joined, windows
from edge_agent.preprocess.waves import repeated
from services.vocabulary.time import Seconds

REPEATED_S: Seconds = 2.0
"""A sound under a second is played again until it fills this long. Silence behind it is heard as speech by the sound
model, and one round of it is seen by a single window of 0.975 s (measured on 29 short groans, screams and hits)."""


def whole(captured: Iterable[Captured]) -> Iterator[Window]:
    """The windows of a file as `windows` gives them; of a shorter one, its pictures and its repeated sound.

    Stream times count from 0.
    """
    rest = iter(captured)
    first: list[Captured] = []
    for item in rest:
        first.append(item)
        if _end_s(item) >= LENGTH_S:
            yield from windows(chain(first, rest))
            return
    if first:
        yield from _short(first)


def _end_s(item: Captured) -> Seconds:
    return item.end_s if isinstance(item, Sound) else item.pts_s


def _short(items: list[Captured]) -> Iterator[Window]:
    frames = tuple(item for item in items if isinstance(item, Frame))
    samples = joined(item for item in items if isinstance(item, Sound))
    if samples is None or not len(samples):
        yield Window(LENGTH_S, frames)
        return
    n = round(REPEATED_S * SAMPLE_RATE_HZ)
    for window in windows([Sound(repeated(samples, n), 0.0)]):
        yield Window(window.end_s, frames if window.end_s == LENGTH_S else (), window.sounds)
