"""Recordings become a table: films, pictures and sounds, each with its own name, and what is wrong says what to do."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from edge_agent.capture.frame import Frame, Sound
from edge_agent.capture.source import SourceUnreadable
from edge_agent.capture.whole import whole
from edge_agent.score_file import Unwritable, score_file
from edge_agent.takes import takes
from services.cli.main import app

pytestmark = pytest.mark.unit


def attune(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["edge", "record-scores", *map(str, arguments)])
    return done.exit_code, done.output


@pytest.fixture(scope="module")
def recorded(asset_mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, pa.Table, int]:
    """Status, table and row groups of a folder with a picture, a short groan, a cry, a broken film and a text."""
    folder, out = tmp_path_factory.mktemp("ward"), tmp_path_factory.mktemp("out") / "ward.parquet"
    (folder / "faces").mkdir()
    shutil.copyfile(asset_mirror / "pictures" / "astronaut.png", folder / "faces" / "astronaut.png")
    shutil.copyfile(asset_mirror / "sounds" / "freedoom_bsd" / "DSOOF.wav", folder / "groan.wav")
    shutil.copyfile(asset_mirror / "sounds" / "esc10_cc0" / "baby_cry__3-151081-A.ogg", folder / "cry.ogg")
    (folder / "broken.mp4").write_bytes(b"no film" * 100)
    (folder / "notes.txt").write_text("not looked at")
    status, _ = attune(folder, "--mode", "affect", "--out", out)
    return status, pq.read_table(out), pq.ParquetFile(out).num_row_groups


def rows_of(table: pa.Table, resident: str) -> list[dict[str, object]]:
    return [row for row in table.to_pylist() if row["resident"] == resident]


def test_it_names_the_rows_of_a_folder_by_their_files_and_gives_each_a_row_group(
    recorded: tuple[int, pa.Table, int],
) -> None:
    status, table, groups = recorded
    assert status == 1  # one film could not be read
    assert set(table["resident"].to_pylist()) == {"faces/astronaut.png", "groan.wav", "cry.ogg"}
    assert groups == 3


def test_it_reads_a_picture_as_one_second(recorded: tuple[int, pa.Table, int]) -> None:
    (row,) = rows_of(recorded[1], "faces/astronaut.png")
    assert row["time"] == 1.0
    assert row["persons"] == 1
    assert row["emotion.happiness"] > 0.8
    assert row["face.mouthSmile"] > 0.8
    assert np.isnan(row["audio.loudness"])
    assert "audio:microphone_silent" in str(row["gaps"])


def test_it_hears_a_cry_in_every_second_and_sees_nobody(recorded: tuple[int, pa.Table, int]) -> None:
    rows = rows_of(recorded[1], "cry.ogg")
    assert len(rows) == 5
    assert max(row["audio.cue.cry"] for row in rows) > 0.9
    assert all(row["persons"] is None and np.isnan(row["emotion.fear"]) for row in rows)


def test_it_repeats_a_sound_that_is_too_short_to_be_heard(recorded: tuple[int, pa.Table, int]) -> None:
    rows = rows_of(recorded[1], "groan.wav")
    assert [row["time"] for row in rows] == [1.0, 2.0]
    assert max(row["audio.cue.groan"] for row in rows) > 0.4


def test_it_computes_no_emotion_without_being_told_to(asset_mirror: Path, tmp_path: Path) -> None:
    out = tmp_path / "one.csv"
    status, _ = attune(asset_mirror / "pictures" / "astronaut.png", "--resident", "r-1", "--out", out)
    header, row = out.read_text().splitlines()
    assert status == 0
    assert not [name for name in header.split(",") if "emotion" in name or "affect" in name]
    assert row.startswith("1.0,r-1,,")  # absence is empty


def test_it_says_which_models_are_missing_and_how_to_get_them(
    asset_mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ATTUNE_ASSET_MIRROR", str(tmp_path))
    monkeypatch.setenv("ATTUNE_ASSET_CACHE", str(tmp_path))
    status, _ = attune(asset_mirror / "pictures", "--out", tmp_path / "x.csv")
    assert status == 2
    assert "audio, faces, pose, blendshapes: models are not here; fetch them with `attune assets pull`" in (
        capfd.readouterr().err
    )
    assert not list(tmp_path.iterdir())
    monkeypatch.undo()


def test_it_teaches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    told = " ".join(CliRunner().invoke(app, ["edge", "record-scores", "--help"]).output.split())
    for words in ("Empty is absence, never zero", "A picture is one row", "rtsp://", "attune score"):
        assert words in told
    monkeypatch.undo()


@pytest.mark.parametrize(
    ("place", "resident", "expected"),
    [
        ("gone.mp4", "", "gone.mp4: no such file or folder; check the path"),
        ("", "", "no picture, film or sound among its 1 files; known are 3gp"),
        ("", "r-1", "its files name their own residents, so leave --resident out"),
    ],
)
def test_it_refuses_a_place_with_nothing_to_see(place: str, resident: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(SourceUnreadable, match=expected):
        takes(str(tmp_path / place) if place else str(tmp_path), resident, 8.0)


def test_it_keeps_a_password_out_of_the_table() -> None:
    (take,) = takes("rtsp://nurse:secret@camera/1", "", 8.0).found
    assert take.resident == "rtsp://camera/1"


def test_it_writes_nothing_where_recording_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), score_file(tmp_path / "x.parquet", ("motion.ratio",)):
        raise RuntimeError("broken")
    assert not list(tmp_path.iterdir())
    with pytest.raises(Unwritable, match=r"x\.xlsx.*expected a name that ends in \.parquet or \.csv"):
        score_file(tmp_path / "x.xlsx", ()).__enter__()


def test_it_keeps_the_pictures_of_a_film_shorter_than_a_second() -> None:
    image, samples = np.zeros((4, 4, 3), np.uint8), np.ones(4_000, np.float32)
    (one,) = whole([Frame(image, 0.0), Frame(image, 0.2)])
    assert (one.end_s, len(one.frames)) == (1.0, 2)
    two = list(whole([Frame(image, 0.0), Sound(samples, 0.0)]))
    assert [(len(window.frames), sum(len(s.samples) for s in window.sounds)) for window in two] == [
        (1, 16_000), (0, 16_000),
    ]  # fmt: skip
    assert list(whole([])) == []
