"""The pace of a camera: pictures a second over the last moments."""

import pytest

from edge_agent.pace import Pace

pytestmark = pytest.mark.unit


def test_it_forgets_what_was_longer_ago() -> None:
    pace = Pace()
    for second in range(0, 30, 2):
        pace.rates(float(second), (25 * second, 5 * second, 0))
    for second in range(30, 60, 2):
        given, looked_at, skipped = pace.rates(float(second), (25 * 30, 5 * 30, second - 30))
    assert (given, looked_at) == (0.0, 0.0) and skipped == 1.0


def test_a_camera_that_begins_anew_is_not_slower_than_nothing() -> None:
    pace = Pace()
    pace.rates(0.0, (500, 100, 3))
    assert pace.rates(2.0, (0, 0, 0)) == (0.0, 0.0, 0.0)
    assert pace.rates(4.0, (50, 10, 0)) == (25.0, 5.0, 0.0)
