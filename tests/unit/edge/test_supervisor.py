"""A camera that goes away is tried again with growing pauses, and says since when the room is blind."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from edge_agent.capture.decimation import Counts
from edge_agent.capture.frame import Captured, Frame, Skipped, Sound, Waiting
from edge_agent.capture.source import Expects, Source, SourceLost, SourceUnreadable
from edge_agent.capture.supervisor import Backoff, Sight, Supervisor

pytestmark = pytest.mark.unit

IMAGE = np.zeros((4, 4, 3), np.uint8)
Script = Callable[[], Iterator[Captured]]


class Facility:
    """A clock that moves only when somebody waits, and a camera that plays one script per opening."""

    def __init__(self, *scripts: Script) -> None:
        self.now_s = 100.0
        self.pauses_s: list[float] = []
        self._scripts = list(scripts)
        self.opened = 0
        self.over = False

    def sleep(self, seconds: float) -> None:
        if self.opened == len(self.pauses_s):
            self.pauses_s[-1] += seconds
        else:
            self.pauses_s.append(seconds)
        self.now_s += seconds

    def decode(self, source: Source, counts: Counts) -> Iterator[Captured]:
        counts.opened += 1
        self.opened = counts.opened
        script = self._scripts.pop(0)
        try:
            yield from script()
        finally:
            self.over = not self._scripts

    def watch(self, url: str = "rtsp://camera/1", **source: object) -> Supervisor:
        return Supervisor(
            Source(url, **source),  # type: ignore[arg-type]
            self.decode,
            monotonic=lambda: self.now_s,
            sleep=self.sleep,
            chance=lambda: 0.0,
            stopping=lambda: self.over,
            backoff=Backoff(first_s=1.0, most_s=8.0),
        )

    def plays(self, first_pts_s: float, count: int, seconds_each: float = 0.2) -> Script:
        def script() -> Iterator[Captured]:
            for k in range(count):
                yield Frame(IMAGE, first_pts_s + 0.2 * k)
                self.now_s += seconds_each
            raise SourceLost("camera/1: the stream ended")

        return script


def refuses() -> Iterator[Captured]:
    raise SourceUnreadable("camera/1: cannot be opened")
    yield


def test_it_doubles_its_pauses_up_to_the_longest() -> None:
    facility = Facility(*[refuses] * 7)
    supervisor = facility.watch()
    waited = list(supervisor.run())
    assert facility.pauses_s[:6] == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert waited[:3] == [Waiting(1.0), Waiting(2.0), Waiting(3.0)], "the seconds without a camera were not told"
    assert supervisor.counts.opened == 7


def test_it_spreads_its_attempts_by_chance() -> None:
    backoff = Backoff(first_s=10.0, jitter=0.5)
    assert backoff.pause_s(1, 0.0) == 10.0
    assert backoff.pause_s(1, 1.0) == 5.0


def test_it_is_blind_since_the_first_failure_and_up_again_with_the_first_picture() -> None:
    facility = Facility(refuses, refuses, lambda: iter([Frame(IMAGE, 0.0)]))
    supervisor = facility.watch()
    states = [supervisor.state]
    for _ in supervisor.run():
        states.append(supervisor.state)
    assert list(dict.fromkeys(state.sight for state in states)) == [Sight.STARTING, Sight.BLIND, Sight.UP]
    assert {state.since_s for state in states if state.sight is Sight.BLIND} == {100.0}
    assert states[-1].since_s == 103.0
    assert supervisor.state.sight is Sight.ENDED


def test_a_microphone_is_up_when_it_is_heard_and_a_camera_is_not() -> None:
    def hears() -> Iterator[Captured]:
        yield Sound(np.zeros(1_600, np.float32), 0.0)

    seen = []
    for expects in (Expects.SOUND, Expects.PICTURES):
        supervisor = Facility(hears).watch(expects=expects)
        seen += [supervisor.state.sight for _ in supervisor.run()]
    assert seen == [Sight.UP, Sight.STARTING]


def test_it_says_why_it_is_blind_and_when_it_tries_again() -> None:
    facility = Facility(refuses, refuses)
    supervisor = facility.watch()
    seen = []

    def sleep(seconds: float) -> None:
        facility.now_s += seconds
        if supervisor.state not in seen:
            seen.append(supervisor.state)

    supervisor._sleep = sleep
    list(supervisor.run())
    assert [state.sight for state in seen] == [Sight.BLIND, Sight.BLIND]
    assert [state.attempts for state in seen] == [1, 2]
    assert seen[0].since_s == seen[1].since_s == 100.0
    assert seen[1].next_try_s == 103.0
    assert "cannot be opened" in seen[0].reason


def test_it_starts_again_with_short_pauses_once_the_camera_was_up() -> None:
    facility = Facility()
    facility._scripts = [refuses, refuses, refuses, facility.plays(7.0, 3), refuses]
    list(facility.watch().run())
    assert facility.pauses_s[:4] == [1.0, 2.0, 4.0, 1.0]


def test_it_lets_time_go_on_across_a_reconnection() -> None:
    facility = Facility()
    facility._scripts = [facility.plays(5_000.0, 5), facility.plays(3.0, 5)]
    times_s = [item.pts_s for item in facility.watch().run() if isinstance(item, Frame)]
    assert times_s == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8, 2.0, 2.2, 2.4, 2.6, 2.8])


def test_it_skips_pictures_while_analysis_is_behind() -> None:
    facility = Facility()
    facility._scripts = [facility.plays(0.0, 8, seconds_each=0.6)]
    supervisor = facility.watch()
    items = [item for item in supervisor.run() if not isinstance(item, Waiting)]
    assert [type(item) for item in items] == [Frame] * 4 + [Skipped] * 4
    assert supervisor.counts.late == 4


def test_it_puts_a_straying_stream_clock_right_and_counts_it() -> None:
    def leaps() -> Iterator[Captured]:
        yield Frame(IMAGE, 0.0)
        facility.now_s += 0.2
        yield Frame(IMAGE, 500.0)

    facility = Facility(leaps)
    supervisor = facility.watch()
    assert [item.pts_s for item in supervisor.run()] == pytest.approx([0.0, 0.2])
    assert supervisor.clock.steps == 1


def test_it_plays_a_file_in_real_time_when_asked_and_ends_with_it() -> None:
    def film() -> Iterator[Captured]:
        yield from (Frame(IMAGE, 14.0 + 0.2 * k) for k in range(6))

    facility = Facility(film, film)
    supervisor = facility.watch("clip.mp4", start_s=14.0, paced=True)
    assert len(list(supervisor.run())) == 6
    assert facility.now_s == pytest.approx(101.0)
    assert supervisor.state.sight is Sight.ENDED
    assert supervisor.counts.opened == 1


def test_it_does_not_retry_a_file_that_cannot_be_read_and_stays_blind() -> None:
    facility = Facility(refuses, refuses)
    supervisor = facility.watch("clip.mp4")
    with pytest.raises(SourceUnreadable):
        list(supervisor.run())
    assert facility.pauses_s == []
    assert (supervisor.state.sight, supervisor.state.reason) == (Sight.BLIND, "camera/1: cannot be opened")
