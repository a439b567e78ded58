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
from threshold_service.engine_state import ARRAYS, SLOW, EngineState, Identity
from threshold_service.statistics import state_bytes
from threshold_service.statistics.arrays import Ints, everything
from threshold_service.statistics.state_bytes import StateUnreadable

QUICK = tuple(name for name in ARRAYS if name not in SLOW)
_HEAD = struct.Struct("<HII")
"""Version, digest of the record's fields, digest of the bytes that follow."""
_ZSTD = pa.Codec("zstd", 1)


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
    """The state that was cut, and how many residents are fresh in it because their slow part is missing, damaged, or
    not of the same moment as the quick part.

    Raises:
        StateUnreadable: the quick part is no state of this version.
    """
    facts, arrays = state_bytes.unpack(kept.quick)
    identity, state = engine_state.filled(facts, arrays, QUICK)
    revisions = np.array(facts.get("revisions", ()), np.int64)
    if revisions.shape != state.revisions.shape:
        raise StateUnreadable(f"engine state counts {len(revisions)} revisions: expected {len(state.revisions)}")
    state.revisions[:] = revisions
    ever = np.flatnonzero(revisions).tolist()
    kind = _kind(state)
    layout, records = _digest(kind), {}
    for row in ever:
        revision, blob = kept.slow.get(identity.seats[row].id, (0, b""))
        record = _read(blob, layout, kind.itemsize) if revision == revisions[row] else None
        if record is not None:
            records[row] = record
    if records:
        _fill(state, np.array(list(records)), np.frombuffer(b"".join(records.values()), kind))
    damaged = [row for row in ever if row not in records]
    return identity, engine_state.without(identity, state, damaged) if damaged else state, len(damaged)


def _fields(state: EngineState) -> list[tuple[str, NDArray[Any]]]:
    return list(state_bytes.walk({name: getattr(state, name) for name in SLOW}))


def _kind(state: EngineState) -> np.dtype[Any]:
    """One resident's slow part as a record."""
    return np.dtype([(name, array.dtype, array.shape[1:]) for name, array in _fields(state)])


def _digest(kind: np.dtype[Any]) -> int:
    return zlib.crc32(repr(kind.descr).encode())


def _slow(state: EngineState, rows: Ints) -> Sequence[bytes]:
    if not len(rows):
        return ()
    kind = _kind(state)
    records = np.empty(len(rows), kind)
    for name, array in _fields(state):
        records[name] = array if everything(rows, len(array)) else array[rows]
    layout = _digest(kind)
    squeezed = [_ZSTD.compress(record.tobytes(), asbytes=True) for record in records]
    return [_HEAD.pack(state_bytes.VERSION, layout, zlib.crc32(body)) + body for body in squeezed]


def _read(blob: bytes, layout: int, size: int) -> bytes | None:
    """The record; None where the bytes hold none of this version, or are damaged."""
    if len(blob) < _HEAD.size:
        return None
    version, fields, digest = _HEAD.unpack_from(blob)
    body = memoryview(blob)[_HEAD.size :]
    if (version, fields, digest) != (state_bytes.VERSION, layout, zlib.crc32(body)):
        return None
    record: bytes = _ZSTD.decompress(body, size, asbytes=True)
    return record


def _fill(state: EngineState, rows: Ints, records: NDArray[Any]) -> None:
    for name, array in _fields(state):
        array[... if everything(rows, len(array)) else rows] = records[name]
