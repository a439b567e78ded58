"""What happens to a stream: shifts, a ramp, a wider spread."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from threshold_service.statistics.arrays import Floats


@dataclass(frozen=True, slots=True)
class Change:
    """`shift(n)` (n,) is how far, in spreads, the mean is from the usual in the n samples from the change on, and the
    spread is `wider` times the usual one. `recorded` are the best non-oracle delays of DETECTORS.md section 3 on the
    four noises, where it names any."""

    name: str
    shift: Callable[[int], Floats]
    wider: float = 1.0
    recorded: tuple[float, ...] = ()


def by(size: float, recorded: tuple[float, ...] = ()) -> Change:
    """A lasting step of the mean."""
    return Change(f"{size:g} sigma", lambda n: np.full(n, size), recorded=recorded)


RAMP = Change(
    "ramp to 2 sigma", lambda n: np.minimum(0.001 * np.arange(1, n + 1), 2.0), recorded=(307.0, 442.0, 310.0, 310.0)
)
WIDER = Change("sd x 2", np.zeros, 2.0, (10.4, 22.0, 74.0, 14.8))
TUNED = (
    by(0.5, (50.3, 162.0, 55.6, 54.1)),
    by(1.0, (15.8, 49.7, 19.6, 17.3)),
    by(2.0, (5.1, 14.8, 7.2, 6.4)),
    RAMP,
    WIDER,
)
UNTUNED = (by(0.7), by(1.5))
