"""Pictures that go with a report: what one may be, and what is said of it."""

import base64
from dataclasses import dataclass, field
from typing import ClassVar

from services.vocabulary.time import Seconds

MOST_BYTES = 512 * 1024
"""Of one picture (source: guess; an edge agent's are about 20 kB)."""
LEAST_SIDE, MOST_SIDE = 32, 1280
"""Pixels: one patch pair of Qwen3-VL, and what a server may be made to decode (source of the latter: guess)."""
PREFIX = "picture."
INTRODUCTION = "Pictures, each a single moment; an outline shows bodies and nothing else:"


class NoPicture(ValueError):
    """Bytes that are not shown to a model; `reason` is from a closed set."""

    reason: ClassVar[str] = "no_jpeg"


class Truncated(NoPicture):
    """The file ends before the picture does, or something follows it."""

    reason = "truncated"


class TooLarge(NoPicture):
    """More bytes or pixels than a picture may have, or fewer than a model can see."""

    reason = "too_large"


@dataclass(frozen=True, slots=True)
class Frame:
    """One JPEG, taken `before_s` before the event opened (after it: negative); an `outline` shows bodies on black.

    Raises:
        NoPicture: it is none, or no usable one; the message says what was expected.
    """

    jpeg: bytes = field(repr=False)
    before_s: Seconds
    outline: bool

    def __post_init__(self) -> None:
        check(self.jpeg)

    @property
    def caption(self) -> str:
        """
        >>> Frame(_SMALLEST, 3.2, True).caption
        '3 s before the event opened, outline'
        """
        seconds = round(abs(self.before_s))
        if not seconds:
            when = "as the event opened"
        else:
            when = f"{seconds} s {'before' if self.before_s > 0 else 'after'} the event opened"
        return f"{when}, outline" if self.outline else when

    @property
    def data_uri(self) -> str:
        """The picture itself as an address, so that no server has to fetch anything."""
        return f"data:image/jpeg;base64,{base64.b64encode(self.jpeg).decode()}"


def frame_names(count: int) -> tuple[str, ...]:
    """What an indicator calls the pictures it points at.

    >>> frame_names(2)
    ('picture.1', 'picture.2')
    """
    return tuple(f"{PREFIX}{place}" for place in range(1, count + 1))


def check(jpeg: bytes) -> None:
    """
    Raises:
        NoPicture: the subclass says why not.
    """
    if len(jpeg) > MOST_BYTES:
        raise TooLarge(f"a picture of {len(jpeg)} bytes: expected at most {MOST_BYTES}")
    if not jpeg.startswith(b"\xff\xd8\xff"):
        raise NoPicture("a picture that is no JPEG: expected one")
    width, height = _size(jpeg)
    if min(width, height) < LEAST_SIDE or max(width, height) > MOST_SIDE:
        raise TooLarge(f"a picture of {width} x {height} pixels: expected sides of {LEAST_SIDE} to {MOST_SIDE}")
    if not jpeg.endswith(b"\xff\xd9"):
        raise Truncated("a JPEG that does not end as one: expected the whole file and nothing behind it")


def _size(jpeg: bytes) -> tuple[int, int]:
    """Width and height, from the frame header before the first scan (ITU T.81, B.1.1 and B.2.2)."""
    place, size = 2, None
    while place + 4 <= len(jpeg):
        if jpeg[place] != 0xFF:
            raise NoPicture("a JPEG whose segments do not follow one another: expected a sound file")
        code = jpeg[place + 1]
        if code == 0xFF:
            place += 1
            continue
        length = int.from_bytes(jpeg[place + 2 : place + 4], "big")
        if code == 0xDA and size is not None:
            return size
        if 0xC0 <= code <= 0xCF and code not in (0xC4, 0xC8, 0xCC) and place + 9 <= len(jpeg):
            size = (
                int.from_bytes(jpeg[place + 7 : place + 9], "big"),
                int.from_bytes(jpeg[place + 5 : place + 7], "big"),
            )
        if length < 2 or code == 0xDA:
            raise NoPicture("a JPEG without a frame header: expected a sound file")
        place += 2 + length
    raise Truncated("a JPEG that ends before its picture begins: expected the whole file")


_SMALLEST = (
    b"\xff\xd8\xff\xc0\x00\x0b\x08\x00\x20\x00\x20\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x00\xff\xd9"
)
"""Headers of a grey picture of 32 x 32 pixels, for the specimens of the prompt version."""


def specimen() -> Frame:
    """A frame that stands for any other where only the words around it matter."""
    return Frame(_SMALLEST, 3.0, True)
