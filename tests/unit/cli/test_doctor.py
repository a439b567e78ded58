"""The doctor finds what is wrong with the machine, says what to do, and ends with 1 when something is bad."""

import json
import shutil
import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from services.cli import doctor
from services.cli.main import app
from services.runtime import stores
from services.runtime.findings import Finding, Grade

pytestmark = pytest.mark.unit


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def put(folder: Path, name: str, says: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{says}\n")
    (folder / name).chmod(0o755)


def test_it_names_a_python_that_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor._python().grade is Grade.GOOD
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    assert (doctor._python().grade, doctor._python().found) == (Grade.BAD, "3.10.1")


def test_it_lists_what_models_can_run_on(path: Path) -> None:
    (finding,) = doctor._providers()
    assert finding.grade is Grade.GOOD
    assert "CPU" in finding.found


def test_it_finds_a_gpu_that_nothing_uses(path: Path) -> None:
    put(path, "nvidia-smi", "")
    assert [finding.grade for finding in doctor._providers()] == [Grade.GOOD, Grade.BAD]


def test_it_notes_that_onnxruntime_is_missing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(path, "python", "echo ModuleNotFoundError: onnxruntime >&2; exit 1")
    monkeypatch.setattr(sys, "executable", str(path / "python"))
    (finding,) = doctor._providers()
    assert (finding.grade, finding.found) == (Grade.NOTE, "ModuleNotFoundError: onnxruntime")


def test_it_names_every_asset_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_ASSET_CACHE", str(tmp_path))
    found = list(doctor._models())
    assert len(found) > 5
    assert {finding.grade for finding in found} == {Grade.BAD}
    assert all(finding.remedy.startswith("attune assets pull ") for finding in found)


def test_it_finds_the_assets_that_are_here(asset_mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_ASSET_MIRROR", str(asset_mirror))
    assert {finding.grade for finding in doctor._models()} == {Grade.GOOD}


def test_it_knows_every_port_of_the_house() -> None:
    assert set(doctor.PORTS) == {7080, 7081, 7082, 7085, 7090, 7091, 7092, 7093, 7094}


def test_it_notes_a_port_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(doctor, "PORTS", {port: "console"})
        assert [finding.grade for finding in doctor._ports()] == [Grade.NOTE]
    assert [finding.grade for finding in doctor._ports()] == [Grade.GOOD]


@pytest.mark.parametrize(
    ("answer", "grade"), [("yes", Grade.GOOD), ("no", Grade.NOTE), ("", Grade.GOOD), (None, Grade.GOOD)]
)
def test_it_asks_whether_anything_keeps_the_clock_right(path: Path, answer: str | None, grade: Grade) -> None:
    if answer is not None:
        put(path, "timedatectl", f"echo {answer}")
    (finding,) = doctor._clock()
    assert finding.grade is grade
    assert ("not known" in finding.found) == (not answer)


def test_it_finds_a_clock_behind_its_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "SystemClock", lambda: SimpleNamespace(now=lambda: 0.0))
    (finding,) = doctor._clock()
    assert finding.grade is Grade.BAD


@pytest.mark.parametrize(("database", "status"), [("/proc/attune.db", 1), ("attune.db", 0)])
def test_it_ends_with_1_when_something_is_bad(
    database: str, status: int, tmp_path: Path, asset_mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stores, "disk", lambda _: Finding("disk", Grade.GOOD, "enough"))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    settings = {"ATTUNE_ASSET_MIRROR": str(asset_mirror), "ATTUNE_DATABASE_URL": f"sqlite:///{database}"}
    done = CliRunner().invoke(app, ["doctor", "--json"], env=settings)
    grades = {finding["what"]: finding["grade"] for finding in json.loads(done.output)}
    assert done.exit_code == status, done.output
    assert grades["database"] == ("bad" if status else "good")
    shown = CliRunner().invoke(app, ["doctor"], env=settings)
    assert shown.exit_code == status
    assert "attune doctor" in shown.output
