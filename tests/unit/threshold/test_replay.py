"""Replay is the live engine: the same events, whoever is replayed together, and nothing of the future."""

import numpy as np
import pytest

from services.vocabulary import Policy, Resident
from threshold_service.engine import Engine
from threshold_service.replay import Replayed, replay
from threshold_service.statistics.arrays import Floats

pytestmark = pytest.mark.unit
CHANNELS = ("motion.erratic", "audio.loudness")
N, START = 17_400, 1_750_000_000.0


def life(seed: int) -> Floats:
    values = np.random.default_rng(seed).normal((0.1, -50.0), (0.02, 2.0), (N, 2))
    values[16_800:16_900] += (0.6, 30.0)
    return values.astype(np.float32).astype(float)  # as they travel


def engine(*residents: str) -> Engine:
    seats = tuple(Resident(name, "Room") for name in residents)
    return Engine(CHANNELS, seats, Policy(), "edge-1", "0" * 32)


def replayed(values: Floats) -> Replayed:
    return replay(engine("a"), np.zeros(len(values), np.intp), START + np.arange(len(values)), values)


@pytest.fixture(scope="module")
def alone() -> Replayed:
    return replayed(life(1))


def test_it_tells_what_the_engine_tells_live(alone: Replayed) -> None:
    live, told, tiers = engine("a"), [], []
    one = np.ones(1)
    for i, row in enumerate(life(1)):
        told += live.step(
            np.array([0]), np.array([START + i]), row[None], one, np.array([-1], np.int32), (),
            np.array([i + 1], np.uint64),
        )  # fmt: skip
        tiers.append(int(live.usual().tier[0]))
    assert alone.events == tuple(told) and alone.tier.tolist() == tiers
    assert told and alone.tier[16_800:16_850].any()
    spoke = alone.tier > 0
    assert set(alone.event[spoke]) == {event.id for event in told} and set(alone.top[spoke]) <= {*CHANNELS, ""}
    assert not alone.event[~spoke].any()


def test_it_knows_nothing_of_the_future(alone: Replayed) -> None:
    values = life(1)
    values[16_820:] = -3.0
    other = replayed(values)
    for one, another in zip(alone[:4], other[:4], strict=True):
        assert one[:16_820].tolist() == another[:16_820].tolist()


def test_it_judges_residents_together_as_alone(alone: Replayed) -> None:
    who = np.tile(np.array([0, 1], np.intp), N)
    values = np.stack([life(1), life(2)], axis=1).reshape(2 * N, 2)
    together = replay(engine("a", "b"), who, np.repeat(START + np.arange(N), 2), values)
    assert together.score[::2].tolist() == alone.score.tolist()
    assert together.tier[::2].tolist() == alone.tier.tolist()
    assert together.score.min() >= 0.0 and together.score.max() < 1.0
