"""The fused detector: learned from a history without being told its noise, equal in every form, and awake."""

import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threshold_service.statistics import arma, excursions, fused, fused_fit, normal_scores
from threshold_service.statistics.arrays import Bools, Floats

pytestmark = pytest.mark.unit
DAY = 86_400


def autoregressive(rng: np.random.Generator, size: int, phi: float) -> Floats:
    noise = rng.standard_normal(size) * np.sqrt(1.0 - phi * phi)
    noise[0] = rng.standard_normal()
    for t in range(1, size):
        noise[t] += phi * noise[t - 1]
    return noise


def taught(rng: np.random.Generator, shape: tuple[int, ...]) -> fused.Learned:
    """Parameters of channels that all differ."""
    learned = fused.untaught(shape)
    threshold, shift = rng.uniform(7.0, 12.0, shape), rng.uniform(0.05, 0.8, shape)
    return learned._replace(
        gain=rng.uniform(0.8, 2.0, shape), lag=rng.uniform(-0.5, 1.5, shape), echo=rng.uniform(-0.8, 0.8, shape),
        shift=shift, ceiling=fused.ceiling(threshold, shift), threshold=threshold,
        scores=np.sort(rng.uniform(-4.0, 4.0, (*shape, fused.KNOTS)), axis=-1),
    )  # fmt: skip


def stream(rng: np.random.Generator, seconds: int, shape: tuple[int, ...]) -> tuple[Floats, Bools]:
    return 2.0 * rng.standard_normal((seconds, *shape)), rng.random((seconds, *shape)) < 0.9


def test_it_is_the_same_compiled_and_plain() -> None:
    kernel = pytest.importorskip("threshold_service.statistics.fused_kernel")
    rng = np.random.default_rng(1)
    learned = taught(rng, (7, 5))
    plain, compiled = fused.fresh((7, 5)), fused.fresh((7, 5))
    for z, present in zip(*stream(rng, 300, (7, 5)), strict=True):
        plain = fused.step(plain, learned, z, present)
        kernel.step(*compiled, learned, z, present)
        for one, other in zip(plain, compiled, strict=True):
            np.testing.assert_allclose(one, other, rtol=0.0, atol=1e-12)


def test_it_is_the_same_for_many_as_one_by_one() -> None:
    rng = np.random.default_rng(2)
    learned = taught(rng, (4, 3))
    z, present = stream(rng, 100, (4, 3))
    many, one = fused.fresh((4, 3)), fused.fresh((3,))
    for t in range(100):
        many = fused.step(many, learned, z[t], present[t])
        one = fused.step(one, fused.Learned(*(part[2] for part in learned)), z[t, 2], present[t, 2])
    for whole, single in zip(many, one, strict=True):
        assert whole[2].tobytes() == single.tobytes()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-50.0, 50.0), st.booleans()), min_size=1, max_size=30), st.integers(0, 1000))
def test_it_never_says_nan_and_never_exceeds_its_ceiling(seconds: list[tuple[float, bool]], seed: int) -> None:
    learned = taught(np.random.default_rng(seed), (1,))
    state = fused.fresh((1,))
    for value, present in seconds:
        state = fused.step(state, learned, np.array([value if present else np.nan]), np.array([present]))
        assert np.isfinite(state.surprise).all() and (state.bank >= 0.0).all()
        assert (state.bank <= fused.FARTHER * learned.ceiling).all()
        assert (state.bank[:2] <= learned.ceiling).all()
        assert np.isfinite(np.stack(fused.evidence(state, learned))).all()


def test_it_only_forgets_while_nothing_is_seen() -> None:
    learned, state = taught(np.random.default_rng(3), (1,)), fused.fresh((1,))
    for _ in range(5):
        state = fused.step(state, learned, np.array([2.0]), np.array([True]))
    blind = state
    for _ in range(7):
        blind = fused.step(blind, learned, np.array([np.nan]), np.array([False]))
    jumped = fused.advance(state, np.array(7))
    np.testing.assert_allclose(blind.bank, jumped.bank, rtol=1e-12)
    assert np.isnan(blind.before).all() and np.isnan(jumped.before).all()
    assert (blind.bank < state.bank)[state.bank > 0.0].all()


def test_it_takes_the_first_value_after_an_absence_as_it_is() -> None:
    learned = fused.untaught((1,))._replace(lag=np.array([0.9]), gain=np.array([2.0]))
    state = fused.step(fused.fresh((1,)), learned, np.array([3.0]), np.array([True]))
    expected = fused.score(learned.scores, np.array([3.0])) - 0.5 * learned.shift
    assert state.bank[0].item() == expected.item()


@pytest.mark.parametrize("phi", [0.0, 0.6])
def test_it_keeps_the_promise_on_noise_it_was_not_told_about(phi: float) -> None:
    rng = np.random.default_rng(4)
    learned = fused_fit.learn(np.stack([autoregressive(rng, DAY, phi) for _ in range(4)], axis=1)).learned
    fresh = np.stack([autoregressive(rng, 3 * DAY, phi) for _ in range(4)], axis=1)
    said = fused_fit.replay(fresh, learned._replace(ceiling=np.full(4, np.inf)))
    alarms = sum(len(excursions.maxima(said[:, c], float(learned.threshold[c]))) for c in range(4))
    assert 0.5 < alarms * fused_fit.PROMISE / fresh.size < 2.0


@pytest.mark.parametrize(("higher", "wider", "within"), [(2.0, 1.0, 25), (-1.0, 1.0, 120), (0.0, 2.0, 40)])
def test_it_notices_changes_in_autocorrelated_noise(higher: float, wider: float, within: int) -> None:
    rng = np.random.default_rng(5)
    learned = fused_fit.learn(autoregressive(rng, DAY, 0.6)[:, None]).learned
    delays = []
    for _ in range(40):
        values = autoregressive(rng, 1500, 0.6)
        values[1000:] = higher + wider * values[1000:]
        said = fused_fit.replay(values[:, None], learned)[1000:, 0]
        delays.append(int(np.argmax(said > learned.threshold)) if (said > learned.threshold).any() else 500)
    assert np.mean(delays) < within


def test_it_learns_the_same_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    history = autoregressive(np.random.default_rng(6), 3000, 0.5)[:, None]
    history[1000:1050] = np.nan
    compiled = fused_fit.learn(history).learned
    monkeypatch.setitem(sys.modules, "threshold_service.statistics.fused_kernel", None)
    monkeypatch.delattr("threshold_service.statistics.fused_kernel", raising=False)
    for one, other in zip(compiled, fused_fit.learn(history).learned, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.parametrize("history", [np.full(5000, np.nan), np.zeros(5000), np.arange(500.0)])
def test_it_stays_untaught_where_nothing_can_be_learned(history: Floats) -> None:
    learned = fused_fit.learn(history[:, None]).learned
    assert np.isinf(learned.threshold).all() and (learned.gain == 1.0).all()


def test_it_asks_more_evidence_for_a_rarer_alarm() -> None:
    lesson = fused_fit.learn(np.random.default_rng(7).standard_normal((DAY, 1)))
    thresholds = [fused_fit.promised(lesson.learned, lesson.tails, promise).threshold[0] for promise in (1e3, 1e4, 1e6)]
    assert thresholds == sorted(thresholds)
    # a log-likelihood ratio exceeds h with odds e^-h: a hundredfold promise costs about ln 100
    assert abs(thresholds[2] - thresholds[1] - np.log(100.0)) < 1.5


def test_it_knows_a_usual_threshold_before_a_history_shows_one() -> None:
    rng = np.random.default_rng(11)
    correlation = np.array([0.0, 0.6])
    shift = fused.provisional(correlation, np.full(2, np.inf)).shift
    learned = fused.provisional(correlation, excursions.usual_level(shift, fused_fit.PROMISE))
    noise = np.stack([autoregressive(rng, 4 * DAY, phi) for phi in correlation], axis=1)
    said = fused_fit.replay(noise, learned)
    alarms = [len(excursions.maxima(said[:, c], float(learned.threshold[c]))) for c in range(2)]
    assert all(0.5 < alarm * fused_fit.PROMISE / len(noise) < 2.0 for alarm in alarms)
    short = fused_fit.learn(noise[:1500])
    assert np.isfinite(short.learned.threshold).all()


def test_it_finds_the_memory_that_statsmodels_finds() -> None:
    models = pytest.importorskip("statsmodels.tsa.arima.model")
    rng = np.random.default_rng(8)
    series = autoregressive(rng, 6000, 0.9) + 0.7 * rng.standard_normal(6000)
    peer: Any = models.ARIMA(series, order=(1, 0, 1)).fit()
    mine = arma.fit(series)
    assert abs(mine.memory - peer.arparams[0]) < 0.03
    assert abs(mine.echo - peer.maparams[0]) < 0.05


def test_it_makes_any_noise_normal() -> None:
    rng = np.random.default_rng(9)
    for noise in (rng.standard_t(3, DAY), rng.beta(2, 8, DAY), rng.exponential(size=DAY)):
        innovation = (noise - noise.mean()) / normal_scores.unit(noise)
        scores = np.broadcast_to(normal_scores.table(innovation), (DAY, fused.KNOTS))
        scored = fused.score(scores, innovation)
        assert abs(scored.mean()) < 1e-3 and abs(scored.std() - 1.0) < 1e-3
        assert all(abs(np.mean(scored > z) / tail - 1.0) < 0.3 for z, tail in ((1.2816, 0.1), (2.3263, 0.01)))


def test_it_is_measured_beside_an_exact_peer() -> None:
    pytest.importorskip("numba")
    from tests.bench.detection.focus_peer import brute_force, first_focus

    rng = np.random.default_rng(10)
    for _ in range(20):
        values = rng.standard_normal(200) + np.where(np.arange(200) > 120, rng.uniform(0.0, 1.5), 0.0)
        exact = np.array([brute_force(values[: t + 1]) for t in range(200)])
        for limit in (8.0, 14.0):
            assert first_focus(values, limit) == (int(np.argmax(exact > limit)) if (exact > limit).any() else -1)
