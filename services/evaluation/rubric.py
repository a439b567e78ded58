"""What good reasoning about an event is, in words that a judge, model or person, can mark by. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.evaluation.opinions import MARKED, Measure

HIGHEST = 4
"""Of a mark; 0 is the lowest."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that is marked: its key in an answer, the measure it becomes, and what each mark means, 0 first."""

    key: str
    measure: Measure
    levels: tuple[str, str, str, str, str]


RUBRIC = (
    Criterion("evidence", Measure.EVIDENCE, (
        "Rests on nothing in the report, or on things the report does not say.",
        "Names a measurement, and mostly speaks in general.",
        "Uses some of what the report says, and leaves out something that matters or misreads it.",
        "Uses what matters in the report rightly, with a small omission.",
        "Uses everything that matters, rightly, against this person's own usual, with the numbers.",
    )),
    Criterion("alternatives", Measure.ALTERNATIVES, (
        "Takes the first explanation as a fact.",
        "Says that there could be another explanation, and names none.",
        "Names another explanation, and does not weigh it.",
        "Weighs at least one harmless and one serious explanation against the report.",
        "Weighs the explanations that the report leaves open, and says what would tell them apart.",
    )),
    Criterion("uncertainty", Measure.UNCERTAINTY, (
        "Is certain where the report cannot be.",
        "Doubts in a set phrase that fits any report.",
        "Names one thing that is not known, and concludes as if it were.",
        "Names what is not known or was badly seen, and concludes with it in mind.",
        "Names it, concludes with it in mind, and its confidence fits what the report allows.",
    )),
    Criterion("action", Measure.ACTION, (
        "Advises something harmful, or nothing where somebody is in need.",
        "Advises something that does not fit the urgency it states or the report.",
        "Advises something general that any report would allow.",
        "Advises what fits the report and what care staff may do.",
        "Advises what fits, first things first, doable by whoever is nearest, and says what to look for.",
    )),
    Criterion("restraint", Measure.RESTRAINT, (
        "States a diagnosis, or what somebody feels as a fact.",
        "Suggests a diagnosis.",
        "Uses clinical words where plain ones would do, without a diagnosis.",
        "Describes what was observed, with one word of interpretation too many.",
        "Describes what was observed, and leaves diagnosis and inner states to people.",
    )),
)  # fmt: skip
"""Source of the criteria and of their wording: guess, to be reviewed by clinicians with the first human ratings."""


def counted(marks: Mapping[str, int]) -> dict[Measure, float]:
    """The marks of one answer as measures.

    >>> counted({"evidence": 4, "alternatives": 2, "uncertainty": 3, "action": 4, "restraint": 4})[Measure.REASONING]
    3.4

    Raises:
        ValueError: a criterion without a mark, or a mark that is none.
    """
    found = {}
    for one in RUBRIC:
        mark = marks.get(one.key, -1)
        if not 0 <= mark <= HIGHEST:
            raise ValueError(f"{one.key}: mark {mark}; expected 0 to {HIGHEST} for each of {', '.join(KEYS)}")
        found[one.measure] = float(mark)
    return {Measure.REASONING: sum(found.values()) / len(found), **found}


KEYS = tuple(one.key for one in RUBRIC)
assert tuple(one.measure for one in RUBRIC) == MARKED
