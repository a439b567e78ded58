"""Counts people and measures the posture and movement of the one being followed, from 17 keypoints (MoveNet)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge_agent.capture.frame import Frame
from edge_agent.models import Model
from edge_agent.preprocess.body import CHANNELS, LARGEST, OUT_OF_BED, Body
from edge_agent.preprocess.places import Places
from edge_agent.preprocess.posture import posture
from edge_agent.preprocess.skeleton import Skeleton, trunk
from edge_agent.preprocess.tracks import FORGET_S, WHOLE, Area, Presence, Track, Tracks
from edge_agent.preprocess.whose import Homes, Whose
from edge_agent.sensing.pose_models import (
    CLOCKWISE,
    COUNTER_CLOCKWISE,
    MOVENET,
    Person,
    found_turned,
    net_of,
    once_each,
)
from edge_agent.sensing.role import Moment, Reading, mean_of, thinned, unseen
from services.vocabulary import Absence, Cue, CueName, Seconds
from services.vocabulary import Sense as SenseName

MODEL = MOVENET
_CLEAR = 0.4
"""Score under which somebody who is not upright is looked at again in the turned picture, and what a turned look has to
give to be the only one next time. Source: measured on people cut out of a clip and laid down; 0.23 to 0.36 as the
picture is, if found at all, 0.31 to 0.59 turned."""
_LYING = 0.5
_NOW_AND_THEN_S: Seconds = 4.0
"""How often an empty room is looked at turned, for whoever may lie there."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Everybody in one picture of `width` x `height` pixels."""

    pts_s: Seconds
    width: int
    height: int
    bodies: tuple[Skeleton, ...]


class Pose:
    """Posture and movement of the followed person, who was followed before, else is seen the clearest; and falls of
    anybody.

    Channels: `pose.torso_angle` degrees from upright, `pose.hip_height` 0 (bottom of the picture) to 1,
    `pose.wrist_speed` and `pose.speed` in torso lengths per second; `pose.lying`, `pose.sitting` and `pose.standing`
    evidence 0..1 (see `preprocess.posture`); `pose.fall` evidence 0..1 of a fall and of staying down, also told as the
    cue `fall` (see `preprocess.fall`); `pose.stillness`, `pose.restlessness`, `pose.rocking` and `pose.self_contact`
    0..1 (see `preprocess.habits`); with a `bed`, `pose.out_of_bed` 0..1. Speeds and the fall are the second's largest,
    the others its mean. Tracks are appearance-free and forgotten after two seconds. Whoever is alone and has been in
    `zone` since the room was last empty or shared may be taken for the resident (see `preprocess.tracks`). Who lies in
    `bed` has not fallen, and is not judged for being still. With places of `others`, who live in the same picture, the
    fall of somebody who was in one of those is not told here, and one that may be anybody's is told with an
    `uncertainty` of 1 (see `preprocess.whose`).
    """

    title = "pose"
    name = SenseName.POSE
    channels: tuple[str, ...] = CHANNELS
    needs = (MODEL,)

    def __init__(
        self, model: Model, per_second: float = 2.0, zone: Area = WHOLE, bed: Area | None = None,
        others: Sequence[Area] = (),
    ) -> None:  # fmt: skip
        self._net = net_of(model)
        self.needs = (model.name,)
        self.per_second = per_second
        self._bed = bed
        self.channels = CHANNELS if bed is None else (*CHANNELS, OUT_OF_BED)
        self._tracks, self._presence = Tracks(), Presence(zone)
        self._homes = Homes(Places(zone=zone, bed=bed).own, others)
        self._bodies: dict[int, Body] = {}
        self._followed = 0
        self._turns, self._turned_s = (CLOCKWISE, COUNTER_CLOCKWISE), float("-inf")
        self._looks = 0
        self.told: Callable[[Look], None] | None = None
        """Is given every look, for whoever keeps some of it."""

    def read(self, moment: Moment) -> Reading:
        """Goes on with several people in view; abstains where nobody is."""
        frames = thinned(moment.frames, self.per_second)
        if not frames:
            return Reading.absent(unseen(moment.window))
        self._looks = 0
        seen = [
            (frame, people, self._tracked(frame, people)) for frame in frames for people in (self.everybody(frame),)
        ]
        self._tell([(frame, people) for frame, people, _ in seen])
        persons = max(len(people) for _, people, _ in seen)
        resident = self._resident([(frame, tracks) for frame, _, tracks in seen])
        rows: list[dict[str, float]] = []
        falls: list[Cue] = []
        for frame, people, tracks in seen:
            said = self._look(frame, people, tracks)
            falls += self._falls(tracks, said)
            rows += [said[self._followed]] if people else []
        if not rows:
            return Reading.absent(Absence.NOT_IN_VIEW, persons=persons, inferences=self._looks, resident=resident)
        values = mean_of(rows)
        values |= {name: max(row[name] for row in rows if name in row) for name in LARGEST if name in values}
        values = {name: value for name, value in values.items() if name in self.channels}
        cues = tuple(sorted(falls, key=lambda cue: -cue.probability)[:1])
        quality = len(rows) / len(frames)
        return Reading(values, quality, cues, persons=persons, inferences=self._looks, resident=resident)

    def _tell(self, seen: list[tuple[Frame, list[Person]]]) -> None:
        if self.told is None:
            return
        for frame, people in seen:
            height, width = frame.image.shape[:2]
            self.told(Look(frame.pts_s, width, height, tuple(person.skeleton for person in people)))

    def _resident(self, seen: list[tuple[Frame, list[Track]]]) -> bool | None:
        """Whether the lone person was the resident in every look; None without anybody, where any face may stand for
        one: with a zone nobody is confirmed by a face alone."""
        said = [self._presence.update(frame.pts_s, tracks) for frame, tracks in seen]
        if not any(tracks for _, tracks in seen):
            return None if self._presence.zone == WHOLE else False
        return all(one for one, (_, tracks) in zip(said, seen, strict=True) if tracks)

    def _tracked(self, frame: Frame, people: list[Person]) -> list[Track]:
        return self._tracks.update(frame.pts_s, [_area(person, frame) for person in people])

    def _look(self, frame: Frame, people: list[Person], tracks: list[Track]) -> dict[int, dict[str, float]]:
        """What each track's body says in one picture; who is followed is chosen anew where they are gone."""
        known = self._bodies.items()
        self._bodies = {id_: body for id_, body in known if 0.0 <= frame.pts_s - body.seen_s <= FORGET_S}
        self._homes.update(tracks)
        self._follow(tracks)
        return {
            track.id: self._bodies.setdefault(track.id, Body()).look(
                frame.pts_s, person.skeleton, frame.image.shape[0], self._in_bed(person, frame)
            )
            for person, track in zip(people, tracks, strict=True)
        }

    def _follow(self, tracks: list[Track]) -> None:
        """Whoever was followed before, unless that is another resident and somebody else is not."""
        mine = [track.id for track in tracks if self._homes.of(track) is not Whose.ANOTHER]
        if tracks and self._followed not in (mine or [track.id for track in tracks]):
            self._followed = mine[0] if mine else tracks[0].id

    def _falls(self, tracks: list[Track], said: dict[int, dict[str, float]]) -> list[Cue]:
        """The falls that are told of this resident; what a body says of another's is taken out of what is `said`."""
        told: list[Cue] = []
        for track in tracks:
            evidence = said[track.id].get("pose.fall", 0.0)
            whose = self._homes.fallen(track, evidence > 0.0)
            if whose is Whose.ANOTHER and "pose.fall" in said[track.id]:
                said[track.id]["pose.fall"] = 0.0
            elif evidence > 0.0:
                told.append(Cue(CueName.FALL, evidence, uncertainty=1.0 if whose is Whose.UNRESOLVED else None))
        return told

    def _in_bed(self, person: Person, frame: Frame) -> bool:
        ends = trunk(person.skeleton)
        if self._bed is None or ends is None:
            return False
        height, width = frame.image.shape[:2]
        return self._bed.holds(float(ends[1][0]) / width, float(ends[1][1]) / height)

    def find(self, frame: Frame) -> list[Person]:
        """Everybody in one picture as it is, each once, clearest first; keypoints in picture pixels."""
        self._looks += 1
        return once_each(self._net.find(frame.image))

    def everybody(self, frame: Frame) -> list[Person]:
        """Everybody, with those who are seen only, or better, in the turned picture, because they lie."""
        people = self.find(frame)
        if not self._in_doubt(frame.pts_s, people):
            return people
        turned: list[Person] = []
        for turn in self._turns:
            turned += found_turned(self._net, frame.image, turn)
            self._looks += 1
            if max((one.score for one in turned), default=0.0) >= _CLEAR:
                self._turns = (turn, -turn)
                break
        return once_each([*people, *turned])

    def _in_doubt(self, time_s: Seconds, people: list[Person]) -> bool:
        if self._tracks.missing(time_s, len(people)) or any(one.score < _CLEAR and not _upright(one) for one in people):
            return True
        if people or 0.0 <= time_s - self._turned_s < _NOW_AND_THEN_S:
            return False
        self._turned_s = time_s
        return True


def _upright(person: Person) -> bool:
    return posture(person.skeleton).lying < _LYING


def _area(person: Person, frame: Frame) -> Area:
    height, width = frame.image.shape[:2]
    left, top, right, bottom = person.skeleton.box.tolist()
    return Area(left / width, top / height, right / width, bottom / height)
