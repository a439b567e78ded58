"""What an engine learns at block ends and at night: by sample time, so that a replay gives equal bytes."""

import numpy as np
import pytest
from numpy.typing import NDArray

from services.runtime.batch import Batch
from services.vocabulary import Budget, Policy, Resident
from threshold_service import refit
from threshold_service.engine import Engine
from threshold_service.statistics import calibration, noise
from threshold_service.statistics.standing import Standing

pytestmark = pytest.mark.unit
CHANNELS = ("audio.loudness", "weight_kg")
SEATS = tuple(Resident(f"r{i}", f"Room {i}") for i in range(4))
START = 1_750_000_000.0
DAY_S = 86_400
BUDGET = Policy(budget=Budget(1.4, 5.6, 7.0))


def facility(seats: tuple[Resident, ...] = SEATS) -> Engine:
    return Engine(CHANNELS, seats, BUDGET, "edge-1", "ab" * 16, "Europe/Berlin")


def live(engine: Engine, values: NDArray[np.float64], start_s: int) -> None:
    """Everybody's seconds, (s, residents, channels), in one batch."""
    seconds, n, c = values.shape
    count = seconds * n
    engine.judge(Batch(
        np.arange(1, count + 1, dtype=np.uint64) + np.uint64(start_s * n),
        np.tile(np.arange(n, dtype=np.uint32), seconds), np.repeat(START + start_s + np.arange(seconds), n),
        values.reshape(-1, c).astype(np.float32), np.ones(count, np.float32), np.ones(count, np.int32),
    ))  # fmt: skip


def ordinary(seconds: int, residents: int, seed: int, start_s: int = 0) -> NDArray[np.float64]:
    """Half a spread of daily rhythm on noise."""
    rng = np.random.default_rng(seed)
    share = (start_s + np.arange(seconds))[:, None, None] / DAY_S
    rhythm = 0.5 * np.cos(2 * np.pi * share)
    return np.array([-50.0, 70.0]) + rng.standard_normal((seconds, residents, 2)) + rhythm


@pytest.fixture(scope="module")
def week() -> Engine:
    """Four residents after five days."""
    engine = facility()
    for day in range(5):
        live(engine, ordinary(DAY_S, 4, day, day * DAY_S), day * DAY_S)
    return engine


def test_it_learns_the_rhythm_of_everybodys_day(week: Engine) -> None:
    waves = week._state.profile.waves
    assert (np.abs(waves[:, :, 0]) + np.abs(waves[:, :, 2]) > 0.15).all()
    assert (np.abs(waves) < 0.8).all()


def test_it_settles_and_says_what_it_promised_and_what_it_told(week: Engine) -> None:
    now = week.usual()
    assert now.standing == [Standing.SETTLED] * 4
    assert now.promised.tolist() == [1.4, 5.6, 7.0]
    assert np.isfinite(now.achieved).all()
    assert (now.achieved[:, :2].sum(axis=1) < 35.0).all()
    assert now.proposals == 0


def test_it_knows_its_noise_after_a_night(week: Engine) -> None:
    correlation = noise.correlation(noise.covariance(week._state.noise))
    assert correlation.shape == (4, 2) and (np.abs(correlation) < 0.2).all(), "second after second is independent here"


def test_it_welcomes_a_new_resident_with_what_the_others_teach(week: Engine) -> None:
    engine = Engine.load(week.dump(), BUDGET)
    engine.reseat((*SEATS, Resident("new", "Room 9")))
    usual = engine.usual()
    assert usual.level[4] == pytest.approx([-50.0, 70.0], abs=1.0)
    assert usual.spread[4] == pytest.approx([1.5, 1.0], abs=0.3)  # loudness is believed to spread by 1.5 dB
    assert usual.standing[4] is Standing.LEARNING
    seconds = (calibration.BURN_IN + calibration.FEW + 1) * calibration.BLOCK_S
    live(engine, ordinary(seconds, 5, 77, 5 * DAY_S), 5 * DAY_S)
    assert engine.usual().standing[4] is Standing.USABLE, "within two hours, where alone it would take five"
    alone = facility((Resident("new", "Room 9"),))
    live(alone, ordinary(seconds, 1, 78), 0)
    assert alone.usual().standing == [Standing.LEARNING]


def test_it_gives_equal_bytes_when_it_goes_on_from_a_snapshot_before_a_night(week: Engine) -> None:
    once, again = Engine.load(week.dump(), BUDGET), Engine.load(week.dump(), BUDGET)
    version = week._state.history.version.copy()
    seconds = ordinary(12 * 3600, 4, 99, 5 * DAY_S)
    live(once, seconds, 5 * DAY_S)
    middle = 7 * 3600 + 11
    live(again, seconds[:middle], 5 * DAY_S)
    again = Engine.load(again.dump(), BUDGET)
    live(again, seconds[middle:], 5 * DAY_S + middle)
    assert (once._state.history.version > version).all(), "a night passed"
    assert once.dump() == again.dump()


def test_it_leans_on_the_residents_of_other_agents(week: Engine) -> None:
    others = Engine.load(week.dump(), BUDGET)
    single = Engine(("weight_kg", "audio.loudness", "motion.ratio"), (Resident("far", "Room 20"),), BUDGET, "edge-2",
                    "cd" * 16, "Europe/Berlin")  # fmt: skip
    single.lean_on([others.lesson(), single.lesson()])
    of = single._state.prior
    assert of.residents.tolist() == [4] * len(of.residents)
    assert of.level[:2] == pytest.approx([70.0, -50.0], abs=1.0)
    assert np.isnan(of.level[2]), "nobody there has a camera"
    again = Engine.load(single.dump(), BUDGET)
    np.testing.assert_array_equal(again._state.prior.mean, of.mean)
    seconds = (calibration.BURN_IN + calibration.FEW + 1) * calibration.BLOCK_S
    told = np.concatenate([ordinary(seconds, 1, 80)[:, :, ::-1], np.full((seconds, 1, 1), np.nan)], axis=2)
    live(single, told, 0)
    assert single.usual().standing == [Standing.USABLE]


def test_it_knows_a_night_by_the_clock_of_the_place() -> None:
    noon = refit.local(1_750_000_000.0, "UTC")
    assert refit.local(1_750_000_000.0, "Asia/Tokyo").hour == noon.hour + 9
    before, after = refit.local(1_750_042_799.0, "Europe/Berlin"), refit.local(1_750_042_801.0, "Europe/Berlin")
    assert before.hour + 1 == after.hour
    before, after = (refit.local(1_750_035_600.0 + seconds, "Europe/Berlin") for seconds in (-1.0, 1.0))
    assert before.night + 1 == after.night, "three in the morning"
    assert refit.local(1e14, "Europe/Berlin").hour == int(1e14 // 3600)
