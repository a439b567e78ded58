"""Turns what one camera captured into one row of scores per second, by asking every sense in turn."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from edge_agent.capture.frame import Captured
from edge_agent.capture.unchanged import Unchanged
from edge_agent.capture.windows import Window, windows
from edge_agent.sensing.role import Moment, Reading, Sense, visible
from edge_agent.sensing.vocalisation import resolved
from services.vocabulary import Absence, Cue, Gap, Mode, Seconds, describe
from services.vocabulary import Sense as SenseName


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of one second. `values` run along the scorer's channels; NaN is absence.

    `time_s` is the end of the second in stream time. `persons` is -1 where nobody could count. `quality` is the share
    of the second in which anything could be sensed, 0..1 (`quality.<sense>` says it for each sense). `cues` hold every
    cue that was listened for, however improbable; in affect mode a groan and a moan are named by what a face adds
    (`sensing.vocalisation`). `gaps` say why senses had nothing to say.
    """

    time_s: Seconds
    values: tuple[float, ...]
    quality: float
    persons: int
    cues: tuple[Cue, ...]
    gaps: tuple[Gap, ...]


class Scorer:
    """Asks the senses of one camera, earlier ones first; what they found is shown to the later ones.

    Args:
        senses: from `roster`, in order.
        mode: of the resident; a channel it forbids is refused.
        monotonic: the clock by which the senses' own time is counted.
        confined: the resident has a zone: whoever no sense confirms is not taken for them.

    Raises:
        ValueError: a sense has a channel that `mode` forbids, or two senses share one.
    """

    def __init__(
        self, senses: Sequence[Sense], mode: Mode, *, monotonic: Callable[[], Seconds], confined: bool = False
    ) -> None:
        self.senses = tuple(senses)
        self.mode = mode
        self.quality_channels = tuple(dict.fromkeys(f"quality.{sense.name}" for sense in senses if sense.channels))
        self.channels = (*(channel for sense in senses for channel in sense.channels), *self.quality_channels)
        _check(self.channels, mode)
        self._monotonic = monotonic
        self._unasked = False if confined else None
        self._inferences = {sense.title: 0 for sense in senses}
        self._seconds = {sense.title: 0.0 for sense in senses}
        self._unchanged = Unchanged()
        self._resting: set[str] = set()
        self.shares: dict[str, float] = {}
        """By a sense's title, how much of its usual looking it does; 1 where nothing is said. Lowers its quality."""
        self.seconds_scored = 0
        self.frames_seen = 0

    @property
    def inferences(self) -> Mapping[str, int]:
        """How often each sense's models ran (flow: how often it compared two pictures), by the sense's title."""
        return dict(self._inferences)

    @property
    def seconds(self) -> Mapping[str, Seconds]:
        """How long each sense has taken altogether."""
        return dict(self._seconds)

    def run(self, captured: Iterable[Captured]) -> Iterator[Scores]:
        """One row per second of stream time, as soon as the second is complete."""
        for window in windows(captured):
            yield self.score(window)

    def score(self, window: Window) -> Scores:
        """The scores of one window; windows of a camera are given in order."""
        looked = () if self._unchanged.frozen(window.frames) else visible(window)
        moment = Moment(window, looked=looked, resident=self._unasked)
        readings: list[tuple[Sense, Reading]] = []
        for sense in self.senses:
            began_s = self._monotonic()
            resting = sense.title in self._resting
            reading = Reading.absent(Absence.OVERLOADED) if resting else sense.read(moment)
            self._seconds[sense.title] += self._monotonic() - began_s
            self._inferences[sense.title] += reading.inferences
            readings.append((sense, reading))
            moment = _seen(moment, reading)
        self.seconds_scored += 1
        self.frames_seen += len(window.frames)
        return self._together(window.end_s, moment.persons, readings, _stranger(moment, readings))

    def rest(self, title: str, resting: bool) -> None:
        """Let a sense rest for want of time: it is absent, `overloaded`; or look again."""
        (self._resting.add if resting else self._resting.discard)(title)

    def blind(self, time_s: Seconds, reason: Absence = Absence.CAMERA_BLIND) -> Scores:
        """The row of a second in which the source gave nothing at all."""
        return self._together(time_s, -1, [(sense, Reading.absent(reason)) for sense in self.senses])

    def _together(
        self, time_s: Seconds, persons: int, readings: list[tuple[Sense, Reading]], stranger: bool = False
    ) -> Scores:
        values: dict[str, float] = {}
        quality: dict[str, float] = {}
        cues: list[Cue] = []
        gaps: dict[Gap, None] = {}
        for sense, reading in readings:
            values.update(reading.values)
            cues.extend(reading.cues)
            if (key := f"quality.{sense.name}") in self.quality_channels:
                quality[key] = min(reading.quality * self.shares.get(sense.title, 1.0), quality.get(key, 1.0))
            if reading.absence is not None and (sense.channels or reading.absence is Absence.MODEL_MISSING):
                gaps[Gap(sense.name, reading.absence)] = None
        if stranger and all(gap.reason is not Absence.NOT_CONFIRMED for gap in gaps):
            gaps[Gap(SenseName.POSE, Absence.NOT_CONFIRMED)] = None
        row = tuple(values.get(channel, quality.get(channel, float("nan"))) for channel in self.channels)
        told = resolved(cues, values, self.mode)
        return Scores(time_s, row, max(quality.values(), default=0.0), persons, told, tuple(gaps))


def _stranger(moment: Moment, readings: Sequence[tuple[Sense, Reading]]) -> bool:
    """Whether somebody may be there who is not the resident, with or without a face: nothing of them is learned."""
    looked_after = any(reading.resident is not None for _, reading in readings)
    return moment.resident is False and (moment.persons != 0 or not looked_after)


def _seen(moment: Moment, reading: Reading) -> Moment:
    return replace(
        moment,
        persons=max(moment.persons, reading.persons),
        faces=tuple(face for face in moment.faces or reading.faces if face not in reading.refuted),
        resident=moment.resident if reading.resident is None else reading.resident,
        values={**moment.values, **reading.values},
    )


def _check(channels: Sequence[str], mode: Mode) -> None:
    twice = sorted({name for name in channels if channels.count(name) > 1})
    if twice:
        raise ValueError(f"channels {', '.join(twice)}: measured by two senses; expected one sense for each")
    forbidden = [name for name in channels if not describe(name).allowed_in(mode)]
    if forbidden:
        raise ValueError(f"channels {', '.join(forbidden)}: not allowed in mode {mode.value!r}; leave their sense out")
