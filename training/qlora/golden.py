"""Golden prompts: short texts after which the adapter says something else than its base, and what both say. With them
a server proves that it really uses the adapter (`vlm_service.adapters.probe`)."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from training.qlora.chat import Tokens
from training.qlora.errors import NothingLearned
from training.qlora.served import ADAPTER, BESIDE, Served

PROMPTS, TOPS = 4, 8
LEAST_NATS = 0.5
"""By which the strongest must be moved; the admission probe asks for as much."""
_SHORTEST, _CUTS = 12, (0.0, 0.25, 0.5, 0.75)
Top = dict[str, float]


@dataclass(frozen=True, slots=True)
class Golden:
    """A text and the likeliest tokens behind it, in nats, by `token_id:NUMBER`."""

    prompt: str
    adapted: Top
    base: Top
    moved: float


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


def _places(served: Served, tokens: Tokens) -> Iterator[Golden]:
    first = int(tokens.learned.argmax())
    with served.speaking(ADAPTER):
        adapted = served.following(tokens)
    with served.speaking(BESIDE):
        base = served.following(tokens)
    for cut in _CUTS:
        at = first + int(cut * (len(tokens) - first))
        prompt = served.base.tokenizer.decode(tokens.ids[:at])
        if served.base.tokenizer(prompt, add_special_tokens=False)["input_ids"] != tokens.ids[:at].tolist():
            continue  # a server would read it as other tokens
        tops = _top(adapted[at - 1]), _top(base[at - 1])
        yield Golden(prompt, *tops, _moved(tops[0], base[at - 1]))


def _top(logprobs: Any) -> Top:
    values, ids = logprobs.topk(TOPS)
    return {f"token_id:{int(one)}": min(0.0, float(value)) for value, one in zip(values, ids, strict=True)}


def _moved(adapted: Top, base: Any) -> float:
    """The mean change of log-probability over the tokens of `adapted`, weighed by their probability there; as on a
    server, where a token outside of the likeliest counts as the last of these."""
    last = min(_top(base).values())
    weights = {token: math.exp(value) for token, value in adapted.items()}
    known = {token: max(last, float(base[int(token.removeprefix("token_id:"))])) for token in adapted}
    return sum(weights[token] * abs(adapted[token] - known[token]) for token in adapted) / sum(weights.values())
