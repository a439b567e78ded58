"""How this facility tells: what every part of alerting is composed with."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.alerting.chains import Chains
from services.alerting.retry import Schedule
from services.alerting.stage import Holder, Stage
from services.vocabulary import Timing


@dataclass(frozen=True, slots=True)
class Plan:
    """Lateness and waits, what holds an opening back, the stages a telling goes through, who is asked after
    whom, and when it is tried again."""

    timing: Timing
    stages: Sequence[Stage]
    chains: Chains
    schedule: Schedule
    holders: Sequence[Holder] = ()
    """What may keep an opening back for a while, the first that does."""
