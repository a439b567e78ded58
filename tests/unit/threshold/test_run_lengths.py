"""The charts run as long as published: a few cells of the bench with fewer runs, and that they can fail."""

from dataclasses import replace

import numpy as np
import pytest

from tests.bench.run_lengths import BAR, Cell, cells, measured
from threshold_service.statistics import multi_slack

pytestmark = pytest.mark.unit
RUNS = 500
CELLS = [cell for cell in cells() if cell.published < 160.0]


def errors_off(cell: Cell, limit: float) -> float:
    mean, error = measured(replace(cell, limit=limit), RUNS, np.random.default_rng(11))
    return abs(mean - cell.published) / error


@pytest.mark.parametrize("cell", CELLS[::5], ids=lambda cell: f"{cell.row}-{cell.what}-{cell.shift}-{cell.ratio}")
def test_it_runs_as_long_as_published(cell: Cell) -> None:
    assert errors_off(cell, cell.limit) < BAR


@pytest.mark.parametrize("row", [2, 5, 9, 11, 12, 14, 17])
def test_it_would_notice_a_wrong_limit(row: int) -> None:
    cell = next(cell for cell in cells() if cell.row == row and cell.shift == 0.0)
    assert errors_off(cell, 1.15 * cell.limit) > BAR


@pytest.mark.parametrize(("limit", "simulated"), [(4.0, 168.0), (5.0, 465.0)])
def test_it_knows_about_how_long_a_cusum_runs_without_simulating(limit: float, simulated: float) -> None:
    formula = multi_slack.run_length(limit, 0.5, 0.0) / 2.0
    assert abs(formula / simulated - 1.0) < 0.01
    assert multi_slack.threshold(2.0 * formula, 0.5) == pytest.approx(limit)
