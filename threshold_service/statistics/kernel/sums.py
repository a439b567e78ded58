"""What is left of the sums over the channels of one sample: eight of each, added in the order of `arrays.lane_sum`."""

from typing import Any, NamedTuple

from threshold_service.statistics.arrays import Singles
from threshold_service.statistics.kernel.channels import (
    AUDIO,
    DEVIATION,
    DRIFTED,
    MOTION,
    MOVED,
    PAIR,
    RATIO,
    SIDE,
    THERE,
    higher_of,
)
from threshold_service.statistics.kernel.compiled import compiled


class Sums(NamedTuple):
    """The rows of `channels.Scratch` that are sums, and the largest ratio."""

    there: float
    pairs: float
    moved: float
    drifted: float
    side: float
    deviation: float
    audio: float
    motion: float
    farthest: float


@compiled
def sums(lanes: Singles) -> Sums:
    """Of `lanes` (SCRATCH, LANES)."""
    peak = lanes[RATIO]
    farthest = higher_of(
        higher_of(higher_of(peak[0], peak[4]), higher_of(peak[2], peak[6])),
        higher_of(higher_of(peak[1], peak[5]), higher_of(peak[3], peak[7])),
    )
    return Sums(
        _total(lanes[THERE]), _total(lanes[PAIR]), _total(lanes[MOVED]), _total(lanes[DRIFTED]), _total(lanes[SIDE]),
        _total(lanes[DEVIATION]), _total(lanes[AUDIO]), _total(lanes[MOTION]), float(farthest),
    )  # fmt: skip


@compiled
def _total(line: Singles) -> Any:
    return float(((line[0] + line[4]) + (line[2] + line[6])) + ((line[1] + line[5]) + (line[3] + line[7])))
