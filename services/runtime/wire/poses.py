"""Poses of a body, as shares in thousandths."""

from collections.abc import Sequence

from attune_wire.v1 import sensing_pb2
from services.runtime.wire.sensing import LATEST, WireError
from services.vocabulary import BodyPose
from services.vocabulary.poses import KEYPOINTS, MOST_POSES

NARROWEST, WIDEST = 0.1, 10.0
"""Width of a picture by its height that any camera may have."""
_WHOLE = 1000


def pose_to_wire(pose: BodyPose) -> sensing_pb2.BodyPose:
    return sensing_pb2.BodyPose(
        time=pose.time,
        camera=pose.camera,
        aspect=pose.aspect,
        x=[round(x * _WHOLE) for x, _ in pose.points],
        y=[round(y * _WHOLE) for _, y in pose.points],
        score=[round(score * _WHOLE) for score in pose.scores],
    )


def poses_from_wire(event: str, messages: Sequence[sensing_pb2.BodyPose]) -> tuple[BodyPose, ...]:
    """
    Raises:
        WireError: more than belong into one answer, not one after the other, or what can be no body in a picture.
    """
    if len(messages) > MOST_POSES:
        raise WireError(f"evidence of {event[:40]!r}: {len(messages)} poses, expected at most {MOST_POSES}")
    before = -1.0
    for message in messages:
        _check(event, message, before)
        before = message.time
    return tuple(map(_pose_from_wire, messages))


def _check(event: str, message: sensing_pb2.BodyPose, before: float) -> None:
    said = f"evidence of {event[:40]!r}: a pose "
    if not before < message.time <= LATEST:  # false for NaN too
        raise WireError(f"{said}at {message.time} after one at {before}: expected Unix seconds, oldest first")
    if not NARROWEST <= message.aspect <= WIDEST:
        raise WireError(f"{said}with aspect {message.aspect}: expected {NARROWEST} to {WIDEST}")
    if len(message.camera) > 255 or not message.camera.isprintable():
        raise WireError(f"{said}of camera {message.camera[:40]!r}: expected at most 255 printable characters")
    for what in ("x", "y", "score"):
        told = getattr(message, what)
        if len(told) != KEYPOINTS:
            raise WireError(f"{said}with {len(told)} {what}: expected {KEYPOINTS}")
        if max(told) > _WHOLE:
            raise WireError(f"{said}with {what} {max(told)}: expected at most {_WHOLE}, per mille")


def _pose_from_wire(message: sensing_pb2.BodyPose) -> BodyPose:
    points = tuple((x / _WHOLE, y / _WHOLE) for x, y in zip(message.x, message.y, strict=True))
    scores = tuple(score / _WHOLE for score in message.score)
    return BodyPose(message.time, message.camera, message.aspect, points, scores)
