"""Residents, samples and cues as an edge agent sends them."""

import math
from collections.abc import Sequence

import numpy as np

from attune_wire.v1 import sensing_pb2
from services.runtime.batch import Batch
from services.vocabulary import Absence, Cue, CueName, Derived, Gap, Mode, Resident, Sense, UnixSeconds

_OF_A_VOCALISATION = ("loudness_dbfs", "duration_s", "uncertainty", "conflict")

LATEST: UnixSeconds = 4_000_000_000.0
"""No sample is from after 2096; dates far beyond break calendars."""
MOST = 2**63 - 1


class WireError(ValueError):
    """A message that says something impossible; the text names the field, the value and what was expected."""


_MODES = {sensing_pb2.MODE_OBSERVABLES: Mode.OBSERVABLES, sensing_pb2.MODE_AFFECT: Mode.AFFECT}
_MODES_OUT = {mode: number for number, mode in _MODES.items()}


def mode_to_wire(mode: Mode) -> sensing_pb2.Mode:
    return _MODES_OUT[mode]


def mode_from_wire(number: int) -> Mode:
    """An unspecified mode means the one that needs no consent."""
    return _MODES.get(number, Mode.OBSERVABLES)  # type: ignore[call-overload,no-any-return]


def seat_to_wire(resident: Resident) -> sensing_pb2.Seat:
    return sensing_pb2.Seat(
        resident=resident.id,
        room=resident.room,
        bed=resident.bed,
        mode=mode_to_wire(resident.mode),
        label=resident.label,
        consent=resident.consent,
    )


def seat_from_wire(seat: sensing_pb2.Seat) -> Resident:
    """
    Raises:
        WireError: no resident id, or affect mode without consent.
    """
    if not seat.resident or not seat.room:
        raise WireError(f"seat {seat.resident!r} in room {seat.room!r}: expected a resident id and a room")
    for text in (seat.resident, seat.room, seat.bed, seat.label, seat.consent):
        if len(text) > 255 or not text.isprintable():
            raise WireError(f"seat says {text[:40]!r}: expected at most 255 printable characters")
    try:
        return Resident(seat.resident, seat.room, seat.bed, mode_from_wire(seat.mode), seat.label, seat.consent)
    except ValueError as error:
        raise WireError(str(error)) from error


def derived_to_wire(derived: Derived) -> sensing_pb2.Derived:
    return sensing_pb2.Derived(channel=derived.channel, variance=derived.variance)


def derived_from_wire(message: sensing_pb2.Derived, channels: Sequence[str]) -> Derived:
    """
    Raises:
        WireError: a channel that is not among `channels`, or a variance that is none.
    """
    if message.channel not in channels:
        raise WireError(f"hello.derived names {message.channel[:40]!r}: expected one of hello.channels")
    if not 0.0 <= message.variance < math.inf:
        raise WireError(f"hello.derived of {message.channel} has variance {message.variance}: expected 0 or more")
    return Derived(message.channel, message.variance)


def batch_to_wire(batch: Batch) -> sensing_pb2.SampleBatch:
    return sensing_pb2.SampleBatch(
        sequence=batch.sequences,
        seat=batch.seats,
        time=batch.times,
        values=np.ascontiguousarray(batch.values, dtype="<f4").tobytes(),
        quality=batch.quality,
        persons=batch.persons,
        cues=[cue_to_wire(cue, row) for row, cue in batch.cues],
        gaps=[sensing_pb2.Gap(row=row, sense=gap.sense.value, reason=gap.reason.value) for row, gap in batch.gaps],
    )


def batch_from_wire(message: sensing_pb2.SampleBatch, channels: int, seats: int) -> Batch:
    """The columns of a batch against a schema of `channels` and `seats`.

    Raises:
        WireError: columns of unequal length, a seat or row that does not exist, an unknown cue, a time or sequence
            that cannot be.
    """
    n = len(message.sequence)
    expected = n * channels * 4
    if len(message.values) != expected:
        raise WireError(
            f"batch.values holds {len(message.values)} bytes: expected {expected} ({n} samples of {channels} float32 "
            "channels, as the hello's schema says)"
        )
    for name in ("seat", "time", "quality", "persons"):
        if len(getattr(message, name)) != n:
            raise WireError(f"batch.{name} holds {len(getattr(message, name))} values: expected {n}, one per sequence")
    batch = Batch(
        sequences=np.array(message.sequence, np.uint64),
        seats=np.array(message.seat, np.uint32),
        times=np.array(message.time, np.float64),
        values=np.frombuffer(message.values, "<f4").reshape(n, channels),
        quality=np.array(message.quality, np.float32),
        persons=np.array(message.persons, np.int32),
        cues=tuple((_row(cue.row, n), cue_from_wire(cue)) for cue in message.cues),
        gaps=tuple((_row(gap.row, n), gap_from_wire(gap)) for gap in message.gaps),
    )
    _check_columns(batch, seats)
    return batch


def _check_columns(batch: Batch, seats: int) -> None:
    if len(batch) == 0:
        return
    if int(batch.seats.max()) >= seats:
        raise WireError(
            f"batch.seat = {int(batch.seats.max())}: expected below {seats}, the number of seats in the hello"
        )
    possible = (batch.times >= 0.0) & (batch.times <= LATEST)  # false for NaN too
    if not possible.all():
        raise WireError(f"batch.time = {batch.times[~possible][0]}: expected Unix seconds, 0 to {LATEST:.0f}")
    if int(batch.sequences[-1]) > MOST:
        raise WireError(f"batch.sequence = {batch.sequences[-1]}: expected at most {MOST}")
    if (np.diff(batch.sequences.astype(np.int64)) <= 0).any():
        raise WireError("batch.sequence is not increasing: expected every sequence to be above the one before")


def _row(row: int, n: int) -> int:
    if row >= n:
        raise WireError(f"batch row {row}: expected below {n}, the number of samples in the batch")
    return row


def gap_from_wire(gap: sensing_pb2.Gap) -> Gap:
    try:
        return Gap(Sense(gap.sense), Absence(gap.reason))
    except ValueError as error:
        raise WireError(f"gap {gap.sense!r} {gap.reason!r}: {error}") from error


def cue_to_wire(cue: Cue, row: int = 0) -> sensing_pb2.Cue:
    known = {name: value for name in _OF_A_VOCALISATION if (value := getattr(cue, name)) is not None}
    return sensing_pb2.Cue(row=row, name=cue.name.value, probability=cue.probability, offset_s=cue.offset_s, **known)


def cue_from_wire(cue: sensing_pb2.Cue) -> Cue:
    try:
        name = CueName(cue.name)
    except ValueError as error:
        raise WireError(f"cue {cue.name!r}: expected one of {', '.join(CueName)}") from error
    if not 0.0 <= cue.probability <= 1.0:
        raise WireError(f"cue {cue.name!r} has probability {cue.probability}: expected 0..1")
    if not math.isfinite(cue.offset_s):
        raise WireError(f"cue {cue.name!r} has offset_s {cue.offset_s}: expected seconds")
    known = {field.name: value for field, value in cue.ListFields() if field.name in _OF_A_VOCALISATION}
    if not all(map(math.isfinite, known.values())):
        raise WireError(f"cue {cue.name!r} has {known}: expected numbers")
    return Cue(name, cue.probability, cue.offset_s, **known)
