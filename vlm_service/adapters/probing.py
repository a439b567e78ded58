"""Judges what a server made of an adapter's golden prompts: pure.

vLLM takes adapters that activate nothing, passes over others in silence, answers by one flat distribution where an
adapter makes it compute NaN, and has mixed the weights of two in flight (its issues 48019, 39369, 47724).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vlm_service.bundle import Probe

Top = Mapping[str, float]
"""Log-probabilities (nats) of the likeliest next tokens, by `token_id:NUMBER`."""
Answer = tuple[Top, ...]

TOLERANCE = 0.25
"""Nats that two computations of one distribution may lie apart (source: arithmetic: bfloat16 keeps 8 bits, so a logit
of 16 to 32 is exact to 0.06 to 0.13, and a log-probability is a difference of two)."""
LEAST_EFFECT = 2 * TOLERANCE
"""Nats by which an adapter must move its strongest golden prompt, or nothing is proven."""
FLAT = 1e-3
"""Spread, in nats, of the likeliest tokens below which a distribution says nothing at all."""


@dataclass(frozen=True, slots=True)
class Observed:
    """One prompt on one server; an answer is the distribution at every step of a short greedy one. `mirror` is the
    same adapter with the opposite sign; `..._together` were given while both were in flight."""

    base: Answer
    alone: Answer
    mirror: Answer
    alone_together: tuple[Answer, ...]
    mirror_together: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check over all prompts: its worst value against its limit (nats), and what it means in words."""

    check: str
    passed: bool
    value: float
    limit: float
    words: str


def apart(recorded: Top, seen: Top) -> float:
    """How far two distributions lie apart: the mean difference of log-probability over the tokens of `recorded`, each
    weighed by its probability there; a token that is not among the likeliest of `seen` counts as the last of these.

    >>> round(apart({"token_id:1": -0.1}, {"token_id:1": -0.4, "token_id:2": -2.0}), 3)
    0.3
    """
    if not seen or not all(map(math.isfinite, seen.values())):
        return math.inf
    last = min(seen.values())
    weights = {token: math.exp(logprob) for token, logprob in recorded.items()}
    moved = sum(weight * abs(recorded[token] - seen.get(token, last)) for token, weight in weights.items())
    return moved / sum(weights.values())


def judge(probes: Sequence[Probe], observed: Sequence[Observed], tower: bool = False) -> list[Finding]:
    """What is wrong with an adapter on a server, check by check; a later one means little where an earlier one failed.
    `tower`: it has layers in vision tower or merger.

    Raises:
        ValueError: not one observation for each probe.
    """
    if not probes:
        return [Finding("golden prompts", False, 0.0, 1.0, "the card has none, so nothing can be proven: train it with "
                        "a recipe that records what it answers")]  # fmt: skip
    pairs = list(zip(probes, observed, strict=True))
    told = max(apart(probe.adapted, probe.base) for probe in probes)
    shown = max(apart(one.alone[0], one.base[0]) for _, one in pairs)
    base = max(apart(probe.base, one.base[0]) for probe, one in pairs)
    agrees = max(apart(probe.adapted, one.alone[0]) for probe, one in pairs)
    mixed = max(mixing for _, one in pairs for mixing in _mixing(one))
    spread = min(_spread(top) for _, one in pairs for top in one.alone)
    return [
        Finding("says something", spread > FLAT, spread, FLAT,
                "every token is as likely as any other: its weights make the model compute NaN"),
        Finding("same base", base <= TOLERANCE, base, TOLERANCE,
                "without the adapter the server answers otherwise than the model it was trained on"),
        Finding("effect recorded", told >= LEAST_EFFECT, told, LEAST_EFFECT,
                "by its own card it hardly changes the golden prompts, so nothing can be proven"),
        *(_tower(pairs) if tower else ()),
        Finding("effect on the server", shown >= told / 2 and shown >= LEAST_EFFECT, shown,
                max(told / 2, LEAST_EFFECT), "the server answers as without it: nothing, or a part of it, is active"),
        Finding("as trained", agrees <= TOLERANCE, agrees, TOLERANCE,
                "the server answers otherwise with it than training recorded"),
        Finding("not mixed", mixed <= TOLERANCE, mixed, TOLERANCE,
                "with another adapter in flight it answers otherwise than alone: weights are mixed"),
    ]  # fmt: skip


def _tower(pairs: Sequence[tuple[Probe, Observed]]) -> Iterator[Finding]:
    """That the layers of vision tower and merger act: with a picture, the server answers otherwise than training
    recorded without these."""
    shown = [(probe, one) for probe, one in pairs if probe.pictures and probe.without_tower]
    told = max((apart(probe.without_tower, probe.adapted) for probe, _ in shown), default=0.0)
    yield Finding("tower recorded", told >= LEAST_EFFECT, told, LEAST_EFFECT,
                  "its layers in vision tower or merger hardly change a golden prompt with a picture, or it has none, "
                  "so it cannot be proven that they act: train longer, or leave them out (lora.parts)")  # fmt: skip
    seen = max((apart(probe.without_tower, one.alone[0]) for probe, one in shown), default=0.0)
    yield Finding("tower on the server", seen >= max(told / 2, LEAST_EFFECT), seen, max(told / 2, LEAST_EFFECT),
                  "to a picture the server answers as without the adapter's layers in vision tower and merger: it "
                  "passes over them; start it with --enable-tower-connector-lora")  # fmt: skip


def _mixing(one: Observed) -> Iterator[float]:
    yield from (_along(one.alone, other) for other in one.alone_together)
    yield from (_along(one.mirror, other) for other in one.mirror_together)


def _along(first: Answer, second: Answer) -> float:
    """The largest distance while both answers have gone the same way."""
    worst = 0.0
    for one, other in zip(first, second, strict=False):
        worst = max(worst, apart(one, other))
        if not one or not other or max(one, key=one.__getitem__) != max(other, key=other.__getitem__):
            break
    return worst if first and second else math.inf


def _spread(top: Top) -> float:
    values = list(top.values())
    finite = values and all(map(math.isfinite, values))
    return max(values) - min(values) if finite else 0.0
