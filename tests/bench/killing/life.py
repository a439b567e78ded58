"""What the residents of the killed facility live through: every sample a pure function of its number."""

from collections.abc import Iterator

import numpy as np

from edge_agent.spool import Row
from services.vocabulary import Cue, CueName, Resident

CHANNELS = ("motion.erratic", "motion.ratio", "audio.loudness", "pose.speed")
USUAL = np.array([0.1, 0.12, -50.0, 0.3])
SPREAD = np.array([0.02, 0.03, 2.0, 0.05])
EVERY_S = 900
"""Seconds between the beginnings of two episodes of one resident."""
LASTS_S = 60
BLOCK_S = 256
"""Seconds that one seed draws together."""


def seats(residents: int) -> tuple[Resident, ...]:
    """r-0, r-1, ..."""
    return tuple(Resident(f"r-{i}", f"Room {i}") for i in range(residents))


def rows(seed: int, residents: int, first: int, after: int, origin: float) -> Iterator[Row]:
    """Samples `first` to `after` - 1 (from 0): sample k is second k // residents of resident k % residents, which is
    `origin` plus so many seconds."""
    drawn: tuple[int, np.ndarray[tuple[int, ...], np.dtype[np.float64]]] | None = None
    for k in range(first, after):
        second, seat = divmod(k, residents)
        block, place = divmod(second, BLOCK_S)
        if drawn is None or drawn[0] != block:
            noise = np.random.default_rng((seed, block)).normal(size=(BLOCK_S, residents, len(CHANNELS)))
            drawn = block, noise
        values = USUAL + SPREAD * drawn[1][place, seat]
        into, number = _episode(second, seat)
        if into is not None and number % 2:
            values = values + 12.0 * SPREAD * min(1.0, into / 10.0)
        cried = into is not None and not number % 2 and into < 6
        cues = (Cue(CueName.CRY, 0.95, -0.5),) if cried else ()
        yield Row(seat, origin + second, values.astype(np.float32), cues=cues, persons=1)


def _episode(second: int, seat: int) -> tuple[int | None, int]:
    """Seconds into the episode of now, None outside, and its number; residents take turns."""
    number, into = divmod(second + 61 * seat, EVERY_S)
    into -= EVERY_S - 2 * LASTS_S
    return (into if 0 <= into < LASTS_S else None), number
