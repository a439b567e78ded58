"""What minutes of one followed body say: how long it has been still, how restless, whether it rocks or holds itself."""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.preprocess.posture import NAN, ramp
from edge_agent.preprocess.skeleton import (
    HEAD,
    HIPS,
    SHOULDERS,
    SURE,
    WRISTS,
    Skeleton,
    scale_px,
    trunk,
    wrists_and_elbows,
)
from services.vocabulary.time import Seconds

STILL_FULL_S: Seconds = 3600.0
"""Stillness for so long is 1; a minute is 0.5."""
_STILL = {"trunk": 0.2, "wrists": 0.4}
"""How far, in torso lengths, a part may lie from where it lay when stillness began. Source: measured; a man who stands
still on the demonstration clip stays within half of it."""
RESTLESS_S: Seconds = 60.0
_RESTLESS_LEAST_S: Seconds = 20.0
_RESTLESS_SPEED = {"trunk": 0.2, "wrists": 0.8}
"""Torso lengths a second from which a look shows movement (source: guess, above what keypoints of still people do)."""
_WALKED, _WALK_S = 0.8, 1.5
"""Torso lengths that somebody who walks comes along within so many seconds: walking is not restlessness (source:
guess)."""
ROCK_S: Seconds = 10.0
ROCK_HZ = (0.3, 2.0)
"""Paces of rocking. Only those under 0.45 of the rate of looks can be told: at two looks a second 0.3 to 0.9 Hz."""
_NYQUIST = 0.45
_ROCK_SWING = (0.05, 0.12)
"""Root mean square of the swing in torso lengths: from where it may be more than jitter, and surely is (source: guess;
keypoints of a still body measured 0.02)."""
_ROCK_SHARE = (0.6, 0.85)
"""Share of the movement at one pace: noise has 0.4 (source: measured on white noise)."""
CONTACT_S: Seconds = 10.0
_AT_HEAD = 0.35
"""Torso lengths between hand and the middle of the head at which one is at the other (source: adult proportions)."""
_HAND = 0.35
"""The hand's middle lies beyond the wrist by this share of the forearm (source: adult proportions)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """One look at a trunk whose length is `unit_px`: `middle` of the shoulders, and what it showed."""

    time_s: Seconds
    middle: NDArray[np.float64]
    unit_px: float
    moved: bool
    touched: bool | None


class Habits:
    """Remembers a minute of one track."""

    def __init__(self) -> None:
        self._looks: deque[_Look] = deque()
        self._before: tuple[Seconds, Skeleton] | None = None
        self._still: tuple[Seconds, Skeleton] | None = None
        self._strayed = False

    def update(self, time_s: Seconds, body: Skeleton, asleep: bool) -> dict[str, float]:
        """`pose.stillness`, `pose.restlessness`, `pose.rocking` and `pose.self_contact` now; NaN where not enough was
        seen. Looks come in the order of time. Somebody who may be `asleep`, in bed, is not judged for being still."""
        shoulders, unit_px = body.about(SHOULDERS), scale_px(body)
        if shoulders is None or not unit_px > 0.0:
            return {}
        moved = self._before is not None and _faster(self._before, (time_s, body), unit_px)
        self._before = (time_s, body)
        while self._looks and not 0.0 < time_s - self._looks[0].time_s <= RESTLESS_S:
            self._looks.popleft()
        self._looks.append(_Look(time_s, shoulders, unit_px, moved, touching(body, unit_px)))
        return {
            "pose.stillness": self._stillness(time_s, body, unit_px, asleep),
            "pose.restlessness": self._restlessness(time_s),
            "pose.rocking": self._rocking(time_s),
            "pose.self_contact": self._contact(time_s),
        }

    def _stillness(self, time_s: Seconds, body: Skeleton, unit_px: float, asleep: bool) -> float:
        strayed = self._still is not None and _apart(self._still[1], body, unit_px)
        if self._still is None or asleep or (strayed and self._strayed):
            self._still, strayed = (time_s, body), False
        self._strayed = strayed  # one look alone may be the net's mistake
        return NAN if asleep else stillness(time_s - self._still[0])

    def _restlessness(self, time_s: Seconds) -> float:
        looks = list(self._looks)
        if time_s - looks[0].time_s < _RESTLESS_LEAST_S:
            return NAN
        stayed = [look for k, look in enumerate(looks) if not _walking(looks, k)]
        return sum(look.moved for look in stayed) / len(stayed) if len(stayed) >= len(looks) / 2 else NAN

    def _rocking(self, time_s: Seconds) -> float:
        looks = [look for look in self._looks if time_s - look.time_s <= ROCK_S]
        if looks[-1].time_s - looks[0].time_s < 0.8 * ROCK_S or _walking(looks, len(looks) - 1):
            return NAN
        unit_px = float(np.median([look.unit_px for look in looks]))
        return rocking(
            np.array([look.time_s for look in looks]), np.array([look.middle for look in looks]) / unit_px
        )  # fmt: skip

    def _contact(self, time_s: Seconds) -> float:
        seen = [look.touched for look in self._looks if time_s - look.time_s <= CONTACT_S and look.touched is not None]
        return sum(seen) / len(seen) if len(seen) >= CONTACT_S / 2 else NAN


def stillness(still_s: Seconds) -> float:
    """Seconds without movement on a logarithmic scale, 0 moving to 1 an hour: how long people sit still varies by
    factors, not by seconds.

    >>> [round(stillness(s), 2) for s in (0.0, 10.0, 60.0, 600.0, 3600.0)]
    [0.0, 0.29, 0.5, 0.78, 1.0]
    """
    return min(1.0, math.log1p(still_s) / math.log1p(STILL_FULL_S))


def rocking(times_s: NDArray[np.float64], places: NDArray[np.float64]) -> float:
    """How surely a trunk at `places` (n, 2), in torso lengths, swings to and fro at one pace, 0..1: the share of its
    movement in one peak of the spectrum and its neighbours, times whether the swing is more than jitter. NaN where the
    looks are too few for the slowest pace of `ROCK_HZ`. A pace beyond the range folds into it: that somebody rocks is
    told then, and no pace ever.

    >>> t = np.arange(20) / 2
    >>> round(rocking(t, np.stack([0.3 * np.sin(2 * np.pi * 0.5 * t), 0.0 * t], axis=1)), 2)
    1.0
    >>> rocking(np.arange(5) * 2.0, np.zeros((5, 2)))
    nan
    """
    n, rate = len(times_s), (len(times_s) - 1) / (times_s[-1] - times_s[0])
    high = min(ROCK_HZ[1], _NYQUIST * rate)
    if high <= ROCK_HZ[0] + 1.0 / ROCK_S:
        return NAN
    even = np.linspace(times_s[0], times_s[-1], n)
    best = 0.0
    for axis in range(places.shape[1]):
        path = np.interp(even, times_s, places[:, axis])
        path = path - np.polyval(np.polyfit(even, path, 1), even)
        power = np.abs(np.fft.rfft(path * np.hanning(n))) ** 2
        hertz = np.fft.rfftfreq(n, 1.0 / rate)
        power[0] = 0.0
        band = np.flatnonzero((hertz >= ROCK_HZ[0] - 0.5 / ROCK_S) & (hertz <= high))
        if not len(band) or power.sum() <= 0.0:
            continue
        peak = int(band[power[band].argmax()])
        share = float(power[max(1, peak - 1) : peak + 2].sum() / power.sum())
        best = max(best, ramp(share, *_ROCK_SHARE) * ramp(float(path.std()), *_ROCK_SWING))
    return best


def touching(body: Skeleton, unit_px: float) -> bool | None:
    """Whether a hand is at the head or before the trunk, as the camera sees it; None where no hand is seen, or neither
    head nor trunk. A hand that passes before the body counts while it does: a share of time is what is told."""
    hands = [wrist + _HAND * (wrist - elbow) for wrist, elbow in wrists_and_elbows(body)]
    head, ends = body.about(HEAD), trunk(body)
    if not hands or (head is None and ends is None):
        return None
    at_head = head is not None and any(float(np.linalg.norm(hand - head)) < _AT_HEAD * unit_px for hand in hands)
    return at_head or any(_before_trunk(hand, body) for hand in hands)


def _before_trunk(hand: NDArray[np.float64], body: Skeleton) -> bool:
    """Within the upper four fifths of the trunk: hands in the lap are not meant."""
    if (body.scores[[*SHOULDERS, *HIPS]] < SURE).any():
        return False
    shoulders, hips = body.points[SHOULDERS], body.points[HIPS]
    along = hips.mean(axis=0) - shoulders.mean(axis=0)
    down = float((hand - shoulders.mean(axis=0)) @ along / max(float(along @ along), 1e-9))
    if not 0.0 <= down <= 0.8:
        return False
    sides = shoulders + down * (hips - shoulders)
    across = sides[1] - sides[0]
    return 0.0 <= float((hand - sides[0]) @ across / max(float(across @ across), 1e-9)) <= 1.0


def _apart(one: Skeleton, other: Skeleton, unit_px: float) -> bool:
    return any(_way(one, other, part) > far * unit_px for part, far in _STILL.items())


def _faster(before: tuple[Seconds, Skeleton], now: tuple[Seconds, Skeleton], unit_px: float) -> bool:
    took = now[0] - before[0]
    return took > 0.0 and any(
        _way(before[1], now[1], part) > speed * took * unit_px for part, speed in _RESTLESS_SPEED.items()
    )


def _way(one: Skeleton, other: Skeleton, part: str) -> float:
    """How far a part lies from where it lay, in pixels: the trunk's middle, or the farther wrist; 0 where hidden."""
    if part == "trunk":
        here, there = one.about([*SHOULDERS, *HIPS]), other.about([*SHOULDERS, *HIPS])
        return 0.0 if here is None or there is None else float(np.linalg.norm(here - there))
    both = [k for k in WRISTS if min(one.scores[k], other.scores[k]) >= SURE]
    return float(np.linalg.norm(one.points[both] - other.points[both], axis=1).max()) if both else 0.0


def _walking(looks: list[_Look], k: int) -> bool:
    """Whether somebody was somewhere else shortly before or after the k-th look."""
    here = looks[k]
    near = [look.middle - here.middle for look in looks if abs(look.time_s - here.time_s) <= _WALK_S]
    return float(np.linalg.norm(near, axis=1).max()) > _WALKED * here.unit_px
