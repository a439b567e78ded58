"""Answers that nobody has to be asked for: what was staged, and what stands in the report."""

import math
from dataclasses import dataclass

from services.vocabulary import Event
from vlm_service.dialogue.names import channel_label, cue_label
from vlm_service.dialogue.numbers import level, sigma
from vlm_service.dialogue.report import prior_text, strongest


@dataclass(frozen=True, slots=True)
class Fact:
    """A question that the report answers exactly."""

    question: str
    answer: str


def facts(event: Event) -> list[Fact]:
    """Every question of the kind that this event's report answers; the last one always can be."""
    evidence, found = event.evidence, []
    if deviations := strongest(event):
        first = deviations[0]
        found.append(Fact("Which measurement is named first among the deviations, and by how many sigma? Answer with "
                          "both.", f"{channel_label(first.channel)}, {sigma(first.z)}"))  # fmt: skip
    if math.isfinite(evidence.volatility) and math.isfinite(evidence.usual_volatility):
        now, usual = level(evidence.volatility), level(evidence.usual_volatility)
        word = "at" if now == usual else "above" if evidence.volatility > evidence.usual_volatility else "below"
        found.append(Fact("Does the volatility index lie above, at or below its baseline? Answer with the word and "
                          "both numbers.",
                          f"{word}: {now}, baseline {usual}"))  # fmt: skip
    if evidence.cues:
        heard = sorted({cue_label(cue.name) for cue in evidence.cues})
        found.append(Fact("Which sounds or falls does the report tell of? Answer with their names.", ", ".join(heard)))
    if evidence.course:
        found.append(Fact("Which course do the leading measurements take? Answer with the report's word.",
                          evidence.course))  # fmt: skip
    found.append(Fact("How many episodes were there in the 24 hours before? Answer as the report has it.",
                      prior_text(evidence)))  # fmt: skip
    return found


def fact(event: Event, choice: str) -> Fact:
    """One of them, chosen by the digits of `choice`."""
    found = facts(event)
    return found[int(choice[:8], 16) % len(found)]
