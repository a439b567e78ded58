"""The plain rules word for word, for comparison only: fixed sigmas alarm every few seconds on real scores."""

import numpy as np

from services.vocabulary import Literal, Reason, Seconds, Tier
from threshold_service.judgement.rules import Rule
from threshold_service.statistics.arrays import Floats

COMPOSITE = Rule(Reason.COMPOSITE, Tier.IMMEDIATE, "", 0.0, "literal: composite over a fixed threshold")
CHANNEL = Rule(Reason.CHANNEL, Tier.IMMEDIATE, "", 0.0, "literal: one channel, one second")
CUE = Rule(Reason.CUE, Tier.IMMEDIATE, "", 0.0, "literal: one alarm cue")
SUSTAINED = Rule(Reason.SUSTAINED, Tier.URGENT, "", 0.0, "literal: one channel, every second")
Spoken = tuple[Rule, float, float]
"""The rule, its statistic and what it exceeded."""


def verdict(
    distances: Floats, composite: float, cue: tuple[float, float], literal: Literal, sustained_s: Seconds
) -> Spoken | None:
    """What the plain rules say of one second.

    `distances` (seconds, c) are of the last seconds from the usual in spreads, oldest first, NaN where absent or not
    learned; `cue` is the loudest alarm cue of this second (0: none) and its threshold. Tier 1: the composite, any
    channel, or a cue over its threshold. Tier 2: any channel beyond the smaller distance for `sustained_s`.

    >>> said = verdict(np.full((30, 1), -2.5), 0.4, (0.0, 0.5), Literal(), 20.0)
    >>> said[0].tier.name, said[1:]
    ('URGENT', (2.5, 2.0))
    >>> verdict(np.array([[0.1, np.nan], [0.2, -3.2]]), 0.4, (0.0, 0.5), Literal(), 20.0)[0].reason.value
    'channel'
    """
    if cue[0] > 0.0:
        return CUE, *cue
    if composite > literal.composite:
        return COMPOSITE, composite, literal.composite
    far = np.nan_to_num(np.abs(distances))
    farthest = float(far[-1].max(initial=0.0))
    if farthest > literal.channel:
        return CHANNEL, farthest, literal.channel
    last = far[-max(int(np.ceil(sustained_s)), 1) :]
    lowest = float(last.min(axis=0).max(initial=0.0)) if len(last) >= sustained_s else 0.0
    return (SUSTAINED, lowest, literal.sustained) if lowest > literal.sustained else None
