"""What was captured is cut into whole seconds, and a sense that falls silent does not hold the others up."""

from collections.abc import Iterable

import numpy as np
import pytest

from edge_agent.capture.frame import Captured, Frame, Skipped, Sound
from edge_agent.capture.windows import windows

pytestmark = pytest.mark.unit

IMAGE = np.zeros((4, 4, 3), np.uint8)


def frames(start_s: float, end_s: float, fps: float = 5.0) -> list[Captured]:
    return [Frame(IMAGE, start_s + k / fps) for k in range(round((end_s - start_s) * fps))]


def sounds(start_s: float, end_s: float, length_s: float = 0.064) -> list[Captured]:
    count = int((end_s - start_s) / length_s)
    samples = np.ones(round(length_s * 16_000), np.float32)
    return [Sound(samples, start_s + k * length_s) for k in range(count)]


def interleaved(*parts: Iterable[Captured]) -> list[Captured]:
    return sorted((item for part in parts for item in part), key=lambda item: item.pts_s)


def test_it_gives_every_second_its_frames_and_exactly_its_samples() -> None:
    cut = list(windows(interleaved(frames(14.0, 17.0), sounds(14.0, 17.0))))
    assert [window.end_s for window in cut] == [15.0, 16.0, 17.0]
    assert all(len(window.frames) == 5 for window in cut)
    assert [sum(len(sound.samples) for sound in window.sounds) for window in cut[:2]] == [16_000, 16_000]
    assert cut[1].frames[0].pts_s == pytest.approx(15.0)


def test_it_does_not_wait_for_sound_that_never_comes() -> None:
    items = frames(0.0, 20.0)
    given: list[float] = []
    lag: list[float] = []

    def watched() -> Iterable[Captured]:
        for item in items:
            yield item
            lag.append(item.pts_s - (given[-1] if given else 0.0))

    for window in windows(watched()):
        given.append(window.end_s)
    assert given == [float(k) for k in range(1, 21)]
    assert max(lag) < 2.7
    assert max(lag[60:]) < 1.3


def test_it_goes_on_with_sound_while_the_picture_is_gone() -> None:
    cut = list(windows(interleaved(frames(0.0, 3.0), sounds(0.0, 12.0))))
    assert [len(window.frames) for window in cut] == [5] * 3 + [0] * 9
    assert sum(len(sound.samples) for sound in cut[8].sounds) == 16_000


def test_it_gives_empty_seconds_for_a_short_hole_and_leaps_over_a_long_one() -> None:
    short = [window.end_s for window in windows(frames(0.0, 2.0) + frames(5.0, 7.0))]
    long = [window.end_s for window in windows(frames(0.0, 2.0) + frames(60.0, 62.0))]
    assert short == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    assert long == [1.0, 2.0, 61.0, 62.0]


def test_it_begins_again_where_the_stream_jumps_far_back() -> None:
    ends = [window.end_s for window in windows(frames(100.0, 102.0) + frames(3.0, 5.0))]
    assert ends[-2:] == [4.0, 5.0]


def test_it_counts_pictures_that_came_too_late() -> None:
    items: list[Captured] = [*frames(0.0, 1.0), *(Skipped(1.0 + k / 5) for k in range(5)), *frames(2.0, 3.0)]
    assert [(len(window.frames), window.skipped) for window in windows(items)] == [(5, 0), (0, 5), (5, 0)]


def test_it_drops_a_last_second_that_is_hardly_begun() -> None:
    assert [window.end_s for window in windows(frames(0.0, 2.4))] == [1.0, 2.0]
    assert [window.end_s for window in windows(frames(0.0, 2.8))] == [1.0, 2.0, 3.0]
