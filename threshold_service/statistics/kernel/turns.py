"""Judges a run of samples with the compiled kernel."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from threshold_service.statistics.kernel.channels import FLOOR
from threshold_service.statistics.kernel.samples import Constants, judge
from threshold_service.statistics.people import Fixed, People, Samples, Told


class Turns:
    """What judges the samples of one engine."""

    def __init__(self) -> None:
        self._given: Fixed | None = None
        self._wide: Constants | None = None

    def __call__(self, samples: Samples, people: People, fixed: Fixed, told: Told) -> Iterator[None]:
        """Judge all samples; after each step those in `told` have to be looked at."""
        if self._wide is None or self._given is not fixed:
            self._given, self._wide = fixed, constants(fixed, samples.values.shape[1])
        begin = 0
        while begin < len(samples.rows):
            begin = judge(begin, samples, people.block, self._wide, told)
            if told.waiting[0]:
                yield


def constants(fixed: Fixed, width: int) -> Constants:
    """The same with arrays over so many channels; those that no schema has are never allowed."""
    of = (fixed.higher, fixed.lower, fixed.floor, fixed.outward, *fixed.groups)
    meanings = _filled(np.stack(of), width)
    meanings[FLOOR, len(fixed.floor) :] = 1.0  # somebody divides by it
    allowed = _filled(np.stack([fixed.allowed, fixed.allowed & ~fixed.shared]), width)
    same = {name: getattr(fixed, name) for name in Constants._fields[2:]}
    same["taught"] = fixed.taught._replace(weights=np.ascontiguousarray(fixed.taught.weights.T))
    return Constants(meanings, allowed, **same)


def _filled(array: NDArray[Any], width: int) -> NDArray[Any]:
    wide = np.zeros((*array.shape[:-1], width), array.dtype)
    wide[..., : array.shape[-1]] = array
    return wide
