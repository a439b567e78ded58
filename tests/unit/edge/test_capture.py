"""What stands between a camera and the senses: its clock, its thread, its watchdog, and words for when it is gone."""

import errno
import threading
import time
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from edge_agent.capture import hardware
from edge_agent.capture.ahead import MOST_BYTES, MOST_PICTURES, MOST_SOUND_S, Ahead
from edge_agent.capture.decimation import Counts
from edge_agent.capture.decoder import decode
from edge_agent.capture.frame import Captured, Frame, Skipped, Sound, Waiting
from edge_agent.capture.source import Expects, Source, SourceLost, SourceUnreadable
from edge_agent.capture.stall import FIRST_PICTURE_S, Backlog, Stall
from edge_agent.capture.stream_clock import StreamClock
from edge_agent.capture.windows import windows
from edge_agent.settings import EdgeSettings

pytestmark = pytest.mark.unit

IMAGE = np.zeros((4, 4, 3), np.uint8)


def test_a_clock_that_is_slow_by_a_ten_thousandth_never_makes_its_pictures_late() -> None:
    clock = StreamClock()
    behind_s = [k * 0.2 - clock.ours(k * 0.2 * (1 - 1e-4), k * 0.2) for k in range(5 * 24 * 3600)]
    assert max(behind_s) < 0.01
    assert clock.steps == 0
    assert clock.drift_s == pytest.approx(24 * 3600 * 1e-4, rel=0.01)


def test_a_clock_that_is_fast_is_followed_and_no_picture_lies_in_the_future() -> None:
    clock = StreamClock()
    ahead_s = [clock.ours(k * 0.2 * (1 + 1e-4), k * 0.2) - k * 0.2 for k in range(5 * 3600)]
    assert max(ahead_s) < 0.01
    assert clock.drift_s == pytest.approx(-3600 * 1e-4, rel=0.01)


def test_pictures_that_were_held_back_for_a_moment_keep_their_own_times() -> None:
    clock = StreamClock()
    came = [(k * 0.2, max(k * 0.2, 3.0) if 1.0 <= k * 0.2 < 3.0 else k * 0.2) for k in range(30)]
    times = [clock.ours(pts_s, now_s) for pts_s, now_s in came]
    assert times == pytest.approx([pts_s for pts_s, _ in came], abs=0.02)
    assert times == sorted(times)


def test_a_source_is_read_while_analysis_is_busy_and_only_what_is_fresh_is_kept() -> None:
    counts, ended = Counts(), threading.Event()

    def camera() -> Iterator[Captured]:
        for k in range(40):
            yield Frame(IMAGE, k / 8)
            yield Sound(np.zeros(2_000, np.float32), k / 8)
        ended.set()

    items = iter(Ahead(camera(), counts))
    first = next(items)
    assert ended.wait(5.0), "the source had to wait for the analysis"
    rest = [first, *(item for item in items if item is not None)]
    frames = [item for item in rest if isinstance(item, Frame)]
    heard_s = sum(len(item.samples) for item in rest if isinstance(item, Sound)) / 16_000
    assert [frame.pts_s for frame in frames[-MOST_PICTURES:]] == [k / 8 for k in range(28, 40)]
    assert len(frames) + counts.late == 40
    assert sum(isinstance(item, Skipped) for item in rest) == counts.late
    assert heard_s <= MOST_SOUND_S + 0.25
    assert counts.unheard > 0


def test_large_pictures_wait_in_smaller_number() -> None:
    counts, ended = Counts(), threading.Event()

    def camera() -> Iterator[Captured]:
        for k in range(6):
            yield Frame(np.zeros((2160, 3840, 3), np.uint8), k / 8)
        ended.set()

    items = iter(Ahead(camera(), counts))
    next(items)
    assert ended.wait(5.0)
    assert sum(item.image.nbytes for item in items if isinstance(item, Frame)) <= MOST_BYTES
    assert counts.late >= 2


def test_an_error_of_the_source_is_told_after_what_came_before_it() -> None:
    def camera() -> Iterator[Captured]:
        yield Frame(IMAGE, 0.0)
        raise SourceLost("camera/1: the stream ended")

    seen = []
    with pytest.raises(SourceLost, match="ended"):
        for item in Ahead(camera(), Counts()):
            seen.append(item)
    assert [type(item) for item in seen] == [Frame]


def test_a_reader_that_leaves_ends_the_thread_and_closes_the_source() -> None:
    closed = threading.Event()

    def camera() -> Iterator[Captured]:
        try:
            while True:
                time.sleep(0.005)
                yield Frame(IMAGE, 0.0)
        finally:
            closed.set()

    items = iter(Ahead(camera(), Counts()))
    next(items)
    items.close()  # type: ignore[attr-defined]
    assert closed.wait(5.0)


def test_silence_closes_the_seconds_that_have_passed() -> None:
    cut = list(windows([Frame(IMAGE, 0.1), Waiting(3.2), Frame(IMAGE, 3.4), Frame(IMAGE, 4.6)]))
    assert [(window.end_s, len(window.frames)) for window in cut] == [(1.0, 1), (2.0, 0), (3.0, 0), (4.0, 1), (5.0, 1)]


def test_a_picture_that_comes_after_its_second_was_told_is_counted() -> None:
    cut = list(windows([Frame(IMAGE, 0.1), Waiting(2.0), Frame(IMAGE, 0.9), Frame(IMAGE, 2.9)]))
    assert [(len(window.frames), window.skipped) for window in cut] == [(1, 0), (0, 0), (1, 1)]


def test_the_watchdog_waits_long_for_the_first_picture_and_short_for_the_next() -> None:
    now_s = 0.0
    stall = Stall("camera/1", 10.0, lambda: now_s)
    now_s = FIRST_PICTURE_S
    stall.check()
    stall.picture()
    now_s += 10.0
    stall.check()
    now_s += 0.1
    with pytest.raises(SourceLost, match=r"camera/1: packets come, and no picture for 10 s"):
        stall.check()


def test_a_source_that_is_read_too_slowly_is_given_up_and_a_slow_one_is_not() -> None:
    now_s = 0.0
    slow, behind = Backlog("slow/1", lambda: now_s), Backlog("camera/1", lambda: now_s)
    for k in range(200):
        now_s = k * 0.08
        slow.read(k * 0.04, now_s - 0.07)
    now_s = 0.0
    with pytest.raises(SourceLost, match=r"camera/1: read 5\.\d s too late, this machine cannot keep up"):
        for k in range(200):
            now_s = k * 0.08
            behind.read(k * 0.04, now_s)


def test_a_clock_that_leaps_is_no_backlog() -> None:
    now_s = 0.0
    backlog = Backlog("camera/1", lambda: now_s)
    for k in range(300):
        now_s = k * 0.04
        backlog.read(k * 0.04 - (60.0 if k > 150 else 0.0), now_s - 0.03)


@pytest.mark.parametrize(("address", "says"), [
    ("/dev/video77", "no such camera is plugged in; `ls /dev/video"),
    ("alsa:hw:77", "no such microphone, or another program holds it; `arecord -L`"),
    ("pulse:", "come without PulseAudio; use alsa:pulse"),
    ("rtsp://127.0.0.1:9/1", "check address"),
])  # fmt: skip
def test_a_device_that_is_not_there_says_what_to_do(address: str, says: str) -> None:
    with pytest.raises(SourceUnreadable, match="cannot be opened") as caught:
        list(decode(Source(address, read_timeout_s=1.0, expects=Expects.EITHER), Counts()))
    assert says in str(caught.value)
    assert Source(address).live


@pytest.mark.parametrize(("error", "says"), [
    (OSError(errno.EBUSY, "Device or resource busy"), "another program holds it; a USB camera serves one at a time"),
    (PermissionError(errno.EACCES, "Permission denied"), "add the user to the group video"),
])  # fmt: skip
def test_a_camera_that_is_there_and_not_to_be_had_says_why(
    error: OSError, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one stand-in: this machine has no USB camera to be busy, so its error is made up."""

    def refuses(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(av, "open", refuses)
    with pytest.raises(SourceUnreadable, match=says):
        list(decode(Source("/dev/video0"), Counts()))


def test_a_file_that_is_no_camera_is_refused_as_a_device(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match=r"/dev/null: cannot be opened .*check that it is a camera"):
        list(decode(Source("/dev/null"), Counts()))


def test_a_microphone_is_heard_through_alsa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ALSA itself, whose file plug-in stands for the microphone: 440 Hz in stereo at 48 kHz."""
    tone = (8_000 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)).astype("<i2")
    (tmp_path / "tone.raw").write_bytes(np.stack([tone, tone], axis=1).tobytes())
    (tmp_path / "alsa.conf").write_text(
        "pcm.null { type null }\n"
        f'pcm.ward {{ type file slave.pcm null file /dev/null infile "{tmp_path / "tone.raw"}" format raw }}\n'
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "alsa.conf"))
    heard: list[np.ndarray] = []
    for item in decode(Source("alsa:ward", expects=Expects.SOUND), Counts()):
        assert isinstance(item, Sound)
        heard.append(item.samples)
        if sum(map(len, heard)) >= 4_000:
            break
    wave = np.concatenate(heard)[:4_000]
    assert np.abs(np.fft.rfft(wave)).argmax() * 16_000 / 4_000 == pytest.approx(440, abs=4)


def test_a_device_that_does_not_decode_falls_to_software_and_says_so_once(demo_clip: Path) -> None:
    hardware.chosen.cache_clear()
    with capture_logs() as told:
        for wanted in ("vdpau", "vdpau"):
            counts = Counts()
            items = decode(Source(str(demo_clip), end_s=0.2, decoder=wanted), counts)
            assert any(isinstance(item, Frame) for item in items)
            assert counts.decoder == hardware.SOFTWARE
    assert [(line["event"], line["log_level"], line["wanted"]) for line in told] == [
        ("pictures are decoded in software", "warning", "vdpau")
    ]
    assert "vdpau: " in told[0]["reason"]


def test_what_decodes_automatically_is_what_decoded_a_picture_here() -> None:
    hardware.chosen.cache_clear()
    with capture_logs() as told:
        device = hardware.chosen("auto")
    event = "pictures are decoded in software" if device == hardware.SOFTWARE else "pictures are decoded in hardware"
    assert [line["event"] for line in told] == [event]


@pytest.mark.parametrize("address", [
    "rtsp://nurse:secret@camera.local/1", "rtsp://nurse:a/secret@camera.local/1", "rtsp://nurse:x@secret@camera.local/1",
    "rtsp://camera.local/1?user=nurse&password=secret",
])  # fmt: skip
def test_no_address_shows_its_password(address: str) -> None:
    assert "secret" not in Source(address).place


def second_of_film(path: Path, width: int, height: int, rate: int, layout: str, first_s: int) -> bytes:
    """A second of a still picture with a 440 Hz tone as MPEG-TS."""
    with av.open(str(path), "w", format="mpegts") as made:
        film, sound = made.add_stream("h264", rate=25), made.add_stream("mp2", rate=rate, layout=layout)
        film.width, film.height, film.pix_fmt = width, height, "yuv420p"
        tone = (8_000 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)).astype(np.int16)
        wave = np.repeat(tone, 2 if layout == "stereo" else 1)
        for k in range(25):
            picture = av.VideoFrame.from_ndarray(np.full((height, width, 3), 128, np.uint8), format="bgr24")
            picture.pts, picture.time_base = first_s * 25 + k, Fraction(1, 25)
            made.mux(film.encode(picture))
            piece = np.ascontiguousarray(np.array_split(wave, 25)[k][None])
            heard = av.AudioFrame.from_ndarray(piece, format="s16", layout=layout)
            heard.sample_rate, heard.time_base, heard.pts = rate, Fraction(1, rate), first_s * rate + k * rate // 25
            made.mux(sound.encode(heard))
        made.mux(film.encode(None))
        made.mux(sound.encode(None))
    return path.read_bytes()


def test_a_stream_that_changes_its_size_and_its_sound_on_the_way_is_read_on(tmp_path: Path) -> None:
    small = second_of_film(tmp_path / "a.ts", 320, 240, 16_000, "mono", 0)
    large = second_of_film(tmp_path / "b.ts", 640, 480, 48_000, "stereo", 1)
    (tmp_path / "both.ts").write_bytes(small + large)
    items = list(decode(Source(str(tmp_path / "both.ts"), analysis_fps=25.0), Counts()))
    assert Counter(item.image.shape for item in items if isinstance(item, Frame)) == {
        (240, 320, 3): 25, (480, 640, 3): 25,
    }  # fmt: skip
    wave = np.concatenate([item.samples for item in items if isinstance(item, Sound)])
    for part in (wave[4_000:12_000], wave[20_000:28_000]):
        assert np.abs(np.fft.rfft(part)).argmax() * 2 == pytest.approx(440, abs=4)


@pytest.mark.parametrize(("setting", "says"), [
    ({"provider": "NPU"}, "'TensorRT', 'CUDA', 'OpenVINO' or 'CPU'"),
    ({"decoder": "a device"}, "pattern"),
    ({"load": {"lowered_first": ["audio"]}}, "cries, loudness and movement are never lowered"),
    ({"rates": {"pose": 0.5}}, "greater than or equal to 1"),
])  # fmt: skip
def test_a_setting_that_is_none_is_refused_with_what_is_expected(setting: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        EdgeSettings.model_validate(setting)


def test_a_clock_says_how_fast_it_drifts_once_it_was_heard_for_an_hour() -> None:
    clock = StreamClock()
    told = [(clock.ours(k * (1 + 3e-4), float(k)), clock.drift)[1] for k in range(7200)]
    assert set(told[:3600]) == {None}
    assert told[-1] == pytest.approx(-3e-4, rel=0.01)
