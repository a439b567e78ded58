"""Hours in view until the engine is usable for a new resident, with the facility's prior and without."""

import sys
from dataclasses import dataclass

import numpy as np

from tests.bench.budget import DAY_S, HOUR_S, Facility, Floats, People, people, promised
from tests.bench.table import Figure, publish

PER_DAY = 3.0
BUDGET = 1.5
"""False alarms of a usable resident over those of a settled one, at most (the bar)."""
WINDOW_H = 6
"""Hours over which the alarms after an hour are counted."""
BAR_H = 6.0


@dataclass(frozen=True, slots=True)
class Arrivals:
    """New residents' alarms of tiers 1 and 2 by hour in view and the share whose thresholds are in force, (hours,)."""

    alarms: Floats
    in_force: Floats
    residents: int

    def rate(self, hour: int, hours: int = WINDOW_H) -> float:
        """Alarms a day from `hour` on, per resident in force."""
        watched = float(self.in_force[hour : hour + hours].sum()) * self.residents / 24.0
        return float(self.alarms[hour : hour + hours].sum()) / watched if watched else float("inf")

    def usable_h(self, settled: float) -> float:
        """The first hour from which nine in ten are judged and alarm at most `BUDGET` times as often as settled; from
        it on every window keeps that."""
        last = len(self.alarms) - WINDOW_H
        good = [self.in_force[h] >= 0.9 and self.rate(h) <= BUDGET * settled for h in range(last)]
        bad = [h for h, fine in enumerate(good) if not fine]
        first = 0 if not bad else bad[-1] + 1
        return float(first) if first < last else float("inf")


def arrive(facility: Facility, new: People, hours: int) -> Arrivals:
    """`new` residents move in, in the morning of a day; what they are told in their first `hours`."""
    old, n = len(facility.seats), len(new.kind)
    facility.move_in(new)
    start, in_force = facility.second, np.zeros(hours)
    for hour in range(hours):
        in_force[hour] = float(np.mean(facility.engine.usual().learned_share[old:] >= 1.0))
        facility.live(HOUR_S)
    alarms = np.array([
        facility.alerts((1, 2), start + hour * HOUR_S, start + (hour + 1) * HOUR_S)[old:].sum()
        for hour in range(hours)
    ])  # fmt: skip
    return Arrivals(alarms, in_force, n)


def main() -> int:
    """Measure and print; `--quick` has fewer residents and settles for fewer days."""
    quick = "--quick" in sys.argv
    few, many, days, hours = (8, 16, 3, 18) if quick else (16, 60, 10, 30)
    facility = Facility(people(few, np.random.default_rng(1)), PER_DAY, 2)
    for _ in range(days):
        facility.live(DAY_S)
    settled_s = max(1, days // 2) * DAY_S
    told = float(facility.alerts((1, 2), facility.second - settled_s).sum())
    settled = told / (few * settled_s / DAY_S)
    new = people(many, np.random.default_rng(3))
    with_prior = arrive(facility, new, hours)
    alone = arrive(Facility(people(0, np.random.default_rng(1)), PER_DAY, 4), new, hours)
    allowed = float(promised(PER_DAY, np.array([DAY_S]))[0])
    figures = [Figure("settled residents, alarms a day", settled, "", f"promised {allowed:.2f}", settled / allowed)]
    for name, arrivals, bar in (("with the facility's prior", with_prior, True), ("without", alone, False)):
        usable = arrivals.usable_h(settled)
        figures.append(Figure(f"hours in view until usable, {name}", usable, "h", f"{many} new residents", None,
                              f"at most {BAR_H:.0f}" if bar else "", usable <= BAR_H if bar else None))  # fmt: skip
        for hour in range(0, hours - WINDOW_H + 1, WINDOW_H):
            rate = arrivals.rate(hour)
            figures.append(
                Figure(
                    f"  alarms a day in hours {hour} to {hour + WINDOW_H}",
                    rate,
                    "",
                    f"{arrivals.alarms[hour : hour + WINDOW_H].sum():.0f} alarms",
                    rate / settled,
                )
            )
    return publish("usable", figures)


if __name__ == "__main__":
    sys.exit(main())
