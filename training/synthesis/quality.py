"""How much an example is worth as far as it is known: what a recipe's `least_quality` and a review look at."""

from enum import StrEnum


class Agreement(StrEnum):
    """What a second teacher made of the same question; the value is a tag of the example."""

    KNOWN = ""
    """Nobody was asked: the answer is known from what was staged, or stands in the report."""
    ALONE = "teachers.one"
    AGREE = "teachers.agree"
    DIFFER = "teachers.differ"
    """And a person chose one of the two answers."""


FACTORS = {Agreement.KNOWN: 1.0, Agreement.AGREE: 1.0, Agreement.ALONE: 0.95, Agreement.DIFFER: 0.85}
"""By what the share of grounded claims is multiplied. Source: guess."""


def quality(grounded: float, agreement: Agreement) -> float:
    """0 to 1: the share of an answer's claims that the measurements bear out, times what a second teacher made of it.

    >>> quality(1.0, Agreement.AGREE), quality(0.8, Agreement.ALONE)
    (1.0, 0.76)
    """
    return round(grounded * FACTORS[agreement], 3)
