"""Measures the drift watch's shipped threshold on ordinary days, and counts its false reports on simulated stays."""

import argparse
import sys
from dataclasses import replace
from unittest.mock import patch

import numpy as np

from services.runtime.batch import Batch
from services.simulator.facility import Facility
from services.simulator.parameters import DAY_S, Parameters, SlowChange
from services.vocabulary import Policy
from tests.bench.drift_watch import lives
from tests.bench.table import Figure, publish
from threshold_service.engine import Engine
from threshold_service.statistics import drift_threshold, drift_watch, moved
from threshold_service.statistics.arrays import Bools, Floats, Ints
from threshold_service.statistics.profile import Profile

START = 1_750_000_000.0 // DAY_S * DAY_S
TOGETHER = 0.4
"""How days of the ordinary lives hang together."""
HIGH = 0.9
"""Quantile of the lives' highest evidence beyond which the tail is exponential (as in `drift_threshold`)."""


def stays(residents: int, days: int, seed: int) -> Floats:
    """Hourly means as the watch takes them (days, 24, residents, channels), of episodes and benign things as the
    simulator has them, without illnesses and moved cameras: those are what has to be reported."""
    slow = SlowChange(illness_per_day=0.0, moved_per_day=0.0)
    facility = Facility(seed, residents, days, replace(Parameters(), slow=slow))
    hourly: Floats = np.full((days + 1, 24, residents, len(facility.channels)), np.nan)
    for resident in range(residents):
        stay(facility, resident, hourly[:, :, resident])
    return hourly[int(moved.SETTLED_DAYS) : -1]


def stay(facility: Facility, resident: int, hourly: Floats) -> None:
    """One stay, alone with an engine that never reports a drift and so never counts anew; fills `hourly` (days, 24,
    channels)."""
    first = int(START // 3600)

    def listen(state: moved.Moved, row: int, known: Profile) -> None:
        told(state, row, known)
        hour = int(known.hour[row]) - first
        hourly[hour // 24, hour % 24] = (moved.hourly(known, row) - state.origin[row]) / state.spread[row]

    told = moved.hour
    with patch.object(moved, "hour", listen), patch.object(moved, "threshold", lambda channels: np.inf):
        engine = Engine(facility.channels, facility.seats()[resident : resident + 1], Policy(), "bench", "0" * 32)
        for day in range(facility.days):
            engine.judge(_batch(facility, resident, day))


def _batch(facility: Facility, resident: int, day: int) -> Batch:
    lived = facility.day(resident, day)
    second = np.arange(DAY_S) + day * DAY_S
    times: Floats = START + second.astype(np.float64)
    return Batch(
        (second + 1).astype(np.uint64), np.zeros(DAY_S, np.uint32), times, lived.values.astype(np.float32),
        np.ones(DAY_S, np.float32), lived.persons,
    )  # fmt: skip


def measured(hourly: Floats) -> tuple[float, float]:
    """`moved.LEVEL` and `moved.EXCESS`: from how the highest evidence of each channel's life grows."""
    seen: Bools = np.asarray(np.isfinite(hourly).any(axis=(0, 1)))
    state, highest = drift_watch.fresh(seen.shape), np.full(seen.shape, -1.0)
    records = []
    for day in hourly:
        for values in day:
            state, evidence = drift_watch.step(state, values)
            highest = np.maximum(highest, evidence)
        records.append(highest[seen])
    kept = np.array(records)
    level = float(np.quantile(kept[-1], HIGH))
    excess = float(np.mean(kept[-1][kept[-1] > level]) - level)
    rate = drift_threshold._passages_a_week(kept, level)
    return level + excess * float(np.log(drift_threshold.MARGIN * rate)), excess


def reports(hourly: Floats) -> Ints:
    """Hours in which a resident is reported, (residents,), with the shipped threshold."""
    seen: Bools = np.asarray(np.isfinite(hourly).any(axis=(0, 1)))
    limits = np.array([moved.threshold(int(channels)) for channels in seen.sum(axis=1)])
    state, count = drift_watch.fresh(seen.shape), np.zeros(len(seen), np.int64)
    for values in hourly.reshape(-1, *seen.shape):
        state, drifted = drift_watch.watch(state, values, limits[:, None])
        count += drifted.any(axis=1)
    return count


def _limit(level: float, excess: float, channels: int) -> float:
    return level + excess * float(np.log(channels / moved.WEEKLY))


def main() -> int:
    """Simulate, and print what to ship and whether what is shipped keeps its promise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two stays of 40 days, which say little")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    residents, days = (2, 40) if chosen.quick else (6, 63)
    level, excess = measured(lives(84, 48, TOGETHER, np.random.default_rng(chosen.seed)))
    others = stays(residents, days, chosen.seed)
    simulated = measured(others)
    weeks = residents * len(others) / 7.0
    weekly = float(reports(others).sum()) / weeks
    return publish("drift_shipped", [
        Figure("level of the threshold", level, "nats", f"shipped {moved.LEVEL}", level / moved.LEVEL),
        Figure("excess beyond it", excess, "nats", f"shipped {moved.EXCESS}", excess / moved.EXCESS),
        Figure("threshold for 16 channels, of the simulated stays", _limit(*simulated, 16), "nats",
               f"shipped {moved.threshold(16):.1f}", _limit(*simulated, 16) / moved.threshold(16)),
        Figure(f"false reports in {weeks:.0f} resident-weeks", weekly, "a week", f"promised {moved.WEEKLY}",
               weekly / moved.WEEKLY, "at most 1.5", weekly <= 1.5 * moved.WEEKLY),
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
