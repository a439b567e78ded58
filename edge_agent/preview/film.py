"""Writes pictures with their own times as a film without sound."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from edge_agent.capture.frame import Image
from services.vocabulary.time import Seconds

_BASE = Fraction(1, 1000)


class Film:
    """Takes pictures in the order of their times; the first one's size is that of all."""

    def __init__(self, part: Path, title: str) -> None:
        self._container = av.open(str(part), "w", format="mp4")
        self._container.metadata["title"] = title
        self._stream: av.VideoStream | None = None
        self._last = -1

    def add(self, image: Image, time_s: Seconds) -> None:
        """One picture; one that is not later than the one before is left out."""
        if self._stream is None:
            self._stream = self._container.add_stream("h264", rate=30, options={"crf": "23", "preset": "veryfast"})
            self._stream.height, self._stream.width = image.shape[:2]
            self._stream.pix_fmt = "yuv420p"
            self._stream.codec_context.time_base = _BASE
        due = round(time_s / _BASE)
        if due <= self._last or image.shape[:2] != (self._stream.height, self._stream.width):
            return
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
        frame.pts, frame.time_base, self._last = due, _BASE, due
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write what is still inside the encoder."""
        if self._stream is not None:
            self._container.mux(self._stream.encode(None))
        self._container.close()


@contextmanager
def film(out: Path, title: str) -> Iterator[Film]:
    """A film that appears at `out` when the block ends, and not at all where it fails."""
    part = out.with_name(out.name + ".part")
    try:
        made = Film(part, title)
        try:
            yield made
        finally:
            made.close()
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
