"""Residents who share a picture share its stream: it is opened once, and what a model says of it is asked once."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge_agent import feed as feeds
from edge_agent.capture.decimation import Counts
from edge_agent.capture.frame import Captured, Frame, Sound
from edge_agent.capture.source import Source
from edge_agent.edge_time import EdgeTime
from edge_agent.feed import MOST_PICTURED, Feed, Told
from edge_agent.remembered import Remembered
from edge_agent.sensing.absent import Absent
from edge_agent.sensing.motion import Motion
from edge_agent.sensing.role import Moment, Reading
from edge_agent.spool import Spool
from services.runtime.clock import VirtualClock
from services.vocabulary import Sense as SenseName

pytestmark = pytest.mark.unit

PICTURE = np.zeros((4, 4, 3), np.uint8)
QUIET = np.zeros(16_000, np.float32)
PATIENCE_S = 30.0


class Street:
    """A camera that shows a second whenever it is let, and says when nobody reads it any more."""

    def __init__(self) -> None:
        self.opened, self.breaks = 0, False
        self.left = threading.Event()
        self._let = threading.Semaphore(0)

    def let(self, seconds: int) -> None:
        for _ in range(seconds):
            self._let.release()

    def decode(self, source: Source, counts: Counts) -> Iterator[Captured]:
        self.opened += 1
        self.left.clear()
        try:
            for second in range(1000):
                while not self._let.acquire(timeout=0.01):
                    yield Frame(PICTURE, second - 0.001)  # time goes on, and whoever reads looks whether to stop
                if self.breaks:
                    raise RuntimeError("out of memory")
                yield Frame(PICTURE, second + 0.5)
                yield Sound(QUIET, float(second))
        finally:
            self.left.set()


@pytest.fixture
def street(monkeypatch: pytest.MonkeyPatch) -> Street:
    made = Street()
    monkeypatch.setattr(feeds, "decode", made.decode)
    return made


@pytest.fixture
def feed(tmp_path: Path) -> Feed:
    when = EdgeTime(VirtualClock(1000.0), Spool(tmp_path / "spool.db", ballast_bytes=0))
    return Feed(Source("rtsp://hall/1"), when, "a")


def test_it_reads_once_for_everybody_and_ends_when_the_last_leaves(street: Street, feed: Feed) -> None:
    stop = threading.Event()
    with feed.heard(stop) as mine:
        with feed.heard(stop) as theirs:
            street.let(3)
            first, second = next(mine), next(theirs)
            assert first == second
            assert first.began == 1000.0
        street.let(3)
        later = next(mine)
        assert later.window.end_s > first.window.end_s
        assert street.opened == 1 and not street.left.is_set()
    assert street.left.wait(PATIENCE_S)


def test_it_reads_anew_for_whoever_comes_after_all_have_left(street: Street, feed: Feed) -> None:
    for _ in range(2):
        street.let(3)
        with feed.heard(threading.Event()) as seconds:
            next(seconds)
        assert street.left.wait(PATIENCE_S)
    assert street.opened == 2


def test_it_tells_everybody_of_an_error_and_can_be_heard_again(street: Street, feed: Feed) -> None:
    street.breaks = True
    with feed.heard(threading.Event()) as mine, feed.heard(threading.Event()) as theirs:
        street.let(1)
        for seconds in (mine, theirs):
            with pytest.raises(RuntimeError, match="out of memory"):
                next(seconds)
    street.breaks = False
    street.let(3)
    with feed.heard(threading.Event()) as mine:
        assert next(mine).began == 1000.0


def test_it_lets_pictures_go_and_no_second_for_a_camera_that_is_behind() -> None:
    hearer = feeds._Hearer()
    seconds = [feeds.Window(float(k), (Frame(PICTURE, k - 0.5),)) for k in range(1, 7)]
    for window in seconds:
        hearer.tell(Told(0.0, window))
    told = hearer.seconds(threading.Event())
    got = [next(told).window for _ in seconds]
    assert [window.end_s for window in got] == [window.end_s for window in seconds]
    kept = len(seconds) - MOST_PICTURED
    assert [(len(window.frames), window.skipped) for window in got] == [(0, 1)] * kept + [(1, 0)] * MOST_PICTURED


def test_a_model_that_several_ask_the_same_at_once_is_asked_once() -> None:
    running, let = threading.Event(), threading.Event()
    calls: list[int] = []

    def run(inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        calls.append(1)
        running.set()
        assert let.wait(PATIENCE_S)
        return [inputs["x"] + 1]

    model, answers = Remembered(run), list[list[np.ndarray]]()  # type: ignore[arg-type]
    askers = [threading.Thread(target=lambda: answers.append(model({"x": np.zeros(3)}))) for _ in range(3)]
    for asker in askers:
        asker.start()
    assert running.wait(PATIENCE_S)
    let.set()
    for asker in askers:
        asker.join(PATIENCE_S)
    assert len(calls) == 1 and model.saved == 2
    assert [answer[0].tolist() for answer in answers] == [[1.0, 1.0, 1.0]] * 3
    answers[0][0][:] = 9.0
    assert model({"x": np.zeros(3)})[0].tolist() == [1.0, 1.0, 1.0], "what one asker does to an answer is its own"


def test_a_model_is_asked_again_for_anything_else_and_after_an_error() -> None:
    fails = [True, False, False]

    def run(inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        if fails.pop(0):
            raise RuntimeError("no memory")
        return [inputs["x"]]

    model = Remembered(run)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError):
        model({"x": np.zeros(2)})
    assert model({"x": np.zeros(2)})[0].shape == (2,)
    assert model({"x": np.zeros((2, 1))})[0].shape == (2, 1)
    assert model.saved == 0


class Counted(Motion):
    """Motion that counts its seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.read_s: list[float] = []

    def read(self, moment: Moment) -> Reading:
        self.read_s.append(moment.window.end_s)
        return Reading({"motion.ratio": moment.window.end_s}, inferences=2)


def test_what_is_the_same_for_everybody_is_measured_once_a_second(feed: Feed) -> None:
    motion, beside, own = Counted(), Counted(), Absent("pose", SenseName.POSE, (), (), "no model")
    mine, theirs = feed.shared([motion, own]), feed.shared([beside, own])
    assert mine[0] is theirs[0] and mine[1] is own
    seconds = [Moment(feeds.Window(float(k), (Frame(PICTURE, k - 0.5),))) for k in (1, 2, 3)]
    told = [[senses[0].read(second) for second in seconds] for senses in (mine, theirs)]
    assert motion.read_s == [1.0, 2.0, 3.0] and beside.read_s == []
    assert [one.values for one in told[0]] == [one.values for one in told[1]]
    assert [sum(one.inferences for one in readings) for readings in told] == [6, 0]


def test_a_camera_that_failed_comes_back_with_senses_of_its_own(feed: Feed) -> None:
    broken, fresh = Counted(), Counted()
    [before] = feed.shared([broken])
    [after] = feed.shared([fresh], anew=True)
    after.read(Moment(feeds.Window(1.0, (Frame(PICTURE, 0.5),))))
    assert after is not before and (broken.read_s, fresh.read_s) == ([], [1.0])


def test_a_source_that_is_read_anew_is_measured_anew(street: Street, feed: Feed) -> None:
    motion = Counted()
    [once] = feed.shared([motion])
    second = Moment(feeds.Window(1.0, (Frame(PICTURE, 0.5),)))
    once.read(second)
    street.let(3)
    with feed.heard(threading.Event()) as seconds:
        next(seconds)
        once.read(second)
    assert motion.read_s == [1.0, 1.0]
