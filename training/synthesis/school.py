"""Who is asked what, and what of it has been answered: the one place that knows rules from servers."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from training.synthesis.answers import Answer, Answers
from training.synthesis.filters import Accepted, Unusable, Why, accepted
from training.synthesis.money import Estimate, cost_of, price, tokens_of
from training.synthesis.questions import Question
from training.synthesis.settings import Protocol, SynthesisSettings, TeacherSettings
from training.synthesis.teachers import rules
from training.synthesis.teachers.served import OnDisk
from training.synthesis.wording import messages_of

Pair = tuple[Question, TeacherSettings]


@dataclass(frozen=True, slots=True)
class School:
    """The teachers of the settings, and where their answers lie."""

    settings: SynthesisSettings
    answers: Answers

    def teachers(self, question: Question) -> Sequence[TeacherSettings]:
        """Who is asked this question: the first teacher, and of a share the second too."""
        first, *second = self.settings.teacher
        place = int(hashlib.sha256(f"second\n{question.id}".encode()).hexdigest()[:8], 16) / 2.0**32
        return [first, *(second if place < self.settings.second_share else [])]

    def pairs(self, questions: Sequence[Question]) -> list[Pair]:
        """Everything that has to be asked of a server."""
        return [
            (question, teacher) for question in questions if question.taught
            for teacher in self.teachers(question) if teacher.protocol is not Protocol.RULES
        ]  # fmt: skip

    def opinion(self, question: Question, teacher: TeacherSettings) -> Accepted:
        """The first usable answer of a teacher, of those there are.

        Raises:
            Unusable: there is none; says why the last one is not.
        """
        last = Unusable(Why.NO_ANSWER)
        for answer in self._answers(question, teacher):
            try:
                return accepted(question, answer, self.settings.filters)
            except Unusable as unusable:
                last = unusable
        raise last

    def next_attempt(self, question: Question, teacher: TeacherSettings) -> int | None:
        """Which attempt to make; None where there is a usable answer, or no attempt left."""
        attempt = OnDisk(teacher, self.answers).next_attempt(messages_of(question))
        if not attempt:
            return attempt
        try:
            self.opinion(question, teacher)
        except Unusable:
            return attempt
        return None

    def estimate(self, pairs: Sequence[Pair]) -> Estimate:
        """What asking will cost: each question once, whatever attempts it may need."""
        known, new, spent, cost = 0, 0, 0.0, 0.0
        for question, teacher in pairs:
            spent += sum(cost_of(teacher, answer) for answer in self._answers(question, teacher))
            if self.next_attempt(question, teacher) is None:
                known += 1
            else:
                new += 1
                cost += price(teacher, tokens_of(messages_of(question)), teacher.expected_tokens)
        return Estimate(known, new, spent, cost)

    def _answers(self, question: Question, teacher: TeacherSettings) -> Iterator[Answer]:
        if teacher.protocol is Protocol.RULES:
            yield rules.answer(question)
        else:
            yield from OnDisk(teacher, self.answers).known(messages_of(question))
