"""What the channels of one schema mean for the statistics: directions, groups, floors, and who may have them."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from services.vocabulary import Channel, Mode, Resident, Sense, Worse, describe
from threshold_service.statistics.arrays import Bools, Floats, Ints, Singles

BOUNDED_FLOOR = 0.005
"""Smallest believed spread of a bounded channel, as a share of its range (source: guess)."""
OPEN_FLOOR = 1e-3
"""Smallest believed spread of an unbounded channel, in its own unit (source: guess)."""
_ALWAYS_ON = ("pose.torso_angle", "pose.hip_height")


class Directions(Protocol):
    """What the statistics ask of a meaning."""

    @property
    def higher(self) -> Singles: ...
    @property
    def lower(self) -> Singles: ...
    @property
    def floor(self) -> Singles: ...
    @property
    def groups(self) -> Singles: ...
    @property
    def outward(self) -> Singles: ...
    @property
    def emotions(self) -> Ints: ...


class Meaning(NamedTuple):
    """c channels: `higher`, `lower` (1.0 where that direction matters), `floor`, the group masks, each (c,);
    `emotions` are indices; `allowed` (residents, c); `shared` marks what says nothing while several are in view."""

    higher: Floats
    lower: Floats
    floor: Floats
    groups: Floats
    """(3, c): deviation, audio, motion."""
    outward: Floats
    """(c,): 1.0, or -1.0 where lower is worse."""
    emotions: Ints
    visual: Bools
    shared: Bools
    allowed: Bools
    erratic: int
    """Index of `motion.erratic`, -1 where there is none."""


def meaning(channels: Sequence[str], seats: Sequence[Resident]) -> Meaning:
    """What `channels` mean for `seats`; channels that are context or forbidden by the mode take no part."""
    described = [describe(name) for name in channels]
    audio = np.array([c.sense is Sense.AUDIO for c in described])
    motion = np.array([c.sense in (Sense.MOTION, Sense.POSE) for c in described])
    visual = np.array([c.sense in (Sense.MOTION, Sense.POSE, Sense.FACE, Sense.EXPRESSION) for c in described])
    stays = np.array([name in _ALWAYS_ON for name in channels])
    by_mode = {mode: [c.judged and c.allowed_in(mode) for c in described] for mode in Mode}
    return Meaning(
        higher=np.array([float(c.worse is not Worse.LOWER) for c in described]),
        lower=np.array([float(c.worse is not Worse.HIGHER) for c in described]),
        floor=np.array([_floor(c) for c in described]),
        groups=np.array([~audio & ~motion, audio, motion]).astype(np.float64),
        outward=np.array([-1.0 if c.worse is Worse.LOWER else 1.0 for c in described]),
        emotions=np.array([i for i, c in enumerate(described) if c.name.startswith("emotion.")], np.int64),
        visual=visual,
        shared=visual & ~stays,
        allowed=np.array([by_mode[seat.mode] for seat in seats], bool),
        erratic=list(channels).index("motion.erratic") if "motion.erratic" in channels else -1,
    )


def affect(seats: Sequence[Resident]) -> Bools:
    """Which residents are in affect mode, (residents,)."""
    return np.array([seat.mode is Mode.AFFECT for seat in seats], bool)


def _floor(channel: Channel) -> float:
    if channel.least_spread:
        return channel.least_spread
    if channel.low is not None and channel.high is not None:
        return BOUNDED_FLOOR * (channel.high - channel.low)
    return OPEN_FLOOR
