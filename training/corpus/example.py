"""The one example that everything is learned from and tried on, checked whenever one is made or read."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from services.vocabulary.time import Seconds
from training.corpus.errors import ExampleInvalid
from training.corpus.parts import Modality, Part, Recorded, Text


class Layer(StrEnum):
    """Which layer of knowledge an example belongs to; later layers build on earlier ones."""

    GENERAL = "L1"
    HEALTHCARE = "L2"
    BEHAVIOURAL = "L3"
    SPECIAL_NEEDS = "L4"


class Kind(StrEnum):
    """What an example exercises. Only `THINKING` carries thoughts; the others answer at once."""

    THINKING = "thinking"
    FALSE_POSITIVE = "false_positive"
    CLASSIFICATION = "classification"
    FACTUAL = "factual"


class ClinicalState(StrEnum):
    """The label axis of L2."""

    DISTRESS = "distress"
    STABLE = "stable"
    ENGAGED = "engaged"


class Split(StrEnum):
    """What an example may be used for."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class Role(StrEnum):
    """Who says a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `thinking` is what the assistant thinks before it answers, empty where it does not."""

    role: Role
    parts: tuple[Part, ...]
    thinking: str = ""

    def __post_init__(self) -> None:
        if not self.parts:
            raise ExampleInvalid(f"a message of {self.role.value} without any part")
        if self.thinking and self.role is not Role.ASSISTANT:
            raise ExampleInvalid(f"a message of {self.role.value} that thinks; only the assistant does")

    @property
    def text(self) -> str:
        """The words alone."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))


@dataclass(frozen=True, slots=True)
class Source:
    """Where an example comes from: the data set, its item, the licence, and who or what is seen in it.

    `subject` is the data set's own pseudonym of a person, or of the smallest thing that certainly holds all of one
    person (a film, a recording); empty where the data set tells neither, and then nothing is proven about it.
    `made_by` names the reader or generator and its version.
    """

    dataset: str
    item: str
    licence: str
    subject: str = ""
    made_by: str = ""


@dataclass(frozen=True, slots=True)
class Usual:
    """The baseline that an example speaks of: one channel's usual value and its spread for this person."""

    channel: str
    value: float
    spread: float

    def __post_init__(self) -> None:
        if not self.channel or not math.isfinite(self.value) or not (math.isfinite(self.spread) and self.spread >= 0.0):
            raise ExampleInvalid(f"usual {self}; expected a channel, a finite value and a spread of 0 or more")


@dataclass(frozen=True, slots=True)
class Example:
    """One conversation with everything needed to choose, weigh, trace and forget it.

    `quality` is in 0..1 (who judged it is in `source.made_by`); `domains` are free tags such as `falls`, `asd`;
    `label` is the answer's class where there is one; `films` are the digests of those that its pictures were cut from.

    Raises:
        ExampleInvalid: anything that contradicts itself, with the id of the example.
    """

    id: str
    layer: Layer
    kind: Kind
    split: Split
    source: Source
    messages: tuple[Message, ...]
    quality: float = 1.0
    domains: tuple[str, ...] = ()
    label: str = ""
    state: ClinicalState | None = None
    usual: tuple[Usual, ...] = ()
    films: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for wrong in self._wrongs():
            raise ExampleInvalid(f"example {self.id!r} of {self.source.dataset or 'no data set'}: {wrong}")

    @property
    def modalities(self) -> frozenset[Modality]:
        """What a model needs to perceive for it."""
        return frozenset(part.modality for message in self.messages for part in message.parts)

    @property
    def pictured(self) -> bool:
        """Whether it shows pictures, and no film or sound, which the served family of models is not shown."""
        return Modality.IMAGE in self.modalities and not self.modalities & {Modality.VIDEO, Modality.AUDIO}

    @property
    def assets(self) -> frozenset[str]:
        """The raw assets that it shows."""
        return frozenset(
            part.asset for message in self.messages for part in message.parts if isinstance(part, Recorded)
        )

    @property
    def question(self) -> str:
        """The words of the user's turns."""
        return "\n".join(message.text for message in self.messages if message.role is Role.USER)

    @property
    def answer(self) -> str:
        """The words of the last turn."""
        return self.messages[-1].text

    @property
    def duration_s(self) -> Seconds:
        """The longest stretch that it shows."""
        parts = [part for message in self.messages for part in message.parts if not isinstance(part, Text)]
        return max((part.end_s - part.start_s for part in parts), default=0.0)

    def _wrongs(self) -> Iterator[str]:
        if not self.id or not self.source.dataset or not self.source.item or not self.source.licence:
            yield "no id, data set, item or licence; each must be named"
        if not 0.0 <= self.quality <= 1.0:
            yield f"quality {self.quality}; expected 0 to 1"
        if (self.state is not None) and self.layer is not Layer.HEALTHCARE:
            yield f"clinical state {self.state.value} in {self.layer.value}; it is a label of L2 alone"
        if len(set(self.domains)) < len(self.domains) or not all(self.domains):
            yield f"domains {self.domains!r}; expected each once, none empty"
        yield from _turns(self.messages)
        thinks = any(message.thinking for message in self.messages)
        if thinks != (self.kind is Kind.THINKING):
            yield f"kind {self.kind.value} with{'' if thinks else 'out'} thinking; only {Kind.THINKING.value} thinks"


def _turns(messages: tuple[Message, ...]) -> Iterator[str]:
    turns = [message.role for message in messages if message.role is not Role.SYSTEM]
    if any(message.role is Role.SYSTEM for message in messages[1:]):
        yield "a system message that is not the first"
    if not turns or turns[-1] is not Role.ASSISTANT:
        yield "no answer; the last message must be the assistant's"
    elif turns != [Role.USER, Role.ASSISTANT] * (len(turns) // 2):
        yield f"turns {', '.join(turns)}; expected user and assistant in turn"
    elif not messages[-1].text.strip():
        yield "an empty answer"
