"""The arc names what a window does, and calls ordinary noise stable as often as promised, whatever the noise is."""

import numpy as np
import pytest

from threshold_service.statistics import arc
from threshold_service.statistics.arc import ARCS, Arc
from threshold_service.statistics.arrays import Floats

pytestmark = pytest.mark.unit
SECONDS = 120
TIME = np.linspace(0.0, 1.0, SECONDS)


def noise(kind: str, windows: int, seed: int) -> Floats:
    """Windows of unit spread: independent, with a memory of twenty seconds, heavy-tailed, or bounded and skewed."""
    rng = np.random.default_rng(seed)
    if kind == "heavy":
        return rng.standard_t(3, (windows, SECONDS)) / np.sqrt(3.0)
    if kind == "bounded":
        return (rng.beta(2.0, 8.0, (windows, SECONDS)) - 0.2) / 0.1206
    values = rng.standard_normal((windows, SECONDS))
    if kind == "slow":
        for second in range(1, SECONDS):
            values[:, second] = 0.95 * values[:, second - 1] + np.sqrt(1.0 - 0.95**2) * values[:, second]
    return values


def share(windows: Floats, usual: arc.Usual, name: Arc) -> float:
    return float((arc.course(windows, usual).kind == ARCS.index(name)).mean())


@pytest.mark.parametrize("kind", ["independent", "slow", "heavy", "bounded"])
def test_it_calls_ordinary_noise_stable_as_often_as_promised(kind: str) -> None:
    called = [share(noise(kind, 400, seed), arc.learned(noise(kind, 200, seed + 50)), Arc.STABLE) for seed in range(8)]
    assert 1.0 - np.mean(called) < arc.FALSE_RATE * 1.2
    assert min(called) > 0.88


@pytest.mark.parametrize("kind", ["independent", "slow", "bounded"])
@pytest.mark.parametrize(
    ("shape", "name"),
    [
        (TIME, Arc.BUILDING),
        (np.exp(5.0 * (TIME - 1.0)), Arc.ESCALATING),
        (1.0 * (TIME > 0.75), Arc.ESCALATING),
        (1.0 - TIME, Arc.DE_ESCALATING),
        (np.exp(-3.0 * TIME), Arc.DE_ESCALATING),
        (1.0 * (TIME < 0.75), Arc.RELEASING),
        (np.sin(40.0 * TIME), Arc.VOLATILE),
    ],
    ids=["ramp", "exponential", "late jump", "calming", "recovery", "letting go", "up and down"],
)
def test_it_names_what_a_window_does(kind: str, shape: Floats, name: Arc) -> None:
    usual = arc.learned(noise(kind, 300, 1))
    assert share(noise(kind, 200, 2) + 12.0 * shape, usual, name) > 0.85


def test_it_calls_restless_noise_volatile() -> None:
    usual = arc.learned(noise("independent", 200, 3))
    assert share(2.0 * noise("independent", 200, 4), usual, Arc.VOLATILE) > 0.9


def test_it_is_the_more_sure_the_further_a_window_goes() -> None:
    usual = arc.learned(noise("slow", 400, 5))
    rises = np.array([0.5, 2.0, 3.0, 9.0])[:, None] * TIME
    told = arc.course(rises, usual)
    assert [ARCS[kind] for kind in told.kind[[0, -1]]] == [Arc.STABLE, Arc.BUILDING]
    assert told.confidence[0] > 0.5 and told.confidence[-1] > 0.95
    chance = np.where(told.kind == ARCS.index(Arc.STABLE), told.confidence, 1.0 - told.confidence)
    assert (np.diff(chance) <= 0.0).all()


def test_it_names_nothing_where_too_little_was_seen() -> None:
    usual = arc.learned(noise("independent", 200, 6))
    windows = np.tile(5.0 * TIME, (3, 1))
    windows[0, :30] = np.nan
    windows[1, ::3] = np.nan
    windows[2] = np.nan
    told = arc.course(windows, usual)
    assert [ARCS[kind] for kind in told.kind] == [Arc.UNSEEN, Arc.BUILDING, Arc.UNSEEN]
    assert told.confidence[[0, 2]].tolist() == [0.0, 0.0]


def test_it_keeps_its_promise_where_both_have_gaps() -> None:
    ordinary, windows = noise("slow", 300, 7), noise("slow", 1000, 8)
    for values in (ordinary, windows):
        values[np.random.default_rng(9).random(values.shape) < 0.2] = np.nan
    assert 1.0 - share(windows, arc.learned(ordinary), Arc.STABLE) < arc.FALSE_RATE * 1.6


def test_it_is_the_same_for_any_leading_shape() -> None:
    usual = arc.learned(noise("slow", 100, 10))
    windows = noise("slow", 24, 11) * 2.0
    flat, boxed = arc.course(windows, usual), arc.course(windows.reshape(2, 3, 4, SECONDS), usual)
    assert np.array_equal(flat.kind, boxed.kind.ravel())
    assert np.array_equal(flat.confidence, boxed.confidence.ravel())


def test_it_learns_nothing_from_a_few_windows() -> None:
    with pytest.raises(ValueError, match="79 are needed"):
        arc.learned(noise("slow", 78, 12))
