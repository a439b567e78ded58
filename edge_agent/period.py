"""Gathers the seconds of one resident's room into samples, where the agent is told to send fewer than one a second."""

import math
import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_agent.camera import SecondOfRoom
from edge_agent.preprocess.body import LARGEST
from services.vocabulary import Gap

_EVIDENCE = ("audio.cue.", "vocalisation.", "conflict.")
_QUALITY = "quality."


class Period:
    """The seconds of one seat since its last sample; safe to call from several threads.

    A sample tells of each channel the mean over the seconds in which it was there; of evidence (falls, cues,
    vocalisations, conflicts) and of speeds the largest; of quality the mean with 0 for seconds in which nothing was
    sensed; the most people who were in view at once, and everything that was absent in any of its seconds. A second
    in which a cue was heard, or a fall seen, ends its sample at once: nothing that may be an alarm waits.

    Args:
        length_s: seconds that a sample stands for at most; with 1 every second is a sample, as it is.
        channels: of the camera, along which the seconds' values run.
    """

    def __init__(self, length_s: int, channels: Sequence[str]) -> None:
        self._length_s = length_s
        self._largest = np.array([name in LARGEST or name.startswith(_EVIDENCE) for name in channels], bool)
        self._quality = np.array([name.startswith(_QUALITY) for name in channels], bool)
        self._waiting: list[SecondOfRoom] = []
        self._lock = threading.Lock()

    def add(self, second: SecondOfRoom) -> list[SecondOfRoom]:
        """The samples that are complete now: none, this one, or one that a hole in time ended as well."""
        if self._length_s == 1:
            return [second]
        with self._lock:
            told = [] if self._goes_on(second) else self._told()
            self._waiting.append(second)
            if second.cues or len(self._waiting) >= self._length_s:
                told += self._told()
            return told

    def rest(self) -> list[SecondOfRoom]:
        """What waits, as a sample that stands for fewer seconds."""
        with self._lock:
            return self._told()

    def _goes_on(self, second: SecondOfRoom) -> bool:
        return not self._waiting or 0.0 < second.time - self._waiting[-1].time < 1.5

    def _told(self) -> list[SecondOfRoom]:
        waiting, self._waiting = self._waiting, []
        if len(waiting) < 2:
            return waiting
        last = waiting[-1]
        return [
            replace(
                last, values=self._values(np.array([second.values for second in waiting])),
                quality=math.fsum(second.quality for second in waiting) / len(waiting),
                persons=max(second.persons for second in waiting), gaps=_every_gap(waiting),
            )
        ]  # fmt: skip

    def _values(self, rows: NDArray[np.float64]) -> tuple[float, ...]:
        """One row of several, (seconds, channels)."""
        there = np.isfinite(rows)
        count = there.sum(axis=0)
        total = np.where(there, rows, 0.0).sum(axis=0)
        mean = total / np.maximum(np.where(self._quality, len(rows), count), 1)
        most = np.where(there, rows, -np.inf).max(axis=0)
        told = np.where(count > 0, np.where(self._largest, most, mean), np.nan)
        return tuple(told.tolist())


def _every_gap(seconds: Sequence[SecondOfRoom]) -> tuple[Gap, ...]:
    return tuple(dict.fromkeys(gap for second in seconds for gap in second.gaps))
