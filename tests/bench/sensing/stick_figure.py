"""A stick figure of 17 joints in a room, seen by a pinhole camera: bodies whose posture and falls are known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge_agent.preprocess.skeleton import Skeleton

Floats = NDArray[np.float64]

STATURE_M = 1.7
"""Of the poses below; a figure of another stature is scaled."""


def _pose(
    hips: tuple[float, float], shoulders: tuple[float, float], head: tuple[float, float], knees: tuple[float, float],
    ankles: tuple[float, float] = (0.0, 0.08), wrists: tuple[float, float] | None = None,
) -> Floats:  # fmt: skip
    """17 x (forward, left, up) in metres from places (forward, up) in the plane of symmetry."""
    hand = wrists or (shoulders[0] * 0.4 + hips[0] * 0.6, shoulders[1] * 0.1 + hips[1] * 0.9)
    elbow = ((shoulders[0] + hand[0]) / 2, (shoulders[1] + hand[1]) / 2)
    along = np.array(head) - np.array(shoulders)
    face = np.array([along[1], -along[0]]) / max(float(np.linalg.norm(along)), 1e-6) * 0.1
    nose = (head[0] + face[0], head[1] + face[1])
    wide = {"eye": 0.03, "ear": 0.08, "shoulder": 0.18, "elbow": 0.24, "wrist": 0.24, "hip": 0.11, "knee": 0.12,
            "ankle": 0.1}  # fmt: skip
    places = [("eye", nose), ("ear", head), ("shoulder", shoulders), ("elbow", elbow), ("wrist", hand),
              ("hip", hips), ("knee", knees), ("ankle", ankles)]  # fmt: skip
    joints = [(nose[0], 0.0, nose[1])]
    for name, (forward, up) in places:
        joints += [(forward, wide[name], up), (forward, -wide[name], up)]
    return np.array(joints)


def turned(pose: Floats, degrees: float) -> Floats:
    """A pose turned about the vertical through the feet."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.asarray(pose @ np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]]))


def raised(pose: Floats, up: float) -> Floats:
    """A pose on something that is `up` metres high."""
    return np.asarray(pose + np.array([0.0, 0.0, up]))


STAND = _pose((0.0, 0.92), (0.0, 1.4), (0.02, 1.6), (0.02, 0.48))
SIT = _pose((-0.42, 0.48), (-0.45, 0.96), (-0.42, 1.16), (0.0, 0.48), wrists=(-0.1, 0.55))
LOW_COUCH = _pose((-0.48, 0.38), (-0.6, 0.83), (-0.58, 1.03), (-0.03, 0.48), (0.05, 0.08), (-0.2, 0.45))
BEND = _pose((-0.15, 0.88), (0.3, 0.7), (0.48, 0.6), (0.0, 0.48), wrists=(0.2, 0.15))
CROUCH = _pose((-0.2, 0.33), (0.08, 0.72), (0.18, 0.9), (0.25, 0.42), wrists=(0.2, 0.15))
KNEEL = _pose((-0.1, 0.5), (0.0, 0.97), (0.06, 1.16), (0.2, 0.4), (-0.05, 0.06), (0.25, 0.3))
SIT_ON_FLOOR = _pose((-0.6, 0.1), (-0.68, 0.57), (-0.66, 0.77), (-0.2, 0.3), wrists=(-0.6, 0.12))
ON_BACK = _pose((-0.85, 0.12), (-1.33, 0.14), (-1.53, 0.18), (-0.42, 0.12))
ON_FACE = _pose((0.85, 0.12), (1.33, 0.14), (1.53, 0.16), (0.42, 0.1))
ON_SIDE = turned(ON_FACE, 90.0)
CRUMPLED = turned(_pose((-0.35, 0.12), (-0.75, 0.2), (-0.95, 0.2), (0.05, 0.3)), 60.0)
OFF_CHAIR = turned(_pose((0.1, 0.12), (0.55, 0.14), (0.75, 0.16), (0.3, 0.12), (0.0, 0.08)), 50.0)
SIT_ON_BED = raised(SIT, 0.05)
ON_BED = raised(turned(_pose((-0.45, 0.1), (-0.93, 0.12), (-1.13, 0.18), (0.0, 0.1), (0.42, 0.1)), 90.0), 0.5)
ON_BED_SIDE = raised(turned(_pose((-0.45, 0.14), (-0.93, 0.16), (-1.13, 0.18), (-0.1, 0.14), (0.1, 0.1)), 95.0), 0.5)


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """To `pose` within `takes_s`, standing still there for `holds_s`. `sudden`: as something falls, slow at first;
    else as somebody moves. `goes` (forward, left) metres are walked meanwhile."""

    pose: Floats
    takes_s: float = 1.0
    holds_s: float = 0.0
    sudden: bool = False
    goes: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class View:
    """A camera and who stands before it: heights and distances in metres, angles in degrees."""

    height: float
    pitch: float
    distance: float
    heading: float
    """Of the person: 0 looks into the camera, 180 away."""
    stature: float = STATURE_M
    aside: float = 0.0
    field_deg: float = 75.0
    size: tuple[int, int] = (1280, 720)


def any_view(rng: np.random.Generator) -> View:
    """A camera somewhere on a wall or under a ceiling that looks about at somebody of some size."""
    height, distance = rng.uniform(1.3, 2.7), rng.uniform(2.2, 6.0)
    straight = np.degrees(np.arctan2(height - 0.8, distance))
    return View(
        height, straight + rng.uniform(-5.0, 5.0), distance, rng.uniform(0.0, 360.0), rng.uniform(1.5, 1.9),
        rng.uniform(-0.7, 0.7), rng.uniform(65.0, 100.0),
    )  # fmt: skip


def seen_by(view: View, start: Floats, moves: Sequence[Move], least: int = 12) -> bool:
    """Whether so many of the 17 joints are in the picture at the beginning and at the end."""
    ends = (path(moves, start, 0.0), path(moves, start, length_s(moves) + 1.0))
    return all(projected(joints, view)[1].sum() >= least for joints in ends)


@dataclass(frozen=True, slots=True)
class Flaws:
    """What a pose net does wrong: noise of `px` pixels and of `share` of the body's height in the picture, keypoints
    not sure, people not seen."""

    px: float = 3.0
    share: float = 0.012
    unsure: float = 0.05
    unseen: float = 0.04


def path(moves: Sequence[Move], start: Floats, time_s: float) -> Floats:
    """The joints (17, 3) at `time_s` after the beginning, in metres, forward, left and up of where the feet were."""
    at, pose = np.zeros(3), start
    for move in moves:
        share = min(1.0, max(0.0, time_s / move.takes_s))
        eased = share * share if move.sudden else share * share * (3.0 - 2.0 * share)
        gone = at + share * np.array([*move.goes, 0.0])
        if time_s < move.takes_s + move.holds_s:
            return np.asarray(pose + eased * (move.pose - pose) + gone)
        at, pose, time_s = at + np.array([*move.goes, 0.0]), move.pose, time_s - move.takes_s - move.holds_s
    return np.asarray(pose + at)


def length_s(moves: Sequence[Move]) -> float:
    """How long they take."""
    return sum(move.takes_s + move.holds_s for move in moves)


def projected(joints: Floats, view: View) -> tuple[Floats, NDArray[np.bool_]]:
    """Places (17, 2) in the picture, and which of them are in it."""
    body = turned(joints * (view.stature / STATURE_M), view.heading + 180.0)
    world = body + np.array([view.distance, view.aside, -view.height])
    pitch = np.radians(view.pitch)
    depth = world[:, 0] * np.cos(pitch) - world[:, 2] * np.sin(pitch)
    up = world[:, 0] * np.sin(pitch) + world[:, 2] * np.cos(pitch)
    width, height = view.size
    focal = width / 2 / np.tan(np.radians(view.field_deg) / 2)
    safe = np.maximum(depth, 0.05)
    places = np.stack([width / 2 - focal * world[:, 1] / safe, height / 2 - focal * up / safe], axis=1)
    inside = (depth > 0.2) & (places >= 0.0).all(axis=1) & (places < np.array(view.size)).all(axis=1)
    return places, inside


@dataclass(frozen=True, slots=True)
class Film:
    """What a pose net would say of a figure, picture by picture."""

    view: View
    start: Floats
    moves: Sequence[Move]
    flaws: Flaws = field(default_factory=Flaws)
    hidden: tuple[int, ...] = ()
    """Keypoints behind furniture."""

    def looks(self, fps: float, rng: np.random.Generator) -> Iterator[tuple[float, Skeleton | None]]:
        """(time, body) at `fps` pictures a second from a random moment on; None where nobody is seen."""
        begin = rng.uniform(0.0, 1.0 / fps)
        for k in range(int(length_s(self.moves) * fps)):
            time_s = begin + k / fps
            places, inside = projected(path(self.moves, self.start, time_s), self.view)
            tall = float(np.ptp(places[:, 1])) if inside.any() else 1.0
            spread = np.hypot(self.flaws.px, self.flaws.share * tall)
            seen = places + rng.normal(0.0, spread, places.shape)
            sure = inside & (rng.uniform(size=17) >= self.flaws.unsure)
            sure[list(self.hidden)] = False
            lost = rng.uniform() < self.flaws.unseen or inside.sum() < 6
            yield time_s, None if lost else _skeleton(seen, sure)


def _skeleton(points: Floats, sure: NDArray[np.bool_]) -> Skeleton:
    known = points[sure] if sure.any() else points
    box = np.array([*known.min(axis=0), *known.max(axis=0)])
    return Skeleton(points, np.where(sure, 0.7, 0.1), box)
