"""Array types, sums in a fixed order, and how states made of arrays are cut and put together."""

from collections.abc import Iterator
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]
Indices: TypeAlias = NDArray[np.int32]
Reals: TypeAlias = NDArray[np.floating[Any]]
"""Of single or double precision."""
Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.int64]

_PAGE = 4096
_MANY = 100
"""Sums from which on it is faster to add column by column than to keep all partial sums (measured)."""
Array = TypeVar("Array", Floats, Bools, Ints)
Number = TypeVar("Number", bound=np.floating[Any])
State = TypeVar("State", bound=tuple[Any, ...])
"""A NamedTuple of arrays, or of such."""


def ordered_sum(values: Reals) -> Floats:
    """Sum along the last axis from left to right in double precision: equal bits however many rows are added at once.

    >>> ordered_sum(np.array([[0.1, 0.2, 0.3]])).tolist()
    [0.6000000000000001]
    """
    if values.shape[-1] == 0:
        return np.zeros(values.shape[:-1])
    if values.size < _MANY * values.shape[-1]:
        total: Floats = np.add.accumulate(values, axis=-1, dtype=np.float64)[..., -1]
        return total
    columns = np.moveaxis(values, -1, 0).astype(np.float64, order="C")
    total = columns[0]
    for column in columns[1:]:
        total += column
    return total


def in_order(values: Floats) -> Floats:
    """The sum of `values` (k, t, c) over the middle axis, from first to last: equal bits however many rows are added
    at once, also where c is 1 and NumPy would add pairwise.

    >>> in_order(np.array([[[0.1], [0.2], [0.3]]])).tolist()
    [[0.6000000000000001]]
    """
    total: Floats = values.sum(axis=1) if values.shape[2] > 1 else np.add.accumulate(values, axis=1)[:, -1]
    return total


def counts(flags: Bools) -> Floats:
    """How many are true along the last axis: as a sum, exact in any order."""
    if np.count_nonzero(flags) == flags.size:
        return np.full(flags.shape[:-1], float(flags.shape[-1]))
    found: Floats = flags.sum(axis=-1, dtype=np.float64)
    return found


def grouped_sums(values: Reals, groups: Floats) -> Floats:
    """Sums (n, g) of `values` (n, c), none of them negative, over the members of `groups` (g, c), which are 1 for a
    member, else 0: from left to right, as `ordered_sum` of their product."""
    columns = values.T.astype(np.float64, order="C")
    sums = np.zeros((len(groups), len(values)))
    for total, group in zip(sums, groups, strict=True):
        for column in np.flatnonzero(group).tolist():
            total += columns[column]
    return sums.T


def clipped(values: NDArray[Number], limit: float) -> NDArray[Number]:
    """`values` kept within -limit..limit (a quarter of the cost of np.clip on small arrays)."""
    kept: NDArray[Number] = np.minimum(np.maximum(values, -limit), limit)
    return kept


def everything(rows: Ints, n: int) -> bool:
    """Whether `rows` are 0 .. n-1 in order: then no state needs to be cut or put together."""
    return len(rows) == n and bool((rows == np.arange(n)).all())


def flat(state: tuple[Any, ...]) -> list[Any]:
    """All arrays of nested NamedTuples, in order."""
    return [array for part in state for array in (flat(part) if isinstance(part, tuple) else [part])]


def apart(state: State) -> State:
    """Copies of all arrays, laid out so that the same row of no two of them falls on the same lines of the nearest
    cache: NumPy starts every large array at the same place of a page, and a step that touches thirty of them would
    wait for memory at every access (source: measured, the step then takes 1.8 times as long). Arrays (2, n, k, c) are
    laid so that each of the k comes in one piece."""
    arrays = flat(state)
    skip = max(64, _PAGE // max(len(arrays), 1) // 64 * 64)
    block = np.zeros(sum(array.nbytes + 2 * _PAGE for array in arrays) + _PAGE, np.uint8)
    place = -block.ctypes.data % _PAGE
    laid = []
    for i, array in enumerate(arrays):
        place += (i * skip - place - block.ctypes.data) % _PAGE
        room = block[place : place + array.nbytes].view(array.dtype)
        pieces = array.swapaxes(1, 2) if array.ndim == 4 else array
        room = room.reshape(pieces.shape)
        room = room.swapaxes(1, 2) if array.ndim == 4 else room
        room[...] = array
        laid.append(room)
        place += array.nbytes
    filled: State = _filled(state, iter(laid))
    return filled


def _filled(state: Any, arrays: Iterator[Any]) -> Any:
    return type(state)(*(_filled(part, arrays) if isinstance(part, tuple) else next(arrays) for part in state))


def at_rows(values: Array, rows: Ints | None) -> Array:
    """`values[rows]`; None: all of them, uncopied."""
    return values if rows is None else values[rows]


def take(state: State, rows: Ints | None) -> State:
    """The part of a state (nested NamedTuples of arrays) that belongs to `rows` of its first axis; None: all of it."""
    if rows is None:
        return state
    parts: list[Any] = [take(part, rows) if isinstance(part, tuple) else part[rows] for part in state]
    return type(state)(*parts)


def put(state: State, rows: Ints | None, part: State) -> State:
    """A copy of `state` in which `rows` are those of `part`; None: `part` itself."""
    if rows is None:
        return part
    return type(state)(*(_put_one(whole, rows, piece) for whole, piece in zip(state, part, strict=True)))


def _put_one(whole: Any, rows: Ints, piece: Any) -> Any:
    if isinstance(whole, tuple):
        return put(whole, rows, piece)
    changed = whole.copy()
    changed[rows] = piece
    return changed
