"""`attune simulate` and `attune evaluate` from outside: folders, refusals, and a page that teaches."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.main import app
from threshold_service import evaluated, simulated

pytestmark = pytest.mark.unit


def test_it_writes_a_facility_without_episodes_and_never_over_another(tmp_path: Path) -> None:
    options = ["--residents", "1", "--days", "1", "--episodes-per-day", "0", "--out", str(tmp_path / "calm")]
    assert simulated.main(options) == 0
    about = json.loads((tmp_path / "calm" / "facility.json").read_text())
    assert about["parameters"]["excitement"]["per_day"] == 0.0
    assert about["seed"] == 0
    assert (tmp_path / "calm" / "scores" / "resident000-day000.parquet").exists()
    assert simulated.main(options) == 2, "the folder is not empty"


def test_it_names_what_is_wrong_before_it_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluated.main([str(tmp_path)]) == 2
    assert "attune simulate" in capsys.readouterr().err
    (tmp_path / "policy.toml").write_text("bugdet = 1\n")
    assert evaluated.main(["--policy", str(tmp_path / "policy.toml")]) == 2
    assert "bugdet" in capsys.readouterr().err
    assert evaluated.main(["--beside", str(tmp_path / "policy.toml")]) == 2
    assert "bugdet" in capsys.readouterr().err
    assert evaluated.main(["--beside", str(tmp_path / "nowhere.toml")]) == 2
    assert "nowhere.toml" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["simulate", "evaluate"])
def test_it_explains_itself(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert "attune evaluate" in shown.output
    assert "seed" in shown.output
