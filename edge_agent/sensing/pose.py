"""Counts people and measures the posture and movement of the one being followed, from 17 keypoints (MoveNet)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.capture.frame import Frame
from edge_agent.models import Model
from edge_agent.preprocess.crops import letterbox, rgb
from edge_agent.preprocess.skeleton import Skeleton, hip_height, scale_px, torso_angle, travelled
from edge_agent.preprocess.tracks import WHOLE, Area, Presence, Tracks
from edge_agent.sensing.role import Moment, Reading, mean_of, thinned, unseen
from services.vocabulary import Absence, Seconds
from services.vocabulary import Sense as SenseName

MODEL = "movenet_multipose_lightning_v1.onnx"
PERSON_THRESHOLD = 0.2
"""Source: the model's card."""
_SAME_PERSON_OVERLAP = 0.6
_SAME_TRACK_OVERLAP = 0.1
_FORGET_S: Seconds = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One person in one picture."""

    skeleton: Skeleton
    score: float
    pts_s: Seconds


class Pose:
    """Posture of the followed person: the one who overlaps most with who was followed before, else the clearest.

    Channels: `pose.torso_angle` degrees from upright, `pose.hip_height` 0 (bottom of the picture) to 1,
    `pose.wrist_speed` and `pose.speed` in torso lengths per second. Speeds are the second's largest, angle and height
    its mean. The track is appearance-free and forgotten after two seconds. Whoever is alone and has been in `zone`
    since the room was last empty or shared may be taken for the resident (see `preprocess.tracks`).
    """

    title = "pose"
    name = SenseName.POSE
    channels = ("pose.wrist_speed", "pose.speed", "pose.torso_angle", "pose.hip_height")
    needs = (MODEL,)

    def __init__(self, model: Model, per_second: float = 2.0, size: int = 256, zone: Area = WHOLE) -> None:
        self._model = model.fits({"image": (1, 0, 0, 3)}, [(1, 6, 56)])
        self._per_second = per_second
        self._size = size
        self._followed: Person | None = None
        self._tracks, self._presence = Tracks(), Presence(zone)

    def read(self, moment: Moment) -> Reading:
        """Goes on with several people in view; abstains where nobody is."""
        frames = thinned(moment.frames, self._per_second)
        if not frames:
            self._followed = None
            return Reading.absent(unseen(moment.window))
        seen = [(frame, self.find(frame)) for frame in frames]
        persons = max(len(people) for _, people in seen)
        resident = self._resident(seen)
        rows = [row for frame, people in seen if (row := self._follow(frame, people)) is not None]
        if not rows:
            return Reading.absent(Absence.NOT_IN_VIEW, persons=persons, inferences=len(frames), resident=resident)
        values = mean_of(rows)
        for name in ("pose.wrist_speed", "pose.speed"):
            if name in values:
                values[name] = max(row[name] for row in rows if name in row)
        quality = len(rows) / len(frames)
        return Reading(values, quality, persons=persons, inferences=len(frames), resident=resident)

    def _resident(self, seen: list[tuple[Frame, list[Person]]]) -> bool | None:
        """Whether the lone person was the resident in every look; None without anybody, where any face may stand for
        one: with a zone nobody is confirmed by a face alone."""
        said = []
        for frame, people in seen:
            tracks = self._tracks.update(frame.pts_s, [_area(person, frame) for person in people])
            said.append(self._presence.update(frame.pts_s, tracks))
        if not any(people for _, people in seen):
            return None if self._presence.zone == WHOLE else False
        return all(one for one, (_, people) in zip(said, seen, strict=True) if people)

    def find(self, frame: Frame) -> list[Person]:
        """Everybody in one picture, each once, clearest first; keypoints in picture pixels."""
        boxed = letterbox(frame.image, self._size)
        poses = self._model.run({"image": rgb(boxed.image).astype(np.int32)[None]})[0][0]
        people = [
            Person(_skeleton(row, self._size, boxed.scale, (boxed.left, boxed.top)), float(row[55]), frame.pts_s)
            for row in poses[np.argsort(-poses[:, 55])]
            if row[55] >= PERSON_THRESHOLD
        ]
        kept: list[Person] = []
        for person in people:
            if all(person.skeleton.overlap(other.skeleton) < _SAME_PERSON_OVERLAP for other in kept):
                kept.append(person)
        return kept

    def _follow(self, frame: Frame, people: list[Person]) -> dict[str, float] | None:
        before = self._followed
        if before is not None and frame.pts_s - before.pts_s > _FORGET_S:
            before = None
        if not people:
            self._followed = before
            return None
        self._followed = people[0]
        if before is not None:
            overlaps = [one.skeleton.overlap(before.skeleton) for one in people]
            if max(overlaps) > _SAME_TRACK_OVERLAP:
                self._followed = people[overlaps.index(max(overlaps))]
            else:
                before = None
        return _measures(self._followed, before, frame.image.shape[0])


def _area(person: Person, frame: Frame) -> Area:
    height, width = frame.image.shape[:2]
    left, top, right, bottom = person.skeleton.box.tolist()
    return Area(left / width, top / height, right / width, bottom / height)


def _measures(person: Person, before: Person | None, height_px: int) -> dict[str, float]:
    values = {
        "pose.torso_angle": torso_angle(person.skeleton),
        "pose.hip_height": hip_height(person.skeleton, height_px),
    }
    if before is not None and person.pts_s > before.pts_s:
        per_s = 1.0 / (person.pts_s - before.pts_s)
        unit_px = max(scale_px(person.skeleton), scale_px(before.skeleton))
        values["pose.wrist_speed"] = travelled(person.skeleton, before.skeleton, "wrists", unit_px) * per_s
        values["pose.speed"] = travelled(person.skeleton, before.skeleton, "trunk", unit_px) * per_s
    return {name: value for name, value in values.items() if np.isfinite(value)}


def _skeleton(row: NDArray[np.float32], size: int, scale: float, corner: tuple[float, float]) -> Skeleton:
    points = row[:51].reshape(17, 3).astype(np.float64)
    place = (points[:, 1::-1] * size - np.array(corner)) / scale
    top, left, bottom, right = (row[51:55].astype(np.float64) * size).tolist()
    box = (np.array([left, top, right, bottom]) - np.array([*corner, *corner])) / scale
    return Skeleton(place, points[:, 2], box)
