"""History rows as a few compressed bytes for the hot tail, and back."""

import zlib

import numpy as np

from services.ledger.history.rows import Floats, HistoryRows

FORMAT = 1


class PackedHistoryError(ValueError):
    """Bytes that hold no history rows of this format."""


def pack(rows: HistoryRows) -> bytes:
    """Rows as bytes, column by column, because columns of usual and spread repeat themselves."""
    columns = [
        np.asarray([len(rows), rows.values.shape[1]], "<u4").tobytes(),
        rows.time.astype("<f8").tobytes(),
        *(array.T.astype("<f4").tobytes() for array in (rows.values, rows.usual, rows.spread)),
        rows.score.astype("<f4").tobytes(),
        rows.tier.astype("<i1").tobytes(),
    ]
    return bytes([FORMAT]) + zlib.compress(b"".join(columns), level=1)


def unpack(blob: bytes) -> HistoryRows:
    """
    Raises:
        PackedHistoryError: another format, or bytes that were cut.
    """
    if not blob or blob[0] != FORMAT:
        raise PackedHistoryError(f"history blob has format {blob[:1]!r}: expected {bytes([FORMAT])!r}")
    try:
        data = zlib.decompress(blob[1:])
    except zlib.error as error:
        raise PackedHistoryError(f"history blob of {len(blob)} bytes is damaged: {error}") from error
    n, channels = (int(count) for count in np.frombuffer(data, "<u4", 2))
    wide_start, step = 8 + 8 * n, 4 * n * channels
    values, usual, spread = (_wide(data, wide_start + part * step, n, channels) for part in range(3))
    score_start = wide_start + 3 * step
    score, tier = np.frombuffer(data, "<f4", n, score_start), np.frombuffer(data, "<i1", n, score_start + 4 * n)
    return HistoryRows(np.frombuffer(data, "<f8", n, 8), values, usual, spread, score, tier)


def _wide(data: bytes, start: int, n: int, channels: int) -> Floats:
    return np.frombuffer(data, "<f4", n * channels, start).reshape(channels, n).T
