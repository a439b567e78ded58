"""What is shown of an event: few and small pictures of the last seconds, or outlines, or a refusal in words."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from pydantic import ValidationError

from attune_wire.v1 import sensing_pb2
from edge_agent.agent import Agent
from edge_agent.capture.frame import Frame, Image
from edge_agent.evidence.nudity import Nudity
from edge_agent.evidence.poses import Poses
from edge_agent.evidence.release import Refused, Release, View
from edge_agent.evidence.ring import Ring
from edge_agent.evidence.settings import EvidenceSettings, NuditySettings
from edge_agent.evidence.silhouette import silhouette
from edge_agent.models import ModelUnfit, load
from edge_agent.preprocess.skeleton import Skeleton
from edge_agent.settings import CameraSettings, EdgeSettings
from services.runtime import wire
from services.vocabulary import Mode, PictureReply, PictureRequest, Resident
from tests.unit.edge.test_agent import Context, Messages, Server, sense, serving

pytestmark = pytest.mark.unit
NOON = 1_750_000_000.0 - 1_750_000_000.0 % 86_400.0 + 43_200.0
CONSENTED = Resident("r-1", "Room 1", mode=Mode.AFFECT, consent="c-1")
REQUEST = PictureRequest("e-1", "r-1", NOON, NOON + 20.0, 0, "second opinion")
BLUE, RED = (200, 0, 0), (0, 0, 200)
LABELS = ("RED", "GREEN", "BLUE")


def plain(colour: tuple[int, int, int], height: int = 240, width: int = 320) -> Image:
    return np.full((height, width, 3), colour, np.uint8)


def noise(seed: int, height: int = 480, width: int = 640) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def seen(jpeg: bytes) -> Image:
    found = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return np.asarray(found, np.uint8)


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the detectors' shape that finds as much of a label as its colour is there."""
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["mean", "last"], ["scores"]),
        helper.make_node("Concat", ["box", "scores"], ["output0"], axis=1),
    ]
    graph = helper.make_graph(
        nodes, "colours",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, "h", "w"])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 7, 1])],
        [helper.make_tensor("last", TensorProto.INT64, [1], [2]),
         helper.make_tensor("box", TensorProto.FLOAT, [1, 4, 1], [0.0] * 4)],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path = tmp_path_factory.mktemp("models") / "colours.onnx"
    onnx.save(model, path)
    return path


def nudity(detector: Path) -> Nudity:
    return Nudity(load(detector), NuditySettings(model=Path("colours.onnx"), labels=LABELS, hits=("RED",), size_px=64))


def body(left: float, top: float, scores: float = 0.9) -> Skeleton:
    """Somebody standing, 60 x 160 pixels."""
    x = np.array([30, 33, 27, 36, 24, 50, 10, 55, 5, 58, 2, 42, 18, 42, 18, 42, 18], float)
    y = np.array([12, 9, 9, 11, 11, 40, 40, 65, 65, 88, 88, 90, 90, 125, 125, 158, 158], float)
    points = np.stack([x + left, y + top], axis=1)
    return Skeleton(points, np.full(17, scores), np.array([left, top, left + 60.0, top + 160.0]))


def somebody(_: Frame) -> list[Skeleton]:
    return [body(100.0, 40.0)]


def release(
    ring: Ring, *, allowed: Any = "picture", seat: Resident = CONSENTED, check: Nudity | None = None,
    bodies: Callable[[Frame], list[Skeleton]] = somebody, poses: Poses | None = None, **more: Any,
) -> Release:  # fmt: skip
    views = [View("c-1", allowed, seat, ring, poses or Poses("c-1", EvidenceSettings()))]
    return Release(EvidenceSettings(**more), "UTC", lambda: views, bodies, check, lambda: NOON + 20.0)


def filled(colour: tuple[int, int, int] = BLUE, seconds: int = 20) -> Ring:
    ring = Ring(EvidenceSettings())
    for second in range(seconds):
        ring.keep(NOON + second, plain(colour))
    return ring


def test_it_keeps_few_and_small_pictures_of_the_last_seconds() -> None:
    ring = Ring(EvidenceSettings(keep=10, keep_s=5.0, keep_bytes=100_000))
    for second in range(20):
        ring.keep(NOON + second, noise(second))
        assert ring.bytes <= 100_000
    assert [one.time - NOON for one in ring.between(0.0, NOON + 100.0)] == [14.0, 15.0, 16.0, 17.0, 18.0, 19.0][
        -len(ring) :
    ]
    assert 1 <= len(ring) <= 6
    assert seen(ring.between(NOON, NOON + 100.0)[0].jpeg).shape == (240, 320, 3)
    ring.keep(NOON - 3600.0, noise(1))
    assert len(ring) == 1, "a clock that was set back begins anew"
    ring.clear()
    assert (len(ring), ring.bytes) == (0, 0)


def test_it_releases_pictures_with_consent_that_a_detector_has_passed(detector: Path) -> None:
    reply = release(filled(), check=nudity(detector), most=3).release(REQUEST)
    assert [one.time - NOON for one in reply.pictures] == [0.0, 10.0, 19.0]
    assert not any(one.silhouette for one in reply.pictures)
    assert seen(reply.pictures[0].jpeg).mean() > 50


def test_it_shows_an_outline_of_what_the_detector_hits(detector: Path) -> None:
    reply = release(filled(RED), check=nudity(detector)).release(REQUEST)
    assert len(reply.pictures) == 5 and all(one.silhouette for one in reply.pictures)
    shown = seen(reply.pictures[0].jpeg)
    assert shown[120, 130].min() > 200, "a body"
    assert shown[10, 10].max() < 30, "and nothing of the room"


@pytest.mark.parametrize(
    "facts",
    [
        {"check": None},
        {"allowed": "silhouette"},
        {"seat": Resident("r-1", "Room 1")},
    ],
)
def test_it_shows_outlines_alone_where_anything_is_missing(detector: Path, facts: dict[str, Any]) -> None:
    reply = release(filled(), **{"check": nudity(detector), **facts}).release(REQUEST)
    assert reply.pictures and all(one.silhouette for one in reply.pictures)


def test_it_shows_black_where_nobody_is_found_and_refuses_where_nobody_can_look() -> None:
    nobody = release(filled(), bodies=lambda _: []).release(REQUEST)
    assert max(int(seen(one.jpeg).max()) for one in nobody.pictures) < 10

    def away(_: Frame) -> list[Skeleton]:
        raise Refused("no model that finds bodies is loaded")

    reply = release(filled(), bodies=away).release(REQUEST)
    assert (reply.pictures, reply.refusal) == ((), "no model that finds bodies is loaded")


@pytest.mark.parametrize(
    ("change", "facts", "says"),
    [
        ({}, {"allowed": "none"}, "evidence = none"),
        ({}, {"private": ("11:30-13:00",)}, "private hours"),
        ({"from_time": NOON - 120.0, "to_time": NOON - 1.0}, {"private": ("11:58-11:59",)}, "private hours"),
        ({"resident": "r-2"}, {}, "nobody of that name"),
        ({"purpose": " "}, {}, "without an event or a purpose"),
        ({"event": ""}, {}, "without an event or a purpose"),
        ({"to_time": NOON + 3600.0}, {}, "at most 120 s"),
        ({"from_time": float("nan")}, {}, "at most 120 s"),
        ({"from_time": NOON + 100.0, "to_time": NOON + 110.0}, {}, "kept any more"),
    ],
)
def test_it_refuses_in_words(change: dict[str, Any], facts: dict[str, Any], says: str) -> None:
    reply = release(filled(), **facts).release(replace(REQUEST, **change))
    assert reply.pictures == ()
    assert says in reply.refusal


def test_it_draws_bodies_and_an_ellipse_for_one_that_is_not_sure() -> None:
    both = silhouette(240, 320, [body(40.0, 40.0), body(200.0, 40.0, scores=0.1)])
    assert set(np.unique(both).tolist()) == {0, 255}
    assert both[40 + 60, 40 + 30, 0] == both[120, 230, 0] == 255
    assert both[:30].max() == 0


def test_it_refuses_a_detector_of_another_shape_and_labels_that_do_not_fit(detector: Path) -> None:
    with pytest.raises(ModelUnfit, match="7"):
        Nudity(load(detector), NuditySettings(model=Path("colours.onnx"), labels=("A", "B"), hits=("A",)))
    with pytest.raises(ValidationError, match="expected some of labels"):
        NuditySettings(model=Path("m"), labels=("A",), hits=("B",))
    with pytest.raises(ValidationError, match=r"21:30-06:30"):
        EvidenceSettings(private=("at night",))


@pytest.mark.parametrize("wrong", [{"model": "/nowhere.onnx"}, {"sha256": "0" * 64}, {"labels": ("RED",)}])
def test_it_has_no_detector_where_the_file_is_not_the_one_that_was_meant(
    tmp_path: Path, asset_mirror: Path, detector: Path, wrong: dict[str, Any]
) -> None:
    told = {"model": detector, "labels": LABELS, "hits": ("RED",)}
    camera = CameraSettings(name="c-1", source="simulated", resident="r-1", room="Room 1")
    for asked, there in ((told, True), (told | wrong, False)):
        evidence = EvidenceSettings(nudity=NuditySettings(**asked))  # type: ignore[arg-type]
        agent = Agent(EdgeSettings(cameras=[camera], spool=tmp_path / "spool.db", evidence=evidence))
        assert (agent._album._nudity is not None) is there
        agent._spool.close()


def test_a_hello_names_every_model_that_looks_at_somebody(tmp_path: Path, asset_mirror: Path, detector: Path) -> None:
    clip = str(asset_mirror / "clips" / "intel" / "help.mkv")
    camera = CameraSettings(name="c-1", source=clip, resident="r-1", room="Room 1", mode=Mode.AFFECT, consent="c-1")
    evidence = EvidenceSettings(nudity=NuditySettings(model=detector, labels=LABELS, hits=("RED",)))
    agent = Agent(EdgeSettings(cameras=[camera], spool=tmp_path / "spool.db", evidence=evidence))
    told = {name: sha256 for name, sha256, _ in agent._identity().models}
    agent._spool.close()
    used = [asset_mirror / "models" / name for name in told if name != detector.name]
    assert {"face_detection_yunet_2026may.onnx", "faceapi_expression.onnx", detector.name} <= set(told)
    assert all(told[file.name] == hashlib.sha256(file.read_bytes()).hexdigest() for file in (*used, detector))


class Curious(Server):
    """Asks for pictures of the last seconds, again and again until some come."""

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
                ask = PictureRequest("e-1", "r-1", latest - 5.0, latest, 2, "a test")
                yield sensing_pb2.ServerMessage(evidence_request=wire.picture_request_to_wire(ask))


@pytest.mark.parametrize("source", ["clip", "simulated"])
def test_it_answers_over_the_stream(tmp_path: Path, asset_mirror: Path, source: str) -> None:
    clip = str(asset_mirror / "clips" / "intel" / "help.mkv")

    async def story() -> None:
        servicer = Curious()
        camera = CameraSettings(
            name="c-1",
            source=clip if source == "clip" else source,
            resident="r-1",
            room="Room 1",
            evidence="silhouette",
        )
        async with serving(servicer) as address:
            agent = Agent(EdgeSettings(server=address, cameras=[camera], spool=tmp_path / "spool.db", health_port=0))
            await sense(agent, lambda: any(reply.pictures or source != "clip" for reply in servicer.replies))
        shown = [one for reply in servicer.replies for one in reply.pictures]
        if source == "clip":
            assert all(one.silhouette for one in shown)
            assert any(seen(one.jpeg).max() > 200 for one in shown), "somebody was there"
        else:
            assert servicer.replies[0].refusal == "nobody of that name is watched here"

    asyncio.run(story())
