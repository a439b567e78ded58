"""One edge agent: cameras in threads, one spool, one uplink, one heartbeat of totals."""

import asyncio
import math
import threading
from collections import Counter
from collections.abc import Sequence
from itertools import islice

from edge_agent import metrics
from edge_agent.camera import Camera, Eyes, RealCamera, SecondOfRoom
from edge_agent.canaries import Canaries
from edge_agent.duties import Duties
from edge_agent.edge_time import EdgeTime
from edge_agent.evidence.album import album, fill
from edge_agent.identity import CameraReport, Identity
from edge_agent.leftovers import fitting, send_leftovers
from edge_agent.modes import Modes
from edge_agent.own_alarm.alarms import OwnAlarms
from edge_agent.patience import Patience
from edge_agent.period import Period
from edge_agent.preparation import Preparation
from edge_agent.rehearsal import interleaved, past
from edge_agent.schema import channels_of, derived_of
from edge_agent.senses import announce, chosen
from edge_agent.settings import CameraSettings, EdgeSettings
from edge_agent.simulated import SimulatedCamera
from edge_agent.spool import Spool
from edge_agent.spool_rows import Row
from edge_agent.uplink import Uplink
from edge_agent.warm_up import WarmUp
from edge_agent.watch import MOST_S, Watch
from services.runtime import logs
from services.runtime.assets import Shelf
from services.runtime.clock import Clock, SystemClock
from services.runtime.health import HealthServer
from services.runtime.lifecycle import together, until
from services.runtime.version import SOFTWARE
from services.vocabulary import Absence, Mode, Seconds, UnixSeconds

JOIN_S: Seconds = 3.0
"""How long stopping waits for all cameras together."""
DRAIN_S: Seconds = 30.0
"""How long an agent whose sources have ended waits for the server."""


class Agent:
    """Composes one process. `run` ends when it is asked to stop, or (if told so) when all sources have ended."""

    def __init__(self, settings: EdgeSettings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._log, self._patience = logs.logger(agent=settings.agent), Patience()
        spool = Spool(settings.spool, settings.spool_rows)
        self._when = EdgeTime(self._clock, spool)
        self._eyes = Eyes(Shelf.open().find, chosen(settings), settings.analysis_fps, settings.decoder, settings.load)
        self._eyes.share(settings.cameras, self._when)
        self._modes = Modes([camera.seat() for camera in settings.cameras], spool, self._when)
        self._album = album(settings.evidence, settings.time_zone, self._eyes, self._when, lambda: self._cameras)
        self._cameras = [self._camera(self._as_watched(camera)) for camera in settings.cameras]
        self._warming = WarmUp(self._eyes.loaded.values())
        self._channels = channels_of(self._cameras, self._eyes.choice)
        self._columns = [self._places(camera) for camera in self._cameras]
        self._periods = [self._period(camera) for camera in self._cameras]
        self._stopping = threading.Event()
        self._stops = [threading.Event() for _ in self._cameras]
        self._last: dict[int, UnixSeconds] = {}
        self._watches = [self._watch(seat) for seat in range(len(self._cameras))]
        self._preparing: dict[int, Preparation] = {}
        self._before: list[dict[str, Counter[str]]] = [{} for _ in self._cameras]
        self._written = 0
        self._counted: Counter[tuple[str, str, str]] = Counter()
        self._spool = fitting(spool, settings.spool, settings.spool_rows, self._identity())
        self._modes.keep_in(self._spool)
        self._own = OwnAlarms(settings.own_alarm, settings.agent, self._spool, self._clock, self._when)
        self._own.remember(self._identity().seats)
        self._canaries = Canaries(60.0 * settings.canary_minutes, self._clock)
        self._uplink = Uplink(
            settings.server, self._identity(), self._spool, self._clock, self._reports, self._duties(),
            math.inf if settings.wait_for_drain else settings.replay_per_s,
        )  # fmt: skip

    async def run(self, stop: asyncio.Event) -> None:
        """Say which senses there are, rehearse where told, connect, start the cameras, and end gracefully."""
        self._announce()
        health = HealthServer(self._settings.health_host, self._settings.health_port)
        health.add("models", lambda: self._warming.missing)
        health.add("server", lambda: self._patience.refused)
        health.add("cameras", lambda: "" if self._cameras else "no camera is configured: set ATTUNE_EDGE_CAMERAS")
        health.start()
        hang_up = asyncio.Event()
        try:
            await together(
                hang_up, self._talk(hang_up), self._life(stop, hang_up), self._own.run(self._uplink, hang_up)
            )
        finally:
            self._stop()
            self._state_totals()
            health.close()
            self._spool.close()

    async def _talk(self, hang_up: asyncio.Event) -> None:
        """Samples of an earlier schema go first; the cameras write to the spool meanwhile."""
        settings, duties = self._settings, self._duties()

        async def talk() -> None:
            await send_leftovers(settings.spool, settings.server, self._identity(), self._clock, hang_up, duties)
            await self._uplink.run(hang_up)

        await (talk() if settings.end_with_sources else self._patience.through(talk, hang_up))

    async def _life(self, stop: asyncio.Event, hang_up: asyncio.Event) -> None:
        await asyncio.to_thread(self._warming.run)
        await asyncio.to_thread(self._rehearse)
        if self._settings.wait_for_drain:
            self._log.info("draining", spooled=len(self._spool))
            while not self._uplink.drained and not await until(stop, 0.1):
                pass
        for watch in self._watches:
            watch.start()
        self._log.info("cameras started", cameras=len(self._watches))
        while not await until(stop, 1.0):
            await asyncio.to_thread(self._turn)
            self._each_second()
            if self._settings.end_with_sources and not any(watch.alive for watch in self._watches):
                await self._drain(stop)
                break
        self._stop()
        await asyncio.to_thread(self._join)
        for seat in range(len(self._periods)):
            self._keep_rest(seat)
        hang_up.set()

    async def _drain(self, stop: asyncio.Event) -> None:
        """Wait, not for ever, until what the sources gave is durable."""
        end = self._clock.monotonic() + DRAIN_S
        while not self._uplink.drained and self._clock.monotonic() < end and not await until(stop, 0.1):
            pass

    def _stop(self) -> None:
        self._stopping.set()
        for stop in self._stops:
            stop.set()

    def _join(self) -> None:
        """The cameras share one deadline, so that stopping is bounded however many there are."""
        end = self._clock.monotonic() + JOIN_S
        for watch in self._watches:
            watch.join(end - self._clock.monotonic())

    def _camera(self, camera: CameraSettings) -> Camera:
        if camera.simulated:
            return SimulatedCamera(camera, self._when)
        made = RealCamera(camera, self._eyes, self._when)
        fill(made, self._settings.evidence, self._album.private)
        return made

    def _duties(self) -> Duties:
        return Duties(self._own, self._modes, self._album, self._canaries, self._patience.welcomed)

    def _identity(self) -> Identity:
        settings = self._settings
        real = [camera for camera in self._cameras if isinstance(camera, RealCamera)]
        loaded = [*(model for c in real for model in c.models), *self._album.models]
        models = {model.name: (model.name, model.digest, model.provider) for model in loaded}
        return Identity(
            settings.agent, SOFTWARE, settings.token, settings.time_zone, self._channels,
            tuple(self._as_watched(camera.settings).seat() for camera in self._cameras), tuple(models.values()),
            derived_of(self._cameras, self._eyes.choice), settings.sample_period_s,
        )  # fmt: skip

    def _announce(self) -> None:
        for camera in self._cameras:
            if isinstance(camera, RealCamera):
                announce(camera.senses, camera.models, camera.settings.name, self._settings.analysis_fps)

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
            self._keep([(seat, told) for seat, second in chunk for told in self._periods[seat].add(second)])

    def _places(self, camera: Camera) -> tuple[int, ...]:
        return tuple(map(self._channels.index, camera.channels))

    def _as_watched(self, camera: CameraSettings) -> CameraSettings:
        seat = self._modes.seat(camera.resident)
        return camera.model_copy(update={"mode": seat.mode, "consent": seat.consent})

    def _turn(self) -> None:
        """Residents whose mode changed are watched in it from now on; what no mode asks for any more is unloaded."""
        self._modes.look()
        for seat, camera in enumerate(self._cameras):
            wanted = self._as_watched(camera.settings)
            if wanted.mode is camera.settings.mode:
                self._preparing.pop(seat, None)
            elif wanted.mode is Mode.OBSERVABLES:
                self._preparing.pop(seat, None)
                self._turn_one(seat, wanted)
            elif (made := self._prepared(seat, wanted)) is not None:
                self._turn_one(seat, wanted, made)

    def _prepared(self, seat: int, wanted: CameraSettings) -> Camera | None:
        """A camera whose models are loaded and warm; until there is one, the former watches on."""
        begun = self._preparing.get(seat)
        if begun is None or begun.wanted != wanted:
            begun = self._preparing[seat] = Preparation(wanted, self._camera, self._eyes.loaded)
        return begun.camera

    def _turn_one(self, seat: int, wanted: CameraSettings, made: Camera | None = None) -> None:
        """The camera begins anew; nothing is taken of what it still says in the former mode."""
        former = self._watches[seat]
        if wanted.mode is Mode.OBSERVABLES:
            self._uplink.identify(self._identity())  # first of all: nothing that was read leaves any more
        self._stops[seat].set()
        former.join(JOIN_S)
        self._keep_rest(seat)
        self._before[seat] = self._totals(seat)
        self._cameras[seat], self._stops[seat] = made or self._camera(wanted), threading.Event()
        self._periods[seat] = self._period(self._cameras[seat])
        self._columns[seat], self._watches[seat] = self._places(self._cameras[seat]), self._watch(seat)
        used = {id(model) for camera in self._cameras if isinstance(camera, RealCamera) for model in camera.models}
        for name in [name for name, model in self._eyes.loaded.items() if id(model) not in used]:
            del self._eyes.loaded[name]
        if wanted.mode is Mode.AFFECT:
            self._uplink.identify(self._identity())
        self._log.warning("mode changed", camera=former.name, mode=wanted.mode.value)
        self._watches[seat].start()

    def _watch(self, seat: int) -> Watch:
        camera, stop = self._cameras[seat], self._stops[seat]
        before = self._last.get(seat)

        def seen(second: SecondOfRoom) -> None:
            nonlocal before
            if not self._stopping.is_set() and stop.is_set():
                return
            between, before = _between(before, second.time), None
            gone = [camera.blind_second(at, Absence.MODE_CHANGES) for at in between]
            self._write([(seat, one) for one in (*gone, second)])
            self._last[seat] = second.time

        return Watch(camera, seen, self._when, stop)

    def _write(self, seconds: Sequence[tuple[int, SecondOfRoom]]) -> None:
        """Live seconds: kept first, then listened to; one with a cue is never kept waiting, see `period`."""
        told = [(seat, sample) for seat, second in seconds for sample in self._periods[seat].add(second)]
        newest = self._keep(told)
        kept = {(seat, sample.time): newest - k for k, (seat, sample) in enumerate(reversed(told))}
        for seat, second in seconds:
            sequence = kept.get((seat, second.time), newest)
            self._own.hear(seat, self._cameras[seat].settings.seat(), sequence, second.time, second.cues)

    def _keep_rest(self, seat: int) -> None:
        """What of a seat still waits for its sample to be complete."""
        self._keep([(seat, sample) for sample in self._periods[seat].rest()])

    def _period(self, camera: Camera) -> Period:
        return Period(self._settings.sample_period_s, camera.channels)

    def _keep(self, seconds: Sequence[tuple[int, SecondOfRoom]]) -> int:
        width = len(self._channels)
        rows: list[Row] = [second.row(seat, self._columns[seat], width) for seat, second in seconds]
        newest = self._spool.append(rows)
        self._written += len(rows)
        metrics.SAMPLES.inc(len(rows))
        return newest

    def _each_second(self) -> None:
        self._when.look()
        metrics.SKEW.set(self._when.skew())
        for seat, watch in enumerate(self._watches):
            self._write([(seat, second) for second in watch.look()])
            metrics.BLIND.labels(watch.name).set(watch.report().blind)
        self._state_totals(quiet=True)

    def _reports(self) -> list[CameraReport]:
        return [watch.report() for watch in self._watches]

    def _state_totals(self, quiet: bool = False) -> None:
        totals = {camera.settings.name: self._totals(seat) for seat, camera in enumerate(self._cameras)}
        inferences: Counter[str] = Counter()
        for name, total in totals.items():
            inferences.update(total["inferences"])
            for kind, counter, label in (
                ("frames", metrics.FRAMES, name), ("inferences", metrics.INFERENCES, ""),
                ("stream", metrics.STREAM, name),
            ):  # fmt: skip
                for key, count in total.get(kind, {}).items():
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

    def _totals(self, seat: int) -> dict[str, Counter[str]]:
        """Of a seat's cameras, one after the other."""
        totals = {kind: Counter(counts) for kind, counts in self._cameras[seat].totals().items()}
        for kind, counts in self._before[seat].items():
            totals[kind].update(counts)
        return totals

    def _count(self, counter: object, key: tuple[str, str, str], count: int) -> None:
        counter.inc(count - self._counted[key])  # type: ignore[attr-defined]
        self._counted[key] = count


def _between(last: UnixSeconds | None, first: UnixSeconds) -> list[UnixSeconds]:
    """The seconds of a change of mode, after the `last` one of the former mode and before the `first` of the new.

    >>> _between(10.0, 13.2), _between(10.0, 11.4), _between(None, 13.0)
    ([11.0, 12.0], [], [])
    """
    if last is None:
        return []
    missed = min(int(first - last - 0.5), int(MOST_S))
    return [last + k for k in range(1, missed + 1)]
