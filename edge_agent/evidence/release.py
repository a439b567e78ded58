"""Decides what of the last seconds leaves the edge for one event: pictures, outlines, poses, or a refusal in words."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import cv2
import numpy as np

from edge_agent import metrics
from edge_agent.capture.frame import Frame, Image
from edge_agent.evidence.nudity import Nudity
from edge_agent.evidence.poses import Looked, Poses
from edge_agent.evidence.ring import Kept, Ring
from edge_agent.evidence.settings import Allowed, EvidenceSettings
from edge_agent.evidence.silhouette import silhouette
from edge_agent.models import Model
from edge_agent.preprocess.skeleton import Skeleton
from services.runtime import logs
from services.vocabulary import BodyPose, Mode, Picture, PictureReply, PictureRequest, Resident, UnixSeconds
from services.vocabulary.hours import within
from services.vocabulary.poses import MOST_POSES

UNASKED = "no picture was asked for"
LONGEST_S = 120.0
"""No request spans more (source: guess)."""
Bodies = Callable[[Frame], list[Skeleton]]
"""Everybody in a picture; raises when no model can tell."""


@dataclass(frozen=True, slots=True)
class View:
    """One camera as far as evidence goes: what its settings allow, who is watched how now, its last seconds."""

    camera: str
    allowed: Allowed
    seat: Resident
    ring: Ring
    poses: Poses


class Refused(RuntimeError):
    """Nothing is released; the message says why."""


class Release:
    """Answers one request at a time. `views` gives the cameras as they are now, `bodies` finds people for silhouettes,
    `nudity` is None where no detector is configured: then only silhouettes leave, as of everybody who is watched
    without consent, and wherever a detector says so. Poses leave wherever an outline may: no face is in either."""

    def __init__(
        self, settings: EvidenceSettings, time_zone: str, views: Callable[[], list[View]], bodies: Bodies,
        nudity: Nudity | None, now: Callable[[], UnixSeconds],
    ) -> None:  # fmt: skip
        self._settings, self._zone = settings, ZoneInfo(time_zone)
        self._views, self._bodies, self._nudity, self._now = views, bodies, nudity, now
        self._log = logs.logger(part="evidence")

    @property
    def models(self) -> tuple[Model, ...]:
        """What looks at pictures before they leave."""
        return () if self._nudity is None else (self._nudity.model,)

    def release(self, request: PictureRequest) -> PictureReply:
        """What may be seen of an event, and how a body moved; each where a purpose is given for it."""
        reply = self._pictures(request)
        if not request.pose_purpose.strip():
            return reply
        shared = 0
        try:
            view = self._view(request)
            looked = view.poses.between(request.from_time, request.to_time)
            shared = looked.shared
            poses = _few(looked, request.most_poses)
        except Refused as error:
            metrics.POSES.labels("refused").inc()
            self._log.info("poses refused", event_id=request.event[:64], reason=str(error))
            return replace(reply, shared=shared, poses_refusal=str(error))
        metrics.POSES.labels("released").inc()
        self._log.warning("poses released", event_id=request.event[:64], poses=len(poses), shared=shared,
                          purpose=request.pose_purpose[:200])  # fmt: skip
        return replace(reply, poses=poses, shared=shared)

    def _pictures(self, request: PictureRequest) -> PictureReply:
        if not request.purpose.strip() and request.pose_purpose.strip():
            return PictureReply(request.event, refusal=UNASKED)
        try:
            view = self._view(request)
            kept = _spread(view.ring.between(request.from_time, request.to_time), request.most, self._settings.most)
            if not kept:
                raise Refused("no picture of that time is kept any more")
            pictures = tuple(self._shown(one, view) for one in kept)
        except Refused as error:
            metrics.PICTURES.labels("refused").inc()
            self._log.warning("pictures refused", event_id=request.event[:64], reason=str(error))
            return PictureReply(request.event, refusal=str(error))
        bare = sum(not one.silhouette for one in pictures)
        metrics.PICTURES.labels("picture").inc(bare)
        metrics.PICTURES.labels("silhouette").inc(len(pictures) - bare)
        self._log.warning("pictures released", event_id=request.event[:64], pictures=bare,
                          silhouettes=len(pictures) - bare, purpose=request.purpose[:200])  # fmt: skip
        return PictureReply(request.event, pictures)

    def private(self, now: UnixSeconds) -> bool:
        """Whether these are private hours: then nothing is kept either."""
        local = datetime.fromtimestamp(now, self._zone)
        return within(local.hour * 60 + local.minute, self._settings.private)

    def _view(self, request: PictureRequest) -> View:
        if not request.event or not (request.purpose + request.pose_purpose).strip():
            raise Refused("a request without an event or a purpose: expected both")
        times = (request.from_time, request.to_time)
        if not all(map(math.isfinite, times)) or not 0.0 <= request.to_time - request.from_time <= LONGEST_S:
            raise Refused(f"a request from {times[0]} to {times[1]}: expected at most {LONGEST_S:g} s, in order")
        view = next((one for one in self._views() if one.seat.id == request.resident), None)
        if view is None:
            raise Refused("nobody of that name is watched here")
        if view.allowed == "none":
            raise Refused("this camera's settings allow no evidence: evidence = none")
        if self.private(self._now()) or self.private(request.from_time) or self.private(request.to_time):
            raise Refused("these are private hours")
        return view

    def _shown(self, kept: Kept, view: View) -> Picture:
        image = self._picture(kept)
        if view.allowed == "picture" and view.seat.mode is Mode.AFFECT and self._nudity is not None:
            if not self._nudity.hit(image):
                return Picture(kept.time, kept.jpeg, view.camera, silhouette=False)
            metrics.PICTURES.labels("nudity").inc()
        return Picture(kept.time, self._outline(image), view.camera, silhouette=True)

    @staticmethod
    def _picture(kept: Kept) -> Image:
        image = cv2.imdecode(np.frombuffer(kept.jpeg, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise Refused("a picture that was kept cannot be read")
        return np.asarray(image, np.uint8)

    def _outline(self, image: Image) -> bytes:
        drawn = silhouette(image.shape[0], image.shape[1], self._bodies(Frame(image, 0.0)))
        done, jpeg = cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, self._settings.quality])
        if not done:
            raise Refused("a silhouette cannot be written")
        return jpeg.tobytes()


def _few(looked: Looked, asked: int) -> tuple[BodyPose, ...]:
    """At most so many, the last among them."""
    most = min(asked, MOST_POSES)
    if not most:
        raise Refused("no pose was asked for: expected a number above 0")
    if not looked.poses:
        raise Refused("several people were in view all the time" if looked.shared else "nobody was seen")
    return looked.poses[-most:]


def _spread(kept: list[Kept], asked: int, most: int) -> list[Kept]:
    """At most so many, evenly over the time, the last among them."""
    wanted = min(asked or most, most, len(kept))
    places = np.linspace(len(kept) - 1, 0, wanted).round().astype(int) if wanted > 1 else [-1] * wanted
    return [kept[place] for place in sorted(places)]
