"""`attune score` hands everything on to the threshold service's own code, as a process, and ends as that ends."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.main import app

pytestmark = pytest.mark.unit


def test_it_scores_a_file_whose_names_begin_with_a_dash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [f"2026-03-01T00:{i // 60:02}:{i % 60:02},{(i * 37) % 11}" for i in range(400)]
    Path("-a.csv").write_text("--when,value\n" + "\n".join(rows) + "\n")
    done = CliRunner().invoke(app, ["score", "--time", "--when", "--out", "scored.csv", "--", "-a.csv"])
    assert done.exit_code == 0, done.output
    assert Path("scored.csv").read_text().splitlines()[0].replace('"', "") == "--when,value,score,tier,event,top"


def test_it_ends_with_the_status_of_the_process(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["score", str(tmp_path / "none.csv"), "--time", "t", "--out", "x.parquet"])
    assert done.exit_code == 2


def test_it_teaches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    told = CliRunner().invoke(app, ["score", "--help"]).output
    for words in ("larger is stranger", "7/week", "Example", "watched both ways"):
        assert words in " ".join(told.split())
