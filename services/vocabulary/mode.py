"""The two ways of watching: observables need no consent, affect needs it on record."""

from enum import StrEnum


class Mode(StrEnum):
    """What may be computed about a resident."""

    OBSERVABLES = "observables"
    AFFECT = "affect"
