"""Requests for evidence, pictures and poses, and their answers."""

import math

from attune_wire.v1 import sensing_pb2
from services.runtime.wire.poses import pose_to_wire, poses_from_wire
from services.runtime.wire.sensing import LATEST, WireError
from services.vocabulary import Picture, PictureReply, PictureRequest
from services.vocabulary.poses import MOST_LOOKS

MOST_BYTES = 4 * 2**20
"""Of all pictures of one answer (source: guess; five pictures of 320 pixels are about 100 kB)."""


def picture_request_to_wire(request: PictureRequest) -> sensing_pb2.EvidenceRequest:
    return sensing_pb2.EvidenceRequest(
        event=request.event,
        resident=request.resident,
        from_time=request.from_time,
        to_time=request.to_time,
        max_frames=request.most,
        purpose=request.purpose,
        max_poses=request.most_poses,
        pose_purpose=request.pose_purpose,
    )


def picture_request_from_wire(message: sensing_pb2.EvidenceRequest) -> PictureRequest:
    """What is asked for; what cannot be understood of it is refused by whoever releases."""
    return PictureRequest(
        message.event, message.resident, message.from_time, message.to_time, message.max_frames, message.purpose,
        message.max_poses, message.pose_purpose,
    )  # fmt: skip


def picture_to_wire(picture: Picture) -> sensing_pb2.EvidenceFrame:
    return sensing_pb2.EvidenceFrame(
        time=picture.time, jpeg=picture.jpeg, camera=picture.camera, silhouette=picture.silhouette
    )


def picture_from_wire(message: sensing_pb2.EvidenceFrame) -> Picture:
    """One picture, as it came: whoever shows it looks at it."""
    return Picture(message.time, message.jpeg, message.camera, message.silhouette)


def picture_reply_to_wire(reply: PictureReply) -> sensing_pb2.Evidence:
    frames = [picture_to_wire(one) for one in reply.pictures]
    return sensing_pb2.Evidence(
        event=reply.event, frames=frames, refusal=reply.refusal, poses=map(pose_to_wire, reply.poses),
        shared=reply.shared, poses_refusal=reply.poses_refusal,
    )  # fmt: skip


def picture_reply_from_wire(message: sensing_pb2.Evidence) -> PictureReply:
    """
    Raises:
        WireError: of no event, pictures at an impossible time, that are no JPEG, or more than belong into one answer,
            or poses that cannot be.
    """
    if not message.event:
        raise WireError("evidence of no event: expected the id that was asked for")
    if sum(len(frame.jpeg) for frame in message.frames) > MOST_BYTES:
        raise WireError(f"evidence of {message.event[:40]!r}: expected at most {MOST_BYTES} bytes of pictures")
    for frame in message.frames:
        if not (math.isfinite(frame.time) and 0.0 <= frame.time <= LATEST) or not frame.jpeg.startswith(b"\xff\xd8"):
            raise WireError(f"evidence of {message.event[:40]!r} at {frame.time}: expected JPEGs with Unix seconds")
    if message.shared > MOST_LOOKS:
        raise WireError(
            f"evidence of {message.event[:40]!r}: {message.shared} shared looks, expected at most {MOST_LOOKS}"
        )
    return PictureReply(
        message.event, tuple(map(picture_from_wire, message.frames)), message.refusal,
        poses_from_wire(message.event, message.poses), message.shared, message.poses_refusal,
    )  # fmt: skip
