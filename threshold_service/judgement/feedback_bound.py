"""How far carers' labels may move a threshold: false alarms stay below a bound with a stated confidence, at all times.

A threshold speaks when a statistic exceeds it: lower is tighter (more is told), higher is looser. Every night the same
labels are looked at again, so an interval for one look would not do: the bounds here hold at all looks together.

The idea of Yamada, Vishwakarma & Vinayak 2025 (arXiv 2505.02299: thresholds follow human labels while an anytime-valid
upper bound keeps the rate of false positives), with Poisson counts in exposure time in place of shares of samples: a
mixture likelihood ratio (Robbins 1970; Howard, Ramdas, McAuliffe & Sekhon 2021, section 3.3 for the gamma mixture) is a
nonnegative supermartingale while the rate is at least what is tested, so it exceeds 1/delta with probability delta at
most, however often one looks (Ville 1939).

What it assumes: at a given threshold false alarms come at one rate, singly or in clusters of `cluster`; a carer's
"false" and "true" are right. What it does not assume: that labels come at all, at random, or in time.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincc, gammaln

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SHAPE = 0.5
"""Shape of the gamma mixture, which is centred on the rate that is tested (Jeffreys): any value keeps the guarantee,
this one is narrow where few false alarms were seen."""


@dataclass(frozen=True, slots=True)
class Told:
    """n alerts of one resident or facility, in one unit of statistic: `statistic` (n,), the threshold `in_force` (n,)
    when each was told, and what carers said of it, `true` and `false` (n,). Neither: nobody said, or was not sure."""

    statistic: Floats
    in_force: Floats
    true: Bools
    false: Bools


@dataclass(frozen=True, slots=True)
class Watched:
    """Time in which alerts could be told: resident-`weeks` (s,), each under one threshold `in_force` (s,)."""

    weeks: Floats
    in_force: Floats


@dataclass(frozen=True, slots=True)
class Range:
    """What labels allow. Below `tightest` the false alarms are not shown to stay within the bound (infinite: nowhere
    yet); above `loosest` something would be silenced that nobody called false, or a person has to approve. `missed` is
    how many reported episodes no threshold of the range tells of. `too_many`: at the threshold of now, labelled false
    alarms alone are shown to exceed the bound."""

    tightest: float
    loosest: float
    missed: int
    too_many: bool

    @property
    def empty(self) -> bool:
        """Whether no threshold satisfies both sides: then nothing moves by labels."""
        return not self.tightest <= self.loosest


def allowed(
    told: Told, watched: Watched, missed: Floats, now: float, most_weekly: float, envelope: float,
    delta: float = 0.05, cluster: float = 1.0,
) -> Range:  # fmt: skip
    """The thresholds that labels allow.

    Args:
        told, watched: everything since labels are counted. A stretch may be left out of both, if it was chosen without
            a look at the labels; alerts left out of `told` alone break the guarantee.
        missed: (m,) highest statistic of each episode that carers reported as missed; NaN where it is not known.
        now: threshold in force.
        most_weekly: false alarms per resident-week that may be told.
        envelope: highest threshold that a person approved; tier 1 is never loosened beyond it.
        delta: with probability 1 - delta the rate at `tightest` is at most `most_weekly`, at every look of all time.
        cluster: alerts that come together on average, at least 1.

    An alert without a label counts as false where the threshold would fall, and as true where it would rise: silence
    permits nothing. An episode that was missed keeps `loosest` below it, where the bound on false alarms allows that
    at all; otherwise it is counted.

    Raises:
        ValueError: an alert that was told below its threshold, or a rate, delta or cluster that cannot be.
    """
    _check(told, watched, most_weekly, delta, cluster)
    tightest = _tightest(told, watched, most_weekly, delta, cluster)
    kept = told.statistic[~told.false]
    reported = missed[np.isfinite(missed)]
    reachable = reported[reported > tightest]
    lowest = min(kept.min(initial=math.inf), reachable.min(initial=math.inf))
    loosest = min(envelope, math.nextafter(float(lowest), -math.inf))
    count, weeks = _exposed(told, watched, now, told.false)
    over = evidence_above(np.array([count / cluster]), np.array([most_weekly * weeks / cluster]))
    return Range(tightest, loosest, len(missed) - len(reachable), bool(over[0] >= math.log(1.0 / delta)))


def most_false(count: int, weeks: float, delta: float = 0.05, cluster: float = 1.0) -> float:
    """The rate per week that `count` false alarms in `weeks` are shown not to exceed, at all looks together.

    >>> round(most_false(0, 1.0), 2), round(most_false(10, 10.0), 2)
    (3.68, 2.25)
    """
    if weeks <= 0.0:
        return math.inf
    low, high = count / cluster, 4.0 * (count / cluster) + 100.0 / delta
    for _ in range(200):  # more halvings than a float has digits
        middle = (low + high) / 2.0
        rejected = evidence_below(np.array([count / cluster]), np.array([middle]))[0] >= math.log(1.0 / delta)
        low, high = (low, middle) if rejected else (middle, high)
    return high * cluster / weeks


def evidence_below(counts: Floats, expected: Floats) -> Floats:
    """Log evidence that counts (n,) come at less than the rate under which `expected` (n,) were to come: the mixture
    likelihood ratio over all lower rates; at rates at least as high its supremum over time exceeds log(1/delta) with
    probability delta at most."""
    inside = gammainc(SHAPE + counts, SHAPE + expected)
    return _mixture(counts, expected) + _log(inside) - math.log(float(gammainc(SHAPE, SHAPE)))


def evidence_above(counts: Floats, expected: Floats) -> Floats:
    """Log evidence that counts (n,) come at more than the rate under which `expected` (n,) were to come."""
    outside = gammaincc(SHAPE + counts, SHAPE + expected)
    return _mixture(counts, expected) + _log(outside) - math.log(float(gammaincc(SHAPE, SHAPE)))


def _mixture(counts: Floats, expected: Floats) -> Floats:
    """Log of the gamma-mixed Poisson likelihood over that at the tested rate, before the mixture is cut at it."""
    a = SHAPE
    mixed: Floats = expected + a * math.log(a) - gammaln(a) + gammaln(a + counts) - (a + counts) * np.log(a + expected)
    return mixed


def _tightest(told: Told, watched: Watched, most_weekly: float, delta: float, cluster: float) -> float:
    """The lowest threshold such that at it and at all higher ones the rate is shown to be at most the bound.

    Going down and stopping where it is first not shown needs no correction for having tried many: the rate only grows
    on the way down, so that an error at all is an error at the first threshold beyond the right one.
    """
    steps = np.unique(np.concatenate([told.statistic[~told.true], watched.in_force]))[::-1]
    counted = [_exposed(told, watched, float(step), ~told.true) for step in steps]
    counts = np.array([count for count, _ in counted], np.float64) / cluster
    weeks = np.array([week for _, week in counted], np.float64)
    shown = evidence_below(counts, most_weekly * weeks / cluster) >= math.log(1.0 / delta)
    if not shown.any() or not shown[0]:
        return math.inf
    first_failure = int(np.argmin(shown)) if not shown.all() else len(steps)
    return float(steps[first_failure - 1])


def _exposed(told: Told, watched: Watched, threshold: float, counted: Bools) -> tuple[int, float]:
    """Alerts of `counted` that `threshold` would have told, and the weeks in which nothing lower was hidden."""
    mine = counted & (told.statistic > threshold) & (told.in_force <= threshold)
    return int(np.count_nonzero(mine)), float(watched.weeks[watched.in_force <= threshold].sum())


def _log(share: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.log(share)


def _check(told: Told, watched: Watched, most_weekly: float, delta: float, cluster: float) -> None:
    if np.any(told.statistic <= told.in_force):
        raise ValueError("an alert was told at or below the threshold in force: expected statistics above it")
    if np.any(told.true & told.false):
        raise ValueError("an alert is labelled both true and false: expected one of them, or neither")
    if not (most_weekly > 0.0 and 0.0 < delta < 1.0 and cluster >= 1.0):
        raise ValueError(
            f"most_weekly = {most_weekly}, delta = {delta}, cluster = {cluster}: expected a positive rate, a delta "
            "between 0 and 1 and a cluster of at least 1"
        )
    if np.any(watched.weeks < 0.0):
        raise ValueError("watched time is negative: expected resident-weeks")
