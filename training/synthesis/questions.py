"""Chooses which moments are asked about, and how: as many as a recipe wants of each layer and kind, in turns over
families, tiers and modes, so that what happens often does not crowd out what happens seldom."""

import hashlib
import math
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.simulator.staged import Moment
from services.vocabulary import Mode, Reason
from training.corpus.example import Kind, Layer, Split
from training.corpus.recipe import Recipe, Share
from training.corpus.splits import TEST_SHARE, VALIDATION_SHARE, split_of
from training.synthesis.balance import Tag, balanced
from training.synthesis.errors import TooFew
from training.synthesis.families import Truth, truth_of
from training.synthesis.settings import SynthesisSettings
from vlm_service.dialogue import Facility, Language

DATASET = "attune-synthetic"
MADE_BY = "synthesis 2"


class Form(StrEnum):
    """What is asked. `REPORT` is the live service's own question; the others want one line and no thinking."""

    REPORT = "report"
    VISIT = "visit"
    STATE = "state"
    FAMILY = "family"
    FACT = "fact"


@dataclass(frozen=True, slots=True)
class Asked:
    """One moment that may be asked about, and what is known of it."""

    moment: Moment
    truth: Truth

    @property
    def person(self) -> str:
        """Whose moment it is, over all stages: nobody else has this name."""
        return f"{self.moment.seed}-{self.moment.role.name}"

    @property
    def tags(self) -> tuple[Tag, ...]:
        """What it is on the axes by which examples are balanced."""
        return (("family", self.truth.family), ("tier", str(self.moment.event.tier.value)),
                ("mode", self.moment.role.mode.value))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """One example to be: who teaches it, which split it is of, in which language and facility it is asked."""

    asked: Asked
    kind: Kind
    form: Form
    split: Split
    facility: Facility

    @property
    def id(self) -> str:
        """The example's id: the same moment and kind, the same id."""
        return hashlib.sha256(f"{DATASET}\n{self.item}".encode()).hexdigest()[:32]

    @property
    def item(self) -> str:
        """What it is in words: event, revision and kind."""
        event = self.asked.moment.event
        return f"{self.asked.person}/{event.id}/{event.revision}/{self.kind.value}"

    @property
    def taught(self) -> bool:
        """Whether a teacher has to answer; the rest is known."""
        return self.form in (Form.REPORT, Form.VISIT)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Questions for one part of the recipe: `wanted` examples in the corpus, `there` moments that fit and can be
    balanced; `crowding` are not asked about, because their family, tier or mode has its share already."""

    share: Share
    wanted: int
    there: int
    questions: tuple[Question, ...]
    crowding: int = 0


def usable(moments: Sequence[Moment], settings: SynthesisSettings) -> list[Asked]:
    """Moments of the tiers wanted in which a room could be watched at all."""
    return [
        Asked(one, truth_of(one)) for one in moments
        if one.event.reason is not Reason.BLIND and one.event.tier.value in settings.tiers
    ]  # fmt: skip


def choose(moments: Sequence[Asked], settings: SynthesisSettings) -> tuple[Chosen, ...]:
    """Of every moment at most one question that is taught and one whose answer is known. Parts of false positives
    choose first, for only ordinary moments fit them, and thinking ones would take these too; the order of parts
    stays."""
    used: dict[bool, set[str]] = {True: set(), False: set()}
    chosen: dict[int, Chosen] = {}
    parts = [one for one in enumerate(Recipe.read(settings.recipe).part) if one[1].layer is not Layer.GENERAL]
    for number, share in sorted(parts, key=lambda one: one[1].kind is not Kind.FALSE_POSITIVE):
        for kind in [share.kind] if share.kind else [Kind.THINKING]:
            taught = kind in (Kind.THINKING, Kind.FALSE_POSITIVE)
            fitting = [one for one in moments if _fits(one, share.layer, kind) and _key(one) not in used[taught]]
            wanted = math.ceil(share.high * settings.scale / (1.0 - VALIDATION_SHARE - TEST_SHARE))
            ordered = sorted(fitting, key=lambda one: _digest(settings.seed, _key(one)))
            first = list(in_turns(ordered, _TURNS))[: math.ceil(wanted * settings.spare)]
            taken, crowding = balanced(first, lambda one: one.tags, settings.filters)
            there = len(fitting) if not crowding or len(taken) >= wanted else len(taken)
            used[taught] |= {_key(one) for one in taken}
            questions = tuple(_question(one, kind, place, settings) for place, one in enumerate(taken))
            chosen[number] = Chosen(share, wanted, there, questions, len(crowding))
    return tuple(chosen[number] for number, _ in parts)


def insist(chosen: Sequence[Chosen]) -> None:
    """That there are moments enough, before anything is paid.

    Raises:
        TooFew: names every part that is short.
    """
    short = [f"{one.share.name}: {one.there} of {one.wanted}" for one in chosen if one.there < one.wanted]
    if short:
        raise TooFew(f"the staged lives gave too few moments ({'; '.join(short)}); raise people or days, lower scale, "
                     "raise most_share or most_mode where one family, tier or mode crowds out the others, or take what "
                     "there is with --short")  # fmt: skip


Key = Callable[[Asked], Hashable]
_TURNS: tuple[Key, ...] = (
    lambda one: one.truth.family, lambda one: one.moment.event.tier.value, lambda one: one.moment.role.mode.value,
)  # fmt: skip


def in_turns(ordered: Sequence[Asked], keys: Sequence[Key]) -> Iterator[Asked]:
    """The first of every group, then the second of every group, and so on; within a group the same by the next key."""
    if not keys:
        yield from ordered
        return
    groups: defaultdict[Hashable, list[Asked]] = defaultdict(list)
    for one in ordered:
        groups[keys[0](one)].append(one)
    first = ordered[0].person if ordered else ""  # so that not every group begins with the same tier
    turns = sorted(groups, key=lambda key: hashlib.sha256(f"{first}\n{key}".encode()).digest())
    waiting = deque(iter(in_turns(groups[key], keys[1:])) for key in turns)
    while waiting:
        group = waiting.popleft()
        if (found := next(group, None)) is not None:
            yield found
            waiting.append(group)


def _fits(one: Asked, layer: Layer | None, kind: Kind) -> bool:
    if layer is not None and one.truth.layer is not layer:
        return False
    return one.truth.ordinary if kind is Kind.FALSE_POSITIVE else True


def _question(one: Asked, kind: Kind, place: int, settings: SynthesisSettings) -> Question:
    split = split_of(DATASET, one.person, settings.seed)
    facility = settings.context(place, _language(one, settings) if kind is Kind.THINKING else Language.ENGLISH)
    return Question(one, kind, _form(one, kind), split, facility)


def _form(one: Asked, kind: Kind) -> Form:
    if kind is Kind.THINKING:
        return Form.REPORT
    if kind is Kind.FALSE_POSITIVE:
        return Form.VISIT
    if kind is Kind.FACTUAL:
        return Form.FACT
    # What a state is called names an inner one, which observables mode does not.
    affect = one.moment.event.evidence.mode is Mode.AFFECT
    return Form.STATE if affect and one.truth.state is not None else Form.FAMILY


def _language(one: Asked, settings: SynthesisSettings) -> Language:
    """By a digest, so that more questions change nobody's language."""
    at = (
        int.from_bytes(_digest(settings.seed, f"language {_key(one)}")[:8]) / 2.0**64 * sum(settings.languages.values())
    )
    for language, share in settings.languages.items():
        at -= share
        if at < 0.0:
            return language
    return next(iter(settings.languages))


def _key(one: Asked) -> str:
    return f"{one.person}/{one.moment.event.id}"


def _digest(seed: int, said: str) -> bytes:
    return hashlib.sha256(f"{seed}\n{said}".encode()).digest()
