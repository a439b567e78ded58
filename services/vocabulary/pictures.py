"""Pictures of one event: asked for by the server, released by the edge, or refused in words."""

from dataclasses import dataclass, field

from services.vocabulary.time import UnixSeconds


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """Pictures of a resident between two times, `most` of them, for one event and one `purpose`."""

    event: str
    resident: str
    from_time: UnixSeconds
    to_time: UnixSeconds
    most: int
    purpose: str


@dataclass(frozen=True, slots=True)
class Picture:
    """One small JPEG; a `silhouette` shows nothing but the outline of bodies on black."""

    time: UnixSeconds
    jpeg: bytes = field(repr=False)
    camera: str
    silhouette: bool


@dataclass(frozen=True, slots=True)
class PictureReply:
    """What was released for an event; `refusal` says why nothing was, where nothing was."""

    event: str
    pictures: tuple[Picture, ...] = ()
    refusal: str = ""
