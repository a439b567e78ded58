"""One camera at work: decodes, scores each second, and hands on rows on sample time."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from edge_agent import metrics
from edge_agent.analysis import Analysis
from edge_agent.capture.decimation import Counts
from edge_agent.capture.decoder import decode
from edge_agent.capture.frame import Image
from edge_agent.capture.source import Source, SourceError
from edge_agent.capture.supervisor import Sight, Supervisor
from edge_agent.capture.windows import Window, windows
from edge_agent.edge_time import EdgeTime
from edge_agent.evidence.poses import Poses
from edge_agent.evidence.ring import Ring
from edge_agent.feed import Feed, Told, supervised
from edge_agent.identity import CameraReport
from edge_agent.likeness import likeness_of
from edge_agent.load import LoadSettings
from edge_agent.models import FindModel, Model
from edge_agent.pace import Pace
from edge_agent.preprocess.places import UNPLACED, Places
from edge_agent.scoring import Scorer, Scores
from edge_agent.sensing.pose import Look, Pose
from edge_agent.sensing.role import Sense
from edge_agent.sensing.roster import Choice, Roster, roster
from edge_agent.sensing.vocalisation import leaving
from edge_agent.settings import CameraSettings
from edge_agent.spool_rows import Row
from services.runtime import logs
from services.simulator.like import Likeness
from services.vocabulary import Absence, Cue, Gap, Mode, Seconds, UnixSeconds
from services.vocabulary.drift import drift_said, strays


@dataclass(frozen=True, slots=True)
class SecondOfRoom:
    """One second of one camera against the camera's own channels; `time` is sample time."""

    time: UnixSeconds
    values: tuple[float, ...]
    quality: float = 1.0
    persons: int = -1
    cues: tuple[Cue, ...] = ()
    gaps: tuple[Gap, ...] = ()

    def row(self, seat: int, columns: tuple[int, ...], width: int) -> Row:
        """The row for the spool: `columns` say where each value goes in a schema of `width` channels."""
        values = np.full(width, np.nan, np.float32)
        values[list(columns)] = self.values
        return Row(seat, self.time, values, self.quality, self.persons, self.cues, self.gaps)


Emit = Callable[[SecondOfRoom], None]
Shown = Callable[[UnixSeconds, Image], None]
"""Is given one masked picture of each second, with the time of the second's end."""
Moved = Callable[[UnixSeconds, Look], None]
"""Is given everybody who is seen in a picture, with the time of the picture."""


class Camera(Protocol):
    """What the agent needs of a camera, real or simulated."""

    settings: CameraSettings
    channels: tuple[str, ...]

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """Emit one row per second until the source ends or `stop` is set. Runs in a thread of its own.

        After it has failed it may be called again, and then begins afresh.
        """

    def likeness(self, start_s: Seconds, end_s: Seconds) -> Likeness:
        """What its seconds are like, measured on a stretch of its source where it has one."""

    def report(self) -> CameraReport:
        """How it is, for the heartbeat."""

    def blind_second(self, now: UnixSeconds, why: Absence = Absence.CAMERA_BLIND) -> SecondOfRoom:
        """The row of a second in which the camera gives nothing."""

    def totals(self) -> dict[str, dict[str, int]]:
        """`frames` by fate, `inferences` by sense and what befell the `stream`, since the start."""


@dataclass(frozen=True, slots=True)
class Eyes:
    """What the cameras of one agent look with: where models are found, on what they run, loaded once for all."""

    find: FindModel
    choice: Choice
    fps: float
    decoder: str = "software"
    load: LoadSettings = field(default_factory=LoadSettings)
    loaded: dict[str, Model] = field(default_factory=dict)
    feeds: dict[Source, Feed] = field(default_factory=dict)
    """Live sources that several residents share, see `share`."""

    def share(self, cameras: Iterable[CameraSettings], when: EdgeTime) -> None:
        """Live sources that several of `cameras` read alike are read once, and models answer once of what they show."""
        names: dict[Source, list[str]] = {}
        for one in cameras:
            if not one.simulated and (source := self.source(one)).live:
                names.setdefault(source, []).append(one.name)
        for source, sharing in names.items():
            if len(sharing) > 1:
                self.feeds[source] = Feed(source, when, sharing[0])
                logs.logger().info("cameras share a source, read once", source=source.place, cameras=sharing)

    def source(
        self, settings: CameraSettings, start_s: Seconds | None = None, end_s: Seconds | None = None, paced: bool = True
    ) -> Source:
        """A camera's source, or a stretch of it as fast as it can be decoded."""
        return Source(
            settings.source,
            start_s=settings.start_s if start_s is None else start_s,
            end_s=settings.end_s if end_s is None else end_s,
            loop=settings.loop and paced,
            paced=paced,
            analysis_fps=self.fps,
            read_timeout_s=settings.silent_s,
            expects=settings.expects,
            masks=settings.places.masks,
            decoder=self.decoder,
        )

    def senses(self, mode: Mode, places: Places = UNPLACED) -> Roster:
        """Fresh senses for one camera, on shared models; its masks are made black where it is decoded."""
        choice = replace(self.choice, zone=places.zone, bed=places.bed, others=places.others)
        found = roster(self.find, mode, choice, self.loaded)
        for model in found.models if self.feeds else ():
            model.remember()
        return found

    def scorer(
        self, mode: Mode, places: Places = UNPLACED, monotonic: Callable[[], Seconds] = time.perf_counter
    ) -> Scorer:
        """Asks fresh senses as a camera with these places does; `monotonic` is by what their time is counted."""
        return Scorer(self.senses(mode, places).senses, mode, monotonic=monotonic, confined=places.confined)


class RealCamera:
    """Pictures and sound from a file, a stream or a device, looked at by real models."""

    def __init__(self, settings: CameraSettings, eyes: Eyes, when: EdgeTime) -> None:
        self.settings = settings
        self._eyes, self._when = eyes, when
        self._feed = eyes.feeds.get(self.source())
        found = self._fresh()
        self.senses, self.models = found.senses, found.models
        self._scorer = self._scorer_of(found.senses)
        self._analysis = Analysis(settings.name, self._scorer, eyes.load)
        self.channels = self._scorer.channels
        self.shown: Shown | None = None
        self.ring: Ring | None = None
        """Pictures of the last seconds and who keeps them, see `evidence.album`."""
        self.moved: Moved | None = None
        self.poses: Poses | None = None
        """How bodies moved in them, likewise."""
        self._supervisor: Supervisor | None = None
        self._began: UnixSeconds | None = None
        self._before: dict[str, Counter[str]] = {}
        self._pace = Pace()

    def source(self, start_s: Seconds | None = None, end_s: Seconds | None = None, paced: bool = True) -> Source:
        """The camera's source, or a stretch of it as fast as it can be decoded."""
        return self._eyes.source(self.settings, start_s, end_s, paced)

    def likeness(self, start_s: Seconds, end_s: Seconds) -> Likeness:
        """What the models say of a stretch of the source: a pass with senses of its own, not counted in `totals`."""
        own = self._eyes.senses(self.settings.mode, self.settings.places).senses
        scores = list(self._scorer_of(own).run(decode(self.source(start_s, end_s, paced=False), Counts())))
        logs.logger(camera=self.settings.name).info(
            "rehearsal measured", from_s=start_s, to_s=end_s, samples=len(scores), simulated=False
        )
        return likeness_of(self.channels, scores)

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """A file that cannot be read ends the camera and says so; a live source is tried again and again."""
        if self._supervisor is not None:
            self._forget_what_failed()
        try:
            with self._seconds(stop) as seconds:
                self._look_at(seconds, emit)
        except SourceError as error:
            logs.logger().error("camera has nothing to show", camera=self.settings.name, reason=str(error))

    @contextmanager
    def _seconds(self, stop: threading.Event) -> Iterator[Iterator[Told]]:
        """The seconds of its source, which it may share."""
        source = self.source()
        if self._feed is None:
            began, self._supervisor = supervised(source, self._when, stop)
            supervisor = self._supervisor
            self._begins(began)
            yield (Told(began, window) for window in windows(supervisor.run()))
        else:
            with self._feed.heard(stop) as seconds:
                self._supervisor = self._feed.supervisor
                yield seconds

    def _look_at(self, seconds: Iterable[Told], emit: Emit) -> None:
        live = self.source().live
        for began, window in seconds:
            if began != self._began:
                self._begins(began)
            if self.shown is not None and window.frames:
                self.shown(began + window.end_s, window.frames[-1].image)
            emit(_second(self._scores(window, live), began, self.settings.mode))

    def _begins(self, began: UnixSeconds) -> None:
        self._began, start_s = began, self.settings.start_s
        self._tell_looks(began)
        logs.logger().info("camera started", camera=self.settings.name, at=began + start_s, start_s=start_s)

    def _tell_looks(self, began: UnixSeconds) -> None:
        """What the pose sense sees goes to whoever keeps it as well, with its time: nothing is looked at twice."""
        moved = self.moved
        if moved is None:
            return
        for sense in self.senses:
            if isinstance(sense, Pose):
                sense.told = lambda look: moved(began + look.pts_s, look)

    def _scores(self, window: Window, live: bool) -> Scores:
        if live and not (window.frames or window.sounds or window.skipped):
            return self._scorer.blind(window.end_s)
        return self._analysis.score(window) if live else self._scorer.score(window)

    def report(self) -> CameraReport:
        state = self._supervisor.state if self._supervisor else None
        blind = state is not None and state.sight is Sight.BLIND
        since = self._when.now() - (time.monotonic() - state.since_s) if state else 0.0
        who = (self.settings.resident,)
        reason = state.reason if state else ""
        besides = "; ".join(said for said in (self._analysis.detail, self._tell_drift()) if said)
        return CameraReport(self.settings.name, who, blind, since, reason or besides,
                            self._analysis.falls_missed, *self._rates())  # fmt: skip

    def _tell_drift(self) -> str:
        """How the stream's clock keeps pace, for the metrics, and in words where it strays; a file has no clock."""
        if self._supervisor is None or not self._supervisor.source.live:
            return ""
        clock = self._supervisor.clock
        metrics.DRIFT_SECONDS.labels(self.settings.name).set(clock.drift_s)
        if clock.drift is None:
            return ""
        metrics.DRIFT.labels(self.settings.name).set(clock.drift)
        return drift_said(clock.drift) if strays(clock.drift) else ""

    def _rates(self) -> tuple[float, float, float]:
        counts = self._supervisor.counts if self._supervisor else Counts()
        looked_at = self._scorer.frames_seen
        return self._pace.rates(time.monotonic(), (counts.decoded, looked_at, counts.late))

    def blind_second(self, now: UnixSeconds, why: Absence = Absence.CAMERA_BLIND) -> SecondOfRoom:
        return _second(self._scorer.blind(now, why), 0.0, self.settings.mode)

    def totals(self) -> dict[str, dict[str, int]]:
        mine = self._supervisor if self._feed is None or self._feed.counted_by == self.settings.name else None
        counts = mine.counts if mine else Counts()
        frames = {
            "decoded": counts.decoded, "dropped": counts.dropped, "analysed": self._scorer.frames_seen,
            "late": counts.late,
        }  # fmt: skip
        steps = mine.clock.steps if mine else 0
        stream = {
            "opened": counts.opened, "damaged": counts.damaged, "unheard": counts.unheard, "clock_step": steps,
        }  # fmt: skip
        now = {"frames": frames, "inferences": dict(self._scorer.inferences), "stream": stream}
        return {kind: _sum(self._before.get(kind, Counter()), now[kind]) for kind in now}

    def _fresh(self, anew: bool = False) -> Roster:
        found = self._eyes.senses(self.settings.mode, self.settings.places)
        return found if self._feed is None else replace(found, senses=self._feed.shared(found.senses, anew))

    def _scorer_of(self, senses: Sequence[Sense]) -> Scorer:
        settings = self.settings
        return Scorer(senses, settings.mode, monotonic=time.perf_counter, confined=settings.places.confined)

    def _forget_what_failed(self) -> None:
        """Fresh senses, which remember no picture of before; the counts go on."""
        before = {kind: Counter(counts) for kind, counts in self.totals().items()}
        self.senses = self._fresh(anew=True).senses
        self._scorer = self._scorer_of(self.senses)
        self._analysis = Analysis(self.settings.name, self._scorer, self._eyes.load)
        if self._feed is None:
            self._supervisor, self._before = None, before
        else:  # whose counts go on
            self._before = {
                "inferences": before["inferences"],
                "frames": Counter(analysed=before["frames"]["analysed"]),
            }


def _sum(before: Counter[str], now: dict[str, int]) -> dict[str, int]:
    return {key: before[key] + count for key, count in now.items()}


def _second(scores: Scores, began: UnixSeconds, mode: Mode) -> SecondOfRoom:
    cues = leaving(scores.cues, mode)
    return SecondOfRoom(began + scores.time_s, scores.values, scores.quality, scores.persons, cues, scores.gaps)
