"""How an engine's state is kept: a quick part, written at every snapshot, and each resident's slow part, written only
when it changed. Both go into one transaction, and each resident's revision says that they belong together."""

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from threshold_service import engine_state
from threshold_service.engine_state import (
    ARRAYS,
    LATE,
    LATE_OF_HISTORY,
    SLOW,
    UNREAD,
    EngineState,
    Identity,
    Waiting,
)
from threshold_service.statistics import state_bytes
from threshold_service.statistics.arrays import Ints
from threshold_service.statistics.state_bytes import StateUnreadable

QUICK = tuple(name for name in ARRAYS if name not in SLOW)
_HEAD = struct.Struct("<HII")
"""Version, digest of the record's fields, digest of the bytes that follow."""
_ZSTD = pa.Codec("zstd", 1)
_TOGETHER = 64
"""Residents that are packed or unpacked at once: a few megabytes, which stay near the processor."""


@dataclass(frozen=True, slots=True)
class Kept:
    """`quick`: everybody's quick part and revisions. `slow`: (revision, bytes) by resident id, of those whose slow part
    is not kept yet; when it is read, of all who have one."""

    quick: bytes
    slow: Mapping[str, tuple[int, bytes]]


def cut(identity: Identity, state: EngineState) -> Kept:
    """What has to be kept so that with all that was cut before it is the whole state; nobody's slow part is handed out
    again until it changes."""
    rows = np.flatnonzero(state.stirred)
    state.revisions[rows] += 1
    state.stirred[rows] = False
    facts = engine_state.facts(identity, state) | {"revisions": state.revisions.tolist()}
    quick = state_bytes.pack(facts, {name: getattr(state, name) for name in QUICK} | engine_state.halves(state))
    revisions = state.revisions[rows].tolist()
    names = [identity.seats[row].id for row in rows.tolist()]
    return Kept(quick, dict(zip(names, zip(revisions, _slow(state, rows), strict=True), strict=True)))


def lost(identity: Identity, state: EngineState, kept: Kept) -> None:
    """What was cut was not kept after all: its slow parts will be handed out again."""
    for row, seat in enumerate(identity.seats):
        state.stirred[row] |= seat.id in kept.slow


def joined(kept: Kept) -> tuple[Identity, EngineState, int]:
    """The state that was cut, not yet `complete`, and how many residents are fresh in it because their slow part is
    missing, damaged, or not of the same moment as the quick part.

    Raises:
        StateUnreadable: the quick part is no state of this version.
    """
    facts, arrays = state_bytes.unpack(kept.quick)
    identity, state = engine_state.filled(facts, arrays, QUICK)
    revisions = np.array(facts.get("revisions", ()), np.int64)
    if revisions.shape != state.revisions.shape:
        raise StateUnreadable(f"engine state counts {len(revisions)} revisions: expected {len(state.revisions)}")
    state.revisions[:] = revisions
    soon, late = _Fields(state, late=False), _Fields(state, late=True)
    layout, parts = _digest(soon, late), dict[int, memoryview]()
    ever = np.flatnonzero(revisions).tolist()
    for row in ever:
        revision, blob = kept.slow.get(identity.seats[row].id, (0, b""))
        if revision == revisions[row] and _sound(blob, layout):
            parts[row] = memoryview(blob)[_HEAD.size :]
    rows, size = np.array(list(parts), np.int64), soon.kind.itemsize
    soon.fill(rows, b"".join(part[:size] for part in parts.values()))
    _wait(state, {row: part[size:] for row, part in parts.items()})
    damaged = [row for row in ever if row not in parts]
    if damaged:
        complete(state)
        state = engine_state.without(identity, state, damaged)
    return identity, state, len(damaged)


def complete(state: EngineState) -> None:
    """Unpack what waits: before anybody's block ends, before thresholds are set, and before the state is told whole.
    A service that starts again watches everybody before it has the time for it."""
    waiting, state.waiting = state.waiting, None
    if waiting is None:
        return
    for name, arrays in waiting.late.items():
        setattr(state, name, arrays)
    state.history = state.history._replace(**waiting.of_history)
    late = _Fields(state, late=True)
    rows, parts = np.array(list(waiting.parts), np.int64), list(waiting.parts.values())
    for start in range(0, len(parts), _TOGETHER):
        plain = [_ZSTD.decompress(one, late.kind.itemsize, asbytes=True) for one in parts[start : start + _TOGETHER]]
        late.fill(rows[start : start + _TOGETHER], b"".join(plain))


def _wait(state: EngineState, parts: dict[int, memoryview]) -> None:
    if parts:
        of_history = {name: getattr(state.history, name) for name in LATE_OF_HISTORY}
        state.waiting = Waiting(parts, {name: getattr(state, name) for name in LATE}, of_history)
        state.history = state.history._replace(**dict.fromkeys(LATE_OF_HISTORY, UNREAD))
        for name in LATE:
            setattr(state, name, UNREAD)


class _Fields:
    """The slow arrays of a state, those that are `late` or the others, and one resident's as a record."""

    def __init__(self, state: EngineState, *, late: bool) -> None:
        slow = state_bytes.walk({name: getattr(state, name) for name in SLOW})
        self.arrays = [(name, array) for name, array in slow if _is_late(name) is late]
        self.kind = np.dtype([(name, array.dtype, array.shape[1:]) for name, array in self.arrays])

    def records(self, rows: Ints) -> NDArray[Any]:
        """Of residents `rows` (k,)."""
        found = np.empty(len(rows), self.kind)
        for name, array in self.arrays:
            found[name] = array[rows]
        return found

    def fill(self, rows: Ints, plain: bytes) -> None:
        """The arrays of residents `rows` (k,) from as many records."""
        records = np.frombuffer(plain, self.kind)
        together = len(rows) and rows[-1] - rows[0] == len(rows) - 1  # as nearly always: rows grow
        for name, array in self.arrays:
            array[slice(rows[0], rows[-1] + 1) if together else rows] = records[name]


def _is_late(name: str) -> bool:
    top, _, rest = name.partition(".")
    return top in LATE or (top == "history" and rest.partition(".")[0] in LATE_OF_HISTORY)


def _digest(soon: _Fields, late: _Fields) -> int:
    return zlib.crc32(repr((soon.kind.descr, late.kind.descr)).encode())


def _slow(state: EngineState, rows: Ints) -> Sequence[bytes]:
    if not len(rows):
        return ()
    complete(state)
    soon, late = _Fields(state, late=False), _Fields(state, late=True)
    layout = _digest(soon, late)
    bodies = [
        one.tobytes() + _ZSTD.compress(other.tobytes(), asbytes=True)
        for here in (rows[start : start + _TOGETHER] for start in range(0, len(rows), _TOGETHER))
        for one, other in zip(soon.records(here), late.records(here), strict=True)
    ]
    return [_HEAD.pack(state_bytes.VERSION, layout, zlib.crc32(body)) + body for body in bodies]


def _sound(blob: bytes, layout: int) -> bool:
    """Whether the bytes are a slow part of this version, whole."""
    if len(blob) < _HEAD.size:
        return False
    version, fields, digest = _HEAD.unpack_from(blob)
    return (version, fields, digest) == (state_bytes.VERSION, layout, zlib.crc32(memoryview(blob)[_HEAD.size :]))
