"""What the running engine learns of a person's noise: near to what a whole history teaches, and nothing of an event."""

from statistics import NormalDist

import numpy as np
import pytest

from services.runtime.batch import Batch
from services.vocabulary import Absence, Gap, Policy, Resident, Sense, Tier
from tests.unit.threshold.test_fused import autoregressive
from threshold_service import refit
from threshold_service.engine import Engine
from threshold_service.judgement.scene import WINDOW_S
from threshold_service.statistics import arma, excursions, fitted, fused, fused_fit, noise, noise_fit
from threshold_service.statistics.arrays import Floats
from threshold_service.statistics.calibration import BLOCK_S
from threshold_service.statistics.normal_quantile import quantile

pytestmark = pytest.mark.unit
DAY = 86_400
NOISES = ("Gaussian", "AR(1) 0.6", "t5", "beta(2,8)")
START = 1_750_000_000.0


def noises(rng: np.random.Generator, seconds: int) -> Floats:
    """One channel of each, of mean 0 and spread 1."""
    return np.stack([
        rng.standard_normal(seconds), autoregressive(rng, seconds, 0.6), rng.standard_t(5, seconds) * np.sqrt(0.6),
        (rng.beta(2, 8, seconds) - 0.2) / np.sqrt(0.16 / 11),
    ], axis=1)  # fmt: skip


def lived(history: Floats) -> tuple[noise.Noise, fitted.Fitted]:
    """Block after block of one resident, taught as the engine does by day and by night."""
    channels = history.shape[1]
    state, force, one = noise.fresh(1, channels), fitted.fresh((1, channels)), np.array([0])
    for block in range(len(history) // BLOCK_S):
        end = (block + 1) * BLOCK_S
        z = history[end - WINDOW_S : end]
        noise.observe(state, one, noise.show(z[None], force.gain, force.lag, force.echo))
        if block < 48 or block % 288 == 287:
            fitted.adopt(force, one, noise_fit.parameters(state, one, fitted.in_force(force, one)))
    return state, force


def alarms(learned: fused.Learned, threshold: Floats, seconds: Floats) -> Floats:
    said = fused_fit.replay(seconds, learned._replace(ceiling=np.full(len(threshold), np.inf)))
    return np.array([float(len(excursions.maxima(said[:, c], level))) for c, level in enumerate(threshold)])


def test_it_learns_while_it_runs_about_what_a_whole_history_teaches() -> None:
    rng = np.random.default_rng(21)
    history, later = noises(rng, 2 * DAY), noises(rng, 6 * DAY)
    whole = fused_fit.learn(history[:DAY]).learned
    live = fused.Learned(*(part[0] for part in fitted.in_force(lived(history)[1], np.array([0]))))
    np.testing.assert_allclose(live.lag / live.gain, whole.lag / whole.gain, atol=0.02)
    np.testing.assert_allclose(live.gain, whole.gain, rtol=0.05)
    np.testing.assert_allclose(live.shift, whole.shift, rtol=0.1)
    threshold = excursions.usual_level(whole.shift, fused_fit.PROMISE)
    ratio = alarms(live, threshold, later) / alarms(whole, threshold, later)
    assert (ratio > 1 / 3).all() and (ratio < 2.0).all(), dict(zip(NOISES, ratio.tolist(), strict=True))
    unlearned = alarms(fitted.provisional(np.zeros(4)), threshold, later) / alarms(whole, threshold, later)
    assert (unlearned[1:] > 2.5).all(), "not one of these noises is Gaussian and white"


def test_it_takes_a_channel_for_gaussian_until_it_showed_enough() -> None:
    history = noises(np.random.default_rng(22), 10 * BLOCK_S)
    state, force = lived(history)
    assert (state.values < fused_fit.LEAST_TAUGHT).all()
    assert np.unique(force.scores, axis=1).shape[1] == 1
    assert force.lag[0, 1] / force.gain[0, 1] == pytest.approx(0.6, abs=0.1)
    assert np.abs(force.lag[0, [0, 2, 3]]).max() < 0.15


def test_it_sees_the_same_innovations_as_a_whole_history_shows() -> None:
    z = noises(np.random.default_rng(23), 300)
    z[40:44, 0], z[100, 1], z[:7, 2] = np.nan, np.nan, np.nan
    gain, lag, echo = np.array([1.2, 1.25, 0.9, 1.0]), np.array([0.1, 0.75, -0.2, 0.0]), np.array([0.5, -0.3, 0.0, 0.2])
    found = noise.innovations(z, gain, lag, echo)
    for c in range(4):
        told = fused_fit.innovations(z[:, c], gain[c], lag[c], echo[c])
        np.testing.assert_allclose(found[:, c], told, rtol=1e-12)


def test_it_finds_the_same_memory_whether_what_dies_away_is_written_out_or_not() -> None:
    known = np.stack([noises(np.random.default_rng(seed), 4000) for seed in range(3)])
    known = np.stack([[arma.autocovariances(series)[0][: noise.LAGS] for series in one.T] for one in known])
    known = known.swapaxes(1, 2)
    pairs = np.full(known.shape[::2], 4000.0)
    late = known[:, noise.LAGS // 3 :]
    ratio = (late[:, 1:] * late[:, :-1]).sum(axis=1) / np.square(late[:, :-1]).sum(axis=1)
    beyond = np.arange(1, arma.LAGS + 3 - noise.LAGS)[:, None]
    found = arma.dying(known, pairs)
    for k in range(3):
        whole = arma.of(np.concatenate([known[k], known[k, -1] * ratio[k] ** beyond]), pairs[k])
        np.testing.assert_allclose(found.memory[k], whole.memory, rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal(found.echo[k], whole.echo)
    assert found.memory.any()


def test_it_knows_the_normal_quantile_of_any_share() -> None:
    shares = np.concatenate(
        [np.linspace(1e-3, 1.0 - 1e-3, 999), 10.0 ** -np.arange(4.0, 300.0), 1.0 - 0.1 ** np.arange(4, 15)]
    )
    told = [NormalDist().inv_cdf(share) for share in shares.tolist()]
    np.testing.assert_allclose(quantile(shares), told, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("channel", [np.zeros(DAY), np.full(DAY, np.nan), np.arange(DAY) % 500 == 0])
def test_it_survives_a_channel_that_hardly_moves(channel: Floats) -> None:
    force = lived(channel.astype(np.float64)[:, None])[1]
    for part in force:
        assert np.isfinite(part).all()
    assert (np.diff(force.scores[0, 0]) >= 0.0).all() and (force.shift > 0.0).all()


def live(to: Engine, values: Floats, start: int, persons: int = 1, gap: Gap | None = None) -> None:
    n = len(values)
    to.judge(Batch(
        np.arange(1, n + 1, dtype=np.uint64) + np.uint64(start), np.zeros(n, np.uint32), START + start + np.arange(n),
        values.astype(np.float32), np.ones(n, np.float32), np.full(n, persons, np.int32),
        gaps=() if gap is None else tuple((place, gap) for place in range(n)),
    ))  # fmt: skip


def home() -> Engine:
    return Engine(("weight_kg", "audio.loudness"), (Resident("r", "Room 1"),), Policy(), "edge-1", "ab" * 16)


def test_it_learns_nothing_of_seconds_from_which_the_usual_is_not_learned() -> None:
    alone, rng = home(), np.random.default_rng(24)
    live(alone, rng.standard_normal((BLOCK_S, 2)) + 70.0, 0)
    known = alone._state.noise.values.copy()
    assert (known == WINDOW_S).all()
    live(alone, rng.standard_normal((BLOCK_S - 20, 2)) * 4.0 + 70.0, BLOCK_S, persons=2)
    live(alone, rng.standard_normal((20, 2)) + 70.0, 2 * BLOCK_S - 20)
    assert (alone._state.noise.values - known == 20).all(), "a visitor was there until 20 seconds ago"
    alone._state.person.learns_after[:] = np.inf  # a serious event is open
    live(alone, rng.standard_normal((BLOCK_S, 2)) * 4.0, 2 * BLOCK_S)
    assert (alone._state.noise.values - known == 20).all()


def test_it_learns_nothing_of_somebody_who_is_not_confirmed_as_the_resident() -> None:
    unsure, rng = home(), np.random.default_rng(25)
    live(unsure, rng.standard_normal((BLOCK_S, 2)) + 70.0, 0)
    known = unsure._state.noise.values.copy()
    stranger = Gap(Sense.FACE, Absence.NOT_CONFIRMED)
    live(unsure, rng.standard_normal((BLOCK_S, 2)) * 4.0 + 70.0, BLOCK_S, gap=stranger)
    assert (unsure._state.noise.values == known).all()
    out_of_view = Gap(Sense.FACE, Absence.NOT_IN_VIEW)
    live(unsure, rng.standard_normal((BLOCK_S, 2)) + 70.0, 2 * BLOCK_S, gap=out_of_view)
    assert (unsure._state.noise.values - known == WINDOW_S).all(), "a face turned away is no stranger"


@pytest.mark.parametrize(("statistic", "level", "tier"), [(4, 1.5, Tier.URGENT), (6, 2.0, Tier.MONITOR)])
def test_it_judges_afresh_after_a_serious_event(statistic: int, level: float, tier: Tier) -> None:
    """Evidence from the event must not open the next one; what was merely mild goes on adding up."""
    judge, rng = home(), np.random.default_rng(25)
    live(judge, rng.standard_normal((600, 2)) + 70.0, 0)
    state = judge._state
    state.history.thresholds[:], state.history.releases[:] = np.inf, np.inf
    state.history.thresholds[0, statistic] = state.history.releases[0, statistic] = level
    live(judge, rng.standard_normal((90, 2)) + 75.0, 600)
    assert state.watches[0].tier is tier
    second = 690
    while state.watches[0].tier is not None:
        live(judge, rng.standard_normal((1, 2)) + 70.0, second)
        second += 1
        assert second < 4000
    assert judge._state.level.change.bank.any() == (tier is Tier.MONITOR)


def test_it_begins_a_new_resident_with_the_memory_that_the_others_have() -> None:
    new = home()
    prior = new._state.prior
    prior.level[:], prior.apart[:], prior.spread[:], prior.phi[:] = 70.0, 1.0, 0.0, (0.6, 0.0)
    refit.welcome(new._state)
    force = new._state.fitted
    np.testing.assert_allclose(force.lag[0] / force.gain[0], (0.6, 0.0), atol=1e-6)
    assert force.gain[0, 0] == pytest.approx(1.25)
    live(new, np.random.default_rng(26).standard_normal((4 * BLOCK_S, 2)) + 70.0, 0)
    assert abs(force.lag[0, 0] / force.gain[0, 0]) < 0.25, "their own seconds outweigh it soon"


def test_it_believes_no_echo_where_no_two_seconds_follow_one_another() -> None:
    lonely = np.r_[1.0, np.full(arma.LAGS + 1, np.nan)]
    with np.errstate(all="raise"):
        found = arma.of(lonely, np.array(1000))
    assert (found.memory, found.echo) == (0.0, 0.0)
