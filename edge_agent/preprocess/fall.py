"""Evidence of a fall of one followed person: a fast drop of the trunk that ends low, and staying down."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from edge_agent.preprocess.posture import NAN, ramp
from edge_agent.preprocess.skeleton import ANKLES, HEAD, SHOULDERS, Skeleton, scale_px, tilt, trunk
from services.vocabulary.time import Seconds

SPAN_S: Seconds = 1.6
"""Longest a fall takes from upright to down (source: falls last 0.6 to 1.2 s; two pictures a second add half one)."""
_STEP_S = (0.4, 1.1)
"""Stretches over which a speed is measured."""
_APART_S: Seconds = 0.2
"""Looks closer than this are passed over: the largest of many noisy speeds is none."""
_SPEED = (1.3, 2.0)
"""Speed of the shoulders, in torso lengths of about half a metre per second, at which a descent begins to be a fall and
surely is one. Source: 1.3 m/s at its fastest divides falls from everyday movements (Bourke and others 2008, Medical
Engineering & Physics 30(7)); a mean over half a second is smaller."""
_DROP = (0.9, 1.3)
"""Descent of the shoulders in torso lengths: sitting down has 0.9, falling from a chair 1.5, from standing 2.4."""
_HIPS_DROP = (0.3, 0.55)
"""Descent of the hips: bending down has 0.1, falling from a chair 0.6, from standing 1.6."""
_SEATED_DROP = (1.3, 1.6)
"""Descent of the hips with which an upright trunk has landed on the floor: on a low couch 1.1, on the floor 1.6."""
_ROLLED = (0.4, 0.7)
"""Descent of the hips of somebody who lay in bed and lies beside it (source: guess; a bed is 0.5 m high)."""
_LIFTED = (0.6, 0.3)
"""How far up the feet go in the picture: onto a bed by 0.8 torso lengths, in a fall hardly."""
_HIDDEN_DROP = (2.0, 2.4)
"""Descent of the shoulders where hips are hidden: bending has 1.4."""
_LAID = (0.65, 0.42)
"""Rise of the trunk, from hips to shoulders in the picture, as a share of that before: from where it begins to lie, and
surely does. It shrinks as the cosine of the trunk's tilt (0.64 at 50 degrees, 0.42 at 65), and as well where the body
lies along the line of sight, where no tilt is seen; sitting keeps it."""
_COLLAPSED = (0.55, 0.38)
"""Height of the shoulders over the feet, as a share of that before: seated 0.65, sitting on the floor 0.38."""
_TORSO_PER_NECK = 2.4
"""Length of the torso over that from shoulders to the middle of the head, where hips are hidden (source: adult
proportions)."""
_UPRIGHT_DEG = 50.0
_UNITS = 5
"""Upright looks whose torso lengths are remembered."""
_RISEN = 0.4
"""Share of the drop that is taken back by somebody who is up again."""
_AT_ONCE, _SURE_AFTER_S = 0.35, 4.0
"""What a descent alone is worth, and how long staying down takes to be worth everything (source: guess; who sits up
again at once raises no alarm)."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One look: heights in pixels downwards, NaN where hidden; `tilt` in degrees."""

    time_s: Seconds
    shoulders: float
    hips: float
    feet: float
    tilt: float
    unit_px: float
    in_bed: bool


@dataclass(frozen=True, slots=True)
class _Descent:
    """A drop from `before` that ended at `at_s`; `strength` 0..1 is how much it was like a fall."""

    before: _Look
    at_s: Seconds
    lowest: float
    strength: float


class Fall:
    """Watches one track. Lengths are torso lengths of the person as seen before the drop, so that neither the camera's
    place nor the person's size matters; what the feet move down is taken off, so that walking towards the camera is no
    drop. Who is in bed has not fallen."""

    def __init__(self) -> None:
        self._looks: deque[_Look] = deque()
        self._upright_px: deque[float] = deque(maxlen=_UNITS)
        self._descent: _Descent | None = None
        self._said = NAN

    def update(self, time_s: Seconds, body: Skeleton, in_bed: bool = False) -> float:
        """Evidence 0..1 that the person has fallen and is still down; NaN where shoulders are hidden."""
        if self._looks and 0.0 <= time_s - self._looks[-1].time_s < _APART_S:
            return self._said
        look = _looked(time_s, body, in_bed)
        if look is None:
            return NAN
        while self._looks and not 0.0 < time_s - self._looks[0].time_s <= SPAN_S:
            self._looks.popleft()
        self._descent = None if in_bed else self._stronger(self._kept(look), self._found(look))
        self._looks.append(look)
        if not look.tilt >= _UPRIGHT_DEG:
            self._upright_px.append(look.unit_px)
        self._said = 0.0
        if self._descent is not None:
            stayed = ramp(time_s - self._descent.at_s, 0.0, _SURE_AFTER_S)
            self._said = self._descent.strength * (_AT_ONCE + (1.0 - _AT_ONCE) * stayed)
        return self._said

    def _stronger(self, kept: _Descent | None, found: _Descent | None) -> _Descent | None:
        return found if kept is None or (found is not None and found.strength > kept.strength) else kept

    def _found(self, now: _Look) -> _Descent | None:
        strengths = [(_rolled_out(before, now) if before.in_bed and before.tilt >= _UPRIGHT_DEG
                      else self._strength(before, now), before)
                     for before in self._looks if before.in_bed or not before.tilt >= _UPRIGHT_DEG]  # fmt: skip
        strength, before = max(strengths, key=lambda one: one[0], default=(0.0, now))
        return _Descent(before, now.time_s, now.shoulders, strength) if strength > 0.0 else None

    def _kept(self, now: _Look) -> _Descent | None:
        """The descent so far, unless the person is up again."""
        held = self._descent
        if held is None:
            return None
        if held.before.in_bed and np.isfinite(now.hips):
            return held if _rolled_out(held.before, now) > 0.0 else None
        drop = held.lowest - held.before.shoulders
        if now.shoulders - _sunk(held.before, now) - held.before.shoulders < (1.0 - _RISEN) * drop:
            return None
        return held

    def _strength(self, before: _Look, now: _Look) -> float:
        unit, feet = self._unit(before), _sunk(before, now)
        drop, hips = ((to - since - feet) / unit for to, since in (
            (now.shoulders, before.shoulders), (now.hips, before.hips)))  # fmt: skip
        fell = 0.0 if any(np.isfinite(look.hips) for look in (*self._looks, now)) else ramp(drop, *_HIDDEN_DROP)
        if np.isfinite(hips):
            low = max(_laid(before, now), min(_flattened(before, now), ramp(hips, *_SEATED_DROP)))
            fell = min(ramp(drop, *_DROP), ramp(hips, *_HIPS_DROP), low)
        fell = min(fell, _feet_down(before, now))
        return min(fell, self._fastest(before, now)) if fell > 0.0 else 0.0

    def _unit(self, before: _Look) -> float:
        """The torso's length before the drop: the median of the last upright looks, for single ones are noisy."""
        return float(np.median(self._upright_px)) if self._upright_px else before.unit_px

    def _fastest(self, before: _Look, now: _Look) -> float:
        path = [before, *(look for look in self._looks if look.time_s > before.time_s), now]
        fastest, unit = 0.0, self._unit(before)
        for k, one in enumerate(path):
            for other in path[k + 1 :]:
                took = other.time_s - one.time_s
                if _STEP_S[0] <= took <= _STEP_S[1]:
                    sunk = (other.shoulders - one.shoulders - _sunk(one, other)) / unit
                    fastest = max(fastest, sunk / took)
        return ramp(fastest, *_SPEED)


def _looked(time_s: Seconds, body: Skeleton, in_bed: bool) -> _Look | None:
    shoulders, unit_px = body.about(SHOULDERS), scale_px(body)
    ends, feet = trunk(body), body.about(ANKLES)
    if ends is not None:
        shoulders = ends[0]
        unit_px = float(np.nanmax([unit_px, np.linalg.norm(ends[0] - ends[1])]))
    elif shoulders is not None and (head := body.about(HEAD)) is not None:
        unit_px = float(np.nanmax([unit_px, _TORSO_PER_NECK * np.linalg.norm(head - shoulders)]))
    if shoulders is None or not unit_px > 0.0:
        return None
    return _Look(
        time_s, float(shoulders[1]), NAN if ends is None else float(ends[1][1]),
        NAN if feet is None else float(feet[1]), NAN if ends is None else tilt(*ends), unit_px,
        in_bed,
    )  # fmt: skip


def _rolled_out(before: _Look, now: _Look) -> float:
    """How surely somebody who lay in bed `before` lies lower now, 0..1."""
    sunk = (now.hips - before.hips) / before.unit_px
    return min(ramp(sunk, *_ROLLED), float(now.tilt >= _UPRIGHT_DEG)) if np.isfinite(sunk) else 0.0


def _laid(before: _Look, now: _Look) -> float:
    """How surely the trunk has come down to the level of the hips, 0..1."""
    return ramp((now.hips - now.shoulders) / max(before.hips - before.shoulders, 1e-6), *_LAID)


def _flattened(before: _Look, now: _Look) -> float:
    """How surely the shoulders have come down to the feet, 0..1; 0 where feet are hidden."""
    height = (now.feet - now.shoulders) / max(before.feet - before.shoulders, 1e-6)
    return ramp(height, *_COLLAPSED) if np.isfinite(height) else 0.0


def _feet_down(before: _Look, now: _Look) -> float:
    """How surely the feet were not lifted onto something, 0..1; 1 where they are hidden."""
    lifted = (before.feet - now.feet) / before.unit_px
    return ramp(lifted, *_LIFTED) if np.isfinite(lifted) else 1.0


def _sunk(before: _Look, now: _Look) -> float:
    """How far the feet moved down in the picture, as when somebody comes nearer; 0 where they are hidden."""
    moved = now.feet - before.feet
    return max(0.0, moved) if np.isfinite(moved) else 0.0
