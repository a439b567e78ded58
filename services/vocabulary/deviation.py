"""How far one channel is from this person's usual."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deviation:
    """One channel against its usual: `z` is signed, in robust standard deviations of this person."""

    channel: str
    value: float
    usual: float
    spread: float
    z: float
    contribution: float = 0.0
    """What this channel adds to the composite score."""


@dataclass(frozen=True, slots=True)
class Term:
    """One term of the composite score: `contribution` = `weight` * `value`."""

    name: str
    value: float
    weight: float
    contribution: float
