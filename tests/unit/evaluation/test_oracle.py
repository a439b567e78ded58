"""The oracle: it accumulates as CUSUM does, undoes the observation model, and finds what plain levels miss."""

from dataclasses import replace

import numpy as np
import pytest

from services.evaluation import traces
from services.evaluation.figures import judge, recall_of_all
from services.evaluation.levels import LevelWatcher
from services.evaluation.oracle import OracleWatcher, accumulated, blocks
from services.evaluation.oracle_knows import linear, private_day
from services.evaluation.recording import show
from services.evaluation.simulated import SimulatedRecording
from services.simulator.facility import Facility
from services.simulator.observe import CHANNELS, OBSERVABLES
from services.simulator.parameters import Excitement, Parameters
from services.vocabulary import Mode

pytestmark = pytest.mark.unit
BUSY = Parameters(excitement=replace(Excitement(), per_day=8.0), affect=1.0)


def test_it_accumulates_as_the_recursion_does() -> None:
    ratios = np.random.default_rng(1).normal(-0.1, 1.0, (3, 500))
    slow, level = np.empty_like(ratios), np.zeros(3)
    for t in range(500):
        level = np.maximum(level + ratios[:, t], 0.0)
        slow[:, t] = level
    assert np.allclose(accumulated(ratios), slow, atol=1e-9)


def test_it_averages_what_is_there() -> None:
    values = np.array([[1.0, 3.0, np.nan, 5.0, np.nan, np.nan]])
    assert np.array_equal(blocks(values, 2), [[2.0, 5.0, np.nan]], equal_nan=True)


def test_it_undoes_the_observation_model() -> None:
    facility = Facility(2, 3, 1, BUSY)
    for resident in range(3):
        day = private_day(facility, resident, 0, ordinary=False)
        made = linear(facility.traits(resident), day.values.T.copy())
        awake = np.isfinite(made[: len(OBSERVABLES)]).all(axis=0) & (np.arange(86_400) > 43_200)
        spread = np.nanstd(made[: len(OBSERVABLES), awake], axis=1)
        assert np.all((spread > 0.6) & (spread < 4.0)), dict(zip(CHANNELS, spread, strict=False))
        assert facility.traits(resident).mode is Mode.AFFECT
        assert not day.episodes


def test_it_finds_more_than_a_plain_level_at_the_same_rate() -> None:
    recording = SimulatedRecording(Facility(4, 3, 2, BUSY))
    oracle, plain = OracleWatcher(recording.facility), LevelWatcher(3, len(recording.channels), personal=True)
    tried = show(recording, [oracle, plain], lambda done: None)
    found = [recall_of_all(judge(traces.one_threshold(one.trace(), tried.observed, 1.0, 0.0), tried.observed)).value
             for one in (oracle, plain)]  # fmt: skip
    assert found[0] > found[1] + 0.1
    assert found[0] > 0.4
