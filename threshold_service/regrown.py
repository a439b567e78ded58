"""A state whose schema or modes changed: what is known of the channels that stay stays, what is forbidden goes."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from services.vocabulary import Resident
from threshold_service import engine_state
from threshold_service.engine_state import EngineState, Identity
from threshold_service.statistics.arrays import flat
from threshold_service.statistics.meaning import meaning

_PARTS = (*engine_state.NESTED, "level", "prior", "counts", "sustained", "half", "tier")


def regrown(identity: Identity, state: EngineState, channels: tuple[str, ...]) -> tuple[EngineState, int]:
    """The state against `channels`: those of the same name as before are known as before, the others are fresh; how
    many stayed known."""
    after = engine_state.fresh(len(identity.seats), meaning(channels, identity.seats))
    known = [(to, identity.channels.index(name)) for to, name in enumerate(channels) if name in identity.channels]
    to, of = np.array(known, np.int64).reshape(-1, 2).T
    for new, old, axes in zip(_arrays(after), _arrays(state), _axes(), strict=True):
        if not axes:
            new[...] = old
        elif len(known):
            new[_at(new, axes, to)] = old[_at(old, axes, of)]
    after.watches, after.events, after.heard = state.watches, state.events, state.heard
    after.revisions[:], after.stirred[:] = state.revisions, True
    return after, len(known)


def forgotten(identity: Identity, state: EngineState, seats: Sequence[Resident], rows: Sequence[int]) -> None:
    """Make fresh what residents `rows` of `seats` may not have any more: a consent that is withdrawn takes what was
    learned by it along."""
    of = meaning(identity.channels, seats)
    gone = {row: np.flatnonzero(~of.allowed[row]) for row in rows}
    blank = engine_state.fresh(len(seats), of)
    for array, fresh, axes, by in zip(_arrays(state), _arrays(blank), _axes(), _residents(), strict=True):
        if not axes or by is None:
            continue
        for row, columns in gone.items():
            mine, other = np.take(array, row, by), np.take(fresh, row, by)
            inner = tuple(axis - (axis > by) for axis in axes)
            mine[_at(mine, inner, columns)] = other[_at(other, inner, columns)]
            array[(slice(None),) * by + (row,)] = mine


def _at(array: Any, axes: Sequence[int], places: Any) -> Any:
    return np.ix_(*(places if axis in axes else np.arange(size) for axis, size in enumerate(array.shape)))


def _arrays(state: EngineState) -> list[Any]:
    parts = [getattr(state, name) for name in _PARTS]
    return [array for part in parts for array in (flat(part) if isinstance(part, tuple) else [part])]


@lru_cache(1)
def _axes() -> tuple[tuple[int, ...], ...]:
    """Along which axes each array runs over the channels: those that differ between two schemas."""
    return _differing(_shapes(2, 5), _shapes(2, 7))


@lru_cache(1)
def _residents() -> tuple[int | None, ...]:
    found = _differing(_shapes(2, 5), _shapes(3, 5))
    return tuple(axes[0] if axes else None for axes in found)


def _shapes(residents: int, channels: int) -> list[tuple[int, ...]]:
    seats = [Resident(str(i), "room") for i in range(residents)]
    state = engine_state.fresh(residents, meaning([f"c{i}" for i in range(channels)], seats))
    return [array.shape for array in _arrays(state)]


def _differing(one: list[tuple[int, ...]], other: list[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
    pairs = zip(one, other, strict=True)
    return tuple(tuple(i for i, (a, b) in enumerate(zip(x, y, strict=True)) if a != b) for x, y in pairs)
