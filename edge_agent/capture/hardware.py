"""Finds out whether this machine decodes pictures in hardware, by having it decode one; says so once."""

import io
from fractions import Fraction
from functools import cache

import av
import numpy as np
from av.codec.hwaccel import HWAccel, hwdevices_available

from services.runtime.logs import logger

SOFTWARE = "software"
PREFERRED = ("cuda", "vaapi", "qsv", "videotoolbox")
"""Tried in this order by `auto`, as far as FFmpeg was built with them."""
_WIDTH, _HEIGHT = 320, 240
"""Smaller pictures some devices refuse."""


class _NoHardware(Exception):
    """Why a device decodes nothing here."""


@cache
def chosen(wanted: str) -> str:
    """The device that decodes: `wanted`, for `auto` the first that works, or `software` where none does.

    Logged once per process. A device asked for by name that does not work is a warning: decoding goes on in software.
    """
    if wanted == SOFTWARE:
        return SOFTWARE
    reasons = []
    for device in [one for one in PREFERRED if one in hwdevices_available()] if wanted == "auto" else [wanted]:
        try:
            _try(device)
        except _NoHardware as error:
            reasons.append(f"{device}: {error}")
        else:
            logger().info("pictures are decoded in hardware", device=device)
            return device
    log = logger().info if wanted == "auto" else logger().warning
    log("pictures are decoded in software", wanted=wanted, reason="; ".join(reasons) or "no device is known here")
    return SOFTWARE


def accelerator(device: str) -> HWAccel | None:
    """What opens a source on `device`; a stream that it cannot decode is decoded in software."""
    return None if device == SOFTWARE else HWAccel(device, allow_software_fallback=True)


def _try(device: str) -> None:
    if device not in hwdevices_available():
        raise _NoHardware(f"FFmpeg was built without it; it knows {', '.join(hwdevices_available())}")
    try:
        with av.open(_picture(), "r", hwaccel=HWAccel(device, allow_software_fallback=False)) as film:
            next(film.decode(video=0))
    except (av.error.FFmpegError, OSError, RuntimeError, NotImplementedError) as error:
        raise _NoHardware(f"the device did not decode a picture ({error})") from error


def _picture() -> io.BytesIO:
    """A film of one grey picture, H.264, in memory."""
    content = io.BytesIO()
    with av.open(content, "w", format="matroska") as film:
        stream = film.add_stream("h264", rate=1)
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.full((_HEIGHT, _WIDTH, 3), 128, np.uint8), format="bgr24")
        frame.pts, frame.time_base = 0, Fraction(1, 1)
        film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    content.seek(0)
    return content
