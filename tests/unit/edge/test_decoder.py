"""A clip is decoded with its real timestamps, exactly the stretch asked for, and a bad source says what to do."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from edge_agent.capture.decimation import Counts
from edge_agent.capture.decoder import decode
from edge_agent.capture.frame import SAMPLE_RATE_HZ, Frame, Sound
from edge_agent.capture.source import Expects, Source, SourceLost, SourceUnreadable

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def little_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds at 10 pictures a second whose brightness counts up, with a 440 Hz tone; MPEG-TS, so it streams."""
    path = tmp_path_factory.mktemp("film") / "film.ts"
    with av.open(str(path), "w") as film:
        video = film.add_stream("mpeg2video", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = film.add_stream("mp2", rate=16_000, layout="mono")
        tone = (8_000 * np.sin(2 * np.pi * 440 * np.arange(32_000) / 16_000)).astype(np.int16)
        for k in range(20):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 20 + 10 * k, np.uint8), format="bgr24")
            picture.pts = k
            film.mux(video.encode(picture))
            chunk = av.AudioFrame.from_ndarray(tone[None, k * 1_600 : (k + 1) * 1_600], format="s16", layout="mono")
            chunk.sample_rate, chunk.pts = 16_000, k * 1_600
            film.mux(sound.encode(chunk))
        film.mux(video.encode(None))
        film.mux(sound.encode(None))
    return path


def parts(source: Source, counts: Counts | None = None) -> tuple[list[Frame], list[Sound]]:
    items = list(decode(source, counts or Counts()))
    return [item for item in items if isinstance(item, Frame)], [item for item in items if isinstance(item, Sound)]


def test_it_gives_pictures_and_sound_of_exactly_the_stretch_asked_for(demo_clip: Path) -> None:
    counts = Counts()
    frames, sounds = parts(Source(str(demo_clip), 14.0, 16.5, analysis_fps=5.0), counts)
    assert [round(frame.pts_s, 2) for frame in frames] == [round(14.0 + k / 5, 2) for k in range(13)]
    assert sounds[0].pts_s == pytest.approx(14.0)
    assert sounds[-1].end_s == pytest.approx(16.5)
    assert sum(len(sound.samples) for sound in sounds) == round(2.5 * SAMPLE_RATE_HZ)
    assert frames[0].image.shape == (480, 640, 3)
    assert counts == Counts(decoded=63, kept=13, dropped=50, opened=1, decoder="software")


def test_it_seeks_to_the_same_picture_that_playing_comes_to(demo_clip: Path) -> None:
    played, _ = parts(Source(str(demo_clip), 0.0, 3.0, analysis_fps=25.0))
    sought, _ = parts(Source(str(demo_clip), 2.52, 3.0, analysis_fps=25.0))
    assert sought[0].pts_s == pytest.approx(2.52)
    assert np.array_equal(sought[0].image, played[63].image)


def test_it_goes_on_counting_when_a_file_loops(little_film: Path) -> None:
    frames: list[Frame] = []
    for item in decode(Source(str(little_film), loop=True, analysis_fps=10.0), Counts()):
        if isinstance(item, Frame):
            frames.append(item)
        if len(frames) == 45:
            break
    steps = np.diff([frame.pts_s for frame in frames])
    assert (steps > 0).all()
    assert frames[-1].pts_s == pytest.approx(4.4, abs=0.3)


def test_it_resamples_sound_to_what_the_models_hear(little_film: Path) -> None:
    _, sounds = parts(Source(str(little_film)))
    samples = np.concatenate([sound.samples for sound in sounds])
    peak_hz = np.abs(np.fft.rfft(samples[4_000:20_000])).argmax()
    assert peak_hz == pytest.approx(440, abs=2)
    assert samples.dtype == np.float32


def test_it_names_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match=r"gone\.mp4: no such file"):
        list(decode(Source(str(tmp_path / "gone.mp4")), Counts()))


def test_it_names_a_damaged_file_and_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "damaged.mp4"
    path.write_bytes(b"\x00\x01 this is no film" * 100)
    with pytest.raises(SourceUnreadable, match=r"damaged\.mp4: cannot be opened.*copy it again"):
        list(decode(Source(str(path)), Counts()))


def test_it_passes_over_damaged_stretches_and_counts_them(demo_clip: Path, tmp_path: Path) -> None:
    damaged = bytearray(demo_clip.read_bytes())
    for place in np.random.default_rng(0).integers(len(damaged) // 2, len(damaged) - 100_000, 400):
        damaged[place] ^= 0xFF
    path = tmp_path / "scratched.mp4"
    path.write_bytes(damaged)
    counts = Counts()
    frames, _ = parts(Source(str(path), 25.0, 40.0), counts)
    assert counts.damaged > 0
    assert len(frames) > 60


def test_it_says_that_a_film_broke_off(demo_clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "half.mp4"
    path.write_bytes(demo_clip.read_bytes()[:1_500_000])
    with pytest.raises(SourceUnreadable, match=r"half\.mp4: breaks off at 3\d\.\d s of 56\.0 s; copy it again"):
        parts(Source(str(path), 20.0, 50.0))


def test_it_refuses_a_file_without_what_is_expected_of_it(asset_mirror: Path) -> None:
    with pytest.raises(SourceUnreadable, match="holds no video"):
        list(decode(Source(str(asset_mirror / "sounds" / "household_150s_16k.flac")), Counts()))
    with pytest.raises(SourceUnreadable, match="holds no sound"):
        list(decode(Source(str(asset_mirror / "clips" / "vtest_30s.mp4"), expects=Expects.SOUND), Counts()))


def test_it_hears_a_file_without_pictures_and_a_film_of_which_only_the_sound_is_wanted(
    asset_mirror: Path, demo_clip: Path
) -> None:
    for url in (asset_mirror / "sounds" / "household_150s_16k.flac", demo_clip):
        frames, sounds = parts(Source(str(url), end_s=2.0, expects=Expects.SOUND))
        assert not frames
        assert sum(len(sound.samples) for sound in sounds) == 2 * SAMPLE_RATE_HZ


def test_it_turns_a_picture_as_the_telephone_was_held(tmp_path: Path) -> None:
    from PIL import Image

    image = np.zeros((40, 80, 3), np.uint8)
    image[:10, :10] = 255
    told = Image.Exif()
    told[0x0112] = 6  # "turn me a quarter to the right"
    Image.fromarray(image).save(tmp_path / "turned.jpg", exif=told)
    (frame,), _ = parts(Source(str(tmp_path / "turned.jpg")))
    assert frame.image.shape == (80, 40, 3)
    assert frame.image[:10, -10:].mean() > 200


def test_it_keeps_the_password_of_a_camera_out_of_the_error() -> None:
    with pytest.raises(SourceUnreadable) as caught:
        list(decode(Source("rtsp://nurse:secret@127.0.0.1:9/1", read_timeout_s=0.5), Counts()))
    assert "secret" not in str(caught.value)
    assert "127.0.0.1:9/1" in str(caught.value)


@pytest.fixture
def live_address(little_film: Path) -> Iterator[str]:
    """A loopback stream that sends the film once and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(little_film.read_bytes())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    thread.join(5.0)
    listener.close()


def test_it_says_that_a_live_stream_is_lost_when_it_ends(live_address: str) -> None:
    seen = []
    with pytest.raises(SourceLost, match="ended"):
        for item in decode(Source(live_address, analysis_fps=10.0), Counts()):
            seen.append(item)
    assert sum(isinstance(item, Frame) for item in seen) >= 18
    assert any(isinstance(item, Sound) for item in seen)


def test_it_refuses_a_stretch_that_ends_before_it_begins() -> None:
    with pytest.raises(ValueError, match=r"end_s = 3.0: expected more than start_s = 5.0"):
        Source("clip.mp4", start_s=5.0, end_s=3.0)
    with pytest.raises(ValueError, match=r"analysis_fps = 0: expected a number above 0"):
        Source("clip.mp4", analysis_fps=0)
