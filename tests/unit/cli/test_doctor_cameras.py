"""The doctor takes a camera for good when a picture came out of it, and for nothing less."""

import json
import socket
import wave
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from edge_agent.sensing.motion import LEAST_FPS
from edge_agent.settings import EdgeSettings
from services.cli import doctor_cameras
from services.runtime.findings import Finding, Grade

pytestmark = pytest.mark.unit


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Five grey pictures."""
    file = tmp_path / "clip.mp4"
    with av.open(str(file), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height = 64, 48
        for _ in range(5):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 128, np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return file


@pytest.fixture
def listening() -> Iterator[int]:
    """The port of somebody who accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield door.getsockname()[1]


def toml(tmp_path: Path, *sources: str, server: str = "") -> Path:
    file = tmp_path / "edge.toml"
    told = [f'server = "{server}"'] if server else []
    told += [f'[[cameras]]\nname = "c{i}"\nsource = "{source}"' for i, source in enumerate(sources)]
    file.write_text("\n".join(told))
    return file


def found(config: Path | None) -> dict[str, Finding]:
    return {finding.what: finding for finding in doctor_cameras.look(config)}


def test_it_sees_a_picture(clip: Path, tmp_path: Path) -> None:
    camera = found(toml(tmp_path, str(clip)))["camera c0"]
    assert (camera.grade, camera.found) == (Grade.GOOD, "a picture came: 64 x 48, without sound")


def test_it_hears_a_microphone_and_refuses_one_that_is_mute(clip: Path, tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "room.wav"), "wb") as sound:
        sound.setnchannels(1), sound.setsampwidth(2), sound.setframerate(16_000)
        sound.writeframes(bytes(32_000))
    config = toml(tmp_path, str(tmp_path / "room.wav"), str(clip))
    config.write_text(config.read_text().replace("source =", 'expects = "sound"\nsource ='))
    heard, mute = found(config)["camera c0"], found(config)["camera c1"]
    assert (heard.grade, heard.found) == (Grade.GOOD, "sound came: 16000 Hz")
    assert (mute.grade, mute.found) == (Grade.BAD, "it: holds no sound")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("", "its source is empty"),
        ("/does/not/exist.mp4", "No such file"),
        (".", "neither a file nor a device"),
        ("/dev/null", ""),
        ("rtsp://127.0.0.1:1/stream", "Connection refused"),
        ("alsa:hw:77", "cannot be opened"),
    ],
)
def test_it_refuses_a_source_without_pictures(source: str, says: str, tmp_path: Path) -> None:
    camera = found(toml(tmp_path, source))["camera c0"]
    assert camera.grade is Grade.BAD
    assert says in camera.found
    assert camera.remedy


def test_it_refuses_a_file_that_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "letter.mp4").write_text("dear …" * 1000)
    assert found(toml(tmp_path, str(tmp_path / "letter.mp4")))["camera c0"].grade is Grade.BAD


def test_it_does_not_take_an_open_port_for_a_camera(
    listening: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_cameras, "PATIENCE_S", 1.0)
    camera = found(toml(tmp_path, f"rtsp://nurse:hunter2@127.0.0.1:{listening}/1"))["camera c0"]
    assert camera.grade is Grade.BAD
    assert "hunter2" not in str(camera)


def test_it_only_knocks_where_nothing_can_be_decoded(
    listening: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_cameras, "_FIRST_LOOK", ("-c", "import sys; sys.exit(3)"))
    cameras = found(toml(tmp_path, f"rtsp://127.0.0.1:{listening}/1", "rtsp://127.0.0.1:1/1"))
    assert cameras["camera c0"].grade is Grade.NOTE
    assert "attune[edge]" in cameras["camera c0"].remedy
    assert cameras["camera c1"].grade is Grade.BAD


def test_it_says_that_nothing_is_behind_a_simulated_camera(tmp_path: Path) -> None:
    assert found(toml(tmp_path, "simulated"))["camera c0"].grade is Grade.NOTE


def test_it_lets_the_environment_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_EDGE_CAMERAS", json.dumps([{"name": "own", "source": "simulated"}]))
    assert set(found(toml(tmp_path, "/does/not/exist"))) == {"camera own", "alarm while cut off", "canary", "motion"}
    assert set(found(None)) == {"camera own", "alarm while cut off", "canary", "motion"}


@pytest.mark.parametrize("told", ["{", "5", "[5]"])
def test_it_names_cameras_that_are_none(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_EDGE_CAMERAS", told)
    assert "ATTUNE_EDGE_CAMERAS" in found(None)["cameras"].found


def test_it_notes_a_file_without_cameras(tmp_path: Path) -> None:
    assert found(toml(tmp_path))["cameras"].grade is Grade.NOTE


@pytest.mark.parametrize("text", [None, "cameras = = 1"])
def test_it_names_a_file_that_it_cannot_read(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "edge.toml").write_text(text)
    assert "edge.toml" in found(tmp_path / "edge.toml")["cameras"].found


def test_it_dials_the_server(listening: int, tmp_path: Path) -> None:
    def grade(server: str) -> Grade:
        return found(toml(tmp_path, "simulated", server=server))["threshold service"].grade

    assert grade(f"127.0.0.1:{listening}") is Grade.GOOD
    assert grade("127.0.0.1:1") is Grade.BAD
    assert grade("127.0.0.1") is Grade.BAD


def test_it_looks_at_no_camera_that_nobody_named() -> None:
    assert found(None) == {}


def test_it_says_that_an_edge_without_an_alarm_of_its_own_tells_nobody_while_it_is_cut_off(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = toml(tmp_path, str(clip))
    alone = found(config)["alarm while cut off"]
    assert alone.grade is Grade.NOTE and "[own_alarm.webhook]" in alone.remedy
    config.write_text(
        config.read_text() + '\n[own_alarm.webhook]\nname = "nurse"\nurl = "http://10.0.4.7:8080/hook?key=s"\n'
    )
    told = found(config)["alarm while cut off"]
    assert (told.grade, told.found) == (Grade.GOOD, "told to nurse at 10.0.4.7:8080")
    monkeypatch.setenv("ATTUNE_EDGE_OWN_ALARM", "{")
    assert found(config)["alarm while cut off"].grade is Grade.BAD


@pytest.mark.parametrize(
    ("minutes", "grade", "said"),
    [(None, Grade.GOOD, "every 15 minutes"), ("5", Grade.GOOD, "every 5 minutes"), ("0", Grade.NOTE, "off: nobody"),
     ("often", Grade.BAD, "'often'")],
)  # fmt: skip
def test_it_says_whether_canaries_are_sent(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, minutes: str | None, grade: Grade, said: str
) -> None:
    if minutes is not None:
        monkeypatch.setenv("ATTUNE_EDGE_CANARY_MINUTES", minutes)
    canary = found(toml(tmp_path, str(clip)))["canary"]
    assert canary.grade is grade and said in canary.found
    assert EdgeSettings.model_fields["canary_minutes"].default == doctor_cameras.EVERY_MINUTES


@pytest.mark.parametrize(
    ("fps", "grade", "said"),
    [(None, Grade.GOOD, "8 pictures a second"), ("1.5", Grade.GOOD, "1.5 pictures"), ("1", Grade.NOTE, "off: 1 pict"),
     ("many", Grade.BAD, "'many'")],
)  # fmt: skip
def test_it_says_when_too_few_pictures_are_looked_at_to_tell_movement(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fps: str | None, grade: Grade, said: str
) -> None:
    if fps is not None:
        monkeypatch.setenv("ATTUNE_EDGE_ANALYSIS_FPS", fps)
    motion = found(toml(tmp_path, str(clip)))["motion"]
    assert motion.grade is grade and said in motion.found
    assert EdgeSettings.model_fields["analysis_fps"].default == doctor_cameras.ANALYSIS_FPS
    assert doctor_cameras.MOTION_FROM_FPS == LEAST_FPS
