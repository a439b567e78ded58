"""Judges a run of samples with the compiled kernel."""

from collections.abc import Iterator

from threshold_service.statistics.kernel.samples import judge
from threshold_service.statistics.people import Fixed, People, Samples, Told


def turns(samples: Samples, people: People, fixed: Fixed, told: Told) -> Iterator[None]:
    """Judge all samples; after each step those in `told` have to be looked at."""
    begin = 0
    while begin < len(samples.rows):
        begin = judge(begin, samples, people, fixed, told)
        if told.waiting[0]:
            yield
