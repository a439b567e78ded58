"""Sample batches as they came in, columns of many messages read at once: a stream is as fast as it is read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from attune_wire.v1 import sensing_pb2
from services.runtime.batch import Batch, joined
from services.runtime.wire.sensing import LATEST, WireError, batch_from_wire, cue_from_wire, gap_from_wire
from services.vocabulary import Cue, Gap

_BATCH = sensing_pb2.EdgeMessage.BATCH_FIELD_NUMBER << 3 | 2
_COLUMNS = ("sequence", "seat", "time", "values", "quality", "persons")
_FIELDS = {sensing_pb2.SampleBatch.DESCRIPTOR.fields_by_name[name].number: i for i, name in enumerate(_COLUMNS)}
_CUES, _GAPS = sensing_pb2.SampleBatch.CUES_FIELD_NUMBER, sensing_pb2.SampleBatch.GAPS_FIELD_NUMBER
Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True, slots=True)
class PackedBatch:
    """The bytes of one SampleBatch, not looked at yet."""

    body: memoryview


def edge_message(data: bytes) -> PackedBatch | sensing_pb2.EdgeMessage:
    """A message of an edge agent; a batch stays packed.

    Raises:
        DecodeError: these bytes are no message.
    """
    if data and data[0] == _BATCH:
        size, start = _varint(data, 1)
        if start + size == len(data):
            return PackedBatch(memoryview(data)[start:])
    return sensing_pb2.EdgeMessage.FromString(data)


def batches(messages: Sequence[PackedBatch], channels: int, seats: int) -> Iterator[Batch]:
    """The samples of consecutive messages of one stream against a schema of `channels` and `seats`: the same as
    `joined` makes of what `batch_from_wire` reads from each.

    Raises:
        WireError: a message that says something impossible, after what came before it.
    """
    together = _together(messages, channels, seats)
    if together is not None:
        yield together
        return
    read: list[Batch] = []
    wrong: WireError | None = None
    for message in messages:
        try:
            read.append(batch_from_wire(sensing_pb2.SampleBatch.FromString(bytes(message.body)), channels, seats))
        except DecodeError as error:
            wrong = WireError(f"a batch of {len(message.body)} bytes cannot be read: {error}")
        except WireError as error:
            wrong = error
        if wrong is not None:
            break
    yield from joined([batch for batch in read if len(batch)])
    if wrong is not None:
        raise wrong


@dataclass(frozen=True, slots=True)
class _Parts:
    """The packed columns of one message in the order of `_COLUMNS`, and its cues and gaps."""

    columns: tuple[memoryview, ...]
    cues: tuple[bytes, ...]
    gaps: tuple[bytes, ...]


def _together(messages: Sequence[PackedBatch], channels: int, seats: int) -> Batch | None:
    """All samples as one batch; None where anything is not as nearly always, or wrong."""
    parts = []
    for message in messages:
        one = _parts(message.body)
        if one is None:
            return None
        parts.append(one)
    try:
        batch = _read(parts, channels)
    except (WireError, DecodeError):
        return None
    if batch is None or int(batch.seats.max()) >= seats:
        return None
    possible = (batch.times >= 0.0) & (batch.times <= LATEST)  # false for NaN too
    rising = batch.sequences[1:] > batch.sequences[:-1]
    return batch if possible.all() and rising.all() else None


def _parts(body: memoryview) -> _Parts | None:
    """Every column once and packed, as every encoder writes them; None for anything else, and for unknown fields."""
    columns: list[memoryview | None] = [None] * len(_COLUMNS)
    cues, gaps, at = [], [], 0
    while at < len(body):
        field, kind = divmod(body[at], 8)
        size, start = _varint(body, at + 1)
        at = start + size
        if kind != 2 or at > len(body):
            return None
        piece = body[start:at]
        if field == _CUES:
            cues.append(bytes(piece))
        elif field == _GAPS:
            gaps.append(bytes(piece))
        elif field in _FIELDS and columns[_FIELDS[field]] is None:
            columns[_FIELDS[field]] = piece
        else:
            return None
    whole = tuple(column for column in columns if column)
    return _Parts(whole, tuple(cues), tuple(gaps)) if len(whole) == len(columns) else None


def _varint(data: bytes | memoryview, at: int) -> tuple[int, int]:
    """The number that begins at a place and the place after it; beyond the end where it does not end."""
    value = shift = 0
    while at < len(data):
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at
    return 0, len(data) + 1


def _read(parts: Sequence[_Parts], channels: int) -> Batch | None:
    sequence, seat, time, values, quality, persons = zip(*(one.columns for one in parts), strict=True)
    counts = [len(column) // 8 for column in time]
    times, shares = _fixed(time, counts, np.dtype("<f8")), _fixed(quality, counts, np.dtype("<f4"))
    wide = _fixed(values, [count * channels for count in counts], np.dtype("<f4"))
    if times is None or shares is None or wide is None:
        return None
    sequences, seats, people = (_varints(column, counts) for column in (sequence, seat, persons))
    if sequences is None or seats is None or people is None:
        return None
    if int(people.max()) >= 2**32 or int(seats.max()) >= 2**32:
        return None
    signed = (people >> np.uint64(1)).astype(np.int64) ^ -(people & np.uint64(1)).astype(np.int64)
    sparse = _sparse(parts, counts)
    if sparse is None:
        return None
    return Batch(
        sequences, seats.astype(np.uint32), times, wide.reshape(-1, channels), shares, signed.astype(np.int32), *sparse
    )  # fmt: skip


def _sparse(
    parts: Sequence[_Parts], counts: Sequence[int]
) -> tuple[tuple[tuple[int, Cue], ...], tuple[tuple[int, Gap], ...]] | None:
    """Cues and gaps with their places among all samples; None where one belongs to no sample of its message."""
    cues, gaps, first = [], [], 0
    for one, count in zip(parts, counts, strict=True):
        for cue in map(sensing_pb2.Cue.FromString, one.cues):
            if cue.row >= count:
                return None
            cues.append((first + cue.row, cue_from_wire(cue)))
        for gap in map(sensing_pb2.Gap.FromString, one.gaps):
            if gap.row >= count:
                return None
            gaps.append((first + gap.row, gap_from_wire(gap)))
        first += count
    return tuple(cues), tuple(gaps)


def _fixed(columns: Sequence[memoryview], counts: Sequence[int], kind: np.dtype[Number]) -> NDArray[Number] | None:
    """Numbers of fixed size, so many in each column; None where there are not."""
    if any(len(column) != count * kind.itemsize for column, count in zip(columns, counts, strict=True)):
        return None
    return np.frombuffer(bytearray().join(columns), kind)


def _varints(columns: Sequence[memoryview], counts: Sequence[int]) -> NDArray[np.uint64] | None:
    """Numbers below 2^63 of seven bits a byte, lowest first, so many in each column; None where there are not."""
    raw = np.frombuffer(b"".join(columns), np.uint8)
    ends = np.flatnonzero(raw < 0x80)
    if len(ends) != sum(counts) or (ends[np.cumsum(counts) - 1] != np.cumsum(list(map(len, columns))) - 1).any():
        return None
    if len(ends) == len(raw):
        return raw.astype(np.uint64)
    lengths = np.diff(ends, prepend=-1)
    longest = int(lengths.max())
    if longest > 9:
        return None
    starts = ends - lengths + 1
    value = (raw[starts] & 0x7F).astype(np.uint64)
    for place in range(1, longest):
        seven = (raw[np.minimum(starts + place, ends)] & 0x7F).astype(np.uint64) << np.uint64(7 * place)
        value |= np.where(lengths > place, seven, np.uint64(0))
    return value
