"""History rows as bytes for the hot tail, and back."""

import struct
import zlib

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from services.ledger.history.rows import Floats, HistoryRows

FORMAT = 3
_DEFLATED, _SHUFFLED = 1, 2
"""The formats before: columns deflated, and columns byte by byte under zstd."""
_ZSTD = pa.Codec("zstd", 1)
_HEAD = struct.Struct("<BB2xII4x")
LONG, APART = 20, 10
"""Rows up to which a block keeps every number, and how far apart a longer one keeps `usual` and `spread`."""


class PackedHistoryError(ValueError):
    """Bytes that hold no history rows of this format."""


def pack(rows: HistoryRows) -> bytes:
    """Rows as bytes: columns as they lie in memory, but of a long block only some of `usual` and `spread`, see `told`.
    They are not compressed: a block lives until its hour is compacted, and squeezing random digits took half of the
    time of writing it (measured)."""
    here = told(len(rows))
    wide = (rows.values, rows.usual[here], rows.spread[here])
    columns = (rows.time.astype("<f8"), *(np.ascontiguousarray(array, "<f4") for array in wide))
    last = (rows.score.astype("<f4"), rows.tier.astype("<i1"))
    return b"".join((head(len(rows), rows.values.shape[1]), *(column.tobytes() for column in (*columns, *last))))


def every(n: int) -> int:
    """Of a block of n rows, every how many rows `usual` and `spread` are kept.

    >>> every(LONG), every(LONG + 1)
    (1, 10)
    """
    return APART if n > LONG else 1


def told(n: int) -> NDArray[np.intp]:
    """The rows of which a block of n rows keeps `usual` and `spread`: in a long one every tenth and the last, and what
    was between is read from straight lines. Only a backlog makes long blocks; in ten seconds what is usual, a memory
    of hours, hardly moves.

    >>> told(22).tolist()
    [0, 10, 20, 21]
    """
    rows = np.arange(0, n, every(n))
    return rows if not n or rows[-1] == n - 1 else np.append(rows, n - 1)


def head(n: int, channels: int) -> bytes:
    """What comes before the columns of n rows: time, values, usual, spread, score and tier."""
    return _HEAD.pack(FORMAT, every(n), n, channels)


def unpack(blob: bytes) -> HistoryRows:
    """
    Raises:
        PackedHistoryError: another format, or bytes that were cut.
    """
    if not blob or blob[0] not in (FORMAT, _SHUFFLED, _DEFLATED):
        raise PackedHistoryError(f"history blob has format {blob[:1]!r}: expected {bytes([FORMAT])!r}")
    try:
        return _plain(blob) if blob[0] == FORMAT else _squeezed(blob)
    except (zlib.error, struct.error, OSError, pa.ArrowException, ValueError) as error:
        raise PackedHistoryError(f"history blob of {len(blob)} bytes is damaged: {error}") from error


def _plain(blob: bytes) -> HistoryRows:
    _, step, n, channels = _HEAD.unpack_from(blob)
    here = told(n)
    if step != every(n):
        raise ValueError(f"it keeps every {step} rows of {n}: expected {every(n)}")
    wide, few = 4 * n * channels, 4 * len(here) * channels
    places = np.cumsum([_HEAD.size, 8 * n, wide, few, few, 4 * n, n]).tolist()
    if len(blob) != places[-1]:
        raise ValueError(f"expected {places[-1]} bytes for {n} rows of {channels} channels")
    values = np.frombuffer(blob, "<f4", n * channels, places[1]).reshape(n, channels)
    usual, spread = (
        _between(np.frombuffer(blob, "<f4", len(here) * channels, at).reshape(len(here), channels), here, n)
        for at in places[2:4]
    )
    score, tier = np.frombuffer(blob, "<f4", n, places[4]), np.frombuffer(blob, "<i1", n, places[5])
    return HistoryRows(np.frombuffer(blob, "<f8", n, places[0]), values, usual, spread, score, tier)


def _between(kept: Floats, here: NDArray[np.intp], n: int) -> Floats:
    """All n rows from those at `here`: straight lines, and what was known before where the later one is not."""
    if len(here) == n:
        return kept
    rows = np.arange(n)
    left = np.minimum(np.searchsorted(here, rows, side="right") - 1, len(here) - 2)
    share = ((rows - here[left]) / (here[left + 1] - here[left])).astype(np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        lines = kept[left] + (kept[left + 1] - kept[left]) * share[:, None]
    lines = np.where(np.isfinite(lines), lines, kept[left])
    lines[here] = kept
    return lines


def _squeezed(blob: bytes) -> HistoryRows:
    shuffled = blob[0] == _SHUFFLED
    data = _inflated(blob) if shuffled else zlib.decompress(blob[1:])
    n, channels = (int(count) for count in np.frombuffer(data, "<u4", 2))
    wide_start, step = 8 + 8 * n, 4 * n * channels
    values, usual, spread = (_wide(data, wide_start + part * step, n, channels, shuffled) for part in range(3))
    score_start = wide_start + 3 * step
    score, tier = np.frombuffer(data, "<f4", n, score_start), np.frombuffer(data, "<i1", n, score_start + 4 * n)
    return HistoryRows(np.frombuffer(data, "<f8", n, 8), values, usual, spread, score, tier)


def _inflated(blob: bytes) -> bytes:
    (length,) = struct.unpack_from("<I", blob, 1)
    data: bytes = _ZSTD.decompress(blob[5:], decompressed_size=length, asbytes=True)
    return data


def _wide(data: bytes, start: int, n: int, channels: int, shuffled: bool) -> Floats:
    if not shuffled:
        return np.frombuffer(data, "<f4", n * channels, start).reshape(channels, n).T
    planes = np.frombuffer(data, np.uint8, 4 * n * channels, start).reshape(4, -1)
    columns: Floats = np.ascontiguousarray(planes.T).view("<f4").reshape(channels, n).T
    return columns
