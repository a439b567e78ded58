"""Alarms at random moments, as many as a detector gave: what chance alone would find."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.evaluation.nouns import Alarm


def at_random(
    alarms: Sequence[Alarm], seconds: Sequence[NDArray[np.bool_]], rng: np.random.Generator
) -> tuple[Alarm, ...]:
    """The same alarms, each moved to a random second in which its resident had valid scores (`seconds`, one array per
    resident): chance is given the advantage of knowing when anybody could be seen.

    >>> moved = at_random([Alarm(0, 5.0, 1, 15.0)], [np.array([False, True])], np.random.default_rng(1))
    >>> (moved[0].opened_s, moved[0].ended_s, moved[0].tier)
    (1.0, 11.0, 1)
    """
    moved = []
    for alarm in alarms:
        there = np.flatnonzero(seconds[alarm.resident])
        begin = float(rng.choice(there)) if len(there) else alarm.opened_s
        moved.append(replace(alarm, opened_s=begin, ended_s=begin + alarm.ended_s - alarm.opened_s))
    return tuple(moved)
