"""A real RTSP camera that is killed, freezes, dawdles, garbles and changes: every second is told once, with its gap."""

import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from edge_agent.camera import Eyes, RealCamera
from edge_agent.capture import decoder
from edge_agent.capture.frame import Frame
from edge_agent.edge_time import EdgeTime
from edge_agent.load import LoadSettings
from edge_agent.sensing.pose import Person, Pose
from edge_agent.sensing.roster import Choice, in_folder
from edge_agent.settings import CameraSettings
from edge_agent.spool import Spool
from services.cli.doctor_cameras import camera
from services.runtime.clock import SystemClock
from services.vocabulary import Absence
from tests.facility.rtsp_camera import RtspServer, Watched, every_second_once, is_blind, sees

pytestmark = pytest.mark.facility


@pytest.fixture
def serve(demo_clip: Path) -> Iterator[Callable[..., RtspServer]]:
    if "ATTUNE_CI" not in os.environ and not any(Path("/usr/lib").glob("*/girepository-1.0/GstRtspServer-1.0.typelib")):
        pytest.skip(
            "needs an RTSP server: install gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-good and python3-gi"
        )
    started: list[RtspServer] = []

    def start(*options: str, clip: Path = demo_clip, port: int = 0) -> RtspServer:
        started.append(RtspServer(clip, *options, port=port))
        return started[-1]

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def watch(tmp_path: Path, asset_mirror: Path) -> Iterator[Callable[..., Watched]]:
    spool = Spool(tmp_path / "spool.db", ballast_bytes=0)
    started: list[Watched] = []

    def begin(address: str, load: LoadSettings | None = None, **more: object) -> Watched:
        eyes = Eyes(in_folder(asset_mirror / "models"), Choice(), 4.0, load=load or LoadSettings())
        told = {"name": "c-1", "resident": "r-1", "room": "Room 1", "silent_s": 2.5, **more}
        settings = CameraSettings.model_validate({"source": address, **told})
        started.append(Watched(RealCamera(settings, eyes, EdgeTime(SystemClock(), spool))))
        return started[-1]

    yield begin
    for one in started:
        one.end()
    spool.close()


@pytest.fixture(scope="module")
def demo_clip(asset_mirror: Path) -> Path:
    return asset_mirror / "clips" / "demo_open_56s.mp4"


def test_a_killed_camera_is_blind_and_comes_back_without_a_lost_or_doubled_second(
    serve: Callable[..., RtspServer], watch: Callable[..., Watched]
) -> None:
    server = serve()
    it = watch(server.address("both"))
    it.more(3, sees, "it never saw anybody")
    server.kill()
    it.until(lambda: it.camera.report().blind, "it never said blind")
    assert "camera" in it.camera.report().detail
    it.more(3, is_blind, "the seconds without a camera were not told")
    serve(port=server.port)
    it.more(3, sees, "it never came back")
    assert not it.camera.report().blind
    assert every_second_once(it.rows)
    assert it.camera.totals()["stream"]["opened"] >= 2
    it.is_prompt_again()
    assert it.camera.report().given_per_s > it.camera.report().looked_at_per_s > 0.0
    told = {"camera": it.camera.settings.name}
    assert REGISTRY.get_sample_value("attune_edge_stream_drift_seconds", told) is not None
    assert REGISTRY.get_sample_value("attune_edge_stream_drift_ratio", told) is None  # not for an hour yet


def test_a_frozen_camera_is_told_as_a_gap_at_once_and_as_blind_after_its_time(
    serve: Callable[..., RtspServer], watch: Callable[..., Watched]
) -> None:
    server = serve()
    it = watch(server.address("both"))
    it.more(2, sees, "it never saw anybody")
    server.tell("freeze")
    it.more(1, is_blind, "the seconds of a frozen camera were not told")
    it.until(lambda: it.camera.report().blind, "the watchdog did not bark")
    assert "for 2.5 s" in it.camera.report().detail
    assert every_second_once(it.rows)


def test_a_camera_whose_pictures_stop_while_it_can_be_heard_is_blind(
    serve: Callable[..., RtspServer], watch: Callable[..., Watched]
) -> None:
    server = serve()
    it = watch(server.address("both"), silent_s=5.0)
    it.more(2, sees, "it never saw anybody")
    server.tell("mute 1")
    it.until(lambda: it.camera.report().blind, "nobody noticed that there are no pictures")
    assert "no picture for 5 s" in it.camera.report().detail
    heard = it.camera.channels.index("audio.loudness")
    assert any(row.persons == -1 and math.isfinite(row.values[heard]) for row in it.rows), "sound did not go on"
    assert every_second_once(it.rows)


def test_a_slow_camera_is_never_told_late_and_what_it_costs_is_counted(
    serve: Callable[..., RtspServer], watch: Callable[..., Watched]
) -> None:
    server = serve()
    it = watch(server.address("both"))
    it.more(2, sees, "it never saw anybody")
    server.tell("slow 3")
    it.until(lambda: it.camera.totals()["stream"]["clock_step"] >= 1, "its clock was never put right")
    it.more(2, sees, "it was not seen any more")
    assert it.camera.totals()["frames"]["late"] > 0
    assert every_second_once(it.rows)
    it.is_prompt_again()


def test_analysis_that_cannot_keep_up_is_lowered_and_what_it_missed_is_counted(
    serve: Callable[..., RtspServer], watch: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    find = Pose.find

    def find_slowly(sense: Pose, frame: Frame) -> list[Person]:
        until = time.monotonic() + 0.75
        while time.monotonic() < until:
            pass
        return find(sense, frame)

    monkeypatch.setattr(Pose, "find", find_slowly)
    server = serve()
    it = watch(server.address("both"), LoadSettings(lowered_first=("blendshapes", "pose.falls"), lower_after=3))
    it.until(lambda: "lowered: blendshapes, pose" in it.camera.report().detail, "nothing was lowered")
    assert it.camera.totals()["frames"]["late"] > 0
    assert not it.camera.report().blind
    it.more(3, sees, "one look a second was not enough to see anybody")
    assert every_second_once(it.rows)
    it.is_prompt_again()
    seen = it.rows[-1].values[it.camera.channels.index("quality.pose")]
    assert seen <= 0.5


def test_a_camera_that_is_decoded_too_slowly_is_opened_anew_instead_of_being_told_ever_later(
    serve: Callable[..., RtspServer], watch: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    upright = decoder._Patience.decode

    def slowly(patience: Any, packet: Any) -> Any:
        time.sleep(0.1 if packet.stream.type == "video" else 0.0)
        return upright(patience, packet)

    monkeypatch.setattr(decoder._Patience, "decode", slowly)
    it = watch(serve().address("both"))
    it.until(lambda: "cannot keep up" in it.camera.report().detail, "it grew older and older")
    it.more(2, sees, "it was not seen any more")
    assert it.camera.totals()["stream"]["opened"] >= 2
    assert every_second_once(it.rows)


def test_a_garbling_camera_is_counted_and_gone_on_with(
    serve: Callable[..., RtspServer], watch: Callable[..., Watched]
) -> None:
    server = serve()
    it = watch(server.address("both"))
    it.more(1, sees, "it never saw anybody")
    server.tell("garble 0.4")
    it.until(lambda: it.camera.totals()["stream"]["damaged"] >= 5, "no error was counted")
    it.more(2, lambda row: True, "it fell silent")
    server.tell("garble 0")
    server.tell("mute 0")
    assert every_second_once(it.rows)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def reencoded(clip: Path, target: Path, codec: str, width: int, height: int, seconds: int) -> Path:
    """The first seconds of a clip in another codec and size, without sound."""
    with av.open(str(clip)) as old, av.open(str(target), "w") as new:
        film = new.add_stream(codec, rate=25)
        film.width, film.height, film.bit_rate = width, height, 20_000_000
        film.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for k, frame in enumerate(old.decode(video=0)):
            if k >= 25 * seconds:
                break
            made = frame.reformat(width, height, film.pix_fmt)
            made.pts, made.time_base = k, Fraction(1, 25)
            new.mux(film.encode(made))
        new.mux(film.encode(None))
    return target


def test_a_camera_that_changes_its_codec_and_size_is_read_on(
    serve: Callable[..., RtspServer], watch: Callable[..., Watched], demo_clip: Path, tmp_path: Path
) -> None:
    server = serve()
    it = watch(server.address("both"))
    it.more(2, sees, "it never saw anybody")
    server.tell(f"serve {reencoded(demo_clip, tmp_path / 'new.mkv', 'mjpeg', 800, 600, 8)}")
    it.until(lambda: it.camera.totals()["stream"]["opened"] >= 2, "it was not opened again")
    it.more(2, sees, "it was not seen any more")
    assert every_second_once(it.rows)


def test_pictures_alone_and_sound_alone_are_each_enough(
    serve: Callable[..., RtspServer], watch: Callable[..., Watched]
) -> None:
    server = serve()
    mute, blind = watch(server.address("pictures")), watch(server.address("sound"), name="c-2", expects="sound")
    mute.more(2, sees, "nobody was seen")
    heard = blind.camera.channels.index("audio.loudness")
    blind.more(2, lambda row: math.isfinite(row.values[heard]), "nothing was heard")
    assert Absence.MICROPHONE_SILENT in {gap.reason for gap in mute.rows[-1].gaps}
    assert not mute.camera.report().blind
    assert not blind.camera.report().blind
    assert every_second_once(mute.rows)
    assert every_second_once(blind.rows)


def test_a_wrong_password_or_path_is_named_and_no_password_is_logged(
    serve: Callable[..., RtspServer], watch: Callable[..., Watched]
) -> None:
    server = serve("--user", "nurse", "--password", "right-one")
    with capture_logs() as told:
        wrong = watch(server.address("both", "nurse:wrong-one@"))
        lost = watch(server.address("nowhere", "nurse:right-one@"), name="c-2")
        right = watch(server.address("both", "nurse:right-one@"), name="c-3")
        wrong.until(lambda: "refuses this user and password" in wrong.camera.report().detail, "no finding")
        lost.until(lambda: "has no such stream" in lost.camera.report().detail, "no finding")
        right.more(1, sees, "the right password did not open it")
        for one in (wrong, lost, right):
            one.end()
    finding = camera("c-1", server.address("both", "nurse:wrong-one@"))
    assert "refuses this user and password" in finding.remedy, "the doctor says something else than the agent"
    assert "-one" not in str(finding)
    assert camera("c-3", server.address("both", "nurse:right-one@")).found == "a picture came: 640 x 480, with sound"
    assert {"camera is blind, trying again", "camera state"} <= {line["event"] for line in told}
    assert "-one" not in str(told) + str([one.camera.report() for one in (wrong, lost, right)])


def test_memory_stays_flat_over_many_reconnections(serve: Callable[..., RtspServer], demo_clip: Path) -> None:
    server = serve()
    command = [sys.executable, "-m", "tests.facility.reconnecting", server.address("both"), str(REPEATS)]
    sizes, opened = [], 0
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin is not None and process.stdout is not None
        while len(sizes) <= REPEATS and (line := process.stdout.readline()):
            if not line.startswith("resident "):
                continue  # what the camera logs
            size, opened = map(int, line.split()[1:])
            sizes.append(size)
            server.tell(f"serve {demo_clip}")
            process.stdin.write("\n")
            process.stdin.flush()
        process.kill()
    assert opened >= REPEATS
    early, late = sizes[8], sizes[-1]
    assert late - early < 6_000_000, f"{(late - early) / 1e6:.1f} MB more after {REPEATS - 8} reconnections"


ROOT = Path(__file__).parents[2]
REPEATS = 36
