"""An agent senses whatever its server does, sends what an earlier schema left behind, and stops in time."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from pydantic import ValidationError

from attune_wire.v1 import sensing_pb2, sensing_pb2_grpc
from edge_agent import patience
from edge_agent.agent import Agent
from edge_agent.settings import CameraSettings, EdgeSettings
from edge_agent.spool import Spool

pytestmark = pytest.mark.unit

Messages = AsyncIterator[sensing_pb2.EdgeMessage]
Context = grpc.aio.ServicerContext[Any, Any]


class Server(sensing_pb2_grpc.SensingServicer):
    """Makes everything durable; refuses the seats it is told to."""

    def __init__(self, refused: str = "", code: grpc.StatusCode = grpc.StatusCode.INVALID_ARGUMENT) -> None:
        self.refused, self.code = refused, code
        self.samples: dict[str, int] = {}
        self.blind: set[bool] = set()
        self.periods_s: list[float] = []
        self.times: list[float] = []

    async def Stream(self, messages: Messages, context: Context) -> AsyncIterator[sensing_pb2.ServerMessage]:
        hello = (await anext(aiter(messages))).hello
        self.periods_s.append(hello.sample_period_s)
        seats = "+".join(seat.resident for seat in hello.seats)
        if seats == self.refused:
            await context.abort(self.code, "not this one")
        yield sensing_pb2.ServerMessage(welcome=sensing_pb2.Welcome(server_time=time.time(), max_batch=50))
        async for message in messages:
            for camera in message.heartbeat.cameras:
                self.blind.add(camera.blind)
            if message.batch.sequence:
                self.times += message.batch.time
                self.samples[seats] = self.samples.get(seats, 0) + len(message.batch.sequence)
                yield sensing_pb2.ServerMessage(ack=sensing_pb2.Ack(durable_sequence=message.batch.sequence[-1]))


@asynccontextmanager
async def serving(servicer: Server) -> AsyncIterator[str]:
    server = grpc.aio.server()
    sensing_pb2_grpc.add_SensingServicer_to_server(servicer, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(0)


def camera(resident: str) -> CameraSettings:
    return CameraSettings(name=f"c-{resident}", source="simulated", resident=resident, room="Room 1")


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., EdgeSettings]:
    def of(server: str, *residents: str, **more: Any) -> EdgeSettings:
        cameras = [camera(resident) for resident in residents]
        return EdgeSettings(server=server, cameras=cameras, spool=tmp_path / "spool.db", health_port=0, **more)

    return of


@pytest.fixture(autouse=True)
def models(asset_mirror: Path) -> None:
    """An agent opens the shelf of models even where all its cameras are simulated."""


async def sense(agent: Agent, enough: Callable[[], bool]) -> None:
    """Let the agent run until there is enough, then stop it, in time."""
    stop = asyncio.Event()
    task = asyncio.create_task(agent.run(stop))
    end = time.monotonic() + 240.0
    while not enough() and not task.done():
        assert time.monotonic() < end, "it never came to that"
        await asyncio.sleep(0.05)
    began = time.monotonic()
    stop.set()
    await task
    assert time.monotonic() - began < 9.0


def leave(settings: EdgeSettings) -> None:
    """Samples of an agent whose server was never there."""
    agent = Agent(settings)
    agent._write([(0, agent._cameras[0].blind_second(1000.0 + i)) for i in range(5)])
    agent._spool.close()


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(story)


def held(path: Path) -> int:
    spool = Spool(path, ballast_bytes=0)
    try:
        return len(spool)
    finally:
        spool.close()


def test_it_sends_what_an_earlier_schema_left_as_what_it_was(
    settings: Callable[..., EdgeSettings], tmp_path: Path
) -> None:
    async def story() -> None:
        servicer = Server()
        async with serving(servicer) as address:
            leave(settings(address, "r-1"))
            await sense(Agent(settings(address, "r-1", "r-2")), lambda: servicer.samples.get("r-1+r-2", 0) > 0)
        assert servicer.samples["r-1"] == 5
        assert servicer.blind == {False}

    run(story())
    assert not list(tmp_path.glob("*.old*"))


def test_it_sends_a_sample_every_few_seconds_and_the_rest_when_it_stops(settings: Callable[..., EdgeSettings]) -> None:
    async def story() -> None:
        servicer = Server()
        async with serving(servicer) as address:
            made = settings(address, "r-1", sample_period_s=2)
            await sense(Agent(made), lambda: len(servicer.times) >= 2)
        assert set(servicer.periods_s) == {2.0}
        apart = [later - earlier for earlier, later in pairwise(servicer.times)]
        assert apart[0] == pytest.approx(2.0)
        assert all(gap == pytest.approx(2.0) or gap == pytest.approx(1.0) for gap in apart)

    run(story())


def test_it_senses_while_the_server_is_away_after_a_schema_change(
    settings: Callable[..., EdgeSettings], tmp_path: Path
) -> None:
    async def story() -> None:
        leave(settings("127.0.0.1:1", "r-1"))
        agent = Agent(settings("127.0.0.1:1", "r-2"))
        await sense(agent, lambda: agent._written >= 1)

    run(story())
    assert held(tmp_path / "spool.db") >= 1
    [old] = tmp_path.glob("*.old")
    assert held(old) == 5


@pytest.mark.parametrize("code", [grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.ALREADY_EXISTS])
def test_it_sets_a_leftover_aside_that_the_server_refuses_and_goes_on(
    settings: Callable[..., EdgeSettings], tmp_path: Path, code: grpc.StatusCode
) -> None:
    async def story() -> None:
        servicer = Server(refused="r-1", code=code)
        async with serving(servicer) as address:
            leave(settings(address, "r-1"))
            await sense(Agent(settings(address, "r-2")), lambda: servicer.samples.get("r-2", 0) > 0)

    run(story())
    [kept] = tmp_path.glob("*.refused")
    assert held(kept) == 5


def test_it_sets_a_leftover_aside_that_cannot_be_read_and_goes_on(
    settings: Callable[..., EdgeSettings], tmp_path: Path
) -> None:
    async def story() -> None:
        servicer = Server()
        (tmp_path / "spool-0123.old").write_bytes(b"no database" * 500)
        async with serving(servicer) as address:
            await sense(Agent(settings(address, "r-2")), lambda: servicer.samples.get("r-2", 0) > 0)

    run(story())
    assert (tmp_path / "spool-0123.refused").exists()


def test_an_agent_that_is_refused_watches_on_and_is_taken_once_that_is_mended(
    settings: Callable[..., EdgeSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "AGAIN_S", 0.1)

    async def story() -> None:
        servicer = Server(refused="r-1", code=grpc.StatusCode.UNAUTHENTICATED)
        async with serving(servicer) as address:
            agent, refused = Agent(settings(address, "r-1")), list[str]()

            def taken() -> bool:
                if agent._patience.refused and agent._written >= 2:
                    refused.append(agent._patience.refused)
                    servicer.refused = ""
                return servicer.samples.get("r-1", 0) >= 2

            await sense(agent, taken)
            assert address in refused[0]
            assert not agent._patience.refused

    run(story())


def test_it_ends_with_its_sources_and_everything_is_durable(settings: Callable[..., EdgeSettings]) -> None:
    async def story() -> None:
        servicer = Server()
        async with serving(servicer) as address:
            told = settings(address, "r-1", end_with_sources=True)
            told.cameras[0].end_s = 1.0
            agent = Agent(told)
            await asyncio.wait_for(agent.run(asyncio.Event()), 15.0)
        assert servicer.samples == {"r-1": 1}
        assert agent._uplink.acknowledged == 1

    run(story())


def test_it_refuses_a_time_zone_that_is_none() -> None:
    with pytest.raises(ValidationError, match="Europe/Vienna"):
        EdgeSettings(time_zone="Europe/Wien")
    assert EdgeSettings(time_zone="Europe/Vienna").time_zone == "Europe/Vienna"


@pytest.mark.parametrize(
    ("models", "derived"),
    [(["faceapi_expression.onnx"], {"affect.valence", "affect.arousal"}),
     (["affectnet8_mnasnet05.onnx", "affectnet_va_shufflenet200.onnx"], set())],
)  # fmt: skip
def test_it_says_which_of_its_numbers_no_model_measures(
    settings: Callable[..., EdgeSettings], demo_clip: Path, models: list[str], derived: set[str]
) -> None:
    made = settings("127.0.0.1:1", expression=models)
    film = CameraSettings(name="c-1", source=str(demo_clip), resident="r-1", room="Room 1")
    identity = Agent(made.model_copy(update={"cameras": [film]}))._identity()
    assert {one.channel for one in identity.derived} == derived
    assert all(one.variance == 0.06 for one in identity.derived)
