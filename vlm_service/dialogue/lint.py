"""Finds the words that must not be said, in English and German: emotions in observables mode, diagnoses always."""

import re
import unicodedata

from services.vocabulary import Mode, Verdict
from vlm_service.dialogue import german
from vlm_service.dialogue.errors import ForbiddenWord

WITHHELD = "(withheld: it said what observables mode does not keep)"
UNSAID = "(withheld: a sentence that named a diagnosis)"

_EMOTION = (
    r"emot(?:e|es|ed|ive|ion\w*)", r"moods?", r"moody", r"feelings?", r"feels?", r"felt", r"affect", r"affective\w*",
    r"valence", r"arous(?:al|ed)", r"neutral\w*", r"happ(?:y|ier|iest|ily|iness)", r"unhapp\w+", r"joy(?!stick)\w*",
    r"enjoy\w*", r"sad", r"sadd\w+", r"sadly", r"sadness", r"sorrow\w*", r"grief", r"griev\w+", r"surpris\w+",
    r"fear\w*", r"afraid", r"scar(?:ed|y|ing)", r"fright\w*", r"terrif\w+", r"terror\w*", r"panic\w*",
    r"anxi(?:ety|eties|ous|ously|ousness)", r"apprehens\w+", r"worr(?:y|ied|ies|ying|isome)", r"nervous\w*",
    r"disgust\w*", r"ang(?:er|ers|ered|ry|rier|rily)", r"irrita\w+", r"annoy\w*", r"frustrat\w+", r"rag(?:e|es|ing)",
    r"fury", r"furious\w*", r"hostil\w+", r"aggressive mood", r"contempt\w*", r"distress\w*", r"upset\w*",
    r"agitat\w+", r"depress(?:ed|ion|ing|ive)", r"despair\w*", r"desperat\w+", r"miser(?:y|able|ably)",
    r"lonel\w+", r"lonesome", r"embarrass\w+", r"asham\w+", r"shame\w*", r"guilt\w*", r"excit\w+", r"amus\w+",
    r"delight\w*", r"contented\w*", r"contentment", r"satisf\w+", r"dissatisf\w+", r"pleased", r"displeas\w+",
    r"cheer\w*", r"stress(?:ed|ful|es|ing)?", r"melanchol\w+", r"euphori\w+", r"apath\w+", r"horr(?:or|ified)",
    r"(?:is|was|be|seem|seems|seemed|appear|appears|appeared|look|looks|looked|remain|remains)\s+(?:\w+\s+)?calm\w*",
)  # fmt: skip
"""English words that name an inner state (source: the eight expression classes, recital 18 of the EU AI Act, and the
words a caregiver or a model would use for them). Sounds and movements (cry, scream, restless) are observations."""

_DIAGNOSIS = (
    r"dement(?:ia|ed)", r"delirium", r"delirious", r"alzheimer\w*", r"parkinson\w*", r"psychos[ie]s", r"psychotic\w*",
    r"schizophren\w+", r"bipolar", r"ptsd", r"post[- ]traumatic stress", r"(?:major |clinical )depression",
    r"depressive disorder\w*", r"anxiety disorder\w*", r"panic (?:attack|disorder)s?", r"sundown(?:ing|er'?s?)",
    r"stroke", r"seizures?", r"epilep\w+", r"heart attack", r"myocardial\w*", r"urinary tract infection\w*", r"uti",
    r"pneumonia", r"sepsis", r"hypoglyc\w+", r"concussion\w*", r"fractures?", r"autis\w+", r"disorder", r"syndrome",
    r"diagnos(?:is|es|ed|e|tic)",
)  # fmt: skip
"""Terms that would make an observation a medical statement (source: guess, to be reviewed by a clinician)."""


def _one_of(stems: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-zäöü])(?:{'|'.join(stems)})(?![a-zäöü])")


_EMOTION_WORDS, _DIAGNOSIS_WORDS = _one_of(_EMOTION + german.EMOTION), _one_of(_DIAGNOSIS + german.DIAGNOSIS)


def emotion_words(text: str) -> tuple[str, ...]:
    """The words in `text` that name an inner state, as found.

    >>> emotion_words("Crying heard; the person seems very angry")
    ('angry',)
    """
    return tuple(_EMOTION_WORDS.findall(_plain(text)))


def diagnosis_words(text: str) -> tuple[str, ...]:
    """The words in `text` that state a diagnosis, as found."""
    return tuple(_DIAGNOSIS_WORDS.findall(_plain(text)))


def check_verdict(verdict: Verdict, mode: Mode) -> None:
    """
    Raises:
        ForbiddenWord: a diagnosis, or an emotion word in observables mode; `words` holds what was found.
    """
    text = "\n".join(_texts(verdict))
    if found := diagnosis_words(text):
        raise ForbiddenWord("the answer states a diagnosis: expected observations only", found)
    if mode is Mode.OBSERVABLES and (found := emotion_words(text)):
        raise ForbiddenWord(
            "the answer names an inner state of a resident in observables mode: expected what can be seen and heard",
            found,
        )


def screen_thinking(thinking: str, mode: Mode) -> str:
    """The thinking as it may be kept: in observables mode one with an emotion word is withheld as a whole, in any mode
    every sentence that names a diagnosis.

    >>> screen_thinking("Crying is heard. It may be dementia. Fear rose.", Mode.AFFECT)
    'Crying is heard. (withheld: a sentence that named a diagnosis) Fear rose.'
    """
    if mode is Mode.OBSERVABLES and emotion_words(thinking):
        return WITHHELD
    if not diagnosis_words(thinking):
        return thinking
    return _AGAIN.sub(UNSAID, _SENTENCE.sub(lambda one: _said(one[1], one[2]), thinking))


def _said(sentence: str, behind: str) -> str:
    return (UNSAID if diagnosis_words(sentence) else sentence) + behind


def _texts(verdict: Verdict) -> list[str]:
    indicators = [part for indicator in verdict.indicators for part in (indicator.text, indicator.evidence)]
    return [verdict.urgency, verdict.situation, verdict.context, verdict.action, *verdict.unknowns, *indicators]


_SENTENCE = re.compile(r"([^.!?\n]+(?:[.](?=\S)[^.!?\n]*)*[.!?]*)(\s*)")
_AGAIN = re.compile(rf"{re.escape(UNSAID)}(?:\s*{re.escape(UNSAID)})+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def _plain(text: str) -> str:
    """Lower case, compatibility forms folded, invisible characters gone, camelCase taken apart."""
    parted = _HUMP.sub(" ", text if text.isascii() else unicodedata.normalize("NFKC", text))
    if parted.isascii():
        return parted.casefold()
    return "".join(c for c in parted if unicodedata.category(c) != "Cf").casefold()
