"""What asking costs: an estimate before, a count while, and a stop before it is too much."""

from collections.abc import Sequence
from dataclasses import dataclass

from training.synthesis.answers import Answer
from training.synthesis.errors import BudgetSpent, NotAgreedTo
from training.synthesis.settings import ServerSettings, SynthesisSettings
from vlm_service.dialogue import Message

CHARACTERS_PER_TOKEN = 4.0
"""Of English (source: guess; only the estimate rests on it, what is charged is what a server counts)."""


def price(of: ServerSettings, tokens_in: float, tokens_out: float) -> float:
    """In the currency of the settings."""
    return (tokens_in * of.price_in + tokens_out * of.price_out) / 1e6


def tokens_of(messages: Sequence[Message]) -> float:
    """About how many tokens a question has."""
    return sum(len(one.content) for one in messages) / CHARACTERS_PER_TOKEN


@dataclass(slots=True)
class Purse:
    """What was spent, of `budget`; 0 is for teachers that cost nothing."""

    budget: float
    spent: float = 0.0
    reserved: float = 0.0

    def reserve(self, most: float) -> None:
        """Sets aside what a question may cost at most.

        Raises:
            BudgetSpent: it might be more than is left.
        """
        if most and self.spent + self.reserved + most > self.budget:
            raise BudgetSpent(f"the next question may cost {most:.4f}, and {self.spent:.4f} of {self.budget:g} are "
                              "spent; raise budget, then run it again: nothing is asked twice")  # fmt: skip
        self.reserved += most

    def settle(self, most: float, cost: float) -> None:
        """What was set aside became a cost (0: no answer)."""
        self.reserved -= most
        self.spent += cost


@dataclass(frozen=True, slots=True)
class Estimate:
    """Before anything is asked: questions already answered, questions to ask, and what that will cost about."""

    known: int
    new: int
    spent: float
    cost: float

    @property
    def said(self) -> str:
        """For people."""
        asked = f"{self.new} questions to ask, {self.known} answered before"
        return f"{asked}; spent {self.spent:.2f}, to spend about {self.cost:.2f}"


def agree(estimate: Estimate, settings: SynthesisSettings, yes: bool) -> None:
    """That a person agreed where the estimate is above what is asked without.

    Raises:
        NotAgreedTo: nobody did.
    """
    if estimate.cost > settings.ask_above and not yes:
        raise NotAgreedTo(f"{estimate.said}; that is above ask_above = {settings.ask_above:g}: run it again with --yes")


def cost_of(of: ServerSettings, answer: Answer) -> float:
    """What an answer was charged."""
    return price(of, answer.tokens_in, answer.tokens_out)
