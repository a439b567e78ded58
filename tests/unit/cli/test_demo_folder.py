"""The demonstration empties the folder of an earlier one, and nobody else's."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.demo_folder import LOCK, MARKER, FolderRefused, prepare, write_pids
from services.cli.main import app

pytestmark = pytest.mark.unit
ROOMS = frozenset({"threshold", "edge"})


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    """Somebody's folder."""
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("dear …")
    return tmp_path


def test_it_makes_a_new_folder(tmp_path: Path) -> None:
    prepare(tmp_path / "new" / "demo", ROOMS)
    assert {entry.name for entry in (tmp_path / "new" / "demo").iterdir()} == {LOCK, MARKER}


def test_it_empties_the_folder_of_an_earlier_demonstration(tmp_path: Path) -> None:
    prepare(tmp_path, ROOMS).close()
    write_pids(tmp_path, {"threshold": 4711})
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "edge.log").touch()
    (tmp_path / "attune.db").write_text("old")
    prepare(tmp_path, ROOMS)
    assert {entry.name for entry in tmp_path.iterdir()} == {LOCK, MARKER}


def test_it_empties_what_a_run_left_that_failed_before_any_process(tmp_path: Path) -> None:
    prepare(tmp_path, ROOMS).close()
    (tmp_path / "logs").mkdir()
    prepare(tmp_path, ROOMS)


def test_it_refuses_the_folder_of_a_demonstration_that_still_runs(tmp_path: Path) -> None:
    with prepare(tmp_path, ROOMS):
        (tmp_path / "attune.db").write_text("in use")
        with pytest.raises(FolderRefused, match="still runs"):
            prepare(tmp_path, ROOMS)
        assert (tmp_path / "attune.db").read_text() == "in use"
    prepare(tmp_path, ROOMS).close()
    assert not (tmp_path / "attune.db").exists()


@pytest.mark.parametrize("marker", [None, "[]", "{", '{"nginx": 1}', '{"edge": "main.py"}'])
def test_it_leaves_a_folder_alone_that_no_demonstration_made(letters: Path, marker: str | None) -> None:
    if marker is not None:
        (letters / MARKER).write_text(marker)
    with pytest.raises(FolderRefused, match="holds files that no demonstration made"):
        prepare(letters, ROOMS)
    assert (letters / "letters" / "dear.txt").read_text() == "dear …"


def test_it_does_not_follow_a_link_out_of_its_folder(tmp_path: Path, letters: Path) -> None:
    demo = tmp_path / "demo"
    prepare(demo, ROOMS).close()
    (demo / "link").symlink_to(letters / "letters")
    prepare(demo, ROOMS)
    assert (letters / "letters" / "dear.txt").exists()


def test_it_refuses_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderRefused, match="expected a folder that can be made"):
        prepare(tmp_path / "file", ROOMS)


def test_it_starts_nothing_in_a_folder_that_it_refuses(letters: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(letters)
    clean = {key: None for key in os.environ if key.startswith("ATTUNE_")}
    done = CliRunner().invoke(app, ["demo", "--headless", "--folder", "."], env=clean)
    assert done.exit_code == 2
    assert "no demonstration made" in done.output.replace("\n", " ")
    assert [entry.name for entry in letters.iterdir()] == ["letters"]
