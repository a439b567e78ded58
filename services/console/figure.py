"""A body as a stick figure: a strip of stills and a figure that plays, as SVG text coloured by the style sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from services.console.language import say
from services.vocabulary import BodyPose, UnixSeconds

SURE = 0.3
"""From this score on a point is drawn, as the edge measures with it from there on."""
FEWEST = 5
"""A pose with fewer sure points shows no body (source: guess; one whole side of a body has nine)."""
STILLS = 6
HEIGHT = 100.0
"""Of the picture, in the units that everything is drawn in."""
_LIMBS = ((5, 7, 9), (6, 8, 10), (11, 13, 15), (12, 14, 16), (5, 6), (11, 12), (5, 11), (6, 12))
_BONES = tuple(bone for limb in _LIMBS for bone in pairwise(limb))
_TRUNK = (5, 6, 12, 11)
_HEAD, _SHOULDERS, _HIPS, _ANKLES = [0, 1, 2, 3, 4], [5, 6], [11, 12], [15, 16]
_MARGIN, _SMALLEST, _NARROWEST, _WIDEST = 0.12, 30.0, 0.8, 1.6
"""Of what is shown around the body: the space beside it as a share, the least height, and width by height."""
_HEAD_PER_TRUNK = 0.24
"""Radius of the head in lengths of the trunk (source: guess from adult proportions)."""

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Still:
    """One pose of the strip and when it was, e.g. "-8 s"."""

    when: str
    svg: str


@dataclass(frozen=True, slots=True)
class Figure:
    """What a page shows of a movement: stills, the figure that plays, and from when to when its poses are."""

    stills: tuple[Still, ...]
    player: str
    looks: int
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class _Frame:
    """A pose in the units of the drawing: `points` 17 x (x, y), NaN where it is not sure; `at` from the alert."""

    at: float
    points: Points


@dataclass(frozen=True, slots=True)
class _View:
    """The part of the picture in which the body is at any time, and where the feet were lowest (NaN: never seen)."""

    left: float
    top: float
    width: float
    height: float
    floor: float


def figure(poses: Sequence[BodyPose], fired_at: UnixSeconds) -> Figure | None:
    """The movement around the moment of the alert; None where no pose is clear enough to be drawn."""
    frames = [one for one in (_frame(pose, fired_at) for pose in poses) if _clear(one)]
    if not frames:
        return None
    view = _view(np.concatenate([one.points for one in frames]))
    stills = tuple(Still(when(one.at, 0), _still(one, view)) for one in _chosen(frames))
    return Figure(stills, _player(frames, view), len(frames), when(frames[0].at, 0), when(frames[-1].at, 0))


def when(seconds: float, digits: int = 1) -> str:
    """How long before or after the alert.

    >>> when(-7.96), when(0.2, 0), when(3.0, 0)
    ('−8.0 s', '0 s', '+3 s')
    """
    shown = f"{seconds:+.{digits}f}".replace("-", "−")
    return f"{shown.lstrip('+−') if not float(f'{seconds:.{digits}f}') else shown} s"


def _frame(pose: BodyPose, fired_at: UnixSeconds) -> _Frame:
    points = np.array(pose.points) * (HEIGHT * pose.aspect, HEIGHT)
    points[np.array(pose.scores) < SURE] = np.nan
    return _Frame(pose.time - fired_at, points)


def _clear(frame: _Frame) -> bool:
    return int(np.isfinite(frame.points[:, 0]).sum()) >= FEWEST


def _chosen(frames: list[_Frame]) -> list[_Frame]:
    """Evenly over the time, the first, the last and the one next to the alert among them."""
    at = np.array([one.at for one in frames])
    near = int(np.abs(at).argmin())
    wanted = np.linspace(at[0], at[-1], min(STILLS, len(frames)))
    inner = range(1, len(wanted) - 1)
    if inner and at[0] < 0.0 < at[-1]:
        wanted[min(inner, key=lambda k: abs(wanted[k] - at[near]))] = at[near]
    return [frames[k] for k in sorted({int(np.abs(at - one).argmin()) for one in wanted})]


def _view(points: Points) -> _View:
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    feet = points.reshape(-1, 17, 2)[:, _ANKLES, 1]
    floor = float(np.nanmax(feet)) if np.isfinite(feet).any() else float("nan")
    height = max(float(high[1] - low[1]) * (1 + 2 * _MARGIN), _SMALLEST)
    width = max(float(high[0] - low[0]) * (1 + 2 * _MARGIN), height * _NARROWEST)
    height = max(height, width / _WIDEST)
    middle = (low + high) / 2
    return _View(float(middle[0]) - width / 2, float(middle[1]) - height / 2, width, height, floor)


def _still(frame: _Frame, view: _View) -> str:
    title = f"<title>{escape(_spoken(frame.at))}</title>"
    return f'{_opening(view, "figure")}{title}{_floor(view)}<g class="body">{_body(frame, view)}</g></svg>'


def _player(frames: list[_Frame], view: _View) -> str:
    """Every pose in a group of its own; the page says which one is seen, at first the one next to the alert."""
    near = min(range(len(frames)), key=lambda k: abs(frames[k].at))
    groups = [
        f'<g class="body{" on" if k == near else ""}" data-at="{one.at:.3f}" data-when="{when(one.at)}" '
        f'data-said="{escape(_spoken(one.at))}">{_body(one, view)}</g>'
        for k, one in enumerate(frames)
    ]
    title = escape(say("A stick figure that moves as the body moved"))
    about = escape(say("Points that a camera's pose net found; the dashed line is where the feet were lowest."))
    head = f"{_opening(view, 'figure player')}<title>{title}</title><desc>{about}</desc>"
    return f"{head}{_floor(view)}{''.join(groups)}</svg>"


def _opening(view: _View, kind: str) -> str:
    box = f"{view.left:.1f} {view.top:.1f} {view.width:.1f} {view.height:.1f}"
    return f'<svg class="{kind}" viewBox="{box}" role="img">'


def _floor(view: _View) -> str:
    if np.isnan(view.floor):
        return ""
    ends = f'x1="{view.left:.1f}" x2="{view.left + view.width:.1f}"'
    return f'<line class="floor" {ends} y1="{view.floor:.1f}" y2="{view.floor:.1f}"/>'


def _body(frame: _Frame, view: _View) -> str:
    """Limbs, trunk, neck and head, as far as their points are sure."""
    points, sure = frame.points, np.isfinite(frame.points[:, 0])
    parts = []
    if sure[list(_TRUNK)].all():
        parts.append(f'<path class="trunk" d="{_line(points[list(_TRUNK)])}Z"/>')
    parts += [f'<path d="{_line(points[[a, b]])}"/>' for a, b in _BONES if sure[a] and sure[b]]
    if sure[_HEAD].any():
        head, neck = np.nanmean(points[_HEAD], axis=0), points[_SHOULDERS].mean(axis=0)
        radius = _head_radius(points, view)
        if np.isfinite(neck).all():
            parts.append(f'<path d="{_line(np.array([neck, head]))}"/>')
        parts.append(f'<circle class="head" cx="{head[0]:.1f}" cy="{head[1]:.1f}" r="{radius:.1f}"/>')
    return "".join(parts)


def _head_radius(points: Points, view: _View) -> float:
    trunk = float(np.linalg.norm(points[_SHOULDERS].mean(axis=0) - points[_HIPS].mean(axis=0)))
    if np.isnan(trunk):
        return 0.06 * view.height
    return float(np.clip(_HEAD_PER_TRUNK * trunk, 0.03 * view.height, 0.1 * view.height))


def _line(points: Points) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points.tolist())


def _spoken(at: float) -> str:
    if abs(at) < 0.5:
        return say("at the moment of the alert")
    text = "{n} s before the alert" if at < 0 else "{n} s after the alert"
    return say(text, n=f"{abs(at):.0f}")
