"""Run lengths of the charts beside the tables published for them, and FOCuS beside brute force."""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tests.bench.table import Figure, publish
from threshold_service.statistics import ewma, focus, focus_fast, multi_slack, shewhart, variance_change
from threshold_service.statistics.arrays import Floats

RUNS, QUICK_RUNS = 2500, 300
BAR = 4.0
"""Standard errors of the simulated mean."""

Chart = Callable[[Floats | None, Floats], tuple[Floats, Floats]]
"""Takes the state (None: fresh) and one value a stream; gives the state and the statistic held against a limit."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One published figure: number of its table, the chart, its limit, what the values are, and the table's mean."""

    row: int
    what: str
    chart: Chart
    limit: float
    published: float
    shift: float = 0.0
    ratio: float = 1.0
    drift: float = 0.0


def run_lengths(cell: Cell, runs: int, rng: np.random.Generator) -> Floats:
    """How long each of `runs` streams ran until its statistic was beyond the cell's limit."""
    state, lengths, length = None, [], 0
    open_ones = runs
    while open_ones:
        values = cell.shift + length * cell.drift + cell.ratio * rng.standard_normal(open_ones)
        length += 1
        state, statistic = cell.chart(state, values)
        over = statistic > cell.limit
        if over.any():
            lengths += [length] * int(over.sum())
            state = state[~over]
            open_ones = len(state)
    return np.array(lengths, float)


def cusum(slack: float, sides: int = 2, head_start: float = 0.0) -> Chart:
    """The larger of both sides, or the upper one alone."""
    slacks = np.array([slack])

    def chart(state: Floats | None, values: Floats) -> tuple[Floats, Floats]:
        before = multi_slack.fresh((len(values), 1), 1, head_start) if state is None else state
        evidence = multi_slack.step(before, values[:, None], slacks)
        return evidence, evidence[:, 0, :sides, 0].max(axis=1)

    return chart


def smoothed(share: float, barrier: float = -np.inf, sides: int = 2) -> Chart:
    """EWMA with asymptotic limits."""

    def chart(state: Floats | None, values: Floats) -> tuple[Floats, Floats]:
        before = ewma.fresh(values.shape) if state is None else ewma.Ewma(state, np.zeros_like(state))
        after = ewma.step(before, values, share, barrier)
        away = ewma.settled_distance(after, share)
        return after.mean, np.abs(away) if sides == 2 else away

    return chart


def widening(share: float) -> Chart:
    """EWMA with limits that widen from the first value."""

    def chart(state: Floats | None, values: Floats) -> tuple[Floats, Floats]:
        before = ewma.fresh(values.shape) if state is None else ewma.Ewma(state[:, 0], state[:, 1])
        after = ewma.step(before, values, share)
        return np.stack(after, axis=1), np.abs(ewma.distance(after, share))

    return chart


def squares(slack: float) -> Chart:
    """The upper CUSUM of squares."""
    slacks = np.array([slack, 0.0])

    def chart(state: Floats | None, values: Floats) -> tuple[Floats, Floats]:
        before = variance_change.fresh((len(values), 1)) if state is None else state
        evidence = variance_change.step(before, values[:, None], slacks)
        return evidence, evidence[:, 0, 0]

    return chart


def single(_: Floats | None, values: Floats) -> tuple[Floats, Floats]:
    """Shewhart's rule."""
    return values, shewhart.beyond(values).astype(float)


def cells() -> Iterator[Cell]:
    """Tables 1 to 18, of which 10 is a formula, and two of a drifting level."""
    usual = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
    for shift, mean in zip(usual, (168, 74.2, 26.6, 13.3, 8.38, 4.75, 3.34, 2.62, 2.19, 1.71), strict=True):
        yield Cell(1, "CUSUM k .5 h 4, Lucas & Crosier 1982", cusum(0.5), 4.0, mean, shift)
    for shift, mean in zip(usual, (149, 62.7, 20.1, 8.97, 5.29, 2.86, 2.01, 1.59, 1.32, 1.07), strict=True):
        yield Cell(2, "the same, head start h/2", cusum(0.5, head_start=2.0), 4.0, mean, shift)
    for shift, mean in ((0.0, 465), (0.5, 38.0), (1.0, 10.4), (2.0, 4.01)):
        yield Cell(3, "CUSUM k .5 h 5, Montgomery", cusum(0.5), 5.0, mean, shift)
    for shift, mean in ((0.0, 117.59), (1.5, 3.75)):
        yield Cell(4, "one side k .5 h 3, Brook & Evans 1972", cusum(0.5, 1), 3.0, mean, shift)
    for shift, mean in ((-0.5, 1963), (0.0, 117.4), (0.5, 17.35)):
        yield Cell(5, "one side k .5 h 3, Waldmann 1986", cusum(0.5, 1), 3.0, mean, shift)
    yield Cell(6, "CUSUM k .6 h 3, Waldmann 1986", cusum(0.6), 3.0, 65.4, -0.2)
    vance = (2071.51, 400.28, 124.66, 59.30, 36.71, 20.37, 14.06, 10.75)
    for shift, mean in zip((-0.25, -0.125, 0.0, 0.125, 0.25, 0.5, 0.75, 1.0), vance, strict=True):
        yield Cell(7, "one side k 0 h 10, Vance 1986", cusum(0.0, 1), 10.0, mean, shift)
    for head_start, mean in ((0.0, 4.1500836225), (0.1, 4.1061588131)):
        yield Cell(8, f"one side k .25 h 8, start {head_start}, SAS", cusum(0.25, 1, head_start), 8.0, mean, 2.5)
    hawkins = ((0.25, 8.01), (0.5, 4.77), (0.75, 3.34), (1.0, 2.52), (1.25, 1.99), (1.5, 1.61))
    for slack, limit in hawkins:
        yield Cell(9, f"CUSUM k {slack} h {limit}, Hawkins 1993", cusum(slack), limit, 370)
    yield from smoothing_cells()
    yield from square_cells()
    yield Cell(18, "Shewhart, 3 spreads", single, 0.5, 370.4)
    yield from drift_cells()


def smoothing_cells() -> Iterator[Cell]:
    """Tables 11 to 16."""
    usual = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
    for shift, mean in zip(usual, (500, 255, 88.8, 35.9, 17.5, 6.53, 3.63, 1.93), strict=True):
        yield Cell(11, "EWMA .5, Lucas & Saccucci 1990", smoothed(0.5), 3.071, mean, shift)
    for shift, mean in zip(usual, (500, 76.7, 29.3, 17.6, 12.6, 8.07, 5.99, 4.03), strict=True):
        yield Cell(12, "EWMA .03, Lucas & Saccucci 1990", smoothed(0.03), 2.437, mean, shift)
    for shift, mean in ((0.0, 500), (1.0, 10.3)):
        yield Cell(13, "EWMA .1", smoothed(0.1), 2.814, mean, shift)
    for shift, mean in zip((0, 0.25, 0.5, 1, 2, 4), (26.45, 20.12, 11.89, 4.91, 1.94, 1.05), strict=True):
        yield Cell(14, "EWMA .5, Crowder 1987", smoothed(0.5), 2.0, mean, shift)
    for shift, mean in zip((0, 0.25, 0.5, 1, 2, 4), (127.53, 43.94, 18.97, 8.38, 4.04, 2.15), strict=True):
        yield Cell(14, "EWMA .05, Crowder 1987", smoothed(0.05), 2.0, mean, shift)
    yield Cell(15, "EWMA .25, SAS", smoothed(0.25), 3.0, 11.154267016, 1.0)
    for share, two_sided, one_sided in ((0.75, 104.0, 209.3), (0.5, 1952.0, 3907.5)):
        limit = 2.0 * np.sqrt((2.0 - share) / share)
        yield Cell(16, f"EWMA {share}, Waldmann 1986", smoothed(share), limit, two_sided)
        yield Cell(16, f"EWMA {share} with a barrier, Waldmann 1986", smoothed(share, -4.0, 1), limit, one_sided)
    for shift, mean in ((0.0, 1353.0), (0.5, 32.5), (1.0, 9.0)):
        yield Cell(16, "EWMA .05, widening limits, Steiner 1999", widening(0.05), 3.0, mean, shift)


def square_cells() -> Iterator[Cell]:
    """Table 17: Knoth 2006, table 1, one degree of freedom."""
    means = (260.7369, 90.1319, 43.6867, 26.2916, 18.1231, 13.6268, 5.9904)
    for ratio, mean in zip((1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 2.0), means, strict=True):
        yield Cell(17, "CUSUM of squares k 1.46 h 10, Knoth 2006", squares(1.46), 10.0, mean, ratio=ratio)


def drift_cells() -> Iterator[Cell]:
    """A level that drifts by so much a value, from the first value on (Gan) or before it (Aerne, Champ and Rigdon)."""
    for drift, mean in ((0.0005, 261), (0.002, 129), (0.01, 52.0), (0.05, 21.4), (0.5, 6.95)):
        yield Cell(31, "one side k .25 h 8, Gan 1992", cusum(0.25, 1), 8.0, mean, drift=drift)
    for drift, mean in ((0.005623, 77.01), (0.01, 54.20), (0.031623, 26.36), (0.1, 13.07)):
        yield Cell(31, "EWMA .133, Aerne 1991", smoothed(0.133), 2.856, mean, drift, drift=drift)


def measured(cell: Cell, runs: int, rng: np.random.Generator) -> tuple[float, float]:
    """Mean run length and its standard error."""
    lengths = run_lengths(cell, runs, rng)
    return float(lengths.mean()), float(lengths.std(ddof=1) / np.sqrt(runs))


def chart_figures(runs: int, seed: int) -> Iterator[Figure]:
    """One line a cell."""
    for index, cell in enumerate(cells()):
        mean, error = measured(cell, runs, np.random.default_rng((seed, index)))
        off = abs(mean - cell.published) / error
        at = f"spread x{cell.ratio}" if cell.ratio != 1.0 else f"shift {cell.shift}"
        at = f"drift {cell.drift}" if cell.drift else at
        beside = f"published {cell.published:.4g}, {off:.1f} standard errors off"
        what = f"{cell.row}. {cell.what}, {at}"
        yield Figure(what, mean, "values", beside, mean / cell.published, f"< {BAR:.0f} errors", off < BAR)


def formula_figures() -> Iterator[Figure]:
    """Table 10: Siegmund's approximation, computed and not simulated."""
    for limit, published in ((4.0, 169.05), (5.0, 469.1)):
        mean = multi_slack.run_length(limit, 0.5, 0.0) / 2.0
        near = abs(mean / published - 1.0)
        what = f"10. CUSUM k .5 h {limit}, Siegmund 1985"
        yield Figure(what, mean, "values", f"formula {published}", mean / published, "within 0.1 %", near < 1e-3)


def every_change(values: Floats, least_slope: float) -> Floats:
    """Brute force: after each value the largest log likelihood ratio over every moment the mean could have changed."""
    largest = np.zeros(len(values))
    sums = np.concatenate(([0.0], np.cumsum(values)))
    for n in range(1, len(values) + 1):
        before = np.arange(0 if least_slope == focus.KNOWN else 1, n)
        share = 1.0 if least_slope == focus.KNOWN else before / n
        ratios = (sums[n] * share - sums[before]) ** 2 / (2.0 * share * (n - before))
        largest[n - 1] = ratios.max(initial=0.0)
    return largest


def focus_figures(seed: int, values: int) -> Iterator[Figure]:
    """FOCuS against brute force on noise and two steps."""
    rng = np.random.default_rng(seed)
    series = rng.standard_normal((values, 3)) + np.array([0.0, 0.5, 1.0]) * (np.arange(values) > values // 2)[:, None]
    for what, least_slope in (("known", focus.KNOWN), ("unknown", focus.UNKNOWN)):
        _, ratios = focus_fast.run(focus.fresh(3), series, least_slope)
        exact = np.stack([every_change(row, least_slope) for row in series.T], axis=1)
        worst = float(np.abs(ratios - exact).max())
        yield Figure(
            f"29. FOCuS, mean before {what}, {values} values", worst, "", "brute force", None, "1e-9", worst < 1e-9
        )


def main() -> int:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_RUNS} runs a cell in place of {RUNS}")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    runs = QUICK_RUNS if chosen.quick else RUNS
    figures = [*chart_figures(runs, chosen.seed), *formula_figures()]
    figures += focus_figures(chosen.seed, 1000 if chosen.quick else 4500)
    return publish("run_lengths", figures)


if __name__ == "__main__":
    sys.exit(main())
