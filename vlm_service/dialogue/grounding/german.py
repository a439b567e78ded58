"""Reads a German sentence as the English that the checks of claims know, word by word: no translation for people."""

import re
from collections.abc import Iterator
from functools import cache

from vlm_service.dialogue.grounding.german_phrases import PHRASES
from vlm_service.dialogue.grounding.german_words import HEARD, NOUNS, WORDS

_PHRASES = tuple((re.compile(pattern), english) for pattern, english in PHRASES)
_WORD = re.compile(r"[a-zäöüß]+")
_GERMAN = frozenset(
    re.findall(
        r"\w+",
        "der die das den dem des ein eine einen einem einer und ist sind wurde wurden nicht kein keine keinen mit auf "
        "von im als bei hat haben sehr es sie er wie liegt lag beträgt durch für zu über unter nach vor gegen aber "
        "sich",
    )
)
_ENGLISH = frozenset(
    re.findall(
        r"\w+",
        "the of and is are were not with to from than at an has have had he she it this that his her by on for as "
        "while usual usually heard seen been below above",
    )
)
_EITHER = frozenset(
    re.findall(
        r"\w+",
        "die war bad gang mag ton hat stand score minimal am an mal fallen sank rate stark laut so",
    )
)
"""Words of both languages, or too like one another to tell which it is."""
_PARTS = re.compile(
    r"\n|(?<=[.!?;])(?=\s)(?<![zdu]\.)(?<![zdu]\. [bha]\.)(?<![zdu]\.[bha]\.)(?<!ca\.)(?<!bzw\.)(?<!evtl\.)(?<!vgl\.)"
    r"(?<!nr\.)",
    re.IGNORECASE,
)
"""Between sentences, and not behind what is abbreviated."""
_NOUN = "|".join(map(re.escape, NOUNS))
_MOVED = r"rose|fell|changed|doubled|tripled|halved"
_AFTERWARDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), english)
    for pattern, english in (
        # a German verb may stand before what it is about, and a denial behind it
        (rf"\b({_MOVED}) ((?:markedly |strongly |slightly |also |again )*)(?:(?:the|his|her|at|of|in) )*({_NOUN})\b",
         r"\3 \1"),
        (rf"\b(?:a |the )?({'|'.join(HEARD)})((?: (?:and|or) (?:{'|'.join(HEARD)}))*) (?:was|were|is|are) "
         r"(?:also |only )?not (?:heard|detected|seen)", r"no \1\2 was heard"),
        (rf"\b({'|'.join(HEARD)}) not\b", r"no \1"),
        (rf"\b({_NOUN}) ((?:has|have|is|was|are|were) )?(?:himself |sich )?not ({_MOVED})\b", r"\1 not \3"),
        (r"\b(has|have|is|was) (?:sich )?((?:markedly |strongly |slightly )*)(rose|fell)\b", r"\2\3"),
        (r"\b(no|one|two|three|four|five|six|\d+|several|a) ((?:earlier )?)(events?|alerts?) (?:the |of |with )*"
         r"tier (\d)", r"\1 \2tier-\4 \3"),
        (r"\ba (earlier (?:tier-\d )?(?:event|alert))\b", r"one \1"),
        (r"\b(a|the) (?=tier-\d (?:event|alert)\b.*(?:last|before))", "one "),
        (r"\bsich\b", ""), (r"\bthe the\b", "the"),
        (r" +", " "),
    )
)  # fmt: skip


def in_english(text: str) -> Iterator[tuple[str, str]]:
    """The parts of `text`, each as the checks may read it, and, where it is German, as it was written (else empty).

    >>> list(in_english("Die Angst stieg auf 0,52."))
    [('the fear rose to 0.52.', 'Die Angst stieg auf 0,52.')]
    >>> list(in_english("Fear rose to 0.52."))
    [('Fear rose to 0.52.', '')]
    """
    for part in _parts(text):
        yield (_read(part), part.strip()) if is_german(part) else (part, "")


def place_in_english(place: str) -> str:
    """A room's name with its German words read as English, lower case.

    >>> place_in_english("Tagesraum 2"), place_in_english("day room")
    ('day room 2', 'day room')
    """
    return _WORD.sub(_looked_up, place.lower())


@cache
def _is_german_word(word: str) -> bool:
    return word not in _EITHER and (word in _GERMAN or (word in WORDS and word not in _ENGLISH and word != WORDS[word]))


def is_german(part: str) -> bool:
    """Whether more of its words are German than English; a text of names and numbers alone is neither."""
    words = _WORD.findall(part.lower())
    german = sum(map(_is_german_word, words))
    return german > sum(word in _ENGLISH for word in words)


def _parts(text: str) -> list[str]:
    """Sentence by sentence where there is any German in it; text in English alone stays whole."""
    if not is_german_anywhere(text):
        return [text]
    return [part for part in _PARTS.split(text) if part.strip()]


def is_german_anywhere(text: str) -> bool:
    """Whether any word is one that English has not."""
    return any(map(_is_german_word, _WORD.findall(text.lower())))


def _read(part: str) -> str:
    said = part.lower()
    for pattern, english in _PHRASES:
        said = pattern.sub(english, said)
    said = _WORD.sub(_looked_up, said)
    for pattern, english in _AFTERWARDS:
        said = pattern.sub(english, said)
    return said.strip()


def _looked_up(one: re.Match[str]) -> str:
    return WORDS.get(one.group(), one.group())
