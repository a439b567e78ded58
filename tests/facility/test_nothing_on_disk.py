"""A real agent at work writes numbers into its spool and nothing else: no picture, no sound, no embedding, no word."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_agent.sensing.expression_models import DEFAULT as EMOTION_MODEL
from services.runtime.ports import free_port
from services.vocabulary import Mode
from tests.facility.disk_watch import DiskWatch

pytestmark = pytest.mark.facility

SECONDS = 8
MODELS = (
    "face_detection_yunet_2026may.onnx", "faceapi_expression.onnx", "movenet_multipose_lightning_v1.onnx",
    "mp_face_blendshapes_52.onnx", "mp_face_landmarks_478.onnx", "silero_vad.onnx", "yamnet.onnx",
)  # fmt: skip
SPOOL = {"spool.db", "spool.db-wal", "spool.db-shm", "spool.db-journal", "spool.db.ballast"}
MAGIC = {
    b"\xff\xd8\xff": "a JPEG", b"\x89PNG": "a PNG", b"RIFF": "a WAV or WebP", b"fLaC": "a FLAC", b"OggS": "an Ogg",
    b"ftyp": "an MP4", b"\x1aE\xdf\xa3": "a Matroska film", b"\x93NUMPY": "an array",
}  # fmt: skip


@dataclass
class Ran:
    """One agent's run of some seconds in a world of its own, cut off from its server."""

    folder: Path
    opened: set[str]
    written: set[Path]
    held_open: set[str]
    mapped: str


def life(folder: Path, assets: Path, mode: Mode) -> Ran:
    """Let an agent watch the clip's agitated man until it has written some seconds of him."""
    for name in ("home", "tmp", "work", "models"):
        (folder / name).mkdir(parents=True)
    for name in MODELS:
        shutil.copy(assets / "models" / name, folder / "models" / name)
    camera = {
        "name": "c-1", "source": str(assets / "clips" / "demo_open_56s.mp4"), "start_s": 24, "loop": True,
        "resident": "r-1", "room": "Room 1", "mode": mode.value, "consent": "form 12" if mode is Mode.AFFECT else "",
    }  # fmt: skip
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(Path.cwd()), "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), "ATTUNE_ASSET_MIRROR": str(folder),
        "ATTUNE_EDGE_CAMERAS": json.dumps([camera]), "ATTUNE_EDGE_SPOOL": str(folder / "work" / "spool.db"),
        "ATTUNE_EDGE_SERVER": f"127.0.0.1:{free_port()}", "ATTUNE_EDGE_HEALTH_PORT": "0",
        "ATTUNE_EXIT_WITH_PARENT": "true",
    }  # fmt: skip
    watch = DiskWatch(folder, Path("/dev/shm"), Path("/var/tmp"))
    agent = subprocess.Popen(
        [sys.executable, "-m", "edge_agent"],
        cwd=folder / "work",
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    held_open: set[str] = set()
    try:
        end = time.monotonic() + 240
        while samples(folder) < SECONDS:
            assert agent.poll() is None, "the agent ended"
            assert time.monotonic() < end, "it wrote nothing"
            held_open |= writable(agent.pid)
            time.sleep(0.1)
        mapped = Path(f"/proc/{agent.pid}/maps").read_text()
    finally:
        agent.terminate()
        agent.wait(30)
        watch.end()
    return Ran(folder, {path.name for path in watch.opened}, watch.written, held_open, mapped)


def samples(folder: Path) -> int:
    try:
        with sqlite3.connect(f"file:{folder / 'work' / 'spool.db'}?mode=ro", uri=True) as spool:
            return int(spool.execute("SELECT count(*) FROM samples").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def writable(pid: int) -> set[str]:
    """Files of a disk that the process holds open for writing, also such that have no name any more."""
    found = set()
    for number in Path(f"/proc/{pid}/fd").iterdir():
        try:
            place = os.readlink(number)
            flags = int((Path(f"/proc/{pid}/fdinfo") / number.name).read_text().split("flags:")[1].split()[0], 8)
        except OSError:
            continue
        if place.startswith("/") and not place.startswith("/dev/") and flags & os.O_ACCMODE:
            found.add(place)
    return found


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, asset_mirror: Path) -> Iterator[dict[Mode, Ran]]:
    folder = tmp_path_factory.mktemp("agents")
    yield {mode: life(folder / mode.value, asset_mirror, mode) for mode in (Mode.AFFECT, Mode.OBSERVABLES)}


def test_it_writes_its_spool_and_nothing_else(runs: dict[Mode, Ran]) -> None:
    for ran in runs.values():
        spool = {ran.folder / "work" / name for name in SPOOL}
        mine = {path for path in ran.written if path.is_relative_to(ran.folder)}
        assert ran.folder / "work" / "spool.db-wal" in mine, "the watch saw nothing"
        assert mine <= spool
        assert ran.held_open <= {str(path) for path in spool}


def test_a_second_in_the_spool_is_numbers_by_name_and_too_small_for_anything_else(runs: dict[Mode, Ran]) -> None:
    for ran in runs.values():
        content = b"".join(path.read_bytes() for path in (ran.folder / "work").iterdir() if "ballast" not in path.name)
        assert [what for magic, what in MAGIC.items() if magic in content] == []
        with sqlite3.connect(ran.folder / "work" / "spool.db") as spool:
            assert {row[0] for row in spool.execute("SELECT name FROM sqlite_master WHERE type = 'table'")} <= {
                "samples", "aside", "facts", "sqlite_sequence", "own_alarms",
            }  # fmt: skip
            rows = list(spool.execute("SELECT length(scores), cues, gaps FROM samples"))
            assert not list(spool.execute("SELECT 1 FROM aside")), "a second was put aside that nobody refused"
            facts = sum(len(value) for (value,) in spool.execute("SELECT value FROM facts"))
        assert max(size for size, _, _ in rows) < 300, "an embedding of 1024 numbers would not fit, nor a face"
        assert max(len(cues) + len(gaps) for _, cues, gaps in rows) < 1500
        assert facts < 5000
        reserve = (ran.folder / "work" / "spool.db.ballast").read_bytes()
        assert reserve.count(0) == len(reserve)


def test_the_emotion_model_is_not_even_opened_without_consent(runs: dict[Mode, Ran]) -> None:
    assert EMOTION_MODEL in runs[Mode.AFFECT].opened, "the watch would not have seen it"
    assert EMOTION_MODEL not in runs[Mode.OBSERVABLES].opened
    assert EMOTION_MODEL not in runs[Mode.OBSERVABLES].mapped
    assert set(MODELS) - runs[Mode.OBSERVABLES].opened == {EMOTION_MODEL}


def test_the_watch_sees_a_file_that_is_gone_again(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    watch = DiskWatch(tmp_path)
    crop = tmp_path / "old" / "crop.jpg"
    crop.write_bytes(b"face")
    crop.unlink()
    assert watch.end().written == {crop}
