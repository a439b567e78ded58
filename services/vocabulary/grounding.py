"""How far the words about an event rest on what was measured in it."""

from dataclasses import dataclass
from enum import StrEnum


class Support(StrEnum):
    """What the measurements say of one claim: they bear it out, they say otherwise, or they do not tell."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that was said: its words, the evidence it is about (empty: none in particular), and why it is judged
    so (empty where it is supported)."""

    words: str
    evidence: str
    support: Support
    why: str = ""


@dataclass(frozen=True, slots=True)
class Grounding:
    """Every claim about the event that could be checked; what was said as a possibility or a question is none."""

    claims: tuple[Claim, ...] = ()

    @property
    def share(self) -> float:
        """Share of the claims that the measurements bear out, 0..1; NaN where there was nothing to check."""
        supported = sum(claim.support is Support.SUPPORTED for claim in self.claims)
        return supported / len(self.claims) if self.claims else float("nan")

    @property
    def contradictions(self) -> tuple[Claim, ...]:
        """What the measurements say otherwise about: with any, an opinion is shown and raises nothing."""
        return tuple(claim for claim in self.claims if claim.support is Support.CONTRADICTED)


UNCHECKED = Grounding()
"""Of an assessment that was made before claims were checked."""
