"""Golden prompts: short texts after which the adapter says something else than its base, and what both say. With them
a server proves that it really uses the adapter (`vlm_service.adapters.probe`)."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from training.qlora.chat import Tokens, Turn
from training.qlora.drawn import Drawn, drawn, shown
from training.qlora.errors import NothingLearned
from training.qlora.served import ADAPTER, BESIDE, WITHOUT_TOWER, Served

PROMPTS, TOPS = 4, 8
LEAST_NATS = 0.5
"""By which the strongest must be moved; the admission probe asks for as much."""
_SHORTEST, _CUTS = 12, (0.0, 0.25, 0.5, 0.75)
_PICTURED, _MOST_PICTURES, _DRAWN = 6, 4, 3
"""Shortest conversations with pictures that are tried, of so many pictures at most, each with so many drawings."""
Top = dict[str, float]


@dataclass(frozen=True, slots=True)
class Golden:
    """A text and the likeliest tokens behind it, in nats, by `token_id:NUMBER`. `moved` says by how much, of
    `pictures` (PNG in base64) by the layers of vision tower and merger alone: `without_tower` is what follows without
    these."""

    prompt: str
    adapted: Top
    base: Top
    moved: float
    pictures: tuple[str, ...] = ()
    without_tower: Top = field(default_factory=dict)


def golden(served: Served, sequences: Sequence[Tokens]) -> list[Golden]:
    """The most moved place of each of the shortest texts, and of these the most moved.

    Raises:
        NothingLearned: there is no text, or the adapter hardly changes any.
    """
    texts = sorted((one for one in sequences if not one.images), key=len)[:_SHORTEST]
    best = [max(found, key=lambda one: one.moved) for one in texts if (found := list(_places(served, one)))]
    chosen = sorted(best, key=lambda one: -one.moved)[:PROMPTS]
    if not chosen or chosen[0].moved < LEAST_NATS:
        moved = f"{chosen[0].moved:.2f}" if chosen else "no text, 0"
        raise NothingLearned(f"the adapter moves the strongest golden prompt by {moved} nats, expected {LEAST_NATS} or "
                             "more: no server could tell it from its base; train longer or faster")  # fmt: skip
    return chosen


def golden_with_pictures(served: Served, turns: Sequence[Turn]) -> list[Golden]:
    """The places that the layers of vision tower and merger move most, behind conversations in which drawn pictures
    stand for those of the corpus; none where the adapter has no such layers.

    Raises:
        NothingLearned: no conversation has pictures, or these layers hardly change any.
    """
    if not served.tower:
        return []
    able = sorted((one for one in turns if 0 < len(one.images) <= _MOST_PICTURES), key=_length)[:_PICTURED]
    tried = [
        list(_places(served, shown(served.base, turn, pictures), pictures))
        for turn in able
        for seed in range(_DRAWN)
        if (pictures := [drawn(served.base, seed + one) for one in range(len(turn.images))])
    ]
    best = [max(found, key=lambda one: one.moved) for found in tried if found]
    chosen = sorted(best, key=lambda one: -one.moved)[: PROMPTS // 2]
    if not chosen or chosen[0].moved < LEAST_NATS:
        moved = f"{chosen[0].moved:.2f}" if chosen else "no picture, 0"
        raise NothingLearned(f"the adapter's layers in vision tower and merger move the strongest golden prompt with a "
                             f"picture by {moved} nats, expected {LEAST_NATS} or more: no server could be seen to use "
                             "them; train them longer, with pictures, or leave them out of lora.parts")  # fmt: skip
    return chosen


def _length(turn: Turn) -> int:
    return len(turn.given) + len(turn.learned)


def _places(served: Served, tokens: Tokens, pictures: Sequence[Drawn] = ()) -> Iterator[Golden]:
    first, tokenizer = int(tokens.learned.argmax()), served.base.tokenizer
    said = {}
    for who in (ADAPTER, BESIDE, *((WITHOUT_TOWER,) if pictures else ())):
        with served.speaking(who):
            said[who] = served.following(tokens, {one.name: one.pixels for one in pictures})
    for cut in _CUTS:
        at = first + int(cut * (len(tokens) - first))
        prompt = tokens.turn.given + tokenizer.decode(tokens.ids[first:at])
        if served.base.ids(prompt, tokens.images) != tokens.ids[:at].tolist():
            continue  # a server would read it as other tokens
        adapted, base = _top(said[ADAPTER][at - 1]), _top(said[BESIDE][at - 1])
        if not pictures:
            yield Golden(prompt, adapted, base, _moved(adapted, said[BESIDE][at - 1]))
            continue
        without = _top(said[WITHOUT_TOWER][at - 1])
        moved = _moved(without, said[ADAPTER][at - 1])
        yield Golden(prompt, adapted, base, moved, tuple(one.png for one in pictures), without)


def _top(logprobs: Any) -> Top:
    values, ids = logprobs.topk(TOPS)
    return {f"token_id:{int(one)}": min(0.0, float(value)) for value, one in zip(values, ids, strict=True)}


def _moved(one: Top, other: Any) -> float:
    """The mean change of log-probability over the tokens of `one`, weighed by their probability there; as on a server,
    where a token outside of the likeliest counts as the last of these."""
    last = min(_top(other).values())
    weights = {token: math.exp(value) for token, value in one.items()}
    known = {token: max(last, float(other[int(token.removeprefix("token_id:"))])) for token in one}
    return sum(weights[token] * abs(one[token] - known[token]) for token in one) / sum(weights.values())
