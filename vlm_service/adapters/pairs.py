"""Two versions on the same real events, as an experiment: what each does, how they differ, how sure that is. Pure."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.evaluation.arms import HEADINGS, Compared, compared, row
from services.vocabulary import AdapterAnswer
from vlm_service.adapters.watch import OURS


@dataclass(frozen=True, slots=True)
class Side:
    """What one of two made of an event; `tier` 0: no verdict."""

    tier: int
    grounding: float
    contradictions: int


Pair = tuple[Side, Side]
"""The one beside first, the version itself second."""


def pairs_of(answers: Sequence[AdapterAnswer]) -> Mapping[str, list[Pair]]:
    """A version's answers to events that another one answered too, by the name of that one."""
    found: dict[str, list[Pair]] = {}
    for one in answers:
        if one.beside and one.outcome in OURS:
            other = Side(one.beside_tier, one.beside_grounding, one.beside_contradictions)
            found.setdefault(one.beside, []).append((other, Side(one.tier, one.grounding, one.contradictions)))
    return found


def turned(pairs: Sequence[Pair]) -> list[Pair]:
    """The same events, the other way round."""
    return [(second, first) for first, second in pairs]


def experiment(pairs: Sequence[Pair], alpha: float) -> list[Compared]:
    """Every measure of two versions on the same events; `alpha` is shared by all of them."""
    both = [(first, second) for first, second in pairs if first.tier and second.tier]
    sure = [(a, b) for a, b in both if not math.isnan(a.grounding + b.grounding)]
    measures: tuple[tuple[str, list[float], list[float]], ...] = (
        ("gave a verdict", [float(a.tier > 0) for a, _ in pairs], [float(b.tier > 0) for _, b in pairs]),
        ("called it immediate", [float(a.tier == 1) for a, _ in both], [float(b.tier == 1) for _, b in both]),
        ("was contradicted", [float(a.contradictions > 0) for a, _ in sure],
         [float(b.contradictions > 0) for _, b in sure]),
        ("share of claims grounded", [a.grounding for a, _ in sure], [b.grounding for _, b in sure]),
    )  # fmt: skip
    return [compared(what, first, second, alpha, len(measures)) for what, first, second in measures if first]


def experiment_tables(
    names: Sequence[str], found: Mapping[str, Sequence[Pair]], alpha: float
) -> Iterator[dict[str, Any]]:
    """One table for each of `names` that answered beside."""
    for name in names:
        rows = [row(one) for one in experiment(found.get(name, ()), alpha)]
        if rows:
            yield {"title": f"experiment beside {name}", "headings": list(HEADINGS), "rows": rows}
