"""An edge through a simulated day with the link cut for hours: real spool, uplink, stream, intake, engine and ledger.

`python -m tests.bench.day [--hours 24] [--cut 9 15] [--seats 2]`: the seconds come from a clock that only the bench
turns, so that a day takes less than a minute. What became durable is counted in the ledger's history.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import grpc.aio
import numpy as np

from edge_agent.identity import CameraReport, Identity
from edge_agent.spool import Row, Spool
from edge_agent.uplink import Uplink
from services.ledger import Database, EventRepository
from services.ledger.history import window
from services.runtime.clock import VirtualClock
from services.runtime.ports import free_port
from services.vocabulary import Cue, CueName, Policy, Resident, Tier
from tests.bench.table import Figure, publish
from threshold_service.intake import Intake
from threshold_service.roster import Roster
from threshold_service.settings import ThresholdSettings

START = 1_750_000_000.0
CHANNELS = ("motion.ratio", "motion.erratic", "audio.loudness")
USUAL, SPREAD = np.array([0.1, 0.06, -48.0]), np.array([0.02, 0.01, 2.0])
CRIED_AT_H = (4.0, 12.0, 20.0)
"""Hours at which the first resident cries: before, during and after the cut."""
RATE = 2000.0
CHUNK_S = 60


class Day(VirtualClock):
    """Only the bench turns it; whoever sleeps lets the others work for a moment."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0.001)


@dataclass(frozen=True, slots=True)
class Lived:
    """What came of the day. `lost` and `doubled` count seconds of residents in the ledger, `alerts` the events of
    tier 1 that opened around each crying. `catching_up_s` is how long seconds that were sensed after the link was back
    had to wait behind those of the cut, `fastest` the most samples sent in one second of the replay, `again` how many
    were sent twice because nobody had said that they were durable, `unconfirmed` how many these were when the link was
    cut, `dropped` what a full spool gave up."""

    samples: int
    lost: int
    doubled: int
    alerts: tuple[int, ...]
    catching_up_s: float
    fastest: float
    again: int
    unconfirmed: int
    dropped: int
    rss_early_mb: float
    rss_late_mb: float
    spool_mb: float
    took_s: float


class House:
    """One server that can be cut off, and one agent."""

    def __init__(self, folder: Path, seats: int, rows: int) -> None:
        self.clock = Day(START)
        self.seats = tuple(Resident(f"r-{i}", f"Room {i}") for i in range(seats))
        self.database = Database(f"sqlite:///{folder / 'ledger.db'}")
        self.database.migrate()
        self.folder, self.port = folder, free_port()
        self.spool = Spool(folder / "spool.db", rows, ballast_bytes=0)
        who = Identity("edge-1", "bench", "", "UTC", CHANNELS, self.seats)
        self.uplink = Uplink(f"127.0.0.1:{self.port}", who, self.spool, self.clock, self._cameras, rate=RATE)
        self.settings = ThresholdSettings(snapshot_s=2.0, port=self.port)
        self.server: grpc.aio.Server | None = None
        self.rng = np.random.default_rng(1)
        self.lived_s = 0

    async def serve(self) -> None:
        self.server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        Intake(Roster(self.database, self.clock, Policy(), "replica-1"), self.clock, self.settings).join(self.server)
        self.server.add_insecure_port(f"127.0.0.1:{self.port}")
        await self.server.start()

    async def cut(self) -> None:
        assert self.server is not None
        await self.server.stop(0)
        self.server = None

    def live(self, seconds: int) -> None:
        """So many seconds of every resident go into the spool at once."""
        values = self.rng.normal(USUAL, SPREAD, (seconds * len(self.seats), len(CHANNELS))).astype(np.float32)
        rows = []
        for i in range(seconds * len(self.seats)):
            second, seat = self.lived_s + 1 + i // len(self.seats), i % len(self.seats)
            crying = seat == 0 and any(0 <= second - at * 3600 < 4 for at in CRIED_AT_H)
            cues = (Cue(CueName.CRY, 0.95, -0.5),) if crying else ()
            rows.append(Row(seat, START + second, values[i], 1.0, 1, cues))
        self.spool.append(rows)
        self.lived_s += seconds

    async def caught_up(self) -> None:
        """Until everything in the spool has been sent."""
        end = time.monotonic() + 60.0
        while self.uplink._sent < self.spool.newest:
            assert time.monotonic() < end, "what was spooled was never sent"
            await asyncio.sleep(0.001)

    def _cameras(self) -> list[CameraReport]:
        return []


async def lived(folder: Path, hours: int, cut_h: tuple[int, int], seats: int, rows: int = 2_000_000) -> Lived:
    """A day of `hours`, cut off from hour `cut_h[0]` to `cut_h[1]`, with room for so many `rows` in the spool."""
    began, house, stop = time.monotonic(), House(folder, seats, rows), asyncio.Event()
    await house.serve()
    talking = asyncio.create_task(house.uplink.run(stop))
    early = await _watched(house, cut_h[0])
    await house.cut()
    unconfirmed = house.spool.newest - house.uplink.acknowledged
    while house.lived_s < cut_h[1] * 3600:
        house.live(CHUNK_S)
        house.clock.advance(CHUNK_S)
        await asyncio.sleep(0)
    spool_mb = (folder / "spool.db").stat().st_size / 2**20
    dropped = house.spool.dropped
    await house.serve()
    waited_s, fastest = await _replayed(house)
    await _watched(house, hours)
    late = _rss_mb()
    while not house.uplink.drained:
        house.clock.advance(1.0)
        await asyncio.sleep(0.005)
    stop.set()
    await talking
    await house.cut()
    lost, doubled = _counted(house)
    alerts = tuple(_alerts(house, hour) for hour in CRIED_AT_H if hour < hours)
    house.spool.close()
    samples = house.lived_s * seats
    again = house.uplink.sent - samples + dropped
    took = time.monotonic() - began
    return Lived(
        samples, lost, doubled, alerts, waited_s, fastest, again, unconfirmed, dropped, early, late, spool_mb, took
    )


async def _watched(house: House, until_h: int) -> float:
    """Live while the link is there; the memory of the process after the first of these hours."""
    early, first = 0.0, house.lived_s + 3600
    while house.lived_s < until_h * 3600:
        house.live(CHUNK_S)
        house.clock.advance(CHUNK_S)
        await house.caught_up()
        if house.lived_s >= first and not early:
            early = _rss_mb()
    return early


async def _replayed(house: House) -> tuple[float, float]:
    """Second by second until nothing waits: how many seconds that took, and the most samples sent in one."""
    await _open(house)
    began, fastest, sent = house.clock.monotonic(), 0.0, house.uplink.sent
    while house.uplink._sent < house.spool.newest - len(house.seats):
        for _ in range(20):
            house.clock.advance(0.05)
            await _still(house)
        house.live(1)
        fastest, sent = max(fastest, house.uplink.sent - sent), house.uplink.sent
    return house.clock.monotonic() - began, fastest


async def _still(house: House) -> None:
    """Until the uplink has sent what this moment of the clock allows, however busy the machine is."""
    quiet, sent = 0, house.uplink.sent
    while quiet < 4:
        await asyncio.sleep(0.001)
        quiet, sent = (quiet + 1, sent) if house.uplink.sent == sent else (0, house.uplink.sent)


async def _open(house: House) -> None:
    end = time.monotonic() + 60.0
    while not house.uplink._open:
        assert time.monotonic() < end, "the agent never came back"
        await asyncio.sleep(0.005)


def _counted(house: House) -> tuple[int, int]:
    """Seconds of residents that the ledger does not have, and those that it has twice."""
    lost = doubled = 0
    for seat in house.seats:
        times = np.concatenate([
            window(house.database, house.folder, seat.id, START + start, START + start + 3600.0).time
            for start in np.arange(0.5, house.lived_s, 3600.0)
        ])  # fmt: skip
        kept = np.unique(np.rint(times - START))
        lost += house.lived_s - len(kept[(kept >= 1) & (kept <= house.lived_s)])
        doubled += len(times) - len(kept)
    return lost, doubled


def _alerts(house: House, hour: float) -> int:
    with house.database.read() as connection:
        found = EventRepository(connection).page(None, 1000, "r-0", Tier.IMMEDIATE)
    return sum(0.0 <= event.opened_at - START - hour * 3600 < 60.0 for event in found)


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def main() -> int:
    """Live through it and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--cut", type=int, nargs=2, default=(9, 15))
    parser.add_argument("--seats", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        day = asyncio.run(lived(Path(folder), given.hours, tuple(given.cut), given.seats))
    grown = day.rss_late_mb - day.rss_early_mb
    told = all(count == 1 for count in day.alerts)
    return publish("day", [
        Figure("samples of a simulated day, link cut for 6 h of 24", day.samples, "samples"),
        Figure("of these lost", day.lost, "samples", bar="0", met=day.lost == 0),
        Figure("of these twice in the ledger", day.doubled, "samples", bar="0", met=day.doubled == 0),
        Figure("sent again after the cut", day.again, "samples"),
        Figure("cryings before, during, after the cut told once", sum(day.alerts), "alerts", bar="one each", met=told),
        Figure("memory grown from hour 1 to the end", grown, "MB", "at hour 1", day.rss_late_mb / day.rss_early_mb,
               "<= 1.15", day.rss_late_mb <= 1.15 * day.rss_early_mb),
        Figure("spool at the end of the cut", day.spool_mb, "MB"),
        Figure("sent at most in one second of the replay", day.fastest, "samples/s", "its limit", day.fastest / RATE,
               "<= 1.25", day.fastest <= 1.25 * RATE),
        Figure("until what is sensed now is sent at once again", day.catching_up_s, "s"),
        Figure("it took", day.took_s, "s"),
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
