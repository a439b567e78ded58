"""Falls, and what must not be taken for one, acted by stick figures before any camera."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from edge_agent.preprocess.fall import Fall
from edge_agent.preprocess.posture import posture
from edge_agent.preprocess.tracks import FORGET_S
from tests.bench.sensing import stick_figure as of
from tests.bench.sensing.stick_figure import Film, Floats, Move, View, any_view, seen_by

Act = tuple[Floats, Sequence[Move]]
SURE = 0.5

FALLS = (
    "falls backwards", "falls forwards", "falls sideways", "crumples", "trips while walking", "falls off a chair",
    "slides to the floor",
)  # fmt: skip


def acts(rng: np.random.Generator) -> Mapping[str, Act]:
    """Every happening once, at speeds and with pauses by chance."""
    between = rng.uniform
    first = Move(of.STAND, 0.1, between(2.0, 3.0))
    seated = Move(of.SIT, 0.1, between(2.0, 3.0))
    calm, slowly, down = between(1.2, 2.0), between(1.5, 3.0), between(5.0, 9.0)
    back_up = Move(of.STAND, 1.3, 3.0)
    fast, far = between(0.6, 1.0), (between(2.0, 4.5), 0.0)
    return {
        "falls backwards": (of.STAND, [first, Move(of.ON_BACK, fast, 8, True)]),
        "falls forwards": (of.STAND, [first, Move(of.ON_FACE, fast, 8, True)]),
        "falls sideways": (of.STAND, [first, Move(of.ON_SIDE, fast, 8, True)]),
        "crumples": (of.STAND, [first, Move(of.CRUMPLED, between(0.8, 1.3), 8, True)]),
        "trips while walking": (of.STAND, [Move(of.STAND, 2.0, goes=(1.5, 0.0)),
                                           Move(of.ON_FACE, fast, 8, True, (0.4, 0.0))]),
        "falls off a chair": (of.SIT, [seated, Move(of.OFF_CHAIR, fast, 8, True)]),
        "slides to the floor": (of.STAND, [first, Move(of.SIT_ON_FLOOR, between(0.7, 1.1), 8, True)]),
        "walks nearer": (of.STAND, [Move(of.STAND, 4.0, 2.0, goes=far)]),
        "walks past or away": (of.STAND, [Move(of.STAND, 4.0, 2.0, goes=far)]),
        "sits down": (of.STAND, [first, Move(of.SIT, calm, 8)]),
        "sits down fast": (of.STAND, [first, Move(of.SIT, between(0.5, 0.8), 8, True)]),
        "drops on a low couch": (of.STAND, [first, Move(of.LOW_COUCH, fast, 8, True)]),
        "stands up": (of.SIT, [seated, Move(of.STAND, between(0.8, 1.5), 5)]),
        "ties a shoe": (of.STAND, [first, Move(of.BEND, between(0.9, 1.6), down), back_up]),
        "crouches": (of.STAND, [first, Move(of.CROUCH, calm, down), back_up]),
        "kneels": (of.STAND, [first, Move(of.KNEEL, calm, down), back_up]),
        "lies down on a bed": (of.STAND, [first, Move(of.SIT_ON_BED, calm, 1.0), Move(of.ON_BED, slowly, 8)]),
        "turns over in bed": (of.ON_BED, [Move(of.ON_BED, 0.1, 3), Move(of.ON_BED_SIDE, between(0.7, 1.5), 6)]),
        "gets up from bed": (of.ON_BED, [Move(of.ON_BED, 0.1, 3), Move(of.SIT_ON_BED, calm, 3), back_up]),
        "sits on the floor": (of.STAND, [first, Move(of.CROUCH, calm), Move(of.SIT_ON_FLOOR, between(0.8, 1.5), 8)]),
        "lies down on the floor": (of.STAND, [first, Move(of.KNEEL, calm), Move(of.ON_SIDE, slowly, 8)]),
        "crawls out of the picture": (of.ON_FACE, [Move(of.ON_FACE, 6.0, goes=far)]),
    }  # fmt: skip


class Watched(NamedTuple):
    """What was said of one happening: the highest evidence of a fall, and each look's posture (lying, sitting,
    standing)."""

    fall: float
    postures: Floats


def played(count: int, fps: float, seed: int = 0, names: Sequence[str] = ()) -> dict[str, list[Watched]]:
    """Each happening (or those of `names`) before `count` cameras."""
    said: dict[str, list[Watched]] = defaultdict(list)
    for k in range(count):
        rng = np.random.default_rng((seed, k))
        for name, (start, moves) in acts(rng).items():
            view = _view(name, start, moves, rng)
            if not names or name in names:
                said[name].append(watched(Film(view, start, moves), fps, rng))
    return said


def watched(film: Film, fps: float, rng: np.random.Generator, new: Callable[[], Fall] = Fall) -> Watched:
    """One happening; who is unseen for too long is somebody else afterwards."""
    fall, seen_s, highest, postures = new(), -np.inf, 0.0, []
    for time_s, body in film.looks(fps, rng):
        if body is None:
            continue
        if time_s - seen_s > FORGET_S:
            fall = new()
        seen_s = time_s
        evidence, said = fall.update(time_s, body), posture(body)
        highest = max(highest, evidence if np.isfinite(evidence) else 0.0)
        postures.append((said.lying, said.sitting, said.standing))
    return Watched(highest, np.array(postures).reshape(-1, 3))


def _view(name: str, start: Floats, moves: Sequence[Move], rng: np.random.Generator) -> View:
    """A camera that sees the beginning and the end, but of those who leave."""
    while True:
        view = any_view(rng)
        if name == "walks nearer":
            return replace(view, heading=rng.uniform(-20.0, 20.0), distance=6.0)
        if name.startswith(("walks", "crawls")) or seen_by(view, start, moves):
            return view
