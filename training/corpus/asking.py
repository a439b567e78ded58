"""Makes an example of an item: which question goes with which kind, and which answer."""

import hashlib

from services.vocabulary.channel import EMOTIONS
from training.corpus.assets import AssetStore
from training.corpus.errors import ExampleInvalid
from training.corpus.example import Example, Kind, Message, Role, Source, Split
from training.corpus.films import Films, captioned, cut, duration_s
from training.corpus.items import CANNOT_MAP, Item, Reader, Shown
from training.corpus.licences import Use
from training.corpus.parts import Modality, Part, Recorded, Text
from training.corpus.scores import FilmScores
from training.corpus.splits import split_of

MADE_BY = "readers 3"
_THINK = (
    "What state is this person in, and which of what is seen and heard says so? Think it through, weigh what speaks "
    "against it, then answer in one sentence."
)


def example_of(
    reader: Reader, item: Item, use: Use, licence: str, seed: int, assets: AssetStore, films: Films,
    scores: FilmScores | None = None,
) -> Example:  # fmt: skip
    """One example; what it shows lies in `assets` afterwards, films as pictures behind the words, as the live service
    has them, and what the senses said of a film before the question where there are `scores`. What is only measured
    with is all test.

    Raises:
        AssetInvalid: a file is missing, or none of its kind.
        ExampleInvalid: the item has neither anything to show nor an answer.
    """
    group = item.subject or item.item
    split = Split.TEST if use is Use.EVALUATION else split_of(reader.dataset, group, seed, item.split)
    kind = kind_of(item)
    filmed = [(one, *cut(one, films, assets)) for one in item.shown if one.modality is Modality.VIDEO]
    pictures = tuple(captioned([(one, found) for one, _, found in filmed]))
    shown: tuple[Part, ...] = (
        *(_recorded(one, assets) for one in item.shown if one.modality is not Modality.VIDEO),
        *item.measured,
    )
    if not shown and not pictures and not item.said:
        raise ExampleInvalid(f"{reader.dataset}: item has nothing to show (no picture, series or text)")
    words = f'Said: "{item.said}"\n' if item.said and (shown or pictures) else f"{item.said}\n" if item.said else ""
    measured = "".join(scores.text(one) for one, _, _ in filmed) if scores else ""
    user = Message(Role.USER, (*shown, Text(words + measured + _question(reader, item, kind)), *pictures))
    answer = Message(Role.ASSISTANT, (Text(_answer(reader, item, kind)),), item.why if kind is Kind.THINKING else "")
    source = Source(reader.dataset, item.item, licence, item.subject, MADE_BY)
    return Example(
        id_of(reader, item), reader.layer, kind, split, source, (user, answer), domains=item.domains,
        label=item.label, quality=item.quality, films=tuple(dict.fromkeys(film for _, film, _ in filmed)),
    )  # fmt: skip


def id_of(reader: Reader, item: Item) -> str:
    """The example's id: the same item, the same id, in every building."""
    return hashlib.sha256(f"{reader.dataset}\n{item.item}".encode()).hexdigest()[:32]


def kind_of(item: Item) -> Kind:
    """What an item can exercise: a reasoning makes it a thinking one, an own answer without one a factual one."""
    if item.false_alarm:
        return Kind.FALSE_POSITIVE
    if item.why:
        return Kind.THINKING
    return Kind.FACTUAL if item.answer else Kind.CLASSIFICATION


def _question(reader: Reader, item: Item, kind: Kind) -> str:
    if item.question:
        return item.question
    if kind is Kind.THINKING:
        return _THINK
    if reader.asks_for == "emotion":
        return f"Which emotion is shown: {', '.join(EMOTIONS)}, or another? Answer with one word."
    return f"Which {reader.asks_for} is shown? Answer with its name alone."


def _answer(reader: Reader, item: Item, kind: Kind) -> str:
    if item.answer:
        return item.answer
    word = item.told if item.label == CANNOT_MAP else item.label.replace("_", " ")
    return f"The {reader.asks_for} shown is {word}." if kind is Kind.THINKING else word


def _recorded(shown: Shown, assets: AssetStore) -> Recorded:
    name, end_s = assets.add(shown.file, shown.modality), shown.end_s
    if end_s is None:
        end_s = shown.start_s if shown.modality is Modality.IMAGE else duration_s(shown)
    return Recorded(shown.modality, name, shown.start_s, end_s)
