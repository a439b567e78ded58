"""Pictures and poses of one event: asked for by the server, released by the edge, or refused in words."""

from dataclasses import dataclass, field

from services.vocabulary.poses import BodyPose
from services.vocabulary.time import UnixSeconds


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """Pictures of a resident between two times, `most` of them, for one event and one `purpose`; and of the same time
    `most_poses` poses for a purpose of their own. What has no purpose is not asked for."""

    event: str
    resident: str
    from_time: UnixSeconds
    to_time: UnixSeconds
    most: int
    purpose: str
    most_poses: int = 0
    pose_purpose: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """One small JPEG; a `silhouette` shows nothing but the outline of bodies on black."""

    time: UnixSeconds
    jpeg: bytes = field(repr=False)
    camera: str
    silhouette: bool


@dataclass(frozen=True, slots=True)
class PictureReply:
    """What was released for an event; `refusal` says why no picture was, `poses_refusal` why no pose was, where none
    was asked for or released. `shared` looks gave no pose because several bodies were in view."""

    event: str
    pictures: tuple[Picture, ...] = ()
    refusal: str = ""
    poses: tuple[BodyPose, ...] = ()
    shared: int = 0
    poses_refusal: str = ""
