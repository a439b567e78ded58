"""Whether the alarm budget is kept: a facility without episodes, people with different noise, promised against told."""

import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from services.runtime.batch import Batch
from services.vocabulary import Budget, Policy, Resident
from tests.bench.table import Figure, publish
from threshold_service.engine import Engine

Floats = NDArray[np.float64]
CHANNELS = ("motion.erratic", "audio.loudness", "pose.wrist_speed", "face.browDown")
KINDS = ("Gaussian", "heavy tails", "bounded", "bursts")
START = 1_750_000_000.0
DAY_S = 86_400
HOUR_S = 3600
TIER3 = 0.5
"""A week: each second of an open event is looked at one by one, and tier 3 alerts nobody."""
RULES_SHARE = 0.8
"""Share of tier 1 that the calibrated rules may spend; the rest belongs to the audio cue, and nobody cries here."""


@dataclass(frozen=True, slots=True)
class People:
    """n residents: their kind of noise (n,), lag-1 autocorrelation, daily amplitude in spreads and its phase (n, c)."""

    kind: NDArray[np.int64]
    phi: Floats
    rhythm: Floats
    phase: Floats


def people(n: int, rng: np.random.Generator) -> People:
    """As many of each kind; how slow and how rhythmic somebody is differs from person to person."""
    c = len(CHANNELS)
    return People(
        np.arange(n) % len(KINDS), rng.uniform(0.2, 0.9, (n, c)), rng.uniform(0.0, 0.6, (n, c)),
        rng.uniform(0.0, 1.0, (n, c)),
    )  # fmt: skip


def _parts(of: People) -> tuple[NDArray[np.generic], ...]:
    return of.kind, of.phi, of.rhythm, of.phase


def day(of: People, last: Floats, start_s: int, seconds: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Seconds of everybody, (seconds, n, c), and the last state of the noise, to go on from."""
    n, c = of.phi.shape
    made = np.empty((seconds, n, c))
    for row in range(n):
        noise = _drawn(int(of.kind[row]), (seconds, c), rng)
        for channel in range(c):
            phi = of.phi[row, channel]
            made[:, row, channel], last[row, channel] = _coloured(noise[:, channel], phi, last[row, channel])
        if KINDS[of.kind[row]] == "bounded":
            made[:, row] = 2.0 * np.tanh(0.7 * made[:, row] + 0.5)
        if KINDS[of.kind[row]] == "bursts":
            _burst(made[:, row], rng)
    share = (start_s + np.arange(seconds))[:, None, None] / DAY_S
    made += of.rhythm * np.cos(2.0 * np.pi * (share - of.phase))
    return made, last


def _drawn(kind: int, shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    if KINDS[kind] == "heavy tails":
        return rng.standard_t(5, shape) / np.sqrt(5.0 / 3.0)
    return rng.standard_normal(shape)


def _coloured(noise: Floats, phi: float, last: float) -> tuple[Floats, float]:
    made, _ = lfilter([np.sqrt(1.0 - phi * phi)], [1.0, -phi], noise, zi=np.array([phi * last]))
    return made, float(made[-1])


def _burst(values: Floats, rng: np.random.Generator) -> None:
    """About one brief excitement an hour, in place."""
    n = len(values)
    for begin in rng.integers(0, n, rng.poisson(n / 3600.0)):
        length = int(rng.uniform(4.0, 30.0))
        shape = np.sin(np.linspace(0.0, np.pi, length))[: n - begin, None]
        values[begin : begin + length] += shape * rng.exponential(2.0, values.shape[1])


class Facility:
    """Everybody under one engine; what each was told, counted as alerts: events by their highest tier."""

    def __init__(self, of: People, per_day: float, seed: int) -> None:
        n = len(of.kind)
        self.of, self.rng = of, np.random.default_rng(seed)
        self.seats = tuple(Resident(f"r{i}", f"Room {i}") for i in range(n))
        self.number = {seat.id: i for i, seat in enumerate(self.seats)}
        week = per_day * 7.0
        policy = Policy(budget=Budget(0.2 * week, 0.8 * week, TIER3))
        self.engine = Engine(CHANNELS, self.seats, policy, "bench", "0" * 32)
        self.highest: dict[str, tuple[int, int, int]] = {}
        self.in_force = np.zeros(n)
        self.second, self._last = 0, self.rng.standard_normal(of.phi.shape)

    def move_in(self, new: People) -> None:
        """`new` residents from now on."""
        first = len(self.seats)
        self.of = People(*(np.concatenate(parts) for parts in zip(_parts(self.of), _parts(new), strict=True)))
        self.seats += tuple(Resident(f"r{first + i}", f"Room {first + i}") for i in range(len(new.kind)))
        self.number = {seat.id: i for i, seat in enumerate(self.seats)}
        self.engine.reseat(self.seats)
        self.in_force = np.concatenate([self.in_force, np.zeros(len(new.kind))])
        self._last = np.concatenate([self._last, self.rng.standard_normal(new.phi.shape)])

    def live(self, seconds: int) -> None:
        """Everybody lives through so many seconds, hour by hour."""
        values, self._last = day(self.of, self._last, self.second, seconds, self.rng)
        for start in range(0, seconds, HOUR_S):
            self._hour(values[start : start + HOUR_S])

    def _hour(self, values: Floats) -> None:
        n, seconds = len(self.seats), len(values)
        in_force = self.engine.usual().learned_share >= 1.0
        times = np.repeat(START + self.second + np.arange(seconds), n)
        batch = Batch(
            np.arange(1, n * seconds + 1, dtype=np.uint64) + self.second * n,
            np.tile(np.arange(n, dtype=np.uint32), seconds), times, values.reshape(-1, values.shape[2]),
            np.ones(n * seconds, np.float32), np.ones(n * seconds, np.int32),
        )  # fmt: skip
        for event in self.engine.judge(batch).events:
            tier = min(int(event.tier), self._before(event.id))
            self.highest[event.id] = self.number[event.resident], tier, int(event.opened_at - START)
        self.second += seconds
        self.in_force += seconds * in_force

    def _before(self, event: str) -> int:
        return self.highest[event][1] if event in self.highest else 9

    def astray(self) -> Floats:
        """How far the usual lies from the truth now, in spreads, (n, c); of Gaussian noise, whose truth is known."""
        truth = self.of.rhythm * np.cos(2.0 * np.pi * (self.second / DAY_S - self.of.phase))
        off: Floats = (self.engine.usual().level - truth)[self.of.kind == KINDS.index("Gaussian")]
        return off

    def alerts(self, tiers: tuple[int, ...], since_s: int = 0, until_s: int = 2**40) -> Floats:
        """Alerts of these tiers by resident, (n,)."""
        rows = [row for row, tier, at in self.highest.values() if tier in tiers and since_s <= at < until_s]
        return np.bincount(np.array(rows, np.int64), minlength=len(self.seats)).astype(np.float64)


def promised(per_day: float, seconds: Floats) -> Floats:
    """Alerts of tiers 1 and 2 that calibrated rules may tell in so many seconds."""
    return per_day * (0.2 * RULES_SHARE + 0.8) * seconds / DAY_S


def corrected(told: Floats, expected: Floats) -> Floats:
    """Ratios told / expected (n,) without their Poisson error: each is drawn towards the common one by the share of
    the variance between residents that counting alone explains (James & Stein 1961)."""
    ratio = told / expected
    middle = told.sum() / expected.sum()
    counting = middle * float(np.mean(1.0 / expected))
    kept = max(0.0, 1.0 - counting / max(float(np.mean((ratio - middle) ** 2)), 1e-12))
    return middle + np.sqrt(kept) * (ratio - middle)


def measure(residents: int, days: int, per_day: float, seed: int) -> list[Figure]:
    """One facility of so many residents for so many days."""
    facility = Facility(people(residents, np.random.default_rng(seed)), per_day, seed + 1)
    for _ in range(days - 1):
        facility.live(DAY_S)
    astray = []
    for _ in range(24):
        facility.live(HOUR_S)
        astray.append(facility.astray())
    told, expected = facility.alerts((1, 2)), promised(per_day, facility.in_force)
    kept = float(np.mean(np.abs(corrected(told, expected) - 1.0) <= 0.3))
    raw = float(np.mean(np.abs(told / expected - 1.0) <= 0.3))
    total, error = float(told.sum() / expected.sum()), float(1.96 * np.sqrt(told.sum()) / expected.sum())
    name = f"{per_day:.3g} a day, {residents} residents x {days} days"
    figures = [
        Figure(f"{name}: facility total, told over promised", total, "", f"counting +- {error:.2f}", total,
               "0.90 to 1.10" if per_day >= 1.0 else "", abs(total - 1.0) <= 0.1 if per_day >= 1.0 else None),
    ]  # fmt: skip
    if per_day >= 1.0:
        figures.append(
            Figure(f"{name}: residents within 30 %", kept, "", f"uncorrected {raw:.2f}", kept, "0.90", kept >= 0.9)
        )
    tier1 = float(facility.alerts((1,)).sum() / (expected.sum() * 0.16 / 0.96))
    figures.append(Figure("  tier 1 alone, told over promised", tier1, ""))
    for kind, called in enumerate(KINDS):
        of = facility.of.kind == kind
        figures.append(Figure(f"  {called}", float(told[of].sum() / expected[of].sum()), ""))
    rhythm = float(np.sqrt(np.mean(np.square(facility.of.rhythm[facility.of.kind == 0])) / 2.0))
    off = float(np.sqrt(np.mean(np.square(astray))))
    figures.append(Figure("  the usual's distance from the truth on the last day", off, "spreads",
                          f"the rhythm's {rhythm:.2f}", off / rhythm))  # fmt: skip
    return figures


def main() -> int:
    """Measure and print; `--quick` has fewer residents and days, and its bars say less."""
    quick = "--quick" in sys.argv
    residents, days = (16, 6) if quick else (60, 60)
    figures = []
    for per_day, seed in ((3.0, 11), (1.0, 21), (1.0 / 7.0, 31)):
        figures += measure(residents, days, per_day, seed)
    return publish("budget", figures)


if __name__ == "__main__":
    sys.exit(main())
