"""Learns the facility's prior from its settled residents, once a night."""

import numpy as np

from threshold_service.statistics import calibration, peaks, tail
from threshold_service.statistics.arrays import Bools, Floats
from threshold_service.statistics.calibration import SETTLED, History, Rates
from threshold_service.statistics.prior import LEAST_BETWEEN, LEAST_RESIDENTS, Prior, centre, log_scale, of_people

EVIDENCE = 12.0
"""Promised alerts after which a count outweighs what was believed before (source: guess)."""

_ODDEST = 1.5
"""A person counts at most this far from the middle (a tail 4.5 times as long or short). The deviation is not the robust
one: a quarter of people with excitements of their own must not be drawn to the calm, whose tails say nothing of theirs
(source: measured, with it a facility's bursting quarter had 22 times its tier-1 alarms)."""


def learn(prior: Prior, history: History, rates: Rates, level: Floats, spread: Floats, phi: Floats, taught: Floats,
          night: int) -> Prior:  # fmt: skip
    """The prior that everybody's history teaches in this `night`; `level`, `spread`, `phi` and `taught` (values
    learned) are (n, c), how they stood at each resident's last block end."""
    settled = history.blocks >= SETTLED
    people = prior._replace(
        residents=prior.residents.copy(), mean=prior.mean.copy(), between=prior.between.copy(),
        limit=prior.limit.copy(),
    )  # fmt: skip
    for rule in range(len(rates.per_block)):
        _learn_rule(people, history, rates, rule, settled)
    known = settled[:, None] & (taught >= SETTLED * calibration.BLOCK_S / 4)
    middle, apart = of_people(level, known)
    spreads, _ = of_people(np.log(np.maximum(spread, 1e-12)), known)
    correlated, _ = of_people(phi, known)
    return people._replace(
        spend=_spend(history, rates), level=middle, apart=apart, spread=spreads, phi=correlated, night=np.array([night])
    )


def _learn_rule(people: Prior, history: History, rates: Rates, rule: int, settled: Bools) -> None:
    """What residents teach of one rule, into `people`."""
    shows = np.flatnonzero(history.shown[:, rule])
    teaches = shows if len(shows) >= LEAST_RESIDENTS else np.flatnonzero(settled)
    statistic, rate = rates.statistic[rule], rates.per_block[rule]
    if len(teaches) < LEAST_RESIDENTS:
        return
    usual = history.usual[teaches, statistic]
    people.residents[rule] = len(teaches)
    scales = log_scale(usual, history.thresholds[teaches, rule], rate)
    people.mean[rule], _ = centre(scales)
    odd = np.minimum(np.abs(scales - people.mean[rule]), _ODDEST)
    people.between[rule] = max(float(np.sqrt(np.mean(np.square(odd)))), LEAST_BETWEEN)
    if len(shows) >= LEAST_RESIDENTS:
        people.limit[rule] = _limit(history, statistic, rate, shows.tolist())


def _limit(history: History, statistic: int, rate: float, rows: list[int]) -> float:
    """The one threshold that would keep the budget of all of them together."""
    highest, blocks = [], 0
    for row in rows:
        places, taught = peaks.closed(history.peaks, row)
        highest.append(history.peaks.highest[row, places, statistic].ravel())
        blocks += taught
    together = -np.sort(-np.concatenate(highest).astype(np.float64))
    return tail.from_highest(together, blocks, rate)


def _spend(history: History, rates: Rates) -> Floats:
    """Promised over told alerts of everybody, (tiers,), gamma-Poisson around 1."""
    told, watched = history.peaks.told.sum(axis=(0, 1)), float(history.peaks.watched.sum())
    promised = np.array([tier_rate(rates, tier) * watched for tier in range(len(told))])
    ratio: Floats = (promised + EVIDENCE) / (told + EVIDENCE)
    return ratio


def tier_rate(rates: Rates, tier: int) -> float:
    """Exceedances per block that all rules of a tier may spend together."""
    return sum(each for each, of in zip(rates.per_block, rates.tier, strict=True) if of == tier)
