"""A resident is watched as decided last: at once, across restarts, and in observables wherever anything is unclear."""

import asyncio
import gc
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from structlog.testing import capture_logs

from attune_wire.v1 import sensing_pb2
from edge_agent import mode as command
from edge_agent.agent import Agent
from edge_agent.edge_time import EdgeTime
from edge_agent.modes import Modes, withdraw, withdrawals
from edge_agent.settings import CameraSettings, EdgeSettings
from edge_agent.spool import Spool
from edge_agent.spool_rows import Row
from services.runtime import wire
from services.runtime.clock import VirtualClock
from services.vocabulary import Absence, Mode, ModeDecision, Resident
from tests.unit.edge.test_agent import Context, Messages, Server, sense, serving

pytestmark = pytest.mark.unit
NOW = 1_750_000_000.0
PLAIN, CONSENTED = Resident("r-1", "Room 1"), Resident("r-2", "Room 2", mode=Mode.AFFECT, consent="c-2")


def given(
    resident: str = "r-1", at: float = NOW + 1.0, until: float | None = None, consent: str = "c-9"
) -> ModeDecision:
    return ModeDecision(resident, Mode.AFFECT, at, "Ana", consent, until)


class House:
    """The modes of one agent, which can be started again."""

    def __init__(self, folder: Path) -> None:
        self.path, self.clock = folder / "spool.db", VirtualClock(NOW)
        self.start()

    def start(self) -> None:
        self.spool = Spool(self.path, ballast_bytes=0)
        self.modes = Modes((PLAIN, CONSENTED), self.spool, EdgeTime(self.clock, self.spool, lambda: "boot"))

    def now(self) -> list[str]:
        return [self.modes.seat(one).mode.value for one in ("r-1", "r-2")]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.spool.close()


def test_it_follows_the_server_and_remembers_it_when_it_starts_again(house: House) -> None:
    assert house.now() == ["observables", "affect"]
    house.modes.decide(given())
    house.modes.decide(ModeDecision("r-2", Mode.OBSERVABLES, NOW + 1.0, "Ana"))
    assert house.now() == ["affect", "observables"]
    assert house.modes.seat("r-1").consent == "c-9"
    house.start()
    assert house.now() == ["affect", "observables"], "the configuration says otherwise, and was decided over"


def test_it_ends_with_its_consent(house: House) -> None:
    house.modes.decide(given(until=NOW + 60.0))
    assert house.now()[0] == "affect"
    house.clock.advance(60.0)
    assert house.now()[0] == "observables"
    assert house.modes.states()[0].reason == "consent ended"
    house.modes.decide(given(at=NOW + 70.0, until=NOW + 50.0))
    assert house.now()[0] == "observables"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda m: m.ClearField("resident"),
        lambda m: setattr(m, "resident", "somebody else"),
        lambda m: setattr(m, "mode", 7),
        lambda m: setattr(m, "mode", 0),
        lambda m: m.ClearField("consent"),
        lambda m: setattr(m, "decided_at", float("nan")),
        lambda m: setattr(m, "consent_until", -1.0),
    ],
)
def test_it_takes_what_it_cannot_understand_for_observables(
    house: House, spoil: Callable[[sensing_pb2.ModeChange], None]
) -> None:
    message = wire.mode_change_to_wire(given("r-2"))
    spoil(message)
    house.modes.decide(wire.mode_change_from_wire(message))
    assert house.now() == ["observables", "observables"]


def test_it_takes_bytes_that_are_no_message_for_a_change_that_names_nobody(house: House) -> None:
    message = wire.server_message(b"\xff\xff\xff")
    assert message.WhichOneof("body") == "mode_change"
    house.modes.decide(wire.mode_change_from_wire(message.mode_change))
    assert house.now() == ["observables", "observables"]


def test_it_withdraws_at_the_edge_and_only_a_later_consent_of_the_server_changes_that(house: House) -> None:
    withdraw(house.path, "r-2", NOW + 100.0, "Ben\tat the bedside")
    house.modes.look()
    assert house.now() == ["observables", "observables"]
    (told,) = [state for state in house.modes.states() if state.resident == "r-2"]
    assert (told.decided_by, told.reason) == ("edge: Ben at the bedside", "withdrawn")
    house.start()
    house.modes.decide(given("r-2", at=NOW + 99.0))
    assert house.now()[1] == "observables", "decided before it was withdrawn"
    house.modes.decide(given("r-2", at=NOW + 101.0))
    house.modes.look()
    house.start()
    assert house.now()[1] == "affect"


@pytest.mark.parametrize("line", ["r-2 observables\n", "r-2\tyesterday\tBen\n"])
def test_it_takes_a_line_it_cannot_read_for_everybody(house: House, line: str) -> None:
    withdrawals(house.path).write_text(line)
    house.modes.look()
    assert house.now() == ["observables", "observables"]


def test_it_refuses_to_give_a_consent_at_the_edge_or_for_a_stranger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "edge.toml"
    config.write_text(
        f'spool = "{tmp_path / "spool.db"}"\n'
        '[[cameras]]\nname = "c"\nsource = "simulated"\nresident = "r-2"\nroom = "2"\n'
    )
    assert command.main(["r-2", "affect", "--config", str(config)]) == 2
    assert "resident's page" in capsys.readouterr().err
    assert command.main(["r-3", "observables", "--config", str(config)]) == 2
    assert "this agent watches r-2" in capsys.readouterr().err
    assert command.main(["r-2", "observables", "--config", str(config)]) == 0
    assert withdrawals(tmp_path / "spool.db").read_text().startswith("r-2\t")


class Deciding(Server):
    """Tells the agent to watch somebody otherwise, once samples of the former mode came."""

    def __init__(self, *decisions: ModeDecision) -> None:
        super().__init__()
        self.decisions = list(decisions)
        self.hellos: list[sensing_pb2.Hello] = []
        self.states: list[sensing_pb2.ModeState] = []
        self.batches: list[tuple[int, np.ndarray[Any, Any]]] = []

    async def Stream(self, messages: Messages, context: Context) -> AsyncIterator[sensing_pb2.ServerMessage]:
        hello = (await anext(aiter(messages))).hello
        self.hellos.append(hello)
        durable = sum(len(values) for _, values in self.batches)
        yield sensing_pb2.ServerMessage(welcome=sensing_pb2.Welcome(durable_sequence=durable, server_time=time.time()))
        async for message in messages:
            self.states += message.mode_states.states
            if message.batch.sequence:
                batch = wire.batch_from_wire(message.batch, len(hello.channels), len(hello.seats))
                self.batches.append((len(self.hellos), batch.values))
                yield sensing_pb2.ServerMessage(ack=sensing_pb2.Ack(durable_sequence=message.batch.sequence[-1]))
                stream, told = len(self.hellos), self.decisions[:1]
                if told and (told[0].mode is Mode.AFFECT or self.seen(stream, "emotion.fear")):
                    yield sensing_pb2.ServerMessage(mode_change=wire.mode_change_to_wire(self.decisions.pop(0)))

    def seen(self, stream: int, channel: str) -> bool:
        """Whether a value of a channel came on a stream."""
        place = list(self.hellos[0].channels).index(channel)
        return any(bool(np.isfinite(values[:, place]).any()) for number, values in self.batches if number == stream)


def settings(folder: Path, server: str, **camera: Any) -> EdgeSettings:
    made = CameraSettings(**{"name": "c-1", "source": "simulated", "resident": "r-1", "room": "Room 1", **camera})
    return EdgeSettings(server=server, cameras=[made], spool=folder / "spool.db", health_port=0)


def run(story: Callable[[], Any]) -> None:
    asyncio.run(story())


def test_it_turns_within_seconds_in_one_spool_and_schema(tmp_path: Path, asset_mirror: Path) -> None:
    async def story() -> None:
        servicer = Deciding(given(at=time.time()), ModeDecision("r-1", Mode.OBSERVABLES, time.time() + 1.0, "Ana"))
        async with serving(servicer) as address:
            agent = Agent(settings(tmp_path, address))
            await sense(agent, lambda: len(servicer.hellos) == 3 and servicer.batches[-1][0] == 3)
        assert [hello.seats[0].mode for hello in servicer.hellos] == [1, 2, 1]
        assert len({(hello.epoch, tuple(hello.channels)) for hello in servicer.hellos}) == 1
        assert [servicer.seen(stream, "emotion.fear") for stream in (1, 2, 3)] == [False, True, False]
        assert all(servicer.seen(stream, "motion.ratio") for stream in (1, 2, 3))
        assert agent._uplink.acknowledged >= 3

    run(story)


def test_it_sends_nothing_that_was_read_before_a_consent_was_withdrawn_while_the_link_was_down(
    tmp_path: Path, asset_mirror: Path
) -> None:
    async def story() -> None:
        affect = {"mode": Mode.AFFECT, "consent": "c-1"}
        away = Agent(settings(tmp_path, "127.0.0.1:1", **affect))
        await sense(away, lambda: away._written >= 2)
        withdraw(tmp_path / "spool.db", "r-1", time.time(), "Ben")
        servicer = Deciding()
        async with serving(servicer) as address:
            back = Agent(settings(tmp_path, address, **affect))
            await sense(back, lambda: sum(len(values) for _, values in servicer.batches) >= 4)
        assert servicer.hellos[0].seats[0].mode == 1
        assert not servicer.seen(1, "emotion.fear")
        assert servicer.seen(1, "motion.ratio")
        (state,) = servicer.states
        assert (state.decided_by, state.reason) == ("edge: Ben", "withdrawn")

    run(story)
    assert not list(tmp_path.glob("*.old")), "the same samples, in the same spool"


def test_it_unloads_what_reads_faces(tmp_path: Path, asset_mirror: Path) -> None:
    clip = str(asset_mirror / "clips" / "intel" / "help.mkv")

    async def story() -> None:
        agent = Agent(settings(tmp_path, "127.0.0.1:1", source=clip, loop=True, mode=Mode.AFFECT, consent="c-1"))
        reads = [model for model in agent._eyes.loaded if "expression" in model]
        gone = [weakref.ref(agent._eyes.loaded[model]) for model in reads]
        assert reads
        withdraw(tmp_path / "spool.db", "r-1", time.time(), "Ben")
        await sense(agent, lambda: not any(model in agent._eyes.loaded for model in reads) and agent._written > 3)
        for _ in range(50):  # the second that was being looked at may still hold them
            gc.collect()
            if all(one() is None for one in gone):
                break
            await asyncio.sleep(0.1)
        assert [one() for one in gone] == [None] * len(gone)
        assert [camera.mode for camera in agent._identity().seats] == [Mode.OBSERVABLES]

    run(story)


def test_it_tells_the_seconds_of_a_change_as_absent_and_says_why(
    tmp_path: Path, asset_mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Agent._camera

    def slowly(agent: Agent, camera: CameraSettings) -> Any:
        if camera.mode is Mode.OBSERVABLES:
            time.sleep(3.0)
        return made(agent, camera)

    monkeypatch.setattr(Agent, "_camera", slowly)

    async def story() -> None:
        agent = Agent(settings(tmp_path, "127.0.0.1:1", mode=Mode.AFFECT, consent="c-1"))
        written: list[Row] = []
        append = agent._spool.append
        monkeypatch.setattr(agent._spool, "append", lambda rows: written.extend(rows) or append(rows))

        def turned() -> bool:
            if len(written) >= 2 and not withdrawals(tmp_path / "spool.db").exists():
                withdraw(tmp_path / "spool.db", "r-1", time.time(), "Ben")
            return any(row.gaps for row in written) and not written[-1].gaps

        await sense(agent, turned)
        changed = [row for row in written if row.gaps]
        assert len(changed) >= 2
        assert {gap.reason for row in changed for gap in row.gaps} == {Absence.MODE_CHANGES}
        assert all(np.isnan(row.values).all() for row in changed)
        first = written.index(changed[0])
        steps = np.diff([row.time for row in written[first - 1 : first + len(changed) + 1]])
        assert np.all((steps > 0.4) & (steps < 1.6)), "no second is passed over, none is told twice"

    run(story)


def test_it_watches_on_until_what_reads_faces_is_loaded_and_warm(tmp_path: Path, asset_mirror: Path) -> None:
    clip = str(asset_mirror / "clips" / "intel" / "help.mkv")

    async def story() -> None:
        servicer = Deciding(given(at=time.time()))
        async with serving(servicer) as address:
            agent = Agent(settings(tmp_path, address, source=clip, loop=True))
            assert not [model for model in agent._eyes.loaded if "expression" in model]
            with capture_logs() as told:
                await sense(agent, lambda: len(servicer.hellos) == 2)
        said = [(line["event"], str(line.get("model", ""))) for line in told]
        changed = said.index(("mode changed", ""))
        reads = [
            place for place, (event, model) in enumerate(said) if "expression" in model and event == "model is warm"
        ]
        assert reads
        assert reads[0] < changed
        assert [hello.seats[0].mode for hello in servicer.hellos] == [1, 2]

    run(story)


def test_it_is_watched_as_before_when_what_another_mode_needs_cannot_be_had(
    tmp_path: Path, asset_mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Agent._camera

    def fails(agent: Agent, camera: CameraSettings) -> Any:
        if camera.mode is Mode.AFFECT:
            raise RuntimeError("no memory left on the accelerator")
        return made(agent, camera)

    monkeypatch.setattr(Agent, "_camera", fails)

    async def story() -> None:
        servicer = Deciding(given(at=time.time()))
        async with serving(servicer) as address:
            agent = Agent(settings(tmp_path, address))
            with capture_logs() as told:
                failures = [0.0]

                def failed_and_went_on() -> bool:
                    if failures[0] == 0.0 and any(line["event"].startswith("mode not changed") for line in told):
                        failures[0] = time.monotonic()
                    return 0.0 < failures[0] < time.monotonic() - 2.5

                await sense(agent, failed_and_went_on)
        failed = [line["reason"] for line in told if line["event"].startswith("mode not changed")]
        assert failed == ["RuntimeError: no memory left on the accelerator"], "said once"
        assert agent._cameras[0].settings.mode is Mode.OBSERVABLES
        assert [hello.seats[0].mode for hello in servicer.hellos] == [1]

    run(story)
