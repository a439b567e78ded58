"""When episodes happen: a self-exciting point process, drawn as families of immigrants and their children."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def hawkes(
    rate: Callable[[Floats], Floats], most: float, branching: float, decay_s: float, length_s: float,
    rng: np.random.Generator,
) -> Floats:  # fmt: skip
    """Sorted times within [0, length_s) of a Hawkes process with an exponential kernel.

    `rate` gives immigrants per second at given times (thinned from `most`, its maximum); each event has
    Poisson(`branching`) children, exponentially `decay_s` later (thinning: Lewis & Shedler 1979; families: Hawkes &
    Oakes 1974).

    Raises:
        ValueError: `branching` is not within [0, 1): families would never end.

    >>> times = hawkes(lambda t: np.full(t.shape, 0.01), 0.01, 0.5, 10.0, 10_000.0, np.random.default_rng(1))
    >>> 140 < len(times) < 260
    True
    """
    if not 0.0 <= branching < 1.0:
        raise ValueError(f"branching {branching}: expected 0 <= branching < 1")
    parents = rng.uniform(0.0, length_s, rng.poisson(most * length_s))
    parents = parents[rng.uniform(size=len(parents)) * most < rate(parents)]
    all_times = [parents]
    while len(parents):
        children = np.repeat(parents, rng.poisson(branching, len(parents)))
        children = children + rng.exponential(decay_s, len(children))
        parents = children[children < length_s]
        all_times.append(parents)
    return np.sort(np.concatenate(all_times))
