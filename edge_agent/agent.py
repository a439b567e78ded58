"""One edge agent: cameras in threads, one spool, one uplink, one heartbeat of totals."""

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence
from itertools import islice

from edge_agent import metrics
from edge_agent.camera import Camera, Eyes, RealCamera, SecondOfRoom
from edge_agent.edge_time import EdgeTime
from edge_agent.leftovers import fitting, send_leftovers
from edge_agent.rehearsal import interleaved, past
from edge_agent.senses import announce, chosen
from edge_agent.settings import CameraSettings, EdgeSettings
from edge_agent.simulated import SimulatedCamera
from edge_agent.spool import Row, Spool
from edge_agent.uplink import CameraReport, Identity, Uplink
from edge_agent.watch import Watch
from services.runtime import logs
from services.runtime.assets import Shelf
from services.runtime.clock import Clock, SystemClock
from services.runtime.health import HealthServer
from services.runtime.lifecycle import together, until
from services.runtime.version import SOFTWARE
from services.vocabulary import Seconds

JOIN_S: Seconds = 3.0
"""How long stopping waits for all cameras together."""
DRAIN_S: Seconds = 30.0
"""How long an agent whose sources have ended waits for the server."""


class Agent:
    """Composes one process. `run` ends when it is asked to stop, or (if told so) when all sources have ended."""

    def __init__(self, settings: EdgeSettings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._log = logs.logger(agent=settings.agent)
        spool = Spool(settings.spool, settings.spool_rows)
        self._when = EdgeTime(self._clock, spool)
        self._eyes = Eyes(Shelf.open().find, chosen(settings), settings.analysis_fps)
        self._cameras = [self._camera(camera) for camera in settings.cameras]
        self._channels = tuple(dict.fromkeys(name for camera in self._cameras for name in camera.channels))
        self._columns = [tuple(self._channels.index(name) for name in camera.channels) for camera in self._cameras]
        self._stopping = threading.Event()
        self._watches = [self._watch(seat) for seat in range(len(self._cameras))]
        self._written = 0
        self._counted: Counter[tuple[str, str, str]] = Counter()
        self._spool = fitting(spool, settings.spool, settings.spool_rows, self._identity())
        self._uplink = Uplink(settings.server, self._identity(), self._spool, self._clock, self._reports)

    async def run(self, stop: asyncio.Event) -> None:
        """Say which senses there are, rehearse where told, connect, start the cameras, and end gracefully."""
        self._announce()
        health = HealthServer(self._settings.health_host, self._settings.health_port)
        health.add("cameras", lambda: "" if self._cameras else "no camera is configured: set ATTUNE_EDGE_CAMERAS")
        health.start()
        hang_up = asyncio.Event()
        try:
            await together(hang_up, self._talk(hang_up), self._life(stop, hang_up))
        finally:
            self._stopping.set()
            self._state_totals()
            health.close()
            self._spool.close()

    async def _talk(self, hang_up: asyncio.Event) -> None:
        """Samples of an earlier schema go first; the cameras write to the spool meanwhile."""
        await send_leftovers(self._settings.spool, self._settings.server, self._identity(), self._clock, hang_up)
        await self._uplink.run(hang_up)

    async def _life(self, stop: asyncio.Event, hang_up: asyncio.Event) -> None:
        await asyncio.to_thread(self._rehearse)
        if self._settings.wait_for_drain:
            self._log.info("draining", spooled=len(self._spool))
            while not self._uplink.drained and not await until(stop, 0.1):
                pass
        for watch in self._watches:
            watch.start()
        self._log.info("cameras started", cameras=len(self._watches))
        while not await until(stop, 1.0):
            self._each_second()
            if self._settings.end_with_sources and not any(watch.alive for watch in self._watches):
                await self._drain(stop)
                break
        self._stopping.set()
        await asyncio.to_thread(self._join)
        hang_up.set()

    async def _drain(self, stop: asyncio.Event) -> None:
        """Wait, not for ever, until what the sources gave is durable."""
        end = self._clock.monotonic() + DRAIN_S
        while not self._uplink.drained and self._clock.monotonic() < end and not await until(stop, 0.1):
            pass

    def _join(self) -> None:
        """The cameras share one deadline, so that stopping is bounded however many there are."""
        end = self._clock.monotonic() + JOIN_S
        for watch in self._watches:
            watch.join(end - self._clock.monotonic())

    def _camera(self, camera: CameraSettings) -> Camera:
        if camera.simulated:
            return SimulatedCamera(camera, self._when)
        return RealCamera(camera, self._eyes, self._when)

    def _identity(self) -> Identity:
        settings = self._settings
        real = [camera for camera in self._cameras if isinstance(camera, RealCamera)]
        models = {model.name: (model.name, model.digest, model.provider) for c in real for model in c.models}
        return Identity(
            settings.agent, SOFTWARE, settings.token, settings.time_zone, self._channels,
            tuple(camera.seat() for camera in settings.cameras), tuple(models.values()),
        )  # fmt: skip

    def _announce(self) -> None:
        for camera in self._cameras:
            if isinstance(camera, RealCamera):
                announce(camera.senses, camera.models, camera.settings.name)

    def _rehearse(self) -> None:
        if self._spool.newest > 0:
            return
        pasts = [
            (seat, past(camera, camera.settings.rehearsal, self._when.now()))
            for seat, camera in enumerate(self._cameras)
            if camera.settings.rehearsal is not None
        ]
        told = interleaved(pasts, self._when.now())
        while chunk := list(islice(told, 3000)):
            self._write(chunk)

    def _watch(self, seat: int) -> Watch:
        return Watch(self._cameras[seat], lambda second: self._write([(seat, second)]), self._when, self._stopping)

    def _write(self, seconds: Sequence[tuple[int, SecondOfRoom]]) -> None:
        width = len(self._channels)
        rows: list[Row] = [second.row(seat, self._columns[seat], width) for seat, second in seconds]
        self._spool.append(rows)
        self._written += len(rows)
        metrics.SAMPLES.inc(len(rows))

    def _each_second(self) -> None:
        for seat, watch in enumerate(self._watches):
            blind = watch.look()
            metrics.BLIND.labels(watch.name).set(blind is not None)
            if blind is not None:
                self._write([(seat, blind)])
        self._state_totals(quiet=True)

    def _reports(self) -> list[CameraReport]:
        return [watch.report() for watch in self._watches]

    def _state_totals(self, quiet: bool = False) -> None:
        totals = {camera.settings.name: camera.totals() for camera in self._cameras}
        inferences: Counter[str] = Counter()
        for name, total in totals.items():
            inferences.update(total["inferences"])
            for kind, counter, label in (("frames", metrics.FRAMES, name), ("inferences", metrics.INFERENCES, "")):
                for key, count in total[kind].items():
                    self._count(counter.labels(label, key) if label else counter.labels(key), (name, kind, key), count)
        if not quiet:
            self._log.info(
                "agent totals",
                frames={name: total["frames"] for name, total in totals.items() if total["frames"]},
                inferences=dict(inferences),
                samples_written=self._written,
                samples_sent=self._uplink.sent,
                samples_acknowledged=self._uplink.acknowledged,
                samples_dropped=self._spool.dropped,
            )

    def _count(self, counter: object, key: tuple[str, str, str], count: int) -> None:
        counter.inc(count - self._counted[key])  # type: ignore[attr-defined]
        self._counted[key] = count
