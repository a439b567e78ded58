"""Cuts what was captured into windows of one second of stream time."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from edge_agent.capture.frame import SAMPLE_RATE_HZ, Captured, Frame, Samples, Skipped, Sound, Waiting
from services.vocabulary.time import Seconds

LENGTH_S: Seconds = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Everything captured in [`end_s` - 1, `end_s`). `skipped` counts pictures that came too late to be looked at.

    `sounds` follow one another in time; where they do not join, sound is missing.
    """

    end_s: Seconds
    frames: tuple[Frame, ...] = ()
    sounds: tuple[Sound, ...] = ()
    skipped: int = 0

    @property
    def start_s(self) -> Seconds:
        """Stream time at which the window begins."""
        return self.end_s - LENGTH_S


def windows(captured: Iterable[Captured], patience_s: Seconds = 1.5, gap_s: Seconds = 5.0) -> Iterator[Window]:
    """One window per second, on whole seconds, in order; sound is cut where a second ends.

    A window is closed once pictures and sound have both passed its end, or once either is `patience_s` beyond it (at
    once, where the other has not come for `gap_s`). A second without anything is an empty window; after a hole of
    more than `gap_s` the windows go on behind it, unless a `Waiting` says how time passed. A picture that comes after
    its window was closed is counted in the next one's `skipped`, sound is lost. The last window is given only if it is
    more than half full.
    """
    builder = _Builder(patience_s, gap_s)
    for item in captured:
        yield from builder.add(item)
    yield from builder.rest()


class _Builder:
    def __init__(self, patience_s: Seconds, gap_s: Seconds) -> None:
        self._patience_s, self._gap_s = patience_s, gap_s
        self._end_s: Seconds | None = None
        self._frames: list[Frame] = []
        self._sounds: list[Sound] = []
        self._skipped: list[Skipped] = []
        self._seen_s: Seconds = 0.0
        self._heard_s: Seconds = 0.0

    def add(self, item: Captured) -> Iterator[Window]:
        if self._end_s is None or item.pts_s < self._end_s - LENGTH_S - self._gap_s:
            self._begin(item.pts_s)
        if isinstance(item, Waiting):
            self._seen_s, self._heard_s = max(self._seen_s, item.pts_s), max(self._heard_s, item.pts_s)
        elif isinstance(item, Sound):
            self._heard_s = max(self._heard_s, item.end_s)
            self._sounds.append(item)
        else:
            self._seen_s = max(self._seen_s, item.pts_s)
            (self._frames if isinstance(item, Frame) else self._skipped).append(item)  # type: ignore[arg-type]
        yield from self._close_what_is_ready()

    def rest(self) -> Iterator[Window]:
        while self._end_s is not None and max(self._seen_s, self._heard_s) > self._end_s - LENGTH_S / 2:
            yield self._close()

    def _begin(self, pts_s: Seconds) -> None:
        self._end_s = math.floor(pts_s + 1e-6) + LENGTH_S
        self._frames, self._sounds, self._skipped = [], [], []
        self._seen_s = self._heard_s = pts_s

    def _close_what_is_ready(self) -> Iterator[Window]:
        while self._end_s is not None:
            latest_s, slowest_s = max(self._seen_s, self._heard_s), min(self._seen_s, self._heard_s)
            if latest_s - slowest_s > self._gap_s:
                slowest_s = latest_s
            if slowest_s < self._end_s - 1e-6 and latest_s < self._end_s + self._patience_s:
                return
            waiting: list[Captured] = [*self._frames, *self._sounds, *self._skipped]
            waiting_s = min((item.pts_s for item in waiting), default=self._end_s)
            if waiting_s > self._end_s + self._gap_s:
                self._end_s = math.floor(waiting_s + 1e-6) + LENGTH_S
            else:
                yield self._close()

    def _close(self) -> Window:
        assert self._end_s is not None
        end_s = self._end_s - 1e-6
        window = Window(
            self._end_s,
            tuple(frame for frame in self._frames if frame.pts_s < end_s and frame.pts_s >= end_s - LENGTH_S),
            tuple(part for sound in self._sounds if (part := _part(sound, self._end_s - LENGTH_S, self._end_s))),
            sum(item.pts_s < end_s for item in self._skipped)
            + sum(frame.pts_s < end_s - LENGTH_S for frame in self._frames),
        )
        self._frames = [frame for frame in self._frames if frame.pts_s >= end_s]
        self._sounds = [sound for sound in self._sounds if sound.end_s > self._end_s]
        self._skipped = [item for item in self._skipped if item.pts_s >= end_s]
        self._end_s += LENGTH_S
        return window


def joined(sounds: Iterable[Sound]) -> Samples | None:
    """All samples of a window in a row, or None where it has none."""
    parts = [sound.samples for sound in sounds]
    if not parts:
        return None
    return np.concatenate(parts)


def _part(sound: Sound, start_s: Seconds, end_s: Seconds) -> Sound | None:
    first = max(0, round((start_s - sound.pts_s) * SAMPLE_RATE_HZ))
    last = min(len(sound.samples), round((end_s - sound.pts_s) * SAMPLE_RATE_HZ))
    if first >= last:
        return None
    return replace(sound, samples=sound.samples[first:last], pts_s=sound.pts_s + first / SAMPLE_RATE_HZ)
