"""Gives a demonstration's residents a past: simulated hours that resemble seconds the real models measured."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_agent.camera import Camera, SecondOfRoom
from edge_agent.settings import RehearsalSettings
from services.runtime import logs
from services.simulator.like import like
from services.vocabulary import UnixSeconds


def past(camera: Camera, settings: RehearsalSettings, until: UnixSeconds) -> NDArray[np.float32]:
    """Simulated seconds that end at `until`, (n, the camera's channels)."""
    n = round(settings.hours * 3600)
    rng = np.random.default_rng((settings.seed, camera.settings.seed))
    values = like(camera.likeness(*settings.learn_from_s), n, rng, start_s=(until - n) % 86_400.0)
    log = logs.logger(camera=camera.settings.name)
    log.info("rehearsal written", hours=settings.hours, samples=n, seed=settings.seed)
    return values.astype(np.float32)


def interleaved(
    pasts: Sequence[tuple[int, NDArray[np.float32]]], until: UnixSeconds
) -> Iterator[tuple[int, SecondOfRoom]]:
    """(seat, second) in the order of time, as live cameras would have told them; all pasts end at `until`."""
    longest = max((len(values) for _, values in pasts), default=0)
    for ago in range(longest, 0, -1):
        for seat, values in pasts:
            if ago <= len(values):
                row = values[len(values) - ago]
                yield seat, SecondOfRoom(until - ago, tuple(row.tolist()), 1.0, 1)
