"""Whether a picture is made of so little that nobody's room can be in it: bars, checks, ramps, colour washes.

Still taken for a room, because as much is in them as in a room: colour charts, washes of several colours that run
round, in spirals or in squares, fractals, zone plates; many a wash as JPEG of quality 20 or less, whose steps are all
that is left; a test card of 320 pixels after JPEG or hard H.264; charts of many ramps after hard JPEG; grids of fine
lines, and a few checks at CRF 51.
"""

import numpy as np
from numpy.typing import NDArray

from edge_agent.preprocess.pixels import Picture

ROWS, COLUMNS = 48, 64
"""Pixels looked at, evenly spaced; single ones and not means, so that stripes and checks stay what they are."""
BLACK, HARDLY_ANY = 24, 0.03
"""A row or column of which no more than this share is brighter than `BLACK` is a mask or a bar beside the picture."""
LEAST_LEFT = 0.5
"""Share of the pixels looked at that has to be left without such rows and columns: less of a room may be as plain as a
drawing (measured: under a mask over 70 % of the picture 0.005 of a room is no mixture of two rows)."""
LEAST_CONTRAST = 12.0
"""Standard deviation of the strongest colour, of 255, under which what is left of a dark room may be too plain."""
TWO_ROWS, THREE_ROWS = 0.005, 0.002
"""Share of the contrast that is no mixture of two, of three rows up to which a picture is drawn: the rows of bars,
checks and ramps are alike or mixtures of few, also after JPEG and H.264. Source: chosen on 16 of 32 clips (raw, JPEG,
MJPEG, H.264; dark, grey, blurred, masked, enlarged) as half of the least that any has: 0.0105 and 0.0039, a corner
enlarged three times. The other 16 have at least 0.0122 and 0.0054, blurred by 1/40 of their width; sharp and whole ones
0.026 and 0.014. So chosen, 347 of 2,200 pictures of every second pattern (320 to 1280 pixels wide) pass for a room,
395 of 2,200 of the others; before this rule 1,076 and 1,089. Of 39,488 pictures of rooms none is plain."""
WAVES, WAVY = 5, 0.017
"""Share of the contrast that is no sum of `WAVES` x `WAVES` cosine waves, the longest, up to which a picture is a
colour wash. Source: chosen in the same way; 16 clips have at least 0.040, the others 0.035, blurred by 1/40; sharp ones
0.059."""


def plain(image: Picture, masked: float = 0.0) -> bool:
    """Whether `image` (BGR), of which a share is masked, is drawn from two or three rows or from long waves alone.

    Looked at is the colour that differs most over the picture: a wash from blue to orange has hardly any green in it.

    >>> ramp = np.arange(256, dtype=np.uint8)[None, :, None]
    >>> plain(np.tile(ramp, (192, 1, 3)))
    True
    >>> plain(np.random.default_rng(0).integers(0, 256, (192, 256, 3), dtype=np.uint8))
    False
    """
    values = _strongest(_uncovered(_sampled(image)), masked)
    whole = float((values**2).sum())
    if values.size < LEAST_LEFT * ROWS * COLUMNS or whole < LEAST_CONTRAST**2 * values.size:
        return False
    mixed = np.cumsum(np.linalg.eigvalsh(values @ values.T)[::-1]) / whole
    if 1.0 - mixed[1] <= TWO_ROWS or 1.0 - mixed[2] <= THREE_ROWS:
        return True
    waves = _waves(values.shape[0]) @ values @ _waves(values.shape[1]).T
    return bool(1.0 - (waves**2).sum() / whole <= WAVY)


def _sampled(image: Picture) -> Picture:
    """Some pixels of `image`, colour x row x column."""
    rows = np.linspace(0, image.shape[0] - 1, ROWS).round().astype(int)
    columns = np.linspace(0, image.shape[1] - 1, COLUMNS).round().astype(int)
    return np.ascontiguousarray(image[rows[:, None], columns].transpose(2, 0, 1))


def _uncovered(colours: Picture) -> Picture:
    seen = colours.max(axis=0) > BLACK
    return colours[:, seen.mean(axis=1) > HARDLY_ANY][:, :, seen.mean(axis=0) > HARDLY_ANY]


def _strongest(colours: Picture, masked: float) -> NDArray[np.float32]:
    """The colour of the highest contrast around its mean; masks inside the picture count as the mean."""
    lit = ((colours.max(axis=0) > 0) | (masked == 0.0)).astype(np.float32)
    values = colours.astype(np.float32)
    means = np.einsum("kij->k", values) / max(1.0, float(lit.sum()))
    values -= means[:, None, None] * lit
    return np.asarray(values[int(np.einsum("kij,kij->k", values, values).argmax())])


def _waves(length: int) -> NDArray[np.float32]:
    """The longest cosine waves over `length` pixels, orthonormal, one a row."""
    waves = np.cos(np.pi * (np.arange(length) + 0.5) * np.arange(WAVES)[:, None] / length) * np.sqrt(2.0 / length)
    waves[0] /= np.sqrt(2.0)
    return np.asarray(waves, dtype=np.float32)
