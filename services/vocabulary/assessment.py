"""The second opinion about an event: decision support, never a decision."""

from dataclasses import dataclass
from enum import StrEnum

from services.vocabulary.grounding import UNCHECKED, Grounding
from services.vocabulary.tier import Tier
from services.vocabulary.time import UnixSeconds

RULES = "rules"
"""Name of the fallback reasoner wherever it appears; it never pretends to be a model."""


class Opinion(StrEnum):
    """What the reasoner thinks of the event's tier. `LOWERED` is shown; it never cancels or lowers a notification."""

    AGREED = "agreed"
    RAISED = "raised"
    LOWERED = "lowered"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One thing the opinion rests on; `evidence` names the channel, cue or term of the event behind it."""

    text: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The typed answer: what is trained, served and stored. The readable ASSESSMENT text is rendered from it."""

    tier: Tier
    opinion: Opinion
    urgency: str
    situation: str
    indicators: tuple[Indicator, ...]
    context: str
    action: str
    confidence: float
    unknowns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """A verdict with everything that made it. `reasoner` is "rules" or the served model's name."""

    id: str
    event: str
    event_revision: int
    created_at: UnixSeconds
    reasoner: str
    adapter: str
    prompt_version: str
    verdict: Verdict
    thinking: str = ""
    fallback_reason: str = ""
    """Why the rules answered although a model is configured; empty otherwise."""
    latency_s: float = 0.0
    grounding: Grounding = UNCHECKED
    """What the measurements say of its claims."""
    pictures: int = 0
    """How many pictures of the event the model was shown."""
    policy_version: str = ""
    """Of the policy by which the event was judged."""
    model_version: str = ""
    """What tells the model's weights from others of its name: twelve hex digits of their digest. Empty where nobody
    configured it, and for the rules."""
