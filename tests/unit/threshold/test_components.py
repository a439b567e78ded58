"""Evidence is not counted twice across channels: components."""

import numpy as np
import pytest

from threshold_service.statistics import components
from threshold_service.statistics.arrays import Floats

pytestmark = pytest.mark.unit


def mixed(seconds: int, rng: np.random.Generator) -> Floats:
    """Three channels of one mood and two of their own, standardised."""
    mood, own = rng.standard_normal((seconds, 1)), rng.standard_normal((seconds, 5))
    z = 0.3 * own
    z[:, :3] += mood
    z[:, 3:] = own[:, 3:]
    return (z - z.mean(axis=0)) / z.std(axis=0)


def test_it_makes_one_component_of_channels_that_say_the_same() -> None:
    z = mixed(5000, np.random.default_rng(1))
    weights = components.loadings(components.correlation(z))
    made = components.components(z, weights)
    assert made.shape[1] == 3
    np.testing.assert_allclose(made.T @ made / len(made), np.eye(3), atol=1e-6)


def test_it_does_not_add_up_one_mood_three_times() -> None:
    rng = np.random.default_rng(2)
    z = mixed(5000, rng)
    weights = components.loadings(components.correlation(z))
    shift = np.array([1.0, 1.0, 1.0, 0.0, 0.0])
    apart = float(np.square(shift).sum())
    together = float(np.square(components.components(shift, weights)).sum())
    assert apart == 3.0
    assert 0.9 < together < 1.2, "a shift of the mood by one spread is worth one"


def test_it_keeps_its_signs_from_night_to_night() -> None:
    rng = np.random.default_rng(3)
    nights = [components.loadings(components.correlation(mixed(3000, rng)))[0] for _ in range(6)]
    assert all((night[:3] > 0.0).all() for night in nights)


def test_it_makes_components_alike_however_many_rows_come_at_once() -> None:
    z = mixed(64, np.random.default_rng(4))
    weights = components.loadings(components.correlation(mixed(3000, np.random.default_rng(5))))
    together = components.components(z, weights)
    assert together.tobytes() == np.array([components.components(row, weights) for row in z]).tobytes()


def test_it_says_nothing_of_channels_that_were_never_seen_together() -> None:
    z = mixed(1000, np.random.default_rng(6))
    z[:500, 0], z[500:, 1] = np.nan, np.nan
    found = components.correlation(z)
    assert found[0, 1] == found[1, 0] == 0.0
    assert found[0, 2] > 0.8
