"""How a body moved leaves as points alone: by the rules of pictures, of one body, and few."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attune_wire.v1 import sensing_pb2
from edge_agent.agent import Agent
from edge_agent.camera import RealCamera
from edge_agent.evidence.poses import Poses
from edge_agent.evidence.release import Release
from edge_agent.evidence.ring import Ring
from edge_agent.evidence.settings import EvidenceSettings
from edge_agent.preprocess.skeleton import Skeleton
from edge_agent.sensing.pose import Look
from edge_agent.settings import CameraSettings, EdgeSettings
from services.runtime import wire
from services.vocabulary import PictureReply, PictureRequest, Resident
from services.vocabulary.poses import MOST_LOOKS
from tests.unit.edge.test_agent import Context, Messages, Server, sense, serving
from tests.unit.edge.test_evidence import NOON, body, filled, release

pytestmark = pytest.mark.unit
ASKED = PictureRequest("e-1", "r-1", NOON, NOON + 20.0, 0, "", 60, "movement on the page")


def look(*bodies: Skeleton) -> Look:
    return Look(0.0, 320, 240, bodies)


def moving(seconds: int = 20, keep_s: float = 60.0) -> Poses:
    """Somebody who goes to the right, looked at twice a second."""
    poses = Poses("c-1", EvidenceSettings(keep_s=keep_s))
    for k in range(2 * seconds):
        poses.keep(NOON + 0.5 * k, look(body(4.0 * k, 40.0)))
    return poses


def moved(poses: Poses, **facts: Any) -> Release:
    return release(facts.pop("ring", Ring(EvidenceSettings())), poses=poses, **facts)


def test_it_tells_where_a_body_was_as_shares_of_the_picture() -> None:
    reply = moved(moving()).release(ASKED)
    assert [one.time - NOON for one in reply.poses] == [0.5 * k for k in range(40)]
    first, last = reply.poses[0], reply.poses[-1]
    assert (first.camera, first.aspect) == ("c-1", 4 / 3)
    assert first.points[0] == (round(30 / 320, 3), round(52 / 240, 3)), "the nose"
    assert first.scores == (0.9,) * 17
    assert last.points[0][0] > first.points[0][0] + 0.4, "to the right"
    assert (reply.pictures, reply.refusal) == ((), "no picture was asked for")


@pytest.mark.parametrize(
    "facts", [{"allowed": "silhouette"}, {"allowed": "picture"}, {"seat": Resident("r-1", "Room 1")}]
)
def test_it_tells_in_both_modes_and_without_a_detector_as_no_face_is_in_it(facts: dict[str, Any]) -> None:
    assert len(moved(moving(), **facts).release(ASKED).poses) == 40


@pytest.mark.parametrize(
    ("change", "facts", "says"),
    [
        ({}, {"allowed": "none"}, "evidence = none"),
        ({}, {"private": ("11:30-13:00",)}, "private hours"),
        ({"resident": "r-2"}, {}, "nobody of that name"),
        ({"event": ""}, {}, "without an event or a purpose"),
        ({"to_time": NOON + 3600.0}, {}, "at most 120 s"),
        ({"from_time": NOON + 100.0, "to_time": NOON + 110.0}, {}, "nobody was seen"),
        ({"most_poses": 0}, {}, "expected a number above 0"),
    ],
)
def test_it_refuses_in_words(change: dict[str, Any], facts: dict[str, Any], says: str) -> None:
    reply = moved(moving(), **facts).release(replace(ASKED, **change))
    assert reply.poses == ()
    assert says in reply.poses_refusal


def test_it_tells_no_pose_to_whoever_gives_no_purpose_for_one() -> None:
    reply = moved(moving(), ring=filled()).release(replace(ASKED, purpose="second opinion", pose_purpose=" "))
    assert reply.pictures and not reply.poses


def test_it_answers_both_at_once_each_with_its_own_refusal() -> None:
    both = replace(ASKED, purpose="second opinion", most=2)
    reply = moved(moving(), ring=filled()).release(both)
    assert (len(reply.pictures), len(reply.poses)) == (2, 40)
    reply = moved(moving()).release(both)
    assert (reply.pictures, reply.refusal, len(reply.poses)) == ((), "no picture of that time is kept any more", 40)
    reply = moved(Poses("c-1", EvidenceSettings()), ring=filled()).release(both)
    assert (len(reply.pictures), reply.poses_refusal) == (2, "nobody was seen")


def test_it_leaves_out_and_counts_looks_with_several_people() -> None:
    poses = Poses("c-1", EvidenceSettings())
    for k in range(10):
        poses.keep(NOON + k, look(*(body(60.0 * n, 40.0) for n in range(k % 3))))
    reply = moved(poses).release(ASKED)
    assert ([one.time - NOON for one in reply.poses], reply.shared) == ([1.0, 4.0, 7.0], 3)
    poses.clear()
    poses.keep(NOON, look(body(0.0, 40.0), body(100.0, 40.0)))
    reply = moved(poses).release(ASKED)
    assert (reply.poses, reply.shared) == ((), 1)
    assert reply.poses_refusal == "several people were in view all the time"


def test_it_answers_with_the_last_ones_where_there_are_more_than_asked_for() -> None:
    reply = moved(moving()).release(replace(ASKED, most_poses=3))
    assert [one.time - NOON for one in reply.poses] == [18.5, 19.0, 19.5]


def test_it_keeps_the_last_seconds_alone_and_begins_anew_when_the_clock_was_set_back() -> None:
    poses = moving(keep_s=5.0)
    assert [one.time - NOON for one in poses.between(0.0, NOON + 100.0).poses][::10] == [14.5, 19.5]
    poses.keep(NOON - 60.0, look(body(0.0, 40.0)))
    assert len(poses) == 1
    for k in range(2 * MOST_LOOKS):
        poses.keep(NOON + 0.001 * k, look(body(0.0, 40.0)))
    assert len(poses) == MOST_LOOKS


def test_it_puts_a_point_beside_the_picture_at_its_edge() -> None:
    poses = Poses("c-1", EvidenceSettings())
    poses.keep(NOON, look(Skeleton(np.full((17, 2), (-20.0, 260.0)), np.full(17, 1.5), np.zeros(4))))
    (pose,) = poses.between(NOON, NOON).poses
    assert (set(pose.points), set(pose.scores)) == ({(0.0, 1.0)}, {1.0})


class Curious(Server):
    """Asks how the body moved in the last seconds, again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: list[PictureReply] = []

    async def Stream(self, messages: Messages, context: Context) -> AsyncIterator[sensing_pb2.ServerMessage]:
        await anext(aiter(messages))
        yield sensing_pb2.ServerMessage(welcome=sensing_pb2.Welcome(server_time=time.time()))
        async for message in messages:
            if message.WhichOneof("body") == "evidence":
                self.replies.append(wire.picture_reply_from_wire(message.evidence))
            if message.batch.sequence:
                latest = message.batch.time[-1]
                ask = PictureRequest("e-1", "r-1", latest - 5.0, latest, 0, "", 60, "a test")
                yield sensing_pb2.ServerMessage(evidence_request=wire.picture_request_to_wire(ask))


def agent_of(folder: Path, clips: Path, allowed: Any, **told: Any) -> Agent:
    clip = str(clips / "clips" / "intel" / "help.mkv")
    camera = CameraSettings(name="c-1", source=clip, resident="r-1", room="Room 1", evidence=allowed)
    return Agent(EdgeSettings(cameras=[camera], spool=folder / "spool.db", health_port=0, **told))


def test_it_keeps_nothing_in_private_hours_nor_of_a_camera_that_may_show_none(
    tmp_path: Path, asset_mirror: Path
) -> None:
    night = EvidenceSettings(private=("12:00-13:00",))
    agent = agent_of(tmp_path, asset_mirror, "silhouette", evidence=night)
    camera = agent._cameras[0]
    assert isinstance(camera, RealCamera) and camera.moved is not None and camera.poses is not None
    camera.moved(NOON - 1.0, look(body(0.0, 40.0)))
    assert len(camera.poses) == 1
    camera.moved(NOON, look(body(0.0, 40.0)))
    assert len(camera.poses) == 0, "and what was kept before is forgotten"
    agent._spool.close()
    agent = agent_of(tmp_path, asset_mirror, "none")
    camera = agent._cameras[0]
    assert isinstance(camera, RealCamera) and camera.moved is None
    agent._spool.close()


def test_it_tells_over_the_stream_what_the_pose_net_saw_of_a_clip(tmp_path: Path, asset_mirror: Path) -> None:
    servicer = Curious()

    async def story() -> None:
        async with serving(servicer) as address:
            agent = agent_of(tmp_path, asset_mirror, "silhouette", server=address)
            await sense(agent, lambda: any(len(one.poses) >= 4 for one in servicer.replies))

    asyncio.run(story())
    poses = max((one.poses for one in servicer.replies), key=len)
    shoulders = np.array([pose.points[5:7] for pose in poses])
    assert all(np.array(pose.scores)[5:7].min() > 0.3 for pose in poses), "somebody who is well seen"
    assert (shoulders[:, 0, 0] > shoulders[:, 1, 0]).all(), "turned to the camera: the left shoulder is on the right"
    assert np.ptp(np.diff([pose.time for pose in poses])) < 0.5, "evenly over the seconds"
