"""How long an event of each tier waits: for any answer at all, and after the rules' answer for the model's."""

from dataclasses import dataclass

from services.vocabulary import Tier
from services.vocabulary.time import Seconds


@dataclass(frozen=True, slots=True)
class Patience:
    """By tier: within `answer` somebody has an answer, by the rules if need be; the model's own may amend it for
    `amend` longer, and is aborted then."""

    answer: tuple[Seconds, Seconds, Seconds]
    amend: tuple[Seconds, Seconds, Seconds]

    def answer_within(self, tier: Tier) -> Seconds:
        """
        >>> Patience((10.0, 15.0, 30.0), (60.0, 120.0, 0.0)).answer_within(Tier.URGENT)
        15.0
        """
        return self.answer[tier.value - 1]

    def amend_within(self, tier: Tier) -> Seconds:
        """
        >>> Patience((10.0, 15.0, 30.0), (60.0, 120.0, 0.0)).amend_within(Tier.MONITOR)
        0.0
        """
        return self.amend[tier.value - 1]
