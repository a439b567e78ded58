"""From questions and their answers to examples: what is accepted, what is not and why, what a person has to decide."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.vocabulary import Event
from training.corpus.example import Example, Kind, Message, Role, Source, Usual
from training.corpus.leakage import words_of
from training.corpus.near import Near, Signed
from training.corpus.parts import Text
from training.synthesis.balance import balanced
from training.synthesis.filters import Accepted, Unusable, Why
from training.synthesis.known import fact
from training.synthesis.quality import Agreement, quality
from training.synthesis.questions import DATASET, MADE_BY, Chosen, Form, Question
from training.synthesis.review import Choice, Decision, Disagreement, opinion
from training.synthesis.school import School
from training.synthesis.wording import messages_of

OWN = "made by this house: staged lives, real engine"
"""Terms of what no teacher wrote."""


@dataclass(slots=True)
class Sifted:
    """The examples by part of the recipe, in order; refusals by part and reason, with one example of each."""

    examples: dict[str, list[Example]] = field(default_factory=dict)
    refused: Counter[tuple[str, Why]] = field(default_factory=Counter)
    shown: dict[Why, str] = field(default_factory=dict)
    disagreements: list[Disagreement] = field(default_factory=list)

    @property
    def all(self) -> list[Example]:
        """Every example."""
        return [example for part in self.examples.values() for example in part]


def sift(
    chosen: Sequence[Chosen], school: School, decisions: Mapping[str, Decision], step: Callable[[], None] = lambda: None
) -> Sifted:
    """Every question once, in order: equal questions and answers, equal examples."""
    sifted, near = Sifted(), Near()
    for part in chosen:
        usable = list[tuple[Question, Example]]()
        for question in part.questions:
            try:
                example = _example(question, _said(question, school, decisions, sifted))
                usable.append((question, _new(example, near)))
            except Unusable as unusable:
                _refuse(sifted, part, question, unusable)
            step()
        kept, crowded = balanced(usable, lambda one: one[0].asked.tags, school.settings.filters)
        for (question, _), much in crowded:
            _refuse(sifted, part, question, Unusable(Why.CROWDED, much))
        sifted.examples[part.share.name] = [example for _, example in kept]
    return sifted


def _refuse(sifted: Sifted, part: Chosen, question: Question, unusable: Unusable) -> None:
    sifted.refused[part.share.name, unusable.why] += 1
    sifted.shown.setdefault(unusable.why, f"{question.item}: {unusable.detail or unusable.why.value}")


@dataclass(frozen=True, slots=True)
class _Told:
    """What is learned, who said it, under which terms, and what a second teacher made of it."""

    said: Accepted
    teacher: str
    terms: str
    agreement: Agreement


def _said(question: Question, school: School, decisions: Mapping[str, Decision], sifted: Sifted) -> _Told:
    if not question.taught:
        return _Told(_known(question), "what was staged", OWN, Agreement.KNOWN)
    first, *others = school.teachers(question)
    said = school.opinion(question, first)
    told = _Told(said, first.name, first.terms or OWN, Agreement.ALONE)
    for second in others:
        try:
            other = school.opinion(question, second)
        except Unusable:
            continue  # nothing to compare with; the first teacher's answer stood by itself
        if other.label == said.label:
            told = replace(told, agreement=Agreement.AGREE)
            continue
        asked = messages_of(question)[1].content
        sifted.disagreements.append(Disagreement(
            question=question.id, truth=question.asked.truth.label, asked=asked, first=opinion(first.name, said),
            second=opinion(second.name, other),
        ))  # fmt: skip
        decision = decisions.get(question.id)
        if decision is None:
            raise Unusable(Why.DISAGREED, f"{said.label} and {other.label}")
        if decision.choice is Choice.NEITHER:
            raise Unusable(Why.REJECTED, decision.note)
        second_said = _Told(other, second.name, second.terms or OWN, Agreement.DIFFER)
        told = second_said if decision.choice is Choice.SECOND else replace(told, agreement=Agreement.DIFFER)
    return told


def _known(question: Question) -> Accepted:
    event, truth = question.asked.moment.event, question.asked.truth
    if question.form is Form.FACT:
        return Accepted(fact(event, question.id).answer, "", "", None, 1.0)
    word = truth.state.value if question.form is Form.STATE and truth.state is not None else truth.label
    return Accepted(word, "", word, None, 1.0)


def _new(example: Example, near: Near) -> Example:
    signed = Signed.of(words_of(example))
    if (known := near.like(signed)) is not None:
        raise Unusable(Why.NEAR, f"like {known}")
    near.add(example.id, signed)
    return example


def _example(question: Question, told: _Told) -> Example:
    moment, truth, said = question.asked.moment, question.asked.truth, told.said
    system, user = messages_of(question)
    return Example(
        id=question.id,
        layer=truth.layer,
        kind=question.kind,
        split=question.split,
        source=Source(DATASET, question.item, told.terms, question.asked.person,
                      f"{MADE_BY}, teacher {told.teacher}"),
        messages=(
            Message(Role.SYSTEM, (Text(system.content),)),
            Message(Role.USER, (Text(user.content),)),
            Message(Role.ASSISTANT, (Text(said.text),), said.thinking),
        ),
        quality=quality(said.grounded, told.agreement),
        domains=tuple(dict.fromkeys((
            *truth.tags, f"family.{truth.family}", f"population.{truth.population}", f"age.{truth.age}",
            f"mode.{moment.role.mode.value}",
            f"tier.{moment.event.tier.value}", f"language.{question.facility.language.value}",
            *([told.agreement.value] if told.agreement.value else []),
        ))),
        label=said.label if question.kind is Kind.CLASSIFICATION else truth.family,
        state=truth.state,
        usual=_usual(moment.event),
    )  # fmt: skip


def _usual(event: Event) -> tuple[Usual, ...]:
    return tuple(
        Usual(one.channel, one.level, one.spread) for one in event.evidence.profile
        if math.isfinite(one.level) and math.isfinite(one.spread) and one.spread >= 0.0
    )  # fmt: skip
