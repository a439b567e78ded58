"""Where pictures and sound come from, as the operator writes it, and what can be wrong with it."""

from dataclasses import dataclass
from enum import StrEnum

from edge_agent.preprocess.tracks import Area
from services.vocabulary.time import Seconds

_LIVE = (
    "rtsp://",
    "rtsps://",
    "rtmp://",
    "http://",
    "https://",
    "tcp://",
    "udp://",
    "srt://",
    "/dev/",
    "alsa:",
    "pulse:",
)


class SourceError(Exception):
    """A camera, stream or file that gives nothing; the message names it and the remedy."""


class SourceUnreadable(SourceError):
    """It cannot be opened, or does not hold what is expected of it."""


class SourceLost(SourceError):
    """It was open and stopped giving pictures."""


class Expects(StrEnum):
    """What a source must give: without it, it counts as unreadable."""

    PICTURES = "pictures"
    """A camera; sound is welcome."""
    SOUND = "sound"
    """A microphone; pictures, where there are any, are not decoded."""
    EITHER = "either"
    """A file of which nothing is known; what it holds is taken."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file, a stream URL or a device, and how to read it.

    `start_s` and `end_s` cut a stretch out of a file (exact to the frame and to the sample). `analysis_fps` is how
    many pictures per second are looked at; the others are decoded, counted and dropped. `read_timeout_s` is how long
    a live source may be silent before it counts as lost. `masks` are made black in every picture as it is decoded.
    `decoder` is what decodes: `software`, `auto` (in hardware where there is any), or a device as FFmpeg calls it.
    """

    url: str
    start_s: Seconds = 0.0
    end_s: Seconds | None = None
    loop: bool = False
    paced: bool = False
    analysis_fps: float = 8.0
    read_timeout_s: Seconds = 10.0
    expects: Expects = Expects.PICTURES
    masks: tuple[Area, ...] = ()
    decoder: str = "software"

    def __post_init__(self) -> None:
        if self.analysis_fps <= 0:
            raise ValueError(f"analysis_fps = {self.analysis_fps}: expected a number above 0")
        if self.end_s is not None and self.end_s <= self.start_s:
            raise ValueError(f"end_s = {self.end_s}: expected more than start_s = {self.start_s}, or nothing")

    @property
    def live(self) -> bool:
        """Whether this is a camera or stream that never ends by itself.

        >>> Source("rtsp://camera.local/1").live, Source("clip.mp4").live
        (True, False)
        """
        return self.url.startswith(_LIVE)

    @property
    def place(self) -> str:
        """The address without its password, fit for logs and errors; nor what follows a question mark, where some
        cameras want it.

        >>> Source("rtsp://nurse:secret@camera.local/1?key=secret").place
        'rtsp://camera.local/1?...'
        """
        scheme, separator, rest = self.url.partition("://")
        if not separator:
            return self.url
        rest, question, _ = rest.partition("?")
        before, slash, path = rest.partition("/")
        if "@" in path and "@" not in before:  # a password with a slash in it
            before, slash, path = "", "", path.rpartition("@")[2]
        return f"{scheme}://{before.rpartition('@')[2]}{slash}{path}{question and '?...'}"
