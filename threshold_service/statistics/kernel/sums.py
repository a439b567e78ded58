"""Sums over the channels of one sample, from left to right, all in one pass."""

from typing import NamedTuple

from threshold_service.statistics.arrays import Floats, Singles
from threshold_service.statistics.kernel.channels import EVIDENCE, MOVED, PAIR, RATIO, SLOW2, THERE, Z
from threshold_service.statistics.kernel.compiled import compiled


class Sums(NamedTuple):
    """Of the rows of the scratch array: how many channels have a value, and one before it as well, change since the
    second before, squared levels, distance outwards, evidence of the three groups, and the largest ratio of a channel's
    distance to its usual peak."""

    there: float
    pairs: float
    moved: float
    slow: float
    outward: float
    deviation: float
    audio: float
    motion: float
    farthest: float


@compiled
def sums(scratch: Singles, outward: Floats, groups: Floats) -> Sums:
    """Ten chains of additions that do not wait for one another."""
    there = pairs = moved = slow = side = deviation = audio = motion = farthest = 0.0
    for k in range(outward.shape[0]):
        there += scratch[THERE, k]
        pairs += scratch[PAIR, k]
        moved += scratch[MOVED, k]
        slow += scratch[SLOW2, k]
        side += scratch[Z, k] * outward[k]
        evidence = scratch[EVIDENCE, k]
        deviation += evidence * groups[0, k]
        audio += evidence * groups[1, k]
        motion += evidence * groups[2, k]
        farthest = max(farthest, scratch[RATIO, k])
    return Sums(there, pairs, moved, slow, side, deviation, audio, motion, farthest)
