"""Array types, sums in a fixed order, and how states made of arrays are cut and put together."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]
Indices: TypeAlias = NDArray[np.int32]
Shorts: TypeAlias = NDArray[np.int16]
Reals: TypeAlias = NDArray[np.floating[Any]]
"""Of single or double precision."""
Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.int64]

LANES = 8
"""Channels that the kernel does at once."""
LINE, _PAGE = 64, 4096
_MANY = 100
"""Sums from which on it is faster to add column by column than to keep all partial sums (measured)."""
_LARGE, _FEW = 2000, 4
Array = TypeVar("Array", Floats, Bools, Ints)
Number = TypeVar("Number", bound=np.floating[Any])
Real = TypeVar("Real", Floats, Singles)
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


def aligned(shape: tuple[int, ...], of: type[np.generic]) -> NDArray[Any]:
    """Zeros that begin at a line of the cache."""
    size = int(np.prod(shape)) * np.dtype(of).itemsize
    room = np.zeros(size + LINE, np.uint8)
    start = -room.ctypes.data % LINE
    return room[start : start + size].view(of).reshape(shape)


def lane_sum(values: Real) -> Real:
    """Sum along the last axis in a fixed order that a processor can follow with eight numbers at once, in the
    precision of `values`: `LANES` running sums, of which then one half is added to the other.

    >>> lane_sum(np.arange(11.0)).item()
    55.0
    """
    lanes = values[..., :LANES].copy(order="K")
    for start in range(LANES, values.shape[-1], LANES):
        part = values[..., start : start + LANES]
        lanes[..., : part.shape[-1]] += part
    width = lanes.shape[-1]
    while width > 1:
        half = 1 << (width - 1).bit_length() - 1
        lanes[..., : width - half] += lanes[..., half:width]
        width = half
    return lanes[..., 0] if width else np.zeros(values.shape[:-1], values.dtype)


def counts(flags: Bools) -> Floats:
    """How many are true along the last axis: as a sum, exact in any order."""
    if np.count_nonzero(flags) == flags.size:
        return np.full(flags.shape[:-1], float(flags.shape[-1]))
    found: Floats = np.add.reduce(flags.view(np.uint8), axis=-1, dtype=np.uint32).astype(np.float64)
    return found


def clipped(values: NDArray[Number], limit: float) -> NDArray[Number]:
    """`values` kept within -limit..limit."""
    return bounded(values, -limit, limit)


def bounded(values: NDArray[Number], low: float, high: float, out: NDArray[Number] | None = None) -> NDArray[Number]:
    """`values` kept within low..high: on small arrays np.clip takes four times as long as this, on large ones NumPy
    compares with a single number four times as slowly as it clips (source: measured)."""
    if values.size > _LARGE:
        return np.clip(values, low, high, out=out)
    kept: NDArray[Number] = np.minimum(np.maximum(values, low, out=out), high, out=out)
    return kept


def incomplete(flags: Bools) -> Ints | None:
    """The channels of `flags` (n, c) that are not true of everybody, where these are few; None where they are many, or
    the array is small: then one pass over everything costs no more."""
    if flags.ndim != 2 or flags.size < _LARGE:
        return None
    found = np.flatnonzero(~np.logical_and.reduce(flags, axis=0))
    return found if _FEW * len(found) <= flags.shape[1] else None


def only(flags: Bools, values: NDArray[Number], other: float) -> NDArray[Number]:
    """`values` (...) where `flags` are true, else `other`."""
    channels = incomplete(flags)
    if channels is None:
        chosen: NDArray[Number] = np.where(flags, values, values.dtype.type(other))
        return chosen
    kept = values.copy(order="K")
    for channel in channels.tolist():
        kept[:, channel][~flags[:, channel]] = other
    return kept


def everything(rows: Ints, n: int) -> bool:
    """Whether `rows` are 0 .. n-1 in order: then no state needs to be cut or put together."""
    return len(rows) == n and not np.count_nonzero(rows != _first(n))


@lru_cache(maxsize=8)
def _first(n: int) -> Ints:
    numbers = np.arange(n)
    numbers.setflags(write=False)
    return numbers


def places(rows: Ints, n: int, place: Ints) -> tuple[Ints | slice, Ints | int]:
    """`rows` (k,) and the `place` (k,) of each as an index: nothing is looked up where everybody has the same."""
    same = everything(rows, n) and not np.count_nonzero(place != place[0])
    return (slice(None), int(place[0])) if same else (rows, place)


def index(rows: Ints, n: int) -> Ints | slice:
    """`rows` as an index into arrays of n residents: where that is everybody nothing is copied."""
    return slice(None) if everything(rows, n) else rows


def flat(state: tuple[Any, ...]) -> list[Any]:
    """All arrays of nested NamedTuples, in order."""
    return [array for part in state for array in (flat(part) if isinstance(part, tuple) else [part])]


def apart(state: State, axis: int) -> State:
    """Copies of all arrays, laid out so that those of all residents, whose `axis` that is, lie together channel by
    channel: sums over channels and whatever differs by channel then run along memory. The same row of no two arrays
    falls on the same lines of the nearest cache: NumPy starts every large array at the same place of a page, and a step
    that touches thirty of them would wait for memory at every access (source: measured, 1.8 times as long)."""
    arrays = flat(state)
    skip = max(LINE, _PAGE // max(len(arrays), 1) // LINE * LINE)
    block = np.zeros(sum(array.nbytes + 2 * _PAGE for array in arrays) + _PAGE, np.uint8)
    place = -block.ctypes.data % _PAGE
    laid = []
    for i, array in enumerate(arrays):
        place += (i * skip - place - block.ctypes.data) % _PAGE
        pieces = np.moveaxis(array, axis, -1)
        room = np.moveaxis(block[place : place + array.nbytes].view(array.dtype).reshape(pieces.shape), -1, axis)
        room[...] = array
        laid.append(room)
        place += array.nbytes
    filled: State = _filled(state, iter(laid))
    return filled


def _filled(state: Any, arrays: Iterator[Any]) -> Any:
    parts = [_filled(part, arrays) if isinstance(part, tuple) else next(arrays) for part in state]
    return tuple(parts) if type(state) is tuple else type(state)(*parts)


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


def in_lanes(values: NDArray[np.floating]) -> Singles:
    """`values` (m, c) in single precision, as they come from the wire, filled up with NaN to whole lanes."""
    m, c = values.shape
    if c % LANES == 0:
        return np.ascontiguousarray(values, np.float32)
    wide = np.empty((m, -(-c // LANES) * LANES), np.float32)
    wide[:, :c], wide[:, c:] = values, np.nan
    return wide
