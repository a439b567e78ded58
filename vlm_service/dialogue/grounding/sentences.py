"""Cuts a text into sentences and clauses, and says which of them are claims at all."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SENTENCE = re.compile(r"[^.!?;\n]*(?:[.](?=\w)[^.!?;\n]*)*[.!?;\n]?")
_QUOTED = re.compile(r'"[^"\n]*"')
_CLAUSE = re.compile(r",|\u2014|\u2013| but | while | whereas | although | though | however | because | so that ")
_POSSIBLE = re.compile(
    r"\b(?:if|unless|until(?! now)|whether|may|might|could|would|should|can(?! be (?:heard|seen))|perhaps|possibly|"
    r"possible|"
    r"probably|likely|maybe|"
    r"consider(?:ing)?|check(?:ing)? (?:for|whether)|look(?:ing)? for|watch(?:ing)? for|listen(?:ing)? for|rule out|"
    r"risk of|suggest(?:s|ing)?|hypothes\w+|e\.g|for example|such as|in case|not known|unknown|unclear|cannot tell|"
    r"not sure|no information|not measured|not seen|would be|what if|suppose|imagine|either|ask(?:ing)?|question is)\b"
)  # fmt: skip
_HABIT = re.compile(r"\b(?:typical(?:ly)?|usually|normally|often|always|tends? to|on ordinary days)\b")
_NOT = re.compile(
    r"\b(?:no|not|nobody|no one|none|never|without|neither|nor|hardly|barely|absence of|lack of|absent|n't)\b|n't\b",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"\b(?:nothing|nobody|no (?:sign|trace|evidence|hint|indication)s?) (?:in|of|about|points?|that)\b"
)
_NOT_ONLY = re.compile(r"\bnot (?:only|just|merely)\b")
_REACH = 28
"""Characters before a word in which a negation belongs to it (source: guess, about four words)."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in lower case; `bounds` are the ends of its clauses."""

    text: str
    bounds: tuple[int, ...]
    asks: bool

    def clause(self, place: int) -> tuple[int, int]:
        """Where the clause around `place` begins and ends."""
        before = [bound for bound in self.bounds if bound <= place]
        after = [bound for bound in self.bounds if bound > place]
        return (before[-1] if before else 0), (after[0] if after else len(self.text))

    def possible(self, place: int) -> bool:
        """Whether what stands at `place` is asked or thought possible rather than claimed."""
        start, end = self.clause(place)
        return self.asks or bool(_POSSIBLE.search(self.text, start, end))

    def habitual(self, place: int) -> bool:
        """Whether it is said of this person's habits rather than of what happened."""
        return bool(_HABIT.search(self.text, *self.clause(place)))

    def denied(self, place: int) -> bool:
        """Whether a negation stands shortly before `place` in its clause."""
        start, _ = self.clause(place)
        if _NOTHING.search(self.text, start, place):
            return True
        said = self.text[max(start, place - _REACH) : place]
        return bool(_NOT.search(_NOT_ONLY.sub("", said)))


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences of `text`; what stands in double quotes is data and says nothing.

    >>> [one.text for one in sentences("Fear is 0.52. Is it pain?")]
    ['fear is 0.52.', 'is it pain?']
    """
    said = _QUOTED.sub("“”", text.lower().replace("’", "'"))
    for found in _SENTENCE.finditer(said):
        plain = found.group().strip()
        if plain:
            bounds = tuple(part.end() for part in _CLAUSE.finditer(plain))
            yield Sentence(plain, bounds, plain.endswith("?"))
