"""From an example to tokens, by the model's own chat template, with a mark on each that is learned from.

Every turn of the assistant is a sequence of its own: what a server would be sent up to there, without the thinking of
earlier turns, and then the answer. Learned from are the tokens that the model has to write itself, its thinking, the
answer and the end of its turn, and nothing else: not the tag that the template opens for it, and where an example does
not think, not the empty block that stands in the place of thoughts.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.corpus.errors import ExampleInvalid
from training.corpus.example import Example, Kind, Layer, Message, Role
from training.corpus.parts import Measured, Modality, Recorded, Text
from training.format.marks import rendered
from training.qlora.errors import TemplateChanged

OPEN, CLOSE = "<think>", "</think>"
_PROBE = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"},
          {"role": "assistant", "content": f"{OPEN}\nt\n{CLOSE}\n\na"}]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Turn:
    """One sequence as text: `given` is shown, `learned` is to be written. `images` are assets, one for each place
    holder in `given`, in order."""

    example: str
    layer: Layer
    kind: Kind
    given: str
    learned: str
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tokens:
    """One sequence as numbers: (n,) ids and, for each, whether it is learned from. `images`: (asset, height, width in
    patches) of each picture."""

    turn: Turn
    ids: NDArray[np.int64]
    learned: NDArray[np.bool_]
    images: tuple[tuple[str, int, int], ...] = ()

    def __len__(self) -> int:
        return len(self.ids)


def template_digest(tokenizer: Any) -> str:
    """SHA-256 of what the template makes of a conversation with thinking, asked and answered: a template that is
    written differently and renders the same is the same.

    Raises:
        TemplateChanged: there is no template.
    """
    if not getattr(tokenizer, "chat_template", None):
        raise TemplateChanged("the base model's folder has no chat template; copy it whole, chat_template.jinja or "
                              "tokenizer_config.json with it")  # fmt: skip
    shown = [_render(tokenizer, _PROBE[:2], True), _render(tokenizer, _PROBE, False)]
    return hashlib.sha256(chr(0).join(shown).encode()).hexdigest()


def turns(example: Example, tokenizer: Any) -> Iterator[Turn]:
    """Every turn of the assistant.

    Raises:
        ExampleInvalid: a part that this family of models is not shown, or words that forge a turn.
        TemplateChanged: the template does not render thinking and answer as they are.
    """
    for place, message in enumerate(example.messages):
        if message.role is Role.ASSISTANT:
            yield _turn(example, example.messages[:place], message, tokenizer)


def tokens(turn: Turn, tokenizer: Any, images: Sequence[tuple[str, int, int]], merge: int, holder: str) -> Tokens:
    """The numbers of a turn. `images` are its pictures' sizes in patches, `merge` squared of which are one token, and
    `holder` is that token.

    Raises:
        ExampleInvalid: words that forge a turn.
    """
    given = turn.given
    if given.count(holder) != len(images):
        raise ExampleInvalid(f"example {turn.example!r}: {given.count(holder)} place holders for {len(images)} "
                             f"pictures; its words must not contain {holder}")  # fmt: skip
    given = spread(given, images, merge, holder)
    before, after = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in (given, turn.learned))
    special = set(tokenizer.all_special_ids)
    if after[-1] not in special or any(one in special for one in after[:-1]):
        raise ExampleInvalid(f"example {turn.example!r}: its answer contains a token that ends a turn or opens a "
                             "picture; such words cannot be learned")  # fmt: skip
    learned = np.zeros(len(before) + len(after), bool)
    learned[len(before) :] = True
    return Tokens(turn, np.asarray(before + after, np.int64), learned, tuple(images))


def spread(text: str, images: Sequence[tuple[str, int, int]], merge: int, holder: str) -> str:
    """The text with as many place holders for each picture as it has tokens."""
    pieces = text.split(holder)
    return pieces[0] + "".join(
        holder * (height * width // merge**2) + piece
        for (_, height, width), piece in zip(images, pieces[1:], strict=True)
    )


def _turn(example: Example, before: Sequence[Message], message: Message, tokenizer: Any) -> Turn:
    answer = message.text.strip()
    if not answer:
        raise ExampleInvalid(f"example {example.id!r}: a turn without an answer; nothing can be learned from it")
    thinking = message.thinking.strip()
    if CLOSE in thinking or CLOSE in answer:
        raise ExampleInvalid(f"example {example.id!r}: {CLOSE} within its words; a model could not tell where to stop")
    context = [{"role": one.role.value, "content": _content(one, example)} for one in before]
    told = {"role": Role.ASSISTANT.value, "content": f"{OPEN}\n{thinking}\n{CLOSE}\n\n{answer}"}
    asked, whole = _render(tokenizer, context, True), _render(tokenizer, [*context, told], False)
    learned = whole[len(asked) :].rstrip("\n")
    if not whole.startswith(asked) or f"{thinking}\n{CLOSE}\n\n{answer}" not in learned:
        raise TemplateChanged(
            f"the chat template renders the answer of example {example.id!r} otherwise than it asks for it: expected "
            f"its question, {OPEN}, thoughts, {CLOSE} and the answer; use the template of the published model"
        )
    if not thinking:
        shown, _, learned = learned.partition(f"{CLOSE}\n\n")
        asked += f"{shown}{CLOSE}\n\n"
    images = tuple(part.asset for one in before for part in one.parts if isinstance(part, Recorded))
    return Turn(example.id, example.layer, example.kind, asked, learned, images)


def _content(message: Message, example: Example) -> str | list[dict[str, str]]:
    if all(isinstance(part, Text) for part in message.parts):
        return message.text
    content = []
    for part in message.parts:
        if isinstance(part, Text):
            content.append({"type": "text", "text": part.text})
        elif isinstance(part, Measured):
            content.append({"type": "text", "text": rendered([part])})
        elif part.modality is Modality.IMAGE:
            content.append({"type": "image"})
        else:
            raise ExampleInvalid(f"example {example.id!r}: {part.modality.value} is not shown to this family of "
                                 "models; `attune train corpus` takes pictures from films, build it again")  # fmt: skip
    return content


def _render(tokenizer: Any, messages: Sequence[dict[str, Any]], asking: bool) -> str:
    return str(tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=asking))
