"""How late the fused detector speaks, calibrated by itself, beside the best peers that are told the noise."""

import argparse
import sys
from dataclasses import dataclass

import numpy as np

from tests.bench.detection import peers
from tests.bench.detection.calibrated import Calibrated, calibrate, first_alarms, one, usual
from tests.bench.detection.changes import TUNED, UNTUNED, Change
from tests.bench.detection.noises import KNOWN, T5, Noise
from tests.bench.table import Figure, publish
from threshold_service.statistics import fused_fit
from threshold_service.statistics.arrays import Floats, Ints

WORST, MEAN, ORACLE, ORACLE_T5 = 1.25, 1.10, 1.3, 1.5
AFTER = 4_000
"""Samples watched after the change; what is not noticed by then counts as this."""
DETECTORS = 20


@dataclass(frozen=True, slots=True)
class Cell:
    """Delays of one change in one noise: ours, and each peer's by name."""

    noise: Noise
    change: Change
    ours: float
    error: float
    beside: dict[str, float]

    def best(self) -> tuple[str, float]:
        name = min((n for n in self.beside if n != "oracle"), key=self.beside.__getitem__)
        return name, self.beside[name]


def delay(first: Ints, change_at: Ints) -> tuple[float, float]:
    """Mean delay in samples, the first changed one counted as 1, of streams without an alarm before; and its error."""
    late = np.where(first < 0, AFTER, first - change_at + 1)
    fair = late[(first < 0) | (first >= change_at)]
    return float(fair.mean()), float(fair.std() / np.sqrt(len(fair)))


def cells(noise: Noise, streams: int, samples: int, rng: np.random.Generator) -> list[Cell]:
    detectors = calibrate(noise, DETECTORS, rng)
    others = peers.peers(noise)
    limits = {p.name: peers.calibrated(p, noise, fused_fit.PROMISE, rng, samples) for p in others}
    oracle = peers.oracle(noise)
    limits["oracle"] = peers.calibrated(oracle, noise, fused_fit.PROMISE, rng, samples)
    made = []
    for change in (*TUNED, *UNTUNED):
        changed, at = _streams(noise, change, streams, rng)
        ours = delay(_ours(detectors, changed), at)
        watching = [*others, oracle] if change.name == "1 sigma" else others
        beside = {
            p.name: delay(np.array([p.first(p.prepare(x), limits[p.name]) for x in changed]), at)[0] for p in watching
        }
        made.append(Cell(noise, change, *ours, beside))
    return made


def _streams(noise: Noise, change: Change, count: int, rng: np.random.Generator) -> tuple[Floats, Ints]:
    at = rng.integers(1_000, 3_001, count)
    values = noise.draw(rng, count * (3_001 + AFTER)).reshape(count, -1)
    for row, start in zip(values, at, strict=True):
        later = row[start:]
        row[start:] = noise.changed(rng, later, change.shift(len(later)), change.wider)
    return values, at


def _ours(detectors: Calibrated, changed: Floats) -> Ints:
    parts = np.array_split(np.arange(len(changed)), DETECTORS)
    found = np.empty(len(changed), np.int64)
    for index, rows in enumerate(parts):
        each = one(detectors, index)
        for row in rows:
            found[row] = first_alarms(usual(each, changed[row][:, None]), each.learned)[0]
    return found


def figures(made: list[Cell]) -> list[Figure]:
    shown = []
    for cell in made:
        name, best = cell.best()
        tuned = cell.change in TUNED
        shown.append(
            Figure(
                f"{cell.noise.name}: {cell.change.name}{'' if tuned else ' (untuned)'}", cell.ours, "samples",
                f"{name} {best:,.1f}", cell.ours / best, f"<= {WORST}" if tuned else "",
                cell.ours / best <= WORST if tuned else None,
            )
        )  # fmt: skip
    return shown


def sums(made: list[Cell]) -> list[Figure]:
    """The geometric mean over the tuned cells beside this run's peers and the recorded ones, and the oracles."""
    tuned = [cell for cell in made if cell.change in TUNED]
    ours = np.array([cell.ours for cell in tuned])
    recorded = np.array([cell.change.recorded[KNOWN.index(cell.noise)] for cell in tuned])
    worst = float(np.max(ours / recorded))
    shown = [
        _mean("all cells: geometric mean beside this run's best peers", ours / [cell.best()[1] for cell in tuned]),
        _mean("all cells: geometric mean beside the recorded best peers", ours / recorded),
        Figure(
            "all cells: worst beside the recorded best peers", worst, "", "DETECTORS section 3", worst,
            f"<= {WORST}", worst <= WORST,
        ),
    ]  # fmt: skip
    for cell in tuned:
        if "oracle" in cell.beside:
            bar = ORACLE_T5 if cell.noise is T5 else ORACLE
            ratio = cell.ours / cell.beside["oracle"]
            shown.append(
                Figure(
                    f"{cell.noise.name}: 1 sigma beside the oracle", cell.ours, "samples",
                    f"{cell.beside['oracle']:.1f}", ratio, f"<= {bar}", ratio <= bar,
                )
            )  # fmt: skip
    return shown


def _mean(what: str, ratios: Floats) -> Figure:
    centre = float(np.exp(np.log(ratios).mean()))
    return Figure(what, centre, "", f"{len(ratios)} cells", centre, f"<= {MEAN}", centre <= MEAN)


def main() -> int:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--quick", action="store_true", help="400 streams a cell instead of 1,600")
    reader.add_argument("--seed", type=int, default=None)
    asked = reader.parse_args()
    seed = np.random.SeedSequence().entropy if asked.seed is None else asked.seed
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    made: list[Cell] = []
    for noise in KNOWN:
        made += cells(noise, 400 if asked.quick else 1_600, 2_000_000 if asked.quick else 6_000_000, rng)
    return publish("delays", figures(made) + sums(made))


if __name__ == "__main__":
    sys.exit(main())
